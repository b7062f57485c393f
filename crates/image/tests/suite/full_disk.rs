//! A full disk: nothing new gets in, but what is there can be named and removed.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use longshore_image::{
    error::ErrorKind,
    import::import,
    store::{RemoveOptions, Store},
};
use longshore_oci::reference::Reference;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::support::{Tar, needs_root};

/// A small file system of its own, unmounted with the value.
struct SmallDisk {
    directory: tempfile::TempDir,
}

impl SmallDisk {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        mount(
            "tmpfs",
            directory.path(),
            "tmpfs",
            MountFlags::empty(),
            Some(c"size=16m"),
        )
        .unwrap();
        Self { directory }
    }

    /// Leaves not one free block.
    fn fill(&self) -> PathBuf {
        let path = self.directory.path().join("filler");
        let mut file = File::create(&path).unwrap();
        for size in [1 << 16, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        unmount(self.directory.path(), UnmountFlags::DETACH).ok();
    }
}

fn take(store: &Store, content: &str, tag: &str) -> Result<(), longshore_image::error::Error> {
    let layer = Tar::new().file("f", content).bytes();
    let reference = Some(Reference::parse(tag)?);
    let options = longshore_image::import::ImportOptions {
        reference,
        ..Default::default()
    };
    import(store, &layer[..], options).map(drop)
}

fn used(root: &Path) -> u64 {
    let stat = rustix::fs::statvfs(root).unwrap();
    (stat.f_blocks - stat.f_bfree) * stat.f_frsize
}

#[test]
fn names_can_change_and_images_go_when_nothing_fits() {
    needs_root!();
    let disk = SmallDisk::new();
    let root = disk.directory.path().join("store");
    let store = Store::open(&root).unwrap();
    take(&store, "kept", "kept:1").unwrap();
    take(&store, &"x".repeat(1 << 20), "large:1").unwrap();
    let filler = disk.fill();

    let error = take(&store, &"y".repeat(1 << 20), "more:1").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::System, "{error}");
    assert!(store.get("more:1").is_err());
    store
        .tag("kept:1", &Reference::parse("again:1").unwrap())
        .unwrap();
    store
        .remove("large:1", RemoveOptions::default(), &[])
        .unwrap();
    drop(store);

    let store = Store::open(&root).unwrap();
    assert_eq!(store.problems(), []);
    assert_eq!(store.list().len(), 1);
    assert_eq!(
        store.get("again:1").unwrap().repo_tags(),
        ["again:1", "kept:1"]
    );
    fs::remove_file(filler).unwrap();
    take(&store, &"y".repeat(1 << 20), "more:1").unwrap();
    let before = used(disk.directory.path());
    store
        .remove("more:1", RemoveOptions::default(), &[])
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while used(disk.directory.path()) + (1 << 19) > before {
        assert!(Instant::now() < deadline, "the space does not come back");
        std::thread::yield_now();
    }
}

#[test]
fn a_download_that_does_not_fit_leaves_nothing() {
    needs_root!();
    let disk = SmallDisk::new();
    let store = Store::open(disk.directory.path()).unwrap();
    let before = used(disk.directory.path());
    let bytes = Tar::new().file("f", &"x".repeat(40 << 20)).bytes();
    let digest = longshore_oci::digest::Digest::of(&bytes);
    let download = store.download(&digest, bytes.len() as u64).unwrap();
    let error = download.receive(&bytes[..]).err().unwrap();
    let longshore_image::store::DownloadError::Layer(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.kind(), ErrorKind::System, "{error}");
    let downloads = disk.directory.path().join("downloads");
    assert_eq!(fs::read_dir(downloads).unwrap().count(), 0);
    let begin = Instant::now();
    while used(disk.directory.path()) > before + (1 << 20) {
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "space is not given back"
        );
        // The trash is emptied in the background, and nobody tells when.
        std::thread::sleep(Duration::from_millis(20));
    }
}
