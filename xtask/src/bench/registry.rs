//! Blobs in and out of a registry over loopback: ours beside Debian's
//! docker-registry, which stands in the column of dockerd. The client neither
//! hashes nor reads files, so that it is not the limit.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::engine::Engine;
use super::row::{Bar, Probe, Row, Unit};
use super::warm;
use crate::{exec, wait};

/// The length of a blob: a large layer.
const BLOB: usize = 200 << 20;

/// How long a registry may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Blobs in.
pub(super) const PUSH: Row = Row {
    name: "registry-push",
    what: "push of a blob of 210 MB to the registry; dockerd: docker-registry",
    prepare: prepare_push,
    ..PULL
};

/// Blobs out.
pub(super) const PULL: Row = Row {
    name: "registry-pull",
    what: "pull of the same",
    unit: Unit::MegabytesPerSecond,
    bars: &[Bar::Dockerd(1.0)],
    rounds: 7,
    warm_up: 1,
    floor: false,
    containers: false,
    prepare: prepare_pull,
};

/// A registry; ended when dropped, and its content gone.
struct Registry {
    process: Child,
    address: String,
    _data: tempfile::TempDir,
}

fn prepare_push(engine: &Engine) -> Result<Probe<'_>, String> {
    let registry = Registry::beside(engine)?;
    let mut blob = noise();
    let mut round = 0_u64;
    Ok(Box::new(move || {
        round += 1;
        blob[..8].copy_from_slice(&round.to_le_bytes());
        let digest = sha256(&blob)?;
        warm::page_cache()?;
        let begin = Instant::now();
        registry.push(&blob, &digest)?;
        Ok((blob.len() as f64 / 1e6 / begin.elapsed().as_secs_f64()).into())
    }))
}

fn prepare_pull(engine: &Engine) -> Result<Probe<'_>, String> {
    let registry = Registry::beside(engine)?;
    let blob = noise();
    let digest = sha256(&blob)?;
    registry.push(&blob, &digest)?;
    drop(blob);
    Ok(Box::new(move || {
        let begin = Instant::now();
        let length = registry.pull(&digest)?;
        if length != BLOB {
            return Err(format!("{length} bytes came"));
        }
        Ok((length as f64 / 1e6 / begin.elapsed().as_secs_f64()).into())
    }))
}

impl Registry {
    /// Starts the registry that stands for this engine.
    fn beside(engine: &Engine) -> Result<Self, String> {
        let data = tempfile::Builder::new()
            .prefix("longshore-bench-registry-")
            .tempdir()
            .map_err(|e| format!("scratch folder: {e}"))?;
        let address = free_address()?;
        let mut command = match engine.name() {
            "longshored" => {
                let binary = exec::build("longshore-registry", "longshore-registry", true)?;
                let mut command = Command::new(binary);
                command
                    .args(["--listen", &address, "--data"])
                    .arg(data.path().join("data"));
                command
            }
            "dockerd" => {
                let mut command = Command::new("docker-registry");
                command
                    .arg("serve")
                    .arg(peer_config(data.path(), &address)?);
                command
            }
            name => return Err(format!("{name} has no registry")),
        };
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| format!("{}: {e}", command.get_program().display()))?;
        let registry = Self {
            process,
            address,
            _data: data,
        };
        wait::until_it_answers("the registry", || {
            Ok(TcpStream::connect(&registry.address).is_ok())
        })?;
        Ok(registry)
    }

    /// A blob in, as engines send it: an upload, its bytes, its end.
    fn push(&self, blob: &[u8], digest: &str) -> Result<(), String> {
        let begun = self.exchange("POST", "/v2/bench/blobs/uploads/", &[], 202)?;
        let sent = self.exchange("PATCH", &begun.location, blob, 202)?;
        let mark = if sent.location.contains('?') {
            '&'
        } else {
            '?'
        };
        let end = format!("{}{mark}digest={digest}", sent.location);
        self.exchange("PUT", &end, &[], 201).map(drop)
    }

    /// A blob out, and how long it was.
    fn pull(&self, digest: &str) -> Result<usize, String> {
        let path = format!("/v2/bench/blobs/{digest}");
        self.exchange("GET", &path, &[], 200)
            .map(|head| head.length)
    }

    fn exchange(&self, method: &str, path: &str, body: &[u8], wanted: u16) -> Result<Head, String> {
        let answered = self.speak(method, path, body);
        let head = answered.map_err(|e| format!("{method} {path}: {e}"))?;
        match head.status == wanted {
            true => Ok(head),
            false => Err(format!("{method} {path}: {}", head.status)),
        }
    }

    fn speak(&self, method: &str, path: &str, body: &[u8]) -> std::io::Result<Head> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        )?;
        stream.write_all(body)?;
        let mut answer = BufReader::with_capacity(256 << 10, stream);
        let mut line = String::new();
        answer.read_line(&mut line)?;
        let mut head = Head {
            status: line
                .split(' ')
                .nth(1)
                .and_then(|status| status.parse().ok())
                .unwrap_or(0),
            location: String::new(),
            length: 0,
        };
        loop {
            line.clear();
            answer.read_line(&mut line)?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(": ")
                && name.eq_ignore_ascii_case("location")
            {
                let host = format!("http://{}", self.address);
                value
                    .trim_start_matches(&host)
                    .clone_into(&mut head.location);
            }
        }
        let mut piece = vec![0; 256 << 10];
        loop {
            match answer.read(&mut piece)? {
                0 => return Ok(head),
                read => head.length += read,
            }
        }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What is kept of an answer.
struct Head {
    status: u16,
    location: String,
    /// Of its body.
    length: usize,
}

/// The configuration file of Debian's registry.
fn peer_config(folder: &Path, address: &str) -> Result<std::path::PathBuf, String> {
    let file = folder.join("config.yml");
    let text = format!(
        "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\n\
         storage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
        folder.join("data").display()
    );
    std::fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(file)
}

/// A port that was free a moment ago.
fn free_address() -> Result<String, String> {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .map(|address| address.to_string())
        .map_err(|e| format!("no free port: {e}"))
}

/// Bytes without a pattern that a disk or a client could use.
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(BLOB);
    while bytes.len() < BLOB {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

fn sha256(bytes: &[u8]) -> Result<String, String> {
    let run = || -> std::io::Result<String> {
        let mut child = Command::new("sha256sum")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(bytes)?;
        }
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.split(' ').next().unwrap_or_default().to_owned())
    };
    run()
        .map(|hex| format!("sha256:{hex}"))
        .map_err(|e| format!("sha256sum: {e}"))
}
