//! What all pulls and pushes of an engine share.

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
    pub(crate) uploads: Semaphore,
}

impl Transfers {
    pub(crate) fn new(config: &RegistryConfig) -> Self {
        Self {
            downloads: Downloads::new(config.downloads, config.attempts),
            publishing: Mutex::default(),
            uploads: Semaphore::new(config.uploads.clamp(1, Semaphore::MAX_PERMITS)),
        }
    }
}
