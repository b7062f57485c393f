//! Registry v1 and the Hub's index: a case for each row of the tutorial's
//! tables, over the same store as the second version.

use serde_json::{Value, json};

use super::{ask, basic, get};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::cases::images::remote::{self, DOCKER_MANIFEST, Made};
use crate::http::Request;
use crate::outcome::{Outcome, Stop, ensure, equal};
use crate::session::{Answer, Session};

pub(in crate::cases) const ROWS: &[Row] = &[
    (Must, "ping", "T4 Registry API: GET /v1/_ping", ping),
    (
        Must,
        "put-layer",
        "T4 Registry API: PUT /v1/images/(image_id)/layer",
        put_layer,
    ),
    (
        Must,
        "get-layer",
        "T4 Registry API: GET /v1/images/(image_id)/layer",
        get_layer,
    ),
    (
        Must,
        "get-json",
        "T4 Registry API: GET /v1/images/(image_id)/json",
        get_json,
    ),
    (
        Must,
        "ancestry",
        "T4 Registry API: GET /v1/images/(image_id)/ancestry",
        ancestry,
    ),
    (
        Must,
        "get-tags",
        "T4 Registry API: GET /v1/repositories/(namespace)/(repository)/tags",
        get_tags,
    ),
    (
        Must,
        "get-tag",
        "T4 Registry API: GET /v1/repositories/(namespace)/(repository)/tags/(tag*)",
        get_tag,
    ),
    (
        Must,
        "delete-tag",
        "T4 Registry API: DELETE /v1/repositories/(namespace)/(repository)/tags/(tag*)",
        delete_tag,
    ),
    (
        Must,
        "put-repository",
        "T4 Hub API: PUT /v1/repositories/(repo_name)/",
        |s| create(s, ""),
    ),
    (
        Must,
        "put-repository-of-a-namespace",
        "T4 Hub API: PUT /v1/repositories/(namespace)/(repo_name)/",
        |s| create(s, "space/"),
    ),
    (
        Must,
        "delete-repository",
        "T4 Hub API: DELETE /v1/repositories/(repo_name)/",
        |s| remove(s, ""),
    ),
    (
        Must,
        "delete-repository-of-a-namespace",
        "T4 Hub API: DELETE /v1/repositories/(namespace)/(repo_name)/",
        |s| remove(s, "space/"),
    ),
    (
        Must,
        "put-images",
        "T4 Hub API: PUT /v1/repositories/(repo_name)/images",
        |s| put_images(s, ""),
    ),
    (
        Must,
        "put-images-of-a-namespace",
        "T4 Hub API: PUT /v1/repositories/(namespace)/(repo_name)/images",
        |s| put_images(s, "space/"),
    ),
    (
        Must,
        "get-images",
        "T4 Hub API: GET /v1/repositories/(repo_name)/images",
        |s| get_images(s, ""),
    ),
    (
        Must,
        "get-images-of-a-namespace",
        "T4 Hub API: GET /v1/repositories/(namespace)/(repo_name)/images",
        |s| get_images(s, "space/"),
    ),
    (
        Must,
        "put-auth",
        "T4 Hub API: PUT /v1/repositories/(repo_name)/auth, with and without namespace",
        put_auth,
    ),
    (Must, "get-users", "T4 Hub API: GET /v1/users", get_users),
    (Must, "post-users", "T4 Hub API: POST /v1/users", post_users),
    (
        Must,
        "put-users",
        "T4 Hub API: PUT /v1/users/(username)/",
        put_users,
    ),
    (
        Must,
        "pulled-by-v2",
        "one store: what v1 pushed is pulled by v2",
        pulled_by_v2,
    ),
    (
        Must,
        "read-by-v1",
        "one store: what v2 pushed is read by v1",
        read_by_v1,
    ),
    (
        Must,
        "search",
        "docker search HOST/TERM: GET /v1/search",
        search,
    ),
    (
        Quirk,
        "incomplete",
        "Registry v1: an image is not there before its checksum",
        incomplete,
    ),
];

/// Does the registry speak the first version at all?
fn speaks(s: &Session) -> Outcome {
    if get(s, "/v1/_ping")?.head.status != 200 {
        return Err(Stop::Skip("the registry speaks no Registry v1".to_owned()));
    }
    Ok(())
}

