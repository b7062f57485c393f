//! What a process sees, has and may do, as text: this program in the role of
//! the first process of a container, ours or another engine's.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// First argument of this program when it is to look around.
pub(crate) const ROLE: &str = "in-the-role-of-a-probe";

/// One name and one value for each thing found.
pub(crate) type Findings = BTreeMap<String, String>;

/// Prints the findings as JSON.
pub(crate) fn print() {
    let text = serde_json::to_string(&look()).expect("plain data");
    println!("{text}");
}

fn look() -> Findings {
    let mut found = Findings::new();
    for kind in ["mnt", "pid", "net", "ipc", "uts", "cgroup", "user", "time"] {
        let link = fs::read_link(format!("/proc/self/ns/{kind}"));
        found.insert(
            format!("ns.{kind}"),
            text(link.map(|link| link.display().to_string())),
        );
    }
    status(&mut found);
    mounts(&mut found);
    devices(&mut found);
    protected_paths(&mut found);
    for line in read("/proc/self/limits").lines().skip(1) {
        let (name, value) = line.split_at(line.len().min(26));
        found.insert(format!("limit.{}", name.trim()), words(value));
    }
    for (name, value) in std::env::vars() {
        found.insert(format!("env.{name}"), value);
    }
    for line in read("/proc/self/cgroup").lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (name, path) = (
            fields.next().unwrap_or_default(),
            fields.next().unwrap_or_default(),
        );
        found.insert(format!("cgroup.{name}"), path.to_owned());
    }
    let mut rules: Vec<_> = read("/sys/fs/cgroup/devices/devices.list")
        .lines()
        .map(str::to_owned)
        .collect();
    rules.sort();
    found.insert("devices.list".into(), rules.join(" · "));
    for (name, file) in [
        ("oom_score_adj", "/proc/self/oom_score_adj"),
        ("hostname", "/proc/sys/kernel/hostname"),
        (
            "sysctl.ports",
            "/proc/sys/net/ipv4/ip_unprivileged_port_start",
        ),
        ("sysctl.ping", "/proc/sys/net/ipv4/ping_group_range"),
        ("cmdline", "/proc/1/cmdline"),
        ("keys", "/proc/self/keys"),
    ] {
        found.insert(name.into(), words(&read(file)));
    }
    let cwd = std::env::current_dir().map(|path| path.display().to_string());
    found.insert("cwd".into(), text(cwd));
    found.insert("descriptors".into(), descriptors());
    found.insert("interfaces".into(), names("/sys/class/net"));
    found.insert("root".into(), names("/"));
    found
}

/// Lines of `/proc/self/status` that say what the process is and may do.
fn status(found: &mut Findings) {
    const KEYS: [&str; 20] = [
        "Uid",
        "Gid",
        "Groups",
        "CapInh",
        "CapPrm",
        "CapEff",
        "CapBnd",
        "CapAmb",
        "NoNewPrivs",
        "Seccomp",
        "Seccomp_filters",
        "Umask",
        "SigBlk",
        "SigIgn",
        "Pid",
        "PPid",
        "NSsid",
        "NSpgid",
        "Threads",
        "Speculation_Store_Bypass",
    ];
    for line in read("/proc/self/status").lines() {
        if let Some((key, value)) = line.split_once(':')
            && KEYS.contains(&key)
        {
            found.insert(format!("status.{key}"), words(value));
        }
    }
}

fn mounts(found: &mut Findings) {
    for line in read("/proc/self/mountinfo").lines() {
        let fields: Vec<_> = line.split(' ').collect();
        let dash = fields.iter().position(|field| *field == "-").unwrap_or(6);
        let propagation = fields[6..dash]
            .iter()
            .map(|field| field.split(':').next().unwrap_or_default());
        let value = format!(
            "{} {} {} {}",
            fields[5],
            propagation.collect::<Vec<_>>().join(","),
            fields[dash + 1],
            fields[dash + 3]
        );
        found.insert(format!("mount.{}", fields[4]), value);
    }
}

fn devices(found: &mut Findings) {
    for entry in fs::read_dir("/dev").into_iter().flatten().flatten() {
        let path = entry.path();
        found.insert(
            format!("dev.{}", entry.file_name().display()),
            describe(&path),
        );
    }
}

/// Kind, mode, owner and what it leads to.
fn describe(path: &Path) -> String {
    let Ok(status) = fs::symlink_metadata(path) else {
        return "absent".into();
    };
    let kind = status.file_type();
    let (mode, uid, gid) = (status.mode() & 0o7777, status.uid(), status.gid());
    if kind.is_symlink() {
        return format!(
            "-> {}",
            text(fs::read_link(path).map(|link| link.display().to_string()))
        );
    }
    let what = if kind.is_dir() {
        format!(
            "directory of {}",
            fs::read_dir(path).map_or(0, Iterator::count)
        )
    } else if kind.is_char_device() || kind.is_block_device() {
        let (major, minor) = (
            rustix::fs::major(status.rdev()),
            rustix::fs::minor(status.rdev()),
        );
        format!("device {major}:{minor}")
    } else {
        "file".into()
    };
    format!("{what} {mode:o} {uid}:{gid}")
}

/// Masked and read-only paths, and what happens to those who try to write.
fn protected_paths(found: &mut Findings) {
    for path in [
        "/proc/acpi",
        "/proc/asound",
        "/proc/interrupts",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/sys/devices/virtual/powercap",
        "/sys/firmware",
    ] {
        found.insert(format!("masked.{path}"), describe(Path::new(path)));
    }
    for path in [
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/hostname",
        "/proc/sys/vm/drop_caches",
        "/proc/sys/net/ipv4/ip_forward",
        "/proc/sysrq-trigger",
        "/proc/irq/default_smp_affinity",
        "/proc/mtrr",
        "/proc/self/oom_score_adj",
        "/proc/self/mem",
        "/proc/1/attr/current",
        "/sys/kernel/mm/transparent_hugepage/enabled",
        "/sys/power/state",
        "/sys/fs/cgroup/memory/tasks",
        "/sys/fs/cgroup/devices/devices.allow",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/dev/null",
        "/dev/tty",
        "/dev/ptmx",
        "/etc/passwd",
        "/etc/resolv.conf",
    ] {
        let opened = OpenOptions::new().write(true).open(path);
        found.insert(
            format!("write.{path}"),
            text(opened.map(|_| "allowed".into())),
        );
    }
}

/// Numbers and kinds of open files, without the directory being read.
fn descriptors() -> String {
    let mut open: Vec<String> = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let target = fs::read_link(entry.path()).ok()?;
            let kind = target.to_string_lossy().split(':').next()?.to_owned();
            (!kind.ends_with("/fd")).then(|| format!("{} {kind}", entry.file_name().display()))
        })
        .collect();
    open.sort();
    open.join(", ")
}

fn names(directory: &str) -> String {
    let mut names: Vec<_> = fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().display().to_string())
        .collect();
    names.sort();
    names.join(" ")
}

fn read(file: &str) -> String {
    fs::read(file)
        .map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "))
        .unwrap_or_default()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text(result: std::io::Result<String>) -> String {
    result.unwrap_or_else(|error| {
        error
            .raw_os_error()
            .map_or("error".into(), |number| format!("errno {number}"))
    })
}
