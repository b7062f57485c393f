//! `/v2/<name>/blobs/<digest>`: reading and deleting blobs.

use std::fs::File;
use std::sync::Arc;

use http::{HeaderMap, Method, Response, StatusCode, header};
use longshore_oci::digest::Digest;

use super::{CONTENT_DIGEST, set};
use crate::error::{Code, Error, Result};
use crate::server::body::{self, Body};
use crate::server::request::{self, blocking};
use crate::server::router::Asked;
use crate::store::names::RepositoryName;

/// A blob never changes: whoever has it may keep it for a year.
const KEEP: &str = "max-age=31536000";

/// The blob, a stretch of it, or just its head.
pub(crate) async fn get(
    asked: Asked,
    name: RepositoryName,
    digest: Digest,
) -> Result<Response<Body>> {
    let store = Arc::clone(&asked.state.store);
    let wanted = digest.clone();
    let found = blocking(move || match store.blob_in(&name, &wanted)? {
        Some(_) => store.open_blob(&wanted),
        None => Ok(None),
    })
    .await?;
    let (file, size) = found.ok_or_else(|| unknown(&digest))?;
    let headers = &asked.parts.headers;
    let etag = format!("\"{digest}\"");
    let mut response = if known(headers, &etag) {
        body::empty(StatusCode::NOT_MODIFIED)
    } else if asked.parts.method == Method::HEAD {
        // The body of an answer to HEAD is its length only.
        body::file(StatusCode::OK, file, 0, size)
    } else {
        stretch(headers, &etag, file, size)
    };
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        return Ok(response);
    }
    for (header, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, KEEP),
        (header::ETAG, &etag),
        (CONTENT_DIGEST, &digest.to_string()),
    ] {
        set(&mut response, header, value);
    }
    Ok(response)
}

/// A file of `size` bytes, or the stretch of it that is asked for.
pub(crate) fn stretch(headers: &HeaderMap, etag: &str, file: File, size: u64) -> Response<Body> {
    let mut response = match range(headers, etag, size) {
        Range::Whole => body::file(StatusCode::OK, file, 0, size),
        Range::Part(start, length) => {
            let mut response = body::file(StatusCode::PARTIAL_CONTENT, file, start, length);
            let part = format!("bytes {start}-{}/{size}", start + length - 1);
            set(&mut response, header::CONTENT_RANGE, &part);
            response
        }
        Range::Outside => {
            let error = Error::new(Code::RangeInvalid).saying(format!("the blob has {size} bytes"));
            let mut response = error.response();
            let all = format!("bytes */{size}");
            set(&mut response, header::CONTENT_RANGE, &all);
            return response;
        }
    };
    for (header, value) in [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::ACCEPT_RANGES, "bytes"),
    ] {
        set(&mut response, header, value);
    }
    response
}

/// Takes the blob away from the repository.
pub(crate) async fn delete(
    asked: Asked,
    name: RepositoryName,
    digest: Digest,
) -> Result<Response<Body>> {
    let store = Arc::clone(&asked.state.store);
    let wanted = digest.clone();
    if !blocking(move || store.unlink_blob(&name, &wanted)).await? {
        return Err(unknown(&digest));
    }
    let mut response = body::empty(StatusCode::ACCEPTED);
    set(&mut response, CONTENT_DIGEST, &digest.to_string());
    Ok(response)
}

fn unknown(digest: &Digest) -> Error {
    Error::new(Code::BlobUnknown).about(digest.to_string())
}

/// Whether the client has it already.
fn known(headers: &HeaderMap, etag: &str) -> bool {
    request::header(headers, header::IF_NONE_MATCH)
        .split(',')
        .any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == etag)
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    Whole,
    /// Start and length.
    Part(u64, u64),
    Outside,
}

/// Which part of `size` bytes is wanted. What is no single range of bytes is
/// ignored, as HTTP allows.
fn range(headers: &HeaderMap, etag: &str, size: u64) -> Range {
    let condition = request::header(headers, header::IF_RANGE);
    if !condition.is_empty() && condition != etag {
        return Range::Whole;
    }
    let wanted = request::header(headers, header::RANGE)
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'));
    let Some((first, last)) = wanted else {
        return Range::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if last < first => Range::Whole,
        (Ok(first), _) if first >= size => match last.is_empty() || last.parse::<u64>().is_ok() {
            true => Range::Outside,
            false => Range::Whole,
        },
        (Ok(first), Ok(last)) => Range::Part(first, last.min(size - 1) - first + 1),
        (Ok(first), Err(_)) if last.is_empty() => Range::Part(first, size - first),
        (Err(_), Ok(0)) if first.is_empty() => Range::Outside,
        (Err(_), Ok(_)) if first.is_empty() && size == 0 => Range::Outside,
        (Err(_), Ok(suffix)) if first.is_empty() => {
            let length = suffix.min(size);
            Range::Part(size - length, length)
        }
        _ => Range::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_defines_them() {
        for (text, size, wanted) in [
            ("", 10, Range::Whole),
            ("bytes=0-", 10, Range::Part(0, 10)),
            ("bytes=2-4", 10, Range::Part(2, 3)),
            ("bytes=2-99", 10, Range::Part(2, 8)),
            ("bytes=-3", 10, Range::Part(7, 3)),
            ("bytes=-30", 10, Range::Part(0, 10)),
            ("bytes=10-", 10, Range::Outside),
            ("bytes=-0", 10, Range::Outside),
            ("bytes=0-", 0, Range::Outside),
            ("bytes=-1", 0, Range::Outside),
            ("bytes=5-2", 10, Range::Whole),
            ("bytes=0-1,3-4", 10, Range::Whole),
            ("bytes=18446744073709551616-", 10, Range::Whole),
            ("bytes=1-18446744073709551615", 10, Range::Part(1, 9)),
            ("lines=1-2", 10, Range::Whole),
            ("bytes=x-y", 10, Range::Whole),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, text.parse().unwrap());
            assert_eq!(range(&headers, "\"x\"", size), wanted, "{text} of {size}");
        }
    }
}
