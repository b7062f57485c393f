//! Containers: what can be asked of them, by whatever name.

pub mod actor;
pub mod attach;
pub mod create;
mod devices;
pub mod files;
mod filter;
pub(crate) mod health;
pub(crate) mod inspect;
pub(crate) mod links;
pub mod list;
pub mod logs;
pub(crate) mod netfiles;
pub(crate) mod plan;
pub mod prune;
pub(crate) mod record;
pub mod registry;
mod restart;
pub(crate) mod shim;
mod spec;
mod start;
pub(crate) mod state;
pub mod stats;
pub mod top;
mod update;
pub(crate) mod volumes;
pub mod wait;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use longshore_api::filters::Filters;
use longshore_api::types::{
    ContainerInspectResponse, ContainerStats, ContainerSummary, ContainerUpdateRequest,
};
use longshore_runtime::channel::{Reply, Request as ShimRequest};
use longshore_runtime::spec::ConsoleSize;
use tokio::time::timeout;

use self::actor::{Answer, Command, Intent};
use self::attach::{AttachRequest, Attachment, Input, InputEnd};
use self::logs::{LogQuery, Logs};
use self::plan::signal;
use self::registry::{Handle, Quarantined, Snapshot};
use self::shim::{Connection, done};
use self::state::{Request, Subject, Verdict, decide, refuse};
use self::stats::Watcher;
use crate::error::{Error, IoContext, Result};
use crate::meta::Durability;
use crate::shared::Shared;
use crate::usage;

pub use self::actor::Done;
pub use self::create::{CreateRequest, Created};
pub use self::list::ListQuery;
pub use self::top::Table;
pub use self::wait::{WaitCondition, WaitOutcome, Waiting};

/// How long a process may take to die of SIGKILL before the client is told
/// that it does not.
const DEATH: Duration = Duration::from_secs(10);

/// Seconds that `stop` waits when neither client nor container say.
const STOP_TIMEOUT: i64 = 10;

/// The containers of an engine.
#[derive(Clone)]
pub struct Containers {
    shared: Arc<Shared>,
}

impl Containers {
    pub(crate) fn new(shared: Arc<Shared>) -> Containers {
        Containers { shared }
    }

    /// The containers that a query selects, newest first.
    pub async fn list(
        &self,
        query: &ListQuery,
        filters: &Filters,
    ) -> Result<Vec<ContainerSummary>> {
        let mut listed = list::list(&self.shared, query, filters)?;
        if query.size {
            usage::measure(&self.shared, &mut listed).await?;
        }
        Ok(listed)
    }

    /// Creates a container.
    pub async fn create(&self, request: CreateRequest) -> Result<Created> {
        self.create_as(crate::id::generate()?, request, Durability::Power)
            .await
    }

    /// Creates a container whose id somebody had to know before.
    pub(crate) async fn create_as(
        &self,
        id: String,
        request: CreateRequest,
        durability: Durability,
    ) -> Result<Created> {
        let shared = self.shared.clone();
        // It must run inside the runtime, but on a thread that may block.
        let runtime = tokio::runtime::Handle::current();
        let created = tokio::task::spawn_blocking(move || {
            let _inside = runtime.enter();
            create::create(&shared, id, request, durability)
        });
        created.await.context("create")?
    }

    /// All about one container. With `size` its files are measured.
    pub async fn inspect(&self, given: &str, size: bool) -> Result<ContainerInspectResponse> {
        let snapshot = self.get(given)?.snapshot();
        let shared = self.shared.clone();
        if !size {
            return inspect::inspect(&shared, &snapshot, false);
        }
        let inspected = move || inspect::inspect(&shared, &snapshot, true);
        tokio::task::spawn_blocking(inspected)
            .await
            .context("inspect")?
    }

    /// Starts a container.
    pub async fn start(&self, given: &str) -> Result<Done> {
        let handle = self.get(given)?;
        self.ask(&handle, given, |answer| Command::Start { answer })
            .await
    }

    /// Ends a container: its stop signal, and after `seconds` SIGKILL. It goes
    /// on when the caller leaves.
    pub async fn stop(&self, given: &str, seconds: Option<i64>) -> Result<Done> {
        let (this, given) = (self.clone(), given.to_owned());
        unattended(async move { this.stop_and_tell(&given, seconds).await }).await
    }

