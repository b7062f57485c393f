//! Answers: from what a handler returned to a head and a body.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use serde::Serialize;

use super::connection::Busy;
use super::takeover::Takeover;
use crate::body::{
    BoxStream, ByteStream, Deferred, Hijack, JsonLines, LogStream, OneOrLines, Text,
};
use crate::error::ApiError;
use crate::version::ApiVersion;

/// What goes back to the client.
pub(crate) enum Answer {
    /// An HTTP response.
    Http(Response<Body>),
    /// The connection leaves HTTP.
    Takeover(Takeover),
}

impl Answer {
    /// Whether it is a response without a body.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Answer::Http(response) if response.body().is_end_stream())
    }
}

/// The body of a response.
pub(crate) enum Body {
    /// All of it.
    Whole(Bytes),
    /// Piece by piece; an error cuts the connection.
    Stream {
        pieces: BoxStream<io::Result<Bytes>>,
        /// Tells the connection that the answer is still going out.
        busy: Option<Busy>,
    },
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Body::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Body::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Body::Stream { pieces, .. } => pieces
                .poll_next_unpin(cx)
                .map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Body::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Body::Stream { .. } => SizeHint::default(),
        }
    }
}

/// How the lines of a stream end, and how an error travels in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Progress of pull, push, build, load, import: `\r\n`, errors with a
    /// detail beside the text.
    Progress,
    /// Events and statistics: `\n`.
    Plain,
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");
pub(super) const RAW: HeaderValue = HeaderValue::from_static("application/vnd.docker.raw-stream");
pub(super) const MULTIPLEXED: HeaderValue =
    HeaderValue::from_static("application/vnd.docker.multiplexed-stream");

/// The first version in which framed streams say so in their type.
pub(super) const SAYS_MULTIPLEXED: ApiVersion = ApiVersion::new(1, 42);

/// No body, and no type.
pub(crate) fn empty(status: StatusCode) -> Answer {
    respond(status, None, Bytes::new())
}

/// One JSON value and a newline.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Answer {
    match line(value, "\n") {
        Ok(bytes) => respond(status, Some(JSON), bytes.into()),
        Err(error) => self::error(&error),
    }
}

/// Plain text without a newline.
pub(crate) fn text(status: StatusCode, text: Text) -> Answer {
    const PLAIN: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
    let bytes = match text.0 {
        std::borrow::Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
        std::borrow::Cow::Owned(text) => Bytes::from(text),
    };
    respond(status, Some(PLAIN), bytes)
}

/// The status of the error's kind and `{"message": "…"}`.
pub(crate) fn error(error: &ApiError) -> Answer {
    let bytes = message(error, "\n");
    respond(error.status(), Some(JSON), bytes.into())
}

/// An error of attach: its clients expect no JSON there.
pub(crate) fn raw_error(error: &ApiError) -> Answer {
    let mut answer = respond(
        error.status(),
        Some(RAW),
        format!("{}\r\n", error.message).into(),
    );
    set_header(&mut answer, CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// A stream of JSON lines; `gate` fits each value to the client's version.
pub(crate) fn lines<T>(
    lines: JsonLines<T>,
    style: Lines,
    mut gate: impl FnMut(&mut T) + Send + 'static,
) -> Answer
where
    T: Serialize + Send + 'static,
{
    let mut failed = false;
    stream(
        Some(JSON),
        lines
            .take_while(move |line| {
                // Whatever follows an error is not sent.
                let go_on = !failed;
                failed |= line.is_err();
                std::future::ready(go_on)
            })
            .map(move |item| {
                let encoded = item.and_then(|mut value| {
                    gate(&mut value);
                    line(&value, style.end()).map(escape)
                });
                Ok(encoded.unwrap_or_else(|error| style.error(&error)).into())
            }),
    )
}

/// The head at once, the value when it is there.
pub(crate) fn deferred<T>(
    value: Deferred<T>,
    mut gate: impl FnMut(&mut T) + Send + 'static,
) -> Answer
where
    T: Serialize + Send + 'static,
{
    stream(
        Some(JSON),
        stream::once(async move {
            let encoded = value.await.and_then(|mut value| {
                gate(&mut value);
                line(&value, "\n").map(escape)
            });
            Ok(encoded
                .unwrap_or_else(|error| Lines::Plain.error(&error))
                .into())
        }),
    )
}

/// One value or lines.
pub(crate) fn one_or_lines<T>(
    value: OneOrLines<T>,
    gate: impl FnMut(&mut T) + Send + 'static,
) -> Answer
where
    T: Serialize + Send + 'static,
{
    match value {
        OneOrLines::One(value) => deferred(value, gate),
        OneOrLines::Lines(values) => lines(values, Lines::Plain, gate),
    }
}

/// Bytes: an archive.
pub(crate) fn bytes(content: ByteStream, content_type: &'static str) -> Answer {
    stream(Some(HeaderValue::from_static(content_type)), content)
}

/// Log output, framed or raw.
pub(crate) fn logs(logs: LogStream, version: ApiVersion) -> Answer {
    let content_type = if logs.is_multiplexed() && version >= SAYS_MULTIPLEXED {
        MULTIPLEXED
    } else {
        RAW
    };
    stream(Some(content_type), logs.map(Ok))
}

/// The connection leaves HTTP for attach or exec.
pub(crate) fn hijack(hijack: Hijack, upgrade: super::takeover::Upgrade) -> Answer {
    Answer::Takeover(Takeover::new(hijack, upgrade))
}

/// Sets a header of a response; a takeover writes its own head.
pub(crate) fn set_header(answer: &mut Answer, name: HeaderName, value: HeaderValue) {
    if let Answer::Http(response) = answer {
        response.headers_mut().insert(name, value);
    }
}

/// Sets a header that a handler gave. A value that no header can hold is the
/// handler's mistake, and the client's answer is worth more than the header.
pub(crate) fn set_text_header(answer: &mut Answer, name: &'static str, value: &str) {
    match HeaderValue::from_str(value) {
        Ok(value) => set_header(answer, HeaderName::from_static(name), value),
        Err(_) => tracing::error!(name, value, "not a header value"),
    }
}

impl Lines {
    fn end(self) -> &'static str {
        match self {
            Lines::Progress => "\r\n",
            Lines::Plain => "\n",
        }
    }

    /// An error when the head is out already.
    fn error(self, error: &ApiError) -> Vec<u8> {
        #[derive(Serialize)]
        struct Failure<'a> {
            #[serde(rename = "errorDetail")]
            detail: Detail<'a>,
            error: &'a str,
        }
        #[derive(Serialize)]
        struct Detail<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            code: Option<i64>,
            message: &'a str,
        }
        log_failure("stream", error);
        match self {
            Lines::Plain => message(error, "\n"),
            Lines::Progress => {
                let failure = Failure {
                    detail: Detail {
                        code: error.code,
                        message: &error.message,
                    },
                    error: &error.message,
                };
                line(&failure, "\r\n").map_or_else(|_| Vec::new(), escape)
            }
        }
    }
}

