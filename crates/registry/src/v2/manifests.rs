//! `/v2/<name>/manifests/<tag or digest>`.

use std::sync::Arc;

use http::{HeaderName, Method, Response, StatusCode, header};
use longshore_oci::digest::Digest;
use longshore_oci::manifest::{Descriptor, Index, Manifest, media_type};
use serde_json::{Value, json};

use super::{CONTENT_DIGEST, set};
use crate::error::{Code, Error, Result};
use crate::server::body::{self, Body};
use crate::server::request::{self, blocking};
use crate::server::router::{Asked, ManifestName};
use crate::store::Store;
use crate::store::names::RepositoryName;
use crate::store::repositories::NewManifest;

/// The largest manifest, in bytes.
pub(crate) const LARGEST: usize = 4 * 1024 * 1024;

const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

/// A manifest, read and found to be what its media type says.
pub(crate) enum Checked {
    Image(Box<Manifest>),
    Index(Box<Index>),
}

struct Found {
    digest: Digest,
    media_type: String,
    bytes: Vec<u8>,
}

/// The manifest as it was pushed, in a type that the client accepts.
pub(crate) async fn get(
    asked: Asked,
    name: RepositoryName,
    which: ManifestName,
) -> Result<Response<Body>> {
    let accepted = Accepted::new(&asked.parts.headers);
    let store = Arc::clone(&asked.state.store);
    let found = blocking(move || choose(&store, &name, &which, &accepted)).await?;
    let etag = format!("\"{}\"", found.digest);
    let known = request::header(&asked.parts.headers, header::IF_NONE_MATCH);
    let mut response = if asked.parts.method == Method::GET && known == etag {
        body::empty(StatusCode::NOT_MODIFIED)
    } else {
        body::typed(StatusCode::OK, &found.media_type, found.bytes)
    };
    set(&mut response, CONTENT_DIGEST, &found.digest.to_string());
    set(&mut response, header::ETAG, &etag);
    Ok(response)
}

/// Keeps a manifest whose parts are all there.
pub(crate) async fn put(
    asked: Asked,
    name: RepositoryName,
    which: ManifestName,
) -> Result<Response<Body>> {
    let content_type = request::header(&asked.parts.headers, header::CONTENT_TYPE).to_owned();
    let bytes = asked.body.whole(LARGEST, Code::ManifestInvalid).await?;
    if let ManifestName::Digest(wanted) = &which
        && *wanted != Digest::of(&bytes)
    {
        return Err(Code::DigestInvalid.into());
    }
    let (media_type, checked) = check(&content_type, &bytes)?;
    let subject = checked.subject().cloned();
    let store = Arc::clone(&asked.state.store);
    let about = subject.clone();
    let repository = name.clone();
    let (digest, which) = blocking(move || {
        let new = NewManifest {
            bytes: &bytes,
            media_type: &media_type,
            subject: about.as_ref(),
            tag: match &which {
                ManifestName::Tag(tag) => Some(tag),
                ManifestName::Digest(_) => None,
            },
        };
        let digest = store.put_manifest(&repository, &new, || {
            complete(&store, &repository, &checked)
        })?;
        Ok::<_, Error>((digest, which))
    })
    .await?;
    let mut response = body::empty(StatusCode::CREATED);
    let location = match which {
        ManifestName::Tag(tag) => format!("/v2/{name}/manifests/{tag}"),
        ManifestName::Digest(digest) => format!("/v2/{name}/manifests/{digest}"),
    };
    set(&mut response, header::LOCATION, &location);
    set(&mut response, CONTENT_DIGEST, &digest.to_string());
    if let Some(subject) = subject {
        set(&mut response, SUBJECT, &subject.to_string());
    }
    Ok(response)
}

