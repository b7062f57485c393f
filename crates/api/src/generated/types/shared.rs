// Written by `cargo xtask gen`. Do not edit.

//! Types that several groups of operations use.

use super::{Empty, PortBinding};
use crate::gated::Gated;
use crate::scalar::{Base64, EmptyMap, Nanoseconds, StrList, Timestamp, UnixSeconds};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// `Cluster` of [`SwarmInfo`](super::SwarmInfo).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterInfo {
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
}

/// `Configs` of [`ContainerSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigReference {
    /// `File`, left out if there is none.
    #[serde(rename = "File", skip_serializing_if = "Option::is_none")]
    pub file: Option<ReferenceFileTarget>,
    /// `Runtime`, since 1.40, left out if there is none.
    #[serde(rename = "Runtime", skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Empty>,
    /// `ConfigID`.
    #[serde(rename = "ConfigID")]
    pub config_id: String,
    /// `ConfigName`.
    #[serde(rename = "ConfigName")]
    pub config_name: String,
}

/// What a container runs and how it looks from inside; what an image suggests for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerConfig {
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
    /// `ExposedPorts`: `80/tcp`, left out if there is none.
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
    /// `Env`: `NAME=value`; a name alone removes it, `null` if there is none.
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
    /// `StopTimeout`: seconds between the stop signal and the kill, left out if there is none.
    #[serde(rename = "StopTimeout", skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<i64>,
    /// `Shell`, left out if there is none.
    #[serde(rename = "Shell", skip_serializing_if = "super::nothing")]
    pub shell: Option<StrList>,
}

/// `ContainerSpec` of [`TaskSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerSpec {
    /// `Image`, left out if there is none.
    #[serde(rename = "Image", skip_serializing_if = "super::nothing")]
    pub image: Option<String>,
    /// `Labels`, left out if there is none.
    #[serde(rename = "Labels", skip_serializing_if = "super::nothing")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `Command`, left out if there is none.
    #[serde(rename = "Command", skip_serializing_if = "super::nothing")]
    pub command: Option<Vec<String>>,
    /// `Args`, left out if there is none.
    #[serde(rename = "Args", skip_serializing_if = "super::nothing")]
    pub args: Option<Vec<String>>,
    /// `Hostname`, left out if there is none.
    #[serde(rename = "Hostname", skip_serializing_if = "super::nothing")]
    pub hostname: Option<String>,
    /// `Env`, left out if there is none.
    #[serde(rename = "Env", skip_serializing_if = "super::nothing")]
    pub env: Option<Vec<String>>,
    /// `Dir`, left out if there is none.
    #[serde(rename = "Dir", skip_serializing_if = "super::nothing")]
    pub dir: Option<String>,
    /// `User`, left out if there is none.
    #[serde(rename = "User", skip_serializing_if = "super::nothing")]
    pub user: Option<String>,
    /// `Groups`, left out if there is none.
    #[serde(rename = "Groups", skip_serializing_if = "super::nothing")]
    pub groups: Option<Vec<String>>,
    /// `Privileges`, left out if there is none.
    #[serde(rename = "Privileges", skip_serializing_if = "Option::is_none")]
    pub privileges: Option<ContainerSpecPrivileges>,
    /// `TTY`, left out if there is none.
    #[serde(rename = "TTY", skip_serializing_if = "super::nothing")]
    pub tty: Option<bool>,
    /// `OpenStdin`, left out if there is none.
    #[serde(rename = "OpenStdin", skip_serializing_if = "super::nothing")]
    pub open_stdin: Option<bool>,
    /// `ReadOnly`, left out if there is none.
    #[serde(rename = "ReadOnly", skip_serializing_if = "super::nothing")]
    pub read_only: Option<bool>,
    /// `Mounts`, left out if there is none.
    #[serde(rename = "Mounts", skip_serializing_if = "super::nothing")]
    pub mounts: Option<Vec<Mount>>,
    /// `StopSignal`, left out if there is none.
    #[serde(rename = "StopSignal", skip_serializing_if = "super::nothing")]
    pub stop_signal: Option<String>,
    /// `StopGracePeriod`, in nanoseconds, left out if there is none.
    #[serde(rename = "StopGracePeriod", skip_serializing_if = "Option::is_none")]
    pub stop_grace_period: Option<Nanoseconds>,
    /// `Healthcheck`, left out if there is none.
    #[serde(rename = "Healthcheck", skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<HealthConfig>,
    /// `Hosts`, left out if there is none.
    #[serde(rename = "Hosts", skip_serializing_if = "super::nothing")]
    pub hosts: Option<Vec<String>>,
    /// `DNSConfig`, left out if there is none.
    #[serde(rename = "DNSConfig", skip_serializing_if = "Option::is_none")]
    pub dns_config: Option<ContainerSpecDNSConfig>,
    /// `Secrets`, left out if there is none.
    #[serde(rename = "Secrets", skip_serializing_if = "super::nothing")]
    pub secrets: Option<Vec<SecretReference>>,
    /// `Configs`, left out if there is none.
    #[serde(rename = "Configs", skip_serializing_if = "super::nothing")]
    pub configs: Option<Vec<ConfigReference>>,
    /// `Isolation`, left out if there is none.
    #[serde(rename = "Isolation", skip_serializing_if = "super::nothing")]
    pub isolation: Option<Isolation>,
    /// `Init`, since 1.38, left out if there is none.
    #[serde(rename = "Init", skip_serializing_if = "Option::is_none")]
    pub init: Option<bool>,
    /// `Sysctls`, since 1.40, left out if there is none.
    #[serde(rename = "Sysctls", skip_serializing_if = "super::nothing")]
    pub sysctls: Option<BTreeMap<String, String>>,
}

/// `DNSConfig` of [`ContainerSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerSpecDNSConfig {
    /// `Nameservers`, left out if there is none.
    #[serde(rename = "Nameservers", skip_serializing_if = "super::nothing")]
    pub nameservers: Option<Vec<String>>,
    /// `Search`, left out if there is none.
    #[serde(rename = "Search", skip_serializing_if = "super::nothing")]
    pub search: Option<Vec<String>>,
    /// `Options`, left out if there is none.
    #[serde(rename = "Options", skip_serializing_if = "super::nothing")]
    pub options: Option<Vec<String>>,
}

