//! `GET /containers/{id}/changes`: what a container changed of its image.

use serde_json::{Value, json};
use tar::EntryType;

use super::Level::{Must, Quirk};
use super::Row;
use super::archive::{archive, put};
use crate::outcome::{Outcome, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "not-found",
        "ContainerChanges: 404 No such container",
        not_found,
    ),
    (
        Quirk,
        "none",
        "ContainerChanges: null when there are none",
        none,
    ),
    (
        Must,
        "kinds",
        "ContainerChanges: added, modified, deleted, and what holds them",
        kinds,
    ),
    (
        Must,
        "replaced",
        "ContainerChanges: a file where a directory was, and the reverse",
        replaced,
    ),
];

/// All changes, sorted by path.
fn changes(s: &Session, id: &str) -> Outcome<Vec<(String, Value)>> {
    let answer = s.get(&format!("/containers/{id}/changes"))?.expect(200)?;
    let mut all: Vec<_> = answer
        .json()?
        .as_array()
        .into_iter()
        .flatten()
        .map(|change| {
            let path = change["Path"].as_str().unwrap_or_default().to_owned();
            (path, change["Kind"].clone())
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(all)
}

fn not_found(s: &Session) -> Outcome {
    s.get("/containers/nosuchcontainer/changes")?
        .expect_error(404, "No such container: nosuchcontainer")?;
    Ok(())
}

fn none(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let answer = s.get(&format!("/containers/{id}/changes"))?.expect(200)?;
    equal!(answer.text().trim(), "null", "body");
    Ok(())
}

fn kinds(s: &Session) -> Outcome {
    let id = s.create(&["rm", "/bin/touch"], json!({}))?;
    let items = [
        ("new/deep/file", EntryType::Regular, "x"),
        ("bin/sleep", EntryType::Regular, "another"),
    ];
    put(s, &id, "/", archive(&items)?)?.expect(200)?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    equal!(s.wait(&id)?, 0, "exit code");
    let expected = [
        ("/bin", 0),
        ("/bin/sleep", 0),
        ("/bin/touch", 2),
        ("/new", 1),
        ("/new/deep", 1),
        ("/new/deep/file", 1),
    ]
    .map(|(path, kind)| (path.to_owned(), json!(kind)));
    equal!(changes(s, &id)?, expected, "changes");
    Ok(())
}

fn replaced(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let items = [
        ("bin/sleep/", EntryType::Directory, ""),
        ("bin/sleep/x", EntryType::Regular, "x"),
        ("dev/pts", EntryType::Regular, "x"),
    ];
    put(s, &id, "/", archive(&items)?)?.expect(200)?;
    let expected = [
        ("/bin", 0),
        ("/bin/sleep", 0),
        ("/bin/sleep/x", 1),
        ("/dev", 0),
        ("/dev/pts", 0),
    ]
    .map(|(path, kind)| (path.to_owned(), json!(kind)));
    equal!(changes(s, &id)?, expected, "changes");
    Ok(())
}
