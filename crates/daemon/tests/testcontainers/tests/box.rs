//! testcontainers as its users write it, on an engine that this test starts:
//! a container from a starter image, a log line to wait for, a mapped port.

use std::env;
use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use testcontainers::core::{ExecCommand, IntoContainerPort, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{GenericImage, ImageExt};

/// How long the engine may take to answer, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A longshored with a folder and a bridge of its own.
struct Engine {
    child: Child,
    dir: tempfile::TempDir,
}

impl Engine {
    /// Starts the binary that `LONGSHORED` names on the socket that `DOCKER_HOST`
    /// names: there testcontainers looks for it, and no process can change its
    /// own environment safely.
    fn start() -> Self {
        let set = |name: &str| {
            env::var(name).unwrap_or_else(|_| panic!("{name} is not set: cargo xtask test does"))
        };
        let (program, host) = (set("LONGSHORED"), set("DOCKER_HOST"));
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        // Unlike other tests' bridges, which may run at the same time.
        let number = std::process::id() % 250;
        let child = Command::new(program)
            .args(["--host", &host])
            .arg("--data-root")
            .arg(at("data"))
            .arg("--exec-root")
            .arg(at("exec"))
            .arg("--pidfile")
            .arg(at("pid"))
            .args(["--bridge", &format!("lstc{number}")])
            .args(["--bip", &format!("10.199.{number}.1/24")])
            .stderr(File::create(at("log")).unwrap())
            .spawn()
            .unwrap();
        let engine = Self { child, dir };
        let end = Instant::now() + PATIENCE;
        let socket = host.strip_prefix("unix://").expect("a unix socket");
        while UnixStream::connect(socket).is_err() {
            assert!(Instant::now() < end, "no answer: {}", engine.log());
            // A process that starts has no event to wait for.
            thread::sleep(Duration::from_millis(20));
        }
        engine
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        // The shell's kill: no crate is needed for one signal.
        let status = Command::new("kill").arg(&pid).status();
        assert!(status.is_ok_and(|status| status.success()));
        let end = Instant::now() + PATIENCE;
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < end {
            // The standard library waits for a child for ever or not at all.
            thread::sleep(Duration::from_millis(20));
        }
        let bridge = format!("lstc{}", std::process::id() % 250);
        // Whoever killed the engine may have taken it already.
        let _ = Command::new("ip")
            .args(["link", "delete", &bridge])
            .output();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_line_is_awaited_and_a_port_is_mapped() {
    let engine = Engine::start();
    let container = GenericImage::new("box", "latest")
        .with_exposed_port(80.tcp())
        .with_wait_for(WaitFor::message_on_stderr("listening on port 80"))
        .with_cmd(["httpd", "-p", "80", "mapped"])
        .with_env_var("WHO", "testcontainers")
        .with_label("for", "a test")
        .start()
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", engine.log()));

    // Where the client itself seems to be in a container, that is the default
    // bridge's gateway: the page must be reached there too.
    let host = container.get_host().await.unwrap().to_string();
    let port = container.get_host_port_ipv4(80.tcp()).await.unwrap();
    assert_eq!(page(&host, port), "mapped\n");

    let mut ran = container
        .exec(ExecCommand::new(["printenv", "WHO"]))
        .await
        .unwrap();
    assert_eq!(ran.stdout_to_vec().await.unwrap(), b"testcontainers\n");
    assert_eq!(ran.exit_code().await.unwrap(), Some(0));

    // The server takes no signals, being process 1; only SIGKILL ends it.
    container.stop_with_timeout(Some(0)).await.unwrap();
    assert!(!container.is_running().await.unwrap());
    let log = container.stderr_to_vec().await.unwrap();
    assert!(log.starts_with(b"httpd: listening on port 80\n"));

    container.start().await.unwrap();
    let port = container.get_host_port_ipv4(80.tcp()).await.unwrap();
    assert_eq!(page(&host, port), "mapped\n");
    container.rm().await.unwrap();
    assert!(left(engine.dir.path()).is_empty(), "containers are left");
}

/// What the server in the container answers; it may need a moment after the
/// port is there.
fn page(host: &str, port: u16) -> String {
    let end = Instant::now() + PATIENCE;
    loop {
        let mut text = String::new();
        let asked = TcpStream::connect((host, port)).and_then(|mut peer| {
            peer.set_read_timeout(Some(Duration::from_secs(5)))?;
            peer.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
            peer.read_to_string(&mut text)
        });
        if asked.is_ok() && !text.is_empty() {
            return text.split("\r\n\r\n").nth(1).unwrap_or_default().to_owned();
        }
        assert!(Instant::now() < end, "no page on {host}:{port}: {asked:?}");
        // A server that is about to listen announces it to nobody.
        thread::sleep(Duration::from_millis(50));
    }
}

/// The containers that the engine still keeps.
fn left(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir.join("data/containers")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}
