//! The task that owns one container. It alone changes the container's state:
//! a request comes by mail, the policy decides, then the new state is
//! persisted, shown, told as an event, and answered, in this order.

mod ending;
mod networks;
mod running;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use longshore_api::types::EndpointSettings;
use longshore_runtime::channel::{self, Event, ExecState, ExitRecord, FailureKind};
use longshore_runtime::log::reader::Position;
use tokio::sync::{RwLock, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::container::health::monitor::Monitor;
use crate::container::health::{Health, Probe};
use crate::container::links;
use crate::container::plan::Plan;
use crate::container::record::{Files, Record};
use crate::container::registry::{Handle, Snapshot};
use crate::container::restart::Backoff;
use crate::container::shim::{Connection, Streams, done};
use crate::container::start::{self, PendingAttach};
use crate::container::state::{Desired, Phase, Request, State, Subject, Verdict, decide, refuse};
use crate::container::update::{self, Change};
use crate::container::volumes;
use crate::error::{Error, Result};
use crate::events::EventKind;
use crate::meta::Durability;
use crate::names;
use crate::network::Network;
use crate::shared::Shared;

/// Requests that may wait for a container; more senders wait in line.
const MAILBOX: usize = 64;

/// How long a new run waits for the last one to be cleaned up.
pub(crate) const CLEANUP: Duration = Duration::from_secs(10);

/// The answer to a request.
pub(crate) type Answer<T> = oneshot::Sender<Result<T>>;

/// Whether something was done or was so already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It was done.
    Now,
    /// There was nothing to do.
    Already,
}

/// Why a signal is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// A client asked for this very signal.
    Kill,
    /// The container shall end.
    Stop,
}

/// A client that is, or will be, connected to the streams.
#[derive(Debug)]
pub(crate) struct Attached {
    /// The streams, from when the container runs.
    pub(crate) streams: oneshot::Receiver<Streams>,
    /// Where the log ends and they begin.
    pub(crate) log_end: Option<Position>,
}

/// A request to the owner of a container. `given` is the name the client used,
/// which some refusals repeat.
#[derive(Debug)]
pub(crate) enum Command {
    Start {
        answer: Answer<Done>,
    },
    Signal {
        signal: i32,
        intent: Intent,
        given: String,
        answer: Answer<Done>,
    },
    Pause {
        answer: Answer<()>,
    },
    Unpause {
        answer: Answer<()>,
    },
    /// The streams come when the container runs: at once, or at its next start
    /// before its first byte.
    Attach {
        streams: channel::Streams,
        given: String,
        answer: Answer<Attached>,
    },
    Rename {
        name: String,
        answer: Answer<()>,
    },
    Remove {
        given: String,
        /// Also its volumes without a name.
        volumes: bool,
        answer: Answer<()>,
    },
    /// Other limits, another restart policy.
    Update {
        change: Box<Change>,
        answer: Answer<()>,
    },
    /// Keeps a container that does not run from being started while somebody
    /// writes to its layer.
    Lease {
        answer: Answer<Option<Lease>>,
    },
    /// Connects it to a network.
    Connect {
        network: Arc<Network>,
        settings: Box<EndpointSettings>,
        answer: Answer<()>,
    },
    /// Takes it off a network.
    Disconnect {
        network: Arc<Network>,
        answer: Answer<()>,
    },
    /// Forgets the link to a child, by its alias.
    Unlink {
        alias: String,
        answer: Answer<()>,
    },
}

/// The right to write to the layer of a container that does not run.
pub(crate) type Lease = tokio::sync::OwnedRwLockReadGuard<()>;

/// How a container is found when its owner begins.
pub(crate) enum Beginning {
    /// It was just created.
    New,
    /// It ended, or never ran; how its last run ended, where that is recorded.
    Idle(Option<ExitRecord>),
    /// Its shim was found, with these execs.
    Adopted(Connection, Vec<ExecState>),
    /// It ended while no daemon watched.
    Ended(ExitRecord),
}

