//! Real containers, as root.
//!
//! The library makes containers from a single-threaded process, so each trial
//! starts this very program again in the role of a shim, hands it a
//! specification, and looks at what the container said.

mod basics;
mod fixture;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(fixture::SHIM_ROLE) {
        return fixture::shim();
    }
    let arguments = Arguments::from_args();
    let mut trials = basics::trials();
    if !nix::unistd::geteuid().is_root() {
        trials = trials
            .iter()
            .map(|trial| {
                Trial::ignorable_test(trial.name(), || {
                    Ok(libtest_mimic::Completion::ignored_with(
                        "skipped: needs root",
                    ))
                })
            })
            .collect();
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
