//! Namespaces: which ones a new process gets, which ones it joins.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::libc;
use rustix::fs::{self, Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::error::{CreateError, CreateErrorKind, Step};
use crate::spec::{Namespaces, NsMode, Shm};

/// `CLONE_NEW*` bits for clone3: everything new except the cgroup namespace,
/// which a process can enter only once it is in its cgroup.
pub(crate) fn new_at_birth(spec: &Namespaces) -> u64 {
    let kinds = [
        (spec.pid, libc::CLONE_NEWPID),
        (spec.net, libc::CLONE_NEWNET),
        (spec.ipc, libc::CLONE_NEWIPC),
        (spec.uts, libc::CLONE_NEWUTS),
    ];
    kinds
        .into_iter()
        .filter(|(mode, _)| *mode == NsMode::New)
        .fold(libc::CLONE_NEWNS as u64, |flags, (_, bit)| {
            flags | bit as u64
        })
}

/// Namespaces of other containers that a new process will join, by pidfd, so
/// that a recycled process id cannot lead to a stranger's.
#[derive(Debug, Default)]
pub(crate) struct Joins {
    /// The owner of the pid namespace; joined by the parent, since the pid
    /// namespace of a process is decided at birth.
    pub(crate) pid: Option<OwnedFd>,
    /// The owner of the user namespace; the child must be born in it.
    pub(crate) user: Option<OwnedFd>,
    /// The owner of the shared `/dev/shm`.
    pub(crate) shm: Option<OwnedFd>,
    others: Vec<(OwnedFd, ThreadNameSpaceType)>,
}

impl Joins {
    /// Opens the owners of all namespaces of `spec` that are shared. Must be
    /// done where their process ids mean them: outside the container.
    pub(crate) fn open(spec: &Namespaces, shm: Shm) -> Result<Self, CreateError> {
        let mut joins = Self::default();
        if let Shm::Of(pid) = shm {
            joins.shm = Some(open_owner(pid)?);
        }
        if let Some(pid) = spec.user_of {
            joins.user = Some(open_owner(pid)?);
        }
        if let NsMode::Of(pid) = spec.pid {
            joins.pid = Some(open_owner(pid)?);
        }
        for (mode, kind) in [
            (spec.net, ThreadNameSpaceType::NETWORK),
            (spec.ipc, ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION),
            (spec.uts, ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME),
            (spec.cgroup, ThreadNameSpaceType::CONTROL_GROUP),
        ] {
            if let NsMode::Of(pid) = mode {
                joins.others.push((open_owner(pid)?, kind));
            }
        }
        Ok(joins)
    }

    /// Enters all but the pid namespace. For the child.
    pub(crate) fn enter(&self) -> Result<(), CreateError> {
        for (owner, kind) in &self.others {
            move_into_thread_name_spaces(owner.as_fd(), *kind)
                .step(|| format!("join namespace {kind:?}"))?;
        }
        Ok(())
    }
}

fn open_owner(pid: i32) -> Result<OwnedFd, CreateError> {
    let owner = Pid::from_raw(pid).ok_or_else(|| {
        CreateError::new(
            CreateErrorKind::Other,
            format!("join namespaces of process {pid}: not a process id"),
        )
    })?;
    pidfd_open(owner, PidfdFlags::empty()).step(|| format!("join namespaces of process {pid}"))
}

/// Sends children of this process into the pid namespace of another process,
/// until dropped. Only for single-threaded processes.
#[derive(Debug)]
pub(crate) struct ChildrenElsewhere {
    own: OwnedFd,
}

impl ChildrenElsewhere {
    /// Begins.
    pub(crate) fn of(owner: impl AsFd) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let own = fs::open("/proc/self/ns/pid", flags, Mode::empty())?;
        move_into_thread_name_spaces(owner.as_fd(), ThreadNameSpaceType::PROCESS_ID)?;
        Ok(Self { own })
    }

    /// Ends. The process would go on making children elsewhere when this
    /// failed, so the answer matters.
    pub(crate) fn end(self) -> io::Result<()> {
        rustix::thread::move_into_link_name_space(
            self.own.as_fd(),
            Some(rustix::thread::LinkNameSpaceType::ProcessID),
        )?;
        Ok(())
    }
}
