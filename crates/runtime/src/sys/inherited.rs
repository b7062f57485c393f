//! Descriptors that a program was born with.

use std::io;

use nix::libc;

/// Closes every descriptor from `first` upwards.
///
/// Only for the beginning of `main`, when nothing can own one of them yet: what
/// is closed was inherited from whoever started the program.
pub(crate) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: no memory is passed, and by the contract above no object of this
    // process holds one of the descriptors.
    super::check(unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) })?;
    Ok(())
}
