// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `system`.

use super::{ClusterInfo, ContainerSummary, GenericResource, ImageSummary, Isolation, Volume};
use crate::gated::Gated;
use crate::scalar::{Timestamp, UnixSeconds};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Credentials for a registry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthConfig {
    /// `username`, left out if there is none.
    #[serde(rename = "username", skip_serializing_if = "super::nothing")]
    pub username: Option<String>,
    /// `password`, left out if there is none.
    #[serde(rename = "password", skip_serializing_if = "super::nothing")]
    pub password: Option<String>,
    /// `email`, left out if there is none.
    #[serde(rename = "email", skip_serializing_if = "super::nothing")]
    pub email: Option<String>,
    /// `serveraddress`, left out if there is none.
    #[serde(rename = "serveraddress", skip_serializing_if = "super::nothing")]
    pub serveraddress: Option<String>,
    /// `auth`, left out if there is none.
    #[serde(rename = "auth", skip_serializing_if = "super::nothing")]
    pub auth: Option<String>,
    /// `identitytoken`, left out if there is none.
    #[serde(rename = "identitytoken", skip_serializing_if = "super::nothing")]
    pub identitytoken: Option<String>,
    /// `registrytoken`, left out if there is none.
    #[serde(rename = "registrytoken", skip_serializing_if = "super::nothing")]
    pub registrytoken: Option<String>,
}

/// `BuildCache` of [`SystemDataUsageResponse`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BuildCache {
    /// `ID`.
    #[serde(rename = "ID")]
    pub id: String,
    /// `Parent`.
    #[serde(rename = "Parent")]
    pub parent: String,
    /// `Type`.
    #[serde(rename = "Type")]
    pub r#type: BuildCacheType,
    /// `Description`.
    #[serde(rename = "Description")]
    pub description: String,
    /// `InUse`.
    #[serde(rename = "InUse")]
    pub in_use: bool,
    /// `Shared`.
    #[serde(rename = "Shared")]
    pub shared: bool,
    /// `Size`.
    #[serde(rename = "Size")]
    pub size: i64,
    /// `CreatedAt`.
    #[serde(rename = "CreatedAt")]
    pub created_at: Timestamp,
    /// `LastUsedAt`, `null` if there is none.
    #[serde(rename = "LastUsedAt")]
    pub last_used_at: Option<Timestamp>,
    /// `UsageCount`.
    #[serde(rename = "UsageCount")]
    pub usage_count: i64,
}

/// `Type` of [`BuildCache`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum BuildCacheType {
    /// `internal`.
    Internal,
    /// `frontend`.
    Frontend,
    /// `source.local`.
    SourceLocal,
    /// `source.git.checkout`.
    SourceGitCheckout,
    /// `exec.cachemount`.
    ExecCachemount,
    /// `regular`.
    Regular,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl BuildCacheType {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            BuildCacheType::Internal => "internal",
            BuildCacheType::Frontend => "frontend",
            BuildCacheType::SourceLocal => "source.local",
            BuildCacheType::SourceGitCheckout => "source.git.checkout",
            BuildCacheType::ExecCachemount => "exec.cachemount",
            BuildCacheType::Regular => "regular",
            BuildCacheType::Other(text) => text,
        }
    }
}

impl From<&str> for BuildCacheType {
    fn from(text: &str) -> BuildCacheType {
        match text {
            "internal" => BuildCacheType::Internal,
            "frontend" => BuildCacheType::Frontend,
            "source.local" => BuildCacheType::SourceLocal,
            "source.git.checkout" => BuildCacheType::SourceGitCheckout,
            "exec.cachemount" => BuildCacheType::ExecCachemount,
            "regular" => BuildCacheType::Regular,
            _ => BuildCacheType::Other(text.into()),
        }
    }
}

impl From<String> for BuildCacheType {
    fn from(text: String) -> BuildCacheType {
        BuildCacheType::from(text.as_str())
    }
}

impl From<BuildCacheType> for String {
    fn from(value: BuildCacheType) -> String {
        value.as_str().to_owned()
    }
}

impl Default for BuildCacheType {
    fn default() -> BuildCacheType {
        BuildCacheType::from("")
    }
}

/// `ContainerdCommit` of [`SystemInfo`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Commit {
    /// `ID`.
    #[serde(rename = "ID")]
    pub id: String,
    /// `Expected`.
    #[serde(rename = "Expected")]
    pub expected: String,
}

