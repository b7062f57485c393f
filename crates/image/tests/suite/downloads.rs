//! Layers on their way from a registry: kept, resumed, verified.

use std::fs;
use std::io::{Cursor, Read};

use longshore_image::error::ErrorKind;
use longshore_image::store::{DownloadError, PulledImage, Store};
use longshore_oci::digest::Digest;
use longshore_oci::reference::Reference;

/// A layer as registries have it: a tar of one file, plain or as gzip.
fn blob(compressed: bool) -> (Vec<u8>, Digest) {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    let mut noise = 1_u64;
    let content: Vec<u8> = std::iter::repeat_with(|| {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (noise >> 33) as u8
    })
    .take(100_000)
    .collect();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "file", &content[..]).unwrap();
    let tar = tar.into_inner().unwrap();
    let diff_id = Digest::of(&tar);
    if !compressed {
        return (tar, diff_id);
    }
    let mut gzip = flate2::read::GzEncoder::new(&tar[..], flate2::Compression::fast());
    let mut bytes = Vec::new();
    gzip.read_to_end(&mut bytes).unwrap();
    (bytes, diff_id)
}

fn kept(root: &std::path::Path) -> usize {
    fs::read_dir(root.join("downloads")).unwrap().count()
}

#[test]
fn a_download_goes_on_where_it_broke_off() {
    for compressed in [false, true] {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(root.path()).unwrap();
        let (bytes, diff_id) = blob(compressed);
        let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
        let download = store.download(&digest, size).unwrap();
        let error = download.receive(&bytes[..30_000]).err().unwrap();
        assert!(matches!(error, DownloadError::Broken(_)), "{error}");
        // A restart does not change what is here.
        drop(store);
        let store = Store::open(root.path()).unwrap();
        let download = store.download(&digest, size).unwrap();
        assert_eq!(download.offset(), 30_000);
        let layer = download.receive(&bytes[30_000..]).unwrap();
        assert_eq!(*layer.diff_id(), diff_id);
        // All of it is kept until there is an image.
        drop(layer);
        let download = store.download(&digest, size).unwrap();
        assert_eq!(download.offset(), size);
        let layer = download.receive(std::io::empty()).unwrap();

        let config = format!(
            r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["{diff_id}"]}}}}"#
        );
        let image = PulledImage {
            config: config.clone().into_bytes(),
            layers: vec![layer],
            place: "r.example/x".to_owned(),
            references: vec![Reference::parse("r.example/x:1").unwrap()],
        };
        assert!(store.put_pulled(image).unwrap());
        assert_eq!(kept(root.path()), 0);
        // What came is what goes out, if registries take it.
        let outgoing = store.outgoing(&Digest::of(config.as_bytes())).unwrap();
        let mut out = Vec::new();
        let sent = outgoing[0].write(&mut out, &mut |_| {}).unwrap();
        assert_eq!(sent, (Digest::of(&out), out.len() as u64));
        assert_eq!(out == bytes, compressed);
        assert!(outgoing[0].places.contains("r.example/x"));
    }
}

#[test]
fn what_was_kept_and_is_wrong_goes() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).unwrap();
    let (bytes, _) = blob(true);
    let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
    let mut wrong = bytes.clone();
    wrong[20_000] ^= 1;
    drop(
        store
            .download(&digest, size)
            .unwrap()
            .receive(&wrong[..30_000]),
    );
    let again = store.download(&digest, size).unwrap();
    assert_eq!(again.offset(), 30_000);
    let error = again.receive(&bytes[30_000..]).err().unwrap();
    assert!(matches!(error, DownloadError::Digest(_)), "{error}");
    let fresh = store.download(&digest, size).unwrap();
    assert_eq!(fresh.offset(), 0);
    fresh.receive(&bytes[..]).unwrap();
}

#[test]
fn a_layer_s_blob_is_out_of_reach_of_later_downloads() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).unwrap();
    let (bytes, _) = blob(true);
    let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
    let layer = store
        .download(&digest, size)
        .unwrap()
        .receive(&bytes[..])
        .unwrap();
    let blob = root.path().join("downloads").join(digest.hex());
    assert!(fs::read(&blob).unwrap() == bytes);
    // Somebody says that it is longer, and sends more; or that it is shorter.
    for size in [size + 10, 10] {
        let lie = store.download(&digest, size).unwrap();
        assert_eq!(lie.offset(), 0);
        let rest = Cursor::new(vec![7; usize::try_from(size).unwrap()]);
        assert!(lie.receive(rest).is_err());
        assert!(fs::read(&blob).unwrap() == bytes);
    }
    drop(layer);
}

#[test]
fn two_at_once_do_not_share_a_file() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).unwrap();
    let (bytes, diff_id) = blob(true);
    let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
    let first = store.download(&digest, size).unwrap();
    let second = store.download(&digest, size).unwrap();
    for download in [second, first] {
        assert_eq!(*download.receive(&bytes[..]).unwrap().diff_id(), diff_id);
    }
    assert_eq!(kept(root.path()), 1);
}

#[test]
fn sizes_beyond_every_limit_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).unwrap();
    let error = store.download(&Digest::of(b""), u64::MAX).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::BadParameter);
    assert_eq!(kept(root.path()), 0);
}
