//! A client at the streams of a process: bytes both ways until the process
//! ends, the client leaves, or it types the keys to detach.

use std::io;

use longshore_runtime::channel;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;

use crate::container::logs::Logs;
use crate::container::shim::Streams;
use crate::error::{Error, Result};

/// Bytes of output that are passed on at once. Pages of it that are never used
/// cost no memory.
const OUTPUT: usize = 256 << 10;

/// What a client wants of a container's streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttachRequest {
    /// Send what the client writes to the process.
    pub stdin: bool,
    /// Receive standard output.
    pub stdout: bool,
    /// Receive standard error.
    pub stderr: bool,
    /// Stay for what comes.
    pub stream: bool,
    /// First receive what was written so far.
    pub logs: bool,
    /// Keys to detach, empty for the default.
    pub detach_keys: String,
}

impl AttachRequest {
    pub(crate) fn streams(&self, tty: bool) -> channel::Streams {
        channel::Streams {
            stdin: self.stdin,
            stdout: self.stdout,
            stderr: self.stderr,
            from_log: self.logs,
            raw: tty,
        }
    }
}

/// Streams that wait for a client.
pub struct Attachment {
    /// Whether the bytes are a terminal's; otherwise they are frames.
    pub tty: bool,
    pub(crate) logs: Option<Logs>,
    pub(crate) streams: Option<oneshot::Receiver<Streams>>,
    pub(crate) input: Input,
    pub(crate) on_detach: Box<dyn FnOnce() + Send>,
}

/// What happens to what the client writes.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    /// Whether it goes to the process.
    pub(crate) forward: bool,
    /// What its end means.
    pub(crate) end: InputEnd,
    /// Keys to detach, where there is a terminal.
    pub(crate) keys: Option<DetachKeys>,
}

/// What the end of a client's input means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InputEnd {
    /// The end of the process's standard input.
    Process,
    /// The client is done.
    Detach,
}

/// How a client's stay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// There is no more output.
    Output,
    /// The client left, or has ended its input.
    Client,
    /// The client typed the keys.
    Keys,
}

impl Attachment {
    /// Serves a client until the end. Errors of its connection end it too.
    pub async fn run(self, mut client: impl AsyncRead + AsyncWrite + Unpin) {
        if let Some(mut logs) = self.logs {
            while let Some(bytes) = logs.bytes.recv().await {
                let Ok(bytes) = bytes else { break };
                if client.write_all(&bytes).await.is_err() {
                    return;
                }
            }
        }
        if let Some(streams) = self.streams
            && let Some(streams) = wait(streams, &mut client).await
            && let Ok(Ended::Keys) = pump(&mut client, streams, self.input).await
        {
            (self.on_detach)();
        }
        client.shutdown().await.ok();
    }
}

/// Waits for a container that is to be started. What the client types
/// meanwhile stays in the connection. None if the container is removed first.
async fn wait(
    streams: oneshot::Receiver<Streams>,
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> Option<Streams> {
    client.flush().await.ok()?;
    streams.await.ok()
}

/// Passes bytes between a client and a process.
pub(crate) async fn pump(
    client: &mut (impl AsyncRead + AsyncWrite + Unpin),
    streams: Streams,
    input: Input,
) -> io::Result<Ended> {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_process, mut to_process) = streams.stream.into_split();
    let output = async {
        to_client.write_all(&streams.first).await?;
        to_client.flush().await?;
        let mut buffer = vec![0; OUTPUT];
        loop {
            match from_process.read(&mut buffer).await? {
                0 => return Ok::<_, io::Error>(Ended::Output),
                length => {
                    to_client.write_all(&buffer[..length]).await?;
                    to_client.flush().await?;
                }
            }
        }
    };
    let forward = async {
        if !input.forward {
            return Ok::<_, io::Error>(None);
        }
        let mut keys = input.keys.map(KeyMatcher::new);
        let mut buffer = vec![0; 32 << 10];
        loop {
            let length = match from_client.read(&mut buffer).await {
                Ok(0) => break,
                Ok(length) => length,
                // It has left without taking all of the output: more of it, and
                // an end of the input, are nothing that it waits for.
                Err(_) => return Ok(Some(Ended::Client)),
            };
            let bytes = match &mut keys {
                None => buffer[..length].to_vec(),
                Some(keys) => match keys.filter(&buffer[..length]) {
                    Some(bytes) => bytes,
                    None => return Ok(Some(Ended::Keys)),
                },
            };
            // A process that has closed its standard input still has output.
            if to_process.write_all(&bytes).await.is_err() {
                return Ok(None);
            }
        }
        if input.end == InputEnd::Detach {
            return Ok(Some(Ended::Client));
        }
        to_process.shutdown().await.ok();
        Ok(None)
    };
    tokio::pin!(output, forward);
    tokio::select! {
        ended = &mut output => return ended,
        done = &mut forward => if let Ok(Some(ended)) = done {
            return Ok(ended);
        },
    }
    output.await
}

