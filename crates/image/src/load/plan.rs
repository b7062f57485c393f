//! Which images an archive describes: `manifest.json` of `docker save` (1.2),
//! else an OCI image layout (1.0).

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{Contents, blob_name};
use crate::{
    error::Error,
    store::{Publication, Store},
};
use longshore_oci::{
    config::{ImageConfig, host_architecture},
    digest::{Digest, ImageId},
    reference::Reference,
};

/// How deep indexes may contain indexes.
const DEEPEST_INDEX: usize = 4;

pub(super) fn images(contents: &Contents, store: &Store) -> Result<Vec<Publication>, Error> {
    let mut images = Vec::new();
    let has = |name: &str| contents.find(name).is_ok();
    if !has("manifest.json") && has("index.json") && has("oci-layout") {
        let index: OciIndex = parse("index.json", contents.document("index.json")?)?;
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

/// An OCI index or a Docker manifest list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OciIndex {
    manifests: Vec<Descriptor>,
    /// Belongs to a manifest; a document with both could be read both ways.
    layers: Option<serde_json::Value>,
    config: Option<serde_json::Value>,
}

/// An OCI or Docker (schema 2) image manifest.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OciManifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
    manifests: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: Digest,
    #[serde(default)]
    annotations: Annotations,
    platform: Option<Platform>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Annotations {
    #[serde(rename = "io.containerd.image.name")]
    containerd_name: Option<String>,
    #[serde(rename = "org.opencontainers.image.ref.name")]
    ref_name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Platform {
    architecture: String,
    os: String,
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

/// Walks an index to the manifests for this machine.
fn oci_index(
    contents: &Contents,
    store: &Store,
    index: &OciIndex,
    name: Option<&Reference>,
    depth: usize,
    images: &mut Vec<Publication>,
) -> Result<(), Error> {
    if index.layers.is_some() || index.config.is_some() || depth == DEEPEST_INDEX {
        return Err(Error::Invalid("index.json: not a plain index".to_owned()));
    }
    for descriptor in index.manifests.iter().filter(|it| fits(it)) {
        let own_name = descriptor.annotations.reference();
        let name = own_name.as_ref().or(name);
        let bytes = contents.blob(&descriptor.digest)?;
        let subject = descriptor.digest.to_string();
        if descriptor.media_type.ends_with("index.v1+json")
            || descriptor.media_type.ends_with("manifest.list.v2+json")
        {
            let nested: OciIndex = parse(&subject, bytes)?;
            oci_index(contents, store, &nested, name, depth + 1, images)?;
            continue;
        }
        let manifest: OciManifest = parse(&subject, bytes)?;
        if manifest.manifests.is_some() {
            return Err(Error::Invalid(format!(
                "{subject}: both a manifest and an index"
            )));
        }
        let config = contents.blob(&manifest.config.digest)?;
        let layers: Vec<String> = manifest
            .layers
            .iter()
            .map(|it| blob_name(&it.digest))
            .collect();
        for (layer, name) in manifest.layers.iter().zip(&layers) {
            let present = contents.layer(name);
            if present.is_ok_and(|present| present.source != layer.digest) {
                return Err(Error::Invalid(format!(
                    "blob {} has another digest",
                    layer.digest
                )));
            }
        }
        let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
        let references = name.into_iter().cloned().collect();
        images.push(image(contents, store, config, &layers, references)?);
    }
    Ok(())
}

/// An entry without a platform is taken; one for another machine is not.
fn fits(descriptor: &Descriptor) -> bool {
    descriptor.platform.as_ref().is_none_or(|platform| {
        platform.os == "linux" && platform.architecture == host_architecture()
    })
}

impl Annotations {
    /// The full name that a tool recorded; a bare tag is none.
    fn reference(&self) -> Option<Reference> {
        let full = self.ref_name.iter().filter(|name| name.contains(':'));
        let mut names = self.containerd_name.iter().chain(full);
        let reference = names.find_map(|name| Reference::parse(name).ok())?;
        reference
            .digest()
            .is_none()
            .then(|| reference.with_default_tag())
    }
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
        references,
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
