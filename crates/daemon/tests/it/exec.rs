//! Further processes in a container, through the docker CLI.

use std::io::Write;
use std::process::{Output, Stdio};

use crate::harness::{Daemon, clis, text, wait_for};

fn host(daemon: &Daemon) {
    daemon.import_busybox();
    let command = [
        "run", "-d", "--net", "none", "--name", "host", "-e", "A=outer",
    ];
    daemon.docker(&[&command[..], &["-u", "www", "busybox", "sleep", "1000"]].concat());
}

fn exec(daemon: &Daemon, args: &[&str]) -> Output {
    daemon.try_docker(&[&["exec"], args].concat())
}

#[test]
fn options_arrive_inside() {
    let daemon = Daemon::start();
    host(&daemon);
    let said = |args: &[&str]| {
        let output = exec(&daemon, args);
        let error = text(&output.stderr);
        assert!(output.status.success(), "{args:?}: {error}");
        text(&output.stdout)
    };
    assert_eq!(said(&["host", "id", "-u"]), "33");
    assert_eq!(said(&["-u", "0", "host", "id", "-u"]), "0");
    assert_eq!(
        said(&["-u", "12:34", "host", "sh", "-c", "id -u; id -g"]),
        "12\n34"
    );
    assert_eq!(said(&["-w", "/etc", "host", "pwd"]), "/etc");
    let env = [
        "-e",
        "A=inner",
        "-e",
        "B=b",
        "host",
        "sh",
        "-c",
        "echo $A $B",
    ];
    assert_eq!(said(&env), "inner b");
    assert_eq!(said(&["host", "sh", "-c", "echo $A $HOME"]), "outer /");
    let caps =
        |args: &[&str]| said(&[args, &["host", "grep", "CapEff", "/proc/self/status"]].concat());
    let all = caps(&["--privileged", "-u", "0"]);
    assert!(all > caps(&["-u", "0"]), "{all}");
    assert!(said(&["-t", "host", "tty"]).starts_with("/dev/pts/"));
    assert!(said(&["host", "sh", "-c", "tty || true"]).starts_with("not a tty"));
}

#[test]
fn codes_and_words_are_dockerds() {
    let daemon = Daemon::start();
    host(&daemon);
    let cases: [(&[&str], i32, &str); 8] = [
        (&["host", "sh", "-c", "exit 7"], 7, ""),
        (&["host", "sh", "-c", "kill -9 $$"], 137, ""),
        (
            &["host", "nosuch"],
            126,
            "exec: \"nosuch\": executable file not found in $PATH: unknown",
        ),
        (
            &["host", "/etc/passwd"],
            126,
            "exec: \"/etc/passwd\": permission denied: unknown",
        ),
        (
            &["-w", "/nosuch", "host", "true"],
            126,
            "chdir to cwd (\"/nosuch\") set in config.json failed: no such file or directory",
        ),
        (
            &["-u", "nosuch", "host", "true"],
            126,
            "unable to find user nosuch: no matching entries in passwd file",
        ),
        (&["nosuch", "true"], 1, "No such container: nosuch"),
        (
            &["-w", "rel", "host", "true"],
            126,
            "Cwd must be an absolute path",
        ),
    ];
    for (args, code, words) in cases {
        let output = exec(&daemon, args);
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
    }
    daemon.docker(&["pause", "host"]);
    let refused = text(&exec(&daemon, &["host", "true"]).stderr);
    assert!(
        refused.contains("Container host is paused, unpause the container before exec"),
        "{refused}"
    );
    daemon.docker(&["unpause", "host"]);
    daemon.docker(&["stop", "-t", "0", "host"]);
    let refused = text(&exec(&daemon, &["host", "true"]).stderr);
    assert!(refused.contains(" is not running"), "{refused}");
}

#[test]
fn input_ends_and_output_goes_on() {
    let daemon = Daemon::start();
    host(&daemon);
    let script = "cat; echo end; sleep 0.2; echo later";
    let mut child = daemon
        .docker_with(&clis()[0], &["exec", "-i", "host", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"typed\n").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout), "typed\nend\nlater");
}

#[test]
fn they_end_with_the_container_and_outlive_the_daemon() {
    let mut daemon = Daemon::start();
    host(&daemon);
    daemon.docker(&["exec", "-d", "host", "sleep", "777"]);
    let ids = |daemon: &Daemon| daemon.docker(&["inspect", "-f", "{{json .ExecIDs}}", "host"]);
    let running = ids(&daemon);
    assert_eq!(running.len(), 64 + 4, "{running}");
    daemon.kill();
    daemon.run();
    assert_eq!(ids(&daemon), running);
    let top = daemon.docker(&["top", "host"]);
    assert!(top.contains("sleep 777"), "{top}");
    daemon.docker(&["exec", "host", "killall", "sleep"]);
    wait_for("the exec to end", || (ids(&daemon) == "null").then_some(()));
    let events = |action: &str| {
        let format = "{{.Actor.Attributes.execID}} {{.Actor.Attributes.exitCode}}";
        daemon.events(&format!("event={action}"), format)
    };
    let id = running.trim_matches(|c| "[\"]".contains(c));
    let died = events("exec_die");
    assert!(died.contains(&format!("{id} 143")), "{died:?}");
    let started = events("exec_start");
    let of_it = started.iter().filter(|line| line.starts_with(id));
    assert_eq!(of_it.count(), 1, "{started:?}");
    daemon.docker(&["exec", "-d", "host", "sleep", "778"]);
    daemon.docker(&["kill", "host"]);
    assert_eq!(ids(&daemon), "null");
}
