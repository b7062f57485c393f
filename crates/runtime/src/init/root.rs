//! The root of a container: what is mounted in it and where it comes from.
//!
//! What is the host's is opened first ([`FromHost`]), while its paths still mean
//! something; then the layers, `/proc`, `/dev`, `/sys` and the mounts of the
//! specification are put together below one descriptor ([`Root`]).

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags};
use rustix::mount::MountAttrFlags;
use rustix::process::getpid;
use rustix::thread::{
    LinkNameSpaceType, ThreadNameSpaceType, move_into_link_name_space, move_into_thread_name_spaces,
};

use crate::container::Stdio;
use crate::dev;
use crate::error::{CreateError, CreateErrorKind, Step};
use crate::guest::Seen;
use crate::masks::{self, Masks};
use crate::mounts::{self, HARDENED, NODEV, NOEXEC, NOSUID, Options, RDONLY};
use crate::path;
use crate::rootfs;
use crate::spec::{MountKind, MountSpec, ProcessSpec, Propagation, Shm};
use crate::userns::{self, IdMap};

use super::{Plan, Terminal, new_cgroups, new_proc, open_terminal, set_size};

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
pub(super) struct Root<'a> {
    plan: &'a Plan<'a>,
    pub(super) fd: OwnedFd,
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
    pub(super) fn build(
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
pub(super) fn console(
    root: &OwnedFd,
    pts: &OwnedFd,
    process: &ProcessSpec,
) -> io::Result<Terminal> {
    let (master, peer) = open_terminal(pts)?;
    if let Some(size) = process.console_size {
        set_size(&master, size)?;
    }
    let place = path::open_plain(root, "dev/console", OFlags::PATH)?;
    mounts::attach(mounts::clone_at(&peer, false)?, place)?;
    Ok(Terminal { master, peer })
}