/// `Privileges` of [`ContainerSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerSpecPrivileges {
    /// `CredentialSpec`, `null` if there is none.
    #[serde(rename = "CredentialSpec")]
    pub credential_spec: Option<CredentialSpec>,
    /// `SELinuxContext`, `null` if there is none.
    #[serde(rename = "SELinuxContext")]
    pub se_linux_context: Option<SELinuxContext>,
}

/// A container as it stands in a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerSummary {
    /// `Id`.
    #[serde(rename = "Id")]
    pub id: String,
    /// `Names`, `null` if there is none.
    #[serde(rename = "Names")]
    pub names: Option<Vec<String>>,
    /// `Image`.
    #[serde(rename = "Image")]
    pub image: String,
    /// `ImageID`.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// `Command`.
    #[serde(rename = "Command")]
    pub command: String,
    /// `Created`, in seconds since 1970.
    #[serde(rename = "Created")]
    pub created: UnixSeconds,
    /// `Ports`, `null` if there is none.
    #[serde(rename = "Ports")]
    pub ports: Option<Vec<Port>>,
    /// `SizeRw`: bytes, left out if there is none.
    #[serde(rename = "SizeRw", skip_serializing_if = "super::nothing")]
    pub size_rw: Option<i64>,
    /// `SizeRootFs`: bytes, left out if there is none.
    #[serde(rename = "SizeRootFs", skip_serializing_if = "super::nothing")]
    pub size_root_fs: Option<i64>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `State`.
    #[serde(rename = "State")]
    pub state: String,
    /// `Status`.
    #[serde(rename = "Status")]
    pub status: String,
    /// `HostConfig`.
    #[serde(rename = "HostConfig")]
    pub host_config: ContainerSummaryHostConfig,
    /// `NetworkSettings`, `null` if there is none.
    #[serde(rename = "NetworkSettings")]
    pub network_settings: Option<ContainerSummaryNetworkSettings>,
    /// `Mounts`, `null` if there is none.
    #[serde(rename = "Mounts")]
    pub mounts: Option<Vec<MountPoint>>,
}

/// `HostConfig` of [`ContainerSummary`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerSummaryHostConfig {
    /// `NetworkMode`, left out if there is none.
    #[serde(rename = "NetworkMode", skip_serializing_if = "super::nothing")]
    pub network_mode: Option<String>,
}

/// `NetworkSettings` of [`ContainerSummary`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerSummaryNetworkSettings {
    /// `Networks`, `null` if there is none.
    #[serde(rename = "Networks")]
    pub networks: Option<BTreeMap<String, EndpointSettings>>,
}

/// What answers `POST /images/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CreateImageInfo {
    /// `id`, left out if there is none.
    #[serde(rename = "id", skip_serializing_if = "super::nothing")]
    pub id: Option<String>,
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
}

/// `CredentialSpec` of [`ContainerSpecPrivileges`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CredentialSpec {
    /// `Config`, since 1.40.
    #[serde(rename = "Config", skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// `File`.
    #[serde(rename = "File")]
    pub file: String,
    /// `Registry`.
    #[serde(rename = "Registry")]
    pub registry: String,
}

/// `DiscreteResourceSpec` of [`GenericResource`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiscreteGenericResource {
    /// `Kind`, left out if there is none.
    #[serde(rename = "Kind", skip_serializing_if = "super::nothing")]
    pub kind: Option<String>,
    /// `Value`, left out if there is none.
    #[serde(rename = "Value", skip_serializing_if = "super::nothing")]
    pub value: Option<i64>,
}

/// A driver by name, with its options.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Driver {
    /// `Name`, left out if there is none.
    #[serde(rename = "Name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
    /// `Options`, left out if there is none.
    #[serde(rename = "Options", skip_serializing_if = "super::nothing")]
    pub options: Option<BTreeMap<String, String>>,
}

/// The addresses that an endpoint asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointIPAMConfig {
    /// `IPv4Address`, left out if there is none.
    #[serde(rename = "IPv4Address", skip_serializing_if = "super::nothing")]
    pub ipv4_address: Option<String>,
    /// `IPv6Address`, left out if there is none.
    #[serde(rename = "IPv6Address", skip_serializing_if = "super::nothing")]
    pub ipv6_address: Option<String>,
    /// `LinkLocalIPs`, left out if there is none.
    #[serde(rename = "LinkLocalIPs", skip_serializing_if = "super::nothing")]
    pub link_local_ips: Option<Vec<String>>,
}

/// `Ports` of [`EndpointSpec`](super::EndpointSpec).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointPortConfig {
    /// `Name`, left out if there is none.
    #[serde(rename = "Name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
    /// `Protocol`, left out if there is none.
    #[serde(rename = "Protocol", skip_serializing_if = "super::nothing")]
    pub protocol: Option<EndpointPortConfigProtocol>,
    /// `TargetPort`, left out if there is none.
    #[serde(rename = "TargetPort", skip_serializing_if = "super::nothing")]
    pub target_port: Option<i64>,
    /// `PublishedPort`, left out if there is none.
    #[serde(rename = "PublishedPort", skip_serializing_if = "super::nothing")]
    pub published_port: Option<i64>,
    /// `PublishMode`, left out if there is none.
    #[serde(rename = "PublishMode", skip_serializing_if = "super::nothing")]
    pub publish_mode: Option<EndpointPortConfigPublishMode>,
}

/// `Protocol` of [`EndpointPortConfig`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum EndpointPortConfigProtocol {
    /// `tcp`.
    Tcp,
    /// `udp`.
    Udp,
    /// `sctp`, since 1.37.
    Sctp,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl EndpointPortConfigProtocol {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            EndpointPortConfigProtocol::Tcp => "tcp",
            EndpointPortConfigProtocol::Udp => "udp",
            EndpointPortConfigProtocol::Sctp => "sctp",
            EndpointPortConfigProtocol::Other(text) => text,
        }
    }
}

impl From<&str> for EndpointPortConfigProtocol {
    fn from(text: &str) -> EndpointPortConfigProtocol {
        match text {
            "tcp" => EndpointPortConfigProtocol::Tcp,
            "udp" => EndpointPortConfigProtocol::Udp,
            "sctp" => EndpointPortConfigProtocol::Sctp,
            _ => EndpointPortConfigProtocol::Other(text.into()),
        }
    }
}

impl From<String> for EndpointPortConfigProtocol {
    fn from(text: String) -> EndpointPortConfigProtocol {
        EndpointPortConfigProtocol::from(text.as_str())
    }
}

