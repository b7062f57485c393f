//! The first process of a container, from its birth to `execve`.
//!
//! It runs in a child of the shim, in new namespaces, with a copy of the
//! shim's memory, and never returns into the shim's code. Everything of the
//! host that it needs is opened before it leaves the host's root; everything
//! it mounts is mounted in its own mount namespace.

mod root;

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use nix::sys::prctl;
use rustix::fs::{self, Gid, Mode, OFlags, Uid};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer};
use rustix::system;
use rustix::termios::{Winsize, tcsetwinsize};
use rustix::thread::UnshareFlags;

use crate::cgroup::Cgroup;
use crate::container::Stdio;
use crate::dev;
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::guest::Seen;
use crate::mounts::{self, HARDENED, RDONLY};
use crate::namespaces::Joins;
use crate::path;
use crate::process::{self, Prepared};
use crate::rootfs;
use crate::spec::{ContainerSpec, NsMode};
use crate::sync::{Line, Report};
use crate::sys::clone::unshare;
use crate::sys::seccomp::Instruction;
use crate::sys::{keyring, link};
use crate::userns;

use root::{Root, console};

/// What the parent has prepared.
pub(crate) struct Plan<'a> {
    pub(crate) spec: &'a ContainerSpec,
    pub(crate) cgroup: &'a Cgroup,
    pub(crate) joins: Joins,
    pub(crate) nodes: Vec<dev::Node>,
    pub(crate) filter: Option<Vec<Instruction>>,
    pub(crate) stdio: Stdio,
}

impl Plan<'_> {
    /// Whether nobody is born in the pid namespace before the init, or at least
    /// nobody who may look into a process that comes from outside.
    pub(crate) fn is_alone(&self) -> bool {
        self.joins.pid.is_none() || self.spec.user_namespace.is_some()
    }
}

/// A process in its container, which only has to become its program.
#[derive(Debug)]
pub(crate) struct Furnished<'a> {
    prepared: Prepared<'a>,
    terminal: Option<Terminal>,
}

/// Both sides of a terminal.
#[derive(Debug)]
struct Terminal {
    master: OwnedFd,
    peer: OwnedFd,
}

impl Furnished<'_> {
    /// What it has open.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let terminal = self.terminal.iter();
        terminal
            .flat_map(|terminal| [terminal.master.as_fd(), terminal.peer.as_fd()])
            .chain(self.prepared.directory())
    }
}

/// Lives the life of the first process. Returns only when a step failed.
pub(crate) fn run(plan: &Plan<'_>, line: &Line) -> CreateError {
    let furnished = hide()
        .and_then(|()| plan.cgroup.enter().step(|| "join cgroup"))
        .and_then(|()| match plan.spec.namespaces.cgroup {
            // Only now, since the namespace is rooted where its maker is.
            NsMode::New => unshare(UnshareFlags::NEWCGROUP).step(|| "make cgroup namespace"),
            _ => Ok(()),
        })
        .and_then(|()| furnish(plan, line, None));
    match furnished {
        Ok(furnished) => finish(plan, furnished, line),
        Err(error) => error,
    }
}

/// Lets nobody in a shared pid namespace look into the calling process.
pub(crate) fn hide() -> Result<(), CreateError> {
    prctl::set_dumpable(false).step(|| "set dumpable")
}

/// Makes the container around the calling process, up to the program. What
/// cannot be made here has been `seen` elsewhere.
pub(crate) fn furnish<'a>(
    plan: &Plan<'a>,
    line: &Line,
    seen: Option<Seen>,
) -> Result<Furnished<'a>, CreateError> {
    let spec = plan.spec;
    // Files made on the way get exactly the modes asked for.
    rustix::process::umask(Mode::empty());
    if let Stdio::Pipes {
        stdin,
        stdout,
        stderr,
    } = &plan.stdio
    {
        process::set_streams([stdin.as_fd(), stdout.as_fd(), stderr.as_fd()])
            .step(|| "set standard streams")?;
    }
    plan.joins.enter()?;
    if spec.namespaces.net == NsMode::New {
        link::loopback_up().step(|| "bring up loopback device")?;
    }
    let terminal = match &spec.user_namespace {
        None => {
            let (root, terminal) = Root::build(plan, None, seen)?;
            rootfs::enter(&root.fd).step(|| "pivot_root")?;
            terminal
        }
        Some(_) => enter_built_root(plan, line)?,
    };
    if spec.namespaces.uts == NsMode::New {
        if !spec.hostname.is_empty() {
            system::sethostname(spec.hostname.as_bytes()).step(|| "sethostname")?;
        }
        if !spec.domainname.is_empty() {
            system::setdomainname(spec.domainname.as_bytes()).step(|| "setdomainname")?;
        }
    }
    join_keyring(&spec.id)?;
    let prepared = Prepared::new(&spec.process, true)?;
    Ok(Furnished { prepared, terminal })
}

