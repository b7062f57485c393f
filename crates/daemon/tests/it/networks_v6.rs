//! Networks with IPv6, on a host of the test's own.

use serde_json::Value;

use crate::harness::{Daemon, text};

/// A daemon and a network of both kinds on a host of its own.
fn daemon() -> Daemon {
    let daemon = Daemon::on_a_host(&[]);
    daemon.import_busybox();
    let subnets = ["--subnet", "10.249.3.0/24", "--subnet", "fd00:249::/64"];
    let create = [&["network", "create", "--ipv6"], &subnets[..], &["six"]].concat();
    daemon.docker(&create);
    daemon
}

fn run(daemon: &Daemon, name: &str, flags: &[&str], program: &[&str]) {
    let run = ["run", "-d", "--name", name];
    daemon.docker(&[&run[..], flags, &["busybox"], program].concat());
}

/// A server that says its name.
fn serve(daemon: &Daemon, name: &str, flags: &[&str]) {
    let program = ["nc", "-ll", "-p", "80", "-e", "echo", name];
    run(daemon, name, flags, &program);
}

fn refused(daemon: &Daemon, args: &[&str], words: &str) {
    let output = daemon.try_docker(args);
    let said = text(&output.stderr);
    let is_refused = !output.status.success() && said.contains(words);
    assert!(is_refused, "{args:?}: {said}");
}

