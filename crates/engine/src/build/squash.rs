//! Squashing: all layers that a build added become one.

use std::fs::File;

use jiff::Timestamp;
use longshore_archive::copy::{self, Options};
use longshore_archive::make;
use longshore_image::store::{Image, NewImage};
use longshore_oci::config::{HistoryEntry, ImageConfig};
use longshore_oci::digest::ImageId;

use super::copy::with_layer;
use crate::error::{IoContext, Result};
use crate::shared::Shared;

/// Makes an image like `image` with one layer on those of `base`; what it hides
/// of itself is not in it.
pub(super) fn squash(shared: &Shared, base: Option<&Image>, image: &Image) -> Result<ImageId> {
    let store = &shared.images;
    let below = base.map_or(0, |base| base.config.rootfs.diff_ids.len());
    let chain = image.chain.as_ref();
    let layers = chain.map_or_else(Vec::new, |chain| store.lower_dirs(chain));
    let added = layers.len().saturating_sub(below);
    let layer = with_layer(shared, base, |view| {
        let root = make::directories(view.root(), b"/").context("root")?;
        let options = Options {
            layer: true,
            ..Options::default()
        };
        for directory in layers[..added].iter().rev() {
            let layer = File::open(directory).context(directory.display())?;
            copy::copy_directory(&layer.into(), &root, options).context("squash")?;
        }
        Ok(())
    });
    let layer = layer?;
    let created = Some(Timestamp::now());
    let mut history = image.config.history.clone();
    let kept = base.map_or(0, |base| base.config.history.len());
    for entry in history.iter_mut().skip(kept) {
        entry.empty_layer = true;
    }
    history.push(HistoryEntry {
        created,
        comment: match base {
            Some(base) => format!("merge {} to {}", image.id, base.id),
            None => format!("create new from {}", image.id),
        },
        empty_layer: layer.is_none(),
        ..HistoryEntry::default()
    });
    let new = NewImage {
        config: ImageConfig {
            created,
            history,
            ..ImageConfig::clone(&image.config)
        },
        base: base.and_then(|base| base.chain.clone()),
        layers: layer.into_iter().collect(),
        parent: None,
        references: Vec::new(),
    };
    Ok(store.put(new)?)
}
