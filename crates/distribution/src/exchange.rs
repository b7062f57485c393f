//! One request and its answer: redirects followed, silence noticed, bodies that
//! are read no further than they may be.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, USER_AGENT};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, Sleep};

use crate::challenge::Challenge;
use crate::error::{Error, Result};
use crate::transport::{Outgoing, Transport, reason};
use crate::url;

/// Redirects that are followed, as Go's client does.
const MOST_REDIRECTS: usize = 10;
/// What must come within [`crate::settings::Patience::stall`], in bytes.
const DRIP: u64 = 1 << 10;
/// What is read of the body of an error.
const LARGEST_ERROR: u64 = 64 << 10;

/// How requests are sent on.
#[derive(Clone)]
pub(crate) struct Exchange {
    pub(crate) transport: Transport,
    pub(crate) stall: Duration,
    pub(crate) upload: Duration,
    pub(crate) user_agent: HeaderValue,
}

/// A request that can be sent more than once.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An answer of any status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Where it came from in the end.
    pub(crate) url: Uri,
    pub(crate) body: Body,
}

impl Ask {
    pub(crate) fn new(method: Method, url: Uri) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn get(url: Uri) -> Self {
        Self::new(Method::GET, url)
    }
}

impl Exchange {
    /// Sends a request and follows redirects. What authorizes it goes to no
    /// other server than the one it was meant for.
    pub(crate) async fn send(&self, ask: Ask) -> Result<Answer> {
        let (mut method, mut address) = (ask.method.clone(), ask.url.clone());
        let mut headers = ask.headers.clone();
        let mut body = ask.body.clone();
        for _ in 0..=MOST_REDIRECTS {
            let outgoing = Full::new(body.clone())
                .map_err(|never| match never {})
                .boxed();
            let patience = match method {
                Method::GET | Method::HEAD => self.stall,
                _ => self.upload,
            };
            let sent = self.once(&method, &address, headers.clone(), outgoing, patience);
            let answer = sent
                .await
                .map_err(|error| error.of(&ask.method, &ask.url))?;
            let status = answer.status();
            let location = match status.as_u16() {
                301 | 302 | 303 | 307 | 308 => answer.headers().get(LOCATION),
                _ => None,
            };
            let Some(location) = location else {
                return Ok(self.answer(answer, address));
            };
            let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
            let next =
                url::join(&address, &location).map_err(|error| error.of(&ask.method, &ask.url))?;
            if !url::same_server(&next, &ask.url) {
                headers.remove(AUTHORIZATION);
            }
            if status.as_u16() < 307 && method != Method::GET && method != Method::HEAD {
                (method, body) = (Method::GET, Bytes::new());
            }
            address = next;
        }
        let stopped = Error::Connection(format!("stopped after {MOST_REDIRECTS} redirects"));
        Err(stopped.of(&ask.method, &ask.url))
    }

    /// Sends a request whose body can be sent only once; no redirects. The
    /// answer's head may take as long as the body goes on being taken.
    pub(crate) async fn send_stream(
        &self,
        method: Method,
        url: Uri,
        headers: HeaderMap,
        body: Outgoing,
        patience: Duration,
    ) -> Result<Answer> {
        let sent = self.once(&method, &url, headers, body, patience).await;
        let answer = sent.map_err(|error| error.of(&method, &url))?;
        Ok(self.answer(answer, url))
    }

    async fn once(
        &self,
        method: &Method,
        address: &Uri,
        mut headers: HeaderMap,
        body: Outgoing,
        patience: Duration,
    ) -> Result<Response<Incoming>> {
        // A method that may carry something says how much, even if it is nothing.
        let carries = !matches!(*method, Method::GET | Method::HEAD | Method::DELETE);
        let body = match body.size_hint().exact() {
            Some(0) if !carries => Empty::new().map_err(|never| match never {}).boxed(),
            _ => body,
        };
        headers.insert(USER_AGENT, self.user_agent.clone());
        let plain = plain(address)?;
        let mut request = Request::new(body);
        *request.method_mut() = method.clone();
        *request.uri_mut() = plain;
        *request.headers_mut() = headers;
        tokio::time::timeout(patience, self.transport.send(request))
            .await
            .unwrap_or(Err(Error::Stalled(patience.as_secs())))
    }

