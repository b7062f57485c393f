//! What all parts of the engine share: where things are, and the stores.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use longshore_image::store::Store;
use longshore_runtime::zygote::Zygote;

use crate::config::EngineConfig;
use crate::container::prune::Pruning;
use crate::container::record::Files;
use crate::container::registry::Registry;
use crate::container::stats::Samplers;
use crate::error::{IoContext, Result};
use crate::events::{EventKind, Events};
use crate::exec::Execs;
use crate::image::held::Held;
use crate::image::transfers::Transfers;
use crate::meta::RootLock;
use crate::network::{Endpoint, Net};
use crate::reload::Live;
use crate::usage::Walks;
use crate::volume::store::VolumeStore;

pub(crate) struct Shared {
    pub(crate) config: EngineConfig,
    /// Random, made at the first start on this root.
    pub(crate) engine_id: String,
    pub(crate) zygote: Arc<Zygote>,
    pub(crate) images: Store,
    pub(crate) live: RwLock<Arc<Live>>,
    pub(crate) transfers: Transfers,
    pub(crate) volumes: Arc<VolumeStore>,
    pub(crate) network: Net,
    pub(crate) events: Arc<Events>,
    pub(crate) registry: Registry,
    pub(crate) execs: Execs,
    pub(crate) samplers: Samplers,
    pub(crate) pruning: Pruning,
    pub(crate) walks: Walks,
    pub(crate) pruning_images: crate::image::Pruning,
    /// Images that builds use.
    pub(crate) held_images: Held,
    pub(crate) _lock: RootLock,
}

impl Shared {
    /// The settings that may change, as they are now.
    pub(crate) fn live(&self) -> Arc<Live> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.clone()
    }

    /// Where the records of containers are.
    pub(crate) fn containers_dir(&self) -> PathBuf {
        self.config.data_root.join("containers")
    }

    /// Where builds work.
    pub(crate) fn builds_dir(&self) -> PathBuf {
        self.config.data_root.join("builds")
    }

    /// Notes about images without a name that clients have built.
    pub(crate) fn results_dir(&self) -> PathBuf {
        self.config.data_root.join("build-results")
    }

    /// What was removed and is not yet unlinked.
    pub(crate) fn trash_dir(&self) -> PathBuf {
        self.config.data_root.join("trash")
    }

    /// Where the files of a container are.
    pub(crate) fn files(&self, id: &str) -> Files {
        Files::new(self.containers_dir().join(id), self.run_dir(id))
    }

    /// Where the shim of a container has its socket.
    pub(crate) fn run_dir(&self, id: &str) -> PathBuf {
        self.config.exec_root.join("containers").join(id)
    }

    /// Takes a container's record and layer away; what is left then is for
    /// [`Shared::unlink`]. Doing it again is no error.
    ///
    /// The rename of the record is the moment of the removal: what an engine that
    /// dies then leaves of the rest belongs to no record, and goes at the next
    /// start.
    pub(crate) async fn erase(&self, id: &str) -> Result<()> {
        let record = self.containers_dir().join(id);
        let doomed = self.trash_dir().join(id);
        match fs::rename(&record, &doomed) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context(record.display());
            }
            _ => {}
        }
        self.images.container_remove(id).context("layer")
    }

    /// Unlinks, in the background, the files of a container that was erased.
    pub(crate) fn unlink(&self, id: &str) {
        let doomed = self.trash_dir().join(id);
        let run_dir = self.run_dir(id);
        tokio::task::spawn_blocking(move || {
            remove_run_dir(&run_dir);
            if let Err(error) = fs::remove_dir_all(&doomed)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(path = %doomed.display(), %error, "left for the next start");
            }
        });
    }

    /// Tells that a container was connected to a network or disconnected.
    pub(crate) fn publish_network(&self, action: &str, container: &str, endpoint: &Endpoint) {
        let attributes = BTreeMap::from([
            ("container".to_owned(), container.to_owned()),
            ("name".to_owned(), endpoint.network.clone()),
            ("type".to_owned(), endpoint.driver.clone()),
        ]);
        self.events.publish(
            EventKind::Network,
            action,
            endpoint.network_id.clone(),
            attributes,
        );
    }
}

/// Removes what a shim worked in. One that is just ending removes it as well,
/// so a file may vanish or appear while this looks; what stays in the end is
/// swept at the next start.
pub(crate) fn remove_run_dir(path: &Path) {
    for attempt in 0..50 {
        match fs::remove_dir_all(path) {
            Ok(()) => return,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !path.exists() => return,
            Err(error) if attempt == 49 => {
                tracing::warn!(path = %path.display(), %error, "left for the next start");
            }
            // An ending shim clears the same folder; between two tries it is done.
            Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}
