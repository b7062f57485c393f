//! Which limits the kernel of this machine can keep, found once.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::system;

/// What the machine's cgroups can do, by the client's words for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Abilities {
    pub(crate) memory: bool,
    pub(crate) swap: bool,
    pub(crate) reservation: bool,
    pub(crate) swappiness: bool,
    pub(crate) kernel_memory: bool,
    pub(crate) oom_kill_disable: bool,
    pub(crate) pids: bool,
    pub(crate) cpu_shares: bool,
    pub(crate) cpu_quota: bool,
    pub(crate) cpu_realtime: bool,
    pub(crate) cpuset: bool,
    pub(crate) io_weight: bool,
    pub(crate) io_weight_device: bool,
    pub(crate) io_rates: bool,
    /// Processors by number, `0-3`.
    pub(crate) cpus: String,
    /// Memory nodes by number.
    pub(crate) mems: String,
    /// How many processors there are.
    pub(crate) processors: i64,
}

impl Abilities {
    /// Those of this machine.
    pub(crate) fn current() -> &'static Abilities {
        static CURRENT: OnceLock<Abilities> = OnceLock::new();
        CURRENT.get_or_init(|| {
            let root = Path::new("/sys/fs/cgroup");
            let mut found = if system::unified_cgroups() {
                Abilities::of_version_2(root)
            } else {
                Abilities::of_version_1(root)
            };
            found.processors = std::thread::available_parallelism()
                .map_or(1, |count| i64::try_from(count.get()).unwrap_or(1));
            found
        })
    }

    fn of_version_1(root: &Path) -> Abilities {
        let has = |file: &str| fs::exists(root.join(file)).unwrap_or(false);
        let text = |file: &str| {
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            text.trim().to_owned()
        };
        Abilities {
            memory: has("memory/memory.limit_in_bytes"),
            swap: has("memory/memory.memsw.limit_in_bytes"),
            reservation: has("memory/memory.soft_limit_in_bytes"),
            swappiness: has("memory/memory.swappiness"),
            kernel_memory: has("memory/memory.kmem.limit_in_bytes"),
            oom_kill_disable: has("memory/memory.oom_control"),
            pids: has("pids/cgroup.procs"),
            cpu_shares: has("cpu/cpu.shares"),
            cpu_quota: has("cpu/cpu.cfs_quota_us"),
            cpu_realtime: has("cpu/cpu.rt_runtime_us"),
            cpuset: has("cpuset/cpuset.cpus"),
            // The scheduler that has weights counts at the root, and has its
            // weights below.
            io_weight: has("blkio/blkio.weight") || has("blkio/blkio.bfq.io_serviced"),
            io_weight_device: has("blkio/blkio.weight_device")
                || has("blkio/blkio.bfq.io_serviced"),
            io_rates: has("blkio/blkio.throttle.read_bps_device"),
            cpus: text("cpuset/cpuset.cpus"),
            mems: text("cpuset/cpuset.mems"),
            processors: 0,
        }
    }

    fn of_version_2(root: &Path) -> Abilities {
        let text = |file: &str| {
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            text.trim().to_owned()
        };
        let controllers = text("cgroup.controllers");
        let has = |name: &str| controllers.split_whitespace().any(|has| has == name);
        Abilities {
            memory: has("memory"),
            // The file is in no root, and in every other group of a kernel
            // that counts swap.
            swap: has("memory") && fs::exists("/proc/swaps").unwrap_or(false),
            reservation: has("memory"),
            pids: has("pids"),
            cpu_shares: has("cpu"),
            cpu_quota: has("cpu"),
            cpuset: has("cpuset"),
            io_weight: has("io"),
            io_weight_device: has("io"),
            io_rates: has("io"),
            cpus: text("cpuset.cpus.effective"),
            mems: text("cpuset.mems.effective"),
            ..Abilities::default()
        }
    }
}
