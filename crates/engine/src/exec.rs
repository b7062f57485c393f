//! Processes run in a container besides the first. An exec is created, started
//! once, and stays visible for a while after its end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use longshore_runtime::caps::CapabilitySet;
use longshore_runtime::channel::{ExecRequest, FailureKind, Reply, Request, Streams as Wanted};
use longshore_runtime::spec::{ConsoleSize, ProcessSpec};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::container::attach::{self, DetachKeys, Ended, Input, InputEnd};
use crate::container::links;
use crate::container::registry::Snapshot;
use crate::container::shim::{Connection, Streams, done};
use crate::container::state::{self, Subject, Verdict, decide, refuse};
use crate::error::{Error, Result};
use crate::id;
use crate::shared::Shared;

/// How long an exec that ended can be inspected.
const KEPT: Duration = Duration::from_secs(5 * 60);

/// How long the end of the output waits for the end of the process, so that a
/// client that asks for the exit code right after finds it.
const EXIT_AFTER_OUTPUT: Duration = Duration::from_secs(2);

/// What a client wants to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecConfig {
    /// Program and arguments.
    pub command: Vec<String>,
    /// Added to the container's environment.
    pub env: Vec<String>,
    /// User, empty for the container's.
    pub user: String,
    /// Working directory, empty for the container's.
    pub working_dir: String,
    /// All capabilities.
    pub privileged: bool,
    /// A terminal of its own.
    pub tty: bool,
    /// The client will send standard input.
    pub attach_stdin: bool,
    /// The client will receive standard output.
    pub attach_stdout: bool,
    /// The client will receive standard error.
    pub attach_stderr: bool,
    /// Keys to detach, empty for the default.
    pub detach_keys: String,
}

/// What is known of an exec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecInfo {
    /// Its id.
    pub id: String,
    /// Full id of its container.
    pub container: String,
    /// What was asked for.
    pub config: ExecConfig,
    /// Where it is.
    pub phase: ExecPhase,
}

/// Where an exec is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExecPhase {
    /// Created, not started.
    Created,
    /// Being started.
    Starting,
    /// Running with this host pid.
    Running(i32),
    /// Ended with this code; the pid it had.
    Ended {
        /// Exit code.
        exit_code: i32,
        /// Process id it had on the host, 0 if it never ran.
        pid: i32,
    },
}

/// The execs of an engine.
#[derive(Clone)]
pub struct ExecArea {
    shared: Arc<Shared>,
}

impl ExecArea {
    pub(crate) fn new(shared: Arc<Shared>) -> ExecArea {
        ExecArea { shared }
    }

    /// Prepares a process in a container that runs; returns its id.
    pub fn create(&self, container: &str, config: ExecConfig) -> Result<String> {
        create(&self.shared, container, config)
    }

    /// Claims an exec for its one start. `tty` chooses whether the client gets
    /// raw bytes or frames, `console_size` is lines and columns.
    pub fn start(
        &self,
        given: &str,
        tty: bool,
        console_size: Option<(u16, u16)>,
    ) -> Result<ExecSession> {
        claim(&self.shared, given, tty, console_size)
    }

    /// What is known of an exec.
    pub fn inspect(&self, given: &str) -> Result<ExecInfo> {
        inspect(&self.shared, given)
    }

    /// Sets the size of its terminal.
    pub async fn resize(&self, given: &str, rows: u16, cols: u16) -> Result<()> {
        resize(&self.shared, given, rows, cols).await
    }
}

/// All execs.
#[derive(Default)]
pub(crate) struct Execs {
    all: Mutex<HashMap<String, Arc<Exec>>>,
}

struct Exec {
    id: String,
    container: String,
    config: ExecConfig,
    keys: Option<DetachKeys>,
    phase: watch::Sender<ExecPhase>,
    ended_at: Mutex<Option<Instant>>,
}

