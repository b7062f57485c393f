//! Removing references and images: dockerd's rules and words.
//!
//! A name removes that name, and the image once it was the last one. An ID
//! removes the image, provided that all its names are of one repository. Hard
//! conflicts (children, a running container) hold always; soft ones (names in
//! several repositories, a stopped container) only without force. Parents that
//! have neither name nor user go along unless `noprune` is given.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use super::{State, Store, Stored};
use crate::error::Error;
use longshore_oci::{
    digest::{ChainId, ImageId},
    reference::Reference,
};

/// How to remove.
#[derive(Debug, Clone, Copy, Default)]
pub struct RemoveOptions {
    /// Disregard soft conflicts.
    pub force: bool,
    /// Keep parents that nobody needs any more.
    pub noprune: bool,
    /// Keep the image if it has a name by now.
    pub unnamed: bool,
}

/// A container that uses an image.
#[derive(Debug, Clone)]
pub struct Usage {
    /// The container's full ID.
    pub container: String,
    /// The image it was created from.
    pub image: ImageId,
    /// Whether it runs (or is paused).
    pub running: bool,
}

/// One effect of a removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// A reference is gone.
    Untagged {
        /// In the form that users know.
        reference: String,
        /// The image that had it.
        image: ImageId,
    },
    /// An image is gone.
    Image(ImageId),
    /// A layer is gone.
    Layer(ChainId),
}

/// Why an image cannot be deleted.
struct Obstacle {
    image: ImageId,
    hard: bool,
    /// A container is the reason.
    used: bool,
    reason: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let force = if self.hard {
            "cannot be forced"
        } else {
            "must be forced"
        };
        write!(
            f,
            "unable to delete {} ({force}) - {}",
            self.image.short(),
            self.reason
        )
    }
}

impl Store {
    /// Removes a reference or an image; `in_use` are all containers.
    pub fn remove(
        &self,
        name: &str,
        options: RemoveOptions,
        in_use: &[Usage],
    ) -> Result<Vec<Removed>, Error> {
        let (removed, mut layers) = self.change(|state| {
            let before = state.images.clone();
            let mut removal = Removal {
                state,
                options,
                in_use,
                removed: Vec::new(),
            };
            removal.run(name)?;
            let removed = removal.removed;
            let layers = freed_layers(state, &before, &removed);
            Ok((removed, layers))
        })?;
        if layers.is_empty() {
            return Ok(removed);
        }
        self.sweep_layers()?;
        // Another sweep may have taken them, but it was this that freed them.
        let after = self.state();
        let mut told = Vec::new();
        for one in removed {
            let own = match &one {
                Removed::Image(id) => layers.remove(id).unwrap_or_default(),
                _ => Vec::new(),
            };
            told.push(one);
            let gone = own.into_iter().filter(|it| !after.layers.contains_key(it));
            told.extend(gone.map(Removed::Layer));
        }
        Ok(told)
    }

    /// Drops the layers that neither an image nor a container needs.
    pub(crate) fn sweep_layers(&self) -> Result<(), Error> {
        let _held = self
            .inner
            .commit
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut dropped = Vec::new();
        {
            // While the containers are locked none can begin to use a layer.
            let containers = self.containers();
            let mut state = State::clone(&self.state());
            let mut needed: BTreeSet<ChainId> = state
                .images
                .values()
                .flat_map(|stored| stored.chain.iter().cloned())
                .collect();
            for top in containers.values().flatten() {
                needed.extend(state.chain_down(top).cloned());
            }
            state.layers.retain(|chain, _| {
                let keep = needed.contains(chain);
                if !keep {
                    dropped.push(chain.clone());
                }
                keep
            });
            *self
                .inner
                .state
                .write()
                .unwrap_or_else(std::sync::PoisonError::into_inner) = std::sync::Arc::new(state);
        }
        for chain in &dropped {
            // What cannot be renamed now is garbage for the next start.
            self.disk().trash.discard(&self.disk().layer(chain)).ok();
        }
        self.drop_unused_configs();
        self.disk().refill_reserve();
        Ok(())
    }

    fn drop_unused_configs(&self) {
        let state = self.state();
        let Ok(entries) = std::fs::read_dir(self.disk().root.join("configs")) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let id = name.to_str().and_then(|name| ImageId::from_hex(name).ok());
            if !id.is_some_and(|id| state.images.contains_key(&id)) {
                std::fs::remove_file(entry.path()).ok();
            }
        }
    }
}

/// The layers that no image needs any more, the top one first, by the last
/// image that had them.
fn freed_layers(
    state: &State,
    before: &BTreeMap<ImageId, Arc<Stored>>,
    removed: &[Removed],
) -> BTreeMap<ImageId, Vec<ChainId>> {
    let mut freed = BTreeMap::new();
    let mut counted: BTreeSet<&ChainId> = BTreeSet::new();
    for one in removed.iter().rev() {
        let Removed::Image(id) = one else { continue };
        let Some(stored) = before.get(id) else {
            continue;
        };
        let needed = |layer: &ChainId| state.images.values().any(|it| it.chain.contains(layer));
        let own = stored.chain.iter().rev();
        let own: Vec<ChainId> = own
            .filter(|layer| !needed(layer) && counted.insert(layer))
            .cloned()
            .collect();
        if !own.is_empty() {
            freed.insert(id.clone(), own);
        }
    }
    freed
}

