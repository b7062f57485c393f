//! The image configuration: the JSON document whose digest is the image's ID.
//!
//! Field names and presence follow what dockerd writes (a superset of the OCI
//! image configuration 1.0), so that configurations made here load there.
//! Fields that we do not know are kept. Reading is total: an absent or `null`
//! field is its default. The stored bytes are never rewritten from this type.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::digest::DiffId;

/// What an image is: how to run it, its layers, how it came to be.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ImageConfig {
    /// The processor architecture in Go's words (`amd64`, `arm64`).
    #[serde(deserialize_with = "null_as_default")]
    pub architecture: String,
    /// The processor variant (`v8`).
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub variant: String,
    /// Who made it.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub author: String,
    /// A free text.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub comment: String,
    /// The defaults for its containers.
    #[serde(deserialize_with = "null_as_default")]
    pub config: RunConfig,
    /// The container it was committed from.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub container: String,
    /// The configuration of that container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_config: Option<RunConfig>,
    /// When it was made.
    #[serde(with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// The version of the engine that made it.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub docker_version: String,
    /// One entry per step, the oldest first.
    #[serde(deserialize_with = "null_as_default")]
    pub history: Vec<HistoryEntry>,
    /// The operating system in Go's words (`linux`).
    #[serde(deserialize_with = "null_as_default")]
    pub os: String,
    /// The version of the operating system (Windows only).
    #[serde(
        rename = "os.version",
        skip_serializing_if = "String::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub os_version: String,
    /// Its layers.
    #[serde(deserialize_with = "null_as_default")]
    pub rootfs: RootFs,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: BTreeMap<String, serde_json::Value>,
}

/// The layers of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type", deserialize_with = "null_as_default")]
    pub kind: String,
    /// The diff IDs from the lowest layer to the top.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub diff_ids: Vec<DiffId>,
}

/// One step in the making of an image.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryEntry {
    /// When the step ran.
    #[serde(with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    /// Who ran it.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub author: String,
    /// The command or instruction.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub created_by: String,
    /// A free text.
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub comment: String,
    /// The step changed only the configuration.
    #[serde(skip_serializing_if = "is_false", deserialize_with = "null_as_default")]
    pub empty_layer: bool,
}

/// A set in Go's JSON form: `{"80/tcp": {}}`.
pub type Set = BTreeMap<String, Empty>;

/// The value of a member of a [`Set`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Empty {}

/// The defaults of a container: Docker's `ContainerConfig`, durations in
/// nanoseconds.
#[allow(
    missing_docs,
    reason = "the fields are those of Docker's ContainerConfig"
)]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct RunConfig {
    #[serde(deserialize_with = "null_as_default")]
    pub hostname: String,
    #[serde(deserialize_with = "null_as_default")]
    pub domainname: String,
    #[serde(deserialize_with = "null_as_default")]
    pub user: String,
    #[serde(deserialize_with = "null_as_default")]
    pub attach_stdin: bool,
    #[serde(deserialize_with = "null_as_default")]
    pub attach_stdout: bool,
    #[serde(deserialize_with = "null_as_default")]
    pub attach_stderr: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exposed_ports: Option<Set>,
    #[serde(deserialize_with = "null_as_default")]
    pub tty: bool,
    #[serde(deserialize_with = "null_as_default")]
    pub open_stdin: bool,
    #[serde(deserialize_with = "null_as_default")]
    pub stdin_once: bool,
    pub env: Option<Vec<String>>,
    #[serde(deserialize_with = "text_or_list")]
    pub cmd: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    #[serde(skip_serializing_if = "is_false", deserialize_with = "null_as_default")]
    pub args_escaped: bool,
    #[serde(deserialize_with = "null_as_default")]
    pub image: String,
    pub volumes: Option<Set>,
    #[serde(deserialize_with = "null_as_default")]
    pub working_dir: String,
    #[serde(deserialize_with = "text_or_list")]
    pub entrypoint: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_false", deserialize_with = "null_as_default")]
    pub network_disabled: bool,
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub mac_address: String,
    pub on_build: Option<Vec<String>>,
    pub labels: Option<BTreeMap<String, String>>,
    #[serde(
        skip_serializing_if = "String::is_empty",
        deserialize_with = "null_as_default"
    )]
    pub stop_signal: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<i64>,
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text_or_list"
    )]
    pub shell: Option<Vec<String>>,
}

