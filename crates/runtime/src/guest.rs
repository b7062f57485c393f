//! A container whose processes are born in the pid namespace of another one
//! (`--pid container:…`), where somebody may be allowed to look into every
//! process that he sees.
//!
//! So what makes the container stays outside, and its first process is cloned
//! when there is nothing of the host left that could be seen in it:
//!
//! ```text
//! shim ── clone3 ─▶ helper                  in new namespaces, the host's for pids
//!  │                  ├── clone3 ─▶ scout   in a mount namespace with nothing in it
//!  │                  │               └── clone3 ─▶ observer   in the pid namespace
//!  │                  ├──────── a procfs ◀───────────┘
//!  │                  ├── builds the root, enters it, closes all that is the host's
//!  └─ parent of ──────┴── clone3 ─▶ init    in the pid namespace
//! ```
//!
//! The observer is needed because a procfs shows what its maker sees.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::sys::prctl;
use nix::sys::signal::Signal;
use rustix::fs::{self, Mode, OFlags};
use rustix::process::{PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};
use rustix::thread::{ThreadNameSpaceType, UnshareFlags, move_into_thread_name_spaces};

use crate::caps::{self, Capability, CapabilitySet};
use crate::cgroup::entrance::Entrance;
use crate::container::{
    answers_in_time, await_ready, end, end_group, end_with, lead_group, no_answer,
};
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::init::{self, Furnished, Plan};
use crate::mounts::{self, HARDENED};
use crate::rootfs;
use crate::spec::NsMode;
use crate::sync::{Heard, Line, Report};
use crate::sys::clone::{Child, Side, clone3, clone3_as_sibling, unshare};
use crate::sys::fd::close_all_but;

/// Kernel file systems as the container is to see them.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Of the joined pid namespace.
    pub(crate) proc: OwnedFd,
    /// Of the container's cgroup namespace, when it has one.
    pub(crate) cgroup: Option<OwnedFd>,
}

/// Where the init of a guest has to be born.
#[derive(Debug)]
pub(crate) struct Birthplace<'a> {
    /// A process of the pid namespace.
    owner: &'a OwnedFd,
    /// To the guest's own cgroup.
    entrance: Entrance<'a>,
}

impl<'a> Birthplace<'a> {
    /// That of the container of `plan`, unless it is no guest.
    pub(crate) fn of(plan: &'a Plan<'_>) -> Result<Option<Self>, CreateError> {
        match &plan.joins.pid {
            Some(owner) if !plan.is_alone() => {
                let entrance = Entrance::open(plan.cgroup).step(|| "open cgroup")?;
                Ok(Some(Self { owner, entrance }))
            }
            _ => Ok(None),
        }
    }
}

/// The helper's whole life, and that of the init which it clones. Returns only
/// when a step failed.
pub(crate) fn run(plan: &Plan<'_>, place: Birthplace<'_>, line: &Line) -> CreateError {
    match give_birth(plan, &place, line) {
        Ok((Side::Parent(_), _)) => std::process::exit(0),
        Ok((Side::Child, furnished)) => match begin(plan, place.entrance, line) {
            Ok(()) => init::finish(plan, furnished, line),
            Err(error) => error,
        },
        Err(error) => error,
    }
}

/// For the shim: waits until `helper` has brought the init into the world.
pub(crate) fn await_birth(line: &Line, helper: &Child) -> Result<Child, CreateError> {
    let born = loop {
        match answers_in_time(line) {
            Ok(true) => {}
            Ok(false) => break Err(no_answer()),
            Err(error) => break Err(error),
        }
        match line.hear().step(|| "hear from init") {
            Ok(Heard::Born(pid)) => break Ok(pid),
            Ok(Heard::Report(Report::Failed(error), _)) | Err(error) => break Err(error),
            Ok(Heard::Report(..)) => {}
            Ok(Heard::Closed) => {
                let text = "init ended before it was born";
                break Err(CreateError::new(CreateErrorKind::Other, text));
            }
        }
    };
    let pid = match born {
        Ok(pid) => pid,
        Err(error) => {
            end_group(helper);
            return Err(error);
        }
    };
    // It has nothing left to do.
    end(helper);
    line.forget_names().step(|| "make line to init")?;
    // A child that was not waited for keeps its number.
    let pidfd = pidfd_open(pid, PidfdFlags::empty()).step(|| "open init")?;
    let pid = pid.as_raw_nonzero().get();
    Ok(Child { pid, pidfd })
}

/// Makes all of the container, and clones its init.
fn give_birth<'a>(
    plan: &Plan<'a>,
    place: &Birthplace<'_>,
    line: &Line,
) -> Result<(Side, Furnished<'a>), CreateError> {
    init::hide()?;
    lead_group().step(|| "make process group")?;
    if let Some(score) = plan.spec.oom_score_adj {
        // Handed down to the init.
        std::fs::write("/proc/self/oom_score_adj", score.to_string())
            .step(|| "set oom_score_adj")?;
    }
    let seen = look_from_inside(plan, place)?;
    let furnished = init::furnish(plan, line, Some(seen))?;
    leave_host(place, line, furnished.descriptors())?;
    let side = clone3_as_sibling(0, place.entrance.birthplace()).step(|| "clone3 init")?;
    Ok((side, furnished))
}

