//! What every step of a container's life leaves, with its attributes, in order.

use serde_json::{Value, json};

use super::super::Level::{Must, Quirk, Should};
use super::super::Row;
use super::super::images::layer;
use super::{actions, attributes, find, heard};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "commands",
        "SystemEvents: one for every command on a container",
        commands,
    ),
    (
        Must,
        "common-attributes",
        "SystemEvents: labels, image, name",
        common,
    ),
    (
        Must,
        "own-attributes",
        "SystemEvents: exitCode, signal, oldName, height, comment",
        own,
    ),
    (
        Must,
        "restart",
        "SystemEvents: kill, die, stop, start, restart",
        restart,
    ),
    (
        Must,
        "exec-attributes",
        "SystemEvents: execID, exitCode",
        exec,
    ),
    (
        Quirk,
        "exec-not-found",
        "SystemEvents: exec_start is told before it is tried",
        exec_not_found,
    ),
    (
        Must,
        "health",
        "SystemEvents: execs of the probe, then health_status",
        health,
    ),
    (
        Must,
        "order",
        "SystemEvents: network, volume, container, and back",
        order,
    ),
    (
        Quirk,
        "failed-start",
        "SystemEvents: what was mounted is unmounted",
        failed_start,
    ),
    (
        Should,
        "copy",
        "SystemEvents: archive-path and extract-to-dir, between mount and unmount",
        copy,
    ),
    (Must, "attach", "SystemEvents: attach", attach),
];

fn call(s: &Session, method: &str, path: &str, status: u16) -> Outcome {
    s.call(method, path)?.expect(status)?;
    Ok(())
}

/// One of everything, to a container that runs.
fn lived(s: &Session) -> Outcome<(String, Vec<Value>)> {
    let body = json!({"Tty": true, "Labels": {"k": "v"}});
    let id = s.run(&["sleep", "60"], body)?;
    let path = format!("/containers/{id}");
    call(s, "POST", &format!("{path}/pause"), 204)?;
    call(s, "POST", &format!("{path}/unpause"), 204)?;
    call(s, "POST", &format!("{path}/rename?name={}", s.name()), 204)?;
    let limit = json!({"CpuShares": 512});
    s.post_json(&format!("{path}/update"), &limit)?
        .expect(200)?;
    call(s, "GET", &format!("{path}/top"), 200)?;
    call(s, "POST", &format!("{path}/resize?h=10&w=20"), 200)?;
    call(s, "GET", &format!("{path}/export"), 200)?;
    let image = s.name();
    s.owns_image(&format!("{image}:t"));
    let commit = format!("/commit?container={id}&repo={image}&tag=t&comment=why&pause=0");
    call(s, "POST", &commit, 201)?;
    call(s, "POST", &format!("{path}/kill?signal=WINCH"), 204)?;
    call(s, "POST", &format!("{path}/kill"), 204)?;
    s.wait(&id)?;
    call(s, "DELETE", &path, 204)?;
    let events = heard(s, "container", &id, "destroy")?;
    Ok((id, events))
}

fn names(events: &[Value]) -> Vec<&str> {
    let names = events.iter().map(|event| event["Action"].as_str());
    names.map(Option::unwrap_or_default).collect()
}

fn commands(s: &Session) -> Outcome {
    let (_, events) = lived(s)?;
    let expected = [
        "create", "start", "pause", "unpause", "rename", "update", "top", "resize", "export",
        "commit", "kill", "kill", "die", "destroy",
    ];
    equal!(names(&events), expected, "actions");
    Ok(())
}

fn common(s: &Session) -> Outcome {
    let (id, events) = lived(s)?;
    let image = s.target.image();
    let mut before = 0;
    for event in &events {
        let action = &event["Action"];
        equal!(event["Type"], "container", "{action}: Type");
        equal!(event["Actor"]["ID"], id, "{action}: Actor.ID");
        equal!(event["id"], id, "{action}: id");
        equal!(event["status"], *action, "{action}: status");
        equal!(event["from"], image, "{action}: from");
        equal!(event["scope"], "local", "{action}: scope");
        equal!(attributes(event)["image"], image, "{action}: image");
        equal!(attributes(event)["k"], "v", "{action}: label");
        ensure!(attributes(event)["name"].is_string(), "{action}: no name");
        let time = event["timeNano"].as_i64().unwrap_or(0);
        ensure!(time > before, "{action}: timeNano goes back");
        before = time;
    }
    Ok(())
}

