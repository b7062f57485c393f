//! Archives of whole images, ours and others': what loads, what does not, and
//! what is saved again.

use std::{fs, io::Write};

use longshore_image::{
    error::ErrorKind,
    load::{LoadEvent, load},
    save,
    store::RemoveOptions,
};
use longshore_oci::digest::Digest;

use crate::support::{Scene, Tar, layer, names_in, needs_root, tag};

fn saved(scene: &Scene, names: &[&str]) -> Vec<u8> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut archive = Vec::new();
    save::plan(&scene.store, &names)
        .unwrap()
        .write(&mut archive)
        .unwrap();
    archive
}

#[test]
fn a_saved_image_loads_with_its_id_and_the_same_bytes_again() {
    needs_root!();
    let one = Scene::new();
    let image = one.image("x:1", &[layer("low"), layer("high")]).unwrap();
    tag(&one, "x:1", "x:2");
    tag(&one, "x:1", "other/y:3");
    let archive = saved(&one, &["x", "other/y:3"]);
    assert_eq!(
        archive,
        saved(&one, &["x", "other/y:3"]),
        "not deterministic"
    );

    let two = Scene::new();
    let mut events = Vec::new();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&archive).unwrap();
    load(&two.store, &gzip.finish().unwrap()[..], &mut |event| {
        events.push(event)
    })
    .unwrap();
    let loaded = two.store.get("x:2").unwrap();
    assert_eq!((&loaded.id, loaded.size), (&image.id, image.size));
    assert_eq!(loaded.repo_tags(), ["x:1", "x:2", "other/y:3"]);
    assert_eq!(saved(&two, &["x", "other/y:3"]), archive);
    let texts: Vec<String> = events.iter().filter_map(LoadEvent::text).collect();
    let said = |tag: &str| format!("Loaded image: {tag}\n");
    assert_eq!(texts, [said("x:1"), said("x:2"), said("other/y:3")]);
    assert_eq!(events.len(), 5, "two layers were new: {events:?}");

    // Again: nothing is new. As another image's tag: the old one loses it.
    events.clear();
    load(&two.store, &archive[..], &mut |event| events.push(event)).unwrap();
    assert_eq!(events.len(), 3);
    let three = Scene::new();
    let old = three.image("x:1", &[layer("else")]).unwrap();
    let mut texts = Vec::new();
    load(&three.store, &archive[..], &mut |event| {
        texts.extend(event.text())
    })
    .unwrap();
    let renamed = format!(
        "The image x:1 already exists, renaming the old one with ID {} to empty string\n",
        old.id
    );
    assert!(texts.contains(&renamed), "{texts:?}");
    assert_eq!(three.store.image(&old.id).unwrap().repo_tags(), [""; 0]);

    // By ID an image is saved without its names.
    let archive = saved(&one, &[image.id.short()]);
    let four = Scene::new();
    let mut texts = Vec::new();
    load(&four.store, &archive[..], &mut |event| {
        texts.extend(event.text())
    })
    .unwrap();
    assert_eq!(texts, [format!("Loaded image ID: {}\n", image.id)]);
}

#[test]
fn unknown_names_are_refused_before_a_byte_is_written() {
    needs_root!();
    let scene = Scene::new();
    scene.image("x:1", &[layer("x")]).unwrap();
    for (name, text) in [
        ("y:1", "reference does not exist"),
        ("x:2", "reference does not exist"),
        ("y", "No such image: y"),
    ] {
        let error = save::plan(&scene.store, &["x:1".to_owned(), name.to_owned()])
            .err()
            .unwrap();
        assert_eq!(
            (error.to_string().as_str(), error.kind()),
            (text, ErrorKind::NotFound)
        );
    }
}

#[test]
fn an_image_removed_after_the_plan_was_made_is_still_saved() {
    needs_root!();
    let scene = Scene::new();
    let image = scene.image("x:1", &[layer("x")]).unwrap();
    let plan = save::plan(&scene.store, &["x:1".to_owned()]).unwrap();
    scene
        .store
        .remove("x:1", RemoveOptions::default(), &[])
        .unwrap();
    let mut archive = Vec::new();
    plan.write(&mut archive).unwrap();
    assert_eq!(
        load(&scene.store, &archive[..], &mut |_| {}).unwrap(),
        [image.id]
    );
}