/// The first steps of the init.
fn begin(plan: &Plan<'_>, entrance: Entrance<'_>, line: &Line) -> Result<(), CreateError> {
    prctl::set_pdeathsig(Signal::SIGKILL).step(|| "set parent death signal")?;
    // A shim that has ended before that cannot be told any more.
    line.report(&Report::Born, None).step(|| "report to shim")?;
    entrance.enter().step(|| "join cgroup")?;
    if plan.spec.namespaces.cgroup == NsMode::New {
        unshare(UnshareFlags::NEWCGROUP).step(|| "make cgroup namespace")?;
    }
    Ok(())
}

/// Closes all but what the children of the calling process need, and sends them
/// into the pid namespace.
fn leave_host<'a>(
    place: &'a Birthplace<'_>,
    line: &'a Line,
    others: impl Iterator<Item = BorrowedFd<'a>>,
) -> Result<(), CreateError> {
    let kept: Vec<BorrowedFd<'_>> = [line.as_fd(), place.owner.as_fd()]
        .into_iter()
        .chain(place.entrance.descriptors())
        .chain(others)
        .collect();
    close_all_but(&kept).step(|| "close descriptors")?;
    move_into_thread_name_spaces(place.owner.as_fd(), ThreadNameSpaceType::PROCESS_ID)
        .step(|| "join pid namespace")
}

/// Whether the tree of cgroups has to be mounted from within the container's
/// own cgroup namespace.
fn has_own_tree(plan: &Plan<'_>) -> bool {
    plan.spec.namespaces.cgroup == NsMode::New && plan.cgroup.views().is_empty()
}

/// Has mounts made by somebody who sees what the container will see.
fn look_from_inside(plan: &Plan<'_>, place: &Birthplace<'_>) -> Result<Seen, CreateError> {
    let (ours, theirs) = Line::pair().step(|| "make line to scout")?;
    let side = clone3(nix::libc::CLONE_NEWNS as u64, None).step(|| "clone3 the scout")?;
    let scout = match side {
        Side::Parent(scout) => scout,
        Side::Child => {
            drop(ours);
            end_with(&theirs, || match scout(plan, place, &theirs) {
                Ok(()) => std::process::exit(0),
                Err(error) => error,
            })
        }
    };
    drop(theirs);
    let missing = || CreateError::new(CreateErrorKind::Other, "the observer made no mount");
    let hear = || await_ready(&ours, &scout)?.ok_or_else(missing);
    let seen = hear().and_then(|proc| {
        let cgroup = has_own_tree(plan).then(hear).transpose()?;
        Ok(Seen { proc, cgroup })
    });
    match seen {
        // It buries the observer first, who counts as one of the container's.
        Ok(_) => drop(waitid(
            WaitId::PidFd(scout.pidfd.as_fd()),
            WaitIdOptions::EXITED,
        )),
        Err(_) => end(&scout),
    }
    seen
}

/// Lets go of everything and sends the observer.
fn scout(plan: &Plan<'_>, place: &Birthplace<'_>, line: &Line) -> Result<(), CreateError> {
    enter_nothing(&plan.spec.run_dir)?;
    leave_host(place, line, std::iter::empty())?;
    let needed: CapabilitySet = [Capability::SYS_ADMIN].into_iter().collect();
    caps::limit_bounding(needed).step(|| "limit bounding set")?;
    caps::apply(needed).step(|| "set capabilities")?;
    match clone3(0, place.entrance.birthplace()).step(|| "clone3 the observer")? {
        Side::Child => end_with(line, || match observe(plan, line) {
            Ok(()) => std::process::exit(0),
            Err(error) => error,
        }),
        Side::Parent(observer) => {
            waitid(WaitId::PidFd(observer.pidfd.as_fd()), WaitIdOptions::EXITED)
                .step(|| "wait for the observer")?;
            Ok(())
        }
    }
}

/// Makes the mounts.
fn observe(plan: &Plan<'_>, line: &Line) -> Result<(), CreateError> {
    prctl::set_pdeathsig(Signal::SIGKILL).step(|| "set parent death signal")?;
    let tell = |mount: OwnedFd| {
        line.report(&Report::Ready, Some(mount.as_fd()))
            .step(|| "report to helper")
    };
    tell(init::new_proc()?)?;
    if has_own_tree(plan) {
        unshare(UnshareFlags::NEWCGROUP).step(|| "make cgroup namespace")?;
        tell(init::new_cgroups(plan.spec)?)?;
    }
    Ok(())
}

/// Makes an empty file system, mounted on `place` meanwhile, the root and all
/// that the calling process has.
fn enter_nothing(place: &Path) -> Result<(), CreateError> {
    rootfs::cut_off_from_host().step(|| "make mounts of the host slaves")?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let target =
        fs::open(place, flags, Mode::empty()).step(|| format!("open \"{}\"", place.display()))?;
    let nothing = mounts::new("tmpfs", "tmpfs", &[], HARDENED).step(|| "mount \"tmpfs\"")?;
    mounts::attach(&nothing, target).step(|| "attach an empty root")?;
    rootfs::enter(&nothing).step(|| "pivot_root")
}
