//! What a registry has under a name, without pulling it.

use longshore_api::registry_auth::RegistryAuth;
use longshore_api::types::{DistributionInspect, OCIDescriptor, OCIPlatform};
use longshore_distribution::{Error as RegistryError, ManifestBytes, Purpose, Repository};
use longshore_oci::config::ImageConfig;
use longshore_oci::digest::Digest;
use longshore_oci::document::Document;
use longshore_oci::manifest::{Manifest, Platform};
use longshore_oci::reference::{Reference, ReferenceError};

use super::Images;
use super::pull::Failure;
use crate::error::{Error, Result};

/// A configuration is a few KiB; more than this is none.
const LARGEST_CONFIG: u64 = 8 << 20;

impl Images {
    /// Asks the registry of an image for its digest and platforms.
    pub async fn inspect_remote(
        &self,
        name: &str,
        auth: &RegistryAuth,
    ) -> Result<DistributionInspect> {
        if name.parse::<Digest>().is_ok() || Digest::from_hex(name).is_ok() {
            return Err(Error::bad_parameter("no manifest found for full image ID"));
        }
        let parsed = Reference::parse(name);
        let reference = parsed
            .map_err(|error: ReferenceError| Error::bad_parameter(error.to_string()))?
            .with_default_tag();
        let mut connections = self.connections(&reference, auth, Purpose::Pull).await?;
        let mut last = None;
        while let Some(repository) = connections.next().await {
            let result = match repository {
                Ok(repository) => inspect(&repository, &reference).await,
                Err(error) => Err(error.into()),
            };
            match result {
                Ok(found) => return Ok(found),
                Err(Failure::Registry(error)) if connections.may_go_on(&error) => {
                    last = Some(error);
                }
                Err(Failure::Registry(error)) => return Err(own_status(&error)),
                Err(failure) => return Err(failure.pull(&reference)),
            }
        }
        Err(match last {
            Some(error) => own_status(&error),
            None => Error::system(format!("no endpoints found for {reference}")),
        })
    }
}

async fn inspect(
    repository: &Repository,
    reference: &Reference,
) -> Result<DistributionInspect, Failure> {
    let found = match (reference.digest(), reference.tag()) {
        (Some(digest), _) => repository.manifest_by_digest(digest).await?,
        (None, tag) => repository.manifest_by_tag(tag.unwrap_or("latest")).await?,
    };
    let document = Document::parse(&found.bytes, &found.media_type)
        .map_err(|error| Failure::invalid(error.to_string()))?;
    let platforms: Vec<OCIPlatform> = match &document {
        Document::Index(index) => {
            let platforms = index.manifests.iter().filter_map(|it| it.platform.as_ref());
            platforms.map(shown).collect()
        }
        Document::Manifest(manifest) => platform(repository, manifest).await?,
        Document::Schema1 | Document::Unknown(_) => Vec::new(),
    };
    Ok(DistributionInspect {
        descriptor: OCIDescriptor {
            media_type: Some(kind(&found, &document)),
            digest: found.digest.to_string(),
            size: i64::try_from(found.bytes.len()).unwrap_or(i64::MAX),
            ..OCIDescriptor::default()
        },
        platforms: (!platforms.is_empty()).then_some(platforms),
    })
}

/// The platform that one image's configuration names.
async fn platform(
    repository: &Repository,
    manifest: &Manifest,
) -> Result<Vec<OCIPlatform>, Failure> {
    let bytes = repository
        .small_blob("image config", &manifest.config.digest, LARGEST_CONFIG)
        .await?;
    // An artefact that is no image has no platform.
    let Ok(config) = serde_json::from_slice::<ImageConfig>(&bytes) else {
        return Ok(Vec::new());
    };
    if config.os.is_empty() && config.architecture.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![OCIPlatform {
        architecture: config.architecture,
        os: config.os,
        variant: Some(config.variant),
        ..OCIPlatform::default()
    }])
}

fn kind(found: &ManifestBytes, document: &Document) -> String {
    let own = match document {
        Document::Manifest(manifest) => manifest.media_type.clone(),
        Document::Index(index) => index.media_type.clone(),
        Document::Schema1 | Document::Unknown(_) => None,
    };
    own.unwrap_or_else(|| found.media_type.clone())
}

fn shown(platform: &Platform) -> OCIPlatform {
    OCIPlatform {
        architecture: platform.architecture.clone(),
        os: platform.os.clone(),
        os_version: Some(platform.os_version.clone()),
        os_features: Some(platform.os_features.clone()),
        variant: Some(platform.variant.clone()),
    }
}

/// The registry's own error with the status of its code.
fn own_status(error: &RegistryError) -> Error {
    let text = error.to_string();
    let RegistryError::Refused(refusals) = error else {
        return Error::system(text);
    };
    match refusals.reasons.first().map(|it| it.code.as_str()) {
        Some("MANIFEST_UNKNOWN" | "NAME_UNKNOWN" | "BLOB_UNKNOWN") => Error::not_found(text),
        Some("UNAUTHORIZED") => Error::unauthorized(text),
        Some("DENIED") => Error::forbidden(text),
        Some("TOOMANYREQUESTS") => Error::too_many_requests(text),
        _ => Error::system(text),
    }
}
