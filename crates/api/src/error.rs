//! The error of every operation: a kind, which decides the status, and a
//! message for the client.

use std::fmt;

use http::StatusCode;

/// What went wrong, in the classes that clients can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// 400: the request is wrong in itself.
    BadParameter,
    /// 401: the credentials are missing or wrong.
    Unauthorized,
    /// 403: understood and refused.
    Forbidden,
    /// 404: the thing named does not exist.
    NotFound,
    /// 409: the thing's state does not allow it now.
    Conflict,
    /// 413: the body is larger than the route accepts.
    TooLarge,
    /// 429: a registry asked for patience.
    TooManyRequests,
    /// 500: our fault, or the machine's.
    System,
    /// 501: this server does not do that.
    NotImplemented,
    /// 503: it could be done, but not as the server stands now.
    Unavailable,
}

impl ErrorKind {
    /// The HTTP status of this kind.
    pub const fn status(self) -> StatusCode {
        match self {
            ErrorKind::BadParameter => StatusCode::BAD_REQUEST,
            ErrorKind::Unauthorized => StatusCode::UNAUTHORIZED,
            ErrorKind::Forbidden => StatusCode::FORBIDDEN,
            ErrorKind::NotFound => StatusCode::NOT_FOUND,
            ErrorKind::Conflict => StatusCode::CONFLICT,
            ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            ErrorKind::System => StatusCode::INTERNAL_SERVER_ERROR,
            ErrorKind::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// An error as the client sees it: the kind becomes the status, the message
/// the body `{"message": "…"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Decides the HTTP status.
    pub kind: ErrorKind,
    /// The text for the client. Clients match on some of them.
    pub message: String,
    /// The exit code of the command that failed, where one did. Streams tell it.
    pub code: Option<i64>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(message: impl Into<String>) -> ApiError {
            ApiError::new(ErrorKind::$kind, message)
        }
    )*};
}

impl ApiError {
    /// An error of the given kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> ApiError {
        ApiError {
            kind,
            message: message.into(),
            code: None,
        }
    }

    /// The same error with the exit code of a command.
    #[must_use]
    pub fn with_code(mut self, code: Option<i64>) -> ApiError {
        self.code = code;
        self
    }

    constructors! {
        /// 400: the request is wrong in itself.
        bad_parameter => BadParameter;
        /// 401: the credentials are missing or wrong.
        unauthorized => Unauthorized;
        /// 403: understood and refused.
        forbidden => Forbidden;
        /// 404: the thing named does not exist.
        not_found => NotFound;
        /// 409: the thing's state does not allow it now.
        conflict => Conflict;
        /// 413: the body is larger than the route accepts.
        too_large => TooLarge;
        /// 429: a registry asked for patience.
        too_many_requests => TooManyRequests;
        /// 500: our fault, or the machine's.
        system => System;
        /// 501: this server does not do that.
        not_implemented => NotImplemented;
        /// 503: it could be done, but not as the server stands now.
        unavailable => Unavailable;
    }

    /// The HTTP status of this error.
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ApiError {}

/// An I/O error nobody classified is the machine's.
impl From<std::io::Error> for ApiError {
    fn from(error: std::io::Error) -> ApiError {
        ApiError::system(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_decides_the_status() {
        let cases = [
            (ApiError::bad_parameter("x"), 400),
            (ApiError::unauthorized("x"), 401),
            (ApiError::forbidden("x"), 403),
            (ApiError::not_found("x"), 404),
            (ApiError::conflict("x"), 409),
            (ApiError::too_large("x"), 413),
            (ApiError::too_many_requests("x"), 429),
            (ApiError::system("x"), 500),
            (ApiError::not_implemented("x"), 501),
            (ApiError::unavailable("x"), 503),
        ];
        for (error, status) in cases {
            assert_eq!(error.status().as_u16(), status);
            assert_eq!(error.to_string(), "x");
        }
    }
}
