//! What a container sees, has and may do, by default and when asked.

use std::fs;

use longshore_runtime::caps::CapabilitySet;
use longshore_runtime::cgroup::layout::Layout;
use longshore_runtime::spec::{MountKind, MountSpec, NsMode, Resources, Rlimit, Seccomp, Shm};

use crate::fixture::{Fixture, bind};

trials!(
    namespaces_are_new,
    namespaces_may_be_the_hosts,
    privileges_of_root,
    privileges_of_a_user,
    privileges_when_privileged,
    no_new_privileges,
    identity,
    standard_mounts,
    devices,
    device_access,
    masks_and_read_only_paths,
    a_read_only_root,
    binds_and_tmpfs,
    shared_memory_of_another_container,
    kernel_parameters_are_the_containers,
    descriptors_and_environment,
    limits,
    the_working_directory_is_made,
);

fn status(fixture: &Fixture, key: &str) -> String {
    let output = fixture.output();
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {key} in {output}"))
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn host_namespace(kind: &str) -> String {
    let link = fs::read_link(format!("/proc/self/ns/{kind}")).expect("namespace");
    link.display().to_string()
}

const NAMESPACES: &str =
    "for ns in mnt pid net ipc uts cgroup; do readlink /proc/self/ns/$ns; done";

fn namespaces_are_new() {
    let mut fixture = Fixture::shell(NAMESPACES);
    fixture.spec.namespaces.cgroup = NsMode::New;
    for line in fixture.output().lines() {
        let kind = line.split(':').next().expect("kind:[number]");
        assert_ne!(line, host_namespace(kind));
    }
}

fn namespaces_may_be_the_hosts() {
    let mut fixture = Fixture::shell(NAMESPACES);
    let modes = &mut fixture.spec.namespaces;
    modes.pid = NsMode::Host;
    modes.net = NsMode::Host;
    modes.ipc = NsMode::Host;
    modes.uts = NsMode::Host;
    modes.cgroup = NsMode::Host;
    fixture.spec.shm = Shm::Host;
    let expected: Vec<_> = ["pid", "net", "ipc", "uts", "cgroup"]
        .map(host_namespace)
        .to_vec();
    let output = fixture.output();
    assert_eq!(output.lines().skip(1).collect::<Vec<_>>(), expected);
    assert_ne!(output.lines().next(), Some(host_namespace("mnt").as_str()));
}

fn privileges_of_root() {
    // Not through the shell, which ignores signals of its own accord.
    let mut fixture = Fixture::shell("");
    fixture.spec.process.args = ["cat", "/proc/self/status"].map(str::to_owned).to_vec();
    for (key, value) in [
        ("CapInh", "0000000000000000"),
        ("CapPrm", "00000000a80425fb"),
        ("CapEff", "00000000a80425fb"),
        ("CapBnd", "00000000a80425fb"),
        ("CapAmb", "0000000000000000"),
        ("NoNewPrivs", "0"),
        ("Seccomp", "2"),
        ("Seccomp_filters", "1"),
        ("Umask", "0022"),
        ("Groups", "0"),
        ("SigIgn", "0000000000000000"),
        ("SigBlk", "0000000000000000"),
    ] {
        assert_eq!(status(&fixture, key), value, "{key}");
    }
}

fn privileges_of_a_user() {
    let mut fixture = Fixture::shell("cat /proc/self/status");
    fixture.spec.process.user = "web".into();
    for (key, value) in [
        ("Uid", "1000 1000 1000 1000"),
        ("Groups", "50 1000"),
        ("CapInh", "0000000000000000"),
        ("CapPrm", "0000000000000000"),
        ("CapEff", "0000000000000000"),
        ("CapBnd", "00000000a80425fb"),
        ("CapAmb", "0000000000000000"),
    ] {
        assert_eq!(status(&fixture, key), value, "{key}");
    }
}

fn privileges_when_privileged() {
    let mut fixture = Fixture::shell("cat /proc/self/status");
    fixture.spec.process.capabilities = CapabilitySet::ALL;
    fixture.spec.seccomp = Seccomp::Unconfined;
    let all = format!("{:?}", CapabilitySet::available().expect("bounding set"));
    for (key, value) in [
        ("CapInh", "0000000000000000"),
        ("CapPrm", all.as_str()),
        ("CapEff", all.as_str()),
        ("CapBnd", all.as_str()),
        ("Seccomp", "0"),
    ] {
        assert_eq!(status(&fixture, key), value, "{key}");
    }
}

fn no_new_privileges() {
    let mut fixture = Fixture::shell("cat /proc/self/status");
    fixture.spec.process.no_new_privs = true;
    assert_eq!(status(&fixture, "NoNewPrivs"), "1");
    assert_eq!(status(&fixture, "Seccomp"), "2");
    assert_eq!(status(&fixture, "Seccomp_filters"), "1");
}

fn identity() {
    let mut fixture = Fixture::shell("id -u; id -g; grep Groups /proc/self/status; echo $HOME");
    fixture.spec.process.user = "1000:2000".into();
    fixture.spec.process.groups = vec!["3000".into()];
    assert_eq!(
        fixture.output(),
        "1000\n2000\nGroups:\t2000 3000 \n/home/web\n"
    );
}

/// Target, options and type of each mount.
fn mounts(fixture: &Fixture) -> Vec<String> {
    let output = fixture.output();
    output
        .lines()
        .map(|line| {
            let fields: Vec<_> = line.split(' ').collect();
            let dash = fields
                .iter()
                .position(|field| *field == "-")
                .expect("separator");
            format!("{} {} {}", fields[4], fields[5], fields[dash + 1])
        })
        .collect()
}

fn standard_mounts() {
    let fixture = Fixture::shell("cat /proc/self/mountinfo");
    let mounts = mounts(&fixture);
    for expected in [
        "/ rw,relatime overlay",
        "/proc rw,nosuid,nodev,noexec,relatime proc",
        "/dev rw,nosuid tmpfs",
        "/dev/pts rw,nosuid,noexec,relatime devpts",
        "/dev/mqueue rw,nosuid,nodev,noexec,relatime mqueue",
        "/dev/shm rw,nosuid,nodev,noexec,relatime tmpfs",
        "/sys ro,nosuid,nodev,noexec,relatime sysfs",
        "/proc/sys ro,nosuid,nodev,noexec,relatime proc",
        "/proc/bus ro,nosuid,nodev,noexec,relatime proc",
    ] {
        assert!(
            mounts.iter().any(|mount| mount == expected),
            "{expected} in {mounts:#?}"
        );
    }
    let hosts: Vec<_> = mounts
        .iter()
        .filter(|mount| mount.contains("ext4"))
        .collect();
    assert!(hosts.is_empty(), "{hosts:?}");
    let before = fs::read_to_string("/proc/self/mountinfo").expect("mounts");
    assert!(
        !before.contains(&*fixture.dir.path().to_string_lossy()),
        "{before}"
    );
}

fn devices() {
    let fixture = Fixture::shell(
        "cd /dev; stat -c '%n %F %a %u:%g %t:%T' *; readlink fd; readlink ptmx; readlink stdin",
    );
    assert_eq!(
        fixture
            .output()
            .lines()
            .filter(|line| !line.starts_with("core "))
            .collect::<Vec<_>>(),
        [
            "fd symbolic link 777 0:0 0:0",
            "full character special file 666 0:0 1:7",
            "mqueue directory 1777 0:0 0:0",
            "null character special file 666 0:0 1:3",
            "ptmx symbolic link 777 0:0 0:0",
            "pts directory 755 0:0 0:0",
            "random character special file 666 0:0 1:8",
            "shm directory 1777 0:0 0:0",
            "stderr symbolic link 777 0:0 0:0",
            "stdin symbolic link 777 0:0 0:0",
            "stdout symbolic link 777 0:0 0:0",
            "tty character special file 666 0:0 5:0",
            "urandom character special file 666 0:0 1:9",
            "zero character special file 666 0:0 1:5",
            "/proc/self/fd",
            "pts/ptmx",
            "/proc/self/fd/0",
        ]
    );
}

fn device_access() {
    let script = "cd /tmp; mknod mem c 1 1 && cat mem | head -c 1; mknod zero c 1 5 && head -c 1 zero | wc -c; \
        [ ! -e /sys/fs/cgroup/devices ] || cat /sys/fs/cgroup/devices/devices.list";
    let outcome = Fixture::shell(script).run();
    assert!(
        outcome.stderr.contains("Operation not permitted"),
        "{outcome:?}"
    );
    let mut list: Vec<_> = outcome.stdout.lines().skip(1).collect();
    list.sort_unstable();
    let mut expected = longshore_runtime::cgroup::devices::DEFAULT.to_vec();
    expected.sort_unstable();
    assert!(outcome.stdout.starts_with("1\n"), "{outcome:?}");
    if is_unified() {
        // A program decides there, and nobody can list it.
        expected.clear();
    }
    assert_eq!(list, expected);
}

fn masks_and_read_only_paths() {
    let script = "for f in keys timer_list kcore interrupts; do \
            [ -e /proc/$f ] && stat -c '%t:%T' /proc/$f; done; \
        ls /proc/acpi /sys/firmware | grep -v :; touch /sys/firmware/x; \
        echo x > /proc/sys/kernel/domainname; echo x > /sys/x";
    let outcome = Fixture::shell(script).run();
    assert!(!outcome.stdout.is_empty(), "{outcome:?}");
    assert!(
        outcome.stdout.split_whitespace().all(|line| line == "1:3"),
        "{outcome:?}"
    );
    let refused = outcome.stderr.matches("Read-only file system").count();
    assert_eq!(refused, 3, "{outcome:#?}");
}

fn a_read_only_root() {
    let mut fixture = Fixture::shell("touch /x; touch /dev/shm/x && touch /dev/y && echo fine");
    fixture.spec.rootfs.readonly = true;
    let outcome = fixture.run();
    assert_eq!(outcome.stdout, "fine\n", "{outcome:?}");
    assert!(
        outcome.stderr.contains("/x: Read-only file system"),
        "{outcome:?}"
    );
}

fn binds_and_tmpfs() {
    let mut fixture = Fixture::shell(
        "cat /data/hello /etc/resolv.conf; touch /data/new; touch /again/x; \
         cat /proc/self/mountinfo | grep -e ' /data ' -e ' /mem ' -e ' /again '",
    );
    let source = fixture.dir.path().join("source");
    fs::create_dir(&source).expect("mkdir");
    fs::write(source.join("hello"), "hello\n").expect("write");
    fs::write(fixture.dir.path().join("resolv"), "nameserver 192.0.2.1\n").expect("write");
    let readonly = |mount| MountSpec {
        readonly: true,
        ..mount
    };
    fixture.spec.mounts = vec![
        bind(source.clone(), "/data"),
        readonly(bind(source.clone(), "/again")),
        bind(fixture.dir.path().join("resolv"), "/etc/resolv.conf"),
        MountSpec {
            target: "/mem".into(),
            kind: MountKind::Tmpfs {
                options: vec!["size=1m,exec".into()],
            },
            readonly: false,
        },
    ];
    let outcome = fixture.run();
    assert!(
        outcome.stdout.starts_with("hello\nnameserver 192.0.2.1\n"),
        "{outcome:#?}"
    );
    assert!(
        outcome.stderr.contains("/again/x: Read-only file system"),
        "{outcome:#?}"
    );
    assert!(
        outcome.stdout.contains("/mem rw,nosuid,nodev,relatime"),
        "{outcome:#?}"
    );
    assert!(outcome.stdout.contains("size=1024k"), "{outcome:#?}");
    assert!(!outcome.stdout.contains("shared:"), "{outcome:#?}");
    assert!(source.join("new").exists());
}

fn shared_memory_of_another_container() {
    let mut fixture = Fixture::shell("cat /dev/shm/mark; readlink /proc/self/ns/ipc");
    // This process stands in for the other container.
    let mark = tempfile::Builder::new()
        .tempfile_in("/dev/shm")
        .expect("mark");
    fs::write(mark.path(), "seen\n").expect("write");
    let own = std::process::id() as i32;
    fixture.spec.process.args[2] =
        format!("cat {}; readlink /proc/self/ns/ipc", mark.path().display());
    fixture.spec.shm = Shm::Of(own);
    fixture.spec.namespaces.ipc = NsMode::Of(own);
    assert_eq!(
        fixture.output(),
        format!("seen\n{}\n", host_namespace("ipc"))
    );
}

fn kernel_parameters_are_the_containers() {
    let mut fixture = Fixture::shell(
        "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/self/oom_score_adj; hostname; \
         cat /proc/net/dev | grep -c lo:",
    );
    fixture
        .spec
        .sysctls
        .insert("net.ipv4.ip_unprivileged_port_start".into(), "0".into());
    fixture
        .spec
        .sysctls
        .insert("net.ipv4.ping_group_range".into(), "0 2147483647".into());
    fixture.spec.oom_score_adj = Some(500);
    fixture.spec.hostname = "ship".into();
    assert_eq!(fixture.output(), "0\n500\nship\n1\n");
}

fn descriptors_and_environment() {
    let mut fixture = Fixture::shell("ls /proc/self/fd; env");
    fixture.spec.process.env.push("A=b c".into());
    // The fourth descriptor is the directory being listed. The shell adds
    // PWD and SHLVL.
    let output = fixture.output();
    let mut lines: Vec<_> = output.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "0",
            "1",
            "2",
            "3",
            "A=b c",
            "HOME=/root",
            "PATH=/usr/bin:/bin",
            "PWD=/",
            "SHLVL=1"
        ]
    );
}

