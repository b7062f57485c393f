//! Documents in, Rust out. Pure: no files, no network.
//!
//! - [`import`] turns upstream's Swagger into the documents of `spec/`.
//! - [`document`] reads those, [`overlay`] what we add by hand.
//! - `merge` and `assemble` make one [`mod@model`] of all of it, with version
//!   ranges.
//! - [`emit`] writes the Rust of `crates/api/src/generated/`.

mod assemble;
pub mod document;
pub mod emit;
pub mod import;
mod merge;
pub mod model;
mod names;
pub mod overlay;

use document::{Document, DocumentError};
use model::Model;
use overlay::{Overlay, OverlayError};

/// The documents cannot become a model.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A document cannot be read.
    #[error("{name}: {error}")]
    Document {
        /// Its name.
        name: String,
        /// Why.
        error: DocumentError,
    },
    /// Two documents are of one version.
    #[error("{0}: another document has the same version")]
    Twice(String),
    /// The overlay is wrong, or does not fit the documents.
    #[error("overlay.yaml: {0}")]
    Overlay(#[from] OverlayError),
    /// What was generated is no Rust.
    #[error("generated {file}: {error}")]
    Rust {
        /// The file.
        file: String,
        /// Why.
        error: syn::Error,
    },
}

/// Makes one model of documents (name and text, in any order) and overlay.
pub fn model(documents: &[(String, String)], overlay: &str) -> Result<Model, Error> {
    let overlay = Overlay::read(overlay)?;
    let mut read = Vec::new();
    for (name, text) in documents {
        let told = |error| Error::Document {
            name: name.clone(),
            error,
        };
        let document = Document::read(text).map_err(told)?;
        let version = document.version().map_err(told)?;
        if read.iter().any(|(other, _)| *other == version) {
            return Err(Error::Twice(name.clone()));
        }
        read.push((version, document));
    }
    read.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    Ok(assemble::assemble(merge::merge(&read, &overlay), &overlay)?)
}
