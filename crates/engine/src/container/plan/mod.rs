//! The parsed form of a container's configuration.
//!
//! A client's configuration is kept as it came, to be shown again; everything
//! the engine does is decided by the [`Plan`] made from it. Whatever parses
//! here can be started without a second look, and what this engine cannot
//! honour is refused here by name.

pub(crate) mod abilities;
pub(crate) mod capability;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod mounts;
pub(crate) mod namespaces;
pub(crate) mod ports;
pub(crate) mod resources;
pub(crate) mod security;
pub(crate) mod signal;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use longshore_api::types::{ContainerConfig, HostConfig, Mount as WireMount};
use longshore_runtime::caps::CapabilitySet;
use longshore_runtime::seccomp;
use longshore_runtime::spec::{ConsoleSize, DeviceSpec, Resources, Rlimit, StdinSpec};

use self::log::LogPlan;
use self::mounts::{Mount, Source, VolumeMount};
use self::namespaces::{Ipc, Join, Network};
use self::ports::{GivenBinding, Ports};
use self::security::{SeccompChoice, SecurityOptions};
use crate::container::health::HealthCheck;
use crate::container::restart::RestartPolicy;
use crate::error::{Error, Result};

/// Search path of a container whose configuration names none.
pub(crate) const DEFAULT_PATH: &str =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Everything a start needs to know, besides where things are.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Program and arguments.
    pub(crate) args: Vec<String>,
    /// Environment without what depends on the id.
    pub(crate) env: Vec<String>,
    /// Working directory.
    pub(crate) cwd: String,
    /// User as given.
    pub(crate) user: String,
    /// Supplementary groups as given.
    pub(crate) groups: Vec<String>,
    /// Capabilities.
    pub(crate) capabilities: CapabilitySet,
    /// Security options.
    pub(crate) security: SecurityOptions,
    /// Whether there is a terminal.
    pub(crate) tty: bool,
    /// First size of the terminal.
    pub(crate) console_size: Option<ConsoleSize>,
    /// Resource limits of processes.
    pub(crate) rlimits: Vec<Rlimit>,
    /// Standard input.
    pub(crate) stdin: StdinSpec,
    /// Whether a small init is process 1.
    pub(crate) init: bool,
    /// NIS domain name.
    pub(crate) domainname: String,
    /// Network namespace.
    pub(crate) network: Network,
    /// Hardware address of its end of the network; none for one that goes with
    /// its address.
    pub(crate) mac: Option<[u8; 6]>,
    /// Interprocess communication.
    pub(crate) ipc: Ipc,
    /// Process ids.
    pub(crate) pid: Join,
    /// Whether it has the machine's ids, whatever the daemon's containers have.
    pub(crate) userns_host: bool,
    /// Host name of its own or the host's.
    pub(crate) uts_host: bool,
    /// Mounts.
    pub(crate) mounts: Vec<Mount>,
    /// Size of `/dev/shm` in bytes.
    pub(crate) shm_size: u64,
    /// Whether `/` is read-only.
    pub(crate) readonly_rootfs: bool,
    /// All capabilities, all devices, nothing masked.
    pub(crate) privileged: bool,
    /// Paths made unreadable.
    pub(crate) masked_paths: Vec<String>,
    /// Paths made read-only.
    pub(crate) readonly_paths: Vec<String>,
    /// Kernel parameters.
    pub(crate) sysctls: BTreeMap<String, String>,
    /// Weight for the kernel's choice of victims.
    pub(crate) oom_score_adj: i32,
    /// Limits of the whole container.
    pub(crate) resources: Resources,
    /// Devices of the host.
    pub(crate) devices: Vec<DeviceSpec>,
    /// More device rules.
    pub(crate) device_rules: Vec<String>,
    /// Parent of its cgroup as given, or empty.
    pub(crate) cgroup_parent: String,
    /// Ports.
    pub(crate) ports: Ports,
    /// Where the output goes.
    pub(crate) log: LogPlan,
    /// Restart policy.
    pub(crate) restart: RestartPolicy,
    /// How its health is checked.
    pub(crate) health: Option<HealthCheck>,
    /// Whether it is removed when it ends.
    pub(crate) auto_remove: bool,
    /// Signal of `stop`.
    pub(crate) stop_signal: i32,
    /// Seconds that `stop` waits, negative for ever.
    pub(crate) stop_timeout: Option<i64>,
    /// Name servers.
    pub(crate) dns: Vec<String>,
    /// Search domains.
    pub(crate) dns_search: Vec<String>,
    /// Resolver options.
    pub(crate) dns_options: Vec<String>,
    /// `name:address` lines for `/etc/hosts`.
    pub(crate) extra_hosts: Vec<String>,
}

