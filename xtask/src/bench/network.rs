//! Networks that users make: their whole life with a running container, and what
//! goes through a published port.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use super::engine::{self, Engine, IMAGE};
use super::interrupt;
use super::row::{Bar, Probe, Row, Unit};
use crate::http::Client;
use crate::{exec, wait};

/// Connections that wrk keeps busy, and for how many seconds.
const CONNECTIONS: u32 = 16;
const SECONDS: u32 = 2;

/// Where the container's server listens.
const PORT: &str = "8080/tcp";

/// From its making to its end.
pub(super) const LIFE: Row = Row {
    name: "network",
    what: "create + connect + disconnect + delete of a network, with a running container",
    unit: Unit::Milliseconds,
    bars: &[Bar::Dockerd(5.0)],
    rounds: 20,
    warm_up: 2,
    floor: false,
    containers: true,
    prepare: prepare_life,
};

/// As from another machine: translated by the kernel.
pub(super) const PORT_HTTP: Row = Row {
    name: "port-http",
    what: "requests a second to `httpd` by its published port, wrk on the host, 16 connections",
    unit: Unit::PerSecond,
    bars: &[Bar::Dockerd(1.0)],
    rounds: 5,
    warm_up: 1,
    prepare: |engine| prepare_port(engine, Way::Address),
    ..LIFE
};

/// As developers do.
pub(super) const PORT_LOCALHOST: Row = Row {
    name: "port-localhost",
    what: "the same by 127.0.0.1",
    prepare: |engine| prepare_port(engine, Way::Localhost),
    ..PORT_HTTP
};

/// By which address of the host a published port is reached.
#[derive(Clone, Copy)]
enum Way {
    /// One that others see as well.
    Address,
    Localhost,
}

/// One that goes whatever happens to the probe.
struct Network<'a> {
    engine: &'a Engine,
    path: Option<String>,
}

impl Network<'_> {
    fn create(&mut self, client: &mut Client, number: u64) -> Result<String, String> {
        let body = json!({ "Name": format!("bench-{number}"), "CheckDuplicate": true });
        let made = post(client, "/v1.40/networks/create", &body)?;
        let id = made["Id"].as_str().ok_or("create: no Id")?;
        Ok(self.path.insert(format!("/v1.40/networks/{id}")).to_owned())
    }
}

impl Drop for Network<'_> {
    fn drop(&mut self) {
        let Some(path) = self.path.take() else {
            return;
        };
        // With force the container may be on it still.
        let gone = self
            .engine
            .client()
            .and_then(|mut client| client.call("DELETE", &path, "", b""))
            .and_then(engine::json_or_empty);
        if let Err(problem) = gone {
            eprintln!("{}: clean up: {problem}", self.engine.name());
        }
    }
}

fn prepare_life(engine: &Engine) -> Result<Probe<'_>, String> {
    let mut containers = engine.containers()?;
    let id = containers.create(&["sleep", "1000000"], json!({ "NetworkMode": "default" }))?;
    engine::start(&mut containers.client, &id)?;
    let on = json!({ "Container": id });
    let mut number = 0;
    Ok(Box::new(move || {
        let client = &mut containers.client;
        let mut network = Network { engine, path: None };
        number += 1;
        let begin = Instant::now();
        let path = network.create(client, number)?;
        post(client, &format!("{path}/connect"), &on)?;
        post(client, &format!("{path}/disconnect"), &on)?;
        engine::json_or_empty(client.call("DELETE", &path, "", b"")?)?;
        let time = begin.elapsed();
        network.path = None;
        Ok((time.as_secs_f64() * 1e3).into())
    }))
}

fn post(client: &mut Client, path: &str, body: &Value) -> Result<Value, String> {
    let body = body.to_string();
    let answer = client.call("POST", path, "application/json", body.as_bytes())?;
    engine::json_or_empty(answer).map_err(|e| format!("{path}: {e}"))
}

fn prepare_port(engine: &Engine, way: Way) -> Result<Probe<'_>, String> {
    let installed = Command::new("wrk").arg("--version").output();
    if installed.is_err() {
        return Err("wrk is not installed: apt-get install wrk".to_owned());
    }
    let mut containers = engine.containers()?;
    let body = json!({
        "Image": IMAGE,
        "Cmd": ["httpd", "-p", "8080"],
        "ExposedPorts": { PORT: {} },
        "HostConfig": { "PortBindings": { PORT: [{ "HostPort": "" }] } },
    });
    let id = engine::create(&mut containers.client, &body.to_string())?;
    containers.ids.push(id.clone());
    engine::start(&mut containers.client, &id)?;
    let path = format!("/v1.40/containers/{id}/json");
    let seen = engine::json_or_empty(containers.client.call("GET", &path, "", b"")?)?;
    let settings = &seen["NetworkSettings"];
    let port = settings["Ports"][PORT][0]["HostPort"].as_str();
    let host = match way {
        Way::Localhost => Some("127.0.0.1"),
        // The bridge's own is an address of the host as any other.
        Way::Address => settings["Gateway"].as_str(),
    };
    let (host, port) = host.zip(port).ok_or("no port is published")?;
    let url = format!("http://{host}:{port}/");
    let network = engine.network()?;
    wait::until_it_answers("the server in the container", || {
        let asked = beside(&network, "curl")
            .args(["--silent", "--fail", "--output", "/dev/null", &url])
            .status();
        Ok(asked.is_ok_and(|status| status.success()))
    })?;
    Ok(Box::new(move || {
        // The container is the probe's as long as it is measured.
        let _alive = &containers;
        interrupt::check()?;
        let mut wrk = beside(&network, "wrk");
        wrk.args(["--threads", "1", "--connections"])
            .arg(CONNECTIONS.to_string())
            .arg("--duration")
            .arg(format!("{SECONDS}s"))
            .arg(&url);
        let said = exec::output(&mut wrk)?;
        Ok(rate(&said)?.into())
    }))
}

/// A command in the engine's network.
fn beside(network: &Path, program: &str) -> Command {
    let mut command = Command::new("nsenter");
    command
        .arg(format!("--net={}", network.display()))
        .arg(program);
    command
}

/// The requests a second that wrk reports, all of them answered.
fn rate(said: &str) -> Result<f64, String> {
    if let Some(line) = said.lines().find(|line| {
        let line = line.trim_start();
        line.starts_with("Socket errors:") || line.starts_with("Non-2xx")
    }) {
        return Err(format!("wrk: {}", line.trim()));
    }
    let rate = said
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    rate.and_then(|rate| rate.trim().parse().ok())
        .ok_or_else(|| format!("wrk: {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_only_without_errors() {
        let good =
            "  10 requests in 1.00s, 1.1KB read\nRequests/sec:   1234.50\nTransfer/sec: 1KB\n";
        assert_eq!(rate(good), Ok(1234.5));
        let bad = "  Socket errors: connect 0, read 3, write 0, timeout 0\nRequests/sec: 9\n";
        assert!(rate(bad).is_err_and(|problem| problem.contains("read 3")));
        assert!(rate("").is_err());
    }
}
