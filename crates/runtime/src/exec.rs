//! A further process in a running container (`docker exec`).
//!
//! The child is born in the container's pid namespace and cgroup, joins the
//! other namespaces through the pidfd of the container's first process, which
//! cannot come to mean another one, and goes through the same last steps.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::prctl;
use rustix::fs::{self, Mode, OFlags};
use rustix::io::Errno;
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use crate::cgroup::Cgroup;
use crate::container::{PATIENCE, Stdio, answers_in_time, end, end_with, kill};
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::init::{become_controlled, join_keyring, open_terminal, set_size};
use crate::namespaces::ChildrenElsewhere;
use crate::path;
use crate::process::{self, Prepared};
use crate::seccomp;
use crate::spec::{ContainerSpec, NsMode, ProcessSpec};
use crate::sync::{Heard, Line, Report};
use crate::sys::clone::{Child, Side, clone3};
use crate::userns;

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
    child: Child,
    line: Line,
    console: Option<OwnedFd>,
    released: bool,
}

impl Starting {
    /// Readable when there is something to hear.
    pub fn line(&self) -> BorrowedFd<'_> {
        self.line.as_fd()
    }

    /// Hears what the process says; true when its program runs. After an error
    /// only [`Starting::end`] is left.
    pub fn proceed(&mut self) -> Result<bool, CreateError> {
        match self.line.hear().step(|| "hear from the process")? {
            Heard::Report(Report::Failed(error), _) => Err(error),
            Heard::Report(Report::Ready, console) if !self.released => {
                self.console = console;
                self.line.go().step(|| "start the process")?;
                self.released = true;
                Ok(false)
            }
            Heard::Closed if self.released => Ok(true),
            _ => Err(CreateError {
                kind: CreateErrorKind::Other,
                message: "process ended before it was set up".into(),
                errno: Some(Errno::SRCH.raw_os_error()),
            }),
        }
    }

    /// The process whose program runs.
    pub fn finish(self) -> Exec {
        Exec {
            pid: self.child.pid,
            pidfd: self.child.pidfd,
            console: self.console,
        }
    }

    /// Kills it without waiting; its line is closed soon after.
    pub fn kill(&self) {
        kill(&self.child);
    }

    /// Kills it and waits for its end.
    pub fn end(self) {
        end(&self.child);
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
    let (ours, theirs) = Line::pair().step(|| "make line to process")?;
    let elsewhere =
        ChildrenElsewhere::of(container.pidfd).step(|| "join pid namespace of the container")?;
    let side = clone3(0, container.cgroup.birthplace()).step(|| "clone3 into the container");
    let child = match side {
        Ok(Side::Child) => {
            drop(ours);
            let run = || match join(container, process, &stdio, &theirs) {
                Ok(prepared) => prepared.run(filter.as_deref()),
                Err(error) => error,
            };
            end_with(&theirs, run)
        }
        Ok(Side::Parent(child)) => Ok(child),
        Err(error) => Err(error),
    };
    elsewhere.end().step(|| "return to own pid namespace")?;
    Ok(Starting {
        child: child?,
        line: ours,
        console: None,
        released: false,
    })
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
            Ok(true) => return Ok(starting.finish()),
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

/// Goes where the container is and gets ready there.
fn join<'a>(
    container: Running<'_>,
    process: &'a ProcessSpec,
    stdio: &Stdio,
    line: &Line,
) -> Result<Prepared<'a>, CreateError> {
    // Before the namespaces: from then on others could look into it.
    prctl::set_dumpable(false).step(|| "set dumpable")?;
    rustix::process::setsid().step(|| "setsid")?;
    if let Stdio::Pipes {
        stdin,
        stdout,
        stderr,
    } = stdio
    {
        process::set_streams([stdin.as_fd(), stdout.as_fd(), stderr.as_fd()])
            .step(|| "set standard streams")?;
    }
    container.cgroup.enter().step(|| "join cgroup")?;
    move_into_thread_name_spaces(container.pidfd, namespaces(container.spec))
        .step(|| "join namespaces of the container")?;
    if container.spec.user_namespace.is_some() {
        userns::become_root()?;
    }
    join_keyring(&container.spec.id)?;
    let console = match stdio {
        Stdio::Pty => Some(console(process)?),
        Stdio::Pipes { .. } => None,
    };
    let prepared = Prepared::new(process, false)?;
    line.report(&Report::Ready, console.as_ref().map(AsFd::as_fd))
        .step(|| "report to shim")?;
    drop(console);
    if line.wait_for_go().step(|| "wait for start")? {
        return Ok(prepared);
    }
    Err(CreateError::new(CreateErrorKind::Other, "the shim is gone"))
}

/// Those in which the container differs from its shim.
fn namespaces(spec: &ContainerSpec) -> ThreadNameSpaceType {
    let modes = &spec.namespaces;
    [
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
    .chain(
        spec.user_namespace
            .as_ref()
            .map(|_| (NsMode::New, ThreadNameSpaceType::USER)),
    )
    .fold(ThreadNameSpaceType::MOUNT, |all, (_, kind)| all | kind)
}

/// A terminal in the container's devpts; answers its master side.
fn console(process: &ProcessSpec) -> Result<OwnedFd, CreateError> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    fs::open("/", flags, Mode::empty())
        .map_err(std::io::Error::from)
        .and_then(|root| path::open_plain(root, "dev/pts", OFlags::PATH | OFlags::DIRECTORY))
        .and_then(|pts| {
            if fs::fstatfs(&pts)?.f_type != DEVPTS_MAGIC {
                return Err(std::io::Error::other("/dev/pts is not a devpts"));
            }
            let (master, peer) = open_terminal(pts)?;
            if let Some(size) = process.console_size {
                set_size(&master, size)?;
            }
            become_controlled(&peer)?;
            Ok(master)
        })
        .step(|| "make console")
}

/// `include/uapi/linux/magic.h`.
const DEVPTS_MAGIC: i64 = 0x1cd1;
