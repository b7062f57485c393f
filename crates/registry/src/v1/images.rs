//! `/v1/images/<id>/…`: an image's JSON, layer, checksum and ancestry.

use std::io;
use std::sync::Arc;

use http::header::{self, HeaderValue};
use http::{HeaderMap, Response, StatusCode};
use longshore_oci::digest::Digest;
use serde_json::Value;

use super::door::{self, Entered};
use super::error::{Refusal, Result};
use super::text;
use crate::auth::Caller;
use crate::error::Code;
use crate::server::body::{self, Body};
use crate::server::request::{self, blocking};
use crate::server::router::Asked;
use crate::store::Store;
use crate::store::images::{ImageId, Record};
use crate::store::names::RepositoryName;

/// The longest JSON of an image.
const LONGEST_JSON: usize = 1024 * 1024;

/// What never changes was last changed before everything.
const ALWAYS: &str = "Thu, 01 Jan 1970 00:00:00 GMT";

/// The image's JSON.
pub(super) async fn json(asked: Asked, id: ImageId) -> Result<Response<Body>> {
    let (entered, record) = finished(&asked, &id).await?;
    if is_known(&asked.parts.headers) {
        return Ok(entered.remember(unchanged()));
    }
    let mut response = body::typed(StatusCode::OK, "application/json", record.json);
    if let Some(layer) = record.layer {
        let payload = layer.payload.map(|digest| digest.to_string());
        let headers = response.headers_mut();
        headers.insert("x-docker-size", HeaderValue::from(layer.size));
        if let Some(Ok(payload)) = payload.map(|text| HeaderValue::from_str(&text)) {
            headers.insert("x-docker-checksum-payload", payload);
        }
    }
    Ok(entered.remember(immutable(response)))
}

/// The image's layer, or a stretch of it.
pub(super) async fn layer(asked: Asked, id: ImageId) -> Result<Response<Body>> {
    let (entered, record) = finished(&asked, &id).await?;
    if is_known(&asked.parts.headers) {
        return Ok(entered.remember(unchanged()));
    }
    let layer = record.layer.ok_or_else(Refusal::image)?;
    let store = Arc::clone(&asked.state.store);
    let found = blocking(move || store.open_blob(&layer.blob)).await?;
    let (file, size) = found.ok_or_else(Refusal::image)?;
    let response = crate::v2::blobs::stretch(&asked.parts.headers, "", file, size);
    Ok(entered.remember(immutable(response)))
}

/// The ids of the image and of all it stands on, itself first.
pub(super) async fn ancestry(asked: Asked, id: ImageId) -> Result<Response<Body>> {
    let (entered, _) = finished(&asked, &id).await?;
    if is_known(&asked.parts.headers) {
        return Ok(entered.remember(unchanged()));
    }
    let store = Arc::clone(&asked.state.store);
    let chain = blocking(move || store.ancestry(&id)).await?;
    let chain = chain.ok_or_else(Refusal::image)?;
    let ids: Vec<&str> = chain.iter().map(|(id, _)| id.as_str()).collect();
    let response = body::json(StatusCode::OK, &ids);
    Ok(entered.remember(immutable(response)))
}

/// Begins an image.
pub(super) async fn put_json(asked: Asked, id: ImageId) -> Result<Response<Body>> {
    let entered = door::enter(&asked, None).await?;
    let Asked { state, body, .. } = asked;
    let json = body.whole(LONGEST_JSON, Code::Unsupported).await?;
    let json = String::from_utf8(json).map_err(|_| Refusal::bad("Invalid JSON"))?;
    let value: Value = serde_json::from_str(&json).map_err(|_| Refusal::bad("Invalid JSON"))?;
    if !value.is_object() {
        return Err(Refusal::bad("Invalid JSON"));
    }
    match value["id"].as_str() {
        None => return Err(Refusal::bad("Missing key `id` in JSON")),
        Some(own) if own != id.as_str() => {
            return Err(Refusal::bad("JSON data contains an invalid id"));
        }
        Some(_) => {}
    }
    let parent = match &value["parent"] {
        Value::Null => None,
        parent => Some(
            parent
                .as_str()
                .filter(|text| !text.is_empty())
                .and_then(ImageId::new)
                .ok_or_else(|| Refusal::bad("Invalid parent"))?,
        ),
    };
    let record = Record {
        json,
        parent,
        owner: entered.caller.name().map(str::to_owned),
        layer: None,
        complete: false,
        repositories: Default::default(),
    };
    let store = Arc::clone(&state.store);
    let caller = entered.caller.clone();
    blocking(move || begin(&store, &id, record, &caller)).await??;
    Ok(entered.remember(text(StatusCode::OK, "")))
}

