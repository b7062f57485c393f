//! Pull: an image from a registry into the store.
//!
//! ```text
//! name ─▶ servers ─▶ manifest (index: this platform's) ─▶ configuration
//!      ─▶ layers that are not here, side by side ─▶ image and names, at once
//! ```
//!
//! The configuration comes first, so it is known what each layer must be before
//! it is fetched. Everything is verified against the digest that named it; only
//! a tag has to be believed.

mod layers;
mod platform;
pub(crate) mod transfer;
mod wording;

use std::sync::Arc;

use longshore_api::registry_auth::RegistryAuth;
use longshore_distribution::{Connections, Credentials, ManifestBytes, Purpose, Repository};
use longshore_image::error::Error as StoreError;
use longshore_image::store::{PulledImage, Store};
use longshore_oci::config::ImageConfig;
use longshore_oci::digest::{Digest, ImageId};
use longshore_oci::document::Document;
use longshore_oci::manifest::{Manifest, media_type};
use longshore_oci::reference::Reference;

use super::progress::Progress;
use super::{Images, blocking};
use crate::error::{Error, Result};

pub(crate) use platform::Wanted;
pub(crate) use wording::Failure;

/// A configuration is a few KiB; more than this is none.
const LARGEST_CONFIG: u64 = 8 << 20;
/// How often a pull begins again because layers that were here are removed.
const MOST_ATTEMPTS: usize = 5;
/// More layers than this cannot be mounted.
const MOST_LAYERS: usize = 125;
/// A manifest in an index, and no index in that.
const MOST_IN_INDEX: usize = 1_000;

/// What came of a pull.
struct Pulled {
    image: ImageId,
    /// Whether there was anything new.
    new: bool,
}

impl Images {
    /// Pulls what a reference names; without tag and digest all tags of the
    /// repository. `platform` is `os[/architecture[/variant]]`, this machine's
    /// if there is none. Returns the image, of many the last.
    ///
    /// Dropping the future ends the pull; what has come is kept for the next.
    pub async fn pull(
        &self,
        reference: &Reference,
        platform: Option<&str>,
        auth: &RegistryAuth,
        progress: &Progress,
    ) -> Result<ImageId> {
        if reference.familiar_name() == "scratch" {
            return Err(Error::forbidden("'scratch' is a reserved name"));
        }
        let wanted = Wanted::parse(platform)?;
        let (mut connections, mut last) = (
            self.connections(reference, auth, Purpose::Pull).await?,
            None,
        );
        while let Some(repository) = connections.next().await {
            let result = match repository {
                Ok(repository) => {
                    self.pull_at(Arc::new(repository), reference, &wanted, progress)
                        .await
                }
                Err(error) => Err(error.into()),
            };
            match result {
                Ok(image) => {
                    self.publish_reference("pull", reference);
                    return Ok(image);
                }
                Err(Failure::Registry(error)) if connections.may_go_on(&error) => {
                    tracing::info!(%error, %reference, "pull goes on elsewhere");
                    last = Some(Failure::Registry(error));
                }
                Err(failure) => return Err(failure.pull(reference)),
            }
        }
        Err(match last {
            Some(failure) => failure.pull(reference),
            None => Error::system(format!("no endpoints found for {reference}")),
        })
    }

    /// The servers that may have a repository.
    pub(crate) async fn connections(
        &self,
        reference: &Reference,
        auth: &RegistryAuth,
        purpose: Purpose,
    ) -> Result<Connections> {
        let live = self.shared.live();
        live.registries
            .connections(
                reference.domain(),
                reference.path(),
                &credentials(auth),
                purpose,
            )
            .await
            .map_err(|error| Error::bad_parameter(error.to_string()))
    }

    async fn pull_at(
        &self,
        repository: Arc<Repository>,
        reference: &Reference,
        wanted: &Wanted,
        progress: &Progress,
    ) -> Result<ImageId, Failure> {
        let mut references = vec![reference.clone()];
        if reference.tag().is_none() && reference.digest().is_none() {
            let tags = repository.tags().await?;
            references = tags
                .iter()
                .map(|tag| Reference::for_tag(&reference.to_string(), tag))
                .collect::<Result<_, _>>()
                .map_err(|error| Failure::Here(Error::system(error.to_string())))?;
        }
        let (mut last, mut new) = (None, false);
        for one in &references {
            let pulled = self.pull_one(&repository, one, wanted, progress).await?;
            new |= pulled.new;
            last = Some(pulled.image);
        }
        let text = match new {
            true => "Downloaded newer image for",
            false => "Image is up to date for",
        };
        progress
            .message("", format!("Status: {text} {}", reference.familiar()))
            .await;
        last.ok_or_else(|| {
            Failure::Here(Error::not_found(format!(
                "repository {} has no tags",
                reference.familiar_name()
            )))
        })
    }

