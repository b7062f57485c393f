//! Health checks, through the docker CLI.

use crate::harness::{Daemon, text, wait_for};

/// Asked ten times a second, so that no test waits long for an answer.
const OFTEN: [&str; 2] = ["--health-interval", "100ms"];

fn run(daemon: &Daemon, name: &str, options: &[&str]) {
    let command = ["run", "-d", "--net", "none", "--name", name];
    let rest = ["busybox", "sleep", "1000"];
    daemon.docker(&[&command, &OFTEN[..], options, &rest].concat());
}

fn shown(daemon: &Daemon, name: &str, what: &str) -> String {
    daemon.docker(&["inspect", "-f", &format!("{{{{{what}}}}}"), name])
}

fn until(daemon: &Daemon, name: &str, status: &str) {
    wait_for(&format!("{name} to be {status}"), || {
        (shown(daemon, name, ".State.Health.Status") == status).then_some(())
    });
}

#[test]
fn answers_make_a_container_healthy_or_not() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let options = [
        "--health-cmd",
        "echo asked; test -f /ok",
        "--health-retries",
    ];
    run(&daemon, "asked", &[&options[..], &["3"]].concat());
    let ps = || daemon.docker(&["ps", "--format", "{{.Status}}"]);
    assert!(ps().ends_with("(health: starting)"), "{}", ps());
    until(&daemon, "asked", "unhealthy");
    assert!(ps().ends_with("(unhealthy)"), "{}", ps());
    daemon.docker(&["exec", "asked", "touch", "/ok"]);
    until(&daemon, "asked", "healthy");
    assert!(ps().ends_with("(healthy)"), "{}", ps());
    let listed = |health: &str| daemon.docker(&["ps", "-q", "-f", &format!("health={health}")]);
    assert_eq!(listed("healthy").lines().count(), 1);
    assert_eq!(listed("none"), "");
    wait_for("five answers", || {
        (shown(&daemon, "asked", "len .State.Health.Log") == "5").then_some(())
    });
    let last = shown(&daemon, "asked", "(index .State.Health.Log 4).Output");
    assert_eq!(last.trim(), "asked");
    // Nobody asks while it is frozen; dockerd calls that unhealthy.
    daemon.docker(&["pause", "asked"]);
    assert!(ps().ends_with("(Paused)"), "{}", ps());
    assert_eq!(shown(&daemon, "asked", ".State.Health.Status"), "unhealthy");
    daemon.docker(&["unpause", "asked"]);
    until(&daemon, "asked", "healthy");
    daemon.docker(&["stop", "-t", "0", "asked"]);
    assert_eq!(shown(&daemon, "asked", ".State.Health.Status"), "unhealthy");
    let events = daemon.events("event=health_status", "{{.Action}}");
    assert_eq!(
        events,
        [
            "health_status: unhealthy",
            "health_status: healthy",
            "health_status: healthy"
        ]
    );
}

#[test]
fn a_probe_has_its_time_and_then_dies() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let probe = "echo begun; sleep 999";
    let options = [
        "--health-cmd",
        probe,
        "--health-retries",
        "1",
        "--health-timeout",
        "1s",
    ];
    run(&daemon, "slow", &options);
    until(&daemon, "slow", "unhealthy");
    let log = shown(&daemon, "slow", "json .State.Health.Log");
    assert!(log.contains("\"ExitCode\":-1"), "{log}");
    assert!(log.contains("Health check exceeded timeout (1s)"), "{log}");
    // Only the next one may run by now.
    let top = daemon.docker(&["top", "slow", "-eo", "pid,args"]);
    let sleeping = top.lines().filter(|line| line.contains("sleep 999"));
    assert!(sleeping.count() <= 2, "{top}");
    run(
        &daemon,
        "missing",
        &["--health-cmd", "x", "--health-retries", "1"],
    );
    until(&daemon, "missing", "unhealthy");
    let long = "yes 0123456789 | head -n 1000; exit 2";
    run(
        &daemon,
        "long",
        &["--health-cmd", long, "--health-retries", "1"],
    );
    until(&daemon, "long", "unhealthy");
    let output = shown(&daemon, "long", "(index .State.Health.Log 0).Output");
    assert_eq!(output.len(), 4096 + "...".len());
    assert!(output.ends_with("..."));
}

#[test]
fn the_image_s_check_is_taken_changed_or_refused() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon.docker(&["create", "--name", "base", "--net", "none", "busybox"]);
    // Without a builder an image with a check is imported.
    let check = "HEALTHCHECK --interval=30s --retries=7 CMD test -f /ok";
    let mut import = daemon.docker_with(
        &crate::harness::clis()[0],
        &["import", "-c", check, "-", "checked"],
    );
    let export = daemon.try_docker(&["export", "base"]);
    let path = daemon.path().join("tar");
    std::fs::write(&path, &export.stdout).unwrap();
    let imported = import
        .stdin(std::fs::File::open(&path).unwrap())
        .output()
        .unwrap();
    assert!(imported.status.success(), "{}", text(&imported.stderr));
    let created = |options: &[&str]| {
        let rest = ["--net", "none", "checked", "sleep", "1000"];
        daemon.docker(&[&["run", "-d"], options, &rest].concat())
    };
    let check = |id: &str| shown(&daemon, id, "json .Config.Healthcheck");
    let inherited = created(&[]);
    assert_eq!(
        check(&inherited),
        r#"{"Test":["CMD-SHELL","test -f /ok"],"Interval":30000000000,"Retries":7}"#
    );
    let changed = created(&OFTEN);
    assert!(check(&changed).contains(r#""Interval":100000000,"#));
    assert!(check(&changed).contains(r#""Retries":7"#));
    daemon.docker(&["exec", &changed, "touch", "/ok"]);
    until(&daemon, &changed, "healthy");
    let none = created(&["--no-healthcheck"]);
    assert_eq!(
        check(&none),
        r#"{"Test":["NONE"],"Interval":30000000000,"Retries":7}"#
    );
    assert_eq!(shown(&daemon, &none, "json .State.Health"), "null");
}

#[test]
fn a_daemon_s_death_changes_nobody_s_health() {
    let mut daemon = Daemon::start();
    daemon.import_busybox();
    let options = ["--health-cmd", "test -f /ok", "--health-retries", "2"];
    run(&daemon, "asked", &options);
    daemon.docker(&["exec", "asked", "touch", "/ok"]);
    until(&daemon, "asked", "healthy");
    daemon.kill();
    daemon.run();
    assert_eq!(shown(&daemon, "asked", ".State.Health.Status"), "healthy");
    daemon.docker(&["exec", "asked", "rm", "/ok"]);
    until(&daemon, "asked", "unhealthy");
}
