//! Where passwords and tokens must not turn up: with others, and in logs.

use std::io::Write as _;
use std::os::unix::net::UnixStream;

use crate::build::plain;
use crate::harness::Daemon;
use crate::registries::{Fake, Liar, Reply};

/// `{"username":"alice","password":"s3cret-word"}`
const AUTH: &str = "eyJ1c2VybmFtZSI6ImFsaWNlIiwicGFzc3dvcmQiOiJzM2NyZXQtd29yZCJ9";
/// `alice:s3cret-word`
const BASIC: &str = "YWxpY2U6czNjcmV0LXdvcmQ=";

/// Sends a request with a header of credentials; the whole answer.
fn ask(daemon: &Daemon, path: &str, header: &str, body: &[u8]) -> String {
    let mut stream = UnixStream::connect(daemon.socket()).unwrap();
    let head = format!(
        "POST /v1.40{path} HTTP/1.1\r\nHost: x\r\n{header}\r\nContent-Type: application/x-tar\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    std::io::read_to_string(stream).unwrap()
}

/// A mirror is somebody else's machine: what was given for Docker Hub is not
/// for it, nor for the service that it names for tokens.
#[test]
fn a_mirror_does_not_get_the_hub_s_credentials() {
    let tokens = Liar::start(|_| Reply::new(200, r#"{"token":"t0k"}"#));
    let realm = format!(
        "Bearer realm=\"http://{}/token\",service=\"s\"",
        tokens.host
    );
    let mirror = Liar::with(Fake::new(1, 1000), move |request| {
        let known = request.headers.get("authorization");
        (known.map(String::as_str) != Some("Bearer t0k"))
            .then(|| Reply::new(401, "{}").header("WWW-Authenticate", realm.clone()))
    });
    let daemon = Daemon::flagged(&["--registry-mirror", &format!("http://{}", mirror.host)]);
    let header = format!("X-Registry-Auth: {AUTH}");
    let answer = ask(&daemon, "/images/create?fromImage=x&tag=t", &header, b"");
    assert!(answer.contains("Downloaded newer image"), "{answer}");
    let asked = tokens.seen();
    assert!(!asked.is_empty());
    for request in asked.iter().chain(&mirror.seen()) {
        let shown = request.headers.get("authorization");
        assert!(
            shown.is_none_or(|it| it == "Bearer t0k"),
            "{} {shown:?}",
            request.path
        );
        assert!(!request.path.contains("alice"), "{}", request.path);
    }
}

#[test]
fn logs_name_no_secret_however_much_they_tell() {
    let registry = Liar::with(Fake::new(1, 1000), |request| {
        let known = request.headers.get("authorization").cloned();
        (known != Some(format!("Basic {BASIC}")))
            .then(|| Reply::new(401, "{}").header("WWW-Authenticate", "Basic realm=\"x\""))
    });
    let host = &registry.host;
    let daemon = Daemon::flagged(&["--debug"]);
    let header = format!("X-Registry-Auth: {AUTH}");
    let pulled = ask(
        &daemon,
        &format!("/images/create?fromImage={host}/x&tag=t"),
        &header,
        b"",
    );
    assert!(pulled.contains("Downloaded newer image"), "{pulled}");
    // Nobody takes a push there; its credentials have been used by then.
    ask(
        &daemon,
        &format!("/images/{host}/x/push?tag=t"),
        &header,
        b"",
    );
    let login = format!(
        r#"{{"username":"alice","password":"s3cret-word","serveraddress":"http://{host}"}}"#
    );
    let (status, body) = daemon.http("POST", "/v1.40/auth", Some(&login));
    assert_eq!(status, 200, "{body}");
    // {"HOST":{"username":"alice","password":"s3cret-word"}}
    let config = format!(r#"{{"{host}":{{"username":"alice","password":"s3cret-word"}}}}"#);
    let config = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE, config);
    let context = plain(&format!("FROM {host}/x:t\nARG TOKEN\nLABEL a=b\n"), &[]);
    let built = ask(
        &daemon,
        "/build?pull=1&buildargs={%22TOKEN%22:%22s3cret-word%22}",
        &format!("X-Registry-Config: {config}"),
        &context,
    );
    assert!(built.contains("Successfully built"), "{built}");
    let log = daemon.log();
    assert!(log.contains("ImageBuild"), "nothing is told: {log}");
    for secret in ["s3cret", AUTH, BASIC, config.as_str()] {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None);
    }
}
