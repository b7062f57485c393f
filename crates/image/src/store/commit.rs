//! Changes of the store, each visible as a whole or not at all.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    path::Path,
    sync::{Arc, atomic::Ordering},
};

use jiff::Timestamp;

use super::{IndexedImage, State, Store, Stored, disk};
use crate::{
    error::{At, Error},
    layer::{self, LayerRecord, StagedLayer},
};
use longshore_oci::{
    config::ImageConfig,
    digest::{ChainId, DiffId, ImageId, chain_ids},
    reference::Reference,
};

/// More layers than this are refused, as dockerd does: overlayfs and mount
/// options have limits.
const MOST_LAYERS: usize = 125;

/// When a change is to survive a power cut.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Before it is visible.
    Now,
    /// With the next one that does at once.
    Soon,
}

/// An image to be made from layers and a configuration.
pub struct NewImage {
    /// The configuration; its `rootfs` is filled in by the store.
    pub config: ImageConfig,
    /// The layers to build upon.
    pub base: Option<ChainId>,
    /// Layers of [`Store::stage`] and its like, each on top of the one before.
    pub layers: Vec<StagedLayer>,
    /// The image it was made from.
    pub parent: Option<ImageId>,
    /// The tags it gets; they move if another image has them.
    pub references: Vec<Reference>,
}

/// An image whose configuration is given byte by byte.
pub(crate) struct Publication {
    pub(crate) bytes: Vec<u8>,
    pub(crate) config: ImageConfig,
    pub(crate) parent: Option<ImageId>,
    /// It was built or committed here; see [`Store::newest_child`].
    pub(crate) made_here: bool,
    pub(crate) references: Vec<Reference>,
    /// Whether its names count as given to it now.
    pub(crate) tagged: bool,
}

/// What a commit changed besides adding.
#[derive(Default)]
pub(crate) struct Published {
    /// Tags that belonged to another image before.
    pub(crate) moved: Vec<(Reference, ImageId)>,
}

impl Store {
    /// Unpacks and hashes a tar stream, compressed or not, to its end.
    pub fn stage(&self, stream: impl Read + Send) -> Result<StagedLayer, Error> {
        StagedLayer::receive(self.disk(), stream, self.limits())
    }

    /// Makes a layer of what is in the upper directory of a container's overlay,
    /// which stays and may be in use. None if nothing is in it.
    pub fn stage_upper(&self, upper: &Path) -> Result<Option<StagedLayer>, Error> {
        StagedLayer::copied(self.disk(), upper, self.limits())
    }

    /// The same for an upper directory of this store that nobody needs any more:
    /// it is moved, even if nothing is in it or this fails.
    pub fn take_upper(&self, upper: &Path) -> Result<Option<StagedLayer>, Error> {
        StagedLayer::taken(self.disk(), upper)
    }

    /// Makes an image and returns its ID. If the same image is here already, it
    /// only gets the tags.
    pub fn put(&self, new: NewImage) -> Result<ImageId, Error> {
        self.make(new, Moment::Now)
    }

    /// The same for an image that others will be made of at once: it is here for
    /// everybody, but a power cut or the end of this process may take it away
    /// until [`Store::flush`], or any other change.
    pub fn put_soon(&self, new: NewImage) -> Result<ImageId, Error> {
        self.make(new, Moment::Soon)
    }

    /// Makes durable what [`Store::put_soon`] put.
    pub fn flush(&self) -> Result<(), Error> {
        match self.inner.ahead.load(Ordering::Acquire) {
            true => self.change(|_| Ok(())),
            false => Ok(()),
        }
    }

    fn make(&self, new: NewImage, moment: Moment) -> Result<ImageId, Error> {
        let NewImage {
            mut config,
            base,
            layers,
            parent,
            references,
        } = new;
        let mut diff_ids = match &base {
            Some(chain) => self.diff_ids(chain)?,
            None => Vec::new(),
        };
        diff_ids.extend(layers.iter().map(|layer| layer.diff_id.clone()));
        config.rootfs.diff_ids = diff_ids;
        let publication = Publication {
            made_here: true,
            ..Publication::of(config, parent, references)?
        };
        let id = publication.id();
        self.publish_at(layers, vec![publication], moment)?;
        Ok(id)
    }

