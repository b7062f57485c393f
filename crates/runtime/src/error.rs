//! Why a container or a process in it could not be made.
//!
//! Errors arise in the child, which has left the machine's file system, and
//! travel to its parent as data; so they carry text and numbers only.

use std::fmt;
use std::io;

use serde::{Deserialize, Serialize};

/// What kind of mistake it was; decides the exit code a client shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CreateErrorKind {
    /// The program to run does not exist (clients exit with 127).
    NotFound,
    /// The program to run may not be run (clients exit with 126).
    PermissionDenied,
    /// The user or group to run as does not exist in the container; shown to
    /// clients without further words.
    UnknownUser,
    /// A device that the container shall have is not there, or a rule about
    /// devices says nothing; shown to clients without further words.
    Device,
    /// The container that a process was to join is ending.
    ContainerEnding,
    /// Anything else.
    Other,
}

/// A step on the way to a running process that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateError {
    /// What kind of mistake it was.
    pub kind: CreateErrorKind,
    /// What went wrong, in one line, such as
    /// `exec: "x": executable file not found in $PATH`.
    pub message: String,
    /// The kernel's error number, when the kernel refused.
    pub errno: Option<i32>,
}

impl CreateError {
    /// An error that no system call answered.
    pub fn new(kind: CreateErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            errno: None,
        }
    }

    /// With no more text than travels in one message: a name that is part of it
    /// may have any length.
    pub(crate) fn shortened(mut self) -> Self {
        /// Bytes; in a message each may take six.
        const LONGEST: usize = 2 << 10;
        if self.message.len() > LONGEST {
            let end = self.message.floor_char_boundary(LONGEST);
            self.message.truncate(end);
            self.message.push('…');
        }
        self
    }

    /// The text of a failed `POST /containers/{id}/start`, with the words that
    /// dockerd's layers of runtimes put in front: clients match on them.
    pub fn create_text(&self) -> String {
        if matches!(
            self.kind,
            CreateErrorKind::UnknownUser | CreateErrorKind::Device
        ) {
            return self.message.clone();
        }
        format!(
            "failed to create shim task: OCI runtime create failed: runc create failed: \
             unable to start container process: {self}: unknown"
        )
    }

    /// The text of a failed `POST /exec/{id}/start`.
    pub fn exec_text(&self) -> String {
        if self.kind == CreateErrorKind::UnknownUser {
            return self.message.clone();
        }
        format!(
            "OCI runtime exec failed: exec failed: unable to start container process: {self}: unknown"
        )
    }

    /// The same failure of another kind.
    pub(crate) fn of_kind(self, kind: CreateErrorKind) -> Self {
        Self { kind, ..self }
    }
}

impl fmt::Display for CreateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CreateError {}

/// Says which step a failed system call belonged to.
pub(crate) trait Step<T> {
    /// Adds the name of the step, made only when it failed.
    fn step<S: Into<String>>(self, name: impl FnOnce() -> S) -> Result<T, CreateError>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step<S: Into<String>>(self, name: impl FnOnce() -> S) -> Result<T, CreateError> {
        self.map_err(|error| {
            let error = error.into();
            CreateError {
                kind: CreateErrorKind::Other,
                message: format!("{}: {}", name().into(), describe(&error)),
                errno: error.raw_os_error(),
            }
        })
    }
}

/// The kernel's words for an error, in lower case and without the number that
/// the standard library appends.
pub(crate) fn describe(error: &io::Error) -> String {
    let Some(number) = error.raw_os_error() else {
        return error.to_string();
    };
    let text = nix::errno::Errno::from_raw(number).desc();
    let mut letters = text.chars();
    match letters.next() {
        // An acronym such as "I/O error" keeps its capitals.
        Some(first) if letters.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_name_what_failed() {
        let failed: Result<(), io::Error> = Err(io::Error::from_raw_os_error(2));
        let error = failed.step(|| "open \"/x\"").expect_err("it failed");
        assert_eq!(error.to_string(), "open \"/x\": no such file or directory");
        assert_eq!(error.errno, Some(2));
    }
}
