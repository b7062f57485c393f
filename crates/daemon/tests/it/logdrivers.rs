//! Log drivers: what reaches a server that the test plays, what `docker logs`
//! still reads, and what a server that is slow or gone does to its container.

use std::io::{ErrorKind, Read};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixDatagram;

use crate::harness::{Daemon, PATIENCE, text, wait_for};

/// Writes a line to each stream.
const SPEAK: &str = "echo out; echo err >&2";

/// A daemon whose image `busybox` has a shell.
fn with_busybox() -> Daemon {
    let daemon = Daemon::start();
    daemon.import_busybox();
    daemon
}

/// `docker run -d` of a script with a log driver and its options.
fn run(daemon: &Daemon, driver: &str, options: &[&str], script: &str) -> String {
    let id = begin(daemon, driver, options, script);
    daemon.docker(&["wait", "web"]);
    id
}

/// The same, and it may still run.
fn begin(daemon: &Daemon, driver: &str, options: &[&str], script: &str) -> String {
    let options = options.iter().flat_map(|option| ["--log-opt", option]);
    let mut args = vec!["run", "-d", "--name", "web", "--log-driver", driver];
    args.extend(options);
    args.extend(["busybox", "sh", "-c", script]);
    daemon.docker(&args)
}

/// The error of a `docker run`, which must fail.
fn refused(daemon: &Daemon, driver: &str, options: &[&str]) -> String {
    let options = options.iter().flat_map(|option| ["--log-opt", option]);
    let mut args = vec!["run", "--rm", "--log-driver", driver];
    args.extend(options);
    args.extend(["busybox", "true"]);
    let output = daemon.try_docker(&args);
    assert!(!output.status.success(), "{driver} was taken");
    text(&output.stderr)
}

