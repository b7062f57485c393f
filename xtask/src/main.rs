//! Project automation: `cargo xtask TASK`. One file per task; what a task
//! does stands at the top of its file.

mod bench;
mod conformance;
mod exec;
mod r#gen;
mod http;
mod import;
mod run;
mod test;
mod tidy;
mod vm;
mod wait;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// What every task answers: nothing, or the one line that says what is wrong.
type TaskResult = Result<(), String>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Project automation")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the daemon, start it on a socket of its own, and say how to use it
    Run(run::Args),
    /// Everything that must hold: format, tidy, drift, lints, tests, conformance
    Test(test::Args),
    /// The layers' arrows, file headers and lengths
    Tidy(tidy::Args),
    /// Measure beside dockerd and the bare system calls, in one interleaved run
    Bench(bench::Args),
    /// Turn upstream documents into the files of spec/
    Import(import::Args),
    /// Write the generated part of the API crate from spec/
    Gen(r#gen::Args),
    /// Judge an endpoint
    Conformance(conformance::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Run(args) => run::run(args),
        Task::Test(args) => test::run(args),
        Task::Tidy(args) => tidy::run(args),
        Task::Bench(args) => bench::run(args),
        Task::Import(args) => import::run(args),
        Task::Gen(args) => r#gen::run(args),
        Task::Conformance(args) => conformance::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
