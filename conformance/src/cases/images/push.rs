//! `POST /images/{name}/push`.

use base64::Engine as _;
use serde_json::{Value, json};

use super::remote::{self, DOCKER_MANIFEST, ask};
use super::{event_names, failure, fine, imported, look, texts};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::http::Request;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::{Answer, Session};

pub(in crate::cases) const ROWS: &[Row] = &[
    (Must, "lines", "ImagePush: the lines of a push", progress),
    (
        Must,
        "again",
        "ImagePush: Layer already exists, and the same digest",
        again,
    ),
    (
        Must,
        "what-arrives",
        "ImagePush: a schema 2 manifest, the configuration byte for byte",
        arrives,
    ),
    (
        Must,
        "digest-is-remembered",
        "ImagePush: RepoDigests of what was pushed",
        remembered,
    ),
    (
        Must,
        "all-tags",
        "ImagePush: without a tag all of them",
        all_tags,
    ),
    (
        Must,
        "mounted",
        "ImagePush: a layer that the registry has elsewhere is mounted",
        mounted,
    ),
    (
        Must,
        "unknown",
        "ImagePush: what is not here is an error line",
        unknown,
    ),
    (
        Must,
        "password",
        "X-Registry-Auth: none, a wrong one, the right one",
        password,
    ),
    (
        Quirk,
        "auth-in-the-body",
        "ImagePush: without the header the body is the AuthConfig",
        body,
    ),
    (Must, "event", "SystemEvents: push", event),
];

/// `X-Registry-Auth` for a user.
pub(in crate::cases) fn credentials(user: &str, password: &str) -> String {
    let config = json!({"username": user, "password": password});
    base64::engine::general_purpose::URL_SAFE.encode(config.to_string())
}

/// Pushes a name, with its tag if it has one.
pub(super) fn push(s: &Session, name: &str) -> Outcome<Answer> {
    let (name, tag) = match name.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, format!("?tag={tag}")),
        _ => (name, String::new()),
    };
    let path = format!("/images/{name}/push{tag}");
    s.exchange(&s.request("POST", &path).header("X-Registry-Auth", "e30="))
}

/// The digest that a push gave.
pub(in crate::cases) fn pushed(s: &Session, name: &str) -> Outcome<String> {
    let lines = fine(push(s, name)?)?;
    let aux = lines.iter().find_map(|line| line["aux"]["Digest"].as_str());
    Ok(aux.ok_or("no digest at the end of the push")?.to_owned())
}

fn progress(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    let id = imported(s, &name, "")?;
    let lines = fine(push(s, &format!("{name}:latest"))?)?;
    equal!(
        lines[0],
        json!({"status": format!("The push refers to repository [{name}]")}),
        "the first line"
    );
    let seen = look(s, &id)?;
    let layer = seen["RootFS"]["Layers"][0].as_str().unwrap_or_default();
    let layer = super::short(layer);
    equal!(
        lines[1],
        json!({"status": "Preparing", "progressDetail": {}, "id": layer}),
        "the second line"
    );
    let pushed = json!({"status": "Pushed", "progressDetail": {}, "id": layer});
    ensure!(lines.contains(&pushed), "no line {pushed}");
    let moving = lines.iter().find(|line| line["status"] == "Pushing");
    let moving = moving.ok_or("no line Pushing")?;
    ensure!(
        moving["progressDetail"]["current"].is_u64() && moving["progress"].is_string(),
        "a bar that moves is {moving}"
    );
    let [.., before, last] = &lines[..] else {
        return Err("too few lines".into());
    };
    let (digest, size) = (&last["aux"]["Digest"], &last["aux"]["Size"]);
    equal!(
        *last,
        json!({"progressDetail": {}, "aux": {"Tag": "latest", "Digest": digest, "Size": size}}),
        "the last line"
    );
    let digest = digest.as_str().unwrap_or_default();
    equal!(
        *before,
        json!({"status": format!("latest: digest: {digest} size: {size}")}),
        "the line before"
    );
    Ok(())
}

fn again(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    imported(s, &name, "")?;
    let first = pushed(s, &format!("{name}:latest"))?;
    let lines = fine(push(s, &format!("{name}:latest"))?)?;
    let statuses = texts(&lines, "status");
    ensure!(
        statuses.iter().any(|s| s == "Layer already exists"),
        "statuses are {statuses:?}"
    );
    equal!(pushed(s, &format!("{name}:latest"))?, first, "the digest");
    Ok(())
}

/// The manifest that a registry has.
fn manifest(s: &Session, name: &str, tag: &str) -> Outcome<Answer> {
    let (registry, repository) = name.split_once('/').ok_or("no registry")?;
    let path = format!("/v2/{repository}/manifests/{tag}");
    let request = Request::new("GET", &path).header("Accept", DOCKER_MANIFEST);
    ask(s, registry, &request)?.expect(200)
}