pub(crate) struct Actor {
    shared: Arc<Shared>,
    files: Files,
    record: Arc<Record>,
    plan: Arc<Plan>,
    state: State,
    exits: u64,
    shim: Option<Connection>,
    /// The shim of the last run, until it has cleaned up after itself.
    ending: Option<Connection>,
    attaching: Vec<PendingAttach>,
    /// Read by those who write to the layer while no process does.
    layer: Arc<RwLock<()>>,
    /// Clients whose start waits for them.
    starting: Vec<Answer<Done>>,
    backoff: Backoff,
    restart_at: Option<Instant>,
    /// Who asks for its health, while it runs.
    monitor: Option<Monitor>,
    view: watch::Sender<Arc<Snapshot>>,
    mailbox: mpsc::Receiver<Command>,
}

/// What came of a request to the shim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Done,
    /// The container has ended meanwhile.
    Ended,
}

enum Turn {
    Command(Option<Command>),
    Event(std::io::Result<Option<Event>>),
    Restart,
    /// Nobody writes to the layer any more.
    Free,
    Health(Probe),
}

impl Actor {
    /// Begins to own a container and makes it visible.
    pub(crate) fn spawn(
        shared: &Arc<Shared>,
        record: Record,
        plan: Plan,
        state: State,
        beginning: Beginning,
    ) -> Handle {
        let record = Arc::new(record);
        let plan = Arc::new(plan);
        let (sender, mailbox) = mpsc::channel(MAILBOX);
        let (view, seen) = watch::channel(Arc::new(Snapshot {
            record: record.clone(),
            plan: plan.clone(),
            state: state.clone(),
            exits: 0,
            settled: true,
        }));
        let handle = Handle::new(sender, seen);
        shared.registry.insert(&record.id, handle.clone());
        let actor = Actor {
            files: shared.files(&record.id),
            shared: shared.clone(),
            record,
            plan,
            state,
            exits: 0,
            shim: None,
            ending: None,
            attaching: Vec::new(),
            layer: Arc::default(),
            starting: Vec::new(),
            backoff: Backoff::default(),
            restart_at: None,
            monitor: None,
            view,
            mailbox,
        };
        tokio::spawn(actor.run(beginning));
        handle
    }

    async fn run(mut self, beginning: Beginning) {
        self.begin(beginning).await;
        while self.state.phase != Phase::Removed {
            let turn = tokio::select! {
                // Events first: a request must see that the container ended.
                biased;
                event = next_event(&mut self.shim) => Turn::Event(event),
                command = self.mailbox.recv() => Turn::Command(command),
                () = at(self.restart_at), if self.is_free() => Turn::Restart,
                () = free(&self.layer), if self.waits_for_layer() => Turn::Free,
                probe = answer(&mut self.monitor) => Turn::Health(probe),
            };
            match turn {
                Turn::Event(Ok(Some(event))) => self.on_event(event).await,
                Turn::Event(lost) => self.on_shim_lost(lost.err()).await,
                Turn::Command(Some(command)) => self.on_command(command).await,
                Turn::Command(None) => return,
                Turn::Restart => self.restart().await,
                Turn::Free => self.on_free().await,
                Turn::Health(probe) => self.on_probe(probe),
            }
        }
    }

    async fn begin(&mut self, beginning: Beginning) {
        match beginning {
            // Whoever created it tells so.
            Beginning::New => {}
            Beginning::Idle(_) => self.after_daemon_start().await,
            Beginning::Adopted(shim, _) => {
                self.shim = Some(shim);
                self.watch_health();
            }
            Beginning::Ended(exit) => {
                self.on_exit(exit).await;
                if self.restart_at.is_none() {
                    self.after_daemon_start().await;
                }
            }
        }
    }

    /// What the restart policy says of a container that is found ended.
    async fn after_daemon_start(&mut self) {
        let ended = matches!(self.state.phase, Phase::Exited | Phase::Restarting);
        if self.state.phase == Phase::Removing || (ended && self.plan.auto_remove) {
            self.remove(true).await.ok();
        } else if ended && self.plan.restart.at_daemon_start(&self.state) {
            self.restart_at = Some(Instant::now());
        } else if self.state.phase == Phase::Restarting {
            self.state.phase = Phase::Exited;
            self.persist(Durability::Process);
        }
    }

