//! Limits in the units of version 2.

use rustix::fs;

use super::Dir;
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::spec::{DeviceRate, Resources};

pub(super) fn apply(dir: &Dir, resources: &Resources) -> Result<(), CreateError> {
    let set = |value: Option<i64>| value.filter(|value| *value != 0);
    dir.set_if("memory.max", set(resources.memory).map(limit))?;
    dir.set_if("memory.low", set(resources.memory_reservation).map(limit))?;
    dir.set_if("memory.swap.max", swap(resources))?;
    dir.set_if(
        "pids.max",
        resources.pids_limit.map(|count| {
            if count > 0 {
                count.to_string()
            } else {
                "max".into()
            }
        }),
    )?;
    dir.set_if(
        "cpu.weight",
        resources
            .cpu_shares
            .filter(|shares| *shares != 0)
            .map(weight),
    )?;
    dir.set_if("cpu.max", cpu_max(resources))?;
    dir.set_if("cpuset.cpus", resources.cpuset_cpus.as_ref())?;
    dir.set_if("cpuset.mems", resources.cpuset_mems.as_ref())?;
    dir.set_if(
        "io.weight",
        resources
            .blkio_weight
            .filter(|weight| *weight > 0)
            .map(|weight| {
                // 10..=1000 onto 1..=10000.
                1 + (u64::from(weight).saturating_sub(10)) * 9999 / 990
            }),
    )?;
    for (key, rates) in [
        ("rbps", &resources.blkio_read_bps),
        ("wbps", &resources.blkio_write_bps),
        ("riops", &resources.blkio_read_iops),
        ("wiops", &resources.blkio_write_iops),
    ] {
        for rate in rates {
            dir.set("io.max", rate_line(key, rate)?)?;
        }
    }
    Ok(())
}

fn limit(bytes: i64) -> String {
    if bytes < 0 {
        "max".into()
    } else {
        bytes.to_string()
    }
}

/// Docker counts memory and swap together, version 2 swap alone.
fn swap(resources: &Resources) -> Option<String> {
    match (resources.memory_swap?, resources.memory.unwrap_or(0)) {
        (0, _) => None,
        (both, _) if both < 0 => Some("max".into()),
        (both, memory) if memory > 0 => Some((both - memory).max(0).to_string()),
        _ => None,
    }
}

/// 2..=262144 shares onto a weight of 1..=10000.
fn weight(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9999 / 262_142
}

fn cpu_max(resources: &Resources) -> Option<String> {
    if resources.cpu_quota.is_none() && resources.cpu_period.is_none() {
        return None;
    }
    let quota = match resources.cpu_quota {
        Some(quota) if quota > 0 => quota.to_string(),
        _ => "max".into(),
    };
    let period = resources.cpu_period.filter(|period| *period != 0);
    Some(format!("{quota} {}", period.unwrap_or(100_000)))
}

fn rate_line(key: &str, rate: &DeviceRate) -> Result<String, CreateError> {
    let status = fs::stat(&rate.path)
        .step(|| format!("stat {}", rate.path.display()))
        .map_err(|error| error.of_kind(CreateErrorKind::Device))?;
    let (major, minor) = (fs::major(status.st_rdev), fs::minor(status.st_rdev));
    Ok(format!("{major}:{minor} {key}={}", rate.rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_converted() {
        assert_eq!(weight(2), 1);
        assert_eq!(weight(1024), 39);
        assert_eq!(weight(262_144), 10_000);
        let resources = Resources {
            memory: Some(100),
            memory_swap: Some(250),
            cpu_quota: Some(50_000),
            ..Resources::default()
        };
        assert_eq!(swap(&resources).as_deref(), Some("150"));
        assert_eq!(cpu_max(&resources).as_deref(), Some("50000 100000"));
    }
}
