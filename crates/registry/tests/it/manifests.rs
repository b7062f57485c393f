//! Manifests: what is kept, what is refused, and in which type it comes back.

use longshore_oci::digest::Digest;
use serde_json::{Value, json};

use crate::harness::{
    DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, Served, image,
};

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("JSON")
}

#[test]
fn a_manifest_is_read_by_tag_and_digest_byte_for_byte() {
    let served = Served::open();
    let manifest = served.push_image("a/b", "v1", "one");
    let digest = Digest::of(&manifest);
    for reference in ["v1", &digest.to_string()] {
        for method in ["GET", "HEAD"] {
            let path = format!("/v2/a/b/manifests/{reference}");
            let answer = served.request(method, &path).send();
            assert_eq!(answer.status, 200, "{reference}");
            assert_eq!(answer.header("content-type"), OCI_MANIFEST);
            assert_eq!(answer.header("docker-content-digest"), digest.to_string());
            assert_eq!(answer.header("content-length"), manifest.len().to_string());
            assert!(method == "HEAD" || answer.body == manifest);
        }
    }
    served
        .get("/v2/a/b/manifests/v2")
        .refused(404, "MANIFEST_UNKNOWN");
    served
        .get(&format!("/v2/other/manifests/{digest}"))
        .refused(404, "MANIFEST_UNKNOWN");
}

#[test]
fn a_manifest_is_pushed_by_the_digest_it_has() {
    let served = Served::open();
    let manifest = served.push_image("a", "v1", "one");
    let digest = Digest::of(&manifest).to_string();
    let answer = served.put_manifest("a", &digest, OCI_MANIFEST, &manifest);
    assert_eq!(answer.status, 201);
    assert_eq!(
        answer.header("location"),
        format!("/v2/a/manifests/{digest}")
    );
    let other = Digest::of(b"other").to_string();
    served
        .put_manifest("a", &other, OCI_MANIFEST, &manifest)
        .refused(400, "DIGEST_INVALID");
}

#[test]
fn every_part_must_be_there_and_as_long_as_it_says() {
    let served = Served::open();
    let config = served.push_blob("a", b"{}");
    let layer = served.push_blob("elsewhere", b"layer");
    let put = |manifest: &Value| served.put_manifest("a", "v1", OCI_MANIFEST, &bytes(manifest));
    // It is in the registry, but not in this repository.
    put(&image(&config, 2, &layer, 5)).refused(404, "MANIFEST_BLOB_UNKNOWN");
    served.push_blob("a", b"layer");
    put(&image(&config, 2, &layer, 6)).refused(400, "SIZE_INVALID");
    served
        .get("/v2/a/manifests/v1")
        .refused(404, "MANIFEST_UNKNOWN");
    assert_eq!(put(&image(&config, 2, &layer, 5)).status, 201);
    let missing = Digest::of(b"missing");
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX,
        "manifests": [{ "mediaType": OCI_MANIFEST, "size": 7, "digest": missing }] });
    served
        .put_manifest("a", "v2", OCI_INDEX, &bytes(&index))
        .refused(404, "MANIFEST_BLOB_UNKNOWN");
}

#[test]
fn a_layer_of_elsewhere_is_not_fetched() {
    let served = Served::open();
    let config = served.push_blob("a", b"{}");
    let foreign = Digest::of(b"licensed");
    let mut manifest = image(&config, 2, &foreign, 8);
    let layer = &mut manifest["layers"][0];
    layer["urls"] = json!(["http://127.0.0.1:1/x"]);
    served
        .put_manifest("a", "v1", OCI_MANIFEST, &bytes(&manifest))
        .refused(404, "MANIFEST_BLOB_UNKNOWN");
    manifest["layers"][0]["mediaType"] =
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip".into();
    let answer = served.put_manifest("a", "v1", OCI_MANIFEST, &bytes(&manifest));
    assert_eq!(answer.status, 201, "{answer:?}");
    served
        .get(&format!("/v2/a/blobs/{foreign}"))
        .refused(404, "BLOB_UNKNOWN");
}

