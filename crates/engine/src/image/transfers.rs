//! What all pulls and pushes of an engine share.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, Semaphore};

use super::pull::transfer::Downloads;
use crate::config::RegistryConfig;

/// Layers on their way, in both directions.
pub(crate) struct Transfers {
    pub(crate) downloads: Downloads,
    /// Held while layers that several pulls may wait for become visible, so
    /// that who finds one taken also finds it in the store.
    pub(crate) publishing: Mutex<()>,
    /// As many as layers may be sent at once.
    uploads: RwLock<Arc<Semaphore>>,
}

impl Transfers {
    pub(crate) fn new(config: &RegistryConfig) -> Self {
        Self {
            downloads: Downloads::new(config.downloads, config.attempts),
            publishing: Mutex::default(),
            uploads: RwLock::new(slots(config.uploads)),
        }
    }

    /// Where a layer that is to be sent waits for its turn.
    pub(crate) fn uploads(&self) -> Arc<Semaphore> {
        let uploads = self.uploads.read();
        uploads.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Other numbers from now on. What is on its way goes on beside what begins.
    pub(crate) fn resize(&self, config: &RegistryConfig) {
        self.downloads.resize(config.downloads, config.attempts);
        let mut uploads = self.uploads.write().unwrap_or_else(PoisonError::into_inner);
        *uploads = slots(config.uploads);
    }
}

/// So many at once, but at least one.
pub(crate) fn slots(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS)))
}
