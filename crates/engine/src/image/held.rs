//! Images that builds are at work on. A prune leaves them and what they were
//! made of; who removes one by its name gets his way, as with dockerd.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use longshore_image::store::{Image, Usage};
use longshore_oci::digest::ImageId;

use crate::error::Result;
use crate::shared::Shared;

/// How many builds use each image.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<BTreeMap<ImageId, usize>>);

impl Held {
    /// Removes something that no build uses: none begins to use it meanwhile.
    pub(crate) fn beside<T>(&self, remove: impl FnOnce(Vec<Usage>) -> T) -> T {
        let held = self.lock();
        let usage = |image: &ImageId| Usage {
            container: "build".to_owned(),
            image: image.clone(),
            running: true,
        };
        remove(held.keys().map(usage).collect())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ImageId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one build uses, until this is dropped.
pub(crate) struct Hold {
    shared: Arc<Shared>,
    images: Mutex<Vec<ImageId>>,
}

impl Hold {
    pub(crate) fn new(shared: Arc<Shared>) -> Hold {
        Hold {
            shared,
            images: Mutex::default(),
        }
    }

    /// Finds or makes an image; no prune comes between that and its use.
    pub(crate) fn keep(
        &self,
        find: impl FnOnce() -> Result<Option<Image>>,
    ) -> Result<Option<Image>> {
        let mut held = self.shared.held_images.lock();
        let found = find()?;
        if let Some(image) = &found {
            *held.entry(image.id.clone()).or_default() += 1;
            self.images().push(image.id.clone());
        }
        Ok(found)
    }

    fn images(&self) -> MutexGuard<'_, Vec<ImageId>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut held = self.shared.held_images.lock();
        for image in self.images().drain(..) {
            if let Some(count) = held.get_mut(&image) {
                *count -= 1;
                if *count == 0 {
                    held.remove(&image);
                }
            }
        }
    }
}
