//! What is known of a container, and what it may be asked for in each phase.
//!
//! ```text
//!            start            exit
//!  Created ────────> Running ────────────> Exited <───┐
//!                    ^  │  ^                 │        │ stop
//!            unpause │  │  │ start           │ policy │
//!                  Paused  └──── Exited      v        │
//!                                        Restarting ──┘──> Running
//!
//!  Created, Exited, Restarting ── remove ──> Removing ──> Removed
//!                                               └──────> Dead (could not be removed)
//! ```
//!
//! `decide` is the policy: a pure function of phase and request. The actor
//! acts on its answer, everything else only reads.

use crate::network::Endpoint;
use jiff::Timestamp;
use longshore_network::ports::Binding;
use serde::{Deserialize, Serialize};

use crate::container::health::{Health, Status};
use crate::error::Error;
use crate::time::seconds_since;
use crate::wording::duration;

/// Where a container is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    /// Never ran.
    Created,
    /// Its first process lives.
    Running,
    /// Its processes are frozen.
    Paused,
    /// It ended and its restart policy will start it again soon.
    Restarting,
    /// It ended.
    Exited,
    /// It is being removed.
    Removing,
    /// Removing failed; it can be tried again.
    Dead,
    /// Gone. Only those who waited for it still see it.
    Removed,
}

impl Phase {
    /// One of the seven words of the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Phase::Created => "created",
            Phase::Running => "running",
            Phase::Paused => "paused",
            Phase::Restarting => "restarting",
            Phase::Exited => "exited",
            Phase::Removing | Phase::Removed => "removing",
            Phase::Dead => "dead",
        }
    }

    /// Whether a process of the container exists.
    pub(crate) fn has_process(self) -> bool {
        matches!(self, Phase::Running | Phase::Paused)
    }

    /// Whether clients see `Running: true`.
    pub(crate) fn counts_as_running(self) -> bool {
        self.has_process() || self == Phase::Restarting
    }
}

/// What clients last asked for, apart from what is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Desired {
    /// Nobody has started it yet.
    #[default]
    Nothing,
    /// It shall run, as far as its restart policy goes.
    Running,
    /// A client stopped it.
    Stopped,
}

/// The part of a container that changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// Where it is in its life.
    pub(crate) phase: Phase,
    /// What clients asked for.
    pub(crate) desired: Desired,
    /// Process id on the host of the first process, 0 when there is none.
    pub(crate) pid: u32,
    /// Exit code of the last run.
    pub(crate) exit_code: i64,
    /// Why the last start failed.
    pub(crate) error: String,
    /// Whether the kernel killed it for want of memory.
    pub(crate) oom_killed: bool,
    /// When it was last started.
    pub(crate) started_at: Option<Timestamp>,
    /// When it last ended.
    pub(crate) finished_at: Option<Timestamp>,
    /// How often the restart policy started it again.
    pub(crate) restart_count: u32,
    /// Its ends of networks while it runs, its way to elsewhere first.
    #[serde(default, alias = "endpoint", deserialize_with = "one_or_many")]
    pub(crate) endpoints: Vec<Endpoint>,
    /// Its health since its first start, where it has a check.
    #[serde(default)]
    pub(crate) health: Option<Health>,
}

impl State {
    /// The state of a container that was just created.
    pub(crate) fn new() -> State {
        State {
            phase: Phase::Created,
            desired: Desired::Nothing,
            pid: 0,
            exit_code: 0,
            error: String::new(),
            oom_killed: false,
            started_at: None,
            finished_at: None,
            restart_count: 0,
            endpoints: Vec::new(),
            health: None,
        }
    }