impl From<EndpointPortConfigProtocol> for String {
    fn from(value: EndpointPortConfigProtocol) -> String {
        value.as_str().to_owned()
    }
}

impl Default for EndpointPortConfigProtocol {
    fn default() -> EndpointPortConfigProtocol {
        EndpointPortConfigProtocol::from("")
    }
}

/// `PublishMode` of [`EndpointPortConfig`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum EndpointPortConfigPublishMode {
    /// `ingress`.
    Ingress,
    /// `host`.
    Host,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl EndpointPortConfigPublishMode {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            EndpointPortConfigPublishMode::Ingress => "ingress",
            EndpointPortConfigPublishMode::Host => "host",
            EndpointPortConfigPublishMode::Other(text) => text,
        }
    }
}

impl From<&str> for EndpointPortConfigPublishMode {
    fn from(text: &str) -> EndpointPortConfigPublishMode {
        match text {
            "ingress" => EndpointPortConfigPublishMode::Ingress,
            "host" => EndpointPortConfigPublishMode::Host,
            _ => EndpointPortConfigPublishMode::Other(text.into()),
        }
    }
}

impl From<String> for EndpointPortConfigPublishMode {
    fn from(text: String) -> EndpointPortConfigPublishMode {
        EndpointPortConfigPublishMode::from(text.as_str())
    }
}

impl From<EndpointPortConfigPublishMode> for String {
    fn from(value: EndpointPortConfigPublishMode) -> String {
        value.as_str().to_owned()
    }
}

impl Default for EndpointPortConfigPublishMode {
    fn default() -> EndpointPortConfigPublishMode {
        EndpointPortConfigPublishMode::from("")
    }
}

/// A container's place in a network.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointSettings {
    /// `IPAMConfig`, `null` if there is none.
    #[serde(rename = "IPAMConfig")]
    pub ipam_config: Option<EndpointIPAMConfig>,
    /// `Links`, `null` if there is none.
    #[serde(rename = "Links")]
    pub links: Option<Vec<String>>,
    /// `Aliases`, `null` if there is none.
    #[serde(rename = "Aliases")]
    pub aliases: Option<Vec<String>>,
    /// `NetworkID`.
    #[serde(rename = "NetworkID")]
    pub network_id: String,
    /// `EndpointID`.
    #[serde(rename = "EndpointID")]
    pub endpoint_id: String,
    /// `Gateway`.
    #[serde(rename = "Gateway")]
    pub gateway: String,
    /// `IPAddress`.
    #[serde(rename = "IPAddress")]
    pub ip_address: String,
    /// `IPPrefixLen`.
    #[serde(rename = "IPPrefixLen")]
    pub ip_prefix_len: i64,
    /// `IPv6Gateway`.
    #[serde(rename = "IPv6Gateway")]
    pub ipv6_gateway: String,
    /// `GlobalIPv6Address`.
    #[serde(rename = "GlobalIPv6Address")]
    pub global_ipv6_address: String,
    /// `GlobalIPv6PrefixLen`.
    #[serde(rename = "GlobalIPv6PrefixLen")]
    pub global_ipv6_prefix_len: i64,
    /// `MacAddress`.
    #[serde(rename = "MacAddress")]
    pub mac_address: String,
    /// `DriverOpts`, `null` if there is none.
    #[serde(rename = "DriverOpts")]
    pub driver_opts: Option<BTreeMap<String, String>>,
}

/// `errorDetail` of [`BuildInfo`](super::BuildInfo).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorDetail {
    /// `code`, left out if there is none.
    #[serde(rename = "code", skip_serializing_if = "super::nothing")]
    pub code: Option<i64>,
    /// `message`.
    #[serde(rename = "message")]
    pub message: String,
}

/// Why a request failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ErrorResponse {
    /// `message`.
    #[serde(rename = "message")]
    pub message: String,
}

/// `ExternalCAs` of [`SwarmSpecCAConfig`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExternalCA {
    /// `Protocol`.
    #[serde(rename = "Protocol")]
    pub protocol: ExternalCAProtocol,
    /// `URL`.
    #[serde(rename = "URL")]
    pub url: String,
    /// `Options`, left out if there is none.
    #[serde(rename = "Options", skip_serializing_if = "super::nothing")]
    pub options: Option<BTreeMap<String, String>>,
    /// `CACert`.
    #[serde(rename = "CACert")]
    pub ca_cert: String,
}

/// `Protocol` of [`ExternalCA`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ExternalCAProtocol {
    /// `cfssl`.
    Cfssl,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl ExternalCAProtocol {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            ExternalCAProtocol::Cfssl => "cfssl",
            ExternalCAProtocol::Other(text) => text,
        }
    }
}

impl From<&str> for ExternalCAProtocol {
    fn from(text: &str) -> ExternalCAProtocol {
        match text {
            "cfssl" => ExternalCAProtocol::Cfssl,
            _ => ExternalCAProtocol::Other(text.into()),
        }
    }
}

impl From<String> for ExternalCAProtocol {
    fn from(text: String) -> ExternalCAProtocol {
        ExternalCAProtocol::from(text.as_str())
    }
}

impl From<ExternalCAProtocol> for String {
    fn from(value: ExternalCAProtocol) -> String {
        value.as_str().to_owned()
    }
}

impl Default for ExternalCAProtocol {
    fn default() -> ExternalCAProtocol {
        ExternalCAProtocol::from("")
    }
}

/// `GenericResources` of [`ResourceObject`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenericResource {
    /// `NamedResourceSpec`, left out if there is none.
    #[serde(rename = "NamedResourceSpec", skip_serializing_if = "Option::is_none")]
    pub named_resource_spec: Option<NamedGenericResource>,
    /// `DiscreteResourceSpec`, left out if there is none.
    #[serde(
        rename = "DiscreteResourceSpec",
        skip_serializing_if = "Option::is_none"
    )]
    pub discrete_resource_spec: Option<DiscreteGenericResource>,
}

/// `GenericResources`.
pub type GenericResources = Vec<GenericResource>;
/// How the layers of an image or container are stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GraphDriverData {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Data`, `null` if there is none.
    #[serde(rename = "Data")]
    pub data: Option<BTreeMap<String, String>>,
}

