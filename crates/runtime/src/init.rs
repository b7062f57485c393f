//! The first process of a container, from its birth to `execve`.
//!
//! It runs in a child of the shim, in new namespaces, with a copy of the
//! shim's memory, and never returns into the shim's code. Everything of the
//! host that it needs is opened before it leaves the host's root; everything
//! it mounts is mounted in its own mount namespace.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::sys::prctl;
use rustix::fs::{self, AtFlags, FileType, Gid, Mode, OFlags, Uid};
use rustix::mount::MountAttrFlags;
use rustix::process::getpid;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer};
use rustix::system;
use rustix::termios::{Winsize, tcsetwinsize};
use rustix::thread::{
    LinkNameSpaceType, ThreadNameSpaceType, UnshareFlags, move_into_link_name_space,
    move_into_thread_name_spaces,
};

use crate::cgroup::Cgroup;
use crate::container::Stdio;
use crate::dev;
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::guest::Seen;
use crate::masks::{self, Masks};
use crate::mounts::{self, HARDENED, NODEV, NOEXEC, NOSUID, Options, RDONLY};
use crate::namespaces::Joins;
use crate::path;
use crate::process::{self, Prepared};
use crate::rootfs;
use crate::spec::{ContainerSpec, MountKind, MountSpec, NsMode, ProcessSpec, Propagation, Shm};
use crate::sync::{Line, Report};
use crate::sys::clone::unshare;
use crate::sys::seccomp::Instruction;
use crate::sys::{keyring, link};
use crate::userns::{self, IdMap};

/// Files of procfs that may be mounted over, such as by lxcfs.
const REPLACEABLE: [&str; 9] = [
    "/proc/cpuinfo",
    "/proc/diskstats",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/net/dev",
    "/proc/slabinfo",
    "/proc/stat",
    "/proc/swaps",
    "/proc/uptime",
];

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

/// Mounts of the host that are needed inside, opened while its paths exist.
struct FromHost {
    /// One per mount of the specification; none for a tmpfs.
    binds: Vec<Option<OwnedFd>>,
    shm: Option<OwnedFd>,
    /// Version 1 cgroups: name, mount.
    cgroups: Vec<(String, OwnedFd)>,
}

impl FromHost {
    fn open(plan: &Plan<'_>, user: Option<&OwnedFd>) -> Result<Self, CreateError> {
        let map = plan.spec.user_namespace.as_ref().zip(user);
        let mut binds = Vec::with_capacity(plan.spec.mounts.len());
        for mount in &plan.spec.mounts {
            binds.push(open_bind(mount, map)?);
        }
        let shm = match plan.spec.shm {
            Shm::Private { .. } | Shm::None => None,
            Shm::Host => {
                let tree = mounts::clone_path(Path::new("/dev/shm"), false)
                    .step(|| "clone mount of \"/dev/shm\"")?;
                mounts::propagate(&tree, Propagation::Private).step(|| "make /dev/shm private")?;
                Some(tree)
            }
            Shm::Of(pid) => match &plan.joins.shm {
                Some(owner) => {
                    Some(shm_of(owner).step(|| format!("join /dev/shm of process {pid}"))?)
                }
                None => None,
            },
        };
        let mut cgroups = Vec::new();
        for (name, directory) in plan.cgroup.views() {
            let tree = mounts::clone_path(&directory, false)
                .and_then(|tree| {
                    mounts::propagate(&tree, Propagation::Private)?;
                    let mut attributes = HARDENED;
                    attributes.set(RDONLY, !plan.spec.cgroup_writable);
                    mounts::restrict(&tree, false, attributes)?;
                    Ok(tree)
                })
                .step(|| format!("clone mount of \"{}\"", directory.display()))?;
            cgroups.push((name, tree));
        }
        Ok(Self {
            binds,
            shm,
            cgroups,
        })
    }
}

fn open_bind(
    mount: &MountSpec,
    map: Option<(&IdMap, &OwnedFd)>,
) -> Result<Option<OwnedFd>, CreateError> {
    let MountKind::Bind {
        source,
        recursive,
        readonly_recursive,
        restrictions,
        propagation,
    } = &mount.kind
    else {
        return Ok(None);
    };
    let step = || {
        format!(
            "error mounting \"{}\" to rootfs at \"{}\"",
            source.display(),
            mount.target
        )
    };
    let tree = mounts::clone_path(source, *recursive).step(step)?;
    if let Some((map, user)) = map
        && map.shifted.iter().any(|top| source.starts_with(top))
    {
        userns::shift(&tree, *recursive, user).step(step)?;
    }
    mounts::propagate(&tree, *propagation).step(step)?;
    if mount.readonly {
        mounts::restrict(&tree, *readonly_recursive, RDONLY).step(step)?;
    }
    let attributes = mounts::attributes(*restrictions);
    if !attributes.is_empty() {
        mounts::restrict(&tree, *recursive, attributes).step(step)?;
    }
    Ok(Some(tree))
}

