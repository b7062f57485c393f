//! The counters of version 2.

use super::Dir;
use crate::cgroup::usage::{Cpu, Io, IoCount, Memory, Pids, Usage, device, pairs};

pub(super) fn read(dir: &Dir) -> Usage {
    Usage {
        cpu: cpu(&dir.read("cpu.stat").unwrap_or_default()),
        memory: Memory {
            usage: dir.number("memory.current").unwrap_or(0),
            peak: None,
            failures: dir.keyed("memory.events", "oom").unwrap_or(0),
            limit: dir.number("memory.max"),
            details: pairs(&dir.read("memory.stat").unwrap_or_default()),
        },
        pids: Pids {
            current: dir.number("pids.current").unwrap_or(0),
            limit: dir.number("pids.max"),
        },
        io: Io {
            bytes: bytes(&dir.read("io.stat").unwrap_or_default()),
            operations: Vec::new(),
        },
    }
}

/// Version 2 counts microseconds.
fn cpu(text: &str) -> Cpu {
    let stat = pairs(text);
    let count = |key: &str| stat.get(key).copied().unwrap_or(0);
    Cpu {
        total: count("usage_usec") * 1000,
        by_processor: None,
        system: count("system_usec") * 1000,
        user: count("user_usec") * 1000,
        periods: count("nr_periods"),
        throttled_periods: count("nr_throttled"),
        throttled: count("throttled_usec") * 1000,
    }
}

/// Lines like `8:0 rbytes=1 wbytes=2 rios=3 wios=4`.
fn bytes(text: &str) -> Vec<IoCount> {
    let mut counts = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some((major, minor)) = words.next().and_then(device) else {
            continue;
        };
        let values: Vec<_> = words.filter_map(|word| word.split_once('=')).collect();
        for (key, what) in [("rbytes", "read"), ("wbytes", "write")] {
            let value = values.iter().find(|(name, _)| *name == key);
            counts.extend(value.and_then(|(_, value)| {
                Some(IoCount {
                    major,
                    minor,
                    what: what.to_owned(),
                    value: value.parse().ok()?,
                })
            }));
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_names_are_those_of_version_1() {
        let cpu = cpu("usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 7\nthrottled_usec 1\n");
        assert_eq!((cpu.total, cpu.user, cpu.system), (5000, 3000, 2000));
        assert_eq!((cpu.periods, cpu.throttled), (7, 1000));
        let read = bytes("8:0 rbytes=10 wbytes=20 rios=1 wios=2\n254:0\n");
        let told: Vec<_> = read
            .iter()
            .map(|entry| (entry.major, entry.what.as_str(), entry.value))
            .collect();
        assert_eq!(told, [(8, "read", 10), (8, "write", 20)]);
    }
}
