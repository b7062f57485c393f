//! Starting a container: from its plan to a running process, one step after
//! the other, and undone in reverse when one fails.
//!
//! ```text
//! prepare files ─> launch shim ─> Created ─> attach network ─> connect clients ─> Start ─> Started
//! ```
//!
//! Where there is nothing to attach or connect, `Start` goes along with the
//! specification.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use longshore_runtime::channel::{self, Event, Failure, FailureKind, Reply};
use longshore_runtime::log::reader::Position;
use longshore_runtime::spec::ContainerSpec;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::container::actor::at_nanos;
use crate::container::plan::Plan;
use crate::container::plan::mounts::{self, Source};
use crate::container::plan::namespaces;
use crate::container::record::{Files, Record};
use crate::container::shim::{Connection, Streams};
use crate::container::spec::{self, Places};
use crate::container::{devices, links, netfiles, volumes};
use crate::error::{Error, ErrorKind, IoContext, Result};
use crate::meta::{self, Durability};
use crate::network::{Endpoint, Reservation};
use crate::shared::Shared;
use crate::userns;

/// Setting up a container takes milliseconds; a machine under great load gets
/// a lot more before the start is given up.
const SETUP: Duration = Duration::from_secs(120);

/// How often ports are chosen for one start, as many times as in dockerd.
const PORT_TRIES: u32 = 10;

