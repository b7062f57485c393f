//! What networks survive: others who change rules, daemons that are killed,
//! several daemons side by side. Each test has a host of its own, since it
//! breaks things there.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use crate::harness::{Daemon, text, wait_for};
use crate::host::Host;

/// A server that says its name.
fn serve(daemon: &Daemon, name: &str, flags: &[&str]) -> String {
    let program = ["busybox", "nc", "-ll", "-p", "80", "-e", "echo", name];
    let run = ["run", "-d", "--name", name];
    daemon.docker(&[&run[..], flags, &program].concat())
}

fn hang_up(daemon: &Daemon) {
    let pid = std::fs::read_to_string(daemon.path().join("pid")).unwrap();
    let pid = rustix::process::Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
}

#[test]
fn rules_that_somebody_removes_are_back_in_seconds() {
    let daemon = Daemon::on_a_host(&[]);
    daemon.import_busybox();
    serve(&daemon, "web", &["-p", "8080:80"]);
    let host = daemon.host_of_its_own();
    host.hears("127.0.0.1", 8080, "web");
    host.run(&["nft", "add", "table", "ip", "firewall"]);
    let remove: [&[&str]; 2] = [
        &["nft", "flush", "ruleset"],
        &["nft", "flush", "table", "ip", "longshore-longshore0"],
    ];
    for line in remove {
        host.run(line);
        host.hears("127.0.0.1", 8080, "web");
    }
    // What only looks whole is put back when somebody says so.
    let flush = [
        "nft",
        "flush",
        "map",
        "ip",
        "longshore-longshore0",
        "published_on_all",
    ];
    host.run(&flush);
    assert_eq!(host.ask("127.0.0.1", 8080), "");
    hang_up(&daemon);
    host.hears("127.0.0.1", 8080, "web");
    assert!(daemon.log().contains("its rules were gone, put back"));
}

#[test]
fn others_rules_are_never_touched() {
    let host = Arc::new(Host::new());
    host.run(&["nft", "add", "table", "ip", "firewall"]);
    let chain = "{ type filter hook input priority 0; }";
    host.run(&["nft", "add", "chain", "ip", "firewall", "mine", chain]);
    let rule = ["nft", "add", "rule", "ip", "firewall", "mine"];
    host.run(&[&rule[..], &["tcp", "dport", "9", "drop"]].concat());
    host.run(&[
        "iptables", "-A", "INPUT", "-p", "tcp", "--dport", "9", "-j", "DROP",
    ]);
    let others = || {
        let firewall = host.run(&["nft", "list", "table", "ip", "firewall"]);
        let saved = host.run(&["iptables-save", "-t", "filter"]);
        let lines = saved.lines().filter(|line| line.starts_with("-A"));
        (firewall, lines.map(str::to_owned).collect::<Vec<_>>())
    };
    let before = others();
    let mut daemon = Daemon::on(&host, "longshore0", &[]);
    daemon.import_busybox();
    daemon.docker(&["network", "create", "net"]);
    serve(&daemon, "web", &["--network", "net", "-p", "8080:80"]);
    host.hears("127.0.0.1", 8080, "web");
    hang_up(&daemon);
    daemon.docker(&["rm", "-f", "web"]);
    daemon.docker(&["network", "rm", "net"]);
    assert_eq!(others(), before);
    daemon.terminate();
    assert_eq!(others(), before);
    assert!(
        !host
            .run(&["nft", "list", "tables"])
            .contains("longshore-longshore0")
    );
}

/// Everything of the network that a daemon could leave on a host.
fn census(host: &Host) -> Vec<String> {
    let links = host.run(&["ip", "-o", "link"]);
    let addresses = host.run(&["ip", "-o", "addr"]);
    let tables = host.run(&["nft", "list", "tables"]);
    let name = |line: &str| {
        line.split_whitespace()
            .nth(1)
            .unwrap_or_default()
            .to_owned()
    };
    let links = links.lines().map(name);
    let addresses = addresses.lines().filter(|line| line.contains("inet "));
    let addresses = addresses.map(|line| {
        line.split_whitespace()
            .nth(3)
            .unwrap_or_default()
            .to_owned()
    });
    // That one stays as long as forwarding is on.
    let tables = tables.lines().filter(|line| !line.ends_with("unrouted"));
    links
        .chain(addresses)
        .chain(tables.map(str::to_owned))
        .collect()
}

