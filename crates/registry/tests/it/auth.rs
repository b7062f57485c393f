//! Accounts with HTTP Basic: who may do what.

use longshore_oci::digest::Digest;
use longshore_registry::config::Access;

use crate::harness::{OCI_MANIFEST, Served, with_accounts};

#[test]
fn a_request_needs_a_name_and_a_right() {
    let (_dir, accounts) = with_accounts(&["ann:team/*:pull,push", "bob:*:pull"], false);
    let served = Served::with(|config| config.access = Access::Basic(accounts));
    let base = served.get("/v2/");
    base.refused(401, "UNAUTHORIZED");
    assert_eq!(
        base.header("www-authenticate"),
        "Basic realm=\"Longshore Registry\""
    );
    assert_eq!(
        base.header("docker-distribution-api-version"),
        "registry/2.0"
    );
    for (name, password, status) in [
        ("ann", "secret", 200),
        ("ann", "wrong", 401),
        ("ann", "", 401),
        ("eve", "secret", 401),
        ("", "", 401),
    ] {
        let answer = served.request("GET", "/v2/").basic(name, password).send();
        assert_eq!(answer.status, status, "{name} {password}");
    }
    let nonsense = served
        .request("GET", "/v2/")
        .header("Authorization", "Basic %%%");
    assert_eq!(nonsense.send().status, 401);

    let digest = Digest::of(b"x");
    let upload = format!("/v2/team/app/blobs/uploads/?digest={digest}");
    let cases = [
        ("POST", upload.as_str(), 201, 403, 401),
        (
            "GET",
            &format!("/v2/team/app/blobs/{digest}"),
            200,
            200,
            401,
        ),
        ("PUT", "/v2/team/app/manifests/v1", 400, 403, 401),
        ("GET", "/v2/team/app/manifests/v1", 404, 404, 401),
        ("GET", "/v2/team/app/tags/list", 404, 404, 401),
        ("GET", "/v2/other/tags/list", 403, 404, 401),
        ("DELETE", "/v2/team/app/manifests/v1", 403, 403, 401),
        (
            "DELETE",
            &format!("/v2/team/app/blobs/{digest}"),
            403,
            403,
            401,
        ),
        ("GET", "/v2/_catalog", 200, 200, 401),
        (
            "GET",
            &format!("/v2/other/referrers/{digest}"),
            403,
            200,
            401,
        ),
    ];
    for (method, path, ann, bob, nobody) in cases {
        let ask = || {
            served
                .request(method, path)
                .header("Content-Type", OCI_MANIFEST)
                .body(if method == "POST" { b"x" } else { b"" })
        };
        let statuses = (
            ask().basic("ann", "secret").send().status,
            ask().basic("bob", "secret").send().status,
            ask().send().status,
        );
        assert_eq!(statuses, (ann, bob, nobody), "{method} {path}");
    }
}

#[test]
fn everybody_may_pull_where_that_is_allowed() {
    let (_dir, accounts) = with_accounts(&[], true);
    let served = Served::with(|config| config.access = Access::Basic(accounts));
    let digest = Digest::of(b"x");
    let pushed = served
        .request("POST", &format!("/v2/a/blobs/uploads/?digest={digest}"))
        .basic("ann", "secret")
        .body(b"x")
        .send();
    assert_eq!(pushed.status, 201);
    assert_eq!(served.get(&format!("/v2/a/blobs/{digest}")).status, 200);
    assert_eq!(
        served.request("POST", "/v2/a/blobs/uploads/").send().status,
        401
    );
    // Clients learn here that there is something to log in to.
    assert_eq!(served.get("/v2/").status, 401);
}

#[test]
fn a_blob_is_mounted_only_from_where_one_may_pull() {
    let (_dir, accounts) = with_accounts(&["ann:*:pull,push", "bob:bob/*:pull,push"], false);
    let served = Served::with(|config| config.access = Access::Basic(accounts));
    let digest = Digest::of(b"secret layer");
    let pushed = served
        .request("POST", &format!("/v2/ann/blobs/uploads/?digest={digest}"))
        .basic("ann", "secret")
        .body(b"secret layer")
        .send();
    assert_eq!(pushed.status, 201);
    for query in [
        format!("mount={digest}&from=ann"),
        format!("mount={digest}"),
    ] {
        let stolen = served
            .request("POST", &format!("/v2/bob/x/blobs/uploads/?{query}"))
            .basic("bob", "secret")
            .send();
        assert_eq!(stolen.status, 202, "{query}");
    }
    let path = format!("/v2/bob/x/blobs/{digest}");
    let got = served.request("GET", &path).basic("bob", "secret").send();
    assert_eq!(got.status, 404);
    let catalog = served
        .request("GET", "/v2/_catalog")
        .basic("bob", "secret")
        .send();
    assert_eq!(catalog.json()["repositories"], serde_json::json!([]));
}