/// A copy of the `/dev/shm` mount that another process sees. A mount can only
/// be copied from within its namespace, so this process visits it.
fn shm_of(owner: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let home = fs::open("/proc/self/ns/mnt", flags, Mode::empty())?;
    move_into_thread_name_spaces(owner.as_fd(), ThreadNameSpaceType::MOUNT)?;
    let tree = fs::open("/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(io::Error::from)
        .and_then(|root| path::open_plain(root, "dev/shm", OFlags::PATH))
        .and_then(|place| mounts::clone_at(place, false));
    move_into_link_name_space(home.as_fd(), Some(LinkNameSpaceType::Mount))?;
    tree
}

/// The container's root while it is being built.
struct Root<'a> {
    plan: &'a Plan<'a>,
    fd: OwnedFd,
    proc: OwnedFd,
    /// The tree of cgroups, when it had to be made elsewhere.
    cgroup_tree: Option<OwnedFd>,
    /// Targets of the specification's mounts, which replace standard ones.
    taken: BTreeSet<PathBuf>,
}

impl<'a> Root<'a> {
    /// Builds the root, for a container with the user namespace `user` with
    /// the ids of its own. Answers also the terminal, when there is one and it
    /// can be made here.
    fn build(
        plan: &'a Plan<'a>,
        user: Option<&OwnedFd>,
        seen: Option<Seen>,
    ) -> Result<(Self, Option<Terminal>), CreateError> {
        let spec = plan.spec;
        let mut from_host = FromHost::open(plan, user)?;
        rootfs::cut_off_from_host().step(|| "make mounts of the host slaves")?;
        if let (Some(map), Some(user)) = (&spec.user_namespace, user) {
            userns::shift_layers(&spec.rootfs, user)?;
            userns::act_as_root(map)?;
        }
        let fd = rootfs::mount(&spec.rootfs, &spec.run_dir)?;
        let place = fs::open(
            &spec.rootfs.upper,
            OFlags::PATH | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .step(|| format!("open \"{}\"", spec.rootfs.upper.display()))?;
        let (proc, cgroup_tree) = match seen {
            Some(seen) => (seen.proc, seen.cgroup),
            None => (new_proc()?, None),
        };
        let masks = Masks::build(&place).step(|| "make sources of masks")?;
        let root = Self {
            plan,
            fd,
            proc,
            cgroup_tree,
            taken: spec
                .mounts
                .iter()
                .map(|mount| path::normal(&mount.target))
                .collect(),
        };
        mounts::attach(&root.proc, root.own_directory("/proc")?).step(|| "attach \"/proc\"")?;
        let console = root.dev(from_host.shm.take())?;
        root.sys(std::mem::take(&mut from_host.cgroups))?;
        for (mount, tree) in spec.mounts.iter().zip(from_host.binds) {
            root.user_mount(mount, tree)?;
        }
        dev::make_elsewhere(&root.fd, &plan.nodes)?;
        root.kernel_parameters()?;
        masks::make_all_readonly(&root.fd, &spec.readonly_paths)?;
        for path in &spec.masked_paths {
            masks.mask(&root.fd, path)?;
        }
        // After the mounts, whose targets may have had to be made; the working
        // directory too.
        path::make_dir(&root.fd, &spec.process.cwd)
            .step(|| format!("mkdir working directory \"{}\"", spec.process.cwd))?;
        if spec.rootfs.readonly {
            mounts::restrict(&root.fd, false, RDONLY).step(|| "make root read-only")?;
        }
        Ok((root, console))
    }

    /// Whether a mount of the specification stands for the standard one here.
    fn is_taken(&self, target: &str) -> bool {
        self.taken.contains(Path::new(target))
    }

    /// A directory that a file system of the kernel will be mounted on. A link
    /// in its place would lead the mount astray.
    fn own_directory(&self, target: &str) -> Result<OwnedFd, CreateError> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match path::open_plain(&self.fd, target, flags) {
            Err(error) if path::is_missing(&error) => path::make_dir(&self.fd, target)
                .and_then(|_| path::open_plain(&self.fd, target, flags)),
            other => other,
        }
        .step(|| format!("open mount point \"{target}\""))
    }

