//! Reading and deleting blobs.

use longshore_oci::digest::Digest;

use crate::harness::Served;

#[test]
fn a_blob_is_read_whole_in_part_or_not_at_all() {
    let served = Served::open();
    let content: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 249) as u8).collect();
    let digest = served.push_blob("a", &content);
    let path = format!("/v2/a/blobs/{digest}");
    let whole = served.get(&path);
    assert!(whole.status == 200 && whole.body == content);
    assert_eq!(whole.header("docker-content-digest"), digest.to_string());
    assert_eq!(whole.header("content-type"), "application/octet-stream");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(
        whole.header("docker-distribution-api-version"),
        "registry/2.0"
    );

    let head = served.request("HEAD", &path).send();
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, "2000000")
    );

    let part = |range: &str| served.request("GET", &path).header("Range", range).send();
    let middle = part("bytes=1500000-1500009");
    assert_eq!(middle.status, 206);
    assert_eq!(
        middle.header("content-range"),
        "bytes 1500000-1500009/2000000"
    );
    assert_eq!(middle.body, content[1_500_000..1_500_010]);
    assert!(part("bytes=600000-").body == content[600_000..]);
    let outside = part("bytes=2000000-");
    outside.refused(416, "RANGE_INVALID");
    assert_eq!(outside.header("content-range"), "bytes */2000000");

    let again = served
        .request("GET", &path)
        .header("If-None-Match", whole.header("etag"))
        .send();
    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn a_blob_is_known_only_where_it_was_pushed() {
    let served = Served::open();
    let digest = served.push_blob("a", b"mine");
    for method in ["GET", "HEAD"] {
        let answer = served
            .request(method, &format!("/v2/b/blobs/{digest}"))
            .send();
        assert_eq!(answer.status, 404, "{method}");
    }
    served
        .get(&format!("/v2/a/blobs/{}", Digest::of(b"none")))
        .refused(404, "BLOB_UNKNOWN");
}

#[test]
fn what_is_deleted_is_gone_at_once() {
    let served = Served::open();
    let digest = served.push_blob("a", b"soon gone");
    served.push_blob("b", b"soon gone");
    let path = format!("/v2/a/blobs/{digest}");
    assert_eq!(served.get(&path).status, 200);
    assert_eq!(served.request("DELETE", &path).send().status, 202);
    served.get(&path).refused(404, "BLOB_UNKNOWN");
    served
        .request("DELETE", &path)
        .send()
        .refused(404, "BLOB_UNKNOWN");
    // The other repository keeps its own.
    assert_eq!(served.get(&format!("/v2/b/blobs/{digest}")).status, 200);
}
