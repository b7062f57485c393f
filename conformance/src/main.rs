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

mod alike;
mod applet;
mod cases;
mod coverage;
mod diff;
mod endpoint;
mod evidence;
mod expect;
mod frames;
mod http;
mod image;
mod judge;
mod leaks;
mod memory;
mod outcome;
mod profile;
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

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::report::Report;

#[derive(Parser)]
#[command(
    name = "conformance",
    about = "Judges a Docker-compatible engine",
    after_help = "Exit codes: 0 all as expected, 1 deviations, 2 usage or endpoint",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    task: Option<Task>,
    #[command(flatten)]
    run: run::Args,
}

/// What can be done with the reports of runs.
#[derive(clap::Subcommand)]
enum Task {
    /// One page of the reports of one or several engines, side by side
    Html {
        /// Reports of runs, as JSON
        #[arg(required = true)]
        reports: Vec<PathBuf>,
        /// Where the page goes
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// The same in short, as a Markdown table
    Table {
        /// Reports of runs, as JSON
        #[arg(required = true)]
        reports: Vec<PathBuf>,
    },
    /// Where two engines differ: verdicts, and answers of runs with --evidence
    Diff {
        /// Two reports, as JSON
        #[arg(num_args = 2, value_names = ["A", "B"], required = true)]
        reports: Vec<PathBuf>,
    },
    /// How much of the API's documents some runs have exercised
    Coverage {
        /// Reports of runs, as JSON
        #[arg(required = true)]
        reports: Vec<PathBuf>,
        /// Count swarm and plugins too
        #[arg(long)]
        all: bool,
        /// Fail below such a share at any version, as in errors=80
        #[arg(long, value_name = "KIND=PERCENT", value_delimiter = ',', value_parser = coverage::aim)]
        least: Vec<coverage::Aim>,
    },
}

fn main() -> ExitCode {
    if let Some(code) = applet::run() {
        return code;
    }
    let cli = Cli::parse();
    let outcome = match &cli.task {
        None => run::run(&cli.run),
        Some(task) => perform(task),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(message) => {
            eprintln!("conformance: {message}");
            ExitCode::from(2)
        }
    }
}

/// Does a task: did all hold that was asked for?
fn perform(task: &Task) -> Result<bool, String> {
    match task {
        Task::Html { reports, output } => {
            let page = report::page(&read(reports)?);
            std::fs::write(output, page).map_err(|e| format!("{}: {e}", output.display()))?;
        }
        Task::Table { reports } => report::say(&report::table(&read(reports)?)),
        Task::Diff { reports } => {
            if let [a, b] = read(reports)?.as_slice() {
                report::say(&diff::text(a, b));
            }
        }
        Task::Coverage {
            reports,
            all,
            least,
        } => {
            let mut seen = BTreeSet::new();
            for path in reports {
                let lines = Report::read(path)?.coverage;
                if lines.is_empty() {
                    return Err(format!("{}: no operation was called", path.display()));
                }
                for line in lines {
                    seen.insert(line.parse()?);
                }
            }
            let missed = coverage::missed(&seen, *all, least);
            report::say(&format!(
                "{}\nNot exercised:\n{}{}",
                coverage::table(&seen, *all),
                coverage::gaps(&seen, *all),
                missed.concat()
            ));
            return Ok(missed.is_empty());
        }
    }
    Ok(true)
}

fn read(paths: &[PathBuf]) -> Result<Vec<Report>, String> {
    paths.iter().map(|path| Report::read(path)).collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
