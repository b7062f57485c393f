//! SIGKILL in the middle of pushes: whatever is visible afterwards is whole.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use longshore_oci::digest::Digest;
use serde_json::Value;

use crate::client::{Answer, Request};
use crate::harness::{OCI_MANIFEST, image};
use crate::program::Program;

const ROUNDS: u64 = 12;
const CLIENTS: usize = 3;

/// A request that nobody may be there to answer.
fn attempt(address: &str, method: &str, path: &str, kind: &str, body: &[u8]) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .ok()?;
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\n\
         Content-Length: {length}\r\n\r\n"
    )
    .ok()?;
    stream.write_all(body).ok()?;
    Answer::read(stream, method).filter(|answer| answer.status == 201)
}

/// Pushes images until the registry is gone; counts those that it took.
fn push_on(address: &str, client: usize, round: u64, pushed: &AtomicUsize) {
    for number in 0_u64.. {
        let seed = format!("{round} {client} {number} ").into_bytes();
        let layer = seed.repeat(60_000);
        let config = format!("{{\"n\":\"{client} {round} {number}\"}}").into_bytes();
        let name = format!("client/{}", client % 2);
        for blob in [&layer, &config] {
            let path = format!("/v2/{name}/blobs/uploads/?digest={}", Digest::of(blob));
            if attempt(address, "POST", &path, "application/octet-stream", blob).is_none() {
                return;
            }
        }
        let (config_digest, layer_digest) = (Digest::of(&config), Digest::of(&layer));
        let manifest = image(&config_digest, config.len(), &layer_digest, layer.len());
        let manifest = serde_json::to_vec(&manifest).expect("JSON");
        let path = format!("/v2/{name}/manifests/t{}", number % 5);
        if attempt(address, "PUT", &path, OCI_MANIFEST, &manifest).is_none() {
            return;
        }
        pushed.fetch_add(1, Ordering::Relaxed);
    }
}

/// Reads everything that is visible; every part must be what its digest says.
fn check(address: &str) -> usize {
    let get = |path: &str| {
        let answer = Request::new(address, "GET", path).send();
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer
    };
    let mut seen = 0;
    let catalog = get("/v2/_catalog").json();
    for name in catalog["repositories"].as_array().expect("a list") {
        let name = name.as_str().expect("a name");
        let tags = get(&format!("/v2/{name}/tags/list")).json();
        for tag in tags["tags"].as_array().expect("a list") {
            let tag = tag.as_str().expect("a tag");
            let manifest = get(&format!("/v2/{name}/manifests/{tag}"));
            let digest = Digest::of(&manifest.body).to_string();
            assert_eq!(manifest.header("docker-content-digest"), digest);
            let manifest: Value = manifest.json();
            for part in [&manifest["config"], &manifest["layers"][0]] {
                let digest = part["digest"].as_str().expect("a digest");
                let blob = get(&format!("/v2/{name}/blobs/{digest}"));
                assert_eq!(part["size"], blob.body.len());
                assert_eq!(Digest::of(&blob.body).to_string(), digest);
            }
            seen += 1;
        }
    }
    seen
}

#[test]
fn sigkill_leaves_nothing_half_visible() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let pushed = AtomicUsize::new(0);
    for round in 0..ROUNDS {
        let mut program = Program::start(&data, &[]);
        let address = program.address.clone();
        check(&address);
        std::thread::scope(|scope| {
            for client in 0..CLIENTS {
                let (address, pushed) = (&address, &pushed);
                scope.spawn(move || push_on(address, client, round, pushed));
            }
            // Another moment of the pushes each time; which one does not matter.
            std::thread::sleep(Duration::from_millis(40 + round * 37));
            program.kill();
        });
    }
    let mut program = Program::start(&data, &[]);
    let seen = check(&program.address);
    assert!(
        seen > 0 && pushed.load(Ordering::Relaxed) > 0,
        "nothing was pushed"
    );
    let left = std::fs::read_dir(data.join("uploads")).expect("a directory");
    assert_eq!(left.count(), 0, "dead uploads are swept");
    program.kill();
    // What the dead left behind is garbage, and goes.
    let gc = |flags: &[&str]| {
        let mut command = crate::program::command();
        crate::program::run(command.args(["gc", "--data"]).arg(&data).args(flags))
    };
    gc(&["--grace", "0", "--untagged"]);
    assert_eq!(
        gc(&["--grace", "0", "--untagged"]),
        "removed 0 manifests, 0 blobs, 0 bytes\n"
    );
    let program = Program::start(&data, &[]);
    assert_eq!(check(&program.address), seen);
}
