//! A container in a user namespace of its own: its root is an ordinary user of
//! the machine.
//!
//! Two processes make it, since a process in a user namespace may not do to
//! the machine what making a root takes, and one outside of it cannot be the
//! container's first process.
//!
//! ```text
//! shim ── clone3(NEWUSER | …) ─▶ init      owns nothing; waits in its namespaces
//!   ├── writes the id maps
//!   ├── clone3 ─▶ builder                  as privileged as the shim, but with the
//!   │              │                       file ids of the container's root
//!   │              └── the whole tree of mounts, detached ──▶ init enters it
//!   └── goes on as with every container
//! ```
//!
//! On disk everything of the container has the ids that it sees itself. They
//! are shifted by idmapped mounts of its layers, which only its own mounts of
//! them see: so layers are shared with containers that are not shifted, and
//! nothing is ever chowned.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{self, Mode, OFlags};
use rustix::mount::MountAttrFlags;
use rustix::process::{Gid, Uid, WaitId, WaitIdOptions, waitid};
use rustix::thread::{
    self, CapabilitiesSecureBits, ThreadNameSpaceType, move_into_thread_name_spaces,
};
use serde::{Deserialize, Serialize};

use crate::container::{Stdio, await_ready, end, end_with};
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::init::{self, Plan};
use crate::mounts;
use crate::namespaces::ChildrenElsewhere;
use crate::spec::{NsMode, RootfsSpec};
use crate::sync::{Line, Report};
use crate::sys::clone::{Child, Side, clone3, clone3_as_sibling};
use crate::sys::mount::{MountAttr, set_attributes};

/// Whom ids belong to that nobody has: the kernel's overflow id.
const NOBODY: u32 = 65_534;

/// Which ids of the machine a container's ids are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdMap {
    /// Users; 0 must be among them.
    pub uids: Vec<IdRange>,
    /// Groups; 0 must be among them.
    pub gids: Vec<IdRange>,
    /// Directories of the machine from which bind mounts are shifted as the
    /// layers are: those that the engine fills for containers.
    pub shifted: Vec<PathBuf>,
}

/// A run of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdRange {
    /// First id as the container sees it.
    pub inside: u32,
    /// The same as the machine sees it.
    pub outside: u32,
    /// How many.
    pub count: u32,
}

impl IdMap {
    /// The machine's id of the container's user 0.
    pub fn root_uid(&self) -> Option<u32> {
        outside(&self.uids, 0)
    }

    /// The machine's id of the container's group 0.
    pub fn root_gid(&self) -> Option<u32> {
        outside(&self.gids, 0)
    }

    /// The machine's id of a group of the container.
    pub(crate) fn gid(&self, inside: u32) -> Option<u32> {
        outside(&self.gids, inside)
    }

    /// User and group of the machine as the container knows them; those that
    /// it does not have are nobody.
    pub fn to_container(&self, uid: u32, gid: u32) -> (u32, u32) {
        (
            inside(&self.uids, uid).unwrap_or(NOBODY),
            inside(&self.gids, gid).unwrap_or(NOBODY),
        )
    }

    /// User and group of the container as the machine knows them; those that
    /// the container cannot have become its root.
    pub fn to_machine(&self, uid: u32, gid: u32) -> (u32, u32) {
        let find = |ranges, id| outside(ranges, id).or_else(|| outside(ranges, 0));
        (
            find(&self.uids, uid).unwrap_or(NOBODY),
            find(&self.gids, gid).unwrap_or(NOBODY),
        )
    }

    /// User and group that own what is the container root's.
    pub(crate) fn root(&self) -> Result<(Uid, Gid), CreateError> {
        match (self.root_uid(), self.root_gid()) {
            (Some(uid), Some(gid)) => Ok((Uid::from_raw(uid), Gid::from_raw(gid))),
            _ => Err(CreateError::new(
                CreateErrorKind::Other,
                "the id map of the user namespace has no root",
            )),
        }
    }

