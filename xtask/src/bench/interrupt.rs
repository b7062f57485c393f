//! Ctrl-C and SIGTERM: noted, and asked for between two samples, so that what
//! was started is ended and removed on the way out.

use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{SigSet, Signal};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Begins to note them. Children start with no signal blocked, so theirs work as
/// ever.
pub(super) fn watch() -> Result<(), String> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        signals.add(signal);
    }
    signals
        .thread_block()
        .map_err(|error| format!("signals: {error}"))?;
    std::thread::spawn(move || {
        while signals.wait().is_ok() {
            if !INTERRUPTED.swap(true, Ordering::SeqCst) {
                eprintln!("interrupted: ending what was started");
            }
        }
    });
    Ok(())
}

/// An error once a signal came.
pub(super) fn check() -> Result<(), String> {
    if INTERRUPTED.load(Ordering::SeqCst) {
        return Err("interrupted".to_owned());
    }
    Ok(())
}