    /// Its end of the network of this name.
    pub(crate) fn endpoint(&self, network: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|end| end.network == network)
    }

    /// Ports of the host that lead to it.
    pub(crate) fn published(&self) -> impl Iterator<Item = &Binding> {
        self.endpoints.iter().flat_map(Endpoint::ports)
    }

    /// Whether it has a network device besides the loopback.
    pub(crate) fn has_device(&self) -> bool {
        self.endpoints.iter().any(|end| end.link.is_some())
    }

    /// The `Status` text of the list.
    pub(crate) fn status(&self) -> String {
        let since = |time: Option<Timestamp>| duration(time.map_or(0.0, seconds_since));
        match self.phase {
            Phase::Created => "Created".into(),
            Phase::Running => {
                let up = format!("Up {}", since(self.started_at));
                match self.health.as_ref().map(|health| health.status) {
                    None => up,
                    Some(Status::Starting) => format!("{up} (health: starting)"),
                    Some(status) => format!("{up} ({})", status.as_str()),
                }
            }
            Phase::Paused => format!("Up {} (Paused)", since(self.started_at)),
            Phase::Restarting => format!(
                "Restarting ({}) {} ago",
                self.exit_code,
                since(self.finished_at)
            ),
            Phase::Exited => format!(
                "Exited ({}) {} ago",
                self.exit_code,
                since(self.finished_at)
            ),
            Phase::Removing | Phase::Removed => "Removal In Progress".into(),
            Phase::Dead => "Dead".into(),
        }
    }
}

/// Ends of networks; an earlier format knew one at most.
fn one_or_many<'de, D>(deserializer: D) -> Result<Vec<Endpoint>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Many(Vec<Endpoint>),
        One(Option<Box<Endpoint>>),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Many(many) => many,
        Either::One(one) => one.into_iter().map(|end| *end).collect(),
    })
}

/// What a container can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Start it.
    Start,
    /// Send it a signal and wait for its end.
    Stop,
    /// Send it a signal.
    Kill,
    /// Freeze it.
    Pause,
    /// Thaw it.
    Unpause,
    /// Run another process in it.
    Exec,
    /// Connect to its streams.
    Attach,
    /// Set the size of its terminal.
    Resize,
    /// List its processes.
    Top,
    /// Read its log.
    Logs,
    /// Read its files.
    Export,
    /// Make an image of its files.
    Commit,
    /// Remove it.
    Remove,
}

/// The answer of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Do it.
    Accept,
    /// It is so already.
    Ignore,
    /// No, for this reason.
    Refuse(Refusal),
}

/// Why a request does not fit the phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no process.
    NotRunning,
    /// Between two runs.
    Restarting,
    /// Frozen.
    Paused,
    /// Frozen already.
    AlreadyPaused,
    /// Not frozen.
    NotPaused,
    /// A process is in the way.
    Running,
    /// Being removed, or removed in part.
    Removing,
}

/// The policy: may a container in `phase` be asked for `request`?
pub(crate) fn decide(phase: Phase, request: Request) -> Verdict {
    use Phase::{Created, Dead, Exited, Paused, Removed, Removing, Restarting, Running};
    use Request as R;
    use Verdict::{Accept, Ignore, Refuse};
    match (request, phase) {
        (R::Start, Created | Exited) => Accept,
        (R::Start, Running | Restarting) => Ignore,
        (R::Start, Paused) => Refuse(Refusal::Paused),

        (R::Stop, Running | Paused | Restarting) => Accept,
        (R::Stop, _) => Ignore,

        (R::Kill, Running | Paused | Restarting) => Accept,

        (R::Pause, Running) => Accept,
        (R::Pause, Paused) => Refuse(Refusal::AlreadyPaused),

        (R::Unpause, Paused) => Accept,
        (R::Unpause, _) => Refuse(Refusal::NotPaused),

        (R::Exec | R::Attach, Paused) => Refuse(Refusal::Paused),
        (R::Attach, Created | Running | Exited) => Accept,
        (R::Exec, Running) => Accept,
        (R::Resize | R::Top, Running | Paused) => Accept,
        (R::Pause | R::Exec | R::Attach | R::Resize | R::Top, Restarting) => {
            Refuse(Refusal::Restarting)
        }
        (R::Kill | R::Pause | R::Exec | R::Resize | R::Top, Created | Exited) => {
            Refuse(Refusal::NotRunning)
        }

        (R::Logs | R::Export | R::Commit, Created | Running | Paused | Restarting | Exited) => {
            Accept
        }

        (R::Remove, Created | Exited | Dead) => Accept,
        (R::Remove, Running | Paused | Restarting) => Refuse(Refusal::Running),

        (R::Kill | R::Pause | R::Exec | R::Resize | R::Top, Dead | Removing | Removed) => {
            Refuse(Refusal::NotRunning)
        }
        (_, Dead | Removing | Removed) => Refuse(Refusal::Removing),
    }
}

