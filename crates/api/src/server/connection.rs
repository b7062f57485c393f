//! One connection: hyper speaks HTTP on it until it closes, the client goes
//! away, or an operation takes it over.
//!
//! ```text
//!            request            answer's head, body follows      body done
//!   Idle ───────────▶ Handling ─────────────────────▶ Streaming ──────▶ Idle
//!                        │  └────────── whole answer ─────────────────────▲
//!                        └─ takeover ─▶ HTTP is over, the operation owns it
//! ```
//!
//! When the client goes away while it is being served, its handler is dropped
//! where it stands. A client that only shut its own direction is answered to
//! the end, if the socket can tell the difference (unix sockets can); where it
//! cannot, the end of input ends streams, and handlers finish their answer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use http::{Request, Response};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;

use super::answer::{self, Answer, Body};
use super::router::Router;
use super::socket::{RequestLine, Socket};
use super::takeover::Takeover;
use super::transport::Transport;
use crate::error::ApiError;

/// How far the server is on its way down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Serving.
    Up,
    /// Each connection ends after the request it is at.
    Draining,
    /// Everything ends now.
    Down,
}

/// Serves one connection to its end.
pub(super) async fn serve<S: Transport>(
    stream: S,
    router: Arc<Router>,
    mut phase: watch::Receiver<Phase>,
) {
    let socket = Socket::new(stream);
    let state = Arc::new(State::default());
    let session = Session {
        router,
        state: Arc::clone(&state),
        request_line: socket.request_line(),
    };
    let mut http = http1::Builder::new()
        .title_case_headers(true)
        // The end of input is ours to judge, see above.
        .half_close(true)
        .serve_connection(TokioIo::new(socket.clone()), session);
    let mut next = Phase::Draining;
    let end = loop {
        tokio::select! {
            biased;
            end = poll_fn(|cx| poll_http(&mut http, &socket, &state, cx)) => break end,
            () = reached(&mut phase, next) => match next {
                Phase::Down => return,
                _ => {
                    next = Phase::Down;
                    Pin::new(&mut http).graceful_shutdown();
                }
            },
        }
    };
    let End::Takeover(takeover) = end else {
        return;
    };
    let unread = http.into_parts().read_buf;
    let Some(stream) = socket.reclaim(unread) else {
        return;
    };
    tokio::select! {
        () = takeover.run(stream) => {}
        () = reached(&mut phase, Phase::Down) => {}
    }
}

enum End {
    /// HTTP came to its end.
    Closed,
    /// Nobody is there to be answered.
    Gone,
    Takeover(Takeover),
}

fn poll_http<S: Transport>(
    http: &mut http1::Connection<TokioIo<Socket<S>>, Session>,
    socket: &Socket<S>,
    state: &State,
    cx: &mut Context<'_>,
) -> Poll<End> {
    if let Poll::Ready(result) = Pin::new(http).poll(cx) {
        if let Err(error) = result {
            tracing::debug!(%error, "connection ended");
        }
        return Poll::Ready(End::Closed);
    }
    let activity = state.activity.load(Ordering::Relaxed);
    if activity == IDLE {
        return Poll::Pending;
    }
    if activity == TAKEN
        && let Some(takeover) = state.takeover()
    {
        return Poll::Ready(End::Takeover(takeover));
    }
    if socket.poll_eof(cx).is_ready() && socket.hung_up().unwrap_or(activity == STREAMING) {
        return Poll::Ready(End::Gone);
    }
    Poll::Pending
}

async fn reached(phase: &mut watch::Receiver<Phase>, wanted: Phase) {
    // A server that is gone without a word is down.
    let _ = phase.wait_for(|phase| *phase >= wanted).await;
}

const IDLE: u8 = 0;
const HANDLING: u8 = 1;
const STREAMING: u8 = 2;
const TAKEN: u8 = 3;

#[derive(Default)]
struct State {
    activity: AtomicU8,
    takeover: Mutex<Option<Takeover>>,
}

impl State {
    fn takeover(&self) -> Option<Takeover> {
        self.takeover
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    fn take_over(&self, takeover: Takeover) {
        *self.takeover.lock().unwrap_or_else(PoisonError::into_inner) = Some(takeover);
        self.activity.store(TAKEN, Ordering::Relaxed);
    }
}

/// Held while a request is being answered.
pub(crate) struct Busy(Arc<State>);

impl Busy {
    fn new(state: &Arc<State>) -> Busy {
        state.activity.store(HANDLING, Ordering::Relaxed);
        Busy(Arc::clone(state))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.activity.load(Ordering::Relaxed) != TAKEN {
            self.0.activity.store(IDLE, Ordering::Relaxed);
        }
    }
}

/// What hyper asks for answers.
struct Session {
    router: Arc<Router>,
    state: Arc<State>,
    request_line: RequestLine,
}

impl hyper::service::Service<Request<Incoming>> for Session {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let router = Arc::clone(&self.router);
        let state = Arc::clone(&self.state);
        // Where a body ends is known to hyper alone, so the requests that
        // follow one are taken as they come.
        if request.body().is_end_stream() {
            self.request_line.expect();
        }
        Box::pin(async move {
            let mut busy = Some(Busy::new(&state));
            let answer = AssertUnwindSafe(router.answer(request))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| {
                    let error = ApiError::system("the server made a mistake: a handler panicked");
                    answer::error(&error)
                });
            match answer {
                Answer::Http(mut response) => {
                    if let Body::Stream { busy: held, .. } = response.body_mut() {
                        state.activity.store(STREAMING, Ordering::Relaxed);
                        *held = busy.take();
                    }
                    Ok(response)
                }
                Answer::Takeover(takeover) => {
                    // The loop above sees this at once and drops hyper, and
                    // this future with it.
                    state.take_over(takeover);
                    std::future::pending().await
                }
            }
        })
    }
}
