//! Containers run through the engine, each test on an engine of its own.
//!
//! This is a program of its own and no ordinary test harness, because the
//! zygote must be started before there is any thread.

mod history;
mod lab;
mod lifecycle;
mod network;
mod recovery;
mod streams;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use longshore_runtime::zygote::Zygote;

fn main() -> ExitCode {
    // In the zygote itself this call does not return.
    let zygote = match Zygote::fork() {
        Ok(zygote) => zygote,
        Err(error) => {
            eprintln!("zygote: {error}");
            return ExitCode::FAILURE;
        }
    };
    let arguments = Arguments::from_args();
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: needs root");
        return ExitCode::SUCCESS;
    }
    lab::provide(zygote);
    let tests: Vec<Trial> = [
        lifecycle::tests(),
        streams::tests(),
        recovery::tests(),
        history::tests(),
        network::tests(),
    ]
    .into_iter()
    .flatten()
    .map(|(name, test)| Trial::test(name, move || lab::run(test)))
    .collect();
    let conclusion = libtest_mimic::run(&arguments, tests);
    lab::remove_cgroups();
    conclusion.exit_code()
}