    /// Writes the map of a process that was just born in a new namespace.
    fn write(&self, child: &Child) -> io::Result<()> {
        for (file, ranges) in [("uid_map", &self.uids), ("gid_map", &self.gids)] {
            let lines: String = ranges
                .iter()
                .map(|range| format!("{} {} {}\n", range.inside, range.outside, range.count))
                .collect();
            // One write for the whole of it, as the kernel demands.
            let path = format!("/proc/{}/{file}", child.pid);
            let file = fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
            rustix::io::write(&file, lines.as_bytes())?;
        }
        Ok(())
    }
}

/// The other way: what the container calls an id of the machine.
fn inside(ranges: &[IdRange], id: u32) -> Option<u32> {
    ranges.iter().find_map(|range| {
        let distance = id.checked_sub(range.outside)?;
        (distance < range.count)
            .then(|| range.inside.checked_add(distance))
            .flatten()
    })
}

fn outside(ranges: &[IdRange], id: u32) -> Option<u32> {
    ranges.iter().find_map(|range| {
        let distance = id.checked_sub(range.inside)?;
        (distance < range.count)
            .then(|| range.outside.checked_add(distance))
            .flatten()
    })
}

/// Whether mounts of the file system that holds `directory` can be shifted.
pub fn can_shift(directory: &Path, map: &IdMap) -> io::Result<()> {
    let text = |error: CreateError| io::Error::other(error.message);
    let (ours, theirs) = Line::pair()?;
    let child = match clone3(nix::libc::CLONE_NEWUSER as u64, None)? {
        Side::Child => {
            drop(ours);
            // Only the namespace is wanted; it lives while this waits.
            let _ = theirs.wait_for_go();
            std::process::exit(0)
        }
        Side::Parent(child) => child,
    };
    let tried = map.write(&child).and_then(|()| {
        let owner = namespace_of(&child).map_err(text)?;
        shifted(directory, false, &owner).map(drop)
    });
    end(&child);
    tried
}

/// Does for a container's init, which was just born in its user namespace, what
/// it cannot do itself. Returns when it is ready, with the master side of its
/// terminal.
pub(crate) fn set_up(
    plan: &Plan<'_>,
    map: &IdMap,
    line: &Line,
    init: &Child,
) -> Result<Option<OwnedFd>, CreateError> {
    await_ready(line, init)?;
    if plan.joins.user.is_none() {
        map.write(init).step(|| "write id maps")?;
    }
    if let Some(score) = plan.spec.oom_score_adj {
        let file = format!("/proc/{}/oom_score_adj", init.pid);
        std::fs::write(file, score.to_string()).step(|| "set oom_score_adj")?;
    }
    let tree = build(plan, init)?;
    line.hand_over(&tree).step(|| "hand over root")?;
    await_ready(line, init)
}

/// As [`clone3`], with the child born in the user namespace of `owner`. Whoever
/// enters one cannot come back, so somebody else enters it and is gone when
/// this returns.
pub(crate) fn clone_within(
    owner: &OwnedFd,
    flags: u64,
    cgroup: Option<BorrowedFd<'_>>,
) -> io::Result<Side> {
    let (ours, theirs) = Line::pair()?;
    let helper = match clone3(0, None)? {
        Side::Parent(helper) => helper,
        Side::Child => {
            drop(ours);
            let born = move_into_thread_name_spaces(owner.as_fd(), ThreadNameSpaceType::USER)
                .map_err(io::Error::from)
                .and_then(|()| clone3_as_sibling(flags, cgroup));
            match born {
                Ok(Side::Child) => return Ok(Side::Child),
                Ok(Side::Parent(child)) => {
                    // The parent learns from the line's end when this fails.
                    let _ = theirs.hand_over(&child.pidfd);
                    std::process::exit(0)
                }
                Err(error) => std::process::exit(error.raw_os_error().unwrap_or(1)),
            }
        }
    };
    drop(theirs);
    let pidfd = ours.take();
    let status = waitid(WaitId::PidFd(helper.pidfd.as_fd()), WaitIdOptions::EXITED);
    match pidfd? {
        Some(pidfd) => {
            let pid = number_of(&pidfd)?;
            Ok(Side::Parent(Child { pid, pidfd }))
        }
        None => {
            let errno = status
                .ok()
                .flatten()
                .and_then(|status| status.exit_status());
            Err(io::Error::from_raw_os_error(
                errno.unwrap_or(nix::libc::ESRCH),
            ))
        }
    }
}

