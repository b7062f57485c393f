//! `docker ps` and what it selects; `docker container prune`.

use crate::harness::{Daemon, wait_for};

/// Names, sorted.
fn listed(daemon: &Daemon, args: &[&str]) -> String {
    let shown = daemon.docker(&[&["ps", "--format", "{{.Names}}"], args].concat());
    let mut names: Vec<&str> = shown.lines().collect();
    names.sort_unstable();
    names.join(" ")
}

#[test]
fn filters_select() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let docker = |verb: &str, args: &[&str]| {
        let rest = [&[verb, "--net", "none"], args].concat();
        daemon.docker(&rest)
    };
    let up = docker(
        "run",
        &["-d", "--name", "up", "-l", "a=1", "busybox", "sleep", "99"],
    );
    docker("run", &["--name", "done", "-l", "a=2", "busybox", "true"]);
    docker(
        "create",
        &["--name", "new", "-v", "/tmp:/data", "busybox", "true"],
    );
    let failed = daemon.try_docker(&[
        "run", "--net", "none", "--name", "failed", "busybox", "sh", "-c", "exit 3",
    ]);
    assert_eq!(failed.status.code(), Some(3));
    docker("run", &["-d", "--name", "cold", "busybox", "sleep", "99"]);
    daemon.docker(&["pause", "cold"]);
    let cases: [(&[&str], &str); 24] = [
        (&[], "cold up"),
        (&["-a"], "cold done failed new up"),
        (&["-n", "2"], "cold failed"),
        (&["-l"], "cold"),
        (&["-f", "status=exited"], "done failed"),
        (&["-f", "status=created"], "new"),
        (&["-f", "status=paused"], "cold"),
        (&["-f", "status=running"], "up"),
        (&["-f", "status=paused", "-f", "status=created"], "cold new"),
        (&["-a", "-f", "exited=3"], "failed"),
        (&["-f", "exited=3"], ""),
        (&["-a", "-f", "label=a"], "done up"),
        (&["-a", "-f", "label=a=2"], "done"),
        (&["-a", "-f", "name=^/?up$"], "up"),
        (&["-a", "-f", "name=e"], "done failed new"),
        (&["-a", "-f", "before=new"], "done up"),
        (&["-a", "-f", "since=new"], "cold failed"),
        (&["-a", "-f", "volume=/data"], "new"),
        (&["-a", "-f", "volume=/tmp"], "new"),
        (&["-a", "-f", "network=none"], "cold done failed new up"),
        (&["-a", "-f", "network=nosuch"], ""),
        (&["-a", "-f", "ancestor=busybox"], "cold done failed new up"),
        (&["-a", "-f", "ancestor=nosuch"], ""),
        (&["-a", "-f", "is-task=true"], ""),
    ];
    for (args, names) in cases {
        assert_eq!(listed(&daemon, args), names, "{args:?}");
    }
    let by_id = format!("id={}", &up[..8]);
    assert_eq!(listed(&daemon, &["-f", &by_id]), "up");
    for bad in ["status=x", "health=x", "nosuch=x", "exited=x", "publish=x"] {
        let refused = daemon.try_docker(&["ps", "-f", bad]);
        assert!(!refused.status.success(), "{bad}");
    }
    let status = |name: &str| {
        let filter = format!("name=^/{name}$");
        daemon.docker(&["ps", "-a", "--format", "{{.Status}}", "-f", &filter])
    };
    assert!(status("cold").starts_with("Up "), "{}", status("cold"));
    assert!(status("cold").ends_with(" (Paused)"), "{}", status("cold"));
    assert!(status("failed").starts_with("Exited (3) "));
    assert!(status("failed").ends_with(" ago"));
    assert_eq!(status("new"), "Created");
}