    /// Stops a container, if it runs, and starts it.
    pub async fn restart(&self, given: &str, seconds: Option<i64>) -> Result<()> {
        let (this, given) = (self.clone(), given.to_owned());
        let restart = async move {
            let handle = this.get(&given)?;
            let id = handle.snapshot().id().to_owned();
            this.stop_and_tell(&id, seconds).await?;
            this.ask(&handle, &id, |answer| Command::Start { answer })
                .await?;
            let snapshot = handle.snapshot();
            this.shared
                .publish_container(&snapshot.record, "restart", &[]);
            Ok(())
        };
        unattended(restart).await
    }

    /// Sends a signal, by name or number; SIGKILL when empty. Returns after
    /// the end for SIGKILL.
    pub async fn kill(&self, given: &str, signal: &str) -> Result<()> {
        let prefix = format!("Cannot kill container: {given}: ");
        let number = match signal {
            "" => signal::KILL,
            text => signal::parse(text).map_err(|error| match text.parse::<u32>() {
                Ok(1..) => error.prefixed(&prefix),
                _ => error,
            })?,
        };
        let handle = self.get(given).map_err(|error| match error.kind {
            crate::error::ErrorKind::NotFound => error.prefixed(&prefix),
            _ => error,
        })?;
        self.signal(&handle, given, number, Intent::Kill).await?;
        if number == signal::KILL {
            self.ended(&handle, DEATH).await?;
        }
        Ok(())
    }

    /// Freezes all processes.
    pub async fn pause(&self, given: &str) -> Result<()> {
        let handle = self.get(given)?;
        self.ask(&handle, given, |answer| Command::Pause { answer })
            .await
    }

    /// Lets frozen processes go on.
    pub async fn unpause(&self, given: &str) -> Result<()> {
        let handle = self.get(given)?;
        self.ask(&handle, given, |answer| Command::Unpause { answer })
            .await
    }

    /// Waits for what the condition says. The future answers late; that the
    /// container exists is checked at once.
    pub fn wait(&self, given: &str, condition: WaitCondition) -> Result<Waiting> {
        wait::wait(&self.shared, given, condition)
    }

    /// Reads the log.
    pub fn logs(&self, given: &str, query: LogQuery) -> Result<Logs> {
        logs::read(&self.shared, &self.get(given)?, given, query)
    }

    /// Connects a client to the streams. One that comes before the start gets
    /// the first byte.
    pub async fn attach(&self, given: &str, request: AttachRequest) -> Result<Attachment> {
        let handle = self.get(given)?;
        let snapshot = handle.snapshot();
        allow(&snapshot, Request::Attach, given)?;
        let tty = snapshot.plan.tty;
        let keys = attach::keys(&request.detach_keys, tty)?;
        let output = request.stdout || request.stderr;
        let attached = if request.stream && (output || request.stdin) {
            let streams = request.streams(tty);
            let command = |answer| Command::Attach {
                streams,
                given: given.to_owned(),
                answer,
            };
            Some(self.ask(&handle, given, command).await?)
        } else {
            None
        };
        let logs = if request.logs && output {
            let query = LogQuery {
                stdout: request.stdout,
                stderr: request.stderr,
                // What comes later is in the streams.
                end: attached.as_ref().and_then(|attached| attached.log_end),
                ..LogQuery::default()
            };
            Some(logs::read(&self.shared, &handle, given, query)?)
        } else {
            None
        };
        let streams = attached.map(|attached| attached.streams);
        let end = if snapshot.plan.stdin.once && !tty {
            InputEnd::Process
        } else {
            InputEnd::Detach
        };
        let shared = self.shared.clone();
        Ok(Attachment {
            tty,
            logs,
            streams,
            input: Input {
                forward: request.stdin && snapshot.plan.stdin.open,
                end,
                keys,
            },
            on_detach: Box::new(move || {
                shared.publish_container(&snapshot.record, "detach", &[]);
            }),
        })
    }

    /// Sets the size of the terminal.
    pub async fn resize(&self, given: &str, rows: u16, cols: u16) -> Result<()> {
        let snapshot = self.get(given)?.snapshot();
        allow(&snapshot, Request::Resize, given)?;
        let request = ShimRequest::Resize {
            exec: None,
            size: ConsoleSize { rows, cols },
        };
        let reply = self.ask_shim(&snapshot, &request).await?;
        done(reply).map_err(|failure| Error::system(failure.message))?;
        let size = [("height", rows.to_string()), ("width", cols.to_string())];
        self.shared
            .publish_container(&snapshot.record, "resize", &size);
        Ok(())
    }

