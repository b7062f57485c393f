//! Limits: of the whole container, of its processes, and which devices it
//! sees.

use std::path::PathBuf;

use longshore_api::types::HostConfig;
use longshore_runtime::spec::{DeviceRate, DeviceSpec, NodeSpec, Resources, Rlimit};

use super::list;
use crate::error::{Error, Result};

/// Reads the limits of the container, which were checked when the client gave
/// them: see [`limits`](super::limits).
pub(crate) fn parse(host: &HostConfig) -> Resources {
    let positive = |value: i64| (value > 0).then_some(value);
    let unsigned = |value: i64| u64::try_from(value).ok().filter(|value| *value > 0);
    let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    let (period, quota) = match host.nano_cpus {
        0 => (
            unsigned(host.cpu_period),
            Some(host.cpu_quota).filter(|quota| *quota != 0),
        ),
        // A tenth of a second, shared by so many billionths of a processor.
        nano => (Some(100_000), Some(nano / 10_000)),
    };
    Resources {
        memory: positive(host.memory),
        memory_swap: match host.memory_swap {
            0 => positive(host.memory).map(|memory| memory.saturating_mul(2)),
            swap => Some(swap),
        },
        memory_reservation: positive(host.memory_reservation),
        kernel_memory: positive(host.kernel_memory),
        kernel_memory_tcp: host.kernel_memory_tcp.filter(|limit| *limit > 0),
        memory_swappiness: host.memory_swappiness.filter(|value| *value >= 0),
        oom_kill_disable: host.oom_kill_disable.unwrap_or(false),
        // One below zero is refused by the kernel as far too many.
        cpu_shares: Some(host.cpu_shares.cast_unsigned()).filter(|shares| *shares != 0),
        cpu_period: period,
        cpu_quota: quota,
        cpu_realtime_period: unsigned(host.cpu_realtime_period),
        cpu_realtime_runtime: positive(host.cpu_realtime_runtime),
        cpuset_cpus: text(&host.cpuset_cpus),
        cpuset_mems: text(&host.cpuset_mems),
        pids_limit: host.pids_limit.filter(|limit| *limit > 0),
        blkio_weight: u16::try_from(host.blkio_weight)
            .ok()
            .filter(|weight| *weight > 0),
        blkio_weight_device: list(&host.blkio_weight_device)
            .iter()
            .map(|device| rate(&device.path, device.weight))
            .collect(),
        blkio_read_bps: rates(&host.blkio_device_read_bps),
        blkio_write_bps: rates(&host.blkio_device_write_bps),
        blkio_read_iops: rates(&host.blkio_device_read_iops),
        blkio_write_iops: rates(&host.blkio_device_write_iops),
    }
}

/// Reads the limits of processes. Which names there are, and whether a limit can
/// be set, is found out at the start.
pub(crate) fn rlimits(host: &HostConfig) -> Vec<Rlimit> {
    // Minus one is no limit.
    let limit = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
    list(&host.ulimits)
        .iter()
        .map(|given| Rlimit {
            name: given.name.to_ascii_lowercase(),
            soft: limit(given.soft),
            hard: limit(given.hard),
        })
        .collect()
}

/// Reads the devices of the host that the container shall see. Privileged
/// containers see all of its `/dev`, and may do everything with them.
pub(crate) fn devices(host: &HostConfig) -> Result<Vec<DeviceSpec>> {
    let mut devices = Vec::new();
    if host.privileged {
        devices.push(device("/dev", "/dev", "rwm"));
    }
    for given in list(&host.devices) {
        let source = given.path_on_host.as_str();
        let target = match given.path_in_container.as_str() {
            "" => source,
            target => target,
        };
        let permissions = given.cgroup_permissions.as_str();
        if host.privileged {
            if source != target || !source.starts_with("/dev/") {
                devices.push(device(source, target, "rwm"));
            }
        } else if permissions.bytes().all(|letter| b"rwm".contains(&letter)) {
            devices.push(device(source, target, permissions));
        } else {
            return Err(Error::bad_parameter(format!(
                "invalid device mode: {permissions}"
            )));
        }
    }
    Ok(devices)
}

fn device(source: &str, target: &str, permissions: &str) -> DeviceSpec {
    DeviceSpec {
        source: PathBuf::from(source),
        target: target.to_owned(),
        permissions: permissions.to_owned(),
        node: NodeSpec::default(),
    }
}

/// Reads `64m`, `1.5g`, `1024`: bytes in powers of 1024.
pub(crate) fn parse_size(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = lower[digits.len()..]
        .trim_end_matches("ib")
        .trim_end_matches('b');
    let shift = match unit {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        "p" => 50,
        _ => return None,
    };
    let number: f64 = digits.trim().parse().ok()?;
    let bytes = number * (1_u64 << shift) as f64;
    (bytes >= 0.0 && bytes.is_finite()).then_some(bytes as u64)
}

fn rate(path: &str, rate: i64) -> DeviceRate {
    DeviceRate {
        path: PathBuf::from(path),
        rate: u64::try_from(rate).unwrap_or(0),
    }
}

fn rates(given: &Option<Vec<longshore_api::types::ThrottleDevice>>) -> Vec<DeviceRate> {
    list(given)
        .iter()
        .map(|device| rate(&device.path, device.rate))
        .collect()
}

#[cfg(test)]
mod tests {
    use longshore_api::types::DeviceMapping;

    use super::*;

    #[test]
    fn what_is_not_given_is_left_alone() {
        assert_eq!(parse(&HostConfig::default()), Resources::default());
        let host = HostConfig {
            memory: 64 << 20,
            nano_cpus: 500_000_000,
            pids_limit: Some(-1),
            ..HostConfig::default()
        };
        let resources = parse(&host);
        assert_eq!(resources.memory_swap, Some(128 << 20));
        assert_eq!(resources.cpu_period, Some(100_000));
        assert_eq!(resources.cpu_quota, Some(50_000));
        assert_eq!(resources.pids_limit, None);
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [
            ("1024", 1024),
            ("10m", 10 << 20),
            ("1.5KB", 1536),
            ("1GiB", 1 << 30),
        ] {
            assert_eq!(parse_size(text), Some(bytes), "{text}");
        }
        for text in ["", "m", "1x", "-1"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }

    #[test]
    fn privileged_containers_see_every_device_once() {
        let given = |source: &str, target: &str, permissions: &str| DeviceMapping {
            path_on_host: source.into(),
            path_in_container: target.into(),
            cgroup_permissions: permissions.into(),
        };
        let mut host = HostConfig {
            devices: Some(vec![
                given("/dev/fuse", "/dev/fuse", "r"),
                given("/dev/fuse", "/dev/x", "r"),
            ]),
            ..HostConfig::default()
        };
        let seen = |host: &HostConfig| -> Vec<(String, String)> {
            let all = devices(host).unwrap().into_iter();
            all.map(|device| (device.target, device.permissions))
                .collect()
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(seen(&host), [pair("/dev/fuse", "r"), pair("/dev/x", "r")]);
        host.privileged = true;
        assert_eq!(seen(&host), [pair("/dev", "rwm"), pair("/dev/x", "rwm")]);
    }
}
