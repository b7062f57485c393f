//! `DELETE /containers/{id}`.

use serde_json::json;

use super::Level::{Must, Quirk};
use super::Row;
use crate::outcome::Outcome;
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (Must, "removed", "ContainerDelete: 204, then 404", removed),
    (
        Must,
        "running",
        "ContainerDelete: 409, the words clients match on",
        running,
    ),
    (Must, "force", "ContainerDelete: force kills first", force),
    (
        Must,
        "name-is-free-again",
        "ContainerDelete: the name can be taken",
        name_free,
    ),
    (
        Quirk,
        "empty-name",
        "routing: DELETE /containers/ has an empty name: 400",
        empty_name,
    ),
];

fn removed(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    s.call("DELETE", &format!("/containers/{id}"))?
        .expect(204)?;
    s.call("DELETE", &format!("/containers/{id}"))?
        .expect_error(404, &format!("No such container: {id}"))?;
    Ok(())
}

fn running(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    s.call("DELETE", &format!("/containers/{id}"))?.expect_error(
        409,
        &format!("You cannot remove a running container {id}. Stop the container before attempting removal or force remove"),
    )?;
    Ok(())
}

fn force(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    s.call("DELETE", &format!("/containers/{id}?force=1"))?
        .expect(204)?;
    s.get(&format!("/containers/{id}/json"))?.expect(404)?;
    Ok(())
}

fn name_free(s: &Session) -> Outcome {
    let path = format!("/containers/create?name={}", s.name());
    let body = json!({"Image": s.target.image()});
    for _ in 0..2 {
        let made = s.post_json(&path, &body)?.expect(201)?.json()?;
        let id = made["Id"].as_str().unwrap_or("").to_owned();
        s.call("DELETE", &format!("/containers/{id}"))?
            .expect(204)?;
    }
    Ok(())
}

fn empty_name(s: &Session) -> Outcome {
    s.call("DELETE", "/containers/")?.expect(400)?;
    Ok(())
}