    async fn on_command(&mut self, command: Command) {
        // An answer that nobody waits for any more is no error.
        match command {
            Command::Start { answer } if !self.is_free() => self.starting.push(answer),
            Command::Start { answer } => {
                let result = self.on_start().await;
                answer.send(result).ok();
            }
            Command::Signal {
                signal,
                intent,
                given,
                answer,
            } => {
                let result = self.on_signal(signal, intent, &given).await;
                answer.send(result).ok();
            }
            Command::Pause { answer } => {
                let result = self.on_pause().await;
                answer.send(result).ok();
            }
            Command::Unpause { answer } => {
                let result = self.on_unpause().await;
                answer.send(result).ok();
            }
            Command::Attach {
                streams,
                given,
                answer,
            } => {
                let result = self.on_attach(streams, &given).await;
                answer.send(result).ok();
            }
            Command::Rename { name, answer } => {
                let result = self.on_rename(&name);
                answer.send(result).ok();
            }
            Command::Remove {
                given,
                volumes,
                answer,
            } => {
                let result = match self.allow(Request::Remove, &given) {
                    Ok(_) => self.remove(volumes).await,
                    Err(error) => Err(error),
                };
                answer.send(result).ok();
            }
            Command::Update { change, answer } => {
                let result = self.on_update(&change).await;
                answer.send(result).ok();
            }
            Command::Lease { answer } => {
                let lease = match self.state.phase.has_process() {
                    true => None,
                    false => self.layer.clone().try_read_owned().ok(),
                };
                answer.send(Ok(lease)).ok();
            }
            Command::Connect {
                network,
                settings,
                answer,
            } => {
                let result = self.on_connect(network, *settings).await;
                answer.send(result).ok();
            }
            Command::Disconnect { network, answer } => {
                let result = self.on_disconnect(&network).await;
                answer.send(result).ok();
            }
            Command::Unlink { alias, answer } => {
                let result = self.on_unlink(&alias);
                answer.send(result).ok();
            }
        }
    }

    /// Whether nobody but its own processes writes to the layer.
    fn is_free(&self) -> bool {
        self.layer.try_write().is_ok()
    }

    fn waits_for_layer(&self) -> bool {
        !self.starting.is_empty() || (self.restart_at.is_some() && !self.is_free())
    }

    async fn on_free(&mut self) {
        for answer in std::mem::take(&mut self.starting) {
            let result = self.on_start().await;
            answer.send(result).ok();
        }
    }

    async fn on_start(&mut self) -> Result<Done> {
        // A client's wish does not wait for the restart policy's.
        if self.allow(Request::Start, "")? == Done::Already {
            return Ok(Done::Already);
        }
        self.state.restart_count = 0;
        self.backoff = Backoff::default();
        let result = self.start().await;
        if result.is_err() && self.plan.auto_remove {
            self.remove(true).await.ok();
        }
        result.map(|()| Done::Now)
    }

    async fn start(&mut self) -> Result<()> {
        self.restart_at = None;
        self.state.desired = Desired::Running;
        self.wait_for_cleanup().await;
        let attaching = std::mem::take(&mut self.attaching);
        let started = start::launch(
            &self.shared,
            &self.files,
            &self.record,
            &self.plan,
            attaching,
        )
        .await;
        match started {
            Ok(started) => {
                self.state.phase = Phase::Running;
                self.state.pid = started.pid;
                self.state.exit_code = 0;
                self.state.error.clear();
                self.state.oom_killed = false;
                self.state.started_at = Some(started.at);
                self.state.endpoints = started.endpoints;
                self.state.health = match self.plan.health {
                    Some(_) => Some(Health::at_start(self.state.health.take())),
                    None => None,
                };
                self.shim = Some(started.shim);
                self.persist(Durability::Process);
                self.files.settle_state();
                self.show(false);
                self.publish("start", &[]);
                self.show(true);
                self.watch_health();
                links::tell_parents(&self.shared, &self.record.id);
                Ok(())
            }
            Err(failed) => {
                volumes::unmount(&self.shared, &self.record.id, &self.record.mounts).await;
                self.state.phase = match self.state.started_at {
                    Some(_) => Phase::Exited,
                    None => Phase::Created,
                };
                self.state.desired = Desired::Stopped;
                self.state.exit_code = failed.exit_code;
                self.state.error.clone_from(&failed.error.message);
                self.state.endpoints.clear();
                self.persist(Durability::Process);
                self.exits += 1;
                self.show(true);
                Err(failed.error)
            }
        }
    }

