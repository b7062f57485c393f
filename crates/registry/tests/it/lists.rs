//! Lists, their pages, and what is not there.

use serde_json::json;

use crate::harness::{OCI_MANIFEST, Served};

#[test]
fn the_base_says_which_protocol_this_is() {
    let served = Served::open();
    for path in ["/v2/", "/v2"] {
        let base = served.get(path);
        assert_eq!((base.status, base.json()), (200, json!({})));
        assert_eq!(
            base.header("docker-distribution-api-version"),
            "registry/2.0"
        );
    }
    assert_eq!(served.get("/").status, 200);
    for path in ["/v3/", "/v2/a", "/v2/a/b/c/d", "/v2x/"] {
        assert_eq!(served.get(path).status, 404, "{path}");
    }
    for (method, path) in [
        ("POST", "/v2/"),
        ("PUT", "/v2/_catalog"),
        ("DELETE", "/v2/a/tags/list"),
        ("POST", "/v2/a/manifests/v1"),
        ("PUT", "/v2/a/blobs/uploads/"),
    ] {
        let answer = served.request(method, path).send();
        answer.refused(405, "UNSUPPORTED");
    }
}

#[test]
fn tags_and_repositories_come_in_pages() {
    let served = Served::open();
    for tag in ["b", "a", "c", "B", "1.0"] {
        served.push_image("r/x", tag, "one");
    }
    let list = |query: &str| served.get(&format!("/v2/r/x/tags/list{query}"));
    let all = list("");
    assert_eq!(
        all.json(),
        json!({ "name": "r/x", "tags": ["1.0", "B", "a", "b", "c"] })
    );
    assert_eq!(all.header("link"), "");
    let first = list("?n=2");
    assert_eq!(first.json()["tags"], json!(["1.0", "B"]));
    assert_eq!(
        first.header("link"),
        "</v2/r/x/tags/list?last=B&n=2>; rel=\"next\""
    );
    assert_eq!(list("?n=2&last=B").json()["tags"], json!(["a", "b"]));
    let last = list("?n=2&last=b");
    assert_eq!(
        (last.json()["tags"].clone(), last.header("link")),
        (json!(["c"]), "")
    );
    assert_eq!(list("?n=0").json()["tags"], json!([]));
    assert_eq!(list("?n=0").header("link"), "");
    assert_eq!(list("?last=B").json()["tags"], json!(["a", "b", "c"]));

    served.push_image("r/y", "v", "one");
    served.push_image("r-z", "v", "one");
    // Not a repository before it has a manifest.
    served.push_blob("half", b"pushed");
    let catalog = |query: &str| served.get(&format!("/v2/_catalog{query}"));
    assert_eq!(
        catalog("").json()["repositories"],
        json!(["r-z", "r/x", "r/y"])
    );
    let first = catalog("?n=2");
    assert_eq!(
        first.header("link"),
        "</v2/_catalog?last=r%2Fx&n=2>; rel=\"next\""
    );
    assert_eq!(
        catalog("?last=r%2Fx&n=2").json()["repositories"],
        json!(["r/y"])
    );
}

#[test]
fn absurd_pages_are_bounded() {
    let served = Served::open();
    served.push_image("a", "v", "one");
    for n in ["9223372036854775808", "18446744073709551615", "1000000000"] {
        let answer = served.get(&format!("/v2/_catalog?n={n}"));
        assert_eq!(answer.json()["repositories"], json!(["a"]));
    }
    for n in ["-1", "x", "", "18446744073709551616", "1.5"] {
        served
            .get(&format!("/v2/a/tags/list?n={n}"))
            .refused(400, "PAGINATION_NUMBER_INVALID");
    }
}

#[test]
fn a_repository_that_is_not_there_has_no_list() {
    let served = Served::open();
    served.get("/v2/a/tags/list").refused(404, "NAME_UNKNOWN");
    served.get("/v2/A/tags/list").refused(400, "NAME_INVALID");
    let long = format!("/v2/{}/tags/list", "a".repeat(256));
    served.get(&long).refused(400, "NAME_INVALID");
}

#[test]
fn a_read_only_registry_changes_nothing() {
    let served = Served::with(|config| config.read_only = true);
    for (method, path) in [
        ("POST", "/v2/a/blobs/uploads/"),
        ("PUT", "/v2/a/manifests/v1"),
        ("DELETE", "/v2/a/manifests/v1"),
        (
            "DELETE",
            "/v2/a/blobs/sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
    ] {
        let answer = served
            .request(method, path)
            .header("Content-Type", OCI_MANIFEST)
            .send();
        answer.refused(405, "UNSUPPORTED");
    }
    assert_eq!(served.get("/v2/").status, 200);
}
