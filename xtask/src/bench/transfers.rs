//! Images from a registry and to one, over the loopback of the engine's own
//! network: Debian's docker-registry for every engine, with the same layers,
//! compressed by the same gzip.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::engine::{Engine, json_or_empty};
use super::images::{self, LAYERS, Loaded, NAME};
use super::row::{Bar, Probe, Row, Unit};
use super::warm;
use crate::wait;

/// Where the registry listens; the network is the engine's own.
const HOST: &str = "127.0.0.1:5000";
const REPOSITORY: &str = "127.0.0.1:5000/bench";

/// The registry speaks plain HTTP, which podman wants to be told.
const PLAIN: &str = "&tlsVerify=false";

/// An image from a registry.
pub(super) const PULL: Row = Row {
    name: "pull",
    what: "pull of the image of 150 MB from a registry on loopback",
    unit: Unit::MegabytesPerSecond,
    bars: &[Bar::Dockerd(2.0), Bar::PeakOfDockerd(0.5)],
    rounds: 5,
    warm_up: 1,
    floor: false,
    containers: false,
    prepare: prepare_pull,
};

/// An image to a registry.
pub(super) const PUSH: Row = Row {
    name: "push",
    what: "push of the same to an empty registry",
    prepare: prepare_push,
    ..PULL
};

/// A registry beside an engine; ended when dropped, and its content gone.
struct Registry {
    process: Child,
    data: tempfile::TempDir,
}

fn prepare_pull(engine: &Engine) -> Result<Probe<'_>, String> {
    let registry = Registry::beside(engine)?;
    let bytes = registry.stock().map_err(|e| format!("registry: {e}"))?;
    let mut image = Loaded::none(engine, REPOSITORY)?;
    Ok(Box::new(move || {
        // The registry lives as long as this.
        let _ = &registry;
        warm::page_cache()?;
        let path = format!("/v1.40/images/create?fromImage={REPOSITORY}&tag=latest{PLAIN}");
        let sample = images::timed(engine, bytes, || {
            images::succeeded(image.client.call("POST", &path, "", b"")?)
        })?;
        image.remove()?;
        warm::clear_away(engine);
        Ok(sample)
    }))
}

fn prepare_push(engine: &Engine) -> Result<Probe<'_>, String> {
    let registry = Registry::beside(engine)?;
    let archive = images::docker_archive().map_err(|e| format!("archive: {e}"))?;
    let mut image = Loaded::none(engine, NAME)?;
    image.load(&archive)?;
    let bytes = LAYERS.iter().map(|(count, size)| count * size).sum();
    let path = format!("/v1.40/images/{NAME}:latest/tag?repo={REPOSITORY}&tag=latest");
    json_or_empty(image.client.call("POST", &path, "", b"")?)?;
    drop(image);
    let mut image = Loaded::none(engine, REPOSITORY)?;
    Ok(Box::new(move || {
        registry.empty().map_err(|e| format!("registry: {e}"))?;
        warm::page_cache()?;
        let path = format!("/v1.40/images/{REPOSITORY}/push?tag=latest{PLAIN}");
        let sample = images::timed(engine, bytes, || {
            // Without it dockerd wants credentials in the body.
            let kind = "application/json\r\nX-Registry-Auth: e30=";
            images::succeeded(image.client.call("POST", &path, kind, b"")?)
        })?;
        warm::clear_away(engine);
        Ok(sample)
    }))
}

impl Registry {
    /// Starts one in the engine's network.
    fn beside(engine: &Engine) -> Result<Self, String> {
        let data = tempfile::Builder::new()
            .prefix("longshore-bench-registry-")
            .tempdir()
            .map_err(|e| format!("scratch folder: {e}"))?;
        let file = data.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\n\
             storage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {HOST}\n",
            data.path().join("data").display()
        );
        fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
        let network = engine.network()?;
        let process = Command::new("nsenter")
            .arg(format!("--net={}", network.display()))
            .args(["docker-registry", "serve"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("docker-registry: {e}"))?;
        let registry = Self { process, data };
        wait::until_it_answers("the registry", || {
            let asked = Command::new("nsenter")
                .arg(format!("--net={}", network.display()))
                .args(["curl", "--silent", "--fail", &format!("http://{HOST}/v2/")])
                .stdout(Stdio::null())
                .status();
            Ok(asked.is_ok_and(|status| status.success()))
        })?;
        Ok(registry)
    }

    fn root(&self) -> PathBuf {
        self.data.path().join("data/docker/registry/v2")
    }

    /// Takes everything out.
    fn empty(&self) -> std::io::Result<()> {
        match fs::remove_dir_all(self.root()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Puts the image in, file by file; the length of its layers in bytes.
    fn stock(&self) -> std::io::Result<usize> {
        let (mut bytes, mut layers, mut diff_ids) = (0, Vec::new(), Vec::new());
        for (number, _) in LAYERS.iter().enumerate() {
            let mut layer = Vec::new();
            images::files(&mut layer, number)?;
            layer.extend([0; 1024]);
            bytes += layer.len();
            diff_ids.push(images::sha256(&layer)?);
            let packed = gzip(&layer)?;
            let kind = "application/vnd.docker.image.rootfs.diff.tar.gzip";
            layers.push(self.blob(kind, &packed)?);
        }
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": { "Cmd": ["true"] },
            "created": "2026-01-01T00:00:00Z",
            "history": diff_ids.iter().map(|_| json!({})).collect::<Vec<Value>>(),
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        });
        let kind = "application/vnd.docker.container.image.v1+json";
        let config = self.blob(kind, config.to_string().as_bytes())?;
        let kind = "application/vnd.docker.distribution.manifest.v2+json";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers,
        });
        let manifest = self.blob(kind, manifest.to_string().as_bytes())?;
        let digest = manifest["digest"].as_str().unwrap_or_default().to_owned();
        let place = self.root().join("repositories/bench/_manifests");
        let revision = format!("revisions/{}/link", digest.replace(':', "/"));
        let index = format!("tags/latest/index/{}/link", digest.replace(':', "/"));
        for name in [&revision, &index, "tags/latest/current/link"] {
            write(&place.join(name), digest.as_bytes())?;
        }
        Ok(bytes)
    }

    /// A blob that the repository has, and what a manifest says of it.
    fn blob(&self, kind: &str, bytes: &[u8]) -> std::io::Result<Value> {
        let digest = images::sha256(bytes)?;
        let hex = digest.trim_start_matches("sha256:");
        let data = format!("blobs/sha256/{}/{hex}/data", &hex[..2]);
        write(&self.root().join(data), bytes)?;
        let link = format!("repositories/bench/_layers/sha256/{hex}/link");
        write(&self.root().join(link), digest.as_bytes())?;
        Ok(json!({ "mediaType": kind, "size": bytes.len(), "digest": digest }))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    fs::write(path, bytes)
}

/// As Debian's gzip does it; this crate has none of its own.
fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut child = Command::new("gzip")
        .arg("--no-name")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let Some(mut input) = child.stdin.take() else {
        return Err(std::io::Error::other("gzip reads nothing"));
    };
    let output = std::thread::scope(|scope| {
        let writing = scope.spawn(move || input.write_all(bytes));
        let output = child.wait_with_output();
        let written = writing.join();
        written.map_err(|_| std::io::Error::other("a panic"))??;
        output
    })?;
    Ok(output.stdout)
}
