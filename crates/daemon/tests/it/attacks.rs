//! Attempts that need the whole engine: a container and its execs against the
//! processes that made them, and clients against the daemon. The table of all
//! classes is in the runtime's `tests/containers/attacks`.
//!
//! | class (an example of it) | test |
//! | --- | --- |
//! | the runtime's binary overwritten (CVE-2019-5736) | [`the_runtimes_binary_stays_as_it_is`] |
//! | a process entered before it is set up (CVE-2016-9962) | [`execs_are_not_seen_before_they_are_set_up`] |
//! | a supervisor reachable from the host's network (CVE-2020-15257) | [`supervisors_are_out_of_reach`] |
//! | supervisors seen by containers with the host's processes | [`supervisors_are_out_of_reach`] |
//! | data and sockets open to others (CVE-2014-3499, CVE-2021-41091) | [`nothing_is_open_to_others`] |
//! | one container's environment in the next, or the daemon's (CVE-2020-14370, CVE-2021-3602) | [`environments_are_apart`] |
//! | output that forges log lines | [`output_cannot_forge_log_lines`] |
//! | requests that exhaust the daemon (CVE-2018-20699 and others) | [`requests_have_budgets`] |
//! | clients that never finish | [`slow_clients_hold_up_nobody`] |
//! | an image's labels taken for settings (CVE-2014-6408, CVE-2026-53488) | [`labels_are_not_settings`] |
//! | the engine runs a program of the container (CVE-2019-14271, CVE-2026-41567, CVE-2022-1227) | [`files::programs_of_a_container_are_not_run_for_the_engine`] |
//! | an export or copy that follows links (CVE-2018-15664, CVE-2023-0778) | [`files::an_export_holds_what_is_the_containers`], `copy` |
//! | working directories that lead out (CVE-2024-21626) | [`files::directories_to_begin_in_are_inside`] |

mod files;

use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Daemon, text};

/// Execs during which an attacker looks for a gap.
const ROUNDS: usize = 20;

fn lab() -> Daemon {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon
}

/// A container that runs `script` for ever.
fn attacker(daemon: &Daemon, flags: &[&str], script: &str) -> String {
    let head = ["run", "-d", "--net", "none"];
    let tail = ["busybox", "sh", "-c", script];
    daemon.docker(&[&head[..], flags, &tail].concat())
}

#[test]
fn the_runtimes_binary_stays_as_it_is() {
    let daemon = lab();
    let binary = Path::new(env!("CARGO_BIN_EXE_longshored"));
    let before = std::fs::metadata(binary).unwrap();
    let id = attacker(
        &daemon,
        &["--cap-add", "ALL", "--security-opt", "seccomp=unconfined"],
        "cp /bin/busybox /own; while :; do for p in /proc/[0-9]*; do \
         case $(readlink $p/exe) in *busybox|/own|'') ;; \
         *) (echo broken >> $p/exe) 2>/dev/null && echo WROTE $(readlink $p/exe);; esac; \
         done; done",
    );
    for _ in 0..ROUNDS {
        // The program to run is the one that is running just now.
        // The program to run is the one that is running just now. It is a
        // read-only copy, and may well be run.
        daemon.try_docker(&["exec", &id, "/proc/self/exe", "--version"]);
    }
    let said = daemon.docker(&["logs", &id]);
    assert!(!said.contains("WROTE"), "{said}");
    let after = std::fs::metadata(binary).unwrap();
    assert_eq!((before.len(), before.mtime()), (after.len(), after.mtime()));
    daemon.docker(&["version"]);
}

#[test]
fn execs_are_not_seen_before_they_are_set_up() {
    let daemon = lab();
    let id = attacker(
        &daemon,
        &[],
        "while :; do for p in /proc/[0-9]*; do exe=$(readlink $p/exe 2>/dev/null); \
         case \"$exe\" in */busybox|'') ;; *) echo SEEN $exe $(ls -l $p/fd);; esac; \
         root=$(readlink $p/root 2>/dev/null); \
         case \"$root\" in /|'') ;; *) echo OUTSIDE $root;; esac; done; done",
    );
    for _ in 0..ROUNDS {
        assert_eq!(daemon.docker(&["exec", &id, "echo", "in"]), "in");
    }
    let said = daemon.docker(&["logs", &id]);
    assert_eq!(said, "", "what it saw");
}