#[test]
fn a_killed_daemon_leaves_nothing_and_its_neighbour_in_peace() {
    let host = Arc::new(Host::new());
    let before = census(&host);
    let mut calm = Daemon::on(&host, "calm0", &["--bip", "10.240.1.1/24"]);
    let six = |daemon: &Daemon, subnet| {
        daemon.docker(&["network", "create", "--ipv6", "--subnet", subnet, "net"]);
    };
    calm.import_busybox();
    six(&calm, "fd00:1::/64");
    serve(&calm, "calm", &["--network", "net", "-p", "8081:80"]);
    host.hears("127.0.0.1", 8081, "calm");
    let calm_only = census(&host);
    let pool = "base=10.241.0.0/16,size=24";
    let flags = ["--bip", "10.240.2.1/24", "--default-address-pool", pool];
    let mut killed = Daemon::on(&host, "killed0", &flags);
    killed.import_busybox();
    six(&killed, "fd00:2::/64");
    for round in 0..3 {
        let name = format!("web{round}");
        serve(&killed, &name, &["--network", "net", "-p", "8080:80"]);
        killed.docker(&["network", "connect", "bridge", &name]);
        host.hears("127.0.0.1", 8080, &name);
        killed.kill();
        // Without its daemon it goes on; the neighbour makes and removes.
        host.hears("127.0.0.1", 8080, &name);
        calm.docker(&["network", "create", "other"]);
        calm.docker(&["network", "rm", "other"]);
        host.hears("127.0.0.1", 8081, "calm");
        host.hears("127.0.0.1", 8080, &name);
        killed.run();
        host.hears("127.0.0.1", 8080, &name);
        // The same port is not had twice, and is free at once afterwards.
        let twice = ["run", "--rm", "-p", "8080:80", "busybox", "true"];
        assert!(!killed.try_docker(&twice).status.success());
        killed.docker(&["rm", "-f", &name]);
    }
    killed.docker(&["network", "rm", "net"]);
    killed.terminate();
    wait_for("nothing of the killed one", || {
        (census(&host) == calm_only).then_some(())
    });
    host.hears("127.0.0.1", 8081, "calm");
    calm.docker(&["rm", "-f", "calm"]);
    calm.docker(&["network", "rm", "net"]);
    calm.terminate();
    wait_for("the host as it was", || {
        (census(&host) == before).then_some(())
    });
}

/// A connection that says what it hears, for as long as it lives.
struct Line {
    client: Child,
    heard: BufReader<ChildStdout>,
}

impl Line {
    fn new(mut command: Command) -> Line {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut client = command.spawn().unwrap();
        let heard = BufReader::new(client.stdout.take().unwrap());
        Line { client, heard }
    }

    /// Says something and waits until it comes back.
    fn echo(&mut self, words: &str) {
        let stdin = self.client.stdin.as_mut().unwrap();
        writeln!(stdin, "{words}").unwrap();
        let mut heard = String::new();
        self.heard.read_line(&mut heard).unwrap();
        assert_eq!(heard.trim_end(), words);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.client.kill().ok();
        self.client.wait().ok();
    }
}

