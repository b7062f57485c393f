//! Clients at a container's streams: how they come, how they leave, and what
//! their slowness does to nobody else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::{Daemon, PATIENCE, clis, text, wait_for};

/// A daemon whose image `busybox` has a shell.
fn with_busybox() -> Daemon {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon
}

/// A connection that asked to attach, behind the head of the answer.
fn attach(daemon: &Daemon, name: &str, query: &str) -> UnixStream {
    let mut stream = UnixStream::connect(daemon.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!(
        "POST /v1.40/containers/{name}/attach?{query} HTTP/1.1\r\nHost: d\r\n\
         Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let head = head(&mut stream);
    assert!(head.starts_with("HTTP/1.1 101 UPGRADED\r\n"), "{head}");
    stream
}

/// Everything up to the empty line.
fn head(stream: &mut UnixStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    text(&head)
}

/// Output to the end, without frames.
fn rest(mut stream: UnixStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    unframed(&bytes)
}

fn unframed(mut bytes: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    while let Some((head, after)) = bytes.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
        payload.extend_from_slice(&after[..length]);
        bytes = &after[length..];
    }
    payload
}

fn events(daemon: &Daemon, name: &str) -> Vec<String> {
    daemon.events(&format!("container={name}"), "{{.Action}}")
}

/// While a container writes on, clients that ask for the log and the stream get
/// every line once.
#[test]
fn the_stream_begins_where_the_replay_ends() {
    const LINES: usize = 100_000;
    let daemon = with_busybox();
    let script =
        format!("i=0; while [ $i -lt {LINES} ]; do echo $i; i=$((i+1)); done; exec sleep 1000");
    daemon.docker(&["run", "-d", "--name", "it", "busybox", "sh", "-c", &script]);
    let expected: String = (0..LINES).map(|line| format!("{line}\n")).collect();
    let all_written = || {
        let last = daemon.docker(&["logs", "--tail", "1", "it"]);
        (last == (LINES - 1).to_string()).then_some(())
    };
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let stream = attach(&daemon, "it", "logs=1&stream=1&stdout=1&stderr=1");
            std::thread::spawn(move || rest(stream))
        })
        .collect();
    wait_for("the last line", all_written);
    daemon.docker(&["kill", "it"]);
    for client in clients {
        let got = client.join().unwrap();
        assert!(got == expected.as_bytes(), "{} bytes", got.len());
    }
    // One that comes before the next start gets the old lines, then the new.
    let stream = attach(&daemon, "it", "logs=1&stream=1&stdout=1");
    let reading = std::thread::spawn(move || rest(stream));
    daemon.docker(&["start", "it"]);
    let twice = expected.repeat(2);
    wait_for("as many lines again", || {
        let count = daemon.docker(&["logs", "it"]).len() + 1;
        (count == twice.len()).then_some(())
    });
    daemon.docker(&["kill", "it"]);
    let got = reading.join().unwrap();
    assert!(got == twice.as_bytes(), "{} bytes", got.len());
}

#[test]
fn keys_detach_and_only_keys_are_a_detach() {
    for cli in clis() {
        let daemon = with_busybox();
        daemon.docker(&["run", "-dit", "--name", "it", "busybox", "cat"]);
        let mut stream = attach(
            &daemon,
            "it",
            "stream=1&stdin=1&stdout=1&detachKeys=a,ctrl-x",
        );
        stream.write_all(b"ab\n").unwrap();
        let mut echo = [0; 4];
        stream.read_exact(&mut echo).unwrap();
        assert_eq!(&echo, b"ab\r\n", "the beginning of the keys was kept");
        stream.write_all(b"a\x18").unwrap();
        // The line that cat gives back may have been faster than the keys.
        let mut last = Vec::new();
        stream.read_to_end(&mut last).unwrap();
        assert!(matches!(&last[..], b"" | b"ab\r\n"), "{last:?}");
        let leaving = attach(&daemon, "it", "stream=1&stdin=1&stdout=1");
        leaving.shutdown(Shutdown::Both).unwrap();
        wait_for("the detach to be told", || {
            events(&daemon, "it")
                .contains(&"detach".to_owned())
                .then_some(())
        });
        let told = events(&daemon, "it");
        assert_eq!(told.iter().filter(|what| *what == "detach").count(), 1);
        assert_eq!(told.iter().filter(|what| *what == "attach").count(), 2);
        let wrong = ["attach", "--detach-keys", "nonsense", "it"];
        let output = daemon.docker_with(&cli, &wrong).output().unwrap();
        assert!(!output.status.success());
        let running = daemon.docker(&["inspect", "-f", "{{.State.Running}}", "it"]);
        assert_eq!(running, "true");
    }
}

#[test]
fn the_end_of_a_clients_input() {
    let daemon = with_busybox();
    // Kept open for others: the client is let go, the process reads on.
    daemon.docker(&["run", "-di", "--name", "it", "busybox", "cat"]);
    let stream = attach(&daemon, "it", "stream=1&stdin=1&stdout=1");
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(rest(stream), b"");
    let mut stream = attach(&daemon, "it", "stream=1&stdin=1&stdout=1");
    stream.write_all(b"still here\n").unwrap();
    let mut frame = [0; 19];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(unframed(&frame), b"still here\n");

    // The client's own: the process sees the end, the client all output.
    for cli in clis() {
        let mut child = daemon
            .docker_with(
                &cli,
                &["run", "-i", "--rm", "busybox", "sh", "-c", "cat; echo end"],
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"some\n").unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(text(&output.stdout), "some\nend");
    }
}

