//! Proving who one is: Basic, and tokens of a token server.
//!
//! What is known of a user goes to the registry that asked and to the token
//! server that it names, nowhere else; and never in the clear where the
//! registry itself is spoken to over TLS.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Uri};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::challenge::Challenge;
use crate::error::{Error, Result};
use crate::exchange::{Ask, Exchange};
use crate::url;

/// A token server's answer is a few KiB at most.
const LARGEST_ANSWER: u64 = 1 << 20;
/// The client's name for token servers; the one that they know.
const CLIENT: &str = "docker";
/// Tokens live at least as long, whatever is said, as dockerd assumes.
const SHORTEST_LIFE: Duration = Duration::from_secs(60);

/// Who somebody is to a registry; all empty is nobody. `Debug` shows no
/// secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Account.
    pub username: String,
    /// Its password.
    pub password: String,
    /// A token server's refresh token, used in place of the two.
    pub identity_token: String,
    /// A token for the registry, sent as it is.
    pub registry_token: String,
}

/// What one may do in a repository, in a token server's words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scope(pub(crate) String);

impl Scope {
    pub(crate) fn pull(repository: &str) -> Self {
        Self(format!("repository:{repository}:pull"))
    }

    pub(crate) fn push(repository: &str) -> Self {
        Self(format!("repository:{repository}:pull,push"))
    }
}

/// Authorizes the requests to one registry.
pub(crate) struct Authorizer {
    exchange: Exchange,
    credentials: Credentials,
    /// The registry that may see them.
    registry: Uri,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    challenges: Vec<Challenge>,
    tokens: BTreeMap<Vec<Scope>, Token>,
    /// What a token server gave for later.
    identity_token: String,
}

#[derive(Clone)]
struct Token {
    value: String,
    good_until: Instant,
}

impl Authorizer {
    pub(crate) fn new(exchange: Exchange, credentials: Credentials, registry: Uri) -> Self {
        let known = Known {
            identity_token: credentials.identity_token.clone(),
            ..Known::default()
        };
        Self {
            exchange,
            credentials,
            registry,
            known: Mutex::new(known),
        }
    }

    /// Takes note of what the registry wants to see.
    pub(crate) async fn challenged(&self, headers: &HeaderMap) {
        let challenges = Challenge::of(headers);
        if !challenges.is_empty() {
            self.known.lock().await.challenges = challenges;
        }
    }

    /// Forgets tokens that the registry did not take.
    pub(crate) async fn refused(&self, scopes: &[Scope]) {
        self.known.lock().await.tokens.remove(scopes);
    }

    /// The refresh token that a token server gave, or the one given.
    pub(crate) async fn identity_token(&self) -> String {
        self.known.lock().await.identity_token.clone()
    }

    /// The header that a request for these scopes needs, if any. `offline` asks
    /// the token server for a refresh token, too.
    pub(crate) async fn header(
        &self,
        scopes: &[Scope],
        offline: bool,
    ) -> Result<Option<HeaderValue>> {
        if !self.credentials.registry_token.is_empty() {
            return secret(&format!("Bearer {}", self.credentials.registry_token)).map(Some);
        }
        // Held over the question, so that many requests ask for a token once.
        let mut known = self.known.lock().await;
        let challenge = |scheme| known.challenges.iter().find(|it| it.scheme == scheme);
        if let Some(challenge) = challenge("bearer").cloned() {
            if let Some(token) = known.tokens.get(scopes)
                && token.good_until > Instant::now()
            {
                return secret(&format!("Bearer {}", token.value)).map(Some);
            }
            let token = self
                .token(&challenge, scopes, offline, &mut known.identity_token)
                .await?;
            let header = secret(&format!("Bearer {}", token.value))?;
            known.tokens.insert(scopes.to_vec(), token);
            return Ok(Some(header));
        }
        if challenge("basic").is_some() {
            let Credentials {
                username, password, ..
            } = &self.credentials;
            if username.is_empty() && password.is_empty() {
                return Err(Error::NoCredentials);
            }
            return basic(username, password).map(Some);
        }
        Ok(None)
    }

