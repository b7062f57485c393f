// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `swarm`.

use super::{ClusterInfo, NodeSpecAvailability, ObjectVersion, SwarmSpec, TLSInfo};
use crate::gated::Gated;
use crate::scalar::Timestamp;
use serde::{Deserialize, Serialize};

/// `JoinTokens` of [`Swarm`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JoinTokens {
    /// `Worker`.
    #[serde(rename = "Worker")]
    pub worker: String,
    /// `Manager`.
    #[serde(rename = "Manager")]
    pub manager: String,
}

/// What answers `GET /swarm`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Swarm {
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
    pub spec: SwarmSpec,
    /// `TLSInfo`.
    #[serde(rename = "TLSInfo")]
    pub tls_info: TLSInfo,
    /// `RootRotationInProgress`.
    #[serde(rename = "RootRotationInProgress")]
    pub root_rotation_in_progress: bool,
    /// `DataPathPort`, since 1.40.
    #[serde(rename = "DataPathPort", skip_serializing_if = "Option::is_none")]
    pub data_path_port: Option<u32>,
    /// `DefaultAddrPool`, since 1.39, `null` if there is none.
    #[serde(rename = "DefaultAddrPool", skip_serializing_if = "Gated::is_lacking")]
    pub default_addr_pool: Gated<Vec<String>>,
    /// `SubnetSize`, since 1.39.
    #[serde(rename = "SubnetSize", skip_serializing_if = "Option::is_none")]
    pub subnet_size: Option<u32>,
    /// `JoinTokens`.
    #[serde(rename = "JoinTokens")]
    pub join_tokens: JoinTokens,
}

impl From<Swarm> for ClusterInfo {
    fn from(whole: Swarm) -> ClusterInfo {
        ClusterInfo {
            id: whole.id,
            version: whole.version,
            created_at: whole.created_at,
            updated_at: whole.updated_at,
            spec: whole.spec,
            tls_info: whole.tls_info,
            root_rotation_in_progress: whole.root_rotation_in_progress,
            data_path_port: whole.data_path_port,
            default_addr_pool: whole.default_addr_pool,
            subnet_size: whole.subnet_size,
        }
    }
}

/// What is sent to `POST /swarm/init`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmInitRequest {
    /// `ListenAddr`.
    #[serde(rename = "ListenAddr")]
    pub listen_addr: String,
    /// `AdvertiseAddr`.
    #[serde(rename = "AdvertiseAddr")]
    pub advertise_addr: String,
    /// `DataPathAddr`.
    #[serde(rename = "DataPathAddr")]
    pub data_path_addr: String,
    /// `DataPathPort`, since 1.40.
    #[serde(rename = "DataPathPort", skip_serializing_if = "Option::is_none")]
    pub data_path_port: Option<u32>,
    /// `DefaultAddrPool`, since 1.39, `null` if there is none.
    #[serde(rename = "DefaultAddrPool", skip_serializing_if = "Gated::is_lacking")]
    pub default_addr_pool: Gated<Vec<String>>,
    /// `ForceNewCluster`.
    #[serde(rename = "ForceNewCluster")]
    pub force_new_cluster: bool,
    /// `SubnetSize`, since 1.39.
    #[serde(rename = "SubnetSize", skip_serializing_if = "Option::is_none")]
    pub subnet_size: Option<u32>,
    /// `Spec`.
    #[serde(rename = "Spec")]
    pub spec: SwarmSpec,
    /// `AutoLockManagers`.
    #[serde(rename = "AutoLockManagers")]
    pub auto_lock_managers: bool,
    /// `Availability`.
    #[serde(rename = "Availability")]
    pub availability: NodeSpecAvailability,
}

/// What is sent to `POST /swarm/join`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmJoinRequest {
    /// `ListenAddr`.
    #[serde(rename = "ListenAddr")]
    pub listen_addr: String,
    /// `AdvertiseAddr`.
    #[serde(rename = "AdvertiseAddr")]
    pub advertise_addr: String,
    /// `DataPathAddr`.
    #[serde(rename = "DataPathAddr")]
    pub data_path_addr: String,
    /// `RemoteAddrs`, `null` if there is none.
    #[serde(rename = "RemoteAddrs")]
    pub remote_addrs: Option<Vec<String>>,
    /// `JoinToken`.
    #[serde(rename = "JoinToken")]
    pub join_token: String,
    /// `Availability`.
    #[serde(rename = "Availability")]
    pub availability: NodeSpecAvailability,
}

/// What is sent to `POST /swarm/unlock`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmUnlockRequest {
    /// `UnlockKey`.
    #[serde(rename = "UnlockKey")]
    pub unlock_key: String,
}

/// What answers `GET /swarm/unlockkey`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmUnlockkeyResponse {
    /// `UnlockKey`.
    #[serde(rename = "UnlockKey")]
    pub unlock_key: String,
}
