//! Who may do what in version 1: HTTP Basic, tokens of the index that are good
//! once, and the sessions that they open.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Response};

use super::error::{Refusal, Result};
use crate::auth::{self, Actions, Caller, Scope};
use crate::server::body::Body;
use crate::server::request;
use crate::server::router::Asked;
use crate::store::names::RepositoryName;
use crate::store::unique;

/// How long a token waits for its one use, and a session for its next request.
const TOKEN: Duration = Duration::from_secs(10 * 60);
const SESSION: Duration = Duration::from_secs(60 * 60);

/// The most tokens and sessions at once.
const MOST: usize = 10_000;

/// The word of a token for what it allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    Delete,
}

/// The tokens and sessions that are good.
#[derive(Default)]
pub(super) struct Door(Mutex<HashMap<String, Pass>>);

#[derive(Clone)]
struct Pass {
    kind: Kind,
    caller: Caller,
    repository: RepositoryName,
    access: Access,
    until: Instant,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Token,
    Session,
}

/// A request that was let in.
pub(super) struct Entered {
    pub(super) caller: Caller,
    /// The session that it opened.
    session: Option<String>,
}

impl Access {
    fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD => Self::Read,
            Method::DELETE => Self::Delete,
            _ => Self::Write,
        }
    }

    pub(super) fn actions(self) -> Actions {
        match self {
            Self::Read => Actions::PULL,
            Self::Write => Actions::PULL.and(Actions::PUSH),
            Self::Delete => Actions::DELETE,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
        }
    }

    /// A token to write is also good for what a push reads.
    fn covers(self, wanted: Self) -> bool {
        self == wanted || self == Self::Write && wanted == Self::Read
    }
}

impl Door {
    fn passes(&self) -> MutexGuard<'_, HashMap<String, Pass>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn issue(&self, pass: Pass) -> Result<String> {
        let mut passes = self.passes();
        passes.retain(|_, pass| pass.until > Instant::now());
        if passes.len() >= MOST {
            return Err(Refusal::new(
                http::StatusCode::SERVICE_UNAVAILABLE,
                "too many tokens at once",
            ));
        }
        let secret = unique()?.replace('-', "");
        passes.insert(secret.clone(), pass);
        Ok(secret)
    }

    /// Takes a token, which is then used up.
    fn take(&self, headers: &HeaderMap) -> Option<Result<Pass>> {
        let value = request::header(headers, header::AUTHORIZATION);
        let (kind, fields) = value.split_once(' ')?;
        if !kind.eq_ignore_ascii_case("token") {
            return None;
        }
        let field = |name: &str| {
            fields
                .split(',')
                .filter_map(|field| field.trim().split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.trim_matches('"'))
        };
        let pass = field("signature")
            .and_then(|signature| self.passes().remove(signature))
            .filter(|pass| {
                pass.kind == Kind::Token
                    && pass.until > Instant::now()
                    && field("repository") == Some(pass.repository.as_str())
                    && field("access") == Some(pass.access.word())
            });
        Some(pass.ok_or_else(|| Refusal::who("Token")))
    }

    fn session(&self, headers: &HeaderMap) -> Option<Pass> {
        let cookies = request::header(headers, header::COOKIE);
        let id = cookies
            .split(';')
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, _)| *name == "session")
            .map(|(_, id)| id)?;
        let mut passes = self.passes();
        let pass = passes.get_mut(id)?;
        if pass.kind != Kind::Session || pass.until <= Instant::now() {
            return None;
        }
        pass.until = Instant::now() + SESSION;
        Some(pass.clone())
    }
}

/// Lets a request for `repository`, or for an image of any, in.
pub(super) async fn enter(asked: &Asked, repository: Option<&RepositoryName>) -> Result<Entered> {
    let wanted = Access::of(&asked.parts.method);
    let headers = &asked.parts.headers;
    let door = &asked.state.v1.door;
    let pass = match door.take(headers) {
        Some(pass) => Some((pass?, true)),
        None => door.session(headers).map(|pass| (pass, false)),
    };
    if let Some((pass, fresh)) = pass {
        let fits = repository.is_none_or(|name| same(name, &pass.repository))
            && pass.access.covers(wanted);
        if !fits {
            return Err(Refusal::who("Token"));
        }
        let caller = pass.caller.clone();
        let session = match fresh {
            true => Some(door.issue(Pass {
                kind: Kind::Session,
                until: Instant::now() + SESSION,
                ..pass
            })?),
            false => None,
        };
        return Ok(Entered { caller, session });
    }
    let caller = login(asked).await?;
    let may = match repository {
        Some(name) => caller.may(&Scope::repository(name, wanted.actions())),
        None => wanted == Access::Read || caller.pushes(),
    };
    if !may {
        return Err(match caller.name() {
            Some(_) => Refusal::new(http::StatusCode::FORBIDDEN, "Access denied"),
            None => Refusal::who("Basic realm=\"Longshore Registry\""),
        });
    }
    Ok(Entered {
        caller,
        session: None,
    })
}

/// Who sent the request, by a token of version 2 or by name and password, if
/// any are given.
pub(super) async fn login(asked: &Asked) -> Result<Caller> {
    let guard = &asked.state.guard;
    if let Some(caller) = guard.bearer(&asked.parts.headers) {
        return caller.ok_or_else(|| Refusal::who("Bearer error=\"invalid_token\""));
    }
    match auth::basic(&asked.parts.headers) {
        Some((name, password)) => guard
            .login(&name, &password)
            .await?
            .ok_or_else(|| Refusal::who("Basic realm=\"Longshore Registry\"")),
        None => Ok(guard.anonymous()),
    }
}

/// Gives the client of the index what it asks for: a token for the registry,
/// and where that is.
pub(super) fn hand_out(
    asked: &Asked,
    caller: &Caller,
    repository: &RepositoryName,
    response: &mut Response<Body>,
) -> Result<()> {
    if !request::header(&asked.parts.headers, "x-docker-token").eq_ignore_ascii_case("true") {
        return Ok(());
    }
    let access = Access::of(&asked.parts.method);
    let signature = asked.state.v1.door.issue(Pass {
        kind: Kind::Token,
        caller: caller.clone(),
        repository: repository.clone(),
        access,
        until: Instant::now() + TOKEN,
    })?;
    let word = access.word();
    let token = format!("signature={signature},repository=\"{repository}\",access={word}");
    let host = request::header(&asked.parts.headers, header::HOST).to_owned();
    let headers = response.headers_mut();
    for (name, value) in [
        ("www-authenticate", format!("Token {token}")),
        ("x-docker-token", token),
        ("x-docker-endpoints", host),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    Ok(())
}

impl Entered {
    /// Gives the client its session.
    pub(super) fn remember(self, mut response: Response<Body>) -> Response<Body> {
        let cookie = self
            .session
            .map(|id| format!("session={id}; Path=/; HttpOnly"));
        if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }
}

fn same(one: &RepositoryName, other: &RepositoryName) -> bool {
    fn bare(name: &RepositoryName) -> &str {
        let name = name.as_str();
        name.strip_prefix("library/").unwrap_or(name)
    }
    bare(one) == bare(other)
}