    async fn pull_one(
        &self,
        repository: &Arc<Repository>,
        reference: &Reference,
        wanted: &Wanted,
        progress: &Progress,
    ) -> Result<Pulled, Failure> {
        if let Some((digest, image)) = self.known(repository, reference, wanted).await? {
            let tag = reference.tag().unwrap_or("latest");
            let text = format!("Pulling from {}", reference.path());
            progress.message(tag, text).await;
            progress.message("", format!("Digest: {digest}")).await;
            return Ok(Pulled { image, new: false });
        }
        let top = match (reference.digest(), reference.tag()) {
            (Some(digest), _) => repository.manifest_by_digest(digest).await?,
            (None, tag) => {
                let tag = tag.unwrap_or("latest");
                repository.manifest_by_tag(tag).await?
            }
        };
        let document = parse(&top)?;
        let shown = match reference.digest() {
            Some(digest) => digest.to_string(),
            None => reference.tag().unwrap_or("latest").to_owned(),
        };
        let text = format!("Pulling from {}", reference.path());
        progress.message(&shown, text).await;
        let manifest = match document {
            Document::Manifest(manifest) => manifest,
            Document::Index(index) => {
                if index.manifests.len() > MOST_IN_INDEX {
                    return Err(Failure::invalid("the index has too many manifests"));
                }
                let chosen = wanted.choose(&index).ok_or_else(|| {
                    Failure::Here(Error::not_found(format!(
                        "no matching manifest for {wanted} in the manifest list entries"
                    )))
                })?;
                let bytes = repository.manifest_by_digest(&chosen.digest).await?;
                match parse(&bytes)? {
                    Document::Manifest(manifest) => manifest,
                    _ => return Err(Failure::invalid("unsupported manifest format")),
                }
            }
            Document::Schema1 => {
                return Err(Failure::invalid(
                    "[DEPRECATION NOTICE] Docker Image Format v1 and Docker Image manifest \
                     version 2, schema 1 are not supported: push the image again with a newer \
                     client",
                ));
            }
            Document::Unknown(kind) => {
                return Err(Failure::invalid(format!(
                    "unsupported manifest media type {kind:?}"
                )));
            }
        };
        let mut attempts = 0;
        let pulled = loop {
            let (digest, manifest) = (&top.digest, &manifest);
            let pulling = self.pull_manifest(repository, reference, digest, manifest, progress);
            attempts += 1;
            match pulling.await {
                // Layers were here and have been removed meanwhile.
                Err(Failure::Layers(_)) if attempts < MOST_ATTEMPTS => {}
                other => break other?,
            }
        };
        progress
            .message("", format!("Digest: {}", top.digest))
            .await;
        Ok(pulled)
    }

    /// The image that the tag has here, if it has the same digest there: asking
    /// for that downloads nothing, which registries that count pulls do not
    /// count.
    async fn known(
        &self,
        repository: &Repository,
        reference: &Reference,
        wanted: &Wanted,
    ) -> Result<Option<(Digest, ImageId)>, Failure> {
        let (Some(tag), None) = (reference.tag(), reference.digest()) else {
            return Ok(None);
        };
        let Ok(image) = self.shared.images.get(&reference.to_string()) else {
            return Ok(None);
        };
        if !wanted.is_default() || !image.references.contains(reference) {
            return Ok(None);
        }
        let Some(digest) = repository.manifest_digest(tag).await? else {
            return Ok(None);
        };
        let named = reference.clone().with_digest(digest.clone());
        Ok(image
            .references
            .contains(&named)
            .then_some((digest, image.id)))
    }

