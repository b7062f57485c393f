//! Reading a container's log: lines from disk, in frames or as the terminal
//! wrote them, to the end or for as long as the container runs.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use longshore_api::frames;
use longshore_runtime::log::follow::{Follower, Next};
use longshore_runtime::log::line::Entry;
use longshore_runtime::log::reader::Position;
use longshore_runtime::log::{Stream, reader};
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

use crate::container::registry::Handle;
use crate::container::state::{Request, Subject, Verdict, decide, refuse};
use crate::error::{Error, Result};
use crate::shared::Shared;
use crate::time;

/// Bytes that are read before they are handed on.
const BATCH: usize = 256 << 10;

/// Room for the lines of one quiet moment.
const FIRST: usize = 4 << 10;

/// Batches that may wait for a slow client.
const WAITING: usize = 4;

/// What a client wants of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Go on until the container ends.
    pub follow: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
    /// Nothing older.
    pub since: Option<Timestamp>,
    /// Nothing newer.
    pub until: Option<Timestamp>,
    /// The time in front of each line.
    pub timestamps: bool,
    /// Attributes of the log in front of each line.
    pub details: bool,
    /// So many of the last lines; none for all.
    pub tail: Option<u64>,
    /// Nothing behind this place.
    pub end: Option<Position>,
}

/// Reads the `tail` of the wire: anything that is no number means all.
pub fn parse_tail(text: &str) -> Option<u64> {
    text.parse().ok()
}

/// The bytes of a log.
#[derive(Debug)]
pub struct Logs {
    /// Whether the bytes are a terminal's; otherwise they are frames.
    pub tty: bool,
    /// The bytes, until the end.
    pub bytes: mpsc::Receiver<Result<Bytes>>,
}

/// Begins to read.
pub(crate) fn read(shared: &Shared, handle: &Handle, given: &str, query: LogQuery) -> Result<Logs> {
    let snapshot = handle.snapshot();
    if !query.stdout && !query.stderr {
        return Err(Error::bad_parameter(
            "Bad parameters: you must choose at least one stream",
        ));
    }
    let phase = snapshot.state.phase;
    if let Verdict::Refuse(refusal) = decide(phase, Request::Logs) {
        let id = snapshot.id();
        return Err(refuse(Request::Logs, refusal, Subject { id, given, phase }));
    }
    let place = shared.files(snapshot.id());
    let Some((dir, name)) = snapshot.plan.log.place(snapshot.id(), place.dir()) else {
        return Err(Error::not_implemented(
            "configured logging driver does not support reading",
        ));
    };
    let wanted = reader::Query {
        stdout: query.stdout,
        stderr: query.stderr,
        since: query.since.map(time::unix_nanos),
        until: query.until.map(time::unix_nanos),
        tail: query.tail,
        end: query.end,
    };
    let format = Format {
        tty: snapshot.plan.tty,
        timestamps: query.timestamps,
        details: query.details,
    };
    let (to, bytes) = mpsc::channel(WAITING);
    // Before anything is read: what is written after the container's end does
    // not exist.
    let running = query.follow && phase.has_process();
    let handle = handle.clone();
    tokio::spawn(async move {
        // The tail of a long or compressed log takes a while to find.
        let open = move || match Follower::open(&dir, &name, wanted) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        };
        let passed = match tokio::task::spawn_blocking(open).await {
            Ok(Ok(Some(follower))) => pass(follower, &handle, running, format, &to).await,
            // It was never started.
            Ok(Ok(None)) => Ok(()),
            Ok(Err(error)) => Err(error),
            Err(panic) => Err(io::Error::other(panic)),
        };
        if let Err(error) = passed {
            to.send(Err(Error::system(error.to_string()))).await.ok();
        }
    });
    Ok(Logs {
        tty: snapshot.plan.tty,
        bytes,
    })
}

#[derive(Clone, Copy)]
struct Format {
    tty: bool,
    timestamps: bool,
    details: bool,
}

