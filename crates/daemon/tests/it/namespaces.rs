//! Whose namespaces, users and privileges a container has, seen from inside.

use serde_json::json;

use crate::harness::{Daemon, text, wait_for};

fn lab() -> Daemon {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon
}

/// What a container without network says, whatever its status.
fn run(daemon: &Daemon, flags: &[&str], script: &str) -> String {
    let head = ["run", "--rm", "--net", "none"];
    let tail = ["busybox", "sh", "-c", script];
    let output = daemon.try_docker(&[&head[..], flags, &tail].concat());
    text(&[output.stdout, output.stderr].concat())
}

fn host_namespace(kind: &str) -> String {
    let link = std::fs::read_link(format!("/proc/self/ns/{kind}")).unwrap();
    link.display().to_string()
}

#[test]
fn namespaces_of_the_host() {
    let daemon = lab();
    for (flags, kind) in [
        (["--pid", "host"], "pid"),
        (["--ipc", "host"], "ipc"),
        (["--uts", "host"], "uts"),
    ] {
        let script = format!("readlink /proc/self/ns/{kind}");
        assert_eq!(run(&daemon, &flags, &script), host_namespace(kind));
        assert_ne!(run(&daemon, &[], &script), host_namespace(kind));
    }
    let said = daemon.docker(&[
        "run",
        "--rm",
        "--net",
        "host",
        "busybox",
        "readlink",
        "/proc/self/ns/net",
    ]);
    assert_eq!(said, host_namespace("net"));
    let said = run(&daemon, &["--uts", "host", "-h", "mine"], "true");
    assert!(
        said.contains("conflicting options: hostname and the UTS mode"),
        "{said}"
    );
}

#[test]
fn namespaces_of_another_container() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    let id = daemon.docker(&[
        "run",
        "-d",
        "--name",
        "first",
        "-h",
        "first-host",
        "--ipc",
        "shareable",
        "busybox",
        "sh",
        "-c",
        "echo seen > /dev/shm/mark; exec sleep 1000",
    ]);
    let share = |flags: &[&str], script: &str| {
        let tail = ["busybox", "sh", "-c", script];
        daemon.docker(&[&["run", "--rm"], flags, &tail].concat())
    };
    let said = share(
        &["--net", "container:first"],
        "hostname; cat /etc/hosts; ls /sys/class/net",
    );
    let hosts = daemon.docker(&["exec", &id, "cat", "/etc/hosts"]);
    assert!(said.starts_with("first-host\n"), "{said}");
    assert!(
        said.contains(&hosts) && said.contains("eth0"),
        "{said}\n{hosts}"
    );
    let said = share(
        &["--net", "none", "--ipc", "container:first"],
        "cat /dev/shm/mark",
    );
    assert_eq!(said, "seen");
    let said = share(
        &["--net", "none", "--pid", "container:first"],
        "cat /proc/1/cmdline",
    );
    assert!(said.starts_with("sleep"), "{said}");
    let mode = daemon.docker(&[
        "create",
        "--net",
        "container:first",
        "--pid",
        &format!("container:{}", &id[..12]),
        "busybox",
        "true",
    ]);
    let shown = daemon.docker(&[
        "inspect",
        "-f",
        "{{.HostConfig.NetworkMode}} {{.HostConfig.PidMode}}",
        &mode,
    ]);
    assert_eq!(shown, format!("container:{id} container:{id}"));
}

#[test]
fn what_cannot_be_joined_is_said_as_by_dockerd() {
    let daemon = lab();
    let stopped = daemon.docker(&["create", "--name", "stopped", "busybox", "true"]);
    let private = daemon.docker(&[
        "run", "-d", "--net", "none", "--name", "private", "busybox", "sleep", "1000",
    ]);
    let again = daemon.docker(&[
        "run",
        "-d",
        "--net",
        "none",
        "--name",
        "again",
        "--restart",
        "always",
        "busybox",
        "false",
    ]);
    let start = |flag: &str, name: &str| {
        let mode = format!("container:{name}");
        let mut flags = vec!["run", "--rm", flag, &mode];
        if flag != "--net" {
            flags.extend(["--net", "none"]);
        }
        flags.extend(["busybox", "true"]);
        text(&daemon.try_docker(&flags).stderr)
    };
    for (flag, name, expected) in [
        (
            "--pid",
            "stopped",
            format!("container {stopped} is not running"),
        ),
        (
            "--ipc",
            "stopped",
            format!("can't join IPC of container {stopped}: container {stopped} is not running"),
        ),
        (
            "--net",
            "stopped",
            format!("cannot join network of a non running container: {stopped}"),
        ),
        (
            "--ipc",
            "private",
            format!(
                "can't join IPC of container {private}: non-shareable IPC (hint: use \
                 IpcMode:shareable for the donor container)"
            ),
        ),
        ("--pid", "nobody", "No such container: nobody".to_owned()),
    ] {
        let said = start(flag, name);
        assert!(said.contains(&expected), "{flag} {name}: {said}");
    }
    // It runs for moments between waits that grow.
    let expected = format!("Container {again} is restarting, wait until the container is running");
    wait_for("a restart that is waited for", || {
        start("--pid", "again").contains(&expected).then_some(())
    });
}