fn begin(store: &Store, id: &ImageId, record: Record, caller: &Caller) -> io::Result<Result<()>> {
    if let Some(known) = store.image(id)? {
        if known.complete {
            let exists = Refusal::new(StatusCode::CONFLICT, "Image already exists");
            return Ok(Err(exists));
        }
        if !may_see(&known, caller) {
            return Ok(Err(Refusal::image()));
        }
    }
    if let Some(parent) = &record.parent {
        let known = store.image(parent)?.filter(|known| may_see(known, caller));
        if known.is_none() || parent == id {
            return Ok(Err(Refusal::bad("Image depends on a non existing parent")));
        }
    }
    store.set_image(id, &record).map(Ok)
}

/// Takes in the layer of an image that was begun.
pub(super) async fn put_layer(mut asked: Asked, id: ImageId) -> Result<Response<Body>> {
    let (entered, record) = unfinished(&asked, &id).await?;
    let store = Arc::clone(&asked.state.store);
    let mut sink = blocking(move || store.uploads().sink()).await?;
    while let Some(bytes) = asked.body.next().await? {
        sink.push(&bytes).await?;
    }
    let finished = sink.finish().await?;
    let store = Arc::clone(&asked.state.store);
    let kept =
        blocking(move || Ok::<_, io::Error>(store.keep_layer(&id, record, finished))).await?;
    match kept {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(Refusal::bad(format!("Invalid layer: {error}")))
        }
        kept => {
            kept?;
            Ok(entered.remember(text(StatusCode::OK, "")))
        }
    }
}

/// Ends an image whose checksum is the one that the client has.
pub(super) async fn put_checksum(asked: Asked, id: ImageId) -> Result<Response<Body>> {
    let headers = &asked.parts.headers;
    let given: Vec<&str> = ["x-docker-checksum-payload", "x-docker-checksum"]
        .into_iter()
        .map(|name| request::header(headers, name))
        .filter(|value| !value.is_empty())
        .collect();
    if given.is_empty() {
        return Err(Refusal::new(
            StatusCode::PRECONDITION_FAILED,
            "Missing checksum header",
        ));
    }
    // Sums over the members of an archive are not made here.
    let sums: Option<Vec<Digest>> = given
        .iter()
        .filter(|sum| !sum.starts_with("tarsum"))
        .map(|sum| sum.parse().ok())
        .collect();
    let sums = sums
        .filter(|sums| !sums.is_empty())
        .ok_or_else(|| Refusal::bad("a sha256 checksum of JSON and layer is wanted"))?;
    let (entered, record) = unfinished(&asked, &id).await?;
    let payload = record
        .layer
        .as_ref()
        .and_then(|layer| layer.payload.as_ref());
    let Some(payload) = payload else {
        return Err(Refusal::bad("Image's layer is missing"));
    };
    if sums.iter().any(|sum| sum != payload) {
        return Err(Refusal::bad("Checksum mismatch, ignoring the layer"));
    }
    let store = Arc::clone(&asked.state.store);
    let record = Record {
        complete: true,
        ..record
    };
    blocking(move || store.set_image(&id, &record)).await?;
    Ok(entered.remember(text(StatusCode::OK, "")))
}

/// Lets somebody read an image that is whole.
async fn finished(asked: &Asked, id: &ImageId) -> Result<(Entered, Record)> {
    let entered = door::enter(asked, None).await?;
    let record = read(asked, id, &entered).await?;
    if !record.complete {
        return Err(Refusal::bad("Image is being uploaded, retry later"));
    }
    Ok((entered, record))
}

/// Lets somebody go on with an image of theirs that is not.
async fn unfinished(asked: &Asked, id: &ImageId) -> Result<(Entered, Record)> {
    let entered = door::enter(asked, None).await?;
    let record = read(asked, id, &entered).await?;
    if record.complete {
        return Err(Refusal::new(StatusCode::CONFLICT, "Image already exists"));
    }
    Ok((entered, record))
}

async fn read(asked: &Asked, id: &ImageId, entered: &Entered) -> Result<Record> {
    let store = Arc::clone(&asked.state.store);
    let wanted = id.clone();
    blocking(move || store.image(&wanted))
        .await?
        .filter(|record| may_see(record, &entered.caller))
        .ok_or_else(Refusal::image)
}

/// Whether an image is in a repository that the caller may pull from, or is
/// being brought by the caller.
pub(super) fn may_see(record: &Record, caller: &Caller) -> bool {
    caller.sees_everything()
        || record.owner.is_some() && record.owner.as_deref() == caller.name()
        || record
            .repositories
            .iter()
            .filter_map(|name| RepositoryName::new(name))
            .any(|name| caller.sees(&name))
}

fn is_known(headers: &HeaderMap) -> bool {
    headers.contains_key(header::IF_MODIFIED_SINCE)
}

fn unchanged() -> Response<Body> {
    immutable(body::empty(StatusCode::NOT_MODIFIED))
}

fn immutable(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000"),
    );
    headers.insert(header::LAST_MODIFIED, HeaderValue::from_static(ALWAYS));
    response
}
