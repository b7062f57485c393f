//! Connections that leave HTTP: attach, exec and the build session.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::BoxFuture;

/// Anything bytes can be read from and written to.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// The client's end of a connection that has left HTTP. What the client sent
/// right behind its request is read first. Reading ends when the client has
/// shut its side; shutting ours tells it the end of output, and both sides
/// can be shut apart from each other.
pub struct Upgraded(Box<dyn Duplex>);

impl Upgraded {
    /// Wraps a connection.
    pub fn new(connection: impl Duplex + 'static) -> Upgraded {
        Upgraded(Box::new(connection))
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Upgraded")
    }
}

type Run = Box<dyn FnOnce(Upgraded) -> BoxFuture<()> + Send>;

/// The rest of an operation that takes its connection over. The server writes
/// the head that suits the request (101, 200, a websocket's handshake), then
/// runs this; the connection closes when it returns.
///
/// ```
/// use longshore_api::body::Hijack;
/// use tokio::io::AsyncWriteExt as _;
/// let hijack = Hijack::raw(|mut client| async move {
///     // The client may have gone: then there is nobody to tell.
///     let _ = client.write_all(b"hello\r\n").await;
/// });
/// assert!(!hijack.is_multiplexed());
/// ```
pub struct Hijack {
    multiplexed: bool,
    run: Run,
}

impl Hijack {
    /// Output is sent as it is: a terminal, or another protocol.
    pub fn raw<F, R>(run: F) -> Hijack
    where
        F: FnOnce(Upgraded) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        Hijack {
            multiplexed: false,
            run: Box::new(|client| Box::pin(run(client))),
        }
    }

    /// Output carries frames, which the function writes itself; see
    /// [`crate::frames`]. On a websocket, which has none, they are taken off.
    pub fn multiplexed<F, R>(run: F) -> Hijack
    where
        F: FnOnce(Upgraded) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        Hijack {
            multiplexed: true,
            ..Hijack::raw(run)
        }
    }

    /// Whether output carries frames.
    pub fn is_multiplexed(&self) -> bool {
        self.multiplexed
    }

    /// Hands the connection over.
    pub fn run(self, client: Upgraded) -> BoxFuture<()> {
        (self.run)(client)
    }
}

impl fmt::Debug for Hijack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hijack")
            .field("multiplexed", &self.multiplexed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn both_ends_shut_apart() {
        let (mut near, far) = tokio::io::duplex(64);
        let echo = Hijack::raw(|mut client: Upgraded| async move {
            let mut input = Vec::new();
            client.read_to_end(&mut input).await.unwrap();
            client.write_all(&input).await.unwrap();
            client.shutdown().await.unwrap();
        });
        let running = tokio::spawn(echo.run(Upgraded::new(far)));
        near.write_all(b"hello").await.unwrap();
        near.shutdown().await.unwrap();
        let mut output = String::new();
        near.read_to_string(&mut output).await.unwrap();
        assert_eq!(output, "hello");
        running.await.unwrap();
    }
}