#[test]
fn shared_memory_modes() {
    let daemon = lab();
    let mount = "grep ' /dev/shm ' /proc/mounts || echo none";
    assert!(run(&daemon, &["--ipc", "private"], mount).contains("size=65536k"));
    assert!(run(&daemon, &["--shm-size", "1m"], mount).contains("size=1024k"));
    assert_eq!(run(&daemon, &["--ipc", "none"], mount), "none");
    let mark = tempfile::Builder::new().tempfile_in("/dev/shm").unwrap();
    let script = format!("ls {}", mark.path().display());
    let said = run(&daemon, &["--ipc", "host"], &script);
    assert_eq!(said, mark.path().display().to_string());
}

#[test]
fn kernel_parameters() {
    let daemon = lab();
    for (parameter, value) in [
        ("net.ipv4.ip_forward", "1"),
        ("kernel.msgmax", "4096"),
        ("fs.mqueue.msg_max", "20"),
    ] {
        let flag = format!("{parameter}={value}");
        let file = format!("/proc/sys/{}", parameter.replace('.', "/"));
        let before = std::fs::read_to_string(&file).unwrap();
        let said = run(&daemon, &["--sysctl", &flag], &format!("cat {file}"));
        assert_eq!(said, value, "{parameter}");
        assert_eq!(
            std::fs::read_to_string(&file).unwrap(),
            before,
            "the host's"
        );
    }
    // The CLI lets through only what it knows itself.
    let elsewhere = "is not in a separate kernel namespace";
    for (modes, parameter, expected) in [
        (json!({}), "kernel.domainname", None),
        (json!({}), "net/ipv4/ip_forward", None),
        (json!({}), "vm.swappiness", Some(elsewhere)),
        (json!({}), "kernel.core_pattern", Some(elsewhere)),
        (json!({}), "user.max_user_namespaces", Some(elsewhere)),
        (json!({}), "net.ipv4/../../vm.swappiness", Some(elsewhere)),
        (json!({}), "", Some(elsewhere)),
        (
            json!({"UTSMode": "host"}),
            "kernel.domainname",
            Some(elsewhere),
        ),
        (
            json!({}),
            "kernel.hostname",
            Some("is not allowed as it conflicts with the OCI \"hostname\" field"),
        ),
        (
            json!({"IpcMode": "host"}),
            "kernel.msgmax",
            Some("is not allowed in the hosts ipc namespace"),
        ),
        (
            json!({"NetworkMode": "host"}),
            "net.ipv4.ip_forward",
            Some("not allowed in host network namespace"),
        ),
    ] {
        let mut host = modes;
        host["Sysctls"] = json!({parameter: "1"});
        let body = json!({"Image": "busybox", "HostConfig": host}).to_string();
        let (status, said) = daemon.http("POST", "/containers/create", Some(&body));
        assert_eq!(status, 201, "{parameter}: {said}");
        let made: serde_json::Value = serde_json::from_str(&said).unwrap();
        let path = format!("/containers/{}/start", made["Id"].as_str().unwrap());
        let (status, said) = daemon.http("POST", &path, None);
        match expected {
            None => assert_eq!(status, 204, "{parameter}: {said}"),
            Some(expected) => {
                assert_eq!(status, 500, "{parameter}: {said}");
                let message: serde_json::Value = serde_json::from_str(&said).unwrap();
                assert_eq!(
                    message["message"],
                    format!(
                        "failed to create shim task: OCI runtime create failed: runc create \
                         failed: sysctl \"{parameter}\" {expected}: unknown"
                    )
                );
            }
        }
    }
}

