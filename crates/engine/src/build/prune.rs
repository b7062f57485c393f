//! Emptying the cache: images that only serve to be found again.
//!
//! The cache has nothing of its own: it is the images that steps made. Those
//! that a named image was made of cost nothing, and go with it. What can go is
//! the end of a build that failed, or whose image has been taken away by its
//! name: images without a name that nothing was made of. An image that a client
//! has built without a name looks the same, so those are noted; they are the
//! client's, and `image prune` takes them.

use std::fs::{self, File};
use std::path::PathBuf;

use longshore_api::filters::Filters;
use longshore_image::store::Image;
use longshore_oci::digest::ImageId;

use super::Builds;
use crate::container::prune::until;
use crate::error::{Error, ErrorKind, Result};
use crate::events::EventKind;
use crate::image::Images;
use crate::shared::Shared;

/// Filters that clients know, and those of them that mean something here.
const KNOWN: [&str; 12] = [
    "label",
    "label!",
    "until",
    "unused-for",
    "id",
    "parent",
    "parents",
    "type",
    "description",
    "inuse",
    "shared",
    "private",
];
const MEANT: [&str; 4] = ["label", "label!", "until", "id"];

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrunedCache {
    /// Full ids of images.
    pub images: Vec<String>,
    /// Bytes of files in the layers that are gone.
    pub reclaimed: u64,
}

impl Builds {
    /// Removes what only the cache needs, the oldest first, until no more than
    /// `keep` bytes of it are left.
    pub async fn prune(&self, keep: u64, filters: &Filters) -> Result<PrunedCache> {
        let wrong =
            |text: String| Error::bad_parameter(text).prefixed("failed to prune build cache: ");
        filters.only(&KNOWN).map_err(|error| wrong(error.message))?;
        if let Some(key) = KNOWN
            .iter()
            .find(|key| filters.contains(key) && !MEANT.contains(key))
        {
            let text = format!("filter '{key}' means nothing to the classic builder");
            return Err(wrong(text));
        }
        let until = until(filters)?;
        let store = &self.shared.images;
        let sizes = store.layer_sizes();
        let images = Images::new(self.shared.clone());
        forget_gone(&self.shared);
        let candidates: Vec<Image> = store
            .list()
            .into_iter()
            .rev()
            .filter(|image| is_cache_only(&self.shared, image))
            .collect();
        let own = |image: &Image| {
            let top = image.chain.as_ref().and_then(|chain| sizes.get(chain));
            top.copied().unwrap_or(0)
        };
        let mut left: u64 = candidates.iter().map(own).sum();
        let mut pruned = PrunedCache::default();
        for image in candidates {
            if keep > 0 && left <= keep {
                break;
            }
            let young = until.is_some_and(|until| image.config.created > Some(until));
            let id = image.id.to_string();
            let wanted = |given: &str| id.starts_with(given) || image.id.hex().starts_with(given);
            let labels = image.config.config.labels.clone().unwrap_or_default();
            if young || !filters.matches_by("id", wanted) || !filters.matches_labels(&labels) {
                continue;
            }
            match images.remove_unused(&id).await {
                Ok(items) => {
                    left = left.saturating_sub(own(&image));
                    for deleted in items.into_iter().filter_map(|item| item.deleted) {
                        match deleted.parse().ok().and_then(|chain| sizes.get(&chain)) {
                            Some(size) => pruned.reclaimed += size,
                            None => pruned.images.push(deleted),
                        }
                    }
                }
                // A container uses it, or somebody else was faster.
                Err(error) if matches!(error.kind, ErrorKind::Conflict | ErrorKind::NotFound) => {}
                Err(error) => tracing::warn!(image = id, %error, "not pruned"),
            }
        }
        let reclaimed = [("reclaimed".to_owned(), pruned.reclaimed.to_string())];
        let events = &self.shared.events;
        events.publish(EventKind::Builder, "prune", "", reclaimed.into());
        Ok(pruned)
    }
}

/// Notes that an image without a name is what a client wanted.
pub(crate) fn note_result(shared: &Shared, id: &ImageId) {
    // Without the note it is taken for cache; that is not worth a failed build.
    if let Err(error) = File::create(note(shared, id)) {
        tracing::warn!(image = %id, %error, "not noted as a result");
    }
}

fn note(shared: &Shared, id: &ImageId) -> PathBuf {
    shared.results_dir().join(id.hex())
}

/// Takes away the notes about images that are no more.
fn forget_gone(shared: &Shared) {
    let notes = fs::read_dir(shared.results_dir()).into_iter();
    for note in notes.flatten().flatten() {
        let name = note.file_name().into_string().unwrap_or_default();
        let image = ImageId::from_hex(&name).ok();
        if image.is_none_or(|id| shared.images.image(&id).is_none()) {
            fs::remove_file(note.path()).ok();
        }
    }
}

/// Whether nothing but the cache needs an image.
pub(crate) fn is_cache_only(shared: &Shared, image: &Image) -> bool {
    image.references.is_empty()
        && image.config.container_config.is_some()
        && image.parent.is_some()
        && shared.images.children(&image.id).is_empty()
        && !note(shared, &image.id).exists()
}
