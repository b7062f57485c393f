//! A view of a container's files for the daemon: its root and what the engine
//! mounted into it; no `/proc`, no `/sys`, no `/dev`, no tmpfs.
//!
//! ```text
//! daemon ── Zygote::view() ─▶ zygote ── fork ─▶ viewer: a mount namespace of its own
//!    ◀── its root and the namespace, as descriptors ──┘   (and it ends)
//! ```
//!
//! The viewer copies the container's mounts, or mounts its layers, makes that
//! the root of a new namespace and hands over the root. The daemon's mount
//! table never has any of it, and nothing stays when the daemon closes the
//! descriptors or dies. The daemon resolves every path below the root by
//! `openat2(2)` with the root as the end of the world: what a container puts
//! there leads nowhere else.

use std::fs;
use std::io::{self, IoSlice, IoSliceMut, Read as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Gid, Mode, OFlags, Timespec, Timestamps, Uid};
use rustix::mount::MountAttrFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};
use serde::{Deserialize, Serialize};

use crate::channel;
use crate::error::{CreateError, Step};
use crate::mounts;
use crate::path;
use crate::rootfs;
use crate::spec::{MountKind, MountSpec, Propagation, RootfsSpec};

/// What is to be seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ViewSpec {
    /// Where `/` comes from.
    pub root: ViewRoot,
    /// Binds to show as well; mounts of other kinds are left out.
    pub mounts: Vec<MountSpec>,
}

/// Where the root of a view comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ViewRoot {
    /// A container that runs, by its first process. What is written arrives
    /// there.
    Running {
        /// Host pid.
        pid: i32,
        /// The container's id; its process must be in a cgroup of that name.
        id: String,
    },
    /// Layers that nobody has mounted writable. What is written arrives in the
    /// topmost one: the container must not be started meanwhile.
    Layers(RootfsSpec),
    /// Layers, topmost first, for reading: whoever writes to them meanwhile is
    /// not disturbed, and what is written to the view is lost.
    Copy {
        /// The layers.
        layers: Vec<PathBuf>,
    },
}

/// The files of a container. They stay as long as this does.
#[derive(Debug)]
pub struct View {
    root: OwnedFd,
    _namespace: OwnedFd,
}

impl View {
    /// The root directory, opened with `O_PATH`.
    pub fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// User and group that the container's own files know by the name `user`,
    /// in the forms of [`ProcessSpec::user`](crate::spec::ProcessSpec::user).
    pub fn user(&self, user: &str) -> Result<(u32, u32), CreateError> {
        let identity = crate::user::resolve(&self.root, user, &[])?;
        Ok((identity.uid, identity.gid))
    }
}

/// Room for the reason of a failure.
const LONGEST_ANSWER: usize = 4096;

/// Says what is to be seen, and waits for it.
pub(crate) fn ask(socket: &UnixStream, spec: &ViewSpec) -> io::Result<View> {
    channel::send(socket, spec)?;
    let mut answer = [0; LONGEST_ANSWER];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(
        socket,
        &mut [IoSliceMut::new(&mut answer)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let mut descriptors = control.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect(),
        _ => Vec::new(),
    });
    match (descriptors.next(), descriptors.next()) {
        (Some(root), Some(namespace)) => Ok(View {
            root,
            _namespace: namespace,
        }),
        _ => {
            let told = answer.get(..received.bytes).unwrap_or_default();
            Err(io::Error::other(match told {
                [] => "the viewer ended without a word".into(),
                told => String::from_utf8_lossy(told).into_owned(),
            }))
        }
    }
}

