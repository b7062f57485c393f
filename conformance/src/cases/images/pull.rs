//! `POST /images/create?fromImage=`: what comes out of a registry.

use serde_json::{Value, json};

use super::push::{credentials, pushed};
use super::remote::{self, Made};
use super::{event_names, failure, fine, imported, look, texts};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::{Answer, Session};
use crate::stub::Told;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "lines",
        "ImageCreate: the lines of a pull; docker-java, podman#10258",
        progress,
    ),
    (
        Must,
        "up-to-date",
        "ImageCreate: what is here is not loaded again",
        up_to_date,
    ),
    (
        Must,
        "same-image",
        "ImageCreate: the ID that was pushed, and names in both lists",
        same_image,
    ),
    (
        Must,
        "layer-in-common",
        "ImageCreate: Already exists",
        in_common,
    ),
    (Must, "by-digest", "ImageCreate: by digest", by_digest),
    (
        Must,
        "all-tags",
        "ImageCreate: without a tag all of them",
        all_tags,
    ),
    (
        Must,
        "tag-moved",
        "ImageCreate: a newer image takes the name of the older",
        moved,
    ),
    (
        Must,
        "unknown",
        "ImageCreate: 404 before the stream; podman#22105",
        unknown,
    ),
    (
        Must,
        "nobody-there",
        "ImageCreate: a registry that does not answer is 500",
        nobody,
    ),
    (
        Must,
        "oci",
        "ImageCreate: OCI manifests are as good as Docker's",
        oci,
    ),
    (
        Must,
        "zstd",
        "ImageCreate: layers with zstd, since 23.0",
        zstd,
    ),
    (
        Must,
        "platforms",
        "ImageCreate: an index is asked for this machine, or the platform given",
        platforms,
    ),
    (
        Must,
        "no-platform",
        "ImageCreate: an index without the platform",
        no_platform,
    ),
    (
        Must,
        "password",
        "X-Registry-Auth: none, a wrong one, the right one",
        password,
    ),
    (
        Must,
        "wrong-layer",
        "ImageCreate: a layer that is not its digest ends the stream and leaves nothing",
        wrong_layer,
    ),
    (
        Must,
        "wrong-config",
        "ImageCreate: a configuration that is not its digest",
        wrong_config,
    ),
    (
        Must,
        "broken-registry",
        "ImageCreate: a registry that answers 500",
        broken,
    ),
    (Must, "event", "SystemEvents: pull", event),
    (
        Quirk,
        "last-tag-time",
        "ImageInspect: a pull is no tagging",
        last_tag_time,
    ),
];

fn pull(s: &Session, query: &str) -> Outcome<Answer> {
    s.post(&format!("/images/create?fromImage={query}"))
}

/// An image in the registry and not here: its full name, ID and digest.
fn remote_image(s: &Session) -> Outcome<(String, String, String)> {
    let name = format!("{}/{}", s.registry()?, s.name());
    let id = imported(s, &name, "")?;
    let digest = pushed(s, &format!("{name}:latest"))?;
    s.call("DELETE", &format!("/images/{id}?force=1"))?
        .expect(200)?;
    s.get(&format!("/images/{id}/json"))?.expect(404)?;
    Ok((name, id, digest))
}

fn repository(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, rest)| rest)
}

