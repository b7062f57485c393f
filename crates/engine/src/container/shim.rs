//! The daemon's end of a connection to a shim, for async code.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use longshore_runtime::channel::{Decoder, Event, Failure, Message, Reply, Request, encode};
use longshore_runtime::recover;
use longshore_runtime::zygote::Zygote;
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// No answer of a shim takes that long unless something is very wrong; then
/// an error is better than a call that never ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection that carries messages.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: UnixStream,
    decoder: Decoder,
    events: VecDeque<Event>,
}

/// A connection that has become the streams of a process.
#[derive(Debug)]
pub(crate) struct Streams {
    /// The connection.
    pub(crate) stream: UnixStream,
    /// Output that came with the reply; it goes first.
    pub(crate) first: Vec<u8>,
}

/// How long the kernel may take to let go of what a killed shim left.
const LETTING_GO: Duration = Duration::from_secs(5);

/// Cleans up behind a shim that was killed: its container's processes, cgroup
/// and run directory. Does nothing where a shim answers.
pub(crate) async fn sweep(run_dir: PathBuf) {
    let swept = tokio::task::spawn_blocking(move || match recover::connect(&run_dir)? {
        Some(_) => Ok(()),
        None => recover::sweep(&run_dir, LETTING_GO),
    });
    if let Ok(Err(error)) = swept.await {
        tracing::warn!(%error, "what a killed supervisor left is not all gone");
    }
}

impl Connection {
    /// Takes over the connection that the launch of a shim returned.
    pub(crate) fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<Connection> {
        stream.set_nonblocking(true)?;
        Ok(Connection::new(UnixStream::from_std(stream)?))
    }

    /// Connects to a shim that waits for its specification.
    pub(crate) async fn to_new_shim(zygote: &Arc<Zygote>) -> io::Result<Connection> {
        if let Some(spare) = zygote.spare() {
            return Connection::from_std(spare);
        }
        let zygote = zygote.clone();
        let made = tokio::task::spawn_blocking(move || zygote.shim()).await;
        Connection::from_std(made.map_err(io::Error::other)??)
    }

    /// Connects to the shim of the container whose run directory this is.
    pub(crate) async fn open(run_dir: &Path) -> io::Result<Connection> {
        // Connecting to a local socket does not wait: a shim that is busy has
        // room for the connection.
        match recover::connect(run_dir)? {
            Some(stream) => Connection::from_std(stream),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn new(stream: UnixStream) -> Connection {
        Connection {
            stream,
            decoder: Decoder::default(),
            events: VecDeque::new(),
        }
    }

    /// Sends a message as it is, without waiting for an answer.
    pub(crate) async fn send<T: Serialize>(&mut self, message: &T) -> io::Result<()> {
        self.stream.write_all(&encode(message)).await
    }

    /// Sends a request and waits for its answer. Events that come in between
    /// are kept for [`Connection::event`].
    ///
    /// # Errors
    ///
    /// `TimedOut` when it does not answer within a minute; others mean that it
    /// has ended, or is about to.
    pub(crate) async fn request(&mut self, request: &Request) -> io::Result<Reply> {
        let exchange = async {
            self.send(request).await?;
            loop {
                match self.message().await? {
                    Some(Message::Reply(reply)) => return Ok(reply),
                    Some(Message::Event(event)) => self.events.push_back(event),
                    None => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                }
            }
        };
        match timeout(PATIENCE, exchange).await {
            Ok(outcome) => outcome,
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "no answer within a minute",
            )),
        }
    }

    /// The next event; `None` when the shim has ended. Cancel safe.
    pub(crate) async fn event(&mut self) -> io::Result<Option<Event>> {
        if let Some(event) = self.events.pop_front() {
            return Ok(Some(event));
        }
        loop {
            match self.message().await? {
                Some(Message::Event(event)) => return Ok(Some(event)),
                // The answer to a request that was given up.
                Some(Message::Reply(_)) => {}
                None => return Ok(None),
            }
        }
    }

    /// Sends a request after which the connection carries a process's streams.
    /// The reply comes along, since that of an exec has the process id.
    pub(crate) async fn into_streams(
        mut self,
        request: &Request,
    ) -> io::Result<Result<(Reply, Streams), Failure>> {
        match self.request(request).await? {
            Reply::Refused(failure) => Ok(Err(failure)),
            reply => {
                let first = self.decoder.into_rest();
                let stream = self.stream;
                Ok(Ok((reply, Streams { stream, first })))
            }
        }
    }

    async fn message(&mut self) -> io::Result<Option<Message>> {
        loop {
            if let Some(message) = self.decoder.next()? {
                return Ok(Some(message));
            }
            let mut buffer = [0; 8192];
            match self.stream.read(&mut buffer).await? {
                0 => return Ok(None),
                length => self.decoder.push(&buffer[..length]),
            }
        }
    }
}

/// A reply that only says yes or no.
pub(crate) fn done(reply: Reply) -> Result<(), Failure> {
    match reply {
        Reply::Refused(failure) => Err(failure),
        _ => Ok(()),
    }
}