#[test]
fn capabilities() {
    let daemon = lab();
    let sets = "grep -e CapEff -e CapBnd -e CapInh -e CapAmb /proc/self/status | cut -f2 | uniq";
    let zero = "0000000000000000";
    for (flags, set) in [
        (&[][..], "00000000a80425fb"),
        (&["--cap-add", "cap_net_admin"], "00000000a80435fb"),
        (
            &["--cap-drop", "ALL", "--cap-add", "CHOWN"],
            "0000000000000001",
        ),
        (&["--cap-drop", "chown"], "00000000a80425fa"),
        (
            &["--cap-add", "CHOWN", "--cap-drop", "CHOWN"],
            "00000000a80425fb",
        ),
    ] {
        let said = run(&daemon, flags, sets);
        assert_eq!(said, format!("{zero}\n{set}\n{zero}"), "{flags:?}");
    }
    let dropped = run(&daemon, &["--cap-drop", "all"], sets);
    assert_eq!(dropped, zero);
    // As many as the daemon has itself.
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let own = own
        .lines()
        .find_map(|line| line.strip_prefix("CapBnd:\t"))
        .unwrap();
    for flags in [&["--privileged"][..], &["--cap-add", "ALL"]] {
        assert_eq!(run(&daemon, flags, sets), format!("{zero}\n{own}\n{zero}"));
    }
    let said = run(&daemon, &["-u", "www"], sets);
    assert_eq!(said, format!("{zero}\n00000000a80425fb\n{zero}"));
    for flag in ["--cap-add", "--cap-drop"] {
        let said = run(&daemon, &[flag, "fly"], "true");
        assert!(said.contains("unknown capability: \"CAP_FLY\""), "{said}");
    }
    let body = |host: serde_json::Value| {
        let command = ["grep", "CapEff", "/proc/self/status"];
        let body = json!({"Image": "busybox", "Cmd": command, "HostConfig": host});
        daemon.http("POST", "/v1.40/containers/create", Some(&body.to_string()))
    };
    let (status, said) = body(json!({"Capabilities": ["CAP_CHOWN"], "CapAdd": ["KILL"]}));
    assert_eq!(status, 400);
    assert!(
        said.contains("conflicting options: Capabilities and CapAdd"),
        "{said}"
    );
    let (status, said) = body(json!({"Capabilities": ["chown"]}));
    assert_eq!(status, 400);
    assert!(
        said.contains("invalid Capabilities: unknown capability: \\\"chown\\\""),
        "{said}"
    );
    let listed = json!({"Capabilities": ["CAP_CHOWN", "CAP_KILL"], "NetworkMode": "none"});
    let (status, said) = body(listed);
    assert_eq!(status, 201, "{said}");
    let made: serde_json::Value = serde_json::from_str(&said).unwrap();
    let said = daemon.docker(&["start", "-a", made["Id"].as_str().unwrap()]);
    assert!(said.ends_with("0000000000000021"), "{said}");
    let missing = (0..41).find(|bit| u64::from_str_radix(own, 16).unwrap() >> bit & 1 == 0);
    if missing == Some(24) {
        let said = run(&daemon, &["--cap-add", "SYS_RESOURCE"], "true");
        assert!(
            said.contains("not available in the current environment: \"CAP_SYS_RESOURCE\""),
            "{said}"
        );
    }
}

#[test]
fn users_and_groups() {
    let daemon = lab();
    let ids = "echo $(id -u) $(id -g) $(grep Groups /proc/self/status)";
    for (user, expected) in [
        ("www", "33 33 Groups: 33"),
        ("33", "33 33 Groups: 33"),
        ("33:50", "33 50 Groups: 50"),
        ("1234", "1234 0 Groups: 0"),
        ("1000:1001:1002", "1000 1001 Groups: 1001"),
        (":44", "0 44 Groups: 44"),
        ("www:", "33 33 Groups: 33"),
    ] {
        assert_eq!(run(&daemon, &["-u", user], ids), expected, "{user}");
    }
    let flags = ["-u", "www", "--group-add", "777", "--group-add", "33"];
    assert_eq!(run(&daemon, &flags, ids), "33 33 Groups: 33 777");
    for (flags, expected) in [
        (
            ["-u", "nobody"],
            "unable to find user nobody: no matching entries in passwd file",
        ),
        (
            ["-u", "33:none"],
            "unable to find group none: no matching entries in group file",
        ),
        (
            ["-u", "4294967296"],
            "uids and gids must be in range 0-2147483647",
        ),
        (
            ["-u", "2147483648"],
            "uids and gids must be in range 0-2147483647",
        ),
        (["-u", "-1"], "uids and gids must be in range 0-2147483647"),
        (
            ["--group-add", "none"],
            "Unable to find group none: no matching entries in group file",
        ),
    ] {
        let said = run(&daemon, &flags, "true");
        assert!(said.contains(expected), "{flags:?}: {said}");
    }
}

#[test]
fn a_read_only_root_with_places_to_write() {
    let daemon = lab();
    let said = run(
        &daemon,
        &["--read-only", "--tmpfs", "/t"],
        "for f in /x /etc/hosts /t/x /dev/shm/x /dev/x; do (echo > $f) 2>/dev/null && echo $f; done",
    );
    assert_eq!(said, "/t/x\n/dev/shm/x\n/dev/x");
}
