//! Volumes: directories that outlive containers, and what clients can ask of
//! them.

pub(crate) mod filesystem;
mod mounted;
pub(crate) mod options;
pub(crate) mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

use longshore_api::filters::Filters;
use longshore_api::types::{Volume as WireVolume, VolumeScope};
use longshore_archive::size;
use regex_lite::Regex;

use self::options::LOCAL;
use self::store::Volume;
use crate::error::{Error, IoContext, Result};
use crate::events::EventKind;
use crate::shared::Shared;
use crate::time::wire;

pub use self::store::NewVolume;

/// The volumes of an engine.
#[derive(Clone)]
pub struct Volumes {
    shared: Arc<Shared>,
}

/// What a prune removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrunedVolumes {
    /// Their names.
    pub names: Vec<String>,
    /// Bytes of their files.
    pub reclaimed: u64,
}

impl Volumes {
    pub(crate) fn new(shared: Arc<Shared>) -> Volumes {
        Volumes { shared }
    }

    /// The volumes that the filters select, by name.
    pub fn list(&self, filters: &Filters) -> Result<Vec<WireVolume>> {
        check_filters(filters, &["dangling", "driver", "label", "name"])?;
        let dangling = filters
            .flag("dangling")
            .map_err(|error| Error::bad_parameter(error.message))?;
        let all = self.shared.volumes.list();
        let selected = all.into_iter().filter(|volume| {
            dangling.is_none_or(|wanted| wanted == volume.users.is_empty())
                && filters.matches("driver", LOCAL)
                && filters.matches_by("name", |pattern| match Regex::new(pattern) {
                    Ok(regex) => regex.is_match(&volume.name),
                    Err(_) => volume.name.contains(pattern),
                })
                && has_labels(volume, filters)
        });
        Ok(selected.map(|volume| self.wire(&volume)).collect())
    }

    /// Makes a volume, or finds the one of that name.
    pub async fn create(&self, wanted: NewVolume) -> Result<WireVolume> {
        let this = self.clone();
        let make = move || {
            let taken = this.shared.volumes.take(&wanted, None)?;
            this.shared
                .publish_volume("create", &taken.volume.name, &[]);
            Ok(this.wire(&taken.volume))
        };
        tokio::task::spawn_blocking(make).await.context("volume")?
    }

    /// One volume.
    pub fn inspect(&self, name: &str) -> Result<WireVolume> {
        let volume = self.shared.volumes.get(name)?;
        Ok(self.wire(&volume))
    }

    /// Removes a volume that no container uses. With `force` one that is not
    /// there is no error.
    pub async fn remove(&self, name: &str, force: bool) -> Result<()> {
        let (this, name) = (self.clone(), name.to_owned());
        let remove = move || match this.shared.remove_volume(&name) {
            Err(error) if force && error == store::no_such(&name) => Ok(()),
            other => other,
        };
        tokio::task::spawn_blocking(remove)
            .await
            .context("volume")?
    }

    /// Removes all volumes that no container uses; those with options of the
    /// driver stay, as in dockerd.
    pub async fn prune(&self, filters: &Filters) -> Result<PrunedVolumes> {
        check_filters(filters, &["label", "label!"])?;
        let (this, filters) = (self.clone(), filters.clone());
        let prune = move || this.prune_now(&filters);
        tokio::task::spawn_blocking(prune).await.context("volumes")
    }

    fn prune_now(&self, filters: &Filters) -> PrunedVolumes {
        let mut pruned = PrunedVolumes::default();
        for volume in self.shared.volumes.list() {
            let kept = !volume.users.is_empty() || volume.has_options();
            if kept || !has_labels(&volume, filters) {
                continue;
            }
            let size = size::of_tree(&self.shared.volumes.data(&volume.name)).unwrap_or(0);
            // As dockerd, one event at the end tells of them all.
            match self.shared.volumes.remove(&volume.name) {
                Ok(()) => {
                    pruned.reclaimed += size;
                    pruned.names.push(volume.name);
                }
                // Somebody was faster, or uses it by now.
                Err(error) => tracing::debug!(volume = volume.name, %error, "not pruned"),
            }
        }
        let reclaimed = ("reclaimed".to_owned(), pruned.reclaimed.to_string());
        let events = &self.shared.events;
        events.publish(EventKind::Volume, "prune", "", [reclaimed].into());
        pruned
    }

    pub(crate) fn wire(&self, volume: &Volume) -> WireVolume {
        WireVolume {
            name: volume.name.clone(),
            driver: LOCAL.into(),
            mountpoint: self
                .shared
                .volumes
                .data(&volume.name)
                .to_string_lossy()
                .into_owned(),
            created_at: Some(wire(Some(volume.created))),
            labels: volume.labels.clone(),
            scope: VolumeScope::Local,
            options: volume.options.clone(),
            ..WireVolume::default()
        }
    }
}

impl Shared {
    /// Tells what happened to a volume.
    pub(crate) fn publish_volume(&self, action: &str, name: &str, more: &[(&str, &str)]) {
        let more = more.iter().chain(&[("driver", LOCAL)]);
        let attributes = more.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        let attributes: BTreeMap<String, String> = attributes.collect();
        self.events
            .publish(EventKind::Volume, action, name, attributes);
    }

    /// Removes a volume that no container uses.
    pub(crate) fn remove_volume(&self, name: &str) -> Result<()> {
        self.volumes.remove(name)?;
        self.publish_volume("destroy", name, &[]);
        Ok(())
    }
}

fn check_filters(filters: &Filters, known: &[&str]) -> Result<()> {
    filters
        .only(known)
        .map_err(|error| Error::bad_parameter(error.message))
}

fn has_labels(volume: &Volume, filters: &Filters) -> bool {
    let none = BTreeMap::new();
    filters.matches_labels(volume.labels.as_ref().unwrap_or(&none))
}