/// Reports that everything is set up, waits for the word to go, and becomes
/// the program. Returns only when a step failed.
pub(crate) fn finish(plan: &Plan<'_>, furnished: Furnished<'_>, line: &Line) -> CreateError {
    let prepared = match park(furnished, line) {
        Ok(prepared) => prepared,
        Err(error) => return error,
    };
    // Among others it waits without the privileges that it needed until now.
    let gate = (!plan.is_alone()).then_some(line);
    if gate.is_none() {
        match line.wait_for_go().step(|| "wait for start") {
            Ok(true) => {}
            // The shim is gone, and with it all who could want the container.
            Ok(false) => std::process::exit(1),
            Err(error) => return error,
        }
    }
    let filter = plan.filter.as_deref();
    if plan.spec.init {
        crate::reaper::run(prepared, filter, gate)
    } else {
        prepared.run(filter, gate)
    }
}

fn park<'a>(furnished: Furnished<'a>, line: &Line) -> Result<Prepared<'a>, CreateError> {
    let Furnished { prepared, terminal } = furnished;
    rustix::process::setsid().step(|| "setsid")?;
    if let Some(terminal) = &terminal {
        become_controlled(&terminal.peer).step(|| "make console")?;
    }
    let master = terminal.as_ref().map(|terminal| terminal.master.as_fd());
    line.report(&Report::Ready, master)
        .step(|| "report to shim")?;
    Ok(prepared)
}

/// In a user namespace the root is built by somebody else; enters it. Returns
/// the terminal, when there is one.
fn enter_built_root(plan: &Plan<'_>, line: &Line) -> Result<Option<Terminal>, CreateError> {
    let spec = plan.spec;
    line.report(&Report::Ready, None)
        .step(|| "report to shim")?;
    let Some(tree) = line.take().step(|| "wait for root")? else {
        // Nobody hears this.
        return Err(CreateError::new(CreateErrorKind::Other, "the shim is gone"));
    };
    rootfs::cut_off_from_host().step(|| "make mounts of the host slaves")?;
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let place = fs::open(&spec.run_dir, flags, Mode::empty())
        .step(|| format!("open mount point of root \"{}\"", spec.run_dir.display()))?;
    mounts::attach(&tree, place).step(|| "attach root")?;
    rootfs::enter(&tree).step(|| "pivot_root")?;
    userns::become_root()?;
    if !matches!(plan.stdio, Stdio::Pty) {
        return Ok(None);
    }
    let directory = OFlags::PATH | OFlags::DIRECTORY;
    path::open_plain(&tree, "dev/pts", directory)
        .and_then(|pts| console(&tree, &pts, &spec.process))
        .map(Some)
        .step(|| "make console")
}

/// The root of a container with ids of its own, as a tree of mounts that is
/// not attached anywhere; `user` is the container's user namespace.
pub(crate) fn build_shifted(plan: &Plan<'_>, user: &OwnedFd) -> Result<OwnedFd, CreateError> {
    let (root, _) = Root::build(plan, Some(user), None)?;
    mounts::clone_at(&root.fd, true).step(|| "detach root")
}

/// A session keyring of the container's own. Kernels may have none.
pub(crate) fn join_keyring(id: &str) -> Result<(), CreateError> {
    let name = CString::new(format!("_ses.{id}")).map_err(|_| {
        CreateError::new(CreateErrorKind::Other, "container id contains a NUL byte")
    })?;
    match keyring::join_session(&name) {
        Err(error) if error.raw_os_error() == Some(nix::libc::ENOSYS) => Ok(()),
        other => other.step(|| "join session keyring"),
    }
}

/// A procfs of the pid namespace that the calling process is in.
pub(crate) fn new_proc() -> Result<OwnedFd, CreateError> {
    mounts::new("proc", "proc", &[], HARDENED).step(|| "mount \"proc\"")
}

/// The version 2 tree of the cgroup namespace that the calling process is in.
pub(crate) fn new_cgroups(spec: &ContainerSpec) -> Result<OwnedFd, CreateError> {
    let mut attributes = HARDENED;
    attributes.set(RDONLY, !spec.cgroup_writable);
    mounts::new("cgroup2", "cgroup", &[], attributes)
        .step(|| "mount \"cgroup2\" (does the kernel have it?)")
}

/// A new pair of a terminal in the devpts that `pts` is the root of: master
/// side and the side of the program.
pub(crate) fn open_terminal(pts: impl AsFd) -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let master = path::open_kernel(pts, "ptmx", flags)?;
    rustix::pty::unlockpt(&master)?;
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let peer = ioctl_tiocgptpeer(&master, flags)?;
    Ok((master, peer))
}

/// Gives a terminal its size.
pub(crate) fn set_size(master: impl AsFd, size: crate::spec::ConsoleSize) -> io::Result<()> {
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.cols,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    Ok(tcsetwinsize(master, size)?)
}

/// Makes `peer` the controlling terminal and the standard streams of the
/// calling session leader.
pub(crate) fn become_controlled(peer: &OwnedFd) -> io::Result<()> {
    rustix::process::ioctl_tiocsctty(peer)?;
    // Its group stays tty's, its owner is root until the user is known.
    fs::fchown(peer, Some(Uid::ROOT), None::<Gid>)?;
    process::set_streams([peer.as_fd(), peer.as_fd(), peer.as_fd()])
}
