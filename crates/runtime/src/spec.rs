//! What a container is, as plain data.
//!
//! The engine fills a [`ContainerSpec`] and hands it to the zygote; the shim and
//! the container's init act on it and on nothing else. The types know neither
//! Docker's API nor images: names, defaults and policy are decided above, the
//! order of kernel steps below. All of it is serialisable, since it travels from
//! the daemon to the shim as one message.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::caps::CapabilitySet;
use crate::log::forward::LogServer;
use crate::userns::IdMap;

/// Everything needed to create one container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContainerSpec {
    /// The container's id, 64 hexadecimal digits. Also the name of its cgroup.
    pub id: String,
    /// Directory for what lives as long as the shim (socket, state file), for
    /// example `/run/longshore/containers/<id>`. Made by the shim when missing.
    pub run_dir: PathBuf,
    /// Where the [`ExitRecord`](crate::channel::ExitRecord) is written, on
    /// storage that survives a reboot. Its directory must exist.
    pub exit_path: PathBuf,
    /// Where the output goes.
    pub log: LogSpec,
    /// The first process.
    pub process: ProcessSpec,
    /// What happens to the first process's standard input.
    pub stdin: StdinSpec,
    /// Stay PID 1 as a small init that forwards signals and reaps, and run the
    /// process as its child (`docker run --init`).
    pub init: bool,
    /// The layers that make up `/`.
    pub rootfs: RootfsSpec,
    /// Mounts besides the ones every container has (`/proc`, `/dev`, `/sys`, …).
    /// Done in this order; one on a standard target replaces the standard mount.
    pub mounts: Vec<MountSpec>,
    /// What `/dev/shm` is.
    pub shm: Shm,
    /// Mount `/sys` writable (privileged containers).
    pub sys_writable: bool,
    /// Mount `/sys/fs/cgroup` writable (privileged containers).
    pub cgroup_writable: bool,
    /// Which namespaces are new and which are shared. The mount namespace is
    /// always new.
    pub namespaces: Namespaces,
    /// The user namespace of the container's own, when it has one.
    #[serde(default)]
    pub user_namespace: Option<IdMap>,
    /// Host name; set only in a new uts namespace, when not empty.
    pub hostname: String,
    /// NIS domain name; set only in a new uts namespace, when not empty.
    pub domainname: String,
    /// Resource control.
    pub cgroup: CgroupSpec,
    /// Device nodes to make besides the standard ones.
    pub devices: Vec<DeviceSpec>,
    /// Paths made unreadable. Missing ones are skipped.
    pub masked_paths: Vec<String>,
    /// Paths made read-only. Missing ones are skipped.
    pub readonly_paths: Vec<String>,
    /// Kernel parameters, `net.ipv4.ip_forward` to `1`. Written inside the new
    /// namespaces; names were checked against them by the engine.
    pub sysctls: BTreeMap<String, String>,
    /// The system call filter.
    pub seccomp: Seccomp,
    /// Written to `/proc/self/oom_score_adj` when present, −1000 to 1000.
    pub oom_score_adj: Option<i32>,
    /// Host ports that the shim binds and holds while the container lives.
    pub ports: Vec<PortReservation>,
}

/// A process in a container: the first one or an exec.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessSpec {
    /// Program and arguments; never empty. A name without a slash is looked up
    /// in the `PATH` of `env`, inside the container.
    pub args: Vec<String>,
    /// The whole environment, `NAME=value`. `HOME` is added from the user's
    /// passwd entry when missing.
    pub env: Vec<String>,
    /// Working directory, absolute, inside the container; empty is `/`. Made
    /// when missing for the first process; an error for an exec.
    pub cwd: String,
    /// User as the client gave it: empty (root), `name`, `uid`, `user:group`.
    /// Names are resolved in the container's own passwd and group files.
    pub user: String,
    /// Supplementary groups, names or numbers, besides those of the user.
    pub groups: Vec<String>,
    /// Capabilities to keep: the bounding set, and for root the permitted and
    /// effective sets too.
    pub capabilities: CapabilitySet,
    /// Name of the AppArmor profile that confines the program.
    #[serde(default)]
    pub apparmor: Option<String>,
    /// Set the `no_new_privs` bit before execve.
    pub no_new_privs: bool,
    /// Give the process a terminal instead of three pipes.
    pub tty: bool,
    /// The terminal's first size.
    pub console_size: Option<ConsoleSize>,
    /// Resource limits to set before execve.
    pub rlimits: Vec<Rlimit>,
}

/// Size of a terminal in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleSize {
    /// Lines.
    pub rows: u16,
    /// Columns.
    pub cols: u16,
}

/// One resource limit of setrlimit(2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rlimit {
    /// Docker's name of it: `nofile`, `nproc`, `core`, …
    pub name: String,
    /// The soft limit; `u64::MAX` is unlimited.
    pub soft: u64,
    /// The hard limit; `u64::MAX` is unlimited.
    pub hard: u64,
}

