//! Blobs on their way to a registry: mounted from another repository, or sent,
//! whole or in pieces.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION};
use http::{Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use longshore_oci::digest::Digest;

use crate::auth::Scope;
use crate::error::{Error, Result};
use crate::exchange::{Answer, Ask};
use crate::repository::Repository;
use crate::url;

/// What came of the wish to upload.
pub enum Started {
    /// The registry had the blob in the other repository.
    Mounted,
    /// It wants the bytes.
    Upload(Upload),
}

/// An upload that has begun.
pub struct Upload {
    location: Uri,
}

impl Repository {
    /// Begins an upload; with `mount`, a blob and another repository of the
    /// same registry, it may end at once.
    pub async fn start_upload(&self, mount: Option<(&Digest, &str)>) -> Result<Started> {
        let mut ask = self.ask(Method::POST, "blobs/uploads/")?;
        let mut scopes = self.scopes().to_vec();
        if let Some((digest, from)) = mount {
            ask.url = url::with_parameter(&ask.url, "mount", &digest.to_string())?;
            ask.url = url::with_parameter(&ask.url, "from", from)?;
            scopes.push(Scope::pull(from));
        }
        let answer = self.send(ask, &scopes).await?.successful().await?;
        match answer.status {
            StatusCode::CREATED if mount.is_some() => Ok(Started::Mounted),
            _ => Ok(Started::Upload(Upload {
                location: location(&answer)?,
            })),
        }
    }

    /// Sends a blob whose digest and length are known.
    pub async fn upload_whole(
        &self,
        upload: Upload,
        digest: &Digest,
        length: u64,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    ) -> Result<()> {
        let address = url::with_parameter(&upload.location, "digest", &digest.to_string())?;
        let answer = self
            .send_bytes(Method::PUT, address, Some(length), bytes)
            .await?;
        answer.successful().await?;
        Ok(())
    }

    /// Sends the bytes of a blob whose digest only its end will tell.
    pub async fn upload_bytes(
        &self,
        upload: Upload,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    ) -> Result<Upload> {
        let answer = self
            .send_bytes(Method::PATCH, upload.location, None, bytes)
            .await?;
        Ok(Upload {
            location: location(&answer.successful().await?)?,
        })
    }

    /// Says what was sent; the registry compares.
    pub async fn finish_upload(&self, upload: Upload, digest: &Digest) -> Result<()> {
        let address = url::with_parameter(&upload.location, "digest", &digest.to_string())?;
        let ask = Ask::new(Method::PUT, address);
        let scopes = self.scopes().to_vec();
        self.send(ask, &scopes).await?.successful().await?;
        Ok(())
    }

    async fn send_bytes(
        &self,
        method: Method,
        address: Uri,
        length: Option<u64>,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static,
    ) -> Result<Answer> {
        let mut ask = Ask::new(method, address);
        let scopes = self.scopes().to_vec();
        self.authorize(&mut ask, &scopes).await?;
        ask.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
        if let Some(length) = length {
            ask.headers
                .insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        let body = StreamBody::new(bytes.map_ok(Frame::data));
        let patience = self.exchange.upload;
        self.exchange
            .send_stream(ask.method, ask.url, ask.headers, body.boxed(), patience)
            .await
    }
}

fn location(answer: &Answer) -> Result<Uri> {
    let location = answer
        .header(LOCATION)
        .ok_or_else(|| Error::Malformed("the registry names no place for an upload".to_owned()))?;
    url::join(&answer.url, location)
}