/// How to find out whether a container works; durations in nanoseconds, 0
/// inherits.
#[allow(missing_docs, reason = "the fields are those of Docker's HealthConfig")]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Healthcheck {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test: Option<Vec<String>>,
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "null_as_default")]
    pub interval: i64,
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "null_as_default")]
    pub timeout: i64,
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "null_as_default")]
    pub start_period: i64,
    #[serde(skip_serializing_if = "is_zero", deserialize_with = "null_as_default")]
    pub retries: i64,
}

impl Default for RootFs {
    fn default() -> Self {
        Self {
            kind: "layers".to_owned(),
            diff_ids: Vec::new(),
        }
    }
}

/// This machine's architecture in Go's words.
pub fn host_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}

fn is_false(value: &bool) -> bool {
    !*value
}

fn is_zero(value: &i64) -> bool {
    *value == 0
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Old images hold a command as one text instead of a list.
fn text_or_list<'de, D>(deserializer: D) -> Result<Option<Vec<String>>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        List(Vec<String>),
    }
    Ok(match Option::<Either>::deserialize(deserializer)? {
        None => None,
        Some(Either::Text(text)) => Some(vec![text]),
        Some(Either::List(list)) => Some(list),
    })
}

/// Go's RFC 3339 with as many fractional digits as needed.
pub mod rfc3339 {
    use super::{Deserialize, Deserializer, Timestamp};
    use serde::Serializer;

    /// Writes a time, or `null`.
    pub fn serialize<S: Serializer>(
        time: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => serializer.collect_str(time),
            None => serializer.serialize_none(),
        }
    }

    /// Reads a time, or `null`.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        match Option::<String>::deserialize(deserializer)? {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(serde::de::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_and_unknown_fields_are_read_and_kept() {
        let text = r#"{"architecture":"amd64","config":{"Cmd":"ls","Env":null,"Labels":null},
            "history":null,"os":"linux","rootfs":{"type":"layers","diff_ids":null},
            "created":"2024-05-06T07:08:09.12Z","moby.buildkit.cache.v0":"x","container_config":null}"#;
        let config: ImageConfig = serde_json::from_str(text).unwrap();
        assert_eq!(config.config.cmd, Some(vec!["ls".to_owned()]));
        assert_eq!(
            config.created.unwrap().to_string(),
            "2024-05-06T07:08:09.12Z"
        );
        let again: ImageConfig =
            serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
        assert_eq!(again, config);
        assert_eq!(again.extra["moby.buildkit.cache.v0"], "x");
        let empty: ImageConfig = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, ImageConfig::default());
    }

    #[test]
    fn the_run_configuration_has_dockerd_s_field_names_and_presence() {
        let config = RunConfig {
            exposed_ports: Some(Set::from([("80/tcp".to_owned(), Empty {})])),
            ..RunConfig::default()
        };
        assert_eq!(
            serde_json::to_string(&config).unwrap(),
            r#"{"Hostname":"","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"ExposedPorts":{"80/tcp":{}},"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,"Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":null}"#
        );
    }

    #[test]
    fn broken_configurations_are_errors() {
        for text in [
            "",
            "[]",
            "null",
            r#"{"rootfs":{"diff_ids":["sha256:../x"]}}"#,
            r#"{"created":"yesterday"}"#,
            r#"{"config":{"Env":[1]}}"#,
            r#"{"history":{}}"#,
        ] {
            assert!(serde_json::from_str::<ImageConfig>(text).is_err(), "{text}");
        }
    }
}
