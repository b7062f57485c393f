//! `GET /images/{name}/history`.

use serde_json::{Value, json};

use super::{imported, look};
use crate::cases::Level::Must;
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (Must, "imported", "ImageHistory: one entry", one),
    (
        Must,
        "committed",
        "ImageHistory: newest first; ids and tags of parents",
        two,
    ),
    (
        Must,
        "of-strangers",
        "ImageHistory: <missing> for layers that no image here has",
        missing,
    ),
];

fn history(s: &Session, name: &str) -> Outcome<Vec<Value>> {
    let answer = s.get(&format!("/images/{name}/history"))?;
    let all = answer.expect(200)?.json()?;
    Ok(all.as_array().cloned().unwrap_or_default())
}

fn one(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "&message=why")?;
    s.post(&format!("/images/{name}/tag?repo={name}&tag=a"))?
        .expect(201)?;
    let seen = history(s, &name)?;
    let created = seen[0]["Created"].clone();
    let want = json!([{
        "Comment": "why",
        "Created": created,
        "CreatedBy": "",
        "Id": id,
        "Size": name.len(),
        "Tags": [format!("{name}:a"), format!("{name}:latest")],
    }]);
    equal!(Value::from(seen), want, "history");
    equal!(look(s, &id)?["Size"], name.len(), "Size of inspect");
    Ok(())
}

/// An image of two layers: the judge's, and one with a file of five bytes.
fn committed(s: &Session, name: &str) -> Outcome<String> {
    let container = s.run(&["write", "/five", "bytes"], json!({}))?;
    equal!(s.wait(&container)?, 0, "exit code");
    let path = format!("/commit?container={container}&repo={name}&comment=why&author=me");
    let made = s.post(&path)?.expect(201)?.json()?;
    let id = made["Id"].as_str().unwrap_or_default().to_owned();
    s.owns_image(&id);
    Ok(id)
}

fn two(s: &Session) -> Outcome {
    let name = s.name();
    let id = committed(s, &name)?;
    let seen = history(s, &id)?;
    let created = seen[0]["Created"].clone();
    let want = json!({
        "Comment": "why",
        "Created": created,
        "CreatedBy": "write /five bytes",
        "Id": id,
        "Size": 5,
        "Tags": [format!("{name}:latest")],
    });
    equal!(seen[0], want, "the newest entry");
    let base = look(s, &s.target.run)?;
    equal!(seen.len(), 2, "entries");
    equal!(seen[1]["Id"], base["Id"], "Id of the parent");
    // Other cases may give the judge's image a tag meanwhile.
    let tags = seen[1]["Tags"].as_array();
    let is_there = tags.is_some_and(|tags| tags.contains(&s.target.image().into()));
    ensure!(is_there, "its Tags: {:?}", seen[1]["Tags"]);
    equal!(seen[1]["Size"], base["Size"], "its Size");
    Ok(())
}

fn missing(s: &Session) -> Outcome {
    let name = s.name();
    let id = committed(s, &name)?;
    let saved = s.get(&format!("/images/{name}/get"))?.expect(200)?;
    s.call("DELETE", &format!("/images/{name}"))?.expect(200)?;
    let load = s.request("POST", "/images/load");
    s.exchange(&load.body("application/x-tar", saved.body))?
        .expect(200)?;
    let seen = history(s, &name)?;
    equal!(seen.len(), 2, "entries");
    equal!(seen[0]["Id"], id, "Id");
    equal!(seen[1]["Id"], "<missing>", "Id of the layer below");
    equal!(seen[1]["Tags"], Value::Null, "its Tags");
    equal!(look(s, &id)?["Parent"], "", "Parent");
    Ok(())
}
