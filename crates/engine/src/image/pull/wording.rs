//! Failures of pull and push in dockerd's words.

use longshore_distribution::Error as RegistryError;
use longshore_oci::reference::Reference;

use super::transfer::TransferError;
use crate::error::Error;

/// Why nothing came of it.
pub(crate) enum Failure {
    /// The registry is the reason; another server may do better.
    Registry(RegistryError),
    /// The configuration did not come.
    Config(String),
    /// Layers that need not have come are gone again.
    Layers(Error),
    /// We are the reason, or what was pulled.
    Here(Error),
}

impl Failure {
    /// What came cannot be used.
    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::Here(Error::system(text))
    }

    /// As an error of a pull of `reference`.
    pub(crate) fn pull(self, reference: &Reference) -> Error {
        match self {
            Self::Registry(error) => worded(&error, reference),
            Self::Config(text) => {
                Error::system(format!("error pulling image configuration: {text}"))
            }
            Self::Layers(error) | Self::Here(error) => error,
        }
    }
}

/// The error of a registry that was asked for `reference`.
pub(crate) fn worded(error: &RegistryError, reference: &Reference) -> Error {
    let RegistryError::Refused(refusals) = error else {
        return Error::system(error.to_string());
    };
    let Some(refusal) = refusals.reasons.first() else {
        return Error::system(error.to_string());
    };
    let (name, full) = (reference.familiar_name(), reference.familiar());
    match refusal.code.as_str() {
        "DENIED" => Error::not_found(format!(
            "pull access denied for {name}, repository does not exist or may require 'docker \
             login': {refusal}"
        )),
        "MANIFEST_UNKNOWN" => Error::not_found(format!("manifest for {full} not found: {refusal}")),
        "NAME_UNKNOWN" => Error::not_found(format!("repository {name} not found: {refusal}")),
        _ => Error::system(refusals.to_string()),
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        Self::Registry(error)
    }
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Registry(error) => Self::Registry(error.into_inner()),
            other => Self::invalid(other.to_string()),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Here(error)
    }
}

impl From<longshore_image::error::Error> for Failure {
    fn from(error: longshore_image::error::Error) -> Self {
        Self::Here(error.into())
    }
}
