//! Images in and out as archives: 150 MB in three layers, of 2,500 files of all
//! sizes whose content can be compressed to about half.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::{Value, json};

use super::engine::{Engine, json_or_empty};
use super::peak::Peak;
use super::row::{Bar, Probe, Row, Sample, Unit};
use super::warm;
use crate::http::Client;

/// Files of a layer and their lengths in bytes.
pub(super) const LAYERS: [(usize, usize); 3] = [(2400, 20_000), (100, 500_000), (2, 26_000_000)];

pub(super) const NAME: &str = "bench-image";

/// An image in.
pub(super) const LOAD: Row = Row {
    name: "load",
    what: "load of an archive of 150 MB: three layers, 2,500 files",
    bars: &[Bar::Dockerd(2.5), Bar::PeakOfDockerd(0.5)],
    prepare: prepare_load,
    ..SAVE
};

/// A root file system in.
pub(super) const IMPORT: Row = Row {
    name: "import",
    what: "import of the same files as one archive",
    prepare: prepare_import,
    ..SAVE
};

/// An image out.
pub(super) const SAVE: Row = Row {
    name: "save",
    what: "save of the image",
    unit: Unit::MegabytesPerSecond,
    bars: &[Bar::Dockerd(2.0), Bar::PeakOfDockerd(0.5)],
    rounds: 5,
    warm_up: 1,
    floor: false,
    containers: false,
    prepare: prepare_save,
};

/// An image of a probe, removed when it is dropped.
pub(super) struct Loaded<'a> {
    engine: &'a Engine,
    pub(super) client: Client,
    name: &'static str,
}

impl<'a> Loaded<'a> {
    /// There is none yet; it will be called `name`.
    pub(super) fn none(engine: &'a Engine, name: &'static str) -> Result<Self, String> {
        let client = engine.client()?;
        Ok(Self {
            engine,
            client,
            name,
        })
    }

    pub(super) fn load(&mut self, archive: &[u8]) -> Result<(), String> {
        let call = self
            .client
            .call("POST", "/v1.40/images/load", "application/x-tar", archive);
        succeeded(call?)
    }

    pub(super) fn remove(&mut self) -> Result<(), String> {
        let path = format!("/v1.40/images/{}:latest?force=1", self.name);
        json_or_empty(self.client.call("DELETE", &path, "", b"")?).map(drop)
    }
}

impl Drop for Loaded<'_> {
    fn drop(&mut self) {
        // The connection may be in the middle of an answer.
        if let Ok(client) = self.engine.client() {
            self.client = client;
            // Nothing is there after a probe that removes what it made.
            let _ = self.remove();
        }
    }
}

fn prepare_load(engine: &Engine) -> Result<Probe<'_>, String> {
    let archive = docker_archive().map_err(|e| format!("archive: {e}"))?;
    let mut image = Loaded::none(engine, NAME)?;
    Ok(Box::new(move || {
        warm::page_cache()?;
        let sample = timed(engine, archive.len(), || image.load(&archive))?;
        image.remove()?;
        warm::clear_away(engine);
        Ok(sample)
    }))
}

fn prepare_import(engine: &Engine) -> Result<Probe<'_>, String> {
    let mut archive = Vec::new();
    for (number, _) in LAYERS.iter().enumerate() {
        files(&mut archive, number).map_err(|e| format!("archive: {e}"))?;
    }
    archive.extend([0; 1024]);
    let path = format!("/v1.40/images/create?fromSrc=-&repo={NAME}");
    let mut image = Loaded::none(engine, NAME)?;
    Ok(Box::new(move || {
        warm::page_cache()?;
        let sample = timed(engine, archive.len(), || {
            let client = &mut image.client;
            succeeded(client.call("POST", &path, "application/x-tar", &archive)?)
        })?;
        image.remove()?;
        warm::clear_away(engine);
        Ok(sample)
    }))
}

fn prepare_save(engine: &Engine) -> Result<Probe<'_>, String> {
    let archive = docker_archive().map_err(|e| format!("archive: {e}"))?;
    let mut image = Loaded::none(engine, NAME)?;
    image.load(&archive)?;
    let least: usize = LAYERS.iter().map(|(count, size)| count * size).sum();
    Ok(Box::new(move || {
        let path = format!("/v1.40/images/{NAME}:latest/get");
        let sample = timed(engine, least, || {
            match image.client.count("GET", &path)? {
                (200, length) if length >= least => Ok(()),
                (status, length) => Err(format!("{status}, {length} bytes")),
            }
        })?;
        Ok(sample)
    }))
}

/// Megabytes a second, and the engine's peak.
pub(super) fn timed(
    engine: &Engine,
    bytes: usize,
    work: impl FnOnce() -> Result<(), String>,
) -> Result<Sample, String> {
    let peak = Peak::watch(engine);
    let begin = Instant::now();
    let result = work();
    let time = begin.elapsed().as_secs_f64();
    let peak = peak.megabytes()?;
    result?;
    Ok(Sample::from(bytes as f64 / 1e6 / time).with_peak(peak))
}

/// Lines of progress must not end in an error.
pub(super) fn succeeded((status, body): (u16, Vec<u8>)) -> Result<(), String> {
    let text = String::from_utf8_lossy(&body);
    if status != 200 || text.contains("\"error") {
        return Err(format!("{status} {}", text.trim_end()));
    }
    Ok(())
}

/// What `docker save` writes.
pub(super) fn docker_archive() -> std::io::Result<Vec<u8>> {
    let mut parts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut diff_ids = Vec::new();
    for (number, _) in LAYERS.iter().enumerate() {
        let mut layer = Vec::new();
        files(&mut layer, number)?;
        layer.extend([0; 1024]);
        diff_ids.push(sha256(&layer)?);
        parts.insert(format!("{number}/layer.tar"), layer);
    }
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": { "Cmd": ["true"] },
        "created": "2026-01-01T00:00:00Z",
        "history": diff_ids.iter().map(|_| json!({})).collect::<Vec<Value>>(),
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    });
    let manifest = json!([{
        "Config": "config.json",
        "RepoTags": [format!("{NAME}:latest")],
        "Layers": parts.keys().collect::<Vec<_>>(),
    }]);
    parts.insert("config.json".to_owned(), config.to_string().into_bytes());
    parts.insert(
        "manifest.json".to_owned(),
        manifest.to_string().into_bytes(),
    );
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in &parts {
        tar.append_data(&mut header(content.len()), name, content.as_slice())?;
    }
    tar.into_inner()
}

/// The entries of a layer's files, without the archive's end.
pub(super) fn files(out: &mut Vec<u8>, number: usize) -> std::io::Result<()> {
    let (count, size) = LAYERS[number];
    let mut state = 1 + number as u64;
    let mut content = vec![0; size];
    for file in 0..count {
        // Half of the bytes say something.
        for pair in content.chunks_mut(2) {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            pair[0] = (state >> 56) as u8;
        }
        let name = format!("layer{number}/dir{}/file{file}", file % 100);
        let mut header = header(size);
        header.set_path(name)?;
        header.set_cksum();
        out.extend(header.as_bytes());
        out.extend(&content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    Ok(())
}

fn header(size: usize) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size as u64);
    header.set_mode(0o644);
    header
}

/// The digest of bytes as images write it; this crate has no hash of its own.
pub(super) fn sha256(bytes: &[u8]) -> std::io::Result<String> {
    use std::io::Write as _;
    use std::process::{Command, Stdio};
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(bytes)?;
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let hex = text.split_whitespace().next().unwrap_or_default();
    Ok(format!("sha256:{hex}"))
}
