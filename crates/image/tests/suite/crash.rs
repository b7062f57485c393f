//! The process is killed while it loads: the image is there as a whole or not
//! at all, and nothing else is left.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Child, Command, Stdio},
};

use longshore_image::{load::load, save, store::Store};

use crate::support::{Random, Scene, Tar, names_in, needs_root};

/// Where the process to be killed has its store.
const ROOT: &str = "LONGSHORE_TEST_STORE";

/// This program again, to run nothing but the test that is killed.
fn loader(root: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "crash::loading_from_a_stream_works",
            "--nocapture",
        ])
        .env(ROOT, root)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// On its own a plain test; as the process to be killed it loads what it is
/// given on standard input.
#[test]
fn loading_from_a_stream_works() {
    needs_root!();
    if let Some(root) = std::env::var_os(ROOT) {
        let store = Store::open(Path::new(&root)).unwrap();
        load(&store, std::io::stdin(), &mut |_| {}).unwrap();
        return;
    }
    let (archive, id) = archive();
    let directory = tempfile::tempdir().unwrap();
    let mut child = loader(directory.path());
    child.stdin.take().unwrap().write_all(&archive).unwrap();
    assert!(child.wait().unwrap().success());
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(store.get("x:1").unwrap().id.to_string(), id);
}

fn archive() -> (Vec<u8>, String) {
    let scene = Scene::new();
    let layers = [1, 2, 3].map(|n| {
        (0..40)
            .fold(Tar::new().dir("d/"), |tar, file| {
                tar.file(&format!("d/{n}.{file}"), &format!("{n}{file}").repeat(2000))
            })
            .bytes()
    });
    let image = scene.image("x:1", &layers).unwrap();
    let mut archive = Vec::new();
    let plan = save::plan(&scene.store, &["x:1".to_owned()]).unwrap();
    plan.write(&mut archive).unwrap();
    (archive, image.id.to_string())
}

#[test]
fn kill_9_leaves_a_whole_image_or_none() {
    needs_root!();
    let (archive, id) = archive();
    let mut random = Random(11);
    let (mut whole, mut none) = (0, 0);
    for round in 0..40 {
        let directory = tempfile::tempdir().unwrap();
        let mut child = loader(directory.path());
        let mut stdin = child.stdin.take().unwrap();
        let length = match round % 4 {
            // Everything: the end meets the commit, at a time of its own.
            0 | 1 => archive.len(),
            _ => random.below(archive.len()),
        };
        stdin.write_all(&archive[..length]).unwrap();
        if length == archive.len() {
            drop(stdin);
            let root = directory.path().join("layers");
            // Some rounds end when layers become visible, some after the end.
            while round % 4 == 0 && fs::read_dir(&root).map_or(0, Iterator::count) < round % 3 {
                std::thread::yield_now();
            }
            if round % 4 == 1 && round % 8 == 1 {
                child.wait().unwrap();
            }
        }
        child.kill().ok();
        child.wait().unwrap();

        let store = Store::open(directory.path()).unwrap();
        assert_eq!(store.problems(), [], "round {round}");
        let layers = names_in(&directory.path().join("layers")).len();
        match store.get("x:1") {
            Ok(image) => {
                assert_eq!(image.id.to_string(), id);
                let lower = store.lower_dirs(&image.chain.unwrap());
                assert_eq!((lower.len(), layers), (3, 3));
                for directory in lower {
                    assert_eq!(names_in(&directory.join("d")).len(), 40);
                }
                whole += 1;
            }
            Err(_) => {
                assert_eq!((store.list().len(), layers), (0, 0), "half an image");
                none += 1;
            }
        }
        assert_eq!(names_in(&directory.path().join("staging")), [""; 0]);
        let again = load(&store, &archive[..], &mut |_| {}).unwrap();
        assert_eq!(again[0].to_string(), id);
    }
    assert!(
        whole > 0 && none > 0,
        "whole {whole}, none {none}: the test says nothing"
    );
}
