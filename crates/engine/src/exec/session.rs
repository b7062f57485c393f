//! The start of an exec, and the client that stays with it.

use std::sync::Arc;
use std::time::Duration;

use longshore_api::frames::{Stream, frame};
use longshore_runtime::caps::CapabilitySet;
use longshore_runtime::channel::{ExecRequest, FailureKind, Reply, Request, Streams as Wanted};
use longshore_runtime::spec::{ConsoleSize, ProcessSpec};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::store::Exec;
use super::{ExecConfig, ExecPhase};
use crate::container::attach::{self, Ended, Input, InputEnd};
use crate::container::links;
use crate::container::plan::merge_environment;
use crate::container::registry::Snapshot;
use crate::container::shim::{Connection, Streams};
use crate::error::{Error, Result};
use crate::shared::Shared;

/// How long the end of the output waits for the end of the process, so that a
/// client that asks for the exit code right after finds it.
const EXIT_AFTER_OUTPUT: Duration = Duration::from_secs(2);

/// Exit code of a process that could not be started.
const NOT_STARTED: i32 = 126;

/// An exec about to be started, and the client that starts it.
pub struct ExecSession {
    shared: Arc<Shared>,
    exec: Arc<Exec>,
    snapshot: Arc<Snapshot>,
    /// Whether the bytes are a terminal's; otherwise they are frames.
    pub tty: bool,
    console_size: Option<ConsoleSize>,
}

impl ExecSession {
    /// Nothing happens before the session is run or detached.
    pub(crate) fn new(
        shared: &Arc<Shared>,
        exec: Arc<Exec>,
        snapshot: Arc<Snapshot>,
        tty: bool,
        console_size: Option<ConsoleSize>,
    ) -> ExecSession {
        ExecSession {
            shared: shared.clone(),
            exec,
            snapshot,
            tty,
            console_size,
        }
    }

    /// Starts the process without anybody at its streams.
    pub async fn detach(self) -> Result<()> {
        self.start(Wanted::default()).await.map(drop)
    }

    /// Starts the process and serves the client until the end. A start that
    /// fails is told in the stream.
    pub async fn run(self, mut client: impl AsyncRead + AsyncWrite + Unpin) {
        let config = self.exec.config();
        let wanted = Wanted {
            stdin: config.attach_stdin,
            stdout: config.attach_stdout,
            stderr: config.attach_stderr,
            from_log: false,
            raw: self.tty,
        };
        match self.start(wanted).await {
            Ok(Some(streams)) => {
                let input = Input {
                    forward: config.attach_stdin,
                    end: InputEnd::Process,
                    keys: self.exec.keys().cloned(),
                };
                if let Ok(Ended::Keys) = attach::pump(&mut client, streams, input).await {
                    let id = ("execID", self.exec.id().to_owned());
                    self.shared
                        .publish_container(&self.snapshot.record, "exec_detach", &[id]);
                } else {
                    self.ended(EXIT_AFTER_OUTPUT).await;
                }
            }
            Ok(None) => drop(self.ended(EXIT_AFTER_OUTPUT).await),
            Err(error) => {
                let text = format!("{error}\r\n");
                let bytes = if self.tty {
                    text.into_bytes()
                } else {
                    frame(Stream::Stdout, text.as_bytes()).to_vec()
                };
                client.write_all(&bytes).await.ok();
            }
        }
        client.shutdown().await.ok();
    }

    /// Starts the process; answers the streams, if any was wanted.
    pub(crate) async fn start(&self, wanted: Wanted) -> Result<Option<Streams>> {
        self.exec.claim()?;
        // Also of one that cannot be started, as in dockerd.
        self.exec
            .publish(&self.shared, &self.snapshot.record, "exec_start");
        let result = self.ask(wanted).await;
        if result.is_err() {
            self.exec.end(NOT_STARTED, 0);
        }
        result
    }

    /// Waits for the end of the process and answers its exit code.
    pub(crate) async fn ended(&self, patience: Duration) -> Option<i32> {
        let mut phase = self.exec.watch();
        let ended = phase.wait_for(|phase| phase.is_ended());
        match *timeout(patience, ended).await.ok()?.ok()? {
            ExecPhase::Ended { exit_code, .. } => Some(exit_code),
            _ => None,
        }
    }

    /// Kills the process, if it runs.
    pub(crate) async fn kill(&self, signal: i32) {
        if !matches!(self.exec.phase(), ExecPhase::Running(_)) {
            return;
        }
        let request = Request::Signal {
            signal,
            exec: Some(self.exec.id().to_owned()),
        };
        // Whether it was too late shows in how it ended.
        if let Ok(mut shim) = Connection::open(&self.shared.run_dir(self.exec.container())).await {
            shim.request(&request).await.ok();
        }
    }

    async fn ask(&self, wanted: Wanted) -> Result<Option<Streams>> {
        let exec = &self.exec;
        check(exec.config())?;
        let request = Request::Exec(Box::new(ExecRequest {
            id: exec.id().to_owned(),
            process: self.process(),
            streams: wanted,
        }));
        let run_dir = self.shared.run_dir(exec.container());
        let stopped = |_| Error::conflict(format!("Container {} is not running", exec.container()));
        let shim = Connection::open(&run_dir).await.map_err(stopped)?;
        let with_streams = wanted.stdin || wanted.stdout || wanted.stderr;
        let (reply, streams) = match shim.into_streams(&request).await.map_err(stopped)? {
            Ok((reply, streams)) => (reply, streams),
            Err(failure) => {
                return Err(match failure.kind {
                    FailureKind::UnknownUser => Error::system(failure.message),
                    FailureKind::WrongPhase => stopped(std::io::ErrorKind::NotFound.into()),
                    _ => Error::bad_parameter(failure.message),
                });
            }
        };
        if let Reply::ExecStarted { pid } = reply {
            exec.runs(pid);
        }
        Ok(with_streams.then_some(streams))
    }

    fn process(&self) -> ProcessSpec {
        let (plan, config) = (&self.snapshot.plan, self.exec.config());
        let record = &self.snapshot.record;
        // A child may have ended meanwhile; then it is as if it were not linked.
        let linked = links::resolve(&self.shared.registry, record, &plan.network);
        let linked = linked.unwrap_or_default();
        let mut env = plan.environment(&record.config.hostname, &linked.env);
        if config.tty && !env.iter().any(|entry| entry.starts_with("TERM=")) {
            env.push("TERM=xterm".into());
        }
        merge_environment(&mut env, &config.env);
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
            apparmor: plan.security.confining_profile(),
            no_new_privs: plan.security.no_new_privileges,
            tty: config.tty,
            console_size: self.console_size,
            rlimits: plan.rlimits.clone(),
        }
    }
}

/// What the runtime of dockerd refuses before there is a process.
fn check(config: &ExecConfig) -> Result<()> {
    let refused = |text: String| {
        Err(Error::system(format!(
            "OCI runtime exec failed: exec failed: {text}: unknown"
        )))
    };
    if !config.working_dir.is_empty() && !config.working_dir.starts_with('/') {
        return refused("Cwd must be an absolute path".into());
    }
    match config.env.iter().find(|entry| entry.starts_with('=')) {
        Some(entry) => refused(format!(
            "unable to start container process: environment variable name can't be empty: \"{entry}\""
        )),
        None => Ok(()),
    }
}
