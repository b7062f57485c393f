//! Who asks, and what they may do.
//!
//! A request is turned into the [`Scope`]s it needs; the [`Guard`] says who the
//! caller is, and the caller whether that is enough. What is missing comes back
//! as a challenge that tells the client where to get it.

pub(crate) mod accounts;
mod jwt;
pub(crate) mod service;

use std::io;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use crate::config::{Access, Config};
use crate::error::{Code, Error, Result};
use crate::server::request;
use crate::store::names::RepositoryName;

use accounts::Directory;
use service::Tokens;

/// The realm of HTTP Basic, which clients show to people.
const REALM: &str = "Longshore Registry";

/// A set of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Actions(u8);

/// What an action is done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    Repository(RepositoryName),
    Catalog,
}

/// Actions on something: asked for, needed or granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) resource: Resource,
    pub(crate) actions: Actions,
}

/// How callers are told from each other.
pub(crate) enum Guard {
    Open,
    Basic(Arc<Directory>),
    Token(Arc<Directory>, Box<Tokens>),
}

/// Whoever sent a request.
#[derive(Clone)]
pub(crate) struct Caller {
    rights: Rights,
}

#[derive(Clone)]
enum Rights {
    Nothing,
    Everything,
    /// What this account, or nobody, may do.
    Account(Arc<Directory>, Option<String>),
    /// What a token says, for the account that it says.
    Token(Arc<Directory>, Option<String>, Vec<Scope>),
}

impl Actions {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const PULL: Self = Self(1);
    pub(crate) const PUSH: Self = Self(2);
    pub(crate) const DELETE: Self = Self(4);
    pub(crate) const ALL: Self = Self(7);

    const NAMES: [(Self, &'static str); 3] = [
        (Self::PULL, "pull"),
        (Self::PUSH, "push"),
        (Self::DELETE, "delete"),
    ];

    /// Reads names; `*` is all, what is unknown is nothing.
    pub(crate) fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().fold(Self::NONE, |all, name| match name {
            "*" => Self::ALL,
            name => Self::NAMES
                .iter()
                .find(|(_, known)| *known == name)
                .map_or(all, |(action, _)| all.and(*action)),
        })
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn has(self, all: Self) -> bool {
        self.0 & all.0 == all.0
    }

    pub(crate) fn names(self) -> Vec<&'static str> {
        Self::NAMES
            .iter()
            .filter(|(action, _)| self.has(*action))
            .map(|(_, name)| *name)
            .collect()
    }
}

impl Scope {
    pub(crate) fn repository(name: &RepositoryName, actions: Actions) -> Self {
        Self {
            resource: Resource::Repository(name.clone()),
            actions,
        }
    }

    pub(crate) const CATALOG: Self = Self {
        resource: Resource::Catalog,
        actions: Actions::ALL,
    };

    /// Reads `repository:name:actions` or `registry:catalog:*`. Names may hold
    /// a host with a port, and with it a colon.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        // Some clients write the kind with a class: `repository(plugin)`.
        let kind = kind.split_once('(').map_or(kind, |(kind, _)| kind);
        match kind {
            "repository" => Some(Self {
                resource: Resource::Repository(RepositoryName::new(name)?),
                actions: Actions::named(actions.split(',')),
            }),
            "registry" if name == "catalog" => Some(Self::CATALOG),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match &self.resource {
            Resource::Catalog => "registry:catalog:*".to_owned(),
            Resource::Repository(name) => {
                format!("repository:{name}:{}", self.actions.names().join(","))
            }
        }
    }
}

impl Guard {
    /// Reads accounts and keys.
    pub(crate) fn new(config: &Config) -> io::Result<Self> {
        Ok(match &config.access {
            Access::Open => Self::Open,
            Access::Basic(accounts) => Self::Basic(Arc::new(Directory::open(accounts)?)),
            Access::Token(accounts, service) => {
                let tokens = Tokens::open(service.clone(), &config.data)?;
                Self::Token(Arc::new(Directory::open(accounts)?), Box::new(tokens))
            }
        })
    }

    /// The accounts, if there are any.
    pub(crate) fn directory(&self) -> Option<&Arc<Directory>> {
        match self {
            Self::Open => None,
            Self::Basic(directory) | Self::Token(directory, _) => Some(directory),
        }
    }

    /// Whoever gives no name.
    pub(crate) fn anonymous(&self) -> Caller {
        match self.directory() {
            None => Caller::everything(),
            Some(directory) => Caller::account(directory, None),
        }
    }

    /// The caller by that name and password; in an open registry they are not
    /// asked for.
    pub(crate) async fn login(&self, name: &str, password: &str) -> Result<Option<Caller>> {
        let Some(directory) = self.directory() else {
            return Ok(Some(Caller::everything()));
        };
        let fits = directory.login(name, password).await?;
        Ok(fits.then(|| Caller::account(directory, Some(name.to_owned()))))
    }

    /// The caller that a token names, `Some(None)` if it is not good, `None` if
    /// there is none.
    pub(crate) fn bearer(&self, headers: &HeaderMap) -> Option<Option<Caller>> {
        let Self::Token(directory, tokens) = self else {
            return None;
        };
        let value = request::header(headers, header::AUTHORIZATION);
        let (kind, token) = value.split_once(' ')?;
        if !kind.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let read = tokens.read(token.trim());
        Some(read.map(|(name, scopes)| Caller {
            rights: Rights::Token(Arc::clone(directory), name, scopes),
        }))
    }

