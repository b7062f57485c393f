//! What people type, with every docker CLI of this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::census::assert_nothing_left;
use crate::harness::{Daemon, clis, text, wait_for};

/// Runs one check with a daemon of its own per CLI.
fn each_cli(start: fn() -> Daemon, check: impl Fn(&Daemon, &Path)) {
    for cli in clis() {
        let daemon = start();
        check(&daemon, &cli);
    }
}

#[test]
fn version_and_info() {
    each_cli(Daemon::start, |daemon, cli| {
        let version = daemon.docker_of(
            cli,
            &["version", "-f", "{{.Server.APIVersion}} {{.Server.Os}}"],
        );
        assert_eq!(version, "1.40 linux");
        let info = daemon.docker_of(
            cli,
            &["info", "-f", "{{.OSType}} {{.Containers}} {{.NCPU}}"],
        );
        let cpus = std::thread::available_parallelism().unwrap();
        assert_eq!(info, format!("linux 0 {cpus}"));
        // The plain form asks for everything and prints it.
        assert!(daemon.docker_of(cli, &["info"]).contains("Server:"));
    });
}

#[test]
fn hello_world_works_at_once() {
    each_cli(Daemon::with_bridge, |daemon, cli| {
        let said = daemon.docker_of(cli, &["run", "--rm", "hello-world"]);
        assert!(said.contains("Hello"), "{said}");
        assert_eq!(daemon.docker_of(cli, &["ps", "-aq"]), "");
    });
}

#[test]
fn images_travel() {
    each_cli(Daemon::start, |daemon, cli| {
        daemon.import_busybox();
        let id = daemon.docker_of(cli, &["images", "-q", "--no-trunc", "busybox"]);
        assert!(id.starts_with("sha256:"), "{id}");
        daemon.docker_of(cli, &["tag", "busybox", "other:1"]);
        let archive = daemon.path().join("busybox.tar");
        let archive = archive.to_string_lossy();
        daemon.docker_of(cli, &["save", "-o", &archive, "busybox:latest", "other:1"]);
        let removed = daemon.docker_of(cli, &["rmi", "busybox", "other:1"]);
        assert!(removed.contains("Untagged: other:1"), "{removed}");
        assert!(removed.contains(&format!("Deleted: {id}")), "{removed}");
        assert_eq!(daemon.docker_of(cli, &["images", "-q", "busybox"]), "");
        let loaded = daemon.docker_of(cli, &["load", "-i", &archive]);
        assert!(loaded.contains("Loaded image: busybox:latest"), "{loaded}");
        assert!(loaded.contains("Loaded image: other:1"), "{loaded}");
        assert_eq!(
            daemon.docker_of(cli, &["images", "-q", "--no-trunc", "other"]),
            id
        );
        let ran = daemon.docker_of(
            cli,
            &["run", "--rm", "--net", "none", "other:1", "echo", "here"],
        );
        assert_eq!(ran, "here");
    });
}

#[test]
fn a_missing_image_and_a_missing_command() {
    each_cli(Daemon::start, |daemon, cli| {
        let code = |args: &[&str]| {
            let output = daemon.docker_with(cli, args).output().unwrap();
            (output.status.code(), text(&output.stderr))
        };
        let (status, said) = code(&["run", "--rm", "--net", "none", "box", "no-such-program"]);
        assert_eq!(status, Some(127), "{said}");
        assert!(
            said.contains("executable file not found in $PATH"),
            "{said}"
        );
        let (status, said) = code(&["run", "--rm", "--net", "none", "box", "/etc"]);
        assert_eq!(status, Some(126), "{said}");
        let (status, said) = code(&["run", "--rm", "--pull", "never", "no-such-image"]);
        assert_eq!(status, Some(125), "{said}");
        assert!(
            said.contains("No such image: no-such-image:latest"),
            "{said}"
        );
        assert_eq!(daemon.docker_of(cli, &["ps", "-aq"]), "");
    });
}

