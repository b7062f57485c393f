//! A longshored of the test's own, and the docker CLIs that are on this
//! machine.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::host::Host;

/// How long anything may take that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Tells the bridges of this process's tests apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A daemon with everything it owns in one temporary folder.
pub(crate) struct Daemon {
    dir: tempfile::TempDir,
    flags: Vec<String>,
    bridge: Option<String>,
    /// Where it runs, if not on this machine's own network.
    host: Option<Arc<Host>>,
    child: Option<Child>,
}

impl Daemon {
    /// A daemon without a default network.
    pub(crate) fn start() -> Self {
        Self::with_flags(None, &[])
    }

    /// A daemon with a bridge of its own, in a subnet of its own.
    pub(crate) fn with_bridge() -> Self {
        let number = std::process::id() % 200 * 32 + NEXT.fetch_add(1, Ordering::Relaxed);
        let bridge = format!("lst{number}");
        let bip = format!("10.{}.{}.1/24", 200 + number / 256 % 50, number % 256);
        Self::with_flags(Some(bridge), &["--bip", &bip])
    }

    /// A daemon with a bridge on a host of its own.
    pub(crate) fn on_a_host(flags: &[&str]) -> Self {
        Self::on(&Arc::new(Host::new()), "longshore0", flags)
    }

    /// A daemon with this bridge on a host that it may share with others.
    pub(crate) fn on(host: &Arc<Host>, bridge: &str, flags: &[&str]) -> Self {
        let mut daemon = Self::prepared(Some(bridge.to_owned()), flags);
        daemon.host = Some(host.clone());
        daemon.run();
        daemon
    }

    /// A daemon without a default network, with further flags.
    pub(crate) fn flagged(flags: &[&str]) -> Self {
        Self::with_flags(None, flags)
    }

    fn with_flags(bridge: Option<String>, flags: &[&str]) -> Self {
        let mut daemon = Self::prepared(bridge, flags);
        daemon.run();
        daemon
    }

