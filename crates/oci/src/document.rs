//! Documents of a registry, told apart: a manifest, an index, or something that
//! nobody here can use.
//!
//! What a document is must not depend on who reads it: one that could be read
//! as a manifest and as an index is neither, and neither is one whose own media
//! type is not the one it came with.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::manifest::{Index, Manifest, media_type};

/// What stands behind a tag or digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// One image.
    Manifest(Box<Manifest>),
    /// Images for several platforms.
    Index(Box<Index>),
    /// An image in Docker's first form, without a configuration.
    Schema1,
    /// A media type that is none of these.
    Unknown(String),
}

/// Why bytes are no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// They are no JSON, or of another shape.
    #[error("invalid manifest: {0}")]
    Json(String),
    /// They say of themselves what they did not come as.
    #[error("manifest is of media type {own:?}, but came as {given:?}")]
    MediaType {
        /// The media type in the document.
        own: String,
        /// The one that it came with.
        given: String,
    },
    /// They are a manifest and an index at once.
    #[error("invalid manifest: it has both layers and manifests")]
    Ambiguous,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Shape {
    schema_version: u32,
    media_type: Option<String>,
    config: Option<IgnoredAny>,
    layers: Option<IgnoredAny>,
    manifests: Option<IgnoredAny>,
    #[serde(rename = "fsLayers")]
    fs_layers: Option<IgnoredAny>,
}

impl Document {
    /// Reads a document that came as `given`; empty, or no media type of
    /// manifests, leaves it to the document to say what it is.
    pub fn parse(bytes: &[u8], given: &str) -> Result<Self, DocumentError> {
        let bad = |error: serde_json::Error| DocumentError::Json(error.to_string());
        let shape: Shape = serde_json::from_slice(bytes).map_err(bad)?;
        let own = shape.media_type.unwrap_or_default();
        let given = if is_generic(given) { "" } else { given };
        if !own.is_empty() && !given.is_empty() && own != given {
            return Err(DocumentError::MediaType {
                own,
                given: given.to_owned(),
            });
        }
        let is_index = shape.manifests.is_some();
        let is_manifest = shape.config.is_some() || shape.layers.is_some();
        if is_index && (is_manifest || shape.fs_layers.is_some()) {
            return Err(DocumentError::Ambiguous);
        }
        let kind = if own.is_empty() { given } else { &own };
        match kind {
            media_type::DOCKER_MANIFEST | media_type::OCI_MANIFEST if !is_index => {
                serde_json::from_slice(bytes)
                    .map(|it| Self::Manifest(Box::new(it)))
                    .map_err(bad)
            }
            media_type::DOCKER_INDEX | media_type::OCI_INDEX if !is_manifest => {
                serde_json::from_slice(bytes)
                    .map(|it| Self::Index(Box::new(it)))
                    .map_err(bad)
            }
            media_type::DOCKER_SCHEMA1 | media_type::DOCKER_SCHEMA1_SIGNED => Ok(Self::Schema1),
            "" if shape.schema_version == 1 => Ok(Self::Schema1),
            "" if is_index => serde_json::from_slice(bytes)
                .map(|it| Self::Index(Box::new(it)))
                .map_err(bad),
            "" if is_manifest => serde_json::from_slice(bytes)
                .map(|it| Self::Manifest(Box::new(it)))
                .map_err(bad),
            "" => Ok(Self::Unknown(String::new())),
            media_type::DOCKER_MANIFEST
            | media_type::OCI_MANIFEST
            | media_type::DOCKER_INDEX
            | media_type::OCI_INDEX => Err(DocumentError::Ambiguous),
            other => Ok(Self::Unknown(other.to_owned())),
        }
    }
}

/// What servers call files that they know nothing of.
fn is_generic(kind: &str) -> bool {
    matches!(
        kind,
        "" | "application/json" | "application/octet-stream" | "text/plain"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#""config":{"mediaType":"c","size":1,"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#;

    #[test]
    fn documents_are_told_apart() {
        let read = |text: &str, given| Document::parse(text.as_bytes(), given);
        let manifest = format!(r#"{{"schemaVersion":2,{CONFIG},"layers":[]}}"#);
        for given in ["", media_type::OCI_MANIFEST, "application/json"] {
            assert!(matches!(read(&manifest, given), Ok(Document::Manifest(_))));
        }
        assert!(matches!(
            read(
                r#"{"schemaVersion":2,"manifests":[]}"#,
                media_type::DOCKER_INDEX
            ),
            Ok(Document::Index(_))
        ));
        assert_eq!(
            read(r#"{"schemaVersion":1,"fsLayers":[]}"#, ""),
            Ok(Document::Schema1)
        );
        assert_eq!(read("{}", "x/y"), Ok(Document::Unknown("x/y".into())));
    }

    #[test]
    fn what_could_be_two_things_is_none() {
        let read = |text: &str, given| Document::parse(text.as_bytes(), given);
        let both = format!(r#"{{"schemaVersion":2,{CONFIG},"layers":[],"manifests":[]}}"#);
        for given in ["", media_type::OCI_INDEX, media_type::OCI_MANIFEST] {
            assert_eq!(read(&both, given), Err(DocumentError::Ambiguous));
        }
        let index = r#"{"schemaVersion":2,"manifests":[]}"#;
        assert_eq!(
            read(index, media_type::OCI_MANIFEST),
            Err(DocumentError::Ambiguous)
        );
        let named = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#,
            media_type::OCI_INDEX
        );
        assert!(matches!(
            read(&named, media_type::OCI_MANIFEST),
            Err(DocumentError::MediaType { .. })
        ));
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        for size in ["-1", "1.5", "1e30", "99999999999999999999", "\"1\""] {
            let text = format!(r#"{{"schemaVersion":2,{CONFIG},"layers":[]}}"#)
                .replace("\"size\":1", &format!("\"size\":{size}"));
            let result = Document::parse(text.as_bytes(), "");
            assert!(matches!(result, Err(DocumentError::Json(_))), "{size}");
        }
    }
}
