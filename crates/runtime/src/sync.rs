//! The line between a container's init (or an exec's process) and the shim
//! that made it, from birth to `execve`.
//!
//! ```text
//! shim                         child
//!   |  <---- Ready [console] ---  | everything set up, parked
//!   |  ---- go ---------------->  |
//!   |  <---- end of file -------  | execve closed the line: it runs
//!   |  <---- Failed ------------  | or an error at any point before
//! ```
//!
//! A process that is born in the pid namespace of others says so first, and the
//! kernel who it is: whoever cloned it may be gone by then.
//!
//! Each message is one packet. When the shim goes away the parked child reads
//! end of file and ends.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, send, sendmsg, socketpair,
};
use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use crate::error::CreateError;

const LONGEST_MESSAGE: usize = 16 << 10;

/// What a child says.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// Says who it is.
    Born,
    /// Set up; waits for the word to go.
    Ready,
    /// It is over.
    Failed(CreateError),
}

/// What the parent learns when it listens.
#[derive(Debug)]
pub(crate) enum Heard {
    /// It has come into the world, with this process id.
    Born(Pid),
    /// A message, perhaps with a terminal's master side.
    Report(Report, Option<OwnedFd>),
    /// The line was closed.
    Closed,
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// One end of the line; closed by `execve`.
#[derive(Debug)]
pub(crate) struct Line(OwnedFd);

impl Line {
    /// Both ends.
    pub(crate) fn pair() -> io::Result<(Self, Self)> {
        let (ours, theirs) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok((Self(ours), Self(theirs)))
    }

    /// Both ends, of which the first learns who speaks on the other.
    pub(crate) fn pair_with_names() -> io::Result<(Self, Self)> {
        let (ours, theirs) = Self::pair()?;
        set_socket_passcred(&ours.0, true)?;
        Ok((ours, theirs))
    }

    /// Ends what [`Line::pair_with_names`] began. Until then this end must not
    /// speak: the kernel would give it a name that others see.
    pub(crate) fn forget_names(&self) -> io::Result<()> {
        Ok(set_socket_passcred(&self.0, false)?)
    }

    /// Tells the parent something, handing over `console` with it.
    pub(crate) fn report(
        &self,
        report: &Report,
        console: Option<BorrowedFd<'_>>,
    ) -> io::Result<()> {
        let message = serde_json::to_vec(report)?;
        let descriptors: Vec<BorrowedFd<'_>> = console.into_iter().collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(&descriptors));
        }
        let parts = [IoSlice::new(&message)];
        sendmsg(&self.0, &parts, &mut control, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Waits for what the child says next.
    pub(crate) fn hear(&self) -> io::Result<Heard> {
        let mut message = vec![0; LONGEST_MESSAGE];
        let mut space =
            [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1), ScmCredentials(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let length = loop {
            let mut parts = [IoSliceMut::new(&mut message)];
            match recvmsg(&self.0, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                // The child ended without reading our word.
                Err(Errno::CONNRESET) => return Ok(Heard::Closed),
                other => break other?.bytes,
            }
        };
        if length == 0 {
            return Ok(Heard::Closed);
        }
        let (mut console, mut sender) = (None, None);
        for message in control.drain() {
            match message {
                RecvAncillaryMessage::ScmRights(mut descriptors) => console = descriptors.next(),
                RecvAncillaryMessage::ScmCredentials(credentials) => sender = Some(credentials.pid),
                _ => {}
            }
        }
        match (serde_json::from_slice(&message[..length])?, sender) {
            (Report::Born, Some(pid)) => Ok(Heard::Born(pid)),
            (report, _) => Ok(Heard::Report(report, console)),
        }
    }

    /// Gives the child what it waits for with [`Line::take`].
    pub(crate) fn hand_over(&self, thing: impl AsFd) -> io::Result<()> {
        let things = [thing.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&things));
        sendmsg(
            &self.0,
            &[IoSlice::new(b"it")],
            &mut control,
            SendFlags::NOSIGNAL,
        )?;
        Ok(())
    }

    /// Waits for what the parent hands over; nothing when it has gone away.
    pub(crate) fn take(&self) -> io::Result<Option<OwnedFd>> {
        let mut word = [0; 2];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        loop {
            let mut parts = [IoSliceMut::new(&mut word)];
            match recvmsg(&self.0, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
                Err(Errno::INTR) => {}
                other => {
                    other?;
                    break;
                }
            }
        }
        Ok(control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut things) => things.next(),
            _ => None,
        }))
    }

    /// Tells the child to go.
    pub(crate) fn go(&self) -> io::Result<()> {
        send(&self.0, b"go", SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// Waits for the parent's word; `false` when it has gone away.
    pub(crate) fn wait_for_go(&self) -> io::Result<bool> {
        let mut word = [0; 2];
        loop {
            match rustix::io::read(&self.0, &mut word) {
                Err(Errno::INTR) => {}
                other => return Ok(other? > 0),
            }
        }
    }
}