/// What an event is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventActor {
    /// `ID`.
    #[serde(rename = "ID")]
    pub id: String,
    /// `Attributes`, `null` if there is none.
    #[serde(rename = "Attributes")]
    pub attributes: Option<BTreeMap<String, String>>,
}

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventMessage {
    /// `Type`.
    #[serde(rename = "Type")]
    pub r#type: EventType,
    /// `Action`.
    #[serde(rename = "Action")]
    pub action: String,
    /// `Actor`.
    #[serde(rename = "Actor")]
    pub actor: EventActor,
    /// `scope`, left out if there is none.
    #[serde(rename = "scope", skip_serializing_if = "super::nothing")]
    pub scope: Option<EventScope>,
    /// `time`, in seconds since 1970, left out if there is none.
    #[serde(rename = "time", skip_serializing_if = "super::nothing")]
    pub time: Option<UnixSeconds>,
    /// `timeNano`: nanoseconds since 1970, left out if there is none.
    #[serde(rename = "timeNano", skip_serializing_if = "super::nothing")]
    pub time_nano: Option<i64>,
    /// `status`, left out if there is none.
    #[serde(rename = "status", skip_serializing_if = "super::nothing")]
    pub status: Option<String>,
    /// `id`, left out if there is none.
    #[serde(rename = "id", skip_serializing_if = "super::nothing")]
    pub id: Option<String>,
    /// `from`, left out if there is none.
    #[serde(rename = "from", skip_serializing_if = "super::nothing")]
    pub from: Option<String>,
}

/// `scope` of [`EventMessage`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum EventScope {
    /// `local`.
    Local,
    /// `swarm`.
    Swarm,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl EventScope {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            EventScope::Local => "local",
            EventScope::Swarm => "swarm",
            EventScope::Other(text) => text,
        }
    }
}

impl From<&str> for EventScope {
    fn from(text: &str) -> EventScope {
        match text {
            "local" => EventScope::Local,
            "swarm" => EventScope::Swarm,
            _ => EventScope::Other(text.into()),
        }
    }
}

impl From<String> for EventScope {
    fn from(text: String) -> EventScope {
        EventScope::from(text.as_str())
    }
}

impl From<EventScope> for String {
    fn from(value: EventScope) -> String {
        value.as_str().to_owned()
    }
}

impl Default for EventScope {
    fn default() -> EventScope {
        EventScope::from("")
    }
}

/// `Type` of [`EventMessage`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum EventType {
    /// `builder`.
    Builder,
    /// `config`.
    Config,
    /// `container`.
    Container,
    /// `daemon`.
    Daemon,
    /// `image`.
    Image,
    /// `network`.
    Network,
    /// `node`.
    Node,
    /// `plugin`.
    Plugin,
    /// `secret`.
    Secret,
    /// `service`.
    Service,
    /// `volume`.
    Volume,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl EventType {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            EventType::Builder => "builder",
            EventType::Config => "config",
            EventType::Container => "container",
            EventType::Daemon => "daemon",
            EventType::Image => "image",
            EventType::Network => "network",
            EventType::Node => "node",
            EventType::Plugin => "plugin",
            EventType::Secret => "secret",
            EventType::Service => "service",
            EventType::Volume => "volume",
            EventType::Other(text) => text,
        }
    }
}

impl From<&str> for EventType {
    fn from(text: &str) -> EventType {
        match text {
            "builder" => EventType::Builder,
            "config" => EventType::Config,
            "container" => EventType::Container,
            "daemon" => EventType::Daemon,
            "image" => EventType::Image,
            "network" => EventType::Network,
            "node" => EventType::Node,
            "plugin" => EventType::Plugin,
            "secret" => EventType::Secret,
            "service" => EventType::Service,
            "volume" => EventType::Volume,
            _ => EventType::Other(text.into()),
        }
    }
}

impl From<String> for EventType {
    fn from(text: String) -> EventType {
        EventType::from(text.as_str())
    }
}

impl From<EventType> for String {
    fn from(value: EventType) -> String {
        value.as_str().to_owned()
    }
}

impl Default for EventType {
    fn default() -> EventType {
        EventType::from("")
    }
}

/// `IndexConfigs` of [`RegistryServiceConfig`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IndexInfo {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Mirrors`, `null` if there is none.
    #[serde(rename = "Mirrors")]
    pub mirrors: Option<Vec<String>>,
    /// `Secure`.
    #[serde(rename = "Secure")]
    pub secure: bool,
    /// `Official`.
    #[serde(rename = "Official")]
    pub official: bool,
}

