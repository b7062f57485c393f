//! What can go wrong on the way to a registry and back. The texts are those
//! that dockerd's users know, since clients and scripts look for them.

use std::fmt;
use std::sync::Arc;

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The registry refused, and said why in the form of its specification.
    #[error(transparent)]
    Refused(#[from] Refusals),
    /// The registry refused in some other form.
    #[error("error parsing HTTP {status} response body: {reason}: {body:?}")]
    Unreadable {
        /// The status of its answer.
        status: u16,
        /// Why the answer's body could not be understood.
        reason: String,
        /// The beginning of that body.
        body: String,
    },
    /// A status that nothing can be done about.
    #[error("received unexpected HTTP status: {}", status_line(*.0))]
    Status(StatusCode),
    /// A request came to nothing.
    #[error("{} {url:?}: {source}", verb(method))]
    Request {
        /// Its method.
        method: Method,
        /// Its address, without credentials.
        url: String,
        /// The reason.
        source: Arc<Error>,
    },
    /// There is no connection, or there is none any more.
    #[error("{0}")]
    Connection(String),
    /// The other side speaks HTTP where TLS was expected.
    #[error("http: server gave HTTP response to HTTPS client")]
    PlainHttp,
    /// The other side fell silent.
    #[error("net/http: timeout awaiting response: nothing came for {0} s")]
    Stalled(u64),
    /// Name and password were asked for and are not there.
    #[error("no basic auth credentials")]
    NoCredentials,
    /// A token server answered without a token.
    #[error("authorization server did not include a token in the response")]
    NoToken,
    /// A registry does not know somebody.
    #[error("login attempt to {url} failed with status: {}", status_line(*status))]
    LoginRefused {
        /// Where it was asked.
        url: String,
        /// Its answer.
        status: StatusCode,
    },
    /// What came has another digest than it should.
    #[error("{what} verification failed for digest {digest}")]
    Digest {
        /// What it was: `manifest`, `filesystem layer`, `image config`.
        what: &'static str,
        /// The digest that was asked for.
        digest: String,
    },
    /// Something is larger than anything of its kind may be.
    #[error("{what} is larger than {limit} bytes")]
    TooLarge {
        /// What it was.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// Somebody was to log in at a place that cannot be.
    #[error("unable to parse server address: {0}")]
    ServerAddress(String),
    /// What came does not follow the protocol.
    #[error("{0}")]
    Malformed(String),
}

/// What a registry gave as its reasons; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusals {
    /// The status of its answer.
    pub status: StatusCode,
    /// The reasons.
    pub reasons: Vec<Refusal>,
}

/// One reason: a code of the distribution specification and a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `MANIFEST_UNKNOWN`; `UNKNOWN` for a code that nobody knows.
    pub code: String,
    /// What the registry says about it.
    pub message: String,
    /// Whether there was more than the code's usual text.
    pub detailed: bool,
}

/// Codes and what they mean when a registry says no more.
const CODES: [(&str, &str); 19] = [
    ("UNKNOWN", "unknown error"),
    ("UNSUPPORTED", "The operation is unsupported."),
    ("UNAUTHORIZED", "authentication required"),
    ("DENIED", "requested access to the resource is denied"),
    ("UNAVAILABLE", "service unavailable"),
    ("TOOMANYREQUESTS", "too many requests"),
    (
        "DIGEST_INVALID",
        "provided digest did not match uploaded content",
    ),
    (
        "SIZE_INVALID",
        "provided length did not match content length",
    ),
    ("NAME_INVALID", "invalid repository name"),
    ("TAG_INVALID", "manifest tag did not match URI"),
    ("NAME_UNKNOWN", "repository name not known to registry"),
    ("MANIFEST_UNKNOWN", "manifest unknown"),
    ("MANIFEST_INVALID", "manifest invalid"),
    (
        "MANIFEST_UNVERIFIED",
        "manifest failed signature verification",
    ),
    ("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry"),
    ("BLOB_UNKNOWN", "blob unknown to registry"),
    ("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"),
    ("BLOB_UPLOAD_INVALID", "blob upload invalid"),
    (
        "PAGINATION_NUMBER_INVALID",
        "invalid number of results requested",
    ),
];