/// Takes a tag away, or a manifest with all that lead to it.
pub(crate) async fn delete(
    asked: Asked,
    name: RepositoryName,
    which: ManifestName,
) -> Result<Response<Body>> {
    let store = Arc::clone(&asked.state.store);
    let deleted = blocking(move || match &which {
        ManifestName::Tag(tag) => store.delete_tag(&name, tag).map_err(Error::from),
        ManifestName::Digest(digest) => {
            let bytes = store.read_blob(digest, LARGEST as u64)?;
            let subject = bytes.as_deref().and_then(subject_of);
            Ok(store.delete_manifest(&name, digest, subject.as_ref())?)
        }
    })
    .await?;
    if !deleted {
        return Err(Code::ManifestUnknown.into());
    }
    Ok(body::empty(StatusCode::ACCEPTED))
}

/// A kept manifest as a list of referrers describes it.
pub(crate) fn described(bytes: &[u8], media_type: String, digest: Digest) -> Option<Descriptor> {
    let (artifact_type, annotations) = match check(&media_type, bytes).ok()?.1 {
        Checked::Index(index) => (index.artifact_type, index.annotations),
        Checked::Image(manifest) => (
            manifest.artifact_type.or(Some(manifest.config.media_type)),
            manifest.annotations,
        ),
    };
    Some(Descriptor {
        media_type,
        size: bytes.len() as u64,
        digest,
        urls: Vec::new(),
        platform: None,
        artifact_type,
        annotations,
    })
}

fn subject_of(bytes: &[u8]) -> Option<Digest> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    value["subject"]["digest"].as_str()?.parse().ok()
}

/// Finds what is asked for. Of an index that the client does not understand,
/// its manifest for linux on amd64 has to do: older clients know no other.
fn choose(
    store: &Store,
    name: &RepositoryName,
    which: &ManifestName,
    accepted: &Accepted,
) -> Result<Found> {
    let (digest, by_tag) = match which {
        ManifestName::Digest(digest) => (Some(digest.clone()), false),
        ManifestName::Tag(tag) => (store.tag(name, tag)?, true),
    };
    let unknown = || {
        let detail = match which {
            ManifestName::Digest(digest) => json!({ "digest": digest.to_string() }),
            ManifestName::Tag(tag) => json!({ "name": name.as_str(), "tag": tag.as_str() }),
        };
        Error::new(Code::ManifestUnknown).about(detail)
    };
    let found = match digest {
        Some(digest) => read(store, name, digest)?.ok_or_else(unknown)?,
        None => return Err(unknown()),
    };
    // Who knows the digest knows what it is.
    if !by_tag || accepted.takes(&found.media_type) {
        return Ok(found);
    }
    let child = match check(&found.media_type, &found.bytes) {
        Ok((_, Checked::Index(index))) => index
            .manifests
            .into_iter()
            .find(|child| {
                child.platform.as_ref().is_some_and(|platform| {
                    platform.os == "linux" && platform.architecture == "amd64"
                })
            })
            .filter(|child| accepted.takes(&child.media_type)),
        _ => None,
    };
    let child = child.and_then(|child| read(store, name, child.digest).transpose());
    child.unwrap_or_else(|| {
        Err(unknown().saying(format!(
            "the manifest is of type {}, which the request does not accept",
            found.media_type
        )))
    })
}

fn read(store: &Store, name: &RepositoryName, digest: Digest) -> Result<Option<Found>> {
    let Some(media_type) = store.manifest_type(name, &digest)? else {
        return Ok(None);
    };
    let bytes = store.read_blob(&digest, LARGEST as u64)?;
    Ok(bytes.map(|bytes| Found {
        digest,
        media_type,
        bytes,
    }))
}

/// The media types that a client accepts.
struct Accepted(Vec<String>);

impl Accepted {
    fn new(headers: &http::HeaderMap) -> Self {
        Self(
            headers
                .get_all(header::ACCEPT)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .map(essence)
                .filter(|kind| !kind.is_empty())
                .collect(),
        )
    }

    fn takes(&self, media_type: &str) -> bool {
        self.0.is_empty()
            || self
                .0
                .iter()
                .any(|kind| kind == media_type || kind == "*/*" || kind == "application/*")
    }
}

