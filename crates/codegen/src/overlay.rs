//! `spec/overlay.yaml`: what the documents cannot say or say wrongly, by hand.
//!
//! Places are written the same way everywhere:
//!
//! | place | what |
//! |---|---|
//! | `ContainerList` | an operation |
//! | `ContainerList ?all` | a parameter of its query |
//! | `ContainerList 404`, `ContainerList request` | an answer, the request's body |
//! | `SystemPing 200 @Pragma` | a header of an answer |
//! | `HostConfig.Binds` | a property of a type, by its Rust type and its key |
//! | `Port.Type=sctp`, `PortType=sctp` | a member of an enum, by its Rust type |
//! | `Mount.Type:nullable` | one aspect of a place: `type`, `format`, `nullable`, `required`, `default`, `body` |
//!
//! Types are written `text`, `bool`, `i64`, `any`, `Timestamp`, `Port`, and
//! made larger by `[T]` (list), `{T}` (map) and `T?` (may be `null`).

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::str::FromStr;

use indexmap::IndexMap;
use serde::Deserialize;

use crate::model::{IntKind, Range, Scalar, Type};

/// The whole overlay.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Overlay {
    /// Groups of operations by the trait's name.
    pub groups: IndexMap<String, Group>,
    /// What every operation does, and how it differs from its document.
    pub operations: IndexMap<String, Operation>,
    /// Response headers that the server sets for every operation.
    pub common_headers: Vec<String>,
    /// Names of types whose place gives an awkward one.
    pub names: IndexMap<String, String>,
    /// Types that the documents have wrong or cannot say.
    pub retype: Vec<Retype>,
    /// Keys that the wire spells differently.
    pub rekey: IndexMap<String, String>,
    /// Properties and types that the documents miss.
    pub add: IndexMap<String, IndexMap<String, String>>,
    /// Enum members that the documents miss.
    pub members: IndexMap<String, Vec<String>>,
    /// Names of enum members whose text gives an awkward one or none.
    pub variants: IndexMap<String, String>,
    /// Properties that are never sent nor read.
    pub drop: Vec<Drop>,
    /// What a difference between documents means.
    pub decisions: Vec<Decision>,
    /// What is sent for nothing, by type.
    pub presence: IndexMap<String, Presence>,
    /// What to say about types and fields beyond their names.
    pub says: IndexMap<String, String>,
    #[serde(skip)]
    used: RefCell<BTreeSet<String>>,
}

/// A group of operations.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The tags of its operations; the trait's name if nothing is given.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What the operations are about.
    pub says: String,
}

/// What the documents do not say about an operation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// What it does.
    pub says: String,
    /// Its group, if not its tag's.
    pub group: Option<String>,
    /// What the request carries: `none`, `refused`, `bytes`, or JSON of a type;
    /// `required` for what the documents say, if it must be there.
    pub body: Option<String>,
    /// What the answer carries: `lines T`, `logs`, `bytes application/x-tar` …
    pub answer: Option<String>,
    /// The ways to succeed, if the documents have the statuses wrong.
    #[serde(default)]
    pub answers: IndexMap<u16, String>,
    /// How parameters are read, if not as their type says; also those that
    /// the documents miss.
    #[serde(default)]
    pub query: IndexMap<String, String>,
    /// Request headers that are read.
    #[serde(default)]
    pub headers: Vec<String>,
    /// Response headers that the documents miss.
    #[serde(default)]
    pub sends: Vec<String>,
    /// The operation whose method answers this one too.
    pub head_of: Option<String>,
    /// Path parameters that may hold no slash.
    #[serde(default)]
    pub segment: bool,
}

impl Operation {
    /// Whether the documented body does not matter.
    pub fn replaces_body(&self) -> bool {
        self.body.as_deref().is_some_and(|body| body != "required")
    }
}

/// Another type for some places.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retype {
    /// The type.
    pub to: String,
    /// Why.
    pub why: String,
    /// The places.
    pub at: Vec<String>,
}

/// Properties that do not exist.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drop {
    /// Why.
    pub why: String,
    /// The places.
    pub at: Vec<String>,
}

/// What some differences mean.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// `always`, `since 1.37`, `until 1.39`, or `since 1.40, until 1.40`.
    pub verdict: String,
    /// Why.
    pub why: String,
    /// The places; one `*` stands for any text.
    pub at: Vec<String>,
}

/// What a type sends for fields that hold nothing. Those in no list are
/// always sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Presence {
    /// `null`.
    pub null: Vec<String>,
    /// Nothing, also for a zero value.
    pub omit: Vec<String>,
    /// Nothing; a zero value is sent.
    pub unset: Vec<String>,
}

/// Something in the overlay is wrong.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum OverlayError {
    /// It cannot be read.
    #[error("{0}")]
    Shape(String),
    /// Entries that no document needs.
    #[error("these entries change nothing:\n  {}", .0.join("\n  "))]
    Dead(Vec<String>),
    /// A text in it cannot be read.
    #[error("{at}: cannot read {text:?}")]
    Text {
        /// The entry.
        at: String,
        /// The text.
        text: String,
    },
    /// Differences between documents without a decision.
    #[error("these differences need a decision:\n  {}", .0.join("\n  "))]
    Undecided(Vec<String>),
    /// An operation without an entry.
    #[error("operation {0} has no entry under `operations`")]
    Unsaid(String),
    /// A tag without a group.
    #[error("operation {0} has no group: its tags are {1:?}")]
    Ungrouped(String, Vec<String>),
    /// Two things got one name.
    #[error("{at}: two things are called {name}")]
    Collision {
        /// The type.
        at: String,
        /// The name.
        name: String,
    },
    /// A type that nothing defines.
    #[error("{at}: there is no type {name}")]
    NoType {
        /// The place that mentions it.
        at: String,
        /// The type.
        name: String,
    },
}