#[test]
fn an_attach_that_asks_for_nothing_ends_at_once() {
    let daemon = with_busybox();
    daemon.docker(&["run", "-d", "--name", "it", "busybox", "sleep", "1000"]);
    for query in ["", "stream=1", "logs=1", "stdout=1"] {
        assert_eq!(rest(attach(&daemon, "it", query)), b"", "{query:?}");
    }
}

#[test]
fn websockets_carry_bytes_both_ways() {
    let daemon = with_busybox();
    daemon.docker(&["run", "-di", "--name", "it", "busybox", "cat"]);
    let mut stream = UnixStream::connect(daemon.socket()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = "GET /v1.40/containers/it/attach/ws?stream=1 HTTP/1.1\r\nHost: d\r\n\
                   Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let head = head(&mut stream);
    assert!(
        head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
        "{head}"
    );
    assert!(head.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{head}");
    // A text of three bytes, masked with zeroes.
    stream.write_all(b"\x81\x83\0\0\0\0hi\n").unwrap();
    let mut message = [0; 5];
    stream.read_exact(&mut message).unwrap();
    assert_eq!(
        &message, b"\x82\x03hi\n",
        "a binary message without a frame"
    );
    daemon.docker(&["kill", "it"]);
    let mut goodbye = [0; 4];
    stream.read_exact(&mut goodbye).unwrap();
    assert_eq!(&goodbye, b"\x88\x02\x03\xe8");
}

/// A container writes 200 MB; of its clients one reads nothing, one leaves in the
/// middle, one reads slowly. Nobody holds it up, nobody fills the memory, and the
/// daemon answers.
#[test]
fn a_flood_with_clients_of_all_kinds() {
    const FLOOD: u64 = 200_000_000;
    let daemon = with_busybox();
    let script = format!("head -c {FLOOD} /dev/zero | tr '\\0' x; echo; echo done >&2");
    daemon.docker(&[
        "create",
        "--name",
        "it",
        "--log-driver",
        "none",
        "busybox",
        "sh",
        "-c",
        &script,
    ]);
    let query = "stream=1&stdout=1&stderr=1";
    let _deaf = attach(&daemon, "it", query);
    let leaver = attach(&daemon, "it", query);
    let slow = attach(&daemon, "it", query);
    let leaving = std::thread::spawn(move || {
        let mut leaver = leaver;
        leaver.read_exact(&mut [0; 1_000_000]).unwrap();
    });
    let reading = std::thread::spawn(move || {
        // Smaller pieces than anybody would choose.
        let mut slow = BufReader::with_capacity(4096, slow);
        let mut total = 0;
        loop {
            let length = slow.fill_buf().unwrap().len();
            if length == 0 {
                return total;
            }
            total += length as u64;
            slow.consume(length);
        }
    });
    daemon.docker(&["start", "it"]);
    let waiting = daemon
        .docker_with(&clis()[0], &["wait", "it"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    let mut slowest = Duration::ZERO;
    while daemon.docker(&["inspect", "-f", "{{.State.Running}}", "it"]) == "true" {
        let asked = Instant::now();
        daemon.docker(&["version", "-f", "{{.Server.Version}}"]);
        slowest = slowest.max(asked.elapsed());
        assert!(begin.elapsed() < PATIENCE, "the container is held up");
    }
    assert_eq!(text(&waiting.wait_with_output().unwrap().stdout), "0");
    assert!(
        slowest < Duration::from_secs(5),
        "the daemon took {slowest:?}"
    );
    leaving.join().unwrap();
    // Frames come on top of the bytes.
    assert!(reading.join().unwrap() > FLOOD);
    for (what, resident) in resident(&daemon) {
        assert!(resident < 64 << 20, "{what} has {resident} bytes");
    }
}

/// Bytes in memory of this daemon's processes.
fn resident(daemon: &Daemon) -> Vec<(String, u64)> {
    let pid = std::fs::read_to_string(daemon.path().join("pid")).unwrap();
    let mut found = Vec::new();
    let mut waiting = vec![pid.trim().to_owned()];
    while let Some(pid) = waiting.pop() {
        let proc = format!("/proc/{pid}");
        let Ok(status) = std::fs::read_to_string(format!("{proc}/status")) else {
            continue;
        };
        let value = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.unwrap_or_default().trim().to_owned()
        };
        let kilobytes = value("VmRSS:");
        let kilobytes = kilobytes.trim_end_matches(" kB").parse().unwrap_or(0);
        found.push((value("Name:"), kilobytes << 10));
        let children = std::fs::read_to_string(format!("{proc}/task/{pid}/children"));
        waiting.extend(
            children
                .unwrap_or_default()
                .split_whitespace()
                .map(str::to_owned),
        );
    }
    assert!(!found.is_empty());
    found
}