/// A media type without its parameters.
fn essence(text: &str) -> String {
    let bare = text.split_once(';').map_or(text, |(bare, _)| bare);
    bare.trim().to_ascii_lowercase()
}

/// Reads a manifest once, as what its content type says it is. A document that
/// could be read as two things is none.
pub(crate) fn check(content_type: &str, bytes: &[u8]) -> Result<(String, Checked)> {
    let invalid = |message: String| Error::new(Code::ManifestInvalid).saying(message);
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| invalid(format!("the manifest is not JSON: {error}")))?;
    let own = value["mediaType"].as_str();
    let given = essence(content_type);
    let media_type = match (given.as_str(), own) {
        ("" | "application/json", Some(own)) => own.to_owned(),
        (given, Some(own)) if given != own => {
            return Err(invalid(format!(
                "the request says {given}, the manifest says {own}"
            )));
        }
        _ => given,
    };
    if media_type == media_type::DOCKER_SCHEMA1
        || media_type == media_type::DOCKER_SCHEMA1_SIGNED
        || value["schemaVersion"] == 1
    {
        return Err(invalid(
            "manifests of schema 1 are not kept: push with an engine that writes schema 2"
                .to_owned(),
        ));
    }
    let is_index = [media_type::OCI_INDEX, media_type::DOCKER_INDEX].contains(&&*media_type);
    let is_image = [media_type::OCI_MANIFEST, media_type::DOCKER_MANIFEST].contains(&&*media_type);
    if !is_index && !is_image {
        return Err(invalid(format!(
            "manifests of type {media_type:?} are not known here"
        )));
    }
    let has = |key: &str| value.get(key).is_some();
    if is_index && (has("config") || has("layers")) || is_image && has("manifests") {
        return Err(invalid(
            "the manifest has the parts of an image and of an index".to_owned(),
        ));
    }
    if value["schemaVersion"] != 2 {
        return Err(invalid("schemaVersion is not 2".to_owned()));
    }
    let checked = if is_index {
        serde_json::from_value(value).map(|index| Checked::Index(Box::new(index)))
    } else {
        serde_json::from_value(value).map(|image| Checked::Image(Box::new(image)))
    };
    let checked = checked.map_err(|error| invalid(format!("the manifest is odd: {error}")))?;
    Ok((media_type, checked))
}

impl Checked {
    fn subject(&self) -> Option<&Digest> {
        let subject = match self {
            Self::Image(manifest) => &manifest.subject,
            Self::Index(index) => &index.subject,
        };
        subject.as_ref().map(|subject| &subject.digest)
    }
}

/// Refuses a manifest with a part that the repository does not have, or that
/// has another length.
pub(crate) fn complete(store: &Store, name: &RepositoryName, checked: &Checked) -> Result<()> {
    match checked {
        Checked::Image(manifest) => {
            for part in std::iter::once(&manifest.config).chain(&manifest.layers) {
                if !is_elsewhere(part) {
                    present(part, store.linked_size(name, &part.digest)?)?;
                }
            }
        }
        Checked::Index(index) => {
            for part in &index.manifests {
                let size = match store.manifest_type(name, &part.digest)? {
                    Some(_) => store.blob_size(&part.digest)?,
                    None => None,
                };
                present(part, size)?;
            }
        }
    }
    Ok(())
}

/// Layers that only their vendor hands out need not be here.
fn is_elsewhere(part: &Descriptor) -> bool {
    part.media_type == media_type::DOCKER_FOREIGN_LAYER
        || part.media_type.contains(".layer.nondistributable.")
}

fn present(part: &Descriptor, size: Option<u64>) -> Result<()> {
    match size {
        None => Err(Error::new(Code::ManifestBlobUnknown)
            .about(json!({ "digest": part.digest.to_string() }))),
        Some(size) if size != part.size => Err(Error::new(Code::SizeInvalid)
            .saying(format!(
                "{} has {size} bytes, the manifest says {}",
                part.digest, part.size
            ))
            .about(json!({ "digest": part.digest.to_string() }))),
        Some(_) => Ok(()),
    }
}