    /// Gives the image called `source` one more tag; returns the image that had
    /// the tag before, if it was another one.
    pub fn tag(&self, source: &str, target: &Reference) -> Result<Option<ImageId>, Error> {
        if target.digest().is_some() {
            return Err(longshore_oci::reference::ReferenceError::TagWithDigest.into());
        }
        let target = target.clone().with_default_tag();
        // That an image has got the tag that it has is soon enough on the disk.
        let known = self.get(&target.to_string()).map(|image| image.id);
        let moment = match self.get(source)?.id {
            id if known.is_ok_and(|known| known == id) => Moment::Soon,
            _ => Moment::Now,
        };
        self.change_at(moment, |state| {
            let id = state.resolve(source)?;
            Ok(state.set_tag(target, &id))
        })
    }

    /// Commits staged layers and images together.
    pub(crate) fn publish(
        &self,
        staged: Vec<StagedLayer>,
        images: Vec<Publication>,
    ) -> Result<Published, Error> {
        self.publish_at(staged, images, Moment::Now)
    }

    fn publish_at(
        &self,
        staged: Vec<StagedLayer>,
        images: Vec<Publication>,
        moment: Moment,
    ) -> Result<Published, Error> {
        let mut staged: BTreeMap<DiffId, StagedLayer> = staged
            .into_iter()
            .map(|layer| (layer.diff_id.clone(), layer))
            .collect();
        let published = self.change_at(moment, |state| {
            let mut published = Published::default();
            for image in images {
                self.publish_layers(state, &image.config.rootfs.diff_ids, &mut staged)?;
                let id = image.id();
                if !state.images.contains_key(&id) {
                    let path = self.disk().config(&id);
                    disk::write(&path, &image.bytes)?;
                    self.inner.unsynced.note(self.disk().root.join("configs"));
                    self.inner.unsynced.note(path);
                    let indexed = IndexedImage {
                        parent: image.parent,
                        last_tagged: None,
                        made_here: image.made_here,
                    };
                    let stored = Stored::new(image.config, &state.layers, indexed);
                    state.images.insert(id.clone(), Arc::new(stored));
                }
                for reference in image.references {
                    let old = match image.tagged {
                        true => state.set_tag(reference.clone(), &id),
                        false => state.set_name(reference.clone(), &id),
                    };
                    if let Some(old) = old {
                        published.moved.push((reference, old));
                    }
                }
            }
            Ok(published)
        })?;
        self.settle_later();
        Ok(published)
    }

