//! Archives made to do harm. Each test looks at a canary beside the store.

use std::{fs, io::Read};

use longshore_archive::layer::Limits;
use longshore_image::{
    error::ErrorKind,
    load::load,
    store::{Store, StoreOptions},
};
use tar::EntryType;

use crate::support::{Random, Scene, Tar, names_in, needs_root};

/// Every way out that archives have tried.
#[test]
fn no_name_and_no_link_leads_out() {
    needs_root!();
    let scene = Scene::new();
    let canary = scene.directory.path().join("canary");
    let canary = canary.to_str().unwrap();
    let up = "../".repeat(30);
    let out = format!("{up}{}", &canary[1..]);
    let chmod = |header: &mut tar::Header| header.set_mode(0o777);
    let cases: Vec<(&str, Tar)> = vec![
        (
            "parent directories",
            Tar::new().file(&format!("{}x", &up[..60]), "x"),
        ),
        ("absolute name", Tar::new().file("/etc/x", "x")),
        (
            "link, then file through it",
            Tar::new().symlink("l", canary).file("l/x", "x"),
        ),
        (
            "relative link",
            Tar::new()
                .symlink("l", &out[..99.min(out.len())])
                .file("l/x", "x"),
        ),
        (
            "link, then the same name",
            Tar::new()
                .symlink("l", &format!("{canary}/secret"))
                .file("l", "x"),
        ),
        (
            "link, then directory of that name",
            Tar::new()
                .symlink("l", canary)
                .entry("l", EntryType::Directory, "", b"", chmod),
        ),
        (
            "link, then metadata through a slash",
            Tar::new()
                .symlink("l", canary)
                .entry("l/", EntryType::Directory, "", b"", chmod),
        ),
        (
            "hard link to a link",
            Tar::new()
                .symlink("l", canary)
                .hard_link("h", "l")
                .file("h/x", "x"),
        ),
        (
            "link to the root",
            Tar::new()
                .symlink("l", "/")
                .file(&format!("l{canary}/x"), "x"),
        ),
        (
            "link chain",
            Tar::new()
                .symlink("a", "b")
                .symlink("b", canary)
                .file("a/x", "x"),
        ),
        (
            "dangling chain",
            Tar::new().symlink("a", "../../b/../c").file("a/x", "x"),
        ),
        (
            "magic link",
            Tar::new().symlink("l", "/proc/self/cwd").file("l/x", "x"),
        ),
        (
            "whiteout through a link",
            Tar::new().symlink("l", canary).file("l/.wh.secret", ""),
        ),
        (
            "opaque through a link",
            Tar::new().symlink("l", canary).file("l/.wh..wh..opq", ""),
        ),
        ("device over a link", {
            Tar::new().symlink("l", &format!("{canary}/secret")).entry(
                "l",
                EntryType::Char,
                "",
                b"",
                |header| {
                    header.set_device_major(1).unwrap();
                    header.set_device_minor(3).unwrap();
                },
            )
        }),
    ];
    for (what, layer) in cases {
        // Whether it is refused or confined is no matter; that it stays inside is.
        if let Ok(root) = scene.unpacked(&layer) {
            assert!(root.starts_with(scene.root()), "{what}");
        }
        scene.assert_canary();
        let mode = fs::metadata(canary).unwrap();
        assert_eq!(
            std::os::unix::fs::MetadataExt::mode(&mode) & 0o7777,
            0o755,
            "{what}"
        );
    }
}

#[test]
fn hard_links_to_files_outside_are_refused() {
    needs_root!();
    let scene = Scene::new();
    let canary = scene.directory.path().join("canary");
    let secret = canary.join("secret");
    let secret = secret.to_str().unwrap();
    let cases = [
        Tar::new().hard_link("h", secret),
        Tar::new().hard_link("h", &format!("../../../../../../{secret}")),
        Tar::new()
            .symlink("l", canary.to_str().unwrap())
            .hard_link("h", "l/secret"),
        Tar::new().hard_link("h", "/"),
        Tar::new().hard_link("h", ""),
        Tar::new().hard_link("h", "missing"),
    ];
    for layer in cases {
        let error = scene.unpacked(&layer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadParameter, "{error}");
    }
    let secret = fs::metadata(secret).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::nlink(&secret), 1);
    assert_eq!(scene.store.list().len(), 0);
}

#[test]
fn loops_and_endless_paths_end_in_an_error() {
    needs_root!();
    let scene = Scene::new();
    let deep = "d/".repeat(45);
    let mut chain = Tar::new();
    for n in 0..60 {
        chain = chain.symlink(&format!("l{n}"), &format!("{deep}l{}", n + 1));
    }
    for (what, layer) in [
        (
            "loop",
            Tar::new()
                .symlink("a", "b")
                .symlink("b", "a")
                .file("a/x", ""),
        ),
        ("self", Tar::new().symlink("a", "a/a").file("a/x", "")),
        ("long chain of dangling links", chain.file("l0/x", "")),
        (
            "long name",
            Tar::new()
                .pax(&[("path", "n".repeat(300).as_bytes())])
                .file("x", ""),
        ),
        (
            "long path",
            Tar::new()
                .pax(&[("path", "d/".repeat(5000).as_bytes())])
                .file("x", ""),
        ),
    ] {
        // A chain that is long but ends is fine; none may hang or overflow.
        let result = scene.unpacked(&layer);
        assert!(result.is_err() || what.starts_with("long chain"), "{what}");
    }
    scene.assert_canary();
}