impl Exec {
    fn end(&self, exit_code: i32) {
        self.phase.send_modify(|phase| {
            let pid = match *phase {
                ExecPhase::Running(pid) => pid,
                ExecPhase::Ended { .. } => return,
                _ => 0,
            };
            *phase = ExecPhase::Ended { exit_code, pid };
        });
        let mut ended_at = self.ended_at.lock().unwrap_or_else(PoisonError::into_inner);
        ended_at.get_or_insert_with(Instant::now);
    }

    fn is_stale(&self) -> bool {
        let ended_at = self.ended_at.lock().unwrap_or_else(PoisonError::into_inner);
        ended_at.is_some_and(|at| at.elapsed() > KEPT)
    }

    fn command_line(&self) -> String {
        self.config.command.join(" ")
    }
}

impl Execs {
    /// An exec ended. One that an earlier daemon started is not known.
    pub(crate) fn ended(&self, id: &str, exit_code: i32) {
        let exec = self.lock().get(id).cloned();
        if let Some(exec) = exec {
            exec.end(exit_code);
        }
    }

    /// The container ended and took its processes along.
    pub(crate) fn container_ended(&self, container: &str) {
        for exec in self.lock().values() {
            let phase = *exec.phase.borrow();
            if exec.container == container && matches!(phase, ExecPhase::Running(_)) {
                exec.end(137);
            }
        }
    }

    /// The container was removed.
    pub(crate) fn forget_container(&self, container: &str) {
        self.lock().retain(|_, exec| exec.container != container);
    }

    /// Ids of the execs of a container that run, sorted.
    pub(crate) fn running(&self, container: &str) -> Vec<String> {
        let mut ids: Vec<String> = self
            .lock()
            .values()
            .filter(|exec| exec.container == container)
            .filter(|exec| matches!(*exec.phase.borrow(), ExecPhase::Running(_)))
            .map(|exec| exec.id.clone())
            .collect();
        ids.sort();
        ids
    }

    fn insert(&self, exec: Exec) {
        let mut all = self.lock();
        all.retain(|_, exec| !exec.is_stale());
        all.insert(exec.id.clone(), Arc::new(exec));
    }

    fn get(&self, given: &str) -> Result<Arc<Exec>> {
        let found = self
            .lock()
            .get(given)
            .filter(|exec| !exec.is_stale())
            .cloned();
        found.ok_or_else(|| Error::not_found(format!("No such exec instance: {given}")))
    }

    /// The map is valid after every statement, so a panic elsewhere does not
    /// spoil it.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Exec>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Creates an exec and returns its id.
fn create(shared: &Shared, given: &str, config: ExecConfig) -> Result<String> {
    let snapshot = shared.registry.get(given)?.snapshot();
    allow(&snapshot, given)?;
    if config.command.is_empty() || config.command[0].is_empty() {
        return Err(Error::bad_parameter("No exec command specified"));
    }
    let keys = DetachKeys::parse(&config.detach_keys).map_err(|_| {
        Error::bad_parameter(format!(
            "Invalid escape keys ({}) provided",
            config.detach_keys
        ))
    })?;
    for entry in &config.env {
        if entry.is_empty() || entry.starts_with('=') {
            return Err(Error::bad_parameter(format!(
                "invalid environment variable: {entry}"
            )));
        }
    }
    let id = id::generate()?;
    let exec = Exec {
        id: id.clone(),
        container: snapshot.id().to_owned(),
        keys: config.tty.then_some(keys),
        config,
        phase: watch::Sender::new(ExecPhase::Created),
        ended_at: Mutex::new(None),
    };
    let action = format!("exec_create: {}", exec.command_line());
    shared.execs.insert(exec);
    shared.publish_container(&snapshot.record, &action, &[("execID", id.clone())]);
    Ok(id)
}

/// What is known of an exec.
fn inspect(shared: &Shared, given: &str) -> Result<ExecInfo> {
    let exec = shared.execs.get(given)?;
    let phase = *exec.phase.borrow();
    Ok(ExecInfo {
        id: exec.id.clone(),
        container: exec.container.clone(),
        config: exec.config.clone(),
        phase,
    })
}

/// An exec that a client starts and stays with.
pub struct ExecSession {
    shared: Arc<Shared>,
    exec: Arc<Exec>,
    snapshot: Arc<Snapshot>,
    /// Whether the bytes are a terminal's; otherwise they are frames.
    pub tty: bool,
    console_size: Option<ConsoleSize>,
}

/// Claims an exec for its one start. The process starts when the session is
/// run or detached.
fn claim(
    shared: &Arc<Shared>,
    given: &str,
    tty: bool,
    console_size: Option<(u16, u16)>,
) -> Result<ExecSession> {
    let exec = shared.execs.get(given)?;
    let phase = *exec.phase.borrow();
    match phase {
        ExecPhase::Created => {}
        ExecPhase::Starting | ExecPhase::Running(_) => {
            return Err(Error::conflict(format!(
                "Error: Exec command {} is already running",
                exec.id
            )));
        }
        ExecPhase::Ended { .. } => {
            return Err(Error::conflict(format!(
                "Error: Exec command {} has already run",
                exec.id
            )));
        }
    }
    let snapshot = shared.registry.get(&exec.container)?.snapshot();
    allow(&snapshot, &exec.container)?;
    let claimed = exec.phase.send_if_modified(|phase| {
        let free = *phase == ExecPhase::Created;
        if free {
            *phase = ExecPhase::Starting;
        }
        free
    });
    if !claimed {
        return Err(Error::conflict(format!(
            "Error: Exec command {} is already running",
            exec.id
        )));
    }
    Ok(ExecSession {
        shared: shared.clone(),
        exec,
        snapshot,
        tty,
        console_size: console_size.map(|(rows, cols)| ConsoleSize { rows, cols }),
    })
}

impl ExecSession {
    /// Starts the process without anybody at its streams.
    pub async fn detach(self) -> Result<()> {
        self.start(Wanted::default()).await.map(drop)
    }

