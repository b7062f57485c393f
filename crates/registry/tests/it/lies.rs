//! Clients that lie, stop, or never end.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use longshore_oci::digest::Digest;

use crate::client::Answer;
use crate::harness::{OCI_MANIFEST, Served};

/// Waits for what the server does after its client has gone.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(20), "never: {what}");
        // The server notices within milliseconds.
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether the server still holds its end of a connection open, as the kernel's
/// table of sockets says: the client cannot see it behind bytes not yet taken.
fn is_held(stream: &TcpStream) -> bool {
    const ESTABLISHED: &str = "01";
    let port = |address: std::io::Result<SocketAddr>| {
        format!(":{:04X}", address.expect("an address").port())
    };
    let (ours, theirs) = (port(stream.local_addr()), port(stream.peer_addr()));
    let table = std::fs::read_to_string("/proc/net/tcp").expect("a table of sockets");
    table.lines().any(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        matches!(columns[..], [_, local, remote, state, ..]
            if local.ends_with(&theirs) && remote.ends_with(&ours) && state == ESTABLISHED)
    })
}

#[test]
fn what_is_not_what_it_says_leaves_nothing() {
    let served = Served::open();
    let promised = Digest::of(b"promised");
    let path = format!("/v2/a/blobs/uploads/?digest={promised}");
    let wrong = served.request("POST", &path).body(b"something else").send();
    wrong.refused(400, "DIGEST_INVALID");
    // A body that ends early.
    let mut short = served.request("POST", &path).begin(8);
    short.write_all(b"prom").expect("a listener");
    short
        .shutdown(std::net::Shutdown::Write)
        .expect("a connection");
    let mut rest = String::new();
    short.read_to_string(&mut rest).expect("an end");
    assert!(!rest.starts_with("HTTP/1.1 201"), "{rest}");
    // A client that is gone.
    let mut gone = served.request("POST", &path).begin(8);
    gone.write_all(b"promise").expect("a listener");
    drop(gone);
    eventually("the uploads are gone", || served.files("uploads") == 0);
    assert_eq!(served.files("blobs"), 0);
    served
        .get(&format!("/v2/a/blobs/{promised}"))
        .refused(404, "BLOB_UNKNOWN");
}

#[test]
fn an_upload_goes_on_after_a_broken_chunk() {
    let served = Served::open();
    let location = {
        let answer = served.request("POST", "/v2/a/blobs/uploads/").send();
        answer.header("location").to_owned()
    };
    let mut broken = served.request("PATCH", &location).begin(10);
    broken.write_all(b"abcde").expect("a listener");
    drop(broken);
    eventually("the chunk has ended", || {
        let status = served.get(&location);
        status.status == 204 && status.header("range") == "0-4"
    });
    let answer = served
        .request("PATCH", &location)
        .header("Content-Range", "5-7")
        .body(b"fgh")
        .send();
    assert_eq!(answer.status, 202, "{answer:?}");
    let digest = Digest::of(b"abcdefgh");
    let put = served
        .request("PUT", &format!("{location}?digest={digest}"))
        .send();
    assert_eq!(put.status, 201, "{put:?}");
}

#[test]
fn a_manifest_without_end_is_cut_off() {
    let served = Served::open();
    let request = served
        .request("PUT", "/v2/a/manifests/v1")
        .header("Content-Type", OCI_MANIFEST);
    let mut stream = request.begin(1 << 40);
    let piece = vec![b' '; 1 << 20];
    let mut sent = 0;
    // The server answers and closes long before the end.
    while sent < 512 << 20 && stream.write_all(&piece).is_ok() {
        sent += piece.len();
    }
    assert!(sent < 64 << 20, "{sent} bytes were taken");
    assert_eq!(served.get("/v2/").status, 200);
}

#[test]
fn a_manifest_may_be_large_but_not_larger() {
    let served = Served::open();
    let too_large = vec![b' '; (4 << 20) + 1];
    let answer = served.put_manifest("a", "v1", OCI_MANIFEST, &too_large);
    answer.refused(413, "MANIFEST_INVALID");
}

