//! Search, the last thing alive of the first registry protocol.

use http::header::AUTHORIZATION;
use serde::Deserialize;

use crate::auth::{Credentials, basic};
use crate::connections::{Endpoint, Purpose, Registries};
use crate::error::{Error, Result};
use crate::exchange::Ask;
use crate::url;

/// Results of one search are a hundred at most.
const LARGEST_ANSWER: u64 = 4 << 20;
/// Where Docker Hub is searched.
const HUB_INDEX: &str = "index.docker.io";

/// One repository that a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SearchResult {
    /// Its name in the registry.
    pub name: String,
    /// A few words.
    pub description: String,
    /// How many like it.
    pub star_count: i64,
    /// Whether the registry itself vouches for it.
    pub is_official: bool,
    /// Whether it is built there.
    pub is_automated: bool,
}

impl Registries {
    /// Searches for `term` in the registry that it names before its first slash,
    /// or in Docker Hub. `limit` is between 1 and 100.
    pub async fn search(
        &self,
        term: &str,
        limit: u32,
        credentials: &Credentials,
    ) -> Result<Vec<SearchResult>> {
        if term.contains("://") {
            return Err(Error::Malformed(
                "Invalid repository name (ex: \"registry.domain.tld/myrepos\")".to_owned(),
            ));
        }
        let (server, term) = split(term);
        let mut endpoints = self.endpoints(server, Purpose::Push).await?;
        if server == "docker.io" {
            // It is known to be there, and what it takes.
            let mut hub = endpoints.swap_remove(0);
            hub.url = url::parse(&format!("https://{HUB_INDEX}/"))?;
            return self.search_at(&hub, term, limit, credentials).await;
        }
        let mut failures = Vec::new();
        for endpoint in &endpoints {
            match self.ping(endpoint).await {
                Ok(()) => return self.search_at(endpoint, term, limit, credentials).await,
                Err(error) => failures.push(error.to_string()),
            }
        }
        Err(Error::Malformed(match &failures[..] {
            [https, http] => format!(
                "invalid registry endpoint \"http://{server}/v1/\". HTTPS attempt: {https}. HTTP \
                 attempt: {http}"
            ),
            _ => format!(
                "invalid registry endpoint https://{server}/v1/: {}. If this private registry \
                 supports only HTTP or HTTPS with an unknown CA certificate, please add \
                 `--insecure-registry {server}` to the daemon's arguments. In the case of HTTPS, \
                 if you have access to the registry's CA certificate, no need for the flag; \
                 simply place the CA certificate at /etc/docker/certs.d/{server}/ca.crt",
                failures.join(", ")
            ),
        }))
    }

    /// Whether a registry is there; whatever it answers, it is.
    async fn ping(&self, endpoint: &Endpoint) -> Result<()> {
        let ask = Ask::get(url::join(&endpoint.url, "/v1/_ping")?);
        self.exchange(endpoint)?.send(ask).await?;
        Ok(())
    }

    async fn search_at(
        &self,
        endpoint: &Endpoint,
        term: &str,
        limit: u32,
        credentials: &Credentials,
    ) -> Result<Vec<SearchResult>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            results: Option<Vec<SearchResult>>,
        }
        let path = format!("/v1/search?q={}&n={limit}", url::escape(term));
        let mut ask = Ask::get(url::join(&endpoint.url, &path)?);
        ask.headers
            .insert("x-docker-token", http::HeaderValue::from_static("true"));
        // An endpoint without TLS is there only for a registry that the operator
        // trusts without.
        if !credentials.username.is_empty() {
            let header = basic(&credentials.username, &credentials.password)?;
            ask.headers.insert(AUTHORIZATION, header);
        }
        let answer = self.exchange(endpoint)?.send(ask).await?;
        if answer.status != http::StatusCode::OK {
            return Err(Error::Malformed(format!(
                "Unexpected status code {}",
                answer.status.as_u16()
            )));
        }
        let body = answer
            .body
            .collect_at_most("the results of a search", LARGEST_ANSWER)
            .await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|error| Error::Malformed(format!("search: {error}")))?;
        let mut results = answer.results.unwrap_or_default();
        results.truncate(limit as usize);
        Ok(results)
    }
}

/// A registry and what to search there.
fn split(term: &str) -> (&str, &str) {
    match term.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest),
        _ => ("docker.io", term),
    }
}
