//! Who asks: a task beside the owner of a container that runs one probe after
//! the other and hands the answers over. A probe is an exec like a client's,
//! so it shows in events and dies with the container.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use longshore_runtime::channel::Streams as Wanted;
use tokio::io::AsyncReadExt;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::{HealthCheck, NO_ANSWER, OUTPUT, Probe};
use crate::container::plan::signal;
use crate::container::registry::Snapshot;
use crate::container::shim::Streams;
use crate::error::{Error, Result};
use crate::exec::{ExecConfig, ExecSession};
use crate::shared::Shared;
use crate::wording::go_duration;

/// How long a killed probe may take to die before the next is asked.
const DEATH: Duration = Duration::from_secs(10);

/// A series of questions. Dropped, it ends, and what is being asked is killed.
#[derive(Debug)]
pub(crate) struct Monitor {
    answers: mpsc::Receiver<Probe>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Monitor {
    /// Begins to ask, after a first interval.
    pub(crate) fn begin(
        shared: &Arc<Shared>,
        snapshot: Arc<Snapshot>,
        check: HealthCheck,
    ) -> Monitor {
        let (to, answers) = mpsc::channel(1);
        let (stop, stopped) = oneshot::channel();
        let series = Series {
            shared: shared.clone(),
            snapshot,
            check,
        };
        Monitor {
            answers,
            stop,
            task: tokio::spawn(series.run(to, stopped)),
        }
    }

    /// The next answer. Cancel safe.
    pub(crate) async fn answer(&mut self) -> Probe {
        match self.answers.recv().await {
            Some(probe) => probe,
            // The task only ends when it is told to.
            None => std::future::pending().await,
        }
    }

    /// Ends it; no probe runs afterwards.
    pub(crate) async fn end(self) {
        self.stop.send(()).ok();
        self.task.await.ok();
    }
}

struct Series {
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
    check: HealthCheck,
}

impl Series {
    async fn run(self, to: mpsc::Sender<Probe>, mut stopped: oneshot::Receiver<()>) {
        loop {
            tokio::select! {
                () = sleep(self.check.interval) => {}
                _ = &mut stopped => return,
            }
            let start = Timestamp::now();
            let answer = match self.prepare() {
                Err(error) => Err(error),
                Ok(probe) => tokio::select! {
                    answer = self.ask(&probe) => answer,
                    _ = &mut stopped => return probe.kill(signal::KILL).await,
                },
            };
            let (exit_code, output) = answer.unwrap_or_else(|error| (NO_ANSWER, error.message));
            let end = Timestamp::now();
            let probe = Probe {
                start,
                end,
                exit_code,
                output,
            };
            if to.send(probe).await.is_err() {
                return;
            }
        }
    }

    fn prepare(&self) -> Result<ExecSession> {
        let config = ExecConfig {
            command: self.check.command.clone(),
            attach_stdout: true,
            attach_stderr: true,
            ..ExecConfig::default()
        };
        let exec = self.shared.execs.create_probe(&self.snapshot, config)?;
        exec.publish(&self.shared, &self.snapshot.record, "exec_create");
        let snapshot = self.snapshot.clone();
        // Raw: what it says on both streams, in the order it said it.
        Ok(ExecSession::new(&self.shared, exec, snapshot, true, None))
    }

    async fn ask(&self, probe: &ExecSession) -> Result<(i64, String)> {
        let limit = self.check.timeout;
        if let Ok(answer) = timeout(limit, listen(probe)).await {
            return answer;
        }
        probe.kill(signal::KILL).await;
        probe.ended(DEATH).await;
        Err(Error::system(format!(
            "Health check exceeded timeout ({})",
            go_duration(limit)
        )))
    }
}

/// Runs a probe to its end.
async fn listen(probe: &ExecSession) -> Result<(i64, String)> {
    let wanted = Wanted {
        stdout: true,
        stderr: true,
        raw: true,
        ..Wanted::default()
    };
    let output = match probe.start(wanted).await? {
        Some(streams) => words(streams).await,
        None => String::new(),
    };
    // Its end is told by another way than its words, so it may come later.
    match probe.ended(DEATH).await {
        Some(exit_code) => Ok((i64::from(exit_code), output)),
        None => Err(Error::system("the end of the health check is not known")),
    }
}

/// The first of what it says; the rest is read, so that it can go on.
async fn words(streams: Streams) -> String {
    let Streams { mut stream, first } = streams;
    let mut kept = first;
    let mut more = kept.len() > OUTPUT;
    kept.truncate(OUTPUT);
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        let room = length.min(OUTPUT - kept.len());
        kept.extend_from_slice(&buffer[..room]);
        more |= room < length;
    }
    let mut text = String::from_utf8_lossy(&kept).into_owned();
    if more {
        text.push_str("...");
    }
    text
}