fn put(s: &Session, path: &str, body: &[u8]) -> Outcome<Answer> {
    let request = Request::new("PUT", path);
    ask(s, &request.body("application/json", body))
}

/// A parent and a child that nobody else has.
fn ids(s: &Session) -> [String; 2] {
    [s.name(), s.name()].map(|name| remote::digest(name.as_bytes())[7..].to_owned())
}

fn image_json(id: &str, parent: Option<&str>) -> Vec<u8> {
    let mut json = json!({
        "id": id,
        "os": "linux",
        "architecture": "amd64",
        "created": "2014-01-02T03:04:05Z",
        "container_config": {"Cmd": ["/bin/sh", "-c", "#(nop) ADD x"]},
        "config": {"Cmd": ["x"]},
    });
    if let Some(parent) = parent {
        json["parent"] = parent.into();
    }
    json.to_string().into_bytes()
}

/// Brings in one image: its JSON, its layer, its checksum.
fn put_image(s: &Session, id: &str, parent: Option<&str>, layer: &[u8]) -> Outcome {
    let json = image_json(id, parent);
    put(s, &format!("/v1/images/{id}/json"), &json)?.expect(200)?;
    let request = Request::new("PUT", &format!("/v1/images/{id}/layer"));
    ask(s, &request.body("application/octet-stream", layer))?.expect(200)?;
    let payload = remote::digest(&[&json, b"\n".as_slice(), layer].concat());
    let request = Request::new("PUT", &format!("/v1/images/{id}/checksum"))
        .header("X-Docker-Checksum", "tarsum+sha256:00")
        .header("X-Docker-Checksum-Payload", &payload);
    ask(s, &request)?.expect(200)?;
    Ok(())
}

fn layers(s: &Session) -> Outcome<[Vec<u8>; 2]> {
    let name = s.name();
    let tar = |file: &str| crate::cases::images::layer(&[(file, &name)]);
    Ok([tar("one")?, tar("two")?])
}

/// An image of two layers in a repository: the repository's name, the two ids,
/// the child first, and the layers in the same order.
struct Pushed {
    name: String,
    ids: [String; 2],
    layers: [Vec<u8>; 2],
}

/// As docker pushed once: the repository, parents first, the tag, the list.
fn pushed(s: &Session, namespace: &str) -> Outcome<Pushed> {
    speaks(s)?;
    let name = format!("{namespace}{}", s.name());
    let [base, top] = ids(s);
    let [below, above] = layers(s)?;
    let list = json!([{"id": base}, {"id": top, "Tag": "v1"}]).to_string();
    put(s, &format!("/v1/repositories/{name}/"), list.as_bytes())?.expect(200)?;
    put_image(s, &base, None, &below)?;
    put_image(s, &top, Some(&base), &above)?;
    let path = format!("/v1/repositories/{name}/tags/v1");
    put(s, &path, format!("\"{top}\"").as_bytes())?.expect(200)?;
    let path = format!("/v1/repositories/{name}/images");
    put(s, &path, list.as_bytes())?.expect(204)?;
    Ok(Pushed {
        name,
        ids: [top, base],
        layers: [above, below],
    })
}

fn ping(s: &Session) -> Outcome {
    speaks(s)?;
    let answer = get(s, "/v1/_ping")?.expect(200)?;
    let standalone = answer.header("X-Docker-Registry-Standalone").to_lowercase();
    ensure!(
        ["true", "1", ""].contains(&standalone.as_str()),
        "X-Docker-Registry-Standalone is {standalone:?}"
    );
    answer.json()?;
    Ok(())
}

fn put_layer(s: &Session) -> Outcome {
    speaks(s)?;
    let [id, _] = ids(s);
    let [layer, _] = layers(s)?;
    let path = format!("/v1/images/{id}/layer");
    put(s, &path, &layer)?.expect(404)?;
    put_image(s, &id, None, &layer)?;
    put(s, &path, &layer)?.expect(409)?;
    Ok(())
}

