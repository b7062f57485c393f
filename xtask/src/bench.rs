//! `cargo xtask bench`: create, start, wait and delete of `true` without a
//! network, on this engine, on dockerd, and as the bare system calls.
//!
//! The three take turns within one run, so that a noisy machine disturbs all
//! of them alike. Only the ratios of the medians mean anything.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::TaskResult;
use crate::exec;
use crate::http::Client;
use crate::run::Daemon;

/// The image that brings `true` to every engine: a starter image of ours.
const IMAGE: &str = "box:latest";

/// A static program that, called `true`, does nothing: Debian's busybox-static.
const STATIC: &str = "/bin/busybox";

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Measured rounds; each runs every subject once
    #[arg(long, default_value_t = 60)]
    rounds: usize,
    /// Rounds before the first measured one
    #[arg(long, default_value_t = 5)]
    warm_up: usize,
    /// Leave dockerd out, where it is not installed
    #[arg(long)]
    without_dockerd: bool,
}

/// Something whose whole life cycle of one container can be timed.
struct Subject {
    name: &'static str,
    cycle: Box<dyn FnMut() -> Result<Duration, String>>,
    times: Vec<Duration>,
}

pub(crate) fn run(args: Args) -> TaskResult {
    if !exec::is_root() {
        return Err("containers need root: sudo cargo xtask bench".to_owned());
    }
    let scratch = tempfile::Builder::new()
        .prefix("longshore-bench-")
        .tempdir()
        .map_err(|error| format!("scratch folder: {error}"))?;
    let binary = exec::build("longshore-daemon", "longshored", true)?;
    let floor = Floor::start(&build_floor()?)?;
    let ours = Daemon::start(&binary, &scratch.path().join("longshored"), &[])?;
    let dockerd = if args.without_dockerd {
        None
    } else {
        Some(start_dockerd(
            &scratch.path().join("dockerd"),
            &ours.socket,
        )?)
    };

    let mut subjects = vec![
        Subject::new("floor", floor.into_cycle()),
        Subject::new("longshored", engine_cycle(&ours.socket)?),
    ];
    if let Some(dockerd) = &dockerd {
        subjects.push(Subject::new("dockerd", engine_cycle(&dockerd.socket)?));
    }
    for round in 0..args.warm_up + args.rounds {
        for subject in &mut subjects {
            let time = (subject.cycle)().map_err(|e| format!("{}: {e}", subject.name))?;
            if round >= args.warm_up {
                subject.times.push(time);
            }
        }
        // Engines clean up after they have answered, and nobody shall always be
        // the one who runs meanwhile. Swapping neighbours in turn leads three
        // subjects through all their orders.
        let pair = round % (subjects.len() - 1);
        subjects.swap(pair, pair + 1);
    }
    report(&mut subjects);
    Ok(())
}

impl Subject {
    fn new(name: &'static str, cycle: impl FnMut() -> Result<Duration, String> + 'static) -> Self {
        Self {
            name,
            cycle: Box::new(cycle),
            times: Vec::new(),
        }
    }
}

fn report(subjects: &mut [Subject]) {
    println!("create + start + wait + delete of `true`, no network; one interleaved run");
    println!(
        "{:<12}{:>12}{:>12}{:>12}{:>16}",
        "", "median ms", "p10 ms", "p90 ms", "x longshored"
    );
    for subject in subjects.iter_mut() {
        subject.times.sort();
    }
    let at = |times: &[Duration], percent: usize| -> f64 {
        let index = (times.len().saturating_sub(1)) * percent / 100;
        times.get(index).map_or(f64::NAN, |t| t.as_secs_f64() * 1e3)
    };
    subjects.sort_by(|a, b| at(&a.times, 50).total_cmp(&at(&b.times, 50)));
    let ours = subjects
        .iter()
        .find(|subject| subject.name == "longshored")
        .map_or(f64::NAN, |subject| at(&subject.times, 50));
    for subject in subjects.iter() {
        let median = at(&subject.times, 50);
        println!(
            "{:<12}{median:>12.2}{:>12.2}{:>12.2}{:>16.2}",
            subject.name,
            at(&subject.times, 10),
            at(&subject.times, 90),
            median / ours,
        );
    }
}

