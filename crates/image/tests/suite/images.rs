//! Names, removal, archives of whole images, and what a start makes of a
//! damaged store.

use std::{collections::BTreeSet, fs, io::Write};

use longshore_image::{
    config::{HistoryEntry, ImageConfig},
    digest::{Digest, ImageId},
    error::ErrorKind,
    import::{ImportOptions, import},
    load::{LoadEvent, load},
    reference::Reference,
    save,
    store::{Image, NewImage, RemoveOptions, Removed, Usage},
};

use crate::support::{Scene, Tar, names_in, needs_root};

fn layer(content: &str) -> Vec<u8> {
    Tar::new().file("f", content).bytes()
}

fn saved(scene: &Scene, names: &[&str]) -> Vec<u8> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut archive = Vec::new();
    save::plan(&scene.store, &names)
        .unwrap()
        .write(&mut archive)
        .unwrap();
    archive
}

fn tag(scene: &Scene, source: &str, target: &str) -> Option<ImageId> {
    scene
        .store
        .tag(source, &Reference::parse(target).unwrap())
        .unwrap()
}

#[test]
fn images_are_found_by_name_id_and_prefix() {
    needs_root!();
    let scene = Scene::new();
    let image = scene.image("user/app:1", &[layer("a")]).unwrap();
    let id = image.id.to_string();
    for name in [
        "user/app:1",
        "docker.io/user/app:1",
        &id,
        image.id.hex(),
        image.id.short(),
        &id[..20],
    ] {
        assert_eq!(scene.store.get(name).unwrap().id, image.id, "{name}");
    }
    for (name, text, kind) in [
        (
            "user/app",
            "No such image: user/app:latest",
            ErrorKind::NotFound,
        ),
        (
            "nothing",
            "No such image: nothing:latest",
            ErrorKind::NotFound,
        ),
        ("", "invalid reference format", ErrorKind::BadParameter),
        (
            "X",
            "invalid reference format: repository name must be lowercase",
            ErrorKind::BadParameter,
        ),
    ] {
        let error = scene.store.get(name).unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.kind()),
            (text, kind),
            "{name}"
        );
    }
    let unknown = Digest::of(b"unknown").to_string();
    let error = scene.store.get(&unknown).unwrap_err();
    assert_eq!(error.to_string(), format!("No such image: {unknown}"));
}

#[test]
fn import_makes_what_was_asked_for_and_survives_a_restart() {
    needs_root!();
    let scene = Scene::new();
    let options = ImportOptions {
        reference: Some(Reference::for_tag("hello", "").unwrap()),
        source: "-".to_owned(),
        changes: vec!["CMD [\"/f\"]".to_owned(), "ENV A=1".to_owned()],
        ..ImportOptions::default()
    };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&layer("hello")).unwrap();
    let id = import(&scene.store, &gzip.finish().unwrap()[..], options).unwrap();
    let scene = scene.reopen();
    let image = scene.store.get("hello").unwrap();
    assert_eq!((image.id, image.size), (id, 5));
    assert_eq!(image.config.comment, "Imported from -");
    assert_eq!(image.config.config.cmd, Some(vec!["/f".to_owned()]));
    assert_eq!(image.config.rootfs.diff_ids, [Digest::of(&layer("hello"))]);
    assert!(image.last_tagged.is_some());
    let history = scene.store.history("hello").unwrap();
    assert_eq!(
        (history[0].size, history[0].tags.as_slice()),
        (5, &["hello:latest".to_owned()][..])
    );

    let bad = ImportOptions {
        changes: vec!["RUN true".to_owned()],
        ..ImportOptions::default()
    };
    let error = import(&scene.store, std::io::empty(), bad).unwrap_err();
    assert_eq!(error.to_string(), "run is not a valid change command");
}

