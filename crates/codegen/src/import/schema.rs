//! Schemas of Swagger 2.0 as schemas of OpenAPI 3.0.

use serde_json::Value;

use super::node::{ImportError, Node, Problem};
use crate::document::{Additional, Schema};

/// Prose and examples: never carried over.
const PROSE: &[&str] = &[
    "description",
    "title",
    "example",
    "examples",
    "externalDocs",
    "readOnly",
];
const FACTS: &[&str] = &[
    "$ref",
    "allOf",
    "type",
    "format",
    "enum",
    "default",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "pattern",
    "required",
    "properties",
    "additionalProperties",
    "items",
];
/// What a parameter has besides a schema's keywords. `collectionFormat` is
/// never right upstream: lists are repeated keys.
const PARAMETER: &[&str] = &["name", "in", "allowEmptyValue", "collectionFormat"];
const TYPES: &[&str] = &["object", "array", "string", "integer", "number", "boolean"];
const DEFINITIONS: &str = "#/definitions/";

/// A schema.
pub(super) fn convert(node: &Node<'_>) -> Result<Schema, ImportError> {
    node.only(&[PROSE, FACTS].concat())?;
    let schema = facts(node)?;
    // In OpenAPI 3.0 nothing counts beside a reference.
    Ok(match &schema.reference {
        Some(_) if schema.nullable => Schema {
            nullable: true,
            all_of: vec![Schema {
                reference: schema.reference,
                ..Schema::default()
            }],
            ..Schema::default()
        },
        Some(_) => Schema {
            reference: schema.reference,
            ..Schema::default()
        },
        None => schema,
    })
}

/// The schema of a parameter, whose keywords stand beside its name.
pub(super) fn convert_parameter(node: &Node<'_>) -> Result<Schema, ImportError> {
    node.only(&[PROSE, FACTS, PARAMETER].concat())?;
    let mut schema = facts_of(node, false)?;
    if schema.kind.is_none() {
        return Err(node.fail(Problem::Missing("type")));
    }
    schema.required = Vec::new();
    Ok(schema)
}

/// Visits a schema and everything below it.
pub(super) fn each(schema: &Schema, visit: &mut impl FnMut(&Schema)) {
    visit(schema);
    for inner in schema.all_of.iter().chain(schema.properties.values()) {
        each(inner, visit);
    }
    if let Some(items) = &schema.items {
        each(items, visit);
    }
    if let Some(Additional::Of(inner)) = &schema.additional_properties {
        each(inner, visit);
    }
}

fn facts(node: &Node<'_>) -> Result<Schema, ImportError> {
    facts_of(node, true)
}

fn facts_of(node: &Node<'_>, with_required: bool) -> Result<Schema, ImportError> {
    let mut schema = Schema {
        nullable: node.flag("x-nullable")?,
        format: text(node, "format")?,
        pattern: text(node, "pattern")?,
        minimum: json(node, "minimum")?,
        maximum: json(node, "maximum")?,
        min_items: count(node, "minItems")?,
        max_items: count(node, "maxItems")?,
        default: json(node, "default")?,
        ..Schema::default()
    };
    // A default of null is upstream's way to say that null may be sent.
    if schema.default == Some(Value::Null) {
        schema.default = None;
        schema.nullable = true;
    }
    if let Some(reference) = node.get("$ref")? {
        let target = reference.text()?;
        let name = target
            .strip_prefix(DEFINITIONS)
            .ok_or_else(|| reference.fail(Problem::Reference(target.to_owned())))?;
        schema.reference = Schema::reference_to(name).reference;
    }
    if let Some(kind) = node.get("type")? {
        let name = kind.text()?;
        if !TYPES.contains(&name) {
            return Err(kind.fail(Problem::Type(name.to_owned())));
        }
        schema.kind = Some(name.to_owned());
    }
    if let Some(members) = node.get("allOf")? {
        schema.all_of = members
            .items()?
            .iter()
            .map(convert)
            .collect::<Result<_, _>>()?;
    }
    if let Some(values) = node.get("enum")? {
        schema.values = values
            .items()?
            .iter()
            .map(value_of)
            .collect::<Result<_, _>>()?;
    }
    if let Some(required) = node.get("required")?.filter(|_| with_required) {
        for name in required.items()? {
            schema.required.push(name.text()?.to_owned());
        }
    }
    if let Some(properties) = node.get("properties")? {
        for (name, property) in properties.entries()? {
            schema
                .properties
                .insert(name.to_owned(), convert(&property)?);
        }
    }
    if let Some(items) = node.get("items")? {
        schema.items = Some(Box::new(convert(&items)?));
    }
    if schema.kind.as_deref() == Some("array") && schema.items.is_none() {
        return Err(node.fail(Problem::Missing("items")));
    }
    if let Some(additional) = node.get("additionalProperties")? {
        schema.additional_properties = Some(match additional.value().as_bool() {
            Some(allowed) => Additional::Allowed(allowed),
            None => Additional::Of(Box::new(convert(&additional)?)),
        });
    }
    Ok(schema)
}

fn text(node: &Node<'_>, key: &str) -> Result<Option<String>, ImportError> {
    node.get(key)?
        .map(|node| node.text().map(str::to_owned))
        .transpose()
}

fn count(node: &Node<'_>, key: &str) -> Result<Option<usize>, ImportError> {
    let Some(node) = node.get(key)? else {
        return Ok(None);
    };
    let number = node
        .value()
        .as_u64()
        .and_then(|number| usize::try_from(number).ok());
    number
        .map(Some)
        .ok_or_else(|| node.fail(Problem::Expected("a count")))
}

fn json(node: &Node<'_>, key: &str) -> Result<Option<Value>, ImportError> {
    node.get(key)?.as_ref().map(value_of).transpose()
}

fn value_of(node: &Node<'_>) -> Result<Value, ImportError> {
    serde_json::to_value(node.value()).map_err(|_| node.fail(Problem::Expected("a JSON value")))
}
