//! Making a container: what its shim does around the birth of its init.
//!
//! ```text
//! create ─▶ Init (parked, everything set up) ─ start ─▶ the program runs
//!    └── error: child reaped, cgroup removed      └── error: child reaped
//! ```
//!
//! The calling process must be single-threaded.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, pidfd_send_signal, setpgid, waitid,
};

use crate::cgroup::Cgroup;
use crate::dev;
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::guest::{self, Birthplace};
use crate::init::{self, Plan};
use crate::namespaces::{self, ChildrenElsewhere, Joins};
use crate::seccomp;
use crate::spec::ContainerSpec;
use crate::sync::{Heard, Line, Report};
use crate::sys::clone::{Child, Side, clone3};
use crate::userns;

/// How long a child may take to set itself up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How long removing a cgroup may take after a failure.
const REMOVAL: Duration = Duration::from_secs(2);

/// Where a process reads and writes.
#[derive(Debug)]
pub enum Stdio {
    /// Three open files of the caller.
    Pipes {
        /// Read from.
        stdin: OwnedFd,
        /// Written to.
        stdout: OwnedFd,
        /// Written to.
        stderr: OwnedFd,
    },
    /// A terminal, made inside the container.
    Pty,
}

/// A container whose first process is set up and waits.
#[derive(Debug)]
pub struct Init {
    /// Host process id.
    pub pid: i32,
    /// Becomes readable when the process ends.
    pub pidfd: OwnedFd,
    /// Master side of the terminal, with [`Stdio::Pty`].
    pub console: Option<OwnedFd>,
    /// The container's control group; whoever has it removes it in the end.
    pub cgroup: Cgroup,
    start: Start,
}

/// The word that lets a parked process go.
#[derive(Debug)]
struct Start {
    line: Line,
}

/// Makes the container of `spec` up to the point before its program runs.
///
/// Dropping the result before it was started makes the process end by itself;
/// the caller still has to wait for it.
pub fn create(spec: &ContainerSpec, stdio: Stdio) -> Result<Init, CreateError> {
    let filter = seccomp::instructions(&spec.seccomp, spec.process.capabilities)?;
    let joins = Joins::open(&spec.namespaces, spec.shm)?;
    let nodes = dev::find(&spec.devices)?;
    let rules: Vec<_> = nodes.iter().map(dev::Node::rule).collect();
    let cgroup = Cgroup::create(&spec.cgroup, &spec.id, &rules)?;
    let plan = Plan {
        spec,
        cgroup: &cgroup,
        joins,
        nodes,
        filter,
        stdio,
    };
    match give_birth(&plan) {
        Ok((child, console, line)) => Ok(Init {
            pid: child.pid,
            pidfd: child.pidfd,
            console,
            start: Start { line },
            cgroup,
        }),
        Err(error) => {
            // The first error is the one worth telling.
            let _ = cgroup.remove(REMOVAL);
            Err(error)
        }
    }
}

fn give_birth(plan: &Plan<'_>) -> Result<(Child, Option<OwnedFd>, Line), CreateError> {
    let place = Birthplace::of(plan)?;
    let is_guest = place.is_some();
    let line = match place {
        Some(_) => Line::pair_with_names(),
        None => Line::pair(),
    };
    let (ours, theirs) = line.step(|| "make line to init")?;
    let elsewhere = match &plan.joins.pid {
        Some(owner) if !is_guest => {
            Some(ChildrenElsewhere::of(owner).step(|| "join pid namespace")?)
        }
        _ => None,
    };
    let mut flags = namespaces::new_at_birth(&plan.spec.namespaces);
    let map = plan.spec.user_namespace.as_ref();
    if let Some(map) = map {
        userns::hand_over(&plan.stdio, map)?;
        if plan.joins.user.is_none() {
            flags |= nix::libc::CLONE_NEWUSER as u64;
        }
    }
    let side = match &plan.joins.user {
        Some(owner) => userns::clone_within(owner, flags, plan.cgroup.birthplace()),
        // For a guest this is a helper, which is none of the container's.
        None if is_guest => clone3(flags, None),
        None => clone3(flags, plan.cgroup.birthplace()),
    };
    let side = side.step(|| "clone3 (are all namespaces built into the kernel?)");
    let child = match side {
        Ok(Side::Child) => {
            // The shim's end would keep the line alive after the shim.
            drop(ours);
            end_with(&theirs, || match place {
                Some(place) => guest::run(plan, place, &theirs),
                None => init::run(plan, &theirs),
            })
        }
        Ok(Side::Parent(child)) => Ok(child),
        Err(error) => Err(error),
    };
    if let Some(elsewhere) = elsewhere {
        elsewhere.end().step(|| "return to own pid namespace")?;
    }
    let mut child = child?;
    drop(theirs);
    if is_guest {
        child = guest::await_birth(&ours, &child)?;
    }
    let ready = match map {
        None => await_ready(&ours, &child),
        Some(map) => userns::set_up(plan, map, &ours, &child),
    };
    match ready {
        Ok(console) => Ok((child, console, ours)),
        Err(error) => {
            drop(ours);
            end(&child);
            Err(error)
        }
    }
}

