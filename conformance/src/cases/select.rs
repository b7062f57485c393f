//! The filters of `GET /containers/json`, one by one.

use serde_json::{Value, json};

use super::Level::{Must, Quirk, Should};
use super::Row;
use super::events::escape;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::{Answer, Session};

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "before-since",
        "ContainerList: before and since, by name or id",
        around,
    ),
    (
        Must,
        "volume",
        "ContainerList: volume, by destination or source",
        volume,
    ),
    (Must, "network", "ContainerList: network, by name", network),
    (
        Must,
        "id-is-a-prefix",
        "ContainerList: id matches from its beginning",
        id_prefix,
    ),
    (
        Must,
        "names-are-expressions",
        "ContainerList: name, with or without the slash",
        names,
    ),
    (
        Must,
        "paused",
        "ContainerList: status paused, and its text",
        paused,
    ),
    (
        Must,
        "status-selects-the-idle",
        "ContainerList: a status asks for those that do not run",
        status_asks,
    ),
    (
        Quirk,
        "exited-does-not",
        "ContainerList: an exit code does not ask for them",
        exited_does_not,
    ),
    (
        Must,
        "bad-values",
        "ContainerList: unknown filters and values are mistakes",
        bad_values,
    ),
    (
        Should,
        "is-task-isolation",
        "ContainerList: is-task; isolation means nothing on Linux",
        linux,
    ),
];

pub(super) fn ask(s: &Session, filters: &Value) -> Outcome<Answer> {
    s.get(&format!(
        "/containers/json?all=1&filters={}",
        escape(filters)
    ))
}

/// All containers that the filters select.
pub(super) fn list(s: &Session, filters: &Value) -> Outcome<Value> {
    ask(s, filters)?.expect(200)?.json()
}

/// Whether the filters select it.
fn hits(s: &Session, id: &str, filters: &Value) -> Outcome<bool> {
    let list = list(s, filters)?;
    Ok(list
        .as_array()
        .is_some_and(|all| all.iter().any(|c| c["Id"] == id)))
}

fn around(s: &Session) -> Outcome {
    let older = s.create(&["true"], json!({}))?;
    let newer = s.create(&["true"], json!({}))?;
    let name = s.inspect(&newer)?["Name"].as_str().unwrap_or("").to_owned();
    for named in [newer.as_str(), &name[1..]] {
        ensure!(
            hits(s, &older, &json!({"before": [named]}))?,
            "before {named}"
        );
        ensure!(!hits(s, &newer, &json!({"before": [named]}))?, "itself");
    }
    ensure!(hits(s, &newer, &json!({"since": [older]}))?, "since");
    ensure!(!hits(s, &older, &json!({"since": [older]}))?, "itself");
    ask(s, &json!({"before": ["nosuchcontainer"]}))?
        .expect_mistake(&s.target)?
        .expect_text("no such container nosuchcontainer")?;
    Ok(())
}

fn volume(s: &Session) -> Outcome {
    let host = json!({"NetworkMode": "none", "Binds": ["/var/tmp:/data"]});
    let id = s.create(&["true"], json!({"HostConfig": host}))?;
    for (value, found) in [("/data", true), ("/var/tmp", true), ("/nowhere", false)] {
        equal!(
            hits(s, &id, &json!({"volume": [value]}))?,
            found,
            "volume={value}"
        );
    }
    Ok(())
}

fn network(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    for (value, found) in [("none", true), ("nosuchnetwork", false)] {
        equal!(
            hits(s, &id, &json!({"network": [value]}))?,
            found,
            "network={value}"
        );
    }
    Ok(())
}

fn id_prefix(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    for (value, found) in [(&id[..12], true), (id.as_str(), true), (&id[1..], false)] {
        equal!(hits(s, &id, &json!({"id": [value]}))?, found, "id={value}");
    }
    Ok(())
}

fn names(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let name = s.inspect(&id)?["Name"].as_str().unwrap_or("").to_owned();
    let bare = &name[1..];
    for (value, found) in [
        (format!("^{bare}$"), true),
        (format!("^/{bare}$"), true),
        (format!("^/?{bare}$"), true),
        (bare[1..].to_owned(), true),
        (format!("^{}$", &bare[1..]), false),
        (bare.to_uppercase(), false),
    ] {
        equal!(
            hits(s, &id, &json!({"name": [value]}))?,
            found,
            "name={value}"
        );
    }
    Ok(())
}

fn paused(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    s.post(&format!("/containers/{id}/pause"))?.expect(204)?;
    let found = list(s, &json!({"id": [id], "status": ["paused"]}))?;
    let status = found[0]["Status"].as_str().unwrap_or_default();
    ensure!(
        status.starts_with("Up ") && status.ends_with(" (Paused)"),
        "Status {status:?}"
    );
    equal!(found[0]["State"], "paused", "State");
    ensure!(!hits(s, &id, &json!({"status": ["running"]}))?, "running");
    Ok(())
}

/// Without `all`.
fn asks(s: &Session, filters: &Value) -> Outcome<usize> {
    let path = format!("/containers/json?filters={}", escape(filters));
    let list = s.get(&path)?.expect(200)?.json()?;
    Ok(list.as_array().map_or(0, Vec::len))
}

fn status_asks(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    equal!(asks(s, &json!({"id": [id]}))?, 0, "without a status");
    let found = asks(s, &json!({"id": [id], "status": ["created"]}))?;
    equal!(found, 1, "with a status");
    Ok(())
}

fn exited_does_not(s: &Session) -> Outcome {
    let id = s.run(&["exit", "3"], json!({}))?;
    s.wait(&id)?;
    let filters = json!({"id": [id], "exited": ["3"]});
    equal!(asks(s, &filters)?, 0, "without all");
    equal!(hits(s, &id, &filters)?, true, "with all");
    Ok(())
}

fn bad_values(s: &Session) -> Outcome {
    for (filters, text) in [
        (
            json!({"nosuchfilter": ["x"]}),
            "invalid filter 'nosuchfilter'",
        ),
        (json!({"label!": ["x"]}), "invalid filter 'label!'"),
        (json!({"status": ["odd"]}), "invalid filter 'status="),
        (json!({"is-task": ["odd"]}), "invalid filter 'is-task="),
        (
            json!({"health": ["odd"]}),
            "unrecognised filter value for health: odd",
        ),
    ] {
        ask(s, &filters)?.expect_error(400, text)?;
    }
    for filters in [
        json!({"exited": ["odd"]}),
        json!({"publish": ["odd"]}),
        json!({"expose": ["90-80"]}),
    ] {
        ask(s, &filters)?.expect_mistake(&s.target)?;
    }
    Ok(())
}

fn linux(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    for (filters, found) in [
        (json!({"is-task": ["false"]}), true),
        (json!({"is-task": ["true"]}), false),
        (json!({"isolation": ["default"]}), true),
        (json!({"isolation": ["process"]}), true),
    ] {
        equal!(hits(s, &id, &filters)?, found, "{filters}");
    }
    Ok(())
}
