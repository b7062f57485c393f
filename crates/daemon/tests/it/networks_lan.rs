//! Networks of the drivers macvlan and ipvlan, on a host of the test's own. What
//! the kernel does not have is refused, with the name of the module.

use serde_json::Value;

use crate::harness::{Daemon, text};
use crate::host::Host;

/// A daemon on a host that has a link called `wire`.
fn daemon() -> Daemon {
    let daemon = Daemon::on_a_host(&[]);
    daemon.import_busybox();
    let host = daemon.host_of_its_own();
    host.run(&["ip", "link", "add", "wire", "type", "bridge"]);
    host.run(&["ip", "link", "set", "wire", "up"]);
    daemon
}

/// Whether the kernel has links of a kind.
fn has(host: &Host, kind: &str) -> bool {
    let probe = ["ip", "link", "add", "probe", "link", "wire", "type", kind];
    let probe = match kind {
        "dummy" => [&probe[..4], &probe[6..]].concat(),
        "vlan" => [&probe[..], &["id", "7"]].concat(),
        _ => probe.to_vec(),
    };
    let has = host.try_run(&probe).status.success();
    if has {
        host.run(&["ip", "link", "del", "probe"]);
    }
    has
}

fn refused(daemon: &Daemon, args: &[&str], words: &str) {
    let output = daemon.try_docker(args);
    let said = text(&output.stderr);
    let is_refused = !output.status.success() && said.contains(words);
    assert!(is_refused, "{args:?}: {said}");
}

/// Makes a network, or is told that the kernel lacks `kind`.
fn create(daemon: &Daemon, kind: &str, args: &[&str]) -> bool {
    let line = [&["network", "create"], args].concat();
    if has(daemon.host_of_its_own(), kind) {
        daemon.docker(&line);
        return true;
    }
    let words = format!("this kernel has no links of the kind {kind} (its module {kind}");
    refused(daemon, &line, &words);
    eprintln!("this kernel has no {kind}");
    false
}

fn start(daemon: &Daemon, name: &str, flags: &[&str]) {
    let program = ["busybox", "nc", "-ll", "-p", "80", "-e", "echo", name];
    let run = ["run", "-d", "--name", name];
    daemon.docker(&[&run[..], flags, &program].concat());
}

/// Two containers of a network reach each other, and the host does not.
fn share(driver: &str) {
    let daemon = daemon();
    let subnets = ["--subnet", "10.249.4.0/24"];
    let options = ["-d", driver, "-o", "parent=wire"];
    if !create(
        &daemon,
        driver,
        &[&options[..], &subnets, &["lan"]].concat(),
    ) {
        return;
    }
    start(&daemon, "ann", &["--network", "lan", "-p", "8080:80"]);
    start(&daemon, "ben", &["--network", "lan", "--ip", "10.249.4.77"]);
    let exec = |line: &[&str]| daemon.docker(&[&["exec", "ben"], line].concat());
    assert_eq!(exec(&["nc", "-w5", "ann", "80"]), "ann", "by name");
    assert!(exec(&["ip", "route"]).contains("default via 10.249.4.1"));
    let host = daemon.host_of_its_own();
    assert_eq!(host.ask("10.249.4.77", 80), "", "the host is not on it");
    let format = "{{json .NetworkSettings.Ports}} {{.NetworkSettings.Networks.lan.IPAddress}}";
    let shown = daemon.docker(&["inspect", "-f", format, "ann"]);
    assert_eq!(shown, "{} 10.249.4.2", "nothing is published");
    let shown: Value =
        serde_json::from_str(&daemon.docker(&["network", "inspect", "lan"])).unwrap();
    assert_eq!(shown[0]["Driver"], driver);
    assert_eq!(shown[0]["Containers"].as_object().unwrap().len(), 2);
    // On a bridge it has ports, and the way to elsewhere is by name.
    daemon.docker(&["network", "create", "aaa"]);
    daemon.docker(&["network", "connect", "aaa", "ann"]);
    host.hears("127.0.0.1", 8080, "ann");
    daemon.docker(&["network", "disconnect", "lan", "ann"]);
    host.hears("127.0.0.1", 8080, "ann");
    let own = daemon.docker(&["exec", "ann", "ip", "addr"]);
    assert!(!own.contains("10.249.4."), "{own}");
    refused(
        &daemon,
        &[
            "network",
            "create",
            "-d",
            driver,
            "-o",
            "parent=wire",
            "other",
        ],
        "is already using parent interface wire",
    );
    refused(&daemon, &["network", "rm", "lan"], "has active endpoints");
    daemon.docker(&["rm", "-f", "ann", "ben"]);
    daemon.docker(&["network", "rm", "lan"]);
    host.run(&["ip", "link", "show", "wire"]);
}