#[test]
fn published_and_exposed_ports_select() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    let run = |name: &str, options: &[&str]| {
        let all = [
            &["run", "-d", "--name", name],
            options,
            &["busybox", "sleep", "99"],
        ]
        .concat();
        daemon.docker(&all)
    };
    run("web", &["-p", "127.0.0.1::80"]);
    run("dns", &["-p", "127.0.0.1::53/udp"]);
    run("quiet", &["--expose", "81"]);
    let cases: [(&str, &str); 9] = [
        ("publish=80", "web"),
        ("publish=80/tcp", "web"),
        ("publish=80/udp", ""),
        ("publish=50-60/udp", "dns"),
        ("publish=81", ""),
        ("expose=81", "quiet"),
        ("expose=80-81", "quiet web"),
        ("expose=53/udp", "dns"),
        ("network=bridge", "dns quiet web"),
    ];
    for (filter, names) in cases {
        assert_eq!(listed(&daemon, &["-f", filter]), names, "{filter}");
    }
}

#[test]
fn prune_takes_what_does_not_run() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let docker =
        |verb: &str, args: &[&str]| daemon.docker(&[&[verb, "--net", "none"], args].concat());
    docker("run", &["-d", "--name", "up", "busybox", "sleep", "99"]);
    docker("run", &["--name", "keep", "-l", "keep", "busybox", "true"]);
    let write = "head -c 5000 /dev/zero > /f";
    docker("run", &["--name", "gone", "busybox", "sh", "-c", write]);
    docker("create", &["--name", "new", "busybox", "true"]);
    let none = daemon.docker(&["container", "prune", "-f", "--filter", "until=1h"]);
    assert_eq!(none, "Total reclaimed space: 0B");
    let pruned = daemon.docker(&["container", "prune", "-f", "--filter", "label!=keep"]);
    assert!(pruned.starts_with("Deleted Containers:\n"), "{pruned}");
    assert!(pruned.ends_with("Total reclaimed space: 5kB"), "{pruned}");
    assert_eq!(listed(&daemon, &["-a"]), "keep up");
    daemon.docker(&["container", "prune", "-f"]);
    assert_eq!(listed(&daemon, &["-a"]), "up");
}

#[test]
fn restarts_show_and_are_called_off() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let run = |name: &str, policy: &str, script: &str| {
        let options = [
            "run",
            "-d",
            "--net",
            "none",
            "--restart",
            policy,
            "--name",
            name,
        ];
        daemon.docker(&[&options[..], &["busybox", "sh", "-c", script]].concat())
    };
    let field = |name: &str, field: &str| {
        daemon.docker(&["inspect", "-f", &format!("{{{{{field}}}}}"), name])
    };
    run("thrice", "on-failure:3", "exit 4");
    run("loop", "always", "exit 5");
    wait_for("the last of four runs", || {
        (field("thrice", ".State.Status") == "exited").then_some(())
    });
    assert_eq!(field("thrice", ".RestartCount"), "3");
    assert_eq!(field("thrice", ".State.ExitCode"), "4");
    // The pauses double, so by now they are long enough to be seen.
    wait_for("a pause", || {
        let status = daemon.docker(&["ps", "--format", "{{.Status}}", "-f", "name=loop"]);
        status.starts_with("Restarting (5) ").then_some(())
    });
    daemon.docker(&["stop", "loop"]);
    assert_eq!(field("loop", ".State.Status"), "exited");
    let count = field("loop", ".RestartCount");
    daemon.docker(&["start", "loop"]);
    daemon.docker(&["rm", "-f", "loop"]);
    assert_ne!(count, "0");
    run("killed", "always", "sleep 99");
    daemon.docker(&["kill", "killed"]);
    assert_eq!(field("killed", ".State.Status"), "exited");
    assert_eq!(field("killed", ".RestartCount"), "0");
}

#[test]
fn the_daemon_s_start_heeds_the_policies() {
    let mut daemon = Daemon::start();
    daemon.import_busybox();
    for policy in ["no", "always", "unless-stopped", "on-failure"] {
        let options = ["run", "-d", "--net", "none", "--restart", policy];
        let stopped = format!("{policy}-stopped");
        for name in [policy, &stopped] {
            let rest = ["--name", name, "busybox", "sleep", "1000"];
            daemon.docker(&[&options[..], &rest].concat());
        }
        daemon.docker(&["stop", "-t", "0", &stopped]);
    }
    daemon.kill();
    daemon.run();
    // Those that ran go on; of the stopped ones only `always` begins anew.
    wait_for("what the policies want", || {
        let names = listed(&daemon, &[]);
        (names == "always always-stopped no on-failure unless-stopped").then_some(())
    });
}
