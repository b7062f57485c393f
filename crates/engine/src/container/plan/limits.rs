//! Checks of the limits that a client asks for, at create and at update, in
//! dockerd's order and words. What the kernel lacks is discarded and told.

use longshore_api::types::HostConfig;

use super::abilities::Abilities;
use super::list;
use crate::error::{Error, Result};

/// What cgroups can hold before the first process dies of it.
const LEAST_MEMORY: i64 = 6 << 20;

/// When limits are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The container is made.
    Create,
    /// It is there, and has limits already.
    Update,
}

/// Refuses what makes no sense, takes out what this kernel cannot do, and
/// answers what the client should know.
pub(crate) fn check(host: &mut HostConfig, moment: Moment, can: &Abilities) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    check_memory(host, moment, can, &mut warnings)?;
    check_cpu(host, can, &mut warnings)?;
    check_cpuset(host, can, &mut warnings)?;
    check_io(host, can, &mut warnings)?;
    Ok(warnings)
}

/// What dockerd refuses before it looks at anything else. It calls these faults
/// of its own (500); they are mistakes of the client's.
pub(crate) fn check_early(host: &HostConfig, can: &Abilities) -> Result<()> {
    let refuse = |text: &str| Err(Error::bad_parameter(text));
    if host.io_maximum_bandwidth != 0 {
        return refuse(
            "Invalid QoS settings: linux does not support configuration of maximum bandwidth",
        );
    }
    if host.io_maximum_iops != 0 {
        return refuse(
            "Invalid QoS settings: linux does not support configuration of maximum IOPs",
        );
    }
    let (period, runtime) = (host.cpu_realtime_period, host.cpu_realtime_runtime);
    if (period != 0 || runtime != 0) && !can.cpu_realtime {
        return refuse("Your kernel does not support CPU real-time scheduler");
    }
    if period != 0 && runtime != 0 && runtime > period {
        return refuse("cpu real-time runtime cannot be higher than cpu real-time period");
    }
    Ok(())
}

fn check_memory(
    host: &mut HostConfig,
    moment: Moment,
    can: &Abilities,
    warnings: &mut Vec<String>,
) -> Result<()> {
    let refuse = |text: &str| Err(Error::bad_parameter(text));
    let mut lacks = |what: &str, rest: &str| {
        warnings.push(format!(
            "Your kernel does not support {what} capabilities or the cgroup is not mounted. {rest}"
        ));
    };
    host.memory_swappiness = host.memory_swappiness.filter(|value| *value != -1);
    if host.memory != 0 && host.memory < LEAST_MEMORY {
        return refuse("Minimum memory limit allowed is 6MB");
    }
    if host.memory > 0 && !can.memory {
        lacks("memory limit", "Limitation discarded.");
        (host.memory, host.memory_swap) = (0, -1);
    }
    if host.memory > 0 && host.memory_swap != -1 && !can.swap {
        lacks("swap limit", "Memory limited without swap.");
        host.memory_swap = -1;
    }
    if host.memory > 0 && host.memory_swap > 0 && host.memory_swap < host.memory {
        return refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
    }
    if host.memory == 0 && host.memory_swap > 0 && moment == Moment::Create {
        return refuse(
            "You should always set the Memory limit when using Memoryswap limit, see usage",
        );
    }
    if host.memory_swappiness.is_some() && !can.swappiness {
        lacks("memory swappiness", "Memory swappiness discarded.");
        host.memory_swappiness = None;
    }
    if let Some(swappiness) = host.memory_swappiness
        && !(0..=100).contains(&swappiness)
    {
        return Err(Error::bad_parameter(format!(
            "Invalid value: {swappiness}, valid memory swappiness range is 0-100"
        )));
    }
    if host.memory_reservation > 0 && !can.reservation {
        lacks("memory soft limit", "Limitation discarded.");
        host.memory_reservation = 0;
    }
    let reservation = host.memory_reservation;
    if reservation > 0 && reservation < LEAST_MEMORY {
        return refuse("Minimum memory reservation allowed is 6MB");
    }
    if host.memory > 0 && reservation > 0 && host.memory < reservation {
        return refuse(
            "Minimum memory limit can not be less than memory reservation limit, see usage",
        );
    }
    check_kernel_memory(host, can, warnings)?;
    check_oom_and_pids(host, can, warnings);
    Ok(())
}

