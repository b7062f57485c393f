//! Archives exchanged with skopeo, hence with podman, buildah and CRI-O, whose
//! library it is.

use std::{fs, path::Path, process::Command};

use longshore_image::{
    load::{LoadEvent, load},
    save,
    store::Image,
};

use crate::support::{Scene, Tar, needs_root};

fn saved(scene: &Scene, names: &[&str], to: &Path) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let plan = save::plan(&scene.store, &names).unwrap();
    plan.write(fs::File::create(to).unwrap()).unwrap();
}

fn copy(from: &str, to: &str) {
    let output = Command::new("skopeo")
        .args(["--insecure-policy", "copy", "--quiet", from, to])
        .output()
        .expect("skopeo: apt-get install skopeo");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{from} to {to}: {said}");
}

fn loaded(path: &Path) -> (Scene, Vec<LoadEvent>) {
    let scene = Scene::new();
    let mut events = Vec::new();
    let file = fs::File::open(path).unwrap();
    load(&scene.store, file, &mut |event| events.push(event)).unwrap();
    (scene, events)
}

fn content(scene: &Scene, image: &Image) -> String {
    let top = &scene.store.lower_dirs(image.chain.as_ref().unwrap())[0];
    fs::read_to_string(top.join("f")).unwrap()
}

#[test]
fn images_keep_their_id_through_every_archive_of_skopeo() {
    needs_root!();
    let scene = Scene::new();
    let layers = ["low", "high"].map(|text| Tar::new().file("f", text).bytes());
    let image = scene.image("exchanged:1", &layers).unwrap();
    let path = |name: &str| scene.directory.path().join("canary").join(name);
    let shown = |name: &str| path(name).display().to_string();
    saved(&scene, &["exchanged:1"], &path("ours.tar"));
    for (number, (from, to)) in [
        ("docker-archive", "docker-archive"),
        ("docker-archive", "oci-archive"),
        ("oci-archive", "docker-archive"),
        ("oci-archive", "oci-archive"),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("{number}.tar");
        copy(
            &format!("{from}:{}", shown("ours.tar")),
            &format!("{to}:{}:exchanged:1", shown(&name)),
        );
        let (other, events) = loaded(&path(&name));
        let ours = other.store.get("exchanged:1").unwrap();
        // On the way from Docker's form to OCI's skopeo writes the configuration
        // anew, in its own words.
        let kept = (from, to) != ("docker-archive", "oci-archive");
        assert_eq!(ours.id == image.id, kept, "{from} to {to}");
        assert_eq!(content(&other, &ours), "high", "{from} to {to}");
        let tags = ours.repo_tags();
        let named = events.iter().any(|event| {
            matches!(event, LoadEvent::Loaded { reference, .. } if reference == "exchanged:1")
        });
        assert!(named && tags == ["exchanged:1"], "{from} to {to}: {tags:?}");
    }
    for name in ["ours.tar", "0.tar", "1.tar", "2.tar", "3.tar"] {
        fs::remove_file(path(name)).unwrap();
    }
    scene.assert_canary();
}

#[test]
fn one_of_several_images_is_found_by_its_name() {
    needs_root!();
    let scene = Scene::new();
    for name in ["a:1", "b:2"] {
        let layer = Tar::new().file("f", name).bytes();
        scene.image(name, &[layer]).unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    saved(&scene, &["a:1", "b:2"], &path("both.tar"));
    let both = path("both.tar").display().to_string();
    for (number, from) in [
        format!("docker-archive:{both}:b:2"),
        format!("oci-archive:{both}:2"),
    ]
    .iter()
    .enumerate()
    {
        let name = format!("{number}.tar");
        copy(
            from,
            &format!("docker-archive:{}:c:3", path(&name).display()),
        );
        let (other, _) = loaded(&path(&name));
        let image = other.store.get("c:3").unwrap();
        assert_eq!(image.id, scene.store.get("b:2").unwrap().id);
        assert_eq!(content(&other, &image), "b:2");
    }
}
