//! Push: images of the store to a registry.
//!
//! Layers go first, side by side, then the configuration, then the manifest that
//! names them: nobody can see a part of an image. The manifest is Docker's
//! schema 2, written byte for byte as dockerd writes it; OCI's where a layer is
//! compressed with zstd, which schema 2 has no name for.

mod layer;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use longshore_api::registry_auth::RegistryAuth;
use longshore_distribution::{Error as RegistryError, Purpose, Repository, Started};
use longshore_image::store::{Image, OutgoingLayer};
use longshore_oci::digest::{DiffId, Digest};
use longshore_oci::manifest::{Descriptor, Manifest, media_type};
use longshore_oci::reference::Reference;
use serde::Serialize as _;

use super::progress::{Progress, ProgressLine};
use super::pull::Failure;
use super::{Images, blocking};
use crate::error::{Error, Result};

impl Images {
    /// Pushes what a reference names; without a tag all tags of the repository.
    /// Dropping the future ends the push.
    pub async fn push(
        &self,
        reference: &Reference,
        auth: &RegistryAuth,
        progress: &Progress,
    ) -> Result<()> {
        let text = format!("The push refers to repository [{}]", reference.name());
        progress.message("", text).await;
        let images = self.chosen(reference)?;
        let mut connections = self.connections(reference, auth, Purpose::Push).await?;
        let mut last = None;
        while let Some(repository) = connections.next().await {
            let result = match repository {
                Ok(repository) => {
                    self.push_all(&Arc::new(repository), &images, progress)
                        .await
                }
                Err(error) => Err(error.into()),
            };
            match result {
                Ok(()) => {
                    self.publish_reference("push", reference);
                    return Ok(());
                }
                Err(Failure::Registry(error)) if connections.may_go_on(&error) => {
                    tracing::info!(%error, %reference, "push goes on elsewhere");
                    last = Some(error.to_string());
                }
                Err(failure) => return Err(words(failure)),
            }
        }
        let none = || format!("no endpoints found for {reference}");
        Err(Error::system(last.unwrap_or_else(none)))
    }

    /// The images that are pushed, each with its tag.
    fn chosen(&self, reference: &Reference) -> Result<Vec<(Reference, Image)>> {
        if reference.digest().is_some() {
            return Err(Error::bad_parameter("cannot push a digest reference"));
        }
        let store = &self.shared.images;
        let mut chosen: Vec<(Reference, Image)> = Vec::new();
        let mut known = false;
        for image in store.list() {
            for own in image
                .references
                .iter()
                .filter(|it| it.same_repository(reference))
            {
                known = true;
                if own.tag().is_some() && (reference.tag().is_none() || own == reference) {
                    chosen.push((own.clone(), image.clone()));
                }
            }
        }
        if !known {
            return Err(Error::not_found(format!(
                "An image does not exist locally with the tag: {}",
                reference.familiar_name()
            )));
        }
        if chosen.is_empty() {
            return Err(Error::not_found(match reference.tag() {
                Some(_) => format!("tag does not exist: {}", reference.familiar()),
                None => format!("no tags to push for {}", reference.familiar_name()),
            }));
        }
        chosen.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(chosen)
    }

    async fn push_all(
        &self,
        repository: &Arc<Repository>,
        images: &[(Reference, Image)],
        progress: &Progress,
    ) -> Result<(), Failure> {
        // What one image has sent the next need not ask for.
        let mut sent = BTreeMap::new();
        for (reference, image) in images {
            self.push_one(repository, reference, image, &mut sent, progress)
                .await?;
        }
        Ok(())
    }

    async fn push_one(
        &self,
        repository: &Arc<Repository>,
        reference: &Reference,
        image: &Image,
        sent: &mut BTreeMap<DiffId, Descriptor>,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let (store, id) = (self.shared.images.clone(), image.id.clone());
        let layers: Vec<Arc<OutgoingLayer>> = blocking(move || Ok(store.outgoing(&id)?))
            .await?
            .into_iter()
            .map(Arc::new)
            .collect();
        self.push_layers(repository, reference, &layers, sent, progress)
            .await?;
        let config = self.shared.images.config_bytes(&image.id)?;
        let size = config.len() as u64;
        push_config(repository, &image.id, config).await?;

        let oci = layers.iter().any(|layer| layer.zstd);
        let descriptors = layers.iter().filter_map(|layer| {
            let mut descriptor = sent.get(&layer.diff_id)?.clone();
            descriptor.media_type = match (oci, layer.zstd) {
                (false, _) => media_type::DOCKER_LAYER,
                (true, false) => media_type::OCI_LAYER_GZIP,
                (true, true) => media_type::OCI_LAYER_ZSTD,
            }
            .to_owned();
            Some(descriptor)
        });
        let (kind, config) = match oci {
            true => (media_type::OCI_MANIFEST, media_type::OCI_CONFIG),
            false => (media_type::DOCKER_MANIFEST, media_type::DOCKER_CONFIG),
        };
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(kind.to_owned()),
            artifact_type: None,
            config: descriptor(config, &image.id, size),
            layers: descriptors.collect(),
            subject: None,
            annotations: BTreeMap::new(),
        };
        let bytes = indented(&manifest)?;
        let (digest, size) = (Digest::of(&bytes), bytes.len());
        let tag = reference.tag().unwrap_or("latest");
        repository.put_manifest(tag, kind, bytes).await?;

