//! The process that speaks with a log server, and what it has not taken yet.
//!
//! The shim never waits for it. Where the container shall not wait either, lines
//! beyond a bound are not sent; else the container's output is left alone until
//! the forwarder has caught up.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::net::Shutdown;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::Signal;
use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::poll::{Interest, Poll, Token};
use crate::channel;
use crate::log::forward::{self, record};
use crate::log::split::Piece;
use crate::log::{Stream, forward::LogServer};
use crate::spec::Forward;
use crate::sys::clone::{Child, Side, clone3};
use crate::sys::fd::close_from;
use crate::sys::pidfd;

/// Bytes that wait before the container does.
const BLOCKING: usize = 64 << 10;

/// What an ending container may add beyond any bound.
const LAST: usize = 8 << 20;

/// How long a server may take to accept the last lines.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running forwarder.
#[derive(Debug)]
pub(super) struct Forwarder {
    process: Child,
    socket: UnixStream,
    queue: VecDeque<u8>,
    /// Bytes that may wait; `None` makes the container wait.
    bound: Option<usize>,
    polled: bool,
    /// When it is ended, whatever it still has to do.
    give_up: Option<Instant>,
}

impl Forwarder {
    /// Starts a forwarder and waits until it is connected. The text of the error
    /// is the server's, as dockerd words it.
    pub(super) fn launch(forward: &Forward) -> Result<Self, String> {
        let (process, socket) = fork(&forward.server).map_err(|error| error.to_string())?;
        let connected: io::Result<Option<Result<(), String>>> = channel::receive(&socket);
        let connected = match connected {
            Ok(Some(connected)) => connected,
            _ => Err("the log forwarder has died".into()),
        };
        if let Err(error) = connected.and_then(|()| {
            socket
                .set_nonblocking(true)
                .map_err(|error| error.to_string())
        }) {
            end(&process);
            return Err(error);
        }
        Ok(Self {
            process,
            socket,
            queue: VecDeque::new(),
            bound: forward
                .buffer
                .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
            polled: false,
            give_up: None,
        })
    }

    /// Takes a piece of output, unless too much waits.
    pub(super) fn push(&mut self, stream: Stream, piece: Piece<'_>, now: channel::UnixNanos) {
        let waiting = self.queue.len();
        let bound = self.bound.unwrap_or(BLOCKING + LAST);
        // One that is too long for the bound alone is taken by an idle forwarder.
        if waiting == 0 || waiting + piece.text.len() <= bound {
            record::encode(stream, piece, now, &mut self.queue);
        }
    }

    /// Whether the container should wait.
    pub(super) fn is_behind(&self) -> bool {
        self.bound.is_none() && self.queue.len() >= BLOCKING
    }

    /// Hands over what the forwarder takes now.
    pub(super) fn flush(&mut self, poll: &Poll) {
        while !self.queue.is_empty() {
            match (&self.socket).write(self.queue.as_slices().0) {
                Ok(count) => drop(self.queue.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // It is dead, and nobody else would take them.
                Err(_) => self.queue.clear(),
            }
        }
        if self.queue.is_empty() {
            // An idle forwarder costs no memory.
            self.queue.shrink_to(0);
            if self.give_up.is_some() {
                let _ = self.socket.shutdown(Shutdown::Write);
            }
        }
        if self.queue.is_empty() == self.polled {
            self.polled = !self.polled;
            if !self.polled {
                poll.remove(&self.socket);
            } else if poll
                .add(&self.socket, Token::Forwarder, Interest::WRITE)
                .is_err()
            {
                self.queue.clear();
            }
        }
    }

    /// Nothing more will come: the forwarder ends when the server has taken all,
    /// or after some patience.
    pub(super) fn finish(&mut self, poll: &Poll) {
        if self.give_up.is_none() {
            self.give_up = Some(Instant::now() + PATIENCE);
            let _ = poll.add(&self.process.pidfd, Token::Forwarder, Interest::READ);
            self.flush(poll);
        }
    }

    /// When [`Self::is_gone`] becomes true without any event.
    pub(super) fn gives_up(&self) -> Option<Instant> {
        self.give_up
    }

    /// Whether it has ended; one that is too slow is ended.
    pub(super) fn is_gone(&self) -> bool {
        let Some(give_up) = self.give_up else {
            return false;
        };
        if give_up <= Instant::now() {
            end(&self.process);
            return true;
        }
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
        let status = waitid(WaitId::PidFd(self.process.pidfd.as_fd()), options);
        !matches!(status, Ok(None))
    }

    /// Forgets its descriptors, before they are closed.
    pub(super) fn close(self, poll: &Poll) {
        poll.remove(&self.socket);
        poll.remove(&self.process.pidfd);
    }
}

fn fork(server: &LogServer) -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    match clone3(0, None)? {
        Side::Parent(child) => Ok((child, ours)),
        Side::Child => {
            drop(ours);
            std::process::exit(match alone_with(theirs.as_fd()) {
                Ok(shim) => {
                    forward::run(server, &shim);
                    0
                }
                Err(_) => 1,
            });
        }
    }
}

/// Keeps the line to the shim and nothing else of what was inherited.
fn alone_with(line: BorrowedFd<'_>) -> io::Result<UnixStream> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    let _ = rustix::thread::set_name(c"longshore-log");
    rustix::stdio::dup2_stdin(line)?;
    close_from(3)?;
    Ok(rustix::stdio::stdin().try_clone_to_owned()?.into())
}

fn end(process: &Child) {
    let _ = pidfd::send_signal(&process.pidfd, nix::libc::SIGKILL);
    let _ = waitid(WaitId::PidFd(process.pidfd.as_fd()), WaitIdOptions::EXITED);
}
