//! Layers from upper directories of real overlays.

use std::{
    fs,
    os::unix::{
        fs::{FileTypeExt, MetadataExt},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::Command,
};

use longshore_image::{
    layer::StagedLayer,
    store::{Image, NewImage, Store},
};
use longshore_oci::config::ImageConfig;
use rustix::fs::{XattrFlags, lgetxattr, llistxattr, lsetxattr};

use crate::support::{Scene, Tar, needs_root};

const CAPABILITY: [u8; 20] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Below: what the container finds.
fn base(scene: &Scene) -> Image {
    let layer = Tar::new()
        .dir("d/")
        .file("d/gone", "x")
        .file("d/changed", "old")
        .dir("renewed/")
        .file("renewed/old", "x")
        .dir("moved/")
        .file("moved/inside", "x")
        .file("replaced", "x");
    scene.image("base:1", &[layer.bytes()]).unwrap()
}

/// Runs a script in an overlay of the image, in a mount namespace that ends
/// with it; returns the upper directory.
fn work_on(scene: &Scene, image: &Image, id: &str, script: &str) -> PathBuf {
    let layer = scene
        .store
        .container_create(id, image.chain.as_ref())
        .unwrap();
    let root = scene.directory.path().join(format!("root-{id}"));
    fs::create_dir(&root).unwrap();
    let lower: Vec<_> = layer.lower.iter().map(|it| it.to_str().unwrap()).collect();
    let options = format!(
        "lowerdir={},upperdir={},workdir={},index=off,redirect_dir=nofollow,metacopy=off",
        lower.join(":"),
        layer.upper.display(),
        layer.work.display()
    );
    let script =
        format!("set -e; mount -t overlay overlay -o '{options}' .; cd \"$PWD\"; {script}");
    let status = Command::new("unshare")
        .args(["--mount", "sh", "-c", &script])
        .current_dir(&root)
        .status()
        .unwrap();
    assert!(status.success(), "the script failed");
    fs::remove_dir(&root).unwrap();
    layer.upper
}

const CHANGES: &str = "
    rm d/gone; echo longer >> d/changed; chmod 4711 d/changed; ln d/changed d/again
    rm -r renewed; mkdir renewed; echo new > renewed/new
    mv moved elsewhere
    rm replaced; mkdir replaced; echo inside > replaced/file
    truncate -s 8M sparse; printf end >> sparse
    mkfifo fifo; mknod null c 1 3; ln -s /anywhere/../x link; mkdir -m 1777 sticky
    echo not a whiteout > .wh.d; chown -h 1000:2000 link fifo
    touch -d @1000000000 sticky/file d";

/// What the mount has no tool for.
fn add_attributes(upper: &Path) {
    let set = |name: &str, value: &[u8], path: &str| {
        lsetxattr(upper.join(path), name, value, XattrFlags::empty()).unwrap();
    };
    set("security.capability", &CAPABILITY, "sparse");
    set("user.note", b"x", "renewed");
    set("trusted.secret", b"x", "sparse");
    set("trusted.overlay.origin", b"x", "link");
    drop(UnixListener::bind(upper.join("sticky/socket")).unwrap());
    let time = fs::File::open(upper.join("sticky")).unwrap();
    let then = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_001);
    time.set_modified(then).unwrap();
}

fn put(store: &Store, base: &Image, layer: StagedLayer) -> PathBuf {
    let id = store.put(NewImage {
        config: ImageConfig::default(),
        base: base.chain.clone(),
        layers: vec![layer],
        parent: Some(base.id.clone()),
        references: Vec::new(),
    });
    let image = store.image(&id.unwrap()).unwrap();
    store.lower_dirs(&image.chain.unwrap()).remove(0)
}

/// All that a layer says, one line per name.
pub(crate) fn listing(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    let mut ahead = vec![root.to_owned()];
    while let Some(directory) = ahead.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let stat = fs::symlink_metadata(&path).unwrap();
            let mut names = vec![0; 4096];
            let length = llistxattr(&path, &mut names[..]).unwrap();
            let names = String::from_utf8_lossy(&names[..length]).into_owned();
            let mut names: Vec<&str> = names.split_terminator('\0').collect();
            names.sort();
            let kind = stat.file_type();
            let content = match () {
                () if kind.is_file() => fs::read(&path).unwrap(),
                () if kind.is_symlink() => {
                    let target = fs::read_link(&path).unwrap();
                    target.into_os_string().into_encoded_bytes()
                }
                () => Vec::new(),
            };
            // A whiteout has no time of its own: archives do not tell any.
            let is_whiteout = kind.is_char_device() && stat.rdev() == 0;
            lines.push(format!(
                "{} {:o} {}:{} {} {} links {} {names:?} {}",
                path.strip_prefix(root).unwrap().display(),
                stat.mode(),
                stat.uid(),
                stat.gid(),
                stat.rdev(),
                if is_whiteout { 0 } else { stat.mtime() },
                // Overlayfs makes all whiteouts names of one.
                if kind.is_file() { stat.nlink() } else { 0 },
                longshore_oci::digest::Digest::of(&content),
            ));
            if kind.is_dir() {
                ahead.push(path);
            }
        }
    }
    lines.sort();
    lines
}