    /// A new run uses the same cgroup and run directory as the last: its shim
    /// closes the connection when it has taken them away.
    async fn wait_for_cleanup(&mut self) {
        if let Some(mut shim) = self.ending.take() {
            let cleaned = async { while let Ok(Some(_)) = shim.event().await {} };
            if timeout(CLEANUP, cleaned).await.is_err() {
                tracing::warn!(container = %self.record.id, "the last run is not cleaned up yet");
            }
        }
    }

    async fn restart(&mut self) {
        if let Err(error) = self.start().await {
            tracing::warn!(container = %self.record.id, %error, "restart failed");
        }
    }

    async fn on_attach(&mut self, streams: channel::Streams, given: &str) -> Result<Attached> {
        self.allow(Request::Attach, given)?;
        let (to, from) = oneshot::channel();
        let attach = PendingAttach { streams, to };
        let log_end = if self.state.phase == Phase::Running {
            attach
                .connect(&self.shared.run_dir(&self.record.id))
                .await?
        } else {
            self.attaching.retain(|other| !other.to.is_closed());
            self.attaching.push(attach);
            let place = self.plan.log.place(&self.record.id, self.files.dir());
            // Nothing of the log is as good as a log that cannot be looked at.
            place.and_then(|(dir, name)| Position::end_of(&dir, &name).ok()?)
        };
        self.publish("attach", &[]);
        Ok(Attached {
            streams: from,
            log_end,
        })
    }

    fn on_rename(&mut self, given: &str) -> Result<()> {
        let prefix = "Error when allocating new name: ";
        // dockerd shows a new name as it keeps it, with a slash.
        let slashed = match given.starts_with('/') {
            true => given.to_owned(),
            false => format!("/{given}"),
        };
        let name = names::validate(&slashed).map_err(|error| error.prefixed(prefix))?;
        let old = self.record.name.clone();
        self.shared
            .registry
            .rename(&self.record.id, name)
            .map_err(|error| error.prefixed(prefix))?;
        let renamed = Record {
            name: name.to_owned(),
            ..(*self.record).clone()
        };
        if let Err(error) = self.files.write_record(&renamed) {
            self.shared.registry.rename(&self.record.id, &old)?;
            return Err(error);
        }
        self.record = Arc::new(renamed);
        self.tell_name(&old);
        self.show(true);
        self.publish("rename", &[("oldName", format!("/{old}"))]);
        Ok(())
    }

    /// The record first: should the daemon die now, the next start has the new
    /// limits. Refused by the kernel, everything is as it was.
    async fn on_update(&mut self, change: &Change) -> Result<()> {
        let changed = change.apply(&self.record, &self.plan, self.state.phase)?;
        self.files.write_record(&changed.record)?;
        if self.state.phase.has_process() {
            let ask = channel::Request::Update(Box::new(changed.live));
            // One that ends meanwhile starts with the new limits.
            if let Err(error) = self.ask(&ask).await {
                self.files.write_record(&self.record)?;
                return Err(update::cannot(&self.record.id, error));
            }
        }
        self.record = Arc::new(changed.record);
        self.plan = Arc::new(changed.plan);
        self.show(true);
        self.publish("update", &[]);
        Ok(())
    }

