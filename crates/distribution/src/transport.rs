//! Connections to servers: TCP with TLS over it where the address says https,
//! kept and used again, with a time limit on everything.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, Error as TlsError};

use crate::error::{Error, Result};
use crate::{tls, url};

/// What a request may carry.
pub(crate) type Outgoing = BoxBody<Bytes, io::Error>;

/// Idle connections to one server.
const IDLE: usize = 8;
/// Shorter than servers usually keep them.
const IDLE_FOR: Duration = Duration::from_secs(30);
/// Headers of an answer: hyper refuses more.
const MOST_HEADERS: usize = 128;

/// A pool of connections that share one idea of whom to trust.
#[derive(Clone)]
pub(crate) struct Transport {
    client: Client<Connector, Outgoing>,
}

impl Transport {
    pub(crate) fn new(tls: Arc<ClientConfig>, patience: Duration) -> Self {
        let connector = Connector {
            tls: TlsConnector::from(tls),
            patience,
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_FOR)
            .pool_max_idle_per_host(IDLE)
            .http1_max_headers(MOST_HEADERS)
            .build(connector);
        Self { client }
    }

    /// Sends one request; returns when the answer's head is here.
    pub(crate) async fn send(&self, request: Request<Outgoing>) -> Result<Response<Incoming>> {
        self.client
            .request(request)
            .await
            .map_err(|error| reason(&error))
    }
}

/// The innermost reason that has words of its own.
pub(crate) fn reason(error: &(dyn StdError + 'static)) -> Error {
    let mut inner = Some(error);
    let mut last = error.to_string();
    while let Some(error) = inner {
        if let Some(own) = error.downcast_ref::<Error>() {
            return own.clone();
        }
        if let Some(tls) = error.downcast_ref::<TlsError>() {
            return tls::wording(tls);
        }
        if let Some(io) = error.downcast_ref::<io::Error>()
            && let Some(own) = io.get_ref()
        {
            return reason(own);
        }
        last = error.to_string();
        inner = error.source();
    }
    Error::Connection(match last.as_str() {
        "connection closed before message completed" => "EOF".to_owned(),
        _ => last,
    })
}

#[derive(Clone)]
struct Connector {
    tls: TlsConnector,
    patience: Duration,
}

impl tower_service::Service<Uri> for Connector {
    type Response = Stream;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Stream>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let patience = connector.patience;
            tokio::time::timeout(patience, connector.connect(&uri))
                .await
                .unwrap_or_else(|_| {
                    let server = url::server(&uri);
                    Err(Error::Connection(format!("dial tcp {server}: i/o timeout")))
                })
        })
    }
}

impl Connector {
    async fn connect(&self, uri: &Uri) -> Result<Stream> {
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().or(url::default_port(uri)).unwrap_or(443);
        let stream = dial(host, port).await?;
        // Requests are small and wait for their answer.
        stream.set_nodelay(true).ok();
        if uri.scheme_str() != Some("https") {
            return Ok(Stream::Plain(TokioIo::new(stream)));
        }
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::Connection(format!("x509: invalid host name {host:?}")))?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| {
            match error.get_ref().and_then(|it| it.downcast_ref::<TlsError>()) {
                Some(error) => tls::wording(error),
                None => Error::Connection(match error.kind() {
                    io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
                    _ => error.to_string(),
                }),
            }
        })?;
        Ok(Stream::Tls(TokioIo::new(Box::new(stream))))
    }
}

async fn dial(host: &str, port: u16) -> Result<TcpStream> {
    let found = tokio::net::lookup_host((host, port)).await;
    let addresses: Vec<SocketAddr> = found
        .map_err(|_| Error::Connection(format!("dial tcp: lookup {host}: no such host")))?
        .collect();
    let mut failure = Error::Connection(format!("dial tcp: lookup {host}: no such host"));
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                let text = match error.kind() {
                    io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
                    io::ErrorKind::NetworkUnreachable => "network is unreachable".to_owned(),
                    io::ErrorKind::HostUnreachable => "no route to host".to_owned(),
                    io::ErrorKind::TimedOut => "connection timed out".to_owned(),
                    _ => error.to_string(),
                };
                failure = Error::Connection(format!("dial tcp {address}: connect: {text}"));
            }
        }
    }
    Err(failure)
}

/// A connection with TLS or without.
enum Stream {
    Plain(TokioIo<TcpStream>),
    Tls(TokioIo<Box<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, buffers),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, buffers),
        }
    }
}
