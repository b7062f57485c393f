//! The judge. `conformance --endpoint unix:///run/docker.sock` checks any
//! Docker-compatible engine: the tutorials replayed with their own curl lines,
//! and tables of cases beyond them. It needs nothing but the endpoint, brings
//! its own image and removes what it made.
//!
//! `target` is the engine, `session` one case's conversation with it,
//! `scenario` and `cases` are what is checked, `judge` gives the verdict,
//! `runner` runs them all, `report` tells.
//!
//! Exit codes: 0 all as expected, 1 deviations, 2 the judge could not do its
//! work.

mod applet;
mod cases;
mod endpoint;
mod evidence;
mod expect;
mod frames;
mod http;
mod image;
mod judge;
mod memory;
mod outcome;
mod registry;
mod report;
mod run;
mod runner;
mod scenario;
mod schema;
mod select;
mod session;
mod shell;
mod start;
mod stub;
mod target;
mod websocket;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(
    name = "conformance",
    about = "Judges a Docker-compatible engine",
    after_help = "Exit codes: 0 all as expected, 1 deviations, 2 usage or endpoint"
)]
struct Cli {
    #[command(flatten)]
    run: run::Args,
}

fn main() -> ExitCode {
    if let Some(code) = applet::run() {
        return code;
    }
    let args = Cli::parse();
    match run::run(&args.run) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("conformance: {message}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
