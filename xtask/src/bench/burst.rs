//! Many starts at once: 50 containers, 8 at a time.

use std::sync::Mutex;
use std::time::Instant;

use serde_json::json;

use super::engine::{self, Engine};
use super::row::{Bar, Probe, Row, Unit};

const STARTS: usize = 50;
const CONCURRENCY: usize = 8;

/// Without a network.
pub(super) const BARE: Row = Row {
    name: "starts",
    what: "containers started a second: 50 of `sleep`, 8 at a time, no network",
    unit: Unit::PerSecond,
    bars: &[Bar::Dockerd(15.0)],
    rounds: 3,
    warm_up: 1,
    floor: false,
    containers: true,
    prepare: |engine| Ok(prepare(engine, "none")),
};

/// On the default bridge.
pub(super) const BRIDGE: Row = Row {
    name: "starts-bridge",
    what: "the same on the default bridge",
    prepare: |engine| Ok(prepare(engine, "default")),
    ..BARE
};

fn prepare<'a>(engine: &'a Engine, network: &'static str) -> Probe<'a> {
    Box::new(move || {
        let mut containers = engine.containers()?;
        for _ in 0..STARTS {
            containers.create(&["sleep", "1000000"], json!({ "NetworkMode": network }))?;
        }
        let mut clients = Vec::new();
        for _ in 0..CONCURRENCY {
            clients.push(engine.client()?);
        }
        let waiting = Mutex::new(containers.ids.clone());
        let next = || waiting.lock().ok().and_then(|mut ids| ids.pop());
        let begin = Instant::now();
        let outcome: Result<(), String> = std::thread::scope(|scope| {
            let workers: Vec<_> = clients
                .iter_mut()
                .map(|client| {
                    scope.spawn(move || {
                        while let Some(id) = next() {
                            engine::start(client, &id)?;
                        }
                        Ok(())
                    })
                })
                .collect();
            workers
                .into_iter()
                .try_for_each(|worker| worker.join().map_err(|_| "a client panicked")?)
        });
        let time = begin.elapsed().as_secs_f64();
        outcome?;
        containers.clear()?;
        Ok((STARTS as f64 / time).into())
    })
}
