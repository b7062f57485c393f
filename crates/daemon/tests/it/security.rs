//! Security options, seen from inside the container, and what refuses them.

use serde_json::{Value, json};

use crate::harness::{Daemon, text};

/// Runs a container without network; its standard output and error, and its
/// exit code.
fn run(daemon: &Daemon, flags: &[&str], command: &[&str]) -> (String, i32) {
    let head = ["run", "--rm", "--net", "none"];
    let output = daemon.try_docker(&[&head[..], flags, &["busybox"], command].concat());
    let said = text(&[output.stdout, output.stderr].concat());
    (said, output.status.code().unwrap_or(-1))
}

/// A profile that allows all but what `entry` adds about calls that make
/// directories.
fn profile(entry: &Value) -> Value {
    let mut rule = json!({"names": ["mkdir", "mkdirat"]});
    rule.as_object_mut()
        .unwrap()
        .extend(entry.as_object().unwrap().clone());
    json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]})
}

/// Writes a profile where `--security-opt seccomp=` finds it.
fn option(daemon: &Daemon, profile: &Value) -> String {
    let path = daemon.path().join("profile.json");
    std::fs::write(&path, profile.to_string()).unwrap();
    format!("seccomp={}", path.display())
}

#[test]
fn seccomp_profiles_of_clients() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let refused = "Operation not permitted";
    for (entry, expected, code) in [
        (json!({"action": "SCMP_ACT_ERRNO"}), refused, 1),
        (
            json!({"action": "SCMP_ACT_ERRNO", "errnoRet": 38}),
            "Function not implemented",
            1,
        ),
        (json!({"action": "SCMP_ACT_ERRNO", "errnoRet": 0}), "", 0),
        (json!({"action": "SCMP_ACT_KILL"}), "", 159),
        (json!({"action": "SCMP_ACT_KILL_PROCESS"}), "", 159),
        (json!({"action": "SCMP_ACT_TRAP"}), "", 159),
        (
            json!({"action": "SCMP_ACT_TRACE"}),
            "Function not implemented",
            1,
        ),
        (json!({"action": "SCMP_ACT_LOG"}), "", 0),
        (json!({"action": "SCMP_ACT_ALLOW"}), "", 0),
        (
            json!({"action": "SCMP_ACT_ERRNO", "args": [
                {"index": 1, "value": 0o777, "op": "SCMP_CMP_EQ"}]}),
            refused,
            1,
        ),
        (
            json!({"action": "SCMP_ACT_ERRNO", "args": [
                {"index": 1, "value": 0o777, "op": "SCMP_CMP_NE"}]}),
            "",
            0,
        ),
        (
            json!({"action": "SCMP_ACT_ERRNO", "args": [
                {"index": 1, "value": 0o070, "valueTwo": 0o070, "op": "SCMP_CMP_MASKED_EQ"}]}),
            refused,
            1,
        ),
        (
            json!({"action": "SCMP_ACT_ERRNO", "includes": {"caps": ["CAP_SYS_ADMIN"]}}),
            "",
            0,
        ),
        (
            json!({"action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_ADMIN"]}}),
            refused,
            1,
        ),
    ] {
        let option = option(&daemon, &profile(&entry));
        let (said, status) = run(&daemon, &["--security-opt", &option], &["mkdir", "/x"]);
        assert_eq!(status, code, "{entry}: {said}");
        assert!(said.contains(expected), "{entry}: {said}");
        assert_eq!(said.is_empty(), expected.is_empty(), "{entry}: {said}");
    }
}

#[test]
fn a_seccomp_profile_is_for_execs_and_restarts_too() {
    let mut daemon = Daemon::start();
    daemon.import_busybox();
    let option = option(&daemon, &profile(&json!({"action": "SCMP_ACT_ERRNO"})));
    let id = daemon.docker(&[
        "run",
        "-d",
        "--net",
        "none",
        "--security-opt",
        &option,
        "busybox",
        "sleep",
        "1000",
    ]);
    let refused = |daemon: &Daemon| {
        let output = daemon.try_docker(&["exec", "--privileged", &id, "mkdir", "/x"]);
        text(&output.stderr).contains("Operation not permitted")
    };
    assert!(refused(&daemon));
    daemon.kill();
    daemon.run();
    assert!(refused(&daemon));
    daemon.docker(&["restart", "-t", "0", &id]);
    assert!(refused(&daemon));
    let shown = daemon.docker(&["inspect", "-f", "{{json .HostConfig.SecurityOpt}}", &id]);
    assert!(shown.contains("SCMP_ACT_ERRNO"), "{shown}");
}

#[test]
fn bad_seccomp_profiles_are_refused_at_once() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    for (profile, expected) in [
        (
            json!({"defaultAction": "SCMP_ACT_FLY"}),
            "string SCMP_ACT_FLY is not a valid action for seccomp",
        ),
        (
            profile(&json!({"action": "SCMP_ACT_NOTIFY"})),
            "listenerPath is not set",
        ),
        (
            profile(&json!({"action": "SCMP_ACT_ERRNO", "name": "mkdir"})),
            "'name' and 'names' were specified in the seccomp profile",
        ),
        (json!("text"), "Decoding seccomp profile failed: "),
    ] {
        let option = option(&daemon, &profile);
        let (said, status) = run(&daemon, &["--security-opt", &option], &["true"]);
        assert_eq!(status, 125, "{said}");
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(daemon.docker(&["ps", "-aq"]), "", "nothing was made");
}

