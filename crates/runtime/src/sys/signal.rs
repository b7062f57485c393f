//! Signal dispositions, which survive `execve` when they say "ignore".

use std::io;

use nix::libc;

/// Sets every signal to its default action and unblocks all of them, as a new
/// program expects. The Rust runtime, for one, ignores `SIGPIPE`.
pub(crate) fn reset() -> io::Result<()> {
    // SAFETY: SIG_DFL needs no handler to stay alive. Signals that cannot be
    // changed answer EINVAL, which changes nothing.
    unsafe {
        for signal in 1..=libc::SIGRTMAX() {
            libc::signal(signal, libc::SIG_DFL);
        }
    }
    nix::sys::signal::SigSet::empty()
        .thread_set_mask()
        .map_err(io::Error::from)
}