#[test]
fn a_document_with_two_readings_is_none() {
    let served = Served::open();
    let config = served.push_blob("a", b"{}");
    let layer = served.push_blob("a", b"layer");
    let good = image(&config, 2, &layer, 5);
    let with = |key: &str, value: Value| {
        let mut manifest = good.clone();
        manifest[key] = value;
        bytes(&manifest)
    };
    for (content_type, document) in [
        (OCI_MANIFEST, with("manifests", json!([]))),
        (OCI_INDEX, with("mediaType", OCI_INDEX.into())),
        (DOCKER_MANIFEST, bytes(&good)),
        (OCI_INDEX, bytes(&good)),
        ("text/plain", bytes(&good)),
        ("", with("mediaType", Value::Null)),
        (OCI_MANIFEST, with("schemaVersion", 3.into())),
        (OCI_MANIFEST, with("config", Value::Null)),
        (
            OCI_MANIFEST,
            with("layers", json!([{ "digest": "sha256:../../x", "size": 1 }])),
        ),
        (OCI_MANIFEST, b"{".to_vec()),
        (OCI_MANIFEST, b"[]".to_vec()),
        (OCI_MANIFEST, b"\xff\xfe".to_vec()),
        (OCI_MANIFEST, Vec::new()),
        (
            OCI_MANIFEST,
            [b"[".repeat(100_000), b"]".repeat(100_000)].concat(),
        ),
    ] {
        let answer = served.put_manifest("a", "v1", content_type, &document);
        answer.refused(400, "MANIFEST_INVALID");
    }
    assert_eq!(
        served.put_manifest("a", "v1", "", &bytes(&good)).status,
        201
    );
}

#[test]
fn manifests_of_schema_1_are_refused_by_name() {
    let served = Served::open();
    for content_type in [
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/json",
    ] {
        let document = json!({ "schemaVersion": 1, "name": "a", "tag": "v1", "fsLayers": [] });
        let answer = served.put_manifest("a", "v1", content_type, &bytes(&document));
        answer.refused(400, "MANIFEST_INVALID");
        let message = answer.json()["errors"][0]["message"].to_string();
        assert!(message.contains("schema 1"), "{message}");
    }
}

#[test]
fn mutated_manifests_are_refused_and_nothing_breaks() {
    let served = Served::open();
    let good = served.push_image("a", "v1", "one");
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(state >> 33).unwrap_or(0) % below
    };
    for _ in 0..300 {
        let mut document = good.clone();
        for _ in 0..=next(3) {
            let at = next(document.len());
            match next(3) {
                0 => document[at] = u8::try_from(next(256)).unwrap_or(0),
                1 => document.truncate(at.max(1)),
                _ => document.insert(at, b"{}[],:\"0"[next(8)]),
            }
        }
        let answer = served.put_manifest("a", "v2", OCI_MANIFEST, &document);
        assert!(
            [201, 400, 404].contains(&answer.status),
            "{}: {answer:?}",
            String::from_utf8_lossy(&document)
        );
    }
    assert_eq!(served.get("/v2/a/manifests/v1").body, good);
}

#[test]
fn an_index_leads_older_clients_to_its_manifest_for_linux_on_amd64() {
    let served = Served::open();
    let arm = served.push_image("a", "arm", "arm");
    let amd = served.push_image("a", "amd", "amd");
    let entry = |manifest: &[u8], architecture: &str| {
        json!({ "mediaType": OCI_MANIFEST, "size": manifest.len(), "digest": Digest::of(manifest),
            "platform": { "os": "linux", "architecture": architecture } })
    };
    let index = bytes(&json!({ "schemaVersion": 2, "mediaType": DOCKER_INDEX,
        "manifests": [entry(&arm, "arm64"), entry(&amd, "amd64")] }));
    let answer = served.put_manifest("a", "both", DOCKER_INDEX, &index);
    assert_eq!(answer.status, 201, "{answer:?}");
    let get = |reference: &str, accept: &str| {
        let path = format!("/v2/a/manifests/{reference}");
        served.request("GET", &path).header("Accept", accept).send()
    };
    let accepted = get("both", &format!("text/html;q=1, {DOCKER_INDEX};q=0.5"));
    assert_eq!(accepted.body, index);
    assert_eq!(accepted.header("content-type"), DOCKER_INDEX);
    assert_eq!(get("both", "*/*").body, index);
    let chosen = get("both", OCI_MANIFEST);
    assert_eq!(chosen.body, amd);
    let digest = Digest::of(&amd).to_string();
    assert_eq!(chosen.header("docker-content-digest"), digest);
    get("both", DOCKER_MANIFEST).refused(404, "MANIFEST_UNKNOWN");
    get("arm", DOCKER_MANIFEST).refused(404, "MANIFEST_UNKNOWN");
    // Who names a digest gets it.
    let digest = Digest::of(&index).to_string();
    assert_eq!(get(&digest, DOCKER_MANIFEST).body, index);
}