    /// The image of a manifest, named by `reference` and by `digest`.
    async fn pull_manifest(
        &self,
        repository: &Arc<Repository>,
        reference: &Reference,
        digest: &Digest,
        manifest: &Manifest,
        progress: &Progress,
    ) -> Result<Pulled, Failure> {
        check(manifest)?;
        let id = manifest.config.digest.clone();
        let mut references = vec![reference.clone().with_digest(digest.clone())];
        if reference.digest().is_none() {
            references.push(reference.clone());
        }
        let store = self.shared.images.clone();
        let known = store.image(&id).is_some();
        let bytes = if known {
            store.config_bytes(&id).map_err(Failure::from)?
        } else {
            repository
                .small_blob("image config", &id, LARGEST_CONFIG)
                .await
                .map_err(|error| Failure::Config(error.to_string()))?
                .to_vec()
        };
        let config: ImageConfig = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::invalid(format!("invalid image configuration: {error}")))?;
        if !matches!(config.os.as_str(), "" | "linux") {
            return Err(Failure::invalid(format!(
                "cannot download image with operating system {:?} when requesting \"linux\"",
                config.os
            )));
        }
        if config.rootfs.diff_ids.len() != manifest.layers.len() {
            return Err(Failure::invalid(
                "layers from manifest don't match image configuration",
            ));
        }
        let image = if known {
            PulledImage {
                config: bytes,
                layers: Vec::new(),
                place: reference.name(),
                references,
            }
        } else {
            let fetched = self
                .fetch_layers(
                    repository,
                    &reference.name(),
                    &manifest.layers,
                    &config,
                    progress,
                )
                .await?;
            let _publishing = self.shared.transfers.publishing.lock().await;
            let image = PulledImage {
                config: bytes,
                layers: fetched.iter().filter_map(|it| it.take()).collect(),
                place: reference.name(),
                references,
            };
            let new = publish(store, image).await?;
            return Ok(Pulled { image: id, new });
        };
        let new = publish(store, image).await?;
        Ok(Pulled { image: id, new })
    }
}

/// Puts an image in the store; answers whether that changed anything.
async fn publish(store: Store, image: PulledImage) -> Result<bool, Failure> {
    let put = blocking(move || {
        Ok(match store.put_pulled(image) {
            Err(gone @ StoreError::NoSuchLayer(_)) => Err(gone),
            other => Ok(other?),
        })
    });
    put.await?.map_err(|gone| Failure::Layers(gone.into()))
}

/// The credentials of a request, for the client of registries.
pub(crate) fn credentials(auth: &RegistryAuth) -> Credentials {
    Credentials {
        username: auth.username.clone(),
        password: auth.password.clone(),
        identity_token: auth.identitytoken.clone(),
        registry_token: auth.registrytoken.clone(),
    }
}

fn parse(bytes: &ManifestBytes) -> Result<Document, Failure> {
    Document::parse(&bytes.bytes, &bytes.media_type)
        .map_err(|error| Failure::invalid(error.to_string()))
}

/// Whether all that a manifest names is something that can be pulled.
fn check(manifest: &Manifest) -> Result<(), Failure> {
    if manifest.layers.len() > MOST_LAYERS {
        return Err(Failure::invalid("max depth exceeded"));
    }
    let config = manifest.config.media_type.as_str();
    let is_image = matches!(
        config,
        "" | media_type::DOCKER_CONFIG
            | media_type::OCI_CONFIG
            | "application/octet-stream"
            | "application/json"
            | "text/plain"
            | "text/html"
    );
    if !is_image {
        return Err(Failure::invalid(format!(
            "Encountered remote {config:?}(unknown) when fetching"
        )));
    }
    if manifest.config.size > LARGEST_CONFIG {
        return Err(Failure::invalid("the image configuration is too large"));
    }
    for layer in &manifest.layers {
        let kind = layer.media_type.as_str();
        if !layer.urls.is_empty() || kind.contains("foreign") || kind.contains("nondistributable") {
            return Err(Failure::invalid(format!(
                "layer {} is not in the registry (foreign layer): such images are not supported",
                layer.digest
            )));
        }
        let plain = matches!(
            kind,
            "" | media_type::DOCKER_LAYER
                | media_type::OCI_LAYER
                | media_type::OCI_LAYER_GZIP
                | media_type::OCI_LAYER_ZSTD
                | "application/vnd.docker.image.rootfs.diff.tar"
                | "application/vnd.docker.image.rootfs.diff.tar.zstd"
                | "application/vnd.docker.container.image.rootfs.diff+x-gtar"
        );
        if !plain {
            return Err(Failure::invalid(format!(
                "layer {} is of media type {kind:?}, which is not supported",
                layer.digest
            )));
        }
    }
    Ok(())
}
