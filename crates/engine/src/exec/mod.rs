//! Processes run in a container besides the first. An exec is created, started
//! once, and stays visible for a while after its end.
//!
//! `store` knows all of them, `session` starts one and serves its client.

pub(crate) mod session;
pub(crate) mod store;

use std::sync::Arc;
use std::time::Duration;

use longshore_runtime::channel::{FailureKind, Reply, Request};
use longshore_runtime::spec::ConsoleSize;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::container::attach::DetachKeys;
use crate::container::registry::Snapshot;
use crate::container::shim::Connection;
use crate::container::state::{self, Phase, Subject, Verdict, decide, refuse};
use crate::error::{Error, Result};
use crate::shared::Shared;

pub use self::session::ExecSession;
pub(crate) use self::store::Execs;

/// How long a change of size waits for a process that is being started.
const READY: Duration = Duration::from_secs(10);

/// What a client wants to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

impl ExecConfig {
    /// The command as events show it: program, blank, arguments.
    pub(crate) fn command_line(&self) -> String {
        match self.command.split_first() {
            Some((program, arguments)) => format!("{program} {}", arguments.join(" ")),
            None => String::new(),
        }
    }
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
    /// Keys to detach, as bytes of a terminal; none when none were named.
    pub detach_keys: Vec<u8>,
    /// Where it is.
    pub phase: ExecPhase,
}

/// Where an exec is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl ExecPhase {
    pub(crate) fn is_ended(self) -> bool {
        matches!(self, ExecPhase::Ended { .. })
    }
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
    pub fn create(&self, given: &str, config: ExecConfig) -> Result<String> {
        if config.command.is_empty() {
            return Err(Error::bad_parameter("No exec command specified"));
        }
        let container = self.shared.registry.get(given)?;
        let snapshot = container.snapshot();
        allow(&snapshot, given)?;
        let keys = DetachKeys::parse(&config.detach_keys).map_err(|_| {
            let given = &config.detach_keys;
            Error::system(format!("Invalid escape keys ({given}) provided"))
        })?;
        let keys = config.tty.then_some(keys);
        let exec = self.shared.execs.create(&snapshot, config, keys)?;
        // Whoever removes the container takes its execs along, and may have been
        // there just before.
        let now = container.snapshot();
        if matches!(now.state.phase, Phase::Removing | Phase::Removed) {
            self.shared.execs.forget_container(now.id());
            allow(&now, given)?;
        }
        exec.publish(&self.shared, &snapshot.record, "exec_create");
        Ok(exec.id().to_owned())
    }

    /// Prepares the one start of an exec. `tty` chooses whether the client gets
    /// raw bytes or frames, `console_size` is lines and columns.
    pub fn start(
        &self,
        given: &str,
        tty: bool,
        console_size: Option<(u16, u16)>,
    ) -> Result<ExecSession> {
        let exec = self.shared.execs.get(given)?;
        let snapshot = self.shared.registry.get(exec.container())?.snapshot();
        allow(&snapshot, exec.container())?;
        let size = console_size.map(|(rows, cols)| ConsoleSize { rows, cols });
        Ok(ExecSession::new(&self.shared, exec, snapshot, tty, size))
    }

    /// What is known of an exec.
    pub fn inspect(&self, given: &str) -> Result<ExecInfo> {
        Ok(self.shared.execs.get(given)?.info())
    }

    /// Sets the size of its terminal. One that is being started is waited for.
    pub async fn resize(&self, given: &str, rows: u16, cols: u16) -> Result<()> {
        let exec = self.shared.execs.get(given)?;
        let mut phase = exec.watch();
        let started =
            phase.wait_for(|phase| !matches!(phase, ExecPhase::Created | ExecPhase::Starting));
        if timeout(READY, started).await.is_err() {
            return Err(Error::system("timeout waiting for exec session ready"));
        }
        let gone = || Error::not_found("no such exec");
        if exec.phase().is_ended() {
            return Err(gone());
        }
        let request = Request::Resize {
            exec: Some(exec.id().to_owned()),
            size: ConsoleSize { rows, cols },
        };
        let run_dir = self.shared.run_dir(exec.container());
        let mut shim = Connection::open(&run_dir).await.map_err(|_| gone())?;
        match shim.request(&request).await.map_err(|_| gone())? {
            // Without a terminal there is nothing to do.
            Reply::Refused(failure) if failure.kind != FailureKind::BadRequest => Err(gone()),
            _ => Ok(()),
        }
    }
}

/// Refuses what the container's phase does not allow.
fn allow(snapshot: &Snapshot, given: &str) -> Result<()> {
    let phase = snapshot.state.phase;
    match decide(phase, state::Request::Exec) {
        Verdict::Refuse(refusal) => {
            let id = snapshot.id();
            let subject = Subject { id, given, phase };
            Err(refuse(state::Request::Exec, refusal, subject))
        }
        _ => Ok(()),
    }
}
