//! Errors of the domain: a closed kind, which the API turns into a status,
//! and the text that dockerd's clients expect.

use std::fmt;

/// What went wrong, in the classes that clients can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is wrong in itself.
    BadParameter,
    /// The credentials are missing or wrong.
    Unauthorized,
    /// Understood and refused.
    Forbidden,
    /// The thing named does not exist.
    NotFound,
    /// The thing's state does not allow it now.
    Conflict,
    /// A registry asked for patience.
    TooManyRequests,
    /// Our fault, or the machine's.
    System,
    /// This engine does not do that.
    NotImplemented,
    /// It could be done, but not as the engine stands now.
    Unavailable,
}

/// An error as the caller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Decides the status.
    pub kind: ErrorKind,
    /// The text for the client; clients match on some of them.
    pub message: String,
}

/// Result of the domain.
pub type Result<T, E = Error> = std::result::Result<T, E>;

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(message: impl Into<String>) -> Error {
            Error { kind: ErrorKind::$kind, message: message.into() }
        }
    )*};
}

impl Error {
    constructors! {
        /// The request is wrong in itself.
        bad_parameter => BadParameter;
        /// The credentials are missing or wrong.
        unauthorized => Unauthorized;
        /// Understood and refused.
        forbidden => Forbidden;
        /// The thing named does not exist.
        not_found => NotFound;
        /// The thing's state does not allow it now.
        conflict => Conflict;
        /// A registry asked for patience.
        too_many_requests => TooManyRequests;
        /// Our fault, or the machine's.
        system => System;
        /// This engine does not do that.
        not_implemented => NotImplemented;
        /// It could be done, but not as the engine stands now.
        unavailable => Unavailable;
    }

    /// No container answers to `name`.
    pub fn no_such_container(name: &str) -> Error {
        Error::not_found(format!("No such container: {name}"))
    }

    /// The same kind with `prefix` before the text.
    #[must_use]
    pub fn prefixed(mut self, prefix: &str) -> Error {
        self.message.insert_str(0, prefix);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// An I/O error nobody classified is the machine's.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::system(error.to_string())
    }
}

impl From<longshore_dockerfile::apply::ApplyError> for Error {
    fn from(error: longshore_dockerfile::apply::ApplyError) -> Error {
        Error::bad_parameter(error.to_string())
    }
}

impl From<longshore_image::error::Error> for Error {
    fn from(error: longshore_image::error::Error) -> Error {
        use longshore_image::error::ErrorKind as Image;
        let kind = match error.kind() {
            Image::NotFound => ErrorKind::NotFound,
            Image::BadParameter => ErrorKind::BadParameter,
            Image::Conflict => ErrorKind::Conflict,
            Image::System => ErrorKind::System,
        };
        Error {
            kind,
            message: error.to_string(),
        }
    }
}

/// Names the thing that an I/O error happened to.
pub(crate) trait IoContext<T> {
    /// Puts `what` in front of the error's text.
    fn context(self, what: impl fmt::Display) -> Result<T>;
}

impl<T, E: fmt::Display> IoContext<T> for std::result::Result<T, E> {
    fn context(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|error| Error::system(format!("{what}: {error}")))
    }
}
