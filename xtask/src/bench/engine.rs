//! Engines under test: started with everything of their own, ended with nothing
//! left, and the little of their API that the rows share.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::interrupt;
use crate::TaskResult;
use crate::http::Client;
use crate::run::Daemon;

/// The image that every engine runs: a starter image of ours.
pub(super) const IMAGE: &str = "box:latest";

/// Linux counts processor time in hundredths of a second towards programs.
const TICKS: f64 = 100.0;

/// An engine and how it is started.
pub(super) enum Kind {
    Longshored(PathBuf),
    /// Another longshored, to compare with.
    Before(PathBuf),
    Dockerd,
    Podman,
}

/// A running engine; ended when dropped.
pub(super) struct Engine {
    kind: Kind,
    daemon: Daemon,
    /// Its network namespace, which is also that of its helpers and of nothing
    /// else.
    namespace: u64,
}

/// Containers of a probe, removed when it is dropped.
pub(super) struct Containers<'a> {
    engine: &'a Engine,
    pub(super) client: Client,
    pub(super) ids: Vec<String>,
}

impl Kind {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Longshored(_) => "longshored",
            Self::Before(_) => "before",
            Self::Dockerd => "dockerd",
            Self::Podman => "podman",
        }
    }

    pub(super) fn is_installed(&self) -> bool {
        let installed = std::env::var_os("PATH").is_some_and(|path| {
            std::env::split_paths(&path).any(|folder| folder.join(self.name()).is_file())
        });
        if !installed {
            eprintln!("{} is not installed and left out", self.name());
        }
        installed
    }

    /// The cgroup it makes for all its containers and leaves behind.
    fn cgroup(&self) -> String {
        match self {
            Self::Longshored(_) | Self::Before(_) => "longshore".to_owned(),
            Self::Dockerd => format!("longshore-bench-{}", std::process::id()),
            Self::Podman => "libpod_parent".to_owned(),
        }
    }

    fn command(&self, state: &Path, socket: &Path) -> Command {
        // What an engine mounts, and its devices and packet filter, go with its
        // namespaces. crun 1.8 takes no cgroup v2 tree without controllers.
        let mut command = Command::new("unshare");
        let hybrid = match self {
            Self::Podman => "umount /sys/fs/cgroup/unified 2>/dev/null;",
            _ => "",
        };
        let enter =
            format!("ip link set lo up; {hybrid} mount -t tmpfs tmpfs \"$0\" || exit; exec \"$@\"");
        let host = format!("unix://{}", socket.display());
        let at = |name: &str| state.join(name);
        // The place of `/run`, which is in memory on machines that boot.
        command
            .args(["--net", "--mount", "sh", "-c", &enter])
            .arg(at("exec"));
        match self {
            Self::Longshored(binary) | Self::Before(binary) => {
                command.arg(binary).args(["--log-level", "error"]);
            }
            Self::Dockerd => {
                let parent = format!("/{}", self.cgroup());
                command.args([
                    "dockerd",
                    "--log-level",
                    "fatal",
                    "--cgroup-parent",
                    &parent,
                ]);
            }
            Self::Podman => {
                command
                    .env("CONTAINERS_CONF", at("containers.conf"))
                    .args(["podman", "--cgroup-manager", "cgroupfs", "--root"])
                    .arg(at("data"))
                    .arg("--runroot")
                    .arg(at("exec"))
                    .args(["system", "service", "--time", "0"])
                    .arg(host);
                return command;
            }
        }
        command
            .args(["--host", &host, "--data-root"])
            .arg(at("data"))
            .arg("--exec-root")
            .arg(at("exec"))
            .arg("--pidfile")
            .arg(at("pid"));
        command
    }
}