/// The rest of a child's life: `run`, and a report when that failed.
pub(crate) fn end_with(line: &Line, run: impl FnOnce() -> CreateError) -> ! {
    let error = catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| CreateError::new(CreateErrorKind::Other, "init panicked"));
    let error = error.shortened();
    // When nobody listens any more there is nobody to tell.
    let _ = line.report(&Report::Failed(error), None);
    std::process::exit(1)
}

/// Waits until `child` is set up; answers the master side of its terminal.
pub(crate) fn await_ready(line: &Line, child: &Child) -> Result<Option<OwnedFd>, CreateError> {
    if !answers_in_time(line)? {
        kill(child);
        return Err(no_answer());
    }
    match line.hear().step(|| "hear from init")? {
        Heard::Report(Report::Ready, console) => Ok(console),
        Heard::Report(Report::Failed(error), _) => Err(error),
        Heard::Closed => Err(CreateError::new(
            CreateErrorKind::Other,
            "init ended before it was set up",
        )),
        Heard::Born(_) | Heard::Report(Report::Born, _) => Err(out_of_turn()),
    }
}

/// The error of an init that takes longer than [`PATIENCE`].
pub(crate) fn no_answer() -> CreateError {
    CreateError::new(
        CreateErrorKind::Other,
        format!("init did not answer within {} seconds", PATIENCE.as_secs()),
    )
}

fn out_of_turn() -> CreateError {
    CreateError::new(CreateErrorKind::Other, "init spoke out of turn")
}

pub(crate) fn answers_in_time(line: &Line) -> Result<bool, CreateError> {
    let mut polled = [PollFd::new(line, PollFlags::IN)];
    let patience = Timespec {
        tv_sec: PATIENCE.as_secs() as i64,
        tv_nsec: 0,
    };
    loop {
        match poll(&mut polled, Some(&patience)) {
            Err(Errno::INTR) => {}
            other => return Ok(other.step(|| "wait for init")? > 0),
        }
    }
}

pub(crate) fn kill(child: &Child) {
    // It may have ended by itself.
    let _ = pidfd_send_signal(&child.pidfd, Signal::KILL);
}

/// Waits for the end of a child that failed.
pub(crate) fn end(child: &Child) {
    kill(child);
    loop {
        match waitid(WaitId::PidFd(child.pidfd.as_fd()), WaitIdOptions::EXITED) {
            Err(Errno::INTR) => {}
            _ => return,
        }
    }
}

/// Makes the calling helper the first of a process group: by that its parent
/// finds whom it clones, also when that one dies before it has said a word.
pub(crate) fn lead_group() -> io::Result<()> {
    Ok(setpgid(None, None)?)
}

/// Kills a helper and all that it has cloned and that nobody has heard of.
pub(crate) fn kill_group(helper: &Child) {
    if let Some(group) = Pid::from_raw(helper.pid) {
        // It may be empty, or not be a group yet.
        let _ = kill_process_group(group, Signal::KILL);
    }
    kill(helper);
}

/// Waits for the end of a helper that failed, and of all that it has cloned and
/// that nobody has heard of: a pid namespace stays, with its first process, as
/// long as one that died in it was not waited for.
pub(crate) fn end_group(helper: &Child) {
    // Before the helper is waited for: until then nobody else has its number.
    kill_group(helper);
    end(helper);
    let group = WaitId::Pgid(Pid::from_raw(helper.pid));
    while !matches!(
        waitid(group.clone(), WaitIdOptions::EXITED),
        Err(error) if error != Errno::INTR
    ) {}
}

impl Init {
    /// Lets the program run. Waits until it does or has failed to; after a
    /// failure the process is on its way to its end.
    pub fn start(&self) -> Result<(), CreateError> {
        self.start.go()
    }

    /// The process id in the form the kernel's calls take it.
    pub fn process(&self) -> Option<Pid> {
        Pid::from_raw(self.pid)
    }
}

impl Start {
    fn go(&self) -> Result<(), CreateError> {
        self.line.go().step(|| "start init")?;
        if !answers_in_time(&self.line)? {
            return Err(CreateError::new(
                CreateErrorKind::Other,
                format!(
                    "program did not start within {} seconds",
                    PATIENCE.as_secs()
                ),
            ));
        }
        match self.line.hear().step(|| "hear from init")? {
            Heard::Closed => Ok(()),
            Heard::Report(Report::Failed(error), _) => Err(error),
            Heard::Report(Report::Ready | Report::Born, _) | Heard::Born(_) => Err(out_of_turn()),
        }
    }
}
