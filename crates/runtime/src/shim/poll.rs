//! Readiness of descriptors: epoll with named tokens.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;

use crate::log::Stream;

/// Number of a process; 0 is the first one, the container's init.
pub(super) type ProcessKey = u64;
/// Number of a connection. Never used twice, so that a late event cannot hit a
/// newer connection.
pub(super) type ClientKey = u64;

/// What became ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// Somebody connects to the socket.
    Listener,
    /// A connection.
    Client(ClientKey),
    /// A process has ended.
    Ended(ProcessKey),
    /// A process has written.
    Output(ProcessKey, Stream),
    /// A process can take input.
    Input(ProcessKey),
    /// The log forwarder can take more, or has ended.
    Forwarder,
    /// The process that compresses the log has ended.
    Compressor,
    /// The container has run out of memory.
    OutOfMemory,
    /// A process on its way into the container says how far it is.
    Starting(ProcessKey),
}

impl Token {
    fn encode(self) -> u64 {
        let (kind, key) = match self {
            Self::Listener => (0, 0),
            Self::Client(key) => (1, key),
            Self::Ended(key) => (2, key),
            Self::Output(key, Stream::Stdout) => (3, key),
            Self::Output(key, Stream::Stderr) => (4, key),
            Self::Input(key) => (5, key),
            Self::Forwarder => (6, 0),
            Self::Compressor => (7, 0),
            Self::Starting(key) => (8, key),
            Self::OutOfMemory => (9, 0),
        };
        key << 4 | kind
    }

    fn decode(token: u64) -> Self {
        let key = token >> 4;
        match token & 15 {
            1 => Self::Client(key),
            2 => Self::Ended(key),
            3 => Self::Output(key, Stream::Stdout),
            4 => Self::Output(key, Stream::Stderr),
            5 => Self::Input(key),
            6 => Self::Forwarder,
            7 => Self::Compressor,
            8 => Self::Starting(key),
            9 => Self::OutOfMemory,
            _ => Self::Listener,
        }
    }
}

/// What is waited for besides a hang-up, which is always told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Interest {
    pub(super) read: bool,
    pub(super) write: bool,
}

impl Interest {
    pub(super) const READ: Self = Self {
        read: true,
        write: false,
    };
    pub(super) const WRITE: Self = Self {
        read: false,
        write: true,
    };

    fn flags(self) -> EventFlags {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, self.read);
        flags.set(EventFlags::OUT, self.write);
        flags
    }
}

/// What one event said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ready {
    pub(super) token: Token,
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) hung_up: bool,
}

/// The epoll instance. Level-triggered.
#[derive(Debug)]
pub(super) struct Poll(OwnedFd);

impl Poll {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self(epoll::create(CreateFlags::CLOEXEC)?))
    }

    pub(super) fn add(&self, fd: impl AsFd, token: Token, interest: Interest) -> io::Result<()> {
        let data = EventData::new_u64(token.encode());
        Ok(epoll::add(&self.0, fd, data, interest.flags())?)
    }

    pub(super) fn modify(&self, fd: impl AsFd, token: Token, interest: Interest) -> io::Result<()> {
        let data = EventData::new_u64(token.encode());
        Ok(epoll::modify(&self.0, fd, data, interest.flags())?)
    }

    /// Forgets `fd`, which must happen before it is closed: a copy of it in
    /// another process would keep its events coming.
    pub(super) fn remove(&self, fd: impl AsFd) {
        // It may have been forgotten before.
        let _ = epoll::delete(&self.0, fd);
    }

    /// Waits until something is ready, at most for `patience`.
    pub(super) fn wait(&self, patience: Option<Duration>) -> io::Result<Vec<Ready>> {
        let patience = patience.map(|patience| Timespec {
            tv_sec: patience.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        });
        let mut events = [Event {
            flags: EventFlags::empty(),
            data: EventData::new_u64(0),
        }; 32];
        let count = match epoll::wait(&self.0, &mut events, patience.as_ref()) {
            Err(Errno::INTR) => 0,
            other => other?,
        };
        Ok(events[..count]
            .iter()
            .map(|event| {
                let flags = event.flags;
                Ready {
                    token: Token::decode(event.data.u64()),
                    read: flags.contains(EventFlags::IN),
                    write: flags.contains(EventFlags::OUT),
                    hung_up: flags.intersects(EventFlags::HUP | EventFlags::ERR),
                }
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_kernel() {
        for token in [
            Token::Listener,
            Token::Client(7),
            Token::Ended(0),
            Token::Output(3, Stream::Stdout),
            Token::Output(3, Stream::Stderr),
            Token::Input(u64::MAX >> 4),
            Token::OutOfMemory,
            Token::Forwarder,
            Token::Compressor,
        ] {
            assert_eq!(Token::decode(token.encode()), token);
        }
    }
}