/// What `docker logs` prints of both streams.
fn logs(daemon: &Daemon, args: &[&str]) -> (String, String) {
    let output = daemon.try_docker(&[&["logs"], args, &["web"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn syslog_over_datagrams() {
    let daemon = with_busybox();
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = format!("syslog-address=udp://{}", server.local_addr().unwrap());
    let options = [address.as_str(), "syslog-format=rfc5424", "tag={{.Name}}"];
    run(&daemon, "syslog", &options, SPEAK);
    let mut lines: Vec<String> = (0..2)
        .map(|_| {
            let mut buffer = [0; 2000];
            let length = server.recv(&mut buffer).unwrap();
            text(&buffer[..length])
        })
        .collect();
    lines.sort();
    assert!(lines[0].starts_with("<27>1 "), "{lines:?}");
    assert!(lines[0].ends_with(" web - err"), "{lines:?}");
    assert!(lines[1].starts_with("<30>1 "), "{lines:?}");
    assert!(lines[1].ends_with(" web - out"), "{lines:?}");
    // What was sent can be read too.
    assert_eq!(logs(&daemon, &[]), ("out".into(), "err".into()));
}

#[test]
fn syslog_and_gelf_on_this_machine() {
    let daemon = with_busybox();
    let path = daemon.path().join("log.sock");
    let server = UnixDatagram::bind(&path).unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = format!("syslog-address=unixgram://{}", path.display());
    let id = run(&daemon, "syslog", &[&address], "echo hello");
    let mut buffer = [0; 2000];
    let length = server.recv(&mut buffer).unwrap();
    let line = text(&buffer[..length]);
    assert!(line.starts_with("<30>"), "{line}");
    assert!(line.contains(&format!(" {}[", &id[..12])), "{line}");
    assert!(line.ends_with("]: hello"), "{line}");
    daemon.docker(&["rm", "web"]);

    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = format!("gelf-address=udp://{}", server.local_addr().unwrap());
    let options = [address.as_str(), "gelf-compression-type=none", "tag=t"];
    let id = run(&daemon, "gelf", &options, "echo hello");
    let length = server.recv(&mut buffer).unwrap();
    let message: serde_json::Value = serde_json::from_slice(&buffer[..length]).unwrap();
    for (key, expected) in [
        ("version", "1.1"),
        ("short_message", "hello"),
        ("_container_id", &id),
        ("_container_name", "web"),
        ("_image_name", "busybox"),
        ("_tag", "t"),
    ] {
        assert_eq!(message[key], expected, "{message}");
    }
    assert_eq!(message["level"], 6);
}

#[test]
fn fluentd_gets_every_line_of_a_container_that_has_ended() {
    let daemon = with_busybox();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("fluentd-address={}", server.local_addr().unwrap());
    let options = [address.as_str(), "labels=colour", "tag=app"];
    let receiving = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        server.accept().unwrap().0.read_to_end(&mut bytes).unwrap();
        bytes
    });
    run(
        &daemon,
        "fluentd",
        &options,
        "i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done",
    );
    let bytes = receiving.join().unwrap();
    let events = bytes
        .windows(5)
        .filter(|five| five == b"\x94\xa3app")
        .count();
    assert_eq!(events, 2000);
    assert!(bytes.windows(9).any(|nine| nine == b"line 1999"));
    assert_eq!(logs(&daemon, &["--tail", "1"]).0, "line 1999");
}

#[test]
fn a_server_that_is_not_there() {
    let daemon = with_busybox();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap().to_string();
    drop(gone);
    for (driver, option) in [
        ("syslog", format!("syslog-address=tcp://{address}")),
        ("gelf", format!("gelf-address=tcp://{address}")),
        ("fluentd", format!("fluentd-address={address}")),
    ] {
        let error = refused(&daemon, driver, &[&option]);
        let expected = format!("dial tcp {address}: connect: connection refused");
        assert!(
            error.contains("failed to initialize logging driver: "),
            "{error}"
        );
        assert!(error.contains(&expected), "{error}");
    }
    // Who said that it may come later gets a container.
    let option = format!("fluentd-address={address}");
    run(&daemon, "fluentd", &[&option, "fluentd-async=true"], SPEAK);
    assert_eq!(logs(&daemon, &[]), ("out".into(), "err".into()));
}

/// A server that accepts and never reads holds up a container in blocking mode,
/// and only there.
#[test]
fn a_server_that_does_not_read() {
    let daemon = with_busybox();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("syslog-address=tcp://{}", server.local_addr().unwrap());
    // Far more than all buffers on the way hold.
    let flood = "head -c 60000000 /dev/zero | tr '\\0' x; echo; echo done";
    let start = |name: &str, mode: &str| {
        daemon.docker(&[
            "run",
            "-d",
            "--name",
            name,
            "--log-driver",
            "syslog",
            "--log-opt",
            &address,
            "--log-opt",
            mode,
            "busybox",
            "sh",
            "-c",
            flood,
        ]);
    };
    start("free", "mode=non-blocking");
    assert_eq!(daemon.docker(&["wait", "free"]), "0");
    // It was read to its end and is in the cache, whatever the server missed.
    let tail = daemon.docker(&["logs", "--tail", "1", "free"]);
    assert_eq!(tail, "done");

    start("held", "mode=blocking");
    let size = || {
        let id = daemon.docker(&["inspect", "-f", "{{.Id}}", "held"]);
        let dir = daemon.path().join("data/containers").join(id);
        let files = std::fs::read_dir(dir).unwrap().flatten();
        let logs = files.filter(|file| {
            file.file_name()
                .to_string_lossy()
                .starts_with("container-cached.log.")
        });
        logs.map(|file| file.metadata().map_or(0, |it| it.len()))
            .sum::<u64>()
    };
    // It stands still when what it wrote between two looks is nothing.
    let mut before = 0;
    wait_for("the container to be held up", || {
        // Time for it to write on: only by that is standing still to be seen.
        std::thread::sleep(std::time::Duration::from_millis(300));
        let now = size();
        let stands = now > 0 && now == before;
        before = now;
        stands.then_some(())
    });
    assert!(before < 40_000_000, "{before} bytes were written");
    let running = daemon.docker(&["inspect", "-f", "{{.State.Running}}", "held"]);
    assert_eq!(running, "true");
    // Once the server reads, it goes on.
    let reading = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut stream, _) = server.accept().unwrap();
            std::thread::spawn(
                move || match std::io::copy(&mut stream, &mut std::io::sink()) {
                    Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
                    _ => {}
                },
            );
        }
    });
    assert_eq!(daemon.docker(&["wait", "held"]), "0");
    reading.join().unwrap();
}

