//! How a case ends early: it failed, or it does not apply.

use std::io;

/// Why a case stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something did not hold.
    Fail(String),
    /// The case says nothing about this engine, for this reason.
    Skip(String),
}

/// What a case returns.
pub(crate) type Outcome<T = ()> = Result<T, Stop>;

impl From<String> for Stop {
    fn from(text: String) -> Self {
        Self::Fail(text)
    }
}

impl From<&str> for Stop {
    fn from(text: &str) -> Self {
        Self::Fail(text.to_owned())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        let text = match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                "the engine did not answer in time".to_owned()
            }
            _ => error.to_string(),
        };
        Self::Fail(text)
    }
}

impl From<serde_json::Error> for Stop {
    fn from(error: serde_json::Error) -> Self {
        Self::Fail(format!("not JSON: {error}"))
    }
}

/// Ends the case with a message unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::outcome::Stop::Fail(format!($($message)+)));
        }
    };
}
pub(crate) use ensure;

/// Ends the case unless both sides are equal; the left one is the engine's.
macro_rules! equal {
    ($got:expr, $want:expr, $($what:tt)+) => {
        match (&$got, &$want) {
            (got, want) => {
                if *got != *want {
                    return Err($crate::outcome::Stop::Fail(format!(
                        "{}: {got:?}, expected {want:?}", format_args!($($what)+)
                    )));
                }
            }
        }
    };
}
pub(crate) use equal;
