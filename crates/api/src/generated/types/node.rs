// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `node`.

use super::{NodeSpecAvailability, ObjectVersion, Platform, ResourceObject, TLSInfo};
use crate::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `Engine` of [`NodeDescription`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EngineDescription {
    /// `EngineVersion`, left out if there is none.
    #[serde(rename = "EngineVersion", skip_serializing_if = "super::nothing")]
    pub engine_version: Option<String>,
    /// `Labels`, left out if there is none.
    #[serde(rename = "Labels", skip_serializing_if = "super::nothing")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `Plugins`, left out if there is none.
    #[serde(rename = "Plugins", skip_serializing_if = "super::nothing")]
    pub plugins: Option<Vec<EnginePlugin>>,
}

/// `Plugins` of [`EngineDescription`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnginePlugin {
    /// `Type`, left out if there is none.
    #[serde(rename = "Type", skip_serializing_if = "super::nothing")]
    pub r#type: Option<String>,
    /// `Name`, left out if there is none.
    #[serde(rename = "Name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
}

/// `ManagerStatus` of [`Node`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ManagerStatus {
    /// `Leader`, left out if there is none.
    #[serde(rename = "Leader", skip_serializing_if = "super::nothing")]
    pub leader: Option<bool>,
    /// `Reachability`, left out if there is none.
    #[serde(rename = "Reachability", skip_serializing_if = "super::nothing")]
    pub reachability: Option<Reachability>,
    /// `Addr`, left out if there is none.
    #[serde(rename = "Addr", skip_serializing_if = "super::nothing")]
    pub addr: Option<String>,
}

/// What answers `GET /nodes`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Node {
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
    pub spec: NodeSpec,
    /// `Description`.
    #[serde(rename = "Description")]
    pub description: NodeDescription,
    /// `Status`.
    #[serde(rename = "Status")]
    pub status: NodeStatus,
    /// `ManagerStatus`, left out if there is none.
    #[serde(rename = "ManagerStatus", skip_serializing_if = "Option::is_none")]
    pub manager_status: Option<ManagerStatus>,
}

/// `Description` of [`Node`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeDescription {
    /// `Hostname`, left out if there is none.
    #[serde(rename = "Hostname", skip_serializing_if = "super::nothing")]
    pub hostname: Option<String>,
    /// `Platform`.
    #[serde(rename = "Platform")]
    pub platform: Platform,
    /// `Resources`.
    #[serde(rename = "Resources")]
    pub resources: ResourceObject,
    /// `Engine`.
    #[serde(rename = "Engine")]
    pub engine: EngineDescription,
    /// `TLSInfo`.
    #[serde(rename = "TLSInfo")]
    pub tls_info: TLSInfo,
}

/// What is sent to `POST /nodes/{id}/update`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeSpec {
    /// `Name`, left out if there is none.
    #[serde(rename = "Name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `Role`, left out if there is none.
    #[serde(rename = "Role", skip_serializing_if = "super::nothing")]
    pub role: Option<NodeSpecRole>,
    /// `Availability`, left out if there is none.
    #[serde(rename = "Availability", skip_serializing_if = "super::nothing")]
    pub availability: Option<NodeSpecAvailability>,
}

/// `Role` of [`NodeSpec`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum NodeSpecRole {
    /// `worker`.
    Worker,
    /// `manager`.
    Manager,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl NodeSpecRole {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            NodeSpecRole::Worker => "worker",
            NodeSpecRole::Manager => "manager",
            NodeSpecRole::Other(text) => text,
        }
    }
}

impl From<&str> for NodeSpecRole {
    fn from(text: &str) -> NodeSpecRole {
        match text {
            "worker" => NodeSpecRole::Worker,
            "manager" => NodeSpecRole::Manager,
            _ => NodeSpecRole::Other(text.into()),
        }
    }
}

impl From<String> for NodeSpecRole {
    fn from(text: String) -> NodeSpecRole {
        NodeSpecRole::from(text.as_str())
    }
}

impl From<NodeSpecRole> for String {
    fn from(value: NodeSpecRole) -> String {
        value.as_str().to_owned()
    }
}

impl Default for NodeSpecRole {
    fn default() -> NodeSpecRole {
        NodeSpecRole::from("")
    }
}

/// `State` of [`NodeStatus`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum NodeState {
    /// `unknown`.
    Unknown,
    /// `down`.
    Down,
    /// `ready`.
    Ready,
    /// `disconnected`.
    Disconnected,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl NodeState {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            NodeState::Unknown => "unknown",
            NodeState::Down => "down",
            NodeState::Ready => "ready",
            NodeState::Disconnected => "disconnected",
            NodeState::Other(text) => text,
        }
    }
}

impl From<&str> for NodeState {
    fn from(text: &str) -> NodeState {
        match text {
            "unknown" => NodeState::Unknown,
            "down" => NodeState::Down,
            "ready" => NodeState::Ready,
            "disconnected" => NodeState::Disconnected,
            _ => NodeState::Other(text.into()),
        }
    }
}

impl From<String> for NodeState {
    fn from(text: String) -> NodeState {
        NodeState::from(text.as_str())
    }
}

impl From<NodeState> for String {
    fn from(value: NodeState) -> String {
        value.as_str().to_owned()
    }
}

impl Default for NodeState {
    fn default() -> NodeState {
        NodeState::from("")
    }
}

/// `Status` of [`Node`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeStatus {
    /// `State`, left out if there is none.
    #[serde(rename = "State", skip_serializing_if = "super::nothing")]
    pub state: Option<NodeState>,
    /// `Message`, left out if there is none.
    #[serde(rename = "Message", skip_serializing_if = "super::nothing")]
    pub message: Option<String>,
    /// `Addr`, left out if there is none.
    #[serde(rename = "Addr", skip_serializing_if = "super::nothing")]
    pub addr: Option<String>,
}

/// `Reachability` of [`ManagerStatus`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Reachability {
    /// `unknown`.
    Unknown,
    /// `unreachable`.
    Unreachable,
    /// `reachable`.
    Reachable,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl Reachability {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Reachability::Unknown => "unknown",
            Reachability::Unreachable => "unreachable",
            Reachability::Reachable => "reachable",
            Reachability::Other(text) => text,
        }
    }
}

impl From<&str> for Reachability {
    fn from(text: &str) -> Reachability {
        match text {
            "unknown" => Reachability::Unknown,
            "unreachable" => Reachability::Unreachable,
            "reachable" => Reachability::Reachable,
            _ => Reachability::Other(text.into()),
        }
    }
}

impl From<String> for Reachability {
    fn from(text: String) -> Reachability {
        Reachability::from(text.as_str())
    }
}

impl From<Reachability> for String {
    fn from(value: Reachability) -> String {
        value.as_str().to_owned()
    }
}

impl Default for Reachability {
    fn default() -> Reachability {
        Reachability::from("")
    }
}