    /// Starts the process and serves the client until the end. A start that
    /// fails is told in the stream.
    pub async fn run(self, mut client: impl AsyncRead + AsyncWrite + Unpin) {
        let config = &self.exec.config;
        let wanted = Wanted {
            stdin: config.attach_stdin,
            stdout: config.attach_stdout,
            stderr: config.attach_stderr,
            raw: self.tty,
        };
        match self.start(wanted).await {
            Ok(Some(streams)) => {
                let input = Input {
                    forward: config.attach_stdin,
                    end: InputEnd::Process,
                    keys: self.exec.keys.clone(),
                };
                if let Ok(Ended::Client) = attach::pump(&mut client, streams, input).await {
                    let id = ("execID", self.exec.id.clone());
                    self.shared
                        .publish_container(&self.snapshot.record, "exec_detach", &[id]);
                } else {
                    self.wait_for_end().await;
                }
            }
            Ok(None) => self.wait_for_end().await,
            Err(error) => {
                let text = format!("{error}\r\n");
                let bytes = if self.tty {
                    text.into_bytes()
                } else {
                    use longshore_api::frames::{Stream, frame};
                    frame(Stream::Stdout, text.as_bytes()).to_vec()
                };
                client.write_all(&bytes).await.ok();
            }
        }
        client.shutdown().await.ok();
    }

    async fn wait_for_end(&self) {
        let mut phase = self.exec.phase.subscribe();
        let ended = phase.wait_for(|phase| matches!(phase, ExecPhase::Ended { .. }));
        timeout(EXIT_AFTER_OUTPUT, ended).await.ok();
    }

    /// The streams, if any was wanted.
    async fn start(&self, wanted: Wanted) -> Result<Option<Streams>> {
        let result = self.ask(wanted).await;
        if result.is_err() && matches!(*self.exec.phase.borrow(), ExecPhase::Starting) {
            self.exec.end(126);
        }
        result
    }

