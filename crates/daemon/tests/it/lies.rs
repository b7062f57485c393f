//! Registries that lie, break off, or are silent.
//!
//! | class | here |
//! | --- | --- |
//! | content that is not what its digest says | `what_is_not_what_was_asked_for_is_refused` |
//! | bodies without an end, or of another length than announced | the same |
//! | silence, a byte now and then | `silence_ends_a_pull` |
//! | documents that two readers read differently (GHSA-77vh-xpmg-72qh) | `hostile_manifests_are_refused` |
//! | absurd numbers and sizes | the same |
//! | a configuration that names other layers | the same |
//! | credentials to another host by a redirect (CVE-2020-15157) or realm | `credentials_stay_where_they_belong` |
//! | layers removed while a pull counts on them | `layers_that_go_during_a_pull_are_fetched` |
//! | a pull that breaks off, by either side | `a_pull_goes_on_where_it_broke_off`, `a_killed_daemon_…`, `a_client_that_leaves_…` |

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};

use longshore_oci::digest::Digest;
use serde_json::{Value, json};

use crate::harness::{Daemon, http, wait_for};
use crate::registries::{Fake, Liar, Manner, Reply, Request, error_of, pull};

/// A daemon that tries once and waits a second.
fn impatient() -> Daemon {
    Daemon::flagged(&["--max-download-attempts", "1", "--registry-patience", "1"])
}

fn is_blob(request: &Request, bytes: &[u8]) -> bool {
    request
        .path
        .ends_with(&format!("/blobs/{}", Digest::of(bytes)))
}

/// What is in the store: images of the engine itself aside.
fn images(daemon: &Daemon) -> Vec<String> {
    let listed = daemon.docker(&["images", "-a", "--format", "{{.Repository}}:{{.Tag}}"]);
    let own = |name: &&str| !name.starts_with("hello-world") && !name.starts_with("box");
    listed.lines().filter(own).map(str::to_owned).collect()
}

/// Directories of layers, staged ones, and downloads.
fn on_disk(daemon: &Daemon) -> [usize; 3] {
    ["layers", "staging", "downloads"].map(|name| {
        let place = daemon.path().join("data/image").join(name);
        std::fs::read_dir(place).unwrap().count()
    })
}

fn is_ranged(request: &Request) -> bool {
    request.headers.contains_key("range")
}

#[test]
fn what_is_not_what_was_asked_for_is_refused() {
    let daemon = impatient();
    let fake = Fake::new(2, 100_000);
    let (layer, config) = (fake.layers[1].clone(), fake.config.clone());
    let mut other = layer.clone();
    other[600] ^= 1;
    let longer = [layer.clone(), vec![0; 512]].concat();
    let broken = vec![7; layer.len()];
    let lies = [
        (
            "wrong",
            layer.clone(),
            other,
            Manner::Whole,
            "filesystem layer verification failed",
        ),
        (
            "noise",
            layer.clone(),
            broken,
            Manner::Whole,
            "filesystem layer verification failed",
        ),
        ("long", layer.clone(), longer, Manner::Whole, "larger than"),
        (
            "short",
            layer.clone(),
            layer[..9000].to_vec(),
            Manner::Whole,
            "unexpected EOF",
        ),
        (
            "endless",
            layer.clone(),
            vec![7; 4096],
            Manner::Endless,
            "larger than",
        ),
        (
            "config",
            config.clone(),
            b"{}".to_vec(),
            Manner::Whole,
            "image config verification failed",
        ),
        (
            "bomb",
            config,
            vec![b' '; 1 << 20],
            Manner::Endless,
            "larger than",
        ),
    ];
    let before = on_disk(&daemon);
    for (name, of, body, manner, words) in lies {
        let wanted = of.clone();
        let liar = Liar::with(fake.clone(), move |request| {
            is_blob(request, &of).then(|| Reply::new(200, body.clone()).in_manner(manner))
        });
        let (_, lines) = pull(&daemon, &format!("{}/x", liar.host), name);
        let error = error_of(&lines);
        assert!(error.contains(words), "{name}: {lines:?}");
        if words.ends_with("verification failed") {
            let asked = liar.seen();
            let times = asked.iter().filter(|it| is_blob(it, &wanted)).count();
            assert_eq!(times, 1, "{name}: a wrong answer stays wrong");
        }
        assert_eq!(images(&daemon), Vec::<String>::new(), "{name}");
        let [layers, staged, _] = on_disk(&daemon);
        assert_eq!([layers, staged], before[..2], "{name}");
    }
    // After all these lies the truth is believed.
    let honest = Liar::with(fake, |_| None);
    let (status, lines) = pull(&daemon, &format!("{}/x", honest.host), "t");
    assert_eq!((status, error_of(&lines).as_str()), (200, ""), "{lines:?}");
    assert_eq!(images(&daemon), [format!("{}/x:t", honest.host)]);
    assert_eq!(on_disk(&daemon)[2], 0);
}

