//! A private engine for one run: own socket, own data, own network namespace
//! (which the judge enters too, to reach published ports). Nothing is left
//! behind: devices and packet filter rules die with the namespace.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MntFlags, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::endpoint::Endpoint;
use crate::http::{self, Request};

/// The second address of a started engine: the tutorials talk TCP. Its network
/// namespace has no other user and no way out.
pub(crate) const TCP: &str = "127.0.0.1:4243";

/// How long an engine may take to answer, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running engine; dropping it ends it.
pub(crate) struct Engine {
    child: Child,
    directory: tempfile::TempDir,
    pub(crate) endpoint: Endpoint,
}

impl Engine {
    /// Starts a program that takes dockerd's flags: `dockerd` from the path,
    /// or `longshored` from beside the judge or from the path.
    pub(crate) fn start(program: &str) -> Result<Self, String> {
        let directory = tempfile::Builder::new()
            .prefix("conformance-")
            .tempdir()
            .map_err(|e| format!("temporary directory: {e}"))?;
        let at = |name: &str| directory.path().join(name);
        let log = File::create(at("log")).map_err(|e| format!("log: {e}"))?;
        let endpoint = Endpoint::Unix(at("docker.sock"));
        let mut command = Command::new(find(program));
        command
            .arg("--host")
            .arg(endpoint.to_string())
            .arg("--host")
            .arg(format!("tcp://{TCP}"))
            .arg("--data-root")
            .arg(at("data"))
            .arg("--exec-root")
            .arg(at("exec"))
            .arg("--pidfile")
            .arg(at("pid"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(|e| format!("log: {e}"))?)
            .stderr(log);
        if program.ends_with("dockerd") {
            // Without these words it waits a quarter of a minute before it
            // listens where everybody may come.
            command.arg("--tls=false");
        }
        let child = command.spawn().map_err(|e| format!("{program}: {e}"))?;
        let mut engine = Self {
            child,
            directory,
            endpoint,
        };
        engine.await_answer(program)?;
        Ok(engine)
    }

    fn await_answer(&mut self, program: &str) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let ping = http::send(&self.endpoint, &Request::new("GET", "/_ping"));
            if ping.is_ok_and(|reply| reply.head.status == 200) {
                return Ok(());
            }
            let ended = self.child.try_wait().ok().flatten();
            if ended.is_some() || Instant::now() > end {
                let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
                let tail: Vec<&str> = log.lines().rev().take(5).collect();
                return Err(format!(
                    "{program} does not answer; its last words, newest first:\n{}",
                    tail.join("\n")
                ));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).unwrap_or(i32::MAX);
        // Already gone is as good as ended.
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        let end = Instant::now() + PATIENCE;
        while self.child.try_wait().is_ok_and(|s| s.is_none()) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        unmount_below(self.directory.path());
    }
}

/// A network of this run's own. Must come before the first thread, which would
/// stay outside, and before whatever is started.
pub(crate) fn enter_network_namespace() -> Result<(), String> {
    unshare(CloneFlags::CLONE_NEWNET)
        .map_err(|e| format!("a private engine needs root: network namespace: {e}"))?;
    let up = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    match up {
        Ok(status) if status.success() => Ok(()),
        _ => Err("`ip link set lo up` failed in the new network namespace".to_owned()),
    }
}

/// Engines leave mounts in their roots, which would keep the directory busy.
fn unmount_below(directory: &Path) {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let below: Vec<&str> = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .filter(|point| Path::new(point).starts_with(directory))
        .collect();
    for point in below.iter().rev() {
        let _ = umount2(*point, MntFlags::MNT_DETACH);
    }
}

/// The program beside the judge, else the one of the path.
pub(crate) fn find(program: &str) -> PathBuf {
    let beside = std::env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(|dir| dir.join(program)))
        .filter(|path| path.is_file());
    beside.unwrap_or_else(|| program.into())
}