#[test]
fn supervisors_are_out_of_reach() {
    let daemon = lab();
    let id = attacker(&daemon, &[], "sleep 1000");
    let exec_root = daemon.path().join("exec");
    let socket = exec_root.join("containers").join(&id).join("shim.sock");
    assert!(socket.exists(), "{}", socket.display());
    let said = daemon.docker(&[
        "run",
        "--rm",
        "--net",
        "host",
        "busybox",
        "sh",
        "-c",
        &format!("cat /proc/net/unix; ls {} 2>&1; true", socket.display()),
    ]);
    let abstracts: Vec<_> = said
        .lines()
        .filter(|line| line.contains(" @") && line.contains("longshore"))
        .collect();
    assert!(abstracts.is_empty(), "{abstracts:?}");
    assert!(said.contains("No such file or directory"), "{said}");

    // With the host's processes in sight, nothing can be had from them.
    let pid: i32 = daemon
        .docker(&["inspect", "-f", "{{.State.Pid}}", &id])
        .parse()
        .unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let shim = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap();
    let script = format!(
        "cd /proc/{shim} && cat comm; for f in environ mem maps fd/0 exe; do \
         (: < $f) 2>/dev/null && echo GOT $f; done; for d in root/ cwd/; do \
         ls $d >/dev/null 2>&1 && echo GOT $d; done; readlink fd/0; true"
    );
    let said = daemon.docker(&[
        "run", "--rm", "--net", "none", "--pid", "host", "busybox", "sh", "-c", &script,
    ]);
    assert_eq!(said, "longshore-shim", "its name alone");
}

#[test]
fn nothing_is_open_to_others() {
    let daemon = lab();
    let id = attacker(&daemon, &[], "sleep 1000");
    let mode = |path: &Path| {
        std::fs::symlink_metadata(path)
            .unwrap()
            .permissions()
            .mode()
            & 0o7777
    };
    assert_eq!(mode(&daemon.socket()), 0o660);
    for (place, most) in [("data", 0o710), ("exec", 0o711), ("exec/containers", 0o700)] {
        let found = mode(&daemon.path().join(place));
        assert_eq!(found & !most, 0, "{place}: {found:o}");
    }
    let records = daemon.path().join("data/containers").join(&id);
    for entry in std::fs::read_dir(&records).unwrap() {
        let path = entry.unwrap().path();
        let found = mode(&path);
        assert_eq!(found & 0o022, 0, "{}: {found:o}", path.display());
    }
    let shim = daemon
        .path()
        .join("exec/containers")
        .join(&id)
        .join("shim.sock");
    assert_eq!(mode(&shim) & 0o077, 0, "{:o}", mode(&shim));
}

#[test]
fn environments_are_apart() {
    let daemon = lab();
    daemon.docker(&[
        "run",
        "--rm",
        "--net",
        "none",
        "-e",
        "SECRET=canary",
        "busybox",
        "true",
    ]);
    let said = daemon.docker(&["run", "--rm", "--net", "none", "busybox", "env"]);
    let mut names: Vec<_> = said
        .lines()
        .filter_map(|line| line.split('=').next())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "HOSTNAME", "PATH"], "{said}");
    let body = json!({"Image": "busybox", "Env": ["A=b\u{0}LD_PRELOAD=/x"], "Cmd": ["env"],
        "HostConfig": {"NetworkMode": "none"}});
    let (status, said) = daemon.http("POST", "/containers/create", Some(&body.to_string()));
    if status == 201 {
        let made: serde_json::Value = serde_json::from_str(&said).unwrap();
        let output = daemon.try_docker(&["start", "-a", made["Id"].as_str().unwrap()]);
        assert!(!output.status.success());
        assert!(!text(&output.stdout).contains("LD_PRELOAD"));
    }
}

