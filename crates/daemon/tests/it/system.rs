//! What the daemon tells of itself and its machine, and what it takes over from
//! its settings while it runs.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Daemon, clis, wait_for};

fn info(daemon: &Daemon) -> Value {
    let (status, body) = daemon.http("GET", "/v1.40/info", None);
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn the_counts_of_info_are_those_of_the_lists() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let run = |name: &str, more: &[&str], command: &[&str]| {
        let start = ["run", "-d", "--net", "none", "--name", name];
        daemon.docker(&[&start[..], more, &["busybox"], command].concat());
    };
    run("up", &[], &["sleep", "99"]);
    run("frozen", &[], &["sleep", "99"]);
    daemon.docker(&["pause", "frozen"]);
    daemon.docker(&["create", "--net", "none", "busybox"]);
    // It waits longer and longer between its runs.
    run("again", &["--restart", "always"], &["false"]);
    wait_for("a container that waits for its restart", || {
        let format = ["inspect", "-f", "{{.State.Status}} {{.RestartCount}}"];
        let state = daemon.docker(&[&format[..], &["again"]].concat());
        let (status, count) = state.split_once(' ').unwrap();
        (status == "restarting" && count.parse::<u32>().unwrap() > 3).then_some(())
    });
    let seen = info(&daemon);
    let counts = ["", "Running", "Paused", "Stopped"];
    let counts = counts.map(|what| seen[format!("Containers{what}")].as_i64().unwrap());
    assert_eq!(counts, [4, 1, 1, 2], "all, running, paused, stopped");
    let images = daemon.docker(&["images", "-aq", "--no-trunc"]);
    assert_eq!(seen["Images"], images.lines().count());
    assert_eq!(seen["Plugins"]["Volume"], json!(["local"]));
    assert_eq!(seen["DriverStatus"][1], json!(["Supports d_type", "true"]));
    for cli in clis() {
        let shown = daemon.docker_of(&cli, &["info"]);
        assert!(shown.contains("Storage Driver: overlay2"), "{shown}");
        let shown = daemon.docker_of(&cli, &["version"]);
        assert!(shown.contains("Server: Longshore"), "{shown}");
    }
}

#[test]
fn settings_are_read_again_on_sighup() {
    let settings = tempfile::NamedTempFile::new().unwrap();
    let write = |settings: &tempfile::NamedTempFile, text: Value| {
        fs::write(settings.path(), text.to_string()).unwrap();
    };
    write(&settings, json!({"labels": ["a=b"]}));
    let path = settings.path().to_string_lossy().into_owned();
    let daemon = Daemon::flagged(&["--config-file", &path]);
    assert_eq!(info(&daemon)["Labels"], json!(["a=b"]));
    let reloads = || daemon.events("event=reload", "{{json .Actor.Attributes}}");
    let again = |count: usize| {
        daemon.signal(rustix::process::Signal::HUP);
        wait_for("a reload", || (reloads().len() == count).then_some(()));
    };
    write(
        &settings,
        json!({
            "labels": ["c=d"],
            "debug": true,
            "insecure-registries": ["registry.example:5000"],
            "max-concurrent-downloads": 7,
        }),
    );
    again(1);
    let seen = info(&daemon);
    assert_eq!(seen["Labels"], json!(["c=d"]));
    assert_eq!(seen["Debug"], true);
    let registry = &seen["RegistryConfig"]["IndexConfigs"]["registry.example:5000"];
    assert_eq!(registry["Secure"], false);
    let told: Value = serde_json::from_str(&reloads()[0]).unwrap();
    for (key, value) in [
        ("labels", r#"["c=d"]"#),
        ("debug", "true"),
        ("insecure-registries", r#"["registry.example:5000"]"#),
        ("max-concurrent-downloads", "7"),
        ("max-concurrent-uploads", "5"),
        ("name", seen["Name"].as_str().unwrap()),
    ] {
        assert_eq!(told[key], value, "{key}");
    }
    // What cannot be read changes nothing.
    fs::write(settings.path(), "{\"labels\": [").unwrap();
    daemon.signal(rustix::process::Signal::HUP);
    wait_for("the complaint", || {
        daemon
            .log()
            .contains("the settings stay as they are")
            .then_some(())
    });
    assert_eq!(info(&daemon)["Labels"], json!(["c=d"]));
    write(&settings, json!({}));
    again(2);
    assert_eq!(info(&daemon)["Labels"], json!([]));
}
