//! The docker CLI against the mock engine of `examples/`: every one that is
//! installed.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

#[path = "../../examples/mock.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    reason = "an example is a program of its own"
)]
mod mock;

/// The CLIs on this machine, each once.
fn installed() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(["/usr/bin".into(), "/usr/local/bin".into()])
        .filter_map(|directory| directory.join("docker").canonicalize().ok())
        .collect();
    found.sort();
    found.dedup();
    assert!(
        !found.is_empty(),
        "this test needs the docker CLI: apt-get install docker.io"
    );
    found
}

async fn docker(cli: &Path, socket: &Path, arguments: &[&str]) -> String {
    let output = Command::new(cli)
        .arg("-H")
        .arg(format!("unix://{}", socket.display()))
        .args(arguments)
        .env("DOCKER_CONFIG", socket.with_extension("config"))
        .env_remove("DOCKER_API_VERSION")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(60), output)
        .await
        .expect("the CLI ends")
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{cli:?} {arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn docker_cli_talks_to_the_mock() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("mock.sock");
    let server = mock::server();
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    tokio::spawn({
        let server = server.clone();
        async move { server.serve(listener).await }
    });
    for cli in installed() {
        let version = docker(&cli, &socket, &["version"]).await;
        assert!(version.contains("0.1.0-mock"), "{version}");
        assert!(version.contains("1.40"), "{version}");
        let list = docker(&cli, &socket, &["ps", "--no-trunc"]).await;
        for part in ["c0ffee", "patience", "rock:latest", "Up 6 years"] {
            assert!(list.contains(part), "{list}");
        }
        let none = docker(&cli, &socket, &["ps", "-q", "--filter", "name=nobody"]).await;
        assert_eq!(none, "");
    }
    server.shutdown(Duration::from_secs(10)).await;
}
