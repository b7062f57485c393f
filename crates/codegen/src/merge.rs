//! Many documents, one set of drafts.
//!
//! The newest document comes first and gives the names. The older ones are
//! walked along it by the path on the wire, so a definition that was renamed,
//! or an inline object that became one, is no difference. What remains
//! different is recorded for the overlay to decide.

mod drafts;
mod shape;
mod walk;

use crate::document::Document;
use crate::model::Version;
use crate::overlay::Overlay;

pub(crate) use drafts::{AnswerDraft, Drafts, FieldDraft, OperationDraft, Seen, Shape, TypeDraft};

/// Merges documents; they come newest first.
pub(crate) fn merge(documents: &[(Version, Document)], overlay: &Overlay) -> Drafts {
    let mut drafts = Drafts::default();
    for (version, document) in documents {
        drafts.versions.insert(0, *version);
        walk::walk(&mut drafts, overlay, *version, document);
    }
    drafts
}