#[test]
fn a_taken_directory_is_the_layer_that_its_copy_would_be() {
    needs_root!();
    let scene = Scene::new();
    let base = base(&scene);
    let upper = work_on(&scene, &base, "c1", CHANGES);
    add_attributes(&upper);

    let copied = scene.store.stage_upper(&upper).unwrap().unwrap();
    assert!(
        upper.join("sticky/socket").exists(),
        "a copy changes nothing"
    );
    let (diff_id, size) = (copied.diff_id().clone(), copied.size());
    let unpacked = put(&scene.store, &base, copied);
    let expected = listing(&unpacked);

    let taken = scene.store.take_upper(&upper).unwrap().unwrap();
    assert!(!upper.exists());
    assert_eq!((taken.diff_id(), taken.size()), (&diff_id, size));
    // Another store, else the layer would be there already.
    let other = Scene::new();
    let base = self::base(&other);
    let upper = work_on(&other, &base, "c1", CHANGES);
    add_attributes(&upper);
    let inode = fs::metadata(upper.join("sparse")).unwrap().ino();
    let taken = other.store.take_upper(&upper).unwrap().unwrap();
    let moved = put(&other.store, &base, taken);
    assert_eq!(fs::metadata(moved.join("sparse")).unwrap().ino(), inode);
    let without_times = |lines: &[String]| -> Vec<String> {
        let words = |line: &String| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        lines
            .iter()
            .map(|line| {
                let mut words = words(line);
                words.remove(4);
                words.join(" ")
            })
            .collect()
    };
    assert_eq!(without_times(&listing(&moved)), without_times(&expected));
    for root in [&unpacked, &moved] {
        let stat = |path: &str| fs::symlink_metadata(root.join(path)).unwrap();
        assert_eq!(stat("sticky").mtime(), 1_000_000_001, "{}", root.display());
        assert_eq!(stat("d").mtime(), 1_000_000_000);
        assert_eq!(stat("d/changed").mode() & 0o7777, 0o4711);
        assert!(stat("d/gone").file_type().is_char_device());
        assert_eq!(stat("d/gone").rdev(), 0);
        let mut value = [0; 64];
        let mut xattr = |path: &str, name: &str| {
            let length = lgetxattr(root.join(path), name, &mut value[..]).ok()?;
            Some(value[..length].to_vec())
        };
        let opaque = "trusted.overlay.opaque";
        assert_eq!(xattr("renewed", opaque), Some(b"y".to_vec()));
        assert_eq!(xattr("renewed", "user.note"), Some(b"x".to_vec()));
        let capability = xattr("sparse", "security.capability");
        assert_eq!(capability, Some(CAPABILITY.to_vec()));
        for name in ["origin", "impure", "nlink", "redirect", "metacopy"] {
            for path in ["d", "d/changed", "link", "elsewhere", "."] {
                let found = xattr(path, &format!("trusted.overlay.{name}"));
                assert_eq!(found, None, "{name} of {path}");
            }
        }
        assert!(!root.join(".wh.d").exists() && !root.join("sticky/socket").exists());
        assert_eq!(stat("elsewhere/inside").size(), 1);
        assert_eq!(stat("sparse").size(), (8 << 20) + 3);
    }
}

#[test]
fn a_container_on_the_new_layer_sees_what_the_old_one_saw() {
    needs_root!();
    for take in [true, false] {
        let scene = Scene::new();
        let base = base(&scene);
        let upper = work_on(&scene, &base, "c1", CHANGES);
        let layer = match take {
            true => scene.store.take_upper(&upper),
            false => scene.store.stage_upper(&upper),
        };
        let id = scene.store.put(NewImage {
            config: ImageConfig::default(),
            base: base.chain.clone(),
            layers: layer.unwrap().into_iter().collect(),
            parent: None,
            references: Vec::new(),
        });
        let image = scene.store.image(&id.unwrap()).unwrap();
        work_on(
            &scene,
            &image,
            "c2",
            "test ! -e d/gone; test \"$(cat d/again)\" = 'oldlonger'
             test \"$(ls renewed)\" = new; test \"$(ls replaced)\" = file
             test ! -e moved; test \"$(cat elsewhere/inside)\" = x
             test -p fifo; test -c null; test -L link
             echo more >> d/again; mv elsewhere moved; rm -r replaced",
        );
    }
}

#[test]
fn a_directory_without_changes_is_no_layer() {
    needs_root!();
    let scene = Scene::new();
    let base = base(&scene);
    let upper = work_on(&scene, &base, "c1", "echo x > f; rm f; chmod 700 .");
    assert!(scene.store.stage_upper(&upper).unwrap().is_none());
    assert!(scene.store.take_upper(&upper).unwrap().is_none());
    assert!(!upper.exists());
    assert!(scene.store.take_upper(&upper).is_err());
    assert_eq!(
        fs::read_dir(scene.root().join("staging")).unwrap().count(),
        0
    );
}

#[test]
fn a_directory_that_refers_to_the_layers_below_is_refused() {
    needs_root!();
    let scene = Scene::new();
    for (number, attribute) in ["redirect", "metacopy"].into_iter().enumerate() {
        let id = format!("c{number}");
        let upper = scene.store.container_create(&id, None).unwrap().upper;
        fs::create_dir(upper.join("d")).unwrap();
        fs::write(upper.join("d/f"), "x").unwrap();
        let name = format!("trusted.overlay.{attribute}");
        let path = upper.join(["d", "d/f"][number]);
        lsetxattr(&path, &name, b"/elsewhere", XattrFlags::empty()).unwrap();
        for result in [
            scene.store.stage_upper(&upper),
            scene.store.take_upper(&upper),
        ] {
            let error = result.err().unwrap().to_string();
            assert!(
                error.contains("refers to files of the layers below"),
                "{error}"
            );
        }
    }
}