#[test]
fn silence_ends_a_pull() {
    let daemon = impatient();
    let fake = Fake::new(1, 100_000);
    for (name, of) in [
        ("layer", fake.layers[0].clone()),
        ("config", fake.config.clone()),
    ] {
        let liar = Liar::with(fake.clone(), move |request| {
            let reply = || Reply::new(200, of.clone()).in_manner(Manner::Stuck(of.len().min(5)));
            is_blob(request, &of).then(reply)
        });
        let (_, lines) = pull(&daemon, &format!("{}/x", liar.host), name);
        assert!(error_of(&lines).contains("timeout"), "{name}: {lines:?}");
        assert_eq!(images(&daemon), Vec::<String>::new());
    }
}

#[test]
fn hostile_manifests_are_refused() {
    let daemon = impatient();
    let fake = Fake::new(1, 1000);
    let layer = fake.manifest["layers"][0].clone();
    let change = |path: &str, value: Value| {
        let mut manifest = fake.manifest.clone();
        *manifest.pointer_mut(path).unwrap() = value;
        manifest
    };
    let mut both = fake.manifest.clone();
    both["manifests"] = json!([]);
    let mut foreign = fake.manifest.clone();
    foreign["layers"][0]["urls"] = json!(["http://127.0.0.1:1/layer"]);
    for (name, manifest, words) in [
        (
            "many",
            change("/layers", vec![layer.clone(); 126].into()),
            "max depth exceeded",
        ),
        (
            "twice",
            change("/layers", vec![layer.clone(); 2].into()),
            "don't match",
        ),
        ("none", change("/layers", json!([])), "don't match"),
        (
            "negative",
            change("/layers/0/size", json!(-1)),
            "invalid manifest",
        ),
        (
            "huge",
            change("/layers/0/size", json!(1_u64 << 62)),
            "is larger than",
        ),
        (
            "config",
            change("/config/size", json!(1_u64 << 40)),
            "too large",
        ),
        (
            "digest",
            change("/layers/0/digest", json!("sha256:../../../etc")),
            "invalid manifest",
        ),
        (
            "sha512",
            change("/layers/0/digest", json!("sha512:00")),
            "invalid manifest",
        ),
        ("both", both, "both layers and manifests"),
        ("foreign", foreign, "foreign layer"),
        (
            "kind",
            change("/layers/0/mediaType", json!("application/x-sh")),
            "not supported",
        ),
        (
            "artefact",
            change("/config/mediaType", json!("application/vnd.x+json")),
            "when fetching",
        ),
        (
            "schema1",
            json!({"schemaVersion": 1, "fsLayers": []}),
            "schema 1",
        ),
        ("text", json!("x"), "invalid manifest"),
        (
            "nested",
            json!({"schemaVersion": 2, "manifests": vec![json!({"digest":
            Digest::of(b"").to_string(), "size": 1,
            "platform": {"os": "linux", "architecture": "amd64"}}); 1001]}),
            "too many",
        ),
        (
            "empty",
            json!({"schemaVersion": 2, "manifests": []}),
            "no matching manifest for linux/",
        ),
    ] {
        let lie = Fake {
            manifest,
            ..fake.clone()
        };
        let liar = Liar::with(lie, |_| None);
        let (_, lines) = pull(&daemon, &format!("{}/x", liar.host), name);
        let error = error_of(&lines);
        assert!(error.contains(words), "{name}: {lines:?}");
    }
    // Layers that the configuration does not name: found once they are here.
    let stranger = Fake::new(2, 1000);
    let mut swapped = fake.clone();
    let bytes = String::from_utf8(fake.config.clone()).unwrap();
    let (own, other) = (Digest::of(&fake.layers[0]), Digest::of(&stranger.layers[1]));
    swapped.config = bytes.replace(own.hex(), other.hex()).into_bytes();
    swapped.manifest["config"]["digest"] = Digest::of(&swapped.config).to_string().into();
    let liar = Liar::with(swapped, |_| None);
    let (_, lines) = pull(&daemon, &format!("{}/x", liar.host), "swapped");
    assert!(
        error_of(&lines).contains("don't match image configuration"),
        "{lines:?}"
    );
    assert_eq!(images(&daemon), Vec::<String>::new());
    assert_eq!(on_disk(&daemon)[1..], [0, 0]);
}

