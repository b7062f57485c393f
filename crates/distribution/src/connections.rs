//! Which servers stand behind a name, and in which order they are tried.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Uri};

use crate::auth::{Authorizer, Credentials};
use crate::error::{Error, Result};
use crate::exchange::{Ask, Exchange};
use crate::repository::Repository;
use crate::settings::Settings;
use crate::transport::Transport;
use crate::{tls, url};

/// The name of Docker Hub in references, and where it really is.
const HUB: &str = "docker.io";
const HUB_REGISTRY: &str = "registry-1.docker.io";

/// All registries, as the operator wants them spoken to. Clones share their
/// connections.
#[derive(Clone)]
pub struct Registries {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    /// By server and whether its certificate counts.
    exchanges: Mutex<BTreeMap<(String, bool), Exchange>>,
}

/// What a repository is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To read it; mirrors will do.
    Pull,
    /// To write to it.
    Push,
}

/// A server that may have the repository.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) url: Uri,
    pub(crate) verify: bool,
    pub(crate) mirror: bool,
}

/// The servers for one repository, tried one after the other.
pub struct Connections {
    registries: Registries,
    endpoints: VecDeque<Endpoint>,
    path: String,
    credentials: Credentials,
    purpose: Purpose,
    /// The server that was tried last.
    current: Option<Endpoint>,
    reached: bool,
}

impl Registries {
    /// Nothing is asked before it is needed.
    pub fn new(settings: Settings) -> Self {
        let inner = Inner {
            settings,
            exchanges: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// What the operator said.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The servers that may have the repository `path` of the registry `domain`.
    pub async fn connections(
        &self,
        domain: &str,
        path: &str,
        credentials: &Credentials,
        purpose: Purpose,
    ) -> Result<Connections> {
        Ok(Connections {
            registries: self.clone(),
            endpoints: self.endpoints(domain, purpose).await?.into(),
            path: path.to_owned(),
            credentials: credentials.clone(),
            purpose,
            current: None,
            reached: false,
        })
    }

    /// The servers of a registry: mirrors, with TLS, and without where allowed.
    pub(crate) async fn endpoints(&self, domain: &str, purpose: Purpose) -> Result<Vec<Endpoint>> {
        let settings = self.settings();
        let mut endpoints = Vec::new();
        let mut server = domain;
        if domain == HUB || domain == "index.docker.io" {
            server = HUB_REGISTRY;
            if purpose == Purpose::Pull {
                for mirror in &settings.mirrors {
                    let verify = !settings.is_insecure(url::server(&mirror.0)).await;
                    endpoints.push(Endpoint {
                        url: mirror.0.clone(),
                        verify,
                        mirror: true,
                    });
                }
            }
        }
        let insecure = server != HUB_REGISTRY && settings.is_insecure(server).await;
        let mut add = |scheme: &str| -> Result<()> {
            endpoints.push(Endpoint {
                url: url::parse(&format!("{scheme}://{server}/"))?,
                verify: !insecure,
                mirror: false,
            });
            Ok(())
        };
        add("https")?;
        if insecure {
            add("http")?;
        }
        Ok(endpoints)
    }

    /// How requests go to this server and to those that it names.
    pub(crate) fn exchange(&self, endpoint: &Endpoint) -> Result<Exchange> {
        let key = (url::server(&endpoint.url).to_owned(), endpoint.verify);
        let settings = self.settings();
        let mut exchanges = self
            .inner
            .exchanges
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(exchange) = exchanges.get(&key) {
            return Ok(exchange.clone());
        }
        let tls = tls::config(&key.0, &settings.certificates, endpoint.verify)?;
        let exchange = Exchange {
            transport: Transport::new(tls, settings.patience.connect),
            stall: settings.patience.stall,
            upload: settings.patience.upload,
            user_agent: HeaderValue::from_str(&settings.user_agent)
                .unwrap_or(HeaderValue::from_static("longshore")),
        };
        exchanges.insert(key, exchange.clone());
        Ok(exchange)
    }

    /// Asks a registry whether it is one, and what it wants to see.
    pub(crate) async fn authorizer(
        &self,
        endpoint: &Endpoint,
        credentials: &Credentials,
    ) -> Result<Authorizer> {
        let exchange = self.exchange(endpoint)?;
        let ping = url::join(&endpoint.url, "/v2/")?;
        let answer = exchange.send(Ask::get(ping)).await?;
        // A user of Docker Hub did not give his password to a mirror of it.
        let credentials = match endpoint.mirror {
            true => Credentials::default(),
            false => credentials.clone(),
        };
        let authorizer = Authorizer::new(exchange, credentials, endpoint.url.clone());
        authorizer.challenged(&answer.headers).await;
        Ok(authorizer)
    }
}

impl Connections {
    /// The repository at the next server; none when all were tried.
    pub async fn next(&mut self) -> Option<Result<Repository>> {
        let endpoint = loop {
            let next = self.endpoints.pop_front()?;
            // Where TLS worked nobody goes on without.
            let known = self.current.as_ref().is_some_and(|before| {
                self.reached
                    && before.url.scheme_str() == Some("https")
                    && url::server(&before.url) == url::server(&next.url)
            });
            if !(known && next.url.scheme_str() == Some("http")) {
                break next;
            }
        };
        self.reached = false;
        self.current = Some(endpoint.clone());
        Some(self.open(&endpoint).await)
    }

    async fn open(&mut self, endpoint: &Endpoint) -> Result<Repository> {
        let authorizer = self
            .registries
            .authorizer(endpoint, &self.credentials)
            .await?;
        self.reached = true;
        let exchange = self.registries.exchange(endpoint)?;
        Ok(Repository::new(
            exchange,
            authorizer,
            endpoint.url.clone(),
            &self.path,
            self.purpose,
        ))
    }

    /// Whether the next server might do better than the one that failed so.
    pub fn may_go_on(&self, error: &Error) -> bool {
        let mirror = self.current.as_ref().is_some_and(|it| it.mirror);
        match error.refusal() {
            Some(refusal) => {
                mirror
                    || matches!(
                        refusal.code.as_str(),
                        "UNAUTHORIZED" | "MANIFEST_UNKNOWN" | "NAME_UNKNOWN"
                    )
            }
            None => true,
        }
    }
}