#[test]
fn names_and_digests_never_become_paths() {
    let served = Served::open();
    let canary = served.data().join("canary");
    std::fs::write(&canary, "secret").expect("a file");
    let hex = Digest::of(b"").hex().to_owned();
    for path in [
        "/v2/../canary/tags/list".to_owned(),
        "/v2/..%2fcanary/manifests/v1".to_owned(),
        "/v2/a/manifests/..%2f..%2f..%2fcanary".to_owned(),
        "/v2/a/manifests/%2e%2e".to_owned(),
        "/v2/a/blobs/sha256:../../../canary".to_owned(),
        "/v2/a/blobs/..%2f..%2fcanary".to_owned(),
        format!("/v2/a/blobs/sha256:{}", hex.to_uppercase()),
        format!("/v2/a/blobs/sha256:{}", &hex[1..]),
        format!("/v2/a/blobs/sha512:{hex}{hex}"),
        format!("/v2/a/blobs/sha256:{hex}%00"),
        "/v2/a/blobs/".to_owned(),
        "/v2/a/blobs/sha256:".to_owned(),
        "/v2/_tags/x/manifests/v1".to_owned(),
        "/v2/a/_manifests/tags/list".to_owned(),
        "/v2/a/blobs/uploads/..%2f..%2fcanary".to_owned(),
        "/v2/a/referrers/../../canary".to_owned(),
    ] {
        for method in ["GET", "HEAD", "DELETE", "PUT", "PATCH", "POST"] {
            let answer = served.request(method, &path).send();
            assert!(
                [400, 404, 405].contains(&answer.status),
                "{method} {path}: {answer:?}"
            );
            assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
        }
    }
    assert_eq!(std::fs::read(&canary).expect("a file"), b"secret");
    assert_eq!(served.files("repositories"), 0);
}

#[test]
fn a_client_that_falls_silent_holds_nobody_up() {
    let served = Served::with(|config| config.patience = Duration::from_millis(300));
    let digest = served.push_blob("a", b"content");
    let path = format!("/v2/a/blobs/uploads/?digest={digest}");
    let mut silent = Vec::new();
    for _ in 0..20 {
        let mut stream = served.request("POST", &path).begin(7);
        stream.write_all(b"con").expect("a listener");
        silent.push(stream);
    }
    let begin = Instant::now();
    served.push_blob("b", b"content");
    assert_eq!(
        served.get(&format!("/v2/a/blobs/{digest}")).body,
        b"content"
    );
    assert!(begin.elapsed() < Duration::from_secs(10));
    for stream in silent {
        if let Some(answer) = Answer::read(stream, "POST") {
            answer.refused(408, "BLOB_UPLOAD_INVALID");
        }
    }
    eventually("the silent uploads are gone", || {
        served.files("uploads") == 0
    });
}

#[test]
fn a_client_that_takes_nothing_is_dropped() {
    let served = Served::with(|config| config.patience = Duration::from_millis(300));
    // More than the sockets hold between them.
    let content = vec![7_u8; 64 << 20];
    let digest = served.push_blob("a", &content);
    let mut stream = served
        .request("GET", &format!("/v2/a/blobs/{digest}"))
        .begin(0);
    eventually("the server gives up", || !is_held(&stream));
    let mut taken = Vec::new();
    // The end may come as a reset.
    let _ = stream.read_to_end(&mut taken);
    assert!(taken.len() < content.len(), "{} bytes came", taken.len());
    assert!(served.get(&format!("/v2/a/blobs/{digest}")).body == content);
}

#[test]
fn two_requests_for_one_upload_do_not_mix() {
    let served = Served::open();
    let location = {
        let answer = served.request("POST", "/v2/a/blobs/uploads/").send();
        answer.header("location").to_owned()
    };
    let mut slow = served.request("PATCH", &location).begin(6);
    slow.write_all(b"abc").expect("a listener");
    eventually("the first is at work", || {
        served.get(&location).status == 409
    });
    let second = served.request("PATCH", &location).body(b"xyz").send();
    second.refused(409, "BLOB_UPLOAD_INVALID");
    slow.write_all(b"def").expect("a listener");
    let first = Answer::read(slow, "PATCH").expect("an answer");
    assert_eq!((first.status, first.header("range")), (202, "0-5"));
}