#[test]
fn bombs_are_stopped_by_the_limits() {
    needs_root!();
    let directory = tempfile::tempdir().unwrap();
    let limits = Limits {
        max_entries: 100,
        max_bytes: 1 << 20,
    };
    let store = Store::open_with(directory.path(), StoreOptions { limits }).unwrap();
    let import = |bytes: &[u8]| {
        longshore_image::import::import(&store, bytes, Default::default())
            .unwrap_err()
            .to_string()
    };
    let zeros = Tar::new().file("zeros", &"\0".repeat(4 << 20)).bytes();
    assert!(import(&zeros).contains("larger than"), "plain");
    assert!(
        import(&zstd::encode_all(&zeros[..], 19).unwrap()).contains("larger than"),
        "zstd"
    );
    let mut tail = Tar::new().file("f", "").bytes();
    tail.resize(4 << 20, 0);
    assert!(import(&tail).contains("larger than"), "endless padding");
    let many = (0..101).fold(Tar::new(), |tar, n| tar.file(&format!("f{n}"), ""));
    assert!(import(&many.bytes()).contains("more than 100 entries"));
    let hole = Tar::new()
        .pax(&[
            ("GNU.sparse.realsize", b"9000000000000000000"),
            ("GNU.sparse.map", b"0,1"),
        ])
        .file("hole", "x");
    assert!(import(&hole.bytes()).contains("larger than"), "sparse");
    assert_eq!(store.list().len(), 0);
    assert_eq!(names_in(&directory.path().join("layers")), [""; 0]);
}

/// Random archives over few names, so that entries meet: nothing outside the
/// store is touched, and the store stays sound.
#[test]
fn random_archives_stay_inside() {
    needs_root!();
    let scene = Scene::new();
    let canary = scene
        .directory
        .path()
        .join("canary")
        .to_str()
        .unwrap()
        .to_owned();
    let secret = format!("{canary}/secret");
    let names = [
        "a",
        "b",
        "a/b",
        "b/a",
        "a/b/c",
        "./a",
        "/a",
        "../a",
        "a/../b",
        "a//b",
        "a/",
        "",
        ".wh.a",
        "a/.wh.b",
        ".wh..wh..opq",
        "a/.wh..wh..opq",
        "..",
        "a/..",
        "a/secret",
        "b/secret",
    ];
    let targets = [
        "a",
        "b",
        "/a",
        "..",
        "../..",
        "../../../../..",
        "/",
        ".",
        "a/b",
        &canary,
        &secret,
        "/proc/self/root",
        "/etc",
    ];
    let kinds = [
        EntryType::Regular,
        EntryType::Directory,
        EntryType::Symlink,
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Char,
        EntryType::Fifo,
    ];
    let mut stored = 0;
    for seed in 0..400 {
        let mut random = Random(seed);
        let mut layer = Tar::new();
        for _ in 0..2 + random.below(12) {
            let kind = kinds[random.below(kinds.len())];
            let content = if kind == EntryType::Regular {
                "content"
            } else {
                ""
            };
            let mode = u32::try_from(random.below(0o10000)).unwrap();
            layer = layer.entry(
                random.pick(&names),
                kind,
                random.pick(&targets),
                content.as_bytes(),
                |header| header.set_mode(mode),
            );
        }
        stored += usize::from(scene.image("", &[layer.bytes()]).is_ok());
        scene.assert_canary();
    }
    assert!(
        stored > 40,
        "only {stored} archives were accepted: the test says nothing"
    );
    let scene = scene.reopen();
    assert_eq!(scene.store.problems(), []);
    scene.assert_canary();
}

/// Damaged archives of images: an error each time, never a panic, never half an
/// image.
#[test]
fn mutated_archives_never_leave_half_an_image() {
    needs_root!();
    let source = Scene::new();
    let layer = Tar::new().dir("d/").file("d/f", "content").bytes();
    let image = source.image("x:1", &[layer]).unwrap();
    let plan = longshore_image::save::plan(&source.store, &["x:1".to_owned()]).unwrap();
    let mut archive = Vec::new();
    plan.write(&mut archive).unwrap();

    let scene = Scene::new();
    let mut random = Random(7);
    for _ in 0..300 {
        let mut bytes = archive.clone();
        for _ in 0..1 + random.below(3) {
            let place = random.below(bytes.len());
            bytes[place] = u8::try_from(random.below(256)).unwrap();
        }
        if random.below(4) == 0 {
            bytes.truncate(random.below(bytes.len()));
        }
        if load(&scene.store, &bytes[..], &mut |_| {}).is_err() {
            continue;
        }
        for image in scene.store.list() {
            let lower = scene.store.lower_dirs(image.chain.as_ref().unwrap());
            assert_eq!(fs::read_to_string(lower[0].join("d/f")).unwrap(), "content");
        }
    }
    scene.assert_canary();
    // And the store still works.
    let loaded = load(&scene.store, &archive[..], &mut |_| {}).unwrap();
    assert_eq!(loaded, [image.id]);
}

/// A sender that goes away in the middle.
#[test]
fn a_stream_that_breaks_off_leaves_nothing() {
    needs_root!();
    struct Broken(Vec<u8>, usize);
    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let rest = &self.0[self.1..];
            if rest.is_empty() {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            self.1 += count;
            Ok(count)
        }
    }
    let scene = Scene::new();
    let layer = Tar::new().file("f", &"x".repeat(100_000)).bytes();
    for length in [0, 3, 600, 50_000, layer.len()] {
        let broken = Broken(layer[..length].to_vec(), 0);
        let options = Default::default();
        assert!(longshore_image::import::import(&scene.store, broken, options).is_err());
    }
    assert_eq!(scene.store.list().len(), 0);
    assert_eq!(names_in(&scene.root().join("layers")), [""; 0]);
    assert_eq!(names_in(&scene.root().join("staging")), [""; 0]);
}
