//! The way into a container's control group for a process that is born where
//! the container sees it.
//!
//! Whatever such a process has open at its birth, the container may find. So
//! nothing is open that leads further than to the container's own group: no
//! directory of the machine's tree, from which `..` would lead to its root.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::OnceLock;

use super::Cgroup;
use crate::mounts::{self, RDONLY};
use crate::sys::fd::close_inherited;

/// A directory to be born in, as a mount of its own, above which there is
/// nothing, and through which nothing can be written. Lives as long as the
/// group, since the kernel takes its time to take a mount down.
#[derive(Debug, Default)]
pub(super) struct Birthplace(OnceLock<OwnedFd>);

impl Birthplace {
    fn of(&self, directory: BorrowedFd<'_>) -> io::Result<BorrowedFd<'_>> {
        if self.0.get().is_none() {
            let mount = mounts::clone_at(directory, false)?;
            mounts::restrict(&mount, false, RDONLY)?;
            // Somebody else may have been faster with the same.
            let _ = self.0.set(mount);
        }
        let made = self.0.get().map(AsFd::as_fd);
        made.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// An opened way in, for one process.
#[derive(Debug)]
pub(crate) struct Entrance<'a> {
    birthplace: Option<BorrowedFd<'a>>,
    doors: Vec<OwnedFd>,
}

impl<'a> Entrance<'a> {
    /// Makes what all who are born in `cgroup` share. For the process that holds
    /// the group, since a mount can only be copied in its own mount namespace.
    pub(crate) fn prepare(cgroup: &Cgroup) -> io::Result<Option<BorrowedFd<'_>>> {
        let directory = cgroup.birthplace();
        directory
            .map(|directory| cgroup.birthplace.of(directory))
            .transpose()
    }

    /// Opens the way into `cgroup`.
    pub(crate) fn open(cgroup: &'a Cgroup) -> io::Result<Self> {
        Ok(Self {
            birthplace: Self::prepare(cgroup)?,
            doors: cgroup.backend.doors()?,
        })
    }

    /// What has to stay open until the process is in.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let doors = self.doors.iter().map(AsFd::as_fd);
        self.birthplace.into_iter().chain(doors)
    }

    /// A directory to be born in, by `CLONE_INTO_CGROUP`.
    pub(crate) fn birthplace(&self) -> Option<BorrowedFd<'_>> {
        self.birthplace
    }

    /// Moves the calling, single-threaded process in, as far as it was not born
    /// there, and closes the way.
    pub(crate) fn enter(self) -> io::Result<()> {
        if let Some(birthplace) = self.birthplace {
            close_inherited(birthplace)?;
        }
        for door in self.doors {
            rustix::io::write(&door, b"0")?;
        }
        Ok(())
    }
}