#[test]
fn filters_by_name() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let status = &["grep", "Seccomp:", "/proc/self/status"];
    for (flags, mode) in [
        (&[][..], 2),
        (&["--security-opt", "seccomp=unconfined"], 0),
        (&["--security-opt", "seccomp=builtin"], 2),
        (&["--privileged"], 0),
        (&["--privileged", "--security-opt", "seccomp=builtin"], 2),
    ] {
        let (said, _) = run(&daemon, flags, status);
        assert_eq!(said, format!("Seccomp:\t{mode}"), "{flags:?}");
    }
}

#[test]
fn the_daemons_own_profile() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("daemon.json");
    let text = profile(&json!({"action": "SCMP_ACT_ERRNO"})).to_string();
    std::fs::write(&path, text).unwrap();
    let path = path.to_string_lossy();
    let daemon = Daemon::flagged(&["--seccomp-profile", &path]);
    daemon.import_busybox();
    let (said, _) = run(&daemon, &[], &["mkdir", "/x"]);
    assert!(said.contains("Operation not permitted"), "{said}");
    for flags in [
        &["--privileged"][..],
        &["--security-opt", "seccomp=unconfined"],
        &["--security-opt", "seccomp=builtin"],
    ] {
        let (said, code) = run(&daemon, flags, &["mkdir", "/x"]);
        assert_eq!((said.as_str(), code), ("", 0), "{flags:?}");
    }
    let shown = daemon.docker(&["info", "-f", "{{json .SecurityOptions}}"]);
    assert_eq!(shown, format!("[\"name=seccomp,profile={path}\"]"));
    drop(daemon);

    let daemon = Daemon::flagged(&["--seccomp-profile", "unconfined"]);
    daemon.import_busybox();
    let (said, _) = run(&daemon, &[], &["grep", "Seccomp:", "/proc/self/status"]);
    assert_eq!(said, "Seccomp:\t0");
}

#[test]
fn no_new_privileges() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    for (option, bit) in [
        ("no-new-privileges", 1),
        ("no-new-privileges:true", 1),
        ("no-new-privileges=true", 1),
        ("no-new-privileges=false", 0),
    ] {
        let flags = ["--security-opt", option];
        let (said, _) = run(
            &daemon,
            &flags,
            &["grep", "NoNewPrivs", "/proc/self/status"],
        );
        assert_eq!(said, format!("NoNewPrivs:\t{bit}"), "{option}");
    }
}

#[test]
fn labels_where_the_kernel_has_no_such_module() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    // Accepted and without effect, as by dockerd on such a kernel.
    for option in [
        "label=disable",
        "label=type:mine_t",
        "label:level:s0:c1,c2",
        "apparmor=mine",
        "apparmor=unconfined",
    ] {
        let id = daemon.docker(&["create", "--security-opt", option, "busybox", "true"]);
        let shown = daemon.docker(&[
            "inspect",
            "-f",
            "[{{.AppArmorProfile}}{{.ProcessLabel}}{{.MountLabel}}] {{json .HostConfig.SecurityOpt}}",
            &id,
        ]);
        assert_eq!(shown, format!("[] [\"{option}\"]"));
        let (said, code) = run(&daemon, &["--security-opt", option], &["true"]);
        assert_eq!((said.as_str(), code), ("", 0), "{option}");
    }
    for flags in [
        &["--privileged"][..],
        &["--pid", "host"],
        &["--ipc", "host"],
    ] {
        let id = daemon.docker(&[&["create"], flags, &["busybox", "true"]].concat());
        let shown = daemon.docker(&["inspect", "-f", "{{.HostConfig.SecurityOpt}}", &id]);
        assert_eq!(shown, "[label=disable]", "{flags:?}");
    }
}

#[test]
fn unknown_options_are_refused_in_dockerds_words() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    for (option, stage) in [("fly", 1), ("fly=high", 2), ("no-new-privileges=maybe", 2)] {
        let (said, code) = run(&daemon, &["--security-opt", option], &["true"]);
        assert_eq!(code, 125);
        let expected = format!("invalid --security-opt {stage}: \"{option}\"");
        // The newer CLI refuses some of them before it asks.
        assert!(
            said.contains(&expected) || said.contains("nvalid"),
            "{said}"
        );
    }
}

#[test]
fn system_paths_unconfined() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let script = "grep -c ' /proc/' /proc/mounts; ls /sys/firmware | grep -c .";
    let flags = ["--security-opt", "systempaths=unconfined"];
    let (said, _) = run(&daemon, &flags, &["sh", "-c", script]);
    let host = std::fs::read_dir("/sys/firmware").map_or(0, Iterator::count);
    assert_eq!(said, format!("0\n{host}"));
    let (said, _) = run(&daemon, &[], &["sh", "-c", script]);
    assert!(!said.starts_with("0\n") && said.ends_with("\n0"), "{said}");
}
