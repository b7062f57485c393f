//! Removing all images that nothing needs.

use longshore_api::filters::Filters;
use longshore_api::types::ImageDeleteResponseItem;
use longshore_image::store::Image;
use tokio::sync::Mutex;

use super::Images;
use crate::container::prune::until;
use crate::error::{Error, ErrorKind, Result};
use crate::events::EventKind;

/// What was removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PrunedImages {
    /// Names, images and layers, in the order of their removal.
    pub deleted: Vec<ImageDeleteResponseItem>,
    /// Bytes of files in the layers that are gone.
    pub reclaimed: i64,
}

/// Held while a prune goes on.
#[derive(Debug, Default)]
pub(crate) struct Pruning(Mutex<()>);

impl Images {
    /// Removes every image without a tag, or with `dangling=false` every image,
    /// that passes the filters. One that is in use stays and is no error.
    pub async fn prune(&self, filters: &Filters) -> Result<PrunedImages> {
        filters
            .only(&["dangling", "label", "label!", "until"])
            .map_err(|error| Error::bad_parameter(error.message))?;
        let dangling_only = filters
            .flag("dangling")
            .map_err(|error| Error::bad_parameter(error.message))?
            .unwrap_or(true);
        let until = until(filters)?;
        let _running = self
            .shared
            .pruning_images
            .0
            .try_lock()
            .map_err(|_| Error::conflict("a prune operation is already running"))?;
        let store = &self.shared.images;
        let images = store.list();
        // Later than the list: it must know the layers of all of them.
        let sizes = store.layer_sizes();
        let mut pruned = PrunedImages::default();
        for image in images.into_iter().rev() {
            let labels = image.config.config.labels.clone().unwrap_or_default();
            let young = until.is_some_and(|until| image.config.created > Some(until));
            let base = image.references.is_empty() && !store.children(&image.id).is_empty();
            if base || young || !filters.matches_labels(&labels) {
                continue;
            }
            for name in names(&image, dangling_only) {
                match self.remove_unused(&name).await {
                    Ok(items) => pruned.deleted.extend(items),
                    Err(error) if error.kind == ErrorKind::Conflict => {}
                    // Went along with another, or somebody else was faster.
                    Err(error) if error.kind == ErrorKind::NotFound => {}
                    Err(error) => tracing::warn!(image = name, %error, "not pruned"),
                }
            }
        }
        let layers = pruned.deleted.iter().filter_map(|item| {
            let chain = item.deleted.as_ref()?.parse().ok()?;
            sizes.get(&chain)
        });
        let reclaimed = layers.fold(0, |sum: u64, size| sum.saturating_add(*size));
        pruned.reclaimed = i64::try_from(reclaimed).unwrap_or(i64::MAX);
        let attributes = [("reclaimed".to_owned(), reclaimed.to_string())];
        let events = &self.shared.events;
        events.publish(EventKind::Image, "prune", "", attributes.into());
        Ok(pruned)
    }
}

/// By which names an image is removed: by all of them, or by its id if it has
/// none; by none if it has a tag and only dangling images go.
fn names(image: &Image, dangling_only: bool) -> Vec<String> {
    let references = &image.references;
    let has_tag = references.iter().any(|it| it.digest().is_none());
    if references.is_empty() {
        return vec![image.id.to_string()];
    }
    match has_tag && dangling_only {
        true => Vec::new(),
        false => references.iter().map(ToString::to_string).collect(),
    }
}