    async fn token(
        &self,
        challenge: &Challenge,
        scopes: &[Scope],
        offline: bool,
        identity_token: &mut String,
    ) -> Result<Token> {
        let realm = self.realm(challenge)?;
        let service = challenge.parameter("service");
        let mut scopes: Vec<&str> = scopes.iter().map(|scope| scope.0.as_str()).collect();
        let asked = challenge.parameter("scope");
        if scopes.is_empty() && !asked.is_empty() {
            scopes.push(asked);
        }
        let ask = match identity_token.is_empty() {
            true => self.by_get(realm, service, &scopes, offline)?,
            false => by_post(realm, service, &scopes, identity_token),
        };
        let (method, address) = (ask.method.clone(), ask.url.clone());
        let begun = Instant::now();
        let answer = self.exchange.send(ask).await?.successful().await?;
        let body = answer
            .body
            .collect_at_most("a token server's answer", LARGEST_ANSWER)
            .await
            .map_err(|error| error.of(&method, &address))?;
        let given: Given = serde_json::from_slice(&body).map_err(|error| {
            Error::Malformed(format!("unable to decode token response: {error}"))
        })?;
        if !given.refresh_token.is_empty() {
            *identity_token = given.refresh_token;
        }
        let value = if given.access_token.is_empty() {
            given.token
        } else {
            given.access_token
        };
        if value.is_empty() {
            return Err(Error::NoToken);
        }
        let life = Duration::from_secs(given.expires_in.unwrap_or(60).clamp(0, 86_400) as u64);
        Ok(Token {
            value,
            good_until: begun + life.max(SHORTEST_LIFE) - Duration::from_secs(5),
        })
    }

    /// The token server's address, if it is one that may be asked.
    fn realm(&self, challenge: &Challenge) -> Result<Uri> {
        let realm = challenge.parameter("realm");
        let address = url::join(&self.registry, realm)
            .ok()
            .filter(|_| !realm.is_empty())
            .ok_or_else(|| {
                Error::Malformed(format!("invalid token auth challenge realm: {realm}"))
            })?;
        if url::login(&address).is_some() {
            return Err(Error::Malformed(
                "the token server's address has a name and a password".to_owned(),
            ));
        }
        if self.registry.scheme_str() == Some("https")
            && address.scheme_str() != Some("https")
            && self.credentials != Credentials::default()
        {
            return Err(Error::Malformed(format!(
                "credentials are not sent in the clear to {}",
                url::shown(&address)
            )));
        }
        Ok(address)
    }

    fn by_get(&self, realm: Uri, service: &str, scopes: &[&str], offline: bool) -> Result<Ask> {
        let Credentials {
            username, password, ..
        } = &self.credentials;
        let mut address = realm;
        let mut add = |key, value: &str| -> Result<()> {
            address = url::with_parameter(&address, key, value)?;
            Ok(())
        };
        if !username.is_empty() {
            add("account", username)?;
        }
        if offline {
            add("client_id", CLIENT)?;
            add("offline_token", "true")?;
        }
        for scope in scopes {
            add("scope", scope)?;
        }
        if !service.is_empty() {
            add("service", service)?;
        }
        let mut ask = Ask::get(address);
        if !username.is_empty() && !password.is_empty() {
            ask.headers
                .insert(AUTHORIZATION, basic(username, password)?);
        }
        Ok(ask)
    }
}

fn by_post(realm: Uri, service: &str, scopes: &[&str], refresh_token: &str) -> Ask {
    let mut form = String::new();
    for (key, value) in [
        ("client_id", CLIENT),
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        ("scope", &scopes.join(" ")),
        ("service", service),
    ] {
        if !form.is_empty() {
            form.push('&');
        }
        form.push_str(&format!("{key}={}", url::escape(value)));
    }
    let mut ask = Ask::new(Method::POST, realm);
    ask.body = Bytes::from(form);
    ask.headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    ask
}

/// What a token server answers.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Given {
    token: String,
    access_token: String,
    refresh_token: String,
    expires_in: Option<i64>,
}

/// Name and password as RFC 7617 wants them.
pub(crate) fn basic(username: &str, password: &str) -> Result<HeaderValue> {
    let encoded = STANDARD.encode(format!("{username}:{password}"));
    secret(&format!("Basic {encoded}"))
}

fn secret(text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::Malformed("a token that cannot be sent".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
