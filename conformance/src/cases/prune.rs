//! `POST /containers/prune`. Other cases run beside these, so each prunes what
//! has its own label.

use serde_json::{Value, json};

use super::Level::{Must, Quirk};
use super::Row;
use super::events::escape;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::{Answer, Session};

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "what-does-not-run",
        "ContainerPrune: created and exited ones, by label",
        idle,
    ),
    (Must, "nothing", "ContainerPrune: null and 0", nothing),
    (
        Must,
        "until",
        "ContainerPrune: only those created before",
        until,
    ),
    (
        Must,
        "space",
        "ContainerPrune: the bytes that they had written",
        space,
    ),
    (
        Must,
        "mistakes",
        "ContainerPrune: unknown filters and values",
        mistakes,
    ),
    (Quirk, "event", "SystemEvents: destroy for each", event),
];

/// An engine prunes once at a time, and other cases do it too.
fn prune(s: &Session, filters: &Value) -> Outcome<Answer> {
    s.until("its turn", || {
        let answer = s.post(&format!("/containers/prune?filters={}", escape(filters)))?;
        if answer.head.status == 409 {
            answer.expect_error(409, "a prune operation is already running")?;
            return Ok(None);
        }
        Ok(Some(answer))
    })
}

fn pruned(s: &Session, filters: &Value) -> Outcome<Value> {
    prune(s, filters)?.expect(200)?.json()
}

fn labelled(label: &str) -> Value {
    json!({"Labels": {label: "x"}})
}

fn idle(s: &Session) -> Outcome {
    let label = s.name();
    let created = s.create(&["true"], labelled(&label))?;
    let exited = s.run(&["true"], labelled(&label))?;
    s.wait(&exited)?;
    let running = s.run(&["sleep", "60"], labelled(&label))?;
    let answer = pruned(s, &json!({"label": [label]}))?;
    let mut deleted: Vec<&str> = answer["ContainersDeleted"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    deleted.sort_unstable();
    let mut expected = [created.as_str(), exited.as_str()];
    expected.sort_unstable();
    equal!(deleted, expected, "ContainersDeleted");
    equal!(s.inspect(&running)?["State"]["Running"], true, "Running");
    s.get(&format!("/containers/{created}/json"))?.expect(404)?;
    Ok(())
}

fn nothing(s: &Session) -> Outcome {
    let answer = pruned(s, &json!({"label": [s.name()]}))?;
    equal!(
        answer["ContainersDeleted"],
        Value::Null,
        "ContainersDeleted"
    );
    equal!(answer["SpaceReclaimed"], 0, "SpaceReclaimed");
    Ok(())
}

fn until(s: &Session) -> Outcome {
    let label = s.name();
    s.create(&["true"], labelled(&label))?;
    for before in [
        "1h",
        "24h0m",
        "2020-01-01",
        "2020-01-01T00:00:00Z",
        "1577836800",
    ] {
        let answer = pruned(s, &json!({"label": [label], "until": [before]}))?;
        equal!(answer["ContainersDeleted"], Value::Null, "until {before}");
    }
    let answer = pruned(s, &json!({"label": [label], "until": ["-1h"]}))?;
    ensure!(
        answer["ContainersDeleted"].is_array(),
        "until an hour from now"
    );
    Ok(())
}

fn space(s: &Session) -> Outcome {
    let label = s.name();
    let id = s.run(&["sleep", "60"], labelled(&label))?;
    let exec = json!({"Cmd": ["write", "/made", "12345"], "AttachStdout": true});
    let made = s
        .post_json(&format!("/containers/{id}/exec"), &exec)?
        .expect(201)?
        .json()?;
    let exec = made["Id"].as_str().unwrap_or_default();
    s.post_json(&format!("/exec/{exec}/start"), &json!({}))?
        .expect(200)?;
    s.post(&format!("/containers/{id}/kill"))?.expect(204)?;
    let answer = pruned(s, &json!({"label": [label]}))?;
    equal!(
        answer["ContainersDeleted"],
        json!([id]),
        "ContainersDeleted"
    );
    equal!(answer["SpaceReclaimed"], 5, "SpaceReclaimed");
    Ok(())
}

fn mistakes(s: &Session) -> Outcome {
    prune(s, &json!({"nosuchfilter": ["x"]}))?
        .expect_error(400, "invalid filter 'nosuchfilter'")?;
    for filters in [json!({"until": ["1h", "2h"]}), json!({"until": ["odd"]})] {
        prune(s, &filters)?.expect_mistake(&s.target)?;
    }
    Ok(())
}

fn event(s: &Session) -> Outcome {
    let label = s.name();
    let id = s.create(&["true"], labelled(&label))?;
    pruned(s, &json!({"label": [label]}))?;
    let told = super::events::actions(s, &id, "destroy")?;
    equal!(told, ["create", "destroy"], "what was told");
    Ok(())
}
