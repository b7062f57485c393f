// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `image`.

use super::{ContainerConfig, ErrorDetail, GraphDriverData, HealthConfig, ProgressDetail};
use crate::gated::Gated;
use crate::scalar::{EmptyMap, StrList, Timestamp, UnixSeconds};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What answers `POST /build`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildInfo {
    /// `id`, left out if there is none.
    #[serde(rename = "id", skip_serializing_if = "super::nothing")]
    pub id: Option<String>,
    /// `stream`, left out if there is none.
    #[serde(rename = "stream", skip_serializing_if = "super::nothing")]
    pub stream: Option<String>,
    /// `error`, left out if there is none.
    #[serde(rename = "error", skip_serializing_if = "super::nothing")]
    pub error: Option<String>,
    /// `errorDetail`, left out if there is none.
    #[serde(rename = "errorDetail", skip_serializing_if = "Option::is_none")]
    pub error_detail: Option<ErrorDetail>,
    /// `status`, left out if there is none.
    #[serde(rename = "status", skip_serializing_if = "super::nothing")]
    pub status: Option<String>,
    /// `progress`, left out if there is none.
    #[serde(rename = "progress", skip_serializing_if = "super::nothing")]
    pub progress: Option<String>,
    /// `progressDetail`, left out if there is none.
    #[serde(rename = "progressDetail", skip_serializing_if = "Option::is_none")]
    pub progress_detail: Option<ProgressDetail>,
    /// `aux`, left out if there is none.
    #[serde(rename = "aux", skip_serializing_if = "Option::is_none")]
    pub aux: Option<Value>,
}

/// Where the result of a build goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildOutput {
    /// `Type`.
    #[serde(rename = "Type")]
    pub r#type: String,
    /// `Attrs`.
    #[serde(rename = "Attrs")]
    pub attrs: BTreeMap<String, String>,
}

/// What answers `POST /build/prune`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildPruneResponse {
    /// `CachesDeleted`, since 1.39, `null` if there is none.
    #[serde(rename = "CachesDeleted", skip_serializing_if = "Gated::is_lacking")]
    pub caches_deleted: Gated<Vec<String>>,
    /// `SpaceReclaimed`: bytes.
    #[serde(rename = "SpaceReclaimed")]
    pub space_reclaimed: i64,
}

/// `Config` of [`ImageInspect`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    /// `Hostname`.
    #[serde(rename = "Hostname")]
    pub hostname: String,
    /// `Domainname`.
    #[serde(rename = "Domainname")]
    pub domainname: String,
    /// `User`.
    #[serde(rename = "User")]
    pub user: String,
    /// `AttachStdin`.
    #[serde(rename = "AttachStdin")]
    pub attach_stdin: bool,
    /// `AttachStdout`.
    #[serde(rename = "AttachStdout")]
    pub attach_stdout: bool,
    /// `AttachStderr`.
    #[serde(rename = "AttachStderr")]
    pub attach_stderr: bool,
    /// `ExposedPorts`, left out if there is none.
    #[serde(rename = "ExposedPorts", skip_serializing_if = "super::nothing")]
    pub exposed_ports: Option<EmptyMap>,
    /// `Tty`.
    #[serde(rename = "Tty")]
    pub tty: bool,
    /// `OpenStdin`.
    #[serde(rename = "OpenStdin")]
    pub open_stdin: bool,
    /// `StdinOnce`.
    #[serde(rename = "StdinOnce")]
    pub stdin_once: bool,
    /// `Env`, `null` if there is none.
    #[serde(rename = "Env")]
    pub env: Option<Vec<String>>,
    /// `Cmd`, `null` if there is none.
    #[serde(rename = "Cmd")]
    pub cmd: Option<StrList>,
    /// `Healthcheck`, left out if there is none.
    #[serde(rename = "Healthcheck", skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<HealthConfig>,
    /// `ArgsEscaped`, left out if there is none.
    #[serde(rename = "ArgsEscaped", skip_serializing_if = "super::nothing")]
    pub args_escaped: Option<bool>,
    /// `Image`.
    #[serde(rename = "Image")]
    pub image: String,
    /// `Volumes`, `null` if there is none.
    #[serde(rename = "Volumes")]
    pub volumes: Option<EmptyMap>,
    /// `WorkingDir`.
    #[serde(rename = "WorkingDir")]
    pub working_dir: String,
    /// `Entrypoint`, `null` if there is none.
    #[serde(rename = "Entrypoint")]
    pub entrypoint: Option<StrList>,
    /// `NetworkDisabled`, left out if there is none.
    #[serde(rename = "NetworkDisabled", skip_serializing_if = "super::nothing")]
    pub network_disabled: Option<bool>,
    /// `MacAddress`, left out if there is none.
    #[serde(rename = "MacAddress", skip_serializing_if = "super::nothing")]
    pub mac_address: Option<String>,
    /// `OnBuild`, `null` if there is none.
    #[serde(rename = "OnBuild")]
    pub on_build: Option<Vec<String>>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `StopSignal`, left out if there is none.
    #[serde(rename = "StopSignal", skip_serializing_if = "super::nothing")]
    pub stop_signal: Option<String>,
    /// `StopTimeout`, left out if there is none.
    #[serde(rename = "StopTimeout", skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<i64>,
    /// `Shell`, left out if there is none.
    #[serde(rename = "Shell", skip_serializing_if = "super::nothing")]
    pub shell: Option<StrList>,
}

