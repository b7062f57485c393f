//! One repository of a registry: its manifests, blobs and tags (OCI
//! distribution specification 1.1).

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, HeaderValue, LINK, RANGE};
use http::{Method, StatusCode, Uri};
use longshore_oci::digest::Digest;
use longshore_oci::manifest::media_type;
use serde::Deserialize;

use bytes::Bytes;

use crate::auth::{Authorizer, Scope};
use crate::connections::Purpose;
use crate::error::{Error, Result};
use crate::exchange::{Answer, Ask, Body, Exchange};
use crate::url;

/// What registries must accept, and nobody makes larger ones.
const LARGEST_MANIFEST: u64 = 4 << 20;
/// One page of tags, and all of them.
const LARGEST_PAGE: u64 = 8 << 20;
const MOST_TAGS: usize = 100_000;
const MOST_PAGES: usize = 1_000;
/// What is asked for where a manifest is.
const MANIFESTS: [&str; 6] = [
    media_type::DOCKER_MANIFEST,
    media_type::DOCKER_INDEX,
    media_type::OCI_MANIFEST,
    media_type::OCI_INDEX,
    media_type::DOCKER_SCHEMA1_SIGNED,
    media_type::DOCKER_SCHEMA1,
];

/// A repository that a registry may have.
pub struct Repository {
    pub(crate) exchange: Exchange,
    authorizer: Authorizer,
    registry: Uri,
    path: String,
    scopes: Vec<Scope>,
}

/// A manifest as it came.
#[derive(Clone, Debug)]
pub struct ManifestBytes {
    /// What the registry calls it; empty if it does not say.
    pub media_type: String,
    /// The digest of `bytes`.
    pub digest: Digest,
    /// The very bytes.
    pub bytes: Bytes,
}

/// A blob on its way.
pub struct Blob {
    /// Where in the blob the body begins: where it was asked to, or 0 if the
    /// registry cannot do that.
    pub offset: u64,
    /// The bytes from there on.
    pub body: Body,
}

impl Repository {
    pub(crate) fn new(
        exchange: Exchange,
        authorizer: Authorizer,
        registry: Uri,
        path: &str,
        purpose: Purpose,
    ) -> Self {
        let scope = match purpose {
            Purpose::Pull => Scope::pull(path),
            Purpose::Push => Scope::push(path),
        };
        Self {
            exchange,
            authorizer,
            registry,
            path: path.to_owned(),
            scopes: vec![scope],
        }
    }

    /// The manifest with this tag.
    pub async fn manifest_by_tag(&self, tag: &str) -> Result<ManifestBytes> {
        self.manifest(tag).await
    }

    /// The manifest with this digest, verified.
    pub async fn manifest_by_digest(&self, digest: &Digest) -> Result<ManifestBytes> {
        let manifest = self.manifest(&digest.to_string()).await?;
        if manifest.digest != *digest {
            return Err(Error::Digest {
                what: "manifest",
                digest: digest.to_string(),
            });
        }
        Ok(manifest)
    }

    /// What the registry says is the digest of the manifest with this tag or
    /// digest; none if it does not say. It costs no download.
    pub async fn manifest_digest(&self, tag: &str) -> Result<Option<Digest>> {
        let mut ask = self.ask(Method::HEAD, &format!("manifests/{tag}"))?;
        accept_manifests(&mut ask);
        let answer = self.send(ask, &self.scopes).await?;
        if !answer.status.is_success() {
            return Ok(None);
        }
        let digest = answer.header("docker-content-digest");
        Ok(digest.and_then(|text| text.parse().ok()))
    }

    /// Gives the repository a manifest, by tag or digest.
    pub async fn put_manifest(
        &self,
        reference: &str,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<()> {
        let mut ask = self.ask(Method::PUT, &format!("manifests/{reference}"))?;
        let kind = HeaderValue::from_str(media_type)
            .map_err(|_| Error::Malformed(format!("invalid media type {media_type:?}")))?;
        ask.headers.insert(CONTENT_TYPE, kind);
        ask.body = bytes;
        self.send(ask, &self.scopes).await?.successful().await?;
        Ok(())
    }

    /// The blob from byte `from` on. Its digest is the caller's to verify.
    pub async fn blob(&self, digest: &Digest, from: u64) -> Result<Blob> {
        let mut ask = self.ask(Method::GET, &format!("blobs/{digest}"))?;
        if from > 0 {
            let range = HeaderValue::from_str(&format!("bytes={from}-"))
                .map_err(|error| Error::Malformed(error.to_string()))?;
            ask.headers.insert(RANGE, range);
        }
        let answer = self.send(ask, &self.scopes).await?.successful().await?;
        let offset = if answer.status == StatusCode::PARTIAL_CONTENT {
            let begins: Option<u64> = answer
                .header(CONTENT_RANGE)
                .and_then(|text| text.strip_prefix("bytes ")?.split('-').next()?.parse().ok());
            match begins {
                Some(begins) if begins == from => from,
                _ => {
                    return Err(Error::Malformed(format!(
                        "the registry sent another part of blob {digest} than it was asked for"
                    )));
                }
            }
        } else {
            0
        };
        Ok(Blob {
            offset,
            body: answer.body,
        })
    }

    /// A small blob as a whole, verified.
    pub async fn small_blob(
        &self,
        what: &'static str,
        digest: &Digest,
        limit: u64,
    ) -> Result<Bytes> {
        let blob = self.blob(digest, 0).await?;
        let bytes = blob.body.collect_at_most(what, limit).await?;
        match Digest::of(&bytes) == *digest {
            true => Ok(bytes),
            false => Err(Error::Digest {
                what,
                digest: digest.to_string(),
            }),
        }
    }

    /// Whether the repository has this blob, and how long it is.
    pub async fn blob_size(&self, digest: &Digest) -> Result<Option<u64>> {
        let ask = self.ask(Method::HEAD, &format!("blobs/{digest}"))?;
        let answer = self.send(ask, &self.scopes).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => Ok(Some(
                answer
                    .header(http::header::CONTENT_LENGTH)
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(0),
            )),
            _ => Err(answer.into_error().await),
        }
    }

