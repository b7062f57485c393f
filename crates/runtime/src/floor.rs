//! The least that a container can cost: its cgroup, one `clone3` into the
//! namespaces that a container has, the loopback device, an overlay root, `/proc`
//! and `/dev`, `execve`, the end seen on a pidfd. No seccomp, no log, no record,
//! nobody told, and what must be taken away afterwards is not counted.
//!
//! Benchmarks measure engines against it; nothing else uses it.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::{execv, pivot_root};
use rustix::fs::CWD;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, fsconfig_create,
    fsconfig_set_string, fsmount, fsopen, move_mount,
};
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::cgroup::Cgroup;
use crate::cgroup::layout::Layout;
use crate::spec::CgroupSpec;
use crate::sys::clone::{Child, Side, clone3};
use crate::sys::link::loopback_up;

/// How long the kernel may take to let go of an empty cgroup.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a bare container's files are.
#[derive(Debug)]
pub struct Floor {
    scratch: PathBuf,
    program: CString,
    cgroup: CgroupSpec,
}

impl Floor {
    /// Prepares a root with one static program in it, below `scratch`.
    pub fn prepare(scratch: &Path, program: &Path) -> io::Result<Self> {
        let lower = scratch.join("lower");
        for folder in ["bin", "proc", "dev"] {
            fs::create_dir_all(lower.join(folder))?;
        }
        fs::create_dir_all(scratch.join("merged"))?;
        fs::copy(program, lower.join("bin/true"))?;
        Ok(Self {
            scratch: scratch.to_owned(),
            program: CString::new("/bin/true")?,
            cgroup: CgroupSpec {
                parent: format!("/longshore-floor-{}", std::process::id()),
                ..CgroupSpec::default()
            },
        })
    }

    /// Runs the program once, to its end; how long that took. The process must
    /// have one thread.
    pub fn run(&self) -> io::Result<Duration> {
        let begin = Instant::now();
        for folder in ["upper", "work"] {
            fs::create_dir_all(self.scratch.join(folder))?;
        }
        let cgroup = Cgroup::create(&self.cgroup, "floor", &[]).map_err(io::Error::other)?;
        let namespaces = nix::libc::CLONE_NEWNS
            | nix::libc::CLONE_NEWPID
            | nix::libc::CLONE_NEWUTS
            | nix::libc::CLONE_NEWIPC
            | nix::libc::CLONE_NEWNET;
        let child = match clone3(u64::from(namespaces.cast_unsigned()), cgroup.birthplace())? {
            Side::Parent(child) => child,
            Side::Child => {
                // Only a failure comes back; the status says so.
                let _ = self.become_program(&cgroup);
                std::process::exit(111);
            }
        };
        reap(&child)?;
        let time = begin.elapsed();
        cgroup.remove(PATIENCE)?;
        Ok(time)
    }

    fn become_program(&self, cgroup: &Cgroup) -> io::Result<()> {
        cgroup.enter()?;
        loopback_up()?;
        let none = None::<&str>;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
        let merged = self.scratch.join("merged");
        let root = detached(
            "overlay",
            &[
                ("lowerdir", &self.scratch.join("lower")),
                ("upperdir", &self.scratch.join("upper")),
                ("workdir", &self.scratch.join("work")),
            ],
        )?;
        place(&root, &merged)?;
        place(&detached("proc", &[])?, &merged.join("proc"))?;
        place(&detached("tmpfs", &[])?, &merged.join("dev"))?;
        std::env::set_current_dir(&merged)?;
        pivot_root(".", ".")?;
        umount2(".", MntFlags::MNT_DETACH)?;
        std::env::set_current_dir("/")?;
        execv(&self.program, &[&self.program])?;
        Ok(())
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        let Ok(layout) = Layout::current() else {
            return;
        };
        for directory in layout.directories(Path::new(self.cgroup.parent.trim_start_matches('/'))) {
            // Not there, if nothing was run.
            let _ = fs::remove_dir(directory);
        }
    }
}

fn detached(kind: &str, options: &[(&str, &Path)]) -> io::Result<OwnedFd> {
    let context = fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    for (key, path) in options {
        fsconfig_set_string(context.as_fd(), *key, *path)?;
    }
    fsconfig_create(context.as_fd())?;
    let flags = FsMountFlags::FSMOUNT_CLOEXEC;
    Ok(fsmount(context.as_fd(), flags, MountAttrFlags::empty())?)
}

fn place(mount: &OwnedFd, at: &Path) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    Ok(move_mount(mount.as_fd(), "", CWD, at, flags)?)
}

fn reap(child: &Child) -> io::Result<()> {
    let status = waitid(WaitId::PidFd(child.pidfd.as_fd()), WaitIdOptions::EXITED)?;
    match status.and_then(|status| status.exit_status()) {
        Some(0) => Ok(()),
        other => Err(io::Error::other(format!(
            "the program ended with {other:?}"
        ))),
    }
}
