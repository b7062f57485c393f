//! Which handler a request is for. Names of repositories hold slashes, so a
//! path is read from its end.

use std::sync::Arc;

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use longshore_oci::digest::Digest;
use percent_encoding::percent_decode_str;

use super::body::{self, Body};
use super::request::{Query, Upload};
use crate::State;
use crate::auth::{Actions, Caller, Guard, Scope, service};
use crate::error::{Code, Error, Result};
use crate::store::names::{RepositoryName, Tag};
use crate::{v1, v2};

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Base,
    Catalog,
    Tags(RepositoryName),
    Manifest(RepositoryName, ManifestName),
    Uploads(RepositoryName),
    Upload(RepositoryName, String),
    Blob(RepositoryName, Digest),
    Referrers(RepositoryName, Digest),
}

/// How a manifest is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ManifestName {
    Tag(Tag),
    Digest(Digest),
}

/// A request, taken apart.
pub(crate) struct Asked {
    pub(crate) state: Arc<State>,
    /// Who asks; nobody until they are admitted.
    pub(crate) caller: Caller,
    pub(crate) parts: http::request::Parts,
    pub(crate) query: Query,
    pub(crate) body: Upload,
}

/// Answers one request.
pub(crate) async fn answer(state: &Arc<State>, request: Request<Incoming>) -> Response<Body> {
    let (parts, incoming) = request.into_parts();
    let path = percent_decode_str(parts.uri.path())
        .decode_utf8_lossy()
        .into_owned();
    let asked = Asked {
        state: Arc::clone(state),
        caller: Caller::nobody(),
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        body: Upload::new(incoming, state.config.patience),
        parts,
    };
    // Whoever looks after servers asks here whether this one is there.
    if path == "/" {
        return body::empty(StatusCode::OK);
    }
    if path == "/_ping" || path.starts_with("/v1/") {
        return v1::answer(asked, &path).await;
    }
    let mut response = dispatch(asked, &path).await.unwrap_or_else(Error::response);
    let headers = response.headers_mut();
    if path.starts_with("/v2") {
        headers.insert(
            "docker-distribution-api-version",
            HeaderValue::from_static("registry/2.0"),
        );
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

async fn dispatch(mut asked: Asked, path: &str) -> Result<Response<Body>> {
    if path == "/token"
        && let Guard::Token(directory, tokens) = &Arc::clone(&asked.state).guard
    {
        return service::answer(asked, directory, tokens).await;
    }
    let Some(rest) = path.strip_prefix("/v2") else {
        return Err(not_found());
    };
    let route = parse(rest)?;
    let method = asked.parts.method.clone();
    let needs = needs(&route, &method);
    let extra = extra(&route, &asked.query);
    let tls = asked.state.tls.is_some();
    let admitted = asked.state.guard.admit(&asked.parts, tls, &needs, &extra);
    asked.caller = admitted.await?;
    if asked.state.config.read_only && !matches!(method, Method::GET | Method::HEAD) {
        return Err(Error::new(Code::Unsupported).saying("this registry is read-only"));
    }
    let reads = matches!(method, Method::GET | Method::HEAD);
    match (route, method) {
        (Route::Base, _) if reads => Ok(body::json(StatusCode::OK, &serde_json::json!({}))),
        (Route::Catalog, Method::GET) => v2::catalog::get(asked).await,
        (Route::Tags(name), Method::GET) => v2::tags::get(asked, name).await,
        (Route::Manifest(name, which), _) if reads => v2::manifests::get(asked, name, which).await,
        (Route::Manifest(name, which), Method::PUT) => v2::manifests::put(asked, name, which).await,
        (Route::Manifest(name, which), Method::DELETE) => {
            v2::manifests::delete(asked, name, which).await
        }
        (Route::Blob(name, digest), _) if reads => v2::blobs::get(asked, name, digest).await,
        (Route::Blob(name, digest), Method::DELETE) => v2::blobs::delete(asked, name, digest).await,
        (Route::Uploads(name), Method::POST) => v2::uploads::post(asked, name).await,
        (Route::Upload(name, id), _) if reads => v2::uploads::status(asked, name, id).await,
        (Route::Upload(name, id), Method::PATCH) => v2::uploads::patch(asked, name, id).await,
        (Route::Upload(name, id), Method::PUT) => v2::uploads::put(asked, name, id).await,
        (Route::Upload(name, id), Method::DELETE) => v2::uploads::delete(asked, name, id).await,
        (Route::Referrers(name, digest), Method::GET) => {
            v2::referrers::get(asked, name, digest).await
        }
        _ => Err(Code::Unsupported.into()),
    }
}

/// What a request must be allowed to do.
fn needs(route: &Route, method: &Method) -> Vec<Scope> {
    let writes = Actions::PULL.and(Actions::PUSH);
    let (name, delete) = match route {
        Route::Base => return Vec::new(),
        Route::Catalog => return vec![Scope::CATALOG],
        // Giving an upload up is a part of pushing.
        Route::Uploads(name) | Route::Upload(name, _) => (name, writes),
        Route::Tags(name)
        | Route::Manifest(name, _)
        | Route::Blob(name, _)
        | Route::Referrers(name, _) => (name, Actions::DELETE),
    };
    let actions = match *method {
        Method::GET | Method::HEAD if !matches!(route, Route::Upload(..)) => Actions::PULL,
        Method::DELETE => delete,
        _ => writes,
    };
    vec![Scope::repository(name, actions)]
}

/// What a mount would need besides; without it, the blob is uploaded.
fn extra(route: &Route, query: &Query) -> Vec<Scope> {
    match (route, query.get("from").and_then(RepositoryName::new)) {
        (Route::Uploads(_), Some(from)) => vec![Scope::repository(&from, Actions::PULL)],
        _ => Vec::new(),
    }
}

/// Reads what stands behind `/v2`.
fn parse(path: &str) -> Result<Route> {
    let path = match path {
        "" | "/" => return Ok(Route::Base),
        path => path.strip_prefix('/').ok_or_else(not_found)?,
    };
    if path == "_catalog" {
        return Ok(Route::Catalog);
    }
    if let Some(name) = path.strip_suffix("/tags/list") {
        return Ok(Route::Tags(repository(name)?));
    }
    if let Some(name) = path
        .strip_suffix("/blobs/uploads/")
        .or_else(|| path.strip_suffix("/blobs/uploads"))
    {
        return Ok(Route::Uploads(repository(name)?));
    }
    let (front, last) = path.rsplit_once('/').ok_or_else(not_found)?;
    if let Some(name) = front.strip_suffix("/blobs/uploads") {
        return Ok(Route::Upload(repository(name)?, last.to_owned()));
    }
    if let Some(name) = front.strip_suffix("/blobs") {
        return Ok(Route::Blob(repository(name)?, digest(last)?));
    }
    if let Some(name) = front.strip_suffix("/referrers") {
        return Ok(Route::Referrers(repository(name)?, digest(last)?));
    }
    if let Some(name) = front.strip_suffix("/manifests") {
        let name = repository(name)?;
        let which = if last.contains(':') {
            ManifestName::Digest(digest(last)?)
        } else {
            let tag = Tag::new(last).ok_or_else(|| {
                Error::new(Code::TagInvalid)
                    .saying("invalid tag")
                    .about(last)
            })?;
            ManifestName::Tag(tag)
        };
        return Ok(Route::Manifest(name, which));
    }
    Err(not_found())
}

fn repository(text: &str) -> Result<RepositoryName> {
    RepositoryName::new(text).ok_or_else(|| Error::new(Code::NameInvalid).about(text))
}

/// A digest that a client wrote.
pub(crate) fn digest(text: &str) -> Result<Digest> {
    text.parse().map_err(|error| {
        Error::new(Code::DigestInvalid)
            .saying(format!("{error}"))
            .about(text)
    })
}

fn not_found() -> Error {
    Error::new(Code::Unknown)
        .saying("there is nothing at this address")
        .with_status(StatusCode::NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_their_end() {
        let name = |text| RepositoryName::new(text).unwrap();
        let digest = Digest::of(b"x");
        for (path, route) in [
            ("", Route::Base),
            ("/", Route::Base),
            ("/_catalog", Route::Catalog),
            ("/a/b/tags/list", Route::Tags(name("a/b"))),
            ("/tags/list/tags/list", Route::Tags(name("tags/list"))),
            ("/a/blobs/uploads/", Route::Uploads(name("a"))),
            ("/a/blobs/uploads", Route::Uploads(name("a"))),
            (
                "/a/blobs/uploads/id",
                Route::Upload(name("a"), "id".to_owned()),
            ),
            (
                &format!("/a/blobs/{digest}"),
                Route::Blob(name("a"), digest.clone()),
            ),
            (
                &format!("/a/referrers/{digest}"),
                Route::Referrers(name("a"), digest.clone()),
            ),
            (
                "/a/manifests/v1",
                Route::Manifest(name("a"), ManifestName::Tag(Tag::new("v1").unwrap())),
            ),
            (
                &format!("/a/manifests/{digest}"),
                Route::Manifest(name("a"), ManifestName::Digest(digest.clone())),
            ),
        ] {
            assert_eq!(parse(path).unwrap(), route, "{path}");
        }
    }

    #[test]
    fn what_names_nothing_says_so() {
        for (path, status) in [
            ("x", 404),
            ("/", 200),
            ("/a", 404),
            ("/a/b/c", 404),
            ("/A/tags/list", 400),
            ("/../x/tags/list", 400),
            ("/a/../../etc/blobs/sha256:00", 400),
            ("/a/blobs/sha512:00", 400),
            ("/a/manifests/..", 400),
            ("/a/manifests/sha256:zz", 400),
        ] {
            let got = parse(path).map_or_else(|error| error.status().as_u16(), |_| 200);
            assert_eq!(got, status, "{path}");
        }
    }
}
