//! Clients that leave in the middle, many of every kind: what served them goes
//! with them.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::harness::{Daemon, PATIENCE, wait_for};

/// How many of every kind.
const CLIENTS: usize = 200;

/// What clients ask for; `{exec}` is an exec of their own.
const REQUESTS: [(&str, &str, &str); 9] = [
    (
        "attach",
        "POST /v1.40/containers/busy/attach?stream=1&stdin=1&stdout=1&stderr=1",
        UPGRADE,
    ),
    (
        "replay",
        "POST /v1.40/containers/busy/attach?stream=1&logs=1&stdout=1",
        UPGRADE,
    ),
    (
        "logs -f",
        "GET /v1.40/containers/busy/logs?follow=1&stdout=1&stderr=1",
        "",
    ),
    ("exec", "POST /v1.40/exec/{exec}/start", UPGRADE),
    (
        "archive",
        "GET /v1.40/containers/busy/archive?path=/big",
        "",
    ),
    ("extract", "PUT /v1.40/containers/busy/archive?path=/", ""),
    ("events", "GET /v1.40/events", ""),
    ("stats", "GET /v1.40/containers/busy/stats", ""),
    (
        "wait",
        "POST /v1.40/containers/busy/wait?condition=next-exit",
        "",
    ),
];

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: tcp\r\n";

/// Asks for something and leaves: at once, behind the head, or with a part of
/// the answer.
fn come_and_go(daemon: &Daemon, request: (&str, &str, &str), turn: usize) {
    let (what, line, headers) = request;
    let mut stream = UnixStream::connect(daemon.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let line = match what {
        "exec" => line.replace("{exec}", &new_exec(daemon)),
        _ => line.to_owned(),
    };
    let body: &[u8] = match what {
        "exec" => br#"{"Detach":false,"Tty":false}"#,
        // The half of an archive: a head for a file that does not come.
        "extract" => &archive_head(),
        _ => b"",
    };
    let length = if what == "extract" {
        1 << 20
    } else {
        body.len()
    };
    let head = format!(
        "{line} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\
         Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    // The answer to an archive comes at its end.
    let wanted = match (what, turn % 3) {
        (_, 0) | ("extract", _) => 0,
        (_, 1) => 12,
        (_, _) => 100,
    };
    let mut answer = vec![0; wanted];
    stream.read_exact(&mut answer).unwrap();
    if wanted > 0 {
        let status = String::from_utf8_lossy(&answer[9..12]).into_owned();
        assert!(status == "200" || status == "101", "{what}: {status}");
    }
}

/// An exec that ends with its input.
fn new_exec(daemon: &Daemon) -> String {
    let body = r#"{"Cmd":["cat"],"AttachStdin":true,"AttachStdout":true}"#;
    let path = "/v1.40/containers/busy/exec";
    let (status, body) = daemon.http("POST", path, Some(body));
    assert_eq!(status, 201, "{body}");
    body.split('"').nth(3).unwrap().to_owned()
}

fn archive_head() -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path("half").unwrap();
    header.set_size(1 << 19);
    header.set_mode(0o644);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.resize(4096, b'x');
    bytes
}

/// How many descriptors of every kind the processes have open.
fn descriptors(pids: &[i32]) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for pid in pids {
        for entry in std::fs::read_dir(format!("/proc/{pid}/fd"))
            .unwrap()
            .flatten()
        {
            // It may be closed by now.
            let Ok(target) = std::fs::read_link(entry.path()) else {
                continue;
            };
            let target = target.to_string_lossy().into_owned();
            let kind = target.split(":[").next().unwrap_or_default();
            *kinds.entry(format!("{pid} {kind}")).or_default() += 1;
        }
    }
    kinds
}

/// Every process below one, with its name.
fn below(top: i32) -> Vec<(i32, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        let Some((head, tail)) = stat.rsplit_once(") ") else {
            continue;
        };
        let (pid, name) = head.split_once(" (").unwrap();
        let pid: i32 = pid.parse().unwrap();
        if tail.split(' ').nth(1) == Some(&top.to_string()) {
            found.push((pid, name.to_owned()));
            found.extend(below(pid));
        }
    }
    found
}

#[test]
fn whoever_leaves_takes_along_what_served_him() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let script = "dd if=/dev/zero of=/big bs=1M count=8 2>/dev/null; touch /made; \
                  while read line; do :; done & while :; do echo a line of text; sleep 0.05; done";
    daemon.docker(&[
        "run", "-di", "--name", "busy", "--net", "none", "busybox", "sh", "-c", script,
    ]);
    wait_for("the file", || {
        let there = daemon.try_docker(&["exec", "busy", "ls", "/made"]);
        there.status.success().then_some(())
    });
    let pid = std::fs::read_to_string(daemon.path().join("pid")).unwrap();
    let pid: i32 = pid.trim().parse().unwrap();
    let init = daemon.docker(&["inspect", "-f", "{{.State.Pid}}", "busy"]);
    let stat = std::fs::read_to_string(format!("/proc/{init}/stat")).unwrap();
    let (_, tail) = stat.rsplit_once(") ").unwrap();
    let shim: i32 = tail.split(' ').nth(1).unwrap().parse().unwrap();
    let zygote = below(pid)[0].0;
    let pids = [pid, zygote, shim];
    // What is opened with the first client of a kind stays open.
    for request in REQUESTS {
        come_and_go(&daemon, request, 2);
    }
    // One whose client has left before it was heard stays as it was created.
    let execs = || {
        let ids = daemon.docker(&["inspect", "-f", "{{join .ExecIDs \" \"}}", "busy"]);
        let running = ids.split_whitespace().filter(|id| {
            let (_, body) = daemon.http("GET", &format!("/v1.40/exec/{id}/json"), None);
            !body.contains("\"Running\":false")
        });
        running.count()
    };
    wait_for("the first clients' end", || (execs() == 0).then_some(()));
    let mut before = descriptors(&pids);
    // The counts have settled when they stay for a while: a client is waited
    // for by up to one round of the statistics, a second.
    wait_for("a daemon at rest", || {
        std::thread::sleep(std::time::Duration::from_millis(1500));
        let now = descriptors(&pids);
        std::mem::replace(&mut before, now.clone())
            .eq(&now)
            .then_some(())
    });
    let children = |pid| -> usize { below(pid).len() };
    let workers = children(zygote);

    std::thread::scope(|scope| {
        for request in REQUESTS {
            let daemon = &daemon;
            scope.spawn(move || {
                for turn in 0..CLIENTS {
                    come_and_go(daemon, request, turn);
                }
            });
        }
    });
    let begin = std::time::Instant::now();
    let mut now = BTreeMap::new();
    wait_for("everything to be closed", || {
        now = descriptors(&pids);
        let closed = now
            .iter()
            .all(|(kind, count)| before.get(kind) >= Some(count));
        let same = closed && execs() == 0 && children(zygote) <= workers;
        (same || begin.elapsed() > PATIENCE / 2).then_some(())
    });
    let grown: Vec<_> = now
        .iter()
        .filter(|(kind, count)| before.get(*kind) < Some(count))
        .map(|(kind, count)| format!("{kind}: {:?} became {count}", before.get(kind)))
        .collect();
    assert!(grown.is_empty(), "still open:\n{}", grown.join("\n"));
    assert_eq!(execs(), 0, "execs whose clients have left");
    assert!(children(zygote) <= workers, "{:?}", below(zygote));
    let left: Vec<_> = below(shim)
        .into_iter()
        .filter(|(_, name)| name == "cat")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    // The container has not noticed.
    assert_eq!(daemon.docker(&["exec", "busy", "echo", "well"]), "well");
}
