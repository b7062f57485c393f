//! One JSON value against one schema.
//!
//! A missing required field and a wrong type are violations. Fields and enum
//! members that the document does not know are notes, since engines of newer
//! versions send them; so is `null` for a list or an object, which Go's empty
//! values become everywhere.

use std::fmt;

use serde_json::Value;

use super::corrections::{self, Defect};

/// One thing that an answer has and its document does not, or the reverse.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// Where: operation and path of fields, as in `ContainerList[].Ports[].Type`.
    pub(crate) place: String,
    /// What.
    pub(crate) text: String,
    /// Worth reading, but no failure.
    pub(crate) is_note: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

pub(super) fn check(
    document: &Value,
    operation: &str,
    schema: &Value,
    body: &Value,
) -> Vec<Finding> {
    let mut checker = Checker {
        document,
        findings: Vec::new(),
    };
    checker.value(operation, schema, body);
    checker.findings
}

struct Checker<'d> {
    document: &'d Value,
    findings: Vec<Finding>,
}

impl<'d> Checker<'d> {
    fn value(&mut self, place: &str, schema: &'d Value, value: &Value) {
        let schema = super::resolve(self.document, schema);
        if let Some(parts) = schema["allOf"].as_array() {
            self.all_of(place, parts, value);
            return;
        }
        let kind = schema["type"]
            .as_str()
            .unwrap_or(if schema["properties"].is_object() {
                "object"
            } else {
                "any"
            });
        if value.is_null() {
            self.null(place, schema, kind);
            return;
        }
        match (kind, value) {
            ("object", Value::Object(_)) => self.object(place, schema, value),
            ("array", Value::Array(items)) => {
                for item in items {
                    self.value(&format!("{place}[]"), &schema["items"], item);
                }
            }
            ("string", Value::String(_))
            | ("boolean", Value::Bool(_))
            | ("number", Value::Number(_)) => {}
            ("integer", Value::Number(n)) if n.is_i64() || n.is_u64() => {}
            ("any", _) => return,
            _ => self.violation(
                place,
                Defect::Type,
                format!("{kind} expected, got {}", shorten(value)),
            ),
        }
        if let Some(members) = schema["enum"].as_array()
            && !members.contains(value)
        {
            self.note(
                place,
                format!(
                    "{} is not one of {}",
                    shorten(value),
                    Value::from(members.clone())
                ),
            );
        }
    }

    fn null(&mut self, place: &str, schema: &Value, kind: &str) {
        if schema["nullable"] == true || kind == "any" {
        } else if matches!(kind, "object" | "array") {
            self.note(place, format!("null for {kind}"));
        } else {
            self.violation(
                place,
                Defect::NullValue,
                format!("null, but {kind} is not nullable"),
            );
        }
    }

    fn object(&mut self, place: &str, schema: &'d Value, value: &Value) {
        for name in schema["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap_or("");
            if value.get(name).is_none() {
                self.violation(
                    &format!("{place}.{name}"),
                    Defect::Missing,
                    "required, but missing".to_owned(),
                );
            }
        }
        for (name, field) in value.as_object().into_iter().flatten() {
            let known = &schema["properties"][name];
            let extra = &schema["additionalProperties"];
            if !known.is_null() {
                self.value(&format!("{place}.{name}"), known, field);
            } else if extra.is_object() {
                self.value(&format!("{place}.*"), extra, field);
            } else if schema["properties"].is_object() {
                self.note(&format!("{place}.{name}"), "unknown field".to_owned());
            }
        }
    }

    /// Checks against every part; a field is unknown when no part knows it.
    fn all_of(&mut self, place: &str, parts: &'d [Value], value: &Value) {
        let mut unknown: Option<Vec<Finding>> = None;
        for part in parts {
            let mut checker = Checker {
                document: self.document,
                findings: Vec::new(),
            };
            checker.value(place, part, value);
            let (strange, other): (Vec<_>, Vec<_>) = checker
                .findings
                .into_iter()
                .partition(|f| f.text == "unknown field");
            self.findings.extend(other);
            unknown = Some(match unknown {
                None => strange,
                Some(before) => before
                    .into_iter()
                    .filter(|f| strange.iter().any(|s| s.place == f.place))
                    .collect(),
            });
        }
        self.findings.extend(unknown.unwrap_or_default());
    }

    fn violation(&mut self, place: &str, defect: Defect, text: String) {
        let excuse = corrections::excuse(place, defect);
        self.findings.push(Finding {
            place: place.to_owned(),
            text: excuse.map_or(text.clone(), |reason| format!("{text} ({reason})")),
            is_note: excuse.is_some(),
        });
    }

    fn note(&mut self, place: &str, text: String) {
        self.findings.push(Finding {
            place: place.to_owned(),
            text,
            is_note: true,
        });
    }
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
