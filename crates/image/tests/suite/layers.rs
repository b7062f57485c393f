//! Unpacking: what a layer may hold, and what becomes of it.

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::Path,
};

use tar::EntryType;

use crate::support::{Scene, Tar, names_in, needs_root};

fn xattr(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 256];
    let length = rustix::fs::lgetxattr(path, name, value.as_mut_slice()).ok()?;
    value.truncate(length);
    Some(value)
}

fn is_whiteout(path: &Path) -> bool {
    let metadata = fs::symlink_metadata(path).unwrap();
    metadata.file_type().is_char_device() && metadata.rdev() == 0
}

#[test]
fn kinds_modes_owners_times_and_attributes_survive() {
    needs_root!();
    let scene = Scene::new();
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let device = |header: &mut tar::Header| {
        header.set_device_major(5).unwrap();
        header.set_device_minor(1).unwrap();
    };
    let layer = Tar::new()
        .entry("./", EntryType::Directory, "", b"", |header| {
            header.set_mode(0o711)
        })
        .entry("d/", EntryType::Directory, "", b"", |header| {
            header.set_mode(0o1777)
        })
        .entry("d/setuid", EntryType::Regular, "", b"abc", |header| {
            header.set_mode(0o4755);
            header.set_uid(1000);
            header.set_gid(2000);
        })
        .pax(&[
            ("SCHILY.xattr.security.capability", &capability),
            ("SCHILY.xattr.user.note", b"x"),
            ("SCHILY.xattr.trusted.overlay.redirect", b"/etc"),
            ("mtime", b"12345.5"),
        ])
        .file("d/capable", "")
        .symlink("d/link", "../../anywhere")
        .hard_link("d/again", "d/setuid")
        .entry("d/console", EntryType::Char, "", b"", device)
        .entry("d/fifo", EntryType::Fifo, "", b"", |_| {})
        .file("implied/parent/file", "x");
    let image = scene.image("", &[layer.bytes()]).unwrap();
    let root = scene
        .store
        .lower_dirs(image.chain.as_ref().unwrap())
        .remove(0);
    let stat = |path: &str| fs::symlink_metadata(root.join(path)).unwrap();

    assert_eq!(stat("").mode() & 0o7777, 0o711);
    assert_eq!(stat("d").mode() & 0o7777, 0o1777);
    assert_eq!(
        stat("d").mtime(),
        1_000_000_000,
        "filling a directory changed its time"
    );
    let setuid = stat("d/setuid");
    assert_eq!(
        (setuid.mode() & 0o7777, setuid.uid(), setuid.gid()),
        (0o4755, 1000, 2000)
    );
    assert_eq!((setuid.nlink(), setuid.ino()), (2, stat("d/again").ino()));
    assert_eq!(
        xattr(&root.join("d/capable"), "security.capability"),
        Some(capability.to_vec())
    );
    assert_eq!(
        xattr(&root.join("d/capable"), "user.note"),
        Some(b"x".to_vec())
    );
    assert_eq!(
        xattr(&root.join("d/capable"), "trusted.overlay.redirect"),
        None
    );
    assert_eq!(
        (stat("d/capable").mtime(), stat("d/capable").mtime_nsec()),
        (12345, 500_000_000)
    );
    assert_eq!(
        fs::read_link(root.join("d/link")).unwrap(),
        Path::new("../../anywhere")
    );
    assert_eq!(stat("d/console").rdev(), rustix::fs::makedev(5, 1));
    assert!(stat("d/fifo").file_type().is_fifo());
    assert_eq!(stat("implied/parent").mode() & 0o7777, 0o755);
    assert_eq!(
        image.size,
        3 + 1 + 14,
        "two files and a symbolic link; a hard link is none"
    );
}