    fn answer(&self, answer: Response<Incoming>, url: Uri) -> Answer {
        let (head, incoming) = answer.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            url,
            body: Body::new(incoming, self.stall),
        }
    }
}

/// The address without name and password, which travel as a header.
fn plain(address: &Uri) -> Result<Uri> {
    if url::login(address).is_none() {
        return Ok(address.clone());
    }
    url::parse(&url::shown(address))
}

impl Answer {
    /// The answer if it says that all is well, else what the registry says.
    pub(crate) async fn successful(self) -> Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(self.into_error().await)
    }

    pub(crate) async fn into_error(self) -> Error {
        let status = self.status;
        let challenges = Challenge::of(&self.headers);
        let body = self.body.collect_at_most("an error", LARGEST_ERROR).await;
        let error = Error::from_answer(status, &body.unwrap_or_default());
        // RFC 6750 section 3.1: the token was the reason.
        let bearer = challenges.iter().find(|it| it.scheme == "bearer");
        let code = match bearer.map(|it| it.parameter("error")) {
            Some("invalid_token") => "UNAUTHORIZED",
            Some("insufficient_scope") => "DENIED",
            _ => return error,
        };
        let described = bearer.map(|it| it.parameter("error_description"));
        error.because(status, code, described.filter(|it| !it.is_empty()))
    }

    pub(crate) fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The body of an answer, as a stream of bytes. It fails when next to nothing
/// comes for too long.
pub struct Body {
    incoming: Incoming,
    stall: Duration,
    /// Runs while something is waited for.
    alarm: Option<Pin<Box<Sleep>>>,
    /// How long was waited since `came` was last zero.
    waited: Duration,
    waiting_since: Option<Instant>,
    came: u64,
}

impl Body {
    fn new(incoming: Incoming, stall: Duration) -> Self {
        Self {
            incoming,
            stall,
            alarm: None,
            waited: Duration::ZERO,
            waiting_since: None,
            came: 0,
        }
    }

    /// How many bytes will come, if the server has said so.
    pub fn announced(&self) -> Option<u64> {
        self.incoming.size_hint().exact()
    }

    /// The next bytes; none at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// All of it, which must not be more than `limit` bytes.
    pub async fn collect_at_most(mut self, what: &'static str, limit: u64) -> Result<Bytes> {
        let too_large = || Error::TooLarge { what, limit };
        if self.announced().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let mut all = BytesMut::new();
        while let Some(bytes) = self.next().await {
            let bytes = bytes?;
            if (all.len() + bytes.len()) as u64 > limit {
                return Err(too_large());
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }

    /// Counts the time that was spent waiting, and only that: who reads slowly
    /// is not the server's fault.
    fn arrived(&mut self, count: usize) -> Result<()> {
        self.alarm = None;
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
        }
        self.came += count as u64;
        if self.came >= DRIP {
            (self.came, self.waited) = (0, Duration::ZERO);
        } else if self.waited >= self.stall {
            return Err(Error::Stalled(self.stall.as_secs()));
        }
        Ok(())
    }
}

impl Stream for Body {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match Pin::new(&mut this.incoming).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(reason(&error)))),
                Poll::Ready(Some(Ok(frame))) => {
                    let Ok(bytes) = frame.into_data() else {
                        continue;
                    };
                    return Poll::Ready(Some(this.arrived(bytes.len()).map(|()| bytes)));
                }
                Poll::Pending => {
                    this.waiting_since.get_or_insert_with(Instant::now);
                    let left = this.stall.saturating_sub(this.waited);
                    let alarm = this
                        .alarm
                        .get_or_insert_with(|| Box::pin(tokio::time::sleep(left)));
                    ready!(alarm.as_mut().poll(cx));
                    return Poll::Ready(Some(Err(Error::Stalled(this.stall.as_secs()))));
                }
            }
        }
    }
}
