//! Limits: of the whole container, of its processes, and which devices it
//! sees.

use std::path::PathBuf;

use longshore_api::types::HostConfig;
use longshore_runtime::spec::{DeviceRate, DeviceSpec, Resources, Rlimit};

use super::list;
use crate::error::{Error, Result};

/// What cgroups can hold before the first process dies of it.
const LEAST_MEMORY: i64 = 6 << 20;

/// Reads and checks the limits of the container.
pub(crate) fn parse(host: &HostConfig) -> Result<Resources> {
    check_memory(host)?;
    check_cpu(host)?;
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
    Ok(Resources {
        memory: positive(host.memory),
        memory_swap: match host.memory_swap {
            0 => positive(host.memory).map(|memory| memory.saturating_mul(2)),
            swap => Some(swap),
        },
        memory_reservation: positive(host.memory_reservation),
        kernel_memory: positive(host.kernel_memory),
        memory_swappiness: host.memory_swappiness.filter(|value| *value >= 0),
        oom_kill_disable: host.oom_kill_disable.unwrap_or(false),
        cpu_shares: unsigned(host.cpu_shares),
        cpu_period: period,
        cpu_quota: quota,
        cpu_realtime_period: unsigned(host.cpu_realtime_period),
        cpu_realtime_runtime: positive(host.cpu_realtime_runtime),
        cpuset_cpus: text(&host.cpuset_cpus),
        cpuset_mems: text(&host.cpuset_mems),
        pids_limit: host.pids_limit.filter(|limit| *limit > 0),
        blkio_weight: blkio_weight(host.blkio_weight)?,
        blkio_weight_device: list(&host.blkio_weight_device)
            .iter()
            .map(|device| rate(&device.path, device.weight))
            .collect(),
        blkio_read_bps: rates(&host.blkio_device_read_bps),
        blkio_write_bps: rates(&host.blkio_device_write_bps),
        blkio_read_iops: rates(&host.blkio_device_read_iops),
        blkio_write_iops: rates(&host.blkio_device_write_iops),
    })
}

/// Reads the limits of processes.
pub(crate) fn rlimits(host: &HostConfig) -> Result<Vec<Rlimit>> {
    const NAMES: [&str; 16] = [
        "as",
        "core",
        "cpu",
        "data",
        "fsize",
        "locks",
        "memlock",
        "msgqueue",
        "nice",
        "nofile",
        "nproc",
        "rss",
        "rtprio",
        "rttime",
        "sigpending",
        "stack",
    ];
    list(&host.ulimits)
        .iter()
        .map(|given| {
            let name = given.name.to_ascii_lowercase();
            if !NAMES.contains(&name.as_str()) {
                return Err(Error::bad_parameter(format!(
                    "invalid ulimit type: {}",
                    given.name
                )));
            }
            if given.soft > given.hard && given.hard >= 0 {
                return Err(Error::bad_parameter(format!(
                    "ulimit soft limit must be less than or equal to hard limit: {} > {}",
                    given.soft, given.hard
                )));
            }
            // Minus one is no limit.
            let limit = |value: i64| u64::try_from(value).unwrap_or(u64::MAX);
            Ok(Rlimit {
                name,
                soft: limit(given.soft),
                hard: limit(given.hard),
            })
        })
        .collect()
}

/// Reads the devices of the host that the container shall see.
pub(crate) fn devices(host: &HostConfig) -> Result<Vec<DeviceSpec>> {
    list(&host.devices)
        .iter()
        .map(|given| {
            let permissions = match given.cgroup_permissions.as_str() {
                "" => "rwm",
                text if text.bytes().all(|letter| b"rwm".contains(&letter)) => text,
                text => {
                    return Err(Error::bad_parameter(format!("invalid device mode: {text}")));
                }
            };
            let target = match given.path_in_container.as_str() {
                "" => &given.path_on_host,
                _ => &given.path_in_container,
            };
            if !given.path_on_host.starts_with('/') || !target.starts_with('/') {
                return Err(Error::bad_parameter(format!(
                    "error gathering device information while adding custom device \"{}\": not a \
                     device node",
                    given.path_on_host
                )));
            }
            Ok(DeviceSpec {
                source: PathBuf::from(&given.path_on_host),
                target: target.into(),
                permissions: permissions.to_owned(),
            })
        })
        .collect()
}

