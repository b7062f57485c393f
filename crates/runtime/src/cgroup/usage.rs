//! What a container has used: counters in the same units on both versions.

use std::collections::BTreeMap;

/// The counters of one group at one moment. What a version does not count is
/// missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time.
    pub cpu: Cpu,
    /// Memory.
    pub memory: Memory,
    /// Processes and threads.
    pub pids: Pids,
    /// Block devices.
    pub io: Io,
}

/// Processor time, in nanoseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// All of it.
    pub total: u64,
    /// By processor (version 1 only).
    pub by_processor: Option<Vec<u64>>,
    /// In the kernel.
    pub system: u64,
    /// In programs.
    pub user: u64,
    /// Periods in which the group had a quota and something to run.
    pub periods: u64,
    /// Periods in which the quota was used up.
    pub throttled_periods: u64,
    /// Time for which it was held back.
    pub throttled: u64,
}

/// Memory, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// In use, caches included.
    pub usage: u64,
    /// The most that was ever in use (version 1 only).
    pub peak: Option<u64>,
    /// How often the limit was hit (version 1) or memory ran out (version 2).
    pub failures: u64,
    /// The limit; none on version 2 when there is no limit, a very large
    /// number on version 1.
    pub limit: Option<u64>,
    /// `memory.stat`, by the kernel's names.
    pub details: BTreeMap<String, u64>,
}

/// Processes and threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pids {
    /// How many there are.
    pub current: u64,
    /// How many there may be.
    pub limit: Option<u64>,
}

/// Input and output of block devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Io {
    /// Bytes moved.
    pub bytes: Vec<IoCount>,
    /// Operations (version 1 only).
    pub operations: Vec<IoCount>,
}

/// A counter of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IoCount {
    /// Number of the driver.
    pub major: u64,
    /// Number of the device.
    pub minor: u64,
    /// What is counted, in the kernel's word: `Read`, `Write`, `Sync`, `Total`
    /// on version 1; `read` and `write` on version 2.
    pub what: String,
    /// The counter.
    pub value: u64,
}

/// Lines of a key and a number.
pub(super) fn pairs(text: &str) -> BTreeMap<String, u64> {
    text.lines()
        .filter_map(|line| {
            let (key, value) = line.split_once(' ')?;
            Some((key.to_owned(), value.trim().parse().ok()?))
        })
        .collect()
}

/// `8:16` as two numbers.
pub(super) fn device(text: &str) -> Option<(u64, u64)> {
    let (major, minor) = text.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