    /// The processes in the columns that `ps_args` asks for.
    pub async fn top(&self, given: &str, ps_args: &str) -> Result<Table> {
        let snapshot = self.get(given)?.snapshot();
        allow(&snapshot, Request::Top, given)?;
        let pids = match self.ask_shim(&snapshot, &ShimRequest::Pids).await? {
            Reply::Pids(pids) => pids,
            Reply::Refused(failure) => return Err(Error::system(failure.message)),
            _ => Vec::new(),
        };
        let mut pids: Vec<u32> = pids
            .into_iter()
            .filter_map(|pid| u32::try_from(pid).ok())
            .collect();
        pids.sort_unstable();
        let table = top::table(&pids, ps_args)?;
        self.shared.publish_container(&snapshot.record, "top", &[]);
        Ok(table)
    }

    /// Watches what a container uses, second by second. It goes on when the
    /// container stops, and ends when it is removed.
    pub fn stats(&self, given: &str) -> Result<Watcher> {
        Ok(stats::watch(&self.shared, &self.get(given)?))
    }

    /// What a container uses now, beside what it used about a second ago. One
    /// that does not run is answered at once.
    pub async fn stats_once(&self, given: &str) -> Result<ContainerStats> {
        let handle = self.get(given)?;
        if !handle.snapshot().state.phase.has_process() {
            return Ok(stats::at_rest(&handle));
        }
        let mut watcher = stats::watch(&self.shared, &handle);
        let first = watcher.next().await;
        let second = watcher.next().await;
        second
            .or(first)
            .ok_or_else(|| Error::no_such_container(given))
    }

    /// Changes limits and restart policy, of a running container at once.
    /// Answers warnings; none at all is no list.
    pub async fn update(
        &self,
        given: &str,
        request: ContainerUpdateRequest,
    ) -> Result<Option<Vec<String>>> {
        let handle = self.get(given)?;
        let (change, warnings) = update::Change::parse(request)?;
        let change = Box::new(change);
        self.ask(&handle, given, |answer| Command::Update { change, answer })
            .await?;
        Ok(Some(warnings).filter(|list| !list.is_empty()))
    }

    /// Gives a container another name.
    pub async fn rename(&self, given: &str, name: &str) -> Result<()> {
        if given.is_empty() || name.is_empty() {
            return Err(Error::bad_parameter(
                "Neither old nor new names may be empty",
            ));
        }
        let handle = self.get(given)?;
        if handle.snapshot().record.name == name.trim_start_matches('/') {
            return Err(Error::bad_parameter(
                "Renaming a container with the same name as its current name",
            ));
        }
        let name = name.to_owned();
        self.ask(&handle, given, |answer| Command::Rename { name, answer })
            .await
    }

    /// Removes a container. With `force` it is killed first.
    pub async fn remove(&self, given: &str, force: bool) -> Result<()> {
        self.remove_with(given, force, false).await
    }

    /// Removes a container and, with `volumes`, those of its volumes that have
    /// no name and no other user.
    pub async fn remove_with(&self, given: &str, force: bool, volumes: bool) -> Result<()> {
        let (this, given) = (self.clone(), given.to_owned());
        let removal = async move {
            let handle = this.get(&given)?;
            if force && handle.snapshot().state.phase.counts_as_running() {
                let killed = this
                    .signal(&handle, &given, signal::KILL, Intent::Stop)
                    .await;
                if killed.is_ok() {
                    this.ended(&handle, DEATH).await?;
                }
                // The end may have removed it already.
                if handle.snapshot().plan.auto_remove {
                    let gone = handle.until(|now| now.settled).await;
                    if gone.state.phase == state::Phase::Removed {
                        return Ok(());
                    }
                }
            }
            let command = |answer| Command::Remove {
                given: given.clone(),
                volumes,
                answer,
            };
            this.ask(&handle, &given, command).await
        };
        unattended(removal).await
    }

