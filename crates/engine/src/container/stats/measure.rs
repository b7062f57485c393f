//! One measurement of a container, in the words of the wire.

use std::collections::BTreeMap;
use std::fs;

use jiff::Timestamp;
use longshore_api::types::{
    BlkioStatEntry, BlkioStats, ContainerStats, CpuStats, CpuUsage, MemoryStats, NetworkStats,
    PidsStats, ThrottlingData,
};
use longshore_runtime::cgroup::Cgroup;
use longshore_runtime::cgroup::usage::{Cpu, Io, IoCount, Memory, Usage};

use crate::container::plan::namespaces::Network;
use crate::container::registry::{Handle, Snapshot};
use crate::container::spec::cgroup_parent;
use crate::shared::Shared;
use crate::system;
use crate::time::wire;

/// What clients know of `memory.stat` on version 1; each comes once more with
/// `total_`, for the group and those below.
const DETAILS_V1: [&str; 15] = [
    "active_anon",
    "active_file",
    "cache",
    "dirty",
    "inactive_anon",
    "inactive_file",
    "mapped_file",
    "pgfault",
    "pgmajfault",
    "pgpgin",
    "pgpgout",
    "rss",
    "rss_huge",
    "unevictable",
    "writeback",
];

/// Limits that `memory.stat` of version 1 tells.
const LIMITS_V1: [&str; 2] = ["hierarchical_memory_limit", "hierarchical_memsw_limit"];

/// What clients know of `memory.stat` on version 2.
const DETAILS_V2: [&str; 31] = [
    "active_anon",
    "active_file",
    "anon",
    "anon_thp",
    "file",
    "file_dirty",
    "file_mapped",
    "file_writeback",
    "inactive_anon",
    "inactive_file",
    "kernel_stack",
    "pgactivate",
    "pgdeactivate",
    "pgfault",
    "pglazyfree",
    "pglazyfreed",
    "pgmajfault",
    "pgrefill",
    "pgscan",
    "pgsteal",
    "shmem",
    "slab",
    "slab_reclaimable",
    "slab_unreclaimable",
    "sock",
    "thp_collapse_alloc",
    "thp_fault_alloc",
    "unevictable",
    "workingset_activate",
    "workingset_nodereclaim",
    "workingset_refault",
];

/// Measures a container now; all zero when it does not run.
pub(super) fn measure(shared: &Shared, snapshot: &Snapshot, handle: &Handle) -> ContainerStats {
    let mut stats = at_rest(snapshot);
    if !snapshot.state.phase.has_process() {
        return stats;
    }
    let parent = cgroup_parent(&snapshot.plan, &shared.config.cgroup_parent);
    let Ok(group) = Cgroup::find(&parent, snapshot.id()) else {
        return stats;
    };
    let usage = group.usage();
    let devices = network_of(shared, snapshot).then(|| network_devices(snapshot.state.pid));
    // It may have ended meanwhile, and its process id be another's.
    let now = handle.snapshot();
    if !now.state.phase.has_process() || now.state.pid != snapshot.state.pid {
        return stats;
    }
    let Usage {
        cpu,
        memory,
        pids,
        io,
    } = usage;
    stats.read = wire(Some(Timestamp::now()));
    stats.cpu_stats = cpu_stats(cpu);
    stats.memory_stats = memory_stats(memory);
    stats.pids_stats = PidsStats {
        current: Some(pids.current).filter(|count| *count > 0),
        limit: pids.limit,
    };
    stats.blkio_stats = blkio_stats(io);
    stats.networks = devices.filter(|devices| !devices.is_empty());
    stats
}

/// The measurement of a container without a process.
pub(super) fn at_rest(snapshot: &Snapshot) -> ContainerStats {
    ContainerStats {
        name: Some(format!("/{}", snapshot.record.name)),
        id: Some(snapshot.id().to_owned()),
        ..ContainerStats::default()
    }
}

