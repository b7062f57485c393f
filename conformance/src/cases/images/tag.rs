//! `POST /images/{name}/tag`.

use serde_json::json;

use super::{event_names, imported, look};
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "tag",
        "ImageTag: 201 without a body; default tag",
        tag,
    ),
    (Must, "forms", "ImageTag: repo and tag in every form", forms),
    (
        Must,
        "moves",
        "ImageTag: a tag moves from one image to another",
        moves,
    ),
    (Must, "event", "SystemEvents: tag", event),
    (
        Quirk,
        "not-of-digests",
        "ImageTag: refuses digest references",
        digests,
    ),
];

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

fn forms(s: &Session) -> Outcome {
    let id = imported(s, &s.name(), "&tag=a")?;
    for (query, full) in [
        ("repo=NAME&tag=", "NAME:latest"),
        ("repo=NAME:b", "NAME:b"),
        ("repo=NAME:c&tag=d", "NAME:d"),
        ("repo=docker.io/library/NAME&tag=e", "NAME:e"),
        ("repo=docker.io/NAME/x", "NAME/x:latest"),
        ("repo=localhost/NAME", "localhost/NAME:latest"),
        ("repo=a.b:1/c/d/NAME&tag=1.0_x-Y", "a.b:1/c/d/NAME:1.0_x-Y"),
    ] {
        let name = s.name();
        let query = query.replace("NAME", &name);
        s.post(&format!("/images/{id}/tag?{query}"))?.expect(201)?;
        let full = json!(full.replace("NAME", &name));
        let tags = look(s, &id)?["RepoTags"].clone();
        let has = tags.as_array().is_some_and(|all| all.contains(&full));
        ensure!(has, "{query}: {full} is not in {tags}");
    }
    Ok(())
}

fn moves(s: &Session) -> Outcome {
    let (one, two) = (s.name(), s.name());
    let first = imported(s, &one, "")?;
    let second = imported(s, &two, "")?;
    s.post(&format!("/images/{two}/tag?repo={one}"))?
        .expect(201)?;
    equal!(look(s, &one)?["Id"], second, "Id of the name");
    equal!(
        look(s, &first)?["RepoTags"],
        json!([]),
        "RepoTags of the old"
    );
    Ok(())
}

fn event(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, "", "&tag=")?;
    s.post(&format!("/images/{id}/tag?repo={name}"))?
        .expect(201)?;
    let names = s.until("the tag event", || {
        let names = event_names(s, "tag", &id);
        Ok((!names.is_empty()).then_some(names))
    })?;
    // Or the reference as it was given, which newer engines complete.
    ensure!(
        names == [format!("{name}:latest")] || names == [name.as_str()],
        "names {names:?}"
    );
    Ok(())
}

fn digests(s: &Session) -> Outcome {
    let image = s.target.image();
    let digest = format!("sha256:{}", "0".repeat(64));
    s.post(&format!("/images/{image}/tag?repo={}@{digest}", s.name()))?
        .expect_error(400, "refusing to create a tag with a digest reference")?;
    s.post(&format!("/images/{image}/tag?repo=sha256"))?
        .expect_error(
            400,
            "refusing to create an ambiguous tag using digest algorithm as name",
        )?;
    s.post(&format!("/images/{image}/tag?repo={}", &digest[7..]))?
        .expect_mistake(&s.target)?
        .expect_text("cannot specify 64-byte hexadecimal strings")?;
    Ok(())
}
