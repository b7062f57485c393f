//! `clone3(2)`: a child in new namespaces, with its pidfd, born in its cgroup.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::libc;
use rustix::thread::UnshareFlags;

/// `libc` declares it in a type it does not fit.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Which side of the call the caller continues on.
#[derive(Debug)]
pub(crate) enum Side {
    /// The new process.
    Child,
    /// The calling process, which now has a child.
    Parent(Child),
}

/// A child made by [`clone3`].
#[derive(Debug)]
pub(crate) struct Child {
    /// Process id as the caller's pid namespace numbers it.
    pub(crate) pid: i32,
    /// Becomes readable when the child ends.
    pub(crate) pidfd: OwnedFd,
}

#[repr(C)]
#[derive(Default)]
struct CloneArgs {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
    set_tid: u64,
    set_tid_size: u64,
    cgroup: u64,
}

/// Makes a child process in the new namespaces named by `namespaces`
/// (`CLONE_NEW*` bits) and, when `cgroup` is given, as a member of that cgroup
/// v2 directory.
///
/// The caller must be single-threaded: the child continues with a copy of the
/// whole address space, in which a lock held by another thread would stay
/// locked for ever.
pub(crate) fn clone3(namespaces: u64, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Side> {
    clone(namespaces, libc::SIGCHLD as u64, cgroup)
}

/// As [`clone3`], but the new process is a child of the caller's parent.
pub(crate) fn clone3_as_sibling(
    namespaces: u64,
    cgroup: Option<BorrowedFd<'_>>,
) -> io::Result<Side> {
    // Its end is told as the caller's own is.
    clone(namespaces | libc::CLONE_PARENT as u64, 0, cgroup)
}

fn clone(flags: u64, exit_signal: u64, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Side> {
    let mut pidfd: libc::c_int = -1;
    let mut args = CloneArgs {
        flags: flags | libc::CLONE_PIDFD as u64,
        pidfd: &raw mut pidfd as u64,
        exit_signal,
        ..CloneArgs::default()
    };
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    // SAFETY: `args` is a valid clone_args of the size given, its pidfd field
    // points to a live integer, and without CLONE_VM and with no stack given
    // the child runs on a copy of this very stack, as after fork.
    let pid = super::check(unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw const args,
            std::mem::size_of::<CloneArgs>(),
        )
    })?;
    if pid == 0 {
        return Ok(Side::Child);
    }
    // SAFETY: the kernel stored a new descriptor that nobody else owns.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Side::Parent(Child {
        pid: pid as i32,
        pidfd,
    }))
}

/// Moves the calling process into new namespaces of the kinds in `flags`,
/// which must not say that descriptors are no longer shared.
pub(crate) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    if flags.contains(UnshareFlags::FILES) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: only unsharing the descriptor table could invalidate
    // descriptors held elsewhere, and that was ruled out.
    unsafe { rustix::thread::unshare_unsafe(flags) }?;
    Ok(())
}
