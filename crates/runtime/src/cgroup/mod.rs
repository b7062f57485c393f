//! Control groups: one interface over version 1, hybrid and version 2.
//!
//! Which version is in force is what the machine has mounted. A container has
//! one [`Cgroup`], which is a directory in each version 1 hierarchy, one in the
//! version 2 tree, or both (hybrid: the version 2 tree has no controllers then,
//! but it can be born into and killed as a whole).

pub mod devices;
mod dir;
pub(crate) mod entrance;
pub mod layout;
pub(crate) mod oom;
pub mod usage;
mod v1;
mod v2;

use std::fmt::Debug;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use crate::error::{CreateError, CreateErrorKind};
use crate::spec::{CgroupSpec, Resources};
use devices::Rule;
use dir::Dir;
use entrance::Birthplace;
use layout::Layout;
use oom::OomWatch;
use usage::Usage;

/// The control group of one container.
#[derive(Debug)]
pub struct Cgroup {
    backend: Box<dyn Backend>,
    /// For those who are born among others.
    birthplace: Birthplace,
}

/// What a version of cgroups must be able to do.
trait Backend: Debug + Send + Sync {
    /// A directory to be born in, by `CLONE_INTO_CGROUP`.
    fn birthplace(&self) -> Option<BorrowedFd<'_>>;
    /// Files that the single-threaded process that writes "0" to them moves in
    /// by, in this order.
    fn doors(&self) -> io::Result<Vec<OwnedFd>>;
    /// Where each hierarchy's directory of this group is shown in a container:
    /// name below `/sys/fs/cgroup`, directory on the host.
    fn views(&self) -> Vec<(String, PathBuf)>;
    /// The directories whose parameters are limits.
    fn directories(&self) -> Vec<&Dir>;
    /// Changes limits.
    fn update(&self, resources: &Resources) -> Result<(), CreateError>;
    /// Refuses all devices but those of `rules`.
    fn allow_devices(&self, rules: &[Rule]) -> Result<(), CreateError>;
    /// Processes in the group, as the caller's pid namespace numbers them.
    fn pids(&self) -> io::Result<Vec<i32>>;
    /// Kills all processes at once, if the kernel can.
    fn kill(&self) -> io::Result<()>;
    /// Stops or continues all processes, and waits for it.
    fn freeze(&self, frozen: bool) -> io::Result<()>;
    /// How often the kernel has killed for lack of memory.
    fn oom_kills(&self) -> io::Result<u64>;
    /// Something to poll for the want of memory.
    fn watch_oom(&self) -> io::Result<Option<OomWatch>>;
    /// Counters. One that cannot be read is zero.
    fn usage(&self) -> Usage;
    /// Removes the directories; `EBUSY` while processes are left.
    fn remove(&self) -> io::Result<()>;
}

impl Cgroup {
    /// Makes the group `<parent>/<id>` with its limits, allowing the devices
    /// of `rules` besides those of the specification.
    pub fn create(spec: &CgroupSpec, id: &str, rules: &[Rule]) -> Result<Self, CreateError> {
        let group = Self::directories(&place(spec, id)?)?;
        match group.limit(spec, rules) {
            Ok(()) => Ok(group),
            Err(error) => {
                // The first error is the one worth telling.
                let _ = group.backend.remove();
                Err(error)
            }
        }
    }

    /// The directories of the group at `path`, made where they are missing.
    fn directories(path: &Path) -> Result<Self, CreateError> {
        let layout = Layout::current()
            .map_err(|error| CreateError::new(CreateErrorKind::Other, error.to_string()))?;
        let backend: Box<dyn Backend> = match layout {
            Layout::V1 {
                hierarchies,
                unified,
            } => Box::new(v1::Group::create(hierarchies, unified.as_deref(), path)?),
            Layout::V2 { root } => Box::new(v2::Group::create(root, path)?),
        };
        Ok(Self {
            backend,
            birthplace: Birthplace::default(),
        })
    }

    /// The group `<parent>/<id>` that another process made and may have left
    /// half made: to kill what is in it and to remove it.
    pub fn open(parent: &str, id: &str) -> io::Result<Self> {
        let spec = CgroupSpec {
            parent: parent.to_owned(),
            ..CgroupSpec::default()
        };
        let group = place(&spec, id).and_then(|path| Self::directories(&path));
        group.map_err(io::Error::other)
    }

    /// The group `<parent>/<id>`, which must be there: to look at it.
    ///
    /// # Errors
    ///
    /// `NotFound` when any of its directories is gone.
    pub fn find(parent: &str, id: &str) -> io::Result<Self> {
        let spec = CgroupSpec {
            parent: parent.to_owned(),
            ..CgroupSpec::default()
        };
        let path = place(&spec, id).map_err(io::Error::other)?;
        let backend: Box<dyn Backend> = match Layout::current().map_err(io::Error::other)? {
            Layout::V1 {
                hierarchies,
                unified,
            } => Box::new(v1::Group::open(hierarchies, unified.as_deref(), &path)?),
            Layout::V2 { root } => Box::new(v2::Group::open(root, &path)?),
        };
        Ok(Self {
            backend,
            birthplace: Birthplace::default(),
        })
    }

