//! `cargo xtask bench`: this engine beside dockerd, podman and the bare system
//! calls, one module per group of rows.
//!
//! ```text
//! row ─ prepare per subject ─▶ probe ─ sample, in turns ─▶ medians ─ bars ─▶ table, JSON
//! ```
//!
//! Subjects take turns within one run, so that a noisy machine disturbs all of
//! them alike; only the ratios of the medians mean anything. Every engine has its
//! own root, socket, network and mount namespace; nothing of the machine is
//! pinned or set. What was started is ended and removed, also after Ctrl-C.

mod archive;
mod build;
mod burst;
mod cycle;
mod engine;
mod exec_row;
mod floor;
mod images;
mod interrupt;
mod logs;
mod memory;
mod network;
mod peak;
mod registry;
mod report;
mod requests;
mod row;
mod scale;
mod transfers;
mod warm;

use std::path::PathBuf;

use crate::TaskResult;
use crate::exec;

use engine::{Engine, Kind};
use floor::Floor;
use row::{Probe, Row, Sample};

/// Every row, in the order in which they are measured and shown. What leaves an
/// engine larger or slower comes late.
const ROWS: &[&[Row]] = &[
    &[memory::IDLE],
    &[cycle::BARE, cycle::BRIDGE],
    &[exec_row::TRUE],
    &[logs::WRITE, logs::READ, logs::ATTACH],
    &[archive::PUT, archive::GET, archive::EXPORT],
    &[images::LOAD, images::SAVE, images::IMPORT],
    &[transfers::PULL, transfers::PUSH],
    &[registry::PUSH, registry::PULL],
    &[build::COLD, build::CACHED],
    &[requests::VERSION, requests::INSPECT],
    &[burst::BARE, burst::BRIDGE],
    &[network::LIFE, network::PORT_HTTP, network::PORT_LOCALHOST],
    &[memory::PER_CONTAINER],
    &[requests::LIST],
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these rows; again for several
    #[arg(long, value_name = "ROW")]
    only: Vec<String>,
    /// Measured rounds of every row instead of its own number
    #[arg(long)]
    rounds: Option<usize>,
    /// Leave an engine out, even if it is installed: dockerd, podman
    #[arg(long, value_name = "ENGINE")]
    without: Vec<String>,
    /// A longshored that is already built, instead of this tree's
    #[arg(long, value_name = "PROGRAM")]
    longshored: Option<PathBuf>,
    /// Another longshored to compare with, such as one of before a change
    #[arg(long, value_name = "PROGRAM")]
    before: Option<PathBuf>,
    /// Where the results go as JSON
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    json: PathBuf,
    /// Instead, what one more container costs when there are many
    #[arg(long, conflicts_with_all = ["only", "rounds"])]
    scale: bool,
    /// Where the curves of --scale go as a picture; as JSON they go beside it
    #[arg(long, value_name = "FILE", default_value = "target/scale.svg")]
    svg: PathBuf,
}

/// What takes turns: an engine, or the bare system calls.
struct Subject<'a> {
    name: &'static str,
    probe: Probe<'a>,
    samples: Vec<Sample>,
}

pub(crate) fn run(args: Args) -> TaskResult {
    if !exec::is_root() {
        return Err("containers need root: sudo cargo xtask bench".to_owned());
    }
    let rows = chosen(&args.only)?;
    interrupt::watch()?;
    let binary = match &args.longshored {
        Some(binary) => binary.clone(),
        None => exec::build("longshore-daemon", "longshored", true)?,
    };
    let scratch = tempfile::Builder::new()
        .prefix("longshore-bench-")
        .tempdir()
        .map_err(|error| format!("scratch folder: {error}"))?;
    let mut kinds = vec![Kind::Longshored(binary)];
    kinds.extend(args.before.clone().map(Kind::Before));
    let peers = match args.scale {
        true => vec![Kind::Dockerd],
        false => vec![Kind::Dockerd, Kind::Podman],
    };
    for peer in peers {
        if !args.without.iter().any(|name| name == peer.name()) && peer.is_installed() {
            kinds.push(peer);
        }
    }
    let mut engines: Vec<Engine> = Vec::new();
    for kind in kinds {
        engines.push(Engine::start(kind, scratch.path())?);
    }
    if args.scale {
        engines
            .iter()
            .try_for_each(|engine| engine.load_image_of(&engines[0]))?;
        let svg = exec::root().join(&args.svg);
        return scale::run(&engines, &svg.with_extension("json"), &svg);
    }
    let floor = match rows.iter().any(|row| row.floor) {
        true => Some(floor::build()?),
        false => None,
    };

    let mut results = Vec::new();
    let mut have_images = false;
    for row in rows {
        if row.containers && !have_images {
            engines
                .iter()
                .try_for_each(|engine| engine.load_image_of(&engines[0]))?;
            have_images = true;
        }
        let rounds = args.rounds.unwrap_or(row.rounds);
        eprintln!("{}: {} rounds", row.name, rounds);
        let floor = match &floor {
            Some(program) if row.floor => Some(Floor::start(program)?),
            _ => None,
        };
        match measure(row, rounds, &engines, floor) {
            Ok(outcome) => results.push(outcome),
            // What was measured before is not lost.
            Err(_) => break,
        }
    }
    drop(engines);
    report::table(&results);
    report::json(&results, &exec::root().join(&args.json))?;
    interrupt::check()
}

fn chosen(only: &[String]) -> Result<Vec<&'static Row>, String> {
    let all = || ROWS.iter().flat_map(|group| group.iter());
    if let Some(unknown) = only.iter().find(|name| all().all(|row| row.name != *name)) {
        let names: Vec<&str> = all().map(|row| row.name).collect();
        return Err(format!("no row {unknown}; there are: {}", names.join(" ")));
    }
    Ok(all()
        .filter(|row| only.is_empty() || only.iter().any(|name| row.name == name))
        .collect())
}

/// One row on all its subjects. A subject that cannot do it is left out with its
/// reason, and the others go on.
fn measure(
    row: &'static Row,
    rounds: usize,
    engines: &[Engine],
    floor: Option<Floor>,
) -> Result<report::Outcome, String> {
    let mut outcome = report::Outcome::new(row);
    let mut subjects = Vec::new();
    let floor = floor.map(|floor| ("floor", Ok(floor.into_probe())));
    let probes = engines.iter().map(|engine| {
        // With what is interrupted now nobody should begin.
        let probe = interrupt::check().and_then(|()| (row.prepare)(engine));
        (engine.name(), probe)
    });
    for (name, probe) in floor.into_iter().chain(probes) {
        match probe {
            Ok(probe) => subjects.push(Subject {
                name,
                probe,
                samples: Vec::new(),
            }),
            Err(problem) => outcome.failed(name, problem),
        }
    }
    for round in 0..row.warm_up + rounds {
        subjects.retain_mut(|subject| {
            if interrupt::check().is_err() {
                return true;
            }
            match (subject.probe)() {
                Ok(sample) if round >= row.warm_up => subject.samples.push(sample),
                Ok(_) => {}
                Err(problem) => {
                    outcome.failed(subject.name, problem);
                    return false;
                }
            }
            true
        });
        interrupt::check()?;
        // Engines clean up after they have answered, and nobody shall always be
        // the one who runs meanwhile. Swapping neighbours in turn leads the
        // subjects through their orders.
        if subjects.len() > 1 {
            let pair = round % (subjects.len() - 1);
            subjects.swap(pair, pair + 1);
        }
    }
    for subject in subjects {
        outcome.measured(subject.name, subject.samples);
    }
    Ok(outcome)
}
