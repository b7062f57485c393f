//! `GET /v2/<name>/referrers/<digest>`: the manifests that are about another.

use std::sync::Arc;

use http::{HeaderName, Response, StatusCode};
use longshore_oci::digest::Digest;
use longshore_oci::manifest::{Descriptor, Index, media_type};

use super::manifests::{LARGEST, described};
use super::set;
use crate::error::{Error, Result};
use crate::server::body::{self, Body};
use crate::server::request::blocking;
use crate::server::router::Asked;
use crate::store::Store;
use crate::store::names::RepositoryName;

const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");

/// An index of the referrers, empty when there are none.
pub(crate) async fn get(
    asked: Asked,
    name: RepositoryName,
    subject: Digest,
) -> Result<Response<Body>> {
    let kind = asked.query.get("artifactType").map(str::to_owned);
    let store = Arc::clone(&asked.state.store);
    let filter = kind.clone();
    let mut manifests = blocking(move || find(&store, &name, &subject)).await?;
    if let Some(filter) = &filter {
        manifests.retain(|found| found.artifact_type.as_ref() == Some(filter));
    }
    let index = Index {
        schema_version: 2,
        media_type: Some(media_type::OCI_INDEX.to_owned()),
        artifact_type: None,
        manifests,
        subject: None,
        annotations: Default::default(),
    };
    let text = serde_json::to_vec(&index).map_err(std::io::Error::other)?;
    let mut response = body::typed(StatusCode::OK, media_type::OCI_INDEX, text);
    if kind.is_some() {
        set(&mut response, FILTERS_APPLIED, "artifactType");
    }
    Ok(response)
}

fn find(
    store: &Store,
    name: &RepositoryName,
    subject: &Digest,
) -> std::result::Result<Vec<Descriptor>, Error> {
    let mut found = Vec::new();
    for digest in store.referrers(name, subject)? {
        // A referrer whose push ended early has no manifest.
        let Some(media_type) = store.manifest_type(name, &digest)? else {
            continue;
        };
        if let Some(bytes) = store.read_blob(&digest, LARGEST as u64)? {
            found.extend(described(&bytes, media_type, digest));
        }
    }
    Ok(found)
}