#[test]
fn a_tag_moves_and_goes_while_its_manifest_stays() {
    let served = Served::open();
    let one = served.push_image("a", "v", "one");
    let two = served.push_image("a", "v", "two");
    assert_eq!(served.get("/v2/a/manifests/v").body, two);
    let tag = served.request("DELETE", "/v2/a/manifests/v").send();
    assert_eq!(tag.status, 202);
    served
        .get("/v2/a/manifests/v")
        .refused(404, "MANIFEST_UNKNOWN");
    for manifest in [&one, &two] {
        let path = format!("/v2/a/manifests/{}", Digest::of(manifest));
        assert_eq!(served.get(&path).body, *manifest);
    }
    served
        .request("DELETE", "/v2/a/manifests/v")
        .send()
        .refused(404, "MANIFEST_UNKNOWN");
}

#[test]
fn a_deleted_manifest_takes_its_tags_along() {
    let served = Served::open();
    let one = served.push_image("a", "x", "one");
    served.push_image("a", "y", "one");
    served.push_image("a", "z", "two");
    let path = format!("/v2/a/manifests/{}", Digest::of(&one));
    assert_eq!(served.request("DELETE", &path).send().status, 202);
    served.get(&path).refused(404, "MANIFEST_UNKNOWN");
    assert_eq!(served.get("/v2/a/tags/list").json()["tags"], json!(["z"]));
    served
        .request("DELETE", &path)
        .send()
        .refused(404, "MANIFEST_UNKNOWN");
}

#[test]
fn what_is_said_about_a_manifest_is_found() {
    let served = Served::open();
    let subject = served.push_image("a", "v1", "one");
    let subject_digest = Digest::of(&subject);
    let config = served.push_blob("a", b"{}");
    let layer = served.push_blob("a", b"signature");
    let mut manifest = image(&config, 2, &layer, 9);
    manifest["artifactType"] = "application/x.signature".into();
    manifest["annotations"] = json!({ "who": "me" });
    manifest["subject"] = json!({ "mediaType": OCI_MANIFEST, "size": subject.len(),
        "digest": subject_digest });
    let first = bytes(&manifest);
    let pushed = served.put_manifest("a", &Digest::of(&first).to_string(), OCI_MANIFEST, &first);
    assert_eq!(pushed.status, 201);
    assert_eq!(pushed.header("oci-subject"), subject_digest.to_string());
    manifest["artifactType"] = Value::Null;
    manifest["layers"][0]["mediaType"] = OCI_LAYER.into();
    let second = bytes(&manifest);
    served.put_manifest("a", "plain", OCI_MANIFEST, &second);

    let path = format!("/v2/a/referrers/{subject_digest}");
    let all = served.get(&path);
    assert_eq!((all.status, all.header("content-type")), (200, OCI_INDEX));
    assert_eq!(all.json()["manifests"].as_array().map(Vec::len), Some(2));
    let some = served.get(&format!("{path}?artifactType=application/x.signature"));
    assert_eq!(some.header("oci-filters-applied"), "artifactType");
    assert_eq!(
        some.json()["manifests"],
        json!([{ "mediaType": OCI_MANIFEST, "size": first.len(), "digest": Digest::of(&first),
            "artifactType": "application/x.signature", "annotations": { "who": "me" } }])
    );
    let deleted = format!("/v2/a/manifests/{}", Digest::of(&first));
    assert_eq!(served.request("DELETE", &deleted).send().status, 202);
    let left = served.get(&path).json();
    assert_eq!(left["manifests"][0]["digest"], json!(Digest::of(&second)));
    // Its configuration's type stands for one that it does not give.
    assert_eq!(
        left["manifests"][0]["artifactType"],
        "application/vnd.oci.image.config.v1+json"
    );
    let none = served.get(&format!("/v2/b/referrers/{}", Digest::of(b"none")));
    assert_eq!((none.status, &none.json()["manifests"]), (200, &json!([])));
    served
        .get("/v2/a/referrers/nonsense")
        .refused(400, "DIGEST_INVALID");
}
