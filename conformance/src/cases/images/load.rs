//! `POST /images/load`.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::remote::Made;
use super::{event_names, failure, fine, imported, lines, look, texts};
use crate::cases::Level::{Must, Quirk, Should};
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::{Answer, Session};

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "round-trip",
        "ImageGet, ImageLoad: the ID and the names stay; Loaded image",
        round_trip,
    ),
    (
        Must,
        "without-a-name",
        "ImageLoad: Loaded image ID",
        nameless,
    ),
    (Must, "gzip", "ImageLoad: a packed archive", packed),
    (
        Must,
        "renames",
        "ImageLoad: a name that another image has moves, and that is told",
        renames,
    ),
    (
        Must,
        "quiet",
        "ImageLoad: quiet unless asked for progress",
        quiet,
    ),
    (
        Must,
        "oci-layout",
        "ImageLoad: an OCI layout, since 25.0",
        layout,
    ),
    (
        Should,
        "nonsense",
        "ImageLoad: an error line or status",
        nonsense,
    ),
    (
        Must,
        "wrong-layer",
        "ImageLoad: a layer that is not its DiffID leaves nothing",
        wrong_layer,
    ),
    (Must, "event", "SystemEvents: load", event),
    (
        Quirk,
        "last-tag-time",
        "ImageLoad: tags without a time of tagging",
        last_tag_time,
    ),
];

fn load(s: &Session, query: &str, body: impl Into<Vec<u8>>) -> Outcome<Answer> {
    let request = s.request("POST", &format!("/images/load{query}"));
    s.exchange(&request.body("application/x-tar", body))
}

/// An image that was saved and removed.
fn saved(s: &Session, name: &str) -> Outcome<(String, Vec<u8>)> {
    let id = imported(s, name, "&changes=CMD%20x")?;
    let bytes = s.get(&format!("/images/{name}/get"))?.expect(200)?.body;
    s.call("DELETE", &format!("/images/{id}?force=1"))?
        .expect(200)?;
    s.get(&format!("/images/{name}/json"))?.expect(404)?;
    Ok((id, bytes))
}

fn round_trip(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "&tag=latest")?;
    let before = look(s, &name)?;
    s.post(&format!("/images/{name}/tag?repo={name}&tag=two"))?
        .expect(201)?;
    let saved = s.get(&format!("/images/{name}/get"))?.expect(200)?;
    s.call("DELETE", &format!("/images/{id}?force=1"))?
        .expect(200)?;
    let lines = fine(load(s, "", saved.body)?)?;
    let want = ["latest", "two"].map(|tag| format!("Loaded image: {name}:{tag}\n"));
    equal!(texts(&lines, "stream"), want, "what load says");
    let after = look(s, &format!("{name}:two"))?;
    for same in ["Id", "Created", "Config", "RootFS", "Size", "Comment"] {
        equal!(after[same], before[same], "{same} after the round trip");
    }
    Ok(())
}

fn nameless(s: &Session) -> Outcome {
    let id = imported(s, &s.name(), "")?;
    let bytes = s.get(&format!("/images/{id}/get"))?.expect(200)?.body;
    s.call("DELETE", &format!("/images/{id}?force=1"))?
        .expect(200)?;
    let lines = fine(load(s, "", bytes)?)?;
    equal!(
        texts(&lines, "stream"),
        [format!("Loaded image ID: {id}\n")],
        "what load says"
    );
    equal!(look(s, &id)?["RepoTags"], json!([]), "RepoTags");
    Ok(())
}

fn packed(s: &Session) -> Outcome {
    let (id, bytes) = saved(s, &s.name())?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&bytes)?;
    fine(load(s, "", encoder.finish()?)?)?;
    look(s, &id)?;
    Ok(())
}