/// The process id that a pidfd means, as the calling process numbers it.
fn number_of(pidfd: &OwnedFd) -> io::Result<i32> {
    let path = format!("/proc/self/fdinfo/{}", pidfd.as_raw_fd());
    let text = std::fs::read_to_string(path)?;
    text.lines()
        .find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok())
        .filter(|pid| *pid > 0)
        .ok_or_else(|| io::Error::other("a pidfd without a process"))
}

/// The user namespace that `child` was born in.
fn namespace_of(child: &Child) -> Result<OwnedFd, CreateError> {
    let path = format!("/proc/{}/ns/user", child.pid);
    fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .step(|| "open user namespace of init")
}

/// Lets a builder make the root of the container whose init is `owner`.
fn build(plan: &Plan<'_>, owner: &Child) -> Result<OwnedFd, CreateError> {
    let user = namespace_of(owner)?;
    let (ours, theirs) = Line::pair().step(|| "make line to builder")?;
    // In its pid namespace, which is the one that procfs shows.
    let elsewhere = ChildrenElsewhere::of(&owner.pidfd).step(|| "join pid namespace of init")?;
    let side = clone3(nix::libc::CLONE_NEWNS as u64, None).step(|| "clone3 the builder");
    let builder = match side {
        Ok(Side::Child) => {
            drop(ours);
            end_with(&theirs, || match build_tree(plan, owner, &user) {
                Ok(tree) => {
                    // Nobody is left to tell when this fails.
                    let _ = theirs.report(&Report::Ready, Some(tree.as_fd()));
                    std::process::exit(0)
                }
                Err(error) => error,
            })
        }
        Ok(Side::Parent(child)) => Ok(child),
        Err(error) => Err(error),
    };
    elsewhere.end().step(|| "return to own pid namespace")?;
    let builder = builder?;
    drop(theirs);
    let tree = await_ready(&ours, &builder);
    // A builder that has told is on its way to its end; one that has not is
    // not needed any more.
    if tree.is_ok() {
        let _ = waitid(WaitId::PidFd(builder.pidfd.as_fd()), WaitIdOptions::EXITED);
    } else {
        end(&builder);
    }
    tree?.ok_or_else(|| CreateError::new(CreateErrorKind::Other, "the builder made no root"))
}

/// The builder's work.
fn build_tree(plan: &Plan<'_>, owner: &Child, user: &OwnedFd) -> Result<OwnedFd, CreateError> {
    nix::sys::prctl::set_dumpable(false).step(|| "set dumpable")?;
    rustix::process::umask(Mode::empty());
    let modes = &plan.spec.namespaces;
    let joined = [
        (modes.net, ThreadNameSpaceType::NETWORK),
        (modes.ipc, ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION),
        (
            modes.uts,
            ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME,
        ),
        (modes.cgroup, ThreadNameSpaceType::CONTROL_GROUP),
    ]
    .into_iter()
    .filter(|(mode, _)| *mode != NsMode::Host)
    .fold(ThreadNameSpaceType::empty(), |all, (_, kind)| all | kind);
    if !joined.is_empty() {
        move_into_thread_name_spaces(owner.pidfd.as_fd(), joined)
            .step(|| "join namespaces of init")?;
    }
    init::build_shifted(plan, user)
}

/// Lets the calling process act with the ids of the container's root while it
/// keeps its capabilities: what it makes belongs to the container.
pub(crate) fn act_as_root(map: &IdMap) -> Result<(), CreateError> {
    let (uid, gid) = map.root()?;
    thread::set_capabilities_secure_bits(CapabilitiesSecureBits::NO_SETUID_FIXUP)
        .step(|| "keep capabilities")?;
    // Real and saved ids stay, which keeps signals of the container's away.
    thread::set_thread_res_gid(Gid::ROOT, gid, Gid::ROOT).step(|| "setgid")?;
    thread::set_thread_res_uid(Uid::ROOT, uid, Uid::ROOT).step(|| "setuid")
}