    fn on_unlink(&mut self, alias: &str) -> Result<()> {
        let mut changed = (*self.record).clone();
        let place = changed.links.iter().position(|l| l.alias() == alias);
        let Some(place) = place else {
            let given = format!("{}/{alias}", self.record.name);
            return Err(Error::no_such_container(&given));
        };
        let link = changed.links.remove(place);
        self.files.write_record(&changed)?;
        self.record = Arc::new(changed);
        self.show(true);
        links::forget(&self.shared, &self.record.id, &link);
        Ok(())
    }

    fn allow(&self, request: Request, given: &str) -> Result<Done> {
        let phase = self.state.phase;
        match decide(phase, request) {
            Verdict::Accept => Ok(Done::Now),
            Verdict::Ignore => Ok(Done::Already),
            Verdict::Refuse(refusal) => {
                let id = &self.record.id;
                Err(refuse(request, refusal, Subject { id, given, phase }))
            }
        }
    }

    /// Asks the shim for something that it either does or refuses. A container
    /// that ends at this very moment is taken note of: whoever asked decides
    /// anew.
    async fn ask(&mut self, request: &channel::Request) -> Result<Asked> {
        let Some(shim) = &mut self.shim else {
            return Ok(Asked::Ended);
        };
        match shim.request(request).await.map(done) {
            Ok(Ok(())) => return Ok(Asked::Done),
            Ok(Err(failure)) if failure.kind != FailureKind::WrongPhase => {
                return Err(Error::system(failure.message));
            }
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                return Err(Error::system(format!("container supervisor: {error}")));
            }
            _ => {}
        }
        // It has ended, or is about to say so.
        while let Some(shim) = &mut self.shim {
            match timeout(CLEANUP, shim.event()).await {
                Ok(Ok(Some(event))) => self.on_event(event).await,
                Ok(lost) => self.on_shim_lost(lost.err()).await,
                Err(_) => {
                    let text = "container supervisor: the end of the container is not told";
                    return Err(Error::system(text));
                }
            }
        }
        Ok(Asked::Ended)
    }

    /// A state that cannot be written (a full disk) is still shown: what
    /// happened has happened.
    fn persist(&self, durability: Durability) {
        if let Err(error) = self.files.write_state(&self.state, durability) {
            tracing::error!(container = %self.record.id, %error, "state not kept");
        }
    }

    fn show(&self, settled: bool) {
        self.view.send_replace(Arc::new(Snapshot {
            record: self.record.clone(),
            plan: self.plan.clone(),
            state: self.state.clone(),
            exits: self.exits,
            settled,
        }));
    }

    fn publish(&self, action: &str, more: &[(&str, String)]) {
        self.shared.publish_container(&self.record, action, more);
    }
}

/// Labels, image and name, which every event of a container carries.
pub(crate) fn attributes(record: &Record, more: &[(&str, String)]) -> BTreeMap<String, String> {
    let mut attributes = record.config.labels.clone().unwrap_or_default();
    attributes.insert("image".into(), record.config.image.clone());
    attributes.insert("name".into(), record.name.clone());
    for (key, value) in more {
        attributes.insert((*key).to_owned(), value.clone());
    }
    attributes
}

/// A time of the shim.
pub(crate) fn at_nanos(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Waits until nobody reads the lock.
async fn free(layer: &RwLock<()>) {
    drop(layer.write().await);
}

async fn next_event(shim: &mut Option<Connection>) -> std::io::Result<Option<Event>> {
    match shim {
        Some(shim) => shim.event().await,
        None => std::future::pending().await,
    }
}

async fn answer(monitor: &mut Option<Monitor>) -> Probe {
    match monitor {
        Some(monitor) => monitor.answer().await,
        None => std::future::pending().await,
    }
}

async fn at(when: Option<Instant>) {
    match when {
        Some(when) => sleep_until(when).await,
        None => std::future::pending().await,
    }
}

impl Shared {
    /// Tells that something happened to a container.
    pub(crate) fn publish_container(&self, record: &Record, action: &str, more: &[(&str, String)]) {
        self.events.publish(
            EventKind::Container,
            action,
            record.id.clone(),
            attributes(record, more),
        );
    }
}
