//! Bodies of bytes, in both directions: archives, mostly.

use std::fmt;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::StreamExt as _;
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;

use super::BoxStream;

/// Bytes of a body as they come. As a response an error cuts the connection,
/// so that the client cannot take the part for the whole.
pub struct ByteStream(BoxStream<io::Result<Bytes>>);

/// Size of the pieces that a blocking writer's output is cut into.
const CHUNK: usize = 256 * 1024;

/// Pieces that may lie between a thread and the connection: waking the other
/// side for each one would cost more than carrying it.
const AHEAD: usize = 16;

impl ByteStream {
    /// The bytes of a stream.
    pub fn new(bytes: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> ByteStream {
        ByteStream(Box::pin(bytes))
    }

    /// No bytes at all.
    pub fn empty() -> ByteStream {
        ByteStream::new(stream::empty())
    }

    /// Bytes that are all here.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> ByteStream {
        let bytes = bytes.into();
        ByteStream::new(stream::once(std::future::ready(Ok(bytes))))
    }

    /// What a blocking function writes, which runs on a thread of its own. It
    /// waits when the client is slow and gets `BrokenPipe` when it has left.
    /// Its error, or its panic, becomes the stream's.
    ///
    /// Call it within a tokio runtime.
    pub fn written_by<F>(write: F) -> ByteStream
    where
        F: FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static,
    {
        let (sender, mut receiver) = mpsc::channel(4);
        let thread = tokio::task::spawn_blocking(move || {
            let mut writer = ChunkWriter {
                sender,
                chunk: BytesMut::new(),
            };
            write(&mut writer)?;
            writer.flush()
        });
        let mut thread = Some(thread);
        ByteStream::new(stream::poll_fn(move |cx| {
            if let Some(chunk) = ready!(receiver.poll_recv(cx)) {
                return Poll::Ready(Some(Ok(chunk)));
            }
            // Only the thread's result tells the end from an accident.
            let Some(running) = thread.as_mut() else {
                return Poll::Ready(None);
            };
            let result = ready!(Pin::new(running).poll(cx));
            thread = None;
            Poll::Ready(match result {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(Err(error)),
                Err(panic) => Some(Err(io::Error::other(panic))),
            })
        }))
    }

    /// A blocking reader, for a thread that may wait (`spawn_blocking`).
    ///
    /// Call it within a tokio runtime.
    pub fn blocking_reader(mut self) -> BlockingReader {
        let (sender, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(async move {
            loop {
                let next = tokio::select! {
                    next = self.next() => next,
                    // Nobody reads any more.
                    () = sender.closed() => return,
                };
                let Some(chunk) = next else { return };
                if sender.send(chunk).await.is_err() {
                    return;
                }
            }
        });
        BlockingReader {
            chunks: receiver,
            chunk: Bytes::new(),
        }
    }

    /// Waits for the first bytes. Whoever answers before the end of a request's
    /// body does this first: a client that asks for leave to send it (`Expect:
    /// 100-continue`; curl does for large bodies, and waits a second) can be told
    /// only while no answer has begun.
    pub async fn begun(mut self) -> ByteStream {
        match self.next().await {
            Some(first) => ByteStream::new(stream::once(std::future::ready(first)).chain(self)),
            None => ByteStream::empty(),
        }
    }

    /// All the bytes at once.
    pub async fn collect(mut self) -> io::Result<Bytes> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.next().await {
            all.extend_from_slice(&chunk?);
        }
        Ok(all.freeze())
    }
}

impl Stream for ByteStream {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByteStream")
    }
}

/// A [`ByteStream`] read by a thread that may wait for it. Never use it on a
/// thread that runs other tasks: it would panic there.
#[derive(Debug)]
pub struct BlockingReader {
    chunks: mpsc::Receiver<io::Result<Bytes>>,
    chunk: Bytes,
}

impl Read for BlockingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.chunk.is_empty() {
            match self.chunks.blocking_recv() {
                Some(chunk) => self.chunk = chunk?,
                None => return Ok(0),
            }
        }
        let length = self.chunk.len().min(buffer.len());
        self.chunk.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// Gathers small writes into chunks and sends them.
struct ChunkWriter {
    sender: mpsc::Sender<Bytes>,
    chunk: BytesMut,
}

impl Write for ChunkWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.is_empty() {
            self.chunk.reserve(CHUNK.max(bytes.len()));
        }
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        self.sender
            .blocking_send(self.chunk.split().freeze())
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_a_thread_writes_arrives() {
        let stream = ByteStream::written_by(|out| {
            for _ in 0..1000 {
                out.write_all(&[7; 1000])?;
            }
            Ok(())
        });
        assert_eq!(stream.collect().await.unwrap().len(), 1_000_000);
    }

    #[tokio::test]
    async fn its_error_arrives_behind_its_bytes() {
        let mut stream = ByteStream::written_by(|out| {
            out.write_all(b"half")?;
            out.flush()?;
            Err(io::Error::other("disk on fire"))
        });
        assert_eq!(stream.next().await.unwrap().unwrap(), "half");
        assert_eq!(
            stream.next().await.unwrap().unwrap_err().to_string(),
            "disk on fire"
        );
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn its_panic_is_an_error() {
        let stream = ByteStream::written_by(|_| panic!("a bug"));
        assert!(stream.collect().await.is_err());
    }

    #[tokio::test]
    async fn it_notices_that_the_client_left() {
        let (told, tell) = tokio::sync::oneshot::channel();
        let stream = ByteStream::written_by(move |out| {
            let error = loop {
                if let Err(error) = out.write_all(&[0; CHUNK]) {
                    break error;
                }
            };
            told.send(error.kind())
                .map_err(|_| io::Error::other("nobody asked"))
        });
        drop(stream);
        assert_eq!(tell.await.unwrap(), io::ErrorKind::BrokenPipe);
    }

    #[tokio::test]
    async fn a_thread_reads() {
        let chunks = ["ab", "", "cde"].map(|text| Ok(Bytes::from(text)));
        let mut reader = ByteStream::new(stream::iter(chunks)).blocking_reader();
        let text = tokio::task::spawn_blocking(move || io::read_to_string(&mut reader))
            .await
            .unwrap();
        assert_eq!(text.unwrap(), "abcde");
        assert_eq!(ByteStream::from_bytes("x").collect().await.unwrap(), "x");
        assert!(ByteStream::empty().collect().await.unwrap().is_empty());
    }
}