fn cpu_stats(cpu: Cpu) -> CpuStats {
    let machine = Processors::read();
    CpuStats {
        cpu_usage: CpuUsage {
            total_usage: cpu.total,
            percpu_usage: cpu.by_processor,
            usage_in_kernelmode: cpu.system,
            usage_in_usermode: cpu.user,
        },
        system_cpu_usage: Some(machine.time),
        online_cpus: Some(machine.online),
        throttling_data: ThrottlingData {
            periods: cpu.periods,
            throttled_periods: cpu.throttled_periods,
            throttled_time: cpu.throttled,
        },
    }
}

fn memory_stats(memory: Memory) -> MemoryStats {
    let present = |value: u64| Some(value).filter(|value| *value > 0);
    // Without a limit of its own a container may use the whole machine.
    let machine = u64::try_from(system::memory_total()).unwrap_or(u64::MAX);
    MemoryStats {
        usage: present(memory.usage),
        max_usage: memory.peak.and_then(present),
        failcnt: present(memory.failures),
        limit: Some(memory.limit.unwrap_or(machine).min(machine)),
        stats: Some(memory_details(&memory.details)),
        ..MemoryStats::default()
    }
}

fn memory_details(given: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let count = |key: &str| given.get(key).copied().unwrap_or(0);
    let mut details = BTreeMap::new();
    if given.contains_key("anon") {
        details.extend(DETAILS_V2.map(|key| (key.to_owned(), count(key))));
        if !given.contains_key("workingset_refault") {
            // Later kernels tell the two kinds of pages apart.
            for key in ["workingset_refault", "workingset_activate"] {
                let both = count(&format!("{key}_anon")) + count(&format!("{key}_file"));
                details.insert(key.to_owned(), both);
            }
        }
    } else {
        details.extend(LIMITS_V1.map(|key| (key.to_owned(), count(key))));
        for key in DETAILS_V1 {
            let total = format!("total_{key}");
            details.insert(key.to_owned(), count(key));
            let value = count(&total);
            details.insert(total, value);
        }
    }
    details
}

fn blkio_stats(io: Io) -> BlkioStats {
    let entries = |counts: Vec<IoCount>| {
        let entry = |count: IoCount| BlkioStatEntry {
            major: count.major,
            minor: count.minor,
            op: count.what,
            value: count.value,
        };
        Some(counts.into_iter().map(entry).collect())
    };
    let unified = system::unified_cgroups();
    // Counters of a scheduler that kernels do not have any more.
    let gone = || (!unified).then(Vec::new);
    BlkioStats {
        io_service_bytes_recursive: entries(io.bytes).filter(|list: &Vec<_>| {
            // On version 2 no device means no list.
            !unified || !list.is_empty()
        }),
        io_serviced_recursive: if unified {
            None
        } else {
            entries(io.operations)
        },
        io_queue_recursive: gone(),
        io_service_time_recursive: gone(),
        io_wait_time_recursive: gone(),
        io_merged_recursive: gone(),
        io_time_recursive: gone(),
        sectors_recursive: gone(),
    }
}

/// Whether the container has network devices that are counted: its own, or
/// those of the container whose network it shares.
fn network_of(shared: &Shared, snapshot: &Snapshot) -> bool {
    let is_counted = |network: &Network| matches!(network, Network::Bridge | Network::Named(_));
    match snapshot.plan.network.container() {
        Some(name) => shared
            .registry
            .get(name)
            .is_ok_and(|other| is_counted(&other.snapshot().plan.network)),
        None => is_counted(&snapshot.plan.network),
    }
}

/// Counters of the devices in the network namespace of a process.
fn network_devices(pid: u32) -> BTreeMap<String, NetworkStats> {
    let text = fs::read_to_string(format!("/proc/{pid}/net/dev")).unwrap_or_default();
    parse_devices(&text)
}

