//! Networks as the docker CLI makes and shows them.

use serde_json::Value;

use crate::harness::{Daemon, text};

/// What `docker network inspect` shows of one network.
fn inspect(daemon: &Daemon, network: &str) -> Value {
    let shown = daemon.docker(&["network", "inspect", network]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    shown[0].clone()
}

fn refused(daemon: &Daemon, args: &[&str], words: &str) {
    let output = daemon.try_docker(args);
    let said = text(&output.stderr);
    assert!(
        !output.status.success() && said.contains(words),
        "{args:?}: {said}"
    );
}

/// The bridge device of a network, as long as it is there.
fn device_of(daemon: &Daemon, network: &str) -> String {
    let id = daemon.docker(&["network", "inspect", "-f", "{{.Id}}", network]);
    format!("/sys/class/net/br-{}", &id[..12])
}

#[test]
fn a_network_comes_and_goes_with_its_bridge() {
    let daemon = Daemon::with_bridge();
    let names = || daemon.docker(&["network", "ls", "--format", "{{.Name}} {{.Driver}}"]);
    assert_eq!(names(), "bridge bridge\nhost host\nnone null");
    let options = [
        "network",
        "create",
        "--subnet",
        "10.249.7.0/24",
        "--label",
        "a=b",
        "-o",
        "com.docker.network.driver.mtu=1400",
        "mine",
    ];
    let id = daemon.docker(&options);
    let shown = inspect(&daemon, "mine");
    assert_eq!(shown["Id"], id);
    assert_eq!(shown["IPAM"]["Config"][0]["Subnet"], "10.249.7.0/24");
    assert_eq!(shown["Labels"]["a"], "b");
    let device = device_of(&daemon, "mine");
    assert_eq!(
        text(&std::fs::read(format!("{device}/mtu")).unwrap()),
        "1400"
    );
    refused(
        &daemon,
        &["network", "create", "mine"],
        "network with name mine already exists",
    );
    refused(
        &daemon,
        &["network", "create", "--subnet", "10.249.7.128/25", "other"],
        "Pool overlaps with other one on this address space",
    );
    refused(
        &daemon,
        &["network", "create", "-d", "nosuch", "other"],
        "plugin \"nosuch\" not found",
    );
    refused(
        &daemon,
        &["network", "rm", "bridge"],
        "bridge is a pre-defined network and cannot be removed",
    );
    daemon.docker(&["network", "rm", &id[..10]]);
    assert!(!std::path::Path::new(&device).exists(), "the bridge goes");
    refused(
        &daemon,
        &["network", "inspect", "mine"],
        "network mine not found",
    );
    let told = daemon.events("type=network", "{{.Action}} {{.Actor.Attributes.name}}");
    assert_eq!(told, ["create mine", "destroy mine"]);
}

#[test]
fn containers_of_a_network_know_each_other_by_name() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    daemon.docker(&["network", "create", "net"]);
    let run = ["run", "-d", "--network", "net", "--name"];
    let server = ["web", "--network-alias", "site", "busybox", "sleep", "1000"];
    let web = daemon.docker(&[&run[..], &server].concat());
    let client = ["client", "--link", "web:linked", "busybox", "sleep", "1000"];
    daemon.docker(&[&run[..], &client].concat());
    let address = daemon.docker(&[
        "inspect",
        "-f",
        "{{.NetworkSettings.Networks.net.IPAddress}}",
        "web",
    ]);
    let look_up = |name: &str| {
        let output = daemon.try_docker(&["exec", "client", "nslookup", name]);
        text(&output.stdout)
    };
    for name in ["web", "WEB", "site", "linked", "web.net", &web[..12]] {
        let said = look_up(name);
        assert!(
            said.contains(&format!("Address: {address}")),
            "{name}: {said}"
        );
    }
    assert!(
        look_up(&address).contains("name = web.net"),
        "{}",
        look_up(&address)
    );
    assert_eq!(
        daemon
            .docker(&["exec", "client", "ping", "-c1", "-q", "web"])
            .lines()
            .next(),
        Some(format!("PING web ({address}): 56 data bytes").as_str())
    );
    let resolving = daemon.docker(&["exec", "client", "cat", "/etc/resolv.conf"]);
    assert!(resolving.contains("nameserver 127.0.0.11"), "{resolving}");
    daemon.docker(&["rename", "web", "other"]);
    assert!(look_up("other").contains(&address));
    refused(&daemon, &["network", "rm", "net"], "has active endpoints");
    daemon.docker(&["rm", "-f", "other", "client"]);
    daemon.docker(&["network", "rm", "net"]);
}

