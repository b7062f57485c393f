//! From a plan to what the runtime is told: every default of isolation is
//! written down here once.

use std::path::{Path, PathBuf};

use longshore_image::container::ContainerLayer;
use longshore_runtime::seccomp;
use longshore_runtime::spec::{
    CgroupSpec, ContainerSpec, MountKind, MountSpec, Namespaces, NsMode, PortReservation,
    ProcessSpec, Propagation, Restrictions, RootfsSpec, Seccomp, Shm,
};

use longshore_runtime::userns::IdMap;

use crate::config::DaemonSeccomp;
use crate::container::plan::Plan;
use crate::container::plan::mounts::{self, Source};
use crate::container::plan::namespaces::{Ipc, Join, Network};
use crate::container::plan::security::SeccompChoice;
use crate::container::record::{Files, Record};
use crate::container::registry::{Registry, Snapshot};
use crate::container::state::Phase;
use crate::container::volumes;
use crate::error::{Error, Result};
use longshore_network::ports::{Binding, Protocol as LinkProtocol};

/// Processes whose namespaces a container joins, as host pids.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joined {
    net: Option<i32>,
    /// Whose network it is: its files about it are shared as well.
    net_id: Option<String>,
    pid: Option<i32>,
    ipc: Option<i32>,
    /// Whose user namespace comes with them.
    user: Option<i32>,
}

/// Where things are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places<'a> {
    pub(crate) files: &'a Files,
    pub(crate) run_dir: &'a Path,
    pub(crate) layer: &'a ContainerLayer,
    /// Parent of the cgroups of containers that name none.
    pub(crate) cgroup_parent: &'a str,
    /// Whether the machine's cgroups have version 2.
    pub(crate) unified_cgroups: bool,
    /// The system call filter of containers that ask for none.
    pub(crate) seccomp: &'a DaemonSeccomp,
    /// Whose ids the containers' are.
    pub(crate) userns: Option<&'a IdMap>,
}

/// Finds the containers whose namespaces are to be joined; they must run.
/// With `shifted` the container has a user namespace, which must be theirs.
pub(crate) fn resolve_joins(registry: &Registry, plan: &Plan, shifted: bool) -> Result<Joined> {
    let mut user = None;
    let mut pid_of = |what: &str, name: Option<&str>| -> Result<Option<i32>> {
        let Some(name) = name else { return Ok(None) };
        let other = registry.get(name)?.snapshot();
        may_join(what, &other)?;
        let pid = i32::try_from(other.state.pid).ok();
        if shifted && other.plan.userns_host {
            return Err(Error::conflict(format!(
                "cannot join {what} of container {}, which is in the host's user namespace: use \
                 --userns host",
                other.id()
            )));
        }
        user = user.or(pid);
        Ok(pid)
    };
    let net = pid_of("network", plan.network.container())?;
    let net_id = match plan.network.container() {
        Some(name) => Some(registry.get(name)?.snapshot().id().to_owned()),
        None => None,
    };
    let ipc = pid_of("IPC", plan.ipc.container())?;
    let pid = pid_of("PID", plan.pid.container())?;
    Ok(Joined {
        net,
        net_id,
        pid,
        ipc,
        user: user.filter(|_| shifted),
    })
}

/// Whether the namespace `what` of `other` can be joined, in dockerd's words.
fn may_join(what: &str, other: &Snapshot) -> Result<()> {
    let id = other.id();
    let ipc = what == "IPC";
    let prefix = if ipc {
        format!("can't join IPC of container {id}: ")
    } else {
        String::new()
    };
    let text = match other.state.phase {
        Phase::Restarting => {
            format!("{prefix}Container {id} is restarting, wait until the container is running")
        }
        phase if phase.has_process() => {
            if ipc && matches!(other.plan.ipc, Ipc::Private | Ipc::None) {
                format!(
                    "{prefix}non-shareable IPC (hint: use IpcMode:shareable for the donor \
                     container)"
                )
            } else {
                return Ok(());
            }
        }
        _ if what == "network" => format!("cannot join network of a non running container: {id}"),
        _ => format!("{prefix}container {id} is not running"),
    };
    Err(Error::conflict(text))
}

