//! Archives made to do harm. Each test looks at a canary beside the store.
//!
//! What has gone wrong elsewhere with images, layers and archives, and the test
//! that shows that it does not here (names without a module are in this file):
//!
//! | class, and where it was known | test |
//! | --- | --- |
//! | `..`, absolute names, links and chains of links that lead out (CVE-2014-6407, -9356, -9357, CVE-2018-20990, CVE-2020-10696, CVE-2021-29136, CVE-2021-38511, CVE-2026-17106) | [`no_name_and_no_link_leads_out`], `layers::links_are_followed_as_in_a_container` |
//! | hard links to files outside | [`hard_links_to_files_outside_are_refused`] |
//! | a link taken for a directory, its target's mode changed (CVE-2021-32760, CVE-2021-41089, CVE-2026-33056) | [`no_name_and_no_link_leads_out`] |
//! | whiteouts and devices through links | [`no_name_and_no_link_leads_out`] |
//! | overlayfs' and other trusted attributes from an archive | [`attributes_of_overlayfs_do_not_come_from_archives`] |
//! | set-id programs of layers within reach of the machine's users | [`nobody_but_root_reaches_what_layers_hold`] |
//! | endless loops and paths | [`loops_and_endless_paths_end_in_an_error`] |
//! | bombs: bytes, entries, padding, holes (CVE-2017-14992, CVE-2025-58183) | [`bombs_are_stopped_by_the_limits`] |
//! | two readings of sizes and records (CVE-2025-62518, CVE-2026-33055) | `longshore_archive::read::tests` |
//! | damaged and cut compression that hangs (CVE-2021-20291) | [`broken_compression_is_an_error_at_once`] |
//! | ids and names that become paths (CVE-2014-9358, CVE-2024-3727) | `documents::names_and_digests_never_become_paths` |
//! | a document that is a manifest and an index (CVE-2021-41190) | `documents::documents_that_can_be_read_in_two_ways_are_refused` |
//! | huge, deep and endless documents (CVE-2021-21285, CVE-2023-25153) | `documents::absurd_documents_are_refused`, [`mutated_archives_never_leave_half_an_image`] |
//! | images without what everybody expects (CVE-2024-36620) | `documents::images_that_say_nothing_can_be_looked_at` |
//! | only the first entry of an index checked (CVE-2022-24778) | `archives::an_oci_layout_is_loaded` |
//! | a tag taken over in silence (CVE-2026-50195) | `archives::a_saved_image_loads_with_its_id_and_the_same_bytes_again` |
//! | unpacking where others can interfere (CVE-2025-47290) | [`nobody_but_root_reaches_what_layers_hold`] |
//! | a full disk, a kill, a power cut | `full_disk`, `crash`, `recovery` |
//! | anything else | [`random_archives_stay_inside`] |

use std::{fs, io::Read};

use longshore_archive::layer::Limits;
use longshore_image::{
    error::ErrorKind,
    load::load,
    store::{Store, StoreOptions},
};
use tar::EntryType;

use crate::{
    support::{Random, Scene, Tar, names_in, needs_root},
    upper::listing,
};

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
                |header| {
                    header.set_mode(mode);
                    // 0:0 would be a whiteout.
                    header.set_device_major(1).unwrap();
                    header.set_device_minor(3).unwrap();
                },
            );
        }
        let unpacked = scene.unpacked(&layer);
        scene.assert_canary();
        let Ok(root) = unpacked else { continue };
        stored += 1;
        // What was accepted packs and unpacks to the same tree.
        let expected = listing(&root);
        let again = Scene::new();
        let copied = match again.store.stage_upper(&root).unwrap() {
            Some(layer) => listing(&again.placed(layer)),
            None => Vec::new(),
        };
        assert_eq!(copied, expected, "seed {seed}");
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

#[test]
fn attributes_of_overlayfs_do_not_come_from_archives() {
    needs_root!();
    let scene = Scene::new();
    let names = [
        "trusted.overlay.redirect",
        "trusted.overlay.metacopy",
        "trusted.overlay.opaque",
        "trusted.overlay.origin",
        "user.overlay.redirect",
        "trusted.other",
        "security.selinux",
        "security.ima",
    ];
    let keys = names.map(|name| format!("SCHILY.xattr.{name}"));
    let records: Vec<(&str, &[u8])> = keys
        .iter()
        .map(|key| (key.as_str(), &b"/etc"[..]))
        .collect();
    let layer = Tar::new()
        .pax(&records)
        .file("f", "x")
        .pax(&records)
        .dir("d/")
        .pax(&records)
        .symlink("l", "f");
    let root = scene.unpacked(&layer).unwrap();
    for path in ["f", "d", "l"] {
        for name in names {
            let found = rustix::fs::lgetxattr(root.join(path), name, &mut [0; 8][..]);
            assert!(found.is_err(), "{name} of {path}");
        }
    }
}

#[test]
fn nobody_but_root_reaches_what_layers_hold() {
    needs_root!();
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    let setuid = |header: &mut tar::Header| header.set_mode(0o6755);
    let layer = Tar::new().entry("su", EntryType::Regular, "", b"x", setuid);
    let root = scene.unpacked(&layer).unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&root.join("su")), 0o6755);
    for name in ["", "layers", "staging", "containers", "trash", "configs"] {
        assert_eq!(mode(&scene.root().join(name)), 0o700, "{name}");
    }
}

#[test]
fn broken_compression_is_an_error_at_once() {
    needs_root!();
    use std::io::Write;
    let scene = Scene::new();
    let mut random = Random(3);
    let noise: String = (0..200_000)
        .map(|_| char::from(random.below(128) as u8))
        .collect();
    let layer = Tar::new().file("noise", &noise).bytes();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&layer).unwrap();
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    xz.write_all(&layer).unwrap();
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    zstd.include_checksum(true).unwrap();
    zstd.write_all(&layer).unwrap();
    for (what, good) in [
        ("gzip", gzip.finish().unwrap()),
        ("xz", xz.finish().unwrap()),
        ("zstd", zstd.finish().unwrap()),
    ] {
        scene.store.stage(&good[..]).unwrap();
        let cut = &good[..good.len() - good.len() / 3];
        scene.store.stage(cut).err().expect(what);
        let mut damaged = good.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x40;
        scene.store.stage(&damaged[..]).err().expect(what);
        // The header alone.
        scene.store.stage(&good[..7]).err().expect(what);
    }
    assert_eq!(names_in(&scene.root().join("staging")), [""; 0]);
}