/// The viewer's whole life, in a process of its own with a single thread.
pub(crate) fn run(mut socket: UnixStream) {
    let _ = rustix::thread::set_name(c"longshore-view");
    let Ok(Some(spec)) = channel::receive::<ViewSpec>(&mut socket) else {
        return;
    };
    // A daemon that does not take the answer has no use for it.
    let _ = match open(&spec) {
        Ok((root, namespace)) => {
            let both = [root.as_fd(), namespace.as_fd()];
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            control.push(SendAncillaryMessage::ScmRights(&both));
            let parts = [IoSlice::new(b"v")];
            sendmsg(&socket, &parts, &mut control, SendFlags::NOSIGNAL)
        }
        Err(error) => {
            let text = error.to_string();
            let text = &text.as_bytes()[..text.len().min(LONGEST_ANSWER)];
            let mut none = SendAncillaryBuffer::default();
            sendmsg(
                &socket,
                &[IoSlice::new(text)],
                &mut none,
                SendFlags::NOSIGNAL,
            )
        }
    };
}

/// Builds the view; answers its root and the namespace that holds it.
fn open(spec: &ViewSpec) -> Result<(OwnedFd, OwnedFd), CreateError> {
    // Of the host's procfs, which is out of sight in the end.
    let me = directory(Path::new("/proc/self")).step(|| "open /proc/self")?;
    let root = match &spec.root {
        ViewRoot::Running { pid, id } => running(*pid, id, &spec.mounts)?,
        ViewRoot::Layers(layers) => {
            alone()?;
            let place = layers.upper.with_file_name("");
            let root = rootfs::mount(layers, &place)?;
            show(&root, &spec.mounts)?;
            if layers.readonly {
                mounts::restrict(&root, false, mounts::RDONLY)
                    .step(|| "make the root read-only")?;
            }
            root
        }
        ViewRoot::Copy { layers } => {
            alone()?;
            let root = scratch(layers)?;
            show(&root, &spec.mounts)?;
            root
        }
    };
    // A device node is to be copied; nobody shall open the device by it.
    mounts::restrict(&root, true, mounts::NODEV).step(|| "close devices")?;
    rootfs::enter(&root).step(|| "make the view the root")?;
    let root = directory(Path::new("/")).step(|| "open the root")?;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let namespace = rustix::fs::openat(&me, "ns/mnt", flags, Mode::empty())
        .step(|| "open the mount namespace")?;
    Ok((root, namespace))
}

/// A copy of a running container's root and of what the engine mounted there,
/// as it is there now.
fn running(pid: i32, id: &str, wanted: &[MountSpec]) -> Result<OwnedFd, CreateError> {
    let process = directory(Path::new(&format!("/proc/{pid}"))).step(|| "find the container")?;
    let read_only = OFlags::RDONLY | OFlags::CLOEXEC;
    let namespace = rustix::fs::openat(&process, "ns/mnt", read_only, Mode::empty())
        .step(|| "open the container's mount namespace")?;
    // The number may be somebody else's by now.
    let mut cgroups = String::new();
    rustix::fs::openat(&process, "cgroup", read_only, Mode::empty())
        .map_err(io::Error::from)
        .and_then(|file| fs::File::from(file).read_to_string(&mut cgroups))
        .step(|| "read the container's cgroup")?;
    if !cgroups.lines().any(|line| line.contains(id)) {
        return Err(io::Error::from(io::ErrorKind::NotFound)).step(|| "find the container");
    }
    move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Mount))
        .step(|| "enter the container's mount namespace")?;
    let place = directory(Path::new("/")).step(|| "open the container's root")?;
    let root = mounts::clone_at(&place, false)
        .and_then(unshared)
        .step(|| "copy the container's root")?;
    let mut copies = Vec::new();
    for (mount, recursive) in binds(wanted) {
        // What the container itself has unmounted is not shown.
        let Ok(there) = path::open_in(&place, &mount.target, OFlags::PATH) else {
            continue;
        };
        let copy = mounts::clone_at(&there, recursive)
            .and_then(unshared)
            .step(|| format!("copy the mount \"{}\"", mount.target))?;
        copies.push((mount, copy));
    }
    // From here on nothing touches the container any more.
    alone()?;
    let place = directory(Path::new("/")).step(|| "open the root")?;
    mounts::attach(&root, &place).step(|| "attach the root")?;
    for (mount, copy) in copies {
        // What lies in a tmpfs of the container has no place here.
        let Ok(there) = path::open_in(&root, &mount.target, OFlags::PATH) else {
            continue;
        };
        mounts::attach(&copy, &there).step(|| format!("show \"{}\"", mount.target))?;
    }
    Ok(root)
}