fn arrives(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    let id = imported(s, &name, "")?;
    let digest = pushed(s, &format!("{name}:latest"))?;
    let answer = manifest(s, &name, "latest")?;
    equal!(
        answer.header("Content-Type"),
        DOCKER_MANIFEST,
        "Content-Type"
    );
    equal!(
        remote::digest(&answer.body),
        digest,
        "digest of the manifest"
    );
    let manifest = answer.json()?;
    equal!(
        manifest["config"]["digest"],
        id,
        "digest of the configuration"
    );
    let layer = &manifest["layers"][0];
    equal!(
        layer["mediaType"],
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "mediaType of the layer"
    );
    let (registry, repository) = name.split_once('/').ok_or("no registry")?;
    let layer = layer["digest"].as_str().unwrap_or_default();
    for digest in [id.as_str(), layer] {
        let path = format!("/v2/{repository}/blobs/{digest}");
        let blob = ask(s, registry, &Request::new("GET", &path))?.expect(200)?;
        equal!(remote::digest(&blob.body), digest, "digest of the blob");
    }
    Ok(())
}

fn remembered(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    let id = imported(s, &name, "")?;
    let digest = pushed(s, &format!("{name}:latest"))?;
    let whole = format!("{name}@{digest}");
    equal!(look(s, &id)?["RepoDigests"], json!([whole]), "RepoDigests");
    equal!(look(s, &whole)?["Id"], id, "the image of that digest");
    Ok(())
}

fn all_tags(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    let id = imported(s, &name, "&tag=one")?;
    s.post(&format!("/images/{id}/tag?repo={name}&tag=two"))?
        .expect(201)?;
    let lines = fine(push(s, &name)?)?;
    let mut tags: Vec<&Value> = lines
        .iter()
        .filter_map(|line| line["aux"].get("Tag"))
        .collect();
    tags.sort_by_key(|tag| tag.to_string());
    equal!(tags, ["one", "two"], "tags");
    for tag in ["one", "two"] {
        manifest(s, &name, tag)?;
    }
    Ok(())
}

fn mounted(s: &Session) -> Outcome {
    let registry = s.registry()?;
    let (one, two) = (s.name(), s.name());
    imported(s, &format!("{registry}/{one}"), "")?;
    pushed(s, &format!("{registry}/{one}:latest"))?;
    s.post(&format!(
        "/images/{registry}/{one}/tag?repo={registry}/{two}"
    ))?
    .expect(201)?;
    let lines = fine(push(s, &format!("{registry}/{two}:latest"))?)?;
    let statuses = texts(&lines, "status");
    let want = format!("Mounted from {one}");
    ensure!(statuses.contains(&want), "statuses are {statuses:?}");
    manifest(s, &format!("{registry}/{two}"), "latest")?;
    Ok(())
}

fn unknown(s: &Session) -> Outcome {
    let registry = s.registry()?;
    let name = format!("{registry}/{}", s.name());
    for query in ["", ":x"] {
        let answer = push(s, &format!("{name}{query}"))?;
        let first = super::lines(&answer)?;
        equal!(
            first[0]["status"],
            format!("The push refers to repository [{name}]"),
            "the first line"
        );
        equal!(
            failure(answer)?,
            format!("An image does not exist locally with the tag: {name}"),
            "the error"
        );
    }
    imported(s, &name, "&tag=one")?;
    equal!(
        failure(push(s, &format!("{name}:two"))?)?,
        format!("tag does not exist: {name}:two"),
        "the error of a tag"
    );
    Ok(())
}

fn password(s: &Session) -> Outcome {
    let private = s.private_registry()?;
    let name = format!("{}/{}", private.address, s.name());
    imported(s, &name, "")?;
    let path = format!("/images/{name}/push?tag=latest");
    let attempt = |auth: &str| {
        let request = s.request("POST", &path);
        s.exchange(&request.header("X-Registry-Auth", auth))
    };
    equal!(
        failure(attempt("e30=")?)?,
        "no basic auth credentials",
        "the error without a name"
    );
    let said = failure(attempt(&credentials(&private.user, "wrong"))?)?;
    ensure!(
        said.starts_with("unauthorized"),
        "a wrong password: {said:?}"
    );
    fine(attempt(&credentials(&private.user, &private.password))?)?;
    Ok(())
}

fn body(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    imported(s, &name, "")?;
    let path = format!("/images/{name}/push?tag=latest");
    let request = s.request("POST", &path).body("application/json", "{}");
    fine(s.exchange(&request)?)?;
    s.post(&path)?
        .expect_error(400, "Bad parameters and missing X-Registry-Auth: EOF")?;
    Ok(())
}

fn event(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    imported(s, &name, "")?;
    pushed(s, &format!("{name}:latest"))?;
    let names = s.until("the event push", || {
        let names = event_names(s, "push", &format!("{name}:latest"));
        Ok((!names.is_empty()).then_some(names))
    })?;
    equal!(names, [name], "names");
    Ok(())
}
