//! What a builder asks of the images: which were made of which.

use super::{Image, Store};
use longshore_oci::{config::ImageConfig, digest::ImageId};

impl Store {
    /// Of the images that were built or committed here directly from `parent`, or
    /// from nothing, the newest one whose configuration is as wanted. What came
    /// from elsewhere could claim to be the result of any step.
    pub fn newest_child(
        &self,
        parent: Option<&ImageId>,
        wanted: impl Fn(&ImageConfig) -> bool,
    ) -> Option<Image> {
        let state = self.state();
        let children = state.images.iter();
        let (id, _) = children
            .filter(|(_, stored)| stored.made_here && stored.parent.as_ref() == parent)
            .filter(|(_, stored)| wanted(&stored.config))
            .max_by_key(|(_, stored)| stored.config.created)?;
        state.view(id)
    }
}
