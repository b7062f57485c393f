//! Where the daemon listens and what an older version is answered.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Daemon, own_loopback, wait_for};

#[test]
fn the_socket_is_for_its_owner_and_group() {
    let daemon = Daemon::start();
    let mode = std::fs::metadata(daemon.socket())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o660);
}

#[test]
fn tcp_works_beside_unix_and_is_warned_of() {
    let address = format!("{}:2375", own_loopback());
    let daemon = Daemon::flagged(&["--host", &format!("tcp://{address}")]);
    // It opens its sockets one after the other.
    let mut stream = wait_for("the second socket", || TcpStream::connect(&address).ok());
    write!(
        stream,
        "GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\nOK"), "{answer}");
    assert!(daemon.log().contains("without TLS"), "{}", daemon.log());
}

#[test]
fn an_older_version_is_answered_exactly_or_in_full() {
    // MaskedPaths came with 1.38.
    let masked = |daemon: &Daemon, version: &str| {
        let id = daemon.docker(&["create", "--net", "none", "box", "true"]);
        let path = format!("/{version}/containers/{id}/json");
        let (status, shown) = daemon.http("GET", &path, None);
        assert_eq!(status, 200, "{shown}");
        shown.contains("\"MaskedPaths\"")
    };
    let exact = Daemon::start();
    assert!(!masked(&exact, "v1.37"));
    assert!(masked(&exact, "v1.38"));
    let superset = Daemon::flagged(&["--api-superset"]);
    assert!(masked(&superset, "v1.37"));
}
