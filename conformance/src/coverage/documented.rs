//! What the documents have: every operation with its statuses, parameters,
//! fields of the body and members of enumerations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::Value;

use super::{Item, Kind};
use crate::schema;

/// How deep a body is looked into; the documents' deepest is less.
const DEPTH: usize = 10;

/// The items of one operation at one version.
pub(super) fn of(version: &str, document: &Value, operation: &Value) -> Arc<BTreeSet<Item>> {
    type Known = Mutex<BTreeMap<(String, String), Arc<BTreeSet<Item>>>>;
    static KNOWN: OnceLock<Known> = OnceLock::new();
    let id = operation["operationId"].as_str().unwrap_or_default();
    let known = KNOWN.get_or_init(Known::default);
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let entry = known.entry((version.to_owned(), id.to_owned()));
    let items = entry.or_insert_with(|| {
        let items = items(document, operation).into_iter();
        let item = |(kind, name)| Item {
            version: version.to_owned(),
            operation: id.to_owned(),
            kind,
            name,
        };
        Arc::new(items.map(item).collect())
    });
    Arc::clone(items)
}

/// Everything, or all but what belongs to swarm and plugins.
pub(super) fn all(with_swarm: bool) -> BTreeSet<Item> {
    const APART: &[&str] = &[
        "Swarm", "Node", "Service", "Task", "Secret", "Config", "Plugin",
    ];
    // Older documents have some operations elsewhere.
    let newest = schema::document(schema::NEWEST).into_iter();
    let is_apart = |operation: &&Value| {
        let tag = operation["tags"][0].as_str().unwrap_or_default();
        APART.contains(&tag)
    };
    let apart: BTreeSet<&str> = newest
        .flat_map(schema::operations)
        .filter(is_apart)
        .filter_map(|o| o["operationId"].as_str())
        .collect();
    let mut all = BTreeSet::new();
    for version in schema::versions() {
        let Some(document) = schema::document(version) else {
            continue;
        };
        for operation in schema::operations(document) {
            let id = operation["operationId"].as_str().unwrap_or_default();
            if with_swarm || !apart.contains(id) {
                all.extend(of(version, document, operation).iter().cloned());
            }
        }
    }
    all
}

/// The fields and members that a body has.
pub(super) fn sent(
    document: &Value,
    operation: &Value,
    body: &Value,
    seen: &mut Vec<(Kind, String)>,
) {
    if let Some(schema) = body_schema(operation) {
        walk_sent(document, schema, "", body, DEPTH, seen);
    }
}

fn items(document: &Value, operation: &Value) -> Vec<(Kind, String)> {
    let mut items = vec![(Kind::Call, String::new())];
    for status in operation["responses"].as_object().into_iter().flatten() {
        let kind = match status.0.as_bytes().first() {
            Some(b'4') => Kind::Error,
            Some(b'5') => Kind::Trouble,
            _ => Kind::Success,
        };
        items.push((kind, status.0.clone()));
    }
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let text = |key: &str| parameter[key].as_str().unwrap_or_default();
        let name = format!("{}.{}", text("in"), text("name"));
        members(document, &parameter["schema"], &name, &mut items);
        items.push((Kind::Parameter, name));
    }
    if !operation["requestBody"].is_null() {
        items.push((Kind::Parameter, "body".to_owned()));
    }
    if let Some(schema) = body_schema(operation) {
        walk(document, schema, "", DEPTH, &mut items);
    }
    items
}

fn body_schema(operation: &Value) -> Option<&Value> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    (!schema.is_null()).then_some(schema)
}

fn members(document: &Value, schema: &Value, name: &str, items: &mut Vec<(Kind, String)>) {
    let schema = schema::resolve(document, schema);
    let listed = [&schema["enum"], &schema["items"]["enum"]];
    let listed = listed.into_iter().filter_map(Value::as_array).flatten();
    // A document lists `{}` as the one value of a set's members.
    for member in listed.filter(|m| !m.is_object()) {
        items.push((Kind::Member, format!("{name}={}", text(member))));
    }
}

/// Every field below a schema.
fn walk(
    document: &Value,
    schema: &Value,
    place: &str,
    depth: usize,
    items: &mut Vec<(Kind, String)>,
) {
    let schema = schema::resolve(document, schema);
    if depth == 0 {
        return;
    }
    members(document, schema, place, items);
    for part in schema["allOf"].as_array().into_iter().flatten() {
        walk(document, part, place, depth - 1, items);
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        // Misplaced in the documents: a word of schemas, no field.
        if name == "additionalProperties" {
            continue;
        }
        let place = below(place, name);
        items.push((Kind::Field, place.clone()));
        walk(document, field, &place, depth - 1, items);
    }
    if schema["items"].is_object() {
        walk(
            document,
            &schema["items"],
            &format!("{place}[]"),
            depth - 1,
            items,
        );
    }
    if schema["additionalProperties"].is_object() {
        let extra = &schema["additionalProperties"];
        walk(document, extra, &below(place, "*"), depth - 1, items);
    }
}

/// Every field of a value, as far as the schema knows them.
fn walk_sent(
    document: &Value,
    schema: &Value,
    place: &str,
    value: &Value,
    depth: usize,
    seen: &mut Vec<(Kind, String)>,
) {
    let schema = schema::resolve(document, schema);
    if depth == 0 {
        return;
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        walk_sent(document, part, place, value, depth - 1, seen);
    }
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter().filter(|(_, field)| !field.is_null()) {
                let known = &schema["properties"][name];
                let extra = &schema["additionalProperties"];
                if !known.is_null() {
                    let place = below(place, name);
                    seen.push((Kind::Field, place.clone()));
                    walk_sent(document, known, &place, field, depth - 1, seen);
                } else if extra.is_object() {
                    walk_sent(document, extra, &below(place, "*"), field, depth - 1, seen);
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                seen.push((Kind::Member, format!("{place}={}", text(value))));
                let place = format!("{place}[]");
                walk_sent(document, &schema["items"], &place, value, depth - 1, seen);
            }
        }
        value => seen.push((Kind::Member, format!("{place}={}", text(value)))),
    }
}

fn below(place: &str, name: &str) -> String {
    match place.is_empty() {
        true => name.to_owned(),
        false => format!("{place}.{name}"),
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_are_read_to_the_bottom() {
        let all = all(true);
        let has = |line: &str| all.contains(&line.parse().unwrap());
        assert!(has("1.35 ContainerStop parameter query.t"));
        assert!(has(
            "1.40 ContainerCreate field HostConfig.Mounts[].BindOptions.Propagation"
        ));
        assert!(has(
            "1.40 ContainerCreate member HostConfig.Mounts[].Type=tmpfs"
        ));
        assert!(has("1.40 ContainerCreate field HostConfig.PortBindings"));
        assert!(has("1.37 ContainerWait trouble 500"));
        let calls = all
            .iter()
            .filter(|i| i.kind == Kind::Call && i.version == "1.40");
        assert_eq!(calls.count(), 106);
    }
}