/// Writes the specification of a container, with no port yet.
pub(crate) fn build(
    record: &Record,
    plan: &Plan,
    joined: &Joined,
    places: Places<'_>,
    links: &[String],
) -> ContainerSpec {
    let hostname = record.config.hostname.as_str();
    let shifted = places.userns.filter(|_| !plan.userns_host);
    let net_files = match (&joined.net_id, places.run_dir.parent()) {
        (Some(id), Some(all)) => Files::new(all.join(id), all.join(id)),
        _ => places.files.clone(),
    };
    let uts = if plan.uts_host {
        NsMode::Host
    } else {
        NsMode::New
    };
    ContainerSpec {
        id: record.id.clone(),
        run_dir: places.run_dir.to_owned(),
        exit_path: places.files.exit_record(),
        log: plan.log.spec(record, places.files.dir()),
        process: process(plan, hostname, links),
        stdin: plan.stdin,
        init: plan.init,
        rootfs: RootfsSpec {
            lower: places.layer.lower.clone(),
            upper: places.layer.upper.clone(),
            work: places.layer.work.clone(),
            readonly: plan.readonly_rootfs,
        },
        mounts: all_mounts(plan, &net_files),
        shm: match (&plan.ipc, joined.ipc) {
            (Ipc::Container(_), Some(pid)) => Shm::Of(pid),
            (Ipc::None, _) => Shm::None,
            (Ipc::Host, _) => Shm::Host,
            _ => Shm::Private {
                size: plan.shm_size,
            },
        },
        sys_writable: plan.privileged,
        cgroup_writable: plan.privileged,
        namespaces: Namespaces {
            pid: join(&plan.pid, joined.pid),
            net: match (&plan.network, joined.net) {
                (Network::Host, _) => NsMode::Host,
                (Network::Container(_), Some(pid)) => NsMode::Of(pid),
                _ => NsMode::New,
            },
            ipc: match (&plan.ipc, joined.ipc) {
                (Ipc::Host, _) => NsMode::Host,
                (Ipc::Container(_), Some(pid)) => NsMode::Of(pid),
                _ => NsMode::New,
            },
            uts,
            // As dockerd does: shared with the host on version 1.
            cgroup: if places.unified_cgroups && !plan.privileged {
                NsMode::New
            } else {
                NsMode::Host
            },
            user_of: joined.user,
        },
        user_namespace: shifted.map(|map| IdMap {
            shifted: [
                net_files.resolv_conf(),
                net_files.hostname(),
                net_files.hosts(),
            ]
            .into_iter()
            .chain(own_volumes(plan))
            .collect(),
            ..map.clone()
        }),
        hostname: if uts == NsMode::New {
            hostname.to_owned()
        } else {
            String::new()
        },
        domainname: if uts == NsMode::New {
            plan.domainname.clone()
        } else {
            String::new()
        },
        cgroup: CgroupSpec {
            parent: cgroup_parent(plan, places.cgroup_parent),
            resources: plan.resources.clone(),
            all_devices: plan.privileged,
            device_rules: plan.device_rules.clone(),
        },
        devices: plan.devices.clone(),
        masked_paths: plan.masked_paths.clone(),
        readonly_paths: plan.readonly_paths.clone(),
        sysctls: sysctls(plan, shifted.is_some()),
        seccomp: seccomp(plan, places.seccomp),
        oom_score_adj: (plan.oom_score_adj != 0).then_some(plan.oom_score_adj),
        ports: Vec::new(),
    }
}

/// Volumes that are directories of the engine. The ids on other file systems are
/// the machine's.
fn own_volumes(plan: &Plan) -> impl Iterator<Item = PathBuf> {
    let volumes = volumes::volumes(&plan.mounts).filter(|volume| !volume.has_filesystem);
    volumes.map(|volume| volume.path.clone())
}

/// The parent of the container's cgroup below each hierarchy's root.
pub(crate) fn cgroup_parent(plan: &Plan, default: &str) -> String {
    match plan.cgroup_parent.as_str() {
        "" => default.to_owned(),
        given => format!("/{}", given.trim_start_matches('/')),
    }
}

/// The first process.
fn process(plan: &Plan, hostname: &str, links: &[String]) -> ProcessSpec {
    ProcessSpec {
        args: plan.args.clone(),
        env: plan.environment(hostname, links),
        cwd: plan.cwd.clone(),
        user: plan.user.clone(),
        groups: plan.groups.clone(),
        capabilities: plan.capabilities,
        apparmor: plan.security.confining_profile(),
        no_new_privs: plan.security.no_new_privileges,
        tty: plan.tty,
        console_size: plan.console_size,
        rlimits: plan.rlimits.clone(),
    }
}

