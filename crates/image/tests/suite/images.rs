//! Names, import, history and removal.

use std::{fs, io::Write};

use longshore_image::{
    error::ErrorKind,
    import::{ImportOptions, import},
    store::{Image, NewImage, RemoveOptions, Removed, Usage},
};
use longshore_oci::{
    config::{HistoryEntry, ImageConfig, RunConfig},
    digest::{Digest, chain_ids},
    reference::Reference,
};

use crate::support::{Scene, layer, names_in, needs_root, tag};

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
        config: RunConfig {
            cmd: Some(vec!["/f".to_owned()]),
            ..RunConfig::default()
        },
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
                .map(|content| scene.store.stage(&layer(content)[..]).unwrap())
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
fn layers_go_with_the_last_image_that_had_them() {
    needs_root!();
    let scene = Scene::new();
    let base = scene
        .put("", None, &[layer("low"), layer("middle")])
        .unwrap();
    let base = scene.store.image(&base).unwrap();
    let child = scene.put("a:1", Some(&base), &[layer("high")]).unwrap();
    let chain = |diff_ids: &[&str]| {
        let diff_ids: Vec<_> = diff_ids.iter().map(|it| Digest::of(&layer(it))).collect();
        chain_ids(&diff_ids).pop().unwrap()
    };
    let removed = scene.store.remove("a:1", RemoveOptions::default(), &[]);
    let untagged = Removed::Untagged {
        reference: "a:1".to_owned(),
        image: child.clone(),
    };
    assert_eq!(
        removed.unwrap(),
        [
            untagged,
            Removed::Image(child),
            Removed::Layer(chain(&["low", "middle", "high"])),
            Removed::Image(base.id),
            Removed::Layer(chain(&["low", "middle"])),
            Removed::Layer(chain(&["low"])),
        ]
    );
}
