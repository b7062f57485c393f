//! What the engine and the machine are: the data of `info`.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::sync::Arc;

use jiff::Timestamp;
use longshore_api::types::{
    IndexInfo, PluginsInfo, RegistryServiceConfig, Runtime, SwarmInfo, SystemInfo,
};
use longshore_distribution::settings::{Mirror, Settings};

use crate::container::inspect::STORAGE_DRIVER;
use crate::container::plan::log::DRIVERS;
use crate::container::state::Phase;
use crate::id;
use crate::shared::Shared;
use crate::time::wire;

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
        SystemInfo {
            id: shared.engine_id.clone(),
            containers: count(|_| true),
            containers_running: count(|phase| matches!(phase, Phase::Running | Phase::Restarting)),
            containers_paused: count(|phase| phase == Phase::Paused),
            containers_stopped: count(|phase| !phase.counts_as_running()),
            images: i64::try_from(shared.images.list().len()).unwrap_or(i64::MAX),
            driver: STORAGE_DRIVER.into(),
            driver_status: Some(vec![
                vec!["Backing Filesystem".into(), "extfs".into()],
                vec!["Supports d_type".into(), "true".into()],
            ]),
            plugins: PluginsInfo {
                volume: list(&[]),
                network: list(&["bridge", "host", "null"]),
                authorization: None,
                log: list(&DRIVERS),
            },
            memory_limit: cgroups.has("memory"),
            swap_limit: cgroups.swap,
            kernel_memory: cgroups.has("memory") && !cgroups.unified,
            kernel_memory_tcp: Some(cgroups.has("memory") && !cgroups.unified),
            cpu_cfs_period: cgroups.has("cpu"),
            cpu_cfs_quota: cgroups.has("cpu"),
            cpu_shares: cgroups.has("cpu"),
            cpu_set: cgroups.has("cpuset"),
            pids_limit: Some(cgroups.has("pids")),
            oom_kill_disable: cgroups.has("memory") && !cgroups.unified,
            ipv4_forwarding: is_one("/proc/sys/net/ipv4/ip_forward"),
            bridge_nf_iptables: is_one("/proc/sys/net/bridge/bridge-nf-call-iptables"),
            bridge_nf_ip6tables: is_one("/proc/sys/net/bridge/bridge-nf-call-ip6tables"),
            debug: shared.config.debug,
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
            registry_config: Some(registry(shared.registries.settings())),
            ncpu: processors(),
            mem_total: memory_total(),
            docker_root_dir: shared.config.data_root.to_string_lossy().into_owned(),
            name: machine.name,
            labels: Some(shared.config.labels.clone()),
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
        let mut warnings = Vec::new();
        for (controller, text) in [
            ("memory", "WARNING: No memory limit support"),
            ("cpu", "WARNING: No cpu cfs quota support"),
            ("cpuset", "WARNING: No cpuset support"),
            ("pids", "WARNING: No pids limit support"),
        ] {
            if !cgroups.has(controller) {
                warnings.push(text.to_owned());
            }
        }
        if cgroups.has("memory") && !cgroups.swap {
            warnings.push("WARNING: No swap limit support".to_owned());
        }
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
        let exists = |path: &str| fs::exists(path).unwrap_or(false);
        Cgroups {
            controllers,
            unified,
            swap: exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes")
                || (unified && exists("/proc/swaps")),
        }
    }

    fn has(&self, controller: &str) -> bool {
        self.controllers.contains(controller)
    }
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
