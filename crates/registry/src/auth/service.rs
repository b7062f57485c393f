//! The token service: credentials in, tokens for scopes out.
//!
//! `GET /token` with HTTP Basic, or `POST /token` with a form (`grant_type`
//! `password` or `refresh_token`), as `docker login`, push and pull do it. A
//! token has what is both asked for and allowed; that may be nothing, and the
//! registry then says what is missing.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use http::{HeaderMap, Method, Response, StatusCode, header};
use jiff::Timestamp;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::accounts::{Directory, write_private};
use super::jwt::Key;
use super::{Actions, Resource, Scope, basic, basic_challenge};
use crate::config::TokenService;
use crate::error::{Code, Error, Result};
use crate::server::body::{self, Body};
use crate::server::request::{Query, blocking, header};
use crate::server::router::Asked;
use crate::store::unique;

/// How long a refresh token is good: until its account's password changes, but
/// not for ever.
const REFRESH_LIFETIME: i64 = 365 * 24 * 60 * 60;

/// How far the clocks of two machines may be apart, in seconds.
const CLOCKS: i64 = 30;

/// The largest form.
const LARGEST_FORM: usize = 64 * 1024;

/// The most scopes of one token.
const MOST_SCOPES: usize = 64;

/// Makes and reads this registry's tokens.
pub(crate) struct Tokens {
    service: TokenService,
    key: Key,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    nbf: i64,
    iat: i64,
    jti: String,
    #[serde(rename = "use")]
    purpose: Purpose,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    access: Vec<Granted>,
    /// In a refresh token: a mark of the account's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<String>,
}

#[derive(Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Purpose {
    Access,
    Refresh,
}

#[derive(Serialize, Deserialize)]
struct Granted {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    actions: Vec<String>,
}

impl Tokens {
    /// Takes the key in `data`, made at the first start.
    pub(crate) fn open(service: TokenService, data: &Path) -> io::Result<Self> {
        fs::create_dir_all(data)?;
        let path = data.join("token.key");
        let secret = match fs::read(&path) {
            Ok(secret) if secret.len() >= 32 => secret,
            Ok(_) => return Err(io::Error::other("token.key is too short to be a key")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut secret = vec![0; 32];
                SystemRandom::new()
                    .fill(&mut secret)
                    .map_err(|_| io::Error::other("the system gives no random numbers"))?;
                let aside = data.join("token.key.new");
                write_private(&aside, &secret)?;
                fs::rename(&aside, &path)?;
                secret
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            service,
            key: Key::new(&secret),
        })
    }

    pub(crate) fn service(&self) -> &TokenService {
        &self.service
    }

    /// Where the client finds this service.
    pub(super) fn realm(&self, headers: &HeaderMap, tls: bool) -> String {
        if let Some(realm) = &self.service.realm {
            return realm.clone();
        }
        let host = header(headers, header::HOST);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
        let host = match host.bytes().all(plain) {
            true => host,
            // It stands between quotes.
            false => "",
        };
        format!("{}://{host}/token", if tls { "https" } else { "http" })
    }

    /// Who a token is for and what it allows, if it is good today.
    pub(super) fn read(&self, token: &str) -> Option<(Option<String>, Vec<Scope>)> {
        let claims = self.claims(token, Purpose::Access)?;
        let scopes = claims.access.iter().filter_map(Granted::scope).collect();
        Some((Some(claims.sub).filter(|name| !name.is_empty()), scopes))
    }

    fn claims(&self, token: &str, purpose: Purpose) -> Option<Claims> {
        let claims: Claims = self.key.open(token)?;
        let now = Timestamp::now().as_second();
        let good = claims.purpose == purpose
            && claims.aud == self.service.service
            && claims.nbf <= now + CLOCKS
            && claims.exp > now - CLOCKS;
        good.then_some(claims)
    }

    fn sign(
        &self,
        account: Option<&str>,
        purpose: Purpose,
        lifetime: i64,
        access: Vec<Granted>,
        mark: Option<String>,
    ) -> Result<String> {
        let now = Timestamp::now().as_second();
        let claims = Claims {
            iss: self.service.service.clone(),
            sub: account.unwrap_or_default().to_owned(),
            aud: self.service.service.clone(),
            exp: now + lifetime,
            nbf: now - CLOCKS,
            iat: now,
            jti: unique()?,
            purpose,
            access,
            mark,
        };
        Ok(self.key.sign(&claims).map_err(io::Error::other)?)
    }
}

impl Granted {
    fn new(scope: &Scope) -> Self {
        let (kind, name, actions) = match &scope.resource {
            Resource::Catalog => ("registry", "catalog".to_owned(), vec!["*"]),
            Resource::Repository(name) => ("repository", name.to_string(), scope.actions.names()),
        };
        Self {
            kind: kind.to_owned(),
            name,
            actions: actions.into_iter().map(str::to_owned).collect(),
        }
    }

