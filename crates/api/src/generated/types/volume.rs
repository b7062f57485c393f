// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `volume`.

use super::Volume;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is sent to `POST /volumes/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeCreateOptions {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Driver`.
    #[serde(rename = "Driver")]
    pub driver: String,
    /// `DriverOpts`, `null` if there is none.
    #[serde(rename = "DriverOpts")]
    pub driver_opts: Option<BTreeMap<String, String>>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
}

/// What answers `GET /volumes`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeListResponse {
    /// `Volumes`, `null` if there is none.
    #[serde(rename = "Volumes")]
    pub volumes: Option<Vec<Volume>>,
    /// `Warnings`, `null` if there is none.
    #[serde(rename = "Warnings")]
    pub warnings: Option<Vec<String>>,
}

/// What answers `POST /volumes/prune`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumePruneResponse {
    /// `VolumesDeleted`, `null` if there is none.
    #[serde(rename = "VolumesDeleted")]
    pub volumes_deleted: Option<Vec<String>>,
    /// `SpaceReclaimed`: bytes.
    #[serde(rename = "SpaceReclaimed")]
    pub space_reclaimed: i64,
}
