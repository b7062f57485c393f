//! `--userns-remap`: containers whose root is an ordinary user of the machine.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::build::{build, plain};
use crate::harness::{Daemon, text};

const UID: u32 = 300_000;

/// A daemon that remaps, with accounts of the test's own.
struct Remapped {
    daemon: Daemon,
    _accounts: tempfile::TempDir,
}

impl Remapped {
    fn start() -> Self {
        let accounts = tempfile::tempdir().unwrap();
        for (name, line) in [
            ("passwd", "dockremap:x:990:990::/:/bin/false"),
            ("group", "dockremap:x:990:"),
            ("subuid", "dockremap:300000:65536"),
            ("subgid", "dockremap:400000:65536"),
        ] {
            std::fs::write(accounts.path().join(name), format!("{line}\n")).unwrap();
        }
        let dir = accounts.path().to_string_lossy().into_owned();
        let daemon = Daemon::flagged(&["--userns-remap", "default", "--accounts", &dir]);
        daemon.import_busybox();
        Self {
            daemon,
            _accounts: accounts,
        }
    }

    /// Runs a container without network; what it said, whatever the status.
    fn run(&self, flags: &[&str], script: &str) -> String {
        let head = ["run", "--rm", "--net", "none"];
        let tail = ["busybox", "sh", "-c", script];
        let output = self.daemon.try_docker(&[&head[..], flags, &tail].concat());
        text(&[output.stdout, output.stderr].concat())
    }

    fn start_sleeping(&self, flags: &[&str]) -> String {
        let head = ["run", "-d", "--net", "none"];
        self.daemon
            .docker(&[&head[..], flags, &["busybox", "sleep", "1000"]].concat())
    }
}

fn owner(path: impl AsRef<Path>) -> (u32, u32) {
    let status = std::fs::metadata(path).unwrap();
    (status.uid(), status.gid())
}

#[test]
fn root_inside_is_nobody_outside() {
    let lab = Remapped::start();
    let info = lab.daemon.docker(&["info", "-f", "{{.SecurityOptions}}"]);
    assert_eq!(info, "[name=seccomp,profile=default name=userns]");
    let said = lab.run(
        &[],
        "id -u; stat -c %u:%g / /etc/hosts /bin/sh; echo 1.2.3.4 me >> /etc/hosts && tail -n1 /etc/hosts",
    );
    assert_eq!(said, "0\n0:0\n0:0\n0:0\n1.2.3.4 me");

    let id = lab.start_sleeping(&[]);
    let pid = lab.daemon.docker(&["inspect", "-f", "{{.State.Pid}}", &id]);
    let seen = owner(format!("/proc/{pid}"));
    assert_eq!(seen, (UID, 400_000), "its processes are the mapped user's");
    assert_eq!(owner(format!("/proc/{pid}/root/bin")), (UID, 400_000));
    let own = std::fs::read_link(format!("/proc/{pid}/ns/user")).unwrap();
    assert_ne!(own, std::fs::read_link("/proc/self/ns/user").unwrap());

    let said = lab.daemon.docker(&[
        "exec",
        &id,
        "sh",
        "-c",
        "id -u; cat /proc/self/uid_map; touch /made; stat -c %u /made",
    ]);
    let words: Vec<_> = said.split_whitespace().collect();
    assert_eq!(words, ["0", "0", "300000", "65536", "0"]);
    let said = lab
        .daemon
        .docker(&["exec", "--privileged", &id, "id", "-u"]);
    assert_eq!(said, "0");
    let said = lab.daemon.docker(&["exec", "-u", "www", &id, "id", "-u"]);
    assert_eq!(said, "33");
}

#[test]
fn a_later_daemon_execs_as_well() {
    let mut lab = Remapped::start();
    let id = lab.start_sleeping(&[]);
    lab.daemon.kill();
    lab.daemon.run();
    let said = lab
        .daemon
        .docker(&["exec", &id, "sh", "-c", "id -u; cat /proc/self/uid_map"]);
    assert!(said.contains("300000"), "{said}");
    lab.daemon.docker(&["restart", "-t", "0", &id]);
    let said = lab
        .daemon
        .docker(&["exec", &id, "cat", "/proc/self/uid_map"]);
    assert!(said.contains("300000"), "{said}");
}