/// What answers `DELETE /images/{name}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageDeleteResponseItem {
    /// `Untagged`, left out if there is none.
    #[serde(rename = "Untagged", skip_serializing_if = "super::nothing")]
    pub untagged: Option<String>,
    /// `Deleted`, left out if there is none.
    #[serde(rename = "Deleted", skip_serializing_if = "super::nothing")]
    pub deleted: Option<String>,
}

/// What answers `GET /images/{name}/history`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageHistoryResponseItem {
    /// `Id`.
    #[serde(rename = "Id")]
    pub id: String,
    /// `Created`, in seconds since 1970.
    #[serde(rename = "Created")]
    pub created: UnixSeconds,
    /// `CreatedBy`.
    #[serde(rename = "CreatedBy")]
    pub created_by: String,
    /// `Tags`, `null` if there is none.
    #[serde(rename = "Tags")]
    pub tags: Option<Vec<String>>,
    /// `Size`.
    #[serde(rename = "Size")]
    pub size: i64,
    /// `Comment`.
    #[serde(rename = "Comment")]
    pub comment: String,
}

/// What answers `GET /images/{name}/json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageInspect {
    /// `Id`.
    #[serde(rename = "Id")]
    pub id: String,
    /// `RepoTags`, `null` if there is none.
    #[serde(rename = "RepoTags")]
    pub repo_tags: Option<Vec<String>>,
    /// `RepoDigests`, `null` if there is none.
    #[serde(rename = "RepoDigests")]
    pub repo_digests: Option<Vec<String>>,
    /// `Parent`.
    #[serde(rename = "Parent")]
    pub parent: String,
    /// `Comment`.
    #[serde(rename = "Comment")]
    pub comment: String,
    /// `Created`.
    #[serde(rename = "Created")]
    pub created: Timestamp,
    /// `Container`.
    #[serde(rename = "Container")]
    pub container: String,
    /// `ContainerConfig`, `null` if there is none.
    #[serde(rename = "ContainerConfig")]
    pub container_config: Option<ContainerConfig>,
    /// `DockerVersion`.
    #[serde(rename = "DockerVersion")]
    pub docker_version: String,
    /// `Author`.
    #[serde(rename = "Author")]
    pub author: String,
    /// `Config`, `null` if there is none.
    #[serde(rename = "Config")]
    pub config: Option<ImageConfig>,
    /// `Architecture`.
    #[serde(rename = "Architecture")]
    pub architecture: String,
    /// `Os`.
    #[serde(rename = "Os")]
    pub os: String,
    /// `OsVersion`, left out if there is none.
    #[serde(rename = "OsVersion", skip_serializing_if = "super::nothing")]
    pub os_version: Option<String>,
    /// `Size`: bytes.
    #[serde(rename = "Size")]
    pub size: i64,
    /// `VirtualSize`: bytes.
    #[serde(rename = "VirtualSize")]
    pub virtual_size: i64,
    /// `GraphDriver`.
    #[serde(rename = "GraphDriver")]
    pub graph_driver: GraphDriverData,
    /// `RootFS`.
    #[serde(rename = "RootFS")]
    pub root_fs: RootFS,
    /// `Metadata`.
    #[serde(rename = "Metadata")]
    pub metadata: ImageMetadata,
}

/// `Metadata` of [`ImageInspect`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageMetadata {
    /// `LastTagTime`.
    #[serde(rename = "LastTagTime")]
    pub last_tag_time: Timestamp,
}

/// What answers `POST /images/prune`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImagePruneResponse {
    /// `ImagesDeleted`, `null` if there is none.
    #[serde(rename = "ImagesDeleted")]
    pub images_deleted: Option<Vec<ImageDeleteResponseItem>>,
    /// `SpaceReclaimed`: bytes.
    #[serde(rename = "SpaceReclaimed")]
    pub space_reclaimed: i64,
}

/// What answers `GET /images/search`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageSearchResponseItem {
    /// `description`.
    #[serde(rename = "description")]
    pub description: String,
    /// `is_official`.
    #[serde(rename = "is_official")]
    pub is_official: bool,
    /// `is_automated`.
    #[serde(rename = "is_automated")]
    pub is_automated: bool,
    /// `name`.
    #[serde(rename = "name")]
    pub name: String,
    /// `star_count`.
    #[serde(rename = "star_count")]
    pub star_count: i64,
}

/// `RootFS` of [`ImageInspect`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RootFS {
    /// `Type`.
    #[serde(rename = "Type")]
    pub r#type: String,
    /// `Layers`, left out if there is none.
    #[serde(rename = "Layers", skip_serializing_if = "super::nothing")]
    pub layers: Option<Vec<String>>,
    /// `BaseLayer`, left out if there is none.
    #[serde(rename = "BaseLayer", skip_serializing_if = "super::nothing")]
    pub base_layer: Option<String>,
}
