//! A connection's stream, shared between hyper, which speaks HTTP on it, and
//! the loop that watches for the client's departure while hyper does not
//! read: both run in one task and never at the same time.
//!
//! It also mends request lines. Go's server takes any byte but blanks in a
//! request's target, and people type `?filters={"id":["x"]}`; hyper takes only
//! what the standard allows.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::transport::Transport;

/// A handle on the stream.
pub(super) struct Socket<S> {
    shared: Arc<Mutex<Shared<S>>>,
    request_line: RequestLine,
}

/// Whether the next bytes that hyper reads are those of a request line. Only
/// who knows that the last request is over can say so.
#[derive(Clone)]
pub(super) struct RequestLine(Arc<AtomicBool>);

impl RequestLine {
    pub(super) fn expect(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Shared<S> {
    stream: Option<S>,
    /// What is left of a mended request line, for hyper.
    ahead: BytesMut,
    eof: bool,
    broken: bool,
}

impl<S> Clone for Socket<S> {
    fn clone(&self) -> Socket<S> {
        Socket {
            shared: Arc::clone(&self.shared),
            request_line: self.request_line.clone(),
        }
    }
}

impl<S: Transport> Socket<S> {
    pub(super) fn new(stream: S) -> Socket<S> {
        Socket {
            shared: Arc::new(Mutex::new(Shared {
                stream: Some(stream),
                ahead: BytesMut::new(),
                eof: false,
                broken: false,
            })),
            request_line: RequestLine(Arc::new(AtomicBool::new(true))),
        }
    }

    /// The flag that tells this socket where request lines are.
    pub(super) fn request_line(&self) -> RequestLine {
        self.request_line.clone()
    }

    /// Looks for the end of the client's bytes while nobody else reads. Bytes
    /// that come instead stay where they are; with some of them waiting the end
    /// behind them cannot be seen.
    pub(super) fn poll_eof(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut shared = self.shared();
        let Shared {
            stream,
            ahead,
            eof,
            broken,
        } = &mut *shared;
        if *eof {
            return Poll::Ready(());
        }
        let Some(stream) = stream.as_mut().filter(|_| ahead.is_empty()) else {
            return Poll::Pending;
        };
        let input = ready!(stream.poll_peek(cx));
        if matches!(input, Ok(true)) {
            return Poll::Pending;
        }
        *broken = input.is_err();
        *eof = true;
        Poll::Ready(())
    }

    /// Whether the client closed the connection altogether.
    pub(super) fn hung_up(&self) -> Option<bool> {
        let shared = self.shared();
        match &shared.stream {
            Some(stream) if !shared.broken => stream.hung_up(),
            _ => Some(true),
        }
    }

    /// Takes the stream out, to be read behind `first` and what hyper has not
    /// taken yet.
    pub(super) fn reclaim(&self, first: Bytes) -> Option<Rewound<S>> {
        let mut shared = self.shared();
        let mut pending = BytesMut::from(first);
        pending.unsplit(shared.ahead.split());
        Some(Rewound {
            pending: pending.freeze(),
            stream: shared.stream.take()?,
        })
    }

    fn shared(&self) -> MutexGuard<'_, Shared<S>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<R>(&self, run: impl FnOnce(Pin<&mut S>) -> Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        match &mut self.shared().stream {
            Some(stream) => run(Pin::new(stream)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl<S: Transport> AsyncRead for Socket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut shared = self.shared();
        let Shared { stream, ahead, .. } = &mut *shared;
        let Some(stream) = stream else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let start = buffer.filled().len();
        if ahead.is_empty() {
            ready!(Pin::new(stream).poll_read(cx, buffer))?;
        } else {
            give(ahead, buffer);
        }
        if self.request_line.0.load(Ordering::Relaxed) {
            let new = &buffer.filled()[start..];
            let end = new.iter().position(|byte| *byte == b'\n');
            let line = &new[..end.unwrap_or(new.len())];
            if line.iter().any(|byte| needs_escape(*byte)) {
                let mut mended = escape(line);
                mended.extend_from_slice(&new[line.len()..]);
                mended.extend_from_slice(ahead);
                *ahead = mended;
                buffer.set_filled(start);
                give(ahead, buffer);
            }
            if end.is_some() {
                self.request_line.0.store(false, Ordering::Relaxed);
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// Moves as many bytes as there is room for.
fn give(from: &mut BytesMut, buffer: &mut ReadBuf<'_>) {
    let length = from.len().min(buffer.remaining());
    buffer.put_slice(&from[..length]);
    from.advance(length);
}

/// Whether hyper would refuse a byte that Go takes.
fn needs_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>' | b'`' | 0x7f..)
}

fn escape(line: &[u8]) -> BytesMut {
    let mut escaped = BytesMut::with_capacity(line.len() + 64);
    for byte in line {
        if needs_escape(*byte) {
            escaped.extend_from_slice(format!("%{byte:02X}").as_bytes());
        } else {
            escaped.extend_from_slice(&[*byte]);
        }
    }
    escaped
}

impl<S: Transport> AsyncWrite for Socket<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.shared()
            .stream
            .as_ref()
            .is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_shutdown(cx))
    }
}

/// A stream with some bytes to be read before its own.
pub(super) struct Rewound<S> {
    pending: Bytes,
    stream: S,
}

impl<S: Transport> AsyncRead for Rewound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.pending.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let length = self.pending.len().min(buffer.remaining());
        buffer.put_slice(&self.pending.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl<S: Transport> AsyncWrite for Rewound<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixStream;

    use super::*;

    #[tokio::test]
    async fn looking_for_the_end_takes_nothing() {
        let (mut client, stream) = UnixStream::pair().unwrap();
        let mut socket = Socket::new(stream);
        client.write_all(b"world").await.unwrap();
        for _ in 0..2 {
            let watched = poll_fn(|cx| Poll::Ready(socket.poll_eof(cx).is_ready())).await;
            assert!(!watched);
            let mut two = [0; 2];
            socket.read_exact(&mut two).await.unwrap();
        }
        client.write_all(b"!").await.unwrap();
        drop(client);
        let mut rest = String::new();
        let mut rewound = socket.reclaim(Bytes::from("hello ")).unwrap();
        rewound.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "hello d!");
    }

    #[tokio::test]
    async fn request_lines_are_mended_and_nothing_else() {
        let (mut client, stream) = UnixStream::pair().unwrap();
        let mut socket = Socket::new(stream);
        let line = socket.request_line();
        client
            .write_all(b"GET /a?x={\"b\"} HTTP/1.1\r\nA: \"<\xff\r\n")
            .await
            .unwrap();
        let mut got = [0; 37];
        socket.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"GET /a?x={%22b%22} HTTP/1.1\r\nA: \"<\xff\r\n");
        client.write_all(b"\"").await.unwrap();
        assert_eq!(socket.read_u8().await.unwrap(), b'"');
        // A line that comes in pieces.
        line.expect();
        client.write_all(b"\"").await.unwrap();
        assert_eq!(socket.read_u8().await.unwrap(), b'%');
        client.write_all(b"\n\"").await.unwrap();
        let mut got = [0; 4];
        socket.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"22\n\"");
    }

    #[tokio::test]
    async fn the_end_is_seen() {
        let (client, stream) = UnixStream::pair().unwrap();
        let socket = Socket::new(stream);
        drop(client);
        poll_fn(|cx| socket.poll_eof(cx)).await;
    }

    #[tokio::test]
    async fn unix_sockets_tell_half_closed_from_gone() {
        let (mut client, stream) = UnixStream::pair().unwrap();
        let socket = Socket::new(stream);
        client.shutdown().await.unwrap();
        poll_fn(|cx| socket.poll_eof(cx)).await;
        assert_eq!(socket.hung_up(), Some(false));
        drop(client);
        assert_eq!(socket.hung_up(), Some(true));
    }
}