impl Format {
    fn append(self, out: &mut BytesMut, entry: &Entry) {
        let start = out.len();
        if !self.tty {
            // Its length is not known yet.
            out.extend_from_slice(&[0; frames::HEADER]);
        }
        if self.timestamps {
            out.extend_from_slice(padded_time(entry.time).as_bytes());
            out.extend_from_slice(b" ");
        }
        if self.details {
            let pairs: Vec<String> = entry
                .attrs
                .iter()
                .map(|(key, value)| format!("{}={}", escape(key), escape(value)))
                .collect();
            out.extend_from_slice(pairs.join(",").as_bytes());
            out.extend_from_slice(b" ");
        }
        out.extend_from_slice(&entry.text);
        if !self.tty {
            let stream = match entry.stream {
                Stream::Stdout => frames::Stream::Stdout,
                Stream::Stderr => frames::Stream::Stderr,
            };
            let payload = start + frames::HEADER;
            // A line is far below 4 GiB.
            let header = frames::header(stream, (out.len() - payload) as u32);
            out[start..payload].copy_from_slice(&header);
        }
    }
}

enum Batch {
    More,
    Pending,
    End,
}

/// Reads on blocking threads, a batch at a time, and waits in between without
/// holding one.
async fn pass(
    mut follower: Follower,
    handle: &Handle,
    running: bool,
    format: Format,
    to: &mpsc::Sender<Result<Bytes>>,
) -> io::Result<()> {
    #[expect(
        deprecated,
        reason = "an OwnedFd keeps the promise that the unsafe constructor asks for"
    )]
    let wake: AsyncFd<OwnedFd> = AsyncFd::new(follower.as_fd().try_clone_to_owned()?)?;
    let mut view = handle.watch();
    if !running {
        follower.finish();
    }
    loop {
        let read = tokio::task::spawn_blocking(move || {
            let mut out = BytesMut::with_capacity(FIRST);
            let found = batch(&mut follower, format, &mut out);
            (follower, out, found)
        });
        let (returned, out, found) = read.await.map_err(io::Error::other)?;
        follower = returned;
        if !out.is_empty() && to.send(Ok(out.freeze())).await.is_err() {
            return Ok(());
        }
        match found? {
            Batch::More => {}
            Batch::End => return Ok(()),
            Batch::Pending => {
                tokio::select! {
                    ready = wake.readable() => ready?.clear_ready(),
                    _ = view.wait_for(|snapshot| !snapshot.state.phase.has_process()) => {
                        follower.finish();
                    }
                    () = to.closed() => return Ok(()),
                }
            }
        }
    }
}

fn batch(follower: &mut Follower, format: Format, out: &mut BytesMut) -> io::Result<Batch> {
    while out.len() < BATCH {
        match follower.next()? {
            Next::Entry => format.append(out, follower.entry()),
            Next::Pending => return Ok(Batch::Pending),
            Next::End => return Ok(Batch::End),
        }
    }
    Ok(Batch::More)
}

/// Times in front of lines always have nine digits, so that they line up.
fn padded_time(nanos: i64) -> String {
    let time = Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(Timestamp::UNIX_EPOCH);
    format!(
        "{}.{:09}Z",
        time.strftime("%Y-%m-%dT%H:%M:%S"),
        time.subsec_nanosecond()
    )
}

/// Escapes as in the query of a URL.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            b' ' => escaped.push('+'),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn lines_in_their_forms() {
        let entry = Entry {
            stream: Stream::Stderr,
            time: 1_577_934_245_120_000_000,
            text: b"hi\n".to_vec(),
            attrs: BTreeMap::from([("k".into(), "a b".into())]),
        };
        let text = |tty, timestamps, details| {
            let format = Format {
                tty,
                timestamps,
                details,
            };
            let mut out = BytesMut::new();
            format.append(&mut out, &entry);
            out.to_vec()
        };
        assert_eq!(text(true, false, false), b"hi\n");
        assert_eq!(text(false, false, false), b"\x02\0\0\0\0\0\0\x03hi\n");
        assert_eq!(
            text(true, true, true),
            b"2020-01-02T03:04:05.120000000Z k=a+b hi\n"
        );
    }

    #[test]
    fn tails() {
        assert_eq!(parse_tail("10"), Some(10));
        for all in ["", "all", "-1", "x"] {
            assert_eq!(parse_tail(all), None, "{all}");
        }
    }
}
