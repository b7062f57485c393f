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

/// Dead processes that nobody has waited for, and whose children they are.
fn zombies() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name may hold anything; state and parent come after it.
        let mut rest = stat.rsplit(')').next().unwrap_or("").split_whitespace();
        if let (Some("Z"), Some(parent)) = (rest.next(), rest.next()) {
            let pid = entry.file_name().to_string_lossy().into_owned();
            found.push((pid, parent.to_owned()));
        }
    }
    found
}

#[test]
fn no_zombie_is_left_whatever_process_1_does() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    // Orphans come to process 1, which here never waits for any.
    let careless = "for i in 1 2 3 4 5; do (sleep 0.3 &); done; exec sleep 1000";
    let run = |name: &str, more: &[&str]| {
        let base = ["run", "-d", "--net", "none", "--name", name];
        let command = ["busybox", "sh", "-c", careless];
        daemon.docker(&[&base[..], more, &command[..]].concat());
    };
    let pid = |name: &str| daemon.docker(&["inspect", "-f", "{{.State.Pid}}", name]);
    run("careless", &[]);
    run("tended", &["--init"]);
    let inits = ["careless", "tended"].map(pid);
    let zombies_of = |parent: &String| zombies().iter().filter(|(_, of)| of == parent).count();
    crate::harness::wait_for("orphans that nobody waits for", || {
        (zombies_of(&inits[0]) == 5).then_some(())
    });
    crate::harness::wait_for("the small init's work", || {
        (zombies_of(&inits[1]) == 0).then_some(())
    });
    for _ in 0..5 {
        daemon.docker(&["exec", "careless", "true"]);
        daemon.docker(&["exec", "-d", "careless", "true"]);
    }
    let shims = inits.clone().map(|pid| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let rest = stat.rsplit(") ").next().unwrap();
        rest.split(' ').nth(1).unwrap().to_owned()
    });
    // The shim waits for every exec.
    crate::harness::wait_for("the shims to wait for the execs", || {
        shims.iter().all(|shim| zombies_of(shim) == 0).then_some(())
    });
    daemon.docker(&["rm", "-f", "careless", "tended"]);
    crate::harness::wait_for("the ends of the shims", || {
        let gone = |pid: &String| !std::path::Path::new("/proc").join(pid).exists();
        shims.iter().chain(&inits).all(gone).then_some(())
    });
}
