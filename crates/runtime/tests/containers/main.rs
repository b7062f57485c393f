//! Real containers, as root.
//!
//! The library makes containers from a single-threaded process, so each trial
//! starts this very program again in the role of a shim, hands it a
//! specification, and looks at what the container said; or it goes the daemon's
//! way and has the zygote start a real shim.

#[macro_use]
mod fixture;
mod execs;

mod attacks;
mod basics;
mod isolation;
mod life;
mod probe;
mod reference;
mod refusals;
mod streams;
mod supervised;
mod survival;
mod userns;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(fixture::SHIM_ROLE) {
        return fixture::shim();
    }
    if std::env::args().nth(1).as_deref() == Some(probe::ROLE) {
        probe::print();
        return ExitCode::SUCCESS;
    }
    if std::env::args().nth(1).as_deref() == Some(attacks::ROLE) {
        attacks::attack();
        return ExitCode::SUCCESS;
    }
    if std::env::args().nth(1).as_deref() == Some(attacks::WATCHER_ROLE) {
        attacks::watch();
        return ExitCode::SUCCESS;
    }
    if std::env::args().nth(1).as_deref() == Some(survival::DAEMON_ROLE) {
        return survival::daemon();
    }
    // In the zygote and the shims forked from it this never returns.
    supervised::start_zygote();
    let arguments = Arguments::from_args();
    let mut trials = basics::trials();
    trials.extend(attacks::trials());
    trials.extend(isolation::trials());
    trials.extend(reference::trials());
    trials.extend(refusals::trials());
    trials.extend(life::trials());
    trials.extend(execs::trials());
    trials.extend(streams::trials());
    trials.extend(survival::trials());
    trials.extend(userns::trials());
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
    let conclusion = libtest_mimic::run(&arguments, trials);
    fixture::leave_no_cgroups();
    conclusion.exit_code()
}