#[test]
fn the_hosts_user_namespace_on_request() {
    let lab = Remapped::start();
    let said = lab.run(
        &["--userns", "host"],
        "cat /proc/self/uid_map; stat -c %u:%g / /bin/sh",
    );
    let words: Vec<_> = said.split_whitespace().collect();
    assert_eq!(
        words,
        ["0", "0", "4294967295", "0:0", "0:0"],
        "the same layers"
    );
    let said = lab.run(&["--userns", "host", "--privileged"], "id -u");
    assert_eq!(said, "0");
    let said = lab.run(&["--userns", "host", "--pid", "host"], "id -u");
    assert_eq!(said, "0");
}

#[test]
fn what_cannot_be_had_is_refused_in_dockerds_words() {
    let lab = Remapped::start();
    for (flags, expected) in [
        (
            &["--privileged"][..],
            "privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode",
        ),
        (
            &["--pid", "host"],
            "cannot share the host PID namespace when user namespaces are enabled",
        ),
    ] {
        let said = lab.run(flags, "true");
        assert!(said.contains(expected), "{said}");
    }
    let output = lab
        .daemon
        .try_docker(&["run", "--net", "host", "busybox", "true"]);
    let said = text(&output.stderr);
    assert!(
        said.contains("cannot share the host's network namespace when user namespaces are enabled"),
        "{said}"
    );
    assert_eq!(lab.daemon.docker(&["ps", "-aq"]), "", "nothing was made");
    let said = lab.run(&["-u", "70000"], "true");
    assert!(
        said.contains("cannot set uid to unmapped user in user namespace"),
        "{said}"
    );
}

#[test]
fn binds_keep_the_machines_ids() {
    let lab = Remapped::start();
    let dir = lab.daemon.path().join("bound");
    std::fs::create_dir(&dir).unwrap();
    let bind = format!("{}:/b", dir.display());
    let said = lab.run(&["-v", &bind], "stat -c %u:%g /b; touch /b/x");
    assert!(said.starts_with("65534:65534\n"), "{said}");
    assert!(said.contains("Permission denied"), "{said}");
    std::os::unix::fs::chown(&dir, Some(UID + 33), Some(400_033)).unwrap();
    let said = lab.run(
        &["-v", &bind, "-u", "www:33"],
        "touch /b/x; stat -c %u:%g /b/x",
    );
    assert_eq!(said, "33:33");
    assert_eq!(owner(dir.join("x")), (UID + 33, 400_033));
}

#[test]
fn shared_namespaces_bring_the_user_namespace() {
    let lab = Remapped::start();
    let id = lab.start_sleeping(&["--ipc", "shareable", "--cap-add", "NET_ADMIN"]);
    let namespaces = "for ns in user net ipc pid; do readlink /proc/self/ns/$ns; done";
    let theirs = lab.daemon.docker(&["exec", &id, "sh", "-c", namespaces]);
    let theirs: Vec<_> = theirs.lines().collect();
    let mode = format!("container:{id}");
    for (flag, place) in [("--net", 1), ("--ipc", 2), ("--pid", 3)] {
        let mut flags = vec!["run", "--rm", flag, &mode];
        if flag != "--net" {
            flags.extend(["--net", "none"]);
        }
        flags.extend(["busybox", "sh", "-c", namespaces]);
        let said = lab.daemon.docker(&flags);
        let ours: Vec<_> = said.lines().collect();
        for (number, (our, their)) in ours.iter().zip(&theirs).enumerate() {
            let shared = number == 0 || number == place;
            assert_eq!(our == their, shared, "{flag}: {our} {their}");
        }
    }
    // Its capabilities are good for the network that it shares.
    let said = lab.daemon.docker(&[
        "run",
        "--rm",
        "--net",
        &mode,
        "--cap-add",
        "NET_ADMIN",
        "busybox",
        "sh",
        "-c",
        "ip link set lo mtu 1400 && cat /sys/class/net/lo/mtu",
    ]);
    assert_eq!(said, "1400");
    let host = lab.start_sleeping(&["--userns", "host"]);
    let output = lab.daemon.try_docker(&[
        "run",
        "--rm",
        "--net",
        &format!("container:{host}"),
        "busybox",
        "true",
    ]);
    let said = text(&output.stderr);
    assert!(said.contains("in the host's user namespace"), "{said}");
}