/// Reads the kernel's table: eight counters of what was received, then eight
/// of what was sent. The loopback device is nobody's endpoint.
fn parse_devices(text: &str) -> BTreeMap<String, NetworkStats> {
    text.lines()
        .filter_map(|line| {
            let (name, counters) = line.split_once(':')?;
            let counters: Vec<u64> = counters
                .split_whitespace()
                .map_while(|word| word.parse().ok())
                .collect();
            let (received, sent) = (counters.get(..8)?, counters.get(8..16)?);
            let stats = NetworkStats {
                rx_bytes: received[0],
                rx_packets: received[1],
                rx_errors: received[2],
                rx_dropped: received[3],
                tx_bytes: sent[0],
                tx_packets: sent[1],
                tx_errors: sent[2],
                tx_dropped: sent[3],
                ..NetworkStats::default()
            };
            let name = name.trim();
            name.starts_with("eth").then(|| (name.to_owned(), stats))
        })
        .collect()
}

/// The machine's processors.
#[derive(Debug, PartialEq, Eq)]
struct Processors {
    /// Nanoseconds that all of them together have passed, idle ones included.
    time: u64,
    /// How many are online.
    online: u32,
}

impl Processors {
    fn read() -> Processors {
        Processors::parse(&fs::read_to_string("/proc/stat").unwrap_or_default())
    }

    /// Reads `cpu  user nice system idle iowait irq softirq …`, in ticks, and
    /// counts the lines `cpu0`, `cpu1`, …
    fn parse(text: &str) -> Processors {
        const TICK: u64 = 10_000_000;
        let (mut ticks, mut online) = (0, 0);
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next().and_then(|word| word.strip_prefix("cpu")) {
                Some("") => {
                    let counters = words.take(7).filter_map(|word| word.parse::<u64>().ok());
                    ticks = counters.sum();
                }
                Some(_) => online += 1,
                None => {}
            }
        }
        Processors {
            time: ticks * TICK,
            online,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_count_idle_time_and_no_guest_time() {
        let text = "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2\ncpu1 3 4\nintr 5 6\n";
        let expected = Processors {
            time: 28 * 10_000_000,
            online: 2,
        };
        assert_eq!(Processors::parse(text), expected);
    }

    #[test]
    fn devices_of_the_container_are_read_and_loopback_is_not() {
        let text = "Inter-|   Receive                            |  Transmit\n \
             face |bytes    packets errs drop fifo frame compressed multicast|bytes\n    \
             lo:       9       9    0    0    0     0          0         0 9 9 0 0 0 0 0 0\n  \
             eth0:    1000      10    1    2    0     0          0         0 500 5 3 4 0 0 0 0\n";
        let devices = parse_devices(text);
        assert_eq!(devices.len(), 1);
        let eth0 = &devices["eth0"];
        assert_eq!((eth0.rx_bytes, eth0.rx_packets), (1000, 10));
        assert_eq!((eth0.rx_errors, eth0.rx_dropped), (1, 2));
        assert_eq!((eth0.tx_bytes, eth0.tx_packets), (500, 5));
        assert_eq!((eth0.tx_errors, eth0.tx_dropped), (3, 4));
    }

    #[test]
    fn details_of_memory_are_those_that_clients_know() {
        let given = |keys: &[(&str, u64)]| {
            let pairs = keys.iter().map(|(key, value)| ((*key).to_owned(), *value));
            memory_details(&pairs.collect())
        };
        let one = given(&[("cache", 5), ("total_cache", 6), ("swap", 7)]);
        assert_eq!(one.len(), 32);
        assert_eq!((one["cache"], one["total_cache"]), (5, 6));
        let two = given(&[
            ("anon", 1),
            ("workingset_refault_anon", 2),
            ("workingset_refault_file", 3),
        ]);
        assert_eq!(two.len(), DETAILS_V2.len());
        assert_eq!(two["workingset_refault"], 5);
    }
}