/// Makes the calling process, which is in a user namespace, root of it.
pub(crate) fn become_root() -> Result<(), CreateError> {
    thread::set_thread_groups(&[]).step(|| "setgroups")?;
    let gid = Gid::ROOT;
    thread::set_thread_res_gid(gid, gid, gid).step(|| "setgid")?;
    let uid = Uid::ROOT;
    thread::set_thread_res_uid(uid, uid, uid).step(|| "setuid")
}

/// Makes pipes the container root's own, so that it can hand them on.
pub(crate) fn hand_over(stdio: &Stdio, map: &IdMap) -> Result<(), CreateError> {
    let Stdio::Pipes {
        stdin,
        stdout,
        stderr,
    } = stdio
    else {
        return Ok(());
    };
    let (uid, gid) = map.root()?;
    for stream in [stdin, stdout, stderr] {
        let status = fs::fstat(stream).step(|| "stat standard stream")?;
        if fs::FileType::from_raw_mode(status.st_mode) == fs::FileType::Fifo {
            fs::fchown(stream, Some(uid), Some(gid)).step(|| "chown standard stream")?;
        }
    }
    Ok(())
}

/// Puts shifted mounts of all layers of `rootfs` over themselves, in the mount
/// namespace of the calling process: an overlay made of them shows the
/// machine's ids, and writes the container's.
pub(crate) fn shift_layers(rootfs: &RootfsSpec, user: &OwnedFd) -> Result<(), CreateError> {
    let mut places: BTreeSet<&Path> = rootfs.lower.iter().map(PathBuf::as_path).collect();
    // The writable layer and its scratch must lie in one mount.
    match (rootfs.upper.parent(), rootfs.work.parent()) {
        (Some(upper), Some(work)) if upper == work => places.insert(upper),
        _ => {
            return Err(CreateError::new(
                CreateErrorKind::Other,
                "writable layer and its scratch directory are not side by side",
            ));
        }
    };
    let mut done: Option<&Path> = None;
    for place in places {
        // What lies below a shifted mount is seen through it. In the order of
        // the set the upper comes first.
        if done.is_some_and(|done| place.starts_with(done)) {
            continue;
        }
        done = Some(place);
        let step = || {
            format!(
                "shift ids of \"{}\" (do kernel and file system have idmapped mounts?)",
                place.display()
            )
        };
        let tree = shifted(place, false, user).step(step)?;
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let target = fs::open(place, flags, Mode::empty()).step(step)?;
        mounts::attach(&tree, target).step(step)?;
    }
    Ok(())
}

/// A detached mount of `path` that shows its ids through the user namespace.
fn shifted(path: &Path, recursive: bool, user: impl AsFd) -> io::Result<OwnedFd> {
    let tree = mounts::clone_path(path, recursive)?;
    shift(&tree, recursive, user)?;
    Ok(tree)
}

/// Shifts the ids of a detached mount.
pub(crate) fn shift(tree: &OwnedFd, recursive: bool, user: impl AsFd) -> io::Result<()> {
    let bits = u64::from(MountAttrFlags::MOUNT_ATTR_IDMAP.bits());
    set_attributes(tree, recursive, MountAttr::shift(bits, user.as_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(inside: u32, outside: u32, count: u32) -> IdRange {
        IdRange {
            inside,
            outside,
            count,
        }
    }

    #[test]
    fn ids_are_found_in_their_ranges() {
        let map = IdMap {
            uids: vec![range(0, 300_000, 1000), range(1000, 500_000, 10)],
            gids: vec![range(5, 7, 1)],
            shifted: Vec::new(),
        };
        assert_eq!(map.root_uid(), Some(300_000));
        assert_eq!(outside(&map.uids, 999), Some(300_999));
        assert_eq!(outside(&map.uids, 1009), Some(500_009));
        assert_eq!(outside(&map.uids, 1010), None);
        assert_eq!(map.gid(5), Some(7));
        assert_eq!(map.root_gid(), None);
        assert!(map.root().is_err());
        assert_eq!(outside(&[range(0, u32::MAX, 2)], 1), None, "no overflow");
    }
}
