//! Images: import, load, save, tag, list, inspect, delete.

use serde_json::{Value, json};

use super::Level::{Must, Should};
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (Must, "list", "ImageList: the fields of an entry", list),
    (
        Must,
        "list-filters",
        "ImageList: reference, dangling",
        filters,
    ),
    (Must, "inspect", "ImageInspect", inspect),
    (
        Must,
        "not-found",
        "ImageInspect: 404 No such image",
        not_found,
    ),
    (
        Must,
        "import",
        "ImageCreate fromSrc: changes, message, lines ending CR LF",
        import,
    ),
    (
        Must,
        "import-bad-changes",
        "ImageCreate fromSrc: bad changes are 400",
        bad_changes,
    ),
    (Must, "tag", "ImageTag: 201; default tag; 400; 404", tag),
    (
        Must,
        "save-and-load",
        "ImageGet, ImageLoad: a round trip",
        round_trip,
    ),
    (
        Must,
        "save-unknown",
        "ImageGet: 404 before the first byte",
        save_unknown,
    ),
    (
        Should,
        "load-nonsense",
        "ImageLoad: an error line or status",
        load_nonsense,
    ),
    (
        Must,
        "delete-untags",
        "ImageDelete: Untagged, and Deleted with the last",
        delete,
    ),
    (
        Must,
        "delete-in-use",
        "ImageDelete: 409 while containers use it",
        delete_in_use,
    ),
    (
        Must,
        "container-of-untagged",
        "ContainerCreate: an image by id",
        by_id,
    ),
];

fn tiny(text: &str) -> Outcome<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(text.len() as u64);
    tar.append_data(&mut header, "file", text.as_bytes())?;
    Ok(tar.into_inner()?)
}

/// Imports a tiny image under a name that is removed at the end.
fn imported(s: &Session, name: &str, query: &str) -> Outcome<String> {
    let path = format!("/images/create?fromSrc=-&repo={name}{query}");
    s.owns_image(name);
    let request = s
        .request("POST", &path)
        .body("application/x-tar", tiny(name)?);
    let text = s.exchange(&request)?.expect(200)?.text();
    ensure!(text.ends_with("\"}\r\n"), "the line ends {text:?}");
    let line: Value = serde_json::from_str(text.lines().last().unwrap_or(""))?;
    Ok(line["status"].as_str().unwrap_or("").to_owned())
}

fn list(s: &Session) -> Outcome {
    let images = s.get("/images/json")?.expect(200)?.json()?;
    let own = images.as_array().and_then(|l| {
        l.iter()
            .find(|i| i["RepoTags"] == json!([s.target.image()]))
    });
    let own = own.ok_or("the judge's image is not listed")?;
    ensure!(
        own["Id"]
            .as_str()
            .is_some_and(|i| i.starts_with("sha256:") && i.len() == 71),
        "Id is {}",
        own["Id"]
    );
    equal!(own["ParentId"], "", "ParentId");
    equal!(own["SharedSize"], -1, "SharedSize");
    equal!(own["Containers"], -1, "Containers");
    equal!(own["VirtualSize"], own["Size"], "VirtualSize");
    ensure!(
        own["Size"].as_i64().is_some_and(|n| n > 100_000),
        "Size is {}",
        own["Size"]
    );
    ensure!(
        own["Created"].as_i64().is_some_and(|n| n > 1_500_000_000),
        "Created is {}",
        own["Created"]
    );
    Ok(())
}

fn filters(s: &Session) -> Outcome {
    let hits = |filters: Value| -> Outcome<bool> {
        let filters = filters
            .to_string()
            .replace('"', "%22")
            .replace('{', "%7B")
            .replace('}', "%7D");
        Ok(s.get(&format!("/images/json?filters={filters}"))?
            .expect(200)?
            .text()
            .contains(&s.target.image()))
    };
    ensure!(
        hits(json!({"reference": [s.target.run]}))?,
        "reference misses it"
    );
    ensure!(
        hits(json!({"reference": [format!("{}*:lat*", &s.target.run[..4])]}))?,
        "a glob misses it"
    );
    ensure!(
        !hits(json!({"reference": ["other"]}))?,
        "another reference finds it"
    );
    ensure!(!hits(json!({"dangling": ["true"]}))?, "dangling finds it");
    Ok(())
}

fn inspect(s: &Session) -> Outcome {
    let by_name = s
        .get(&format!("/images/{}/json", s.target.run))?
        .expect(200)?
        .json()?;
    let id = by_name["Id"].as_str().unwrap_or("").to_owned();
    for form in [id.as_str(), &id[7..], &id[7..19], &s.target.image()] {
        let seen = s
            .get(&format!("/images/{form}/json"))?
            .expect(200)?
            .json()?;
        equal!(seen["Id"], id, "found by {form}");
    }
    equal!(by_name["RepoTags"], json!([s.target.image()]), "RepoTags");
    equal!(by_name["RepoDigests"], json!([]), "RepoDigests");
    equal!(by_name["Os"], "linux", "Os");
    equal!(
        by_name["Config"]["Cmd"],
        json!(["sleep", "600"]),
        "Config.Cmd"
    );
    equal!(by_name["RootFS"]["Type"], "layers", "RootFS.Type");
    equal!(
        by_name["RootFS"]["Layers"].as_array().map(Vec::len),
        Some(1),
        "layers"
    );
    Ok(())
}

