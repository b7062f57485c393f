//! How the process of an exec comes into the world.
//!
//! In a container there may be somebody who is allowed to look into every
//! process that he sees, with all that it has open, and to take it over. So
//! nothing of the host may be left in a process when it first is to be seen
//! there. A helper goes ahead, which has no number in the container:
//!
//! ```text
//! shim ── clone3 ─▶ helper                 in the host's pid namespace and cgroup
//!  │                  ├── opens the way into the cgroup, joins the namespaces
//!  │                  ├── closes all that is the host's
//!  │                  ├── looks up user, working directory, terminal
//!  └─ parent of ──────┴── clone3 ─▶ process   enters the cgroup, gives up
//!                                             privileges, becomes the program
//! ```
//!
//! With a user namespace the process looks things up itself, as its root:
//! who is in there has no power over memory that comes from outside of it.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::prctl;
use nix::sys::signal::Signal;
use rustix::fs::{self, Mode, OFlags};
use rustix::io::Errno;
use rustix::thread::{ThreadNameSpaceType, move_into_thread_name_spaces};

use super::Running;
use crate::cgroup::entrance::Entrance;
use crate::container::{Stdio, end_with, lead_group};
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::init::{become_controlled, join_keyring, open_terminal, set_size};
use crate::path;
use crate::process::{self, Prepared};
use crate::spec::{ContainerSpec, NsMode, ProcessSpec};
use crate::sync::{Line, Report};
use crate::sys::clone::{Side, clone3_as_sibling};
use crate::sys::fd::close_all_but;
use crate::sys::pidfd;
use crate::sys::seccomp::Instruction;
use crate::userns;

/// `include/uapi/linux/magic.h`.
const DEVPTS_MAGIC: i64 = 0x1cd1;

/// Milliseconds that a container may take to end in which no process is born.
const ENDING: u16 = 500;

/// What a helper has to do.
pub(super) struct Task<'a> {
    pub(super) container: Running<'a>,
    pub(super) process: &'a ProcessSpec,
    pub(super) stdio: &'a Stdio,
    pub(super) filter: Option<&'a [Instruction]>,
    /// To the shim.
    pub(super) line: &'a Line,
}

/// A process that only has to become its program.
struct Ready<'a> {
    prepared: Prepared<'a>,
    /// The side of the terminal that is the program's.
    terminal: Option<OwnedFd>,
}

impl<'a> Task<'a> {
    /// The helper's whole life, and that of the process it clones.
    pub(super) fn run(&self) -> ! {
        end_with(self.line, || match self.give_birth() {
            Ok((Side::Parent(_), ..)) => std::process::exit(0),
            Ok((Side::Child, entrance, ready)) => match self.live(entrance, ready) {
                Ok(prepared) => prepared.run(self.filter, None),
                Err(error) => error,
            },
            Err(error) => error,
        })
    }

    /// Goes where the container is, and clones the process there.
    fn give_birth(&self) -> Result<(Side, Entrance<'a>, Option<Ready<'a>>), CreateError> {
        // Before anything else: from here on nobody may look in who could not
        // look into the shim.
        prctl::set_dumpable(false).step(|| "set dumpable")?;
        lead_group().step(|| "make process group")?;
        let container = self.container;
        let entrance = Entrance::open(container.cgroup).step(|| "open cgroup")?;
        if let Stdio::Pipes {
            stdin,
            stdout,
            stderr,
        } = self.stdio
        {
            process::set_streams([stdin.as_fd(), stdout.as_fd(), stderr.as_fd()])
                .step(|| "set standard streams")?;
        }
        let kept: Vec<BorrowedFd<'_>> = [self.line.as_fd(), container.pidfd]
            .into_iter()
            .chain(entrance.descriptors())
            .collect();
        close_all_but(&kept).step(|| "close descriptors")?;
        join(container.pidfd, joined_before(container.spec))?;
        let ready = match container.spec.user_namespace {
            None => Some(self.get_ready()?),
            Some(_) => None,
        };
        let side = clone3_as_sibling(0, entrance.birthplace())
            .step(|| "clone3 into the container")
            .map_err(|error| self.ending_or(error))?;
        Ok((side, entrance, ready))
    }