/// `LocalNodeState` of [`SwarmInfo`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum LocalNodeState {
    /// The empty text.
    Unset,
    /// `inactive`.
    Inactive,
    /// `pending`.
    Pending,
    /// `active`.
    Active,
    /// `error`.
    Error,
    /// `locked`.
    Locked,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl LocalNodeState {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            LocalNodeState::Unset => "",
            LocalNodeState::Inactive => "inactive",
            LocalNodeState::Pending => "pending",
            LocalNodeState::Active => "active",
            LocalNodeState::Error => "error",
            LocalNodeState::Locked => "locked",
            LocalNodeState::Other(text) => text,
        }
    }
}

impl From<&str> for LocalNodeState {
    fn from(text: &str) -> LocalNodeState {
        match text {
            "" => LocalNodeState::Unset,
            "inactive" => LocalNodeState::Inactive,
            "pending" => LocalNodeState::Pending,
            "active" => LocalNodeState::Active,
            "error" => LocalNodeState::Error,
            "locked" => LocalNodeState::Locked,
            _ => LocalNodeState::Other(text.into()),
        }
    }
}

impl From<String> for LocalNodeState {
    fn from(text: String) -> LocalNodeState {
        LocalNodeState::from(text.as_str())
    }
}

impl From<LocalNodeState> for String {
    fn from(value: LocalNodeState) -> String {
        value.as_str().to_owned()
    }
}

impl Default for LocalNodeState {
    fn default() -> LocalNodeState {
        LocalNodeState::from("")
    }
}

/// `RemoteManagers` of [`SwarmInfo`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PeerNode {
    /// `NodeID`.
    #[serde(rename = "NodeID")]
    pub node_id: String,
    /// `Addr`.
    #[serde(rename = "Addr")]
    pub addr: String,
}

/// `Plugins` of [`SystemInfo`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginsInfo {
    /// `Volume`, `null` if there is none.
    #[serde(rename = "Volume")]
    pub volume: Option<Vec<String>>,
    /// `Network`, `null` if there is none.
    #[serde(rename = "Network")]
    pub network: Option<Vec<String>>,
    /// `Authorization`, `null` if there is none.
    #[serde(rename = "Authorization")]
    pub authorization: Option<Vec<String>>,
    /// `Log`, `null` if there is none.
    #[serde(rename = "Log")]
    pub log: Option<Vec<String>>,
}

/// `RegistryConfig` of [`SystemInfo`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RegistryServiceConfig {
    /// `AllowNondistributableArtifactsCIDRs`, `null` if there is none.
    #[serde(rename = "AllowNondistributableArtifactsCIDRs")]
    pub allow_nondistributable_artifacts_cidrs: Option<Vec<String>>,
    /// `AllowNondistributableArtifactsHostnames`, `null` if there is none.
    #[serde(rename = "AllowNondistributableArtifactsHostnames")]
    pub allow_nondistributable_artifacts_hostnames: Option<Vec<String>>,
    /// `InsecureRegistryCIDRs`, `null` if there is none.
    #[serde(rename = "InsecureRegistryCIDRs")]
    pub insecure_registry_cidrs: Option<Vec<String>>,
    /// `IndexConfigs`, `null` if there is none.
    #[serde(rename = "IndexConfigs")]
    pub index_configs: Option<BTreeMap<String, IndexInfo>>,
    /// `Mirrors`, `null` if there is none.
    #[serde(rename = "Mirrors")]
    pub mirrors: Option<Vec<String>>,
}

/// `Runtimes` of [`SystemInfo`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Runtime {
    /// `path`.
    #[serde(rename = "path")]
    pub path: String,
    /// `runtimeArgs`, left out if there is none.
    #[serde(rename = "runtimeArgs", skip_serializing_if = "super::nothing")]
    pub runtime_args: Option<Vec<String>>,
}