/// How to see whether a container is well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthConfig {
    /// `Test`: empty inherits; else `NONE`, `CMD` and arguments, or `CMD-SHELL` and a line, left out if there is none.
    #[serde(rename = "Test", skip_serializing_if = "super::nothing")]
    pub test: Option<Vec<String>>,
    /// `Interval`, in nanoseconds, left out if there is none.
    #[serde(rename = "Interval", skip_serializing_if = "super::nothing")]
    pub interval: Option<Nanoseconds>,
    /// `Timeout`, in nanoseconds, left out if there is none.
    #[serde(rename = "Timeout", skip_serializing_if = "super::nothing")]
    pub timeout: Option<Nanoseconds>,
    /// `Retries`: failures in a row that count; 0 inherits, left out if there is none.
    #[serde(rename = "Retries", skip_serializing_if = "super::nothing")]
    pub retries: Option<i64>,
    /// `StartPeriod`, in nanoseconds, left out if there is none.
    #[serde(rename = "StartPeriod", skip_serializing_if = "super::nothing")]
    pub start_period: Option<Nanoseconds>,
}

/// The id of what was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct IdResponse {
    /// `Id`.
    #[serde(rename = "Id")]
    pub id: String,
}

/// `ImageID`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageID {
    /// `ID`, left out if there is none.
    #[serde(rename = "ID", skip_serializing_if = "super::nothing")]
    pub id: Option<String>,
}

/// An image as it stands in a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageSummary {
    /// `Id`.
    #[serde(rename = "Id")]
    pub id: String,
    /// `ParentId`.
    #[serde(rename = "ParentId")]
    pub parent_id: String,
    /// `RepoTags`, `null` if there is none.
    #[serde(rename = "RepoTags")]
    pub repo_tags: Option<Vec<String>>,
    /// `RepoDigests`, `null` if there is none.
    #[serde(rename = "RepoDigests")]
    pub repo_digests: Option<Vec<String>>,
    /// `Created`, in seconds since 1970.
    #[serde(rename = "Created")]
    pub created: UnixSeconds,
    /// `Size`: bytes.
    #[serde(rename = "Size")]
    pub size: i64,
    /// `SharedSize`: bytes, -1 if it was not counted.
    #[serde(rename = "SharedSize")]
    pub shared_size: i64,
    /// `VirtualSize`: bytes.
    #[serde(rename = "VirtualSize")]
    pub virtual_size: i64,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `Containers`: -1 if they were not counted.
    #[serde(rename = "Containers")]
    pub containers: i64,
}

/// `Isolation` of [`ContainerSpec`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Isolation {
    /// `default`.
    Default,
    /// `process`.
    Process,
    /// `hyperv`.
    Hyperv,
    /// The empty text.
    Unset,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl Isolation {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Isolation::Default => "default",
            Isolation::Process => "process",
            Isolation::Hyperv => "hyperv",
            Isolation::Unset => "",
            Isolation::Other(text) => text,
        }
    }
}

impl From<&str> for Isolation {
    fn from(text: &str) -> Isolation {
        match text {
            "default" => Isolation::Default,
            "process" => Isolation::Process,
            "hyperv" => Isolation::Hyperv,
            "" => Isolation::Unset,
            _ => Isolation::Other(text.into()),
        }
    }
}

impl From<String> for Isolation {
    fn from(text: String) -> Isolation {
        Isolation::from(text.as_str())
    }
}

impl From<Isolation> for String {
    fn from(value: Isolation) -> String {
        value.as_str().to_owned()
    }
}

impl Default for Isolation {
    fn default() -> Isolation {
        Isolation::from("")
    }
}

/// A mount that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mount {
    /// `Target`, left out if there is none.
    #[serde(rename = "Target", skip_serializing_if = "super::nothing")]
    pub target: Option<String>,
    /// `Source`, left out if there is none.
    #[serde(rename = "Source", skip_serializing_if = "super::nothing")]
    pub source: Option<String>,
    /// `Type`, left out if there is none.
    #[serde(rename = "Type", skip_serializing_if = "super::nothing")]
    pub r#type: Option<MountType>,
    /// `ReadOnly`, left out if there is none.
    #[serde(rename = "ReadOnly", skip_serializing_if = "super::nothing")]
    pub read_only: Option<bool>,
    /// `Consistency`, left out if there is none.
    #[serde(rename = "Consistency", skip_serializing_if = "super::nothing")]
    pub consistency: Option<String>,
    /// `BindOptions`, left out if there is none.
    #[serde(rename = "BindOptions", skip_serializing_if = "Option::is_none")]
    pub bind_options: Option<MountBindOptions>,
    /// `VolumeOptions`, left out if there is none.
    #[serde(rename = "VolumeOptions", skip_serializing_if = "Option::is_none")]
    pub volume_options: Option<MountVolumeOptions>,
    /// `TmpfsOptions`, left out if there is none.
    #[serde(rename = "TmpfsOptions", skip_serializing_if = "Option::is_none")]
    pub tmpfs_options: Option<MountTmpfsOptions>,
}

/// `BindOptions` of [`Mount`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MountBindOptions {
    /// `Propagation`, left out if there is none.
    #[serde(rename = "Propagation", skip_serializing_if = "super::nothing")]
    pub propagation: Option<MountPropagation>,
    /// `NonRecursive`, since 1.40, left out if there is none.
    #[serde(rename = "NonRecursive", skip_serializing_if = "super::nothing")]
    pub non_recursive: Option<bool>,
}

/// A mount that a container has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MountPoint {
    /// `Type`, left out if there is none.
    #[serde(rename = "Type", skip_serializing_if = "super::nothing")]
    pub r#type: Option<MountType>,
    /// `Name`, left out if there is none.
    #[serde(rename = "Name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
    /// `Source`.
    #[serde(rename = "Source")]
    pub source: String,
    /// `Destination`.
    #[serde(rename = "Destination")]
    pub destination: String,
    /// `Driver`, left out if there is none.
    #[serde(rename = "Driver", skip_serializing_if = "super::nothing")]
    pub driver: Option<String>,
    /// `Mode`.
    #[serde(rename = "Mode")]
    pub mode: String,
    /// `RW`.
    #[serde(rename = "RW")]
    pub rw: bool,
    /// `Propagation`.
    #[serde(rename = "Propagation")]
    pub propagation: String,
}