impl Engine {
    /// Starts an engine below `scratch`.
    pub(super) fn start(kind: Kind, scratch: &Path) -> Result<Self, String> {
        let state = scratch.join(kind.name());
        fs::create_dir_all(state.join("exec")).map_err(|e| format!("{}: {e}", state.display()))?;
        if matches!(kind, Kind::Podman) {
            // Where the hard limits are low, its defaults cannot be had.
            let limits = "[containers]\ndefault_ulimits = [\"nofile=20000:20000\", \
                          \"nproc=32768:32768\"]\n";
            let file = state.join("containers.conf");
            fs::write(&file, limits).map_err(|e| format!("{}: {e}", file.display()))?;
        }
        let socket = state.join("api.sock");
        let mut command = kind.command(&state, &socket);
        let log = fs::File::create(state.join("log")).map_err(|e| format!("log: {e}"))?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        // The terminal's Ctrl-C is for the bench, which ends its engines itself.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let daemon = Daemon::spawn(command, &state, socket)?;
        let namespace = namespace_of(daemon.pid()).ok_or("the engine has ended")?;
        Ok(Self {
            kind,
            daemon,
            namespace,
        })
    }

    /// Loads the image of another engine, unless this one brings it.
    pub(super) fn load_image_of(&self, other: &Engine) -> TaskResult {
        if matches!(self.kind, Kind::Longshored(_) | Kind::Before(_)) {
            return Ok(());
        }
        let image = other.image()?;
        let answer = self
            .client()?
            .call("POST", "/images/load", "application/x-tar", &image)?;
        json_or_empty(answer).map_err(|e| format!("{}: {e}", self.name()))?;
        Ok(())
    }

    pub(super) fn name(&self) -> &'static str {
        self.kind.name()
    }

    /// A new connection.
    pub(super) fn client(&self) -> Result<Client, String> {
        Client::connect(&self.daemon.socket)
    }

    /// The image as an archive.
    fn image(&self) -> Result<Vec<u8>, String> {
        let path = format!("/images/{IMAGE}/get");
        match self.client()?.call("GET", &path, "", b"")? {
            (200, archive) => Ok(archive),
            (status, _) => Err(format!("{path}: {status}")),
        }
    }

    /// Process ids of the engine and its helpers, without the containers'.
    pub(super) fn processes(&self) -> BTreeSet<u32> {
        let all = fs::read_dir("/proc").into_iter().flatten().flatten();
        all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|pid| namespace_of(*pid) == Some(self.namespace) && !is_guest(*pid))
            .collect()
    }

    /// The engine's network, for what runs beside it.
    pub(super) fn network(&self) -> Result<PathBuf, String> {
        let pid = self.processes().into_iter().next();
        let pid = pid.ok_or("the engine has ended")?;
        Ok(PathBuf::from(format!("/proc/{pid}/ns/net")))
    }

    /// Milliseconds of processor time that the engine has used so far.
    pub(super) fn cpu(&self) -> f64 {
        let used = |pid: u32| -> Option<f64> {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            // Fields 14 and 15, counted from after the name in parentheses.
            let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
            let mut next = || fields.next()?.parse::<f64>().ok();
            Some(next()? + next()?)
        };
        let ticks: f64 = self.processes().into_iter().filter_map(used).sum();
        ticks * 1000.0 / TICKS
    }

    /// A probe's containers, none so far.
    pub(super) fn containers(&self) -> Result<Containers<'_>, String> {
        Ok(Containers {
            engine: self,
            client: self.client()?,
            ids: Vec::new(),
        })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Our containers live on without their daemon, and not only ours.
        if let Ok(mut left) = self.containers() {
            let all = left
                .client
                .call("GET", "/containers/json?all=1", "", b"")
                .and_then(json_or_empty);
            for one in all.unwrap_or_default().as_array().into_iter().flatten() {
                left.ids.extend(one["Id"].as_str().map(str::to_owned));
            }
        }
        if matches!(self.kind, Kind::Podman) {
            // It leaves a helper behind every exec for five minutes.
            let helpers = self.processes().into_iter();
            for pid in helpers.filter(|pid| *pid != self.daemon.pid()) {
                let pid = i32::try_from(pid)
                    .ok()
                    .and_then(rustix::process::Pid::from_raw);
                let kill = |pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                // One that has ended by now is as good.
                let _ = pid.map(kill);
            }
        }
        remove_cgroup(&self.kind.cgroup());
    }
}

