//! What the engine and the machine are: the data of `info`.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use longshore_api::types::{
    Commit, IndexInfo, PluginsInfo, RegistryServiceConfig, Runtime, SwarmInfo, SystemInfo,
};
use longshore_distribution::settings::{Mirror, Settings};

use crate::container::inspect::STORAGE_DRIVER;
use crate::container::plan::log::DRIVERS;
use crate::container::state::Phase;
use crate::id;
use crate::shared::Shared;
use crate::time::wire;
use crate::volume::options::LOCAL;

const IP_FORWARD: &str = "/proc/sys/net/ipv4/ip_forward";
const BRIDGE_NF: &str = "/proc/sys/net/bridge/bridge-nf-call-iptables";
const BRIDGE_NF6: &str = "/proc/sys/net/bridge/bridge-nf-call-ip6tables";

/// The engine as a whole.
#[derive(Clone)]
pub struct System {
    pub(crate) shared: Arc<Shared>,
}

/// What the kernel says of the machine in one system call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Release of the kernel.
    pub kernel: String,
    /// Processor, in the kernel's word (`x86_64`).
    pub architecture: String,
    /// Processor, in Go's word (`amd64`).
    pub go_architecture: String,
    /// Name of the machine.
    pub name: String,
}

impl Machine {
    /// Asks the running machine.
    pub fn read() -> Machine {
        let uname = rustix::system::uname();
        let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
        let architecture = text(uname.machine());
        Machine {
            kernel: text(uname.release()),
            go_architecture: match architecture.as_str() {
                "x86_64" => "amd64".into(),
                "aarch64" => "arm64".into(),
                other => other.into(),
            },
            architecture,
            name: text(uname.nodename()),
        }
    }
}

impl System {
    pub(crate) fn new(shared: Arc<Shared>) -> System {
        System { shared }
    }

    /// The data of `GET /info`.
    pub fn info(&self) -> SystemInfo {
        let shared = &self.shared;
        let live = shared.live();
        let machine = Machine::read();
        let phases: Vec<Phase> = shared
            .registry
            .snapshots()
            .iter()
            .map(|snapshot| snapshot.state.phase)
            .collect();
        let count = |test: fn(Phase) -> bool| {
            i64::try_from(phases.iter().filter(|phase| test(**phase)).count()).unwrap_or(i64::MAX)
        };
        let list = |items: &[&str]| Some(items.iter().map(|item| (*item).to_owned()).collect());
        let cgroups = Cgroups::read();
        // What clients look for as containerd, runc and init is this engine's own.
        let own_part = || Commit {
            id: format!("longshore-{}", shared.config.version),
            expected: format!("longshore-{}", shared.config.version),
        };
        SystemInfo {
            id: shared.engine_id.clone(),
            containers: count(|_| true),
            containers_running: count(|phase| phase == Phase::Running),
            containers_paused: count(|phase| phase == Phase::Paused),
            // One that waits for its restart does not run, as in dockerd.
            containers_stopped: count(|phase| !matches!(phase, Phase::Running | Phase::Paused)),
            images: i64::try_from(shared.images.list().len()).unwrap_or(i64::MAX),
            driver: STORAGE_DRIVER.into(),
            driver_status: Some(driver_status(&shared.config.data_root)),
            plugins: PluginsInfo {
                volume: list(&[LOCAL]),
                network: list(&["bridge", "host", "ipvlan", "macvlan", "null"]),
                authorization: None,
                log: list(&DRIVERS),
            },
            memory_limit: cgroups.has("memory"),
            swap_limit: cgroups.swap,
            kernel_memory: cgroups.offers("memory", "memory.kmem.limit_in_bytes"),
            kernel_memory_tcp: Some(cgroups.kernel_memory_tcp()),
            cpu_cfs_period: cgroups.has("cpu"),
            cpu_cfs_quota: cgroups.has("cpu"),
            cpu_shares: cgroups.has("cpu"),
            cpu_set: cgroups.has("cpuset"),
            pids_limit: Some(cgroups.has("pids")),
            oom_kill_disable: cgroups.oom_kill_disable(),
            ipv4_forwarding: is_one(IP_FORWARD),
            bridge_nf_iptables: is_one(BRIDGE_NF),
            bridge_nf_ip6tables: is_one(BRIDGE_NF6),
            debug: live.settings.debug,
            n_fd: open_descriptors(),
            n_goroutines: threads(),
            n_events_listener: i64::try_from(shared.events.listeners()).unwrap_or(0),
            system_time: wire(Some(Timestamp::now())),
            logging_driver: shared.config.log_driver.clone(),
            cgroup_driver: "cgroupfs".into(),
            kernel_version: machine.kernel,
            operating_system: os_name(),
            os_type: "linux".into(),
            architecture: machine.architecture,
            index_server_address: "https://index.docker.io/v1/".into(),
            registry_config: Some(registry(live.registries.settings())),
            ncpu: processors(),
            mem_total: memory_total(),
            docker_root_dir: shared.config.data_root.to_string_lossy().into_owned(),
            name: machine.name,
            labels: Some(live.settings.labels.clone()),
            server_version: shared.config.version.clone(),
            runtimes: Some(BTreeMap::from([(
                "runc".to_owned(),
                Runtime {
                    path: "longshore".into(),
                    ..Runtime::default()
                },
            )])),
            default_runtime: "runc".into(),
            swarm: SwarmInfo {
                local_node_state: "inactive".into(),
                ..SwarmInfo::default()
            },
            live_restore_enabled: true,
            init_binary: "longshored".into(),
            containerd_commit: own_part(),
            runc_commit: own_part(),
            init_commit: own_part(),
            security_options: Some(self.security_options()),
            warnings: Some(self.warnings(&cgroups))
                .filter(|all| !all.is_empty())
                .into(),
            ..SystemInfo::default()
        }
    }