fn not_found(s: &Session) -> Outcome {
    s.get("/images/nosuchimage/json")?
        .expect_error(404, "No such image: nosuchimage")?;
    Ok(())
}

fn import(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(
        s,
        &name,
        "&tag=one&message=hello%20there&changes=ENV%20A%3Db&changes=CMD%20%5B%22x%22%5D",
    )?;
    ensure!(id.starts_with("sha256:"), "status line {id:?}");
    let seen = s
        .get(&format!("/images/{name}:one/json"))?
        .expect(200)?
        .json()?;
    s.owns_image(&format!("{name}:one"));
    equal!(seen["Id"], id, "Id");
    equal!(seen["Comment"], "hello there", "Comment");
    equal!(seen["Config"]["Env"], json!(["A=b"]), "Env");
    equal!(seen["Config"]["Cmd"], json!(["x"]), "Cmd");
    Ok(())
}

fn bad_changes(s: &Session) -> Outcome {
    let path = format!(
        "/images/create?fromSrc=-&repo={}&changes=FROM%20x",
        s.name()
    );
    let request = s
        .request("POST", &path)
        .body("application/x-tar", tiny("x")?);
    s.exchange(&request)?
        .expect_error(400, "from is not a valid change command")?;
    Ok(())
}

fn tag(s: &Session) -> Outcome {
    let (image, name) = (s.target.image(), s.name());
    s.owns_image(&name);
    let answer = s
        .post(&format!("/images/{image}/tag?repo={name}"))?
        .expect(201)?;
    ensure!(answer.body.is_empty(), "tag has a body");
    s.get(&format!("/images/{name}:latest/json"))?.expect(200)?;
    s.post(&format!("/images/{image}/tag?repo=UPPER"))?
        .expect_mistake(&s.target)?;
    s.post(&format!("/images/nosuchimage/tag?repo={name}"))?
        .expect_error(404, "No such image")?;
    Ok(())
}

fn round_trip(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "&tag=latest")?;
    let saved = s.get(&format!("/images/{name}:latest/get"))?.expect(200)?;
    equal!(
        saved.header("Content-Type"),
        "application/x-tar",
        "Content-Type"
    );
    s.call("DELETE", &format!("/images/{name}"))?.expect(200)?;
    s.get(&format!("/images/{name}/json"))?.expect(404)?;
    let request = s
        .request("POST", "/images/load")
        .body("application/x-tar", saved.body);
    let text = s.exchange(&request)?.expect(200)?.text();
    ensure!(
        text.contains(&format!("Loaded image: {name}:latest\\n")),
        "load says {text}"
    );
    let seen = s
        .get(&format!("/images/{name}/json"))?
        .expect(200)?
        .json()?;
    equal!(seen["Id"], id, "Id after the round trip");
    Ok(())
}

fn save_unknown(s: &Session) -> Outcome {
    s.get("/images/nosuchimage/get")?
        .expect_error(404, "nosuchimage")?;
    Ok(())
}

fn load_nonsense(s: &Session) -> Outcome {
    let request = s
        .request("POST", "/images/load")
        .body("application/x-tar", "nonsense");
    let answer = s.exchange(&request)?;
    let told = answer.head.status >= 400 || answer.text().contains("errorDetail");
    ensure!(told, "nonsense was loaded: {}", answer.text());
    Ok(())
}

fn delete(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "&tag=latest")?;
    s.owns_image(&format!("{name}:two"));
    s.post(&format!("/images/{name}/tag?repo={name}&tag=two"))?
        .expect(201)?;
    let first = s
        .call("DELETE", &format!("/images/{name}:latest"))?
        .expect(200)?
        .json()?;
    equal!(
        first,
        json!([{"Untagged": format!("{name}:latest")}]),
        "the first of two tags"
    );
    let last = s
        .call("DELETE", &format!("/images/{name}:two"))?
        .expect(200)?
        .json()?;
    equal!(
        last[0],
        json!({"Untagged": format!("{name}:two")}),
        "first entry"
    );
    equal!(last[1], json!({"Deleted": id}), "second entry");
    s.call("DELETE", &format!("/images/{name}:two"))?
        .expect_error(404, "No such image")?;
    Ok(())
}

fn delete_in_use(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "&tag=latest&changes=CMD%20%5B%22x%22%5D")?;
    let container = s.create(&["x"], json!({"Image": name}))?;
    let text = format!(
        "conflict: unable to remove repository reference \"{name}\" (must force) - container {} is using its referenced image {}",
        &container[..12],
        &id[7..19]
    );
    s.call("DELETE", &format!("/images/{name}"))?
        .expect_error(409, &text)?;
    s.call("DELETE", &format!("/images/{}", &id[7..19]))?
        .expect_error(
            409,
            "(must be forced) - image is being used by stopped container",
        )?;
    s.call("DELETE", &format!("/containers/{container}"))?
        .expect(204)?;
    s.call("DELETE", &format!("/images/{name}"))?.expect(200)?;
    Ok(())
}

fn by_id(s: &Session) -> Outcome {
    let seen = s
        .get(&format!("/images/{}/json", s.target.image()))?
        .expect(200)?
        .json()?;
    let id = seen["Id"].as_str().unwrap_or("").to_owned();
    for form in [id.clone(), id[7..19].to_owned()] {
        let made = s.create(&["true"], json!({"Image": form}))?;
        equal!(s.inspect(&made)?["Config"]["Image"], form, "Config.Image");
    }
    Ok(())
}