#[test]
fn run_passes_output_input_and_exit_code() {
    each_cli(Daemon::start, |daemon, cli| {
        daemon.import_busybox();
        let output = daemon
            .docker_with(
                cli,
                &[
                    "run",
                    "--rm",
                    "--net",
                    "none",
                    "busybox",
                    "sh",
                    "-c",
                    "echo out; echo err >&2; exit 7",
                ],
            )
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(7));
        assert_eq!(text(&output.stdout), "out");
        assert_eq!(text(&output.stderr), "err");

        let mut child = daemon
            .docker_with(
                cli,
                &["run", "--rm", "-i", "--net", "none", "busybox", "wc", "-c"],
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let megabyte = vec![b'x'; 1 << 20];
        child.stdin.take().unwrap().write_all(&megabyte).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(text(&output.stdout), "1048576");
    });
}

#[test]
fn a_terminal_has_the_client_s_window() {
    each_cli(Daemon::start, |daemon, cli| {
        daemon.import_busybox();
        // `script` gives the CLI a terminal of its own, which is then sized.
        let on_terminal = |docker: &str| {
            let line = format!("stty rows 33 cols 77; {} {docker}", cli.display());
            let output = Command::new("script")
                .args(["--quiet", "--return", "--command", &line, "/dev/null"])
                .env("DOCKER_HOST", daemon.host())
                .stdin(Stdio::null())
                .output()
                .unwrap();
            text(&output.stdout).replace('\r', "")
        };
        // The size comes by a second request, after the start; so wait for it.
        let script = "until [ \"$(stty size)\" = '33 77' ]; do usleep 1000; done; stty size";
        std::fs::write(daemon.path().join("size.sh"), script).unwrap();
        let bind = format!("{}:/scripts", daemon.path().display());
        let said = on_terminal(&format!(
            "run --rm -it --net none -v {bind} busybox sh /scripts/size.sh"
        ));
        assert!(said.contains("33 77"), "{said}");

        daemon.docker_of(
            cli,
            &[
                "run", "-d", "--name", "host", "--net", "none", "busybox", "sleep", "1000",
            ],
        );
        let said = on_terminal("exec -it host tty");
        assert!(said.contains("/dev/pts/"), "{said}");
        let output = daemon
            .docker_with(cli, &["exec", "host", "sh", "-c", "exit 9"])
            .output();
        assert_eq!(output.unwrap().status.code(), Some(9));
        assert_eq!(
            daemon.docker_of(cli, &["exec", "-e", "A=b", "host", "sh", "-c", "echo $A"]),
            "b"
        );
    });
}

#[test]
fn a_published_port_answers_on_the_host() {
    each_cli(Daemon::with_bridge, |daemon, cli| {
        let id = daemon.docker_of(
            cli,
            &[
                "run",
                "-d",
                "-p",
                "127.0.0.1::80",
                "box",
                "httpd",
                "-p",
                "80",
                "from the box",
            ],
        );
        let port = daemon.docker_of(cli, &["port", &id, "80/tcp"]);
        let address = port.lines().next().unwrap().to_owned();
        let ask = || {
            let mut stream = TcpStream::connect(&address).ok()?;
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n").ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).ok()?;
            (!answer.is_empty()).then_some(answer)
        };
        let answer = wait_for("the container's answer", ask);
        assert!(answer.contains("from the box"), "{answer}");

        let taken = daemon
            .docker_with(
                cli,
                &[
                    "run",
                    "--name",
                    "taken",
                    "-p",
                    &format!("{address}:80"),
                    "box",
                    "true",
                ],
            )
            .output()
            .unwrap();
        assert_eq!(taken.status.code(), Some(125));
        assert!(
            text(&taken.stderr).contains("port is already allocated"),
            "{}",
            text(&taken.stderr)
        );
        daemon.docker_of(cli, &["rm", "-f", &id, "taken"]);
        // Another test may have been given the port by now.
        let answer = ask().unwrap_or_default();
        assert!(!answer.contains("from the box"), "it still answers");
        assert_nothing_left(daemon, &[id]);
    });
}