/// `Swarm` of [`SystemInfo`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmInfo {
    /// `NodeID`.
    #[serde(rename = "NodeID")]
    pub node_id: String,
    /// `NodeAddr`.
    #[serde(rename = "NodeAddr")]
    pub node_addr: String,
    /// `LocalNodeState`.
    #[serde(rename = "LocalNodeState")]
    pub local_node_state: LocalNodeState,
    /// `ControlAvailable`.
    #[serde(rename = "ControlAvailable")]
    pub control_available: bool,
    /// `Error`.
    #[serde(rename = "Error")]
    pub error: String,
    /// `RemoteManagers`, `null` if there is none.
    #[serde(rename = "RemoteManagers")]
    pub remote_managers: Option<Vec<PeerNode>>,
    /// `Nodes`, left out if there is none.
    #[serde(rename = "Nodes", skip_serializing_if = "super::nothing")]
    pub nodes: Option<i64>,
    /// `Managers`, left out if there is none.
    #[serde(rename = "Managers", skip_serializing_if = "super::nothing")]
    pub managers: Option<i64>,
    /// `Cluster`, left out if there is none.
    #[serde(rename = "Cluster", skip_serializing_if = "Option::is_none")]
    pub cluster: Option<ClusterInfo>,
    /// `Warnings`, left out if there is none.
    #[serde(rename = "Warnings", skip_serializing_if = "super::nothing")]
    pub warnings: Option<Vec<String>>,
}

/// What answers `POST /auth`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemAuthResponse {
    /// `Status`.
    #[serde(rename = "Status")]
    pub status: String,
    /// `IdentityToken`.
    #[serde(rename = "IdentityToken")]
    pub identity_token: String,
}

/// What answers `GET /system/df`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemDataUsageResponse {
    /// `LayersSize`: bytes.
    #[serde(rename = "LayersSize")]
    pub layers_size: i64,
    /// `Images`, `null` if there is none.
    #[serde(rename = "Images")]
    pub images: Option<Vec<ImageSummary>>,
    /// `Containers`, `null` if there is none.
    #[serde(rename = "Containers")]
    pub containers: Option<Vec<ContainerSummary>>,
    /// `Volumes`, `null` if there is none.
    #[serde(rename = "Volumes")]
    pub volumes: Option<Vec<Volume>>,
    /// `BuildCache`, since 1.39, `null` if there is none.
    #[serde(rename = "BuildCache", skip_serializing_if = "Gated::is_lacking")]
    pub build_cache: Gated<Vec<BuildCache>>,
    /// `BuilderSize`: bytes.
    #[serde(rename = "BuilderSize")]
    pub builder_size: i64,
}

