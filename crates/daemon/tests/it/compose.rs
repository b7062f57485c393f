//! Debian's docker-compose: applications of several services, from their files
//! to nothing left.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::harness::{Daemon, text, wait_for};

/// Three services of the starter image: a server with pages that its image
/// brings, somebody who looks for it, somebody who shares its pages.
const SITE: &str = r#"
version: "3.8"
services:
  web:
    build: ./web
    command: httpd -p 80 -h /site
    volumes: ["pages:/site"]
    ports: ["127.0.0.1::80"]
    init: true
  client:
    image: box
    command: sleep 100000
    depends_on: [web]
    init: true
  writer:
    image: box
    command: sleep 100000
    volumes: ["pages:/site"]
    depends_on: [web]
    init: true
volumes:
  pages:
"#;

/// Most of what a file can say of networks, and what else shows only inside.
const WIDE: &str = r#"
version: "3.8"
services:
  db:
    image: busybox
    command: ["sleep", "100000"]
    init: true
    networks:
      back: {ipv4_address: SUBNET.77, aliases: [database]}
  app:
    image: busybox
    command: ["sleep", "100000"]
    init: true
    hostname: apphost
    depends_on: [db]
    env_file: [app.env]
    environment: ["PASSED"]
    extra_hosts: ["somewhere:192.0.2.9"]
    ulimits: {nofile: {soft: 1000, hard: 2000}}
    sysctls: {net.ipv4.ip_unprivileged_port_start: "77"}
    tmpfs: ["/scratch:size=64k"]
    dns_search: [example.test]
    read_only: true
    expose: ["9000"]
    ports: ["127.0.0.1::9100-9102", "127.0.0.1::53/udp"]
    secrets: [password]
    networks: [back, inside, outer, default]
    volumes:
      - ./data:/data:ro
      - named:/named
      - {type: tmpfs, target: /mem, tmpfs: {size: 65536}}
  beside:
    image: busybox
    command: ["sleep", "100000"]
    init: true
    network_mode: "service:app"
  none:
    image: busybox
    command: ["sleep", "100000"]
    init: true
    network_mode: none
secrets:
  password: {file: ./secret}
networks:
  default:
    driver_opts: {com.docker.network.driver.mtu: "1400"}
  back:
    ipam: {config: [{subnet: SUBNET.0/24}]}
  inside: {internal: true}
  outer: {external: true, name: elsewhere}
volumes:
  named: {driver_opts: {type: tmpfs, device: tmpfs, o: "size=64k"}, labels: ["vol.label=1"]}
"#;

/// One service that another waits for, and one that nobody lives to see.
const HEALTH: &str = r#"
version: "2.4"
services:
  slow:
    image: busybox
    init: true
    command: ["sh", "-c", "sleep 1; touch /ready; exec sleep 100000"]
    healthcheck: {test: ["CMD-SHELL", "test -e /ready"], interval: 200ms, retries: 100}
  after:
    image: busybox
    init: true
    command: ["sleep", "100000"]
    depends_on: {slow: {condition: service_healthy}}
    links: ["slow:other"]
  sick:
    image: busybox
    init: true
    command: ["sleep", "100000"]
    healthcheck: {test: ["CMD", "false"], interval: 200ms, retries: 2}
  never:
    image: busybox
    command: ["true"]
    depends_on: {sick: {condition: service_healthy}}
"#;

/// A folder with a file for docker-compose, and the daemon that it talks to.
struct Project<'a> {
    daemon: &'a Daemon,
    folder: PathBuf,
}

impl<'a> Project<'a> {
    /// Its containers are called `NAME_SERVICE_1`.
    fn new(daemon: &'a Daemon, name: &str, file: &str) -> Self {
        let folder = daemon.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("docker-compose.yml"), file).unwrap();
        Self { daemon, folder }
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn output(&self, args: &[&str]) -> Output {
        Command::new("docker-compose")
            .args(["--ansi", "never"])
            .args(args)
            .current_dir(&self.folder)
            .env("DOCKER_HOST", self.daemon.host())
            .env("DOCKER_CONFIG", self.folder.join("config"))
            .env("DOCKER_BUILDKIT", "0")
            .env("COMPOSE_DOCKER_CLI_BUILD", "0")
            .env("PASSED", "from outside")
            .stdin(Stdio::null())
            .output()
            .expect("Debian's docker-compose")
    }

    /// What it prints; it must succeed.
    fn compose(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert!(
            output.status.success(),
            "docker-compose {}: {}\n{}\n{}\ndaemon:\n{}",
            args.join(" "),
            output.status,
            text(&output.stdout),
            text(&output.stderr),
            self.daemon.log(),
        );
        text(&output.stdout)
    }

    fn exec(&self, service: &str, command: &[&str]) -> String {
        self.compose(&[&["exec", "-T", service], command].concat())
    }