fn own(s: &Session) -> Outcome {
    let (_, events) = lived(s)?;
    let seen = |action: &str| find(&events, action).map(attributes);
    let first = attributes(&events[0]);
    let (old, new) = (&first["name"], &seen("destroy")?["name"]);
    ensure!(old != new, "the name stays {old}");
    let rename = seen("rename")?;
    let slashed = format!("/{}", old.as_str().unwrap_or_default());
    equal!(rename["oldName"], slashed, "oldName");
    equal!(rename["name"], *new, "name of a rename");
    let resize = seen("resize")?;
    equal!(resize["height"], "10", "height");
    equal!(resize["width"], "20", "width");
    let commit = seen("commit")?;
    equal!(commit["comment"], "why", "comment");
    let reference = commit["imageRef"].as_str().unwrap_or_default();
    ensure!(reference.ends_with(":t"), "imageRef {reference}");
    let image = s.get(&format!("/images/{reference}/json"))?.expect(200)?;
    equal!(commit["imageID"], image.json()?["Id"], "imageID");
    let kills: Vec<_> = (events.iter())
        .filter(|event| event["Action"] == "kill")
        .map(|event| &attributes(event)["signal"])
        .collect();
    equal!(kills, [&json!("28"), &json!("9")], "signals");
    equal!(seen("die")?["exitCode"], "137", "exitCode");
    Ok(())
}

fn restart(s: &Session) -> Outcome {
    let id = s.run(&["announce", "up"], json!({}))?;
    // Before it heeds signals it is deaf to them, as every first process.
    s.until("its first word", || {
        let logs = s.get(&format!("/containers/{id}/logs?stderr=1"))?;
        Ok((!logs.body.is_empty()).then_some(()))
    })?;
    call(s, "POST", &format!("/containers/{id}/restart?t=5"), 204)?;
    let events = heard(s, "container", &id, "restart")?;
    let expected = ["create", "start", "kill", "die", "stop", "start", "restart"];
    equal!(names(&events), expected, "actions");
    Ok(())
}

/// Makes an exec and starts it; the status of that.
fn executed(s: &Session, id: &str, command: &[&str]) -> Outcome<(String, u16)> {
    let body = json!({"Cmd": command});
    let made = s.post_json(&format!("/containers/{id}/exec"), &body)?;
    let exec = made.expect(201)?.json()?["Id"]
        .as_str()
        .unwrap_or("")
        .to_owned();
    let body = json!({"Detach": true});
    let started = s.post_json(&format!("/exec/{exec}/start"), &body)?;
    Ok((exec, started.head.status))
}

fn exec(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    let (exec, status) = executed(s, &id, &["exit", "7"])?;
    equal!(status, 200, "status of the start");
    let events = heard(s, "container", &id, "exec_die")?;
    for action in ["exec_create: exit 7", "exec_start: exit 7", "exec_die"] {
        let seen = attributes(find(&events, action)?);
        equal!(seen["execID"], exec, "{action}: execID");
    }
    let die = attributes(find(&events, "exec_die")?);
    equal!(die["exitCode"], "7", "exitCode");
    Ok(())
}

fn exec_not_found(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    let (_, status) = executed(s, &id, &["/no/such", "file"])?;
    ensure!(status >= 400, "status of the start: {status}");
    executed(s, &id, &["true"])?;
    let seen = actions(s, &id, "exec_die")?;
    let expected = [
        "exec_create: /no/such file",
        "exec_start: /no/such file",
        "exec_create: true ",
        "exec_start: true ",
        "exec_die",
    ];
    equal!(seen[2..], expected, "actions");
    Ok(())
}

