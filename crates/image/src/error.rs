//! What can go wrong in the store, with a closed set of kinds for callers.

use std::{io, path::PathBuf};

use longshore_archive::read::ArchiveError;

use longshore_archive::layer::ExtractError;
use longshore_oci::reference::ReferenceError;

/// A failure; its text is meant for the client, in dockerd's words where
/// dockerd has any.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No image has this name or ID.
    #[error("No such image: {0}")]
    NoSuchImage(String),
    /// There is no such tag.
    #[error("reference does not exist")]
    NoSuchReference,
    /// There is no writable layer for this container.
    #[error("no layer for container {0}")]
    NoSuchContainer(String),
    /// An image needs a layer that is not here, or not any more.
    #[error("layer {0} does not exist")]
    NoSuchLayer(String),
    /// A name does not follow the grammar.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// What was sent cannot be used: an archive, a manifest, an instruction.
    #[error("{0}")]
    Invalid(String),
    /// The image is in use.
    #[error("conflict: {0}")]
    Conflict(String),
    /// A layer could not be unpacked.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// The stream that a client sends failed or is damaged.
    #[error("{0}")]
    Stream(#[source] io::Error),
    /// A file of the store could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

/// How a caller should treat an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The thing named does not exist.
    NotFound,
    /// The request cannot be right.
    BadParameter,
    /// The request contradicts the present state.
    Conflict,
    /// Our side failed.
    System,
}

impl Error {
    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoSuchImage(_) | Self::NoSuchReference | Self::NoSuchContainer(_) => {
                ErrorKind::NotFound
            }
            Self::Reference(_) | Self::Invalid(_) | Self::Stream(_) | Self::NoSuchLayer(_) => {
                ErrorKind::BadParameter
            }
            Self::Extract(error) => extract_kind(error),
            Self::Conflict(_) => ErrorKind::Conflict,
            Self::Io { .. } => ErrorKind::System,
        }
    }
}

/// A bad archive is the sender's mistake; a full disk is not.
fn extract_kind(error: &ExtractError) -> ErrorKind {
    match error {
        ExtractError::Archive(ArchiveError::Read(source)) | ExtractError::Entry { source, .. } => {
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::System,
                _ => ErrorKind::BadParameter,
            }
        }
        _ => ErrorKind::BadParameter,
    }
}

/// Adds the path to an I/O error.
pub(crate) trait At<T> {
    fn at(self, path: impl Into<PathBuf>) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, path: impl Into<PathBuf>) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            path: path.into(),
            source: source.into(),
        })
    }
}