    /// The state of each service's containers, as `ps` shows it.
    fn states(&self) -> Vec<String> {
        let shown = self.compose(&["ps"]);
        let rows = shown.lines().skip(2).filter(|row| row.contains("_"));
        let mut states: Vec<String> = rows
            .map(|row| {
                let mut columns = row.split("  ").map(str::trim).filter(|c| !c.is_empty());
                let name = columns.next().unwrap_or_default();
                format!("{name} {}", columns.nth(1).unwrap_or_default())
            })
            .collect();
        states.sort();
        states
    }
}

/// A `/24` that no other test of this machine has, without its last number.
fn subnet() -> String {
    let number = std::process::id();
    format!("10.{}.{}", 160 + number / 256 % 30, number % 256)
}

fn page(address: &str) -> Option<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
    let mut page = String::new();
    stream.read_to_string(&mut page).ok()?;
    let (_, body) = page.split_once("\r\n\r\n")?;
    Some(body.to_owned())
}

/// Nothing of any project is left.
fn is_left(daemon: &Daemon) -> Vec<String> {
    let listed = [
        daemon.docker(&["ps", "-aq"]),
        daemon.docker(&["volume", "ls", "-q"]),
        daemon.docker(&["network", "ls", "-q", "--filter", "type=custom"]),
    ];
    let lines = listed.iter().flat_map(|text| text.lines());
    lines.map(str::to_owned).collect()
}

#[test]
fn an_application_of_three_services() {
    let daemon = Daemon::with_bridge();
    let site = Project::new(&daemon, "site", SITE);
    site.write("web/Dockerfile", "FROM box\nCOPY index.html /site/\n");
    site.write("web/index.html", "the page\n");
    let said = site.output(&["up", "-d"]);
    let said = text(&said.stdout) + &text(&said.stderr);
    assert!(
        said.contains("Successfully tagged site_web:latest"),
        "{said}"
    );
    assert_eq!(
        site.states(),
        ["site_client_1 Up", "site_web_1 Up", "site_writer_1 Up"],
        "{said}"
    );

    // Found by name, with pages that all share; and from the host.
    let found = || {
        let fetch = ["exec", "-T", "client", "wget", "http://web/index.html"];
        let output = site.output(&fetch);
        output.status.success().then(|| text(&output.stdout))
    };
    assert_eq!(wait_for("the server", found), "the page");
    assert_eq!(
        site.exec("writer", &["cat", "/site/index.html"]),
        "the page"
    );
    site.exec("writer", &["touch", "/site/new"]);
    assert_eq!(site.exec("web", &["ls", "/site"]), "index.html\nnew");
    let published = site.compose(&["port", "web", "80"]);
    assert_eq!(page(&published).as_deref(), Some("the page\n"));
    let logs = site.compose(&["logs", "--no-color", "web"]);
    assert!(
        logs.contains("web_1     | httpd: listening on port 80"),
        "{logs}"
    );
    assert!(
        site.compose(&["top", "web"])
            .contains("httpd -p 80 -h /site")
    );
    assert!(site.compose(&["images"]).contains("site_web"));

    // A name of several takes turns.
    site.compose(&["up", "-d", "--scale", "web=3"]);
    let looked_up = || -> Vec<String> {
        let found = site.exec("client", &["nslookup", "web"]);
        found.lines().map(str::to_owned).collect()
    };
    let turns: Vec<Vec<String>> = (0..6).map(|_| looked_up()).collect();
    let mut first: Vec<&String> = turns.iter().filter_map(|turn| turn.first()).collect();
    first.sort();
    first.dedup();
    assert!(
        first.len() == 3 && turns.iter().all(|turn| turn.len() == 3),
        "{turns:?}"
    );
    site.compose(&["up", "-d", "--scale", "web=1"]);
    assert_eq!(looked_up().len(), 1);

    // Stopped, started again, paused, ended.
    site.compose(&["stop", "-t", "1", "web"]);
    assert!(site.states().contains(&"site_web_1 Exit 143".to_owned()));
    let gone = site.output(&["exec", "-T", "client", "nslookup", "web"]);
    assert!(!gone.status.success(), "{}", text(&gone.stdout));
    site.compose(&["start", "web"]);
    assert_eq!(wait_for("the server again", found), "the page");
    site.compose(&["restart", "-t", "1"]);
    assert_eq!(wait_for("the server again", found), "the page");
    assert_eq!(site.exec("web", &["ls", "/site"]), "index.html\nnew");
    site.compose(&["pause", "web"]);
    assert!(site.states().contains(&"site_web_1 Paused".to_owned()));
    site.compose(&["unpause", "web"]);
    let ran = ["run", "--rm", "-T", "-e", "A=b", "client", "printenv", "A"];
    assert_eq!(site.compose(&ran), "b");
    site.compose(&["up", "-d", "--force-recreate", "-t", "1"]);
    assert_eq!(wait_for("the new server", found), "the page");
    site.compose(&["kill"]);
    site.compose(&["rm", "-f"]);
    site.compose(&["up", "-d"]);
    assert_eq!(wait_for("the server once more", found), "the page");
    site.compose(&["down", "-v", "-t", "1", "--rmi", "local"]);
    assert_eq!(is_left(&daemon), Vec::<String>::new());
    assert!(!daemon.docker(&["images"]).contains("site_web"));
}