/// One container's life through an engine's API, over one kept connection.
fn engine_cycle(
    socket: &Path,
) -> Result<impl FnMut() -> Result<Duration, String> + 'static, String> {
    let mut client = Client::connect(socket)?;
    let body = json!({
        "Image": IMAGE,
        "Cmd": ["true"],
        "HostConfig": { "NetworkMode": "none" },
    })
    .to_string();
    Ok(move || {
        let begin = Instant::now();
        let created = json_of(client.call(
            "POST",
            "/v1.40/containers/create",
            "application/json",
            body.as_bytes(),
        )?)?;
        let id = created["Id"].as_str().ok_or("create: no Id")?.to_owned();
        expect(
            204,
            client.call("POST", &format!("/v1.40/containers/{id}/start"), "", b"")?,
        )?;
        let ended =
            json_of(client.call("POST", &format!("/v1.40/containers/{id}/wait"), "", b"")?)?;
        expect(
            204,
            client.call("DELETE", &format!("/v1.40/containers/{id}"), "", b"")?,
        )?;
        let time = begin.elapsed();
        if ended["StatusCode"] != 0 {
            return Err(format!("wait: {ended}"));
        }
        Ok(time)
    })
}

fn json_of((status, body): (u16, Vec<u8>)) -> Result<Value, String> {
    let text = String::from_utf8_lossy(&body);
    if !(200..300).contains(&status) {
        return Err(format!("{status} {text}"));
    }
    serde_json::from_str(&text).map_err(|error| format!("{text}: {error}"))
}

fn expect(wanted: u16, (status, body): (u16, Vec<u8>)) -> TaskResult {
    if status == wanted {
        return Ok(());
    }
    Err(format!("{status} {}", String::from_utf8_lossy(&body)))
}

/// Debian's dockerd on a root and socket of its own, with our image loaded.
fn start_dockerd(state: &Path, ours: &Path) -> Result<Daemon, String> {
    let socket = state.join("docker.sock");
    let mut command = Command::new("dockerd");
    command
        .arg("--host")
        .arg(format!("unix://{}", socket.display()))
        .arg("--data-root")
        .arg(state.join("data"))
        .arg("--exec-root")
        .arg(state.join("exec"))
        .arg("--pidfile")
        .arg(state.join("docker.pid"))
        .args(["--bridge", "none", "--log-level", "fatal"])
        .stderr(Stdio::null());
    let daemon = Daemon::spawn(command, state, socket)?;
    let path = format!("/images/{IMAGE}/get");
    let (status, archive) = Client::connect(ours)?.call("GET", &path, "", b"")?;
    if status != 200 {
        return Err(format!("{path}: {status}"));
    }
    let (status, body) = Client::connect(&daemon.socket)?.call(
        "POST",
        "/images/load",
        "application/x-tar",
        &archive,
    )?;
    if status == 200 {
        Ok(daemon)
    } else {
        let text = String::from_utf8_lossy(&body).into_owned();
        Err(format!("dockerd does not load {IMAGE}: {status} {text}"))
    }
}

/// The bare cgroup, clone3, mounts and execve: a program of the runtime's that does
/// one such run a line it reads, and answers its nanoseconds.
struct Floor {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

fn build_floor() -> Result<PathBuf, String> {
    let mut command = exec::cargo();
    command.args([
        "build",
        "--release",
        "--package",
        "longshore-runtime",
        "--example",
        "floor",
        "--message-format=json-render-diagnostics",
    ]);
    command.stderr(Stdio::inherit());
    exec::output(&mut command)?
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "floor")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or_else(|| "cargo built no example floor".to_owned())
}

impl Floor {
    fn start(program: &Path) -> Result<Self, String> {
        let mut child = Command::new(program)
            .arg(STATIC)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let (stdin, stdout) = child
            .stdin
            .take()
            .zip(child.stdout.take())
            .ok_or("no pipes")?;
        Ok(Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
        })
    }

    fn into_cycle(mut self) -> impl FnMut() -> Result<Duration, String> + 'static {
        move || {
            let mut line = String::new();
            self.stdin.write_all(b"\n").map_err(|e| e.to_string())?;
            self.stdout
                .read_line(&mut line)
                .map_err(|e| e.to_string())?;
            if line.is_empty() {
                let status = self.child.wait().map_err(|e| e.to_string())?;
                return Err(format!("the floor program ended: {status}"));
            }
            let nanoseconds = line.trim().parse().map_err(|e| format!("{line}: {e}"))?;
            Ok(Duration::from_nanos(nanoseconds))
        }
    }
}