    async fn ask(&self, wanted: Wanted) -> Result<Option<Streams>> {
        let exec = &self.exec;
        let request = Request::Exec(Box::new(ExecRequest {
            id: exec.id.clone(),
            process: self.process(),
            streams: wanted,
        }));
        let run_dir = self.shared.run_dir(&exec.container);
        let stopped = |_| Error::conflict(format!("Container {} is not running", exec.container));
        let shim = Connection::open(&run_dir).await.map_err(stopped)?;
        let with_streams = wanted.stdin || wanted.stdout || wanted.stderr;
        let (reply, streams) = match shim.into_streams(&request).await.map_err(stopped)? {
            Ok((reply, streams)) => (reply, streams),
            Err(failure) => {
                let (code, error) = match failure.kind {
                    FailureKind::NotFound => (127, Error::bad_parameter(failure.message)),
                    FailureKind::WrongPhase => (126, stopped(std::io::ErrorKind::NotFound.into())),
                    FailureKind::PermissionDenied => (126, Error::bad_parameter(failure.message)),
                    _ => (126, Error::system(failure.message)),
                };
                exec.end(code);
                return Err(error);
            }
        };
        if let Reply::ExecStarted { pid } = reply {
            exec.phase.send_modify(|phase| {
                // A short process may have ended before this is known.
                if *phase == ExecPhase::Starting {
                    *phase = ExecPhase::Running(pid);
                }
            });
        }
        let action = format!("exec_start: {}", exec.command_line());
        let id = ("execID", exec.id.clone());
        self.shared
            .publish_container(&self.snapshot.record, &action, &[id]);
        Ok(with_streams.then_some(streams))
    }

    fn process(&self) -> ProcessSpec {
        let (plan, config) = (&self.snapshot.plan, &self.exec.config);
        let record = &self.snapshot.record;
        // A child may have ended meanwhile; then it is as if it were not linked.
        let linked = links::resolve(&self.shared.registry, record, &plan.network);
        let linked = linked.unwrap_or_default();
        let mut env = plan.environment(&record.config.hostname, &linked.env);
        if config.tty && !env.iter().any(|entry| entry.starts_with("TERM=")) {
            env.push("TERM=xterm".into());
        }
        crate::container::plan::merge_environment(&mut env, &config.env);
        ProcessSpec {
            args: config.command.clone(),
            env,
            cwd: match config.working_dir.as_str() {
                "" => plan.cwd.clone(),
                dir => dir.to_owned(),
            },
            user: match config.user.as_str() {
                "" => plan.user.clone(),
                user => user.to_owned(),
            },
            groups: if config.user.is_empty() {
                plan.groups.clone()
            } else {
                Vec::new()
            },
            capabilities: if config.privileged {
                CapabilitySet::ALL
            } else {
                plan.capabilities
            },
            no_new_privs: plan.security.no_new_privileges,
            tty: config.tty,
            console_size: self.console_size,
            rlimits: plan.rlimits.clone(),
        }
    }
}

/// Sets the size of an exec's terminal. One that is being started is waited
/// for.
async fn resize(shared: &Shared, given: &str, rows: u16, cols: u16) -> Result<()> {
    let exec = shared.execs.get(given)?;
    let mut phase = exec.phase.subscribe();
    let started =
        phase.wait_for(|phase| !matches!(phase, ExecPhase::Created | ExecPhase::Starting));
    if timeout(Duration::from_secs(10), started).await.is_err() {
        return Err(Error::system("timeout waiting for exec session ready"));
    }
    let run_dir = shared.run_dir(&exec.container);
    let request = Request::Resize {
        exec: Some(exec.id.clone()),
        size: ConsoleSize { rows, cols },
    };
    let not_running = || Error::system(format!("cannot resize a stopped exec: {}", exec.id));
    let mut shim = Connection::open(&run_dir)
        .await
        .map_err(|_| not_running())?;
    done(shim.request(&request).await.map_err(|_| not_running())?).map_err(|_| not_running())
}

fn allow(snapshot: &Snapshot, given: &str) -> Result<()> {
    let phase = snapshot.state.phase;
    match decide(phase, state::Request::Exec) {
        Verdict::Refuse(refusal) => {
            let id = snapshot.id();
            Err(refuse(
                state::Request::Exec,
                refusal,
                Subject { id, given, phase },
            ))
        }
        _ => Ok(()),
    }
}