    fn prepared(bridge: Option<String>, flags: &[&str]) -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "real containers need root: run the tests as root"
        );
        let dir = tempfile::Builder::new().prefix("ls-it-").tempdir().unwrap();
        Self {
            dir,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            bridge,
            host: None,
            child: None,
        }
    }

    /// The command line of this daemon, ready to be spawned.
    pub(crate) fn command(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_longshored");
        let mut command = match &self.host {
            Some(host) => host.command(program),
            None => Command::new(program),
        };
        command
            .args(["--host", &self.host()])
            .arg("--data-root")
            .arg(self.dir.path().join("data"))
            .arg("--exec-root")
            .arg(self.dir.path().join("exec"))
            .arg("--pidfile")
            .arg(self.dir.path().join("pid"))
            .args(["--bridge", self.bridge.as_deref().unwrap_or("none")])
            .args(&self.flags);
        command
    }

    /// Starts the daemon process, again after [`Daemon::kill`], and waits for
    /// its first answer.
    pub(crate) fn run(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.dir.path().join("log"))
            .unwrap();
        let child = self.command().stderr(log).stdout(Stdio::null()).spawn();
        self.child = Some(child.unwrap());
        wait_for("the daemon's first answer", || {
            if let Some(status) = self.child.as_mut().unwrap().try_wait().unwrap() {
                panic!("longshored ended at once: {status}\n{}", self.log());
            }
            UnixStream::connect(self.socket()).ok()
        });
    }

    /// SIGKILL, as the kernel or an operator would send it.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("the daemon runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends the daemon a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let child = self.child.as_ref().expect("the daemon runs");
        let pid = rustix::process::Pid::from_child(child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// SIGTERM, and the daemon's status.
    pub(crate) fn terminate(&mut self) -> std::process::ExitStatus {
        let mut child = self.child.take().expect("the daemon runs");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        wait_for("the daemon's end", || child.try_wait().unwrap())
    }

    /// The folder that holds all of this daemon's state.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The daemon's own bridge, where it has one.
    pub(crate) fn bridge(&self) -> Option<&str> {
        self.bridge.as_deref()
    }

    /// The host that it runs on, where that is one of its own.
    pub(crate) fn host_of_its_own(&self) -> &Host {
        self.host.as_ref().expect("a host of its own")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("sock")
    }

    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// A docker command against this daemon, not yet run.
    pub(crate) fn docker_with<S: AsRef<OsStr>>(&self, cli: &Path, args: &[S]) -> Command {
        let mut command = Command::new(cli);
        command
            .env("DOCKER_HOST", self.host())
            .env("DOCKER_CONFIG", self.dir.path().join("config"))
            .args(args)
            .stdin(Stdio::null());
        command
    }

    /// Runs docker with the first CLI; its whole output, whatever the status.
    pub(crate) fn try_docker<S: AsRef<OsStr>>(&self, args: &[S]) -> Output {
        self.docker_with(&clis()[0], args).output().unwrap()
    }

    /// Runs docker, which must succeed; its standard output without the last
    /// newline.
    pub(crate) fn docker<S: AsRef<OsStr>>(&self, args: &[S]) -> String {
        self.docker_of(&clis()[0], args)
    }

    /// As [`Daemon::docker`], with a given CLI.
    pub(crate) fn docker_of<S: AsRef<OsStr>>(&self, cli: &Path, args: &[S]) -> String {
        let output = self.docker_with(cli, args).output().unwrap();
        let shown: Vec<_> = args
            .iter()
            .map(|arg| arg.as_ref().to_string_lossy())
            .collect();
        assert!(
            output.status.success(),
            "docker {}: {}\n{}\n{}\ndaemon:\n{}",
            shown.join(" "),
            output.status,
            text(&output.stdout),
            text(&output.stderr),
            self.log(),
        );
        text(&output.stdout)
    }

    /// One request over a connection of its own, with a JSON body if one is
    /// given: the status and the answer's body.
    pub(crate) fn http(&self, method: &str, path: &str, body: Option<&str>) -> (u16, String) {
        http(&self.socket(), method, path, body)
            .unwrap_or_else(|| panic!("{method} {path}: no answer\n{}", self.log()))
    }

    /// All events so far that pass `filter`, each in `format`. To the nanosecond:
    /// the CLI's own `--until 0s` leaves out the second that is running.
    pub(crate) fn events(&self, filter: &str, format: &str) -> Vec<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let until = format!("{}.{:09}", now.as_secs(), now.subsec_nanos());
        let args = [
            "events", "--since", "0", "--until", &until, "--filter", filter, "--format", format,
        ];
        self.docker(&args).lines().map(str::to_owned).collect()
    }

    /// Imports the host's static busybox as `busybox:latest`.
    pub(crate) fn import_busybox(&self) {
        let mut child = self
            .docker_with(
                &clis()[0],
                &["import", "-c", "CMD [\"sh\"]", "-", "busybox:latest"],
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut tar = tar::Builder::new(child.stdin.take().unwrap());
        let program = std::fs::read("/bin/busybox").expect("Debian's busybox-static");
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(program.len() as u64);
        tar.append_data(&mut header, "bin/busybox", &program[..])
            .unwrap();
        let applets = Command::new("/bin/busybox").arg("--list").output().unwrap();
        for applet in text(&applets.stdout)
            .lines()
            .filter(|name| *name != "busybox")
        {
            let mut link = tar::Header::new_gnu();
            link.set_entry_type(tar::EntryType::Symlink);
            link.set_size(0);
            link.set_mode(0o777);
            tar.append_link(&mut link, format!("bin/{applet}"), "busybox")
                .unwrap();
        }
        let users = b"root:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/:/bin/sh\n";
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(users.len() as u64);
        tar.append_data(&mut header, "etc/passwd", &users[..])
            .unwrap();
        drop(tar.into_inner().unwrap());
        assert!(
            child.wait().unwrap().success(),
            "docker import: {}",
            self.log()
        );
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.is_none() {
            self.run();
        }
        let containers = self.try_docker(&["ps", "-aq"]);
        let ids = text(&containers.stdout);
        let ids: Vec<&str> = ids.lines().collect();
        if !ids.is_empty() {
            let _ = self.try_docker(&[&["rm", "-f"], &ids[..]].concat());
        }
        self.terminate();
        if std::thread::panicking() {
            eprintln!("daemon's log:\n{}", self.log());
        }
    }
}

/// One request over a connection of its own: the status and the body as far as
/// it came; nothing when there is no answer.
pub(crate) fn http(
    socket: &Path,
    method: &str,
    path: &str,
    body: Option<&str>,
) -> Option<(u16, String)> {
    let mut stream = UnixStream::connect(socket).ok()?;
    let (kind, body) = match body {
        Some(body) => ("Content-Type: application/json\r\n", body),
        None => ("", ""),
    };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\n{kind}Content-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    // A daemon that is killed may break off anywhere.
    stream.read_to_end(&mut answer).ok();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// The docker CLIs of this machine, each version once; at least one is needed.
pub(crate) fn clis() -> Vec<PathBuf> {
    let mut found: Vec<(String, PathBuf)> = Vec::new();
    for path in ["/usr/local/bin/docker", "/usr/bin/docker"] {
        let Ok(output) = Command::new(path).arg("--version").output() else {
            continue;
        };
        let version = text(&output.stdout);
        if output.status.success() && !found.iter().any(|(known, _)| *known == version) {
            found.push((version, PathBuf::from(path)));
        }
    }
    assert!(
        !found.is_empty(),
        "no docker CLI: apt-get install docker.io"
    );
    found.into_iter().map(|(_, path)| path).collect()
}

/// Waits until `probe` answers something, within [`PATIENCE`].
pub(crate) fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// An address of this process's own. A port of it is as free as it was a moment
/// ago; one of 127.0.0.1 may be the other end of somebody's connection now.
pub(crate) fn own_loopback() -> std::net::Ipv4Addr {
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    std::net::Ipv4Addr::new(127, 64 + high % 64, middle, low)
}

/// Bytes as text, without the last newline.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .trim_end_matches('\n')
        .to_owned()
}
