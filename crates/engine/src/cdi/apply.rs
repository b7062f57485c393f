//! What a device's file says, added to a container's specification.

use std::path::{Path, PathBuf};

use longshore_runtime::spec::{
    ContainerSpec, DeviceNumber, DeviceSpec, MountKind, MountSpec, NodeKind, NodeSpec, Propagation,
    Restrictions,
};

use super::file::{CdiMount, DeviceNode, Edits};
use crate::container::plan::merge_environment;
use crate::container::plan::mounts::parse_propagation;

/// What a container gets with its devices.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Additions {
    env: Vec<String>,
    devices: Vec<DeviceSpec>,
    mounts: Vec<MountSpec>,
    groups: Vec<String>,
}

impl Additions {
    /// Adds edits. Later ones win over earlier ones.
    pub(super) fn add(&mut self, edits: &Edits) -> Result<(), String> {
        edits.check_supported()?;
        merge_environment(&mut self.env, &edits.env);
        for node in &edits.device_nodes {
            put_device(&mut self.devices, device(node)?);
        }
        for mount in &edits.mounts {
            put_mount(&mut self.mounts, mount_of(mount)?);
        }
        // Nobody gets root's group by a device.
        let groups = edits.additional_gids.iter().filter(|gid| **gid != 0);
        self.groups.extend(groups.map(u32::to_string));
        Ok(())
    }

    /// Gives them to a container; they win over what it has.
    pub(crate) fn give(self, spec: &mut ContainerSpec) {
        if self == Additions::default() {
            return;
        }
        merge_environment(&mut spec.process.env, &self.env);
        spec.process.groups.extend(self.groups);
        for device in self.devices {
            put_device(&mut spec.devices, device);
        }
        for mount in self.mounts {
            put_mount(&mut spec.mounts, mount);
        }
        // Outer mounts come before those below them.
        spec.mounts
            .sort_by_key(|mount| Path::new(&mount.target).components().count());
    }
}

fn put_device(devices: &mut Vec<DeviceSpec>, device: DeviceSpec) {
    devices.retain(|known| known.target != device.target);
    devices.push(device);
}

fn put_mount(mounts: &mut Vec<MountSpec>, mount: MountSpec) {
    mounts.retain(|known| known.target != mount.target);
    mounts.push(mount);
}

fn device(node: &DeviceNode) -> Result<DeviceSpec, String> {
    let kind = match node.r#type.as_str() {
        "" => None,
        "b" => Some(NodeKind::Block),
        "c" | "u" => Some(NodeKind::Char),
        other => {
            return Err(format!(
                "device \"{}\": nodes of type {other} are not supported",
                node.path
            ));
        }
    };
    let given = |text: &str, default: &str| match text {
        "" => default.to_owned(),
        text => text.to_owned(),
    };
    Ok(DeviceSpec {
        source: PathBuf::from(given(&node.host_path, &node.path)),
        target: node.path.clone(),
        permissions: given(&node.permissions, "rwm"),
        node: NodeSpec {
            kind,
            number: (node.major != 0).then_some(DeviceNumber {
                major: node.major,
                minor: node.minor,
            }),
            mode: node.file_mode,
            uid: node.uid,
            gid: node.gid,
        },
    })
}

fn mount_of(mount: &CdiMount) -> Result<MountSpec, String> {
    let wrong = |what: &str| Err(format!("mount \"{}\": {what}", mount.container_path));
    if !matches!(mount.r#type.as_str(), "" | "none" | "bind") {
        return wrong(&format!("type {} is not supported", mount.r#type));
    }
    if !mount.host_path.starts_with('/') {
        return wrong(&format!("host path {} is not absolute", mount.host_path));
    }
    let mut readonly = false;
    let mut recursive = false;
    let mut restrictions = Restrictions::default();
    let mut propagation = Propagation::Rprivate;
    for option in &mount.options {
        match option.as_str() {
            "ro" => readonly = true,
            "rw" => readonly = false,
            "bind" => recursive = false,
            "rbind" => recursive = true,
            "nosuid" => restrictions.nosuid = true,
            "nodev" => restrictions.nodev = true,
            "noexec" => restrictions.noexec = true,
            "suid" => restrictions.nosuid = false,
            "dev" => restrictions.nodev = false,
            "exec" => restrictions.noexec = false,
            other => match parse_propagation(other) {
                Some(given) => propagation = given,
                None => return wrong(&format!("option {other} is not supported")),
            },
        }
    }
    Ok(MountSpec {
        target: mount.container_path.clone(),
        kind: MountKind::Bind {
            source: PathBuf::from(&mount.host_path),
            recursive,
            readonly_recursive: false,
            restrictions,
            propagation,
        },
        readonly,
    })
}
