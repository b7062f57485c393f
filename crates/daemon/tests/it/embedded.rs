//! `longshored --registry`: an engine that is its own registry.

use crate::harness::{Daemon, clis, wait_for};

/// Where the embedded registry of this run of the daemon listens.
fn address(daemon: &Daemon) -> String {
    wait_for("the registry's address", || {
        let log = daemon.log();
        let line = log
            .lines()
            .rfind(|line| line.contains("registry listens on"))?;
        let (_, address) = line.split_once("address=")?;
        Some(address.trim().to_owned())
    })
}

#[test]
fn an_engine_is_its_own_registry_and_keeps_what_was_pushed() {
    let mut daemon = Daemon::flagged(&["--registry", "127.0.0.1:0", "--registry-v1"]);
    let first = address(&daemon);
    for (place, cli) in clis().iter().enumerate() {
        let name = format!("{first}/team/box:{place}");
        daemon.docker_of(cli, &["tag", "box", &name]);
        let id = daemon.docker_of(cli, &["inspect", "--format", "{{.Id}}", &name]);
        daemon.docker_of(cli, &["push", &name]);
        daemon.docker_of(cli, &["rmi", &name]);
        daemon.docker_of(cli, &["pull", &name]);
        let pulled = daemon.docker_of(cli, &["inspect", "--format", "{{.Id}}", &name]);
        assert_eq!(pulled, id);
        let term = format!("{first}/box");
        let found = daemon.docker_of(cli, &["search", "--format", "{{.Name}}", &term]);
        assert_eq!(found, "team/box");
    }
    daemon.kill();
    daemon.run();
    // The port is another one, the content the same.
    let second = wait_for("the registry of the second daemon", || {
        Some(address(&daemon)).filter(|address| *address != first)
    });
    for cli in clis() {
        let name = format!("{second}/team/box:0");
        let pulled = daemon.docker_of(&cli, &["pull", &name]);
        assert!(pulled.contains(&name), "{pulled}");
    }
}
