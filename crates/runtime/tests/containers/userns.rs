//! Containers in user namespaces of their own, from inside and outside.

use std::fs;
use std::os::unix::fs::MetadataExt;

use longshore_runtime::caps::CapabilitySet;
use longshore_runtime::userns::{self, IdMap, IdRange};

use crate::fixture::{Fixture, bind};

trials!(
    ids_are_the_containers_own,
    files_on_disk_have_the_containers_ids,
    layers_are_shared_with_other_containers,
    privileges_end_at_the_namespace,
    kernel_file_systems_and_devices,
    binds_are_shifted_where_asked,
    an_exec_joins,
    a_terminal,
    standard_streams_can_be_opened_again,
    unmapped_users_are_refused,
    idmapped_mounts_work_here,
);

const UID: u32 = 300_000;
const GID: u32 = 400_000;

fn map(shifted: &[&std::path::Path]) -> IdMap {
    let range = |outside| IdRange {
        inside: 0,
        outside,
        count: 65536,
    };
    IdMap {
        uids: vec![range(UID)],
        gids: vec![range(GID)],
        shifted: shifted.iter().map(|path| path.to_path_buf()).collect(),
    }
}

fn shell(script: &str) -> Fixture {
    let mut fixture = Fixture::shell(script);
    fixture.spec.user_namespace = Some(map(&[]));
    fixture
}

fn ids_are_the_containers_own() {
    let fixture = shell(
        "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id; \
         stat -c '%n %u:%g' / /bin /dev /dev/pts /dev/shm /dev/null /dev/fd /etc/passwd; \
         hostname; [ $(readlink /proc/self/ns/user) = $(readlink /proc/1/ns/user) ] && echo $$",
    );
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let output = fixture.output();
    let lines: Vec<_> = output.lines().map(words).collect();
    assert_eq!(
        lines,
        [
            "0 300000 65536",
            "0 400000 65536",
            "allow",
            "uid=0(root) gid=0(root) groups=0(root)",
            "/ 0:0",
            "/bin 0:0",
            "/dev 0:0",
            "/dev/pts 0:0",
            "/dev/shm 0:0",
            "/dev/null 0:0",
            "/dev/fd 0:0",
            "/etc/passwd 0:0",
            &fixture.spec.hostname,
            "1",
        ]
    );
}

fn files_on_disk_have_the_containers_ids() {
    let fixture = shell(
        "touch /root-file; chown 1000:50 /etc/group; mkdir /tmp/dir; chown web /tmp/dir; \
         stat -c '%u:%g' /root-file /etc/group /tmp/dir",
    );
    assert_eq!(fixture.output(), "0:0\n1000:50\n1000:0\n");
    let upper = fixture.dir.path().join("upper");
    for (name, uid, gid) in [
        ("root-file", 0, 0),
        ("etc/group", 1000, 50),
        ("tmp/dir", 1000, 0),
    ] {
        let status = fs::metadata(upper.join(name)).expect(name);
        assert_eq!((status.uid(), status.gid()), (uid, gid), "{name}");
    }
    let image = fs::metadata(fixture.dir.path().join("image/etc/group")).expect("the image's");
    assert_eq!((image.uid(), image.gid()), (0, 0), "the layer is as it was");
}

fn layers_are_shared_with_other_containers() {
    let mut fixture = shell("touch /mine; rm /etc/group; ls -n /etc/passwd | head -c 40");
    assert!(fixture.output().contains("0        0"));
    // The same layers once more, not shifted.
    fixture.spec.user_namespace = None;
    fixture.spec.process.args[2] = "stat -c '%u:%g' /mine; ls /etc; cat /proc/self/uid_map".into();
    let output = fixture.output();
    assert!(output.starts_with("0:0\npasswd\n"), "{output}");
    assert!(output.contains("4294967295"), "{output}");
}

fn privileges_end_at_the_namespace() {
    let mut fixture = shell(
        "grep -e CapEff -e Seccomp: /proc/self/status; ls /proc/1/root >/dev/null && echo own; \
         echo 1 > /proc/sys/kernel/printk; mknod /tmp/x b 8 0; cat /proc/kmsg; \
         head -c 1 /dev/mem; echo over",
    );
    let outcome = fixture.run();
    assert_eq!(
        outcome.stdout, "CapEff:\t00000000a80425fb\nSeccomp:\t2\nown\nover\n",
        "{outcome:#?}"
    );
    // Every capability, no filter, nothing masked: still an ordinary user.
    fixture.spec.process.capabilities = CapabilitySet::ALL;
    fixture.spec.seccomp = longshore_runtime::spec::Seccomp::Unconfined;
    fixture.spec.masked_paths.clear();
    fixture.spec.readonly_paths.clear();
    fixture.spec.process.args[2] = "mount -t tmpfs x /tmp && echo mounted; \
         try() { if \"$@\" >/dev/null 2>&1; then echo could: \"$@\"; fi; }; \
         try sh -c 'echo /x > /proc/sys/kernel/core_pattern'; try mknod /dev/x b 8 0; \
         try head -c 1 /proc/kcore; try sh -c 'echo b > /proc/sysrq-trigger'; \
         try mount -t cgroup -o memory none /tmp; try head -c 1 /proc/kmsg; \
         try sh -c 'echo /x > /sys/kernel/uevent_helper'; \
         try sh -c 'echo 0 > /proc/1/oom_score_adj && echo -1 > /proc/1/oom_score_adj'; \
         echo over"
        .into();
    let outcome = fixture.run();
    assert_eq!(outcome.stdout, "mounted\nover\n", "{outcome:#?}");
}

