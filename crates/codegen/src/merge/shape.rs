//! What kind of type a schema is.

use crate::document::{Additional, Schema};
use crate::model::{IntKind, Scalar, Type};

/// A schema without a wrapper that says nothing: `allOf` of one reference,
/// beside which there may be an empty object.
pub(super) fn plain(schema: &Schema) -> &Schema {
    let mut members = schema
        .all_of
        .iter()
        .filter(|member| **member != empty_object() && **member != Schema::default());
    match (members.next(), members.next()) {
        (Some(only), None) if schema.properties.is_empty() && only.reference.is_some() => only,
        _ => schema,
    }
}

fn empty_object() -> Schema {
    Schema {
        kind: Some("object".to_owned()),
        ..Schema::default()
    }
}

pub(super) fn kind(schema: &Schema) -> &str {
    schema.kind.as_deref().unwrap_or("object")
}

/// Whether a schema becomes a type with a name.
pub(super) fn is_named(schema: &Schema) -> bool {
    match kind(schema) {
        "object" => !schema.properties.is_empty() || !schema.all_of.is_empty(),
        "string" | "integer" => !schema.values.is_empty(),
        _ => false,
    }
}

/// The type of further properties of an object that is a map.
pub(super) fn value_schema(schema: &Schema) -> Option<&Schema> {
    match &schema.additional_properties {
        Some(Additional::Of(inner)) if schema.properties.is_empty() => Some(inner),
        _ => None,
    }
}

/// A map to empty objects is a set.
pub(super) fn set(schema: &Schema) -> Option<&Schema> {
    value_schema(schema).filter(|inner| !inner.values.is_empty() && kind(inner) == "object")
}

pub(super) fn scalar(schema: &Schema) -> Type {
    match (kind(schema), schema.format.as_deref()) {
        ("boolean", _) => Type::Bool,
        ("integer", Some("uint8")) => Type::Int(IntKind::U8),
        ("integer", Some("uint16")) => Type::Int(IntKind::U16),
        ("integer", Some("uint32")) => Type::Int(IntKind::U32),
        ("integer", Some("uint64")) => Type::Int(IntKind::U64),
        ("integer", _) => Type::Int(IntKind::I64),
        ("number", _) => Type::Float,
        ("string", Some("dateTime" | "date-time")) => Type::Scalar(Scalar::Timestamp),
        ("string", _) => Type::Text,
        _ if set(schema).is_some() => Type::Scalar(Scalar::EmptyMap),
        _ => Type::Any,
    }
}

pub(super) fn describe(schema: &Schema) -> String {
    let mut text = kind(schema).to_owned();
    if let Some(format) = &schema.format {
        text.push_str(&format!(" ({format})"));
    }
    text
}

pub(super) fn json(value: Option<&serde_json::Value>) -> String {
    value.map_or_else(|| "none".to_owned(), serde_json::Value::to_string)
}
