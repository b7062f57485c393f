// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `service`.

use super::{Empty, EndpointPortConfig, NetworkAttachmentConfig, ObjectVersion, TaskSpec};
use crate::scalar::{GoFloat32, Nanoseconds, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `Spec` of [`ServiceEndpoint`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointSpec {
    /// `Mode`, left out if there is none.
    #[serde(rename = "Mode", skip_serializing_if = "super::nothing")]
    pub mode: Option<EndpointSpecMode>,
    /// `Ports`, left out if there is none.
    #[serde(rename = "Ports", skip_serializing_if = "super::nothing")]
    pub ports: Option<Vec<EndpointPortConfig>>,
}

/// `Mode` of [`EndpointSpec`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum EndpointSpecMode {
    /// `vip`.
    Vip,
    /// `dnsrr`.
    Dnsrr,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl EndpointSpecMode {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            EndpointSpecMode::Vip => "vip",
            EndpointSpecMode::Dnsrr => "dnsrr",
            EndpointSpecMode::Other(text) => text,
        }
    }
}

impl From<&str> for EndpointSpecMode {
    fn from(text: &str) -> EndpointSpecMode {
        match text {
            "vip" => EndpointSpecMode::Vip,
            "dnsrr" => EndpointSpecMode::Dnsrr,
            _ => EndpointSpecMode::Other(text.into()),
        }
    }
}

impl From<String> for EndpointSpecMode {
    fn from(text: String) -> EndpointSpecMode {
        EndpointSpecMode::from(text.as_str())
    }
}

impl From<EndpointSpecMode> for String {
    fn from(value: EndpointSpecMode) -> String {
        value.as_str().to_owned()
    }
}

impl Default for EndpointSpecMode {
    fn default() -> EndpointSpecMode {
        EndpointSpecMode::from("")
    }
}

/// `VirtualIPs` of [`ServiceEndpoint`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointVirtualIP {
    /// `NetworkID`, left out if there is none.
    #[serde(rename = "NetworkID", skip_serializing_if = "super::nothing")]
    pub network_id: Option<String>,
    /// `Addr`, left out if there is none.
    #[serde(rename = "Addr", skip_serializing_if = "super::nothing")]
    pub addr: Option<String>,
}

/// `Replicated` of [`ServiceMode`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReplicatedService {
    /// `Replicas`, left out if there is none.
    #[serde(rename = "Replicas", skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i64>,
}

/// What answers `GET /services`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Service {
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
    pub spec: ServiceSpec,
    /// `Endpoint`.
    #[serde(rename = "Endpoint")]
    pub endpoint: ServiceEndpoint,
    /// `UpdateStatus`, left out if there is none.
    #[serde(rename = "UpdateStatus", skip_serializing_if = "Option::is_none")]
    pub update_status: Option<UpdateStatus>,
    /// `PreviousSpec`, left out if there is none.
    #[serde(rename = "PreviousSpec", skip_serializing_if = "Option::is_none")]
    pub previous_spec: Option<ServiceSpec>,
}

/// What answers `POST /services/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceCreateResponse {
    /// `ID`.
    #[serde(rename = "ID")]
    pub id: String,
    /// `Warnings`, left out if there is none.
    #[serde(rename = "Warnings", skip_serializing_if = "super::nothing")]
    pub warnings: Option<Vec<String>>,
}

/// `Endpoint` of [`Service`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceEndpoint {
    /// `Spec`.
    #[serde(rename = "Spec")]
    pub spec: EndpointSpec,
    /// `Ports`, left out if there is none.
    #[serde(rename = "Ports", skip_serializing_if = "super::nothing")]
    pub ports: Option<Vec<EndpointPortConfig>>,
    /// `VirtualIPs`, left out if there is none.
    #[serde(rename = "VirtualIPs", skip_serializing_if = "super::nothing")]
    pub virtual_ips: Option<Vec<EndpointVirtualIP>>,
}

/// `Mode` of [`ServiceSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceMode {
    /// `Replicated`, left out if there is none.
    #[serde(rename = "Replicated", skip_serializing_if = "Option::is_none")]
    pub replicated: Option<ReplicatedService>,
    /// `Global`, left out if there is none.
    #[serde(rename = "Global", skip_serializing_if = "Option::is_none")]
    pub global: Option<Empty>,
}

/// What is sent to `POST /services/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceSpec {
    /// `Name`, left out if there is none.
    #[serde(rename = "Name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `TaskTemplate`.
    #[serde(rename = "TaskTemplate")]
    pub task_template: TaskSpec,
    /// `Mode`.
    #[serde(rename = "Mode")]
    pub mode: ServiceMode,
    /// `UpdateConfig`, left out if there is none.
    #[serde(rename = "UpdateConfig", skip_serializing_if = "Option::is_none")]
    pub update_config: Option<UpdateConfig>,
    /// `RollbackConfig`, left out if there is none.
    #[serde(rename = "RollbackConfig", skip_serializing_if = "Option::is_none")]
    pub rollback_config: Option<UpdateConfig>,
    /// `Networks`, left out if there is none.
    #[serde(rename = "Networks", skip_serializing_if = "super::nothing")]
    pub networks: Option<Vec<NetworkAttachmentConfig>>,
    /// `EndpointSpec`, left out if there is none.
    #[serde(rename = "EndpointSpec", skip_serializing_if = "Option::is_none")]
    pub endpoint_spec: Option<EndpointSpec>,
}

/// What answers `POST /services/{id}/update`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceUpdateResponse {
    /// `Warnings`, left out if there is none.
    #[serde(rename = "Warnings", skip_serializing_if = "super::nothing")]
    pub warnings: Option<Vec<String>>,
}