    fn limit(&self, spec: &CgroupSpec, rules: &[Rule]) -> Result<(), CreateError> {
        self.backend.update(&spec.resources)?;
        if spec.all_devices {
            return Ok(());
        }
        let mut all = Rule::defaults();
        for text in &spec.device_rules {
            all.push(text.parse().map_err(|error: devices::InvalidRule| {
                CreateError::new(CreateErrorKind::Device, error.to_string())
            })?);
        }
        all.extend_from_slice(rules);
        self.backend.allow_devices(&all)
    }

    /// Changes limits while processes run: all of them, or none when one is
    /// refused.
    pub fn update(&self, resources: &Resources) -> Result<(), CreateError> {
        let directories = self.backend.directories();
        for dir in &directories {
            dir.begin();
        }
        let outcome = self.backend.update(resources);
        for dir in directories.iter().rev() {
            dir.end(outcome.is_err());
        }
        outcome
    }

    /// Processes in the group, as the caller's pid namespace numbers them.
    pub fn pids(&self) -> io::Result<Vec<i32>> {
        self.backend.pids()
    }

    /// Stops all processes, and waits until they stand still.
    pub fn freeze(&self) -> io::Result<()> {
        self.backend.freeze(true)
    }

    /// Lets all processes go on.
    pub fn thaw(&self) -> io::Result<()> {
        self.backend.freeze(false)
    }

    /// Kills all processes, also those made while it is at it. They may take a
    /// moment to be gone.
    pub fn kill_all(&self) -> io::Result<()> {
        match self.backend.kill() {
            Ok(()) => return Ok(()),
            // The group is gone, and so are its processes.
            Err(error) if crate::path::is_missing(&error) => return Ok(()),
            Err(error) => drop(error),
        }
        // Without cgroup.kill (before Linux 5.14): frozen processes cannot
        // run away, and die when thawed. A group without a freezer is killed
        // until nobody is left.
        let frozen = self.freeze().is_ok();
        for pid in self.pids()? {
            if let Some(pid) = Pid::from_raw(pid) {
                match kill_process(pid, Signal::KILL) {
                    Ok(()) | Err(Errno::SRCH) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        if frozen { self.thaw() } else { Ok(()) }
    }

    /// How often the kernel has killed a process here for lack of memory.
    pub fn oom_kills(&self) -> io::Result<u64> {
        self.backend.oom_kills()
    }

    /// A descriptor that tells when memory runs out; none where memory is not
    /// controlled.
    pub(crate) fn watch_oom(&self) -> io::Result<Option<OomWatch>> {
        self.backend.watch_oom()
    }

    /// What the group has used so far. A counter that cannot be read is zero.
    pub fn usage(&self) -> Usage {
        self.backend.usage()
    }

    /// Removes the group, trying again until `patience` is over: dead
    /// processes count until the kernel has cleaned up behind them. Not for a
    /// path on which somebody waits.
    pub fn remove(&self, patience: Duration) -> io::Result<()> {
        let deadline = Instant::now() + patience;
        let mut pause = Duration::from_micros(200);
        loop {
            match self.backend.remove() {
                Err(error)
                    if error.raw_os_error() == Some(Errno::BUSY.raw_os_error())
                        && Instant::now() < deadline => {}
                other => return other,
            }
            // The kernel does not tell when the last process has left.
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// A directory to be born in, by `CLONE_INTO_CGROUP`.
    pub(crate) fn birthplace(&self) -> Option<BorrowedFd<'_>> {
        self.backend.birthplace()
    }

    /// Moves the calling, single-threaded process in, as far as it was not
    /// born there.
    pub(crate) fn enter(&self) -> io::Result<()> {
        for door in self.backend.doors()? {
            rustix::io::write(&door, b"0")?;
        }
        Ok(())
    }

    /// Version 1 directories shown in the container: name, place on the host.
    /// Empty on version 2, where the tree itself is mounted.
    pub(crate) fn views(&self) -> Vec<(String, PathBuf)> {
        self.backend.views()
    }
}

fn place(spec: &CgroupSpec, id: &str) -> Result<PathBuf, CreateError> {
    let parent = Path::new(spec.parent.trim_start_matches('/'));
    let plain = |path: &Path| {
        path.components()
            .all(|part| matches!(part, std::path::Component::Normal(_)))
    };
    if !plain(parent) || id.is_empty() || !plain(Path::new(id)) {
        return Err(CreateError::new(
            CreateErrorKind::Other,
            format!("invalid cgroup path \"{}/{id}\"", spec.parent),
        ));
    }
    Ok(parent.join(id))
}
