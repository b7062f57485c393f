// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `config`.

use super::{Driver, ObjectVersion};
use crate::scalar::{Base64, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What answers `GET /configs`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// `ID`.
    #[serde(rename = "ID")]
    pub id: String,
    /// `Version`.
    #[serde(rename = "Version")]
    pub version: ObjectVersion,
    /// `CreatedAt`.
    #[serde(rename = "CreatedAt")]
    pub created_at: Timestamp,
    /// `UpdatedAt`.
    #[serde(rename = "UpdatedAt")]
    pub updated_at: Timestamp,
    /// `Spec`.
    #[serde(rename = "Spec")]
    pub spec: ConfigSpec,
}

/// What answers `POST /configs/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigCreateResponse {
    /// `ID`.
    #[serde(rename = "ID")]
    pub id: String,
}

/// What is sent to `POST /configs/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigSpec {
    /// `Name`, left out if there is none.
    #[serde(rename = "Name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `Data`, left out if there is none.
    #[serde(rename = "Data", skip_serializing_if = "super::nothing")]
    pub data: Option<Base64>,
    /// `Templating`, since 1.37, left out if there is none.
    #[serde(rename = "Templating", skip_serializing_if = "Option::is_none")]
    pub templating: Option<Driver>,
}
