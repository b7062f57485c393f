//! Signals through process descriptors, by number.

use std::io;
use std::os::fd::{AsFd, AsRawFd as _};

use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// Sends the signal with this number, real-time ones included, to the process.
pub(crate) fn send_signal(pidfd: impl AsFd, signal: i32) -> io::Result<()> {
    // SAFETY: the null pointer stands for no siginfo, which the call allows.
    super::check(unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_fd().as_raw_fd(),
            signal,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    })?;
    Ok(())
}

/// Whether the process has ended, reaped or not, or does so within this many
/// milliseconds.
pub(crate) fn ends_within(pidfd: impl AsFd, milliseconds: u16) -> bool {
    let mut fds = [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::from(milliseconds)).is_ok_and(|ready| ready > 0)
}
