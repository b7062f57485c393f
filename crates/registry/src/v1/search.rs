//! `GET /v1/search`: repositories by a part of their name.

use std::io;
use std::sync::Arc;

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::error::{Refusal, Result};
use super::{door, known};
use crate::auth::Scope;
use crate::server::body::{self, Body};
use crate::server::request::blocking;
use crate::server::router::Asked;
use crate::store::Store;
use crate::store::names::{RepositoryName, Tag};
use crate::v2::manifests::LARGEST;

/// Results of a page unless another number is asked for, and the most.
const USUAL: usize = 25;
const MOST: usize = 100;

/// The label that says what an image is.
const DESCRIPTION: &str = "org.opencontainers.image.description";

/// The page that is asked for of what is found.
pub(super) async fn get(asked: Asked) -> Result<Response<Body>> {
    let caller = door::login(&asked).await?;
    if !caller.may(&Scope::CATALOG) {
        return Err(Refusal::who("Basic realm=\"Longshore Registry\""));
    }
    let number = |key: &str, usual: usize| match asked.query.get(key) {
        None | Some("") => Ok(usual),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| Refusal::bad(format!("Invalid value for {key}"))),
    };
    let size = number("n", USUAL)?.clamp(1, MOST);
    let page = number("page", 1)?.max(1);
    let query = asked.query.get("q").unwrap_or_default().to_owned();
    let term = query.to_lowercase();
    let store = Arc::clone(&asked.state.store);
    let (found, results) = blocking(move || -> io::Result<(usize, Vec<Value>)> {
        let mut names = store.repositories()?;
        names.retain(|name| name.as_str().contains(&term) && caller.sees(name));
        // The name that was meant comes first, `library/` or not.
        names.sort_by_key(|name| {
            let bare = name.as_str().trim_start_matches("library/");
            (bare != term, !bare.starts_with(&term))
        });
        let results = names
            .iter()
            .skip((page - 1).saturating_mul(size))
            .take(size)
            .map(|name| describe(&store, name))
            .collect::<io::Result<_>>()?;
        Ok((names.len(), results))
    })
    .await?;
    let pages = found.div_ceil(size);
    Ok(body::json(
        StatusCode::OK,
        &json!({ "num_pages": pages, "num_results": found, "page": page, "page_size": size,
            "query": query, "results": results }),
    ))
}

fn describe(store: &Store, name: &RepositoryName) -> io::Result<Value> {
    Ok(json!({
        "name": name.as_str(),
        "description": description(store, name)?.unwrap_or_default(),
        "star_count": 0,
        "is_trusted": false,
        "is_automated": false,
        "is_official": name.as_str().starts_with("library/"),
    }))
}

/// What the newest image, or any, says of itself.
fn description(store: &Store, name: &RepositoryName) -> io::Result<Option<String>> {
    let name = known(store, name.clone())?;
    let tags = store.tags(&name)?.unwrap_or_default();
    let latest = tags.iter().find(|tag: &&Tag| tag.as_str() == "latest");
    let Some(tag) = latest.or(tags.last()) else {
        return Ok(None);
    };
    let Some(manifest) = store
        .tag(&name, tag)?
        .map(|digest| store.read_blob(&digest, LARGEST as u64))
        .transpose()?
        .flatten()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
    else {
        return Ok(None);
    };
    if let Some(text) = manifest["annotations"][DESCRIPTION].as_str() {
        return Ok(Some(text.to_owned()));
    }
    let config = manifest["config"]["digest"]
        .as_str()
        .and_then(|digest| digest.parse().ok());
    let Some(config) = config else {
        return Ok(None);
    };
    // A layer named as a configuration is too large to be one.
    let Ok(Some(bytes)) = store.read_blob(&config, LARGEST as u64) else {
        return Ok(None);
    };
    let config: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let text = config["config"]["Labels"][DESCRIPTION].as_str();
    Ok(text.map(str::to_owned))
}