/// `Propagation` of [`MountBindOptions`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum MountPropagation {
    /// `private`.
    Private,
    /// `rprivate`.
    Rprivate,
    /// `shared`.
    Shared,
    /// `rshared`.
    Rshared,
    /// `slave`.
    Slave,
    /// `rslave`.
    Rslave,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl MountPropagation {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            MountPropagation::Private => "private",
            MountPropagation::Rprivate => "rprivate",
            MountPropagation::Shared => "shared",
            MountPropagation::Rshared => "rshared",
            MountPropagation::Slave => "slave",
            MountPropagation::Rslave => "rslave",
            MountPropagation::Other(text) => text,
        }
    }
}

impl From<&str> for MountPropagation {
    fn from(text: &str) -> MountPropagation {
        match text {
            "private" => MountPropagation::Private,
            "rprivate" => MountPropagation::Rprivate,
            "shared" => MountPropagation::Shared,
            "rshared" => MountPropagation::Rshared,
            "slave" => MountPropagation::Slave,
            "rslave" => MountPropagation::Rslave,
            _ => MountPropagation::Other(text.into()),
        }
    }
}

impl From<String> for MountPropagation {
    fn from(text: String) -> MountPropagation {
        MountPropagation::from(text.as_str())
    }
}

impl From<MountPropagation> for String {
    fn from(value: MountPropagation) -> String {
        value.as_str().to_owned()
    }
}

impl Default for MountPropagation {
    fn default() -> MountPropagation {
        MountPropagation::from("")
    }
}

/// `TmpfsOptions` of [`Mount`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MountTmpfsOptions {
    /// `SizeBytes`: bytes, left out if there is none.
    #[serde(rename = "SizeBytes", skip_serializing_if = "super::nothing")]
    pub size_bytes: Option<i64>,
    /// `Mode`, left out if there is none.
    #[serde(rename = "Mode", skip_serializing_if = "super::nothing")]
    pub mode: Option<i64>,
}

/// `Type` of [`Mount`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum MountType {
    /// `bind`.
    Bind,
    /// `npipe`.
    Npipe,
    /// `tmpfs`.
    Tmpfs,
    /// `volume`.
    Volume,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl MountType {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            MountType::Bind => "bind",
            MountType::Npipe => "npipe",
            MountType::Tmpfs => "tmpfs",
            MountType::Volume => "volume",
            MountType::Other(text) => text,
        }
    }
}

impl From<&str> for MountType {
    fn from(text: &str) -> MountType {
        match text {
            "bind" => MountType::Bind,
            "npipe" => MountType::Npipe,
            "tmpfs" => MountType::Tmpfs,
            "volume" => MountType::Volume,
            _ => MountType::Other(text.into()),
        }
    }
}

impl From<String> for MountType {
    fn from(text: String) -> MountType {
        MountType::from(text.as_str())
    }
}

impl From<MountType> for String {
    fn from(value: MountType) -> String {
        value.as_str().to_owned()
    }
}

impl Default for MountType {
    fn default() -> MountType {
        MountType::from("")
    }
}

/// `VolumeOptions` of [`Mount`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MountVolumeOptions {
    /// `NoCopy`, left out if there is none.
    #[serde(rename = "NoCopy", skip_serializing_if = "super::nothing")]
    pub no_copy: Option<bool>,
    /// `Labels`, left out if there is none.
    #[serde(rename = "Labels", skip_serializing_if = "super::nothing")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `DriverConfig`, left out if there is none.
    #[serde(rename = "DriverConfig", skip_serializing_if = "Option::is_none")]
    pub driver_config: Option<Driver>,
}

/// `NamedResourceSpec` of [`GenericResource`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NamedGenericResource {
    /// `Kind`, left out if there is none.
    #[serde(rename = "Kind", skip_serializing_if = "super::nothing")]
    pub kind: Option<String>,
    /// `Value`, left out if there is none.
    #[serde(rename = "Value", skip_serializing_if = "super::nothing")]
    pub value: Option<String>,
}

/// `Networks` of [`ServiceSpec`](super::ServiceSpec).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkAttachmentConfig {
    /// `Target`, left out if there is none.
    #[serde(rename = "Target", skip_serializing_if = "super::nothing")]
    pub target: Option<String>,
    /// `Aliases`, left out if there is none.
    #[serde(rename = "Aliases", skip_serializing_if = "super::nothing")]
    pub aliases: Option<Vec<String>>,
    /// `DriverOpts`, left out if there is none.
    #[serde(rename = "DriverOpts", skip_serializing_if = "super::nothing")]
    pub driver_opts: Option<BTreeMap<String, String>>,
}

/// `NetworkAttachmentSpec` of [`TaskSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkAttachmentSpec {
    /// `ContainerID`.
    #[serde(rename = "ContainerID")]
    pub container_id: String,
}

/// The network that another takes its configuration from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkConfigReference {
    /// `Network`.
    #[serde(rename = "Network")]
    pub network: String,
}

/// `Availability` of [`NodeSpec`](super::NodeSpec).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum NodeSpecAvailability {
    /// `active`.
    Active,
    /// `pause`.
    Pause,
    /// `drain`.
    Drain,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl NodeSpecAvailability {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            NodeSpecAvailability::Active => "active",
            NodeSpecAvailability::Pause => "pause",
            NodeSpecAvailability::Drain => "drain",
            NodeSpecAvailability::Other(text) => text,
        }
    }
}

impl From<&str> for NodeSpecAvailability {
    fn from(text: &str) -> NodeSpecAvailability {
        match text {
            "active" => NodeSpecAvailability::Active,
            "pause" => NodeSpecAvailability::Pause,
            "drain" => NodeSpecAvailability::Drain,
            _ => NodeSpecAvailability::Other(text.into()),
        }
    }
}

impl From<String> for NodeSpecAvailability {
    fn from(text: String) -> NodeSpecAvailability {
        NodeSpecAvailability::from(text.as_str())
    }
}

impl From<NodeSpecAvailability> for String {
    fn from(value: NodeSpecAvailability) -> String {
        value.as_str().to_owned()
    }
}

impl Default for NodeSpecAvailability {
    fn default() -> NodeSpecAvailability {
        NodeSpecAvailability::from("")
    }
}

/// `Version` of [`ClusterInfo`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectVersion {
    /// `Index`, left out if there is none.
    #[serde(rename = "Index", skip_serializing_if = "super::nothing")]
    pub index: Option<u64>,
}