fn progress(s: &Session) -> Outcome {
    let (name, _, digest) = remote_image(s)?;
    let lines = fine(pull(s, &format!("{name}&tag=latest"))?)?;
    equal!(
        lines[0],
        json!({"status": format!("Pulling from {}", repository(&name)), "id": "latest"}),
        "the first line"
    );
    let layer = lines[1]["id"].as_str().unwrap_or_default();
    equal!(layer.len(), 12, "length of {layer:?}");
    equal!(
        lines[1],
        json!({"status": "Pulling fs layer", "progressDetail": {}, "id": layer}),
        "the second line"
    );
    let statuses = texts(&lines, "status");
    // How often bars move is up to the engine, and one state may be overtaken
    // by the next before it is told.
    let moving = [
        "Downloading",
        "Download complete",
        "Extracting",
        "Verifying Checksum",
        "Waiting",
    ];
    let steady: Vec<&str> = statuses
        .iter()
        .map(String::as_str)
        .filter(|status| !moving.contains(status))
        .collect();
    let pulling = format!("Pulling from {}", repository(&name));
    let want = [
        pulling.as_str(),
        "Pulling fs layer",
        "Pull complete",
        &format!("Digest: {digest}"),
        &format!("Status: Downloaded newer image for {name}:latest"),
    ];
    equal!(steady, want, "statuses");
    for line in &lines {
        let is_layer = line["id"] == layer;
        equal!(
            line.get("progressDetail").is_some(),
            is_layer,
            "progressDetail in {line}"
        );
        let moves = ["Downloading", "Extracting"]
            .map(Value::from)
            .contains(&line["status"]);
        let bar = line["progress"].as_str().unwrap_or_default();
        equal!(bar.starts_with('['), moves, "a bar in {line}");
        if moves {
            let detail = &line["progressDetail"];
            ensure!(
                detail["current"].as_u64() <= detail["total"].as_u64(),
                "progressDetail is {detail}"
            );
        }
    }
    Ok(())
}

fn up_to_date(s: &Session) -> Outcome {
    let (name, id, digest) = remote_image(s)?;
    fine(pull(s, &format!("{name}&tag=latest"))?)?;
    for query in ["&tag=latest", ":latest", ":latest&tag=latest"] {
        let lines = fine(pull(s, &format!("{name}{query}"))?)?;
        let want = json!([
            {"status": format!("Pulling from {}", repository(&name)), "id": "latest"},
            {"status": format!("Digest: {digest}")},
            {"status": format!("Status: Image is up to date for {name}:latest")},
        ]);
        equal!(Value::from(lines), want, "lines of {query}");
    }
    equal!(look(s, &name)?["Id"], id, "Id");
    Ok(())
}

fn same_image(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    let id = imported(s, &name, "&message=m&changes=ENV%20A%3Db")?;
    let before = look(s, &id)?;
    let digest = pushed(s, &format!("{name}:latest"))?;
    s.call("DELETE", &format!("/images/{id}?force=1"))?
        .expect(200)?;
    fine(pull(s, &format!("{name}&tag=latest"))?)?;
    let after = look(s, &id)?;
    for same in ["Id", "Created", "Config", "RootFS", "Size", "Comment"] {
        equal!(after[same], before[same], "{same}");
    }
    equal!(
        after["RepoTags"],
        json!([format!("{name}:latest")]),
        "RepoTags"
    );
    equal!(
        after["RepoDigests"],
        json!([format!("{name}@{digest}")]),
        "RepoDigests"
    );
    equal!(look(s, &format!("{name}@{digest}"))?["Id"], id, "by digest");
    Ok(())
}

fn in_common(s: &Session) -> Outcome {
    let registry = s.registry()?;
    let name = s.name();
    let shared: &[(&str, &str)] = &[("shared", &name)];
    let one = Made::docker(&[shared, &[("own", "1")]])?;
    let two = Made::docker(&[shared, &[("own", "2")]])?;
    one.put(s, registry, &name, "one")?;
    two.put(s, registry, &name, "two")?;
    fine(pull(s, &format!("{registry}/{name}&tag=one"))?)?;
    s.owns_image(&one.id);
    let lines = fine(pull(s, &format!("{registry}/{name}&tag=two"))?)?;
    s.owns_image(&two.id);
    let here = &remote::digest(&one.blobs[0].0)[7..19];
    let exists = json!({"status": "Already exists", "progressDetail": {}, "id": here});
    ensure!(lines.contains(&exists), "no line {exists}");
    let seen = look(s, &two.id)?;
    equal!(
        seen["RootFS"]["Layers"].as_array().map(Vec::len),
        Some(2),
        "layers"
    );
    equal!(seen["Author"], "the judge", "Author");
    equal!(seen["Created"], "2020-01-02T03:04:05.000000006Z", "Created");
    Ok(())
}

