// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `network`.

use super::{EndpointSettings, NetworkConfigReference};
use crate::scalar::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a network gives out addresses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IPAM {
    /// `Driver`.
    #[serde(rename = "Driver")]
    pub driver: String,
    /// `Config`, `null` if there is none.
    #[serde(rename = "Config")]
    pub config: Option<Vec<IPAMConfig>>,
    /// `Options`, `null` if there is none.
    #[serde(rename = "Options")]
    pub options: Option<BTreeMap<String, String>>,
}

/// `Config` of [`IPAM`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IPAMConfig {
    /// `Subnet`, left out if there is none.
    #[serde(rename = "Subnet", skip_serializing_if = "super::nothing")]
    pub subnet: Option<String>,
    /// `IPRange`, left out if there is none.
    #[serde(rename = "IPRange", skip_serializing_if = "super::nothing")]
    pub ip_range: Option<String>,
    /// `Gateway`, left out if there is none.
    #[serde(rename = "Gateway", skip_serializing_if = "super::nothing")]
    pub gateway: Option<String>,
    /// `AuxiliaryAddresses`, left out if there is none.
    #[serde(rename = "AuxiliaryAddresses", skip_serializing_if = "super::nothing")]
    pub auxiliary_addresses: Option<BTreeMap<String, String>>,
}

/// What answers `GET /networks`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Network {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Id`.
    #[serde(rename = "Id")]
    pub id: String,
    /// `Created`.
    #[serde(rename = "Created")]
    pub created: Timestamp,
    /// `Scope`.
    #[serde(rename = "Scope")]
    pub scope: String,
    /// `Driver`.
    #[serde(rename = "Driver")]
    pub driver: String,
    /// `EnableIPv6`.
    #[serde(rename = "EnableIPv6")]
    pub enable_ipv6: bool,
    /// `IPAM`.
    #[serde(rename = "IPAM")]
    pub ipam: IPAM,
    /// `Internal`.
    #[serde(rename = "Internal")]
    pub internal: bool,
    /// `Attachable`.
    #[serde(rename = "Attachable")]
    pub attachable: bool,
    /// `Ingress`.
    #[serde(rename = "Ingress")]
    pub ingress: bool,
    /// `Containers`, `null` if there is none.
    #[serde(rename = "Containers")]
    pub containers: Option<BTreeMap<String, NetworkContainer>>,
    /// `Options`, `null` if there is none.
    #[serde(rename = "Options")]
    pub options: Option<BTreeMap<String, String>>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `ConfigFrom`.
    #[serde(rename = "ConfigFrom")]
    pub config_from: NetworkConfigReference,
    /// `ConfigOnly`.
    #[serde(rename = "ConfigOnly")]
    pub config_only: bool,
    /// `Peers`, left out if there is none.
    #[serde(rename = "Peers", skip_serializing_if = "super::nothing")]
    pub peers: Option<Vec<NetworkPeer>>,
    /// `Services`, left out if there is none.
    #[serde(rename = "Services", skip_serializing_if = "super::nothing")]
    pub services: Option<BTreeMap<String, NetworkService>>,
}

/// What is sent to `POST /networks/{id}/connect`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkConnectRequest {
    /// `Container`.
    #[serde(rename = "Container")]
    pub container: String,
    /// `EndpointConfig`, left out if there is none.
    #[serde(rename = "EndpointConfig", skip_serializing_if = "Option::is_none")]
    pub endpoint_config: Option<EndpointSettings>,
}

/// `Containers` of [`Network`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkContainer {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `EndpointID`.
    #[serde(rename = "EndpointID")]
    pub endpoint_id: String,
    /// `MacAddress`.
    #[serde(rename = "MacAddress")]
    pub mac_address: String,
    /// `IPv4Address`.
    #[serde(rename = "IPv4Address")]
    pub ipv4_address: String,
    /// `IPv6Address`.
    #[serde(rename = "IPv6Address")]
    pub ipv6_address: String,
}

/// What is sent to `POST /networks/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkCreateRequest {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `CheckDuplicate`.
    #[serde(rename = "CheckDuplicate")]
    pub check_duplicate: bool,
    /// `Driver`.
    #[serde(rename = "Driver")]
    pub driver: String,
    /// `Internal`.
    #[serde(rename = "Internal")]
    pub internal: bool,
    /// `Attachable`.
    #[serde(rename = "Attachable")]
    pub attachable: bool,
    /// `Ingress`.
    #[serde(rename = "Ingress")]
    pub ingress: bool,
    /// `IPAM`, `null` if there is none.
    #[serde(rename = "IPAM")]
    pub ipam: Option<IPAM>,
    /// `EnableIPv6`.
    #[serde(rename = "EnableIPv6")]
    pub enable_ipv6: bool,
    /// `Options`, `null` if there is none.
    #[serde(rename = "Options")]
    pub options: Option<BTreeMap<String, String>>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `Scope`.
    #[serde(rename = "Scope")]
    pub scope: String,
    /// `ConfigOnly`.
    #[serde(rename = "ConfigOnly")]
    pub config_only: bool,
    /// `ConfigFrom`, `null` if there is none.
    #[serde(rename = "ConfigFrom")]
    pub config_from: Option<NetworkConfigReference>,
}

/// What answers `POST /networks/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkCreateResponse {
    /// `Id`.
    #[serde(rename = "Id")]
    pub id: String,
    /// `Warning`.
    #[serde(rename = "Warning")]
    pub warning: String,
}

/// What is sent to `POST /networks/{id}/disconnect`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkDisconnectRequest {
    /// `Container`.
    #[serde(rename = "Container")]
    pub container: String,
    /// `Force`.
    #[serde(rename = "Force")]
    pub force: bool,
}

/// `Peers` of [`Network`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkPeer {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `IP`.
    #[serde(rename = "IP")]
    pub ip: String,
}

/// What answers `POST /networks/prune`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkPruneResponse {
    /// `NetworksDeleted`, `null` if there is none.
    #[serde(rename = "NetworksDeleted")]
    pub networks_deleted: Option<Vec<String>>,
}

/// `Services` of [`Network`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkService {
    /// `VIP`.
    #[serde(rename = "VIP")]
    pub vip: String,
    /// `Ports`, `null` if there is none.
    #[serde(rename = "Ports")]
    pub ports: Option<Vec<String>>,
    /// `LocalLBIndex`.
    #[serde(rename = "LocalLBIndex")]
    pub local_lb_index: i64,
    /// `Tasks`, `null` if there is none.
    #[serde(rename = "Tasks")]
    pub tasks: Option<Vec<NetworkTask>>,
}

/// `Tasks` of [`NetworkService`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkTask {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `EndpointID`.
    #[serde(rename = "EndpointID")]
    pub endpoint_id: String,
    /// `EndpointIP`.
    #[serde(rename = "EndpointIP")]
    pub endpoint_ip: String,
    /// `Info`, `null` if there is none.
    #[serde(rename = "Info")]
    pub info: Option<BTreeMap<String, String>>,
}
