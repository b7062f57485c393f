//! The Hub's index: which images a repository has, and tokens for the registry.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use http::{Response, StatusCode};

use super::error::{Refusal, Result};
use super::tags::no_repository;
use super::{door, known, text};
use crate::error::Code;
use crate::server::body::{self, Body};
use crate::server::request::blocking;
use crate::server::router::Asked;
use crate::store::Store;
use crate::store::images::Listed;
use crate::store::names::RepositoryName;

/// The longest list.
const LONGEST: usize = 1024 * 1024;

/// Says that a repository with these images will be pushed.
pub(super) async fn create(asked: Asked, name: RepositoryName) -> Result<Response<Body>> {
    list_in(asked, name, text(StatusCode::OK, "")).await
}

/// Says that they were pushed.
pub(super) async fn put_images(asked: Asked, name: RepositoryName) -> Result<Response<Body>> {
    list_in(asked, name, body::empty(StatusCode::NO_CONTENT)).await
}

async fn list_in(
    mut asked: Asked,
    name: RepositoryName,
    mut response: Response<Body>,
) -> Result<Response<Body>> {
    let entered = door::enter(&asked, Some(&name)).await?;
    door::hand_out(&asked, &entered.caller, &name, &mut response)?;
    let mut body = Vec::new();
    while let Some(bytes) = asked.body.next().await? {
        if body.len() + bytes.len() > LONGEST {
            return Err(crate::error::Error::new(Code::Unsupported)
                .saying("the list is too long")
                .with_status(StatusCode::PAYLOAD_TOO_LARGE)
                .into());
        }
        body.extend_from_slice(&bytes);
    }
    let images: Vec<Listed> = serde_json::from_slice(&body)
        .map_err(|error| Refusal::bad(format!("Invalid list of images: {error}")))?;
    let store = Arc::clone(&asked.state.store);
    blocking(move || {
        // What was listed before is known still; newer checksums count.
        let mut all = images.clone();
        let news: BTreeSet<_> = images.into_iter().map(|image| image.id).collect();
        let before = store.listed(&name)?.unwrap_or_default();
        all.extend(before.into_iter().filter(|image| !news.contains(&image.id)));
        all.truncate(LONGEST / 64);
        store.set_listed(&name, &all)
    })
    .await?;
    Ok(entered.remember(response))
}

/// The images of a repository.
pub(super) async fn images(asked: Asked, name: RepositoryName) -> Result<Response<Body>> {
    let entered = door::enter(&asked, Some(&name)).await?;
    let store = Arc::clone(&asked.state.store);
    let wanted = name.clone();
    let found = blocking(move || find(&store, wanted)).await?;
    let found = found.ok_or_else(no_repository)?;
    let mut response = body::json(StatusCode::OK, &found);
    door::hand_out(&asked, &entered.caller, &name, &mut response)?;
    Ok(entered.remember(response))
}

/// What the tags lead to, or, before there is one, what was announced.
fn find(store: &Store, name: RepositoryName) -> io::Result<Option<Vec<Listed>>> {
    let name = known(store, name)?;
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for tag in store.tags(&name)?.unwrap_or_default() {
        let Some(id) = store.image_of(&name, &tag)? else {
            continue;
        };
        for (id, record) in store.ancestry(&id)?.unwrap_or_default() {
            if seen.insert(id.clone()) {
                let payload = record.layer.and_then(|layer| layer.payload);
                found.push(Listed {
                    id,
                    checksum: payload.map(|digest| digest.to_string()),
                    tag: None,
                });
            }
        }
    }
    match found.is_empty() {
        true => store.listed(&name),
        false => Ok(Some(found)),
    }
}

/// Takes a repository away, with all its tags and manifests.
pub(super) async fn delete(asked: Asked, name: RepositoryName) -> Result<Response<Body>> {
    let entered = door::enter(&asked, Some(&name)).await?;
    let store = Arc::clone(&asked.state.store);
    let wanted = name.clone();
    let deleted = blocking(move || -> io::Result<bool> {
        let name = known(&store, wanted)?;
        let listed = store.forget_listed(&name)?;
        Ok(store.delete_repository(&name)? || listed)
    })
    .await?;
    if !deleted {
        return Err(no_repository());
    }
    let mut response = text(StatusCode::ACCEPTED, "");
    door::hand_out(&asked, &entered.caller, &name, &mut response)?;
    Ok(entered.remember(response))
}

/// Uses a token up: whoever asks learns that it was good.
pub(super) async fn auth(asked: Asked, name: RepositoryName) -> Result<Response<Body>> {
    let entered = door::enter(&asked, Some(&name)).await?;
    Ok(entered.remember(text(StatusCode::OK, "OK")))
}