/// `UpdateConfig` of [`ServiceSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateConfig {
    /// `Parallelism`.
    #[serde(rename = "Parallelism")]
    pub parallelism: i64,
    /// `Delay`, in nanoseconds, left out if there is none.
    #[serde(rename = "Delay", skip_serializing_if = "super::nothing")]
    pub delay: Option<Nanoseconds>,
    /// `FailureAction`, left out if there is none.
    #[serde(rename = "FailureAction", skip_serializing_if = "super::nothing")]
    pub failure_action: Option<UpdateConfigFailureAction>,
    /// `Monitor`, in nanoseconds, left out if there is none.
    #[serde(rename = "Monitor", skip_serializing_if = "super::nothing")]
    pub monitor: Option<Nanoseconds>,
    /// `MaxFailureRatio`.
    #[serde(rename = "MaxFailureRatio")]
    pub max_failure_ratio: GoFloat32,
    /// `Order`.
    #[serde(rename = "Order")]
    pub order: UpdateConfigOrder,
}

/// `FailureAction` of [`UpdateConfig`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum UpdateConfigFailureAction {
    /// `continue`.
    Continue,
    /// `pause`.
    Pause,
    /// `rollback`.
    Rollback,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl UpdateConfigFailureAction {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            UpdateConfigFailureAction::Continue => "continue",
            UpdateConfigFailureAction::Pause => "pause",
            UpdateConfigFailureAction::Rollback => "rollback",
            UpdateConfigFailureAction::Other(text) => text,
        }
    }
}

impl From<&str> for UpdateConfigFailureAction {
    fn from(text: &str) -> UpdateConfigFailureAction {
        match text {
            "continue" => UpdateConfigFailureAction::Continue,
            "pause" => UpdateConfigFailureAction::Pause,
            "rollback" => UpdateConfigFailureAction::Rollback,
            _ => UpdateConfigFailureAction::Other(text.into()),
        }
    }
}

impl From<String> for UpdateConfigFailureAction {
    fn from(text: String) -> UpdateConfigFailureAction {
        UpdateConfigFailureAction::from(text.as_str())
    }
}

impl From<UpdateConfigFailureAction> for String {
    fn from(value: UpdateConfigFailureAction) -> String {
        value.as_str().to_owned()
    }
}

impl Default for UpdateConfigFailureAction {
    fn default() -> UpdateConfigFailureAction {
        UpdateConfigFailureAction::from("")
    }
}

/// `Order` of [`UpdateConfig`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum UpdateConfigOrder {
    /// `stop-first`.
    StopFirst,
    /// `start-first`.
    StartFirst,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl UpdateConfigOrder {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            UpdateConfigOrder::StopFirst => "stop-first",
            UpdateConfigOrder::StartFirst => "start-first",
            UpdateConfigOrder::Other(text) => text,
        }
    }
}

impl From<&str> for UpdateConfigOrder {
    fn from(text: &str) -> UpdateConfigOrder {
        match text {
            "stop-first" => UpdateConfigOrder::StopFirst,
            "start-first" => UpdateConfigOrder::StartFirst,
            _ => UpdateConfigOrder::Other(text.into()),
        }
    }
}

impl From<String> for UpdateConfigOrder {
    fn from(text: String) -> UpdateConfigOrder {
        UpdateConfigOrder::from(text.as_str())
    }
}

impl From<UpdateConfigOrder> for String {
    fn from(value: UpdateConfigOrder) -> String {
        value.as_str().to_owned()
    }
}

impl Default for UpdateConfigOrder {
    fn default() -> UpdateConfigOrder {
        UpdateConfigOrder::from("")
    }
}

/// `State` of [`UpdateStatus`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum UpdateState {
    /// `updating`.
    Updating,
    /// `paused`.
    Paused,
    /// `completed`.
    Completed,
    /// `rollback_started`.
    RollbackStarted,
    /// `rollback_paused`.
    RollbackPaused,
    /// `rollback_completed`.
    RollbackCompleted,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl UpdateState {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            UpdateState::Updating => "updating",
            UpdateState::Paused => "paused",
            UpdateState::Completed => "completed",
            UpdateState::RollbackStarted => "rollback_started",
            UpdateState::RollbackPaused => "rollback_paused",
            UpdateState::RollbackCompleted => "rollback_completed",
            UpdateState::Other(text) => text,
        }
    }
}

impl From<&str> for UpdateState {
    fn from(text: &str) -> UpdateState {
        match text {
            "updating" => UpdateState::Updating,
            "paused" => UpdateState::Paused,
            "completed" => UpdateState::Completed,
            "rollback_started" => UpdateState::RollbackStarted,
            "rollback_paused" => UpdateState::RollbackPaused,
            "rollback_completed" => UpdateState::RollbackCompleted,
            _ => UpdateState::Other(text.into()),
        }
    }
}

impl From<String> for UpdateState {
    fn from(text: String) -> UpdateState {
        UpdateState::from(text.as_str())
    }
}

impl From<UpdateState> for String {
    fn from(value: UpdateState) -> String {
        value.as_str().to_owned()
    }
}

impl Default for UpdateState {
    fn default() -> UpdateState {
        UpdateState::from("")
    }
}

/// `UpdateStatus` of [`Service`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpdateStatus {
    /// `State`, left out if there is none.
    #[serde(rename = "State", skip_serializing_if = "super::nothing")]
    pub state: Option<UpdateState>,
    /// `StartedAt`, left out if there is none.
    #[serde(rename = "StartedAt", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// `CompletedAt`, left out if there is none.
    #[serde(rename = "CompletedAt", skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// `Message`, left out if there is none.
    #[serde(rename = "Message", skip_serializing_if = "super::nothing")]
    pub message: Option<String>,
}
