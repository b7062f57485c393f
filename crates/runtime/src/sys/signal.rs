//! Signal dispositions, which survive `execve` when they say "ignore".

use std::io;

use nix::libc;

/// As many as the kernel knows (`_NSIG`).
const SIGNALS: libc::c_int = 64;

/// Sets every signal to its default action and unblocks all of them, as a new
/// program expects. The Rust runtime, for one, ignores `SIGPIPE`.
pub(crate) fn reset() -> io::Result<()> {
    /// `struct sigaction` of the kernel, of which zeroes mean the default.
    /// Larger than it is on any architecture.
    const DEFAULT: [u64; 8] = [0; 8];
    /// Bytes of a kernel signal set.
    const SET_SIZE: usize = 8;
    for signal in 1..=SIGNALS {
        // The C library would refuse the two signals that it keeps for itself.
        // SAFETY: the kernel reads a zeroed sigaction, which names no handler.
        // Signals that cannot be changed answer EINVAL, which changes nothing.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                DEFAULT.as_ptr(),
                std::ptr::null_mut::<u64>(),
                SET_SIZE,
            );
        }
    }
    nix::sys::signal::SigSet::empty()
        .thread_set_mask()
        .map_err(io::Error::from)
}
