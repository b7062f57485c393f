// Written by `cargo xtask gen`. Do not edit.

//! Types of the operations in module `plugin`.

use serde::{Deserialize, Serialize};

/// What answers `GET /plugins`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plugin {
    /// `Id`, left out if there is none.
    #[serde(rename = "Id", skip_serializing_if = "super::nothing")]
    pub id: Option<String>,
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Enabled`.
    #[serde(rename = "Enabled")]
    pub enabled: bool,
    /// `Settings`.
    #[serde(rename = "Settings")]
    pub settings: PluginSettings,
    /// `PluginReference`, left out if there is none.
    #[serde(rename = "PluginReference", skip_serializing_if = "super::nothing")]
    pub plugin_reference: Option<String>,
    /// `Config`.
    #[serde(rename = "Config")]
    pub config: PluginConfig,
}

/// `Config` of [`Plugin`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginConfig {
    /// `DockerVersion`, left out if there is none.
    #[serde(rename = "DockerVersion", skip_serializing_if = "super::nothing")]
    pub docker_version: Option<String>,
    /// `Description`.
    #[serde(rename = "Description")]
    pub description: String,
    /// `Documentation`.
    #[serde(rename = "Documentation")]
    pub documentation: String,
    /// `Interface`.
    #[serde(rename = "Interface")]
    pub interface: PluginConfigInterface,
    /// `Entrypoint`, `null` if there is none.
    #[serde(rename = "Entrypoint")]
    pub entrypoint: Option<Vec<String>>,
    /// `WorkDir`.
    #[serde(rename = "WorkDir")]
    pub work_dir: String,
    /// `User`.
    #[serde(rename = "User")]
    pub user: PluginConfigUser,
    /// `Network`.
    #[serde(rename = "Network")]
    pub network: PluginConfigNetwork,
    /// `Linux`.
    #[serde(rename = "Linux")]
    pub linux: PluginConfigLinux,
    /// `PropagatedMount`.
    #[serde(rename = "PropagatedMount")]
    pub propagated_mount: String,
    /// `IpcHost`.
    #[serde(rename = "IpcHost")]
    pub ipc_host: bool,
    /// `PidHost`.
    #[serde(rename = "PidHost")]
    pub pid_host: bool,
    /// `Mounts`, `null` if there is none.
    #[serde(rename = "Mounts")]
    pub mounts: Option<Vec<PluginMount>>,
    /// `Env`, `null` if there is none.
    #[serde(rename = "Env")]
    pub env: Option<Vec<PluginEnv>>,
    /// `Args`.
    #[serde(rename = "Args")]
    pub args: PluginConfigArgs,
    /// `rootfs`, left out if there is none.
    #[serde(rename = "rootfs", skip_serializing_if = "Option::is_none")]
    pub rootfs: Option<PluginConfigRootfs>,
}

/// `Args` of [`PluginConfig`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginConfigArgs {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Description`.
    #[serde(rename = "Description")]
    pub description: String,
    /// `Settable`, `null` if there is none.
    #[serde(rename = "Settable")]
    pub settable: Option<Vec<String>>,
    /// `Value`, `null` if there is none.
    #[serde(rename = "Value")]
    pub value: Option<Vec<String>>,
}

/// `Interface` of [`PluginConfig`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginConfigInterface {
    /// `Types`, `null` if there is none.
    #[serde(rename = "Types")]
    pub types: Option<Vec<PluginInterfaceType>>,
    /// `Socket`.
    #[serde(rename = "Socket")]
    pub socket: String,
    /// `ProtocolScheme`, since 1.38, left out if there is none.
    #[serde(rename = "ProtocolScheme", skip_serializing_if = "super::nothing")]
    pub protocol_scheme: Option<PluginProtocolScheme>,
}

/// `Linux` of [`PluginConfig`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginConfigLinux {
    /// `Capabilities`, `null` if there is none.
    #[serde(rename = "Capabilities")]
    pub capabilities: Option<Vec<String>>,
    /// `AllowAllDevices`.
    #[serde(rename = "AllowAllDevices")]
    pub allow_all_devices: bool,
    /// `Devices`, `null` if there is none.
    #[serde(rename = "Devices")]
    pub devices: Option<Vec<PluginDevice>>,
}

/// `Network` of [`PluginConfig`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginConfigNetwork {
    /// `Type`.
    #[serde(rename = "Type")]
    pub r#type: String,
}

