//! The daemon dies, the containers do not care.

use std::process::Command;

use crate::census::assert_nothing_left;
use crate::harness::{Daemon, text, wait_for};

/// How many containers run while the daemon is killed.
const CONTAINERS: usize = 20;

/// Numbered lines without end, about a hundred a second.
const COUNT: &str = "i=0; while :; do i=$((i+1)); echo line $i; usleep 10000; done";

#[test]
fn containers_logs_and_exit_codes_survive_sigkill() {
    let mut daemon = Daemon::with_bridge();
    daemon.import_busybox();
    let run = |name: &str, script: &str| {
        daemon.docker(&[
            "run",
            "-d",
            "-p",
            "127.0.0.1::80",
            "--name",
            name,
            "busybox",
            "sh",
            "-c",
            script,
        ])
    };
    let mut ids: Vec<String> = (0..CONTAINERS)
        .map(|n| run(&format!("count{n}"), COUNT))
        .collect();
    // Ends only once the daemon is gone: it waits for a file that comes then.
    let ending = run(
        "ending",
        "while ! [ -e /go ]; do usleep 1000; done; echo bye; exit 42",
    );
    let pid = daemon.docker(&["inspect", "-f", "{{.State.Pid}}", "ending"]);
    let counting = daemon.docker(&["inspect", "-f", "{{.State.Pid}}", "count0"]);

    daemon.kill();
    std::fs::write(format!("/proc/{pid}/root/go"), "").unwrap();
    wait_for("the end of the container", || {
        (!std::path::Path::new(&format!("/proc/{pid}/root/go")).exists()).then_some(())
    });
    daemon.run();

    assert_eq!(daemon.docker(&["wait", "ending"]), "42");
    assert_eq!(
        daemon.docker(&[
            "inspect",
            "-f",
            "{{.State.Status}} {{.State.ExitCode}}",
            "ending"
        ]),
        "exited 42"
    );
    assert_eq!(daemon.docker(&["logs", "ending"]), "bye");
    assert_eq!(
        daemon.docker(&["inspect", "-f", "{{.State.Pid}}", "count0"]),
        counting
    );
    let running = daemon.docker(&["ps", "-q"]);
    assert_eq!(running.lines().count(), CONTAINERS);

    for n in 0..CONTAINERS {
        let name = format!("count{n}");
        daemon.docker(&["kill", &name]);
        assert_eq!(daemon.docker(&["wait", &name]), "137");
        let log = daemon.docker(&["logs", &name]);
        let lines: Vec<&str> = log.lines().collect();
        assert!(lines.len() > 10, "{name} wrote {} lines", lines.len());
        for (at, line) in lines.iter().enumerate() {
            assert_eq!(*line, format!("line {}", at + 1), "{name}: a gap");
        }
    }
    ids.push(ending);
    let names: Vec<&str> = ids.iter().map(String::as_str).collect();
    daemon.docker(&[&["rm", "-f"], &names[..]].concat());
    assert_eq!(daemon.docker(&["ps", "-aq"]), "");
    assert_nothing_left(&daemon, &ids);
}

#[test]
fn a_second_daemon_on_the_same_root_says_who_holds_it() {
    let daemon = Daemon::start();
    let pid = std::fs::read_to_string(daemon.path().join("pid")).unwrap();
    let mut second: Command = daemon.command();
    let output = second.output().unwrap();
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(
        said.contains(pid.trim()),
        "it names the holder {pid}: {said}"
    );
    // The first one is not disturbed.
    daemon.docker(&["version"]);
}

#[test]
fn sigterm_drains_and_leaves_containers_running() {
    let mut daemon = Daemon::start();
    daemon.import_busybox();
    let id = daemon.docker(&["run", "-d", "--net", "none", "busybox", "sleep", "1000"]);
    let pid = daemon.docker(&["inspect", "-f", "{{.State.Pid}}", &id]);
    assert!(daemon.terminate().success());
    assert!(!daemon.socket().exists(), "the socket goes with the daemon");
    assert!(std::path::Path::new(&format!("/proc/{pid}")).exists());
    daemon.run();
    assert_eq!(
        daemon.docker(&["inspect", "-f", "{{.State.Pid}}", &id]),
        pid
    );
    daemon.docker(&["rm", "-f", &id]);
    assert_nothing_left(&daemon, &[id]);
}

/// The process that supervises a container, by the note it leaves.
fn shim_of(daemon: &Daemon, id: &str) -> rustix::process::Pid {
    let path = daemon
        .path()
        .join("exec/containers")
        .join(id)
        .join("state.json");
    let note: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let pid = i32::try_from(note["shim_pid"].as_i64().unwrap()).unwrap();
    rustix::process::Pid::from_raw(pid).unwrap()
}

#[test]
fn a_killed_supervisor_takes_its_container_along_and_leaves_nothing() {
    let mut daemon = Daemon::with_bridge();
    daemon.import_busybox();
    let run = || {
        daemon.docker(&[
            "run",
            "-d",
            "-p",
            "127.0.0.1::80",
            "busybox",
            "sleep",
            "1000",
        ])
    };
    let (seen, unseen) = (run(), run());
    let kill = rustix::process::Signal::KILL;
    // Once while the daemon looks, once while it is gone.
    rustix::process::kill_process(shim_of(&daemon, &seen), kill).unwrap();
    assert_ne!(daemon.docker(&["wait", &seen]), "0");
    daemon.kill();
    rustix::process::kill_process(shim_of(&daemon, &unseen), kill).unwrap();
    daemon.run();
    assert_ne!(daemon.docker(&["wait", &unseen]), "0");
    assert_eq!(daemon.docker(&["ps", "-q"]), "");
    daemon.docker(&["start", &seen]);
    daemon.docker(&["rm", "-f", &seen, &unseen]);
    assert_nothing_left(&daemon, &[seen, unseen]);
}
