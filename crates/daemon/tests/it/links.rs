//! Links of the default bridge and hardware addresses, as a container sees
//! them.

use crate::census::assert_nothing_left;
use crate::harness::{Daemon, text, wait_for};

fn address(daemon: &Daemon, name: &str) -> String {
    daemon.docker(&["inspect", "-f", "{{.NetworkSettings.IPAddress}}", name])
}

#[test]
fn a_child_is_known_by_its_alias_wherever_it_goes() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    let run = ["run", "-d", "--name"];
    let child = [
        "db",
        "-e",
        "MOOD=good",
        "--expose",
        "5432",
        "busybox",
        "sleep",
        "1000",
    ];
    let db = daemon.docker(&[&run[..], &child].concat());
    let parent = ["web", "--link", "db:data-base", "busybox", "sleep", "1000"];
    let web = daemon.docker(&[&run[..], &parent].concat());
    let shown = daemon.docker(&["inspect", "-f", "{{json .HostConfig.Links}}", "web"]);
    assert_eq!(shown, r#"["/db:/web/data-base"]"#);
    let at = address(&daemon, "db");
    let line = format!("{at}\tdata-base {} db", &db[..12]);
    let hosts = || daemon.docker(&["exec", "web", "cat", "/etc/hosts"]);
    assert!(hosts().lines().any(|known| known == line), "{}", hosts());
    let env = daemon.docker(&["exec", "web", "env"]);
    for variable in [
        format!("DATA_BASE_PORT=tcp://{at}:5432"),
        "DATA_BASE_NAME=/web/data-base".into(),
        "DATA_BASE_ENV_MOOD=good".into(),
    ] {
        assert!(env.lines().any(|known| known == variable), "{env}");
    }
    // The alias is one more name of the child.
    let names = daemon.docker(&["ps", "--no-trunc", "--format", "{{.Names}}"]);
    assert!(
        names.lines().any(|name| name == "db,web/data-base"),
        "{names}"
    );
    let by_alias = daemon.docker(&["inspect", "-f", "{{.Id}}", "web/data-base"]);
    assert_eq!(by_alias, db);

    // Elsewhere after a restart: somebody else has the address meanwhile.
    daemon.docker(&["stop", "-t", "0", "db"]);
    let filler = daemon.docker(&["run", "-d", "busybox", "sleep", "1000"]);
    daemon.docker(&["start", "db"]);
    assert_ne!(address(&daemon, "db"), at);
    let line = format!("{}\tdata-base {} db", address(&daemon, "db"), &db[..12]);
    wait_for("the parent's hosts file", || {
        hosts().lines().any(|known| known == line).then_some(())
    });

    daemon.docker(&["rm", "--link", "web/data-base"]);
    assert!(!hosts().contains("data-base"), "{}", hosts());
    let gone = daemon.try_docker(&["inspect", "web/data-base"]);
    assert!(!gone.status.success());
    daemon.docker(&["rm", "-f", "db", "web", &filler]);
    assert_nothing_left(&daemon, &[db, web, filler]);
}

#[test]
fn a_link_needs_a_child_that_runs_on_the_bridge() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    let refused = |args: &[&str], words: &str| {
        let output = daemon.try_docker(args);
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "{said}");
    };
    refused(
        &["create", "--link", "nobody:x", "busybox"],
        "could not get container for nobody: No such container: nobody",
    );
    daemon.docker(&["create", "--name", "idle", "busybox"]);
    daemon.docker(&["create", "--name", "web", "--link", "idle:x", "busybox"]);
    refused(
        &["start", "web"],
        "Cannot link to a non running container: /idle AS /web/x",
    );
    let alone = [
        "run", "-d", "--name", "alone", "--net", "none", "busybox", "sleep", "1000",
    ];
    daemon.docker(&alone);
    daemon.docker(&["create", "--name", "lost", "--link", "alone", "busybox"]);
    refused(
        &["start", "lost"],
        "Cannot link to /alone, as it does not belong to the default network",
    );
    refused(
        &["rm", "--link", "idle"],
        "Conflict, cannot remove the default link name of the container",
    );
}

#[test]
fn a_hardware_address_is_the_one_asked_for() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    // The newer CLI wants a newer API for this flag: the field itself is sent.
    let body = r#"{"Image":"busybox","Cmd":["cat","/sys/class/net/eth0/address"],
        "MacAddress":"02:42:aa:bb:cc:dd"}"#;
    let created = daemon.http("POST", "/v1.40/containers/create?name=mac", Some(body));
    assert_eq!(created.0, 201, "{}", created.1);
    assert_eq!(daemon.docker(&["start", "-a", "mac"]), "02:42:aa:bb:cc:dd");
    let bad = r#"{"Image":"busybox","MacAddress":"zz"}"#;
    let (status, said) = daemon.http("POST", "/v1.40/containers/create", Some(bad));
    assert_eq!(status, 400, "{said}");
    assert!(said.contains("invalid MAC address: zz"), "{said}");
}
