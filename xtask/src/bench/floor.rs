//! The bare cgroup, clone3, mounts and execve: a program of the runtime's that
//! does one such run a line it reads, and answers its nanoseconds.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::row::Probe;
use crate::exec;

/// A static program that, called `true`, does nothing: Debian's busybox-static.
const STATIC: &str = "/bin/busybox";

pub(super) struct Floor {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

pub(super) fn build() -> Result<PathBuf, String> {
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
    pub(super) fn start(program: &Path) -> Result<Self, String> {
        // In a network and mount namespace of its own, as the engines are.
        let mut child = Command::new("unshare")
            .args(["--net", "--mount"])
            .arg(program)
            .arg(STATIC)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or("no pipe")?;
        Ok(Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
        })
    }

    pub(super) fn into_probe(mut self) -> Probe<'static> {
        Box::new(move || {
            let mut line = String::new();
            self.stdin
                .as_mut()
                .ok_or("the floor program was ended")?
                .write_all(b"\n")
                .map_err(|e| e.to_string())?;
            self.stdout
                .read_line(&mut line)
                .map_err(|e| e.to_string())?;
            if line.is_empty() {
                return Err("the floor program ended".to_owned());
            }
            let nanoseconds: f64 = line.trim().parse().map_err(|e| format!("{line}: {e}"))?;
            Ok((nanoseconds / 1e6).into())
        })
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // It ends, and cleans up, at the end of its input.
        self.stdin = None;
        let _ = self.child.wait();
    }
}
