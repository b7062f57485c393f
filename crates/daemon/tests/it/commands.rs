//! Every command of `docker network`, `volume`, `system` and `events`, with its
//! flags, on this engine and on a dockerd beside it: they say the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use regex_lite::Regex;

use crate::dockerd::Dockerd;
use crate::harness::{Daemon, clis, text};

/// A command a line, as docker takes it; `NET` and `CFG` stand for the beginnings
/// of subnets, `NOW` for the time.
const COMMANDS: &str = "
network create --subnet NET.0/24 --ip-range NET.128/25 --gateway NET.254 --aux-address printer=NET.130 --opt com.docker.network.bridge.enable_icc=true -o some=thing --label a=b --label only --attachable --internal --ipam-driver default --ipam-opt x=y full
network create --driver bridge --scope local plain
network create --config-only --subnet CFG.0/24 --label from=config config
network create --config-from config derived
network create full
network create --ingress entry
network create --driver nosuch other
network create --ipam-driver nosuch other
network create --subnet bad other
network create host
network ls
network ls --quiet --no-trunc
network ls --filter type=custom --format {{.Name}}|{{.Driver}}|{{.Scope}}|{{.Internal}}|{{.IPv6}}
network ls --filter label=a=b --filter label=only
network ls --filter driver=null --format {{json.}}
network ls --filter dangling=perhaps
network ls --filter nosuch=x
network inspect full
network inspect --verbose derived config
network inspect --format {{json.IPAM}} full derived
network inspect host nosuch
run --detach --init --name one --network full --ip NET.140 --network-alias site --volume data:/data box sleep 1000
create --name two --network plain box sleep 1000
network connect --alias also --ip CFG.77 --link one:uno --driver-opt k=v derived one
network connect derived one
network connect derived two
network connect nosuch one
network connect derived nosuch
network connect --ip CFG.77 derived nosuch
inspect --format {{json.NetworkSettings.Networks}} one two
network inspect --format {{json.Containers}} full derived plain
network rm full
network disconnect derived one
network disconnect --force derived one
network disconnect derived nosuch
network disconnect --force derived two
network rm derived
network prune --force --filter label=nosuch
network prune --force --filter until=1h
network prune --force
network prune --force --filter name=x
network rm plain nosuch
network rm bridge
volume create --driver local --label a=b --opt type=tmpfs --opt device=tmpfs --opt o=size=1m options
volume create named
volume create named
volume create --driver nosuch other
volume create x
volume create with/slash
volume ls
volume ls --quiet --filter dangling=true
volume ls --filter driver=local --filter label=a --filter name=opt --format {{.Name}}|{{.Driver}}|{{.Labels}}|{{.Scope}}
volume ls --filter nosuch=x
volume inspect options
volume inspect --format {{.Name}}|{{.Options}}|{{.Labels}} options
volume inspect nosuch
volume rm data
volume rm --force data
volume rm nosuch
volume rm --force nosuch
volume rm named
volume prune --force --filter label=nosuch
volume prune --force
system df --format {{.Type}}|{{.TotalCount}}|{{.Active}}
system df --verbose --format {{range.Volumes}}{{.Name}}|{{.Links}}{{end}}
system info --format {{.Containers}}|{{.ContainersRunning}}|{{.ContainersStopped}}|{{.Images}}|{{.OSType}}|{{.Architecture}}|{{.NCPU}}|{{.MemTotal}}|{{.LoggingDriver}}|{{.Swarm.LocalNodeState}}
system prune --force --filter label=nosuch
system prune --force --filter nosuch=x
kill one
rm two
system prune --force --volumes
network ls --filter type=custom --quiet
volume ls --quiet
system events --since 0 --until NOW --filter type=network --format {{.Action}}|{{.Actor.Attributes.name}}|{{.Actor.Attributes.type}}
events --since 0 --until NOW --filter type=volume --format {{.Action}}|{{.Actor.ID}}|{{.Actor.Attributes.driver}}|{{.Actor.Attributes.destination}}
events --since 0 --until NOW --filter type=container --filter container=one --format {{.Action}}|{{.From}}|{{.Actor.Attributes.name}}|{{.Actor.Attributes.exitCode}}
events --since 0 --until NOW --filter event=destroy --format {{.Type}}|{{.Action}}
events --since 0 --until NOW --filter network=plain --filter type=network --format {{json.}}
events --since 0 --until NOW --filter volume=named --format {{json.}}
events --since 0 --until NOW --filter label=nosuch
events --since 2 --until 1
";