fn get_layer(s: &Session) -> Outcome {
    let pushed = pushed(s, "")?;
    for (id, layer) in pushed.ids.iter().zip(&pushed.layers) {
        let path = format!("/v1/images/{id}/layer");
        let answer = get(s, &path)?.expect(200)?;
        ensure!(answer.body == *layer, "the layer of {id} is another");
        let part = Request::new("GET", &path).header("Range", "bytes=0-2");
        let part = ask(s, &part)?.expect(206)?;
        equal!(part.body, layer[..3], "a part of it");
    }
    get(s, &format!("/v1/images/{}/layer", "0".repeat(64)))?.expect(404)?;
    Ok(())
}

fn get_json(s: &Session) -> Outcome {
    let pushed = pushed(s, "")?;
    let [top, base] = &pushed.ids;
    let answer = get(s, &format!("/v1/images/{top}/json"))?.expect(200)?;
    equal!(
        answer.header("X-Docker-Size"),
        pushed.layers[0].len().to_string(),
        "X-Docker-Size"
    );
    let json = answer.json()?;
    equal!(json["id"], *top, "id");
    equal!(json["parent"], *base, "parent");
    equal!(json["config"]["Cmd"], json!(["x"]), "config.Cmd");
    let missing = get(s, &format!("/v1/images/{}/json", "0".repeat(64)))?;
    ensure!(
        missing.expect(404)?.json()?["error"].is_string(),
        "no error"
    );
    Ok(())
}

fn ancestry(s: &Session) -> Outcome {
    let pushed = pushed(s, "")?;
    let path = format!("/v1/images/{}/ancestry", pushed.ids[0]);
    let all = get(s, &path)?.expect(200)?.json()?;
    equal!(all, json!(pushed.ids), "itself first");
    Ok(())
}

fn get_tags(s: &Session) -> Outcome {
    let pushed = pushed(s, "space/")?;
    let path = format!("/v1/repositories/{}/tags", pushed.name);
    let tags = get(s, &path)?.expect(200)?.json()?;
    equal!(tags, json!({"v1": pushed.ids[0]}), "tags");
    get(s, &format!("/v1/repositories/space/{}/tags", s.name()))?.expect(404)?;
    Ok(())
}

fn get_tag(s: &Session) -> Outcome {
    let pushed = pushed(s, "space/")?;
    let path = format!("/v1/repositories/{}/tags/v1", pushed.name);
    equal!(
        get(s, &path)?.expect(200)?.json()?,
        json!(pushed.ids[0]),
        "the id"
    );
    let path = format!("/v1/repositories/{}/tags/nosuch", pushed.name);
    get(s, &path)?.expect(404)?;
    Ok(())
}

fn delete_tag(s: &Session) -> Outcome {
    let pushed = pushed(s, "space/")?;
    let path = format!("/v1/repositories/{}/tags/v1", pushed.name);
    ask(s, &Request::new("DELETE", &path))?.expect(200)?;
    get(s, &path)?.expect(404)?;
    get(s, &format!("/v2/{}/manifests/v1", pushed.name))?.expect(404)?;
    Ok(())
}

fn create(s: &Session, namespace: &str) -> Outcome {
    speaks(s)?;
    let path = format!("/v1/repositories/{namespace}{}/", s.name());
    let [id, _] = ids(s);
    let list = json!([{"id": id}]).to_string();
    put(s, &path, list.as_bytes())?.expect(200)?;
    let refused = put(s, &path, b"{")?;
    equal!(refused.head.status, 400, "status of half a list");
    Ok(())
}

fn remove(s: &Session, namespace: &str) -> Outcome {
    let pushed = pushed(s, namespace)?;
    let path = format!("/v1/repositories/{}/", pushed.name);
    ask(s, &Request::new("DELETE", &path))?.expect(202)?;
    get(s, &format!("/v1/repositories/{}/tags", pushed.name))?.expect(404)?;
    get(s, &format!("/v2/{}/tags/list", pushed.name))?.expect(404)?;
    Ok(())
}

fn put_images(s: &Session, namespace: &str) -> Outcome {
    // With what comes before it; the 204 is looked at there.
    let pushed = pushed(s, namespace)?;
    let path = format!("/v1/repositories/{}/images", pushed.name);
    let answer = put(s, &path, b"[]")?.expect(204)?;
    ensure!(answer.body.is_empty(), "204 has a body");
    Ok(())
}