impl Error {
    /// The first reason of the registry, wherever it is.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusals) => refusals.reasons.first(),
            Self::Request { source, .. } => source.refusal(),
            _ => None,
        }
    }

    /// The status that the registry answered with, if it answered.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Refused(refusals) => Some(refusals.status),
            Self::Unreadable { status, .. } => StatusCode::from_u16(*status).ok(),
            Self::Status(status) | Self::LoginRefused { status, .. } => Some(*status),
            Self::Request { source, .. } => source.status(),
            _ => None,
        }
    }

    /// Whether the same request may succeed a little later.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Refused(_) => !self.refusal().is_some_and(|refusal| {
                matches!(
                    refusal.code.as_str(),
                    "UNAUTHORIZED"
                        | "UNSUPPORTED"
                        | "DENIED"
                        | "TOOMANYREQUESTS"
                        | "NAME_UNKNOWN"
                        | "BLOB_UNKNOWN"
                        | "MANIFEST_UNKNOWN"
                )
            }),
            Self::Request { source, .. } => source.is_passing(),
            Self::Unreadable { .. }
            | Self::NoCredentials
            | Self::NoToken
            | Self::LoginRefused { .. }
            | Self::TooLarge { .. }
            | Self::ServerAddress(_)
            | Self::Malformed(_) => false,
            Self::Status(_)
            | Self::Connection(_)
            | Self::PlainHttp
            | Self::Stalled(_)
            | Self::Digest { .. } => true,
        }
    }

    /// The reason without the request that came to nothing.
    #[must_use]
    pub fn into_inner(self) -> Self {
        match self {
            Self::Request { source, .. } => Self::clone(&source).into_inner(),
            other => other,
        }
    }

    /// Names the request that came to nothing.
    pub(crate) fn of(self, method: &Method, url: &http::Uri) -> Self {
        match self {
            named @ Self::Request { .. } => named,
            source => Self::Request {
                method: method.clone(),
                url: crate::url::shown(url),
                source: Arc::new(source),
            },
        }
    }

    /// The same with one more reason before the registry's own.
    pub(crate) fn because(self, status: StatusCode, code: &str, text: Option<&str>) -> Self {
        if !status.is_client_error() {
            return self;
        }
        let mut refusals = Refusals::worded(status, code, text.unwrap_or(usual(code)));
        if let Self::Refused(others) = self {
            refusals.reasons.extend(others.reasons);
        }
        refusals.into()
    }

    /// Reads an answer of status 400 or more.
    pub(crate) fn from_answer(status: StatusCode, body: &[u8]) -> Self {
        if !status.is_client_error() {
            return Self::Status(status);
        }
        match Refusals::parse(status, body) {
            Ok(refusals) => refusals.into(),
            // What a proxy says may be anything.
            Err(_) if status == StatusCode::UNAUTHORIZED => {
                Refusals::one(status, "UNAUTHORIZED").into()
            }
            Err(reason) => Self::Unreadable {
                status: status.as_u16(),
                reason,
                body: String::from_utf8_lossy(&body[..body.len().min(512)]).into_owned(),
            },
        }
    }
}

impl Refusals {
    fn one(status: StatusCode, code: &str) -> Self {
        Self::worded(status, code, usual(code))
    }

    fn worded(status: StatusCode, code: &str, message: &str) -> Self {
        let refusal = Refusal {
            message: message.to_owned(),
            code: code.to_owned(),
            detailed: true,
        };
        Self {
            status,
            reasons: vec![refusal],
        }
    }

    fn parse(status: StatusCode, body: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default)]
            details: Option<String>,
            #[serde(default)]
            errors: Option<Vec<Item>>,
        }
        #[derive(Deserialize)]
        struct Item {
            #[serde(default)]
            code: String,
            #[serde(default)]
            message: String,
            #[serde(default)]
            detail: Option<Value>,
        }
        let answer: Answer = match serde_json::from_slice(body) {
            Ok(answer) => answer,
            Err(_) if body.is_empty() => return Err("unexpected end of JSON input".to_owned()),
            Err(error) => return Err(go_syntax(body, &error)),
        };
        if let Some(details) = answer.details.filter(|details| !details.is_empty()) {
            let code = match status {
                StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
                StatusCode::TOO_MANY_REQUESTS => "TOOMANYREQUESTS",
                _ => "UNKNOWN",
            };
            return Ok(Self::worded(status, code, &details));
        }
        let items = answer.errors.unwrap_or_default();
        if items.is_empty() {
            return Err("no error details found in HTTP response body".to_owned());
        }
        let reasons = items.into_iter().take(16).map(|item| {
            let known = CODES.iter().any(|(code, _)| *code == item.code);
            let code = if known {
                item.code
            } else {
                "UNKNOWN".to_owned()
            };
            let plain = item.message.is_empty() || item.message == usual(&code);
            Refusal {
                detailed: item.detail.is_some_and(|detail| !detail.is_null()) || !plain,
                message: if item.message.is_empty() {
                    usual(&code).to_owned()
                } else {
                    item.message
                },
                code,
            }
        });
        Ok(Self {
            status,
            reasons: reasons.collect(),
        })
    }
}

/// What Go's decoder says of a text that does not begin like JSON, which is
/// nearly always a page for people.
fn go_syntax(body: &[u8], error: &serde_json::Error) -> String {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(byte) if !b"{[\"-0123456789tfn".contains(byte) => format!(
            "invalid character {:?} looking for beginning of value",
            char::from(*byte)
        ),
        _ => error.to_string(),
    }
}

fn usual(code: &str) -> &'static str {
    CODES
        .iter()
        .find(|(known, _)| *known == code)
        .map_or("unknown error", |(_, message)| message)
}

fn verb(method: &Method) -> String {
    let (first, rest) = method.as_str().split_at(1);
    format!("{first}{}", rest.to_ascii_lowercase())
}

fn status_line(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    format!("{} {reason}", status.as_u16())
        .trim_end()
        .to_owned()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code.to_ascii_lowercase().replace('_', " "))?;
        if self.detailed {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [only] = self.reasons.as_slice() {
            return only.fmt(f);
        }
        f.write_str("errors:\n")?;
        self.reasons
            .iter()
            .try_for_each(|reason| writeln!(f, "{reason}"))
    }
}

impl std::error::Error for Refusals {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_read_as_dockerd_words_them() {
        for (status, body, text) in [
            (
                404,
                r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"x"}}]}"#,
                "manifest unknown: manifest unknown",
            ),
            (401, "", "unauthorized: authentication required"),
            (
                401,
                r#"{"details":"incorrect username or password"}"#,
                "unauthorized: incorrect username or password",
            ),
            (
                404,
                r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#,
                "name unknown",
            ),
            (
                400,
                r#"{"errors":[{"code":"WAT","message":"m"}]}"#,
                "unknown: m",
            ),
            (
                404,
                "<html>",
                "error parsing HTTP 404 response body: invalid character '<' looking for beginning of value: \"<html>\"",
            ),
            (
                500,
                "",
                "received unexpected HTTP status: 500 Internal Server Error",
            ),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                Error::from_answer(status, body.as_bytes()).to_string(),
                text
            );
        }
    }
}
