//! What version 2 pushed, in version 1's words: each layer an image with an id
//! of its own.

use std::io;

use longshore_oci::digest::Digest;
use longshore_oci::manifest::Manifest;
use serde_json::{Map, Value, json};

use crate::store::Store;
use crate::store::images::{ImageId, Layer, Record};
use crate::store::names::{RepositoryName, Tag};
use crate::v2::manifests::{Checked, LARGEST, check};

/// The largest image configuration.
const LARGEST_CONFIG: u64 = 8 * 1024 * 1024;

impl Store {
    /// The image of version 1 that a tag leads to; its records are written on
    /// the way. `None` for what version 1 has no words for.
    pub(super) fn image_of(&self, name: &RepositoryName, tag: &Tag) -> io::Result<Option<ImageId>> {
        let Some(digest) = self.tag(name, tag)? else {
            return Ok(None);
        };
        let Some(manifest) = self.plain_manifest(name, digest)? else {
            return Ok(None);
        };
        // An image that version 1 pushed has the id that it came with.
        if let Some(id) = manifest
            .annotations
            .get(super::compose::ID)
            .and_then(|id| ImageId::new(id))
            && let Some(layer) = self.image(&id)?.and_then(|record| record.layer)
            && manifest
                .layers
                .last()
                .is_some_and(|last| last.digest == layer.blob)
        {
            return Ok(Some(id));
        }
        let config = self.read_blob(&manifest.config.digest, LARGEST_CONFIG)?;
        let config: Option<Value> = config.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some(config) = config.filter(Value::is_object) else {
            return Ok(None);
        };
        self.write_images(name, &manifest, &config)
    }

    fn plain_manifest(
        &self,
        name: &RepositoryName,
        digest: Digest,
    ) -> io::Result<Option<Manifest>> {
        let Some(checked) = self.checked(name, &digest)? else {
            return Ok(None);
        };
        let child = match checked {
            Checked::Image(manifest) => return Ok(Some(*manifest)),
            Checked::Index(index) => index.manifests.into_iter().find(|child| {
                child.platform.as_ref().is_some_and(|platform| {
                    platform.os == "linux" && platform.architecture == "amd64"
                })
            }),
        };
        match child
            .map(|child| self.checked(name, &child.digest))
            .transpose()?
            .flatten()
        {
            Some(Checked::Image(manifest)) => Ok(Some(*manifest)),
            _ => Ok(None),
        }
    }

    fn checked(&self, name: &RepositoryName, digest: &Digest) -> io::Result<Option<Checked>> {
        let Some(media_type) = self.manifest_type(name, digest)? else {
            return Ok(None);
        };
        let bytes = self.read_blob(digest, LARGEST as u64)?;
        Ok(bytes.and_then(|bytes| Some(check(&media_type, &bytes).ok()?.1)))
    }

    fn write_images(
        &self,
        name: &RepositoryName,
        manifest: &Manifest,
        config: &Value,
    ) -> io::Result<Option<ImageId>> {
        let diff_ids: Vec<Digest> = config["rootfs"]["diff_ids"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|id| id.as_str()?.parse().ok())
            .collect();
        if diff_ids.len() != manifest.layers.len() {
            return Ok(None);
        }
        let steps = config["history"].as_array().map_or(&[][..], Vec::as_slice);
        let mut steps = steps.iter().filter(|step| step["empty_layer"] != true);
        let mut parent: Option<ImageId> = None;
        let top = manifest.layers.len().saturating_sub(1);
        for (place, (layer, diff_id)) in manifest.layers.iter().zip(diff_ids).enumerate() {
            let mut json = match place == top {
                true => config.as_object().cloned().unwrap_or_default(),
                false => step_json(steps.next(), config),
            };
            json.remove("rootfs");
            json.remove("history");
            let below = parent.as_ref().map_or("", ImageId::as_str);
            let seed = format!("{below}\n{}\n{}", layer.digest, Value::Object(json.clone()));
            let id = ImageId::of(&Digest::of(seed.as_bytes()));
            json.insert("id".to_owned(), id.as_str().into());
            if let Some(parent) = &parent {
                json.insert("parent".to_owned(), parent.as_str().into());
            }
            let layer = Layer {
                blob: layer.digest.clone(),
                size: layer.size,
                media_type: layer.media_type.clone(),
                diff_id,
                payload: None,
            };
            let record = match self.image(&id)? {
                Some(known) => known,
                None => Record {
                    json: Value::Object(json).to_string(),
                    parent,
                    owner: None,
                    layer: None,
                    complete: true,
                    repositories: Default::default(),
                },
            };
            let mut record = Record {
                layer: Some(layer),
                ..record
            };
            self.add_image_to(&id, &mut record, name)?;
            parent = Some(id);
        }
        Ok(parent)
    }
}

/// The JSON of an image below the top: what history says of its step.
fn step_json(step: Option<&Value>, config: &Value) -> Map<String, Value> {
    let mut json = Map::new();
    let step = step.unwrap_or(&Value::Null);
    for (key, value) in [
        ("created", &step["created"]),
        ("author", &step["author"]),
        ("comment", &step["comment"]),
        ("architecture", &config["architecture"]),
        ("os", &config["os"]),
    ] {
        if !value.is_null() {
            json.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(command) = step["created_by"].as_str() {
        json.insert("container_config".to_owned(), json!({ "Cmd": [command] }));
    }
    json
}
