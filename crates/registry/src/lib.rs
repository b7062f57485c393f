//! A registry: OCI distribution 1.1 over one store of blobs, and the first
//! version of Docker's registry protocol as a view of the same store.
//!
//! One runs anywhere in a program, on a port of the system's choice:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! # let data = tempfile::tempdir()?;
//! use longshore_registry::{Registry, config::Config};
//!
//! let registry = Registry::open(Config::new(data.path()))?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?; // push to `address/name:tag`
//! let serving = tokio::spawn(registry.serve(listener));
//! // Until it is told to stop; its connections end with it.
//! serving.abort();
//! # let _ = address;
//! # Ok(())
//! # }
//! ```

mod auth;
pub mod config;
mod error;
mod server;
mod store;
mod v1;
mod v2;

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_rustls::rustls::ServerConfig;

use auth::Guard;
use config::Config;
use store::Store;
use v1::V1;

/// A registry whose store is open. Clones are the same registry.
#[derive(Clone)]
pub struct Registry(Arc<State>);

/// What a collection took away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collected {
    /// Manifests that no tag led to.
    pub manifests: u64,
    /// Blobs that nobody needed.
    pub blobs: u64,
    /// The length of those blobs.
    pub bytes: u64,
}

/// What every request sees.
struct State {
    config: Config,
    guard: Guard,
    v1: V1,
    store: Arc<Store>,
    tls: Option<Arc<ServerConfig>>,
}

impl Registry {
    /// Opens the store and reads certificates and accounts. Uploads that an
    /// earlier process left unfinished are removed. Fails when another process
    /// has the store open.
    pub fn open(config: Config) -> io::Result<Self> {
        let tls = config.tls.as_ref().map(server::tls::load).transpose()?;
        let store = Store::open(&config.data, config.grace)?;
        let guard = Guard::new(&config)?;
        Ok(Self(Arc::new(State {
            v1: V1::new(&config, &guard)?,
            guard,
            config,
            store: Arc::new(store),
            tls,
        })))
    }

    /// Takes away what no manifest needs, while pushes and pulls go on; with
    /// `untagged`, manifests too to which no tag leads. What is younger than
    /// [`Config::grace`] stays. Blocks: not for an asynchronous task.
    pub fn collect(&self, untagged: bool) -> io::Result<Collected> {
        self.0.store.collect(untagged)
    }

    /// Accepts connections and answers requests until the future is dropped;
    /// open connections are then closed where they stand.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        server::connection::serve(self.0, listener).await
    }
}
