//! What the documents say together, before the overlay has its say, and
//! where they differ.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::document::Schema;
use crate::model::{Type, Version};

/// The versions in which something was met.
pub(crate) type Seen = BTreeSet<Version>;

/// What the documents say together, before the overlay has its say.
#[derive(Debug, Default)]
pub(crate) struct Drafts {
    pub(crate) versions: Vec<Version>,
    pub(crate) operations: IndexMap<String, OperationDraft>,
    pub(crate) types: IndexMap<String, TypeDraft>,
    /// Aspects of places that differ, with one value for each version.
    pub(crate) aspects: BTreeMap<String, BTreeMap<Version, String>>,
    /// Places where an older document has another type, and which.
    pub(crate) conflicts: BTreeMap<String, BTreeMap<Version, String>>,
}

#[derive(Debug, Default)]
pub(crate) struct OperationDraft {
    pub(crate) seen: Seen,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) tags: Vec<String>,
    /// By place (`path`, `query`, `header`) and name.
    pub(crate) params: IndexMap<(String, String), ParamDraft>,
    pub(crate) body: Option<BodyDraft>,
    pub(crate) answers: BTreeMap<u16, AnswerDraft>,
}

#[derive(Debug)]
pub(crate) struct ParamDraft {
    pub(crate) seen: Seen,
    pub(crate) required: bool,
    pub(crate) schema: Schema,
}

#[derive(Debug)]
pub(crate) struct BodyDraft {
    pub(crate) required: bool,
    /// `None` is bytes, or JSON whose type the overlay replaces.
    pub(crate) ty: Option<Type>,
    /// Whether the newest document that has a body calls it JSON.
    pub(crate) is_json: bool,
}

#[derive(Debug, Default)]
pub(crate) struct AnswerDraft {
    pub(crate) seen: Seen,
    /// `None` is nothing or bytes.
    pub(crate) ty: Option<Type>,
    pub(crate) headers: IndexMap<String, Seen>,
}

#[derive(Debug)]
pub(crate) struct TypeDraft {
    pub(crate) seen: Seen,
    pub(crate) shape: Shape,
}

#[derive(Debug)]
pub(crate) enum Shape {
    Object {
        bases: Vec<String>,
        fields: IndexMap<String, FieldDraft>,
    },
    Text(IndexMap<String, Seen>),
    Number(IndexMap<i64, Seen>),
    Alias(Type),
}

#[derive(Clone, Debug)]
pub(crate) struct FieldDraft {
    pub(crate) seen: Seen,
    pub(crate) ty: Type,
    pub(crate) required: bool,
}

impl Drafts {
    /// Every difference between the documents: its place and what it is.
    pub(crate) fn differences(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut compare = |place: String, seen: &Seen, whole: &Seen| {
            if seen != whole {
                found.insert(place, format!("only in {}", list(seen)));
            }
        };
        let all: Seen = self.versions.iter().copied().collect();
        for (id, operation) in &self.operations {
            compare(id.clone(), &operation.seen, &all);
            for ((place, name), param) in &operation.params {
                let sign = if place == "header" { "@" } else { "?" };
                compare(format!("{id} {sign}{name}"), &param.seen, &operation.seen);
            }
            for (status, answer) in &operation.answers {
                compare(format!("{id} {status}"), &answer.seen, &operation.seen);
                for (name, seen) in &answer.headers {
                    compare(format!("{id} {status} @{name}"), seen, &answer.seen);
                }
            }
        }
        for (name, draft) in &self.types {
            match &draft.shape {
                Shape::Object { fields, .. } => {
                    for (key, field) in fields {
                        compare(format!("{name}.{key}"), &field.seen, &draft.seen);
                    }
                }
                Shape::Text(members) => {
                    for (value, seen) in members {
                        compare(format!("{name}={value}"), seen, &draft.seen);
                    }
                }
                Shape::Number(members) => {
                    for (value, seen) in members {
                        compare(format!("{name}={value}"), seen, &draft.seen);
                    }
                }
                Shape::Alias(_) => {}
            }
        }
        for (place, values) in &self.aspects {
            let distinct: BTreeSet<&String> = values.values().collect();
            if distinct.len() > 1 {
                let told: Vec<String> = values
                    .iter()
                    .map(|(v, value)| format!("{v} {value}"))
                    .collect();
                found.insert(place.clone(), told.join(", "));
            }
        }
        for (place, values) in &self.conflicts {
            let told: Vec<String> = values
                .iter()
                .map(|(v, value)| format!("{v} {value}"))
                .collect();
            found.insert(format!("{place}:type"), told.join(", "));
        }
        found
    }
}

fn list(seen: &Seen) -> String {
    let texts: Vec<String> = seen.iter().map(Version::to_string).collect();
    texts.join(" ")
}