    fn mount(
        &self,
        kind: &str,
        source: &str,
        target: &str,
        options: &[(&str, &str)],
        attributes: MountAttrFlags,
    ) -> Result<OwnedFd, CreateError> {
        let mount = mounts::new(kind, source, options, attributes)
            .step(|| format!("mount \"{kind}\" (does the kernel have it?)"))?;
        mounts::attach(&mount, self.own_directory(target)?)
            .step(|| format!("attach \"{target}\""))?;
        Ok(mount)
    }

    /// `/dev` and what belongs in it.
    fn dev(&self, shm: Option<OwnedFd>) -> Result<Option<Terminal>, CreateError> {
        if self.is_taken("/dev") {
            return Ok(None);
        }
        let tty = matches!(self.plan.stdio, Stdio::Pty);
        let dev = dev::build(&self.plan.nodes, tty).step(|| "build \"/dev\"")?;
        mounts::attach(&dev, self.own_directory("/dev")?).step(|| "attach \"/dev\"")?;
        let mut console = None;
        if !self.is_taken("/dev/pts") {
            let tty_group = self.tty_group()?.to_string();
            let options = [
                ("newinstance", ""),
                ("ptmxmode", "0666"),
                ("mode", "0620"),
                ("gid", tty_group.as_str()),
            ];
            let pts = self.mount("devpts", "devpts", "/dev/pts", &options, NOSUID | NOEXEC)?;
            match &self.plan.spec.user_namespace {
                Some(map) => {
                    let (uid, gid) = map.root()?;
                    for name in ["", "ptmx"] {
                        fs::chownat(&pts, name, Some(uid), Some(gid), AtFlags::EMPTY_PATH)
                            .step(|| "chown devpts")?;
                    }
                }
                None if tty => {
                    let made = self::console(&self.fd, &pts, &self.plan.spec.process);
                    console = Some(made.step(|| "make console")?);
                }
                None => {}
            }
        }
        if !self.is_taken("/dev/mqueue") {
            self.mount("mqueue", "mqueue", "/dev/mqueue", &[], HARDENED)?;
        }
        if !self.is_taken("/dev/shm") {
            match (self.plan.spec.shm, shm) {
                (Shm::Private { size }, _) => {
                    let size = size.to_string();
                    let options = [("mode", "1777"), ("size", size.as_str())];
                    self.mount("tmpfs", "shm", "/dev/shm", &options, HARDENED)?;
                }
                (_, Some(shared)) => mounts::attach(&shared, self.own_directory("/dev/shm")?)
                    .step(|| "attach \"/dev/shm\"")?,
                (_, None) => {}
            }
        }
        Ok(console)
    }

    /// The group that terminals belong to, as the machine numbers it.
    fn tty_group(&self) -> Result<u32, CreateError> {
        const TTY: u32 = 5;
        match &self.plan.spec.user_namespace {
            None => Ok(TTY),
            Some(map) => match map.gid(TTY) {
                Some(gid) => Ok(gid),
                None => Ok(map.root()?.1.as_raw()),
            },
        }
    }

    fn sys(&self, cgroups: Vec<(String, OwnedFd)>) -> Result<(), CreateError> {
        let spec = self.plan.spec;
        if !self.is_taken("/sys") {
            let mut attributes = HARDENED;
            attributes.set(RDONLY, !spec.sys_writable);
            let options: &[(&str, &str)] = if spec.sys_writable {
                &[]
            } else {
                &[("ro", "")]
            };
            self.mount("sysfs", "sysfs", "/sys", options, attributes)?;
        }
        const TREE: &str = "/sys/fs/cgroup";
        if self.is_taken(TREE) {
            return Ok(());
        }
        if cgroups.is_empty() {
            let made = match &self.cgroup_tree {
                Some(_) => None,
                None => Some(new_cgroups(spec)?),
            };
            let tree = self.cgroup_tree.as_ref().or(made.as_ref());
            return tree.map_or(Ok(()), |tree| {
                mounts::attach(tree, self.own_directory(TREE)?)
                    .step(|| format!("attach \"{TREE}\""))
            });
        }
        let top = self.mount("tmpfs", "tmpfs", TREE, &[("mode", "755")], HARDENED)?;
        for (name, tree) in cgroups {
            let step = || format!("attach cgroup \"{name}\"");
            fs::mkdirat(&top, &name, Mode::from_raw_mode(0o755)).step(step)?;
            let place = path::open_plain(&top, &name, OFlags::PATH).step(step)?;
            mounts::attach(&tree, place).step(step)?;
            if name.contains(',') {
                for controller in name.split(',') {
                    fs::symlinkat(&name, &top, controller).step(step)?;
                }
            }
        }
        Ok(())
    }

