//! Removing all containers that do not run.

use jiff::Timestamp;
use longshore_api::filters::Filters;
use tokio::sync::Mutex;

use crate::container::Containers;
use crate::container::inspect;
use crate::container::registry::Snapshot;
use crate::container::state::Phase;
use crate::error::{Error, Result};
use crate::events::EventKind;
use crate::time::parse_moment;

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Full ids, oldest first.
    pub containers: Vec<String>,
    /// Bytes of files that they had written.
    pub reclaimed: i64,
}

/// Held while a prune goes on.
#[derive(Debug, Default)]
pub(crate) struct Pruning(Mutex<()>);

impl Containers {
    /// Removes every container that does not run and passes the filters. One
    /// that cannot be removed stays and is no error.
    pub async fn prune(&self, filters: &Filters) -> Result<Pruned> {
        filters
            .only(&["until", "label", "label!"])
            .map_err(|error| Error::bad_parameter(error.message))?;
        let until = until(filters)?;
        let _running = self
            .shared
            .pruning
            .0
            .try_lock()
            .map_err(|_| Error::conflict("a prune operation is already running"))?;
        let mut all = self.shared.registry.snapshots();
        all.sort_by_key(|one| one.record.created);
        let mut pruned = Pruned::default();
        for snapshot in all {
            if !is_idle(&snapshot) || until.is_some_and(|until| snapshot.record.created > until) {
                continue;
            }
            let labels = snapshot.record.config.labels.as_ref();
            if !filters.matches_labels(labels.unwrap_or(&Default::default())) {
                continue;
            }
            let shared = self.shared.clone();
            let measured = snapshot.clone();
            let sizes = tokio::task::spawn_blocking(move || inspect::sizes(&shared, &measured));
            let written = sizes.await.ok().and_then(Result::ok);
            let id = snapshot.id();
            match self.remove(id, false).await {
                Ok(()) => {
                    pruned.reclaimed += written.and_then(|(written, _)| written).unwrap_or(0);
                    pruned.containers.push(id.to_owned());
                }
                Err(error) => tracing::warn!(container = id, %error, "not pruned"),
            }
        }
        let reclaimed = ("reclaimed".to_owned(), pruned.reclaimed.to_string());
        let events = &self.shared.events;
        events.publish(EventKind::Container, "prune", "", [reclaimed].into());
        Ok(pruned)
    }
}

fn is_idle(snapshot: &Snapshot) -> bool {
    matches!(
        snapshot.state.phase,
        Phase::Created | Phase::Exited | Phase::Dead
    )
}

/// The time of the filter `until`, if it is given.
pub(crate) fn until(filters: &Filters) -> Result<Option<Timestamp>> {
    let given: Vec<&str> = filters.values("until").collect();
    match given[..] {
        [] => Ok(None),
        [text] => match parse_moment(text, Timestamp::now()) {
            Some(until) => Ok(Some(until)),
            None => Err(Error::bad_parameter(format!(
                "failed to parse value as time or duration: \"{text}\""
            ))),
        },
        _ => Err(Error::bad_parameter("more than one until filter specified")),
    }
}
