//! The judge. `conformance --endpoint unix:///run/docker.sock` checks any
//! Docker-compatible engine: the tutorials replayed with their own curl lines,
//! and tables of cases beyond them. It needs nothing but the endpoint, brings
//! its own image and removes what it made.
//!
//! `target` is the engine, `session` one case's conversation with it,
//! `scenario` and `cases` are what is checked, `judge` gives the verdict.

mod applet;
mod cases;
mod endpoint;
mod expect;
mod frames;
mod http;
mod image;
mod judge;
mod memory;
mod outcome;
mod registry;
mod report;
mod scenario;
mod schema;
mod session;
mod shell;
mod start;
mod stub;
mod target;
mod websocket;

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Parser;

use crate::endpoint::Endpoint;
use crate::expect::Expectations;
use crate::judge::{Case, Judge};
use crate::registry::{Private, Registries, Started};
use crate::target::Target;

/// How many cases run at once: they mostly wait for the engine.
const THREADS: usize = 8;

#[derive(Parser)]
#[command(name = "conformance", about = "Judges a Docker-compatible engine")]
struct Args {
    /// The engine: unix:///path or tcp://host:port
    #[arg(long, required_unless_present_any = ["start", "list", "registry_itself"], conflicts_with = "start")]
    endpoint: Option<Endpoint>,
    /// Start a private engine for this run: dockerd, longshored, or a path
    #[arg(long, value_name = "PROGRAM")]
    start: Option<String>,
    /// A registry that the engine reaches without TLS, for all to push to
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "start_registry")]
    registry: Option<String>,
    /// Another one, with a password
    #[arg(
        long,
        value_name = "USER:PASSWORD@HOST:PORT",
        conflicts_with = "start_registry"
    )]
    private_registry: Option<Private>,
    /// Start both beside a private engine: docker-registry, longshore-registry,
    /// or a path
    #[arg(long, value_name = "PROGRAM")]
    start_registry: Option<String>,
    /// Judge the registry itself, without an engine
    #[arg(long, conflicts_with_all = ["start", "endpoint"])]
    registry_itself: bool,
    /// A case that has to be skipped fails
    #[arg(long)]
    strict: bool,
    /// Judge this API version only
    #[arg(long)]
    api: Option<String>,
    /// Whose known failures apply, when the engine does not say who it is
    #[arg(long)]
    target: Option<String>,
    /// Write all results as JSON
    #[arg(long, value_name = "FILE")]
    report_json: Option<PathBuf>,
    /// Write all results as JUnit
    #[arg(long, value_name = "FILE")]
    report_junit: Option<PathBuf>,
    #[command(flatten)]
    tests: libtest_mimic::Arguments,
}

fn main() -> ExitCode {
    if let Some(code) = applet::run() {
        return code;
    }
    run(&Args::parse()).unwrap_or_else(|message| {
        eprintln!("conformance: {message}");
        ExitCode::from(2)
    })
}

fn run(args: &Args) -> Result<ExitCode, String> {
    if args.tests.list && args.endpoint.is_none() && args.start.is_none() {
        for case in cases_of(&schema::versions().collect::<Vec<_>>())? {
            println!("{}: test", case.name);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if args.start.is_some() || args.start_registry.is_some() {
        start::enter_network_namespace()?;
    }
    let beside = args.start_registry.as_deref();
    let beside = beside.map(Started::start).transpose()?;
    let registries = match &beside {
        Some(started) => started.registries.clone(),
        None => Registries {
            open: args.registry.clone(),
            private: args.private_registry.clone(),
        },
    };
    if args.registry_itself {
        let open = registries.open.as_deref().ok_or("no registry")?;
        let name = args.target.as_ref().or(args.start_registry.as_ref());
        let mut target = Target::registry(open, name.map_or("registry", String::as_str));
        println!("{open}: {}; judging the registry", target.name);
        target.registries = registries;
        return judge(args, target, cases::registry::all());
    }
    let engine = args
        .start
        .as_deref()
        .map(start::Engine::start)
        .transpose()?;
    let endpoint = engine
        .as_ref()
        .map(|e| e.endpoint.clone())
        .or(args.endpoint.clone());
    let endpoint = endpoint.ok_or("no endpoint")?;
    let mut target = Target::probe(endpoint, args.api.as_deref(), args.target.as_deref())?;
    target.tcp = engine.as_ref().map(|_| start::TCP.to_owned());
    target.registries = registries;
    println!(
        "{}: {} {}, API {} to {}; judging {}",
        target.endpoint,
        target.name,
        target.version,
        target.api_range.0,
        target.api_range.1,
        target.versions.join(", ")
    );
    let cases = cases_of(&target.versions)?;
    judge(args, target, cases)
}

/// Runs the cases, and says how they ended.
fn judge(args: &Args, target: Target, cases: Vec<Case>) -> Result<ExitCode, String> {
    let is_engine = !args.registry_itself;
    let expectations = Expectations::of(&target.name)?;
    let names: Vec<String> = cases.iter().map(|c| c.name.clone()).collect();
    let stale: Vec<&str> = expectations.stale(&names).collect();
    if !stale.is_empty() && args.api.is_none() {
        return Err(format!(
            "known failures that name no case: {}",
            stale.join(", ")
        ));
    }
    if is_engine && !args.tests.list {
        target.memory.follow(&target.endpoint)?;
        target.import()?;
    }
    let judge = Arc::new(Judge {
        target: Arc::new(target),
        expectations,
        is_strict: args.strict,
        records: Mutex::default(),
    });
    let mut arguments = args.tests.clone();
    arguments.test_threads.get_or_insert(THREADS);
    let trials = cases.into_iter().map(|case| judge.trial(case)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if is_engine && !args.tests.list {
        judge.target.clean()?;
    }
    let mut records = judge.records.lock().unwrap_or_else(PoisonError::into_inner);
    records.sort_by(|a, b| a.case.cmp(&b.case));
    if let Some(path) = &args.report_json {
        report::write_json(path, &judge.target, &records)?;
    }
    if let Some(path) = &args.report_junit {
        report::write_junit(path, &judge.target, &records)?;
    }
    Ok(conclusion.exit_code())
}

/// Every case. The steps of a scenario wait for each other, so that scenarios
/// and areas take turns: no thread of the run stands in another's way.
fn cases_of(versions: &[&'static str]) -> Result<Vec<Case>, String> {
    let mut all = scenario::all(versions)?;
    all.extend(cases::all(versions)?);
    let mut seen: HashMap<String, usize> = HashMap::new();
    all.sort_by_cached_key(|case| {
        let group = case.name.rsplit_once('/').map_or("", |(group, _)| group);
        let turn = seen.entry(group.to_owned()).or_default();
        *turn += 1;
        *turn
    });
    Ok(all)
}