    /// All tags.
    pub async fn tags(&self) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(default)]
            tags: Option<Vec<String>>,
        }
        let mut tags = Vec::new();
        let mut next = Some(self.url("tags/list")?);
        for _ in 0..MOST_PAGES {
            let Some(address) = next.take() else { break };
            if !url::same_server(&address, &self.registry) {
                return Err(Error::Malformed(
                    "the next page of tags is at another server".to_owned(),
                ));
            }
            let sent = self.send(Ask::get(address.clone()), &self.scopes).await?;
            let answer = sent.successful().await?;
            let link = answer.header(LINK).map(str::to_owned);
            let body = answer.body.collect_at_most("a page of tags", LARGEST_PAGE);
            let page: Page = serde_json::from_slice(&body.await?)
                .map_err(|error| Error::Malformed(format!("list of tags: {error}")))?;
            tags.extend(page.tags.unwrap_or_default());
            if tags.len() > MOST_TAGS {
                return Err(Error::TooLarge {
                    what: "the list of tags",
                    limit: MOST_TAGS as u64,
                });
            }
            next = link
                .as_deref()
                .and_then(next_page)
                .map(|link| url::join(&address, link))
                .transpose()?;
        }
        Ok(tags)
    }

    /// Sends a request with what authorizes it; once more if what was sent had
    /// run out.
    pub(crate) async fn send(&self, mut ask: Ask, scopes: &[Scope]) -> Result<Answer> {
        self.authorize(&mut ask, scopes).await?;
        let answer = self.exchange.send(ask.clone()).await?;
        if answer.status != StatusCode::UNAUTHORIZED || !url::same_server(&ask.url, &self.registry)
        {
            return Ok(answer);
        }
        let before = ask.headers.get(AUTHORIZATION).cloned();
        self.authorizer.challenged(&answer.headers).await;
        self.authorizer.refused(scopes).await;
        self.authorize(&mut ask, scopes).await?;
        if ask.headers.get(AUTHORIZATION) == before.as_ref() {
            return Ok(answer);
        }
        self.exchange.send(ask).await
    }

    /// Adds what authorizes the request, if its server may see that.
    pub(crate) async fn authorize(&self, ask: &mut Ask, scopes: &[Scope]) -> Result<()> {
        if !url::same_server(&ask.url, &self.registry) {
            return Ok(());
        }
        let header = self.authorizer.header(scopes, false).await;
        if let Some(header) = header.map_err(|error| outer(error, &ask.method, &ask.url))? {
            ask.headers.insert(AUTHORIZATION, header);
        }
        Ok(())
    }

    pub(crate) fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    pub(crate) fn ask(&self, method: Method, what: &str) -> Result<Ask> {
        Ok(Ask::new(method, self.url(what)?))
    }

    fn url(&self, what: &str) -> Result<Uri> {
        url::join(&self.registry, &format!("/v2/{}/{what}", self.path))
    }

    async fn manifest(&self, reference: &str) -> Result<ManifestBytes> {
        let mut ask = self.ask(Method::GET, &format!("manifests/{reference}"))?;
        accept_manifests(&mut ask);
        let answer = self.send(ask, &self.scopes).await?.successful().await?;
        let media_type = answer
            .header(CONTENT_TYPE)
            .and_then(|text| text.split(';').next())
            .unwrap_or_default()
            .trim()
            .to_owned();
        let bytes = answer
            .body
            .collect_at_most("a manifest", LARGEST_MANIFEST)
            .await?;
        Ok(ManifestBytes {
            media_type,
            digest: Digest::of(&bytes),
            bytes,
        })
    }
}

/// The request for which a token was wanted is what the user asked for.
fn outer(error: Error, method: &Method, url: &Uri) -> Error {
    match error {
        Error::Request { source, .. } if source.refusal().is_some() => {
            Error::clone(&source).of(method, url)
        }
        error => error.of(method, url),
    }
}

fn accept_manifests(ask: &mut Ask) {
    for kind in MANIFESTS {
        ask.headers.append(ACCEPT, HeaderValue::from_static(kind));
    }
}

/// The address in `Link: <…>; rel="next"`.
fn next_page(link: &str) -> Option<&str> {
    link.split(',').find_map(|one| {
        let (address, rest) = one.trim().strip_prefix('<')?.split_once('>')?;
        rest.replace([' ', '"'], "")
            .contains("rel=next")
            .then_some(address)
    })
}
