//! Files in and out of a running container: 100 MB in 1,000 files.

use std::time::Instant;

use super::engine::{Containers, Engine, json_or_empty};
use super::row::{Bar, Probe, Row, Unit};
use super::warm;

const FILES: usize = 1000;
const FILE: usize = 100_000;

/// Files in.
pub(super) const PUT: Row = Row {
    name: "archive-put",
    what: "archive PUT of 100 MB in 1,000 files",
    bars: &[Bar::Dockerd(3.0)],
    prepare: prepare_put,
    ..GET
};

/// Files out.
pub(super) const GET: Row = Row {
    name: "archive-get",
    what: "archive GET of the same",
    unit: Unit::MegabytesPerSecond,
    bars: &[Bar::Dockerd(2.0)],
    rounds: 5,
    warm_up: 1,
    floor: false,
    containers: true,
    prepare: |engine| prepare_out(engine, "archive?path=/data"),
};

/// The whole container.
pub(super) const EXPORT: Row = Row {
    name: "export",
    what: "export of a container with the same",
    prepare: |engine| prepare_out(engine, "export"),
    ..GET
};

fn prepare_put(engine: &Engine) -> Result<Probe<'_>, String> {
    let (mut containers, id) = running(engine)?;
    let tar = archive().map_err(|e| format!("archive: {e}"))?;
    let path = put_path(&id);
    Ok(Box::new(move || {
        warm::page_cache()?;
        let begin = Instant::now();
        let answer = containers
            .client
            .call("PUT", &path, "application/x-tar", &tar)?;
        let time = begin.elapsed().as_secs_f64();
        json_or_empty(answer)?;
        Ok((tar.len() as f64 / 1e6 / time).into())
    }))
}

fn prepare_out<'a>(engine: &'a Engine, what: &str) -> Result<Probe<'a>, String> {
    let (mut containers, id) = running(engine)?;
    let tar = archive().map_err(|e| format!("archive: {e}"))?;
    let client = &mut containers.client;
    json_or_empty(client.call("PUT", &put_path(&id), "application/x-tar", &tar)?)?;
    let path = format!("/v1.40/containers/{id}/{what}");
    Ok(Box::new(move || {
        let begin = Instant::now();
        let (status, length) = containers.client.count("GET", &path)?;
        let time = begin.elapsed().as_secs_f64();
        if status != 200 || length < FILES * FILE {
            return Err(format!("{status}, {length} bytes"));
        }
        Ok((length as f64 / 1e6 / time).into())
    }))
}

fn running(engine: &Engine) -> Result<(Containers<'_>, String), String> {
    let mut containers = engine.containers()?;
    let id = containers.run(&["sleep", "1000000"])?;
    Ok((containers, id))
}

fn put_path(id: &str) -> String {
    format!("/v1.40/containers/{id}/archive?path=/")
}

fn archive() -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::with_capacity(FILES * (FILE + 1024)));
    let mut folder = tar::Header::new_gnu();
    folder.set_entry_type(tar::EntryType::Directory);
    folder.set_size(0);
    folder.set_mode(0o755);
    tar.append_data(&mut folder, "data/", std::io::empty())?;
    let content: Vec<u8> = (0..FILE).map(|at| (at * 31 % 251) as u8).collect();
    for number in 0..FILES {
        let mut file = tar::Header::new_gnu();
        file.set_size(FILE as u64);
        file.set_mode(0o644);
        tar.append_data(&mut file, format!("data/{number}"), content.as_slice())?;
    }
    tar.into_inner()
}