/// `Placement` of [`TaskSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Placement {
    /// `Constraints`, left out if there is none.
    #[serde(rename = "Constraints", skip_serializing_if = "super::nothing")]
    pub constraints: Option<Vec<String>>,
    /// `Preferences`, left out if there is none.
    #[serde(rename = "Preferences", skip_serializing_if = "super::nothing")]
    pub preferences: Option<Vec<PlacementPreference>>,
    /// `MaxReplicas`, since 1.40, left out if there is none.
    #[serde(rename = "MaxReplicas", skip_serializing_if = "super::nothing")]
    pub max_replicas: Option<i64>,
    /// `Platforms`, left out if there is none.
    #[serde(rename = "Platforms", skip_serializing_if = "super::nothing")]
    pub platforms: Option<Vec<Platform>>,
}

/// `Preferences` of [`Placement`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlacementPreference {
    /// `Spread`, `null` if there is none.
    #[serde(rename = "Spread")]
    pub spread: Option<SpreadOver>,
}

/// `Platform` of [`NodeDescription`](super::NodeDescription).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Platform {
    /// `Architecture`, left out if there is none.
    #[serde(rename = "Architecture", skip_serializing_if = "super::nothing")]
    pub architecture: Option<String>,
    /// `OS`, left out if there is none.
    #[serde(rename = "OS", skip_serializing_if = "super::nothing")]
    pub os: Option<String>,
}

/// What answers `GET /plugins/privileges`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginPrivilege {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Description`.
    #[serde(rename = "Description")]
    pub description: String,
    /// `Value`, `null` if there is none.
    #[serde(rename = "Value")]
    pub value: Option<Vec<String>>,
}

/// `PluginSpec` of [`TaskSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginSpec {
    /// `name`, left out if there is none.
    #[serde(rename = "name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
    /// `remote`, left out if there is none.
    #[serde(rename = "remote", skip_serializing_if = "super::nothing")]
    pub remote: Option<String>,
    /// `disabled`, left out if there is none.
    #[serde(rename = "disabled", skip_serializing_if = "super::nothing")]
    pub disabled: Option<bool>,
    /// `privileges`, left out if there is none.
    #[serde(rename = "privileges", skip_serializing_if = "super::nothing")]
    pub privileges: Option<Vec<PluginPrivilege>>,
}

/// A port of a container, and the host's port if it is published.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Port {
    /// `IP`, left out if there is none.
    #[serde(rename = "IP", skip_serializing_if = "super::nothing")]
    pub ip: Option<String>,
    /// `PrivatePort`.
    #[serde(rename = "PrivatePort")]
    pub private_port: u16,
    /// `PublicPort`, left out if there is none.
    #[serde(rename = "PublicPort", skip_serializing_if = "super::nothing")]
    pub public_port: Option<u16>,
    /// `Type`.
    #[serde(rename = "Type")]
    pub r#type: PortType,
}

/// The host's ports for each port of a container; `null` is exposed but not published.
pub type PortMap = BTreeMap<String, Option<Vec<PortBinding>>>;
/// `Type` of [`Port`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum PortType {
    /// `tcp`.
    Tcp,
    /// `udp`.
    Udp,
    /// `sctp`, since 1.37.
    Sctp,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl PortType {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            PortType::Tcp => "tcp",
            PortType::Udp => "udp",
            PortType::Sctp => "sctp",
            PortType::Other(text) => text,
        }
    }
}

impl From<&str> for PortType {
    fn from(text: &str) -> PortType {
        match text {
            "tcp" => PortType::Tcp,
            "udp" => PortType::Udp,
            "sctp" => PortType::Sctp,
            _ => PortType::Other(text.into()),
        }
    }
}

impl From<String> for PortType {
    fn from(text: String) -> PortType {
        PortType::from(text.as_str())
    }
}

impl From<PortType> for String {
    fn from(value: PortType) -> String {
        value.as_str().to_owned()
    }
}

impl Default for PortType {
    fn default() -> PortType {
        PortType::from("")
    }
}

/// How far something got, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProgressDetail {
    /// `current`, left out if there is none.
    #[serde(rename = "current", skip_serializing_if = "super::nothing")]
    pub current: Option<i64>,
    /// `total`, left out if there is none.
    #[serde(rename = "total", skip_serializing_if = "super::nothing")]
    pub total: Option<i64>,
}

/// What answers `POST /images/{name}/push`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PushImageInfo {
    /// `error`, left out if there is none.
    #[serde(rename = "error", skip_serializing_if = "super::nothing")]
    pub error: Option<String>,
    /// `status`, left out if there is none.
    #[serde(rename = "status", skip_serializing_if = "super::nothing")]
    pub status: Option<String>,
    /// `progress`, left out if there is none.
    #[serde(rename = "progress", skip_serializing_if = "super::nothing")]
    pub progress: Option<String>,
    /// `progressDetail`, left out if there is none.
    #[serde(rename = "progressDetail", skip_serializing_if = "Option::is_none")]
    pub progress_detail: Option<ProgressDetail>,
    /// `id`, left out if there is none.
    #[serde(rename = "id", skip_serializing_if = "super::nothing")]
    pub id: Option<String>,
    /// `errorDetail`, left out if there is none.
    #[serde(rename = "errorDetail", skip_serializing_if = "Option::is_none")]
    pub error_detail: Option<ErrorDetail>,
    /// `aux`, left out if there is none.
    #[serde(rename = "aux", skip_serializing_if = "Option::is_none")]
    pub aux: Option<Value>,
}

/// `File` of [`ConfigReference`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReferenceFileTarget {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `UID`.
    #[serde(rename = "UID")]
    pub uid: String,
    /// `GID`.
    #[serde(rename = "GID")]
    pub gid: String,
    /// `Mode`.
    #[serde(rename = "Mode")]
    pub mode: u32,
}

/// `Resources` of [`NodeDescription`](super::NodeDescription).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceObject {
    /// `NanoCPUs`, left out if there is none.
    #[serde(rename = "NanoCPUs", skip_serializing_if = "super::nothing")]
    pub nano_cp_us: Option<i64>,
    /// `MemoryBytes`, left out if there is none.
    #[serde(rename = "MemoryBytes", skip_serializing_if = "super::nothing")]
    pub memory_bytes: Option<i64>,
    /// `GenericResources`, left out if there is none.
    #[serde(rename = "GenericResources", skip_serializing_if = "super::nothing")]
    pub generic_resources: Option<Vec<GenericResource>>,
}

