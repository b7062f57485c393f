//! From a request to the handler that answers it.

use std::pin::Pin;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_LENGTH, HeaderName, LOCATION, PRAGMA, SERVER};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use super::answer::{self, Answer, Body};
use super::path;
use super::request::Call;
use crate::context::Context;
use crate::error::ApiError;
use crate::generated::routes::{NEWEST, Operation, Tag, find, not_implemented};
use crate::version::ApiVersion;

/// What a handler's answer comes out of.
pub(crate) type Serving = Pin<Box<dyn Future<Output = Result<Answer, ApiError>> + Send>>;

/// One mounted group of operations: the generated glue between a [`Call`] and
/// a trait.
pub(crate) trait Serve: Send + Sync {
    /// Decodes, calls the handler, encodes.
    fn serve(&self, call: Call) -> Serving;
}

/// What the server says about itself in the headers of every answer, and
/// which versions it speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// The header `Server`. Clients read the operating system out of the form
    /// `Docker/VERSION (linux)`.
    pub server: String,
    /// The newest version that is answered, header `Api-Version`.
    pub version: ApiVersion,
    /// The oldest version that is answered.
    pub minimum: ApiVersion,
    /// Header `Docker-Experimental`.
    pub experimental: bool,
    /// Header `Builder-Version` of `/_ping`: `1` for the classic builder, `2`
    /// for BuildKit.
    pub builder: u8,
}

impl Default for ServerInfo {
    fn default() -> ServerInfo {
        ServerInfo {
            server: "Docker/0.0.0 (linux)".to_owned(),
            version: NEWEST,
            minimum: ApiVersion::MIN,
            experimental: false,
            builder: 1,
        }
    }
}

/// Which fields an answer to an older version has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Responses {
    /// Exactly those of that version.
    #[default]
    Exact,
    /// All that there are today, as dockerd sends them.
    Superset,
}

/// The implementors of the traits, mounted group by group.
pub struct Router {
    info: ServerInfo,
    responses: Responses,
    common: [(HeaderName, HeaderValue); 4],
    builder: HeaderValue,
    mounts: [Mount; Tag::ALL.len()],
}

enum Mount {
    Served(Arc<dyn Serve>),
    Refused(ApiError),
    Nothing,
}

impl Router {
    /// A router that answers every operation with 501. A text of `info` that
    /// no header can hold is left out.
    pub fn new(info: ServerInfo) -> Router {
        let text = |text: &str| {
            HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
        };
        let experimental = if info.experimental { "true" } else { "false" };
        Router {
            common: [
                (SERVER, text(&info.server)),
                (
                    HeaderName::from_static("api-version"),
                    text(&info.version.to_string()),
                ),
                (
                    HeaderName::from_static("ostype"),
                    HeaderValue::from_static("linux"),
                ),
                // Last: the one that the answers about versions do not have.
                (
                    HeaderName::from_static("docker-experimental"),
                    HeaderValue::from_static(experimental),
                ),
            ],
            builder: text(&info.builder.to_string()),
            responses: Responses::default(),
            mounts: std::array::from_fn(|_| Mount::Nothing),
            info,
        }
    }

    /// Chooses between exact answers and dockerd's.
    #[must_use]
    pub fn responses(mut self, responses: Responses) -> Router {
        self.responses = responses;
        self
    }

    /// Answers every operation of a group with this error, in place of 501.
    #[must_use]
    pub fn refuse(mut self, tag: Tag, error: ApiError) -> Router {
        self.mounts[tag as usize] = Mount::Refused(error);
        self
    }

    pub(crate) fn mount(mut self, tag: Tag, server: Arc<dyn Serve>) -> Router {
        self.mounts[tag as usize] = Mount::Served(server);
        self
    }

    /// Answers one request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Answer {
        let uri = request.uri();
        let full = path::decode(uri.path());
        if *request.method() == Method::OPTIONS {
            let mut answer = answer::empty(StatusCode::OK);
            self.add_headers(&mut answer, self.common.len());
            return answer;
        }
        if let Some(location) = path::redirect(&full, uri.query()) {
            return moved(&location);
        }
        // The version in front first, then the whole path: no route of ours
        // looks like a version, but the order is dockerd's.
        let (asked, rest) = path::split_version(&full);
        // The one path that may end with a slash.
        let rest = if rest == "/networks/" && request.method() == Method::GET {
            "/networks"
        } else {
            rest
        };
        let found = find(request.method(), rest)
            .map(|found| (asked, found))
            .or_else(|| Some((None, find(request.method(), &full)?)));
        let Some((asked, (route, name))) = found else {
            return not_found();
        };
        let version = asked.unwrap_or(self.info.version);
        if let Some(error) = self.outside(version) {
            let mut answer = answer::error(&error);
            self.add_headers(&mut answer, self.common.len() - 1);
            return answer;
        }
        if !route.exists_in(version) {
            return not_found();
        }
        let operation = route.operation;
        let head = *request.method() == Method::HEAD;
        let call = Call::new(
            operation,
            Context::new(version),
            self.responses == Responses::Exact,
            name.to_owned(),
            request,
        );
        let result = match &self.mounts[operation.tag() as usize] {
            Mount::Served(server) => server.serve(call).await,
            Mount::Refused(error) => Err(error.clone()),
            Mount::Nothing => Err(not_implemented(operation)),
        };
        let attach = operation == Operation::ContainerAttach;
        let mut answer = result.unwrap_or_else(|error| {
            answer::log_failure(operation.id(), &error);
            if attach {
                answer::raw_error(&error)
            } else {
                answer::error(&error)
            }
        });
        tracing::debug!(operation = operation.id(), %version, ?answer);
        // Attach writes its own head, whatever happens.
        if !attach {
            self.add_headers(&mut answer, self.common.len());
        }
        if matches!(operation, Operation::SystemPing | Operation::SystemPingHead) {
            self.add_ping_headers(&mut answer);
        }
        if head && answer.is_empty() {
            // Hyper states no length of an empty body that is not sent.
            answer::set_header(&mut answer, CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        answer
    }

    fn outside(&self, version: ApiVersion) -> Option<ApiError> {
        let ServerInfo {
            version: maximum,
            minimum,
            ..
        } = self.info;
        let text = if version > maximum {
            format!(
                "client version {version} is too new. Maximum supported API version is {maximum}"
            )
        } else if version < minimum {
            format!(
                "client version {version} is too old. Minimum supported API version is {minimum}, \
                 please upgrade your client to a newer version"
            )
        } else {
            return None;
        };
        Some(ApiError::bad_parameter(text))
    }

    fn add_headers(&self, answer: &mut Answer, count: usize) {
        for (name, value) in &self.common[..count] {
            match answer {
                Answer::Http(response) => {
                    response.headers_mut().insert(name.clone(), value.clone());
                }
                Answer::Takeover(takeover) => takeover.add_header(name, value),
            }
        }
    }

    fn add_ping_headers(&self, answer: &mut Answer) {
        answer::set_header(
            answer,
            CACHE_CONTROL,
            HeaderValue::from_static("no-cache, no-store, must-revalidate"),
        );
        answer::set_header(answer, PRAGMA, HeaderValue::from_static("no-cache"));
        answer::set_header(
            answer,
            HeaderName::from_static("builder-version"),
            self.builder.clone(),
        );
    }
}

fn not_found() -> Answer {
    answer::error(&ApiError::not_found("page not found"))
}

fn moved(location: &str) -> Answer {
    let mut response = Response::new(Body::Whole(bytes::Bytes::new()));
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    Answer::Http(response)
}
