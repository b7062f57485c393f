//! A further process in a running container (`docker exec`).
//!
//! A helper joins the namespaces of the container through the pidfd of its first
//! process, which cannot come to mean another one, and clones the process there,
//! as a child of the caller: `helper.rs` says why.

mod helper;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::process::{PidfdFlags, WaitId, WaitIdOptions, pidfd_open, waitid};

use crate::cgroup::Cgroup;
use crate::cgroup::entrance::Entrance;
use crate::container::{PATIENCE, Stdio, answers_in_time, end, end_group, kill, kill_group};
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::seccomp;
use crate::spec::{ContainerSpec, ProcessSpec};
use crate::sync::{Heard, Line, Report};
use crate::sys::clone::{Child, Side, clone3};
use crate::userns;
use helper::Task;

/// A container with its first process alive.
#[derive(Clone, Copy, Debug)]
pub struct Running<'a> {
    /// What it was made from.
    pub spec: &'a ContainerSpec,
    /// Its first process.
    pub pidfd: BorrowedFd<'a>,
    /// Its control group.
    pub cgroup: &'a Cgroup,
}

/// A process that runs in a container.
#[derive(Debug)]
pub struct Exec {
    /// Host process id.
    pub pid: i32,
    /// Becomes readable when the process ends; it is a child of the caller.
    pub pidfd: OwnedFd,
    /// Master side of the terminal, with [`Stdio::Pty`].
    pub console: Option<OwnedFd>,
}

/// A process on its way into a container. Whoever has it waits for
/// [`Starting::line`] to become readable and then lets it [`proceed`]: what the
/// process does meanwhile (a slow file system below its working directory, a
/// passwd that is a fifo) takes the time of nobody else.
///
/// [`proceed`]: Starting::proceed
#[derive(Debug)]
pub struct Starting {
    helper: Child,
    /// The process, once it is born.
    child: Option<Child>,
    line: Line,
    console: Option<OwnedFd>,
    failure: Option<CreateError>,
}

impl Starting {
    /// Readable when there is something to hear.
    pub fn line(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }

    /// Hears what is said; true when the program runs. After an error only
    /// [`Starting::end`] is left.
    pub fn proceed(&mut self) -> Result<bool, CreateError> {
        match self.line.hear().step(|| "hear from the process")? {
            Heard::Born(pid) => {
                // A child that was not waited for keeps its number.
                let pidfd = pidfd_open(pid, PidfdFlags::empty()).step(|| "open the process")?;
                let pid = pid.as_raw_nonzero().get();
                self.child = Some(Child { pid, pidfd });
                Ok(false)
            }
            Heard::Report(Report::Ready, console) => {
                self.console = console;
                Ok(false)
            }
            // Whoever says so is about to end.
            Heard::Report(Report::Failed(error), _) => {
                self.failure.get_or_insert(error);
                Ok(false)
            }
            Heard::Report(Report::Born, _) => Ok(false),
            Heard::Closed => match self.failure.take() {
                Some(error) => Err(error),
                None if self.child.is_some() => Ok(true),
                None => Err(ended_early()),
            },
        }
    }

    /// The process whose program runs.
    pub fn finish(self) -> Result<Exec, CreateError> {
        // It has closed the line, so it is beyond anything that could stop it.
        let _ = waitid(
            WaitId::PidFd(self.helper.pidfd.as_fd()),
            WaitIdOptions::EXITED,
        );
        let child = self.child.ok_or_else(ended_early)?;
        Ok(Exec {
            pid: child.pid,
            pidfd: child.pidfd,
            console: self.console,
        })
    }

    /// Kills it without waiting; its line is closed soon after.
    pub fn kill(&self) {
        kill_group(&self.helper);
        if let Some(child) = &self.child {
            kill(child);
        }
    }

    /// Kills it and waits for its end.
    pub fn end(self) {
        end_group(&self.helper);
        if let Some(child) = &self.child {
            end(child);
        }
    }
}

fn ended_early() -> CreateError {
    CreateError {
        kind: CreateErrorKind::Other,
        message: "process ended before it was set up".into(),
        errno: Some(Errno::SRCH.raw_os_error()),
    }
}

/// Sends `process` on its way into `container`. The calling process must be
/// single-threaded.
pub fn begin(
    container: Running<'_>,
    process: &ProcessSpec,
    stdio: Stdio,
) -> Result<Starting, CreateError> {
    let spec = container.spec;
    // The container's filter, also when the exec has more capabilities.
    let filter = seccomp::instructions(&spec.seccomp, spec.process.capabilities)?;
    if let Some(map) = &spec.user_namespace {
        userns::hand_over(&stdio, map)?;
    }
    // Made here, it is there for the next exec, too.
    Entrance::prepare(container.cgroup).step(|| "open cgroup")?;
    let (ours, theirs) = Line::pair_with_names().step(|| "make line to process")?;
    match clone3(0, None).step(|| "clone3 the helper")? {
        Side::Child => {
            // The shim's end would keep the line alive after the shim.
            drop(ours);
            let task = Task {
                container,
                process,
                stdio: &stdio,
                filter: filter.as_deref(),
                line: &theirs,
            };
            task.run()
        }
        Side::Parent(helper) => Ok(Starting {
            helper,
            child: None,
            line: ours,
            console: None,
            failure: None,
        }),
    }
}

/// Runs `process` in `container`. Returns when its program runs or could not
/// be run. The calling process must be single-threaded.
pub fn spawn(
    container: Running<'_>,
    process: &ProcessSpec,
    stdio: Stdio,
) -> Result<Exec, CreateError> {
    let mut starting = begin(container, process, stdio)?;
    loop {
        let step = match answers_in_time(&starting.line) {
            Ok(true) => starting.proceed(),
            Ok(false) => Err(too_slow()),
            Err(error) => Err(error),
        };
        match step {
            Ok(false) => {}
            Ok(true) => return starting.finish(),
            Err(error) => {
                starting.end();
                return Err(error);
            }
        }
    }
}

/// The error of a process that takes longer than [`PATIENCE`].
pub(crate) fn too_slow() -> CreateError {
    CreateError::new(
        CreateErrorKind::Other,
        format!(
            "process did not start within {} seconds",
            PATIENCE.as_secs()
        ),
    )
}