/// Errors that are ours belong into the log too; that something is not built,
/// or not to be had now, is an answer and no failure.
pub(super) fn log_failure(operation: &'static str, error: &ApiError) {
    let status = error.status();
    let expected = [StatusCode::NOT_IMPLEMENTED, StatusCode::SERVICE_UNAVAILABLE];
    if expected.contains(&status) {
        tracing::debug!(operation, status = status.as_u16(), "{}", error.message);
    } else if status.is_server_error() {
        tracing::error!(operation, status = status.as_u16(), "{}", error.message);
    }
}

#[derive(Serialize)]
struct Message<'a> {
    message: &'a str,
}

fn message(error: &ApiError, end: &str) -> Vec<u8> {
    let message = Message {
        message: &error.message,
    };
    line(&message, end).unwrap_or_default()
}

fn line<T: Serialize>(value: &T, end: &str) -> Result<Vec<u8>, ApiError> {
    let mut bytes = Vec::with_capacity(256);
    serde_json::to_writer(&mut bytes, value)
        .map_err(|error| ApiError::system(format!("cannot encode the answer: {error}")))?;
    bytes.extend_from_slice(end.as_bytes());
    Ok(bytes)
}

/// `<`, `>` and `&` as Go's default encoder writes them. They can stand only
/// within strings.
fn escape(line: Vec<u8>) -> Vec<u8> {
    if !line.iter().any(|byte| matches!(byte, b'<' | b'>' | b'&')) {
        return line;
    }
    let mut escaped = Vec::with_capacity(line.len() + 32);
    for byte in line {
        match byte {
            b'<' => escaped.extend_from_slice(b"\\u003c"),
            b'>' => escaped.extend_from_slice(b"\\u003e"),
            b'&' => escaped.extend_from_slice(b"\\u0026"),
            byte => escaped.push(byte),
        }
    }
    escaped
}

fn respond(status: StatusCode, content_type: Option<HeaderValue>, bytes: Bytes) -> Answer {
    let mut response = Response::new(Body::Whole(bytes));
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    Answer::Http(response)
}

fn stream(
    content_type: Option<HeaderValue>,
    pieces: impl futures_util::Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Answer {
    let mut response = Response::new(Body::Stream {
        pieces: Box::pin(pieces),
        busy: None,
    });
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, content_type);
    }
    Answer::Http(response)
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Http(response) => write!(f, "Http({})", response.status()),
            Answer::Takeover(_) => f.write_str("Takeover"),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn body_of(answer: Answer) -> String {
        let Answer::Http(response) = answer else {
            panic!("no response")
        };
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn json_is_plain_and_ends_with_a_newline() {
        let answer = json(StatusCode::OK, &serde_json::json!({"a": "<b> & c"}));
        assert_eq!(body_of(answer).await, "{\"a\":\"<b> & c\"}\n");
    }

    #[tokio::test]
    async fn progress_lines_end_with_crlf_and_are_escaped() {
        let items = stream::iter([
            Ok(serde_json::json!({"status": "<x>"})),
            Err(ApiError::system("a & b")),
            Ok(serde_json::json!("never sent")),
        ]);
        let answer = lines(JsonLines::new(items), Lines::Progress, |_| {});
        assert_eq!(
            body_of(answer).await,
            "{\"status\":\"\\u003cx\\u003e\"}\r\n\
             {\"errorDetail\":{\"message\":\"a \\u0026 b\"},\"error\":\"a \\u0026 b\"}\r\n"
        );
    }

    #[tokio::test]
    async fn other_lines_end_with_a_newline() {
        let items = stream::iter([Ok(1), Err(ApiError::system("x"))]);
        let answer = lines(JsonLines::new(items), Lines::Plain, |n| *n += 1);
        assert_eq!(body_of(answer).await, "2\n{\"message\":\"x\"}\n");
        let late = deferred(
            Deferred::<u8>::new(async { Err(ApiError::system("x")) }),
            |_| {},
        );
        assert_eq!(body_of(late).await, "{\"message\":\"x\"}\n");
        assert_eq!(
            body_of(deferred(Deferred::ready("<"), |_| {})).await,
            "\"\\u003c\"\n"
        );
    }
}
