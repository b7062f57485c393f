//! Registry v1 and the Hub's index: what version 2 pushed is read there, what is
//! pushed there is pulled by version 2, and the routes of the old tables.

use longshore_oci::digest::Digest;
use serde_json::{Value, json};

use crate::client::{Answer, Request};
use crate::harness::{DOCKER_MANIFEST, OCI_MANIFEST, Served, gzip, image, with_accounts};

fn legacy() -> Served {
    Served::with(|config| config.legacy = true)
}

/// Pushes an image with a configuration and layers that decompress.
fn push(served: &Served, name: &str, tag: &str, layers: &[&[u8]]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let packed: Vec<Vec<u8>> = layers.iter().map(|layer| gzip(layer)).collect();
    let diff_ids: Vec<Digest> = layers.iter().map(|layer| Digest::of(layer)).collect();
    let config = json!({
        "architecture": "amd64", "os": "linux", "author": "me",
        "config": { "Cmd": ["sh"], "Labels": { "org.opencontainers.image.description": "a shell" } },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": [{ "created_by": "ADD one" }, { "created_by": "ENV x", "empty_layer": true },
            { "created_by": "RUN two" }],
    });
    let config = serde_json::to_vec(&config).expect("JSON");
    served.push_blob(name, &config);
    let mut manifest = image(&Digest::of(&config), config.len(), &Digest::of(b""), 0);
    manifest["layers"] = packed
        .iter()
        .map(|layer| {
            served.push_blob(name, layer);
            json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                "size": layer.len(), "digest": Digest::of(layer) })
        })
        .collect();
    let manifest = serde_json::to_vec(&manifest).expect("JSON");
    let answer = served.put_manifest(name, tag, OCI_MANIFEST, &manifest);
    assert_eq!(answer.status, 201, "{answer:?}");
    (packed, config)
}

/// The requests that bring one image in.
fn push_image_v1(
    request: &dyn Fn(&str, &str) -> Request,
    id: &str,
    parent: Option<&str>,
    layer: &[u8],
) {
    let mut json = json!({ "id": id, "os": "linux", "architecture": "amd64",
        "container_config": { "Cmd": ["/bin/sh", "-c", id] }, "config": { "Cmd": ["sh"] } });
    if let Some(parent) = parent {
        json["parent"] = parent.into();
    }
    let json = json.to_string();
    let put = |part: &str, body: &[u8]| {
        request("PUT", &format!("/v1/images/{id}/{part}"))
            .body(body)
            .send()
    };
    assert_eq!(put("json", json.as_bytes()).status, 200);
    let early = request("GET", &format!("/v1/images/{id}/json")).send();
    assert_eq!(
        early.json()["error"],
        "Image is being uploaded, retry later"
    );
    let sent = put("layer", layer);
    assert_eq!(sent.status, 200, "{sent:?}");
    assert_eq!(put("checksum", b"").status, 412);
    let checksum = |value: &str| {
        request("PUT", &format!("/v1/images/{id}/checksum"))
            .header("X-Docker-Checksum", "tarsum+sha256:00")
            .header("X-Docker-Checksum-Payload", value)
            .send()
    };
    let wrong = checksum(&Digest::of(b"other").to_string());
    assert_eq!(
        (wrong.status, wrong.json()["error"].is_string()),
        (400, true)
    );
    let payload = Digest::of(&[json.as_bytes(), b"\n", layer].concat());
    assert_eq!(checksum(&payload.to_string()).status, 200);
    let again = put("json", json.as_bytes());
    assert_eq!(again.status, 409, "{again:?}");
    assert_eq!(put("layer", layer).status, 409);
}

