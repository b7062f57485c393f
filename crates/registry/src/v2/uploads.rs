//! `/v2/<name>/blobs/uploads/`: blobs on their way in, whole or in chunks.
//!
//! ```text
//! POST ?mount=D&from=R ─▶ 201, the blob is here too, or as POST
//! POST ?digest=D       ─▶ 201
//! POST                 ─▶ 202 ─▶ PATCH* 202 ─▶ PUT ?digest=D 201
//!                                GET 204       DELETE 204
//! ```

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use longshore_oci::digest::Digest;
use tokio::sync::MutexGuard;

use super::{CONTENT_DIGEST, set};
use crate::auth::{Actions, Scope};
use crate::error::{Code, Error, Result};
use crate::server::body::{self, Body};
use crate::server::request::{self, blocking};
use crate::server::router::{self, Asked};
use crate::store::names::RepositoryName;
use crate::store::sink::Sink;
use crate::store::upload::Session;

const UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// How long one request waits for another of the same upload.
const MOMENT: Duration = Duration::from_millis(500);

/// Begins an upload, does it at once, or finds that none is needed.
pub(crate) async fn post(mut asked: Asked, name: RepositoryName) -> Result<Response<Body>> {
    if let Some(mounted) = mount(&asked, &name).await? {
        return Ok(mounted);
    }
    let wanted = asked.query.get("digest").map(router::digest).transpose()?;
    let store = Arc::clone(&asked.state.store);
    let repository = name.clone();
    let session = blocking(move || store.uploads().begin(repository)).await?;
    let Some(wanted) = wanted else {
        return Ok(progress(StatusCode::ACCEPTED, &session, 0));
    };
    let received = {
        let mut sink = session.sink.lock().await;
        receive(&mut asked, &mut sink).await
    };
    // Nobody knows the id of this one.
    asked.state.store.uploads().forget(&session.id);
    received?;
    complete(&asked, &session, &wanted).await
}

/// How far an upload is.
pub(crate) async fn status(
    asked: Asked,
    name: RepositoryName,
    id: String,
) -> Result<Response<Body>> {
    let session = session(&asked, &name, &id)?;
    let size = session.sink.try_lock().map_err(|_| busy())?.size();
    Ok(progress(StatusCode::NO_CONTENT, &session, size))
}

/// Takes the next chunk.
pub(crate) async fn patch(
    mut asked: Asked,
    name: RepositoryName,
    id: String,
) -> Result<Response<Body>> {
    let session = session(&asked, &name, &id)?;
    let mut sink = hold(&session).await?;
    let taken = chunk(&mut asked, &session, &mut sink).await;
    // It may have taken longer than an upload may be silent.
    session.touch();
    taken?;
    Ok(progress(StatusCode::ACCEPTED, &session, sink.size()))
}

/// Takes the last chunk, which may be empty, and makes it all a blob.
pub(crate) async fn put(
    mut asked: Asked,
    name: RepositoryName,
    id: String,
) -> Result<Response<Body>> {
    let session = session(&asked, &name, &id)?;
    let wanted = asked
        .query
        .get("digest")
        .ok_or_else(|| Error::new(Code::DigestInvalid).saying("the parameter digest is missing"))?;
    let wanted = router::digest(wanted)?;
    {
        let mut sink = hold(&session).await?;
        chunk(&mut asked, &session, &mut sink).await?;
    }
    complete(&asked, &session, &wanted).await
}

/// Gives an upload up.
pub(crate) async fn delete(
    asked: Asked,
    name: RepositoryName,
    id: String,
) -> Result<Response<Body>> {
    let session = session(&asked, &name, &id)?;
    drop(hold(&session).await?);
    asked.state.store.uploads().forget(&session.id);
    Ok(body::empty(StatusCode::NO_CONTENT))
}

/// The answer that says the blob is here already, if it is.
async fn mount(asked: &Asked, name: &RepositoryName) -> Result<Option<Response<Body>>> {
    let Some(digest) = asked.query.get("mount").and_then(|text| text.parse().ok()) else {
        // A digest that is none can be mounted from nowhere: it is uploaded.
        return Ok(None);
    };
    let from = match asked.query.get("from") {
        // From wherever it is, for those who could look everywhere.
        None | Some("") if asked.caller.sees_everything() => None,
        None | Some("") => return Ok(None),
        Some(from) => match RepositoryName::new(from) {
            Some(from) if asked.caller.may(&Scope::repository(&from, Actions::PULL)) => Some(from),
            _ => return Ok(None),
        },
    };
    let store = Arc::clone(&asked.state.store);
    let (to, wanted): (_, Digest) = (name.clone(), digest);
    let digest = wanted.clone();
    let mounted = blocking(move || store.mount(&wanted, from.as_ref(), &to)).await?;
    Ok(mounted.then(|| created(name, &digest)))
}