/// An overlay of the layers with a scratch layer in memory on top, attached on
/// that memory's own root.
fn scratch(layers: &[PathBuf]) -> Result<OwnedFd, CreateError> {
    let memory = mounts::new(
        "tmpfs",
        "tmpfs",
        &[("mode", "0700")],
        MountAttrFlags::empty(),
    )
    .step(|| "make a scratch file system")?;
    // Any directory that every machine has but /proc, through which older
    // kernels are told the layers.
    let base = Path::new("/sys");
    let place = directory(base).step(|| "open /sys")?;
    mounts::attach(&memory, &place).step(|| "attach the scratch file system")?;
    for name in ["upper", "work", "root"] {
        rustix::fs::mkdirat(&memory, name, Mode::from_raw_mode(0o755))
            .step(|| "make a scratch directory")?;
    }
    if let Some(top) = layers.first() {
        like(top, &memory, "upper").step(|| "make the root like the layer's")?;
    }
    let spec = RootfsSpec {
        lower: layers.to_vec(),
        upper: base.join("upper"),
        work: base.join("work"),
        readonly: false,
    };
    rootfs::mount(&spec, &base.join("root"))
}

/// Gives a new directory the owner, mode and times of another.
fn like(other: &Path, parent: &OwnedFd, name: &str) -> io::Result<()> {
    let stat = rustix::fs::stat(other)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(parent, name, flags, Mode::empty())?;
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    rustix::fs::fchown(&directory, Some(uid), Some(gid))?;
    rustix::fs::fchmod(&directory, Mode::from_raw_mode(stat.st_mode & 0o7777))?;
    let time = Timespec {
        tv_sec: stat.st_mtime,
        tv_nsec: i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    Ok(rustix::fs::futimens(&directory, &times)?)
}

/// Mounts the binds of a container that does not run.
fn show(root: &OwnedFd, wanted: &[MountSpec]) -> Result<(), CreateError> {
    for (mount, recursive) in binds(wanted) {
        let MountKind::Bind { source, .. } = &mount.kind else {
            continue;
        };
        let step = || format!("show \"{}\"", mount.target);
        let copy = mounts::clone_path(source, recursive)
            .and_then(unshared)
            .step(step)?;
        let is_dir = fs::metadata(source).step(step)?.is_dir();
        let there = match is_dir {
            true => path::make_dir(root, &mount.target),
            false => path::make_file(root, &mount.target),
        };
        let there = there.step(step)?;
        if mount.readonly {
            mounts::restrict(&copy, recursive, mounts::RDONLY).step(step)?;
        }
        mounts::attach(&copy, &there).step(step)?;
    }
    Ok(())
}

/// A copy of a mount that others share would take what is mounted on it to
/// them.
fn unshared(copy: OwnedFd) -> io::Result<OwnedFd> {
    mounts::propagate(&copy, Propagation::Rprivate)?;
    Ok(copy)
}

fn binds(mounts: &[MountSpec]) -> impl Iterator<Item = (&MountSpec, bool)> {
    mounts.iter().filter_map(|mount| match &mount.kind {
        MountKind::Bind { recursive, .. } => Some((mount, *recursive)),
        MountKind::Tmpfs { .. } => None,
    })
}

/// Gives this process a mount namespace of its own.
fn alone() -> Result<(), CreateError> {
    crate::sys::clone::unshare(UnshareFlags::NEWNS)
        .and_then(|()| rootfs::cut_off_from_host())
        .step(|| "make a mount namespace")
}

fn directory(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(CWD, path, flags, Mode::empty())?)
}