#[test]
fn output_cannot_forge_log_lines() {
    let daemon = lab();
    let forged = r#"x\n","stream":"stdout","time":"2000-01-01T00:00:00Z"}{"log":"forged"#;
    let script = format!("printf '%s\\n' '{forged}'; printf 'a\\rb\\033[2Kc\\000d\\n'");
    daemon.docker(&[
        "run", "--name", "forger", "--net", "none", "busybox", "sh", "-c", &script,
    ]);
    let said = daemon.docker(&["logs", "-t", "forger"]);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said:?}");
    assert!(
        lines[0].ends_with(forged) && !lines[0].starts_with("2000"),
        "{said:?}"
    );
    assert!(lines[1].ends_with("a\rb\u{1b}[2Kc\0d"), "{said:?}");
}

/// Resident memory of the daemon's process in bytes.
fn resident(daemon: &Daemon) -> u64 {
    let pid = std::fs::read_to_string(daemon.path().join("pid")).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn requests_have_budgets() {
    let daemon = lab();
    let before = resident(&daemon);
    let create = |body: &str| daemon.http("POST", "/containers/create", Some(body));
    for depth in [1000, 100_000] {
        let nested = format!("{{\"Labels\":{}", "[".repeat(depth));
        let (status, _) = create(&nested);
        assert_eq!(status, 400, "depth {depth}");
        let nested = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let body = format!("{{\"Image\":\"busybox\",\"Unknown\":{nested}}}");
        let (status, said) = create(&body);
        assert!(
            status == 400 || status == 201,
            "depth {depth}: {status} {said}"
        );
    }
    let profile = format!("{{\"a\":{}", "[".repeat(100_000));
    for host in [
        json!({"CpusetCpus": "0-9999999999"}),
        json!({"CpusetCpus": "0,".repeat(100_000)}),
        json!({"SecurityOpt": [format!("seccomp={profile}")]}),
    ] {
        let body = json!({"Image": "busybox", "HostConfig": host}).to_string();
        let begin = Instant::now();
        let (status, said) = create(&body);
        assert_eq!(status, 400, "{} {said}", &body[..body.len().min(200)]);
        assert!(begin.elapsed() < Duration::from_secs(2));
    }
    let grown = resident(&daemon).saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more at the peak");
    daemon.docker(&["version"]);
}

#[test]
fn slow_clients_hold_up_nobody() {
    let daemon = lab();
    let mut slow = Vec::new();
    for number in 0..200 {
        let mut stream = UnixStream::connect(daemon.socket()).unwrap();
        let part = match number % 3 {
            0 => "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Le",
            1 => "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
            _ => "",
        };
        stream.write_all(part.as_bytes()).unwrap();
        slow.push(stream);
    }
    let begin = Instant::now();
    let said = daemon.docker(&["run", "--rm", "--net", "none", "busybox", "echo", "quick"]);
    assert_eq!(said, "quick");
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    // A length that contradicts itself is not guessed at.
    let mut stream = UnixStream::connect(daemon.socket()).unwrap();
    let request = "POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\
                   Content-Length: 3\r\n\r\n{}x";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let _ = stream.read_to_string(&mut answer);
    assert!(
        answer.starts_with("HTTP/1.1 400") || answer.is_empty(),
        "{answer}"
    );
}

#[test]
fn labels_are_not_settings() {
    let daemon = lab();
    let said = daemon.docker(&[
        "run",
        "--rm",
        "--net",
        "none",
        "-l",
        "Privileged=true",
        "-l",
        "seccomp=unconfined",
        "-l",
        "org.systemd.property.ExecStart=/x",
        "-l",
        "io.kubernetes.cri.devices=/dev/mem",
        "-l",
        "capabilities=ALL",
        "busybox",
        "grep",
        "-e",
        "CapEff",
        "-e",
        "Seccomp:",
        "/proc/self/status",
    ]);
    assert_eq!(said, "CapEff:\t00000000a80425fb\nSeccomp:\t2");
}
