//! The program `longshore-registry`, started as people start it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A running `longshore-registry`; killed when dropped.
pub(crate) struct Program {
    process: Child,
    pub(crate) address: String,
}

impl Program {
    /// Starts one on a free port.
    pub(crate) fn start(data: &Path, flags: &[&str]) -> Self {
        let mut process = command()
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("it says {line:?}"))
            .to_owned();
        Self { process, address }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        // It may have been killed before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_longshore-registry"))
}

/// Runs a program and gives what it says; it must succeed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = output(command);
    let text = said(&output);
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

/// Runs a program that must fail, and gives what it says.
pub(crate) fn fail(command: &mut Command) -> String {
    let output = output(command);
    let text = said(&output);
    assert!(!output.status.success(), "{command:?}: {text}");
    text
}

fn output(command: &mut Command) -> Output {
    command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Makes a certificate for 127.0.0.1 and localhost: its file and its key's.
pub(crate) fn certificate(directory: &Path) -> (PathBuf, PathBuf) {
    let (cert, key) = (directory.join("ca.crt"), directory.join("key.pem"));
    run(Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=registry", "-addext"])
        .args(["subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&cert));
    (cert, key)
}

#[test]
fn one_process_has_the_content_at_a_time() {
    let data = tempfile::tempdir().expect("a directory");
    let mut first = Program::start(data.path(), &[]);
    let second = fail(
        command()
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data.path()),
    );
    assert!(second.contains("in use by another registry"), "{second}");
    let gc = fail(command().args(["gc", "--data"]).arg(data.path()));
    assert!(gc.contains("in use by another registry"), "{gc}");
    first.kill();
    let gc = run(command().args(["gc", "--data"]).arg(data.path()));
    assert_eq!(gc, "removed 0 manifests, 0 blobs, 0 bytes\n");
}

#[test]
fn flags_that_mean_nothing_together_are_refused() {
    for (flags, wanted) in [
        (vec!["--token"], "--htpasswd"),
        (
            vec!["--grant", "a:b:fly", "--htpasswd", "x"],
            "\"fly\" is no action",
        ),
        (vec!["--tls-cert", "x"], "--tls-key"),
        (vec!["--sign-up"], "--v1"),
        (vec!["--listen", "here"], "here"),
    ] {
        let said = fail(command().args(&flags));
        assert!(said.contains(wanted), "{flags:?}: {said}");
    }
}
