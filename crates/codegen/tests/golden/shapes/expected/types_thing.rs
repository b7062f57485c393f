// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `thing`.

use std::collections::BTreeMap;
use serde::{Deserialize, Serialize};
use crate::scalar::{Timestamp, Nanoseconds, EmptyMap};

/// `Base`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Base {
    /// `Id`.
    #[serde(rename = "Id")]
    pub id: String,
    /// `Size`, left out if there is none.
    #[serde(rename = "Size", skip_serializing_if = "super::nothing")]
    pub size: Option<u16>,
}

/// `Inner` of [`Thing`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Core {
    /// `Pair`.
    #[serde(rename = "Pair")]
    pub pair: [i64; 2],
    /// `When`.
    #[serde(rename = "When")]
    pub when: Timestamp,
}

/// A thing of this world.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Thing {
    /// `Id`.
    #[serde(rename = "Id")]
    pub id: String,
    /// `Size`, left out if there is none.
    #[serde(rename = "Size", skip_serializing_if = "super::nothing")]
    pub size: Option<u16>,
    /// `type`.
    #[serde(rename = "type")]
    pub r#type: ThingType,
    /// `Kind`.
    #[serde(rename = "Kind")]
    pub kind: ThingKind,
    /// `Ports`, `null` if there is none.
    #[serde(rename = "Ports")]
    pub ports: Option<BTreeMap<String, Option<Vec<String>>>>,
    /// `Set`.
    #[serde(rename = "Set")]
    pub set: EmptyMap,
    /// `Wait`, in nanoseconds.
    #[serde(rename = "Wait")]
    pub wait: Nanoseconds,
    /// `Inner`, left out if there is none.
    #[serde(rename = "Inner", skip_serializing_if = "Option::is_none")]
    pub inner: Option<Core>,
}

impl From<Thing> for Base {
    fn from(whole: Thing) -> Base {
        Base {
            id: whole.id,
            size: whole.size,
        }
    }
}

/// `Kind` of [`Thing`].
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize
)]
#[serde(from = "i64", into = "i64")]
pub enum ThingKind {
    /// `0`.
    V0,
    /// `1`.
    V1,
    /// Any other number, kept as it is.
    Other(i64),
}

impl From<i64> for ThingKind {
    fn from(number: i64) -> ThingKind {
        match number {
            0 => ThingKind::V0,
            1 => ThingKind::V1,
            _ => ThingKind::Other(number),
        }
    }
}

impl From<ThingKind> for i64 {
    fn from(value: ThingKind) -> i64 {
        match value {
            ThingKind::V0 => 0,
            ThingKind::V1 => 1,
            ThingKind::Other(number) => number,
        }
    }
}

impl Default for ThingKind {
    fn default() -> ThingKind {
        ThingKind::from(0)
    }
}

/// `type` of [`Thing`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ThingType {
    /// `tcp`.
    Tcp,
    /// `on-failure`.
    OnFailure,
    /// The empty text.
    Unset,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl ThingType {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            ThingType::Tcp => "tcp",
            ThingType::OnFailure => "on-failure",
            ThingType::Unset => "",
            ThingType::Other(text) => text,
        }
    }
}

impl From<&str> for ThingType {
    fn from(text: &str) -> ThingType {
        match text {
            "tcp" => ThingType::Tcp,
            "on-failure" => ThingType::OnFailure,
            "" => ThingType::Unset,
            _ => ThingType::Other(text.into()),
        }
    }
}

impl From<String> for ThingType {
    fn from(text: String) -> ThingType {
        ThingType::from(text.as_str())
    }
}

impl From<ThingType> for String {
    fn from(value: ThingType) -> String {
        value.as_str().to_owned()
    }
}

impl Default for ThingType {
    fn default() -> ThingType {
        ThingType::from("")
    }
}