#[test]
fn macvlan_containers_are_beside_the_host() {
    share("macvlan");
}

#[test]
fn ipvlan_containers_are_beside_the_host() {
    share("ipvlan");
}

#[test]
fn a_restarted_daemon_knows_who_is_on_a_link() {
    let mut daemon = daemon();
    let options = [
        "-d",
        "macvlan",
        "-o",
        "parent=wire",
        "--subnet",
        "10.249.4.0/24",
    ];
    if !create(&daemon, "macvlan", &[&options[..], &["lan"]].concat()) {
        return;
    }
    start(&daemon, "ann", &["--network", "lan"]);
    daemon.kill();
    daemon.run();
    start(&daemon, "ben", &["--network", "lan"]);
    let ask = daemon.docker(&["exec", "ben", "nc", "-w5", "ann", "80"]);
    assert_eq!(ask, "ann");
    let own = daemon.docker(&["exec", "ben", "ip", "addr"]);
    assert!(
        own.contains("10.249.4.3/24"),
        "the first address is taken: {own}"
    );
}

#[test]
fn a_parent_is_made_and_goes_with_the_network() {
    let daemon = daemon();
    let host = daemon.host_of_its_own();
    let links = || host.run(&["ip", "-o", "link"]);
    let before = links().lines().count();
    for (kind, parent) in [("vlan", Some("parent=wire.50")), ("dummy", None)] {
        let option: Vec<&str> = parent
            .into_iter()
            .flat_map(|parent| ["-o", parent])
            .collect();
        let line = [&["-d", "macvlan"], &option[..], &["made"]].concat();
        if !has(host, "macvlan") || !create(&daemon, kind, &line) {
            continue;
        }
        assert_eq!(links().lines().count(), before + 1, "{}", links());
        start(&daemon, "ann", &["--network", "made"]);
        let routes = daemon.docker(&["exec", "ann", "ip", "route"]);
        assert_eq!(routes.contains("default"), parent.is_some(), "{routes}");
        daemon.docker(&["rm", "-f", "ann"]);
        daemon.docker(&["network", "rm", "made"]);
        assert_eq!(links().lines().count(), before, "{}", links());
    }
    let left = daemon.docker(&["network", "ls", "--format", "{{.Name}}"]);
    assert_eq!(left, "bridge\nhost\nnone", "what was refused is not there");
}

#[test]
fn what_means_nothing_is_refused_as_dockerd_does() {
    let daemon = daemon();
    let create = |args: &[&str], words| {
        refused(
            &daemon,
            &[&["network", "create"], args, &["x"]].concat(),
            words,
        );
    };
    let macvlan = |parent| ["-d", "macvlan", "-o", parent];
    create(
        &macvlan("parent=lo"),
        "loopback interface is not a valid macvlan parent link",
    );
    create(
        &macvlan("parent=nosuch0"),
        "invalid subinterface vlan name nosuch0, example formatting is eth0.10",
    );
    create(
        &macvlan("parent=wire.9999"),
        "vlan id must be between 1-4094, received: 9999",
    );
    create(
        &macvlan("parent=wire.x"),
        "unable to parse a valid vlan id from: x (ex. eth0.10 for vlan 10)",
    );
    create(
        &[&macvlan("parent=wire")[..], &["-o", "macvlan_mode=foo"]].concat(),
        "requested macvlan mode 'foo' is not valid, 'bridge' mode is the macvlan driver default",
    );
    create(
        &["-d", "ipvlan", "-o", "parent=wire", "-o", "ipvlan_mode=l9"],
        "requested ipvlan mode 'l9' is not valid, 'l2' mode is the ipvlan driver default",
    );
    if has(daemon.host_of_its_own(), "macvlan") {
        create(
            &macvlan("parent=nosuch0.50"),
            "-o parent interface does was not found on the host: nosuch0",
        );
    }
    create(&["-d", "weave"], "plugin \"weave\" not found");
    create(&["--ipam-driver", "weave"], "plugin \"weave\" not found");
}
