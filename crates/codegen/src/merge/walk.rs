//! The way through one document, along what newer ones have said.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::drafts::{
    BodyDraft, Drafts, FieldDraft, OperationDraft, ParamDraft, Seen, Shape, TypeDraft,
};
use super::shape::{describe, is_named, json, kind, plain, scalar, set, value_schema};
use crate::document::{self, Document, Schema};
use crate::model::{Type, Version};
use crate::names;
use crate::overlay::Overlay;

/// Adds a document to the drafts.
pub(super) fn walk(drafts: &mut Drafts, overlay: &Overlay, version: Version, document: &Document) {
    let done = BTreeSet::new();
    Walk {
        drafts,
        overlay,
        version,
        document,
        done,
    }
    .document();
}

struct Walk<'a> {
    drafts: &'a mut Drafts,
    overlay: &'a Overlay,
    version: Version,
    document: &'a Document,
    /// Schemas that were already walked as some type, so that shared ones are
    /// walked once.
    done: BTreeSet<(*const Schema, String)>,
}

impl<'a> Walk<'a> {
    fn document(&mut self) {
        let newest = self.drafts.versions.len() == 1;
        for (path, methods) in &self.document.paths {
            for (method, operation) in methods {
                self.operation(path, method, operation);
            }
        }
        // Item types of line streams are defined and never referred to.
        for (name, schema) in &self.document.components.schemas {
            let canonical = self.overlay.name_at(name).unwrap_or(name).to_owned();
            if newest || self.drafts.types.contains_key(&canonical) {
                let place = if self.drafts.types.contains_key(&canonical) {
                    &canonical
                } else {
                    name
                };
                let ty = self.schema(schema, None, place);
                if newest && ty != Type::Named(canonical.clone()) {
                    let shape = Shape::Alias(ty);
                    let seen = Seen::from([self.version]);
                    self.drafts
                        .types
                        .entry(canonical)
                        .or_insert(TypeDraft { seen, shape });
                }
            }
        }
    }

    fn operation(&mut self, path: &str, method: &str, operation: &'a document::Operation) {
        let id = &operation.operation_id;
        let mut draft = self
            .drafts
            .operations
            .shift_remove(id)
            .unwrap_or_else(|| OperationDraft {
                method: method.to_uppercase(),
                path: path.to_owned(),
                tags: operation.tags.clone(),
                ..OperationDraft::default()
            });
        draft.seen.insert(self.version);
        let route = format!("{} {path}", method.to_uppercase());
        self.aspect(id, "route", route);
        for param in &operation.parameters {
            let sign = if param.place == "header" { "@" } else { "?" };
            let at = format!("{id} {sign}{}", param.name);
            let key = (param.place.clone(), param.name.clone());
            self.parameter_aspects(&at, param);
            let known = draft.params.entry(key).or_insert_with(|| ParamDraft {
                seen: Seen::new(),
                required: param.required,
                schema: param.schema.clone(),
            });
            known.seen.insert(self.version);
            known.required &= param.required;
        }
        let retold = self.overlay.operations.get(id);
        let carried = match operation
            .request_body
            .as_ref()
            .map(|body| body.content.values().next())
        {
            None => "none",
            Some(Some(media)) if !media.schema.is_binary() => "JSON",
            Some(_) => "bytes",
        };
        if !retold.is_some_and(|entry| entry.replaces_body()) {
            self.aspect(&format!("{id} request"), "body", carried.to_owned());
        }
        if let Some(body) = &operation.request_body {
            let at = format!("{id} request");
            let schema = body.content.values().next().map(|media| &media.schema);
            let expected = draft.body.as_ref().and_then(|body| body.ty.clone());
            self.aspect(&at, "required", body.required.to_string());
            let ty = match schema.filter(|_| !retold.is_some_and(|entry| entry.replaces_body())) {
                Some(schema) if !schema.is_binary() => Some(self.schema(schema, expected, &at)),
                _ => None,
            };
            let known = draft.body.get_or_insert(BodyDraft {
                required: body.required,
                ty,
                is_json: carried == "JSON",
            });
            known.required &= body.required;
        }
        for (status, response) in &operation.responses {
            let Ok(status) = status.parse::<u16>() else {
                continue;
            };
            let at = format!("{id} {status}");
            let known = draft.answers.entry(status).or_default();
            known.seen.insert(self.version);
            for name in response.headers.keys() {
                known
                    .headers
                    .entry(name.clone())
                    .or_default()
                    .insert(self.version);
            }
            let schema = response.content.values().next().map(|media| &media.schema);
            let success = status < 400;
            let retold = success && retold.is_some_and(|entry| entry.replaces_answer(status));
            let Some(schema) = schema.filter(|schema| !schema.is_binary() && !retold) else {
                if !retold {
                    self.aspect(
                        &at,
                        "body",
                        if schema.is_some() { "bytes" } else { "none" }.to_owned(),
                    );
                }
                continue;
            };
            self.aspect(&at, "body", "JSON".to_owned());
            let ty = self.schema(schema, known.ty.clone(), &at);
            known.ty.get_or_insert(ty);
        }
        self.drafts.operations.insert(id.clone(), draft);
    }