    /// Runs a change on a copy of the state, makes it durable, then visible.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.change_at(Moment::Now, change)
    }

    fn change_at<T>(
        &self,
        moment: Moment,
        change: impl FnOnce(&mut State) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let _held = self
            .inner
            .commit
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut state = State::clone(&self.state());
        let result = change(&mut state)?;
        if moment == Moment::Now {
            self.inner.unsynced.sync()?;
            self.disk().replace_index(&state.index())?;
        }
        self.inner
            .ahead
            .store(moment == Moment::Soon, Ordering::Release);
        *self
            .inner
            .state
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(state);
        Ok(result)
    }

    /// Moves the layers of an image into place, as far as they are new.
    fn publish_layers(
        &self,
        state: &mut State,
        diff_ids: &[DiffId],
        staged: &mut BTreeMap<DiffId, StagedLayer>,
    ) -> Result<(), Error> {
        if diff_ids.len() > MOST_LAYERS {
            return Err(Error::Invalid("max depth exceeded".to_owned()));
        }
        let mut parent = None;
        for (diff_id, chain) in diff_ids.iter().zip(chain_ids(diff_ids)) {
            if !state.layers.contains_key(&chain) {
                let layer = match staged.remove(diff_id) {
                    Some(layer) => layer,
                    None => self.copy_layer(state, diff_id)?,
                };
                let record = self.place_layer(layer, &chain, parent)?;
                state.layers.insert(chain.clone(), Arc::new(record));
            }
            parent = Some(chain);
        }
        Ok(())
    }

    /// The same layer on top of others is unpacked again from its blob.
    fn copy_layer(&self, state: &State, diff_id: &DiffId) -> Result<StagedLayer, Error> {
        let missing = || Error::NoSuchLayer(diff_id.to_string());
        let mut layers = state.layers.iter();
        let (chain, _) = layers
            .find(|(_, it)| it.diff_id == *diff_id)
            .ok_or_else(missing)?;
        let path = self.disk().layer(chain).join("blob");
        let blob = fs::File::open(&path).at(&path)?;
        let layer = StagedLayer::receive(self.disk(), blob, self.limits())?;
        if layer.diff_id != *diff_id {
            return Err(Error::Invalid(format!(
                "the blob of layer {chain} is damaged"
            )));
        }
        Ok(layer)
    }

    fn place_layer(
        &self,
        layer: StagedLayer,
        chain: &ChainId,
        parent: Option<ChainId>,
    ) -> Result<LayerRecord, Error> {
        let record = LayerRecord {
            format: LayerRecord::FORMAT,
            diff_id: layer.diff_id.clone(),
            parent,
            size: layer.size,
            stream_size: layer.stream_size,
            source: layer.source.clone(),
            unsettled: layer::this_boot(),
        };
        if let Some(kept) = &layer.kept {
            kept.become_blob(&layer.path().join("blob"))?;
        }
        let bytes = serde_json::to_vec(&record).map_err(std::io::Error::from);
        disk::write(&layer.path().join("layer.json"), &bytes.at(layer.path())?)?;
        let place = self.disk().layer(chain);
        // Only an unreachable leftover can be here.
        self.disk().trash.discard(&place).at(&place)?;
        fs::rename(layer.path(), &place).at(&place)?;
        self.inner.blobs.note(place.join("blob"));
        let record_path = place.join("layer.json");
        for path in [record_path, self.disk().root.join("layers"), place] {
            self.inner.unsynced.note(path);
        }
        Ok(record)
    }

    fn diff_ids(&self, chain: &ChainId) -> Result<Vec<DiffId>, Error> {
        let state = self.state();
        let missing = || Error::NoSuchLayer(chain.to_string());
        let down = state.chain_down(chain);
        let mut diff_ids = down
            .map(|chain| Ok(state.layers.get(chain).ok_or_else(missing)?.diff_id.clone()))
            .collect::<Result<Vec<_>, Error>>()?;
        diff_ids.reverse();
        Ok(diff_ids)
    }
}

impl Publication {
    /// Serialises a configuration made here.
    pub(crate) fn of(
        config: ImageConfig,
        parent: Option<ImageId>,
        references: Vec<Reference>,
    ) -> Result<Self, Error> {
        let bytes =
            serde_json::to_vec(&config).map_err(|error| Error::Invalid(error.to_string()))?;
        Ok(Self {
            bytes,
            config,
            parent,
            made_here: false,
            references,
            tagged: true,
        })
    }

    pub(crate) fn id(&self) -> ImageId {
        ImageId::of(&self.bytes)
    }
}

impl State {
    /// Points a tag at an image and notes when; returns another image that had
    /// it.
    fn set_tag(&mut self, reference: Reference, id: &ImageId) -> Option<ImageId> {
        if let Some(stored) = self.images.get_mut(id) {
            Arc::make_mut(stored).last_tagged = Some(Timestamp::now());
        }
        self.set_name(reference, id)
    }

    /// Points a name at an image; returns another image that had it.
    fn set_name(&mut self, reference: Reference, id: &ImageId) -> Option<ImageId> {
        let old = self.references.insert(reference, id.clone());
        old.filter(|old| old != id)
    }
}
