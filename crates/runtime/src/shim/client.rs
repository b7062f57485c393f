//! A connection to the shim: messages at first, a byte stream perhaps later.

use std::io::{self, Read as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::net::sockopt;

use super::backlog::{Backlog, Overflow};
use super::poll::{ClientKey, Interest, Poll, ProcessKey, Token};
use crate::channel::{self, Decoder, Message, Streams};
use crate::log::Stream;

/// How long a connection that is to be closed may take nothing of what is left.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a stream that may be in the kernel.
const SEND_BUFFER: usize = 512 << 10;

/// One connection.
#[derive(Debug)]
pub(super) struct Client {
    key: ClientKey,
    socket: UnixStream,
    pub(super) role: Role,
    backlog: Backlog,
    interest: Interest,
    /// The other side has ended its direction.
    pub(super) input_ended: bool,
    /// To be closed once all was taken.
    finishing: bool,
    moved_at: Instant,
}

/// What travels on a connection.
#[derive(Debug)]
pub(super) enum Role {
    /// Requests and replies, and events when watching.
    Messages {
        decoder: Decoder,
        watching: bool,
        /// A request is being worked on; the next ones wait.
        busy: bool,
    },
    /// The streams of a process.
    Streams {
        process: ProcessKey,
        streams: Streams,
    },
}

/// The connection is of no more use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gone;

impl From<Overflow> for Gone {
    fn from(_: Overflow) -> Self {
        Self
    }
}

impl Client {
    pub(super) fn accept(
        poll: &Poll,
        key: ClientKey,
        socket: UnixStream,
        watching: bool,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        poll.add(&socket, Token::Client(key), Interest::READ)?;
        Ok(Self {
            key,
            socket,
            role: Role::Messages {
                decoder: Decoder::default(),
                watching,
                busy: false,
            },
            backlog: Backlog::default(),
            interest: Interest::READ,
            input_ended: false,
            finishing: false,
            moved_at: Instant::now(),
        })
    }

    /// Makes the connection a stream; answers what it has already sent of it.
    pub(super) fn become_stream(
        &mut self,
        process: ProcessKey,
        streams: Streams,
        spill_dir: Option<&Path>,
    ) -> Vec<u8> {
        if let Some(dir) = spill_dir {
            self.backlog.spill_into(dir);
        }
        // Room for what comes while the daemon passes on what came before; without
        // it more is spilled.
        let _ = sockopt::set_socket_send_buffer_size(&self.socket, SEND_BUFFER);
        match std::mem::replace(&mut self.role, Role::Streams { process, streams }) {
            Role::Messages { decoder, .. } => decoder.into_rest(),
            Role::Streams { .. } => Vec::new(),
        }
    }

    /// The process whose streams the connection carries.
    pub(super) fn process(&self) -> Option<ProcessKey> {
        match self.role {
            Role::Streams { process, .. } => Some(process),
            Role::Messages { .. } => None,
        }
    }

    pub(super) fn is_watching(&self) -> bool {
        matches!(self.role, Role::Messages { watching: true, .. })
    }

    pub(super) fn tell(&mut self, message: &Message) -> Result<(), Gone> {
        Ok(self
            .backlog
            .send(&self.socket, &channel::encode(message), &[])?)
    }

    /// Sends output of the process, if this connection wants it.
    pub(super) fn output(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), Gone> {
        let Role::Streams { streams, .. } = self.role else {
            return Ok(());
        };
        let (wanted, number) = match stream {
            Stream::Stdout => (streams.stdout, 1),
            Stream::Stderr => (streams.stderr, 2),
        };
        if !wanted {
            return Ok(());
        }
        let mut head = [number, 0, 0, 0, 0, 0, 0, 0];
        head[4..].copy_from_slice(&(bytes.len() as u32).to_be_bytes());
        let head = if streams.raw { &[][..] } else { &head[..] };
        Ok(self.backlog.send(&self.socket, head, bytes)?)
    }

    /// Whether the source of a stream, if it can wait, should.
    pub(super) fn is_behind(&self) -> bool {
        self.backlog.is_full()
    }

    /// Sends what the other side takes now.
    pub(super) fn flush(&mut self) -> Result<(), Gone> {
        if self.backlog.flush(&self.socket).map_err(|_| Gone)? {
            self.moved_at = Instant::now();
        }
        Ok(())
    }

    /// Reads from the connection; `None` when there is nothing now. The end is
    /// noted in `input_ended`.
    pub(super) fn read<'a>(&mut self, buffer: &'a mut [u8]) -> Result<Option<&'a [u8]>, Gone> {
        loop {
            match self.socket.read(buffer) {
                Ok(0) => {
                    self.input_ended = true;
                    return Ok(None);
                }
                Ok(count) => return Ok(Some(&buffer[..count])),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(_) => return Err(Gone),
            }
        }
    }

    /// Brings what is polled for in line with what is possible.
    pub(super) fn update_interest(&mut self, poll: &Poll, input_full: bool) -> Result<(), Gone> {
        let interest = Interest {
            read: !self.input_ended && !input_full,
            write: !self.backlog.is_empty(),
        };
        if interest != self.interest {
            poll.modify(&self.socket, Token::Client(self.key), interest)
                .map_err(|_| Gone)?;
            self.interest = interest;
        }
        Ok(())
    }

    /// Closes the connection when all that was sent is taken.
    pub(super) fn finish(&mut self) {
        if !self.finishing {
            self.finishing = true;
            self.moved_at = Instant::now();
        }
    }

    /// Whether it is time to close.
    pub(super) fn is_finished(&self) -> bool {
        self.finishing && (self.backlog.is_empty() || self.moved_at.elapsed() > PATIENCE)
    }

    /// When [`Self::is_finished`] becomes true without any event.
    pub(super) fn patience_ends(&self) -> Option<Instant> {
        self.finishing.then(|| self.moved_at + PATIENCE)
    }

    /// Closes the connection so that the other side reads all that was sent and
    /// then its end.
    pub(super) fn close(self, poll: &Poll) {
        poll.remove(&self.socket);
        // Unread input would turn the end into an error on the other side.
        let _ = self.socket.shutdown(Shutdown::Both);
        let mut unread = [0; 4096];
        while matches!((&self.socket).read(&mut unread), Ok(count) if count > 0) {}
    }
}