/// What answers `GET /info`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemInfo {
    /// `ID`.
    #[serde(rename = "ID")]
    pub id: String,
    /// `Containers`.
    #[serde(rename = "Containers")]
    pub containers: i64,
    /// `ContainersRunning`.
    #[serde(rename = "ContainersRunning")]
    pub containers_running: i64,
    /// `ContainersPaused`.
    #[serde(rename = "ContainersPaused")]
    pub containers_paused: i64,
    /// `ContainersStopped`.
    #[serde(rename = "ContainersStopped")]
    pub containers_stopped: i64,
    /// `Images`.
    #[serde(rename = "Images")]
    pub images: i64,
    /// `Driver`.
    #[serde(rename = "Driver")]
    pub driver: String,
    /// `DriverStatus`, `null` if there is none.
    #[serde(rename = "DriverStatus")]
    pub driver_status: Option<Vec<Vec<String>>>,
    /// `DockerRootDir`.
    #[serde(rename = "DockerRootDir")]
    pub docker_root_dir: String,
    /// `SystemStatus`, left out if there is none.
    #[serde(rename = "SystemStatus", skip_serializing_if = "super::nothing")]
    pub system_status: Option<Vec<Vec<String>>>,
    /// `Plugins`.
    #[serde(rename = "Plugins")]
    pub plugins: PluginsInfo,
    /// `MemoryLimit`.
    #[serde(rename = "MemoryLimit")]
    pub memory_limit: bool,
    /// `SwapLimit`.
    #[serde(rename = "SwapLimit")]
    pub swap_limit: bool,
    /// `KernelMemory`.
    #[serde(rename = "KernelMemory")]
    pub kernel_memory: bool,
    /// `KernelMemoryTCP`, since 1.40.
    #[serde(rename = "KernelMemoryTCP", skip_serializing_if = "Option::is_none")]
    pub kernel_memory_tcp: Option<bool>,
    /// `CpuCfsPeriod`.
    #[serde(rename = "CpuCfsPeriod")]
    pub cpu_cfs_period: bool,
    /// `CpuCfsQuota`.
    #[serde(rename = "CpuCfsQuota")]
    pub cpu_cfs_quota: bool,
    /// `CPUShares`.
    #[serde(rename = "CPUShares")]
    pub cpu_shares: bool,
    /// `CPUSet`.
    #[serde(rename = "CPUSet")]
    pub cpu_set: bool,
    /// `PidsLimit`, since 1.40.
    #[serde(rename = "PidsLimit", skip_serializing_if = "Option::is_none")]
    pub pids_limit: Option<bool>,
    /// `OomKillDisable`.
    #[serde(rename = "OomKillDisable")]
    pub oom_kill_disable: bool,
    /// `IPv4Forwarding`.
    #[serde(rename = "IPv4Forwarding")]
    pub ipv4_forwarding: bool,
    /// `BridgeNfIptables`.
    #[serde(rename = "BridgeNfIptables")]
    pub bridge_nf_iptables: bool,
    /// `BridgeNfIp6tables`.
    #[serde(rename = "BridgeNfIp6tables")]
    pub bridge_nf_ip6tables: bool,
    /// `Debug`.
    #[serde(rename = "Debug")]
    pub debug: bool,
    /// `NFd`.
    #[serde(rename = "NFd")]
    pub n_fd: i64,
    /// `NGoroutines`.
    #[serde(rename = "NGoroutines")]
    pub n_goroutines: i64,
    /// `SystemTime`.
    #[serde(rename = "SystemTime")]
    pub system_time: Timestamp,
    /// `LoggingDriver`.
    #[serde(rename = "LoggingDriver")]
    pub logging_driver: String,
    /// `CgroupDriver`.
    #[serde(rename = "CgroupDriver")]
    pub cgroup_driver: SystemInfoCgroupDriver,
    /// `NEventsListener`.
    #[serde(rename = "NEventsListener")]
    pub n_events_listener: i64,
    /// `KernelVersion`.
    #[serde(rename = "KernelVersion")]
    pub kernel_version: String,
    /// `OperatingSystem`.
    #[serde(rename = "OperatingSystem")]
    pub operating_system: String,
    /// `OSType`.
    #[serde(rename = "OSType")]
    pub os_type: String,
    /// `Architecture`.
    #[serde(rename = "Architecture")]
    pub architecture: String,
    /// `NCPU`.
    #[serde(rename = "NCPU")]
    pub ncpu: i64,
    /// `MemTotal`: bytes.
    #[serde(rename = "MemTotal")]
    pub mem_total: i64,
    /// `IndexServerAddress`.
    #[serde(rename = "IndexServerAddress")]
    pub index_server_address: String,
    /// `RegistryConfig`, `null` if there is none.
    #[serde(rename = "RegistryConfig")]
    pub registry_config: Option<RegistryServiceConfig>,
    /// `GenericResources`, `null` if there is none.
    #[serde(rename = "GenericResources")]
    pub generic_resources: Option<Vec<GenericResource>>,
    /// `HttpProxy`.
    #[serde(rename = "HttpProxy")]
    pub http_proxy: String,
    /// `HttpsProxy`.
    #[serde(rename = "HttpsProxy")]
    pub https_proxy: String,
    /// `NoProxy`.
    #[serde(rename = "NoProxy")]
    pub no_proxy: String,
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<Vec<String>>,
    /// `ExperimentalBuild`.
    #[serde(rename = "ExperimentalBuild")]
    pub experimental_build: bool,
    /// `ServerVersion`.
    #[serde(rename = "ServerVersion")]
    pub server_version: String,
    /// `ClusterStore`, left out if there is none.
    #[serde(rename = "ClusterStore", skip_serializing_if = "super::nothing")]
    pub cluster_store: Option<String>,
    /// `ClusterAdvertise`, left out if there is none.
    #[serde(rename = "ClusterAdvertise", skip_serializing_if = "super::nothing")]
    pub cluster_advertise: Option<String>,
    /// `Runtimes`, `null` if there is none.
    #[serde(rename = "Runtimes")]
    pub runtimes: Option<BTreeMap<String, Runtime>>,
    /// `DefaultRuntime`.
    #[serde(rename = "DefaultRuntime")]
    pub default_runtime: String,
    /// `Swarm`.
    #[serde(rename = "Swarm")]
    pub swarm: SwarmInfo,
    /// `LiveRestoreEnabled`.
    #[serde(rename = "LiveRestoreEnabled")]
    pub live_restore_enabled: bool,
    /// `Isolation`.
    #[serde(rename = "Isolation")]
    pub isolation: Isolation,
    /// `InitBinary`.
    #[serde(rename = "InitBinary")]
    pub init_binary: String,
    /// `ContainerdCommit`.
    #[serde(rename = "ContainerdCommit")]
    pub containerd_commit: Commit,
    /// `RuncCommit`.
    #[serde(rename = "RuncCommit")]
    pub runc_commit: Commit,
    /// `InitCommit`.
    #[serde(rename = "InitCommit")]
    pub init_commit: Commit,
    /// `SecurityOptions`, `null` if there is none.
    #[serde(rename = "SecurityOptions")]
    pub security_options: Option<Vec<String>>,
    /// `ProductLicense`, since 1.39, left out if there is none.
    #[serde(rename = "ProductLicense", skip_serializing_if = "super::nothing")]
    pub product_license: Option<String>,
    /// `Warnings`, since 1.39, `null` if there is none.
    #[serde(rename = "Warnings", skip_serializing_if = "Gated::is_lacking")]
    pub warnings: Gated<Vec<String>>,
}