#[test]
fn history_walks_the_parents() {
    needs_root!();
    let scene = Scene::new();
    let step = |text: &str, empty_layer| HistoryEntry {
        created_by: text.to_owned(),
        empty_layer,
        ..HistoryEntry::default()
    };
    let put = |history: Vec<HistoryEntry>, parent: Option<&Image>, content: Option<&str>| {
        let id = scene.store.put(NewImage {
            config: ImageConfig {
                history,
                ..ImageConfig::default()
            },
            base: parent.and_then(|parent| parent.chain.clone()),
            layers: content
                .map(|content| Box::new(std::io::Cursor::new(layer(content))) as Box<_>)
                .into_iter()
                .collect(),
            parent: parent.map(|parent| parent.id.clone()),
            references: Vec::new(),
        });
        scene.store.image(&id.unwrap()).unwrap()
    };
    let base = put(vec![step("base", false)], None, Some("12345"));
    let middle = put(
        vec![step("base", false), step("env", true)],
        Some(&base),
        None,
    );
    let all = vec![step("base", false), step("env", true), step("copy", false)];
    let top = put(all, Some(&middle), Some("123"));
    tag(&scene, &top.id.to_string(), "top:1");
    let history = scene.store.history("top:1").unwrap();
    let steps: Vec<_> = history
        .iter()
        .map(|item| (item.id.clone(), item.created_by.as_str(), item.size))
        .collect();
    assert_eq!(
        steps,
        [
            (Some(top.id.clone()), "copy", 3),
            (Some(middle.id.clone()), "env", 0),
            (Some(base.id.clone()), "base", 5),
        ]
    );
    assert_eq!(history[0].tags, ["top:1"]);
    assert_eq!(scene.store.children(&base.id), [middle.id]);
    assert_eq!(top.size, 8);
}

#[test]
fn names_are_removed_one_by_one_and_the_image_with_the_last() {
    needs_root!();
    let scene = Scene::new();
    let image = scene.image("a:1", &[layer("x")]).unwrap();
    assert_eq!(tag(&scene, "a:1", "b:1"), None);
    let untagged = |reference: &str| Removed::Untagged {
        reference: reference.to_owned(),
        image: image.id.clone(),
    };
    let keep = RemoveOptions::default();
    assert_eq!(
        scene.store.remove("b:1", keep, &[]).unwrap(),
        [untagged("b:1")]
    );
    let removed = scene.store.remove("a:1", keep, &[]).unwrap();
    let chain = image.chain.clone().unwrap();
    assert_eq!(
        removed,
        [
            untagged("a:1"),
            Removed::Image(image.id.clone()),
            Removed::Layer(chain)
        ]
    );
    assert_eq!(scene.store.list().len(), 0);
    assert_eq!(names_in(&scene.root().join("layers")), [""; 0]);
    assert_eq!(names_in(&scene.root().join("configs")), [""; 0]);
    let error = scene.store.remove("a:1", keep, &[]).unwrap_err();
    assert_eq!(error.to_string(), "No such image: a:1");
}

