//! The documents of the API versions, and what they say about one answer.

mod check;
mod corrections;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::Value;

pub(crate) use check::Finding;

/// The documents, embedded so that the judge works wherever it is copied to.
const TEXTS: &[(&str, &str)] = &[
    ("1.35", include_str!("../../../spec/v1.35.yaml")),
    ("1.36", include_str!("../../../spec/v1.36.yaml")),
    ("1.37", include_str!("../../../spec/v1.37.yaml")),
    ("1.38", include_str!("../../../spec/v1.38.yaml")),
    ("1.39", include_str!("../../../spec/v1.39.yaml")),
    ("1.40", include_str!("../../../spec/v1.40.yaml")),
];

/// The version that judges unversioned requests and newer engines.
pub(crate) const NEWEST: &str = "1.40";

/// The API versions that have a document, oldest first.
pub(crate) fn versions() -> impl Iterator<Item = &'static str> {
    TEXTS.iter().map(|(version, _)| *version)
}

/// What the document of `version` says about an answer with a JSON body;
/// nothing where it does not know the operation or the status.
pub(crate) fn judge(
    version: &str,
    method: &str,
    path: &str,
    status: u16,
    body: &Value,
) -> Vec<Finding> {
    let Some(document) = document(version) else {
        return Vec::new();
    };
    let Some(operation) = find(document, method, path) else {
        return Vec::new();
    };
    let answer = &operation["responses"][status.to_string()];
    let schema = &answer["content"]["application/json"]["schema"];
    let name = operation["operationId"].as_str().unwrap_or("");
    if schema.is_null() {
        return Vec::new();
    }
    check::check(document, name, schema, body)
}

/// The id of the operation that a request without version is, at any version.
pub(crate) fn operation(version: &str, method: &str, path: &str) -> Option<&'static str> {
    find(document(version)?, method, path)?["operationId"].as_str()
}

/// All operations of a document.
pub(crate) fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let paths = document["paths"].as_object();
    let items = paths.into_iter().flat_map(|p| p.values());
    let operations = items.flat_map(|i| i.as_object().into_iter().flat_map(|i| i.values()));
    operations.filter(|o| o["operationId"].is_string())
}

/// A schema, or what it refers to.
pub(crate) fn resolve<'d>(document: &'d Value, mut schema: &'d Value) -> &'d Value {
    while let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or(name);
        schema = &document["components"]["schemas"][name];
    }
    schema
}

/// Is this the id of an operation?
pub(crate) fn is_operation(id: &str) -> bool {
    static IDS: OnceLock<BTreeSet<&str>> = OnceLock::new();
    IDS.get_or_init(|| {
        let all = document(NEWEST).into_iter().flat_map(operations);
        all.filter_map(|o| o["operationId"].as_str()).collect()
    })
    .contains(id)
}

/// The document of a version, if there is one.
pub(crate) fn document(version: &str) -> Option<&'static Value> {
    type Parsed = BTreeMap<&'static str, OnceLock<Value>>;
    static DOCUMENTS: OnceLock<Parsed> = OnceLock::new();
    let documents = DOCUMENTS.get_or_init(|| versions().map(|v| (v, OnceLock::new())).collect());
    let text = TEXTS.iter().find(|(v, _)| *v == version)?.1;
    Some(documents.get(version)?.get_or_init(|| {
        serde_yaml_ng::from_str(text).expect("the embedded documents are written by our importer")
    }))
}

/// The operation of a path without its version and query. Parameters may
/// contain slashes; the template with the most fixed text wins.
pub(crate) fn find<'d>(document: &'d Value, method: &str, path: &str) -> Option<&'d Value> {
    let path = path.split('?').next().unwrap_or(path);
    let method = method.to_ascii_lowercase();
    document["paths"]
        .as_object()?
        .iter()
        .filter(|(template, item)| !item[&method].is_null() && matches(template, path))
        .max_by_key(|(template, _)| (!template.contains('{'), template.len()))
        .map(|(_, item)| &item[&method])
}

fn matches(template: &str, path: &str) -> bool {
    match (template.split_once('{'), template.rsplit_once('}')) {
        (Some((prefix, _)), Some((_, suffix))) => {
            path.len() > prefix.len() + suffix.len()
                && path.starts_with(prefix)
                && path.ends_with(suffix)
        }
        _ => template == path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_document_parses() {
        for version in versions() {
            let document = document(version).unwrap();
            assert!(
                find(document, "GET", "/containers/json").is_some(),
                "{version}"
            );
        }
    }

    #[test]
    fn fixed_paths_win_over_parameters() {
        let document = document("1.40").unwrap();
        let id = |m, p| find(document, m, p).map(|o| o["operationId"].as_str().unwrap().to_owned());
        assert_eq!(id("GET", "/images/json").as_deref(), Some("ImageList"));
        assert_eq!(
            id("GET", "/images/a/b/json?x=1").as_deref(),
            Some("ImageInspect")
        );
        assert_eq!(
            id("GET", "/containers/x/json").as_deref(),
            Some("ContainerInspect")
        );
        assert_eq!(id("PATCH", "/containers/x/json"), None);
    }

    #[test]
    fn a_wrong_answer_is_found() {
        let wrong = json!([{"Id": 5, "Shoe": 1}]);
        let findings = judge("1.40", "GET", "/containers/json", 200, &wrong);
        assert!(
            findings
                .iter()
                .any(|f| !f.is_note && f.to_string().contains("Id"))
        );
        assert!(
            findings
                .iter()
                .any(|f| f.is_note && f.to_string().contains("Shoe"))
        );
    }
}
