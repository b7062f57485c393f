//! One container's whole life: create, start, wait and delete of `true`, over one
//! kept connection.

use std::time::Instant;

use serde_json::json;

use super::engine::{self, Engine, IMAGE};
use super::row::{Bar, Probe, Row, Unit};

/// Without a network.
pub(super) const BARE: Row = Row {
    name: "cycle",
    what: "create + start + wait + delete of `true`, no network",
    unit: Unit::Milliseconds,
    bars: &[Bar::Dockerd(30.0), Bar::Floor(2.5)],
    rounds: 50,
    warm_up: 5,
    floor: true,
    containers: true,
    prepare: |engine| prepare(engine, "none"),
};

/// On the default bridge.
pub(super) const BRIDGE: Row = Row {
    name: "cycle-bridge",
    what: "the same on the default bridge",
    unit: Unit::Milliseconds,
    bars: &[Bar::Dockerd(20.0)],
    rounds: 30,
    warm_up: 3,
    floor: false,
    containers: true,
    prepare: |engine| prepare(engine, "default"),
};

fn prepare<'a>(engine: &'a Engine, network: &str) -> Result<Probe<'a>, String> {
    let mut containers = engine.containers()?;
    let body = json!({
        "Image": IMAGE,
        "Cmd": ["true"],
        "HostConfig": { "NetworkMode": network },
    })
    .to_string();
    Ok(Box::new(move || {
        let begin = Instant::now();
        let id = engine::create(&mut containers.client, &body)?;
        containers.ids.push(id.clone());
        engine::start(&mut containers.client, &id)?;
        engine::wait(&mut containers.client, &id)?;
        let path = format!("/v1.40/containers/{id}");
        let removed = containers.client.call("DELETE", &path, "", b"")?;
        let time = begin.elapsed();
        engine::json_or_empty(removed)?;
        containers.ids.clear();
        Ok((time.as_secs_f64() * 1e3).into())
    }))
}
