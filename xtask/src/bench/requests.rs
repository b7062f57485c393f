//! Requests a second over one kept connection, and the engine's processor time
//! for each.

use std::time::{Duration, Instant};

use serde_json::json;

use super::engine::{Containers, Engine};
use super::row::{Bar, Probe, Row, Sample, Unit};

/// Containers in the list.
const LISTED: usize = 500;

/// How long one sample takes; processor time is counted in steps of 10 ms.
const WINDOW: Duration = Duration::from_millis(1000);

/// The version.
pub(super) const VERSION: Row = Row {
    name: "version",
    what: "GET /version a second",
    unit: Unit::PerSecond,
    bars: &[Bar::DockerdOrCpu(50.0)],
    rounds: 3,
    warm_up: 1,
    floor: false,
    containers: true,
    prepare: |engine| {
        Ok(requests(
            engine,
            engine.containers()?,
            "/version".to_owned(),
        ))
    },
};

/// One container in full.
pub(super) const INSPECT: Row = Row {
    name: "inspect",
    what: "GET /containers/ID/json of a running container a second",
    bars: &[Bar::DockerdOrCpu(3.0)],
    prepare: |engine| {
        let mut containers = engine.containers()?;
        let id = containers.run(&["sleep", "1000000"])?;
        let path = format!("/v1.40/containers/{id}/json");
        Ok(requests(engine, containers, path))
    },
    ..VERSION
};

/// Many in short.
pub(super) const LIST: Row = Row {
    name: "list",
    what: "GET /containers/json?all=1 with 500 containers a second",
    bars: &[Bar::DockerdOrCpu(30.0)],
    prepare: |engine| {
        let mut containers = engine.containers()?;
        for _ in 0..LISTED {
            containers.create(&["true"], json!({ "NetworkMode": "none" }))?;
        }
        let path = "/v1.40/containers/json?all=1".to_owned();
        Ok(requests(engine, containers, path))
    },
    ..VERSION
};

fn requests<'a>(engine: &'a Engine, mut containers: Containers<'a>, path: String) -> Probe<'a> {
    Box::new(move || {
        let (cpu, begin) = (engine.cpu(), Instant::now());
        let mut answered = 0.0;
        while begin.elapsed() < WINDOW {
            let (status, _) = containers.client.count("GET", &path)?;
            if status != 200 {
                return Err(format!("{path}: {status}"));
            }
            answered += 1.0;
        }
        let time = begin.elapsed().as_secs_f64();
        Ok(Sample {
            value: answered / time,
            cpu: Some((engine.cpu() - cpu) / answered),
            peak: None,
        })
    })
}