/// A container that runs.
pub(crate) struct Started {
    pub(crate) shim: Connection,
    pub(crate) pid: u32,
    pub(crate) at: Timestamp,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// A start that failed, with the exit code that clients see.
pub(crate) struct FailedStart {
    pub(crate) exit_code: i64,
    pub(crate) error: Error,
    /// Somebody took a port of the host between the choice and the start.
    lost_port: bool,
}

/// A client that wants the streams of a container that does not run yet.
#[derive(Debug)]
pub(crate) struct PendingAttach {
    pub(crate) streams: channel::Streams,
    pub(crate) to: oneshot::Sender<Streams>,
}

impl PendingAttach {
    /// Connects the client to the shim; tells where the log ended then. One that
    /// has left meanwhile is no error.
    pub(crate) async fn connect(self, run_dir: &Path) -> Result<Option<Position>> {
        if self.to.is_closed() {
            return Ok(None);
        }
        let connection = Connection::open(run_dir).await.context("attach")?;
        let request = channel::Request::Attach(self.streams);
        match connection.into_streams(&request).await.context("attach")? {
            Ok((reply, streams)) => {
                self.to.send(streams).ok();
                Ok(match reply {
                    Reply::Attached { log_end } => log_end,
                    _ => None,
                })
            }
            Err(failure) => Err(Error::system(failure.message)),
        }
    }
}

impl From<Error> for FailedStart {
    fn from(error: Error) -> FailedStart {
        FailedStart {
            exit_code: 128,
            error,
            lost_port: false,
        }
    }
}

impl From<Failure> for FailedStart {
    fn from(failure: Failure) -> FailedStart {
        let (exit_code, kind) = match failure.kind {
            FailureKind::NotFound => (127, ErrorKind::BadParameter),
            FailureKind::PermissionDenied => (126, ErrorKind::BadParameter),
            _ => (128, ErrorKind::System),
        };
        FailedStart {
            exit_code,
            error: Error {
                kind,
                message: failure.message,
            },
            lost_port: false,
        }
    }
}

/// Starts a container.
pub(crate) async fn launch(
    shared: &Shared,
    files: &Files,
    record: &Record,
    plan: &Plan,
    attaching: Vec<PendingAttach>,
) -> Result<Started, FailedStart> {
    let userns = shared.config.userns.as_ref();
    let shifted = userns.is_some() && !plan.userns_host;
    userns::check(plan, shifted)?;
    namespaces::check_sysctls(plan)?;
    mounts::check_tmpfs(&plan.mounts)?;
    let joined = spec::resolve_joins(&shared.registry, plan, shifted)?;
    let linked = links::resolve(&shared.registry, record, &plan.network)?;
    let devices = devices::request(&shared.config.cdi_spec_dirs, &record.host_config)?;
    prepare(files, record, plan)?;
    volumes::mount(shared, &record.id, &plan.mounts).await?;
    let layer = shared.images.container_layer(&record.id).context("layer")?;
    let run_dir = shared.run_dir(&record.id);
    let mut spec = spec::build(
        record,
        plan,
        &joined,
        Places {
            files,
            run_dir: &run_dir,
            layer: &layer,
            cgroup_parent: &shared.config.cgroup_parent,
            unified_cgroups: crate::system::unified_cgroups(),
            seccomp: &shared.config.seccomp,
            userns,
        },
        &linked.env,
    );
    devices.give(&mut spec);
    // A port that was free when it was chosen may be taken when the shim binds
    // it. The next choice leaves that one out.
    let mut tries = PORT_TRIES;
    let created = loop {
        let pending = Pending {
            shared,
            files,
            record,
            plan,
            links: &linked.hosts,
            to_attach: !attaching.is_empty(),
        };
        match pending.create(&mut spec).await {
            Err(failed) if failed.lost_port && tries > 1 => tries -= 1,
            outcome => break outcome?,
        }
    };
    let Created {
        mut shim,
        pid,
        endpoints,
        ports,
        at_once,
    } = created;
    volumes::publish_mounted(shared, &record.id, &plan.mounts);
    for client in attaching {
        if let Err(error) = client.connect(&run_dir).await {
            tracing::warn!(container = %record.id, %error, "a client could not be attached");
        }
    }
    match started(&mut shim, at_once).await {
        Ok(at) => {
            let zygote = shared.zygote.clone();
            // Without one the next start waits a little longer.
            tokio::task::spawn_blocking(move || zygote.keep_spare().ok());
            Ok(Started {
                shim,
                pid,
                at,
                endpoints,
            })
        }
        Err(failed) => {
            abandon(&mut shim).await;
            shared.network.detach(&record.id, &endpoints).await;
            for endpoint in &endpoints {
                shared.publish_network("disconnect", &record.id, endpoint);
            }
            volumes::publish_unmounted(shared, &record.id, &plan.mounts);
            if endpoints.is_empty() {
                shared.network.release(&record.id, ports.as_ref());
            }
            Err(failed)
        }
    }
}

/// Files that the mounts need: those of the network, and directories of the
/// host that `Binds` promises to make.
fn prepare(files: &Files, record: &Record, plan: &Plan) -> Result<()> {
    netfiles::write(
        files,
        netfiles::Content {
            plan,
            hostname: &record.config.hostname,
            addresses: &[],
            links: &[],
            gateway: None,
            names: false,
        },
    )?;
    for mount in &plan.mounts {
        if let Source::Bind {
            path, create: true, ..
        } = &mount.source
            && !path.exists()
        {
            fs::create_dir_all(path).context(format!(
                "error while creating mount source path '{}'",
                path.display()
            ))?;
        }
    }
    match fs::remove_file(files.exit_record()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context(files.exit_record().display())
        }
        _ => Ok(()),
    }
}

/// A container that is to be created.
struct Pending<'a> {
    shared: &'a Shared,
    files: &'a Files,
    record: &'a Record,
    plan: &'a Plan,
    /// Lines for the file of hosts.
    links: &'a [String],
    /// There are clients to connect before it starts.
    to_attach: bool,
}

/// A container that has been created.
struct Created {
    shim: Connection,
    pid: u32,
    endpoints: Vec<Endpoint>,
    ports: Option<Reservation>,
    /// It starts without being asked again.
    at_once: bool,
}

