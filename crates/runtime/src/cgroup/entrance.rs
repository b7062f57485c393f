//! The way into a container's control group for a process that is born where
//! the container sees it.
//!
//! Whatever such a process has open at its birth, the container may find. So
//! nothing is open that leads further than to the container's own group: no
//! directory of the machine's tree, from which `..` would lead to its root.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use super::Cgroup;
use crate::mounts::{self, RDONLY};

/// An opened way in, for one process.
#[derive(Debug)]
pub(crate) struct Entrance {
    birthplace: Option<OwnedFd>,
    doors: Vec<OwnedFd>,
}

impl Entrance {
    /// Opens the way into `cgroup`. For a process that sees the machine's
    /// files.
    pub(crate) fn open(cgroup: &Cgroup) -> io::Result<Self> {
        Ok(Self {
            birthplace: cgroup.birthplace().map(cut_off).transpose()?,
            doors: cgroup.backend.doors()?,
        })
    }

    /// What has to stay open until the process is in.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.birthplace.iter().chain(&self.doors).map(AsFd::as_fd)
    }

    /// A directory to be born in, by `CLONE_INTO_CGROUP`.
    pub(crate) fn birthplace(&self) -> Option<BorrowedFd<'_>> {
        self.birthplace.as_ref().map(AsFd::as_fd)
    }

    /// Moves the calling, single-threaded process in, as far as it was not born
    /// there, and closes the way.
    pub(crate) fn enter(self) -> io::Result<()> {
        drop(self.birthplace);
        for door in self.doors {
            rustix::io::write(&door, b"0")?;
        }
        Ok(())
    }
}

/// The same directory as a mount of its own, above which there is nothing, and
/// through which nothing can be written.
fn cut_off(directory: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mount = mounts::clone_at(directory, false)?;
    mounts::restrict(&mount, false, RDONLY)?;
    Ok(mount)
}