    /// What isolates containers here, in dockerd's words.
    fn security_options(&self) -> Vec<String> {
        let config = &self.shared.config;
        let mut options = vec![format!("name=seccomp,profile={}", config.seccomp.shown())];
        options.extend(config.userns.as_ref().map(|_| "name=userns".to_owned()));
        options
    }

    fn warnings(&self, cgroups: &Cgroups) -> Vec<String> {
        let mut warnings: Vec<String> = (self.shared.config.open_addresses.iter())
            .map(|address| {
                format!(
                    "WARNING: API is accessible on http://{address} without encryption. Whoever \
                     reaches it can become root on this machine."
                )
            })
            .collect();
        let version_1 = !cgroups.unified;
        let missing = [
            (!cgroups.has("memory"), "No memory limit support"),
            (!cgroups.swap, "No swap limit support"),
            (
                version_1 && !cgroups.kernel_memory_tcp(),
                "No kernel memory TCP limit support",
            ),
            (
                version_1 && !cgroups.oom_kill_disable(),
                "No oom kill disable support",
            ),
            (!cgroups.has("cpu"), "No cpu cfs quota support"),
            (!cgroups.has("cpu"), "No cpu cfs period support"),
            (!cgroups.has("cpu"), "No cpu shares support"),
            (!cgroups.has("cpuset"), "No cpuset support"),
            (!cgroups.has("pids"), "No pids limit support"),
            (!is_one(IP_FORWARD), "IPv4 forwarding is disabled"),
            (!is_one(BRIDGE_NF), "bridge-nf-call-iptables is disabled"),
            (!is_one(BRIDGE_NF6), "bridge-nf-call-ip6tables is disabled"),
        ];
        let missing = missing.iter().filter(|(is_missing, _)| *is_missing);
        warnings.extend(missing.map(|(_, text)| format!("WARNING: {text}")));
        for broken in self.shared.registry.quarantined() {
            warnings.push(format!(
                "WARNING: the record of container {} could not be read ({}); it was moved to {}",
                id::short(&broken.id),
                broken.reason,
                broken.place.display()
            ));
        }
        for problem in self.shared.images.problems() {
            warnings.push(format!(
                "WARNING: image store: {}: {}",
                problem.subject, problem.reason
            ));
        }
        warnings
    }
}

/// Which controllers the machine has.
struct Cgroups {
    controllers: HashSet<String>,
    unified: bool,
    swap: bool,
}

impl Cgroups {
    fn read() -> Cgroups {
        let unified = unified_cgroups();
        let controllers = if unified {
            let text = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
            text.split_whitespace().map(str::to_owned).collect()
        } else {
            // subsys_name, hierarchy, num_cgroups, enabled
            let text = fs::read_to_string("/proc/cgroups").unwrap_or_default();
            text.lines()
                .filter_map(|line| {
                    let fields: Vec<&str> = line.split_whitespace().collect();
                    match fields[..] {
                        [name, hierarchy, _, "1"] if hierarchy != "0" => Some(name.to_owned()),
                        _ => None,
                    }
                })
                .collect()
        };
        Cgroups {
            controllers,
            unified,
            swap: match unified {
                // The root of the tree has no limits.
                true => below("/sys/fs/cgroup").any(|group| exists(group.join("memory.swap.max"))),
                false => exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes".into()),
            },
        }
    }

    /// Whether a hierarchy of version 1 has a file.
    fn offers(&self, controller: &str, file: &str) -> bool {
        !self.unified && exists(Path::new("/sys/fs/cgroup").join(controller).join(file))
    }

    fn kernel_memory_tcp(&self) -> bool {
        self.offers("memory", "memory.kmem.tcp.limit_in_bytes")
    }