#[test]
fn logs_follow_to_the_end() {
    each_cli(Daemon::start, |daemon, cli| {
        daemon.import_busybox();
        let script =
            "for i in 1 2 3; do echo $i; done; while ! [ -e /go ]; do usleep 1000; done; echo last";
        daemon.docker_of(
            cli,
            &[
                "run", "-d", "--name", "talker", "--net", "none", "busybox", "sh", "-c", script,
            ],
        );
        let mut follower = daemon
            .docker_with(cli, &["logs", "-f", "--tail", "2", "talker"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
        assert_eq!(lines.next().unwrap().unwrap(), "2");
        assert_eq!(lines.next().unwrap().unwrap(), "3");
        // Nobody waits for it: it may end with the container that it lets go on.
        daemon.docker_of(cli, &["exec", "-d", "talker", "touch", "/go"]);
        assert_eq!(lines.next().unwrap().unwrap(), "last");
        assert!(lines.next().is_none());
        assert!(follower.wait().unwrap().success());
        let stamped = daemon.docker_of(cli, &["logs", "-t", "--tail", "1", "talker"]);
        let (time, line) = stamped.split_once(' ').unwrap();
        assert_eq!(line, "last");
        assert_eq!(time.len(), "2020-01-02T03:04:05.123456789Z".len(), "{time}");
    });
}

#[test]
fn a_container_s_life_as_events_tell_it() {
    each_cli(Daemon::start, |daemon, cli| {
        let since = daemon.docker_of(cli, &["info", "-f", "{{.SystemTime}}"]);
        daemon.docker_of(
            cli,
            &[
                "create", "--name", "one", "--net", "none", "box", "sleep", "1000",
            ],
        );
        daemon.docker_of(cli, &["start", "one"]);
        let top = daemon.docker_of(cli, &["top", "one"]);
        assert!(top.contains("sleep 1000"), "{top}");
        daemon.docker_of(cli, &["rename", "one", "two"]);
        daemon.docker_of(cli, &["restart", "-t", "0", "two"]);
        daemon.docker_of(cli, &["kill", "two"]);
        assert_eq!(daemon.docker_of(cli, &["wait", "two"]), "137");
        let listed = daemon.docker_of(cli, &["ps", "-a", "--format", "{{.Names}} {{.Status}}"]);
        assert!(listed.starts_with("two Exited (137) "), "{listed}");
        daemon.docker_of(cli, &["start", "two"]);
        daemon.docker_of(cli, &["stop", "-t", "0", "two"]);
        let tar = daemon.path().join("two.tar");
        daemon.docker_of(cli, &["export", "-o", &tar.to_string_lossy(), "two"]);
        let mut archive = tar::Archive::new(std::fs::File::open(&tar).unwrap());
        let names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                entry
                    .unwrap()
                    .path()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        assert!(
            names.iter().any(|name| name.ends_with("bin/sleep")),
            "{names:?}"
        );
        daemon.docker_of(cli, &["rm", "-f", "two"]);

        let until = daemon.docker_of(cli, &["info", "-f", "{{.SystemTime}}"]);
        let events = daemon.docker_of(
            cli,
            &[
                "events",
                "--since",
                &since,
                "--until",
                &until,
                "--filter",
                "type=container",
                "--format",
                "{{.Action}}",
            ],
        );
        let actions: Vec<&str> = events.lines().collect();
        assert_eq!(
            actions,
            [
                "create", "start", "top", "rename", // life
                "kill", "kill", "die", "stop", "start", "restart", // restart -t 0
                "kill", "die", "start", // kill, start
                "kill", "kill", "die", "stop", "export", "destroy",
            ]
        );
    });
}
