//! The bodies of answers: nothing, bytes, or a stretch of a file that is read
//! ahead while what came before is sent.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use hyper::body::{Frame, SizeHint};
use serde::Serialize;
use tokio::task::{JoinHandle, spawn_blocking};

/// How much of a file is read at once.
const PIECE: u64 = 1024 * 1024;

/// What follows the head of an answer.
pub(crate) enum Body {
    /// Bytes that are there; taken when they were sent.
    Whole(Bytes),
    /// A file, from where it stands.
    File(Stretch),
}

/// The next bytes of a file.
pub(crate) struct Stretch {
    /// Bytes that the client has not been given.
    left: u64,
    /// Bytes that were not asked for.
    unread: u64,
    reading: Option<JoinHandle<io::Result<(File, Bytes)>>>,
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    answer(status, Body::Whole(Bytes::new()))
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    // A value without maps of odd keys always becomes JSON.
    let mut text = serde_json::to_vec(value).unwrap_or_default();
    text.push(b'\n');
    typed(status, "application/json; charset=utf-8", text)
}

/// An answer of some type.
pub(crate) fn typed(
    status: StatusCode,
    content_type: &str,
    bytes: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = answer(status, Body::Whole(bytes.into()));
    if let Ok(value) = content_type.parse() {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

/// An answer with `length` bytes of a file from `start` on.
pub(crate) fn file(status: StatusCode, file: File, start: u64, length: u64) -> Response<Body> {
    let mut stretch = Stretch {
        left: length,
        unread: length,
        reading: None,
    };
    stretch.read_on(file, Some(start));
    answer(status, Body::File(stretch))
}

fn answer(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

impl Stretch {
    fn read_on(&mut self, mut file: File, seek: Option<u64>) {
        let length = self.unread.min(PIECE);
        self.unread -= length;
        self.reading = (length > 0).then(|| {
            spawn_blocking(move || {
                if let Some(start) = seek {
                    file.seek(SeekFrom::Start(start))?;
                }
                let mut piece = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
                let read = (&mut file).take(length).read_to_end(&mut piece)?;
                if read as u64 != length {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                Ok((file, piece.into()))
            })
        });
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::File(stretch) => {
                let Some(reading) = &mut stretch.reading else {
                    return Poll::Ready(None);
                };
                let piece = ready!(Pin::new(reading).poll(cx))
                    .map_err(io::Error::other)
                    .flatten();
                stretch.reading = None;
                Poll::Ready(Some(piece.map(|(file, bytes)| {
                    stretch.left -= bytes.len() as u64;
                    stretch.read_on(file, None);
                    Frame::data(bytes)
                })))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_empty(),
            Self::File(stretch) => stretch.left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::File(stretch) => stretch.left,
        })
    }
}

impl From<Infallible> for Body {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