fn get_images(s: &Session, namespace: &str) -> Outcome {
    let pushed = pushed(s, namespace)?;
    let path = format!("/v1/repositories/{}/images", pushed.name);
    let all = get(s, &path)?.expect(200)?.json()?;
    let all = all.as_array().cloned().unwrap_or_default();
    let mut seen: Vec<&str> = all.iter().filter_map(|i| i["id"].as_str()).collect();
    seen.sort_unstable();
    let mut want = pushed.ids.clone();
    want.sort();
    equal!(seen, want, "ids");
    get(
        s,
        &format!("/v1/repositories/{namespace}{}/images", s.name()),
    )?
    .expect(404)?;
    Ok(())
}

fn put_auth(s: &Session) -> Outcome {
    for namespace in ["", "space/"] {
        let pushed = pushed(s, namespace)?;
        let path = format!("/v1/repositories/{}/auth", pushed.name);
        let answer = ask(s, &Request::new("PUT", &path))?;
        // Who has no token to show is either fine or not let in.
        ensure!(
            [200, 401].contains(&answer.head.status),
            "status {}",
            answer.head.status
        );
    }
    Ok(())
}

fn user(
    s: &Session,
    method: &str,
    path: &str,
    auth: Option<(&str, &str)>,
    body: Option<Value>,
) -> Outcome<Answer> {
    let private = s.private_registry()?;
    let mut request = Request::new(method, path);
    if let Some((name, password)) = auth {
        request = request.header("Authorization", &basic(name, password));
    }
    if let Some(body) = body {
        request = request.body("application/json", body.to_string());
    }
    remote::ask(s, &private.address, &request)
}

fn get_users(s: &Session) -> Outcome {
    speaks(s)?;
    let private = s.private_registry()?.clone();
    let name = private.user.as_str();
    user(s, "GET", "/v1/users", Some((name, &private.password)), None)?.expect(200)?;
    user(s, "GET", "/v1/users", Some((name, "wrong")), None)?.expect(401)?;
    user(s, "GET", "/v1/users", None, None)?.expect(401)?;
    Ok(())
}

/// A name as the Hub takes it.
fn account(s: &Session) -> String {
    format!("u{}", &remote::digest(s.name().as_bytes())[7..20])
}

fn post_users(s: &Session) -> Outcome {
    speaks(s)?;
    let name = account(s);
    let body = json!({"username": name, "password": "secret", "email": "a@b"});
    let made = user(s, "POST", "/v1/users", None, Some(body.clone()))?.expect(201)?;
    ensure!(
        made.text().contains("User Created"),
        "body {:?}",
        made.text()
    );
    user(s, "GET", "/v1/users", Some((&name, "secret")), None)?.expect(200)?;
    user(s, "POST", "/v1/users", None, Some(body))?.expect(400)?;
    for (name, password) in [
        ("abc", "secret"),
        ("Upper", "secret"),
        ("fine_name", "four"),
    ] {
        let body = json!({"username": name, "password": password, "email": "a@b"});
        user(s, "POST", "/v1/users", None, Some(body))?.expect(400)?;
    }
    Ok(())
}

fn put_users(s: &Session) -> Outcome {
    speaks(s)?;
    let name = account(s);
    let body = json!({"username": name, "password": "secret", "email": "a@b"});
    user(s, "POST", "/v1/users", None, Some(body))?.expect(201)?;
    let path = format!("/v1/users/{name}/");
    let change = json!({"password": "another", "email": "a@b"});
    user(s, "PUT", &path, None, Some(change.clone()))?.expect(401)?;
    user(s, "PUT", &path, Some((&name, "secret")), Some(change))?.expect(204)?;
    user(s, "GET", "/v1/users", Some((&name, "secret")), None)?.expect(401)?;
    user(s, "GET", "/v1/users", Some((&name, "another")), None)?.expect(200)?;
    Ok(())
}