    fn parameter_aspects(&mut self, at: &str, param: &document::Parameter) {
        self.aspect(at, "required", param.required.to_string());
        self.aspect(at, "type", param.schema.kind.clone().unwrap_or_default());
        self.aspect(
            at,
            "format",
            param.schema.format.clone().unwrap_or_default(),
        );
        self.aspect(at, "default", json(param.schema.default.as_ref()));
        self.aspect(
            at,
            "enum",
            param
                .schema
                .values
                .iter()
                .map(|v| json(Some(v)))
                .collect::<Vec<_>>()
                .join("|"),
        );
    }

    fn aspect(&mut self, at: &str, name: &str, value: String) {
        let values = self
            .drafts
            .aspects
            .entry(format!("{at}:{name}"))
            .or_default();
        values.entry(self.version).or_insert(value);
    }

    /// The type of a schema. What is expected comes from a newer document and
    /// wins; a schema that does not fit is a difference.
    fn schema(&mut self, schema: &'a Schema, expected: Option<Type>, at: &str) -> Type {
        let schema = plain(schema);
        if let Some(name) = schema.refers_to() {
            let Some(target) = self.document.components.schemas.get(name) else {
                return expected.unwrap_or(Type::Any);
            };
            // An alias is one place, wherever it is used.
            let at = if expected.is_some() && is_named(plain(target)) {
                at
            } else {
                name
            };
            return self.schema(target, expected, at);
        }
        let Some(expected) = expected else {
            let name = self.name(at);
            return self.build(schema, name, at);
        };
        let got = match &expected {
            Type::Named(name) if is_named(schema) => self.build(schema, name.clone(), at),
            Type::List(item) if kind(schema) == "array" => {
                let item = (**item).clone();
                let got = match &schema.items {
                    Some(items) => self.element(items, Some(item), &format!("{at}[]")),
                    None => item,
                };
                Type::List(Box::new(got))
            }
            Type::Array(item, length) if kind(schema) == "array" => {
                let item = (**item).clone();
                let got = match &schema.items {
                    Some(items) => self.element(items, Some(item), &format!("{at}[]")),
                    None => item,
                };
                Type::Array(Box::new(got), *length)
            }
            Type::Map(value) if value_schema(schema).is_some() && set(schema).is_none() => {
                let value = (**value).clone();
                let got = match value_schema(schema) {
                    Some(inner) => self.element(inner, Some(value), &format!("{at}{{}}")),
                    None => value,
                };
                Type::Map(Box::new(got))
            }
            _ => {
                let name = self.name(at);
                self.build_if_scalar(schema, &expected)
                    .unwrap_or(Type::Named(name))
            }
        };
        if got != expected {
            let told = self.drafts.conflicts.entry(at.to_owned()).or_default();
            told.insert(self.version, describe(schema));
        }
        expected
    }

    /// A schema that stands in no conflict with what is expected: scalars and
    /// free objects; their differences are told by `aspect`.
    fn build_if_scalar(&mut self, schema: &'a Schema, expected: &Type) -> Option<Type> {
        if is_named(schema)
            || kind(schema) == "array"
            || value_schema(schema).is_some() && set(schema).is_none()
        {
            return None;
        }
        let got = scalar(schema);
        // Widths of integers are an aspect of the place, not a conflict.
        match (&got, expected) {
            (Type::Int(_), Type::Int(_)) => Some(expected.clone()),
            _ => Some(got),
        }
    }

    fn name(&self, at: &str) -> String {
        match self.overlay.name_at(at) {
            Some(name) => name.to_owned(),
            None => names::type_at(at),
        }
    }

    fn element(&mut self, schema: &'a Schema, expected: Option<Type>, at: &str) -> Type {
        let (bare, nullable) = match expected {
            Some(Type::Nullable(inner)) => (Some(*inner), Some(true)),
            Some(other) => (Some(other), Some(false)),
            None => (None, None),
        };
        let is_nullable = nullable.unwrap_or(schema.nullable);
        self.aspect(at, "nullable", schema.nullable.to_string());
        let ty = self.schema(schema, bare, at);
        if is_nullable {
            Type::Nullable(Box::new(ty))
        } else {
            ty
        }
    }