#[test]
fn connections_outlive_the_daemon() {
    let mut daemon = Daemon::on_a_host(&[]);
    daemon.import_busybox();
    daemon.docker(&[
        "network",
        "create",
        "--ipv6",
        "--subnet",
        "fd00:7::/64",
        "net",
    ]);
    let echo = ["busybox", "nc", "-ll", "-p", "80", "-e", "cat"];
    let flags = [
        "run",
        "-d",
        "--name",
        "echo",
        "--network",
        "net",
        "-p",
        "8080:80",
    ];
    daemon.docker(&[&flags[..], &echo].concat());
    let host = daemon.host_of_its_own();
    let from_host = |address: &str| {
        let mut command = host.command("busybox");
        command.args(["nc", address, "8080"]);
        // The server may take a moment to listen.
        wait_for("a server", || {
            let probe = format!("echo up | timeout 2 busybox nc {address} 8080");
            let said = text(&host.try_run(&["sh", "-c", &probe]).stdout);
            (said == "up").then_some(())
        });
        Line::new(command)
    };
    let mut published = from_host("127.0.0.1");
    let mut published6 = from_host("fd00:7::1");
    // Between containers: one that repeats what it hears into its log.
    let ask = "i=0; while sleep 0.05; do i=$((i+1)); echo $i; done | nc echo 80";
    let flags = [
        "run",
        "-d",
        "--name",
        "client",
        "--network",
        "net",
        "busybox",
    ];
    daemon.docker(&[&flags[..], &["sh", "-c", ask]].concat());
    let told = |daemon: &Daemon| -> Vec<u32> {
        let log = daemon.docker(&["logs", "client"]);
        log.lines().map(|line| line.parse().unwrap()).collect()
    };
    // It has asked for the name, which nobody answers without a daemon.
    wait_for("the containers' connection", || {
        (!told(&daemon).is_empty()).then_some(())
    });
    published.echo("before");
    published6.echo("before");
    daemon.kill();
    published.echo("without a daemon");
    published6.echo("without a daemon");
    daemon.run();
    published.echo("after a kill");
    published6.echo("after a kill");
    daemon.terminate();
    published.echo("after an end");
    daemon.run();
    published.echo("at last");
    published6.echo("at last");
    let before = told(&daemon).len();
    wait_for("the containers' own connection", || {
        (told(&daemon).len() > before + 3).then_some(())
    });
    let heard = told(&daemon);
    let all: Vec<u32> = (1..).take(heard.len()).collect();
    assert_eq!(heard, all, "none is lost, and it is one connection");
}

#[test]
fn a_pool_is_not_one_that_the_host_has_a_route_to() {
    let host = Arc::new(Host::new());
    host.run(&["ip", "link", "add", "wire", "type", "bridge"]);
    host.run(&["ip", "link", "set", "wire", "up"]);
    host.run(&["ip", "addr", "add", "192.0.2.1/24", "dev", "wire"]);
    host.run(&["ip", "route", "add", "172.17.0.0/16", "via", "192.0.2.9"]);
    host.run(&["ip", "addr", "add", "172.18.5.1/24", "dev", "wire"]);
    let daemon = Daemon::on(&host, "longshore0", &[]);
    let subnet = |network: &str| {
        let format = "{{range .IPAM.Config}}{{.Subnet}}{{end}}";
        daemon.docker(&["network", "inspect", "-f", format, network])
    };
    assert_eq!(subnet("bridge"), "172.19.0.0/16");
    host.run(&["ip", "route", "add", "172.20.0.0/16", "via", "192.0.2.9"]);
    daemon.docker(&["network", "create", "net"]);
    assert_eq!(subnet("net"), "172.21.0.0/16");
}

#[test]
fn forwarding_is_switched_on_and_others_stay_apart() {
    let host = Arc::new(Host::new());
    let setting = |name: &str| host.run(&["sysctl", "-n", name]);
    host.run(&["sysctl", "-qw", "net.ipv4.ip_forward=0"]);
    assert_eq!(setting("net.ipv6.conf.all.forwarding"), "0");
    let daemon = Daemon::on(&host, "longshore0", &[]);
    assert_eq!(setting("net.ipv4.ip_forward"), "1");
    assert_eq!(
        setting("net.ipv6.conf.all.forwarding"),
        "0",
        "nobody needs it"
    );
    let tables = host.run(&["nft", "list", "tables"]);
    assert!(tables.contains("table ip longshore-unrouted"), "{tables}");
    daemon.docker(&[
        "network",
        "create",
        "--ipv6",
        "--subnet",
        "fd00:7::/64",
        "net",
    ]);
    assert_eq!(setting("net.ipv6.conf.all.forwarding"), "1");
    let tables = host.run(&["nft", "list", "tables"]);
    assert!(tables.contains("table ip6 longshore-unrouted"), "{tables}");
}

