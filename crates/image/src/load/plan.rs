//! Which images an archive describes: `manifest.json` of `docker save` (1.2),
//! else an OCI image layout (1.0).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{Contents, blob_name};
use crate::{
    error::Error,
    store::{Publication, Store},
};
use longshore_oci::{
    config::{ImageConfig, host_architecture},
    digest::ImageId,
    document::Document,
    manifest::{Descriptor, Index, Manifest},
    reference::Reference,
};

/// How deep indexes may contain indexes.
const DEEPEST_INDEX: usize = 4;

pub(super) fn images(contents: &Contents, store: &Store) -> Result<Vec<Publication>, Error> {
    let mut images = Vec::new();
    let has = |name: &str| contents.find(name).is_ok();
    if !has("manifest.json") && has("index.json") && has("oci-layout") {
        let bytes = contents.document("index.json")?;
        let Document::Index(index) = document(bytes, "index.json", "")? else {
            return Err(Error::Invalid("index.json: no index".to_owned()));
        };
        oci_index(contents, store, &index, None, 0, &mut images)?;
        if images.is_empty() {
            let architecture = host_architecture();
            return Err(Error::Invalid(format!(
                "the archive holds no image for linux/{architecture}"
            )));
        }
        return Ok(images);
    }
    if !has("manifest.json") && has("repositories") {
        return Err(Error::Invalid(
            "the archive is of a Docker before 1.10 (it has no manifest.json), which is not supported"
                .to_owned(),
        ));
    }
    let manifest: Vec<ManifestItem> = parse("manifest.json", contents.document("manifest.json")?)?;
    for item in &manifest {
        let bytes = contents.document(&item.config)?;
        let layers: Vec<&str> = item.layers.iter().map(String::as_str).collect();
        let references = item.repo_tags.iter().map(|tag| tag_reference(tag));
        let references = references.collect::<Result<Vec<_>, _>>()?;
        images.push(image(contents, store, bytes, &layers, references)?);
    }
    for (index, item) in manifest.iter().enumerate() {
        images[index].parent = item.parent.parse().ok().filter(|parent: &ImageId| {
            let known = images
                .iter()
                .find(|it| it.id() == *parent)
                .map(|it| it.config.clone());
            let known = known.or_else(|| Some((*store.image(parent)?.config).clone()));
            known.is_some_and(|known| is_parent(&known, &images[index].config))
        });
    }
    Ok(images)
}

/// An entry of `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct ManifestItem {
    config: String,
    #[serde(deserialize_with = "nullable")]
    repo_tags: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    layers: Vec<String>,
    parent: String,
}

fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn parse<T: DeserializeOwned>(name: &str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| Error::Invalid(format!("{name}: {error}")))
}

/// Reads a document of an OCI layout as what its descriptor says it is.
fn document(bytes: &[u8], name: &str, kind: &str) -> Result<Document, Error> {
    Document::parse(bytes, kind).map_err(|error| Error::Invalid(format!("{name}: {error}")))
}

/// Walks an index to the manifests for this machine.
fn oci_index(
    contents: &Contents,
    store: &Store,
    index: &Index,
    name: Option<&Reference>,
    depth: usize,
    images: &mut Vec<Publication>,
) -> Result<(), Error> {
    if depth == DEEPEST_INDEX {
        let text = format!("index.json: indexes are nested deeper than {DEEPEST_INDEX}");
        return Err(Error::Invalid(text));
    }
    for descriptor in index.manifests.iter().filter(|it| fits(it)) {
        let own_name = recorded_name(&descriptor.annotations);
        let name = own_name.as_ref().or(name);
        let bytes = contents.blob(&descriptor.digest)?;
        let subject = descriptor.digest.to_string();
        if bytes.len() as u64 != descriptor.size {
            return Err(Error::Invalid(format!("blob {subject} has another size")));
        }
        match document(bytes, &subject, &descriptor.media_type)? {
            Document::Index(nested) => {
                oci_index(contents, store, &nested, name, depth + 1, images)?;
            }
            Document::Manifest(manifest) => {
                let references = name.into_iter().cloned().collect();
                images.push(oci_image(contents, store, &manifest, references)?);
            }
            Document::Schema1 => {
                return Err(Error::Invalid(format!(
                    "{subject}: images of schema version 1 are not supported"
                )));
            }
            // An artefact of some kind, beside the images.
            Document::Unknown(_) => {}
        }
    }
    Ok(())
}