fn health(s: &Session) -> Outcome {
    let check = json!({"Test": ["CMD", "true"], "Interval": 1_000_000_000_u64});
    let id = s.run(&["sleep", "60"], json!({"Healthcheck": check}))?;
    let seen = actions(s, &id, "health_status")?;
    let expected = [
        "exec_create: true ",
        "exec_start: true ",
        "exec_die",
        "health_status: healthy",
    ];
    equal!(seen[2..6], expected, "actions");
    Ok(())
}

/// `type action` of everything about a container, up to its last step.
fn about(s: &Session, id: &str, last: &str) -> Outcome<Vec<String>> {
    s.until(last, || {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let events = s.target.memory.about(id);
        let told = |event: &Value| format!("{} {}", text(&event["Type"]), text(&event["Action"]));
        let told: Vec<String> = events.iter().map(told).collect();
        Ok(told.iter().any(|step| step == last).then_some(told))
    })
}

fn order(s: &Session) -> Outcome {
    let volume = s.volume_name();
    let host = json!({"NetworkMode": "none", "Binds": [format!("{volume}:/v")]});
    let id = s.run(&["true"], json!({"HostConfig": host}))?;
    s.wait(&id)?;
    // The end is told to those who wait before all of it is put away.
    about(s, &id, "volume unmount")?;
    call(s, "DELETE", &format!("/containers/{id}"), 204)?;
    let expected = [
        "container create",
        "network connect",
        "volume mount",
        "container start",
        "container die",
        "network disconnect",
        "volume unmount",
        "container destroy",
    ];
    equal!(about(s, &id, "container destroy")?, expected, "events");
    let told = s.target.memory.of("volume", &volume);
    let mount = attributes(find(&told, "mount")?);
    let expected = json!({
        "container": id, "destination": "/v", "driver": "local", "propagation": "",
        "read/write": "true",
    });
    equal!(*mount, expected, "attributes of mount");
    let unmount = attributes(find(&told, "unmount")?);
    let expected = json!({"container": id, "driver": "local"});
    equal!(*unmount, expected, "attributes of unmount");
    Ok(())
}

fn failed_start(s: &Session) -> Outcome {
    let volume = s.volume_name();
    let host = json!({"NetworkMode": "none", "Binds": [format!("{volume}:/v")]});
    let id = s.create(&["/no/such/program"], json!({"HostConfig": host}))?;
    let answer = s.post(&format!("/containers/{id}/start"))?;
    ensure!(answer.head.status >= 400, "it was started");
    let expected = [
        "container create",
        "network connect",
        "volume mount",
        "network disconnect",
        "volume unmount",
    ];
    equal!(about(s, &id, "volume unmount")?, expected, "events");
    Ok(())
}

fn copy(s: &Session) -> Outcome {
    let volume = s.volume_name();
    let host = json!({"NetworkMode": "none", "Binds": [format!("{volume}:/v")]});
    let id = s.create(&["true"], json!({"HostConfig": host}))?;
    let path = format!("/containers/{id}/archive?path=/tmp");
    let tar = layer(&[("f", "text")])?;
    let put = s.request("PUT", &path).body("application/x-tar", tar);
    s.exchange(&put)?.expect(200)?;
    call(s, "GET", &path, 200)?;
    call(s, "DELETE", &format!("/containers/{id}"), 204)?;
    let expected = [
        "container create",
        "volume mount",
        "container extract-to-dir",
        "volume unmount",
        "volume mount",
        "container archive-path",
        "volume unmount",
        "container destroy",
    ];
    equal!(about(s, &id, "container destroy")?, expected, "events");
    Ok(())
}

fn attach(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let path = format!("/containers/{id}/attach?stream=1&stdout=1");
    let reply = s.open(&s.request("POST", &path))?;
    equal!(reply.head.status, 200, "status of the attach");
    call(s, "POST", &format!("/containers/{id}/start"), 204)?;
    let seen = actions(s, &id, "die")?;
    equal!(seen, ["create", "attach", "start", "die"], "actions");
    Ok(())
}