fn by_digest(s: &Session) -> Outcome {
    let (name, id, digest) = remote_image(s)?;
    let whole = format!("{name}@{digest}");
    let lines = fine(pull(s, &format!("{name}&tag={digest}"))?)?;
    let last = lines.last().and_then(|l| l["status"].as_str());
    equal!(
        last,
        Some(format!("Status: Downloaded newer image for {whole}").as_str()),
        "the last line"
    );
    let seen = look(s, &id)?;
    equal!(seen["RepoTags"], json!([]), "RepoTags");
    equal!(seen["RepoDigests"], json!([whole]), "RepoDigests");
    let lines = fine(pull(s, &whole)?)?;
    let last = lines.last().and_then(|l| l["status"].as_str());
    equal!(
        last,
        Some(format!("Status: Image is up to date for {whole}").as_str()),
        "the last line of the second pull"
    );
    let made = s.create(&["x"], json!({"Image": whole}))?;
    equal!(s.inspect(&made)?["Image"], id, "Image of a container");
    Ok(())
}

fn all_tags(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    let one = imported(s, &name, "&tag=one")?;
    let two = imported(s, &name, "&tag=two")?;
    pushed(s, &format!("{name}:one"))?;
    pushed(s, &format!("{name}:two"))?;
    for id in [&one, &two] {
        s.call("DELETE", &format!("/images/{id}?force=1"))?
            .expect(200)?;
    }
    let lines = fine(pull(s, &name)?)?;
    let ids = texts(&lines, "id");
    ensure!(
        ["one", "two"]
            .iter()
            .all(|tag| ids.iter().any(|id| id == tag)),
        "ids of the lines: {ids:?}"
    );
    let last = lines.last().and_then(|l| l["status"].as_str());
    equal!(
        last,
        Some(format!("Status: Downloaded newer image for {name}").as_str()),
        "the last line"
    );
    equal!(look(s, &format!("{name}:one"))?["Id"], one, "Id of one");
    equal!(look(s, &format!("{name}:two"))?["Id"], two, "Id of two");
    Ok(())
}

fn moved(s: &Session) -> Outcome {
    let registry = s.registry()?;
    let name = s.name();
    let old = Made::docker(&[&[("file", &name)]])?;
    let new = Made::docker(&[&[("other", &name)]])?;
    for made in [&old, &new] {
        made.put(s, registry, &name, "latest")?;
        fine(pull(s, &format!("{registry}/{name}&tag=latest"))?)?;
        s.owns_image(&made.id);
    }
    equal!(look(s, &format!("{registry}/{name}"))?["Id"], new.id, "Id");
    equal!(
        look(s, &old.id)?["RepoTags"],
        json!([]),
        "RepoTags of the old"
    );
    Ok(())
}

fn unknown(s: &Session) -> Outcome {
    let (name, ..) = remote_image(s)?;
    pull(s, &format!("{name}&tag=nosuch"))?.expect_error(
        404,
        &format!("manifest for {name}:nosuch not found: manifest unknown"),
    )?;
    let digest = format!("sha256:{}", "0".repeat(64));
    pull(s, &format!("{name}&tag={digest}"))?.expect_error(
        404,
        &format!("manifest for {name}@{digest} not found: manifest unknown"),
    )?;
    let other = format!("{}/{}", s.registry()?, s.name());
    pull(s, &format!("{other}&tag=x"))?.expect_error(404, "not found")?;
    pull(s, &other)?.expect_error(404, &format!("repository {other} not found: name unknown"))?;
    Ok(())
}

fn nobody(s: &Session) -> Outcome {
    pull(s, "127.0.0.1:1/x&tag=a")?.expect_error(500, "connection refused")?;
    Ok(())
}

fn oci(s: &Session) -> Outcome {
    let registry = s.registry()?;
    let name = s.name();
    let made = Made::oci(&[&[("a", &name)], &[("b", &name)]])?;
    let digest = made.put(s, registry, &name, "latest")?;
    fine(pull(s, &format!("{registry}/{name}&tag=latest"))?)?;
    s.owns_image(&made.id);
    let seen = look(s, &format!("{registry}/{name}"))?;
    equal!(seen["Id"], made.id, "Id");
    equal!(
        seen["RepoDigests"],
        json!([format!("{registry}/{name}@{digest}")]),
        "RepoDigests"
    );
    equal!(seen["Size"], 2 * name.len(), "Size");
    Ok(())
}

