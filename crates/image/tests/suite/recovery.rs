//! What a start makes of a damaged store, and many threads of a sound one.

use std::{collections::BTreeSet, fs};

use longshore_image::store::{Image, RemoveOptions, Removed};

use crate::support::{Scene, layer, names_in, needs_root};

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

/// The answer does not wait for a blob: a power cut may come before the disk
/// has it.
#[test]
fn a_layer_whose_blob_was_lost_is_reported_and_costs_nothing_else() {
    needs_root!();
    for lost in [None, Some(0), Some(20)] {
        let scene = Scene::new();
        scene.image("good:1", &[layer("kept")]).unwrap();
        let image = scene.image("late:1", &[layer("precious")]).unwrap();
        let hex = image.chain.as_ref().unwrap().hex().to_owned();
        let place = scene.root().join("layers").join(hex);
        let path = place.join("layer.json");
        let mut record: serde_json::Value =
            serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        record["unsettled"] = "another boot".into();
        fs::write(&path, record.to_string()).unwrap();
        match lost {
            None => fs::remove_file(place.join("blob")).unwrap(),
            Some(length) => {
                let blob = fs::File::options().write(true).open(place.join("blob"));
                blob.unwrap().set_len(length).unwrap();
            }
        }
        let scene = scene.reopen();
        let subjects: Vec<&str> = scene
            .store
            .problems()
            .iter()
            .map(|problem| problem.subject.as_str())
            .collect();
        let expected = [
            format!("layer {}", image.chain.as_ref().unwrap()),
            format!("image {}", image.id),
        ];
        assert_eq!(subjects, expected, "{lost:?}");
        assert!(scene.store.get("late:1").is_err());
        assert!(scene.store.get("good:1").is_ok());
        // It can come again.
        let again = scene.image("late:1", &[layer("precious")]).unwrap();
        assert_eq!(again.id, image.id);
        assert_eq!(scene.reopen().store.problems(), []);
    }
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

#[test]
fn every_removal_tells_of_its_own_layers_however_many_go_on() {
    needs_root!();
    let scene = Scene::new();
    std::thread::scope(|scope| {
        for n in 0..6 {
            let scene = &scene;
            scope.spawn(move || {
                for round in 0..10 {
                    let image = scene.image("", &[layer(&format!("{n}.{round}"))]).unwrap();
                    let name = image.id.to_string();
                    let removed = scene.store.remove(&name, RemoveOptions::default(), &[]);
                    let chain = image.chain.unwrap();
                    let own = [Removed::Image(image.id), Removed::Layer(chain)];
                    assert_eq!(removed.unwrap(), own);
                }
            });
        }
    });
    assert_eq!(names_in(&scene.root().join("layers")).len(), 0);
}