#[test]
fn containers_have_addresses_of_both_kinds() {
    let daemon = daemon();
    let shown = daemon.docker(&["network", "inspect", "six"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown[0]["EnableIPv6"], true);
    assert_eq!(shown[0]["IPAM"]["Config"][1]["Subnet"], "fd00:249::/64");
    serve(
        &daemon,
        "web",
        &["--network", "six", "--ip6", "fd00:249::77"],
    );
    run(&daemon, "client", &["--network", "six"], &["sleep", "1000"]);
    let format = "{{with .NetworkSettings.Networks.six}}{{.GlobalIPv6Address}}/{{.GlobalIPv6PrefixLen}} {{.IPv6Gateway}}{{end}}";
    let of = |name| daemon.docker(&["inspect", "-f", format, name]);
    assert_eq!(of("web"), "fd00:249::77/64 fd00:249::1");
    assert_eq!(of("client"), "fd00:249::2/64 fd00:249::1");
    let inside = |line: &[&str]| daemon.docker(&[&["exec", "client"], line].concat());
    assert!(inside(&["ip", "-6", "addr"]).contains("inet6 fd00:249::2/64"));
    let routes = inside(&["ip", "-6", "route"]);
    assert!(routes.contains("default via fd00:249::1"), "{routes}");
    assert!(inside(&["cat", "/etc/hosts"]).contains("fd00:249::2\t"));
    // By name: both kinds of addresses, and back.
    let found = inside(&["nslookup", "web"]);
    assert!(found.contains("Address: fd00:249::77"), "{found}");
    assert!(found.contains("Address: 10.249.3.2"), "{found}");
    let back = inside(&["nslookup", "fd00:249::77"]);
    assert!(back.contains("name = web.six"), "{back}");
    assert_eq!(inside(&["nc", "-w5", "fd00:249::77", "80"]), "web");
    inside(&["ping", "-6", "-c1", "-W10", "web"]);
    let shown = daemon.docker(&["network", "inspect", "six"]);
    assert!(
        shown.contains("\"IPv6Address\": \"fd00:249::77/64\""),
        "{shown}"
    );
    // Later, to one that has only IPv4.
    run(&daemon, "late", &[], &["sleep", "1000"]);
    let connect = ["network", "connect", "--ip6", "fd00:249::99", "six", "late"];
    daemon.docker(&connect);
    let late = daemon.docker(&["exec", "late", "nc", "-w5", "web", "80"]);
    assert_eq!(late, "web");
    assert_eq!(of("late"), "fd00:249::99/64 fd00:249::1");
}

#[test]
fn wrong_addresses_are_refused_as_dockerd_does() {
    let daemon = daemon();
    let create = |flags: &[&str], words| {
        refused(
            &daemon,
            &[&["network", "create"], flags, &["x"]].concat(),
            words,
        );
    };
    create(
        &["--ipv6"],
        "could not find an available, non-overlapping IPv6 address pool among the defaults",
    );
    create(
        &["--ipv6", "--subnet", "fd00:249::/80"],
        "Pool overlaps with other one on this address space",
    );
    create(
        &["--ipv6", "--subnet", "fd01::/64", "--subnet", "fd02::/64"],
        "bridge driver doesn't support multiple subnets",
    );
    create(
        &["--ipv6", "--subnet", "fd01::/64", "--gateway", "fd02::1"],
        // The CLI's words: it looks for the gateway's subnet itself.
        "no matching subnet for gateway fd02::1",
    );
    daemon.docker(&["network", "create", "--subnet", "fd03::/64", "four"]);
    let shown = daemon.docker(&["network", "inspect", "-f", "{{.EnableIPv6}}", "four"]);
    assert_eq!(shown, "false", "a subnet alone enables nothing");
    let start = |network: &str, address: &str, words| {
        let flags = ["--network", network, "--ip6", address];
        let line = [&["run", "--rm"], &flags[..], &["busybox", "true"]].concat();
        refused(&daemon, &line, words);
    };
    start("four", "fd03::9", "networks with user configured subnets");
    start(
        "six",
        "fd09::9",
        "It does not belong to any of this network's subnets",
    );
    run(
        &daemon,
        "ann",
        &["--network", "six", "--ip6", "fd00:249::9"],
        &["sleep", "1000"],
    );
    start("six", "fd00:249::9", "Address already in use");
}

#[test]
fn ports_are_published_for_both_kinds() {
    let daemon = daemon();
    let host = daemon.host_of_its_own();
    host.run(&["ip", "link", "add", "elsewhere", "type", "bridge"]);
    host.run(&["ip", "link", "set", "elsewhere", "up"]);
    host.run(&[
        "ip",
        "addr",
        "add",
        "2001:db8::10/64",
        "dev",
        "elsewhere",
        "nodad",
    ]);
    serve(&daemon, "web", &["--network", "six", "-p", "8080:80"]);
    let shown = daemon.docker(&["inspect", "-f", "{{json .NetworkSettings.Ports}}", "web"]);
    let both =
        r#"{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}]}"#;
    assert_eq!(shown, both);
    for address in ["127.0.0.1", "10.249.3.1", "2001:db8::10", "fd00:249::1"] {
        host.hears(address, 8080, "web");
    }
    // From a container of another network by the host's address, and from itself.
    run(&daemon, "client", &[], &["sleep", "1000"]);
    let ask = |from, address| daemon.docker(&["exec", from, "nc", "-w5", address, "8080"]);
    assert_eq!(ask("web", "2001:db8::10"), "web");
    assert_eq!(ask("client", "10.249.3.1"), "web");
    let taken = [
        "run",
        "--rm",
        "--network",
        "six",
        "-p",
        "[::]:8080:80",
        "busybox",
        "true",
    ];
    refused(
        &daemon,
        &taken,
        "Bind for :::8080 failed: port is already allocated",
    );
    // One address only.
    serve(
        &daemon,
        "one",
        &["--network", "six", "-p", "[2001:db8::10]:8081:80"],
    );
    host.hears("2001:db8::10", 8081, "one");
    assert_eq!(host.ask("127.0.0.1", 8081), "");
    // By the loopback nobody waits for an answer that does not come.
    let begin = std::time::Instant::now();
    assert_eq!(host.ask("::1", 8080), "");
    assert!(begin.elapsed() < std::time::Duration::from_secs(4));
    // What could not be reached is not promised.
    for (network, address, why) in [
        ("bridge", "[::]", "the container has no IPv6 address"),
        (
            "six",
            "[::1]",
            "the IPv6 loopback address leads nowhere else",
        ),
    ] {
        let publish = format!("{address}:8082:80");
        let run = ["run", "--rm", "--network", network, "-p", &publish];
        refused(&daemon, &[&run[..], &["busybox", "true"]].concat(), why);
    }
    daemon.docker(&["rm", "-f", "web", "one"]);
    assert_eq!(host.ask("2001:db8::10", 8080), "");
}

#[test]
fn the_default_bridge_may_have_both_kinds() {
    let subnet = ["--ipv6", "--fixed-cidr-v6", "fd00:250::/64"];
    let mut daemon = Daemon::on_a_host(&subnet);
    daemon.import_busybox();
    let shown = daemon.docker(&["network", "inspect", "bridge"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown[0]["EnableIPv6"], true);
    assert_eq!(shown[0]["IPAM"]["Config"][1]["Subnet"], "fd00:250::/64");
    serve(&daemon, "web", &["-p", "8080:80"]);
    let format = "{{.NetworkSettings.GlobalIPv6Address}} {{.NetworkSettings.IPv6Gateway}}";
    let shown = daemon.docker(&["inspect", "-f", format, "web"]);
    assert_eq!(shown, "fd00:250::2 fd00:250::1");
    daemon.host_of_its_own().hears("fd00:250::1", 8080, "web");
    daemon.kill();
    daemon.run();
    daemon.host_of_its_own().hears("fd00:250::1", 8080, "web");
}