/// `rootfs` of [`PluginConfig`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginConfigRootfs {
    /// `type`, left out if there is none.
    #[serde(rename = "type", skip_serializing_if = "super::nothing")]
    pub r#type: Option<String>,
    /// `diff_ids`, `null` if there is none.
    #[serde(rename = "diff_ids")]
    pub diff_ids: Option<Vec<String>>,
}

/// `User` of [`PluginConfig`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginConfigUser {
    /// `UID`, left out if there is none.
    #[serde(rename = "UID", skip_serializing_if = "super::nothing")]
    pub uid: Option<u32>,
    /// `GID`, left out if there is none.
    #[serde(rename = "GID", skip_serializing_if = "super::nothing")]
    pub gid: Option<u32>,
}

/// `Devices` of [`PluginConfigLinux`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginDevice {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Description`.
    #[serde(rename = "Description")]
    pub description: String,
    /// `Settable`, `null` if there is none.
    #[serde(rename = "Settable")]
    pub settable: Option<Vec<String>>,
    /// `Path`, `null` if there is none.
    #[serde(rename = "Path")]
    pub path: Option<String>,
}

/// `Env` of [`PluginConfig`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginEnv {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Description`.
    #[serde(rename = "Description")]
    pub description: String,
    /// `Settable`, `null` if there is none.
    #[serde(rename = "Settable")]
    pub settable: Option<Vec<String>>,
    /// `Value`, `null` if there is none.
    #[serde(rename = "Value")]
    pub value: Option<String>,
}

/// `Types` of [`PluginConfigInterface`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginInterfaceType {
    /// `Prefix`.
    #[serde(rename = "Prefix")]
    pub prefix: String,
    /// `Capability`.
    #[serde(rename = "Capability")]
    pub capability: String,
    /// `Version`.
    #[serde(rename = "Version")]
    pub version: String,
}

/// `Mounts` of [`PluginConfig`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginMount {
    /// `Name`.
    #[serde(rename = "Name")]
    pub name: String,
    /// `Description`.
    #[serde(rename = "Description")]
    pub description: String,
    /// `Settable`, `null` if there is none.
    #[serde(rename = "Settable")]
    pub settable: Option<Vec<String>>,
    /// `Source`, `null` if there is none.
    #[serde(rename = "Source")]
    pub source: Option<String>,
    /// `Destination`.
    #[serde(rename = "Destination")]
    pub destination: String,
    /// `Type`.
    #[serde(rename = "Type")]
    pub r#type: String,
    /// `Options`, `null` if there is none.
    #[serde(rename = "Options")]
    pub options: Option<Vec<String>>,
}

/// `ProtocolScheme` of [`PluginConfigInterface`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum PluginProtocolScheme {
    /// The empty text.
    Unset,
    /// `moby.plugins.http/v1`.
    MobyPluginsHttpV1,
    /// Any other text, kept as it is; the zero value is the empty one.
    Other(Box<str>),
}

impl PluginProtocolScheme {
    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            PluginProtocolScheme::Unset => "",
            PluginProtocolScheme::MobyPluginsHttpV1 => "moby.plugins.http/v1",
            PluginProtocolScheme::Other(text) => text,
        }
    }
}

impl From<&str> for PluginProtocolScheme {
    fn from(text: &str) -> PluginProtocolScheme {
        match text {
            "" => PluginProtocolScheme::Unset,
            "moby.plugins.http/v1" => PluginProtocolScheme::MobyPluginsHttpV1,
            _ => PluginProtocolScheme::Other(text.into()),
        }
    }
}

impl From<String> for PluginProtocolScheme {
    fn from(text: String) -> PluginProtocolScheme {
        PluginProtocolScheme::from(text.as_str())
    }
}

impl From<PluginProtocolScheme> for String {
    fn from(value: PluginProtocolScheme) -> String {
        value.as_str().to_owned()
    }
}

impl Default for PluginProtocolScheme {
    fn default() -> PluginProtocolScheme {
        PluginProtocolScheme::from("")
    }
}

/// `Settings` of [`Plugin`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginSettings {
    /// `Mounts`, `null` if there is none.
    #[serde(rename = "Mounts")]
    pub mounts: Option<Vec<PluginMount>>,
    /// `Env`, `null` if there is none.
    #[serde(rename = "Env")]
    pub env: Option<Vec<String>>,
    /// `Args`, `null` if there is none.
    #[serde(rename = "Args")]
    pub args: Option<Vec<String>>,
    /// `Devices`, `null` if there is none.
    #[serde(rename = "Devices")]
    pub devices: Option<Vec<PluginDevice>>,
}