impl Plan {
    /// Parses a configuration that has been merged with the image's. The order
    /// of the checks is dockerd's.
    pub(crate) fn parse(config: &ContainerConfig, host: &HostConfig) -> Result<Plan> {
        let network = match config.network_disabled {
            Some(true) => Network::None,
            _ => Network::parse(&host.network_mode)?,
        };
        let pid = Join::parse(&host.pid_mode, "pid")?;
        let ipc = Ipc::parse(&host.ipc_mode)?;
        check_config(config)?;
        let restart = RestartPolicy::parse(
            host.restart_policy.name.as_str(),
            host.restart_policy.maximum_retry_count,
        )?;
        if host.auto_remove && restart != RestartPolicy::No {
            return Err(Error::bad_parameter(
                "can't create 'AutoRemove' container with restart policy",
            ));
        }
        let security = security::parse(list(&host.security_opt))?;
        let capabilities = capability::resolve(
            list(&host.cap_add),
            list(&host.cap_drop),
            host.capabilities.as_deref(),
            host.privileged,
            available_capabilities(),
        )?;
        if let SeccompChoice::Profile(profile) = &security.seccomp {
            seccomp::from_profile(profile, capabilities)
                .map_err(|error| Error::bad_parameter(error.to_string()))?;
        }
        let resources = resources::parse(host);
        let mounts = mounts_of(host)?;
        let ports = ports_of(config, host)?;
        check_unsupported(host)?;
        let (masked_paths, readonly_paths) = if host.privileged {
            (Vec::new(), Vec::new())
        } else {
            (
                list(&host.masked_paths).to_vec(),
                list(&host.readonly_paths).to_vec(),
            )
        };
        Ok(Plan {
            args: arguments(config),
            env: environment(config),
            cwd: match config.working_dir.as_str() {
                "" => "/".into(),
                dir => dir.to_owned(),
            },
            user: config.user.clone(),
            groups: list(&host.group_add).to_vec(),
            capabilities,
            security,
            tty: config.tty,
            console_size: console_size(host),
            rlimits: resources::rlimits(host),
            stdin: StdinSpec {
                open: config.open_stdin,
                once: config.stdin_once,
            },
            init: host.init.unwrap_or(false),
            domainname: config.domainname.clone(),
            network,
            mac: namespaces::mac(config.mac_address.as_deref())?,
            ipc,
            pid,
            userns_host: host.userns_mode == "host",
            uts_host: match host.uts_mode.as_str() {
                "" => false,
                "host" => true,
                _ => return Err(Error::bad_parameter("invalid UTS mode")),
            },
            mounts,
            shm_size: u64::try_from(host.shm_size).unwrap_or(0),
            readonly_rootfs: host.readonly_rootfs,
            privileged: host.privileged,
            masked_paths,
            readonly_paths,
            sysctls: host.sysctls.clone().unwrap_or_default(),
            oom_score_adj: oom_score_adj(host.oom_score_adj)?,
            resources,
            devices: resources::devices(host)?,
            device_rules: list(&host.device_cgroup_rules).to_vec(),
            cgroup_parent: host.cgroup_parent.clone(),
            ports,
            log: LogPlan::parse(&host.log_config)?,
            restart,
            health: HealthCheck::parse(config),
            auto_remove: host.auto_remove,
            stop_signal: match config.stop_signal.as_deref() {
                None | Some("") => signal::TERM,
                Some(name) => signal::parse(name)?,
            },
            stop_timeout: config.stop_timeout,
            dns: list(&host.dns).to_vec(),
            dns_search: list(&host.dns_search).to_vec(),
            dns_options: list(&host.dns_options).to_vec(),
            extra_hosts: list(&host.extra_hosts).to_vec(),
        })
    }

    /// The environment of a process with what depends on the container in
    /// front and that of its links: later entries win.
    pub(crate) fn environment(&self, hostname: &str, links: &[String]) -> Vec<String> {
        let mut env = vec![DEFAULT_PATH.to_owned(), format!("HOSTNAME={hostname}")];
        if self.tty {
            env.push("TERM=xterm".into());
        }
        merge_environment(&mut env, links);
        merge_environment(&mut env, &self.env);
        env
    }
}

/// A list of the wire that may be null.
pub(crate) fn list<T>(given: &Option<Vec<T>>) -> &[T] {
    given.as_deref().unwrap_or_default()
}