/// `CgroupDriver` of [`SystemInfo`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum SystemInfoCgroupDriver {
    /// `cgroupfs`.
    Cgroupfs,
    /// `systemd`.
    Systemd,
    /// `none`, since 1.40.
    None,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl SystemInfoCgroupDriver {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            SystemInfoCgroupDriver::Cgroupfs => "cgroupfs",
            SystemInfoCgroupDriver::Systemd => "systemd",
            SystemInfoCgroupDriver::None => "none",
            SystemInfoCgroupDriver::Other(text) => text,
        }
    }
}

impl From<&str> for SystemInfoCgroupDriver {
    fn from(text: &str) -> SystemInfoCgroupDriver {
        match text {
            "cgroupfs" => SystemInfoCgroupDriver::Cgroupfs,
            "systemd" => SystemInfoCgroupDriver::Systemd,
            "none" => SystemInfoCgroupDriver::None,
            _ => SystemInfoCgroupDriver::Other(text.into()),
        }
    }
}

impl From<String> for SystemInfoCgroupDriver {
    fn from(text: String) -> SystemInfoCgroupDriver {
        SystemInfoCgroupDriver::from(text.as_str())
    }
}

impl From<SystemInfoCgroupDriver> for String {
    fn from(value: SystemInfoCgroupDriver) -> String {
        value.as_str().to_owned()
    }
}

impl Default for SystemInfoCgroupDriver {
    fn default() -> SystemInfoCgroupDriver {
        SystemInfoCgroupDriver::from("")
    }
}

/// What answers `GET /version`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemVersion {
    /// `Platform`.
    #[serde(rename = "Platform")]
    pub platform: SystemVersionPlatform,
    /// `Components`, left out if there is none.
    #[serde(rename = "Components", skip_serializing_if = "super::nothing")]
    pub components: Option<Vec<SystemVersionComponent>>,
    /// `Version`.
    #[serde(rename = "Version")]
    pub version: String,
    /// `ApiVersion`.
    #[serde(rename = "ApiVersion")]
    pub api_version: String,
    /// `MinAPIVersion`, left out if there is none.
    #[serde(rename = "MinAPIVersion", skip_serializing_if = "super::nothing")]
    pub min_api_version: Option<String>,
    /// `GitCommit`.
    #[serde(rename = "GitCommit")]
    pub git_commit: String,
    /// `GoVersion`.
    #[serde(rename = "GoVersion")]
    pub go_version: String,
    /// `Os`.
    #[serde(rename = "Os")]
    pub os: String,
    /// `Arch`.
    #[serde(rename = "Arch")]
    pub arch: String,
    /// `KernelVersion`, left out if there is none.
    #[serde(rename = "KernelVersion", skip_serializing_if = "super::nothing")]
    pub kernel_version: Option<String>,
    /// `Experimental`, left out if there is none.
    #[serde(rename = "Experimental", skip_serializing_if = "super::nothing")]
    pub experimental: Option<bool>,
    /// `BuildTime`, left out if there is none.
    #[serde(rename = "BuildTime", skip_serializing_if = "super::nothing")]
    pub build_time: Option<String>,
}

/// `Components` of [`SystemVersion`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemVersionComponent {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Version`.
    #[serde(rename = "Version")]
    pub version: String,
    /// `Details`, left out if there is none.
    #[serde(rename = "Details", skip_serializing_if = "super::nothing")]
    pub details: Option<BTreeMap<String, String>>,
}

/// `Platform` of [`SystemVersion`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SystemVersionPlatform {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
}
