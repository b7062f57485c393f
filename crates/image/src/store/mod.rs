//! The store: images, their references and layers, under one root.
//!
//! Readers take an immutable snapshot (`State`) and never wait. A change is
//! prepared outside any lock, then committed under one: move the staged layers
//! into place, write the configurations, replace `index.json`, swap the
//! snapshot. Before the index is replaced nothing of it is visible; whatever a
//! crash leaves is unreachable from the index, hence garbage, and is swept at
//! the next start (`audit`). One process owns a root; the caller sees to that.

mod audit;
mod commit;
pub(crate) mod disk;
pub(crate) mod download;
mod family;
mod lookup;
mod outgoing;
mod pulled;
mod remove;
mod settle;
pub(crate) mod trash;
mod unsynced;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, atomic::AtomicBool, mpsc},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use audit::Problem;
pub use commit::NewImage;
pub(crate) use commit::Publication;
pub use download::{Download, DownloadError};
pub use lookup::HistoryItem;
pub use outgoing::OutgoingLayer;
pub use pulled::PulledImage;
pub use remove::{RemoveOptions, Removed, Usage};

use crate::{
    error::{At, Error},
    layer::LayerRecord,
};
use disk::Disk;
use longshore_archive::layer::Limits;
use longshore_oci::{
    config::{ImageConfig, rfc3339},
    digest::{ChainId, DiffId, ImageId, chain_ids},
    reference::Reference,
};
use unsynced::Unsynced;

/// How a store behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct StoreOptions {
    /// What one layer may take at most.
    pub limits: Limits,
}

/// A handle on the store; clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// Says that there are layers to settle.
    settle: settle::Wake,
    disk: Disk,
    options: StoreOptions,
    problems: Vec<Problem>,
    /// What the next index waits for.
    unsynced: Unsynced,
    /// What nobody waits for.
    blobs: Unsynced,
    /// The snapshot has images that the index has not.
    ahead: AtomicBool,
    /// Held by whoever changes `state`.
    commit: Mutex<()>,
    state: RwLock<Arc<State>>,
    downloads: download::Places,
    /// The containers' writable layers and the image layers that they keep.
    containers: Mutex<BTreeMap<String, Option<ChainId>>>,
}

/// One consistent view of everything.
#[derive(Clone, Default)]
struct State {
    images: BTreeMap<ImageId, Arc<Stored>>,
    references: BTreeMap<Reference, ImageId>,
    layers: BTreeMap<ChainId, Arc<LayerRecord>>,
}

/// An image as the snapshot holds it.
#[derive(Clone)]
struct Stored {
    parent: Option<ImageId>,
    last_tagged: Option<Timestamp>,
    made_here: bool,
    config: Arc<ImageConfig>,
    /// From the lowest layer to the top.
    chain: Vec<ChainId>,
    size: u64,
}

/// An image, as of the moment it was asked for.
#[derive(Debug, Clone)]
pub struct Image {
    /// The digest of the configuration.
    pub id: ImageId,
    /// The image it was built from here, if that is known.
    pub parent: Option<ImageId>,
    /// Its configuration.
    pub config: Arc<ImageConfig>,
    /// Its tags and digests, sorted.
    pub references: Vec<Reference>,
    /// The sum of its layers' sizes in bytes.
    pub size: u64,
    /// Its top layer with all below; none for an image without files.
    pub chain: Option<ChainId>,
    /// When it last got a tag here.
    pub last_tagged: Option<Timestamp>,
}

impl Image {
    /// The tags in the form that users know, `busybox:latest`.
    pub fn repo_tags(&self) -> Vec<String> {
        self.familiar(false)
    }

    /// The digests in the form that users know, `busybox@sha256:…`.
    pub fn repo_digests(&self) -> Vec<String> {
        self.familiar(true)
    }

    fn familiar(&self, digests: bool) -> Vec<String> {
        let wanted = self
            .references
            .iter()
            .filter(|it| it.digest().is_some() == digests);
        wanted.map(Reference::familiar).collect()
    }
}

/// `index.json`: what exists. Replacing this file is what makes a change real.
#[derive(Default, Serialize, Deserialize)]
struct Index {
    format: u32,
    images: BTreeMap<ImageId, IndexedImage>,
    references: BTreeMap<Reference, ImageId>,
}

#[derive(Default, Serialize, Deserialize)]
struct IndexedImage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<ImageId>,
    #[serde(default, with = "rfc3339", skip_serializing_if = "Option::is_none")]
    last_tagged: Option<Timestamp>,
    /// It was built or committed here, not brought from elsewhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    made_here: bool,
}

impl Index {
    const FORMAT: u32 = 1;

    fn new() -> Self {
        Self {
            format: Self::FORMAT,
            ..Self::default()
        }
    }
}

impl Store {
    /// Opens the store at `root`, making it if there is none. Whatever an
    /// earlier process left half done is swept; what cannot be read is put
    /// aside and reported by [`Store::problems`].
    pub fn open(root: &Path) -> Result<Self, Error> {
        Self::open_with(root, StoreOptions::default())
    }

    /// The same with options.
    pub fn open_with(root: &Path, options: StoreOptions) -> Result<Self, Error> {
        let disk = Disk::open(root)?;
        let audit = audit::run(&disk, options.limits)?;
        download::sweep(&disk)?;
        crate::container::make_init_layer(&disk)?;
        let (settle, woken) = mpsc::channel();
        let inner = Arc::new(Inner {
            settle,
            disk,
            options,
            problems: audit.problems,
            unsynced: Unsynced::default(),
            blobs: Unsynced::default(),
            ahead: AtomicBool::new(false),
            commit: Mutex::new(()),
            state: RwLock::new(Arc::new(audit.state)),
            downloads: download::Places::default(),
            containers: Mutex::new(audit.containers),
        });
        settle::start(Arc::downgrade(&inner), woken).at(root)?;
        let store = Self { inner };
        store.settle_later();
        Ok(store)
    }