        progress
            .message("", format!("{tag}: digest: {digest} size: {size}"))
            .await;
        let (store, id) = (self.shared.images.clone(), image.id.clone());
        let named = reference.clone().with_digest(digest.clone());
        blocking(move || Ok(store.add_digest(&id, &named)?)).await?;
        progress
            .tell(ProgressLine {
                amount: Some(Default::default()),
                aux: Some(serde_json::json!({
                    "Tag": tag, "Digest": digest.to_string(), "Size": size,
                })),
                ..ProgressLine::default()
            })
            .await;
        Ok(())
    }

    async fn push_layers(
        &self,
        repository: &Arc<Repository>,
        reference: &Reference,
        layers: &[Arc<OutgoingLayer>],
        sent: &mut BTreeMap<DiffId, Descriptor>,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut wanted: Vec<&Arc<OutgoingLayer>> = Vec::new();
        // The top one first, as dockerd tells them.
        for layer in layers.iter().rev() {
            if !wanted.iter().any(|it| it.diff_id == layer.diff_id) {
                wanted.push(layer);
            }
        }
        for layer in &wanted {
            progress.update(layer.diff_id.short(), "Preparing").await;
        }
        let slots = &self.shared.transfers.uploads();
        let mut uploads: FuturesUnordered<_> = wanted
            .into_iter()
            .map(|layer| {
                let known = sent.get(&layer.diff_id).cloned();
                async move {
                    let id = layer.diff_id.short();
                    if let Some(known) = known {
                        progress.update(id, "Layer already exists").await;
                        return Ok((layer.diff_id.clone(), known));
                    }
                    let _slot = match slots.try_acquire() {
                        Ok(slot) => slot,
                        Err(_) => {
                            progress.update(id, "Waiting").await;
                            let slot = slots.acquire().await;
                            slot.map_err(|error| Failure::invalid(error.to_string()))?
                        }
                    };
                    let place = reference.name();
                    let (digest, size) = layer::push(repository, layer, &place, progress).await?;
                    Ok::<_, Failure>((layer.diff_id.clone(), descriptor("", &digest, size)))
                }
            })
            .collect();
        let mut done = Vec::new();
        while let Some(one) = uploads.next().await {
            done.push(one?);
        }
        drop(uploads);
        sent.extend(done);
        Ok(())
    }
}

async fn push_config(
    repository: &Repository,
    digest: &Digest,
    bytes: Vec<u8>,
) -> Result<(), RegistryError> {
    if repository.blob_size(digest).await?.is_some() {
        return Ok(());
    }
    let Started::Upload(upload) = repository.start_upload(None).await? else {
        return Ok(());
    };
    let length = bytes.len() as u64;
    let body = futures_util::stream::iter([Ok(Bytes::from(bytes))]);
    repository.upload_whole(upload, digest, length, body).await
}

fn descriptor(kind: &str, digest: &Digest, size: u64) -> Descriptor {
    Descriptor {
        media_type: kind.to_owned(),
        size,
        digest: digest.clone(),
        urls: Vec::new(),
        platform: None,
        artifact_type: None,
        annotations: BTreeMap::new(),
    }
}

/// With the three blanks that dockerd indents by: the bytes are the digest.
fn indented(manifest: &Manifest) -> Result<Bytes> {
    let mut bytes = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b"   ");
    manifest
        .serialize(&mut serde_json::Serializer::with_formatter(
            &mut bytes, format,
        ))
        .map_err(|error| Error::system(error.to_string()))?;
    Ok(bytes.into())
}

fn words(failure: Failure) -> Error {
    match failure {
        Failure::Registry(error) => Error::system(error.to_string()),
        Failure::Config(text) => Error::system(text),
        Failure::Layers(error) | Failure::Here(error) => error,
    }
}
