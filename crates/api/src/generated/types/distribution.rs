// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `distribution`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What answers `GET /distribution/{name}/json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DistributionInspect {
    /// `Descriptor`.
    #[serde(rename = "Descriptor")]
    pub descriptor: OCIDescriptor,
    /// `Platforms`, `null` if there is none.
    #[serde(rename = "Platforms")]
    pub platforms: Option<Vec<OCIPlatform>>,
}

/// `Descriptor` of [`DistributionInspect`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OCIDescriptor {
    /// `mediaType`, left out if there is none.
    #[serde(rename = "mediaType", skip_serializing_if = "super::nothing")]
    pub media_type: Option<String>,
    /// `digest`.
    #[serde(rename = "digest")]
    pub digest: String,
    /// `size`.
    #[serde(rename = "size")]
    pub size: i64,
    /// `urls`, left out if there is none.
    #[serde(rename = "urls", skip_serializing_if = "super::nothing")]
    pub urls: Option<Vec<String>>,
    /// `annotations`, left out if there is none.
    #[serde(rename = "annotations", skip_serializing_if = "super::nothing")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// `platform`, left out if there is none.
    #[serde(rename = "platform", skip_serializing_if = "Option::is_none")]
    pub platform: Option<OCIPlatform>,
}

/// `Platforms` of [`DistributionInspect`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OCIPlatform {
    /// `architecture`.
    #[serde(rename = "architecture")]
    pub architecture: String,
    /// `os`.
    #[serde(rename = "os")]
    pub os: String,
    /// `os.version`, left out if there is none.
    #[serde(rename = "os.version", skip_serializing_if = "super::nothing")]
    pub os_version: Option<String>,
    /// `os.features`, left out if there is none.
    #[serde(rename = "os.features", skip_serializing_if = "super::nothing")]
    pub os_features: Option<Vec<String>>,
    /// `variant`, left out if there is none.
    #[serde(rename = "variant", skip_serializing_if = "super::nothing")]
    pub variant: Option<String>,
}