/// An OCI layout with a compressed layer, an index inside the index, and an
/// image for another machine.
#[test]
fn an_oci_layout_is_loaded() {
    needs_root!();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&layer("oci")).unwrap();
    let blob = gzip.finish().unwrap();
    let config = format!(
        r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["{}"]}}}}"#,
        Digest::of(&layer("oci"))
    );
    let manifest = |layer: &Digest| {
        format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":1}},"layers":[{{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"{layer}","size":1}}]}}"#,
            Digest::of(config.as_bytes())
        )
    };
    let good = manifest(&Digest::of(&blob));
    let nested = format!(
        r#"{{"schemaVersion":2,"manifests":[{{"size":{},"digest":"{}","platform":{{"os":"linux","architecture":"{}"}}}},{{"size":1,"digest":"{}","platform":{{"os":"plan9","architecture":"mips"}}}}]}}"#,
        good.len(),
        Digest::of(good.as_bytes()),
        longshore_oci::config::host_architecture(),
        Digest::of(b"absent"),
    );
    let index = |nested: &str| {
        format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"application/vnd.oci.image.index.v1+json","size":{},"digest":"{}","annotations":{{"io.containerd.image.name":"docker.io/library/oci:1"}}}}]}}"#,
            nested.len(),
            Digest::of(nested.as_bytes())
        )
    };
    let archive = |blobs: &[&[u8]], index: &str| {
        let mut tar = Tar::new().file("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#);
        for blob in blobs {
            let name = format!("blobs/sha256/{}", Digest::of(blob).hex());
            tar = tar.entry(&name, tar::EntryType::Regular, "", blob, |_| {});
        }
        tar.file("index.json", index).bytes()
    };
    let scene = Scene::new();
    let blobs: [&[u8]; 4] = [&blob, config.as_bytes(), good.as_bytes(), nested.as_bytes()];
    let ids = load(
        &scene.store,
        &archive(&blobs, &index(&nested))[..],
        &mut |_| {},
    )
    .unwrap();
    let image = scene.store.get("oci:1").unwrap();
    assert_eq!(
        (ids, image.id),
        (
            vec![Digest::of(config.as_bytes())],
            Digest::of(config.as_bytes())
        )
    );

    // A blob under another's name, and a document that can be read both ways.
    let empty = Scene::new();
    let swapped = archive(&blobs[1..], &index(&nested));
    assert!(load(&empty.store, &swapped[..], &mut |_| {}).is_err());
    let both = good.replacen('{', r#"{"manifests":[],"#, 1);
    let about = |bytes: &str| {
        format!(
            "{},\"digest\":\"{}\"",
            bytes.len(),
            Digest::of(bytes.as_bytes())
        )
    };
    let nested = nested.replace(&about(&good), &about(&both));
    let blobs: [&[u8]; 4] = [&blob, config.as_bytes(), both.as_bytes(), nested.as_bytes()];
    let error = load(
        &empty.store,
        &archive(&blobs, &index(&nested))[..],
        &mut |_| {},
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("both layers and manifests"),
        "{error}"
    );
    assert_eq!(empty.store.list().len(), 0);
}

#[test]
fn archives_that_contradict_themselves_are_refused() {
    needs_root!();
    let scene = Scene::new();
    let config = |diff_ids: &[Digest], os: &str| {
        serde_json::json!({"os": os, "rootfs": {"type": "layers", "diff_ids": diff_ids}})
            .to_string()
    };
    let manifest = |layers: &str, tags: &str| {
        format!(r#"[{{"Config":"c.json","RepoTags":{tags},"Layers":{layers}}}]"#)
    };
    let layer_file = layer("x");
    let diff_id = Digest::of(&layer_file);
    let archive = |config: &str, manifest: &str| {
        Tar::new()
            .file("c.json", config)
            .entry(
                "l/layer.tar",
                tar::EntryType::Regular,
                "",
                &layer_file,
                |_| {},
            )
            .file("manifest.json", manifest)
            .bytes()
    };
    let one = r#"["l/layer.tar"]"#;
    let good = config(std::slice::from_ref(&diff_id), "linux");
    let wrong = Digest::of(b"wrong");
    for (what, bytes, text) in [
        (
            "no manifest",
            Tar::new().bytes(),
            "manifest.json: no such file or directory",
        ),
        (
            "empty",
            Vec::new(),
            "manifest.json: no such file or directory",
        ),
        ("no archive", vec![b'x'; 2000], "invalid tar header"),
        (
            "layer count",
            archive(&good, &manifest("[]", "null")),
            "invalid manifest, layers length mismatch: expected 0, got 1",
        ),
        (
            "diff ID",
            archive(
                &config(std::slice::from_ref(&wrong), "linux"),
                &manifest(one, "null"),
            ),
            &format!("invalid diffID for layer 0: expected \"{wrong}\", got \"{diff_id}\""),
        ),
        (
            "layer out of the archive",
            archive(&good, &manifest(r#"["../../etc/passwd"]"#, "null")),
            "etc/passwd: no such file or directory",
        ),
        (
            "system",
            archive(
                &config(std::slice::from_ref(&diff_id), "windows"),
                &manifest(one, "null"),
            ),
            "cannot load windows image on linux",
        ),
        (
            "tag",
            archive(&good, &manifest(one, r#"["x"]"#)),
            "invalid tag \"x\"",
        ),
        (
            "tag syntax",
            archive(&good, &manifest(one, r#"["../x:1"]"#)),
            "invalid reference format",
        ),
        (
            "config",
            archive("{", &manifest(one, "null")),
            "image configuration: EOF",
        ),
        (
            "manifest",
            archive(&good, "{}"),
            "manifest.json: invalid type",
        ),
        (
            "depth",
            archive(&good, &format!(r#"[{{"X":{}"#, "[".repeat(100_000))),
            "manifest.json: EOF",
        ),
    ] {
        let error = load(&scene.store, &bytes[..], &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains(text), "{what}: {error}");
        assert_eq!(error.kind(), ErrorKind::BadParameter, "{what}");
    }
    assert_eq!(scene.store.list().len(), 0);
    assert_eq!(names_in(&scene.root().join("layers")), [""; 0]);
    load(
        &scene.store,
        &archive(&good, &manifest(one, r#"["x:1"]"#))[..],
        &mut |_| {},
    )
    .unwrap();
    assert_eq!(
        scene.store.get("x:1").unwrap().config.rootfs.diff_ids,
        [diff_id]
    );
}

#[test]
fn one_layer_on_two_different_ones_is_stored_for_both() {
    needs_root!();
    let scene = Scene::new();
    scene.image("a:1", &[layer("a"), layer("same")]).unwrap();
    scene.image("b:1", &[layer("b"), layer("same")]).unwrap();
    let archive = saved(&scene, &["a:1", "b:1"]);
    let other = Scene::new();
    load(&other.store, &archive[..], &mut |_| {}).unwrap();
    for name in ["a:1", "b:1"] {
        let chain = other.store.get(name).unwrap().chain.unwrap();
        let lower = other.store.lower_dirs(&chain);
        assert_eq!(fs::read_to_string(lower[0].join("f")).unwrap(), "same");
        assert_eq!(fs::read_to_string(lower[1].join("f")).unwrap(), name[..1]);
    }
}

#[test]
fn a_layer_that_is_here_is_not_read_again() {
    needs_root!();
    let scene = Scene::new();
    let image = scene.image("a:1", &[layer("one")]).unwrap();
    let plan = save::plan(&scene.store, &["a:1".to_owned()]).unwrap();
    let mut archive = Vec::new();
    plan.write(&mut archive).unwrap();
    // The last entry is the layer: damage it.
    let at = archive.len() - 1024 - 1024 - 512;
    archive[at] ^= 0xff;
    let mut events = Vec::new();
    let ids = load(&scene.store, &archive[..], &mut |event| events.push(event)).unwrap();
    assert_eq!(ids, std::slice::from_ref(&image.id));
    assert_eq!(events.len(), 1, "{events:?}");
    let other = Scene::new();
    let error = load(&other.store, &archive[..], &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("invalid diffID"), "{error}");
    assert!(other.store.list().is_empty());
}