    /// Says who sent the request, if they may do what it `needs`. `extra` is
    /// what would be good to have and is asked for on the occasion.
    pub(crate) async fn admit(
        &self,
        parts: &Parts,
        tls: bool,
        needs: &[Scope],
        extra: &[Scope],
    ) -> Result<Caller> {
        let challenge = |error: Option<&str>| match self {
            Self::Open => Error::new(Code::Unauthorized),
            Self::Basic(_) => basic_challenge(),
            Self::Token(_, tokens) => {
                let scopes: Vec<String> = needs.iter().chain(extra).map(Scope::text).collect();
                let realm = tokens.realm(&parts.headers, tls);
                bearer_challenge(&realm, &tokens.service().service, &scopes.join(" "), error)
            }
        };
        let caller = match self {
            Self::Open => return Ok(Caller::everything()),
            Self::Basic(directory) => match basic(&parts.headers) {
                Some((name, password)) => self
                    .login(&name, &password)
                    .await?
                    .ok_or_else(|| challenge(None))?,
                // Without a name one may do what needs none, and a request that
                // is for nothing in particular asks for a name.
                None if needs.is_empty() => return Err(challenge(None)),
                None => Caller::account(directory, None),
            },
            Self::Token(..) => match self.bearer(&parts.headers) {
                Some(caller) => caller.ok_or_else(|| challenge(Some("invalid_token")))?,
                None => return Err(challenge(None)),
            },
        };
        match needs.iter().all(|need| caller.may(need)) {
            true => Ok(caller),
            false if caller.is_account() => Err(Code::Denied.into()),
            false => Err(challenge(caller.is_token().then_some("insufficient_scope"))),
        }
    }
}

impl Caller {
    /// Somebody who may do nothing.
    pub(crate) fn nobody() -> Self {
        Self {
            rights: Rights::Nothing,
        }
    }

    fn everything() -> Self {
        Self {
            rights: Rights::Everything,
        }
    }

    fn account(directory: &Arc<Directory>, name: Option<String>) -> Self {
        Self {
            rights: Rights::Account(Arc::clone(directory), name),
        }
    }

    /// Whether all of `scope` is allowed.
    pub(crate) fn may(&self, scope: &Scope) -> bool {
        let allowed = match &self.rights {
            Rights::Nothing => Actions::NONE,
            Rights::Everything => Actions::ALL,
            Rights::Account(directory, name) => directory.allowed(name.as_deref(), &scope.resource),
            Rights::Token(_, _, granted) => granted
                .iter()
                .filter(|granted| granted.resource == scope.resource)
                .fold(Actions::NONE, |all, granted| all.and(granted.actions)),
        };
        allowed.has(scope.actions)
    }

    /// Whether the account may pull from there, whatever its token is for.
    pub(crate) fn sees(&self, name: &RepositoryName) -> bool {
        match &self.rights {
            Rights::Nothing => false,
            Rights::Everything => true,
            Rights::Account(directory, account) | Rights::Token(directory, account, _) => directory
                .allowed(account.as_deref(), &Resource::Repository(name.clone()))
                .has(Actions::PULL),
        }
    }

    /// Whether the account may pull from everywhere.
    pub(crate) fn sees_everything(&self) -> bool {
        match &self.rights {
            Rights::Nothing => false,
            Rights::Everything => true,
            Rights::Account(directory, account) | Rights::Token(directory, account, _) => {
                directory.sees_everything(account.as_deref())
            }
        }
    }

    /// Whether there is a repository that the account may push to.
    pub(crate) fn pushes(&self) -> bool {
        match &self.rights {
            Rights::Everything => true,
            Rights::Account(directory, Some(name)) => directory.pushes(name),
            _ => false,
        }
    }

    /// The account's name.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.rights {
            Rights::Nothing | Rights::Everything => None,
            Rights::Account(_, name) | Rights::Token(_, name, _) => name.as_deref(),
        }
    }

    fn is_account(&self) -> bool {
        matches!(self.rights, Rights::Account(_, Some(_)))
    }

    fn is_token(&self) -> bool {
        matches!(self.rights, Rights::Token(..))
    }
}

/// Name and password of HTTP Basic.
pub(crate) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = request::header(headers, header::AUTHORIZATION);
    let (kind, coded) = value.split_once(' ')?;
    if !kind.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(coded.trim()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// Asks for name and password.
pub(crate) fn basic_challenge() -> Error {
    challenged(format!("Basic realm=\"{REALM}\""))
}

fn bearer_challenge(realm: &str, service: &str, scopes: &str, error: Option<&str>) -> Error {
    let mut text = format!("Bearer realm=\"{realm}\",service=\"{service}\"");
    if !scopes.is_empty() {
        text.push_str(&format!(",scope=\"{scopes}\""));
    }
    if let Some(error) = error {
        text.push_str(&format!(",error=\"{error}\""));
    }
    challenged(text)
}

fn challenged(text: String) -> Error {
    let error = Error::new(Code::Unauthorized);
    match HeaderValue::from_str(&text) {
        Ok(value) => error.with_header(header::WWW_AUTHENTICATE, value),
        Err(_) => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_written() {
        let scope = Scope::parse("repository:a/b:push,pull,fly").unwrap();
        assert_eq!(scope.text(), "repository:a/b:pull,push");
        let scope = Scope::parse("repository(plugin):a:*").unwrap();
        assert_eq!(scope.actions, Actions::ALL);
        assert_eq!(Scope::parse("registry:catalog:*"), Some(Scope::CATALOG));
        for text in [
            "",
            "repository",
            "repository:a",
            "registry:x:*",
            "repository:../x:pull",
        ] {
            assert_eq!(Scope::parse(text), None, "{text}");
        }
    }
}
