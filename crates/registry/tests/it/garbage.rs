//! Garbage collection: what goes, what stays, and pushes that go on meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use longshore_oci::digest::Digest;
use serde_json::json;

use crate::harness::{OCI_INDEX, OCI_MANIFEST, Served, image};

fn eager() -> Served {
    Served::with(|config| config.grace = Duration::ZERO)
}

#[test]
fn what_no_manifest_needs_goes() {
    let served = eager();
    let kept = served.push_image("a", "v1", "one");
    served.push_blob("a", b"abandoned");
    served.push_blob("only/blobs", b"abandoned");
    let deleted = served.push_image("b", "v1", "two");
    let path = format!("/v2/b/manifests/{}", Digest::of(&deleted));
    assert_eq!(served.request("DELETE", &path).send().status, 202);
    let done = served.registry.collect(false).expect("collected");
    // The abandoned blob, and the manifest, configuration and layer of b.
    assert_eq!((done.manifests, done.blobs), (0, 4));
    assert!(done.bytes > 0);
    assert_eq!(served.files("blobs"), 3);
    assert_eq!(served.get("/v2/a/manifests/v1").body, kept);
    assert_eq!(
        served
            .get(&format!("/v2/a/blobs/{}", Digest::of(b"one")))
            .body,
        b"one"
    );
    served.get("/v2/b/tags/list").refused(404, "NAME_UNKNOWN");
    assert!(!served.data().join("repositories/only").exists());
    assert_eq!(served.registry.collect(false).expect("collected").blobs, 0);
}

#[test]
fn untagged_manifests_go_when_that_is_wanted_unless_something_leads_to_them() {
    let served = eager();
    let old = served.push_image("a", "v", "old");
    let child = served.push_image("a", "child", "child");
    let index = serde_json::to_vec(&json!({ "schemaVersion": 2, "mediaType": OCI_INDEX,
        "manifests": [{ "mediaType": OCI_MANIFEST, "size": child.len(),
            "digest": Digest::of(&child) }] }))
    .expect("JSON");
    assert_eq!(served.put_manifest("a", "v", OCI_INDEX, &index).status, 201);
    assert_eq!(
        served
            .request("DELETE", "/v2/a/manifests/child")
            .send()
            .status,
        202
    );
    let config = served.push_blob("a", b"{}");
    let mut about = image(&config, 2, &config, 2);
    about["subject"] = json!({ "mediaType": OCI_INDEX, "size": index.len(),
        "digest": Digest::of(&index) });
    let about = serde_json::to_vec(&about).expect("JSON");
    let digest = Digest::of(&about).to_string();
    assert_eq!(
        served
            .put_manifest("a", &digest, OCI_MANIFEST, &about)
            .status,
        201
    );

    assert_eq!(
        served.registry.collect(false).expect("collected").manifests,
        0
    );
    assert_eq!(
        served.registry.collect(true).expect("collected").manifests,
        1
    );
    let gone = format!("/v2/a/manifests/{}", Digest::of(&old));
    served.get(&gone).refused(404, "MANIFEST_UNKNOWN");
    for manifest in [&child, &index, &about] {
        let path = format!("/v2/a/manifests/{}", Digest::of(manifest));
        assert_eq!(served.get(&path).status, 200);
    }
}

#[test]
fn what_is_young_stays() {
    let served = Served::open();
    served.push_blob("a", b"just pushed");
    let done = served.registry.collect(true).expect("collected");
    assert_eq!((done.blobs, served.files("blobs")), (0, 1));
}

#[test]
fn pushes_go_on_while_garbage_is_collected() {
    let served = Served::open();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let mut rounds = 0;
            while !ended.load(Ordering::Relaxed) {
                served.registry.collect(true).expect("collected");
                rounds += 1;
            }
            rounds
        });
        for client in 0..3 {
            for round in 0..10 {
                let seed = format!("{client} {round}");
                let manifest = served.push_image(&format!("r{client}"), "v", &seed);
                assert_eq!(
                    served.get(&format!("/v2/r{client}/manifests/v")).body,
                    manifest
                );
            }
        }
        ended.store(true, Ordering::Relaxed);
        assert!(collector.join().expect("a collector") > 0);
    });
}
