//! Archives that come in: from a file of the web, and from clients that ask
//! before they send.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::harness::Daemon;

fn archive() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(3);
    tar.append_data(&mut header, "f", &b"abc"[..]).unwrap();
    tar.into_inner().unwrap()
}

/// Answers each request with the status, and as much of the body as `sent` says
/// of what it announces; returns its address.
fn serve(status: &'static str, body: Vec<u8>, sent: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|count| count > 2) {
                line.clear();
            }
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
            );
            let stream = stream.get_mut();
            // A client that has left is none of the server's business.
            stream.write_all(head.as_bytes()).ok();
            stream.write_all(&body[..sent]).ok();
        }
    });
    format!("http://{address}/rootfs.tar")
}

#[test]
fn an_archive_of_the_web_becomes_an_image() {
    let daemon = Daemon::start();
    let (tar, length) = (archive(), archive().len());
    let address = serve("200 OK", tar, length);
    let said = daemon.docker(&["import", "-c", "ENV A=1", &address, "web:1"]);
    let id = daemon.docker(&["image", "inspect", "-f", "{{.Id}}", "web:1"]);
    assert!(
        said.contains(&format!("Downloading from {address}")),
        "{said}"
    );
    assert!(said.ends_with(&id), "{said}");
    let seen = daemon.docker(&[
        "image",
        "inspect",
        "-f",
        "{{.Comment}} {{.Size}} {{.Config.Env}}",
        "web:1",
    ]);
    assert_eq!(seen, format!("Imported from {address} 3 [A=1]"));
}

#[test]
fn what_the_web_does_not_give_is_no_image() {
    let daemon = Daemon::start();
    let post = |address: &str| {
        let path = format!("/v1.40/images/create?fromSrc={address}&repo=web");
        daemon.http("POST", &path, None)
    };
    let (status, body) = post(&serve("404 Not Found", b"no".to_vec(), 2));
    assert_eq!(status, 404, "{body}");
    assert!(body.contains("failed to GET http://127.0.0.1:"), "{body}");
    // Cut in the middle, and at a place where the archive might end.
    for sent in [700, 512, 1024] {
        let (_, body) = post(&serve("200 OK", archive(), sent));
        assert!(body.contains("errorDetail"), "{sent}: {body}");
    }
    let (status, body) = post("ftp://127.0.0.1/x");
    assert_eq!(status, 500, "{body}");
    assert!(!daemon.docker(&["images", "-a"]).contains("web"));
    assert_eq!(daemon.docker(&["images", "-qf", "dangling=true"]), "");
}

#[test]
fn a_client_that_asks_before_it_sends_is_told_to_go_on() {
    let daemon = Daemon::start();
    for path in [
        "/images/load",
        "/images/create?fromSrc=-&repo=asked",
        "/build",
    ] {
        let stream = UnixStream::connect(daemon.socket()).unwrap();
        // It would wait for ever.
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\n\
             Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"
        );
        (&stream).write_all(head.as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        assert_eq!(line, "HTTP/1.1 100 Continue\r\n", "{path}");
    }
}
