//! What goes wrong, in the words of the distribution specification:
//! `{"errors":[{"code":…,"message":…,"detail":…}]}`.

use std::io;

use http::header::{HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::server::body::{self, Body};

/// A refusal, ready to be sent.
#[derive(Debug)]
pub(crate) struct Error {
    code: Code,
    status: StatusCode,
    message: String,
    detail: Option<Box<Value>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The codes of the specification, and some of Docker's registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    BlobUnknown,
    BlobUploadInvalid,
    BlobUploadUnknown,
    Denied,
    DigestInvalid,
    ManifestBlobUnknown,
    ManifestInvalid,
    ManifestUnknown,
    NameInvalid,
    NameUnknown,
    PaginationNumberInvalid,
    RangeInvalid,
    SizeInvalid,
    TagInvalid,
    Unauthorized,
    Unknown,
    Unsupported,
}

impl Code {
    /// The code's name, the status it goes with, and what it means.
    fn facts(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::BlobUnknown => ("BLOB_UNKNOWN", S::NOT_FOUND, "blob unknown to registry"),
            Self::BlobUploadInvalid => {
                ("BLOB_UPLOAD_INVALID", S::BAD_REQUEST, "blob upload invalid")
            }
            Self::BlobUploadUnknown => (
                "BLOB_UPLOAD_UNKNOWN",
                S::NOT_FOUND,
                "blob upload unknown to registry",
            ),
            Self::Denied => (
                "DENIED",
                S::FORBIDDEN,
                "requested access to the resource is denied",
            ),
            Self::DigestInvalid => (
                "DIGEST_INVALID",
                S::BAD_REQUEST,
                "provided digest did not match uploaded content",
            ),
            Self::ManifestBlobUnknown => (
                "MANIFEST_BLOB_UNKNOWN",
                S::NOT_FOUND,
                "blob unknown to registry",
            ),
            Self::ManifestInvalid => ("MANIFEST_INVALID", S::BAD_REQUEST, "manifest invalid"),
            Self::ManifestUnknown => ("MANIFEST_UNKNOWN", S::NOT_FOUND, "manifest unknown"),
            Self::NameInvalid => ("NAME_INVALID", S::BAD_REQUEST, "invalid repository name"),
            Self::NameUnknown => (
                "NAME_UNKNOWN",
                S::NOT_FOUND,
                "repository name not known to registry",
            ),
            Self::PaginationNumberInvalid => (
                "PAGINATION_NUMBER_INVALID",
                S::BAD_REQUEST,
                "invalid number of results requested",
            ),
            Self::RangeInvalid => (
                "RANGE_INVALID",
                S::RANGE_NOT_SATISFIABLE,
                "invalid content range",
            ),
            Self::SizeInvalid => (
                "SIZE_INVALID",
                S::BAD_REQUEST,
                "provided length did not match content length",
            ),
            Self::TagInvalid => ("TAG_INVALID", S::BAD_REQUEST, "manifest tag did not match"),
            Self::Unauthorized => ("UNAUTHORIZED", S::UNAUTHORIZED, "authentication required"),
            Self::Unknown => ("UNKNOWN", S::INTERNAL_SERVER_ERROR, "unknown error"),
            Self::Unsupported => (
                "UNSUPPORTED",
                S::METHOD_NOT_ALLOWED,
                "The operation is unsupported.",
            ),
        }
    }
}

impl Error {
    /// The refusal that the code stands for, in its own words.
    pub(crate) fn new(code: Code) -> Self {
        let (_, status, message) = code.facts();
        Self {
            code,
            status,
            message: message.to_owned(),
            detail: None,
            headers: Vec::new(),
        }
    }

    /// The same in better words.
    pub(crate) fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// The same with what it is about.
    pub(crate) fn about(mut self, detail: impl Into<Value>) -> Self {
        self.detail = Some(Box::new(detail.into()));
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The answer to the client.
    pub(crate) fn response(self) -> Response<Body> {
        let (name, _, _) = self.code.facts();
        let mut error = json!({ "code": name, "message": self.message });
        if let Some(detail) = self.detail {
            error["detail"] = *detail;
        }
        let mut response = body::json(self.status, &json!({ "errors": [error] }));
        response.headers_mut().extend(
            self.headers
                .into_iter()
                .map(|(name, value)| (Some(name), value)),
        );
        response
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as K;
        tracing::warn!(%error, "the store failed");
        let refusal = Self::new(Code::Unknown).saying(error.to_string());
        match error.kind() {
            K::StorageFull | K::QuotaExceeded => {
                refusal.with_status(StatusCode::INSUFFICIENT_STORAGE)
            }
            _ => refusal,
        }
    }
}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}
