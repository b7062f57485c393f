//! What changes when a running container is connected to a network, or taken
//! off one: its way to elsewhere, and where its ports are published.

use std::net::{Ipv4Addr, TcpListener};

use crate::harness::{Daemon, text};

/// A daemon on a host of its own, with a network that leads nowhere and two that
/// lead elsewhere.
fn daemon() -> Daemon {
    let daemon = Daemon::on_a_host(&[]);
    daemon.import_busybox();
    daemon.docker(&["network", "create", "--internal", "inside"]);
    daemon.docker(&["network", "create", "one"]);
    daemon.docker(&["network", "create", "two"]);
    daemon
}

fn serve(daemon: &Daemon, name: &str, flags: &[&str]) {
    let program = ["busybox", "nc", "-ll", "-p", "80", "-e", "echo", name];
    let run = ["run", "-d", "--name", name];
    daemon.docker(&[&run[..], flags, &program].concat());
}

/// The bridge that a container sends what is for elsewhere to.
fn way(daemon: &Daemon, container: &str) -> Option<String> {
    let routes = daemon.docker(&["exec", container, "ip", "route"]);
    let default = routes.lines().find(|line| line.starts_with("default"))?;
    let gateway = default.split(' ').nth(2)?.to_owned();
    ["one", "two", "bridge"]
        .map(str::to_owned)
        .into_iter()
        .find(|network| {
            let format = "{{range .IPAM.Config}}{{.Gateway}}{{end}}";
            daemon.docker(&["network", "inspect", "-f", format, network]) == gateway
        })
}

fn ports(daemon: &Daemon, container: &str) -> String {
    daemon.docker(&["port", container])
}

#[test]
fn ports_are_published_when_a_way_comes() {
    let mut daemon = daemon();
    serve(&daemon, "web", &["--network", "inside", "-p", "8080:80"]);
    let host = daemon.host_of_its_own();
    assert_eq!(ports(&daemon, "web"), "");
    assert_eq!(host.ask("127.0.0.1", 8080), "");
    assert_eq!(way(&daemon, "web"), None);
    daemon.docker(&["network", "connect", "two", "web"]);
    assert_eq!(way(&daemon, "web").as_deref(), Some("two"));
    assert!(ports(&daemon, "web").contains("80/tcp -> 0.0.0.0:8080"));
    host.hears("127.0.0.1", 8080, "web");
    // Of two it is the first by name.
    daemon.docker(&["network", "connect", "one", "web"]);
    assert_eq!(way(&daemon, "web").as_deref(), Some("one"));
    host.hears("127.0.0.1", 8080, "web");
    // And so it is after a restart of the daemon.
    daemon.kill();
    daemon.run();
    let host = daemon.host_of_its_own();
    host.hears("127.0.0.1", 8080, "web");
    daemon.docker(&["network", "disconnect", "one", "web"]);
    assert_eq!(way(&daemon, "web").as_deref(), Some("two"));
    host.hears("127.0.0.1", 8080, "web");
    daemon.docker(&["network", "disconnect", "two", "web"]);
    assert_eq!(way(&daemon, "web"), None);
    assert_eq!(host.ask("127.0.0.1", 8080), "");
    assert_eq!(ports(&daemon, "web"), "");
    // Nobody holds the port any more.
    let taken = host.run(&["ss", "-Hltn", "sport = :8080"]);
    assert_eq!(taken, "");
    serve(&daemon, "other", &["-p", "8080:80"]);
    host.hears("127.0.0.1", 8080, "other");
}

#[test]
fn a_port_that_is_taken_leaves_all_as_it_was() {
    let daemon = daemon();
    serve(&daemon, "first", &["-p", "8080:80"]);
    serve(&daemon, "second", &["--network", "inside", "-p", "8080:80"]);
    let output = daemon.try_docker(&["network", "connect", "one", "second"]);
    let said = text(&output.stderr);
    let words = "driver failed programming external connectivity on endpoint second";
    assert!(said.contains(words), "{said}");
    assert!(
        said.contains("Bind for 0.0.0.0:8080 failed: port is already allocated"),
        "{said}"
    );
    let shown = daemon.docker(&[
        "inspect",
        "-f",
        "{{json .NetworkSettings.Networks}}",
        "second",
    ]);
    assert!(!shown.contains("\"one\""), "{shown}");
    let own = daemon.docker(&["exec", "second", "ip", "addr"]);
    assert!(!own.contains("eth1"), "{own}");
    daemon.docker(&["network", "rm", "one"]);
    daemon.host_of_its_own().hears("127.0.0.1", 8080, "first");
    // The same at a start.
    let run = ["run", "--name", "third", "-p", "8080:80", "busybox", "true"];
    let said = text(&daemon.try_docker(&run).stderr);
    assert!(said.contains("failed: port is already allocated"), "{said}");
    daemon.docker(&["rm", "third"]);
}

#[test]
fn somebody_elses_port_is_not_taken_later_either() {
    // On this machine's own network, where the test itself can hold a port.
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    daemon.docker(&["network", "create", "--internal", "inside"]);
    let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = holder.local_addr().unwrap().port();
    let publish = format!("127.0.0.1:{port}:80");
    serve(&daemon, "web", &["--network", "inside", "-p", &publish]);
    let output = daemon.try_docker(&["network", "connect", "bridge", "web"]);
    let said = text(&output.stderr);
    assert!(said.contains("port is already allocated"), "{said}");
    drop(holder);
    daemon.docker(&["network", "connect", "bridge", "web"]);
    // Its shim holds the port, without a restart.
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect_err("it is held");
}

#[test]
fn who_leaves_while_it_runs_is_told_of_twice() {
    let daemon = daemon();
    serve(&daemon, "web", &["--network", "one"]);
    daemon.docker(&["network", "disconnect", "one", "web"]);
    daemon.docker(&["network", "connect", "two", "web"]);
    daemon.docker(&["kill", "web"]);
    daemon.docker(&["wait", "web"]);
    daemon.docker(&["network", "disconnect", "two", "web"]);
    let told = daemon.events("type=network", "{{.Action}} {{.Actor.Attributes.name}}");
    let moves: Vec<&str> = (told.iter().map(String::as_str))
        .filter(|line| line.contains("connect"))
        .collect();
    // The driver's and the daemon's; at its end, and of one at rest, just one.
    let expected = [
        "connect one",
        "disconnect one",
        "disconnect one",
        "connect two",
        "disconnect two",
        "disconnect two",
    ];
    assert_eq!(moves, expected);
}
