//! `/dev`: a file system of our own, filled before anybody can see it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{self, AtFlags, FileType, Gid, Mode, Uid};
use rustix::io::Errno;

use crate::cgroup::devices::{DeviceKind, Rule};
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::mounts::{self, NOSUID, STRICTATIME};
use crate::path;
use crate::spec::{DeviceSpec, NodeKind};

/// Character devices every container has: name, major, minor.
const NODES: [(&str, u32, u32); 6] = [
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
];

/// Links every container has: name, what it points to.
const LINKS: [(&str, &str); 5] = [
    ("ptmx", "pts/ptmx"),
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

const DIRECTORIES: [&str; 3] = ["pts", "shm", "mqueue"];

/// A device found on the host, to be made in the container.
#[derive(Debug)]
pub(crate) struct Node {
    target: PathBuf,
    kind: FileType,
    device: u64,
    mode: Mode,
    owner: (Uid, Gid),
    permissions: String,
}

impl Node {
    /// What the container may do with the device.
    pub(crate) fn rule(&self) -> Rule {
        let kind = if self.kind == FileType::BlockDevice {
            DeviceKind::Block
        } else {
            DeviceKind::Char
        };
        let (major, minor) = (fs::major(self.device), fs::minor(self.device));
        Rule::device(kind, major, minor, &self.permissions)
    }
}

/// Looks up the devices asked for on the host, directories recursively. Must
/// come before the container's root becomes the process's.
pub(crate) fn find(devices: &[DeviceSpec]) -> Result<Vec<Node>, CreateError> {
    let mut nodes = Vec::new();
    for device in devices {
        gather(device, &mut nodes)
            .step(|| {
                format!(
                    "error gathering device information while adding custom device \"{}\"",
                    device.source.display()
                )
            })
            .map_err(|error| error.of_kind(CreateErrorKind::NoDevice))?;
    }
    Ok(nodes)
}

/// Adds what a device stands for: at least one node.
fn gather(device: &DeviceSpec, nodes: &mut Vec<Node>) -> io::Result<()> {
    let target = Path::new("/").join(&device.target);
    let wanted = device.node;
    let before = nodes.len();
    match (wanted.kind, wanted.number) {
        (Some(kind), Some(number)) => nodes.push(Node {
            target,
            kind: file_type(kind),
            device: fs::makedev(number.major, number.minor),
            mode: Mode::from_raw_mode(0o666),
            owner: (Uid::ROOT, Gid::ROOT),
            permissions: device.permissions.clone(),
        }),
        _ => collect(&device.source, &target, &device.permissions, nodes)?,
    }
    if nodes.len() == before {
        return Err(no_node());
    }
    for node in &mut nodes[before..] {
        if wanted.kind.is_some_and(|kind| file_type(kind) != node.kind) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the host's node is of another type",
            ));
        }
        if let Some(number) = wanted.number {
            node.device = fs::makedev(number.major, number.minor);
        }
        if let Some(mode) = wanted.mode {
            node.mode = Mode::from_raw_mode(mode & 0o7777);
        }
        let (uid, gid) = node.owner;
        node.owner = (
            wanted.uid.map_or(uid, Uid::from_raw),
            wanted.gid.map_or(gid, Gid::from_raw),
        );
    }
    Ok(())
}

fn file_type(kind: NodeKind) -> FileType {
    match kind {
        NodeKind::Block => FileType::BlockDevice,
        NodeKind::Char => FileType::CharacterDevice,
    }
}

fn no_node() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a device node")
}

fn collect(
    source: &Path,
    target: &Path,
    permissions: &str,
    nodes: &mut Vec<Node>,
) -> io::Result<()> {
    let status = fs::stat(source)?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory => {
            for entry in std::fs::read_dir(source)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                let below = target.join(entry.file_name());
                // What is mounted in /dev has its own mounts in a container,
                // and links would be found twice.
                let special = ["pts", "shm", "fd", "mqueue", "console"]
                    .iter()
                    .any(|name| source == Path::new("/dev") && entry.file_name() == *name);
                if kind.is_dir() && !special {
                    collect(&entry.path(), &below, permissions, nodes)?;
                } else if !kind.is_dir() && !kind.is_symlink() && !special {
                    // Sockets and logs are not devices.
                    match collect(&entry.path(), &below, permissions, nodes) {
                        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
                        other => other?,
                    }
                }
            }
            Ok(())
        }
        kind @ (FileType::CharacterDevice | FileType::BlockDevice) => {
            nodes.push(Node {
                target: target.to_owned(),
                kind,
                device: status.st_rdev,
                mode: Mode::from_raw_mode(status.st_mode),
                owner: (Uid::from_raw(status.st_uid), Gid::from_raw(status.st_gid)),
                permissions: permissions.to_owned(),
            });
            Ok(())
        }
        _ => Err(no_node()),
    }
}

/// Builds the detached `/dev` with its standard nodes, links and directories,
/// and those of `nodes` that lie in it. With `console` there is a place for
/// the terminal to be mounted on.
pub(crate) fn build(nodes: &[Node], console: bool) -> io::Result<OwnedFd> {
    let dev = mounts::new(
        "tmpfs",
        "tmpfs",
        &[("mode", "755"), ("size", "65536k")],
        NOSUID | STRICTATIME,
    )?;
    for (name, major, minor) in NODES {
        let device = fs::makedev(major, minor);
        let mode = Mode::from_raw_mode(0o666);
        fs::mknodat(&dev, name, FileType::CharacterDevice, mode, device)?;
    }
    for (name, target) in LINKS {
        fs::symlinkat(target, &dev, name)?;
    }
    if fs::access("/proc/kcore", fs::Access::EXISTS).is_ok() {
        fs::symlinkat("/proc/kcore", &dev, "core")?;
    }
    for name in DIRECTORIES {
        fs::mkdirat(&dev, name, Mode::from_raw_mode(0o755))?;
    }
    if console {
        path::make_file(&dev, "/console")?;
    }
    for node in nodes {
        if let Ok(inside) = node.target.strip_prefix("/dev") {
            make_node(&dev, inside, node)?;
        }
    }
    Ok(dev)
}

/// Makes those of `nodes` that lie outside `/dev` in the container's root.
pub(crate) fn make_elsewhere(root: impl AsFd, nodes: &[Node]) -> io::Result<()> {
    for node in nodes.iter().filter(|node| !node.target.starts_with("/dev")) {
        make_node(&root, &node.target, node)?;
    }
    Ok(())
}

fn make_node(root: impl AsFd, place: &Path, node: &Node) -> io::Result<()> {
    let plain = place
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::RootDir));
    let (Some(name), true) = (place.file_name(), plain) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let parent = path::make_dir(&root, place.parent().unwrap_or(Path::new("/")))?;
    // A device of the same name replaces a standard one.
    match fs::unlinkat(&parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(error) => return Err(error.into()),
    }
    fs::mknodat(&parent, name, node.kind, node.mode, node.device)?;
    let (uid, gid) = node.owner;
    fs::chownat(
        &parent,
        name,
        Some(uid),
        Some(gid),
        AtFlags::SYMLINK_NOFOLLOW,
    )?;
    Ok(())
}
