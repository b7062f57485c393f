//! SIGKILL at random moments while clients make networks, join them, leave them
//! and remove them: after each restart the kernel has the devices and tables of
//! the networks that are listed, and no others.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::census::assert_nothing_left;
use crate::harness::{Daemon, http, text};

/// How often the daemon is killed.
const ROUNDS: u64 = 12;
/// How many clients are busy meanwhile.
const CLIENTS: usize = 3;

#[test]
fn nothing_is_left_of_networks() {
    let mut daemon = Daemon::with_bridge();
    daemon.import_busybox();
    // All devices of this test, and of no other.
    let prefix = format!("lk{}x", std::process::id());
    let mut containers = BTreeSet::new();
    for round in 0..ROUNDS {
        let over = AtomicBool::new(false);
        let socket = daemon.socket();
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (socket, over) = (&socket, &over);
                let device = format!("{prefix}{client}");
                scope.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        one_life(socket, client, &device);
                    }
                });
            }
            // The moment of the blow is the test's subject, not a wait.
            std::thread::sleep(Duration::from_millis(20 + round * 41 % 300));
            daemon.kill();
            over.store(true, Ordering::Relaxed);
        });
        daemon.run();
        let devices = devices(&daemon);
        assert_eq!(links(&prefix), devices, "round {round}: devices");
        assert_eq!(tables(&prefix), devices, "round {round}: tables");
        let ids = daemon.docker(&["ps", "-aq", "--no-trunc"]);
        containers.extend(ids.lines().map(str::to_owned));
        assert_known(&daemon);
    }
    let left: Vec<String> = containers.into_iter().collect();
    let ids = daemon.docker(&["ps", "-aq"]);
    for id in ids.lines() {
        daemon.docker(&["rm", "-f", id]);
    }
    daemon.docker(&["network", "prune", "-f"]);
    assert_eq!(links(&prefix), BTreeSet::new());
    assert_eq!(tables(&prefix), BTreeSet::new());
    assert_nothing_left(&daemon, &left);
}

/// A network from beginning to end, as far as the daemon lives.
fn one_life(socket: &Path, client: usize, device: &str) {
    let name = format!("net{client}");
    let network = json!({
        "Name": name,
        "CheckDuplicate": true,
        "Options": {"com.docker.network.bridge.name": device},
    });
    let post = |path: &str, body: Option<&Value>| {
        let body = body.map(Value::to_string);
        http(socket, "POST", &format!("/v1.40{path}"), body.as_deref())
    };
    let delete = |path: &str| http(socket, "DELETE", &format!("/v1.40{path}"), None);
    post("/networks/create", Some(&network));
    let create = |mode: &str| json!({"Image": "busybox", "Cmd": ["sleep", "1000"], "HostConfig": {"NetworkMode": mode}});
    for (container, mode) in [
        (format!("on{client}"), name.as_str()),
        (format!("by{client}"), "bridge"),
    ] {
        post(
            &format!("/containers/create?name={container}"),
            Some(&create(mode)),
        );
        post(&format!("/containers/{container}/start"), None);
    }
    let by = json!({"Container": format!("by{client}")});
    post(&format!("/networks/{name}/connect"), Some(&by));
    post(&format!("/networks/{name}/disconnect"), Some(&by));
    for container in ["on", "by"] {
        delete(&format!("/containers/{container}{client}?force=1"));
    }
    delete(&format!("/networks/{name}"));
}

/// Devices of the networks that the daemon lists.
fn devices(daemon: &Daemon) -> BTreeSet<String> {
    let (status, listed) = daemon.http("GET", "/v1.40/networks", None);
    assert_eq!(status, 200, "{listed}");
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let custom = listed.iter().filter(|network| {
        network["Name"]
            .as_str()
            .is_some_and(|name| name.starts_with("net"))
    });
    let device = |network: &Value| {
        let name = &network["Options"]["com.docker.network.bridge.name"];
        name.as_str().unwrap_or_default().to_owned()
    };
    custom.map(device).collect()
}

fn links(prefix: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir("/sys/class/net").unwrap().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with(prefix)).collect()
}

fn tables(prefix: &str) -> BTreeSet<String> {
    let listed = Command::new("nft").args(["list", "tables"]).output();
    let listed = listed.expect("nft, to look at the tables: apt-get install nftables");
    let listed = text(&listed.stdout);
    let names = listed
        .lines()
        .filter_map(|line| line.split("longshore-").nth(1));
    let own = names.filter(|name| name.starts_with(prefix));
    own.map(str::to_owned).collect()
}

/// A container that runs has the address that the engine shows, and nobody
/// else has it.
fn assert_known(daemon: &Daemon) {
    let running = daemon.docker(&["ps", "-q"]);
    let mut taken = BTreeSet::new();
    for id in running.lines() {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
        let shown = daemon.docker(&["inspect", "-f", format, id]);
        let own = daemon.docker(&["exec", id, "ip", "addr"]);
        for address in shown.split_whitespace() {
            assert!(
                own.contains(&format!("inet {address}/")),
                "{id}: {shown}: {own}"
            );
            assert!(taken.insert(address.to_owned()), "twice: {address}");
        }
        let devices = own.lines().filter(|line| line.contains(": eth")).count();
        assert_eq!(
            shown.split_whitespace().count(),
            devices,
            "{id}: {shown}: {own}"
        );
    }
}
