//! `GET /v2/<name>/tags/list`.

use std::sync::Arc;

use http::Response;
use serde_json::json;

use super::pages;
use crate::error::{Code, Error, Result};
use crate::server::body::Body;
use crate::server::request::blocking;
use crate::server::router::Asked;
use crate::store::names::RepositoryName;

/// The tags of a repository.
pub(crate) async fn get(asked: Asked, name: RepositoryName) -> Result<Response<Body>> {
    let store = Arc::clone(&asked.state.store);
    let tags = {
        let name = name.clone();
        blocking(move || store.tags(&name)).await?
    };
    let tags =
        tags.ok_or_else(|| Error::new(Code::NameUnknown).about(json!({ "name": name.as_str() })))?;
    pages::answer(
        &asked.query,
        &format!("/v2/{name}/tags/list"),
        json!({ "name": name.as_str() }),
        "tags",
        tags.iter().map(|tag| tag.to_string()),
    )
}