fn limits() {
    let (files, procs, shares) = if is_unified() {
        let files = "memory.max cpu.weight pids.max cpuset.cpus";
        (files, "cgroup.procs", "20")
    } else {
        let files = "memory/memory.limit_in_bytes cpu/cpu.shares pids/pids.max cpuset/cpuset.cpus";
        (files, "pids/tasks", "512")
    };
    let mut fixture = Fixture::shell(&format!(
        "cd /sys/fs/cgroup; cat {files}; ulimit -n; ulimit -c; echo $$ > {procs}"
    ));
    if is_unified() {
        // Its own group is the root that it sees.
        fixture.spec.namespaces.cgroup = NsMode::New;
    }
    fixture.spec.cgroup.resources = Resources {
        memory: Some(64 << 20),
        memory_swap: Some(128 << 20),
        cpu_shares: Some(512),
        pids_limit: Some(20),
        cpuset_cpus: Some("0".into()),
        ..Resources::default()
    };
    fixture.spec.process.rlimits = vec![
        Rlimit {
            name: "nofile".into(),
            soft: 99,
            hard: 100,
        },
        Rlimit {
            name: "core".into(),
            soft: 0,
            hard: 0,
        },
    ];
    let outcome = fixture.run();
    assert_eq!(
        outcome.stdout,
        format!("67108864\n{shares}\n20\n0\n99\n0\n"),
        "{outcome:?}"
    );
    assert!(
        outcome.stderr.contains("Read-only file system"),
        "{outcome:?}"
    );
}

/// Whether the machine has version 2 of cgroups only.
fn is_unified() -> bool {
    matches!(Layout::current(), Ok(Layout::V2 { .. }))
}

fn the_working_directory_is_made() {
    let mut fixture = Fixture::shell("pwd");
    fixture.spec.process.cwd = "/srv/new/place".into();
    assert_eq!(fixture.output(), "/srv/new/place\n");
}