#[test]
fn files_rotate_and_compress_and_are_read_as_one() {
    let daemon = with_busybox();
    // It stays: what is not compressed when a container ends stays as it is.
    let script = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exec sleep 1000";
    let expected: Vec<String> = (0..3000).map(|line| format!("line {line}")).collect();
    for (driver, options) in [
        (
            "json-file",
            ["max-size=20k", "max-file=100", "compress=true"],
        ),
        ("local", ["max-size=20k", "max-file=100", "compress=true"]),
    ] {
        let id = begin(&daemon, driver, &options, script);
        let dir = daemon.path().join("data/containers").join(&id);
        let dir = if driver == "local" {
            dir.join("local-logs")
        } else {
            dir
        };
        wait_for("a compressed file", || {
            let mut files = std::fs::read_dir(&dir).ok()?.flatten();
            files
                .any(|file| file.file_name().to_string_lossy().ends_with(".gz"))
                .then_some(())
        });
        wait_for("the last line", || {
            let last = logs(&daemon, &["--tail", "1"]).0;
            (last == "line 2999").then_some(())
        });
        assert_eq!(logs(&daemon, &[]).0, expected.join("\n"), "{driver}");
        assert_eq!(
            logs(&daemon, &["--tail", "2500"]).0,
            expected[500..].join("\n"),
            "{driver}"
        );
        let path = daemon.docker(&["inspect", "-f", "{{.LogPath}}", "web"]);
        assert_eq!(path.is_empty(), driver == "local", "{path}");
        daemon.docker(&["rm", "-f", "web"]);
    }
}

#[test]
fn a_log_that_is_not_kept_cannot_be_read() {
    let daemon = with_busybox();
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = format!("syslog-address=udp://{}", server.local_addr().unwrap());
    for (driver, options) in [
        ("none", vec![]),
        ("syslog", vec![address.as_str(), "cache-disabled=true"]),
    ] {
        run(&daemon, driver, &options, SPEAK);
        let output = daemon.try_docker(&["logs", "web"]);
        let error = text(&output.stderr);
        assert!(
            error.contains("configured logging driver does not support reading"),
            "{driver}: {error}"
        );
        daemon.docker(&["rm", "web"]);
    }
}

#[test]
fn details_are_labels_variables_and_tag() {
    let daemon = with_busybox();
    daemon.docker(&[
        "run",
        "--name",
        "web",
        "--label",
        "a.b=1",
        "--label",
        "c=2",
        "-e",
        "COLOUR=dark red",
        "--log-opt",
        "labels-regex=^a",
        "--log-opt",
        "env=COLOUR,NONE",
        "--log-opt",
        "tag={{.ImageName}}/{{.Name}}",
        "busybox",
        "echo",
        "hi",
    ]);
    assert_eq!(
        logs(&daemon, &["--details"]).0,
        "COLOUR=dark+red,a.b=1,tag=busybox%2Fweb hi"
    );
}

#[test]
fn drivers_and_options_that_there_are_not() {
    let daemon = with_busybox();
    for driver in ["awslogs", "splunk", "gcplogs", "logentries", "etwlogs"] {
        let expected = format!("logger: no log driver named '{driver}' is registered");
        let error = refused(&daemon, driver, &[]);
        assert!(error.contains(&expected), "{error}");
    }
    let error = refused(&daemon, "json-file", &["colour=red"]);
    assert!(
        error.contains("unknown log opt 'colour' for json-file log driver"),
        "{error}"
    );
    assert_eq!(daemon.docker(&["ps", "-aq"]), "", "nothing was made");
}

#[test]
fn the_daemons_driver_is_everybodys_who_names_none() {
    let flags = ["--log-driver", "local", "--log-opt", "max-size=10m"];
    let daemon = Daemon::flagged(&flags);
    daemon.import_busybox();
    let info = daemon.docker(&["info", "-f", "{{.LoggingDriver}} {{.Plugins.Log}}"]);
    assert_eq!(info, "local [fluentd gelf journald json-file local syslog]");
    let config = |name: &str| {
        let format = "{{.HostConfig.LogConfig.Type}} {{.HostConfig.LogConfig.Config}}";
        daemon.docker(&["inspect", "-f", format, name])
    };
    daemon.docker(&["create", "--name", "aa", "busybox", "true"]);
    assert_eq!(config("aa"), "local map[max-size:10m]");
    daemon.docker(&[
        "create",
        "--name",
        "bb",
        "--log-driver",
        "json-file",
        "busybox",
        "true",
    ]);
    assert_eq!(config("bb"), "json-file map[]");
    let options = ["--log-driver", "local", "--log-opt", "max-size=5m"];
    daemon.docker(
        &[
            &["create", "--name", "cc"],
            &options[..],
            &["busybox", "true"],
        ]
        .concat(),
    );
    assert_eq!(config("cc"), "local map[max-size:5m]");
}