fn zstd(s: &Session) -> Outcome {
    use base64::Engine as _;
    let registry = s.registry()?;
    let name = s.name();
    let mut made = Made::oci(&[&[("file", "packed\n")]])?;
    let packed = base64::engine::general_purpose::STANDARD
        .decode(super::import::ZSTD)
        .map_err(|e| e.to_string())?;
    let config = String::from_utf8_lossy(&made.config).into_owned();
    let tar = remote::digest(&made.layers[0]);
    let config = config.replace(&tar, super::import::DIFF_ID);
    made.id = remote::digest(config.as_bytes());
    made.config = config.into_bytes();
    made.blobs = vec![(packed, "application/vnd.oci.image.layer.v1.tar+zstd")];
    made.put(s, registry, &name, "latest")?;
    fine(pull(s, &format!("{registry}/{name}&tag=latest"))?)?;
    s.owns_image(&made.id);
    equal!(look(s, &made.id)?["Size"], "packed\n".len(), "Size");
    Ok(())
}

fn platforms(s: &Session) -> Outcome {
    let registry = s.registry()?;
    for kind in [remote::OCI_INDEX, remote::DOCKER_LIST] {
        let name = s.name();
        let here = Made::for_architecture(&[&[("file", &name)]], "amd64")?;
        let other = Made::for_architecture(&[&[("file", &name)]], "riscv64")?;
        for (made, tag) in [(&here, "here"), (&other, "other")] {
            made.put(s, registry, &name, tag)?;
        }
        let all = [other.descriptor("riscv64"), here.descriptor("amd64")];
        let index = remote::index(kind, &all);
        let digest = remote::put_manifest(s, registry, &name, "latest", kind, &index)?;
        fine(pull(s, &format!("{registry}/{name}&tag=latest"))?)?;
        s.owns_image(&here.id);
        let seen = look(s, &format!("{registry}/{name}"))?;
        equal!(seen["Id"], here.id, "Id without a platform");
        equal!(
            seen["RepoDigests"],
            json!([format!("{registry}/{name}@{digest}")]),
            "RepoDigests are of the index"
        );
        let query = format!("{registry}/{name}&tag=latest&platform=linux/riscv64");
        fine(pull(s, &query)?)?;
        s.owns_image(&other.id);
        let seen = look(s, &format!("{registry}/{name}"))?;
        equal!(seen["Id"], other.id, "Id with a platform");
        equal!(seen["Architecture"], "riscv64", "Architecture");
    }
    Ok(())
}

fn no_platform(s: &Session) -> Outcome {
    let registry = s.registry()?;
    let name = s.name();
    let other = Made::for_architecture(&[&[("file", &name)]], "riscv64")?;
    other.put(s, registry, &name, "other")?;
    let kind = remote::OCI_INDEX;
    let index = remote::index(kind, &[other.descriptor("riscv64")]);
    remote::put_manifest(s, registry, &name, "latest", kind, &index)?;
    let query = format!("{registry}/{name}&tag=latest&platform=linux/amd64");
    let answer = pull(s, &query)?;
    // Newer engines look before they say anything.
    let said = match answer.head.status {
        200 => failure(answer)?,
        _ => answer.expect(404)?.text(),
    };
    ensure!(
        said.contains("no matching manifest for linux/amd64 in the manifest list entries"),
        "it says {said:?}"
    );
    Ok(())
}

fn password(s: &Session) -> Outcome {
    let private = s.private_registry()?;
    let name = format!("{}/{}", private.address, s.name());
    let id = imported(s, &name, "")?;
    let right = credentials(&private.user, &private.password);
    let path = format!("/images/{name}/push?tag=latest");
    let request = s.request("POST", &path).header("X-Registry-Auth", &right);
    fine(s.exchange(&request)?)?;
    s.call("DELETE", &format!("/images/{id}?force=1"))?
        .expect(200)?;
    let path = format!("/images/create?fromImage={name}&tag=latest");
    let request = || s.request("POST", &path);
    s.exchange(&request())?
        .expect_error(500, "no basic auth credentials")?;
    let wrong = credentials(&private.user, "wrong");
    s.exchange(&request().header("X-Registry-Auth", &wrong))?
        .expect_error(500, "unauthorized")?;
    // What cannot be read is as good as nothing.
    s.exchange(&request().header("X-Registry-Auth", "nonsense!"))?
        .expect_error(500, "no basic auth credentials")?;
    fine(s.exchange(&request().header("X-Registry-Auth", &right))?)?;
    equal!(look(s, &name)?["Id"], id, "Id");
    Ok(())
}