#[test]
fn limits_hold() {
    let lab = Remapped::start();
    let said = lab.run(
        &[
            "-m",
            "64m",
            "--pids-limit",
            "50",
            "--ulimit",
            "nofile=77:88",
            "--oom-score-adj",
            "100",
        ],
        "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max \
         /proc/self/oom_score_adj; ulimit -n; mkdir /sys/fs/cgroup/memory/x",
    );
    assert!(said.starts_with("67108864\n50\n100\n77\n"), "{said}");
    assert!(said.contains("can't create"), "{said}");
}

#[test]
fn bad_settings_are_named() {
    let accounts = tempfile::tempdir().unwrap();
    let dir = accounts.path().to_string_lossy().into_owned();
    let daemon = Daemon::start();
    let output = daemon
        .command()
        .args(["--userns-remap", "nobody-here", "--accounts", &dir])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(!output.status.success());
    assert!(
        said.contains("Error during uid lookup for \"nobody-here\""),
        "{said}"
    );
}

#[test]
fn archives_have_the_ids_that_the_container_has() {
    let lab = Remapped::start();
    let script = "touch /mine; touch /theirs; chown 7:8 /theirs; echo >/made; sleep 1000";
    let make = [
        "run", "-d", "--name", "one", "--net", "none", "busybox", "sh", "-c", script,
    ];
    lab.daemon.docker(&make);
    crate::harness::wait_for("the files", || {
        let made = lab.daemon.try_docker(&["exec", "one", "ls", "/made"]);
        made.status.success().then_some(())
    });
    let host = lab.daemon.path().join("sent");
    std::fs::write(&host, "x").unwrap();
    std::os::unix::fs::chown(&host, Some(7), Some(8)).unwrap();
    let host = host.to_string_lossy();
    let owners = |bytes: &[u8]| -> Vec<String> {
        let mut archive = tar::Archive::new(bytes);
        let wanted = ["mine", "theirs", "sent"];
        let mut found: Vec<String> = archive
            .entries()
            .unwrap()
            .map(Result::unwrap)
            .map(|entry| {
                let path = entry.path().unwrap().display().to_string();
                let header = entry.header();
                (path, header.uid().unwrap(), header.gid().unwrap())
            })
            .filter(|(path, _, _)| wanted.contains(&path.as_str()))
            .map(|(path, uid, gid)| format!("{path} {uid}:{gid}"))
            .collect();
        found.sort_unstable();
        found
    };
    for _ in ["running", "stopped"] {
        // With -a the archive's owner is kept.
        lab.daemon.docker(&["cp", "-a", &host, "one:/sent"]);
        let mut all = Vec::new();
        for name in ["mine", "theirs", "sent"] {
            let from = format!("one:/{name}");
            all.extend(owners(&lab.daemon.try_docker(&["cp", &from, "-"]).stdout));
        }
        assert_eq!(all, ["mine 0:0", "theirs 7:8", "sent 7:8"]);
        let exported = owners(&lab.daemon.try_docker(&["export", "one"]).stdout);
        assert_eq!(exported, ["mine 0:0", "sent 7:8", "theirs 7:8"]);
        lab.daemon.docker(&["stop", "-t", "0", "one"]);
    }
}

#[test]
fn builds_are_remapped_too() {
    let lab = Remapped::start();
    let dockerfile = "FROM busybox\nCOPY --chown=7:8 f /copied\nADD f /added\n\
                      RUN id -u; touch /made; chown 7:8 /made; stat -c %u:%g /copied /added /made\n";
    let context = plain(dockerfile, &[("f", "x")]);
    let answer = build(&lab.daemon, "t=built", &context);
    assert!(answer.text().contains("0\n7:8\n0:0\n7:8\n"), "{answer:#?}");
    let seen = lab.daemon.docker(&[
        "run", "--rm", "--net", "none", "built", "stat", "-c", "%u:%g", "/made",
    ]);
    assert_eq!(seen, "7:8");
}
