//! Refusals of version 1: `{"error":"…"}`.

use std::io;

use http::header::{HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde_json::json;

use crate::error::Error;
use crate::server::body::{self, Body};

/// Why a request was not done.
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    header: Option<(HeaderName, HeaderValue)>,
}

pub(super) type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            header: None,
        }
    }

    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing at this address")
    }

    pub(super) fn image() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Image not found")
    }

    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
    }

    /// Asks for a name and password, or for a token of the index.
    pub(super) fn who(challenge: &'static str) -> Self {
        Self {
            header: Some((
                http::header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            )),
            ..Self::new(StatusCode::UNAUTHORIZED, "Requires authorization")
        }
    }

    pub(super) fn response(self) -> Response<Body> {
        let mut response = body::json(self.status, &json!({ "error": self.message }));
        response
            .headers_mut()
            .extend(self.header.map(|(name, value)| (Some(name), value)));
        response
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::new(error.status(), error.message())
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Error::from(error).into()
    }
}