    /// What could not be used when the store was opened.
    pub fn problems(&self) -> &[Problem] {
        &self.inner.problems
    }

    /// All images, the newest first, intermediate ones included.
    pub fn list(&self) -> Vec<Image> {
        let state = self.state();
        let mut tags: BTreeMap<&ImageId, Vec<Reference>> = BTreeMap::new();
        for (reference, id) in &state.references {
            tags.entry(id).or_default().push(reference.clone());
        }
        let mut images: Vec<Image> = state
            .images
            .iter()
            .map(|(id, stored)| stored.view(id, tags.remove(id).unwrap_or_default()))
            .collect();
        images.sort_by(|a, b| {
            b.config
                .created
                .cmp(&a.config.created)
                .then(a.id.cmp(&b.id))
        });
        images
    }

    /// The sums of the lengths of the layers' files in bytes.
    pub fn layer_sizes(&self) -> BTreeMap<ChainId, u64> {
        let state = self.state();
        let layers = state.layers.iter();
        layers.map(|(chain, it)| (chain.clone(), it.size)).collect()
    }

    /// The images that were built directly from this one.
    pub fn children(&self, id: &ImageId) -> Vec<ImageId> {
        self.state().children(id)
    }

    /// The unpacked layers of a chain, the top one first, as overlayfs wants
    /// them.
    pub fn lower_dirs(&self, chain: &ChainId) -> Vec<PathBuf> {
        self.state()
            .chain_down(chain)
            .map(|chain| self.disk().layer(chain).join("diff"))
            .collect()
    }

    /// Has the layers made durable some time after this call.
    fn settle_later(&self) {
        if self
            .state()
            .layers
            .values()
            .any(|layer| layer.unsettled.is_some())
        {
            // The thread lives as long as this sender.
            self.inner.settle.send(()).ok();
        }
    }

    pub(crate) fn disk(&self) -> &Disk {
        &self.inner.disk
    }

    pub(crate) fn limits(&self) -> Limits {
        self.inner.options.limits
    }

    pub(crate) fn containers(&self) -> MutexGuard<'_, BTreeMap<String, Option<ChainId>>> {
        self.inner
            .containers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has_layer(&self, chain: &ChainId) -> bool {
        self.state().layers.contains_key(chain)
    }

    /// Whether a layer with this uncompressed stream is here, whatever is below it.
    pub(crate) fn has_diff(&self, diff_id: &DiffId) -> bool {
        let state = self.state();
        state.layers.values().any(|it| it.diff_id == *diff_id)
    }

    /// Whether some image contains this layer.
    pub(crate) fn is_used_by_image(&self, chain: &ChainId) -> bool {
        self.state()
            .images
            .values()
            .any(|stored| stored.chain.contains(chain))
    }

    /// The layers of an image from the lowest to the top.
    pub(crate) fn layers(&self, id: &ImageId) -> Vec<(ChainId, Arc<LayerRecord>)> {
        let state = self.state();
        let chain = state.images.get(id).map_or(&[][..], |stored| &stored.chain);
        chain
            .iter()
            .filter_map(|chain| Some((chain.clone(), state.layers.get(chain)?.clone())))
            .collect()
    }

    fn state(&self) -> Arc<State> {
        self.inner
            .state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl Stored {
    fn new(
        config: ImageConfig,
        layers: &BTreeMap<ChainId, Arc<LayerRecord>>,
        indexed: IndexedImage,
    ) -> Self {
        let chain = chain_ids(&config.rootfs.diff_ids);
        let sizes = chain
            .iter()
            .filter_map(|chain| layers.get(chain))
            .map(|layer| layer.size);
        let size = sizes.fold(0, u64::saturating_add);
        Self {
            parent: indexed.parent,
            last_tagged: indexed.last_tagged,
            made_here: indexed.made_here,
            config: Arc::new(config),
            chain,
            size,
        }
    }

    fn view(&self, id: &ImageId, references: Vec<Reference>) -> Image {
        Image {
            id: id.clone(),
            parent: self.parent.clone(),
            config: self.config.clone(),
            references,
            size: self.size,
            chain: self.chain.last().cloned(),
            last_tagged: self.last_tagged,
        }
    }
}

impl State {
    fn view(&self, id: &ImageId) -> Option<Image> {
        Some(self.images.get(id)?.view(id, self.references_of(id)))
    }

    fn references_of(&self, id: &ImageId) -> Vec<Reference> {
        let own = self.references.iter().filter(|(_, owner)| *owner == id);
        own.map(|(reference, _)| reference.clone()).collect()
    }

    fn children(&self, id: &ImageId) -> Vec<ImageId> {
        let own = self
            .images
            .iter()
            .filter(|(_, stored)| stored.parent.as_ref() == Some(id));
        own.map(|(id, _)| id.clone()).collect()
    }

    /// From a layer down to the lowest.
    fn chain_down<'a>(&'a self, top: &'a ChainId) -> impl Iterator<Item = &'a ChainId> {
        std::iter::successors(Some(top), |chain| self.layers.get(*chain)?.parent.as_ref())
    }

    fn index(&self) -> Index {
        let images = self.images.iter().map(|(id, stored)| {
            let Stored {
                parent,
                last_tagged,
                made_here,
                ..
            } = &**stored;
            (
                id.clone(),
                IndexedImage {
                    parent: parent.clone(),
                    last_tagged: *last_tagged,
                    made_here: *made_here,
                },
            )
        });
        Index {
            format: Index::FORMAT,
            images: images.collect(),
            references: self.references.clone(),
        }
    }
}
