//! The routes below `/v2/`: OCI distribution 1.1 as Docker's registry speaks it.

pub(crate) mod blobs;
pub(crate) mod catalog;
pub(crate) mod manifests;
mod pages;
pub(crate) mod referrers;
pub(crate) mod tags;
pub(crate) mod uploads;

use http::{HeaderName, HeaderValue, Response};

use crate::server::body::Body;

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Sets a header whose value is made of names that are plain ASCII.
fn set(response: &mut Response<Body>, name: impl Into<HeaderName>, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name.into(), value);
    }
}
