//! Descriptor tables: what a process hands to the program it becomes.

use std::io;

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

/// Closes every descriptor from `first` upwards. Only for a process that will
/// not use any object it has inherited from its parent's memory.
pub(crate) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: the caller uses no owner of these descriptors any more.
    super::check(unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) })?;
    Ok(())
}