/// Removes an empty cgroup from every hierarchy. One that somebody else has
/// something in stays.
fn remove_cgroup(name: &str) {
    let hierarchies = fs::read_dir("/sys/fs/cgroup").into_iter().flatten();
    for hierarchy in hierarchies.flatten() {
        let group = hierarchy.path().join(name);
        // podman keeps its helpers in a group of their own.
        let _ = fs::remove_dir(group.join("conmon"));
        let _ = fs::remove_dir(group);
    }
    // A machine with cgroup v2 only has one.
    let _ = fs::remove_dir(Path::new("/sys/fs/cgroup").join(name));
}

impl Containers<'_> {
    /// Creates a container of `command`, with more of `HostConfig`.
    pub(super) fn create(&mut self, command: &[&str], host: Value) -> Result<String, String> {
        interrupt::check()?;
        let body = json!({ "Image": IMAGE, "Cmd": command, "HostConfig": host }).to_string();
        let id = create(&mut self.client, &body)?;
        self.ids.push(id.clone());
        Ok(id)
    }

    /// Creates and starts one without a network.
    pub(super) fn run(&mut self, command: &[&str]) -> Result<String, String> {
        let id = self.create(command, json!({ "NetworkMode": "none" }))?;
        start(&mut self.client, &id)?;
        Ok(id)
    }

    /// Removes them all, running or not.
    pub(super) fn clear(&mut self) -> TaskResult {
        while let Some(id) = self.ids.pop() {
            let path = format!("/containers/{id}?force=1&v=1");
            json_or_empty(self.client.call("DELETE", &path, "", b"")?)?;
        }
        Ok(())
    }
}

impl Drop for Containers<'_> {
    fn drop(&mut self) {
        if self.ids.is_empty() {
            return;
        }
        // The connection may be in the middle of an answer.
        if let Ok(client) = self.engine.client() {
            self.client = client;
        }
        while !self.ids.is_empty() {
            if let Err(problem) = self.clear() {
                eprintln!("{}: clean up: {problem}", self.engine.name());
            }
        }
    }
}

/// Creates a container and answers its id.
pub(super) fn create(client: &mut Client, body: &str) -> Result<String, String> {
    let path = "/v1.40/containers/create";
    let made = json_or_empty(client.call("POST", path, "application/json", body.as_bytes())?)?;
    Ok(made["Id"].as_str().ok_or("create: no Id")?.to_owned())
}

/// Starts a container.
pub(super) fn start(client: &mut Client, id: &str) -> TaskResult {
    let path = format!("/v1.40/containers/{id}/start");
    json_or_empty(client.call("POST", &path, "", b"")?).map(drop)
}

/// Waits for the end of a container, which must be without an error.
pub(super) fn wait(client: &mut Client, id: &str) -> TaskResult {
    let path = format!("/v1.40/containers/{id}/wait");
    let ended = json_or_empty(client.call("POST", &path, "", b"")?)?;
    match ended["StatusCode"].as_i64() {
        Some(0) => Ok(()),
        _ => Err(format!("wait: {ended}")),
    }
}

/// The body of an answer that must be a success; null where there is none.
pub(super) fn json_or_empty((status, body): (u16, Vec<u8>)) -> Result<Value, String> {
    let text = String::from_utf8_lossy(&body);
    if !(200..300).contains(&status) {
        return Err(format!("{status} {}", text.trim_end()));
    }
    Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
}

/// Whether a process is a registry or a client that an engine is measured with.
fn is_guest(pid: u32) -> bool {
    let name = fs::read_to_string(format!("/proc/{pid}/comm"));
    name.is_ok_and(|name| {
        matches!(
            name.trim_end(),
            "docker-registry" | "nsenter" | "curl" | "wrk"
        )
    })
}

fn namespace_of(pid: u32) -> Option<u64> {
    Some(fs::metadata(format!("/proc/{pid}/ns/net")).ok()?.ino())
}
