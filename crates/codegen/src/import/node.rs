//! A place in a document: a value together with the way to it, so that every
//! error says where.

use serde_yaml_ng::Value;

use crate::model::{InvalidVersion, Version};

/// A value and where it stands.
pub(super) struct Node<'a> {
    value: &'a Value,
    at: String,
}

/// A document cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is no YAML, or not the YAML that it should be.
    #[error("{0}")]
    Yaml(#[from] serde_yaml_ng::Error),
    /// Something in it is wrong.
    #[error("{at}: {problem}")]
    At {
        /// The place: `paths./info.get.responses`.
        at: String,
        /// What is wrong there.
        problem: Problem,
    },
}

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A key is missing.
    #[error("{0:?} is missing")]
    Missing(&'static str),
    /// The value has another type.
    #[error("expected {0}")]
    Expected(&'static str),
    /// A keyword that the importer does not know.
    #[error("unknown keyword {0:?}")]
    Unknown(String),
    /// A type that Swagger does not have.
    #[error("unknown type {0:?}")]
    Type(String),
    /// Another version of Swagger.
    #[error("Swagger {0:?} instead of \"2.0\"")]
    Swagger(String),
    /// The API version cannot be read.
    #[error("{0}")]
    Version(InvalidVersion),
    /// The path prefix belongs to another version.
    #[error("not the prefix of version {0}")]
    BasePath(Version),
    /// A reference to nothing.
    #[error("{0:?} is referred to and not defined")]
    Dangling(String),
    /// A reference elsewhere.
    #[error("{0:?} is no reference to a definition")]
    Reference(String),
    /// Two operations with one id.
    #[error("another operation is called {0:?} too")]
    Twice(String),
    /// A tag without operations.
    #[error("no operation has the tag {0:?}: is the document cut short?")]
    UnusedTag(String),
}

impl ImportError {
    /// The same problem at another place.
    pub(super) fn at(self, place: String) -> ImportError {
        match self {
            ImportError::At { problem, .. } => ImportError::At { at: place, problem },
            other => other,
        }
    }
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Node<'a> {
        Node {
            value,
            at: String::new(),
        }
    }

    /// An error at this place.
    pub(super) fn fail(&self, problem: Problem) -> ImportError {
        let at = if self.at.is_empty() {
            "document"
        } else {
            &self.at
        };
        ImportError::At {
            at: at.to_owned(),
            problem,
        }
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn text(&self) -> Result<&'a str, ImportError> {
        self.value
            .as_str()
            .ok_or_else(|| self.fail(Problem::Expected("a string")))
    }

    /// The value of a key, if it is there.
    pub(super) fn get(&self, key: &str) -> Result<Option<Node<'a>>, ImportError> {
        let map = self
            .value
            .as_mapping()
            .ok_or_else(|| self.fail(Problem::Expected("a mapping")))?;
        Ok(map.get(key).map(|value| self.child(key, value)))
    }

    /// The value of a key that has to be there.
    pub(super) fn need(&self, key: &'static str) -> Result<Node<'a>, ImportError> {
        self.get(key)?
            .ok_or_else(|| self.fail(Problem::Missing(key)))
    }

    /// A boolean; absent is false.
    pub(super) fn flag(&self, key: &str) -> Result<bool, ImportError> {
        match self.get(key)? {
            None => Ok(false),
            Some(node) => node
                .value
                .as_bool()
                .ok_or_else(|| node.fail(Problem::Expected("true or false"))),
        }
    }

    /// The entries of a mapping with text keys.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Node<'a>)>, ImportError> {
        let map = self
            .value
            .as_mapping()
            .ok_or_else(|| self.fail(Problem::Expected("a mapping")))?;
        map.iter()
            .map(|(key, value)| {
                let key = key
                    .as_str()
                    .ok_or_else(|| self.fail(Problem::Expected("keys that are strings")))?;
                Ok((key, self.child(key, value)))
            })
            .collect()
    }

    /// The entries of a mapping whose keys are statuses, quoted or not.
    pub(super) fn entries_by_number(&self) -> Result<Vec<(u64, Node<'a>)>, ImportError> {
        let map = self
            .value
            .as_mapping()
            .ok_or_else(|| self.fail(Problem::Expected("a mapping")))?;
        map.iter()
            .map(|(key, value)| {
                let number = key.as_u64().or_else(|| key.as_str()?.parse().ok());
                let number =
                    number.ok_or_else(|| self.fail(Problem::Expected("keys that are statuses")))?;
                Ok((number, self.child(&number.to_string(), value)))
            })
            .collect()
    }

    /// The items of a list.
    pub(super) fn items(&self) -> Result<Vec<Node<'a>>, ImportError> {
        let list = self
            .value
            .as_sequence()
            .ok_or_else(|| self.fail(Problem::Expected("a list")))?;
        Ok(list
            .iter()
            .enumerate()
            .map(|(index, value)| self.child(&index.to_string(), value))
            .collect())
    }

    /// Refuses keys that are not listed. Extensions are tooling, except the
    /// few that are read by name.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ImportError> {
        for (key, node) in self.entries()? {
            if !known.contains(&key) && !key.starts_with("x-") {
                return Err(node.fail(Problem::Unknown(key.to_owned())));
            }
        }
        Ok(())
    }

    fn child(&self, key: &str, value: &'a Value) -> Node<'a> {
        let at = if self.at.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.at)
        };
        Node { value, at }
    }
}
