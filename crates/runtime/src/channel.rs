//! Messages between the daemon and a shim.
//!
//! Every message is a little-endian `u32` length followed by that many bytes of
//! JSON, on a Unix stream socket. Two ways lead to a shim: the socket that
//! [`Zygote::launch`](crate::zygote::Zygote::launch) returns, and any number of
//! connections to `<run_dir>/shim.sock`.
//!
//! ```text
//! daemon                                   shim
//!   Request  ───────────────────────────▶
//!            ◀───────────────────────────  Message::Reply     one per request, in order
//!            ◀───────────────────────────  Message::Event     after Watch, at any time
//! ```
//!
//! A connection takes requests one after the other until it sends
//! [`Request::Attach`] or [`Request::Exec`] with streams: after a reply other
//! than [`Reply::Refused`] it is a byte stream and no more messages travel on it.
//!
//! * shim to daemon: the output, in Docker's 8-byte frames or raw
//!   ([`Streams::raw`]), ended by a shutdown when the process has ended and all
//!   was sent;
//! * daemon to shim: raw standard input; a shutdown of the writing side is its
//!   end.
//!
//! The connection of `launch` first carries the [`ContainerSpec`] as a message of
//! its own, then behaves as if it had sent [`Request::Watch`], without the reply:
//! its first message is [`Event::Created`] or [`Event::Failed`].
//!
//! [`ContainerSpec`]: crate::spec::ContainerSpec

use std::io::{self, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::log::reader::Position;
use crate::spec::{ConsoleSize, PortReservation, ProcessSpec, Resources};

/// Longest message that is accepted, in bytes. Environments may be large.
pub const MAX_MESSAGE: usize = 16 << 20;

/// Nanoseconds since the Unix epoch.
pub type UnixNanos = i64;

/// What the daemon asks of a shim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// Push [`Event`]s on this connection from now on. Answered by
    /// [`Reply::State`]; nothing is lost between that state and the first event.
    Watch,
    /// Tell the present state. Answered by [`Reply::State`].
    State,
    /// Let the parked first process run. Answered when execve has succeeded or
    /// failed.
    Start,
    /// Send a signal to the first process or to an exec.
    Signal {
        /// Signal number.
        signal: i32,
        /// Id of the exec; `None` is the first process.
        exec: Option<String>,
    },
    /// Kill every process of the container, started or not.
    KillAll,
    /// Turn the connection into the streams of the first process. Allowed before
    /// `Start`; then no byte of output is missed. Answered by
    /// [`Reply::Attached`].
    Attach(Streams),
    /// Run another process in the container.
    Exec(Box<ExecRequest>),
    /// Change the size of a terminal.
    Resize {
        /// Id of the exec; `None` is the first process.
        exec: Option<String>,
        /// The new size.
        size: ConsoleSize,
    },
    /// Freeze all processes.
    Pause,
    /// Let frozen processes go on.
    Resume,
    /// Change limits of the running container; `None` leaves a value alone.
    Update(Box<Resources>),
    /// List all processes, as host pids. Answered by [`Reply::Pids`].
    Pids,
    /// Hold just these ports of the host from now on. Those that are held already
    /// stay so; if one cannot be had, nothing changes.
    Ports(Vec<PortReservation>),
}

/// Which streams a connection carries, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streams {
    /// Forward what the daemon sends to the process. Ignored when the process
    /// has no open standard input.
    pub stdin: bool,
    /// Send standard output (with a terminal: everything).
    pub stdout: bool,
    /// Send standard error.
    pub stderr: bool,
    /// Begin where the log on disk ends: what was read of a line that is not in
    /// the log yet comes first.
    pub from_log: bool,
    /// Send output as plain bytes instead of 8-byte frames, as is the rule with
    /// a terminal.
    pub raw: bool,
}

/// A process to be run in a container besides the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecRequest {
    /// Chosen by the daemon, unique in the container.
    pub id: String,
    /// What to run.
    pub process: ProcessSpec,
    /// The process gets a pipe (or its terminal) for each stream named here and
    /// `/dev/null` for the others. With none of them the connection stays one of
    /// messages.
    pub streams: Streams,
}

/// What a shim sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// Answer to the oldest request not yet answered.
    Reply(Reply),
    /// Something happened.
    Event(Event),
}

/// Answers to requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// It was done.
    Done,
    /// The connection carries the streams now.
    Attached {
        /// Where the log on disk ended at that moment, if there is one.
        log_end: Option<Position>,
    },
    /// The exec runs with this host pid.
    ExecStarted {
        /// Process id as the host sees it.
        pid: i32,
    },
    /// Answer to `Watch` and `State`.
    State(Box<State>),
    /// Answer to `Pids`.
    Pids(Vec<i32>),
    /// It was not done.
    Refused(Failure),
}

/// What happens to a container. Times are the shim's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// Everything is set up and the first process is parked before execve.
    Created {
        /// Process id as the host sees it.
        pid: i32,
    },
    /// The first process runs its program.
    Started {
        /// When.
        at: UnixNanos,
    },
    /// Creating or starting failed; the shim is about to end.
    Failed(Failure),
    /// The first process has ended; its output is in the log and the record, if
    /// it had been started, on disk.
    Exited(ExitRecord),
    /// An exec has ended.
    ExecExited(ExecState),
    /// The kernel killed a process of the container for want of memory.
    OutOfMemory {
        /// When it was noticed.
        at: UnixNanos,
    },
}

