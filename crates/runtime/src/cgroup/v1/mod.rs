//! Version 1: a directory in each hierarchy, one file per controller here.

mod blkio;
mod cpu;
mod cpuset;
mod devices;
mod freezer;
mod memory;
mod pids;
mod usage;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::Backend;
use super::devices::Rule;
use super::dir::Dir;
use super::layout::Hierarchy;
use super::oom::OomWatch;
use super::usage::Usage;
use crate::error::{CreateError, CreateErrorKind};
use crate::spec::Resources;

/// The directories of one container.
#[derive(Debug)]
pub(super) struct Group {
    trees: Vec<Tree>,
    /// In the version 2 tree of a hybrid machine.
    unified: Option<Dir>,
}

#[derive(Debug)]
struct Tree {
    hierarchy: &'static Hierarchy,
    dir: Dir,
}

impl Group {
    /// Makes the directory `path` in every hierarchy.
    pub(super) fn create(
        hierarchies: &'static [Hierarchy],
        unified: Option<&Path>,
        path: &Path,
    ) -> Result<Self, CreateError> {
        let mut group = Self {
            trees: Vec::with_capacity(hierarchies.len()),
            unified: None,
        };
        match group.make_directories(hierarchies, unified, path) {
            Ok(()) => Ok(group),
            Err(error) => {
                // The first error is the one worth telling.
                let _ = group.remove();
                Err(error)
            }
        }
    }

    /// Opens the directory `path` in every hierarchy.
    pub(super) fn open(
        hierarchies: &'static [Hierarchy],
        unified: Option<&Path>,
        path: &Path,
    ) -> io::Result<Self> {
        let open = |hierarchy: &'static Hierarchy| {
            let dir = Dir::open(hierarchy.mount.join(path))?;
            Ok(Tree { hierarchy, dir })
        };
        Ok(Self {
            trees: hierarchies.iter().map(open).collect::<io::Result<_>>()?,
            unified: unified.map(|root| Dir::open(root.join(path))).transpose()?,
        })
    }

    fn make_directories(
        &mut self,
        hierarchies: &'static [Hierarchy],
        unified: Option<&Path>,
        path: &Path,
    ) -> Result<(), CreateError> {
        for hierarchy in hierarchies {
            let dir = Dir::make_below(&hierarchy.mount, path)?;
            self.trees.push(Tree { hierarchy, dir });
        }
        if let Some(root) = unified {
            self.unified = Some(Dir::make_below(root, path)?);
        }
        self.with("cpuset", cpuset::inherit)
    }

    /// The directory where `controller` acts.
    fn find(&self, controller: &str) -> Option<&Dir> {
        self.trees
            .iter()
            .find(|tree| tree.hierarchy.has(controller))
            .map(|tree| &tree.dir)
    }

    /// Does something with a controller, unless the machine lacks it.
    fn with(
        &self,
        controller: &str,
        act: impl FnOnce(&Dir) -> Result<(), CreateError>,
    ) -> Result<(), CreateError> {
        self.find(controller).map_or(Ok(()), act)
    }

    /// Any directory: all of them hold the same processes.
    fn first(&self) -> io::Result<&Dir> {
        let dirs = self.trees.iter().map(|tree| &tree.dir);
        dirs.chain(&self.unified)
            .next()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Backend for Group {
    fn birthplace(&self) -> Option<BorrowedFd<'_>> {
        self.unified.as_ref().map(AsFd::as_fd)
    }

    fn doors(&self) -> io::Result<Vec<OwnedFd>> {
        // Moving "0", this very thread, through `tasks` takes no lock over all
        // processes of the machine; a process id through `cgroup.procs` waits
        // for a grace period of some 10 ms.
        let open = |tree: &Tree| tree.dir.open_to_write("tasks");
        self.trees.iter().map(open).collect()
    }

    fn views(&self) -> Vec<(String, PathBuf)> {
        self.trees
            .iter()
            .filter_map(|tree| {
                let name = tree.hierarchy.mount.file_name()?.to_str()?.to_owned();
                Some((name, tree.dir.path().to_owned()))
            })
            .collect()
    }

    fn directories(&self) -> Vec<&Dir> {
        self.trees.iter().map(|tree| &tree.dir).collect()
    }

    fn update(&self, resources: &Resources) -> Result<(), CreateError> {
        let missing = |controller: &str, asked: bool| {
            if asked && self.find(controller).is_none() {
                let text = format!("cgroup v1 controller \"{controller}\" is not mounted");
                return Err(CreateError::new(CreateErrorKind::Other, text));
            }
            Ok(())
        };
        missing("memory", memory::asked(resources))?;
        missing("cpu", cpu::asked(resources))?;
        missing("cpuset", cpuset::asked(resources))?;
        missing("pids", pids::asked(resources))?;
        missing("blkio", blkio::asked(resources))?;
        self.with("memory", |dir| memory::apply(dir, resources))?;
        self.with("cpu", |dir| cpu::apply(dir, resources))?;
        self.with("cpuset", |dir| cpuset::apply(dir, resources))?;
        self.with("pids", |dir| pids::apply(dir, resources))?;
        self.with("blkio", |dir| blkio::apply(dir, resources))
    }

    fn allow_devices(&self, rules: &[Rule]) -> Result<(), CreateError> {
        let Some(dir) = self.find("devices") else {
            return Err(CreateError::new(
                CreateErrorKind::Other,
                "cgroup v1 controller \"devices\" is not mounted",
            ));
        };
        devices::apply(dir, rules)
    }

    fn pids(&self) -> io::Result<Vec<i32>> {
        self.first()?.pids()
    }

    fn kill(&self) -> io::Result<()> {
        match &self.unified {
            Some(dir) => dir.write("cgroup.kill", "1"),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn freeze(&self, frozen: bool) -> io::Result<()> {
        let dir = self.find("freezer").ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                "cgroup v1 controller \"freezer\" is not mounted",
            )
        })?;
        freezer::set(dir, frozen)
    }

    fn oom_kills(&self) -> io::Result<u64> {
        Ok(self.find("memory").map_or(0, memory::oom_kills))
    }

    fn watch_oom(&self) -> io::Result<Option<OomWatch>> {
        self.find("memory").map(OomWatch::of_version_1).transpose()
    }

    fn usage(&self) -> Usage {
        usage::read(self)
    }

    fn remove(&self) -> io::Result<()> {
        let dirs = self.trees.iter().map(|tree| &tree.dir);
        let mut result = Ok(());
        for dir in dirs.chain(&self.unified) {
            // All are tried, whatever happens to one of them.
            result = result.and(dir.remove());
        }
        result
    }
}
