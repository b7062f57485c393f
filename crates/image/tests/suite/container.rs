//! Writable layers of containers.

use std::{fs, os::unix::fs::PermissionsExt};

use longshore_image::error::ErrorKind;

use crate::support::{Scene, Tar, names_in, needs_root};

#[test]
fn a_container_gets_its_layers_in_order_and_its_name_back() {
    needs_root!();
    let scene = Scene::new();
    let layers = ["low", "high"].map(|content| Tar::new().file("f", content).bytes());
    let image = scene.image("a:1", &layers).unwrap();
    let id = "c0ffee".repeat(10);
    let layer = scene
        .store
        .container_create(&id, image.chain.as_ref())
        .unwrap();
    let read = |n: usize| fs::read_to_string(layer.lower[n].join("f")).unwrap();
    assert_eq!(
        (layer.lower.len(), read(1).as_str(), read(2).as_str()),
        (3, "high", "low")
    );
    assert_eq!(names_in(&layer.upper), [""; 0]);
    assert_eq!(
        fs::metadata(&layer.upper).unwrap().permissions().mode() & 0o7777,
        0o755
    );
    assert!(layer.work.is_dir());

    fs::create_dir(layer.upper.join("d")).unwrap();
    fs::write(layer.upper.join("d/f"), "12345").unwrap();
    fs::hard_link(layer.upper.join("d/f"), layer.upper.join("again")).unwrap();
    std::os::unix::fs::symlink("/", layer.upper.join("d/root")).unwrap();
    assert_eq!(scene.store.container_size(&id).unwrap(), 5 + 1);

    let error = scene.store.container_create(&id, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let scene = scene.reopen();
    assert_eq!(scene.store.container_layer(&id).unwrap(), layer);
    assert_eq!(scene.store.container_ids(), [id.as_str()]);
    scene.store.container_remove(&id).unwrap();
    scene.store.container_remove(&id).unwrap();
    assert!(!layer.upper.exists());
    assert_eq!(
        scene.store.container_layer(&id).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    let again = scene.store.container_create(&id, None).unwrap();
    assert_eq!((again.lower.len(), names_in(&again.upper)), (1, Vec::new()));
}

#[test]
fn the_init_layer_holds_the_mount_points() {
    needs_root!();
    let scene = Scene::new();
    let layer = scene.store.container_create("a1", None).unwrap();
    let init = &layer.lower[0];
    assert_eq!(names_in(init), [".dockerenv", "dev", "etc", "proc", "sys"]);
    assert_eq!(names_in(&init.join("dev")), ["console", "pts", "shm"]);
    assert_eq!(
        names_in(&init.join("etc")),
        ["hostname", "hosts", "mtab", "resolv.conf"]
    );
    assert_eq!(
        fs::read_link(init.join("etc/mtab")).unwrap().to_str(),
        Some("/proc/mounts")
    );
    for path in ["dev", "dev/console", "etc/hosts", "sys", ".dockerenv"] {
        let mode = fs::metadata(init.join(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o755, "{path}");
    }
}

#[test]
fn ids_that_could_lead_elsewhere_and_unknown_layers_are_refused() {
    needs_root!();
    let scene = Scene::new();
    for id in ["", ".", "..", "../x", "a/b", "a.b"] {
        let error = scene.store.container_create(id, None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadParameter, "{id:?}");
    }
    let unknown = longshore_oci::digest::Digest::of(b"unknown");
    assert!(scene.store.container_create("a1", Some(&unknown)).is_err());
    assert_eq!(scene.store.container_ids(), [""; 0]);
    scene.assert_canary();
}

#[test]
fn a_layer_whose_making_was_interrupted_is_swept() {
    needs_root!();
    let scene = Scene::new();
    let half = scene.root().join("containers/abc");
    fs::create_dir_all(half.join("upper")).unwrap();
    let scene = scene.reopen();
    assert!(!half.exists());
    assert_eq!(scene.store.container_ids(), [""; 0]);
}
