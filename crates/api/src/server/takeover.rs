//! Connections that leave HTTP: the head that each kind of request expects,
//! and the bytes after it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{AsHeaderName, CONNECTION, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::oneshot;

use super::answer::{MULTIPLEXED, RAW, SAYS_MULTIPLEXED};
use super::websocket;
use crate::body::{Hijack, Upgraded};
use crate::error::ApiError;
use crate::version::ApiVersion;

/// What the client wants the connection to become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// Bytes both ways, asked for with an `Upgrade` header: 101.
    Tcp { version: ApiVersion },
    /// Bytes both ways without being asked: 200, and the end is the close.
    Raw,
    /// HTTP/2, with the client as the one who answers.
    H2c,
    /// A websocket; the text answers the client's key.
    WebSocket { accept: String },
}

impl Upgrade {
    /// For attach and exec: any `Upgrade` header will do.
    pub(crate) fn stream(headers: &HeaderMap, version: ApiVersion) -> Upgrade {
        if headers.contains_key(UPGRADE) {
            Upgrade::Tcp { version }
        } else {
            Upgrade::Raw
        }
    }

    /// For the build session.
    pub(crate) fn h2c(headers: &HeaderMap) -> Result<Upgrade, ApiError> {
        let protocols = text(headers, UPGRADE);
        if protocols.is_empty() {
            return Err(ApiError::bad_parameter("no upgrade proto in request"));
        }
        if !lists(&protocols, "h2c") {
            return Err(ApiError::bad_parameter(format!(
                "protocol {protocols} not supported"
            )));
        }
        Ok(Upgrade::H2c)
    }

    /// For attach by websocket.
    pub(crate) fn websocket(headers: &HeaderMap) -> Result<Upgrade, ApiError> {
        let key = text(headers, "sec-websocket-key");
        let asks = lists(&text(headers, UPGRADE), "websocket")
            && lists(&text(headers, CONNECTION), "upgrade")
            && text(headers, "sec-websocket-version") == "13"
            && !key.is_empty();
        if !asks {
            return Err(ApiError::bad_parameter(
                "this path needs a websocket handshake of version 13",
            ));
        }
        Ok(Upgrade::WebSocket {
            accept: websocket::accept(&key),
        })
    }
}