    /// What the kernel calls a lack of memory may be the end of the container:
    /// no process is born any more where the first one goes.
    fn ending_or(&self, error: CreateError) -> CreateError {
        if error.errno == Some(Errno::NOMEM.raw_os_error())
            && pidfd::ends_within(self.container.pidfd, ENDING)
        {
            return error.of_kind(CreateErrorKind::ContainerEnding);
        }
        error
    }

    /// The first steps of the process itself.
    fn live(
        &self,
        entrance: Entrance<'_>,
        ready: Option<Ready<'a>>,
    ) -> Result<Prepared<'a>, CreateError> {
        let tell = || "report to shim";
        prctl::set_pdeathsig(Signal::SIGKILL).step(|| "set parent death signal")?;
        // A shim that has ended before that cannot be told any more.
        self.line.report(&Report::Born, None).step(tell)?;
        entrance.enter().step(|| "join cgroup")?;
        let spec = self.container.spec;
        let left = joined_after(spec);
        if !left.is_empty() {
            join(self.container.pidfd, left)?;
        }
        rustix::process::setsid().step(|| "setsid")?;
        let Ready { prepared, terminal } = match ready {
            Some(ready) => ready,
            None => {
                userns::become_root()?;
                self.get_ready()?
            }
        };
        if let Some(terminal) = terminal {
            become_controlled(&terminal).step(|| "make console")?;
        }
        Ok(prepared)
    }

    /// All that takes looking around in the container, whose files may be
    /// anything and slow.
    fn get_ready(&self) -> Result<Ready<'a>, CreateError> {
        join_keyring(&self.container.spec.id)?;
        let terminal = match self.stdio {
            Stdio::Pipes { .. } => None,
            Stdio::Pty => {
                let (master, peer) = console(self.process).step(|| "make console")?;
                self.line
                    .report(&Report::Ready, Some(master.as_fd()))
                    .step(|| "report to shim")?;
                Some(peer)
            }
        };
        let prepared = Prepared::new(self.process, false)?;
        Ok(Ready { prepared, terminal })
    }
}

/// The namespaces in which the container differs from its shim and which the
/// helper joins.
fn joined_before(spec: &ContainerSpec) -> ThreadNameSpaceType {
    let modes = &spec.namespaces;
    [
        (modes.net, ThreadNameSpaceType::NETWORK),
        (modes.ipc, ThreadNameSpaceType::INTER_PROCESS_COMMUNICATION),
        (
            modes.uts,
            ThreadNameSpaceType::HOST_NAME_AND_NIS_DOMAIN_NAME,
        ),
    ]
    .into_iter()
    .filter(|(mode, _)| *mode != NsMode::Host)
    .fold(
        ThreadNameSpaceType::MOUNT | ThreadNameSpaceType::PROCESS_ID,
        |all, (_, kind)| all | kind,
    )
}

/// Those that the process joins itself: from within them nobody can be born
/// into a cgroup that lies outside.
fn joined_after(spec: &ContainerSpec) -> ThreadNameSpaceType {
    let mut kinds = ThreadNameSpaceType::empty();
    kinds.set(
        ThreadNameSpaceType::CONTROL_GROUP,
        spec.namespaces.cgroup != NsMode::Host,
    );
    kinds.set(ThreadNameSpaceType::USER, spec.user_namespace.is_some());
    kinds
}

fn join(pidfd: BorrowedFd<'_>, kinds: ThreadNameSpaceType) -> Result<(), CreateError> {
    let joined = move_into_thread_name_spaces(pidfd, kinds);
    // A process lets go of its namespaces before its end is to be seen.
    let kind = match joined {
        Err(Errno::SRCH) => CreateErrorKind::ContainerEnding,
        _ => CreateErrorKind::Other,
    };
    joined
        .step(|| "join namespaces of the container")
        .map_err(|error| error.of_kind(kind))
}

/// A terminal in the container's devpts: its master side and the program's.
fn console(process: &ProcessSpec) -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = fs::open("/", flags, Mode::empty())?;
    let pts = path::open_plain(root, "dev/pts", OFlags::PATH | OFlags::DIRECTORY)?;
    if fs::fstatfs(&pts)?.f_type != DEVPTS_MAGIC {
        return Err(io::Error::other("/dev/pts is not a devpts"));
    }
    let (master, peer) = open_terminal(pts)?;
    if let Some(size) = process.console_size {
        set_size(&master, size)?;
    }
    Ok((master, peer))
}
