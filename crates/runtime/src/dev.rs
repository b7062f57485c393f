//! `/dev`: a file system of our own, filled before anybody can see it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

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

/// Where other file systems are mounted.
const DIRECTORIES: [&str; 3] = ["pts", "shm", "mqueue"];

/// What of the host's `/dev` is never a container's: it has its own, or nobody
/// but the host's programs knows what it is.
const OWN: [&str; 8] = [
    "pts",
    "shm",
    "fd",
    "mqueue",
    "console",
    ".lxc",
    ".lxd-mounts",
    ".udev",
];

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
    /// Whether it belongs in the `/dev` of [`build`].
    fn is_in_dev(&self) -> bool {
        self.target.strip_prefix("/dev").is_ok_and(|below| {
            let first = below.components().next();
            first.is_some_and(|first| !DIRECTORIES.iter().any(|own| first.as_os_str() == *own))
        })
    }

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
            .map_err(|error| error.of_kind(CreateErrorKind::Device))?;
    }
    Ok(nodes)
}

/// Adds what a device stands for: at least one node.
fn gather(device: &DeviceSpec, nodes: &mut Vec<Node>) -> io::Result<()> {
    let target = path::normal(&device.target);
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
    if device.permissions.is_empty() {
        return Err(invalid("device access cannot be empty"));
    }
    for node in &mut nodes[before..] {
        if wanted.kind.is_some_and(|kind| file_type(kind) != node.kind) {
            return Err(invalid("the host's node is of another type"));
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

fn is_nothing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidInput | io::ErrorKind::NotFound
    )
}

fn no_node() -> io::Error {
    invalid("not a device node")
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

fn collect(
    source: &Path,
    target: &Path,
    permissions: &str,
    nodes: &mut Vec<Node>,
) -> io::Result<()> {
    let status = match fs::stat(source) {
        // A link that leads nowhere.
        Err(Errno::NOENT) if fs::lstat(source).is_ok() => return Err(no_node()),
        other => other?,
    };
    match FileType::from_raw_mode(status.st_mode) {
        FileType::Directory => {
            for entry in std::fs::read_dir(source)? {
                let entry = entry?;
                let name = entry.file_name();
                let kind = entry.file_type()?;
                // Links would be found twice.
                let own = source == Path::new("/dev") && OWN.iter().any(|own| name == *own);
                if own || kind.is_symlink() {
                    continue;
                }
                match collect(&entry.path(), &target.join(&name), permissions, nodes) {
                    // Sockets and logs are no devices, and devices come and go.
                    Err(error) if !kind.is_dir() && is_nothing(&error) => {}
                    other => other?,
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
    for name in DIRECTORIES {
        fs::mkdirat(&dev, name, Mode::from_raw_mode(0o755))?;
    }
    if console {
        path::make_file(&dev, "/console")?;
    }
    // Who comes first stays: the container's own terminals, what the user asks
    // for, then what everybody has.
    let (ptmx, links) = LINKS.split_at(1);
    make_links(&dev, ptmx)?;
    for node in nodes.iter().filter(|node| node.is_in_dev()) {
        make_node(
            &dev,
            node.target.strip_prefix("/dev").unwrap_or(&node.target),
            node,
        )?;
    }
    for (name, major, minor) in NODES {
        let device = fs::makedev(major, minor);
        let mode = Mode::from_raw_mode(0o666);
        unless_there(fs::mknodat(
            &dev,
            name,
            FileType::CharacterDevice,
            mode,
            device,
        ))?;
    }
    make_links(&dev, links)?;
    if fs::access("/proc/kcore", fs::Access::EXISTS).is_ok() {
        make_links(&dev, &[("core", "/proc/kcore")])?;
    }
    Ok(dev)
}

/// Makes those of `nodes` that lie outside this `/dev`, in the container's root
/// or in what is mounted there.
pub(crate) fn make_elsewhere(root: impl AsFd, nodes: &[Node]) -> Result<(), CreateError> {
    for node in nodes.iter().filter(|node| !node.is_in_dev()) {
        make_node(&root, &node.target, node)
            .step(|| format!("make device \"{}\"", node.target.display()))?;
    }
    Ok(())
}

fn make_links(dev: impl AsFd, links: &[(&str, &str)]) -> io::Result<()> {
    for (name, target) in links {
        unless_there(fs::symlinkat(*target, &dev, *name))?;
    }
    Ok(())
}

/// Makes a node unless something else is there: what an image has stays as it
/// is.
fn make_node(root: impl AsFd, place: &Path, node: &Node) -> io::Result<()> {
    let Some(name) = place.file_name() else {
        return Ok(());
    };
    let parent = path::make_dir(&root, place.parent().unwrap_or(Path::new("/")))?;
    if unless_there(fs::mknodat(
        &parent,
        name,
        node.kind,
        node.mode,
        node.device,
    ))? {
        let (uid, gid) = node.owner;
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        fs::chownat(&parent, name, Some(uid), Some(gid), flags)?;
    }
    Ok(())
}

/// Whether it was made; that something is there already is no error.
fn unless_there(made: rustix::io::Result<()>) -> io::Result<bool> {
    match made {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