#[test]
fn an_address_is_the_one_asked_for() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    daemon.docker(&["network", "create", "--subnet", "10.249.8.0/24", "chosen"]);
    daemon.docker(&["network", "create", "any"]);
    let run = |network: &str, address: &str, name: &str| {
        let asked = ["--network", network, "--ip", address, "--name", name];
        daemon.try_docker(&[&["run", "-d"], &asked[..], &["busybox", "sleep", "1000"]].concat())
    };
    assert!(run("chosen", "10.249.8.77", "ann").status.success());
    let shown = inspect(&daemon, "chosen");
    let members: Vec<&Value> = shown["Containers"].as_object().unwrap().values().collect();
    assert_eq!(members[0]["IPv4Address"], "10.249.8.77/24");
    for (network, address, words) in [
        ("chosen", "10.249.8.77", "Address already in use"),
        (
            "chosen",
            "10.249.9.1",
            "It does not belong to any of this network's subnets",
        ),
        ("any", "172.18.0.9", "networks with user configured subnets"),
        (
            "bridge",
            "10.1.1.1",
            "user specified IP address is supported on user defined networks only",
        ),
    ] {
        let output = run(network, address, "ben");
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "{said}");
        daemon.try_docker(&["rm", "-f", "ben"]);
    }
}

#[test]
fn a_running_container_is_connected_and_taken_off() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    for network in ["one", "two"] {
        daemon.docker(&["network", "create", network]);
    }
    let run = ["run", "-d", "busybox", "sleep", "1000"];
    let on = |network: &str, name: &str| {
        daemon.docker(
            &[
                &run[..2],
                &["--network", network, "--name", name],
                &run[2..],
            ]
            .concat(),
        )
    };
    on("one", "ann");
    on("two", "ben");
    on("bridge", "cid");
    let ping = |from: &str, to: &str| {
        let args = ["exec", from, "ping", "-c1", "-W5", to];
        daemon.try_docker(&args).status.success()
    };
    assert!(!ping("ann", "ben"), "nobody of another network is known");
    daemon.docker(&["network", "connect", "--alias", "also", "two", "ann"]);
    assert!(ping("ann", "ben") && ping("ben", "ann") && ping("ben", "also"));
    assert!(
        daemon
            .docker(&["exec", "ann", "ip", "addr"])
            .contains("eth1")
    );
    refused(
        &daemon,
        &["network", "connect", "two", "ann"],
        "endpoint with name ann already exists in network two",
    );
    // One that did not ask the engine for names begins to.
    daemon.docker(&["network", "connect", "two", "cid"]);
    assert!(ping("cid", "ben"));
    // Its way to elsewhere is the other network from now on.
    daemon.docker(&["network", "disconnect", "one", "ann"]);
    assert!(ping("ann", "ben"));
    let routes = daemon.docker(&["exec", "ann", "ip", "route"]);
    assert!(routes.starts_with("default via"), "{routes}");
    daemon.docker(&["network", "disconnect", "two", "ann"]);
    assert!(!ping("ben", "ann"), "its name is gone");
    refused(
        &daemon,
        &["network", "disconnect", "two", "ann"],
        "is not connected to network two",
    );
    assert!(
        !daemon
            .docker(&["exec", "ann", "ip", "addr"])
            .contains("eth")
    );
    daemon.docker(&["rm", "-f", "ann", "ben", "cid"]);
    daemon.docker(&["network", "prune", "-f"]);
    let left = daemon.docker(&["network", "ls", "--format", "{{.Name}}"]);
    assert_eq!(left, "bridge\nhost\nnone");
}

