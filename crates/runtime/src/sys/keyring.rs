//! Session keyrings, `keyctl(2)`.

use std::ffi::CStr;
use std::io;

use nix::libc;

const KEYCTL_JOIN_SESSION_KEYRING: libc::c_long = 1;

/// Gives the calling process a new, empty session keyring called `name`, so
/// that it no longer shares the keys of its parent.
pub(crate) fn join_session(name: &CStr) -> io::Result<()> {
    // SAFETY: the name is a NUL-terminated string that outlives the call.
    super::check(unsafe {
        libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.as_ptr())
    })?;
    Ok(())
}