/// What the first process reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StdinSpec {
    /// Keep a pipe open that attached clients write to. Otherwise the process
    /// reads `/dev/null` (or, with a terminal, nothing).
    pub open: bool,
    /// Close the pipe when the first client that attached with stdin is done.
    pub once: bool,
}

/// What `/` is made of: an overlay mounted in the container's mount namespace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RootfsSpec {
    /// Read-only layers, topmost first. Without any, `upper` itself becomes `/`.
    pub lower: Vec<PathBuf>,
    /// The writable layer.
    pub upper: PathBuf,
    /// The overlay's scratch directory, on the same file system as `upper`.
    pub work: PathBuf,
    /// Make `/` read-only.
    pub readonly: bool,
}

/// One mount asked for by the user or by the engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MountSpec {
    /// Absolute path inside the container; made when missing.
    pub target: String,
    /// What is mounted there.
    pub kind: MountKind,
    /// Whether writing is refused.
    pub readonly: bool,
}

/// Kinds of mounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum MountKind {
    /// A file or directory of the host.
    Bind {
        /// Absolute path on the host; must exist.
        source: PathBuf,
        /// Take the mounts below `source` along.
        recursive: bool,
        /// Apply `readonly` to the mounts below as well (mount_setattr).
        readonly_recursive: bool,
        /// What is refused besides.
        #[serde(default)]
        restrictions: Restrictions,
        /// How later mounts travel between host and container.
        propagation: Propagation,
    },
    /// A file system in memory.
    Tmpfs {
        /// Options in the words of mount(8), `size=64m`, `noexec`, `mode=1777`;
        /// they come after the defaults `nosuid,nodev,noexec` and may undo them.
        options: Vec<String>,
    },
}

/// What files of a bind mount cannot be used for, see mount_setattr(2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restrictions {
    /// To gain another user's rights.
    pub nosuid: bool,
    /// To open devices.
    pub nodev: bool,
    /// To run programs.
    pub noexec: bool,
}

/// Mount propagation, see mount_namespaces(7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Propagation {
    /// Private, for this mount alone.
    Private,
    /// Private, with everything below it.
    #[default]
    Rprivate,
    /// The host's later mounts are seen, for this mount alone.
    Slave,
    /// The host's later mounts are seen, with everything below.
    Rslave,
    /// Both ways, for this mount alone.
    Shared,
    /// Both ways, with everything below.
    Rshared,
}

/// What `/dev/shm` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shm {
    /// A tmpfs of its own with this many bytes.
    Private {
        /// Size limit in bytes.
        size: u64,
    },
    /// The one of the container whose init has this host pid.
    Of(i32),
    /// The host's.
    Host,
    /// Not mounted (ipc mode `none`).
    None,
}

/// The namespaces of a container besides the mount namespace.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespaces {
    /// Process ids.
    pub pid: NsMode,
    /// Network devices. A new one has its loopback device up.
    pub net: NsMode,
    /// System V and POSIX inter-process communication.
    pub ipc: NsMode,
    /// Host name.
    pub uts: NsMode,
    /// Root of the visible cgroup tree.
    pub cgroup: NsMode,
    /// With [`ContainerSpec::user_namespace`]: the host pid of a process whose
    /// user namespace is joined instead of a new one made. Its map must be the
    /// same. Needed where other namespaces of that process are joined.
    #[serde(default)]
    pub user_of: Option<i32>,
}

/// Where one namespace comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NsMode {
    /// A fresh one.
    #[default]
    New,
    /// The daemon's.
    Host,
    /// That of the process with this host pid.
    Of(i32),
}

/// The cgroup of a container.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CgroupSpec {
    /// Path of the parent below each hierarchy's root, `/longshore`. The
    /// container's own group is `<parent>/<id>`.
    pub parent: String,
    /// Limits.
    pub resources: Resources,
    /// Access to every device (privileged containers).
    pub all_devices: bool,
    /// Device rules on top of the default list, `c 1:3 rwm`.
    pub device_rules: Vec<String>,
}

