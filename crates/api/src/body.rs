//! Bodies that are no single JSON value: streams of bytes, of log frames, of
//! JSON lines, answers that come later, and connections that leave HTTP.
//!
//! Nothing in here knows a server: an implementor of the traits makes these
//! values, whoever serves them writes them out.

mod bytes_stream;
mod hijack;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;

use crate::error::ApiError;
use crate::frames;

pub use bytes_stream::{BlockingReader, ByteStream};
pub use hijack::{Duplex, Hijack, Upgraded};

/// A boxed stream that can move between threads.
pub type BoxStream<T> = Pin<Box<dyn Stream<Item = T> + Send>>;

/// A boxed future that can move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Plain text, the answer of `/_ping`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text(pub Cow<'static, str>);

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Text {
        Text(Cow::Borrowed(text))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text(Cow::Owned(text))
    }
}

/// A stream of JSON values, one a line, each sent as soon as it is there. An
/// error ends the stream; the head has long been sent then, so it travels as
/// the last line.
pub struct JsonLines<T>(BoxStream<Result<T, ApiError>>);

impl<T: Send + 'static> JsonLines<T> {
    /// The lines of a stream.
    pub fn new(lines: impl Stream<Item = Result<T, ApiError>> + Send + 'static) -> JsonLines<T> {
        JsonLines(Box::pin(lines))
    }

    /// A sender and the lines it sends. The sender waits when `capacity` lines
    /// are not yet written, and sees a closed channel when the client has left.
    pub fn channel(capacity: usize) -> (mpsc::Sender<Result<T, ApiError>>, JsonLines<T>) {
        let (sender, mut receiver) = mpsc::channel(capacity);
        let lines = JsonLines::new(stream::poll_fn(move |cx| receiver.poll_recv(cx)));
        (sender, lines)
    }
}

impl<T> Stream for JsonLines<T> {
    type Item = Result<T, ApiError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T> fmt::Debug for JsonLines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonLines")
    }
}

/// A JSON value that is not there yet: the head goes out at once, so that the
/// client knows that its wish was understood, and the value when it is ready.
pub struct Deferred<T>(BoxFuture<Result<T, ApiError>>);

impl<T: Send + 'static> Deferred<T> {
    /// The value that the future will have.
    pub fn new(value: impl Future<Output = Result<T, ApiError>> + Send + 'static) -> Deferred<T> {
        Deferred(Box::pin(value))
    }

    /// A value that is there already.
    pub fn ready(value: T) -> Deferred<T> {
        Deferred::new(std::future::ready(Ok(value)))
    }
}

impl<T> Future for Deferred<T> {
    type Output = Result<T, ApiError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Deferred<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deferred")
    }
}

/// One value or a stream of them, as the query chose: statistics.
#[derive(Debug)]
pub enum OneOrLines<T> {
    /// One value, then the end.
    One(Deferred<T>),
    /// A value at a time until somebody has enough.
    Lines(JsonLines<T>),
}

/// Log output: framed if standard output and error are apart, raw if a
/// terminal has made one of them.
pub struct LogStream {
    multiplexed: bool,
    bytes: BoxStream<Result<Bytes, ApiError>>,
}

impl LogStream {
    /// Output of a terminal, sent as it is.
    pub fn raw(bytes: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static) -> LogStream {
        LogStream {
            multiplexed: false,
            bytes: Box::pin(bytes),
        }
    }

    /// Output whose streams are kept apart. The bytes carry frames already,
    /// each whole or split anywhere; see [`frames`].
    pub fn multiplexed(
        frames: impl Stream<Item = Result<Bytes, ApiError>> + Send + 'static,
    ) -> LogStream {
        LogStream {
            multiplexed: true,
            bytes: Box::pin(frames),
        }
    }

    /// Whether the bytes carry frames.
    pub fn is_multiplexed(&self) -> bool {
        self.multiplexed
    }
}

impl Stream for LogStream {
    type Item = Bytes;

    /// An error becomes the last bytes: a frame of the system stream, or the
    /// bare text.
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.bytes.as_mut().poll_next(cx).map(|next| match next {
            Some(Err(error)) => {
                self.bytes = Box::pin(stream::empty());
                Some(if self.multiplexed {
                    frames::frame(frames::Stream::System, error.message.as_bytes())
                } else {
                    Bytes::from(format!("{error}\r\n"))
                })
            }
            Some(Ok(bytes)) => Some(bytes),
            None => None,
        })
    }
}

impl fmt::Debug for LogStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogStream")
            .field("multiplexed", &self.multiplexed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn lines_through_a_channel() {
        let (sender, lines) = JsonLines::channel(4);
        sender.send(Ok(1)).await.unwrap();
        sender.send(Err(ApiError::system("x"))).await.unwrap();
        drop(sender);
        let got: Vec<_> = lines.collect().await;
        assert_eq!(got, [Ok(1), Err(ApiError::system("x"))]);
    }

    #[tokio::test]
    async fn sender_sees_that_nobody_reads() {
        let (sender, lines) = JsonLines::<u8>::channel(1);
        drop(lines);
        assert!(sender.send(Ok(1)).await.is_err());
    }

    #[tokio::test]
    async fn log_error_ends_the_stream_in_band() {
        let items = || {
            stream::iter([
                Ok(Bytes::from("a")),
                Err(ApiError::system("gone")),
                Ok(Bytes::from("b")),
            ])
        };
        let raw: Vec<Bytes> = LogStream::raw(items()).collect().await;
        assert_eq!(raw, ["a", "gone\r\n"]);
        let framed: Vec<Bytes> = LogStream::multiplexed(items()).collect().await;
        assert_eq!(framed[1], b"\x03\0\0\0\0\0\0\x04gone"[..]);
        assert_eq!(framed.len(), 2);
    }

    #[tokio::test]
    async fn deferred_value() {
        assert_eq!(Deferred::ready(7).await, Ok(7));
    }
}
