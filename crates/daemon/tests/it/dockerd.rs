//! A dockerd of a test's own, to compare with.

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use crate::harness::{clis, text, wait_for};

/// Without a network, on a folder of its own; ended when dropped.
pub(crate) struct Dockerd {
    dir: tempfile::TempDir,
    child: Child,
}

impl Dockerd {
    pub(crate) fn start() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("dockerd-it-")
            .tempdir()
            .unwrap();
        let place = |name: &str| dir.path().join(name);
        let log = std::fs::File::create(place("log")).unwrap();
        let child = Command::new("dockerd")
            .arg(format!("--host=unix://{}", place("sock").display()))
            .arg("--data-root")
            .arg(place("root"))
            .arg("--exec-root")
            .arg(place("run"))
            .arg("--pidfile")
            .arg(place("pid"))
            // Squashing is an experiment there.
            .args(["--bridge=none", "--iptables=false", "--experimental"])
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("dockerd of the package docker.io");
        let dockerd = Self { dir, child };
        wait_for("dockerd's first answer", || {
            dockerd.output(&["version"]).status.success().then_some(())
        });
        dockerd
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("sock")
    }

    /// What the docker CLI says and how it ends.
    pub(crate) fn output(&self, args: &[&str]) -> Output {
        Command::new(&clis()[0])
            .env("DOCKER_HOST", format!("unix://{}", self.socket().display()))
            .env("DOCKER_BUILDKIT", "0")
            .args(args)
            .output()
            .unwrap()
    }

    /// What the docker CLI prints; it must succeed.
    pub(crate) fn docker(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert!(
            output.status.success(),
            "dockerd: docker {}: {}",
            args.join(" "),
            text(&output.stderr)
        );
        text(&output.stdout)
    }
}

impl Drop for Dockerd {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        // Nothing is left to do for one that has ended.
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok();
        self.child.wait().ok();
    }
}