fn error(answer: &Answer) -> String {
    answer.json()["error"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn the_old_routes_are_off_unless_asked_for_but_search_and_ping_are_not() {
    let served = Served::open();
    served.push_image("team/shell", "v1", "one");
    for path in ["/v1/_ping", "/_ping"] {
        let ping = served.get(path);
        assert_eq!(ping.status, 200);
        assert_eq!(ping.header("x-docker-registry-standalone"), "true");
        assert!(!ping.header("x-docker-registry-version").is_empty());
    }
    let found = served.get("/v1/search?q=shell&n=25").json();
    assert_eq!(
        (&found["num_results"], &found["query"]),
        (&json!(1), &json!("shell"))
    );
    assert_eq!(found["results"][0]["name"], "team/shell");
    for path in [
        "/v1/users",
        "/v1/repositories/team/shell/tags",
        "/v1/images/x/json",
        "/v1/",
    ] {
        let answer = served.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!error(&answer).is_empty());
    }
}

#[test]
fn search_finds_parts_of_names_in_pages() {
    let served = legacy();
    push(&served, "library/shell", "latest", &[b"one", b"two"]);
    for name in ["a/shell", "b/shellfish", "c/other"] {
        served.push_image(name, "v1", "one");
    }
    let search = |query: &str| served.get(&format!("/v1/search?{query}")).json();
    let all = search("q=shell");
    let names: Vec<&str> = (all["results"].as_array().expect("a list").iter())
        .filter_map(|result| result["name"].as_str())
        .collect();
    assert_eq!(names, ["library/shell", "a/shell", "b/shellfish"]);
    assert_eq!(
        all["results"][0],
        json!({ "name": "library/shell", "description": "a shell", "star_count": 0,
            "is_trusted": false, "is_automated": false, "is_official": true })
    );
    let second = search("q=shell&n=2&page=2");
    assert_eq!(second["results"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&second["num_pages"], &second["num_results"]),
        (&json!(2), &json!(3))
    );
    assert_eq!(search("q=nothing")["results"], json!([]));
    assert_eq!(search("q=")["num_results"], 4);
    assert_eq!(served.get("/v1/search?q=x&n=many").status, 400);
    let far = search("q=shell&n=100000&page=18446744073709551615");
    assert_eq!(far["page_size"], 100);
    assert_eq!(far["results"], json!([]));
}

#[test]
fn what_version_2_pushed_is_read_by_version_1() {
    let served = legacy();
    let (layers, _) = push(&served, "me/app", "v1", &[b"one", b"two"]);
    let tags = served.get("/v1/repositories/me/app/tags").json();
    let id = tags["v1"].as_str().expect("an id").to_owned();
    assert_eq!(
        served.get("/v1/repositories/me/app/tags/v1").json(),
        json!(id)
    );
    let ancestry = served.get(&format!("/v1/images/{id}/ancestry"));
    assert!(
        ancestry
            .header("cache-control")
            .contains("max-age=31536000")
    );
    let ids: Vec<String> = serde_json::from_slice(&ancestry.body).expect("a list");
    assert_eq!((ids.len(), &ids[0]), (2, &id));
    for (place, id) in ids.iter().rev().enumerate() {
        let json = served.get(&format!("/v1/images/{id}/json"));
        assert_eq!(
            json.header("x-docker-size"),
            layers[place].len().to_string()
        );
        assert_eq!(json.json()["id"], json!(id));
        let layer = served.get(&format!("/v1/images/{id}/layer"));
        assert!(layer.status == 200 && layer.body == layers[place]);
    }
    let base = served.get(&format!("/v1/images/{}/json", ids[1])).json();
    assert_eq!(base["container_config"]["Cmd"], json!(["ADD one"]));
    assert!(base.get("parent").is_none());
    let top = served.get(&format!("/v1/images/{id}/json")).json();
    assert_eq!(
        (&top["parent"], &top["config"]["Cmd"]),
        (&json!(ids[1]), &json!(["sh"]))
    );
    assert!(top.get("rootfs").is_none());

    let part = served
        .request("GET", &format!("/v1/images/{id}/layer"))
        .header("Range", "bytes=2-4")
        .send();
    assert_eq!((part.status, &part.body[..]), (206, &layers[1][2..5]));
    let known = served
        .request("GET", &format!("/v1/images/{id}/json"))
        .header("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT")
        .send();
    assert_eq!(known.status, 304);
    let images = served.get("/v1/repositories/me/app/images").json();
    assert_eq!(images.as_array().map(Vec::len), Some(2));
}

#[test]
fn an_official_image_has_two_names() {
    let served = legacy();
    push(&served, "shell", "v1", &[b"one", b"two"]);
    let short = served.get("/v1/repositories/shell/tags/v1");
    let long = served.get("/v1/repositories/library/shell/tags/v1");
    assert_eq!((short.status, short.body), (200, long.body));
}

#[test]
fn what_version_1_pushed_is_pulled_by_version_2() {
    let served = legacy();
    let request = |method: &str, path: &str| served.request(method, path);
    let (base, top) = ("a".repeat(64), "b".repeat(64));
    let list = json!([{ "id": base }, { "id": top, "Tag": "v1" }]).to_string();
    let created = request("PUT", "/v1/repositories/me/app/")
        .body(list.as_bytes())
        .send();
    assert_eq!(created.status, 200, "{created:?}");
    let orphan = json!({ "id": top, "parent": base }).to_string();
    let early = request("PUT", &format!("/v1/images/{top}/json"))
        .body(orphan.as_bytes())
        .send();
    assert_eq!(error(&early), "Image depends on a non existing parent");
    let packed = gzip(b"the second layer");
    push_image_v1(&request, &base, None, b"a plain tar archive");
    push_image_v1(&request, &top, Some(&base), &packed);
    // Nothing is visible before a tag is.
    assert_eq!(served.get("/v2/_catalog").json()["repositories"], json!([]));
    let tag = request("PUT", "/v1/repositories/me/app/tags/v1")
        .body(format!("\"{top}\"").as_bytes())
        .send();
    assert_eq!(tag.status, 200, "{tag:?}");
    let listed = request("PUT", "/v1/repositories/me/app/images")
        .body(list.as_bytes())
        .send();
    assert_eq!(listed.status, 204);

    let manifest = served.get("/v2/me/app/manifests/v1");
    assert_eq!(manifest.header("content-type"), DOCKER_MANIFEST);
    let manifest = manifest.json();
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().expect("a digest");
        let body = served.get(&format!("/v2/me/app/blobs/{digest}")).body;
        assert_eq!(Digest::of(&body).to_string(), digest);
        assert_eq!(descriptor["size"], body.len());
        body
    };
    let config: Value = serde_json::from_slice(&blob(&manifest["config"])).expect("JSON");
    assert_eq!(blob(&manifest["layers"][0]), b"a plain tar archive");
    assert_eq!(blob(&manifest["layers"][1]), packed);
    assert_eq!(
        config["rootfs"]["diff_ids"],
        json!([
            Digest::of(b"a plain tar archive"),
            Digest::of(b"the second layer")
        ])
    );
    assert_eq!(
        config["history"][0]["created_by"],
        format!("/bin/sh -c {base}")
    );

    // And it has kept its ids in version 1.
    let tags = served.get("/v1/repositories/me/app/tags").json();
    assert_eq!(tags, json!({ "v1": top }));
    let layer = served.get(&format!("/v1/images/{top}/layer"));
    assert_eq!(layer.body, packed);
    let images = served.get("/v1/repositories/me/app/images").json();
    assert!(
        images[0]["checksum"]
            .as_str()
            .is_some_and(|sum| sum.starts_with("sha256:"))
    );

    let gone = request("DELETE", "/v1/repositories/me/app/tags/v1").send();
    assert_eq!(gone.status, 200);
    served
        .get("/v2/me/app/manifests/v1")
        .refused(404, "MANIFEST_UNKNOWN");
    let deleted = request("DELETE", "/v1/repositories/me/app/").send();
    assert_eq!(deleted.status, 202);
    served
        .get("/v2/me/app/tags/list")
        .refused(404, "NAME_UNKNOWN");
    assert_eq!(served.get("/v1/repositories/me/app/tags").status, 404);
}

