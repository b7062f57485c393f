//! One file that describes devices of one kind. The format is that of the
//! Container Device Interface, <https://github.com/cncf-tags/container-device-interface>.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::name;

/// Versions of the format that are understood.
const VERSIONS: [&str; 10] = [
    "0.1.0", "0.2.0", "0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0",
];

/// A file. A field that nobody knows makes it unusable: it would change what
/// the device needs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct File {
    /// Where it was read.
    #[serde(skip)]
    pub(super) path: PathBuf,
    cdi_version: String,
    /// `vendor.com/class`
    pub(super) kind: String,
    #[serde(default, rename = "annotations")]
    _annotations: BTreeMap<String, String>,
    /// At least one.
    pub(super) devices: Vec<Device>,
    /// What each container gets that has one of the devices.
    #[serde(default, rename = "containerEdits")]
    pub(super) edits: Edits,
}

/// A device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Device {
    /// Its name within the kind.
    pub(super) name: String,
    #[serde(default, rename = "annotations")]
    _annotations: BTreeMap<String, String>,
    /// What the container gets.
    #[serde(rename = "containerEdits")]
    pub(super) edits: Edits,
}

/// What is added to a container.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Edits {
    /// Variables, `NAME=value`.
    pub(super) env: Vec<String>,
    /// Nodes.
    pub(super) device_nodes: Vec<DeviceNode>,
    /// Mounts.
    pub(super) mounts: Vec<CdiMount>,
    /// Supplementary groups.
    pub(super) additional_gids: Vec<u32>,
    hooks: Vec<Hook>,
    intel_rdt: Option<Value>,
    net_devices: Vec<Value>,
}

/// A device node.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DeviceNode {
    /// Where it is in the container.
    pub(super) path: String,
    /// Where it is on the host; the same place if not given.
    #[serde(default)]
    pub(super) host_path: String,
    /// `b`, `c` or `u`; that of the host's node if not given.
    #[serde(default)]
    pub(super) r#type: String,
    /// With the type: the numbers. Those of the host's node if zero.
    #[serde(default)]
    pub(super) major: u32,
    #[serde(default)]
    pub(super) minor: u32,
    /// Permission bits.
    pub(super) file_mode: Option<u32>,
    /// Letters of `rwm`, all if not given.
    #[serde(default)]
    pub(super) permissions: String,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
}

/// A mount.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CdiMount {
    pub(super) host_path: String,
    pub(super) container_path: String,
    #[serde(default)]
    pub(super) options: Vec<String>,
    #[serde(default)]
    pub(super) r#type: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Hook {
    hook_name: String,
    path: String,
    #[serde(default, rename = "args")]
    _args: Vec<String>,
    #[serde(default, rename = "env")]
    _env: Vec<String>,
    #[serde(rename = "timeout")]
    _timeout: Option<i64>,
}

impl File {
    /// Reads and checks a file, JSON or YAML by its name.
    pub(super) fn read(path: &Path) -> Result<File, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let json = path.extension().is_some_and(|kind| kind == "json");
        let mut file = File::parse(&text, json)?;
        file.path = path.to_owned();
        Ok(file)
    }

    /// Reads and checks the text of a file.
    pub(super) fn parse(text: &str, json: bool) -> Result<File, String> {
        let file: File = if json {
            serde_json::from_str(text).map_err(|error| error.to_string())?
        } else {
            serde_yaml_ng::from_str(text).map_err(|error| error.to_string())?
        };
        file.check()?;
        Ok(file)
    }

    fn check(&self) -> Result<(), String> {
        let version = self.cdi_version.trim_start_matches('v');
        if !VERSIONS.contains(&version) {
            return Err(format!("invalid CDI version \"{}\"", self.cdi_version));
        }
        name::check_kind(&self.kind)?;
        if self.devices.is_empty() {
            return Err("no devices".into());
        }
        self.edits.check()?;
        let mut names = BTreeSet::new();
        for device in &self.devices {
            name::check_device(&device.name)?;
            if !names.insert(&device.name) {
                return Err(format!("multiple device \"{}\"", device.name));
            }
            let named = |reason| format!("device \"{}\": {reason}", device.name);
            if device.edits.is_empty() {
                return Err(named("empty device edits".into()));
            }
            device.edits.check().map_err(named)?;
        }
        Ok(())
    }
}

impl Edits {
    /// Refuses what this engine does not do: it runs no programs of others
    /// while a container is set up, and has no control over caches.
    pub(super) fn check_supported(&self) -> Result<(), String> {
        if let Some(hook) = self.hooks.first() {
            return Err(format!(
                "hooks are not supported: {} {}",
                hook.hook_name, hook.path
            ));
        }
        if self.intel_rdt.is_some() {
            return Err("intelRdt is not supported".into());
        }
        if !self.net_devices.is_empty() {
            return Err("netDevices are not supported".into());
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.env.is_empty()
            && self.device_nodes.is_empty()
            && self.mounts.is_empty()
            && self.additional_gids.is_empty()
            && self.hooks.is_empty()
            && self.intel_rdt.is_none()
            && self.net_devices.is_empty()
    }

    fn check(&self) -> Result<(), String> {
        for variable in &self.env {
            if variable.find('=').is_none_or(|place| place == 0) {
                return Err(format!("invalid environment variable \"{variable}\""));
            }
        }
        for node in &self.device_nodes {
            node.check()?;
        }
        for mount in &self.mounts {
            if mount.host_path.is_empty() {
                return Err("invalid mount, empty host path".into());
            }
            if !mount.container_path.starts_with('/') {
                return Err(format!(
                    "invalid mount, container path \"{}\" is not absolute",
                    mount.container_path
                ));
            }
        }
        Ok(())
    }
}

impl DeviceNode {
    fn check(&self) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("device \"{}\": invalid {what}", self.path));
        if !self.path.starts_with('/') {
            return wrong("path");
        }
        if !self.host_path.is_empty() && !self.host_path.starts_with('/') {
            return wrong("host path");
        }
        if !matches!(self.r#type.as_str(), "" | "b" | "c" | "u" | "p") {
            return wrong(&format!("type \"{}\"", self.r#type));
        }
        if !self.permissions.bytes().all(|bit| b"rwm".contains(&bit)) {
            return wrong(&format!("permissions \"{}\"", self.permissions));
        }
        Ok(())
    }
}