    fn user_mount(&self, mount: &MountSpec, tree: Option<OwnedFd>) -> Result<(), CreateError> {
        let step = || match &mount.kind {
            MountKind::Bind { source, .. } => format!(
                "error mounting \"{}\" to rootfs at \"{}\"",
                source.display(),
                mount.target
            ),
            MountKind::Tmpfs { .. } => {
                format!("error mounting \"tmpfs\" to rootfs at \"{}\"", mount.target)
            }
        };
        let (tree, directory) = match (&mount.kind, tree) {
            (MountKind::Bind { .. }, Some(tree)) => {
                let status = fs::fstat(&tree).step(step)?;
                let kind = FileType::from_raw_mode(status.st_mode);
                (tree, kind == FileType::Directory)
            }
            (MountKind::Tmpfs { options }, _) => {
                let mut parsed = Options::parse(NOSUID | NODEV | NOEXEC, options);
                parsed
                    .attributes
                    .set(RDONLY, mount.readonly || parsed.attributes.contains(RDONLY));
                let tree = mounts::new("tmpfs", "tmpfs", &parsed.data, parsed.attributes);
                (tree.step(step)?, true)
            }
            (MountKind::Bind { .. }, None) => return Ok(()),
        };
        let place = if directory {
            path::make_dir(&self.fd, &mount.target)
        } else {
            path::make_file(&self.fd, &mount.target)
        }
        .step(step)?;
        self.refuse_proc(&place, &mount.target)?;
        mounts::attach(&tree, &place).step(step)
    }

    /// A mount that hides a part of procfs could make the runtime write to
    /// something else in its place.
    fn refuse_proc(&self, place: &OwnedFd, target: &str) -> Result<(), CreateError> {
        let magic = fs::fstatfs(place)
            .step(|| format!("statfs \"{target}\""))?
            .f_type;
        let normal = path::normal(target);
        let allowed = REPLACEABLE.iter().any(|file| normal == Path::new(file));
        if magic == fs::PROC_SUPER_MAGIC && !allowed {
            return Err(CreateError::new(
                CreateErrorKind::Other,
                format!("\"{target}\" cannot be mounted because it is inside /proc"),
            ));
        }
        Ok(())
    }

    /// Writes through our own handle on procfs, which nothing can be mounted
    /// over or linked into.
    fn kernel_parameters(&self) -> Result<(), CreateError> {
        for (name, value) in &self.plan.spec.sysctls {
            let file = format!("sys/{}", name.replace('.', "/"));
            self.set_parameter(&file, value)?;
        }
        // With others around this is not the process that stays.
        if let (Some(score), None, true) = (
            self.plan.spec.oom_score_adj,
            &self.plan.spec.user_namespace,
            self.plan.is_alone(),
        ) {
            let file = format!("{}/oom_score_adj", getpid().as_raw_nonzero());
            self.write_proc(&file, &score.to_string())
                .step(|| "set oom_score_adj")?;
        }
        Ok(())
    }

    /// A parameter that the kernel does not have is the client's mistake.
    fn set_parameter(&self, file: &str, value: &str) -> Result<(), CreateError> {
        match path::open_kernel(&self.proc, file, OFlags::WRONLY) {
            Err(error) if path::is_missing(&error) => Err(error)
                .step(|| format!("open /proc/{file}"))
                .map_err(|error| error.of_kind(CreateErrorKind::NotFound)),
            opened => std::fs::File::from(opened.step(|| format!("open /proc/{file}"))?)
                .write_all(value.as_bytes())
                .step(|| format!("write /proc/{file}")),
        }
    }

    fn write_proc(&self, file: &str, value: &str) -> io::Result<()> {
        let file = path::open_kernel(&self.proc, file, OFlags::WRONLY)?;
        std::fs::File::from(file).write_all(value.as_bytes())
    }
}

/// The terminal: made in the container's own devpts `pts`, and never looked up
/// by name.
fn console(root: &OwnedFd, pts: &OwnedFd, process: &ProcessSpec) -> io::Result<Terminal> {
    let (master, peer) = open_terminal(pts)?;
    if let Some(size) = process.console_size {
        set_size(&master, size)?;
    }
    let place = path::open_plain(root, "dev/console", OFlags::PATH)?;
    mounts::attach(mounts::clone_at(&peer, false)?, place)?;
    Ok(Terminal { master, peer })
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
