//! Descriptor tables: what a process hands to the program it becomes.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use nix::libc;

/// Marks every descriptor from `first` upwards close-on-exec.
///
/// Nothing is closed now, so descriptors still in use stay valid until the
/// `execve` that must not leak them.
pub(crate) fn close_on_exec_from(first: u32) -> io::Result<()> {
    // SAFETY: only flags of descriptors change; no memory is passed.
    super::check(unsafe {
        libc::syscall(
            libc::SYS_close_range,
            first,
            libc::c_uint::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    })?;
    Ok(())
}

/// Closes every descriptor above the standard streams but those in `kept`. Only
/// for a process that will not use any other object it has inherited from its
/// parent's memory.
pub(crate) fn close_all_but(kept: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut kept: Vec<u32> = kept.iter().map(|fd| fd.as_raw_fd() as u32).collect();
    kept.sort_unstable();
    let mut first = 3;
    for number in kept {
        if first < number {
            // SAFETY: the caller uses no owner of these descriptors any more.
            super::check(unsafe { libc::syscall(libc::SYS_close_range, first, number - 1, 0) })?;
        }
        first = first.max(number + 1);
    }
    close_from(first)
}

/// Closes a descriptor that is owned by the parent, of which the calling process
/// has a copy in memory that it will not use any more.
pub(crate) fn close_inherited(fd: BorrowedFd<'_>) -> io::Result<()> {
    let number = fd.as_raw_fd();
    // SAFETY: the caller uses its copy of the owner no more.
    super::check(unsafe { libc::syscall(libc::SYS_close_range, number, number, 0) })?;
    Ok(())
}

/// Closes every descriptor from `first` upwards. Only for a process that will
/// not use any object it has inherited from its parent's memory.
pub(crate) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: the caller uses no owner of these descriptors any more.
    super::check(unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) })?;
    Ok(())
}