#[test]
fn an_application_with_many_networks() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    daemon.docker(&["network", "create", "elsewhere"]);
    let subnet = subnet();
    let wide = Project::new(&daemon, "wide", &WIDE.replace("SUBNET", &subnet));
    wide.write("app.env", "FROM_FILE=in the file\n");
    wide.write("secret", "hush\n");
    wide.write("data/f", "data\n");
    wide.compose(&["up", "-d"]);
    let inside = |command: &str| wide.exec("app", &["sh", "-c", command]);

    // Names, addresses, ways.
    let address = format!("{subnet}.77");
    for name in [
        "db",
        "database",
        "wide_db_1",
        &format!("db.{}", "wide_back"),
    ] {
        let said = inside(&format!("nslookup {name}."));
        assert!(
            said.contains(&format!("Address: {address}")),
            "{name}: {said}"
        );
    }
    let said = inside(&format!("nslookup {address}"));
    assert!(said.contains("name = wide_db_1.wide_back"), "{said}");
    let of_app = wide.exec("db", &["nslookup", "apphost"]);
    assert!(of_app.contains(&format!("Address: {subnet}.")), "{of_app}");
    let shown = daemon.docker(&["inspect", "-f", "{{json .NetworkSettings}}", "wide_app_1"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let networks = shown["Networks"].as_object().unwrap();
    let names: Vec<&String> = networks.keys().collect();
    assert_eq!(
        names,
        ["elsewhere", "wide_back", "wide_default", "wide_inside"]
    );
    let aliases = networks["wide_back"]["Aliases"].as_array().unwrap();
    assert_eq!(
        aliases.len(),
        3,
        "app, the short id and apphost: {aliases:?}"
    );
    assert_eq!(shown["Ports"].as_object().unwrap().len(), 5, "{shown}");
    let links = inside("ip link");
    assert_eq!(links.matches("mtu 1400").count(), 1, "{links}");
    assert_eq!(links.matches("mtu 1500").count(), 3, "{links}");

    // What else the file says.
    assert_eq!(inside("hostname"), "apphost");
    assert_eq!(
        inside("echo $FROM_FILE, $PASSED"),
        "in the file, from outside"
    );
    assert!(inside("cat /etc/hosts").contains("192.0.2.9\tsomewhere"));
    assert!(inside("cat /etc/resolv.conf").contains("search example.test"));
    assert_eq!(inside("ulimit -Sn; ulimit -Hn"), "1000\n2000");
    assert_eq!(
        inside("cat /proc/sys/net/ipv4/ip_unprivileged_port_start"),
        "77"
    );
    assert_eq!(inside("cat /run/secrets/password /data/f"), "hush\ndata");
    let sizes = inside("df -k /scratch /mem /named | awk 'NR > 1 { print $2 }'");
    assert_eq!(sizes, "64\n64\n64");
    let refused = inside("touch /x /data/x /scratch/x 2>&1 || true");
    assert_eq!(
        refused.matches("Read-only file system").count(),
        2,
        "{refused}"
    );
    assert_eq!(wide.exec("beside", &["hostname"]), "apphost");
    let routes = |service: &str| wide.exec(service, &["ip", "route"]);
    assert_eq!(routes("beside"), routes("app"));
    assert_eq!(routes("none"), "");

    wide.compose(&["down", "-v", "-t", "0"]);
    let elsewhere = daemon.docker(&["network", "inspect", "-f", "{{.Id}}", "elsewhere"]);
    assert_eq!(is_left(&daemon), [&elsewhere[..12]]);
}

#[test]
fn services_wait_for_the_health_of_others() {
    let daemon = Daemon::with_bridge();
    daemon.import_busybox();
    let health = Project::new(&daemon, "health", HEALTH);
    health.compose(&["up", "-d", "after"]);
    assert!(
        health
            .states()
            .contains(&"health_slow_1 Up (healthy)".to_owned())
    );
    let found = health.exec("after", &["nslookup", "other"]);
    assert!(found.contains("Name:\tother"), "{found}");
    let never = health.output(&["up", "-d", "never"]);
    let said = text(&never.stderr);
    assert!(
        !never.status.success() && said.contains("is unhealthy."),
        "{said}"
    );
    health.compose(&["down", "-v", "-t", "0"]);
    assert_eq!(is_left(&daemon), Vec::<String>::new());
}
