// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `task`.

use super::{
    Driver, EndpointPortConfig, GenericResource, NetworkConfigReference, ObjectVersion, TaskSpec,
};
use crate::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `ContainerStatus` of [`TaskStatus`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerStatus {
    /// `ContainerID`.
    #[serde(rename = "ContainerID")]
    pub container_id: String,
    /// `PID`.
    #[serde(rename = "PID")]
    pub pid: i64,
    /// `ExitCode`.
    #[serde(rename = "ExitCode")]
    pub exit_code: i64,
}

/// `NetworksAttachments` of [`Task`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkAttachment {
    /// `Network`.
    #[serde(rename = "Network")]
    pub network: SwarmNetwork,
    /// `Addresses`, left out if there is none.
    #[serde(rename = "Addresses", skip_serializing_if = "super::nothing")]
    pub addresses: Option<Vec<String>>,
}

/// `PortStatus` of [`TaskStatus`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PortStatus {
    /// `Ports`, left out if there is none.
    #[serde(rename = "Ports", skip_serializing_if = "super::nothing")]
    pub ports: Option<Vec<EndpointPortConfig>>,
}

/// `Configs` of [`SwarmIPAMOptions`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmIPAMConfig {
    /// `Subnet`, left out if there is none.
    #[serde(rename = "Subnet", skip_serializing_if = "super::nothing")]
    pub subnet: Option<String>,
    /// `Range`, left out if there is none.
    #[serde(rename = "Range", skip_serializing_if = "super::nothing")]
    pub range: Option<String>,
    /// `Gateway`, left out if there is none.
    #[serde(rename = "Gateway", skip_serializing_if = "super::nothing")]
    pub gateway: Option<String>,
}

/// `IPAMOptions` of [`SwarmNetwork`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmIPAMOptions {
    /// `Driver`.
    #[serde(rename = "Driver")]
    pub driver: Driver,
    /// `Configs`, left out if there is none.
    #[serde(rename = "Configs", skip_serializing_if = "super::nothing")]
    pub configs: Option<Vec<SwarmIPAMConfig>>,
}

/// `Network` of [`NetworkAttachment`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmNetwork {
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
    pub spec: SwarmNetworkSpec,
    /// `DriverState`.
    #[serde(rename = "DriverState")]
    pub driver_state: Driver,
    /// `IPAMOptions`, left out if there is none.
    #[serde(rename = "IPAMOptions", skip_serializing_if = "Option::is_none")]
    pub ipam_options: Option<SwarmIPAMOptions>,
}

/// `Spec` of [`SwarmNetwork`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmNetworkSpec {
    /// `Name`, left out if there is none.
    #[serde(rename = "Name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `DriverConfiguration`, left out if there is none.
    #[serde(
        rename = "DriverConfiguration",
        skip_serializing_if = "Option::is_none"
    )]
    pub driver_configuration: Option<Driver>,
    /// `IPv6Enabled`, left out if there is none.
    #[serde(rename = "IPv6Enabled", skip_serializing_if = "super::nothing")]
    pub ipv6_enabled: Option<bool>,
    /// `Internal`, left out if there is none.
    #[serde(rename = "Internal", skip_serializing_if = "super::nothing")]
    pub internal: Option<bool>,
    /// `Attachable`, left out if there is none.
    #[serde(rename = "Attachable", skip_serializing_if = "super::nothing")]
    pub attachable: Option<bool>,
    /// `Ingress`, left out if there is none.
    #[serde(rename = "Ingress", skip_serializing_if = "super::nothing")]
    pub ingress: Option<bool>,
    /// `IPAMOptions`, left out if there is none.
    #[serde(rename = "IPAMOptions", skip_serializing_if = "Option::is_none")]
    pub ipam_options: Option<SwarmIPAMOptions>,
    /// `ConfigFrom`, left out if there is none.
    #[serde(rename = "ConfigFrom", skip_serializing_if = "Option::is_none")]
    pub config_from: Option<NetworkConfigReference>,
    /// `Scope`, left out if there is none.
    #[serde(rename = "Scope", skip_serializing_if = "super::nothing")]
    pub scope: Option<String>,
}