#[test]
fn version_1_refuses_what_is_no_image() {
    let served = legacy();
    let id = "c".repeat(64);
    let put = |part: &str, body: &[u8]| {
        served
            .request("PUT", &format!("/v1/images/{id}/{part}"))
            .body(body)
            .send()
    };
    assert_eq!(put("layer", b"x").status, 404);
    for (json, wanted) in [
        ("{", "Invalid JSON"),
        ("[]", "Invalid JSON"),
        ("{}", "Missing key `id` in JSON"),
        ("{\"id\":\"x\"}", "JSON data contains an invalid id"),
    ] {
        assert_eq!(error(&put("json", json.as_bytes())), wanted, "{json}");
    }
    let own = json!({ "id": id, "parent": id }).to_string();
    assert_eq!(put("json", own.as_bytes()).status, 400);
    let json = json!({ "id": id }).to_string();
    assert_eq!(put("json", json.as_bytes()).status, 200);
    assert_eq!(put("layer", b"\xfd7zXZ\0rest").status, 400);
    let mut broken = gzip(b"some bytes");
    broken.truncate(12);
    assert_eq!(put("layer", &broken).status, 400);
    assert_eq!((served.files("blobs"), served.files("uploads")), (0, 0));
    let tag = served
        .request("PUT", "/v1/repositories/a/tags/v1")
        .body(format!("\"{id}\"").as_bytes())
        .send();
    assert_eq!(tag.status, 400);
    for path in [
        "/v1/images/../../x/json",
        "/v1/images/ABC/json",
        "/v1/images/x/json",
    ] {
        assert_eq!(served.get(path).status, 400, "{path}");
    }
    for path in [
        format!("/v1/images/{}/json", "d".repeat(64)),
        "/v1/images/insert".to_owned(),
        "/v1/repositories/none/tags".to_owned(),
        "/v1/repositories/none/images".to_owned(),
    ] {
        assert_eq!(served.get(&path).status, 404, "{path}");
    }
    assert_eq!(
        served
            .request("DELETE", "/v1/repositories/none/")
            .send()
            .status,
        404
    );
}

