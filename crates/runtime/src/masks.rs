//! Paths of `/proc` and `/sys` that a container must not read, or not write.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{self, FileType, Mode, OFlags};

use crate::error::{CreateError, Step};
use crate::mounts::{self, NOSUID, RDONLY};
use crate::path;

/// Paths masked unless the user says otherwise, besides those of
/// [`default_masked`] that depend on the machine.
const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

/// Paths read-only unless the user says otherwise.
pub const DEFAULT_READONLY: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// What stays read-only along with those, wherever any do. Other engines leave
/// it to an AppArmor profile, which not every machine has.
const ALSO_READONLY: [&str; 1] = ["/proc/dynamic_debug"];

/// Paths masked unless the user says otherwise: what tells about or reaches
/// the machine itself.
pub fn default_masked() -> Vec<String> {
    let thermal = (0..possible_cpus())
        .map(|cpu| format!("/sys/devices/system/cpu/cpu{cpu}/thermal_throttle"));
    MASKED
        .iter()
        .map(ToString::to_string)
        .chain(thermal)
        .collect()
}

fn possible_cpus() -> u32 {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
    text.trim()
        .rsplit(['-', ','])
        .next()
        .and_then(|last| last.parse::<u32>().ok())
        .map_or(0, |last| last + 1)
}

/// Sources of masks: one null device and one empty directory, in a file system
/// that no container can reach by name and so none can replace.
#[derive(Debug)]
pub(crate) struct Masks {
    file: OwnedFd,
    directory: OwnedFd,
}

impl Masks {
    /// Makes the sources in a file system attached on `place`, a directory of
    /// the root that is about to be left.
    pub(crate) fn build(place: impl AsFd) -> io::Result<Self> {
        let home = mounts::new("tmpfs", "tmpfs", &[("mode", "755")], NOSUID)?;
        let mode = Mode::from_raw_mode(0o666);
        let null = fs::makedev(1, 3);
        fs::mknodat(&home, "null", FileType::CharacterDevice, mode, null)?;
        fs::mkdirat(&home, "empty", Mode::from_raw_mode(0o1777))?;
        mounts::attach(&home, place)?;
        let open = |name| fs::openat(&home, name, OFlags::PATH | OFlags::CLOEXEC, Mode::empty());
        Ok(Self {
            file: open("null")?,
            directory: open("empty")?,
        })
    }

    /// Hides `path`, where it exists, below the container's `root`.
    pub(crate) fn mask(&self, root: impl AsFd, path: &str) -> Result<(), CreateError> {
        let step = || format!("mask path \"{path}\"");
        let Some(target) = find(root, path).step(step)? else {
            return Ok(());
        };
        let status = fs::fstat(&target).step(step)?;
        let directory = FileType::from_raw_mode(status.st_mode) == FileType::Directory;
        let source = if directory {
            &self.directory
        } else {
            &self.file
        };
        let mask = mounts::clone_at(source, false).step(step)?;
        if directory {
            mounts::restrict(&mask, false, RDONLY).step(step)?;
        }
        mounts::attach(&mask, &target).step(step)
    }
}

/// Makes `paths`, where they exist, and all mounted below them read-only.
pub(crate) fn make_all_readonly(root: impl AsFd, paths: &[String]) -> Result<(), CreateError> {
    let also = ALSO_READONLY.iter().filter(|_| !paths.is_empty());
    paths
        .iter()
        .map(String::as_str)
        .chain(also.copied())
        .try_for_each(|path| make_readonly(&root, path))
}

fn make_readonly(root: impl AsFd, path: &str) -> Result<(), CreateError> {
    let step = || format!("make path \"{path}\" read-only");
    let Some(target) = find(root, path).step(step)? else {
        return Ok(());
    };
    let tree = mounts::clone_at(&target, true).step(step)?;
    mounts::restrict(&tree, true, RDONLY).step(step)?;
    mounts::attach(&tree, &target).step(step)
}

/// Opens `path`, unless it is missing. Nothing below `/proc` and `/sys` is
/// reached through a link; elsewhere links are the image's business.
fn find(root: impl AsFd, path: &str) -> io::Result<Option<OwnedFd>> {
    let kernel = ["/proc", "/sys"].iter().any(|top| {
        path.strip_prefix(top)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let opened = if kernel {
        path::open_plain(root, path, OFlags::PATH)
    } else {
        path::open_in(root, path, OFlags::PATH)
    };
    match opened {
        Ok(target) => Ok(Some(target)),
        Err(error) if path::is_missing(&error) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error),
    }
}
