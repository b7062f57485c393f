//! Manifests, indexes and configs made to do harm; the classes of what has gone
//! wrong elsewhere are listed at the head of `hostile`.

use longshore_image::{error::ErrorKind, load::load};
use longshore_oci::digest::Digest;
use tar::EntryType;

use crate::support::{Scene, Tar, names_in, needs_root};

/// A docker archive of one layer.
fn docker_archive(config: &str, manifest: &str) -> Vec<u8> {
    let layer = Tar::new().file("f", "x").bytes();
    Tar::new()
        .file("c.json", config)
        .entry("l/layer.tar", EntryType::Regular, "", &layer, |_| {})
        .file("manifest.json", manifest)
        .bytes()
}

fn good_config() -> String {
    let diff_id = Digest::of(&Tar::new().file("f", "x").bytes());
    format!(r#"{{"os":"linux","rootfs":{{"type":"layers","diff_ids":["{diff_id}"]}}}}"#)
}

#[test]
fn names_and_digests_never_become_paths() {
    needs_root!();
    let scene = Scene::new();
    let manifest = |config: &str, layer: &str, parent: &str| {
        format!(r#"[{{"Config":"{config}","Layers":["{layer}"],"Parent":"{parent}"}}]"#)
    };
    let good = good_config();
    let bad_digests = [
        "sha256:../../x".to_owned(),
        "../../x".to_owned(),
        format!("sha256:{}", "A".repeat(64)),
        format!("sha512:{}", "a".repeat(64)),
        "sha256:".to_owned(),
        String::new(),
    ];
    let mut refused = vec![
        docker_archive(&good, &manifest("../../../etc/passwd", "l/layer.tar", "")),
        docker_archive(&good, &manifest("/etc/passwd", "l/layer.tar", "")),
        docker_archive(&good, &manifest("c.json", "../../etc/passwd", "")),
        docker_archive(&good, &manifest("c.json", &"x/".repeat(300), "")),
    ];
    for digest in &bad_digests {
        let config = format!(r#"{{"os":"linux","rootfs":{{"diff_ids":["{digest}"]}}}}"#);
        let item = manifest("c.json", "l/layer.tar", "");
        refused.push(docker_archive(&config, &item));
        let index = format!(
            r#"{{"schemaVersion":2,"manifests":[{{"size":1,"digest":"{digest}","mediaType":""}}]}}"#
        );
        let layout = Tar::new()
            .file("oci-layout", "{}")
            .file("index.json", &index);
        refused.push(layout.bytes());
    }
    for (number, archive) in refused.iter().enumerate() {
        let error = load(&scene.store, &archive[..], &mut |_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadParameter, "{number}: {error}");
    }
    // A parent that is none is as good as no parent.
    let archive = docker_archive(&good, &manifest("c.json", "l/layer.tar", "../../x"));
    let ids = load(&scene.store, &archive[..], &mut |_| {}).unwrap();
    assert_eq!(scene.store.image(&ids[0]).unwrap().parent, None);
    for name in [
        "../../etc/passwd",
        "..",
        "/",
        "a/../b",
        &"a".repeat(300),
        "x\0y",
    ] {
        assert!(scene.store.get(name).is_err(), "{name}");
    }
    scene.assert_canary();
}

/// An OCI layout whose index has these bytes, with the documents as blobs.
fn layout(index: &str, documents: &[&str]) -> Vec<u8> {
    let mut archive = Tar::new().file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
    for document in documents {
        let digest = Digest::of(document.as_bytes());
        archive = archive.file(&format!("blobs/sha256/{}", digest.hex()), document);
    }
    archive.file("index.json", index).bytes()
}

fn descriptor(kind: &str, document: &str) -> String {
    let digest = Digest::of(document.as_bytes());
    let size = document.len();
    format!(r#"{{"mediaType":"{kind}","size":{size},"digest":"{digest}"}}"#)
}

#[test]
fn documents_that_can_be_read_in_two_ways_are_refused() {
    needs_root!();
    let scene = Scene::new();
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    let config = r#"{"os":"linux","rootfs":{"type":"layers"}}"#;
    let about = descriptor("application/vnd.oci.image.config.v1+json", config);
    let index_of = |descriptor: &str, more: &str| {
        format!(r#"{{"schemaVersion":2,"manifests":[{descriptor}]{more}}}"#)
    };
    let plain = format!(r#"{{"schemaVersion":2,"config":{about},"layers":[]}}"#);
    let both = format!(r#"{{"schemaVersion":2,"config":{about},"layers":[],"manifests":[]}}"#);
    let says_index =
        format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","config":{about},"layers":[]}}"#);
    let old = r#"{"schemaVersion":1,"fsLayers":[]}"#;
    let smaller = descriptor(MANIFEST, &plain).replace("\"size\":", "\"size\":1");
    for (what, index, document) in [
        ("both", index_of(&descriptor("", &both), ""), both.as_str()),
        (
            "manifest as index",
            index_of(&descriptor(INDEX, &plain), ""),
            &plain,
        ),
        (
            "says index",
            index_of(&descriptor(MANIFEST, &says_index), ""),
            &says_index,
        ),
        ("size", index_of(&smaller, ""), &plain),
        ("schema 1", index_of(&descriptor("", old), ""), old),
        (
            "index with layers",
            index_of(&descriptor(MANIFEST, &plain), r#","layers":[]"#),
            &plain,
        ),
    ] {
        let archive = layout(&index, &[document, config]);
        let error = load(&scene.store, &archive[..], &mut |_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadParameter, "{what}: {error}");
    }
    let archive = layout(
        &index_of(&descriptor(MANIFEST, &plain), ""),
        &[&plain, config],
    );
    assert_eq!(
        load(&scene.store, &archive[..], &mut |_| {}).unwrap().len(),
        1
    );
}

#[test]
fn absurd_documents_are_refused() {
    needs_root!();
    let scene = Scene::new();
    let item = r#"[{"Config":"c.json","Layers":["l/layer.tar"]}]"#;
    let deep = |open: &str| open.repeat(100_000);
    let many: Vec<String> = (0..200)
        .map(|n| format!("\"{}\"", Digest::of(format!("{n}").as_bytes())))
        .collect();
    let many = many.join(",");
    let refused = [
        docker_archive(&deep("["), item),
        docker_archive(&deep(r#"{"config":"#), item),
        docker_archive(&format!("{{\"x\":\"{}\"}}", "x".repeat(9 << 20)), item),
        docker_archive(&good_config(), &format!("[{}", "{},".repeat(1_000_000))),
        docker_archive(
            &format!(r#"{{"os":"linux","rootfs":{{"diff_ids":[{many}]}}}}"#),
            &format!(
                r#"[{{"Config":"c.json","Layers":[{}]}}]"#,
                ["\"l/layer.tar\""; 200].join(",")
            ),
        ),
        docker_archive(r#"{"os":"linux","created":"never","rootfs":{}}"#, item),
        docker_archive(
            r#"{"os":"linux","history":{"length":1e999},"rootfs":{}}"#,
            item,
        ),
        (0..10_001)
            .fold(Tar::new(), |tar, n| tar.file(&format!("{n}"), ""))
            .bytes(),
    ];
    for (number, archive) in refused.iter().enumerate() {
        let error = load(&scene.store, &archive[..], &mut |_| {}).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadParameter, "{number}: {error}");
    }
    assert_eq!(scene.store.list().len(), 0);
    assert_eq!(names_in(&scene.root().join("layers")), [""; 0]);
}

#[test]
fn images_that_say_nothing_can_be_looked_at() {
    needs_root!();
    let scene = Scene::new();
    for (number, config) in [
        "{}",
        r#"{"rootfs":null,"history":null,"config":null,"container_config":null}"#,
        r#"{"os":"linux","rootfs":{"type":"layers","diff_ids":null},"history":[null]}"#,
        r#"{"history":[{},{"empty_layer":false},{"created":null}],"created":null}"#,
        r#"{"config":{"Env":null,"Cmd":null,"Labels":null,"Volumes":null}}"#,
    ]
    .iter()
    .enumerate()
    {
        let manifest = format!(r#"[{{"Config":"c","RepoTags":["n:{number}"],"Layers":null}}]"#);
        let archive = Tar::new()
            .file("c", config)
            .file("manifest.json", &manifest);
        // Refused or taken; what was taken can be looked at.
        if load(&scene.store, &archive.bytes()[..], &mut |_| {}).is_err() {
            continue;
        }
        let name = format!("n:{number}");
        scene.store.get(&name).unwrap();
        scene.store.history(&name).unwrap();
        longshore_image::save::plan(&scene.store, &[name]).unwrap();
    }
    assert!(scene.store.list().len() >= 3);
    let scene = scene.reopen();
    assert_eq!(scene.store.problems(), []);
}