#[test]
fn credentials_stay_where_they_belong() {
    let daemon = impatient();
    let fake = Fake::new(1, 1000);
    let elsewhere = Liar::with(fake.clone(), |_| None);
    let (target, layer) = (elsewhere.host.clone(), fake.layers[0].clone());
    let liar = Liar::with(fake, move |request| {
        let ask = Reply::new(401, "{}").header("WWW-Authenticate", "Basic realm=\"x\"");
        if !request.headers.contains_key("authorization") {
            return Some(ask);
        }
        is_blob(request, &layer).then(|| {
            let place = format!("http://{target}{}", request.path);
            Reply::new(307, "").header("Location", place)
        })
    });
    // {"username":"u","password":"p"}
    let auth = "eyJ1c2VybmFtZSI6InUiLCJwYXNzd29yZCI6InAifQ==";
    let create = |host: &str| {
        let mut stream = UnixStream::connect(daemon.socket()).unwrap();
        let request = format!(
            "POST /v1.40/images/create?fromImage={host}/x&tag=t HTTP/1.1\r\nHost: x\r\n\
             X-Registry-Auth: {auth}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        std::io::read_to_string(stream).unwrap()
    };
    let answer = create(&liar.host);
    assert!(answer.contains("Downloaded newer image"), "{answer}");
    let asked = elsewhere.seen();
    assert_eq!(asked.len(), 1);
    assert!(!asked[0].headers.contains_key("authorization"), "{asked:?}");

    for realm in [
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
        format!("http://u:p@{}/", elsewhere.host),
        "http://".to_owned(),
        String::new(),
        "x".repeat(60_000),
    ] {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
        let liar = Liar::start(move |_| {
            Reply::new(401, "{}").header("WWW-Authenticate", challenge.clone())
        });
        let answer = create(&liar.host);
        assert!(answer.starts_with("HTTP/1.1 500"), "{realm}: {answer}");
        assert_eq!(elsewhere.seen().len(), 1, "{realm}");
    }
}

#[test]
fn a_pull_goes_on_where_it_broke_off() {
    let daemon = Daemon::flagged(&["--registry-patience", "2", "--max-download-attempts", "3"]);
    let fake = Fake::new(2, 300_000);
    let layer = fake.layers[1].clone();
    let times = AtomicUsize::new(0);
    let liar = Liar::with(fake, move |request| {
        if !is_blob(request, &layer) {
            return None;
        }
        match times.fetch_add(1, Ordering::Relaxed) {
            0 => Some(Reply::new(200, layer.clone()).in_manner(Manner::Cut(100_000))),
            1 => Some(Reply::new(500, "")),
            _ => None,
        }
    });
    let (status, lines) = pull(&daemon, &format!("{}/x", liar.host), "t");
    assert_eq!((status, error_of(&lines).as_str()), (200, ""), "{lines:?}");
    let said: Vec<&str> = lines
        .iter()
        .filter_map(|it| it["status"].as_str())
        .collect();
    for words in [
        "Retrying in 5 seconds",
        "Retrying in 1 second",
        "Retrying in 10 seconds",
    ] {
        assert!(said.contains(&words), "{words}: {said:?}");
    }
    let ranges = liar
        .seen()
        .into_iter()
        .filter(is_ranged)
        .collect::<Vec<_>>();
    assert_eq!(ranges.len(), 2, "{ranges:?}");
    assert!(
        ranges
            .iter()
            .all(|it| it.headers["range"] == "bytes=100000-"),
        "{ranges:?}"
    );
    assert_eq!(on_disk(&daemon)[1..], [0, 0]);
}

#[test]
fn layers_that_go_during_a_pull_are_fetched() {
    let daemon = Daemon::start();
    let (one, two) = (Fake::new(1, 1000), Fake::new(2, 1000));
    assert_eq!(one.layers[0], two.layers[0]);
    let layers = || {
        let place = daemon.path().join("data/image/layers");
        std::fs::read_dir(place).unwrap().count()
    };
    let before = layers();
    let first = Liar::with(one, |_| None);
    let name = format!("{}/one", first.host);
    assert_eq!(pull(&daemon, &name, "t").0, 200);
    // The first layer is here when the pull begins, and not when it ends.
    let (layer, socket) = (two.layers[1].clone(), daemon.socket());
    let removal = format!("/images/{name}:t");
    let second = Liar::with(two, move |request| {
        if is_blob(request, &layer) {
            http(&socket, "DELETE", &removal, None);
        }
        None
    });
    let (status, lines) = pull(&daemon, &format!("{}/two", second.host), "t");
    assert_eq!((status, error_of(&lines).as_str()), (200, ""), "{lines:?}");
    assert_eq!(images(&daemon).len(), 1);
    assert_eq!(layers(), before + 2);
    assert_eq!(on_disk(&daemon)[1..], [0, 0]);
}

#[test]
fn a_killed_daemon_leaves_nothing_half_and_goes_on() {
    let mut daemon = Daemon::start();
    let fake = Fake::new(2, 2_000_000);
    let layer = fake.layers[1].clone();
    let times = AtomicUsize::new(0);
    let liar = Liar::with(fake.clone(), move |request| {
        let first = is_blob(request, &layer) && times.fetch_add(1, Ordering::Relaxed) == 0;
        first.then(|| Reply::new(200, layer.clone()).in_manner(Manner::Stuck(1_500_000)))
    });
    let name = format!("{}/x:t", liar.host);
    let mut cli = daemon
        .docker_with(&crate::harness::clis()[0], &["pull", &name])
        .spawn()
        .unwrap();
    let kept = |digest: &Digest, at_least: u64| {
        let file = daemon
            .path()
            .join("data/image/downloads")
            .join(digest.hex());
        std::fs::metadata(file)
            .ok()
            .filter(|it| it.len() >= at_least)
            .map(drop)
    };
    let digests = [Digest::of(&fake.layers[0]), Digest::of(&fake.layers[1])];
    wait_for("the first layer", || kept(&digests[0], 2_000_000));
    wait_for("most of the second", || kept(&digests[1], 1_000_000));
    daemon.kill();
    cli.wait().unwrap();
    daemon.run();
    assert_eq!(images(&daemon), Vec::<String>::new());
    let [layers, staged, downloads] = on_disk(&daemon);
    assert_eq!([staged, downloads], [0, 2]);

    let before = liar.seen().len();
    daemon.docker(&["pull", &name]);
    let asked = liar.seen().split_off(before);
    let blobs: Vec<&Request> = asked
        .iter()
        .filter(|it| it.path.contains("/blobs/"))
        .collect();
    // The configuration, and the rest of the second layer.
    assert_eq!(blobs.len(), 2, "{blobs:?}");
    assert!(
        blobs.iter().any(|it| it.headers.contains_key("range")),
        "{blobs:?}"
    );
    assert_eq!(images(&daemon), [name]);
    assert_eq!(on_disk(&daemon), [layers + 2, 0, 0]);
}

#[test]
fn a_client_that_leaves_ends_its_pull() {
    let daemon = Daemon::start();
    let fake = Fake::new(1, 1_000_000);
    let layer = fake.layers[0].clone();
    let times = AtomicUsize::new(0);
    let liar = Liar::with(fake, move |request| {
        let first = is_blob(request, &layer) && times.fetch_add(1, Ordering::Relaxed) == 0;
        first.then(|| Reply::new(200, layer.clone()).in_manner(Manner::Stuck(500_000)))
    });
    let name = format!("{}/x:t", liar.host);
    let mut cli = daemon
        .docker_with(&crate::harness::clis()[0], &["pull", &name])
        .spawn()
        .unwrap();
    wait_for("a layer on its way", || {
        (on_disk(&daemon)[1] > 0 && liar.seen().iter().any(|it| it.path.contains("/blobs/")))
            .then_some(())
    });
    cli.kill().unwrap();
    cli.wait().unwrap();
    wait_for("the end of the pull", || {
        (on_disk(&daemon)[1] == 0).then_some(())
    });
    assert_eq!(images(&daemon), Vec::<String>::new());

    // Two at once share what is fetched.
    let before = liar.seen().len();
    let pulls = [0, 1].map(|_| {
        daemon
            .docker_with(&crate::harness::clis()[0], &["pull", "-q", &name])
            .spawn()
            .unwrap()
    });
    for mut pull in pulls {
        assert!(pull.wait().unwrap().success());
    }
    let asked = liar.seen().split_off(before);
    let of_layer = asked.iter().filter(|it| is_ranged(it)).count();
    assert!(of_layer <= 1, "{asked:?}");
    assert_eq!(images(&daemon), [name]);
}