/// A sequence of keys, as bytes of a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DetachKeys(Vec<u8>);

impl DetachKeys {
    /// The keys as bytes of a terminal.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Reads `ctrl-p,ctrl-q` or `a,b`; empty is the former.
    pub(crate) fn parse(given: &str) -> std::result::Result<DetachKeys, Error> {
        if given.is_empty() {
            return Ok(DetachKeys(vec![16, 17]));
        }
        let key = |text: &str| match text.as_bytes() {
            [key] => Some(*key),
            b"DEL" => Some(127),
            _ => match text.strip_prefix("ctrl-")?.as_bytes() {
                [letter @ b'a'..=b'z'] => Some(letter - b'a' + 1),
                [symbol @ (b'@' | b'[' | b'\\' | b']' | b'^' | b'_')] => Some(symbol - b'@'),
                _ => None,
            },
        };
        given
            .split(',')
            .map(key)
            .collect::<Option<Vec<u8>>>()
            .map(DetachKeys)
            .ok_or_else(|| Error::bad_parameter(format!("Invalid detach keys ({given}) provided")))
    }
}

/// Finds the sequence in what a client types. The beginning of a sequence is
/// held back until it is clear that it is none.
struct KeyMatcher {
    keys: Vec<u8>,
    seen: usize,
}

impl KeyMatcher {
    fn new(keys: DetachKeys) -> KeyMatcher {
        KeyMatcher {
            keys: keys.0,
            seen: 0,
        }
    }

    /// The bytes to pass on, or none when the sequence is complete.
    fn filter(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut passed = Vec::with_capacity(bytes.len());
        for byte in bytes {
            if self.keys[self.seen] == *byte {
                self.seen += 1;
                if self.seen == self.keys.len() {
                    return None;
                }
                continue;
            }
            passed.extend_from_slice(&self.keys[..self.seen]);
            self.seen = usize::from(self.keys[0] == *byte);
            if self.seen == 0 {
                passed.push(*byte);
            }
        }
        Some(passed)
    }
}

/// Checks the keys of a request.
pub(crate) fn keys(given: &str, tty: bool) -> Result<Option<DetachKeys>> {
    let keys = DetachKeys::parse(given)?;
    Ok(tty.then_some(keys))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detach_keys() {
        assert_eq!(DetachKeys::parse(""), Ok(DetachKeys(vec![16, 17])));
        assert_eq!(DetachKeys::parse("ctrl-a,x"), Ok(DetachKeys(vec![1, b'x'])));
        assert_eq!(
            DetachKeys::parse("ctrl-[,DEL"),
            Ok(DetachKeys(vec![27, 127]))
        );
        for bad in ["ctrl-", "xy", "ctrl-A", "a,", "ctrl-?"] {
            assert_eq!(
                DetachKeys::parse(bad).expect_err(bad).message,
                format!("Invalid detach keys ({bad}) provided")
            );
        }
    }

    #[test]
    fn a_beginning_that_is_no_sequence_is_passed_on() {
        let mut matcher = KeyMatcher::new(DetachKeys(vec![16, 17]));
        assert_eq!(matcher.filter(b"a\x10b"), Some(b"a\x10b".to_vec()));
        assert_eq!(matcher.filter(b"\x10"), Some(vec![]));
        assert_eq!(matcher.filter(b"\x10"), Some(b"\x10".to_vec()));
        assert_eq!(matcher.filter(b"\x11"), None);
    }

    #[tokio::test]
    async fn bytes_travel_both_ways_and_half_close_is_the_end_of_input() {
        let (ours, mut process) = tokio::net::UnixStream::pair().expect("a pair");
        let (mut client, mut user) = tokio::io::duplex(64);
        let pumping = tokio::spawn(async move {
            let streams = Streams {
                stream: ours,
                first: b"first ".to_vec(),
            };
            let input = Input {
                forward: true,
                end: InputEnd::Process,
                keys: None,
            };
            pump(&mut client, streams, input).await
        });
        user.write_all(b"question").await.expect("written");
        user.shutdown().await.expect("shut");
        let mut question = String::new();
        process.read_to_string(&mut question).await.expect("read");
        assert_eq!(question, "question");
        process.write_all(b"answer").await.expect("written");
        drop(process);
        let mut answer = String::new();
        user.read_to_string(&mut answer).await.expect("read");
        assert_eq!(answer, "first answer");
        assert_eq!(
            pumping.await.expect("joined").expect("no error"),
            Ended::Output
        );
    }
}
