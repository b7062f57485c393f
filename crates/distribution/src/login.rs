//! Login: whether a registry knows somebody.

use http::header::AUTHORIZATION;
use http::{Method, StatusCode};

use crate::auth::Credentials;
use crate::connections::{Endpoint, Purpose, Registries};
use crate::error::{Error, Result};
use crate::exchange::Ask;
use crate::url;

/// What `docker login` names when it means Docker Hub.
const HUB_INDEX: &str = "https://index.docker.io/v1/";

impl Registries {
    /// Shows credentials to a registry, `[https://]host[:port][/…]`; empty is
    /// Docker Hub. Returns the identity token that may stand for them from now
    /// on, empty if the registry gives none.
    pub async fn login(&self, server: &str, credentials: &Credentials) -> Result<String> {
        let server = if server.is_empty() { HUB_INDEX } else { server };
        let address = match server.contains("://") {
            true => url::parse(server),
            false => url::parse(&format!("https://{server}")),
        }
        .map_err(|error| Error::ServerAddress(error.to_string()))?;
        let endpoints = self.endpoints(url::server(&address), Purpose::Push).await?;
        let mut last = Error::Malformed(format!("no endpoints found for {server}"));
        for endpoint in endpoints {
            match self.login_at(&endpoint, credentials).await {
                Ok(token) => return Ok(token),
                // Somebody answered: no other endpoint will say better.
                Err((error, true)) => return Err(error),
                Err((error, false)) => last = error,
            }
        }
        Err(last)
    }

    /// The error comes with whether a registry was there.
    async fn login_at(
        &self,
        endpoint: &Endpoint,
        credentials: &Credentials,
    ) -> Result<String, (Error, bool)> {
        let authorizer = self
            .authorizer(endpoint, credentials)
            .await
            .map_err(|error| (error, false))?;
        let found = |error| (error, true);
        let mut ask = Ask::get(url::join(&endpoint.url, "/v2/").map_err(found)?);
        let header = authorizer
            .header(&[], true)
            .await
            .map_err(|error| found(outer(error, &ask)))?;
        if let Some(header) = header {
            ask.headers.insert(AUTHORIZATION, header);
        }
        let address = url::shown(&ask.url);
        let exchange = self.exchange(endpoint).map_err(found)?;
        let answer = exchange.send(ask).await.map_err(found)?;
        match answer.status {
            StatusCode::OK => Ok(authorizer.identity_token().await),
            status => Err(found(Error::LoginRefused {
                url: address,
                status,
            })),
        }
    }
}

fn outer(error: Error, ask: &Ask) -> Error {
    match error {
        Error::Request { source, .. } if source.refusal().is_some() => {
            Error::clone(&source).of(&Method::GET, &ask.url)
        }
        error => error.of(&Method::GET, &ask.url),
    }
}