/// What answers `GET /tasks`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Task {
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
    /// `Name`, left out if there is none.
    #[serde(rename = "Name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `Spec`.
    #[serde(rename = "Spec")]
    pub spec: TaskSpec,
    /// `ServiceID`, left out if there is none.
    #[serde(rename = "ServiceID", skip_serializing_if = "super::nothing")]
    pub service_id: Option<String>,
    /// `Slot`, left out if there is none.
    #[serde(rename = "Slot", skip_serializing_if = "super::nothing")]
    pub slot: Option<i64>,
    /// `NodeID`, left out if there is none.
    #[serde(rename = "NodeID", skip_serializing_if = "super::nothing")]
    pub node_id: Option<String>,
    /// `GenericResources`, left out if there is none.
    #[serde(rename = "GenericResources", skip_serializing_if = "super::nothing")]
    pub generic_resources: Option<Vec<GenericResource>>,
    /// `Status`.
    #[serde(rename = "Status")]
    pub status: TaskStatus,
    /// `DesiredState`, left out if there is none.
    #[serde(rename = "DesiredState", skip_serializing_if = "super::nothing")]
    pub desired_state: Option<TaskState>,
    /// `NetworksAttachments`, left out if there is none.
    #[serde(rename = "NetworksAttachments", skip_serializing_if = "super::nothing")]
    pub networks_attachments: Option<Vec<NetworkAttachment>>,
}

/// `DesiredState` of [`Task`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum TaskState {
    /// `new`.
    New,
    /// `allocated`.
    Allocated,
    /// `pending`.
    Pending,
    /// `assigned`.
    Assigned,
    /// `accepted`.
    Accepted,
    /// `preparing`.
    Preparing,
    /// `ready`.
    Ready,
    /// `starting`.
    Starting,
    /// `running`.
    Running,
    /// `complete`.
    Complete,
    /// `shutdown`.
    Shutdown,
    /// `failed`.
    Failed,
    /// `rejected`.
    Rejected,
    /// `remove`.
    Remove,
    /// `orphaned`.
    Orphaned,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl TaskState {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            TaskState::New => "new",
            TaskState::Allocated => "allocated",
            TaskState::Pending => "pending",
            TaskState::Assigned => "assigned",
            TaskState::Accepted => "accepted",
            TaskState::Preparing => "preparing",
            TaskState::Ready => "ready",
            TaskState::Starting => "starting",
            TaskState::Running => "running",
            TaskState::Complete => "complete",
            TaskState::Shutdown => "shutdown",
            TaskState::Failed => "failed",
            TaskState::Rejected => "rejected",
            TaskState::Remove => "remove",
            TaskState::Orphaned => "orphaned",
            TaskState::Other(text) => text,
        }
    }
}

impl From<&str> for TaskState {
    fn from(text: &str) -> TaskState {
        match text {
            "new" => TaskState::New,
            "allocated" => TaskState::Allocated,
            "pending" => TaskState::Pending,
            "assigned" => TaskState::Assigned,
            "accepted" => TaskState::Accepted,
            "preparing" => TaskState::Preparing,
            "ready" => TaskState::Ready,
            "starting" => TaskState::Starting,
            "running" => TaskState::Running,
            "complete" => TaskState::Complete,
            "shutdown" => TaskState::Shutdown,
            "failed" => TaskState::Failed,
            "rejected" => TaskState::Rejected,
            "remove" => TaskState::Remove,
            "orphaned" => TaskState::Orphaned,
            _ => TaskState::Other(text.into()),
        }
    }
}

impl From<String> for TaskState {
    fn from(text: String) -> TaskState {
        TaskState::from(text.as_str())
    }
}

impl From<TaskState> for String {
    fn from(value: TaskState) -> String {
        value.as_str().to_owned()
    }
}

impl Default for TaskState {
    fn default() -> TaskState {
        TaskState::from("")
    }
}

/// `Status` of [`Task`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskStatus {
    /// `Timestamp`.
    #[serde(rename = "Timestamp")]
    pub timestamp: Timestamp,
    /// `State`, left out if there is none.
    #[serde(rename = "State", skip_serializing_if = "super::nothing")]
    pub state: Option<TaskState>,
    /// `Message`, left out if there is none.
    #[serde(rename = "Message", skip_serializing_if = "super::nothing")]
    pub message: Option<String>,
    /// `Err`, left out if there is none.
    #[serde(rename = "Err", skip_serializing_if = "super::nothing")]
    pub err: Option<String>,
    /// `ContainerStatus`, left out if there is none.
    #[serde(rename = "ContainerStatus", skip_serializing_if = "Option::is_none")]
    pub container_status: Option<ContainerStatus>,
    /// `PortStatus`.
    #[serde(rename = "PortStatus")]
    pub port_status: PortStatus,
}
