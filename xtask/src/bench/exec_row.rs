//! A process in a running container: exec create and start of `true`, read to
//! the end of its stream.

use std::time::Instant;

use serde_json::json;

use super::engine::json_or_empty;
use super::row::{Bar, Row, Unit};
use crate::http;

/// The one row.
pub(super) const TRUE: Row = Row {
    name: "exec",
    what: "exec create and start of `true` to the end of the stream",
    unit: Unit::Milliseconds,
    bars: &[Bar::Dockerd(10.0)],
    rounds: 50,
    warm_up: 5,
    floor: false,
    containers: true,
    prepare: |engine| {
        let mut containers = engine.containers()?;
        let id = containers.run(&["sleep", "1000000"])?;
        let create = format!("/v1.40/containers/{id}/exec");
        let body = json!({ "Cmd": ["true"], "AttachStdout": true, "AttachStderr": true });
        let body = body.to_string();
        Ok(Box::new(move || {
            let begin = Instant::now();
            let client = &mut containers.client;
            let made = json_or_empty(client.call(
                "POST",
                &create,
                "application/json",
                body.as_bytes(),
            )?)?;
            let exec = made["Id"].as_str().ok_or("exec: no Id")?;
            let start = format!("/v1.40/exec/{exec}/start");
            let mut stream = engine
                .client()?
                .upgrade(&start, br#"{"Detach":false,"Tty":false}"#)?;
            http::drain(&mut stream)?;
            Ok((begin.elapsed().as_secs_f64() * 1e3).into())
        }))
    },
};