fn session(asked: &Asked, name: &RepositoryName, id: &str) -> Result<Arc<Session>> {
    asked
        .state
        .store
        .uploads()
        .get(name, id)
        .ok_or_else(|| Code::BlobUploadUnknown.into())
}

/// The upload's bytes, for one request alone. Whoever only asks how far it is
/// has them for a moment too.
async fn hold(session: &Session) -> Result<MutexGuard<'_, Sink>> {
    tokio::time::timeout(MOMENT, session.sink.lock())
        .await
        .map_err(|_| busy())
}

/// Two requests at once for one upload: its bytes would be mixed up.
fn busy() -> Error {
    Error::new(Code::BlobUploadInvalid)
        .saying("another request is at work on this upload")
        .with_status(StatusCode::CONFLICT)
}

/// Takes a chunk that must begin where the last one ended.
async fn chunk(asked: &mut Asked, session: &Session, sink: &mut Sink) -> Result<()> {
    let before = sink.size();
    let range = content_range(&asked.parts.headers)?;
    if let Some((first, last)) = range {
        let length = request::header(&asked.parts.headers, header::CONTENT_LENGTH);
        let fits = length
            .parse()
            .is_ok_and(|length: u64| length == last - first + 1);
        if first != before || !(fits || length.is_empty()) {
            let mut error = Error::new(Code::RangeInvalid)
                .saying(format!("the next byte of this upload is {before}"));
            for (name, value) in progress_headers(session, before) {
                error = error.with_header(name, value);
            }
            return Err(error);
        }
    }
    receive(asked, sink).await?;
    match range {
        Some((first, last)) if sink.size() != last + 1 => Err(Error::new(Code::SizeInvalid)
            .saying(format!(
                "{} bytes came, the range promised {}",
                sink.size() - before,
                last - first + 1
            ))),
        _ => Ok(()),
    }
}

async fn receive(asked: &mut Asked, sink: &mut Sink) -> Result<()> {
    while let Some(bytes) = asked.body.next().await? {
        sink.push(&bytes).await?;
    }
    Ok(())
}

/// `first-last`, as OCI writes it, or `bytes first-last[/…]`, as HTTP does.
fn content_range(headers: &HeaderMap) -> Result<Option<(u64, u64)>> {
    let text = request::header(headers, header::CONTENT_RANGE);
    if text.is_empty() {
        return Ok(None);
    }
    let bare = text
        .trim_start_matches("bytes")
        .trim_start_matches(['=', ' ']);
    let bare = bare.split_once('/').map_or(bare, |(range, _)| range);
    bare.split_once('-')
        .and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)))
        .filter(|(first, last): &(u64, u64)| first <= last && *last < u64::MAX)
        .map(Some)
        .ok_or_else(|| Error::new(Code::RangeInvalid).about(text))
}

/// Makes what came in a blob, if it is the one that was promised. Whatever
/// comes of it, the upload is over.
async fn complete(
    asked: &Asked,
    session: &Arc<Session>,
    wanted: &Digest,
) -> Result<Response<Body>> {
    let finished = {
        let mut sink = hold(session).await?;
        asked.state.store.uploads().forget(&session.id);
        sink.finish().await?
    };
    if finished.digest != *wanted {
        return Err(Error::new(Code::DigestInvalid).about(serde_json::json!({
            "wanted": wanted.to_string(),
            "received": finished.digest.to_string(),
            "size": finished.size,
        })));
    }
    let store = Arc::clone(&asked.state.store);
    let repository = session.repository.clone();
    let digest = blocking(move || store.commit(&repository, finished)).await?;
    Ok(created(&session.repository, &digest))
}

fn created(name: &RepositoryName, digest: &Digest) -> Response<Body> {
    let mut response = body::empty(StatusCode::CREATED);
    let location = format!("/v2/{name}/blobs/{digest}");
    set(&mut response, header::LOCATION, &location);
    set(&mut response, CONTENT_DIGEST, &digest.to_string());
    response
}

fn progress(status: StatusCode, session: &Session, size: u64) -> Response<Body> {
    let mut response = body::empty(status);
    response
        .headers_mut()
        .extend(progress_headers(session, size).map(|(name, value)| (Some(name), value)));
    response
}

fn progress_headers(
    session: &Session,
    size: u64,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let location = format!("/v2/{}/blobs/uploads/{}", session.repository, session.id);
    [
        (header::LOCATION, location),
        // The last byte; there is no way to say that there is none.
        (header::RANGE, format!("0-{}", size.saturating_sub(1))),
        (UPLOAD_UUID, session.id.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, HeaderValue::from_str(&value).ok()?)))
}