fn check_kernel_memory(
    host: &mut HostConfig,
    can: &Abilities,
    warnings: &mut Vec<String>,
) -> Result<()> {
    if host.kernel_memory <= 0 {
        return Ok(());
    }
    warnings.push(
        "Specifying a kernel memory limit is deprecated and will be removed in a future release."
            .into(),
    );
    if !can.kernel_memory {
        warnings.push(
            "Your kernel does not support kernel memory limit capabilities or the cgroup is not \
             mounted. Limitation discarded."
                .into(),
        );
        host.kernel_memory = 0;
    } else if host.kernel_memory < LEAST_MEMORY {
        return Err(Error::bad_parameter(
            "Minimum kernel memory limit allowed is 6MB",
        ));
    }
    Ok(())
}

fn check_oom_and_pids(host: &mut HostConfig, can: &Abilities, warnings: &mut Vec<String>) {
    if !can.oom_kill_disable
        && let Some(disable) = host.oom_kill_disable.take()
        && disable
    {
        warnings
            .push("Your kernel does not support OomKillDisable. OomKillDisable discarded.".into());
    }
    if host.oom_kill_disable == Some(true) && host.memory == 0 {
        warnings.push(
            "OOM killer is disabled for the container, but no memory limit is set, this can \
             result in the system running out of resources."
                .into(),
        );
    }
    if !can.pids
        && let Some(limit) = host.pids_limit.take()
        && limit > 0
    {
        warnings.push(
            "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. \
             PIDs limit discarded."
                .into(),
        );
    }
}