/// Adds entries to an environment. An entry for a name that is there replaces
/// it, an entry without `=` removes it.
pub(crate) fn merge_environment(env: &mut Vec<String>, entries: &[String]) {
    let name = |entry: &str| entry.split('=').next().unwrap_or_default().to_owned();
    for entry in entries {
        let place = env.iter().position(|known| name(known) == name(entry));
        match (entry.contains('='), place) {
            (true, Some(place)) => env[place].clone_from(entry),
            (true, None) => env.push(entry.clone()),
            (false, Some(place)) => {
                env.remove(place);
            }
            (false, None) => {}
        }
    }
}

/// What this daemon can give. It cannot change while the daemon runs.
fn available_capabilities() -> CapabilitySet {
    static AVAILABLE: OnceLock<CapabilitySet> = OnceLock::new();
    *AVAILABLE.get_or_init(|| CapabilitySet::available().unwrap_or(CapabilitySet::ALL))
}

fn arguments(config: &ContainerConfig) -> Vec<String> {
    let parts = [&config.entrypoint, &config.cmd];
    parts
        .into_iter()
        .flatten()
        .flat_map(|list| list.0.iter())
        .cloned()
        .collect()
}

fn environment(config: &ContainerConfig) -> Vec<String> {
    list(&config.env).to_vec()
}

fn check_config(config: &ContainerConfig) -> Result<()> {
    let bad = |text: String| Err(Error::bad_parameter(text));
    if !config.working_dir.is_empty() && !config.working_dir.starts_with('/') {
        return bad(format!(
            "the working directory '{}' is invalid, it needs to be an absolute path",
            config.working_dir
        ));
    }
    for entry in list(&config.env) {
        if entry.is_empty() || entry.starts_with('=') {
            return bad(format!("invalid environment variable: {entry}"));
        }
    }
    if let Some(health) = &config.healthcheck {
        const MILLISECOND: i64 = 1_000_000;
        for (name, value) in [
            ("Interval", health.interval),
            ("Timeout", health.timeout),
            ("StartPeriod", health.start_period),
        ] {
            if value.is_some_and(|value| value.0 != 0 && value.0 < MILLISECOND) {
                return bad(format!("{name} in Healthcheck cannot be less than 1ms"));
            }
        }
        if health.retries.is_some_and(|retries| retries < 0) {
            return bad("Retries in Healthcheck cannot be negative".into());
        }
    }
    Ok(())
}

/// What this engine does not do yet must not look as if it did.
fn check_unsupported(host: &HostConfig) -> Result<()> {
    // No layer of ours has a quota.
    let mut options = host.storage_opt.iter().flatten().map(|(name, _)| name);
    if let Some(unknown) = options.find(|name| !name.eq_ignore_ascii_case("size")) {
        return Err(Error::system(format!("Unknown option {unknown}")));
    }
    if host.storage_opt.as_ref().is_some_and(|map| !map.is_empty()) {
        return Err(Error::system(
            "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
        ));
    }
    match host.isolation.as_str() {
        "" | "default" => {}
        other => {
            return Err(Error::bad_parameter(format!(
                "Invalid isolation: \"{other}\" - linux only supports 'default'"
            )));
        }
    }
    match host.userns_mode.as_str() {
        "" | "host" => {}
        _ => return Err(Error::bad_parameter("invalid user namespace mode")),
    }
    if !matches!(
        host.runtime.as_deref(),
        None | Some("" | "runc" | "io.containerd.runc.v2")
    ) {
        let name = host.runtime.as_deref().unwrap_or_default();
        return Err(Error::bad_parameter(format!(
            "Unknown runtime specified {name}"
        )));
    }
    Ok(())
}

fn mounts_of(host: &HostConfig) -> Result<Vec<Mount>> {
    let mut found = Vec::new();
    for spec in list(&host.binds) {
        found.push(mounts::parse_bind(spec, &host.volume_driver)?);
    }
    for mount in list(&host.mounts) {
        found.push(mount_of(mount)?);
    }
    mounts::check_duplicates(&found)?;
    for (target, options) in host.tmpfs.iter().flatten() {
        let mount = mounts::parse_tmpfs(target, options)?;
        found.push(mount);
    }
    mounts::check_duplicates(&found)?;
    Ok(found)
}