fn renames(s: &Session) -> Outcome {
    let name = s.name();
    let (id, bytes) = saved(s, &name)?;
    let other = imported(s, &name, "&message=other")?;
    let lines = fine(load(s, "", bytes)?)?;
    let want = [
        format!(
            "The image {name}:latest already exists, renaming the old one with ID {other} to empty string\n"
        ),
        format!("Loaded image: {name}:latest\n"),
    ];
    equal!(texts(&lines, "stream"), want, "what load says");
    equal!(look(s, &name)?["Id"], id, "Id of the name");
    equal!(
        look(s, &other)?["RepoTags"],
        json!([]),
        "RepoTags of the other"
    );
    Ok(())
}

fn quiet(s: &Session) -> Outcome {
    let (_, bytes) = saved(s, &s.name())?;
    for query in ["", "?quiet=1"] {
        let lines = fine(load(s, query, bytes.clone())?)?;
        equal!(lines.len(), 1, "lines with {query:?}");
    }
    let (id, bytes) = saved(s, &s.name())?;
    let lines = fine(load(s, "?quiet=0", bytes)?)?;
    look(s, &id)?;
    let progress = lines.iter().find(|l| l["status"] == "Loading layer");
    let progress = progress.ok_or("no line Loading layer")?;
    let digits = progress["id"].as_str().unwrap_or_default();
    ensure!(
        digits.len() == 12 && progress["progressDetail"]["current"].is_u64(),
        "progress is {progress}"
    );
    let bar = progress["progress"].as_str().unwrap_or_default();
    ensure!(bar.starts_with('['), "the bar is {bar:?}");
    Ok(())
}

fn layout(s: &Session) -> Outcome {
    let name = s.name();
    let made = Made::oci(&[&[("file", &name)]])?;
    let answer = load(s, "", made.layout(&format!("{name}:one"))?)?;
    let lines = fine(answer)?;
    s.owns_image(&made.id);
    equal!(
        texts(&lines, "stream"),
        [format!("Loaded image: {name}:one\n")],
        "what load says"
    );
    equal!(look(s, &format!("{name}:one"))?["Id"], made.id, "Id");
    Ok(())
}

fn nonsense(s: &Session) -> Outcome {
    for body in ["nonsense", ""] {
        let answer = load(s, "", body)?;
        let told = answer.head.status >= 400 || answer.text().contains("errorDetail");
        ensure!(told, "nonsense was loaded: {}", answer.text());
    }
    Ok(())
}

fn wrong_layer(s: &Session) -> Outcome {
    let name = s.name();
    let made = Made::docker(&[&[("file", &name)]])?;
    let mut wrong = made.clone();
    wrong.layers[0] = super::layer(&[("file", "something else")])?;
    let said = failure(load(s, "", wrong.archive(&format!("{name}:one"))?)?)?;
    ensure!(!said.is_empty(), "it is silent");
    s.get(&format!("/images/{}/json", made.id))?.expect(404)?;
    s.get(&format!("/images/{name}:one/json"))?.expect(404)?;
    let right = made.archive(&format!("{name}:one"))?;
    let said = fine(load(s, "", right)?)?;
    s.owns_image(&made.id);
    ensure!(!said.is_empty(), "it is silent");
    equal!(look(s, &format!("{name}:one"))?["Id"], made.id, "Id");
    Ok(())
}

fn event(s: &Session) -> Outcome {
    let (id, bytes) = saved(s, &s.name())?;
    let answer = load(s, "", bytes)?;
    let said: Vec<Value> = lines(&answer)?;
    ensure!(!said.is_empty(), "it is silent");
    let names = s.until("the event load", || {
        let names = event_names(s, "load", &id);
        Ok((!names.is_empty()).then_some(names))
    })?;
    equal!(names, [id.as_str()], "names");
    Ok(())
}

fn last_tag_time(s: &Session) -> Outcome {
    let (id, bytes) = saved(s, &s.name())?;
    fine(load(s, "", bytes)?)?;
    let time = look(s, &id)?["Metadata"]["LastTagTime"].clone();
    ensure!(time.is_string(), "LastTagTime is {time}");
    Ok(())
}
