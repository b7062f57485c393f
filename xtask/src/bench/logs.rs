//! Output: 50 MB of 100-byte lines into the log, back out of it, and to an
//! attached client.

use std::io::Write as _;
use std::time::Instant;

use serde_json::json;

use super::engine::{self, Containers, Engine};
use super::row::{Bar, Probe, Row, Unit};
use super::warm;
use crate::http;

/// Bytes of a line, with its end.
const LINE: usize = 100;
const LINES: usize = 500_000;
const BYTES: usize = LINE * LINES;

/// Into the log.
pub(super) const WRITE: Row = Row {
    name: "log-write",
    what: "50 MB of 100-byte lines into the json-file log, first to last moment of the process",
    unit: Unit::MegabytesPerSecond,
    bars: &[Bar::Dockerd(10.0)],
    rounds: 5,
    warm_up: 1,
    floor: false,
    containers: true,
    prepare: prepare_write,
};

/// Out of it.
pub(super) const READ: Row = Row {
    name: "log-read",
    what: "the same read back by GET logs",
    unit: Unit::MegabytesPerSecond,
    bars: &[Bar::Dockerd(10.0)],
    rounds: 5,
    warm_up: 1,
    floor: false,
    containers: true,
    prepare: prepare_read,
};

/// To a client.
pub(super) const ATTACH: Row = Row {
    name: "attach",
    what: "the same to a client attached before the start, first to last byte",
    unit: Unit::MegabytesPerSecond,
    bars: &[Bar::Dockerd(10.0)],
    rounds: 5,
    warm_up: 1,
    floor: false,
    containers: true,
    prepare: prepare_attach,
};

/// A container that will write the lines, and the file it has them from.
struct Writer<'a> {
    containers: Containers<'a>,
    lines: tempfile::NamedTempFile,
}

impl<'a> Writer<'a> {
    fn new(engine: &'a Engine) -> Result<Self, String> {
        let mut lines = tempfile::NamedTempFile::new().map_err(|e| format!("lines: {e}"))?;
        let line = [vec![b'x'; LINE - 1], b"\n".to_vec()].concat();
        lines
            .write_all(&line.repeat(LINES))
            .map_err(|e| format!("lines: {e}"))?;
        Ok(Self {
            containers: engine.containers()?,
            lines,
        })
    }

    fn create(&mut self) -> Result<String, String> {
        let bind = format!("{}:/lines:ro", self.lines.path().display());
        let host = json!({
            "NetworkMode": "none",
            "Binds": [bind],
            "LogConfig": { "Type": "json-file" },
        });
        self.containers.create(&["cat", "/lines"], host)
    }

    /// Runs one to its end.
    fn run(&mut self) -> Result<String, String> {
        let id = self.create()?;
        engine::start(&mut self.containers.client, &id)?;
        engine::wait(&mut self.containers.client, &id)?;
        Ok(id)
    }
}

fn prepare_write(engine: &Engine) -> Result<Probe<'_>, String> {
    let mut writer = Writer::new(engine)?;
    Ok(Box::new(move || {
        warm::page_cache()?;
        let id = writer.run()?;
        let path = format!("/v1.40/containers/{id}/json");
        let client = &mut writer.containers.client;
        let seen = engine::json_or_empty(client.call("GET", &path, "", b"")?)?;
        let at = |key: &str| seconds(seen["State"][key].as_str().unwrap_or_default());
        let time = at("FinishedAt")? - at("StartedAt")?;
        writer.containers.clear()?;
        Ok(rate(BYTES, time.rem_euclid(86400.0)))
    }))
}

fn prepare_read(engine: &Engine) -> Result<Probe<'_>, String> {
    let mut writer = Writer::new(engine)?;
    let id = writer.run()?;
    let path = format!("/v1.40/containers/{id}/logs?stdout=1&stderr=1");
    Ok(Box::new(move || {
        let begin = Instant::now();
        let (status, length) = writer.containers.client.count("GET", &path)?;
        let time = begin.elapsed().as_secs_f64();
        complete(status, length)?;
        Ok(rate(BYTES, time))
    }))
}

fn prepare_attach(engine: &Engine) -> Result<Probe<'_>, String> {
    let mut writer = Writer::new(engine)?;
    Ok(Box::new(move || {
        warm::page_cache()?;
        let id = writer.create()?;
        let path = format!("/v1.40/containers/{id}/attach?stream=1&stdout=1&stderr=1");
        let mut stream = engine.client()?.upgrade(&path, b"")?;
        let client = &mut writer.containers.client;
        engine::start(client, &id)?;
        std::io::BufRead::fill_buf(&mut stream).map_err(|e| format!("attach: {e}"))?;
        let begin = Instant::now();
        let length = http::drain(&mut stream)?;
        let time = begin.elapsed().as_secs_f64();
        complete(200, length)?;
        engine::wait(client, &id)?;
        writer.containers.clear()?;
        Ok(rate(BYTES, time))
    }))
}

/// Whether every line came, each piece of a stream behind a head of 8 bytes.
fn complete(status: u16, length: usize) -> Result<(), String> {
    if status == 200 && length > BYTES {
        return Ok(());
    }
    Err(format!("{status}, {length} bytes of {BYTES}"))
}

fn rate(bytes: usize, seconds: f64) -> super::row::Sample {
    (bytes as f64 / 1e6 / seconds).into()
}

/// Seconds since midnight of a time as engines write it.
fn seconds(time: &str) -> Result<f64, String> {
    let parse = || {
        let clock = time.split_once('T')?.1;
        let clock = clock.split(['Z', '+', '-']).next()?;
        let mut parts = clock.split(':').map(|part| part.parse::<f64>().ok());
        let mut next = || parts.next().flatten();
        Some(next()? * 3600.0 + next()? * 60.0 + next()?)
    };
    parse().ok_or_else(|| format!("no time: {time:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_engines() {
        assert_eq!(seconds("2026-01-02T01:00:01.5Z"), Ok(3601.5));
        assert_eq!(seconds("2026-01-02T00:01:00.25+01:00"), Ok(60.25));
        seconds("0001-01-01").expect_err("no clock");
    }
}
