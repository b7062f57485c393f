//! Connections: accepted, encrypted if the registry has a certificate, and
//! spoken to in HTTP/1.1 until they end.

use std::convert::Infallible;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::patient::Patient;
use super::router;
use crate::State;
use crate::error::{Code, Error};

/// The most connections at once; more wait in the listener's queue.
const MOST: usize = 1024;

/// How large a piece of a body may be that is read at once.
const READ_BUFFER: usize = 1024 * 1024;

/// How long the heads of requests and the hands of TLS may take.
const HEAD: Duration = Duration::from_secs(30);

/// Serves until it is dropped, and its connections with it.
pub(crate) async fn serve(state: Arc<State>, listener: TcpListener) -> io::Result<()> {
    let seats = Arc::new(Semaphore::new(MOST));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else {
            return Ok(());
        };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    // Out of descriptors, most likely: some will be closed.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
        };
        // Answers are written whole; waiting for more only delays them.
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        connections.spawn(async move {
            match state.tls.clone() {
                None => speak(state, stream).await,
                Some(config) => {
                    let hands = TlsAcceptor::from(config).accept(stream);
                    match tokio::time::timeout(HEAD, hands).await {
                        Ok(Ok(stream)) => speak(state, stream).await,
                        Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
                        Err(_) => tracing::debug!("no TLS in time"),
                    }
                }
            }
            drop(seat);
        });
    }
}

async fn speak(state: Arc<State>, stream: impl AsyncRead + AsyncWrite + Unpin) {
    let stream = Patient::new(stream, state.config.patience);
    let service = service_fn(|request| {
        let state = Arc::clone(&state);
        async move {
            let answer = AssertUnwindSafe(router::answer(&state, request))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    Error::new(Code::Unknown)
                        .saying("the registry made a mistake: a handler panicked")
                        .response()
                });
            Ok::<_, Infallible>(answer)
        }
    });
    let spoken = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(READ_BUFFER)
        .title_case_headers(true)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = spoken {
        tracing::debug!(%error, "a connection ended");
    }
}
