//! A document of `spec/`: the facts of one API version as OpenAPI 3.0.3.
//!
//! Only the part of OpenAPI that the importer writes exists here; anything
//! else in a file is an error, so nothing is passed over in silence.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::Version;

/// One API version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// `3.0.3`.
    pub openapi: String,
    /// Which API this is.
    pub info: Info,
    /// The operations by path, then by method in lower case.
    pub paths: IndexMap<String, IndexMap<String, Operation>>,
    /// The definitions.
    pub components: Components,
}

/// Which API a document is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Info {
    /// A name, ours.
    pub title: String,
    /// `1.40`.
    pub version: String,
}

/// The definitions of a document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Components {
    /// The schemas by name.
    pub schemas: IndexMap<String, Schema>,
}

/// One method on one path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Operation {
    /// `ContainerList`.
    pub operation_id: String,
    /// The groups it belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Parameters in path, query and header.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// What the request carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<RequestBody>,
    /// The answers by status.
    pub responses: IndexMap<String, Response>,
}

/// A parameter in path, query or header.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name on the wire.
    pub name: String,
    /// `path`, `query` or `header`.
    #[serde(rename = "in")]
    pub place: String,
    /// Whether it must be there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Its type.
    pub schema: Schema,
}

/// What a request carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestBody {
    /// Whether it must be there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Its schema by media type.
    pub content: IndexMap<String, Media>,
}

/// A body in one media type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// Its type.
    pub schema: Schema,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// Always empty; OpenAPI insists on the key.
    pub description: String,
    /// Headers beyond the common ones.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, Media>,
    /// The body's schema by media type; nothing means no body.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub content: IndexMap<String, Media>,
}

/// A type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Schema {
    /// Another definition: `#/components/schemas/Port`.
    #[serde(rename = "$ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// All of these at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<Schema>,
    /// `object`, `array`, `string`, `integer`, `number` or `boolean`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What kind of string or number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Whether `null` may stand for it.
    #[serde(skip_serializing_if = "is_false")]
    pub nullable: bool,
    /// The values it may have.
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
    /// What absence means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Value>,
    /// The greatest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Value>,
    /// The least number of items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<usize>,
    /// The greatest number of items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<usize>,
    /// A regular expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// The properties that must be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// The properties in their order.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub properties: IndexMap<String, Schema>,
    /// The type of any further property.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_properties: Option<Additional>,
    /// The type of the items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Schema>>,
}

/// Whether there may be further properties, or of which type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Additional {
    /// Any, or none.
    Allowed(bool),
    /// Of this type.
    Of(Box<Schema>),
}

/// A file of `spec/` cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not what the importer writes.
    #[error("not a document of the importer: {0}")]
    Shape(#[from] serde_yaml_ng::Error),
    /// Its version is no version.
    #[error("info.version: {0}")]
    Version(#[from] crate::model::InvalidVersion),
}

const PREFIX: &str = "#/components/schemas/";

impl Document {
    /// Reads a file of `spec/`.
    pub fn read(text: &str) -> Result<Document, DocumentError> {
        let document: Document = serde_yaml_ng::from_str(text)?;
        document.version()?;
        Ok(document)
    }

    /// The version that it describes.
    pub fn version(&self) -> Result<Version, DocumentError> {
        Ok(self.info.version.parse()?)
    }
}

impl Schema {
    /// A reference to a definition.
    pub fn reference_to(name: &str) -> Schema {
        Schema {
            reference: Some(format!("{PREFIX}{name}")),
            ..Schema::default()
        }
    }

    /// The definition that this refers to.
    pub fn refers_to(&self) -> Option<&str> {
        self.reference.as_deref()?.strip_prefix(PREFIX)
    }

    /// Whether it is bytes rather than JSON.
    pub fn is_binary(&self) -> bool {
        self.format.as_deref() == Some("binary")
    }
}

fn is_false(value: &bool) -> bool {
    !value
}