/// A registry that gives an image's manifest, and other blobs than it says.
fn lying(s: &Session, made: &Made, config: Vec<u8>, layer: Vec<u8>) -> Outcome<crate::stub::Stub> {
    let (manifest, kind) = (made.manifest(), made.media_type);
    let id = made.id.clone();
    s.stub(move |asked| {
        if asked.path.contains("/manifests/") {
            let told = Told::new(200, kind, manifest.clone());
            return told.header("Docker-Content-Digest", remote::digest(&manifest));
        }
        let kind = "application/octet-stream";
        match asked.path.rsplit_once("/blobs/") {
            Some((_, digest)) if digest == id => Told::new(200, kind, config.clone()),
            Some(_) => Told::new(200, kind, layer.clone()),
            None => Told::new(200, "application/json", "{}"),
        }
    })
}

fn wrong_layer(s: &Session) -> Outcome {
    let made = Made::docker(&[&[("file", &s.name())]])?;
    let mut wrong = made.blobs[0].0.clone();
    // The byte of the system in gzip's head, which no unpacker looks at.
    wrong[9] ^= 1;
    let stub = lying(s, &made, made.config.clone(), wrong)?;
    let name = format!("{}/{}", stub.address, s.name());
    let said = failure(pull(s, &format!("{name}&tag=x"))?)?;
    ensure!(
        said.contains("filesystem layer verification failed for digest sha256:"),
        "the stream ends with {said:?}"
    );
    let asked = stub.asked();
    let layer = remote::digest(&made.blobs[0].0);
    let times = asked.iter().filter(|a| a.path.ends_with(&layer)).count();
    equal!(times, 1, "times that it asked for the layer");
    s.get(&format!("/images/{name}:x/json"))?.expect(404)?;
    s.get(&format!("/images/{}/json", made.id))?.expect(404)?;
    Ok(())
}

fn wrong_config(s: &Session) -> Outcome {
    let made = Made::docker(&[&[("file", &s.name())]])?;
    let mut wrong = made.config.clone();
    wrong.push(b' ');
    let stub = lying(s, &made, wrong, made.blobs[0].0.clone())?;
    let name = format!("{}/{}", stub.address, s.name());
    let answer = pull(s, &format!("{name}&tag=x"))?;
    let text = match answer.head.status {
        200 => failure(answer)?,
        _ => answer.expect(500)?.text(),
    };
    ensure!(text.contains("verification failed"), "it says {text:?}");
    s.get(&format!("/images/{}/json", made.id))?.expect(404)?;
    Ok(())
}

fn broken(s: &Session) -> Outcome {
    let stub = s.stub(|asked| match asked.path.as_str() {
        "/v2/" => Told::new(200, "application/json", "{}"),
        _ => Told::new(500, "text/plain", "out of order"),
    })?;
    let name = format!("{}/{}", stub.address, s.name());
    pull(s, &format!("{name}&tag=x"))?.expect(500)?;
    let asked = stub.asked();
    let agent = asked.iter().find_map(|a| a.header("User-Agent"));
    ensure!(agent.is_some(), "no User-Agent in {asked:?}");
    Ok(())
}

fn event(s: &Session) -> Outcome {
    let (name, ..) = remote_image(s)?;
    fine(pull(s, &format!("{name}&tag=latest"))?)?;
    let names = s.until("the event pull", || {
        let names = event_names(s, "pull", &format!("{name}:latest"));
        Ok((!names.is_empty()).then_some(names))
    })?;
    equal!(names, [name], "names");
    Ok(())
}

fn last_tag_time(s: &Session) -> Outcome {
    let (name, id, _) = remote_image(s)?;
    fine(pull(s, &format!("{name}&tag=latest"))?)?;
    equal!(
        look(s, &id)?["Metadata"]["LastTagTime"],
        "0001-01-01T00:00:00Z",
        "LastTagTime"
    );
    Ok(())
}
