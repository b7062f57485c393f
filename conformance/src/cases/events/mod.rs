//! `GET /events`: what clients see of a container's life. What each step leaves
//! is in `steps`, what happens to other objects in `objects`.

use serde_json::{Value, json};

pub(super) mod filters;
pub(super) mod objects;
pub(super) mod steps;
pub(super) mod time;

use super::Level::{Must, Should};
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "run-and-remove",
        "SystemEvents: create, start, die, destroy",
        run_and_remove,
    ),
    (
        Must,
        "stop-and-kill",
        "SystemEvents: kill, die, stop in this order",
        stop_and_kill,
    ),
    (
        Must,
        "message",
        "SystemEvents: the fields of a message",
        message,
    ),
    (
        Must,
        "exec",
        "SystemEvents: exec_create, exec_start, exec_die",
        exec,
    ),
    (Should, "image", "SystemEvents: tag, untag, delete", image),
    (
        Must,
        "live",
        "SystemEvents: the head comes at once, lines as they happen; podman#23712",
        live,
    ),
    (Must, "since-after-until", "SystemEvents: 400", backwards),
];

pub(super) fn escape(filters: &Value) -> String {
    filters
        .to_string()
        .replace('"', "%22")
        .replace('{', "%7B")
        .replace('}', "%7D")
        .replace(' ', "%20")
}

/// The past events that match.
fn past(s: &Session, filters: &Value) -> Outcome<Vec<Value>> {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    let until = format!("{}.{:09}", now.as_secs(), now.subsec_nanos());
    let path = format!("/events?since=1&until={until}&filters={}", escape(filters));
    let answer = s.get(&path)?.expect(200)?;
    let events: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(&answer.body)
        .into_iter()
        .collect();
    Ok(events?)
}

/// Waits until an action was heard of an object; gives all that was heard of it.
fn heard(s: &Session, kind: &str, id: &str, last: &str) -> Outcome<Vec<Value>> {
    s.until(&format!("{kind} {last}"), || {
        let events = s.target.memory.of(kind, id);
        let is_last = |event: &Value| event["Action"] == last;
        Ok(events.iter().any(is_last).then_some(events))
    })
}

/// The last of some events with this action.
fn find<'a>(events: &'a [Value], action: &str) -> Outcome<&'a Value> {
    let found = events.iter().rev().find(|event| event["Action"] == action);
    Ok(found.ok_or_else(|| format!("no event {action}"))?)
}

fn attributes(event: &Value) -> &Value {
    &event["Actor"]["Attributes"]
}

/// Waits until `last` was seen, and gives all actions up to then.
pub(super) fn actions(s: &Session, id: &str, last: &str) -> Outcome<Vec<String>> {
    s.until(&format!("the event {last}"), || {
        let events = s.target.memory.of("container", id);
        let actions: Vec<String> = events
            .iter()
            .map(|e| e["Action"].as_str().unwrap_or("").to_owned())
            .collect();
        Ok(actions
            .iter()
            .any(|a| a.starts_with(last))
            .then_some(actions))
    })
}

fn run_and_remove(s: &Session) -> Outcome {
    let id = s.run(&["true"], json!({}))?;
    s.wait(&id)?;
    s.call("DELETE", &format!("/containers/{id}"))?
        .expect(204)?;
    let seen = actions(s, &id, "destroy")?;
    equal!(seen, ["create", "start", "die", "destroy"], "actions");
    Ok(())
}

fn stop_and_kill(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    s.post(&format!("/containers/{id}/stop"))?.expect(204)?;
    let mut seen = actions(s, &id, "stop")?;
    // One that is slow to end is killed once more.
    seen.dedup();
    equal!(
        seen,
        ["create", "start", "kill", "die", "stop"],
        "actions of a stop"
    );
    let id = s.run(&["sleep", "60"], json!({}))?;
    s.post(&format!("/containers/{id}/kill"))?.expect(204)?;
    equal!(
        actions(s, &id, "die")?,
        ["create", "start", "kill", "die"],
        "actions of a kill"
    );
    Ok(())
}

fn message(s: &Session) -> Outcome {
    let id = s.run(&["exit", "6"], json!({"Labels": {"k": "v"}}))?;
    s.wait(&id)?;
    actions(s, &id, "die")?;
    let events = past(
        s,
        &json!({"container": [id], "event": ["die"], "type": ["container"]}),
    )?;
    equal!(events.len(), 1, "events that match");
    let event = &events[0];
    for (key, want) in [
        ("status", "die"),
        ("id", &id),
        ("Type", "container"),
        ("Action", "die"),
        ("scope", "local"),
    ] {
        equal!(event[key], want, "{key}");
    }
    equal!(event["from"], s.target.image(), "from");
    equal!(event["Actor"]["ID"], id, "Actor.ID");
    let attributes = &event["Actor"]["Attributes"];
    equal!(attributes["exitCode"], "6", "exitCode");
    equal!(attributes["image"], s.target.image(), "image");
    equal!(attributes["k"], "v", "label");
    ensure!(attributes["name"].is_string(), "no name in {attributes}");
    let (time, nano) = (
        event["time"].as_i64().unwrap_or(0),
        event["timeNano"].as_i64().unwrap_or(-1),
    );
    equal!(nano / 1_000_000_000, time, "timeNano in seconds");
    Ok(())
}

fn exec(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    let made = s
        .post_json(
            &format!("/containers/{id}/exec"),
            &json!({"Cmd": ["echo", "a"]}),
        )?
        .expect(201)?
        .json()?;
    let exec = made["Id"].as_str().unwrap_or("").to_owned();
    s.post_json(&format!("/exec/{exec}/start"), &json!({"Detach": true}))?
        .expect(200)?;
    let seen = actions(s, &id, "exec_die")?;
    equal!(
        seen[2..],
        ["exec_create: echo a", "exec_start: echo a", "exec_die"],
        "actions"
    );
    Ok(())
}

fn image(s: &Session) -> Outcome {
    let name = s.name();
    s.owns_image(&name);
    s.post(&format!("/images/{}/tag?repo={name}", s.target.image()))?
        .expect(201)?;
    s.call("DELETE", &format!("/images/{name}"))?.expect(200)?;
    // The reference as it was given; newer engines complete it first.
    let full = format!("{name}:latest");
    let is_ours = |e: &Value| {
        let seen = &e["Actor"]["Attributes"]["name"];
        *seen == name || *seen == full
    };
    s.until("the tag event", || {
        let events = past(s, &json!({"type": ["image"], "event": ["tag"]}))?;
        Ok(events.iter().any(is_ours).then_some(()))
    })?;
    let untagged = past(s, &json!({"type": ["image"], "event": ["untag"]}))?;
    ensure!(!untagged.is_empty(), "no untag event");
    Ok(())
}

fn live(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let filters = json!({"container": [id], "event": ["start"]});
    let reply = s.open(&s.request("GET", &format!("/events?filters={}", escape(&filters))))?;
    equal!(reply.head.status, 200, "status");
    equal!(
        reply.head.header("Content-Type"),
        Some("application/json"),
        "Content-Type"
    );
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    let mut events = serde_json::Deserializer::from_reader(reply).into_iter::<Value>();
    let event = events.next().ok_or("the stream ended without an event")??;
    equal!(event["Action"], "start", "Action");
    Ok(())
}

fn backwards(s: &Session) -> Outcome {
    s.get("/events?since=20&until=10")?
        .expect_error(400, "cannot be after `until` time")?;
    Ok(())
}