fn kernel_file_systems_and_devices() {
    let mut fixture = shell(
        "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax \
         /proc/self/oom_score_adj; cat /proc/net/dev | grep -c lo:; \
         head -c 3 /dev/zero | wc -c; echo x > /dev/null && head -c 1 /dev/urandom | wc -c; \
         touch /dev/shm/x && mkdir /sys/fs/cgroup/memory/x 2>/dev/null || echo read-only; \
         for f in kcore keys; do [ -e /proc/$f ] && stat -c %t:%T /proc/$f; done; \
         ls /sys/firmware | wc -l",
    );
    for (name, value) in [
        ("net.ipv4.ip_unprivileged_port_start", "0"),
        ("kernel.msgmax", "4096"),
    ] {
        fixture.spec.sysctls.insert(name.into(), value.into());
    }
    fixture.spec.oom_score_adj = Some(500);
    let outcome = fixture.run();
    let mut lines: Vec<_> = outcome.stdout.lines().collect();
    lines.dedup();
    assert_eq!(
        lines,
        ["0", "4096", "500", "1", "3", "1", "read-only", "1:3", "0"],
        "{outcome:#?}"
    );
}

fn binds_are_shifted_where_asked() {
    let mut fixture = shell(
        "stat -c '%n %u:%g' /volume /volume/of-web /plain; touch /volume/new && echo made; \
         touch /plain/new",
    );
    let volumes = fixture.dir.path().join("volumes");
    let plain = fixture.dir.path().join("plain");
    fs::create_dir_all(volumes.join("one")).expect("mkdir");
    fs::create_dir(&plain).expect("mkdir");
    fs::write(volumes.join("one/of-web"), "").expect("write");
    std::os::unix::fs::chown(volumes.join("one/of-web"), Some(1000), Some(50)).expect("chown");
    fixture.spec.user_namespace = Some(map(&[&volumes]));
    fixture.spec.mounts = vec![
        bind(volumes.join("one"), "/volume"),
        bind(plain.clone(), "/plain"),
    ];
    let outcome = fixture.run();
    assert_eq!(
        outcome.stdout, "/volume 0:0\n/volume/of-web 1000:50\n/plain 65534:65534\nmade\n",
        "{outcome:#?}"
    );
    assert!(outcome.stderr.contains("Permission denied"), "{outcome:#?}");
    let new = fs::metadata(volumes.join("one/new")).expect("made");
    assert_eq!((new.uid(), new.gid()), (0, 0));
}

fn an_exec_joins() {
    let fixture = shell("sleep 100");
    let outcome = fixture.exec(
        "cat /proc/self/uid_map; id -u; touch /made; \
         [ $(readlink /proc/self/ns/user) = $(readlink /proc/1/ns/user) ] && echo same; \
         grep CapEff /proc/self/status; echo again > /dev/stdout",
    );
    let words: Vec<_> = outcome.stdout.split_whitespace().collect();
    assert_eq!(
        words,
        [
            "0",
            "300000",
            "65536",
            "0",
            "same",
            "CapEff:",
            "00000000a80425fb",
            "again"
        ],
        "{outcome:#?}"
    );
    let made = fs::metadata(fixture.dir.path().join("upper/made")).expect("made");
    assert_eq!(made.uid(), 0);
    let mut process = fixture.spec.process.clone();
    process.args = ["sh", "-c", "id -u; tty; touch /tmp/x /x"]
        .map(str::to_owned)
        .to_vec();
    process.user = "web".into();
    process.tty = true;
    let outcome = fixture.exec_process(process);
    assert!(
        outcome.stdout.starts_with("1000\r\n/dev/pts/0\r\n"),
        "{outcome:#?}"
    );
    assert!(
        outcome.stdout.contains("/x: Permission denied"),
        "{outcome:#?}"
    );
}

fn a_terminal() {
    let mut fixture =
        shell("tty; stat -c '%a %u:%g' /dev/console /dev/pts/ptmx; echo x > /dev/tty");
    fixture.spec.process.tty = true;
    assert_eq!(
        fixture.output(),
        "/dev/pts/0\r\n620 0:5\r\n666 0:0\r\nx\r\n"
    );
}

fn standard_streams_can_be_opened_again() {
    let mut fixture = shell("echo out > /dev/stdout; echo err > /dev/stderr");
    assert_eq!(fixture.output(), "out\n");
    fixture.spec.process.user = "web".into();
    assert_eq!(fixture.output(), "out\n");
}

fn unmapped_users_are_refused() {
    let mut fixture = shell("id -u");
    fixture.spec.process.user = "65535".into();
    assert_eq!(fixture.output(), "65535\n");
    for user in ["65536", "0:70000"] {
        fixture.spec.process.user = user.into();
        let error = fixture.run().error.expect("it is refused");
        assert!(
            error.contains("to unmapped user in user namespace")
                || error.contains("to unmapped group in user namespace"),
            "{error}"
        );
    }
}

fn idmapped_mounts_work_here() {
    let dir = tempfile::tempdir().expect("temporary directory");
    userns::can_shift(dir.path(), &map(&[])).expect("a file system that can be shifted");
    let error = userns::can_shift(std::path::Path::new("/proc"), &map(&[]));
    assert!(error.is_err(), "procfs cannot");
}
