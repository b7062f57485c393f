//! Version 2: one directory for everything.

mod devices;
mod resources;
mod usage;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Backend;
use super::devices::Rule;
use super::dir::Dir;
use super::oom::OomWatch;
use super::usage::Usage;
use crate::error::{CreateError, Step};
use crate::spec::Resources;
use crate::sys::bpf;

/// Controllers a container's limits need, where the kernel has them.
const CONTROLLERS: [&str; 5] = ["cpu", "cpuset", "io", "memory", "pids"];

/// How long freezing may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(5);

/// The directory of one container.
#[derive(Debug)]
pub(super) struct Group {
    dir: Dir,
}

impl Group {
    /// Makes the directory `path` below `root` and hands the controllers down
    /// to it.
    pub(super) fn create(root: &Path, path: &Path) -> Result<Self, CreateError> {
        let dir = Dir::make_below(root, path)?;
        if dir.read("cgroup.controllers").is_ok_and(|text| {
            CONTROLLERS
                .iter()
                .any(|name| !text.split_whitespace().any(|has| has == *name))
        }) {
            delegate(root, path.parent().unwrap_or(Path::new("")))?;
        }
        Ok(Self { dir })
    }

    /// Opens the directory `path` below `root`.
    pub(super) fn open(root: &Path, path: &Path) -> io::Result<Self> {
        let dir = Dir::open(root.join(path))?;
        Ok(Self { dir })
    }
}

/// Enables the controllers for the children of every directory from `root`
/// down to `path`.
fn delegate(root: &Path, path: &Path) -> Result<(), CreateError> {
    let mut above = root.to_owned();
    let steps = std::iter::once(None).chain(path.components().map(Some));
    for step in steps {
        above.extend(step);
        let dir =
            Dir::make(above.clone()).step(|| format!("open cgroup \"{}\"", above.display()))?;
        let available = dir.read("cgroup.controllers").unwrap_or_default();
        for name in available.split_whitespace() {
            if CONTROLLERS.contains(&name) {
                // One that cannot be enabled is missed only by a container
                // that needs it, and named there.
                let _ = dir.write("cgroup.subtree_control", &format!("+{name}"));
            }
        }
    }
    Ok(())
}

impl Backend for Group {
    fn birthplace(&self) -> Option<BorrowedFd<'_>> {
        Some(self.dir.as_fd())
    }

    fn doors(&self) -> io::Result<Vec<OwnedFd>> {
        // Whoever was born here is here.
        Ok(Vec::new())
    }

    fn views(&self) -> Vec<(String, PathBuf)> {
        Vec::new()
    }

    fn directories(&self) -> Vec<&Dir> {
        vec![&self.dir]
    }

    fn update(&self, resources: &Resources) -> Result<(), CreateError> {
        resources::apply(&self.dir, resources)
    }

    fn allow_devices(&self, rules: &[Rule]) -> Result<(), CreateError> {
        let program = bpf::load_device_program(&devices::compile(rules))
            .step(|| "load the device program (kernel without CONFIG_CGROUP_BPF?)")?;
        bpf::attach_device_program(&self.dir, &program).step(|| {
            format!(
                "attach the device program to \"{}\"",
                self.dir.path().display()
            )
        })
    }

    fn pids(&self) -> io::Result<Vec<i32>> {
        self.dir.pids()
    }

    fn kill(&self) -> io::Result<()> {
        self.dir.write("cgroup.kill", "1")
    }

    fn freeze(&self, frozen: bool) -> io::Result<()> {
        let wanted = u8::from(frozen);
        self.dir.write("cgroup.freeze", &wanted.to_string())?;
        let deadline = Instant::now() + PATIENCE;
        while self.dir.keyed("cgroup.events", "frozen") != Some(wanted) {
            if Instant::now() > deadline {
                self.dir.write("cgroup.freeze", "0")?;
                return Err(io::ErrorKind::TimedOut.into());
            }
            // It takes a moment; the deadline above bounds it.
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn oom_kills(&self) -> io::Result<u64> {
        Ok(self.dir.keyed("memory.events", "oom_kill").unwrap_or(0))
    }

    fn watch_oom(&self) -> io::Result<Option<OomWatch>> {
        match OomWatch::of_version_2(&self.dir) {
            Err(error) if crate::path::is_missing(&error) => Ok(None),
            other => other.map(Some),
        }
    }

    fn usage(&self) -> Usage {
        usage::read(&self.dir)
    }

    fn remove(&self) -> io::Result<()> {
        self.dir.remove()
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::cgroup::layout::Layout;

    /// The version 2 tree of this machine; on a hybrid one it has no
    /// controllers, but all else.
    fn tree() -> Option<&'static Path> {
        if !nix::unistd::geteuid().is_root() {
            eprintln!("skipped: needs root");
            return None;
        }
        match Layout::current() {
            Ok(Layout::V2 { root }) => Some(root),
            Ok(Layout::V1 {
                unified: Some(root),
                ..
            }) => Some(root),
            _ => {
                eprintln!("skipped: needs a cgroup2 mount");
                None
            }
        }
    }

    fn group(name: &str) -> Option<Group> {
        let name = format!("longshore-unit-{}-{name}", std::process::id());
        tree().map(|root| Group::create(root, Path::new(&name)).expect("group"))
    }

    /// A shell that moves itself into the group before it runs `script`.
    fn shell(group: &Group, script: &str) -> Command {
        let procs = group.dir.path().join("cgroup.procs");
        let mut command = Command::new("sh");
        command
            .arg("-c")
            .arg(format!("echo $$ > {}; {script}", procs.display()));
        command
    }

    #[test]
    fn device_programs_are_accepted_and_obeyed() {
        let Some(group) = group("devices") else {
            return;
        };
        group.allow_devices(&Rule::defaults()).expect("attach");
        let open = |device: &str| {
            let script = format!("head -c 0 {device}");
            let output = shell(&group, &script).output().expect("shell");
            output.status.success()
        };
        assert!(open("/dev/zero"));
        assert!(!open("/dev/kmsg"));
        group.remove().expect("empty");
    }

    #[test]
    fn processes_are_frozen_and_killed_together() {
        let Some(group) = group("kill") else {
            return;
        };
        let mut child = shell(&group, "sleep 30 & wait").spawn().expect("shell");
        let deadline = Instant::now() + Duration::from_secs(10);
        while group.pids().expect("pids").len() < 2 {
            assert!(Instant::now() < deadline, "the shell has started nothing");
            std::thread::park_timeout(Duration::from_millis(5));
        }
        group.freeze(true).expect("freeze");
        assert_eq!(group.dir.keyed("cgroup.events", "frozen"), Some(1));
        group.freeze(false).expect("thaw");
        assert!(group.remove().is_err(), "processes are left");
        group.kill().expect("kill");
        assert!(!child.wait().expect("wait").success());
        while group.remove().is_err() {
            assert!(Instant::now() < deadline, "processes are left");
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}