struct Removal<'a> {
    state: &'a mut State,
    options: RemoveOptions,
    in_use: &'a [Usage],
    removed: Vec<Removed>,
}

impl Removal<'_> {
    fn run(&mut self, name: &str) -> Result<(), Error> {
        let id = self.state.resolve(name)?;
        let references = self.state.references_of(&id);
        let force = self.options.force;
        if self.options.unnamed && !references.is_empty() {
            let text = format!("image {} has a name", id.short());
            return Err(Error::Conflict(text));
        }
        if State::is_id_prefix(&id, name) {
            if is_single(&references) {
                // Its own names are no reason to keep it.
                self.check(&id, !force, false).map_err(conflict)?;
                self.untag_all(&id);
            }
            return self.delete(&id, force, false);
        }
        if !force
            && is_single(&references)
            && let Some(usage) = self.in_use.iter().find(|usage| usage.image == id)
        {
            return Err(Error::Conflict(format!(
                "unable to remove repository reference {name:?} (must force) - container {} is using its referenced image {}",
                short(&usage.container),
                id.short(),
            )));
        }
        let reference = self.state.known_reference(name)?;
        self.untag(&reference);
        self.untag_lone_digests(&id, &reference);
        if !self.state.references_of(&id).is_empty() {
            return Ok(());
        }
        self.delete(&id, force, true)
    }

    /// Digest references stay only as long as their repository has a tag.
    fn untag_lone_digests(&mut self, id: &ImageId, untagged: &Reference) {
        if untagged.digest().is_some() {
            return;
        }
        let mut rest = self.state.references_of(id);
        rest.retain(|it| it.same_repository(untagged));
        if rest.iter().all(|it| it.digest().is_some()) {
            for reference in &rest {
                self.untag(reference);
            }
        }
    }

    /// Deletes an image and then, quietly, the parents that nobody needs. A
    /// quiet deletion stops at a conflict without saying so.
    fn delete(&mut self, id: &ImageId, force: bool, quiet: bool) -> Result<(), Error> {
        let mut next = Some((id.clone(), force, quiet));
        while let Some((id, force, quiet)) = next.take() {
            if let Err(obstacle) = self.check(&id, !force, !force) {
                let dangling =
                    self.state.references_of(&id).is_empty() && self.state.children(&id).is_empty();
                if quiet && (!dangling || obstacle.used) {
                    return Ok(());
                }
                return Err(conflict(obstacle));
            }
            self.untag_all(&id);
            let stored = self.state.images.remove(&id);
            self.removed.push(Removed::Image(id));
            if self.options.noprune {
                return Ok(());
            }
            let parent = stored.and_then(|stored| stored.parent.clone());
            next = parent
                .filter(|parent| self.state.images.contains_key(parent))
                .map(|parent| (parent, false, true));
        }
        Ok(())
    }

    fn check(&self, id: &ImageId, stopped: bool, names: bool) -> Result<(), Obstacle> {
        let obstacle = |hard, used, reason| {
            Err(Obstacle {
                image: id.clone(),
                hard,
                used,
                reason,
            })
        };
        let user = |running| {
            self.in_use
                .iter()
                .find(|usage| usage.image == *id && usage.running == running)
        };
        if !self.state.children(id).is_empty() {
            return obstacle(true, false, "image has dependent child images".to_owned());
        }
        if let Some(usage) = user(true) {
            let container = short(&usage.container);
            let reason = format!("image is being used by running container {container}");
            return obstacle(true, true, reason);
        }
        if names && !self.state.references_of(id).is_empty() {
            let reason = "image is referenced in multiple repositories".to_owned();
            return obstacle(false, false, reason);
        }
        if let Some(usage) = user(false).filter(|_| stopped) {
            let container = short(&usage.container);
            let reason = format!("image is being used by stopped container {container}");
            return obstacle(false, true, reason);
        }
        Ok(())
    }

    fn untag_all(&mut self, id: &ImageId) {
        for reference in self.state.references_of(id) {
            self.untag(&reference);
        }
    }

    fn untag(&mut self, reference: &Reference) {
        if let Some(image) = self.state.references.remove(reference) {
            self.removed.push(Removed::Untagged {
                reference: reference.familiar(),
                image,
            });
        }
    }
}

/// Whether all references are of one repository, with one tag at most.
fn is_single(references: &[Reference]) -> bool {
    if references.len() <= 1 {
        return true;
    }
    let tags = references.iter().filter(|it| it.digest().is_none()).count();
    let first = &references[0];
    tags <= 1 && references.iter().all(|it| it.same_repository(first))
}

fn conflict(obstacle: Obstacle) -> Error {
    Error::Conflict(obstacle.to_string())
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