/// Checks rules of the form `c 1:3 rwm`.
pub(crate) fn device_rules(host: &HostConfig) -> Result<Vec<String>> {
    let rules = list(&host.device_cgroup_rules);
    match rules.iter().find(|rule| !is_device_rule(rule)) {
        Some(rule) => Err(Error::bad_parameter(format!(
            "invalid device cgroup rule format: '{rule}'"
        ))),
        None => Ok(rules.to_vec()),
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

fn check_memory(host: &HostConfig) -> Result<()> {
    let refuse = |text: &str| Err(Error::bad_parameter(text));
    let (memory, swap) = (host.memory, host.memory_swap);
    if memory != 0 && memory < LEAST_MEMORY {
        return refuse("Minimum memory limit allowed is 6MB");
    }
    if memory > 0 && swap > 0 && swap < memory {
        return refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
    }
    if memory == 0 && swap > 0 {
        return refuse(
            "You should always set the Memory limit when using Memoryswap limit, see usage",
        );
    }
    if let Some(swappiness) = host.memory_swappiness
        && !(-1..=100).contains(&swappiness)
    {
        return Err(Error::bad_parameter(format!(
            "Invalid value: {swappiness}, valid memory swappiness range is 0-100"
        )));
    }
    let reservation = host.memory_reservation;
    if reservation > 0 && reservation < LEAST_MEMORY {
        return refuse("Minimum memory reservation allowed is 6MB");
    }
    if memory > 0 && reservation > 0 && memory < reservation {
        return refuse(
            "Minimum memory limit can not be less than memory reservation limit, see usage",
        );
    }
    if host.kernel_memory != 0 && host.kernel_memory < LEAST_MEMORY {
        return refuse("Minimum kernel memory limit allowed is 6MB");
    }
    Ok(())
}

fn check_cpu(host: &HostConfig) -> Result<()> {
    let refuse = |text: String| Err(Error::bad_parameter(text));
    if host.nano_cpus != 0 {
        for (field, value) in [("Period", host.cpu_period), ("Quota", host.cpu_quota)] {
            if value > 0 {
                return refuse(format!(
                    "Conflicting options: Nano CPUs and CPU {field} cannot both be set"
                ));
            }
        }
        let present = processors();
        if host.nano_cpus < 0 || host.nano_cpus > present * 1_000_000_000 {
            return refuse(format!(
                "Range of CPUs is from 0.01 to {present}.00, as there are only {present} CPUs \
                 available"
            ));
        }
    }
    if host.cpu_period != 0 && !(1_000..=1_000_000).contains(&host.cpu_period) {
        return refuse(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
                .into(),
        );
    }
    if host.cpu_quota > 0 && host.cpu_quota < 1_000 {
        return refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)".into());
    }
    for (what, given) in [
        ("CPU", &host.cpuset_cpus),
        ("memory nodes", &host.cpuset_mems),
    ] {
        if !is_number_list(given) {
            let kind = if what == "CPU" { "cpus" } else { "mems" };
            return refuse(format!("Invalid value {given} for cpuset {kind}"));
        }
    }
    Ok(())
}

fn processors() -> i64 {
    std::thread::available_parallelism().map_or(1, |count| count.get() as i64)
}

fn blkio_weight(given: i64) -> Result<Option<u16>> {
    match given {
        0 => Ok(None),
        10..=1000 => Ok(u16::try_from(given).ok()),
        _ => Err(Error::bad_parameter(
            "Range of blkio weight is from 10 to 1000",
        )),
    }
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

/// `0-2,7`.
fn is_number_list(text: &str) -> bool {
    text.is_empty()
        || text.split(',').all(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            match (first.parse::<u16>(), last.parse::<u16>()) {
                (Ok(first), Ok(last)) => first <= last,
                _ => false,
            }
        })
}

fn is_device_rule(rule: &str) -> bool {
    let parts: Vec<&str> = rule.split(' ').collect();
    let [kind, numbers, access] = parts[..] else {
        return false;
    };
    let number =
        |text: &str| text == "*" || (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()));
    matches!(kind, "a" | "b" | "c")
        && numbers
            .split_once(':')
            .is_some_and(|(major, minor)| number(major) && number(minor))
        && (1..=3).contains(&access.len())
        && access.bytes().all(|letter| b"rwm".contains(&letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(change: impl FnOnce(&mut HostConfig)) -> String {
        let mut host = HostConfig::default();
        change(&mut host);
        parse(&host).expect_err("refused").message
    }

    #[test]
    fn refusals_are_dockerds() {
        assert_eq!(
            text(|host| host.memory = 1024),
            "Minimum memory limit allowed is 6MB"
        );
        assert_eq!(
            text(|host| host.memory_swap = 1 << 30),
            "You should always set the Memory limit when using Memoryswap limit, see usage"
        );
        assert_eq!(
            text(|host| (host.memory, host.memory_swap) = (1 << 30, 1 << 20)),
            "Minimum memoryswap limit should be larger than memory limit, see usage"
        );
        assert_eq!(
            text(|host| (host.nano_cpus, host.cpu_quota) = (1_000_000_000, 1000)),
            "Conflicting options: Nano CPUs and CPU Quota cannot both be set"
        );
        assert!(
            text(|host| host.nano_cpus = i64::MAX).starts_with("Range of CPUs is from 0.01 to ")
        );
        assert_eq!(
            text(|host| host.cpuset_cpus = "a".into()),
            "Invalid value a for cpuset cpus"
        );
        assert!(text(|host| host.memory_swappiness = Some(101)).starts_with("Invalid value: 101"));
    }

    #[test]
    fn what_is_not_given_is_left_alone() {
        assert_eq!(parse(&HostConfig::default()), Ok(Resources::default()));
        let host = HostConfig {
            memory: 64 << 20,
            nano_cpus: 500_000_000,
            pids_limit: Some(-1),
            ..HostConfig::default()
        };
        let resources = parse(&host).expect("good");
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
    fn rules_of_devices() {
        for rule in ["c 1:3 rwm", "a *:* r", "b 8:* rm"] {
            assert!(is_device_rule(rule), "{rule}");
        }
        for rule in [
            "",
            "c 1:3",
            "d 1:3 r",
            "c 1 r",
            "c 1:3 x",
            "c 1:3 rwmr",
            "c a:3 r",
        ] {
            assert!(!is_device_rule(rule), "{rule}");
        }
    }
}