/// All mounts but those that every container has.
pub(crate) fn all_mounts(plan: &Plan, files: &Files) -> Vec<MountSpec> {
    let of_engine = [
        ("/etc/resolv.conf", files.resolv_conf()),
        ("/etc/hostname", files.hostname()),
        ("/etc/hosts", files.hosts()),
    ];
    let mut mounts: Vec<MountSpec> = of_engine
        .into_iter()
        .filter(|(target, _)| {
            !plan
                .mounts
                .iter()
                .any(|mount| mount.target == Path::new(target))
        })
        .map(|(target, source)| MountSpec {
            target: target.into(),
            kind: bind(source, false, Propagation::Rprivate),
            readonly: plan.readonly_rootfs,
        })
        .collect();
    // Outer mounts come before those below them.
    let mut given: Vec<&mounts::Mount> = plan.mounts.iter().collect();
    given.sort_by_key(|mount| mount.target.components().count());
    mounts.extend(given.into_iter().map(|mount| MountSpec {
        target: mount.target.to_string_lossy().into_owned(),
        kind: match &mount.source {
            Source::Bind {
                path,
                recursive,
                propagation,
                ..
            } => bind(path.clone(), *recursive, *propagation),
            Source::Volume(volume) => bind(
                volume.path.clone(),
                volume.has_filesystem,
                Propagation::Rprivate,
            ),
            Source::Tmpfs { options, .. } => MountKind::Tmpfs {
                options: options.clone(),
            },
        },
        readonly: mount.readonly,
    }));
    mounts
}

fn bind(source: PathBuf, recursive: bool, propagation: Propagation) -> MountKind {
    MountKind::Bind {
        source,
        recursive,
        // What clients below API 1.44 get.
        readonly_recursive: false,
        restrictions: Restrictions::default(),
        propagation,
    }
}

fn join(mode: &Join, pid: Option<i32>) -> NsMode {
    match (mode, pid) {
        (Join::Host, _) => NsMode::Host,
        (Join::Container(_), Some(pid)) => NsMode::Of(pid),
        _ => NsMode::New,
    }
}

/// Two parameters let ordinary users ping and bind low ports, as in dockerd;
/// the client's values win.
fn sysctls(plan: &Plan, shifted: bool) -> std::collections::BTreeMap<String, String> {
    let mut all = std::collections::BTreeMap::new();
    if matches!(
        plan.network,
        Network::Bridge | Network::None | Network::Named(_)
    ) {
        all.insert("net.ipv4.ip_unprivileged_port_start".into(), "0".into());
        // A user namespace has no such groups.
        if !shifted {
            all.insert("net.ipv4.ping_group_range".into(), "0 2147483647".into());
        }
    }
    all.extend(plan.sysctls.clone());
    all
}

/// The system call filter. A profile that was good at create is good now.
fn seccomp(plan: &Plan, of_daemon: &DaemonSeccomp) -> Seccomp {
    let compiled = |profile| match seccomp::from_profile(profile, plan.capabilities) {
        Ok(filter) => filter,
        Err(error) => {
            tracing::error!(%error, "a seccomp profile became bad; the built-in one is used");
            Seccomp::Default
        }
    };
    match (&plan.security.seccomp, of_daemon) {
        (SeccompChoice::Unconfined, _) => Seccomp::Unconfined,
        (SeccompChoice::Builtin, _) => Seccomp::Default,
        (SeccompChoice::Profile(profile), _) => compiled(profile),
        (SeccompChoice::Default, _) if plan.privileged => Seccomp::Unconfined,
        (SeccompChoice::Default, DaemonSeccomp::Builtin) => Seccomp::Default,
        (SeccompChoice::Default, DaemonSeccomp::Unconfined) => Seccomp::Unconfined,
        (SeccompChoice::Default, DaemonSeccomp::Profile { profile, .. }) => compiled(profile),
    }
}

/// What the shim is to bind for these ports.
pub(crate) fn reservations(ports: &[Binding]) -> Vec<PortReservation> {
    use longshore_runtime::spec::Protocol;
    ports
        .iter()
        .map(|port| PortReservation {
            ip: port.host_ip,
            port: port.host_port,
            protocol: match port.protocol {
                LinkProtocol::Tcp => Protocol::Tcp,
                LinkProtocol::Udp => Protocol::Udp,
                LinkProtocol::Sctp => Protocol::Sctp,
            },
        })
        .collect()
}
