//! Registry v1 and the Hub's index, as a view of the store.
//!
//! Version 1 knows images by an id of their own, one for each layer, each with
//! its JSON and its parent. What was pushed by version 2 is shown that way
//! ([`view`]); what is pushed by version 1 is gathered ([`crate::store::images`]) and becomes
//! a manifest of schema 2 when a tag names it ([`compose`]).
//!
//! ```text
//! PUT repositories/R/ ─▶ images/I/json, layer, checksum, parents first ─▶
//!     repositories/R/tags/T ─▶ repositories/R/images
//! ```
//!
//! Search and `_ping` are served always: today's `docker search HOST/TERM` asks
//! them. The rest is off unless asked for.

mod compose;
mod door;
mod error;
mod images;
mod index;
mod search;
mod tags;
mod users;
mod view;

use std::io;
use std::sync::Arc;

use http::header::{self, HeaderValue};
use http::{Method, Response, StatusCode};

use crate::auth::Guard;
use crate::auth::accounts::Directory;
use crate::config::Config;
use crate::server::body::{self, Body};
use crate::server::router::Asked;
use crate::store::images::ImageId;
use crate::store::names::{RepositoryName, Tag};

use door::Door;
use error::{Refusal, Result};

/// What version 1 needs beside the store.
pub(crate) struct V1 {
    door: Door,
    /// Who may log in, if there are accounts.
    accounts: Option<Arc<Directory>>,
    sign_up: bool,
}

impl V1 {
    /// Opens the accounts. An open registry has some too, once somebody signs
    /// up; they are good for nothing but `GET /v1/users`.
    pub(crate) fn new(config: &Config, guard: &Guard) -> io::Result<Self> {
        let accounts = match guard.directory() {
            Some(directory) => Some(Arc::clone(directory)),
            None if config.legacy => Some(Arc::new(Directory::own(&config.data)?)),
            None => None,
        };
        Ok(Self {
            door: Door::default(),
            accounts,
            sign_up: config.sign_up || guard.directory().is_none(),
        })
    }
}

/// Answers a request below `/v1/`, or `/_ping`.
pub(crate) async fn answer(asked: Asked, path: &str) -> Response<Body> {
    let mut response = match dispatch(asked, path).await {
        Ok(response) => response,
        Err(refusal) => refusal.response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-docker-registry-version", "0.9.1"),
        ("x-docker-registry-config", "common"),
        ("x-docker-registry-standalone", "true"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-cache"));
    response
}

async fn dispatch(asked: Asked, path: &str) -> Result<Response<Body>> {
    let method = asked.parts.method.clone();
    let path = path.trim_end_matches('/');
    match (path, &method) {
        ("/_ping" | "/v1/_ping", &Method::GET | &Method::HEAD) => {
            return Ok(body::json(StatusCode::OK, &serde_json::json!({})));
        }
        ("/v1/search", &Method::GET) => return search::get(asked).await,
        _ if !asked.state.config.legacy => return Err(Refusal::not_found()),
        _ => {}
    }
    if asked.state.config.read_only && !matches!(method, Method::GET | Method::HEAD) {
        return Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "this registry is read-only",
        ));
    }
    let rest = path.strip_prefix("/v1/").unwrap_or_default();
    if rest == "users" {
        return match method {
            Method::GET => users::login(asked).await,
            Method::POST => users::sign_up(asked).await,
            _ => Err(Refusal::method()),
        };
    }
    if let Some(name) = rest.strip_prefix("users/") {
        return match method {
            Method::PUT => users::change(asked, name).await,
            _ => Err(Refusal::method()),
        };
    }
    if let Some(image) = rest.strip_prefix("images/") {
        let (id, part) = image.split_once('/').ok_or_else(Refusal::not_found)?;
        let id = ImageId::new(id).ok_or_else(|| Refusal::bad("Invalid image ID"))?;
        return match (part, method) {
            ("json", Method::GET) => images::json(asked, id).await,
            ("json", Method::PUT) => images::put_json(asked, id).await,
            ("layer", Method::GET | Method::HEAD) => images::layer(asked, id).await,
            ("layer", Method::PUT) => images::put_layer(asked, id).await,
            ("checksum", Method::PUT) => images::put_checksum(asked, id).await,
            ("ancestry", Method::GET) => images::ancestry(asked, id).await,
            ("json" | "layer" | "checksum" | "ancestry", _) => Err(Refusal::method()),
            _ => Err(Refusal::not_found()),
        };
    }
    let rest = rest
        .strip_prefix("repositories/")
        .ok_or_else(Refusal::not_found)?;
    repositories(asked, rest, method).await
}

/// Routes whose names end somewhere in the middle, so they are read from their
/// end.
async fn repositories(asked: Asked, rest: &str, method: Method) -> Result<Response<Body>> {
    if let Some((name, tag)) = rest.rsplit_once("/tags/") {
        let name = repository(name)?;
        let tag = Tag::new(tag).ok_or_else(|| Refusal::bad("Invalid tag name"))?;
        return match method {
            Method::GET => tags::get(asked, name, tag).await,
            Method::PUT => tags::put(asked, name, tag).await,
            Method::DELETE => tags::delete(asked, name, Some(tag)).await,
            _ => Err(Refusal::method()),
        };
    }
    if let Some(name) = rest.strip_suffix("/tags") {
        let name = repository(name)?;
        return match method {
            Method::GET => tags::list(asked, name).await,
            Method::DELETE => tags::delete(asked, name, None).await,
            _ => Err(Refusal::method()),
        };
    }
    if let Some(name) = rest.strip_suffix("/images") {
        let name = repository(name)?;
        return match method {
            Method::GET => index::images(asked, name).await,
            Method::PUT => index::put_images(asked, name).await,
            _ => Err(Refusal::method()),
        };
    }
    if let Some(name) = rest.strip_suffix("/auth") {
        let name = repository(name)?;
        return match method {
            Method::PUT => index::auth(asked, name).await,
            _ => Err(Refusal::method()),
        };
    }
    let name = repository(rest)?;
    match method {
        Method::PUT => index::create(asked, name).await,
        Method::DELETE => index::delete(asked, name).await,
        _ => Err(Refusal::method()),
    }
}

fn repository(text: &str) -> Result<RepositoryName> {
    RepositoryName::new(text).ok_or_else(|| Refusal::bad("Invalid repository name"))
}

/// The name under which a repository is known: `ubuntu` and `library/ubuntu`
/// are one in version 1, and two in version 2.
fn known(store: &crate::store::Store, name: RepositoryName) -> io::Result<RepositoryName> {
    if store.tags(&name)?.is_some() {
        return Ok(name);
    }
    let other = match name.as_str().strip_prefix("library/") {
        Some(short) => RepositoryName::new(short),
        None if !name.as_str().contains('/') => RepositoryName::new(&format!("library/{name}")),
        None => None,
    };
    Ok(match other {
        Some(other) if store.tags(&other)?.is_some() => other,
        _ => name,
    })
}

/// An answer whose body is a bare JSON text, as the old servers gave it.
fn text(status: StatusCode, text: &str) -> Response<Body> {
    body::json(status, &text)
}