#[test]
fn tokens_of_the_index_open_one_session_each() {
    let (_dir, accounts) = with_accounts(&["ann:me/*:pull,push,delete"], false);
    let served = Served::with(|config| {
        config.legacy = true;
        config.access = longshore_registry::config::Access::Basic(accounts);
    });
    let id = "a".repeat(64);
    let list = json!([{ "id": id }]).to_string();
    let create = |name: &str| {
        served
            .request("PUT", &format!("/v1/repositories/{name}/"))
            .header("X-Docker-Token", "true")
            .body(list.as_bytes())
    };
    assert_eq!(create("me/app").send().status, 401);
    assert_eq!(create("me/app").basic("ann", "wrong").send().status, 401);
    assert_eq!(
        create("other/app").basic("ann", "secret").send().status,
        403
    );
    let created = create("me/app").basic("ann", "secret").send();
    assert_eq!(created.status, 200, "{created:?}");
    assert_eq!(created.header("x-docker-endpoints"), served.address);
    let token = created.header("x-docker-token").to_owned();
    assert!(
        token.contains("repository=\"me/app\",access=write"),
        "{token}"
    );
    assert_eq!(created.header("www-authenticate"), format!("Token {token}"));

    let json = json!({ "id": id }).to_string();
    let put_json = |header: &str, value: &str| {
        served
            .request("PUT", &format!("/v1/images/{id}/json"))
            .header(header, value)
            .body(json.as_bytes())
            .send()
    };
    let forged = token.replace("access=write", "access=delete");
    let other = token.replace("me/app", "me/other");
    for bad in ["signature=00", "signature="] {
        let answer = put_json("Authorization", &format!("Token {bad}"));
        assert_eq!(
            (answer.status, answer.header("www-authenticate")),
            (401, "Token")
        );
    }
    let first = put_json("Authorization", &format!("Token {token}"));
    assert_eq!(first.status, 200, "{first:?}");
    for used in [&token, &forged, &other] {
        assert_eq!(
            put_json("Authorization", &format!("Token {used}")).status,
            401
        );
    }
    let cookie = first.header("set-cookie").to_owned();
    assert!(cookie.ends_with("; Path=/; HttpOnly"), "{cookie}");
    let session = cookie.split(';').next().unwrap_or_default();
    let request = |method: &str, path: &str| served.request(method, path).header("Cookie", session);
    push_image_v1(&request, &id, None, b"layer");
    let tag = |name: &str| {
        request("PUT", &format!("/v1/repositories/{name}/tags/v1"))
            .body(format!("\"{id}\"").as_bytes())
            .send()
    };
    assert_eq!(tag("me/other").status, 401);
    assert_eq!(tag("me/app").status, 200);
    assert_eq!(
        request("DELETE", "/v1/repositories/me/app/").send().status,
        401
    );
    // Nobody else sees the image.
    let path = format!("/v1/images/{id}/json");
    assert_eq!(served.get(&path).status, 404);
    let bob = served.request("GET", &path).basic("bob", "secret").send();
    assert_eq!(bob.status, 404);
    let ann = served.request("GET", &path).basic("ann", "secret").send();
    assert_eq!(ann.status, 200);

    let read = served
        .request("GET", "/v1/repositories/me/app/images")
        .header("X-Docker-Token", "true")
        .basic("ann", "secret")
        .send();
    let token = read.header("x-docker-token").to_owned();
    assert!(token.ends_with("access=read"), "{token}");
    let tags = served
        .request("GET", "/v1/repositories/me/app/tags")
        .header("Authorization", &format!("Token {token}"))
        .send();
    assert_eq!((tags.status, tags.json()), (200, json!({ "v1": id })));
}