/// `Resources` of [`TaskSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceRequirements {
    /// `Limits`, left out if there is none.
    #[serde(rename = "Limits", skip_serializing_if = "Option::is_none")]
    pub limits: Option<ResourceObject>,
    /// `Reservations`, left out if there is none.
    #[serde(rename = "Reservations", skip_serializing_if = "Option::is_none")]
    pub reservations: Option<ResourceObject>,
}

/// `SELinuxContext` of [`ContainerSpecPrivileges`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SELinuxContext {
    /// `Disable`.
    #[serde(rename = "Disable")]
    pub disable: bool,
    /// `User`.
    #[serde(rename = "User")]
    pub user: String,
    /// `Role`.
    #[serde(rename = "Role")]
    pub role: String,
    /// `Type`.
    #[serde(rename = "Type")]
    pub r#type: String,
    /// `Level`.
    #[serde(rename = "Level")]
    pub level: String,
}

/// `Secrets` of [`ContainerSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecretReference {
    /// `File`, `null` if there is none.
    #[serde(rename = "File")]
    pub file: Option<ReferenceFileTarget>,
    /// `SecretID`.
    #[serde(rename = "SecretID")]
    pub secret_id: String,
    /// `SecretName`.
    #[serde(rename = "SecretName")]
    pub secret_name: String,
}

/// `Spread` of [`PlacementPreference`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpreadOver {
    /// `SpreadDescriptor`.
    #[serde(rename = "SpreadDescriptor")]
    pub spread_descriptor: String,
}

/// What is sent to `POST /swarm/update`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmSpec {
    /// `Name`, left out if there is none.
    #[serde(rename = "Name", skip_serializing_if = "super::nothing")]
    pub name: Option<String>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `Orchestration`.
    #[serde(rename = "Orchestration")]
    pub orchestration: SwarmSpecOrchestration,
    /// `Raft`.
    #[serde(rename = "Raft")]
    pub raft: SwarmSpecRaft,
    /// `Dispatcher`.
    #[serde(rename = "Dispatcher")]
    pub dispatcher: SwarmSpecDispatcher,
    /// `CAConfig`.
    #[serde(rename = "CAConfig")]
    pub ca_config: SwarmSpecCAConfig,
    /// `EncryptionConfig`.
    #[serde(rename = "EncryptionConfig")]
    pub encryption_config: SwarmSpecEncryptionConfig,
    /// `TaskDefaults`.
    #[serde(rename = "TaskDefaults")]
    pub task_defaults: SwarmSpecTaskDefaults,
}

/// `CAConfig` of [`SwarmSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmSpecCAConfig {
    /// `NodeCertExpiry`, in nanoseconds, left out if there is none.
    #[serde(rename = "NodeCertExpiry", skip_serializing_if = "super::nothing")]
    pub node_cert_expiry: Option<Nanoseconds>,
    /// `ExternalCAs`, left out if there is none.
    #[serde(rename = "ExternalCAs", skip_serializing_if = "super::nothing")]
    pub external_cas: Option<Vec<ExternalCA>>,
    /// `SigningCACert`, left out if there is none.
    #[serde(rename = "SigningCACert", skip_serializing_if = "super::nothing")]
    pub signing_ca_cert: Option<String>,
    /// `SigningCAKey`, left out if there is none.
    #[serde(rename = "SigningCAKey", skip_serializing_if = "super::nothing")]
    pub signing_ca_key: Option<String>,
    /// `ForceRotate`, left out if there is none.
    #[serde(rename = "ForceRotate", skip_serializing_if = "super::nothing")]
    pub force_rotate: Option<u64>,
}

/// `Dispatcher` of [`SwarmSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmSpecDispatcher {
    /// `HeartbeatPeriod`, in nanoseconds, left out if there is none.
    #[serde(rename = "HeartbeatPeriod", skip_serializing_if = "super::nothing")]
    pub heartbeat_period: Option<Nanoseconds>,
}

/// `EncryptionConfig` of [`SwarmSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmSpecEncryptionConfig {
    /// `AutoLockManagers`.
    #[serde(rename = "AutoLockManagers")]
    pub auto_lock_managers: bool,
}

/// `Orchestration` of [`SwarmSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmSpecOrchestration {
    /// `TaskHistoryRetentionLimit`, left out if there is none.
    #[serde(
        rename = "TaskHistoryRetentionLimit",
        skip_serializing_if = "Option::is_none"
    )]
    pub task_history_retention_limit: Option<i64>,
}

/// `Raft` of [`SwarmSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmSpecRaft {
    /// `SnapshotInterval`, left out if there is none.
    #[serde(rename = "SnapshotInterval", skip_serializing_if = "super::nothing")]
    pub snapshot_interval: Option<u64>,
    /// `KeepOldSnapshots`, left out if there is none.
    #[serde(rename = "KeepOldSnapshots", skip_serializing_if = "Option::is_none")]
    pub keep_old_snapshots: Option<u64>,
    /// `LogEntriesForSlowFollowers`, left out if there is none.
    #[serde(
        rename = "LogEntriesForSlowFollowers",
        skip_serializing_if = "super::nothing"
    )]
    pub log_entries_for_slow_followers: Option<u64>,
    /// `ElectionTick`.
    #[serde(rename = "ElectionTick")]
    pub election_tick: i64,
    /// `HeartbeatTick`.
    #[serde(rename = "HeartbeatTick")]
    pub heartbeat_tick: i64,
}

/// `TaskDefaults` of [`SwarmSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SwarmSpecTaskDefaults {
    /// `LogDriver`, left out if there is none.
    #[serde(rename = "LogDriver", skip_serializing_if = "Option::is_none")]
    pub log_driver: Option<Driver>,
}

/// `TLSInfo` of [`ClusterInfo`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TLSInfo {
    /// `TrustRoot`, left out if there is none.
    #[serde(rename = "TrustRoot", skip_serializing_if = "super::nothing")]
    pub trust_root: Option<String>,
    /// `CertIssuerSubject`, left out if there is none.
    #[serde(rename = "CertIssuerSubject", skip_serializing_if = "super::nothing")]
    pub cert_issuer_subject: Option<Base64>,
    /// `CertIssuerPublicKey`, left out if there is none.
    #[serde(rename = "CertIssuerPublicKey", skip_serializing_if = "super::nothing")]
    pub cert_issuer_public_key: Option<Base64>,
}