/// A connection's way out of HTTP.
pub(crate) struct Takeover {
    hijack: Hijack,
    upgrade: Upgrade,
    /// Headers that go out besides those of the kind.
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Takeover {
    pub(super) fn new(hijack: Hijack, upgrade: Upgrade) -> Takeover {
        Takeover {
            hijack,
            upgrade,
            headers: Vec::new(),
        }
    }

    /// Adds a header of every answer. The heads of other protocols have none.
    pub(super) fn add_header(&mut self, name: &HeaderName, value: &HeaderValue) {
        if matches!(self.upgrade, Upgrade::Tcp { .. } | Upgrade::Raw) {
            self.headers.push((name.clone(), value.clone()));
        }
    }

    /// Writes the head, hands the connection over and closes it.
    pub(super) async fn run(
        self,
        mut stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) {
        let head = self.head();
        if stream.write_all(&head).await.is_err() || stream.flush().await.is_err() {
            return;
        }
        if matches!(self.upgrade, Upgrade::WebSocket { .. }) {
            return websocket::run(self.hijack, stream).await;
        }
        let (back, returned) = oneshot::channel();
        let client = Lent {
            stream: Some(stream),
            back: Some(back),
        };
        self.hijack.run(Upgraded::new(client)).await;
        if let Ok(stream) = returned.await {
            linger(stream).await;
        }
    }

    fn head(&self) -> Vec<u8> {
        let multiplexed = self.hijack.is_multiplexed();
        let stream_type = match &self.upgrade {
            Upgrade::Tcp { version } if multiplexed && *version >= SAYS_MULTIPLEXED => MULTIPLEXED,
            _ => RAW,
        };
        let mut head = Vec::with_capacity(256);
        let mut line = |parts: &[&[u8]]| {
            head.extend_from_slice(&parts.concat());
            head.extend_from_slice(b"\r\n");
        };
        match &self.upgrade {
            Upgrade::Tcp { .. } => {
                line(&[b"HTTP/1.1 101 UPGRADED"]);
                line(&[b"Content-Type: ", stream_type.as_bytes()]);
                line(&[b"Connection: Upgrade"]);
                line(&[b"Upgrade: tcp"]);
            }
            Upgrade::Raw => {
                line(&[b"HTTP/1.1 200 OK"]);
                line(&[b"Content-Type: ", stream_type.as_bytes()]);
            }
            Upgrade::H2c => {
                line(&[b"HTTP/1.1 101 Switching Protocols"]);
                line(&[b"Connection: Upgrade"]);
                line(&[b"Upgrade: h2c"]);
            }
            Upgrade::WebSocket { accept } => {
                line(&[b"HTTP/1.1 101 Switching Protocols"]);
                line(&[b"Upgrade: websocket"]);
                line(&[b"Connection: Upgrade"]);
                line(&[b"Sec-WebSocket-Accept: ", accept.as_bytes()]);
            }
        }
        for (name, value) in &self.headers {
            line(&[&title_case(name), b": ", value.as_bytes()]);
        }
        line(&[]);
        head
    }
}

/// `docker-experimental` as `Docker-Experimental`.
fn title_case(name: &HeaderName) -> Vec<u8> {
    let mut start = true;
    let upper = |byte: &u8| {
        let cased = if start {
            byte.to_ascii_uppercase()
        } else {
            *byte
        };
        start = *byte == b'-';
        cased
    };
    name.as_str().as_bytes().iter().map(upper).collect()
}

/// All values of a header, separated by commas.
fn text(headers: &HeaderMap, name: impl AsHeaderName) -> String {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    values.join(", ")
}

/// Whether a header's list names a token.
fn lists(value: &str, token: &str) -> bool {
    value
        .split(',')
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// Shuts our side, then waits a moment for the client to shut its own: a close
/// with bytes of the client unread would reset the connection, and the last
/// output with it.
async fn linger(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    const MOMENT: Duration = Duration::from_secs(1);
    if stream.shutdown().await.is_err() {
        return;
    }
    let drained = async {
        let mut sink = [0; 4096];
        while stream.read(&mut sink).await.is_ok_and(|length| length > 0) {}
    };
    // Whether it did or not, the connection ends here.
    let _ = tokio::time::timeout(MOMENT, drained).await;
}

/// A stream that comes back when it is dropped.
struct Lent<S> {
    stream: Option<S>,
    back: Option<oneshot::Sender<S>>,
}

impl<S: Unpin> Lent<S> {
    fn with<R>(
        &mut self,
        run: impl FnOnce(Pin<&mut S>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        match &mut self.stream {
            Some(stream) => run(Pin::new(stream)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl<S> Drop for Lent<S> {
    fn drop(&mut self) {
        if let (Some(back), Some(stream)) = (self.back.take(), self.stream.take()) {
            // Nobody waits for it when the server closes: dropped then.
            let _ = back.send(stream);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lent<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_read(cx, buffer))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lent<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream
            .as_ref()
            .is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(hijack: Hijack, upgrade: Upgrade) -> String {
        String::from_utf8(Takeover::new(hijack, upgrade).head()).unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn heads_are_dockerds() {
        let raw = || Hijack::raw(|_| async {});
        let framed = || Hijack::multiplexed(|_| async {});
        let tcp = |minor| Upgrade::Tcp {
            version: ApiVersion::new(1, minor),
        };
        let expected = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n\
                        Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
        assert_eq!(head(raw(), tcp(40)), expected);
        assert_eq!(head(framed(), tcp(40)), expected);
        assert_eq!(head(raw(), tcp(42)), expected);
        assert_eq!(
            head(framed(), tcp(42)),
            expected.replace("raw", "multiplexed")
        );
        assert_eq!(
            head(framed(), Upgrade::Raw),
            "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
        );
    }

    #[test]
    fn further_headers_have_capitals() {
        let mut takeover = Takeover::new(Hijack::raw(|_| async {}), Upgrade::Raw);
        takeover.add_header(
            &HeaderName::from_static("api-version"),
            &HeaderValue::from_static("1.40"),
        );
        let head = String::from_utf8(takeover.head()).unwrap();
        assert!(head.ends_with("\r\nApi-Version: 1.40\r\n\r\n"), "{head}");
    }

    #[test]
    fn upgrades_are_checked() {
        let version = ApiVersion::new(1, 40);
        let any = headers(&[("upgrade", "whatever")]);
        assert_eq!(Upgrade::stream(&any, version), Upgrade::Tcp { version });
        assert_eq!(Upgrade::stream(&HeaderMap::new(), version), Upgrade::Raw);
        assert_eq!(
            Upgrade::h2c(&headers(&[("upgrade", "H2C")])),
            Ok(Upgrade::H2c)
        );
        let refused = |headers: &HeaderMap| Upgrade::h2c(headers).unwrap_err().message;
        assert_eq!(refused(&HeaderMap::new()), "no upgrade proto in request");
        assert_eq!(refused(&any), "protocol whatever not supported");
        let handshake = headers(&[
            ("upgrade", "websocket"),
            ("connection", "keep-alive, Upgrade"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ]);
        let accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_owned();
        assert_eq!(
            Upgrade::websocket(&handshake),
            Ok(Upgrade::WebSocket { accept })
        );
        assert_eq!(Upgrade::websocket(&any).unwrap_err().status().as_u16(), 400);
    }
}
