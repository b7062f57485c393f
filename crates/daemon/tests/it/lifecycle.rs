//! What a container sees and keeps, through the docker CLI.

use crate::harness::Daemon;

#[test]
fn the_command_line_s_options_arrive_inside() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let run = |args: &[&str]| {
        let all = [&["run", "--rm", "--net", "none"], args].concat();
        daemon.docker(&all)
    };
    assert_eq!(run(&["-h", "name", "busybox", "hostname"]), "name");
    assert_eq!(run(&["-w", "/a/b", "busybox", "pwd"]), "/a/b");
    assert_eq!(run(&["-e", "X=y", "busybox", "sh", "-c", "echo $X"]), "y");
    assert_eq!(run(&["-u", "33:44", "busybox", "id", "-u"]), "33");
    assert_eq!(run(&["-u", "www", "busybox", "id", "-g"]), "33");
    assert_eq!(run(&["--entrypoint", "echo", "busybox", "a", "b"]), "a b");
    assert_eq!(run(&["busybox", "sh", "-c", "echo $$"]), "1");
    assert_eq!(run(&["busybox", "sh", "-c", "umask"]), "0022");
    let bind = format!("{}:/data:ro", daemon.path().display());
    let said = run(&[
        "-v",
        &bind,
        "busybox",
        "sh",
        "-c",
        "ls /data; touch /data/x 2>&1 || true",
    ]);
    assert!(
        said.contains("pid") && said.contains("Read-only file system"),
        "{said}"
    );
    let said = run(&[
        "--read-only",
        "--tmpfs",
        "/t",
        "busybox",
        "sh",
        "-c",
        "touch /t/x && ls /t; touch /x 2>&1 || true",
    ]);
    assert!(
        said.starts_with('x') && said.contains("Read-only file system"),
        "{said}"
    );
    let memory = run(&[
        "-m",
        "64m",
        "busybox",
        "cat",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]);
    assert_eq!(memory, (64 << 20).to_string());
    let caps = run(&[
        "--cap-drop",
        "ALL",
        "busybox",
        "grep",
        "CapEff",
        "/proc/self/status",
    ]);
    assert!(caps.ends_with("0000000000000000"), "{caps}");
}

#[test]
fn the_host_s_network_is_the_host_s() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let inside = daemon.docker(&[
        "run",
        "--rm",
        "--net",
        "host",
        "busybox",
        "readlink",
        "/proc/self/ns/net",
    ]);
    let host = std::fs::read_link("/proc/self/ns/net").unwrap();
    assert_eq!(inside, host.to_string_lossy());
    let own = daemon.docker(&[
        "run",
        "--rm",
        "--net",
        "none",
        "busybox",
        "readlink",
        "/proc/self/ns/net",
    ]);
    assert_ne!(own, inside);
}

#[test]
fn a_restart_policy_brings_it_back() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let script = "echo turn; [ -e /done ] && sleep 1000; touch /done; exit 3";
    daemon.docker(&[
        "run",
        "-d",
        "--name",
        "again",
        "--restart",
        "on-failure:5",
        "--net",
        "none",
        "busybox",
        "sh",
        "-c",
        script,
    ]);
    crate::harness::wait_for("the second turn", || {
        (daemon.docker(&["logs", "again"]) == "turn\nturn").then_some(())
    });
    assert_eq!(
        daemon.docker(&[
            "inspect",
            "-f",
            "{{.RestartCount}} {{.State.Running}}",
            "again"
        ]),
        "1 true"
    );
}
