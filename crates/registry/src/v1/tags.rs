//! `/v1/repositories/<name>/tags`: what tags lead to, and images that become
//! manifests.

use std::sync::Arc;

use http::{Response, StatusCode};
use serde_json::{Map, Value};

use super::compose::compose;
use super::error::{Refusal, Result};
use super::images::may_see;
use super::{door, known, text};
use crate::auth::Caller;
use crate::error::{Code, Error};
use crate::server::body::{self, Body};
use crate::server::request::blocking;
use crate::server::router::Asked;
use crate::store::Store;
use crate::store::images::ImageId;
use crate::store::names::{RepositoryName, Tag};
use crate::store::repositories::NewManifest;
use crate::v2::manifests;

/// The longest body: an id between quotes.
const LONGEST: usize = 1024;

/// All tags, each with the id of its image.
pub(super) async fn list(asked: Asked, name: RepositoryName) -> Result<Response<Body>> {
    let entered = door::enter(&asked, Some(&name)).await?;
    let store = Arc::clone(&asked.state.store);
    let tags = blocking(move || -> std::io::Result<_> {
        let name = known(&store, name)?;
        let Some(tags) = store.tags(&name)? else {
            return Ok(None);
        };
        let mut list = Map::new();
        for tag in tags {
            if let Some(id) = store.image_of(&name, &tag)? {
                list.insert(tag.to_string(), id.as_str().into());
            }
        }
        Ok(Some(list))
    })
    .await?;
    let tags = tags.ok_or_else(no_repository)?;
    Ok(entered.remember(body::json(StatusCode::OK, &Value::Object(tags))))
}

/// The id of one tag's image.
pub(super) async fn get(asked: Asked, name: RepositoryName, tag: Tag) -> Result<Response<Body>> {
    let entered = door::enter(&asked, Some(&name)).await?;
    let store = Arc::clone(&asked.state.store);
    let id = blocking(move || store.image_of(&known(&store, name)?, &tag)).await?;
    let id = id.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "Tag not found"))?;
    Ok(entered.remember(text(StatusCode::OK, id.as_str())))
}

/// Makes a tag lead to an image: all that it consists of becomes a manifest.
pub(super) async fn put(asked: Asked, name: RepositoryName, tag: Tag) -> Result<Response<Body>> {
    let entered = door::enter(&asked, Some(&name)).await?;
    let Asked { state, body, .. } = asked;
    let body = body.whole(LONGEST, Code::Unsupported).await?;
    let id = serde_json::from_slice::<String>(&body)
        .ok()
        .and_then(|id| ImageId::new(&id))
        .ok_or_else(|| Refusal::bad("Invalid data"))?;
    let store = Arc::clone(&state.store);
    let caller = entered.caller.clone();
    blocking(move || Ok::<_, Error>(make(&store, &name, &tag, &id, &caller))).await??;
    Ok(entered.remember(text(StatusCode::OK, "")))
}

fn make(
    store: &Store,
    name: &RepositoryName,
    tag: &Tag,
    id: &ImageId,
    caller: &Caller,
) -> Result<()> {
    let mut chain = store
        .ancestry(id)?
        .filter(|chain| chain.iter().all(|(_, record)| may_see(record, caller)))
        .ok_or_else(Refusal::image)?;
    let image = compose(&chain)?;
    store.link_all(name, &image.config, &image.layers)?;
    let (media_type, checked) = manifests::check("", &image.manifest)?;
    let new = NewManifest {
        bytes: &image.manifest,
        media_type: &media_type,
        subject: None,
        tag: Some(tag),
    };
    store.put_manifest(name, &new, || manifests::complete(store, name, &checked))?;
    for (id, record) in &mut chain {
        store.add_image_to(id, record, name)?;
    }
    Ok(())
}

/// Takes one tag away, or all.
pub(super) async fn delete(
    asked: Asked,
    name: RepositoryName,
    tag: Option<Tag>,
) -> Result<Response<Body>> {
    let entered = door::enter(&asked, Some(&name)).await?;
    let store = Arc::clone(&asked.state.store);
    let deleted = blocking(move || -> std::io::Result<bool> {
        let name = known(&store, name)?;
        let tags = match tag {
            Some(tag) => vec![tag],
            None => match store.tags(&name)? {
                Some(tags) => tags,
                None => return Ok(false),
            },
        };
        let mut all = true;
        for tag in &tags {
            all &= store.delete_tag(&name, tag)?;
        }
        Ok(all)
    })
    .await?;
    match deleted {
        true => Ok(entered.remember(text(StatusCode::OK, ""))),
        false => Err(Refusal::new(StatusCode::NOT_FOUND, "Tag not found")),
    }
}

pub(super) fn no_repository() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "Repository not found")
}