#[test]
fn conflicts_are_told_in_dockerd_s_words() {
    needs_root!();
    let scene = Scene::new();
    let image = scene.image("a:1", &[layer("x")]).unwrap();
    let (id, short) = (image.id.to_string(), image.id.short().to_owned());
    let container = "0123456789abcdef".repeat(4);
    let used = |running| {
        [Usage {
            container: container.clone(),
            image: image.id.clone(),
            running,
        }]
    };
    let force = RemoveOptions {
        force: true,
        ..RemoveOptions::default()
    };
    let fails = |name: &str, options, usage: &[Usage], text: String| {
        let error = scene.store.remove(name, options, usage).unwrap_err();
        assert_eq!(
            (error.to_string(), error.kind()),
            (format!("conflict: {text}"), ErrorKind::Conflict)
        );
    };
    let keep = RemoveOptions::default();
    fails(
        "a:1",
        keep,
        &used(true),
        format!(
            "unable to remove repository reference \"a:1\" (must force) - container 0123456789ab is using its referenced image {short}"
        ),
    );
    fails(
        &id,
        keep,
        &used(true),
        format!(
            "unable to delete {short} (cannot be forced) - image is being used by running container 0123456789ab"
        ),
    );
    fails(
        &id,
        force,
        &used(true),
        format!(
            "unable to delete {short} (cannot be forced) - image is being used by running container 0123456789ab"
        ),
    );
    fails(
        &id,
        keep,
        &used(false),
        format!(
            "unable to delete {short} (must be forced) - image is being used by stopped container 0123456789ab"
        ),
    );
    tag(&scene, "a:1", "b:1");
    fails(
        &id,
        keep,
        &[],
        format!(
            "unable to delete {short} (must be forced) - image is referenced in multiple repositories"
        ),
    );
    let child = scene.put("child:1", Some(&image), &[layer("y")]).unwrap();
    fails(
        &id,
        force,
        &[],
        format!("unable to delete {short} (cannot be forced) - image has dependent child images"),
    );

    // A name can go although there is a child; the image stays.
    scene.store.remove("b:1", keep, &[]).unwrap();
    let removed = scene.store.remove("a:1", keep, &[]).unwrap();
    assert_eq!(removed.len(), 1, "{removed:?}");
    // With the child goes the parent that nobody needs any more.
    let removed = scene.store.remove("child:1", keep, &[]).unwrap();
    let images: Vec<_> = removed
        .iter()
        .filter_map(|it| match it {
            Removed::Image(id) => Some(id.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(images, [child, image.id.clone()]);
}

#[test]
fn noprune_keeps_the_parent_and_force_takes_a_stopped_container_s_image() {
    needs_root!();
    let scene = Scene::new();
    let parent = scene.image("", &[layer("x")]).unwrap();
    let child = scene.put("child:1", Some(&parent), &[layer("y")]).unwrap();
    let noprune = RemoveOptions {
        noprune: true,
        ..RemoveOptions::default()
    };
    scene.store.remove("child:1", noprune, &[]).unwrap();
    assert!(scene.store.image(&child).is_none() && scene.store.image(&parent.id).is_some());

    let stopped = [Usage {
        container: "c".repeat(64),
        image: parent.id.clone(),
        running: false,
    }];
    let force = RemoveOptions {
        force: true,
        ..RemoveOptions::default()
    };
    scene
        .store
        .container_create(&stopped[0].container, parent.chain.as_ref())
        .unwrap();
    let removed = scene
        .store
        .remove(parent.id.short(), force, &stopped)
        .unwrap();
    // The container still needs the layer.
    assert_eq!(removed, [Removed::Image(parent.id)]);
    let scene = scene.reopen();
    let lower = scene
        .store
        .container_layer(&stopped[0].container)
        .unwrap()
        .lower;
    assert_eq!(fs::read_to_string(lower[1].join("f")).unwrap(), "x");
    scene.store.container_remove(&stopped[0].container).unwrap();
    assert_eq!(names_in(&scene.root().join("layers")), [""; 0]);
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
        r#"{{"manifests":[{{"digest":"{}","platform":{{"os":"linux","architecture":"{}"}}}},{{"digest":"{}","platform":{{"os":"plan9","architecture":"mips"}}}}]}}"#,
        Digest::of(good.as_bytes()),
        longshore_image::config::host_architecture(),
        Digest::of(b"absent"),
    );
    let index = |nested: &str| {
        format!(
            r#"{{"manifests":[{{"mediaType":"application/vnd.oci.image.index.v1+json","digest":"{}","annotations":{{"io.containerd.image.name":"docker.io/library/oci:1"}}}}]}}"#,
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
    let nested = nested.replace(
        &Digest::of(good.as_bytes()).to_string(),
        &Digest::of(both.as_bytes()).to_string(),
    );
    let blobs: [&[u8]; 4] = [&blob, config.as_bytes(), both.as_bytes(), nested.as_bytes()];
    let error = load(
        &empty.store,
        &archive(&blobs, &index(&nested))[..],
        &mut |_| {},
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("both a manifest and an index"),
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
fn broken_records_are_put_aside_and_the_rest_works() {
    needs_root!();
    let scene = Scene::new();
    let good = scene.image("good:1", &[layer("good")]).unwrap();
    let config = scene.image("config:1", &[layer("config")]).unwrap();
    let record = scene.image("record:1", &[layer("record")]).unwrap();
    let gone = scene.image("gone:1", &[layer("gone")]).unwrap();
    let layers = scene.root().join("layers");
    let place = |image: &Image| layers.join(image.chain.as_ref().unwrap().hex());
    fs::write(scene.root().join("configs").join(config.id.hex()), "{}").unwrap();
    fs::write(place(&record).join("layer.json"), "{").unwrap();
    fs::remove_dir_all(place(&gone)).unwrap();
    fs::create_dir(layers.join("a stranger")).unwrap();

    let scene = scene.reopen();
    let names: Vec<_> = scene
        .store
        .list()
        .iter()
        .flat_map(Image::repo_tags)
        .collect();
    assert_eq!(names, ["good:1"]);
    assert_eq!(scene.store.get("good:1").unwrap().id, good.id);
    let subjects: BTreeSet<_> = scene
        .store
        .problems()
        .iter()
        .map(|problem| problem.subject.clone())
        .collect();
    for image in [&config, &record, &gone] {
        assert!(
            subjects.contains(&format!("image {}", image.id)),
            "{subjects:?}"
        );
    }
    assert!(!names_in(&scene.root().join("quarantine")).is_empty());
    assert_eq!(names_in(&layers), [good.chain.as_ref().unwrap().hex()]);

    // What was lost can be made again.
    let again = scene.image("gone:1", &[layer("gone")]).unwrap();
    assert_eq!(again.id, gone.id);
    let scene = scene.reopen();
    assert_eq!(scene.store.list().len(), 2);
    assert_eq!(scene.store.problems(), []);
}

#[test]
fn without_its_index_a_store_still_knows_its_images() {
    needs_root!();
    let scene = Scene::new();
    scene.image("a:1", &[layer("a")]).unwrap();
    let b = scene.image("b:1", &[layer("b")]).unwrap();
    // A torn index: the one before it is good, only the last change is lost.
    fs::write(scene.root().join("index.json"), "{\"form").unwrap();
    let scene = scene.reopen();
    assert_eq!(scene.store.problems()[0].subject, "index");
    assert!(scene.store.get("a:1").is_ok());
    scene.image("b:1", &[layer("b")]).unwrap();
    // No index at all: the images are there, their names are lost.
    fs::remove_file(scene.root().join("index.json")).unwrap();
    fs::remove_file(scene.root().join("index.json.previous")).unwrap();
    let scene = scene.reopen();
    assert_eq!(scene.store.list().len(), 2);
    assert_eq!(scene.store.get(b.id.short()).unwrap().repo_tags(), [""; 0]);
}

#[test]
fn layers_lost_with_the_power_are_unpacked_again() {
    needs_root!();
    let scene = Scene::new();
    let image = scene.image("a:1", &[layer("precious")]).unwrap();
    let place = scene
        .root()
        .join("layers")
        .join(image.chain.as_ref().unwrap().hex());
    // As after a boot in which the files had not reached the disk.
    let path = place.join("layer.json");
    let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(record["unsettled"].is_string());
    record["unsettled"] = "another boot".into();
    fs::write(&path, record.to_string()).unwrap();
    fs::write(place.join("diff/f"), "").unwrap();
    let scene = scene.reopen();
    assert_eq!(scene.store.problems(), []);
    assert_eq!(
        fs::read_to_string(place.join("diff/f")).unwrap(),
        "precious"
    );
}

#[test]
fn many_threads_change_the_store_at_once() {
    needs_root!();
    let scene = Scene::new();
    let shared = layer("shared");
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (scene, shared) = (&scene, &shared);
            scope.spawn(move || {
                let name = format!("t{n}:1");
                for round in 0..5 {
                    let layers = [shared.clone(), layer(&format!("{n}.{round}"))];
                    scene.image(&name, &layers).unwrap();
                    if round < 4 {
                        scene
                            .store
                            .remove(&name, RemoveOptions::default(), &[])
                            .unwrap();
                    }
                }
            });
        }
    });
    let scene = scene.reopen();
    assert_eq!(scene.store.list().len(), 8);
    assert_eq!(names_in(&scene.root().join("layers")).len(), 9);
    assert_eq!(scene.store.problems(), []);
}