/// How a container ended: a fact with a life of its own, kept in
/// [`ContainerSpec::exit_path`](crate::spec::ContainerSpec::exit_path).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitRecord {
    /// Exit code, 128 + signal for a killed process. 127, 126 or 128 when it
    /// could not be started.
    pub exit_code: i32,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// When its program began; `None` when it never did.
    pub started_at: Option<UnixNanos>,
    /// When its end was seen.
    pub finished_at: UnixNanos,
    /// Whether the kernel killed a process of it for want of memory.
    pub oom_killed: bool,
    /// Why it could not be created or started.
    pub error: Option<Failure>,
    /// Its execs, the last of them when there were many.
    #[serde(default)]
    pub execs: Vec<ExecState>,
}

/// Where a container is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Parked before execve.
    Created,
    /// Its program runs (or is frozen).
    Running,
    /// Ended; the shim lives on until its clients have read everything.
    Exited,
}

/// What a shim knows of its container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The container's id.
    pub id: String,
    /// Process id of the shim itself.
    pub shim_pid: i32,
    /// Process id of the first process as the host sees it.
    pub pid: i32,
    /// Where it is in its life.
    pub phase: Phase,
    /// Whether its processes are frozen.
    pub paused: bool,
    /// When its program began.
    pub started_at: Option<UnixNanos>,
    /// How it ended.
    pub exit: Option<ExitRecord>,
    /// All execs since the start, running and ended.
    pub execs: Vec<ExecState>,
    /// Bytes of output that could not be written to the log (disk full).
    pub log_bytes_lost: u64,
}

/// What a shim knows of an exec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecState {
    /// The id the daemon gave it.
    pub id: String,
    /// Process id as the host sees it.
    pub pid: i32,
    /// When its program began.
    pub started_at: UnixNanos,
    /// Exit code once it has ended, 128 + signal for a killed process.
    pub exit_code: Option<i32>,
    /// When its end was seen.
    pub finished_at: Option<UnixNanos>,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// For programs.
    pub kind: FailureKind,
    /// For people. Of [`FailureKind::PortAllocated`] it is `<ip>:<port>`.
    pub message: String,
}

/// Kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// The program to run does not exist.
    NotFound,
    /// The program to run may not be run.
    PermissionDenied,
    /// The user or group to run as does not exist in the container.
    UnknownUser,
    /// Somebody else has the host port.
    PortAllocated,
    /// The container, or the exec, is not in the phase that the request needs.
    WrongPhase,
    /// There is no exec with this id, or there is one already.
    NoSuchExec,
    /// The request makes no sense.
    BadRequest,
    /// Anything else.
    Other,
}

impl Failure {
    /// A failure of this kind with this text.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

/// A message as the bytes that travel.
pub fn encode<T: Serialize>(message: &T) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message)
        .expect("messages are plain data and writing to memory cannot fail");
    let length = u32::try_from(bytes.len() - 4).expect("a message is far below 4 GiB");
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes
}

/// Writes one message, blocking until the peer's socket took it.
pub fn send<T: Serialize>(mut to: impl Write, message: &T) -> io::Result<()> {
    to.write_all(&encode(message))
}

/// Reads one message, blocking; `None` when the peer closed the connection
/// between messages. Takes no byte beyond the message.
pub fn receive<T: DeserializeOwned>(mut from: impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    let mut have = 0;
    while have < length.len() {
        match from.read(&mut length[have..]) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => have += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let mut body = vec![0; checked_length(length)?];
    from.read_exact(&mut body)?;
    parse(&body).map(Some)
}

/// Takes messages out of bytes as they arrive, for callers that must not block.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
}

impl Decoder {
    /// Adds what was read from the connection.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message, if there is one.
    #[expect(
        clippy::should_implement_trait,
        reason = "None now may be a message later"
    )]
    pub fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let Some((length, rest)) = self.bytes.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = checked_length(*length)?;
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let message = parse(body)?;
        self.bytes.drain(..4 + length);
        Ok(Some(message))
    }

    /// Bytes after the last message taken: the beginning of a stream.
    pub fn into_rest(self) -> Vec<u8> {
        self.bytes
    }
}

fn checked_length(prefix: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(prefix) as usize;
    if length > MAX_MESSAGE {
        return Err(invalid(format!("message of {length} bytes is too long")));
    }
    Ok(length)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> io::Result<T> {
    serde_json::from_slice(body).map_err(|error| invalid(format!("bad message: {error}")))
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoder_takes_messages_from_any_split() {
        let requests = [
            Request::Watch,
            Request::Signal {
                signal: 15,
                exec: Some("ab".into()),
            },
            Request::Attach(Streams {
                stdin: true,
                ..Streams::default()
            }),
        ];
        let mut wire: Vec<u8> = requests.iter().flat_map(encode).collect();
        wire.extend_from_slice(b"stdin");
        for step in 1..wire.len() {
            let mut decoder = Decoder::default();
            let mut seen = Vec::new();
            for piece in wire.chunks(step) {
                decoder.push(piece);
                while seen.len() < requests.len()
                    && let Some(request) = decoder.next::<Request>().expect("valid")
                {
                    seen.push(request);
                }
            }
            assert_eq!(seen, requests);
            assert_eq!(decoder.into_rest(), b"stdin");
        }
    }

    #[test]
    fn receive_ends_cleanly_only_between_messages() {
        let wire = encode(&Message::Reply(Reply::Done));
        let mut reader = &wire[..];
        let first: Option<Message> = receive(&mut reader).expect("whole");
        assert_eq!(first, Some(Message::Reply(Reply::Done)));
        assert_eq!(receive::<Message>(&mut reader).expect("end"), None);
        receive::<Message>(&wire[..2]).expect_err("cut in the length");
        receive::<Message>(&wire[..6]).expect_err("cut in the body");
    }

    #[test]
    fn absurd_lengths_are_refused() {
        let mut decoder = Decoder::default();
        decoder.push(&u32::MAX.to_le_bytes());
        decoder.next::<Request>().expect_err("too long");
    }
}