#[test]
fn accounts_are_made_and_changed() {
    let served = legacy();
    let sign_up = |user: &Value| {
        served
            .request("POST", "/v1/users")
            .body(user.to_string().as_bytes())
            .send()
    };
    let ann = json!({ "username": "anna", "password": "secret", "email": "a@example.org" });
    assert_eq!(served.get("/v1/users").status, 401);
    let created = sign_up(&ann);
    assert_eq!(
        (created.status, created.json()),
        (201, json!("User Created"))
    );
    assert_eq!(sign_up(&ann).status, 400);
    for (key, value) in [
        ("username", "ann"),
        ("username", "Anna"),
        ("username", "anna:root"),
        ("username", "anna\nroot"),
        ("password", "1234"),
        ("email", "nowhere"),
    ] {
        let mut user = ann.clone();
        user["username"] = "other".into();
        user[key] = value.into();
        assert_eq!(sign_up(&user).status, 400, "{key} {value:?}");
    }
    let login = |name: &str, password: &str| {
        served
            .request("GET", "/v1/users")
            .basic(name, password)
            .send()
    };
    assert_eq!(login("anna", "secret").json(), json!("OK"));
    assert_eq!(login("anna", "wrong").status, 401);
    assert_eq!(login("other", "secret").status, 401);
    let change = |name: &str| {
        served
            .request("PUT", &format!("/v1/users/{name}/"))
            .basic("anna", "secret")
            .body(b"{\"email\":\"b@example.org\",\"password\":\"changed\"}")
            .send()
    };
    assert_eq!(change("other").status, 403);
    assert_eq!(change("anna").status, 204);
    assert_eq!(login("anna", "secret").status, 401);
    assert_eq!(login("anna", "changed").status, 200);
}

#[test]
fn nobody_signs_up_where_accounts_count() {
    let (_dir, accounts) = with_accounts(&[], false);
    let served = Served::with(|config| {
        config.legacy = true;
        config.access = longshore_registry::config::Access::Basic(accounts);
    });
    let user = json!({ "username": "mallory", "password": "secret", "email": "m@example.org" });
    let answer = served
        .request("POST", "/v1/users")
        .body(user.to_string().as_bytes())
        .send();
    assert_eq!(answer.status, 403);
    let search = served.get("/v1/search?q=x");
    assert!(search.status == 401 && search.header("www-authenticate").starts_with("Basic"));
}