fn oci_image(
    contents: &Contents,
    store: &Store,
    manifest: &Manifest,
    references: Vec<Reference>,
) -> Result<Publication, Error> {
    let config = contents.blob(&manifest.config.digest)?;
    let layers: Vec<String> = manifest
        .layers
        .iter()
        .map(|it| blob_name(&it.digest))
        .collect();
    for (layer, name) in manifest.layers.iter().zip(&layers) {
        let kind = layer.media_type.as_str();
        let present = contents.layer(name);
        if present.is_err() && (kind.contains("foreign") || kind.contains("nondistributable")) {
            return Err(Error::Invalid(format!(
                "layer {} is not in the archive (foreign layer): such images are not supported",
                layer.digest
            )));
        }
        if present.is_ok_and(|present| present.source != layer.digest) {
            return Err(Error::Invalid(format!(
                "blob {} has another digest",
                layer.digest
            )));
        }
    }
    let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
    image(contents, store, config, &layers, references)
}

/// An entry without a platform is taken; one for another machine is not.
fn fits(descriptor: &Descriptor) -> bool {
    descriptor.platform.as_ref().is_none_or(|platform| {
        platform.os == "linux" && platform.architecture == host_architecture()
    })
}

/// The full name that a tool recorded; a bare tag is none.
fn recorded_name(annotations: &BTreeMap<String, String>) -> Option<Reference> {
    let recorded = |key| annotations.get(key);
    let full = recorded("org.opencontainers.image.ref.name").filter(|name| name.contains(':'));
    let names = [recorded("io.containerd.image.name"), full];
    let mut names = names.into_iter().flatten();
    let reference = names.find_map(|name| Reference::parse(name).ok())?;
    reference
        .digest()
        .is_none()
        .then(|| reference.with_default_tag())
}

/// Checks an image against the layers that came with it, or are here already.
fn image(
    contents: &Contents,
    store: &Store,
    bytes: &[u8],
    layers: &[&str],
    references: Vec<Reference>,
) -> Result<Publication, Error> {
    let config: ImageConfig = parse("image configuration", bytes)?;
    let diff_ids = &config.rootfs.diff_ids;
    if !matches!(config.os.as_str(), "" | "linux") {
        return Err(Error::Invalid(format!(
            "cannot load {} image on linux",
            config.os
        )));
    }
    if layers.len() != diff_ids.len() {
        return Err(Error::Invalid(format!(
            "invalid manifest, layers length mismatch: expected {}, got {}",
            layers.len(),
            diff_ids.len()
        )));
    }
    for (index, name) in layers.iter().enumerate() {
        if contents.find(name).is_err() && store.has_diff(&diff_ids[index]) {
            continue;
        }
        let (expected, actual) = (&diff_ids[index], &contents.layer(name)?.diff_id);
        if expected != actual {
            return Err(Error::Invalid(format!(
                "invalid diffID for layer {index}: expected \"{expected}\", got \"{actual}\""
            )));
        }
    }
    Ok(Publication {
        bytes: bytes.to_vec(),
        config,
        parent: None,
        made_here: false,
        references,
        tagged: true,
    })
}

fn tag_reference(tag: &str) -> Result<Reference, Error> {
    let reference = Reference::parse(tag)?;
    match (reference.tag(), reference.digest()) {
        (Some(_), None) => Ok(reference),
        _ => Err(Error::Invalid(format!("invalid tag {tag:?}"))),
    }
}

/// A parent's layers and history are the beginning of its child's.
fn is_parent(parent: &ImageConfig, child: &ImageConfig) -> bool {
    parent.history.len() < child.history.len()
        && child.history.starts_with(&parent.history)
        && child.rootfs.diff_ids.starts_with(&parent.rootfs.diff_ids)
}