/// Limits of a cgroup. `None` leaves the kernel's value, which is no limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    /// Bytes of memory.
    pub memory: Option<i64>,
    /// Bytes of memory and swap together; −1 is unlimited.
    pub memory_swap: Option<i64>,
    /// Bytes of memory below which the group is spared on pressure.
    pub memory_reservation: Option<i64>,
    /// Bytes of kernel memory (cgroup v1 only).
    pub kernel_memory: Option<i64>,
    /// Bytes of kernel memory for TCP buffers (cgroup v1 only).
    pub kernel_memory_tcp: Option<i64>,
    /// 0 to 100 (cgroup v1 only).
    pub memory_swappiness: Option<i64>,
    /// Stop instead of kill when out of memory (cgroup v1 only).
    pub oom_kill_disable: bool,
    /// Relative weight, 1024 being one share.
    pub cpu_shares: Option<u64>,
    /// Length of a scheduling period in microseconds.
    pub cpu_period: Option<u64>,
    /// Microseconds of processor time in a period; −1 is unlimited.
    pub cpu_quota: Option<i64>,
    /// Length of a realtime period in microseconds (cgroup v1 only).
    pub cpu_realtime_period: Option<u64>,
    /// Microseconds of realtime in a realtime period (cgroup v1 only).
    pub cpu_realtime_runtime: Option<i64>,
    /// Processors, `0-2,7`.
    pub cpuset_cpus: Option<String>,
    /// Memory nodes, `0-1`.
    pub cpuset_mems: Option<String>,
    /// Number of processes; −1 is unlimited.
    pub pids_limit: Option<i64>,
    /// Relative weight of block input and output, 10 to 1000.
    pub blkio_weight: Option<u16>,
    /// Weights of single devices.
    pub blkio_weight_device: Vec<DeviceRate>,
    /// Bytes read a second.
    pub blkio_read_bps: Vec<DeviceRate>,
    /// Bytes written a second.
    pub blkio_write_bps: Vec<DeviceRate>,
    /// Reads a second.
    pub blkio_read_iops: Vec<DeviceRate>,
    /// Writes a second.
    pub blkio_write_iops: Vec<DeviceRate>,
}

/// A number for one block device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRate {
    /// The device node on the host.
    pub path: PathBuf,
    /// Weight, bytes a second or operations a second.
    pub rate: u64,
}

/// A device of the host made available in the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceSpec {
    /// The node on the host; a directory stands for all nodes below it.
    pub source: PathBuf,
    /// The node in the container.
    pub target: String,
    /// Letters of `rwm`: read, write, make.
    pub permissions: String,
    /// How the node differs from the one on the host.
    #[serde(default)]
    pub node: NodeSpec,
}

/// A device node; what is not given is that of the host's node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// What it is a node of.
    pub kind: Option<NodeKind>,
    /// Which device. Together with a kind there is no need of a node on the
    /// host.
    pub number: Option<DeviceNumber>,
    /// Permission bits; without a node on the host, 0666.
    pub mode: Option<u32>,
    /// Owner; without a node on the host, 0.
    pub uid: Option<u32>,
    /// Owner's group; without a node on the host, 0.
    pub gid: Option<u32>,
}

/// Kinds of device nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeKind {
    /// Block device.
    Block,
    /// Character device.
    Char,
}

/// The kernel's number of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceNumber {
    /// Its driver.
    pub major: u32,
    /// Which of the driver's.
    pub minor: u32,
}

/// Which system calls the container may make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seccomp {
    /// The built-in policy for the container's capabilities.
    #[default]
    Default,
    /// Every call.
    Unconfined,
    /// What a compiled filter lets through: one `struct sock_filter`
    /// (linux/filter.h) per number, `code << 48 | jt << 40 | jf << 32 | k`.
    Program(Vec<u64>),
}

/// Where the output of the first process goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogSpec {
    /// Where output waits for clients that are slow; must exist. Nothing stays
    /// there after the shim.
    pub scratch: PathBuf,
    /// Lines kept on disk, for readers; `None` keeps none.
    pub file: Option<LogFile>,
    /// Lines sent to a log server besides.
    pub forward: Option<Forward>,
}

/// A log on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogFile {
    /// Directory of the log files; made when missing.
    pub dir: PathBuf,
    /// Name of the log file in `dir`, `<id>-json.log`: always the newest
    /// segment. Segments are `<name>.1`, `<name>.2`, …
    pub name: String,
    /// Bytes after which a new segment is begun.
    pub max_size: Option<u64>,
    /// How many segments are kept; counts when `max_size` is set. 0 is taken
    /// as 1.
    pub max_file: u32,
    /// Whether segments that are complete are compressed.
    pub compress: bool,
    /// Extra attributes written into every line (`labels`, `env`, `tag`).
    pub attrs: BTreeMap<String, String>,
}

/// Sending lines to a log server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forward {
    /// Where to and how.
    pub server: LogServer,
    /// Bytes of lines that may wait for a slow server before newer ones are not
    /// sent; with `None` the container waits instead.
    pub buffer: Option<u64>,
}

/// A host port to hold for the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortReservation {
    /// Address on the host; unspecified means all.
    pub ip: IpAddr,
    /// Port on the host, never 0: the engine has chosen.
    pub port: u16,
    /// Transport.
    pub protocol: Protocol,
}

/// Transport protocols of published ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP. The shim does not bind it, since few kernels have it: the NAT rule
    /// alone decides.
    Sctp,
}
