//! Cases beyond the tutorials, a table per area. Each states its level and the
//! operation or behaviour that it rests on.

use crate::judge::{Case, Level};
use crate::outcome::Outcome;
use crate::schema;
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
mod usage;
mod values;
mod volume;
mod wait;
mod websocket;

/// A row of a table: level, name, source, what to do.
type Row = (Level, &'static str, &'static str, fn(&Session) -> Outcome);

/// A table's name, as it begins its cases' ids; the operations that its rows are
/// about where their source names none; its rows.
type Area = (&'static str, &'static [&'static str], &'static [Row]);

const AREAS: &[Area] = &[
    ("http.routing", &[], routing::ROWS),
    ("http.requests", &[], requests::ROWS),
    ("system", &[], system::ROWS),
    ("system.usage", &["SystemDataUsage"], usage::ROWS),
    ("container.create", &["ContainerCreate"], create::ROWS),
    ("container.inspect", &["ContainerInspect"], inspect::ROWS),
    ("container.states", &[], states::ROWS),
    ("container.list", &["ContainerList"], list::ROWS),
    (
        "container.security",
        &["ContainerCreate", "ContainerStart"],
        security::ROWS,
    ),
    (
        "container.devices",
        &["ContainerCreate", "ContainerStart"],
        devices::ROWS,
    ),
    (
        "container.values",
        &["ContainerCreate", "ContainerStart"],
        values::ROWS,
    ),
    ("container.select", &["ContainerList"], select::ROWS),
    ("container.lifecycle", &[], lifecycle::ROWS),
    ("container.wait", &["ContainerWait"], wait::ROWS),
    (
        "container.restart-policy",
        &["ContainerStart"],
        restart::ROWS,
    ),
    ("container.health", &["ContainerInspect"], health::ROWS),
    ("container.remove", &["ContainerDelete"], remove::ROWS),
    ("container.prune", &["ContainerPrune"], prune::ROWS),
    ("container.archive", &["ContainerArchive"], archive::ROWS),
    ("container.changes", &["ContainerChanges"], changes::ROWS),
    ("container.logs", &["ContainerLogs"], logs::ROWS),
    (
        "container.log-drivers",
        &["ContainerLogs"],
        logdrivers::ROWS,
    ),
    ("container.attach", &["ContainerAttach"], attach::ROWS),
    (
        "container.websocket",
        &["ContainerAttachWebsocket"],
        websocket::ROWS,
    ),
    ("exec", &["ContainerExec", "ExecStart"], exec::ROWS),
    (
        "exec.rules",
        &["ContainerExec", "ExecStart"],
        exec_rules::ROWS,
    ),
    ("image.list", &["ImageList"], images::list::ROWS),
    ("image.inspect", &["ImageInspect"], images::inspect::ROWS),
    ("image.history", &["ImageHistory"], images::history::ROWS),
    ("image.tag", &["ImageTag"], images::tag::ROWS),
    ("image.delete", &["ImageDelete"], images::delete::ROWS),
    ("image.prune", &["ImagePrune"], images::prune::ROWS),
    ("image.import", &["ImageCreate"], images::import::ROWS),
    ("image.load", &["ImageLoad"], images::load::ROWS),
    ("image.save", &["ImageGet"], images::save::ROWS),
    ("image.commit", &["ImageCommit"], images::commit::ROWS),
    ("build", &["ImageBuild"], build::stream::ROWS),
    ("build.query", &["ImageBuild"], build::query::ROWS),
    ("build.cache", &["ImageBuild"], build::cache::ROWS),
    ("build.context", &["ImageBuild"], build::context::ROWS),
    ("build.dockerfile", &["ImageBuild"], build::dockerfile::ROWS),
    ("build.copy", &["ImageBuild"], build::copy::ROWS),
    ("image.pull", &["ImageCreate"], images::pull::ROWS),
    ("image.push", &["ImagePush"], images::push::ROWS),
    ("image.search", &["ImageSearch"], images::search::ROWS),
    (
        "distribution",
        &["DistributionInspect"],
        images::distribution::ROWS,
    ),
    ("system.auth", &["SystemAuth"], images::auth::ROWS),
    ("system.events", &["SystemEvents"], events::ROWS),
    (
        "system.events.steps",
        &["SystemEvents"],
        events::steps::ROWS,
    ),
    (
        "system.events.objects",
        &["SystemEvents"],
        events::objects::ROWS,
    ),
    (
        "system.events.filters",
        &["SystemEvents"],
        events::filters::ROWS,
    ),
    ("system.events.time", &["SystemEvents"], events::time::ROWS),
    ("volume", &[], volume::ROWS),
    (
        "container.mount",
        &["ContainerCreate", "ContainerStart"],
        mount::ROWS,
    ),
    ("container.network", &["ContainerStart"], network::ROWS),
    ("network", &[], network::manage::ROWS),
    ("network.find", &[], network::find::ROWS),
    ("network.ipam", &[], network::ipam::ROWS),
    ("network.end", &[], network::ends::ROWS),
    ("swarm", &[], swarm::ROWS),
    ("clients", &[], clients::ROWS),
];

/// All rows as cases, at the newest judged version or at each of them, and the
/// table of fields.
pub(crate) fn all(versions: &[&'static str], each: bool) -> Result<Vec<Case>, String> {
    let mut cases = fields::cases(versions, each)?;
    for (api, suffix) in rows_at(versions, each) {
        let mut these = refusals::cases(api)?;
        these.extend(rows(AREAS, api));
        for case in &mut these {
            case.id.push_str(&suffix);
        }
        cases.append(&mut these);
    }
    Ok(cases)
}

/// The versions at which a row is judged, and what that adds to its id.
fn rows_at(versions: &[&'static str], each: bool) -> impl Iterator<Item = (&'static str, String)> {
    let newest = versions.last().copied().filter(|_| !each);
    let versions: Vec<&'static str> = match each {
        true => versions.to_vec(),
        false => newest.into_iter().collect(),
    };
    versions.into_iter().map(move |api| match each {
        true => (api, format!("@{api}")),
        false => (api, String::new()),
    })
}

fn rows(areas: &[Area], api: &'static str) -> Vec<Case> {
    let mut cases = Vec::new();
    for (area, about, rows) in areas {
        for (level, name, source, run) in *rows {
            let mut operations = named(source);
            if operations.is_empty() {
                operations = about.iter().map(|o| (*o).to_owned()).collect();
            }
            cases.push(Case {
                id: format!("{area}.{name}"),
                level: *level,
                source: (*source).to_owned(),
                operations,
                api,
                run: Box::new(*run),
            });
        }
    }
    cases
}

/// The operations that a text names.
fn named(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let mut found: Vec<String> = Vec::new();
    for word in words.filter(|word| schema::is_operation(word)) {
        if !found.iter().any(|f| f == word) {
            found.push(word.to_owned());
        }
    }
    found
}

/// `DeviceRequests` and `Config.Env` as parts of an id: `device-requests`,
/// `config.env`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    let mut before = '.';
    for c in name.chars() {
        if c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_parts_of_ids() {
        assert_eq!(kebab("DeviceRequests"), "device-requests");
        assert_eq!(kebab("Config.OpenStdin"), "config.open-stdin");
        assert_eq!(kebab("OomScoreAdj"), "oom-score-adj");
        assert_eq!(
            named("ContainerWait, then ContainerStart: as ContainerWait"),
            ["ContainerWait", "ContainerStart"]
        );
    }
}
