//! `GET /v2/_catalog`: the repositories.

use std::sync::Arc;

use http::Response;
use serde_json::json;

use super::pages;
use crate::error::Result;
use crate::server::body::Body;
use crate::server::request::blocking;
use crate::server::router::Asked;

/// The repositories that have a manifest.
pub(crate) async fn get(asked: Asked) -> Result<Response<Body>> {
    let store = Arc::clone(&asked.state.store);
    let names = blocking(move || store.repositories()).await?;
    pages::answer(
        &asked.query,
        "/v2/_catalog",
        json!({}),
        "repositories",
        names
            .iter()
            .filter(|name| asked.caller.sees(name))
            .map(|name| name.to_string()),
    )
}