/// `RestartPolicy` of [`TaskSpec`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskRestartPolicy {
    /// `Condition`, left out if there is none.
    #[serde(rename = "Condition", skip_serializing_if = "super::nothing")]
    pub condition: Option<TaskRestartPolicyCondition>,
    /// `Delay`, in nanoseconds, left out if there is none.
    #[serde(rename = "Delay", skip_serializing_if = "Option::is_none")]
    pub delay: Option<Nanoseconds>,
    /// `MaxAttempts`, left out if there is none.
    #[serde(rename = "MaxAttempts", skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<i64>,
    /// `Window`, in nanoseconds, left out if there is none.
    #[serde(rename = "Window", skip_serializing_if = "Option::is_none")]
    pub window: Option<Nanoseconds>,
}

/// `Condition` of [`TaskRestartPolicy`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum TaskRestartPolicyCondition {
    /// `none`.
    None,
    /// `on-failure`.
    OnFailure,
    /// `any`.
    Any,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl TaskRestartPolicyCondition {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            TaskRestartPolicyCondition::None => "none",
            TaskRestartPolicyCondition::OnFailure => "on-failure",
            TaskRestartPolicyCondition::Any => "any",
            TaskRestartPolicyCondition::Other(text) => text,
        }
    }
}

impl From<&str> for TaskRestartPolicyCondition {
    fn from(text: &str) -> TaskRestartPolicyCondition {
        match text {
            "none" => TaskRestartPolicyCondition::None,
            "on-failure" => TaskRestartPolicyCondition::OnFailure,
            "any" => TaskRestartPolicyCondition::Any,
            _ => TaskRestartPolicyCondition::Other(text.into()),
        }
    }
}

impl From<String> for TaskRestartPolicyCondition {
    fn from(text: String) -> TaskRestartPolicyCondition {
        TaskRestartPolicyCondition::from(text.as_str())
    }
}

impl From<TaskRestartPolicyCondition> for String {
    fn from(value: TaskRestartPolicyCondition) -> String {
        value.as_str().to_owned()
    }
}

impl Default for TaskRestartPolicyCondition {
    fn default() -> TaskRestartPolicyCondition {
        TaskRestartPolicyCondition::from("")
    }
}

/// `TaskTemplate` of [`ServiceSpec`](super::ServiceSpec).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskSpec {
    /// `PluginSpec`, left out if there is none.
    #[serde(rename = "PluginSpec", skip_serializing_if = "Option::is_none")]
    pub plugin_spec: Option<PluginSpec>,
    /// `ContainerSpec`, left out if there is none.
    #[serde(rename = "ContainerSpec", skip_serializing_if = "Option::is_none")]
    pub container_spec: Option<ContainerSpec>,
    /// `NetworkAttachmentSpec`, since 1.38, left out if there is none.
    #[serde(
        rename = "NetworkAttachmentSpec",
        skip_serializing_if = "Option::is_none"
    )]
    pub network_attachment_spec: Option<NetworkAttachmentSpec>,
    /// `Resources`, left out if there is none.
    #[serde(rename = "Resources", skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
    /// `RestartPolicy`, left out if there is none.
    #[serde(rename = "RestartPolicy", skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<TaskRestartPolicy>,
    /// `Placement`, left out if there is none.
    #[serde(rename = "Placement", skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// `ForceUpdate`.
    #[serde(rename = "ForceUpdate")]
    pub force_update: u64,
    /// `Runtime`, left out if there is none.
    #[serde(rename = "Runtime", skip_serializing_if = "super::nothing")]
    pub runtime: Option<String>,
    /// `Networks`, left out if there is none.
    #[serde(rename = "Networks", skip_serializing_if = "super::nothing")]
    pub networks: Option<Vec<NetworkAttachmentConfig>>,
    /// `LogDriver`, left out if there is none.
    #[serde(rename = "LogDriver", skip_serializing_if = "Option::is_none")]
    pub log_driver: Option<Driver>,
}

/// A limit of the kernel for a process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ulimit {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Soft`.
    #[serde(rename = "Soft")]
    pub soft: i64,
    /// `Hard`.
    #[serde(rename = "Hard")]
    pub hard: i64,
}

/// What answers `POST /volumes/create`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Volume {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Driver`.
    #[serde(rename = "Driver")]
    pub driver: String,
    /// `Mountpoint`.
    #[serde(rename = "Mountpoint")]
    pub mountpoint: String,
    /// `CreatedAt`, left out if there is none.
    #[serde(rename = "CreatedAt", skip_serializing_if = "super::nothing")]
    pub created_at: Option<Timestamp>,
    /// `Status`, left out if there is none.
    #[serde(rename = "Status", skip_serializing_if = "super::nothing")]
    pub status: Option<BTreeMap<String, Value>>,
    /// `Labels`, `null` if there is none.
    #[serde(rename = "Labels")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `Scope`.
    #[serde(rename = "Scope")]
    pub scope: VolumeScope,
    /// `Options`, `null` if there is none.
    #[serde(rename = "Options")]
    pub options: Option<BTreeMap<String, String>>,
    /// `UsageData`, left out if there is none.
    #[serde(rename = "UsageData", skip_serializing_if = "Option::is_none")]
    pub usage_data: Option<VolumeUsageData>,
}

/// `Scope` of [`Volume`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum VolumeScope {
    /// `local`.
    Local,
    /// `global`.
    Global,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl VolumeScope {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            VolumeScope::Local => "local",
            VolumeScope::Global => "global",
            VolumeScope::Other(text) => text,
        }
    }
}

impl From<&str> for VolumeScope {
    fn from(text: &str) -> VolumeScope {
        match text {
            "local" => VolumeScope::Local,
            "global" => VolumeScope::Global,
            _ => VolumeScope::Other(text.into()),
        }
    }
}

impl From<String> for VolumeScope {
    fn from(text: String) -> VolumeScope {
        VolumeScope::from(text.as_str())
    }
}

impl From<VolumeScope> for String {
    fn from(value: VolumeScope) -> String {
        value.as_str().to_owned()
    }
}

impl Default for VolumeScope {
    fn default() -> VolumeScope {
        VolumeScope::from("")
    }
}

/// `UsageData` of [`Volume`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct VolumeUsageData {
    /// `Size`: bytes, -1 if it was not counted.
    #[serde(rename = "Size")]
    pub size: i64,
    /// `RefCount`: -1 if they were not counted.
    #[serde(rename = "RefCount")]
    pub ref_count: i64,
}
