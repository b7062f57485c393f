//! The filters of the list of containers.

use std::collections::BTreeSet;
use std::sync::Arc;

use longshore_api::filters::Filters;
use regex_lite::Regex;

use crate::container::plan::ports::{Port, parse_ports};
use crate::container::registry::Snapshot;
use crate::container::state::Phase;
use crate::container::{health, inspect};
use crate::error::{Error, Result};
use crate::network::protocol_name;
use crate::shared::Shared;

/// On Linux every isolation is the same, so that filter lets all pass.
const KEYS: [&str; 15] = [
    "ancestor",
    "before",
    "exited",
    "expose",
    "health",
    "id",
    "is-task",
    "isolation",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
];

const STATES: [&str; 7] = [
    "created",
    "dead",
    "exited",
    "paused",
    "removing",
    "restarting",
    "running",
];

const HEALTH: [&str; 4] = ["none", "starting", "healthy", "unhealthy"];

/// Filters with everything resolved that has to be.
pub(crate) struct Filter<'a> {
    given: &'a Filters,
    names: Vec<Pattern>,
    exited: Vec<i64>,
    before: Option<jiff::Timestamp>,
    since: Option<jiff::Timestamp>,
    /// Image ids, when there is an `ancestor`.
    ancestors: Option<BTreeSet<String>>,
    published: Vec<Port>,
    exposed: Vec<Port>,
}

impl<'a> Filter<'a> {
    pub(crate) fn parse(
        given: &'a Filters,
        all: &[Arc<Snapshot>],
        shared: &Shared,
    ) -> Result<Filter<'a>> {
        given
            .only(&KEYS)
            .map_err(|error| Error::bad_parameter(error.message))?;
        for (key, known) in [("status", &STATES[..]), ("is-task", &["true", "false"])] {
            if let Some(value) = given.values(key).find(|value| !known.contains(value)) {
                // dockerd shows the values of one as a list, not of the other.
                return Err(match key {
                    "status" => Error::bad_parameter(format!("Invalid filter 'status={value}'")),
                    _ => bad_value(key, value),
                });
            }
        }
        if let Some(value) = given.values("health").find(|value| !HEALTH.contains(value)) {
            return Err(Error::bad_parameter(format!(
                "Unrecognised filter value for health: {value}"
            )));
        }
        let exited = given
            .values("exited")
            .map(|value| value.parse().map_err(|_| bad_value("exited", value)))
            .collect::<Result<Vec<i64>>>()?;
        let created = |key: &str| -> Result<Option<jiff::Timestamp>> {
            let Some(name) = given.values(key).next() else {
                return Ok(None);
            };
            let handle = shared
                .registry
                .get(name)
                .map_err(|_| Error::bad_parameter(format!("no such container {name}")))?;
            let id = handle.snapshot().id().to_owned();
            Ok(all
                .iter()
                .find(|one| one.id() == id)
                .map(|one| one.record.created))
        };
        let ports = |key: &str| -> Result<Vec<Port>> {
            let lists: Result<Vec<Vec<Port>>> = given
                .values(key)
                .map(|value| parse_ports(value).map_err(|_| bad_value(key, value)))
                .collect();
            Ok(lists?.into_iter().flatten().collect())
        };
        Ok(Filter {
            given,
            names: given.values("name").map(Pattern::new).collect(),
            exited,
            before: created("before")?,
            since: created("since")?,
            ancestors: ancestors(given, shared),
            published: ports("publish")?,
            exposed: ports("expose")?,
        })
    }

    /// Whether containers that do not run were asked for by their state. An exit
    /// code does not ask for them, as in dockerd.
    pub(crate) fn names_a_state(&self) -> bool {
        self.given.contains("status")
    }

    pub(crate) fn matches(&self, snapshot: &Snapshot) -> bool {
        let (record, plan, state) = (&snapshot.record, &snapshot.plan, &snapshot.state);
        let none = std::collections::BTreeMap::new();
        let name = self.names.is_empty()
            || self
                .names
                .iter()
                .any(|pattern| pattern.matches(&record.name));
        let exited = self.exited.is_empty()
            || (state.phase == Phase::Exited && self.exited.contains(&state.exit_code));
        let ancestor = self
            .ancestors
            .as_ref()
            .is_none_or(|images| images.contains(&record.image));
        let bound = || state.published();
        let published = self.published.is_empty()
            || bound().any(|bound| {
                self.published.iter().any(|port| {
                    port.number == bound.port
                        && port.protocol.as_str() == protocol_name(bound.protocol)
                })
            });
        // Only where a network has them, as in dockerd.
        let connected = state.has_device();
        let exposed = self.exposed.is_empty()
            || (connected
                && self
                    .exposed
                    .iter()
                    .any(|port| plan.ports.exposed.contains(port)));
        let network = self.given.matches_by("network", |wanted| {
            let mut ids = state.endpoints.iter().map(|end| &end.network_id);
            record.networks.contains_key(wanted) || ids.any(|id| id.starts_with(wanted))
        });
        let mounted = || inspect::mount_points(&plan.mounts);
        let volume = self.given.matches_by("volume", |wanted| {
            mounted().iter().any(|point| {
                let name = match point.name.as_deref() {
                    None | Some("") => &point.source,
                    Some(name) => name,
                };
                point.destination == wanted || name == wanted
            })
        });
        name && exited
            && ancestor
            && published
            && exposed
            && network
            && volume
            && self.given.matches_by("id", |wanted| {
                !wanted.is_empty() && record.id.starts_with(wanted)
            })
            && self.given.matches("status", state.phase.as_str())
            && self
                .given
                .matches("health", health::word(state.health.as_ref()))
            && self.given.matches("is-task", "false")
            && self
                .given
                .matches_labels(record.config.labels.as_ref().unwrap_or(&none))
            && self.before.is_none_or(|time| record.created < time)
            && self.since.is_none_or(|time| record.created > time)
    }
}

/// A name as a regular expression, tried with and without the slash; one that
/// is none is compared as it is.
enum Pattern {
    Regex(Regex),
    Text(String),
}

impl Pattern {
    fn new(text: &str) -> Pattern {
        match Regex::new(text) {
            Ok(regex) => Pattern::Regex(regex),
            Err(_) => Pattern::Text(text.to_owned()),
        }
    }

    fn matches(&self, name: &str) -> bool {
        match self {
            Pattern::Regex(regex) => regex.is_match(name) || regex.is_match(&format!("/{name}")),
            Pattern::Text(text) => name == text.trim_start_matches('/') || name.contains(text),
        }
    }
}

/// The images named and everything made from them.
fn ancestors(given: &Filters, shared: &Shared) -> Option<BTreeSet<String>> {
    if !given.contains("ancestor") {
        return None;
    }
    let mut found = BTreeSet::new();
    for name in given.values("ancestor") {
        let Ok(image) = shared.images.get(name) else {
            continue;
        };
        let mut open = vec![image.id];
        while let Some(id) = open.pop() {
            if found.insert(id.to_string()) {
                open.extend(shared.images.children(&id));
            }
        }
    }
    Some(found)
}

fn bad_value(key: &str, value: &str) -> Error {
    Error::bad_parameter(format!("Invalid filter '{key}=[{value}]'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_expressions() {
        let matches = |pattern: &str, name: &str| Pattern::new(pattern).matches(name);
        assert!(matches("eb", "web"));
        assert!(matches("^/?web$", "web"));
        assert!(matches("^web$", "web"));
        assert!(matches("^/web$", "web"));
        assert!(!matches("^eb", "web"));
        assert!(matches("(", "a(b"));
    }
}