    fn oom_kill_disable(&self) -> bool {
        self.offers("memory", "memory.oom_control")
    }

    fn has(&self, controller: &str) -> bool {
        self.controllers.contains(controller)
    }
}

fn exists(path: PathBuf) -> bool {
    fs::exists(path).unwrap_or(false)
}

/// The directories in one.
fn below(directory: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
}

/// Whether all controllers are in the tree of version 2.
pub(crate) fn unified_cgroups() -> bool {
    fs::exists("/sys/fs/cgroup/cgroup.controllers").unwrap_or(false)
}

/// How registries are spoken to, as dockerd shows it.
fn registry(settings: &Settings) -> RegistryServiceConfig {
    let mirrors: Vec<String> = settings.mirrors.iter().map(Mirror::shown).collect();
    let hub = IndexInfo {
        name: "docker.io".into(),
        mirrors: Some(mirrors.clone()),
        secure: true,
        official: true,
    };
    let insecure = settings.insecure_hosts.iter().map(|host| IndexInfo {
        name: host.clone(),
        mirrors: Some(Vec::new()),
        secure: false,
        official: false,
    });
    let indexes = insecure.chain([hub]).map(|it| (it.name.clone(), it));
    let networks = settings.insecure_networks.iter().map(ToString::to_string);
    RegistryServiceConfig {
        allow_nondistributable_artifacts_cidrs: Some(Vec::new()),
        allow_nondistributable_artifacts_hostnames: Some(Vec::new()),
        insecure_registry_cidrs: Some(networks.collect()),
        index_configs: Some(indexes.collect()),
        mirrors: Some(mirrors),
    }
}

/// What stands below the storage driver's name: facts that decide whether layers
/// can be kept there.
fn driver_status(root: &Path) -> Vec<Vec<String>> {
    let rows = [
        ("Backing Filesystem", filesystem(root).to_owned()),
        ("Supports d_type", knows_types(root).to_string()),
        // A layer's files are read from its directory, never compared.
        ("Native Overlay Diff", "true".to_owned()),
        ("userxattr", "false".to_owned()),
    ];
    let rows = rows.into_iter();
    rows.map(|(key, value)| vec![key.to_owned(), value])
        .collect()
}

/// The file system below a directory, by the name that dockerd has for it.
fn filesystem(path: &Path) -> &'static str {
    let magic = rustix::fs::statfs(path).map_or(0, |it| it.f_type);
    match magic {
        0xef53 => "extfs",
        0x5846_5342 => "xfs",
        0x9123_683e => "btrfs",
        0x0102_1994 => "tmpfs",
        0x794c_7630 => "overlayfs",
        0x2fc1_2fc1 => "zfs",
        0xf2f5_2010 => "f2fs",
        0x6969 => "nfs",
        0x6573_5546 => "fuse",
        _ => "<unknown>",
    }
}

/// Whether a directory tells the types of its entries, as overlayfs needs it.
fn knows_types(path: &Path) -> bool {
    use rustix::fs::{Dir, FileType, Mode, OFlags};
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::empty());
    let entries = opened.and_then(|directory| Dir::read_from(&directory));
    entries.is_ok_and(|mut entries| {
        entries.all(|entry| entry.is_ok_and(|entry| entry.file_type() != FileType::Unknown))
    })
}

/// The name of the distribution from os-release(5).
fn os_name() -> String {
    let text = fs::read_to_string("/etc/os-release")
        .or_else(|_| fs::read_to_string("/usr/lib/os-release"))
        .unwrap_or_default();
    let value = |key: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(|value| value.trim_matches(['"', '\'']).to_owned())
    };
    value("PRETTY_NAME")
        .or_else(|| value("NAME"))
        .unwrap_or_else(|| "Linux".into())
}

/// Processors that this process may run on, whatever time it has on them.
fn processors() -> i64 {
    let set = rustix::thread::sched_getaffinity(None);
    set.map_or(1, |set| i64::from(set.count()))
}

/// Bytes of memory of the machine.
pub(crate) fn memory_total() -> i64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<i64>().ok())
        .map_or(0, |kib| kib * 1024)
}

fn is_one(path: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|text| text.trim() == "1")
}

fn open_descriptors() -> i64 {
    fs::read_dir("/proc/self/fd").map_or(-1, |entries| i64::try_from(entries.count()).unwrap_or(-1))
}

/// What stands where dockerd counts its goroutines.
fn threads() -> i64 {
    fs::read_dir("/proc/self/task")
        .map_or(-1, |entries| i64::try_from(entries.count()).unwrap_or(-1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_known() {
        let machine = Machine::read();
        assert!(!machine.kernel.is_empty());
        assert!(!os_name().is_empty());
        assert!(processors() >= 1);
        assert!(memory_total() > 1 << 20);
    }
}