impl Overlay {
    /// Reads the file.
    pub fn read(text: &str) -> Result<Overlay, OverlayError> {
        serde_yaml_ng::from_str(text).map_err(|error| OverlayError::Shape(error.to_string()))
    }

    /// Remembers that an entry was of use.
    pub(crate) fn touch(&self, section: &str, entry: &str) {
        self.used.borrow_mut().insert(format!("{section}: {entry}"));
    }

    /// The name of the type at a place, if the overlay gives one.
    pub(crate) fn name_at(&self, place: &str) -> Option<&str> {
        let name = self.names.get(place)?;
        self.touch("names", place);
        Some(name)
    }

    /// The entries that changed nothing in any version.
    pub(crate) fn dead(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut push = |section: &str, entry: &str| all.push(format!("{section}: {entry}"));
        self.common_headers
            .iter()
            .for_each(|name| push("common_headers", name));
        self.groups.keys().for_each(|key| push("groups", key));
        self.names.keys().for_each(|key| push("names", key));
        self.rekey.keys().for_each(|key| push("rekey", key));
        self.variants.keys().for_each(|key| push("variants", key));
        self.says.keys().for_each(|key| push("says", key));
        for (id, operation) in &self.operations {
            push("operations", id);
            for part in operation.parts() {
                push("operations", &format!("{id} {part}"));
            }
        }
        for row in &self.retype {
            row.at.iter().for_each(|at| push("retype", at));
        }
        for row in &self.drop {
            row.at.iter().for_each(|at| push("drop", at));
        }
        for row in &self.decisions {
            row.at.iter().for_each(|at| push("decisions", at));
        }
        for (name, fields) in &self.add {
            fields
                .keys()
                .for_each(|key| push("add", &format!("{name}.{key}")));
        }
        for (name, members) in &self.members {
            members
                .iter()
                .for_each(|key| push("members", &format!("{name}={key}")));
        }
        for (name, lists) in &self.presence {
            for key in [&lists.null, &lists.omit, &lists.unset]
                .into_iter()
                .flatten()
            {
                push("presence", &format!("{name}.{key}"));
            }
        }
        let used = self.used.borrow();
        all.retain(|entry| !used.contains(entry));
        all
    }
}

impl Operation {
    /// Whether the document's schema for this status of success counts for
    /// nothing.
    pub(crate) fn replaces_answer(&self, status: u16) -> bool {
        let text = match self.answers.get(&status) {
            None if !self.answers.is_empty() => return true,
            Some(text) => Some(text),
            None => self.answer.as_ref(),
        };
        text.is_some_and(|text| {
            // With a question mark the same, or null.
            let word = text.strip_suffix(" ?").unwrap_or(text);
            !["json", "lines", "one-or-lines", "deferred"].contains(&word)
        })
    }

    /// The entries below an operation that must each be of use.
    fn parts(&self) -> Vec<String> {
        let mut parts = Vec::new();
        for (name, given) in [
            ("group", self.group.is_some()),
            ("body", self.body.is_some()),
            ("answer", self.answer.is_some()),
            ("answers", !self.answers.is_empty()),
            ("segment", self.segment),
        ] {
            if given {
                parts.push(name.to_owned());
            }
        }
        parts.extend(self.query.keys().map(|name| format!("?{name}")));
        parts.extend(self.headers.iter().map(|name| format!("#{name}")));
        parts.extend(self.sends.iter().map(|name| format!("@{name}")));
        parts
    }
}

/// A decision as a range; `always` is the unbounded one.
pub(crate) fn verdict(text: &str) -> Option<Range> {
    let mut range = Range::default();
    if text == "always" {
        return Some(range);
    }
    for part in text.split(", ") {
        match part.split_once(' ')? {
            ("since", version) => range.since = Some(version.parse().ok()?),
            ("until", version) => range.until = Some(version.parse().ok()?),
            _ => return None,
        }
    }
    Some(range)
}

/// Whether a place fits a pattern with at most one `*`.
pub(crate) fn matches(pattern: &str, place: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == place,
        Some((head, tail)) => {
            place.len() >= head.len() + tail.len()
                && place.starts_with(head)
                && place.ends_with(tail)
        }
    }
}

/// A type as the overlay writes it.
impl FromStr for Type {
    type Err = ();

    fn from_str(text: &str) -> Result<Type, ()> {
        let inner = |text: &str| text.parse().map(Box::new);
        if let Some(text) = text.strip_suffix('?') {
            return Ok(Type::Nullable(inner(text)?));
        }
        if let Some(text) = text.strip_prefix('[') {
            return Ok(Type::List(inner(text.strip_suffix(']').ok_or(())?)?));
        }
        if let Some(text) = text.strip_prefix('{') {
            return Ok(Type::Map(inner(text.strip_suffix('}').ok_or(())?)?));
        }
        Ok(match text {
            "bool" => Type::Bool,
            "text" => Type::Text,
            "any" => Type::Any,
            "empty" => Type::Empty,
            "float" => Type::Float,
            "i64" => Type::Int(IntKind::I64),
            "u8" => Type::Int(IntKind::U8),
            "u16" => Type::Int(IntKind::U16),
            "u32" => Type::Int(IntKind::U32),
            "u64" => Type::Int(IntKind::U64),
            _ => {
                let scalar = Scalar::ALL.iter().find(|scalar| scalar.name() == text);
                match scalar {
                    Some(scalar) => Type::Scalar(*scalar),
                    None if text.starts_with(|c: char| c.is_ascii_uppercase()) => {
                        Type::Named(text.to_owned())
                    }
                    None => return Err(()),
                }
            }
        })
    }
}
