//! `POST /containers/{id}/wait`: head at once, body when the condition holds.

use std::time::Duration;

use serde_json::{Value, json};

use super::Level::{Must, Quirk};
use super::Row;
use crate::http::Reply;
use crate::outcome::{Outcome, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "not-found",
        "ContainerWait: 404 before the head",
        not_found,
    ),
    (
        Must,
        "head-first",
        "ContainerWait: clients need the head before the end; podman#12652",
        head_first,
    ),
    (
        Quirk,
        "created-is-not-running",
        "ContainerWait: a created container counts as not running",
        created,
    ),
    (
        Must,
        "ended",
        "ContainerWait: the exit code, again and again",
        ended,
    ),
    (
        Must,
        "next-exit",
        "ContainerWait: next-exit waits through a start; podman#8697, #9157",
        next_exit,
    ),
    (
        Must,
        "removed",
        "ContainerWait: removed, with the exit code (docker run --rm); podman#18889, #27423",
        removed,
    ),
    (
        Must,
        "removed-by-call",
        "ContainerWait: removed, by a delete",
        removed_by_call,
    ),
];

fn not_found(s: &Session) -> Outcome {
    s.post("/containers/nosuchcontainer/wait")?
        .expect_error(404, "No such container: nosuchcontainer")?;
    Ok(())
}

fn code(mut reply: Reply) -> Outcome<Value> {
    let body: Value = serde_json::from_slice(&reply.read_all()?)?;
    Ok(body["StatusCode"].clone())
}

fn waiter(s: &Session, id: &str, condition: &str) -> Outcome<Reply> {
    let reply = s.open(&s.request(
        "POST",
        &format!("/containers/{id}/wait?condition={condition}"),
    ))?;
    equal!(reply.head.status, 200, "status");
    equal!(
        reply.head.header("Content-Type"),
        Some("application/json"),
        "Content-Type"
    );
    Ok(reply)
}

fn head_first(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    let mut reply = waiter(s, &id, "not-running")?;
    reply.stream().read_limit(Duration::from_millis(300))?;
    if reply.read_all().is_ok() {
        return Err("the body came while the container ran".into());
    }
    let reply = waiter(s, &id, "not-running")?;
    s.post(&format!("/containers/{id}/kill"))?.expect(204)?;
    equal!(code(reply)?, 137, "StatusCode");
    Ok(())
}

fn created(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    equal!(s.wait(&id)?, 0, "StatusCode");
    Ok(())
}

fn ended(s: &Session) -> Outcome {
    let id = s.run(&["exit", "9"], json!({}))?;
    equal!(s.wait(&id)?, 9, "StatusCode");
    equal!(s.wait(&id)?, 9, "StatusCode asked again");
    Ok(())
}

fn next_exit(s: &Session) -> Outcome {
    let id = s.create(&["exit", "5"], json!({}))?;
    let reply = waiter(s, &id, "next-exit")?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    equal!(code(reply)?, 5, "StatusCode");
    Ok(())
}

fn removed(s: &Session) -> Outcome {
    let host = json!({"NetworkMode": "none", "AutoRemove": true});
    let id = s.create(&["exit", "7"], json!({"HostConfig": host}))?;
    let reply = waiter(s, &id, "removed")?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    equal!(code(reply)?, 7, "StatusCode");
    s.get(&format!("/containers/{id}/json"))?.expect(404)?;
    Ok(())
}

fn removed_by_call(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    let reply = waiter(s, &id, "removed")?;
    s.call("DELETE", &format!("/containers/{id}?force=1"))?
        .expect(204)?;
    equal!(code(reply)?, 137, "StatusCode");
    Ok(())
}
