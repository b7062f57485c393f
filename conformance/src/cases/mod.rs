//! Cases beyond the tutorials, a table per area. Each states its level and the
//! operation or behaviour that it rests on.

use crate::judge::Case;
use crate::outcome::Outcome;
use crate::session::Session;

mod archive;
mod attach;
mod build;
mod changes;
mod clients;
mod create;
mod devices;
mod events;
mod exec;
mod exec_rules;
mod fields;
mod health;
mod images;
mod inspect;
mod lifecycle;
mod list;
mod logdrivers;
mod logs;
mod mount;
mod network;
mod prune;
mod refusals;
pub(crate) mod registry;
mod remove;
mod requests;
mod restart;
mod routing;
mod security;
mod select;
mod states;
mod swarm;
mod system;
mod values;
mod volume;
mod wait;
mod websocket;

/// How binding a case is: the document says so; clients rely on it; or dockerd
/// does it and the document is silent.
#[derive(Clone, Copy)]
enum Level {
    Must,
    Should,
    Quirk,
}

/// A row of a table: level, name, source, what to do.
type Row = (Level, &'static str, &'static str, fn(&Session) -> Outcome);

const AREAS: &[(&str, &[Row])] = &[
    ("routing", routing::ROWS),
    ("requests", requests::ROWS),
    ("system", system::ROWS),
    ("create", create::ROWS),
    ("inspect", inspect::ROWS),
    ("states", states::ROWS),
    ("list", list::ROWS),
    ("security", security::ROWS),
    ("devices", devices::ROWS),
    ("values", values::ROWS),
    ("select", select::ROWS),
    ("lifecycle", lifecycle::ROWS),
    ("wait", wait::ROWS),
    ("restart", restart::ROWS),
    ("health", health::ROWS),
    ("remove", remove::ROWS),
    ("prune", prune::ROWS),
    ("archive", archive::ROWS),
    ("changes", changes::ROWS),
    ("logs", logs::ROWS),
    ("logdrivers", logdrivers::ROWS),
    ("attach", attach::ROWS),
    ("websocket", websocket::ROWS),
    ("exec", exec::ROWS),
    ("exec-rules", exec_rules::ROWS),
    ("images-list", images::list::ROWS),
    ("images-inspect", images::inspect::ROWS),
    ("images-history", images::history::ROWS),
    ("images-tag", images::tag::ROWS),
    ("images-delete", images::delete::ROWS),
    ("images-prune", images::prune::ROWS),
    ("images-import", images::import::ROWS),
    ("images-load", images::load::ROWS),
    ("images-save", images::save::ROWS),
    ("images-commit", images::commit::ROWS),
    ("build", build::stream::ROWS),
    ("build-query", build::query::ROWS),
    ("build-cache", build::cache::ROWS),
    ("build-context", build::context::ROWS),
    ("dockerfile", build::dockerfile::ROWS),
    ("dockerfile-copy", build::copy::ROWS),
    ("pull", images::pull::ROWS),
    ("push", images::push::ROWS),
    ("search", images::search::ROWS),
    ("distribution", images::distribution::ROWS),
    ("auth", images::auth::ROWS),
    ("events", events::ROWS),
    ("volume", volume::ROWS),
    ("mount", mount::ROWS),
    ("network", network::ROWS),
    ("networks", network::manage::ROWS),
    ("swarm", swarm::ROWS),
    ("clients", clients::ROWS),
];

/// All rows as cases at the newest judged version, and the table of fields.
pub(crate) fn all(versions: &[&'static str]) -> Result<Vec<Case>, String> {
    let Some(api) = versions.last().copied() else {
        return Ok(Vec::new());
    };
    let mut cases = fields::cases(versions)?;
    cases.extend(refusals::cases(api)?);
    cases.extend(rows(AREAS, api));
    Ok(cases)
}

fn rows(areas: &[(&str, &[Row])], api: &'static str) -> Vec<Case> {
    let mut cases = Vec::new();
    for (area, rows) in areas {
        for (level, name, source, run) in *rows {
            let level = match level {
                Level::Must => "must",
                Level::Should => "should",
                Level::Quirk => "quirk",
            };
            cases.push(Case {
                name: format!("{level}/{area}/{name}"),
                source: (*source).to_owned(),
                api,
                run: Box::new(*run),
            });
        }
    }
    cases
}