    fn scope(&self) -> Option<Scope> {
        Scope::parse(&format!(
            "{}:{}:{}",
            self.kind,
            self.name,
            self.actions.join(",")
        ))
    }
}

/// Answers `/token`.
pub(crate) async fn answer(
    asked: Asked,
    directory: &Arc<Directory>,
    tokens: &Tokens,
) -> Result<Response<Body>> {
    match asked.parts.method {
        Method::GET => {
            let account = match basic(&asked.parts.headers) {
                Some((name, password)) => Some(login(directory, &name, &password).await?),
                None if asked.parts.headers.contains_key(header::AUTHORIZATION) => {
                    return Err(basic_challenge());
                }
                None => None,
            };
            let offline = asked.query.get("offline_token") == Some("true");
            grant(directory, tokens, account, &asked.query, offline).await
        }
        Method::POST => {
            let form = asked.body.whole(LARGEST_FORM, Code::Unsupported).await?;
            let form = Query::parse(&String::from_utf8_lossy(&form));
            let missing = |name| {
                Error::new(Code::Unsupported)
                    .saying(format!("the form has no {name}"))
                    .with_status(StatusCode::BAD_REQUEST)
            };
            let get = |name| form.get(name).ok_or_else(|| missing(name));
            let account = match get("grant_type")? {
                "password" => login(directory, get("username")?, get("password")?).await?,
                "refresh_token" => refresh(directory, tokens, get("refresh_token")?).await?,
                other => {
                    return Err(Error::new(Code::Unsupported)
                        .saying(format!("the grant type {other:?} is not known"))
                        .with_status(StatusCode::BAD_REQUEST));
                }
            };
            let offline = form.get("access_type") == Some("offline");
            grant(directory, tokens, Some(account), &form, offline).await
        }
        _ => Err(Code::Unsupported.into()),
    }
}

async fn login(directory: &Arc<Directory>, name: &str, password: &str) -> Result<String> {
    match directory.login(name, password).await? {
        true => Ok(name.to_owned()),
        false => Err(basic_challenge().saying("incorrect username or password")),
    }
}

/// The account of a refresh token, if its password is the one of then.
async fn refresh(directory: &Arc<Directory>, tokens: &Tokens, token: &str) -> Result<String> {
    let refused = || Error::new(Code::Unauthorized).saying("the refresh token is not good");
    let claims = tokens.claims(token, Purpose::Refresh).ok_or_else(refused)?;
    match claims.mark == mark(directory, tokens, &claims.sub).await? && claims.mark.is_some() {
        true => Ok(claims.sub),
        false => Err(refused()),
    }
}

async fn mark(
    directory: &Arc<Directory>,
    tokens: &Tokens,
    account: &str,
) -> Result<Option<String>> {
    let (directory, name) = (Arc::clone(directory), account.to_owned());
    let hash = blocking(move || directory.hash_of(&name)).await?;
    Ok(hash.map(|hash| tokens.key.mark(&format!("{account}\n{hash}"))))
}

async fn grant(
    directory: &Arc<Directory>,
    tokens: &Tokens,
    account: Option<String>,
    query: &Query,
    offline: bool,
) -> Result<Response<Body>> {
    let wanted: Vec<Scope> = query
        .all("scope")
        .flat_map(|scopes| scopes.split(' '))
        .filter_map(Scope::parse)
        .take(MOST_SCOPES)
        .collect();
    let granted: Vec<Scope> = wanted
        .into_iter()
        .map(|scope| Scope {
            actions: scope
                .actions
                .only(directory.allowed(account.as_deref(), &scope.resource)),
            resource: scope.resource,
        })
        .filter(|scope| scope.actions != Actions::NONE)
        .collect();
    if account.is_none() && granted.is_empty() {
        return Err(basic_challenge());
    }
    let lifetime = i64::try_from(tokens.service.lifetime.as_secs()).unwrap_or(i64::MAX / 2);
    let access = granted.iter().map(Granted::new).collect();
    let token = tokens.sign(account.as_deref(), Purpose::Access, lifetime, access, None)?;
    let scopes: Vec<String> = granted.iter().map(Scope::text).collect();
    let mut answer = json!({
        "token": token,
        "access_token": token,
        "expires_in": lifetime,
        "issued_at": Timestamp::now().to_string(),
        "scope": scopes.join(" "),
    });
    if let Some(account) = account.filter(|_| offline) {
        let mark = mark(directory, tokens, &account).await?;
        answer["refresh_token"] = tokens
            .sign(
                Some(&account),
                Purpose::Refresh,
                REFRESH_LIFETIME,
                Vec::new(),
                mark,
            )?
            .into();
    }
    let mut response = body::json(StatusCode::OK, &answer);
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    Ok(response)
}
