//! A run: who is judged, with which cases, and where the results go.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crate::cases;
use crate::endpoint::Endpoint;
use crate::expect::Expectations;
use crate::judge::{Case, Judge};
use crate::leaks;
use crate::registry::{Private, Registries, Started};
use crate::report::{self, Report};
use crate::runner;
use crate::scenario;
use crate::schema;
use crate::select::Selection;
use crate::start;
use crate::target::Target;

/// How many cases run at once: they mostly wait for the engine.
const JOBS: usize = 8;

#[derive(clap::Args, Clone)]
pub(crate) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// The engine: unix:///path or tcp://host:port
    #[arg(long, conflicts_with = "start")]
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
    /// List the cases: id, level, source
    #[arg(long)]
    list: bool,
    /// A case that has to be skipped fails the run
    #[arg(long)]
    strict: bool,
    /// Judge this API version only
    #[arg(long, value_name = "VERSION")]
    api: Option<String>,
    /// Judge every case at every version, not only those that name one: many
    /// times as long
    #[arg(long)]
    each_version: bool,
    /// What the engine is called, when it does not say so itself; the judge has
    /// lists of known failures for dockerd, longshored, docker-registry
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// Known failures instead of the judge's own: a YAML list of `case` (an id,
    /// `*` for any text) and `reason`
    #[arg(long, value_name = "FILE")]
    known_failures: Option<PathBuf>,
    /// Write the results; the name's end says how: .json (everything), .xml
    /// (JUnit), .tap, .html (a page), .svg (a badge). May be given several times
    #[arg(long, value_name = "FILE", value_parser = report::path)]
    report: Vec<PathBuf>,
    /// Keep requests and answers of cases that passed too: a large JSON report,
    /// and what `conformance diff` compares
    #[arg(long)]
    evidence: bool,
    /// How many cases run at once
    #[arg(long, value_name = "N", default_value_t = JOBS)]
    jobs: usize,
    /// A line for every case, not only for failures
    #[arg(long, short)]
    verbose: bool,
}

/// Does what the arguments ask for: was all as expected?
pub(crate) fn run(args: &Args) -> Result<bool, String> {
    if args.list {
        list(args)?;
        return Ok(true);
    }
    let report = judged(args)?;
    for path in &args.report {
        report.write(path)?;
    }
    report::say(&report::summary(&report));
    let deviates = |r: &report::Record| r.status.is_deviation(args.strict);
    Ok(report.leaks.is_empty() && !report.cases.iter().any(deviates))
}

fn list(args: &Args) -> Result<(), String> {
    let cases = match args.registry_itself {
        true => cases::registry::all(),
        false => {
            let versions = schema::versions();
            let versions: Vec<_> = versions
                .filter(|v| args.api.as_ref().is_none_or(|api| api == v))
                .collect();
            cases_of(&versions, args.each_version)?
        }
    };
    let mut cases = args.selection.of(cases)?;
    cases.sort_by(|a, b| a.id.cmp(&b.id));
    for case in cases {
        report::say(&format!(
            "{}\t{}\t{}\n",
            case.id,
            case.level.word(),
            case.source
        ));
    }
    Ok(())
}

/// Runs the judgement.
fn judged(args: &Args) -> Result<Report, String> {
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
    let engine = args.start.as_deref();
    let engine = engine.map(start::Engine::start).transpose()?;
    let endpoint = engine
        .as_ref()
        .map(|e| e.endpoint.clone())
        .or(args.endpoint.clone());
    let endpoint = endpoint.ok_or("no endpoint: --endpoint ADDRESS, or --start PROGRAM")?;
    let mut target = Target::probe(endpoint, args.api.as_deref(), args.target.as_deref())?;
    target.is_private = engine.is_some();
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
    let cases = cases_of(&target.versions, args.each_version)?;
    judge(args, target, cases)
}

/// Runs the cases of a target that answers.
fn judge(args: &Args, target: Target, cases: Vec<Case>) -> Result<Report, String> {
    let is_engine = !args.registry_itself;
    let expectations = match &args.known_failures {
        Some(file) => Expectations::read(file)?,
        None => Expectations::of(&target.name)?,
    };
    let mut ids: Vec<String> = cases.iter().map(|c| c.id.clone()).collect();
    if is_engine {
        let everywhere = cases_of(&schema::versions().collect::<Vec<_>>(), false)?;
        ids.extend(everywhere.into_iter().map(|c| c.id));
    }
    let stale: Vec<&str> = expectations.stale(&ids).collect();
    if !stale.is_empty() {
        let stale = stale.join(", ");
        return Err(format!("known failures that name no case: {stale}"));
    }
    let cases = args.selection.of(cases)?;
    if is_engine {
        target.memory.follow(&target.endpoint)?;
        target.import()?;
    }
    let began = Instant::now();
    let total = cases.len();
    let judge = Judge {
        target: Arc::new(target),
        expectations,
        keeps_all: args.evidence,
    };
    let is_over = runner::watch_signals()?;
    let records = runner::run(&judge, cases, args.jobs, args.verbose, &is_over);
    let took = began.elapsed();
    let mut leaks = Vec::new();
    if is_engine {
        leaks = leaks::find(&judge.target)?;
        judge.target.clean()?;
    }
    if records.len() < total {
        return Err(format!(
            "interrupted after {} of {total} cases; what they made is removed",
            records.len()
        ));
    }
    let mut report = Report::new(&judge.target, records, took);
    report.leaks = leaks;
    Ok(report)
}

/// Every case. The steps of a scenario wait for each other, so that scenarios
/// and areas take turns: no thread of the run stands in another's way.
fn cases_of(versions: &[&'static str], each: bool) -> Result<Vec<Case>, String> {
    let mut all = scenario::all(versions)?;
    all.extend(cases::all(versions, each)?);
    let mut seen: HashMap<String, usize> = HashMap::new();
    all.sort_by_cached_key(|case| {
        let (bare, api) = case.id.split_once('@').unwrap_or((&case.id, ""));
        let area = bare.rsplit_once('.').map_or("", |(area, _)| area);
        let turn = seen.entry(format!("{area}@{api}")).or_default();
        *turn += 1;
        *turn
    });
    if each {
        // One case at two versions at once would be in its own way.
        all.sort_by_key(|case| case.api);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_unique_and_well_formed() {
        let versions: Vec<_> = schema::versions().collect();
        let cases = [false, true].map(|each| cases_of(&versions, each).unwrap());
        let [newest, mut ids]: [Vec<String>; 2] =
            cases.map(|cases| cases.into_iter().map(|c| c.id).collect());
        let bare: HashSet<&String> = HashSet::from_iter(&newest);
        assert_eq!(bare.len(), newest.len(), "an id is there twice");
        ids.extend(cases::registry::all().into_iter().map(|c| c.id));
        let is_word = |word: &str| {
            let mut letters = word.chars();
            letters
                .next()
                .is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
                && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        for id in &ids {
            let (bare, api) = id.split_once('@').unwrap_or((id, schema::NEWEST));
            assert!(bare.contains('.') && bare.split('.').all(is_word), "{id}");
            assert!(versions.contains(&api), "{id}");
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "an id is there twice");
    }

    #[test]
    fn operations_named_by_cases_exist() {
        for case in cases_of(&[schema::NEWEST], true).unwrap() {
            for operation in case.operations {
                assert!(schema::is_operation(&operation), "{}: {operation}", case.id);
            }
        }
    }
}