/// Whom a refusal is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// Full id.
    pub(crate) id: &'a str,
    /// The name the client gave.
    pub(crate) given: &'a str,
    /// Its phase.
    pub(crate) phase: Phase,
}

/// dockerd's text for a refusal.
pub(crate) fn refuse(request: Request, refusal: Refusal, subject: Subject<'_>) -> Error {
    let Subject { id, given, phase } = subject;
    let text = match (request, refusal) {
        (Request::Unpause, _) => return Error::system(format!("Container {id} is not paused")),
        (Request::Start, Refusal::Paused) => {
            "cannot start a paused container, try unpause instead".into()
        }
        (Request::Start, _) => "container is marked for removal and cannot be started".into(),
        (Request::Kill, _) => {
            format!("Cannot kill container: {given}: Container {id} is not running")
        }
        (Request::Attach, Refusal::Paused) => {
            format!("container {given} is paused, unpause the container before attach")
        }
        (Request::Attach, Refusal::Restarting) => {
            format!("container {given} is restarting, wait until the container is running")
        }
        (Request::Exec, Refusal::Paused) => {
            format!("Container {given} is paused, unpause the container before exec")
        }
        (Request::Logs, _) => {
            "can not get logs from container which is dead or marked for removal".into()
        }
        (Request::Export | Request::Commit, _) => {
            let verb = match request {
                Request::Commit => "commit",
                _ => "export",
            };
            let how = match phase {
                Phase::Dead => "Dead",
                _ => "being removed",
            };
            format!("You cannot {verb} container {id} which is {how}")
        }
        (Request::Remove, Refusal::Running) => {
            let advice = match phase {
                Phase::Paused => "Unpause and then stop",
                _ => "Stop",
            };
            format!(
                "You cannot remove a {} container {id}. {advice} the container before attempting \
                 removal or force remove",
                phase.as_str()
            )
        }
        (Request::Remove, _) => format!("removal of container {given} is already in progress"),
        (_, Refusal::AlreadyPaused) => format!("Container {id} is already paused"),
        (_, Refusal::Restarting) => {
            format!("Container {id} is restarting, wait until the container is running")
        }
        (_, _) => format!("Container {id} is not running"),
    };
    Error::conflict(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const PHASES: [Phase; 8] = [
        Phase::Created,
        Phase::Running,
        Phase::Paused,
        Phase::Restarting,
        Phase::Exited,
        Phase::Removing,
        Phase::Dead,
        Phase::Removed,
    ];

    /// One row per request, one column per phase in the order of `PHASES`:
    /// `+` accepted, `=` ignored, `-` refused.
    #[test]
    fn the_whole_table() {
        let table = [
            (Request::Start, "+=-=+---"),
            (Request::Stop, "=+++===="),
            (Request::Kill, "-+++----"),
            (Request::Pause, "-+------"),
            (Request::Unpause, "--+-----"),
            (Request::Exec, "-+------"),
            (Request::Attach, "++--+---"),
            (Request::Resize, "-++-----"),
            (Request::Top, "-++-----"),
            (Request::Logs, "+++++---"),
            (Request::Export, "+++++---"),
            (Request::Remove, "+---+-+-"),
        ];
        for (request, row) in table {
            let found: String = PHASES
                .iter()
                .map(|phase| match decide(*phase, request) {
                    Verdict::Accept => '+',
                    Verdict::Ignore => '=',
                    Verdict::Refuse(_) => '-',
                })
                .collect();
            assert_eq!(found, row, "{request:?}");
        }
    }

    fn text(phase: Phase, request: Request) -> Error {
        let subject = Subject {
            id: "ID",
            given: "N",
            phase,
        };
        match decide(phase, request) {
            Verdict::Refuse(refusal) => refuse(request, refusal, subject),
            other => panic!("{request:?} in {phase:?}: {other:?}"),
        }
    }

    #[test]
    fn refusals_are_dockerds() {
        let cases = [
            (
                Phase::Paused,
                Request::Start,
                "cannot start a paused container, try unpause instead",
            ),
            (
                Phase::Dead,
                Request::Start,
                "container is marked for removal and cannot be started",
            ),
            (
                Phase::Exited,
                Request::Kill,
                "Cannot kill container: N: Container ID is not running",
            ),
            (
                Phase::Running,
                Request::Remove,
                "You cannot remove a running container ID. Stop the container before attempting \
                 removal or force remove",
            ),
            (
                Phase::Paused,
                Request::Remove,
                "You cannot remove a paused container ID. Unpause and then stop the container \
                 before attempting removal or force remove",
            ),
            (
                Phase::Removing,
                Request::Remove,
                "removal of container N is already in progress",
            ),
            (Phase::Created, Request::Exec, "Container ID is not running"),
            (
                Phase::Paused,
                Request::Exec,
                "Container N is paused, unpause the container before exec",
            ),
            (
                Phase::Paused,
                Request::Attach,
                "container N is paused, unpause the container before attach",
            ),
            (
                Phase::Paused,
                Request::Pause,
                "Container ID is already paused",
            ),
            (Phase::Exited, Request::Top, "Container ID is not running"),
            (
                Phase::Dead,
                Request::Logs,
                "can not get logs from container which is dead or marked for removal",
            ),
        ];
        for (phase, request, expected) in cases {
            let error = text(phase, request);
            assert_eq!(error.message, expected);
            assert_eq!(error.kind, ErrorKind::Conflict);
        }
        assert_eq!(
            text(Phase::Running, Request::Unpause).kind,
            ErrorKind::System
        );
    }

    #[test]
    fn status_texts() {
        let at = |seconds: i64| Timestamp::from_second(Timestamp::now().as_second() - seconds).ok();
        let mut state = State::new();
        assert_eq!(state.status(), "Created");
        state.started_at = at(300);
        state.finished_at = at(7200);
        state.exit_code = 1;
        let mut status = |phase| {
            state.phase = phase;
            state.status()
        };
        assert_eq!(status(Phase::Running), "Up 5 minutes");
        assert_eq!(status(Phase::Paused), "Up 5 minutes (Paused)");
        assert_eq!(status(Phase::Exited), "Exited (1) 2 hours ago");
        assert_eq!(status(Phase::Restarting), "Restarting (1) 2 hours ago");
        assert_eq!(status(Phase::Removing), "Removal In Progress");
        assert_eq!(status(Phase::Dead), "Dead");
        let mut health = Health::at_start(None);
        let mut status = |phase, health: &Health| {
            state.phase = phase;
            state.health = Some(health.clone());
            state.status()
        };
        assert_eq!(
            status(Phase::Running, &health),
            "Up 5 minutes (health: starting)"
        );
        health.unobserved();
        assert_eq!(status(Phase::Running, &health), "Up 5 minutes (unhealthy)");
        assert_eq!(status(Phase::Paused, &health), "Up 5 minutes (Paused)");
        assert_eq!(status(Phase::Exited, &health), "Exited (1) 2 hours ago");
    }
}