/// Reads one entry of `Mounts`.
fn mount_of(mount: &WireMount) -> Result<Mount> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let kind = mount.r#type.as_ref().map_or("", |kind| kind.as_str());
    let (target, source) = (text(&mount.target), text(&mount.source));
    let invalid = |reason: String| {
        Error::bad_parameter(format!(
            "invalid mount config for type \"{kind}\": {reason}"
        ))
    };
    let relative = |path: &str| {
        invalid(format!(
            "invalid mount path: '{path}' mount path must be absolute"
        ))
    };
    if !matches!(kind, "bind" | "tmpfs" | "volume") {
        return Err(invalid("mount type unknown".into()));
    }
    if target.is_empty() {
        return Err(invalid("field Target must not be empty".into()));
    }
    if !target.starts_with('/') {
        return Err(relative(&target));
    }
    if mounts::clean(Path::new(&target)) == Path::new("/") {
        return Err(invalid(
            "invalid specification: destination can't be '/'".into(),
        ));
    }
    for (owner, field, given) in [
        ("bind", "BindOptions", mount.bind_options.is_some()),
        ("volume", "VolumeOptions", mount.volume_options.is_some()),
        ("tmpfs", "TmpfsOptions", mount.tmpfs_options.is_some()),
    ] {
        if given && owner != kind {
            return Err(invalid(format!("field {field} must not be specified")));
        }
    }
    let what = match kind {
        "bind" => {
            if source.is_empty() {
                return Err(invalid("field Source must not be empty".into()));
            }
            if !source.starts_with('/') {
                return Err(relative(&source));
            }
            let options = mount.bind_options.as_ref();
            let given = options.and_then(|options| options.propagation.as_ref());
            let given = given.map_or("", |given| given.as_str());
            Source::Bind {
                path: mounts::clean(Path::new(&source)),
                create: false,
                recursive: !options
                    .and_then(|options| options.non_recursive)
                    .unwrap_or(false),
                propagation: mounts::parse_propagation(given)
                    .ok_or_else(|| invalid(format!("invalid propagation mode: {given}")))?,
                mode: String::new(),
            }
        }
        "tmpfs" => {
            if !source.is_empty() {
                return Err(invalid("field Source must not be specified".into()));
            }
            let given = mount.tmpfs_options.as_ref();
            let size = given
                .and_then(|given| given.size_bytes)
                .filter(|size| *size != 0);
            let mode = given.and_then(|given| given.mode).filter(|mode| *mode != 0);
            if mode.is_some_and(|mode| u32::try_from(mode).is_err()) {
                return Err(invalid("field TmpfsOptions.Mode is no file mode".into()));
            }
            let options = [
                size.map(|size| format!("size={size}")),
                mode.map(|mode| format!("mode={mode:o}")),
            ];
            Source::Tmpfs {
                options: options.into_iter().flatten().collect(),
                shown: true,
            }
        }
        _ => {
            if source.is_empty() && mount.read_only == Some(true) {
                return Err(invalid(
                    "must not set ReadOnly mode when using anonymous volumes".into(),
                ));
            }
            let options = mount.volume_options.clone().unwrap_or_default();
            let driver = options.driver_config.unwrap_or_default();
            Source::Volume(VolumeMount {
                name: source,
                driver: driver.name.unwrap_or_default(),
                options: driver.options,
                labels: options.labels,
                nocopy: options.no_copy.unwrap_or(false),
                ..VolumeMount::default()
            })
        }
    };
    Ok(Mount {
        target: mounts::clean(Path::new(&target)),
        source: what,
        readonly: mount.read_only.unwrap_or(false),
    })
}

fn ports_of(config: &ContainerConfig, host: &HostConfig) -> Result<Ports> {
    let bindings: BTreeMap<&str, Vec<GivenBinding<'_>>> = host
        .port_bindings
        .iter()
        .flatten()
        .map(|(port, bindings)| {
            let bindings = bindings
                .iter()
                .flatten()
                .map(|binding| GivenBinding {
                    host_ip: &binding.host_ip,
                    host_port: &binding.host_port,
                })
                .collect();
            (port.as_str(), bindings)
        })
        .collect();
    let exposed = config.exposed_ports.iter().flat_map(|set| &set.0);
    Ports::parse(
        exposed.map(String::as_str),
        &bindings,
        host.publish_all_ports,
    )
}

fn console_size(host: &HostConfig) -> Option<ConsoleSize> {
    let sizes: Vec<u16> = host
        .console_size
        .iter()
        .filter_map(|size| u16::try_from(*size).ok())
        .collect();
    match sizes[..] {
        [rows, cols] if rows > 0 && cols > 0 => Some(ConsoleSize { rows, cols }),
        _ => None,
    }
}

fn oom_score_adj(given: i64) -> Result<i32> {
    match i32::try_from(given) {
        Ok(value) if (-1000..=1000).contains(&value) => Ok(value),
        _ => Err(Error::bad_parameter(format!(
            "Invalid value {given}, range for oom score adj is [-1000, 1000]"
        ))),
    }
}
