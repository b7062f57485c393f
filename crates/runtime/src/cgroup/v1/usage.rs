//! The counters of version 1.

use super::{Dir, Group};
use crate::cgroup::usage::{Cpu, Io, IoCount, Memory, Pids, Usage, device, pairs};

/// Nanoseconds of a tick: user space always sees a hundred a second.
const TICK: u64 = 10_000_000;

pub(super) fn read(group: &Group) -> Usage {
    Usage {
        cpu: cpu(group),
        memory: group.find("memory").map(memory).unwrap_or_default(),
        pids: group.find("pids").map(pids).unwrap_or_default(),
        io: group.find("blkio").map(io).unwrap_or_default(),
    }
}

fn cpu(group: &Group) -> Cpu {
    let mut cpu = Cpu::default();
    if let Some(dir) = group.find("cpuacct") {
        cpu.total = dir.number("cpuacct.usage").unwrap_or(0);
        cpu.by_processor = dir.read("cpuacct.usage_percpu").ok().map(|text| {
            let numbers = text.split_whitespace();
            numbers.filter_map(|number| number.parse().ok()).collect()
        });
        let ticks = pairs(&dir.read("cpuacct.stat").unwrap_or_default());
        let nanoseconds = |key: &str| ticks.get(key).map_or(0, |ticks| ticks * TICK);
        cpu.system = nanoseconds("system");
        cpu.user = nanoseconds("user");
    }
    if let Some(dir) = group.find("cpu") {
        let held = pairs(&dir.read("cpu.stat").unwrap_or_default());
        let count = |key: &str| held.get(key).copied().unwrap_or(0);
        cpu.periods = count("nr_periods");
        cpu.throttled_periods = count("nr_throttled");
        cpu.throttled = count("throttled_time");
    }
    cpu
}

fn memory(dir: &Dir) -> Memory {
    Memory {
        usage: dir.number("memory.usage_in_bytes").unwrap_or(0),
        peak: dir.number("memory.max_usage_in_bytes"),
        failures: dir.number("memory.failcnt").unwrap_or(0),
        limit: dir.number("memory.limit_in_bytes"),
        details: pairs(&dir.read("memory.stat").unwrap_or_default()),
    }
}

fn pids(dir: &Dir) -> Pids {
    Pids {
        current: dir.number("pids.current").unwrap_or(0),
        limit: dir.number("pids.max"),
    }
}

/// What passed the throttle: that is everything, whichever scheduler a device
/// has.
fn io(dir: &Dir) -> Io {
    let counts = |file: &str| entries(&dir.read(file).unwrap_or_default());
    Io {
        bytes: counts("blkio.throttle.io_service_bytes_recursive"),
        operations: counts("blkio.throttle.io_serviced_recursive"),
    }
}

/// Lines like `8:16 Read 4096`; the sum over all devices has no number and is
/// left out.
fn entries(text: &str) -> Vec<IoCount> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (major, minor) = device(words.next()?)?;
            Some(IoCount {
                major,
                minor,
                what: words.next()?.to_owned(),
                value: words.next()?.parse().ok()?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_devices_are_read_and_their_sum_is_not() {
        let read = entries("8:16 Read 4096\n8:16 Total 4096\nTotal 4096\n");
        let told: Vec<_> = read
            .iter()
            .map(|entry| (entry.major, entry.minor, entry.what.as_str(), entry.value))
            .collect();
        assert_eq!(told, [(8, 16, "Read", 4096), (8, 16, "Total", 4096)]);
    }
}