/// What an engine said to a command, without what differs from one to the next.
struct Said {
    status: bool,
    out: String,
    err: String,
}

/// JSON whose objects are sorted.
#[derive(serde::Deserialize, serde::Serialize)]
#[serde(untagged)]
enum Sorted {
    Object(BTreeMap<String, Sorted>),
    Array(Vec<Sorted>),
    Plain(serde_json::Value),
}

/// An engine, and what its own subnets begin with.
struct Side<'a> {
    host: String,
    subnets: [String; 2],
    config: &'a Path,
}

impl Side<'_> {
    fn run(&self, cli: &Path, line: &str) -> Said {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = format!("{}.{:09}", now.as_secs(), now.subsec_nanos());
        let args = line.split_whitespace().map(|word| {
            // The template language wants a space there.
            let word = word
                .replace("{{json.", "{{json .")
                .replace("{{range.", "{{range .");
            let word = word.replace("NET.", &format!("{}.", self.subnets[0]));
            let word = word.replace("CFG.", &format!("{}.", self.subnets[1]));
            match word.as_str() {
                "NOW" => now.clone(),
                _ => word,
            }
        });
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(cli)
            .args(args)
            .env("DOCKER_HOST", &self.host)
            .env("DOCKER_CONFIG", self.config)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Said {
            status: status.success(),
            out: self.plain(&text(&stdout)),
            err: self.plain(&text(&stderr)),
        }
    }

    /// Without ids, times, addresses and folders of this run, JSON in the order
    /// of its keys.
    fn plain(&self, text: &str) -> String {
        let mut text = match serde_json::from_str::<Sorted>(text) {
            Ok(value) => serde_json::to_string_pretty(&value).unwrap(),
            Err(_) => text.to_owned(),
        };
        for (subnet, name) in self.subnets.iter().zip(["NET", "CFG"]) {
            text = text.replace(subnet, name);
        }
        for (pattern, name) in [
            (r"[0-9a-f]{64}", "ID"),
            (r"\b[0-9a-f]{12}\b", "SHORT"),
            (
                r"20\d\d-\d\d-\d\d[T ][0-9:.]+ ?(Z|[+-]\d\d:?\d\d)( [A-Z]+)?",
                "TIME",
            ),
            (r#""time(Nano)?":\d+"#, "WHEN"),
            (r"02(:[0-9a-f]{2}){5}", "MAC"),
            (r"(172\.\d+|192\.168)\.\d+\.\d+", "ADDRESS"),
            (r"/tmp/[^/]+/(root|data)/", "ROOT/"),
            (r"reclaimed space: .*", "reclaimed space"),
        ] {
            text = Regex::new(pattern)
                .unwrap()
                .replace_all(&text, name)
                .into_owned();
        }
        text
    }
}

#[test]
fn commands_say_what_they_say_on_dockerd() {
    let daemon = Daemon::start();
    let dockerd = Dockerd::start();
    let archive = daemon.path().join("box.tar");
    let archive = archive.to_string_lossy();
    daemon.docker(&["save", "--output", &archive, "box"]);
    dockerd.docker(&["load", "--input", &archive]);
    daemon.docker(&["rmi", "hello-world"]);
    let number = std::process::id();
    let side = |host: String, part: u32| Side {
        host,
        subnets: [0, 1].map(|n| {
            format!(
                "10.{}.{}",
                100 + number % 50,
                (part + n + number / 50) % 256
            )
        }),
        config: daemon.path(),
    };
    let ours = side(daemon.host(), 0);
    let theirs = side(format!("unix://{}", dockerd.socket().display()), 2);
    let mut differ = Vec::new();
    for cli in clis() {
        for line in COMMANDS.lines().filter(|line| !line.is_empty()) {
            let (a, b) = (theirs.run(&cli, line), ours.run(&cli, line));
            if (a.status, &a.out, &a.err) != (b.status, &b.out, &b.err) {
                differ.push(format!(
                    "{} {line}\ndockerd: {} {}\n{}\nours: {} {}\n{}",
                    cli.display(),
                    a.status,
                    a.err,
                    a.out,
                    b.status,
                    b.err,
                    b.out
                ));
            }
        }
        for side in [&ours, &theirs] {
            // The next CLI finds what this one found.
            side.run(&cli, "rm --force --volumes one two");
            side.run(&cli, "network rm full plain derived");
            side.run(&cli, "network rm config");
            side.run(&cli, "volume prune --force");
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}