    /// Takes a link away: `parent/alias` is no name of the child any more.
    pub async fn unlink(&self, given: &str) -> Result<()> {
        let name = given.trim_start_matches('/');
        // It must mean a container, whatever the form.
        self.get(name)?;
        let Some((parent, alias)) = name.split_once('/') else {
            return Err(Error::system(
                "Conflict, cannot remove the default link name of the container",
            ));
        };
        let handle = self.get(parent)?;
        let alias = alias.to_owned();
        self.ask(&handle, given, |answer| Command::Unlink { alias, answer })
            .await
    }

    /// Records that could not be read at the start.
    pub fn quarantined(&self) -> Vec<Quarantined> {
        self.shared.registry.quarantined()
    }

    fn get(&self, given: &str) -> Result<Handle> {
        self.shared.registry.get(given)
    }

    async fn stop_and_tell(&self, given: &str, seconds: Option<i64>) -> Result<Done> {
        let handle = self.get(given)?;
        let plan = handle.snapshot().plan.clone();
        let asked = self
            .signal(&handle, given, plan.stop_signal, Intent::Stop)
            .await?;
        if asked == Done::Already {
            return Ok(Done::Already);
        }
        let seconds = seconds.or(plan.stop_timeout).unwrap_or(STOP_TIMEOUT);
        let patience = u64::try_from(seconds).map(Duration::from_secs);
        let ended = match patience {
            Ok(patience) => self.ended(&handle, patience).await.is_ok(),
            Err(_) => {
                handle.until(has_ended).await;
                true
            }
        };
        if !ended {
            self.signal(&handle, given, signal::KILL, Intent::Stop)
                .await?;
            self.ended(&handle, DEATH).await?;
        }
        let snapshot = handle.snapshot();
        self.shared.publish_container(&snapshot.record, "stop", &[]);
        Ok(Done::Now)
    }

    async fn signal(
        &self,
        handle: &Handle,
        given: &str,
        signal: i32,
        intent: Intent,
    ) -> Result<Done> {
        let command = |answer| Command::Signal {
            signal,
            intent,
            given: given.to_owned(),
            answer,
        };
        self.ask(handle, given, command).await
    }

    /// Waits for the end of the life that was just signalled. Others may start
    /// the container again before anybody here has seen it at rest: a process
    /// of another life says the same.
    async fn ended(&self, handle: &Handle, patience: Duration) -> Result<()> {
        let signalled = handle.snapshot().state.pid;
        let over =
            |now: &Snapshot| has_ended(now) || (now.state.pid != 0 && now.state.pid != signalled);
        match timeout(patience, handle.until(over)).await {
            Ok(_) => Ok(()),
            Err(_) => {
                let pid = handle.snapshot().state.pid;
                Err(Error::system(format!(
                    "tried to kill container, but did not receive an exit event (process {pid} \
                     does not die)"
                )))
            }
        }
    }

    /// Sends a command to the container's owner and waits for the answer. An
    /// owner that is gone has removed the container.
    async fn ask<T>(
        &self,
        handle: &Handle,
        given: &str,
        command: impl FnOnce(Answer<T>) -> Command,
    ) -> Result<T> {
        handle.ask(given, command).await
    }

    async fn ask_shim(&self, snapshot: &Snapshot, request: &ShimRequest) -> Result<Reply> {
        let run_dir = self.shared.run_dir(snapshot.id());
        // It may end at any moment, also between question and answer.
        let ended = |error: io::Error| match error.kind() {
            io::ErrorKind::TimedOut => Error::system(format!("container supervisor: {error}")),
            _ => Error::conflict(format!("Container {} is not running", snapshot.id())),
        };
        let mut shim = Connection::open(&run_dir).await.map_err(ended)?;
        shim.request(request).await.map_err(ended)
    }
}

fn has_ended(snapshot: &Snapshot) -> bool {
    !snapshot.state.phase.counts_as_running() && snapshot.settled
}

/// Refuses what the phase does not allow, for requests that change nothing.
pub(crate) fn allow(snapshot: &Snapshot, request: Request, given: &str) -> Result<()> {
    let phase = snapshot.state.phase;
    match decide(phase, request) {
        Verdict::Refuse(refusal) => {
            let id = snapshot.id();
            Err(refuse(request, refusal, Subject { id, given, phase }))
        }
        _ => Ok(()),
    }
}

/// Runs to its end even if the caller stops waiting.
pub(crate) async fn unattended<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await.context("task")?
}