fn pulled_by_v2(s: &Session) -> Outcome {
    let pushed = pushed(s, "space/")?;
    let request = Request::new("GET", &format!("/v2/{}/manifests/v1", pushed.name));
    let manifest = ask(s, &request.header("Accept", DOCKER_MANIFEST))?.expect(200)?;
    equal!(
        manifest.header("Content-Type"),
        DOCKER_MANIFEST,
        "Content-Type"
    );
    let manifest = manifest.json()?;
    let blob = |descriptor: &Value| -> Outcome<Vec<u8>> {
        let digest = descriptor["digest"].as_str().unwrap_or_default();
        let blob = get(s, &format!("/v2/{}/blobs/{digest}", pushed.name))?.expect(200)?;
        equal!(remote::digest(&blob.body), digest, "digest of a blob");
        Ok(blob.body)
    };
    let config: Value = serde_json::from_slice(&blob(&manifest["config"])?)?;
    equal!(config["config"]["Cmd"], json!(["x"]), "config.Cmd");
    let ids = pushed.layers.iter().rev().map(|tar| remote::digest(tar));
    equal!(
        config["rootfs"]["diff_ids"],
        json!(ids.collect::<Vec<_>>()),
        "diff_ids, the lowest first"
    );
    equal!(
        manifest["layers"].as_array().map(Vec::len),
        Some(2),
        "layers"
    );
    for layer in manifest["layers"].as_array().into_iter().flatten() {
        blob(layer)?;
    }
    Ok(())
}

fn read_by_v1(s: &Session) -> Outcome {
    speaks(s)?;
    let name = format!("space/{}", s.name());
    let made = Made::docker(&[&[("one", &name)], &[("two", &name)]])?;
    made.put(s, s.registry()?, &name, "v2")?;
    let tags = get(s, &format!("/v1/repositories/{name}/tags"))?
        .expect(200)?
        .json()?;
    let id = tags["v2"].as_str().ok_or("no id for the tag")?.to_owned();
    let all = get(s, &format!("/v1/images/{id}/ancestry"))?
        .expect(200)?
        .json()?;
    let all: Vec<&str> = all
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|i| i.as_str())
        .collect();
    equal!(all.len(), 2, "ids of the ancestry");
    equal!(all[0], id, "the first of them");
    for (id, (blob, _)) in all.iter().zip(made.blobs.iter().rev()) {
        let layer = get(s, &format!("/v1/images/{id}/layer"))?.expect(200)?;
        ensure!(layer.body == *blob, "the layer of {id} is another");
        let json = get(s, &format!("/v1/images/{id}/json"))?
            .expect(200)?
            .json()?;
        equal!(json["id"], *id, "id");
    }
    Ok(())
}

fn search(s: &Session) -> Outcome {
    speaks(s)?;
    let name = s.name();
    Made::oci(&[&[("f", &name)]])?.put(s, s.registry()?, &name, "a")?;
    let found = get(s, &format!("/v1/search?q={name}&n=25"))?
        .expect(200)?
        .json()?;
    equal!(found["query"], name, "query");
    equal!(found["num_results"], 1, "num_results");
    let result = &found["results"][0];
    ensure!(
        result["name"].as_str().is_some_and(|n| n.ends_with(&name))
            && result["description"].is_string()
            && result["star_count"].is_u64()
            && result["is_official"].is_boolean()
            && result["is_automated"].is_boolean(),
        "the result is {result}"
    );
    Ok(())
}

fn incomplete(s: &Session) -> Outcome {
    speaks(s)?;
    let [id, orphan] = ids(s);
    put(s, &format!("/v1/images/{id}/json"), &image_json(&id, None))?.expect(200)?;
    let early = get(s, &format!("/v1/images/{id}/json"))?;
    equal!(early.head.status, 400, "status before the layer");
    equal!(
        early.json()?["error"],
        "Image is being uploaded, retry later",
        "error"
    );
    let unknown = "0".repeat(64);
    let json = image_json(&orphan, Some(&unknown));
    let refused = put(s, &format!("/v1/images/{orphan}/json"), &json)?;
    equal!(
        refused.head.status,
        400,
        "status of an image without its parent"
    );
    let other = image_json(&id, None);
    put(s, &format!("/v1/images/{orphan}/json"), &other)?.expect(400)?;
    Ok(())
}