#[test]
fn networks_outlive_a_killed_daemon() {
    let mut daemon = Daemon::with_bridge();
    daemon.import_busybox();
    daemon.docker(&["network", "create", "net"]);
    for name in ["ann", "ben"] {
        daemon.docker(&[
            "run",
            "-d",
            "--network",
            "net",
            "--name",
            name,
            "busybox",
            "sleep",
            "1000",
        ]);
    }
    let address = |daemon: &Daemon, name: &str| {
        daemon.docker(&[
            "inspect",
            "-f",
            "{{.NetworkSettings.Networks.net.IPAddress}}",
            name,
        ])
    };
    let before = [address(&daemon, "ann"), address(&daemon, "ben")];
    daemon.kill();
    daemon.run();
    assert_eq!([address(&daemon, "ann"), address(&daemon, "ben")], before);
    assert!(
        daemon
            .docker(&["exec", "ann", "nslookup", "ben"])
            .contains(&before[1])
    );
    daemon.docker(&[
        "run",
        "-d",
        "--network",
        "net",
        "--name",
        "cid",
        "busybox",
        "sleep",
        "1000",
    ]);
    assert!(!before.contains(&address(&daemon, "cid")));
    refused(&daemon, &["network", "rm", "net"], "has active endpoints");
    let device = device_of(&daemon, "net");
    daemon.docker(&["rm", "-f", "ann", "ben", "cid"]);
    daemon.docker(&["network", "rm", "net"]);
    assert!(!std::path::Path::new(&device).exists());
}

#[test]
fn networks_are_apart() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    daemon.docker(&["network", "create", "one"]);
    daemon.docker(&["network", "create", "two"]);
    daemon.docker(&["network", "create", "--internal", "inside"]);
    let quiet = "com.docker.network.bridge.enable_icc=false";
    daemon.docker(&["network", "create", "-o", quiet, "quiet"]);
    let on = |network: &str, name: &str| {
        daemon.docker(&[
            "run",
            "-d",
            "--network",
            network,
            "--name",
            name,
            "busybox",
            "sleep",
            "1000",
        ]);
        let shown = format!("{{{{.NetworkSettings.Networks.{network}.IPAddress}}}}");
        daemon.docker(&["inspect", "-f", &shown, name])
    };
    // A machine under load takes its time; what is dropped never comes.
    let ping = |from: &str, to: &str| {
        daemon
            .try_docker(&["exec", from, "ping", "-c1", "-W10", to])
            .status
            .success()
    };
    let is_kept_from = |from: &str, to: &str| {
        let args = ["exec", from, "ping", "-c1", "-W1", to];
        !daemon.try_docker(&args).status.success()
    };
    let (a, a2, b) = (on("one", "ann"), on("one", "amy"), on("two", "ben"));
    assert!(ping("ann", &a2), "together");
    assert!(is_kept_from("ann", &b) && is_kept_from("ben", &a), "apart");
    let inside = on("inside", "ida");
    on("inside", "joe");
    assert!(ping("joe", &inside), "together inside");
    let apart = is_kept_from("ann", &inside) && is_kept_from("ida", &a);
    assert!(apart, "inside is apart");
    let routes = daemon.docker(&["exec", "ida", "ip", "route"]);
    assert!(!routes.contains("default"), "{routes}");
    let quiet = on("quiet", "quy");
    on("quiet", "ron");
    assert!(
        is_kept_from("ron", &quiet),
        "containers do not reach each other"
    );
}
