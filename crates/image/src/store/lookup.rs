//! Finding images by name or ID, and their history.

use jiff::Timestamp;

use super::{Image, State, Store};
use crate::error::Error;
use longshore_oci::{
    digest::{Digest, ImageId},
    reference::Reference,
};

/// One step of an image's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryItem {
    /// The image that this step made, if it is here.
    pub id: Option<ImageId>,
    /// When the step ran.
    pub created: Option<Timestamp>,
    /// The command or instruction.
    pub created_by: String,
    /// The tags of that image in the form that users know.
    pub tags: Vec<String>,
    /// The size of its layer in bytes; 0 if it has none.
    pub size: u64,
    /// A free text.
    pub comment: String,
}

impl Store {
    /// The image that a user means: a full ID, else a reference, else a prefix
    /// of exactly one ID.
    pub fn get(&self, name: &str) -> Result<Image, Error> {
        let state = self.state();
        let id = state.resolve(name)?;
        state
            .view(&id)
            .ok_or_else(|| Error::NoSuchImage(name.to_owned()))
    }

    /// The image with this ID.
    pub fn image(&self, id: &ImageId) -> Option<Image> {
        self.state().view(id)
    }

    /// The steps that made an image, the last one first.
    pub fn history(&self, name: &str) -> Result<Vec<HistoryItem>, Error> {
        let state = self.state();
        let id = state.resolve(name)?;
        let missing = || Error::NoSuchImage(name.to_owned());
        let stored = state.images.get(&id).ok_or_else(missing)?;
        let mut layers = stored.chain.iter();
        let mut items = Vec::new();
        for entry in &stored.config.history {
            let layer = if entry.empty_layer {
                None
            } else {
                layers.next()
            };
            let size = layer
                .and_then(|chain| state.layers.get(chain))
                .map_or(0, |it| it.size);
            items.push(HistoryItem {
                id: None,
                created: entry.created,
                created_by: entry.created_by.clone(),
                tags: Vec::new(),
                size,
                comment: entry.comment.clone(),
            });
        }
        items.reverse();
        // Each step back is one image back, as far as these are here.
        let mut current = Some(id);
        for item in &mut items {
            let Some(id) = current else { break };
            let own = state.references_of(&id).into_iter();
            item.tags = own
                .filter(|it| it.tag().is_some())
                .map(|it| it.familiar())
                .collect();
            current = state
                .images
                .get(&id)
                .and_then(|stored| stored.parent.clone());
            item.id = Some(id);
        }
        Ok(items)
    }
}

impl State {
    /// The ID that `name` stands for.
    pub(super) fn resolve(&self, name: &str) -> Result<ImageId, Error> {
        let full = name.parse::<Digest>().or_else(|_| Digest::from_hex(name));
        if let Ok(id) = full {
            return match self.images.contains_key(&id) {
                true => Ok(id),
                false => Err(Error::NoSuchImage(id.to_string())),
            };
        }
        let reference = Reference::parse(name)?.with_default_tag();
        if let Some(id) = self.references.get(&reference) {
            return Ok(id.clone());
        }
        if let Some(id) = self
            .by_pinned_name(&reference)
            .or_else(|| self.by_prefix(name))
        {
            return Ok(id);
        }
        Err(Error::NoSuchImage(reference.familiar()))
    }

    /// `name:tag@digest` is looked up by its digest, as dockerd does.
    fn by_pinned_name(&self, reference: &Reference) -> Option<ImageId> {
        let digest = reference.digest()?.clone();
        reference.tag()?;
        self.references
            .get(&reference.clone().with_digest(digest))
            .cloned()
    }

    fn by_prefix(&self, name: &str) -> Option<ImageId> {
        let prefix = name.strip_prefix("sha256:").unwrap_or(name);
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if prefix.is_empty() || !prefix.bytes().all(is_hex) {
            return None;
        }
        let mut found = self.images.keys().filter(|id| id.hex().starts_with(prefix));
        let id = found.next()?;
        match found.next() {
            None => Some(id.clone()),
            Some(_) => None,
        }
    }

    /// Whether a user meant the image itself rather than one of its names.
    pub(super) fn is_id_prefix(id: &ImageId, name: &str) -> bool {
        id.to_string().starts_with(name) || id.hex().starts_with(name)
    }

    /// The exact reference that `name` is, as it stands in the store.
    pub(super) fn known_reference(&self, name: &str) -> Result<Reference, Error> {
        let reference = Reference::parse(name)?.with_default_tag();
        let pinned = match reference.digest() {
            Some(digest) => reference.clone().with_digest(digest.clone()),
            None => reference.clone(),
        };
        [reference, pinned]
            .into_iter()
            .find(|it| self.references.contains_key(it))
            .ok_or(Error::NoSuchReference)
    }
}
