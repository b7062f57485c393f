//! Images that came from a registry.

use longshore_oci::{
    config::ImageConfig,
    digest::{ChainId, DiffId, ImageId, chain_ids},
    reference::Reference,
};

use super::{Publication, Store};
use crate::{
    error::{At, Error},
    layer::StagedLayer,
};

/// An image whose configuration and layers are here.
pub struct PulledImage {
    /// The configuration as it came; its digest is the image's ID.
    pub config: Vec<u8>,
    /// The layers that were not here before.
    pub layers: Vec<StagedLayer>,
    /// The repository they came from, `registry/path`.
    pub place: String,
    /// The tag and the digest it gets.
    pub references: Vec<Reference>,
}

impl Store {
    /// Which layers of these are here, on top of each other or anywhere.
    pub fn present_layers(&self, diff_ids: &[DiffId]) -> Vec<bool> {
        let state = self.state();
        let chains: Vec<ChainId> = chain_ids(diff_ids);
        let present = |(diff_id, chain): (&DiffId, &ChainId)| {
            state.layers.contains_key(chain)
                || state.layers.values().any(|layer| layer.diff_id == *diff_id)
        };
        diff_ids.iter().zip(&chains).map(present).collect()
    }

    /// The configuration of an image, byte for byte.
    pub fn config_bytes(&self, id: &ImageId) -> Result<Vec<u8>, Error> {
        let path = self.disk().config(id);
        std::fs::read(&path).at(path)
    }

    /// Puts an image in the store with its names, as a whole or not at all.
    /// Returns whether that changed anything.
    pub fn put_pulled(&self, image: PulledImage) -> Result<bool, Error> {
        let config: ImageConfig = serde_json::from_slice(&image.config)
            .map_err(|error| Error::Invalid(format!("image configuration: {error}")))?;
        let id = ImageId::of(&image.config);
        let named = {
            let state = self.state();
            let has = |reference| state.references.get(reference) == Some(&id);
            state.images.contains_key(&id) && image.references.iter().all(has)
        };
        if named {
            return Ok(false);
        }
        let publication = Publication {
            bytes: image.config,
            config,
            parent: None,
            made_here: false,
            references: image.references,
            // It has these names elsewhere; nobody gave them here.
            tagged: false,
        };
        let fetched: Vec<DiffId> = image.layers.iter().map(|it| it.diff_id().clone()).collect();
        self.publish(image.layers, vec![publication])?;
        for (chain, layer) in self.layers(&id) {
            if fetched.contains(&layer.diff_id) {
                self.remember_place(&chain, &image.place);
            }
        }
        Ok(true)
    }
}