impl Pending<'_> {
    /// Chooses its ports, creates it and connects it to its network.
    async fn create(&self, spec: &mut ContainerSpec) -> Result<Created, FailedStart> {
        let Self {
            shared,
            files,
            record,
            plan,
            ..
        } = *self;
        let ports = shared.network.reserve(record, plan).await?;
        spec.ports = spec::reservations(ports.as_ref().map_or(&[], |held| held.ports.as_slice()));
        let at_once = !self.to_attach && !ports.as_ref().is_some_and(Reservation::is_bridged);
        let launched = async {
            let mut shim = Connection::to_new_shim(&shared.zygote).await?;
            shim.send(&*spec).await?;
            if at_once {
                // If it has failed by now, what it has said before tells why.
                shim.send(&channel::Request::Start).await.ok();
            }
            Ok::<_, std::io::Error>(shim)
        };
        let mut shim = match launched.await.context("launch") {
            Ok(shim) => shim,
            Err(error) => {
                shared.network.release(&record.id, ports.as_ref());
                return Err(error.into());
            }
        };
        let steps = async {
            let pid = created(&mut shim, &record.name).await?;
            let endpoints = match &ports {
                Some(held) => shared.network.attach(&record.id, pid, held, plan).await?,
                None => Vec::new(),
            };
            for endpoint in &endpoints {
                shared.publish_network("connect", &record.id, endpoint);
            }
            if !endpoints.is_empty() {
                // Should the daemon die before it notes the start, the next one
                // knows which addresses are taken.
                meta::write(&files.endpoints(), &endpoints, Durability::Process)?;
            }
            let links: Vec<_> = endpoints
                .iter()
                .filter_map(|end| end.link.as_ref())
                .collect();
            if let Some(first) = links.first() {
                let addresses = links.iter().flat_map(|link| link.addresses());
                let addresses: Vec<IpAddr> = addresses.collect();
                netfiles::write(
                    files,
                    netfiles::Content {
                        plan,
                        hostname: &record.config.hostname,
                        addresses: &addresses,
                        links: self.links,
                        gateway: Some(first.gateway.into()),
                        names: endpoints.iter().any(Endpoint::has_names),
                    },
                )?;
            }
            Ok::<_, FailedStart>((pid, endpoints))
        };
        let outcome = match timeout(SETUP, steps).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::system("setting the container up took too long").into()),
        };
        match outcome {
            Ok((pid, endpoints)) => Ok(Created {
                shim,
                pid,
                endpoints,
                ports,
                at_once,
            }),
            Err(failed) => {
                abandon(&mut shim).await;
                // It may have failed before or after it was connected.
                shared.network.detach_everywhere(&record.id).await;
                shared.network.release(&record.id, ports.as_ref());
                Err(failed)
            }
        }
    }
}

async fn created(shim: &mut Connection, name: &str) -> Result<u32, FailedStart> {
    match shim.event().await {
        Ok(Some(Event::Created { pid })) => Ok(u32::try_from(pid).unwrap_or(0)),
        Ok(Some(Event::Failed(failure))) => Err(named(failure, name)),
        Ok(Some(other)) => {
            Err(Error::system(format!("container supervisor: unexpected {other:?}")).into())
        }
        Ok(None) => Err(Error::system("container supervisor: ended during the start").into()),
        Err(error) => Err(Error::system(format!("container supervisor: {error}")).into()),
    }
}

/// The text of a port that somebody else has names the endpoint.
fn named(failure: Failure, name: &str) -> FailedStart {
    if failure.kind == FailureKind::PortAllocated {
        let error = Error::system(format!(
            "driver failed programming external connectivity on endpoint {name}: Bind for {} \
             failed: port is already allocated",
            failure.message
        ));
        return FailedStart {
            lost_port: true,
            ..error.into()
        };
    }
    failure.into()
}

/// Lets the program run, unless that was `asked` for before, and waits for it.
async fn started(shim: &mut Connection, asked: bool) -> Result<Timestamp, FailedStart> {
    if !asked {
        let reply = shim.request(&channel::Request::Start).await;
        if let Reply::Refused(failure) = reply.context("container supervisor")? {
            return Err(failure.into());
        }
    }
    match timeout(SETUP, shim.event()).await {
        Ok(Ok(Some(Event::Started { at }))) => Ok(at_nanos(at)),
        Ok(Ok(Some(Event::Failed(failure)))) => Err(failure.into()),
        other => Err(Error::system(format!("container supervisor: unexpected {other:?}")).into()),
    }
}

/// Ends a container that never ran. The shim goes with it.
async fn abandon(shim: &mut Connection) {
    let ended = async {
        shim.request(&channel::Request::KillAll).await.ok();
        while let Ok(Some(_)) = shim.event().await {}
    };
    timeout(Duration::from_secs(10), ended).await.ok();
}
