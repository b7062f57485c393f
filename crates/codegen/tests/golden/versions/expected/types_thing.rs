// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `thing`.

use serde::{Deserialize, Serialize};
use crate::gated::Gated;

/// What is sent to `POST /things`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NewThing {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Late`.
    #[serde(rename = "Late")]
    pub late: String,
    /// `Specs`, since 1.2, `null` if there is none.
    #[serde(rename = "Specs", skip_serializing_if = "Gated::is_lacking")]
    pub specs: Gated<Vec<Spec>>,
    /// `Spec`.
    #[serde(rename = "Spec")]
    pub spec: Spec,
    /// `Old`, until 1.1.
    #[serde(rename = "Old", skip_serializing_if = "Option::is_none")]
    pub old: Option<i64>,
}

/// `Specs` of [`NewThing`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Spec {
    /// `Args`.
    #[serde(rename = "Args")]
    pub args: Vec<String>,
    /// `Level`, since 1.2.
    #[serde(rename = "Level", skip_serializing_if = "Option::is_none")]
    pub level: Option<SpecLevel>,
}

/// `Level` of [`Spec`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum SpecLevel {
    /// `low`.
    Low,
    /// `high`.
    High,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl SpecLevel {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            SpecLevel::Low => "low",
            SpecLevel::High => "high",
            SpecLevel::Other(text) => text,
        }
    }
}

impl From<&str> for SpecLevel {
    fn from(text: &str) -> SpecLevel {
        match text {
            "low" => SpecLevel::Low,
            "high" => SpecLevel::High,
            _ => SpecLevel::Other(text.into()),
        }
    }
}

impl From<String> for SpecLevel {
    fn from(text: String) -> SpecLevel {
        SpecLevel::from(text.as_str())
    }
}

impl From<SpecLevel> for String {
    fn from(value: SpecLevel) -> String {
        value.as_str().to_owned()
    }
}

impl Default for SpecLevel {
    fn default() -> SpecLevel {
        SpecLevel::from("")
    }
}
