//! Every way to bring a blob in.

use longshore_oci::digest::Digest;

use crate::client::Answer;
use crate::harness::Served;

fn begin(served: &Served, repository: &str) -> Answer {
    let answer = served
        .request("POST", &format!("/v2/{repository}/blobs/uploads/"))
        .send();
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.header("range"), "0-0");
    let id = answer.header("docker-upload-uuid");
    let location = format!("/v2/{repository}/blobs/uploads/{id}");
    assert_eq!(answer.header("location"), location);
    answer
}

#[test]
fn a_blob_comes_in_whole() {
    let served = Served::open();
    let digest = Digest::of(b"content");
    let location = begin(&served, "a/b").header("location").to_owned();
    let put = served
        .request("PUT", &format!("{location}?digest={digest}"))
        .body(b"content")
        .send();
    assert_eq!(put.status, 201);
    assert_eq!(put.header("docker-content-digest"), digest.to_string());
    assert_eq!(put.header("location"), format!("/v2/a/b/blobs/{digest}"));
    assert_eq!(served.get(put.header("location")).body, b"content");
    // The upload is over.
    served.get(&location).refused(404, "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(served.files("uploads"), 0);
}

#[test]
fn a_blob_comes_in_with_one_request() {
    let served = Served::open();
    let digest = served.push_blob("a", b"");
    assert_eq!(served.get(&format!("/v2/a/blobs/{digest}")).body, b"");
    let wrong = served
        .request("POST", &format!("/v2/a/blobs/uploads/?digest={digest}"))
        .body(b"x")
        .send();
    wrong.refused(400, "DIGEST_INVALID");
    assert_eq!(served.files("uploads"), 0);
}

#[test]
fn a_blob_comes_in_chunks_whose_ranges_must_fit() {
    let served = Served::open();
    let location = begin(&served, "a").header("location").to_owned();
    let patch = |range: &str, body: &[u8]| {
        let request = served.request("PATCH", &location).body(body);
        match range {
            "" => request.send(),
            range => request.header("Content-Range", range).send(),
        }
    };
    let first = patch("0-2", b"abc");
    assert_eq!((first.status, first.header("range")), (202, "0-2"));
    assert_eq!(first.header("location"), location);
    for (range, body) in [
        ("0-2", &b"abc"[..]),
        ("4-5", b"ef"),
        ("3-9", b"de"),
        ("3-2", b""),
        ("x-y", b"de"),
        ("3-18446744073709551615", b"de"),
    ] {
        let refused = patch(range, body);
        refused.refused(416, "RANGE_INVALID");
    }
    let out_of_order = patch("7-8", b"hi");
    assert_eq!(out_of_order.header("range"), "0-2");
    assert_eq!(out_of_order.header("location"), location);
    let status = served.get(&location);
    assert_eq!((status.status, status.header("range")), (204, "0-2"));
    assert!(!status.header("docker-upload-uuid").is_empty());
    assert_eq!(patch("bytes 3-4/*", b"de").status, 202);
    // Without a range it goes on where it is.
    assert_eq!(patch("", b"f").status, 202);
    let digest = Digest::of(b"abcdefg");
    let put = served
        .request("PUT", &format!("{location}?digest={digest}"))
        .header("Content-Range", "6-6")
        .body(b"g")
        .send();
    assert_eq!(put.status, 201, "{put:?}");
    assert_eq!(served.get(put.header("location")).body, b"abcdefg");
}

#[test]
fn an_upload_is_given_up() {
    let served = Served::open();
    let location = begin(&served, "a").header("location").to_owned();
    assert_eq!(
        served.request("PATCH", &location).body(b"x").send().status,
        202
    );
    assert_eq!(served.request("DELETE", &location).send().status, 204);
    assert_eq!(served.files("uploads"), 0);
    for method in ["GET", "PATCH", "PUT", "DELETE"] {
        let path = format!("{location}?digest={}", Digest::of(b"x"));
        let answer = served.request(method, &path).send();
        answer.refused(404, "BLOB_UPLOAD_UNKNOWN");
    }
}

#[test]
fn an_upload_belongs_to_its_repository() {
    let served = Served::open();
    let location = begin(&served, "a").header("location").to_owned();
    let other = location.replace("/v2/a/", "/v2/b/");
    served.get(&other).refused(404, "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(served.get(&location).status, 204);
}

#[test]
fn the_last_request_needs_a_digest() {
    let served = Served::open();
    let location = begin(&served, "a").header("location").to_owned();
    let put = |query: &str| served.request("PUT", &format!("{location}{query}")).send();
    put("").refused(400, "DIGEST_INVALID");
    put("?digest=sha256:x").refused(400, "DIGEST_INVALID");
    put("?digest=md5:d41d8cd98f00b204e9800998ecf8427e").refused(400, "DIGEST_INVALID");
    // None of that ended it.
    assert_eq!(put(&format!("?digest={}", Digest::of(b""))).status, 201);
}

#[test]
fn a_blob_is_mounted_from_another_repository_or_wherever_it_is() {
    let served = Served::open();
    let digest = served.push_blob("from/here", b"shared");
    let mount = |to: &str, query: &str| {
        served
            .request("POST", &format!("/v2/{to}/blobs/uploads/?{query}"))
            .send()
    };
    let mounted = mount("to/one", &format!("mount={digest}&from=from/here"));
    assert_eq!(mounted.status, 201, "{mounted:?}");
    assert_eq!(mounted.header("docker-content-digest"), digest.to_string());
    assert_eq!(served.get(mounted.header("location")).body, b"shared");
    assert_eq!(mount("to/two", &format!("mount={digest}")).status, 201);
    // What is not there is uploaded.
    for query in [
        format!("mount={digest}&from=not/here"),
        format!("mount={digest}&from=../x"),
        format!("mount={}&from=from/here", Digest::of(b"other")),
        "mount=nonsense&from=from/here".to_owned(),
    ] {
        let answer = mount("to/three", &query);
        assert_eq!(answer.status, 202, "{query}");
        assert!(!answer.header("docker-upload-uuid").is_empty());
    }
    let path = format!("/v2/to/three/blobs/{digest}");
    served.get(&path).refused(404, "BLOB_UNKNOWN");
}

#[test]
fn many_push_the_same_blob_at_once() {
    let served = Served::open();
    let content: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let digest = Digest::of(&content);
    std::thread::scope(|scope| {
        for client in 0..8 {
            let (served, content) = (&served, &content);
            scope.spawn(move || served.push_blob(&format!("r{}", client % 3), content));
        }
    });
    for repository in ["r0", "r1", "r2"] {
        let answer = served.get(&format!("/v2/{repository}/blobs/{digest}"));
        assert!(answer.body == content);
    }
    assert_eq!((served.files("blobs"), served.files("uploads")), (1, 0));
}
