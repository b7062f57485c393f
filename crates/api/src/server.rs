//! The HTTP side: listeners, connections, routing, decoding, encoding.
//!
//! ```text
//! Server ── accept ─▶ connection ── hyper ─▶ router ─▶ generated glue ─▶ trait
//!                        └─ takeover ─▶ the operation owns the connection
//! ```

pub(crate) mod answer;
mod connection;
mod path;
pub(crate) mod request;
pub(crate) mod router;
mod socket;
pub(crate) mod takeover;
mod transport;
#[cfg(test)]
pub(crate) mod walk;
mod websocket;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use connection::Phase;
pub use router::{Responses, Router, ServerInfo};
pub use transport::{Listener, Transport};

/// Serves a [`Router`] on any number of listeners. Cheap to clone; the clones
/// are one server.
#[derive(Clone)]
pub struct Server {
    router: Arc<Router>,
    phase: Arc<watch::Sender<Phase>>,
}

impl Server {
    /// A server for what is mounted on the router.
    pub fn new(router: Router) -> Server {
        Server {
            router: Arc::new(router),
            phase: Arc::new(watch::Sender::new(Phase::Up)),
        }
    }

    /// Accepts connections until [`Server::shutdown`]. Each runs in a task of
    /// its own. An error of the listener itself is logged and tried again: the
    /// usual one is that the process is out of descriptors for a moment.
    pub async fn serve(&self, mut listener: impl Listener) {
        const PAUSE: Duration = Duration::from_millis(100);
        let mut phase = self.phase.subscribe();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = phase.wait_for(|phase| *phase >= Phase::Draining) => return,
            };
            match accepted {
                Ok(stream) => {
                    tokio::spawn(self.serve_connection(stream));
                }
                Err(error) if is_of_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Serves one connection that somebody else accepted.
    pub fn serve_connection<S: Transport>(
        &self,
        stream: S,
    ) -> impl Future<Output = ()> + Send + use<S> {
        connection::serve(stream, Arc::clone(&self.router), self.phase.subscribe())
    }

    /// Stops accepting, lets each connection finish the request it is at, and
    /// after `patience` ends those that are left: followed logs, attached
    /// terminals. Returns when no connection is left.
    pub async fn shutdown(&self, patience: Duration) {
        self.phase.send_replace(Phase::Draining);
        let closed = tokio::time::timeout(patience, self.phase.closed()).await;
        if closed.is_err() {
            self.phase.send_replace(Phase::Down);
            self.phase.closed().await;
        }
    }
}

/// Whether an error of `accept` is about the connection and not the listener.
fn is_of_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}
