//! `GET /images/{name}/get` and `GET /images/get`.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::{Value, json};

use super::{event_names, imported, look};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "archive",
        "ImageGet: manifest.json, the configuration by its digest, the layers",
        archive,
    ),
    (
        Must,
        "by-repository",
        "ImageGet: without a tag all tags of the repository",
        repository,
    ),
    (Must, "by-id", "ImageGet: by id without names", by_id),
    (
        Must,
        "many",
        "ImageGetAll: several, layers in common once",
        many,
    ),
    (
        Must,
        "unknown",
        "ImageGet, ImageGetAll: 404 before the first byte; podman#10229",
        unknown,
    ),
    (Quirk, "none", "ImageGetAll: no names, no images", none),
    (Must, "event", "SystemEvents: save", event),
];

/// A tar's files by name.
pub(in crate::cases) fn files(bytes: &[u8]) -> Outcome<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.display().to_string();
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        files.insert(name, content);
    }
    Ok(files)
}

/// `manifest.json` of a saved archive, checked against what is in it.
fn manifest(s: &Session, path: &str) -> Outcome<Vec<Value>> {
    let saved = s.get(path)?.expect(200)?;
    equal!(
        saved.header("Content-Type"),
        "application/x-tar",
        "Content-Type"
    );
    let files = files(&saved.body)?;
    let text = files.get("manifest.json").ok_or("no manifest.json")?;
    let manifest: Value = serde_json::from_slice(text)?;
    let images = manifest.as_array().cloned().unwrap_or_default();
    for image in &images {
        let config = image["Config"].as_str().unwrap_or_default();
        let content = files.get(config).ok_or_else(|| format!("no {config}"))?;
        let digest = ring::digest::digest(&ring::digest::SHA256, content);
        let digest: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
        ensure!(config.contains(&digest), "{config} has digest {digest}");
        let config: Value = serde_json::from_slice(content)?;
        let layers = image["Layers"].as_array().cloned().unwrap_or_default();
        let ids = config["rootfs"]["diff_ids"].as_array();
        equal!(Some(layers.len()), ids.map(Vec::len), "layers");
        for layer in &layers {
            let layer = layer.as_str().unwrap_or_default();
            ensure!(files.contains_key(layer), "no {layer} in the archive");
        }
        let id = format!("sha256:{digest}");
        equal!(look(s, &id)?["Id"], id, "the image of that digest");
    }
    if let Some(text) = files.get("repositories") {
        serde_json::from_slice::<Value>(text)?;
    }
    Ok(images)
}

fn archive(s: &Session) -> Outcome {
    let name = s.name();
    imported(s, &name, "&tag=a")?;
    s.post(&format!("/images/{name}:a/tag?repo={name}&tag=b"))?
        .expect(201)?;
    let images = manifest(s, &format!("/images/{name}:a/get"))?;
    equal!(images.len(), 1, "images");
    equal!(
        images[0]["RepoTags"],
        json!([format!("{name}:a")]),
        "RepoTags"
    );
    let saved = s.get(&format!("/images/{name}:a/get"))?.expect(200)?;
    let files = files(&saved.body)?;
    let text = files.get("repositories").ok_or("no repositories")?;
    let old: Value = serde_json::from_slice(text)?;
    ensure!(old[&name]["a"].is_string(), "repositories is {old}");
    Ok(())
}

fn repository(s: &Session) -> Outcome {
    let name = s.name();
    imported(s, &name, "&tag=a")?;
    s.post(&format!("/images/{name}:a/tag?repo={name}&tag=b"))?
        .expect(201)?;
    let images = manifest(s, &format!("/images/{name}/get"))?;
    equal!(
        images[0]["RepoTags"],
        json!([format!("{name}:a"), format!("{name}:b")]),
        "RepoTags"
    );
    Ok(())
}

fn by_id(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "")?;
    for form in [&id[..], &id[7..19]] {
        let images = manifest(s, &format!("/images/{form}/get"))?;
        equal!(images.len(), 1, "images");
        equal!(images[0]["RepoTags"], Value::Null, "RepoTags of {form}");
    }
    Ok(())
}

fn many(s: &Session) -> Outcome {
    let (one, two) = (s.name(), s.name());
    imported(s, &one, "")?;
    imported(s, &two, "&changes=CMD%20x")?;
    s.post(&format!("/images/{one}/tag?repo={two}&tag=b"))?
        .expect(201)?;
    let path = format!("/images/get?names={one}:latest&names={two}:latest&names={two}:b");
    let images = manifest(s, &path)?;
    let mut names: Vec<&Value> = images
        .iter()
        .flat_map(|i| i["RepoTags"].as_array())
        .flatten()
        .collect();
    names.sort_by_key(|name| name.to_string());
    let mut want = [
        json!(format!("{one}:latest")),
        json!(format!("{two}:latest")),
        json!(format!("{two}:b")),
    ];
    want.sort_by_key(|name| name.to_string());
    equal!(names, want.iter().collect::<Vec<_>>(), "all RepoTags");
    equal!(images.len(), 2, "images");
    Ok(())
}

fn unknown(s: &Session) -> Outcome {
    s.get("/images/nosuchimage/get")?
        .expect_error(404, "No such image: nosuchimage")?;
    s.get("/images/get?names=nosuchimage")?
        .expect_error(404, "No such image: nosuchimage")?;
    let known = &s.target.run;
    s.get(&format!("/images/get?names={known}&names=nosuchimage"))?
        .expect_error(404, "nosuchimage")?;
    s.get(&format!("/images/{known}:nosuch/get"))?
        .expect_error(404, "")?;
    Ok(())
}

fn none(s: &Session) -> Outcome {
    let saved = s.get("/images/get")?.expect(200)?;
    let files = files(&saved.body)?;
    let text = files.get("manifest.json").ok_or("no manifest.json")?;
    let manifest: Value = serde_json::from_slice(text)?;
    ensure!(
        manifest.is_null() || manifest == json!([]),
        "manifest.json is {manifest}"
    );
    Ok(())
}

fn event(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "")?;
    s.get(&format!("/images/{name}/get"))?.expect(200)?;
    let names = s.until("the event save", || {
        let names = event_names(s, "save", &id);
        Ok((!names.is_empty()).then_some(names))
    })?;
    equal!(names, [id.as_str()], "names");
    Ok(())
}