#[test]
fn a_container_reaches_itself_and_others_by_the_hosts_address() {
    let daemon = Daemon::on_a_host(&[]);
    daemon.import_busybox();
    for network in ["one", "two"] {
        daemon.docker(&["network", "create", network]);
    }
    daemon.docker(&["network", "create", "--internal", "inside"]);
    let quiet = "com.docker.network.bridge.enable_icc=false";
    daemon.docker(&["network", "create", "-o", quiet, "quiet"]);
    let host = daemon.host_of_its_own();
    host.run(&["ip", "link", "add", "wire", "type", "bridge"]);
    host.run(&["ip", "link", "set", "wire", "up"]);
    host.run(&["ip", "addr", "add", "192.0.2.1/24", "dev", "wire"]);
    serve(&daemon, "web", &["--network", "one", "-p", "8080:80"]);
    serve(&daemon, "beside", &["--network", "one"]);
    serve(&daemon, "other", &["--network", "two"]);
    serve(&daemon, "inner", &["--network", "inside"]);
    serve(&daemon, "mute", &["--network", "quiet"]);
    serve(&daemon, "deaf", &["--network", "quiet"]);
    host.hears("192.0.2.1", 8080, "web");
    let ask = |from: &str, address: &str, port: &str| {
        let line = ["exec", from, "timeout", "2", "nc", address, port];
        text(&daemon.try_docker(&line).stdout)
    };
    let address = |name: &str| {
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        daemon.docker(&["inspect", "-f", format, name])
    };
    for from in ["web", "beside", "other", "mute"] {
        assert_eq!(ask(from, "192.0.2.1", "8080"), "web", "{from}");
    }
    assert_eq!(ask("inner", "192.0.2.1", "8080"), "", "it has no way out");
    assert_eq!(ask("beside", &address("web"), "80"), "web");
    assert_eq!(
        ask("other", &address("web"), "80"),
        "",
        "networks are apart"
    );
    assert_eq!(ask("mute", &address("deaf"), "80"), "", "icc=false");
    assert_eq!(ask("other", &address("inner"), "80"), "");
}

#[test]
fn sctp_is_published_by_a_rule() {
    let daemon = Daemon::on_a_host(&[]);
    daemon.import_busybox();
    let flags = [
        "run",
        "-d",
        "--name",
        "web",
        "-p",
        "7000:80/sctp",
        "busybox",
        "sleep",
        "1000",
    ];
    daemon.docker(&flags);
    let shown = daemon.docker(&["port", "web"]);
    assert!(shown.contains("80/sctp -> 0.0.0.0:7000"), "{shown}");
    let host = daemon.host_of_its_own();
    let map = [
        "nft",
        "list",
        "map",
        "ip",
        "longshore-longshore0",
        "published_on_all",
    ];
    let map = host.run(&map);
    let address = daemon.docker(&["inspect", "-f", "{{.NetworkSettings.IPAddress}}", "web"]);
    let element = format!("sctp . 7000 : {address} . 80");
    assert!(map.contains(&element), "{map}");
    let taken = ["run", "--rm", "-p", "7000:80/sctp", "busybox", "true"];
    let said = text(&daemon.try_docker(&taken).stderr);
    assert!(
        said.contains("Bind for 0.0.0.0:7000 failed: port is already allocated"),
        "{said}"
    );
    // TCP is another matter.
    daemon.docker(&["run", "--rm", "-p", "7000:80/tcp", "busybox", "true"]);
}