#[test]
fn whiteouts_become_what_overlayfs_knows() {
    needs_root!();
    let scene = Scene::new();
    let root = scene
        .unpacked(
            &Tar::new()
                .dir("a/")
                .file("a/.wh.gone", "")
                .dir("opaque/")
                .file("opaque/.wh..wh..opq", "")
                .file("opaque/new", "x")
                // A whiteout and a new directory of the same name, both orders.
                .file(".wh.first", "")
                .dir("first/")
                .dir("second/")
                .file(".wh.second", "")
                .file(".wh.third", "")
                .file("third/implied", "")
                // Bookkeeping of aufs.
                .file(".wh..wh.plnk", ""),
        )
        .unwrap();
    assert!(is_whiteout(&root.join("a/gone")));
    let opaque = |path: &str| xattr(&root.join(path), "trusted.overlay.opaque");
    for path in ["opaque", "first", "second", "third"] {
        assert_eq!(opaque(path), Some(b"y".to_vec()), "{path}");
    }
    assert_eq!(opaque("a"), None);
    assert_eq!(names_in(&root), ["a", "first", "opaque", "second", "third"]);
    for name in [".wh.", ".wh..", ".wh..."] {
        assert!(
            scene.unpacked(&Tar::new().file(name, "")).is_err(),
            "{name}"
        );
    }
    scene.assert_canary();
}

#[test]
fn later_entries_replace_earlier_ones() {
    needs_root!();
    let scene = Scene::new();
    let root = scene
        .unpacked(
            &Tar::new()
                .dir("d/")
                .file("d/deep/er", "old")
                .file("d", "now a file")
                .symlink("s", "d")
                .dir("s/")
                .file("s/inside", "x")
                .file("f", "1")
                .file("f", "2"),
        )
        .unwrap();
    assert_eq!(fs::read_to_string(root.join("d")).unwrap(), "now a file");
    assert!(fs::symlink_metadata(root.join("s")).unwrap().is_dir());
    assert_eq!(fs::read_to_string(root.join("f")).unwrap(), "2");
}

#[test]
fn links_are_followed_as_in_a_container() {
    needs_root!();
    let scene = Scene::new();
    let root = scene
        .unpacked(
            &Tar::new()
                .dir("run/")
                .dir("var/")
                .symlink("var/run", "/run")
                .file("var/run/pid", "1")
                // What a link names may be in a lower layer only.
                .symlink("var/lock", "../run/lock")
                .file("var/lock/held", "2"),
        )
        .unwrap();
    assert_eq!(fs::read_to_string(root.join("run/pid")).unwrap(), "1");
    assert_eq!(fs::read_to_string(root.join("run/lock/held")).unwrap(), "2");
    assert!(
        fs::symlink_metadata(root.join("var/run"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn sparse_files_keep_their_holes() {
    needs_root!();
    let scene = Scene::new();
    let layer = Tar::new()
        .pax(&[
            ("GNU.sparse.name", b"sparse"),
            ("GNU.sparse.realsize", b"1073741824"),
            ("GNU.sparse.map", b"4096,3"),
        ])
        .file("x", "abc");
    let root = scene.unpacked(&layer).unwrap();
    let metadata = fs::metadata(root.join("sparse")).unwrap();
    assert_eq!(metadata.len(), 1 << 30);
    assert!(metadata.blocks() < 64, "the holes were filled");
}

/// What comes and goes begins in different places, where the file system can be
/// told so.
#[test]
fn directories_of_what_comes_and_goes_are_marked() {
    // `EXT4_SUPER_MAGIC` of <linux/magic.h>.
    const EXT4: i128 = 0xEF53;
    let scene = Scene::new();
    for (name, comes_and_goes) in [
        ("staging", true),
        ("containers", true),
        ("downloads", true),
        ("configs", false),
    ] {
        let directory = fs::File::open(scene.root().join(name)).unwrap();
        let kind = rustix::fs::fstatfs(&directory).unwrap().f_type;
        let marked = rustix::fs::ioctl_getflags(&directory)
            .is_ok_and(|flags| flags.contains(rustix::fs::IFlags::TOPDIR));
        // Elsewhere the mark may be refused, or handed on to what lies below.
        if !comes_and_goes || i128::from(kind) == EXT4 {
            assert_eq!(marked, comes_and_goes, "{name}");
        }
    }
}