fn check_cpu(host: &mut HostConfig, can: &Abilities, warnings: &mut Vec<String>) -> Result<()> {
    let refuse = |text: String| Err(Error::bad_parameter(text));
    if host.nano_cpus > 0 {
        for (field, value) in [("Period", host.cpu_period), ("Quota", host.cpu_quota)] {
            if value > 0 {
                return refuse(format!(
                    "Conflicting options: Nano CPUs and CPU {field} cannot both be set"
                ));
            }
        }
        if !can.cpu_quota {
            return refuse(
                "NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or \
                 the cgroup is not mounted"
                    .into(),
            );
        }
    }
    let present = can.processors;
    if host.nano_cpus < 0 || host.nano_cpus > present * 1_000_000_000 {
        return refuse(format!(
            "Range of CPUs is from 0.01 to {present}.00, as there are only {present} CPUs \
             available"
        ));
    }
    if host.cpu_shares > 0 && !can.cpu_shares {
        warnings.push(
            "Your kernel does not support CPU shares or the cgroup is not mounted. Shares \
             discarded."
                .into(),
        );
        host.cpu_shares = 0;
    }
    if (host.cpu_period != 0 || host.cpu_quota != 0) && !can.cpu_quota {
        warnings.push(
            "Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.".into(),
        );
        (host.cpu_period, host.cpu_quota) = (0, 0);
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
    if host.cpu_percent > 0 {
        warnings.push("linux does not support CPU percent. Percent discarded.".into());
        host.cpu_percent = 0;
    }
    Ok(())
}

fn check_cpuset(host: &mut HostConfig, can: &Abilities, warnings: &mut Vec<String>) -> Result<()> {
    let given = !host.cpuset_cpus.is_empty() || !host.cpuset_mems.is_empty();
    if given && !can.cpuset {
        warnings.push(
            "Your kernel does not support cpuset or the cgroup is not mounted. CPUset discarded."
                .into(),
        );
        host.cpuset_cpus.clear();
        host.cpuset_mems.clear();
    }
    for (kind, what, given, available) in [
        ("cpus", "CPUs", &host.cpuset_cpus, &can.cpus),
        ("mems", "memory nodes", &host.cpuset_mems, &can.mems),
    ] {
        let Some(wanted) = numbers(given) else {
            return Err(Error::bad_parameter(format!(
                "Invalid value {given} for cpuset {kind}: invalid format: {given}"
            )));
        };
        let has = numbers(available).unwrap_or_default();
        let is_there =
            |(first, last): &(u32, u32)| has.iter().any(|(from, to)| from <= first && last <= to);
        if !wanted.iter().all(is_there) {
            return Err(Error::bad_parameter(format!(
                "Requested {what} are not available - requested {given}, available: {available}"
            )));
        }
    }
    Ok(())
}

fn check_io(host: &mut HostConfig, can: &Abilities, warnings: &mut Vec<String>) -> Result<()> {
    let mut lacks = |what: &str, discarded: &str| {
        warnings.push(format!(
            "Your kernel does not support {what} or the cgroup is not mounted. {discarded} \
             discarded."
        ));
    };
    if host.blkio_weight > 0 && !can.io_weight {
        lacks("Block I/O weight", "Weight");
        host.blkio_weight = 0;
    }
    if host.blkio_weight != 0 && !(10..=1000).contains(&host.blkio_weight) {
        return Err(Error::bad_parameter(
            "Range of blkio weight is from 10 to 1000",
        ));
    }
    if !list(&host.blkio_weight_device).is_empty() && !can.io_weight_device {
        lacks("Block I/O weight_device", "Weight-device");
        host.blkio_weight_device = Some(Vec::new());
    }
    for (rates, what, discarded) in [
        (
            &mut host.blkio_device_read_bps,
            "BPS Block I/O read limit",
            "Block I/O BPS read limit",
        ),
        (
            &mut host.blkio_device_write_bps,
            "BPS Block I/O write limit",
            "Block I/O BPS write limit",
        ),
        (
            &mut host.blkio_device_read_iops,
            "IOPS Block read limit",
            "Block I/O IOPS read limit",
        ),
        (
            &mut host.blkio_device_write_iops,
            "IOPS Block write limit",
            "Block I/O IOPS write limit",
        ),
    ] {
        if !list(rates).is_empty() && !can.io_rates {
            lacks(what, discarded);
            *rates = Some(Vec::new());
        }
    }
    Ok(())
}

/// Reads `0-2,7` as ranges; nothing is no range.
fn numbers(text: &str) -> Option<Vec<(u32, u32)>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',')
        .map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range: (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            (range.0 <= range.1).then_some(range)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn able() -> Abilities {
        Abilities {
            memory: true,
            swap: true,
            reservation: true,
            swappiness: true,
            kernel_memory: true,
            oom_kill_disable: true,
            pids: true,
            cpu_shares: true,
            cpu_quota: true,
            cpu_realtime: true,
            cpuset: true,
            io_weight: true,
            io_weight_device: true,
            io_rates: true,
            cpus: "0-1".into(),
            mems: "0".into(),
            processors: 2,
        }
    }

    fn text(change: impl FnOnce(&mut HostConfig)) -> String {
        let mut host = HostConfig::default();
        change(&mut host);
        check(&mut host, Moment::Create, &able())
            .expect_err("refused")
            .message
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
        assert_eq!(
            text(|host| host.nano_cpus = -1),
            "Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available"
        );
        assert_eq!(
            text(|host| host.cpuset_cpus = "0,,1".into()),
            "Invalid value 0,,1 for cpuset cpus: invalid format: 0,,1"
        );
        assert_eq!(
            text(|host| host.cpuset_mems = "9".into()),
            "Requested memory nodes are not available - requested 9, available: 0"
        );
        assert_eq!(
            text(|host| host.memory_swappiness = Some(-2)),
            "Invalid value: -2, valid memory swappiness range is 0-100"
        );
    }

    #[test]
    fn swap_alone_may_be_updated() {
        let mut host = HostConfig {
            memory_swap: 1 << 30,
            ..HostConfig::default()
        };
        assert_eq!(check(&mut host, Moment::Update, &able()), Ok(Vec::new()));
    }

    #[test]
    fn what_the_kernel_lacks_is_discarded_and_told() {
        let mut host = HostConfig {
            memory: 64 << 20,
            memory_swappiness: Some(10),
            oom_kill_disable: Some(false),
            cpu_percent: 5,
            blkio_weight: 5,
            cpuset_cpus: "7".into(),
            ..HostConfig::default()
        };
        let none = Abilities {
            processors: 2,
            ..Abilities::default()
        };
        let warnings = check(&mut host, Moment::Create, &none).expect("only warnings");
        assert_eq!(
            warnings,
            [
                "Your kernel does not support memory limit capabilities or the cgroup is not \
                 mounted. Limitation discarded.",
                "Your kernel does not support memory swappiness capabilities or the cgroup is not \
                 mounted. Memory swappiness discarded.",
                "linux does not support CPU percent. Percent discarded.",
                "Your kernel does not support cpuset or the cgroup is not mounted. CPUset \
                 discarded.",
                "Your kernel does not support Block I/O weight or the cgroup is not mounted. \
                 Weight discarded.",
            ]
        );
        assert_eq!((host.memory, host.memory_swap), (0, -1));
        assert_eq!(host.oom_kill_disable, None, "not asked for, so not told");
        assert_eq!((host.blkio_weight, host.cpu_percent), (0, 0));
    }

    #[test]
    fn realtime_and_maximum_rates() {
        let early = |change: fn(&mut HostConfig)| {
            let mut host = HostConfig::default();
            change(&mut host);
            check_early(&host, &able()).expect_err("refused").message
        };
        assert!(early(|host| host.io_maximum_iops = 5).ends_with("maximum IOPs"));
        assert!(early(|host| host.io_maximum_bandwidth = 5).ends_with("maximum bandwidth"));
        assert_eq!(
            early(|host| (host.cpu_realtime_runtime, host.cpu_realtime_period) = (2000, 1000)),
            "cpu real-time runtime cannot be higher than cpu real-time period"
        );
    }
}