    fn build(&mut self, schema: &'a Schema, name: String, at: &str) -> Type {
        if is_named(schema) {
            if self.done.insert((schema, name.clone())) {
                self.named(schema, &name);
            }
            return Type::Named(name);
        }
        if kind(schema) == "array" {
            let Some(items) = &schema.items else {
                return Type::List(Box::new(Type::Any));
            };
            let item = Box::new(self.element(items, None, &format!("{at}[]")));
            return match (schema.min_items, schema.max_items) {
                (Some(least), Some(most)) if least == most => Type::Array(item, most),
                _ => Type::List(item),
            };
        }
        if let Some(inner) = value_schema(schema).filter(|_| set(schema).is_none()) {
            return Type::Map(Box::new(self.element(inner, None, &format!("{at}{{}}"))));
        }
        scalar(schema)
    }

    fn named(&mut self, schema: &'a Schema, name: &str) {
        let version = self.version;
        if kind(schema) == "integer" {
            let members: Vec<i64> = schema
                .values
                .iter()
                .filter_map(serde_json::Value::as_i64)
                .collect();
            let draft = self.draft(name, Shape::Number(IndexMap::new()));
            if let Shape::Number(known) = &mut draft.shape {
                members.into_iter().for_each(|value| {
                    known.entry(value).or_default().insert(version);
                });
            }
            return;
        }
        if kind(schema) == "string" {
            let members: Vec<&str> = schema
                .values
                .iter()
                .filter_map(serde_json::Value::as_str)
                .collect();
            let draft = self.draft(name, Shape::Text(IndexMap::new()));
            if let Shape::Text(known) = &mut draft.shape {
                members.into_iter().for_each(|value| {
                    known.entry(value.to_owned()).or_default().insert(version);
                });
            }
            return;
        }
        let empty = Shape::Object {
            bases: Vec::new(),
            fields: IndexMap::new(),
        };
        self.draft(name, empty);
        self.fields(schema, name);
        let bases: Vec<&str> = schema.all_of.iter().filter_map(Schema::refers_to).collect();
        self.aspect(name, "bases", bases.join("+"));
        for member in &schema.all_of {
            let Some(target) = member
                .refers_to()
                .and_then(|to| self.document.components.schemas.get(to))
            else {
                self.fields(member, name);
                continue;
            };
            let base = member.refers_to().unwrap_or_default();
            if let Type::Named(base) = self.schema(target, None, base)
                && let Some(TypeDraft {
                    shape: Shape::Object { bases, .. },
                    ..
                }) = self.drafts.types.get_mut(name)
                && !bases.contains(&base)
            {
                bases.push(base);
            }
        }
    }

    fn fields(&mut self, schema: &'a Schema, name: &str) {
        for (key, property) in &schema.properties {
            let owner = self.owner(name, key);
            let at = format!("{owner}.{key}");
            let known = self.field(&owner, key).map(|field| field.ty.clone());
            self.aspect(&at, "nullable", property.nullable.to_string());
            self.aspect(&at, "default", json(property.default.as_ref()));
            self.aspect(&at, "format", property.format.clone().unwrap_or_default());
            let required = schema.required.contains(key);
            self.aspect(&at, "required", required.to_string());
            let ty = self.schema(property, known, &at);
            let version = self.version;
            if let Some(TypeDraft {
                shape: Shape::Object { fields, .. },
                ..
            }) = self.drafts.types.get_mut(&owner)
            {
                let seen = Seen::new();
                let field = fields
                    .entry(key.clone())
                    .or_insert(FieldDraft { seen, ty, required });
                field.seen.insert(version);
                field.required &= required;
            }
        }
    }

    /// The type that holds a property: a base, if one has it.
    fn owner(&self, name: &str, key: &str) -> String {
        if let Some(TypeDraft {
            shape: Shape::Object { bases, .. },
            ..
        }) = self.drafts.types.get(name)
        {
            let found = bases.iter().find(|base| self.field(base, key).is_some());
            return found.map_or(name, String::as_str).to_owned();
        }
        name.to_owned()
    }

    fn field(&self, name: &str, key: &str) -> Option<&FieldDraft> {
        match &self.drafts.types.get(name)?.shape {
            Shape::Object { fields, .. } => fields.get(key),
            _ => None,
        }
    }

    fn draft(&mut self, name: &str, empty: Shape) -> &mut TypeDraft {
        let draft = self
            .drafts
            .types
            .entry(name.to_owned())
            .or_insert_with(|| TypeDraft {
                seen: Seen::new(),
                shape: empty,
            });
        draft.seen.insert(self.version);
        draft
    }
}
