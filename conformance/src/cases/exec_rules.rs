//! Exec: what is refused, in which words, and how long one is known.

use serde_json::{Value, json};

use super::Level::{Must, Quirk};
use super::Row;
use crate::frames;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "cannot-start",
        "ExecStart: 400 with the runtime's words, ExitCode 126",
        cannot_start,
    ),
    (
        Must,
        "cannot-start-attached",
        "ExecStart: the words in the stream when attached",
        cannot_start_attached,
    ),
    (
        Must,
        "once",
        "ExecStart: 409 while it runs and after it has run",
        once,
    ),
    (
        Quirk,
        "once-attached",
        "ExecStart: attached, these words come in the stream",
        once_attached,
    ),
    (
        Must,
        "paused",
        "ContainerExec, ExecStart: 409 in a paused container",
        paused,
    ),
    (
        Must,
        "inspect",
        "ExecInspect: before, while and after it runs",
        inspect,
    ),
    (
        Must,
        "ends-with-the-container",
        "ExecInspect: 137 when its container was killed",
        ends,
    ),
    (
        Quirk,
        "never-started",
        "ExecInspect: one that was never started goes with the container's end",
        never_started,
    ),
    (
        Must,
        "gone-with-the-container",
        "ExecInspect: 404 when its container is removed",
        gone,
    ),
    (
        Must,
        "detach-keys",
        "ContainerExec: DetachKeys, as bytes in inspect",
        detach_keys,
    ),
    (
        Must,
        "events",
        "SystemEvents: exec_create, exec_start, exec_die",
        events,
    ),
    (
        Must,
        "identity",
        "ContainerExec: user and group by number",
        identity,
    ),
];

fn busy(s: &Session) -> Outcome<String> {
    s.run(&["sleep", "60"], json!({}))
}

fn make(s: &Session, id: &str, body: Value) -> Outcome<String> {
    let made = s
        .post_json(&format!("/containers/{id}/exec"), &body)?
        .expect(201)?
        .json()?;
    Ok(made["Id"].as_str().unwrap_or_default().to_owned())
}

fn detach(s: &Session, exec: &str) -> Outcome<crate::session::Answer> {
    s.post_json(&format!("/exec/{exec}/start"), &json!({"Detach": true}))
}

/// The text that an attached start gives.
fn attach(s: &Session, exec: &str) -> Outcome<String> {
    let request = s.request("POST", &format!("/exec/{exec}/start"));
    let body = json!({"Detach": false, "Tty": false}).to_string();
    let mut reply = s.open(&request.body("application/json", body))?;
    Ok(frames::split(&reply.read_all()?)?.stdout)
}

fn seen(s: &Session, exec: &str) -> Outcome<Value> {
    s.get(&format!("/exec/{exec}/json"))?.expect(200)?.json()
}

fn ended(s: &Session, exec: &str) -> Outcome<Value> {
    s.until("the exec to end", || {
        let seen = seen(s, exec)?;
        Ok(seen["ExitCode"].is_number().then_some(seen))
    })
}

/// Body, status of a detached start, and the runtime's words.
fn impossible() -> [(Value, u16, &'static str); 5] {
    [
        (
            json!({"Cmd": ["nosuchprogram"]}),
            400,
            "exec: \"nosuchprogram\": executable file not found in $PATH: unknown",
        ),
        (
            json!({"Cmd": ["/no/such/program"]}),
            400,
            "exec: \"/no/such/program\": stat /no/such/program: no such file or directory",
        ),
        (
            json!({"Cmd": ["true"], "WorkingDir": "/nosuchdir"}),
            400,
            "chdir to cwd (\"/nosuchdir\") set in config.json failed: no such file or directory",
        ),
        (
            json!({"Cmd": ["true"], "WorkingDir": "relative"}),
            500,
            "Cwd must be an absolute path",
        ),
        (
            json!({"Cmd": ["true"], "User": "nosuchuser"}),
            500,
            "unable to find user nosuchuser: no matching entries in passwd file",
        ),
    ]
}

fn cannot_start(s: &Session) -> Outcome {
    let id = busy(s)?;
    for (body, status, words) in impossible() {
        let exec = make(s, &id, body)?;
        detach(s, &exec)?.expect_error(status, words)?;
        let seen = seen(s, &exec)?;
        equal!(seen["ExitCode"], 126, "ExitCode after {words}");
        equal!(seen["Running"], false, "Running after {words}");
        equal!(seen["Pid"], 0, "Pid after {words}");
    }
    Ok(())
}

fn cannot_start_attached(s: &Session) -> Outcome {
    let id = busy(s)?;
    for (mut body, _, words) in impossible() {
        body["AttachStdout"] = true.into();
        let text = attach(s, &make(s, &id, body)?)?;
        ensure!(text.contains(words), "stream {text:?}");
        ensure!(text.ends_with("\r\n"), "stream {text:?} has no line end");
    }
    Ok(())
}

fn once(s: &Session) -> Outcome {
    let id = busy(s)?;
    let exec = make(s, &id, json!({"Cmd": ["sleep", "60"]}))?;
    detach(s, &exec)?.expect(200)?;
    detach(s, &exec)?.expect_error(409, &format!("Exec command {exec} is already running"))?;
    let exec = make(s, &id, json!({"Cmd": ["true"]}))?;
    detach(s, &exec)?.expect(200)?;
    ended(s, &exec)?;
    detach(s, &exec)?.expect_error(409, &format!("Exec command {exec} has already run"))?;
    Ok(())
}

fn once_attached(s: &Session) -> Outcome {
    let exec = make(s, &busy(s)?, json!({"Cmd": ["true"]}))?;
    detach(s, &exec)?.expect(200)?;
    ended(s, &exec)?;
    let text = attach(s, &exec)?;
    equal!(
        text,
        format!("Error: Exec command {exec} has already run\r\n"),
        "stream"
    );
    Ok(())
}

fn paused(s: &Session) -> Outcome {
    let id = busy(s)?;
    let exec = make(s, &id, json!({"Cmd": ["true"]}))?;
    s.post(&format!("/containers/{id}/pause"))?.expect(204)?;
    let words = format!("Container {id} is paused, unpause the container before exec");
    s.post_json(&format!("/containers/{id}/exec"), &json!({"Cmd": ["true"]}))?
        .expect_error(409, &words)?;
    detach(s, &exec)?.expect_error(409, &words)?;
    s.post(&format!("/containers/{id}/unpause"))?.expect(204)?;
    detach(s, &exec)?.expect(200)?;
    Ok(())
}

fn inspect(s: &Session) -> Outcome {
    let id = busy(s)?;
    let body = json!({"Cmd": ["sleep", "60"], "AttachStdout": true, "Tty": true, "User": "0"});
    let exec = make(s, &id, body)?;
    equal!(s.inspect(&id)?["ExecIDs"], json!([exec]), "ExecIDs before");
    let before = seen(s, &exec)?;
    for (key, value) in [
        ("ID", json!(exec)),
        ("Running", json!(false)),
        ("ExitCode", Value::Null),
        ("OpenStdin", json!(false)),
        ("OpenStdout", json!(true)),
        ("OpenStderr", json!(false)),
        ("CanRemove", json!(false)),
        ("ContainerID", json!(id)),
        ("DetachKeys", json!("")),
        ("Pid", json!(0)),
    ] {
        equal!(before[key], value, "{key} before");
    }
    equal!(
        before["ProcessConfig"],
        json!({
            "tty": true, "entrypoint": "sleep", "arguments": ["60"],
            "privileged": false, "user": "0",
        }),
        "ProcessConfig"
    );
    detach(s, &exec)?.expect(200)?;
    let running = seen(s, &exec)?;
    equal!(running["Running"], true, "Running");
    equal!(running["ExitCode"], Value::Null, "ExitCode while it runs");
    ensure!(running["Pid"].as_i64() > Some(0), "Pid {}", running["Pid"]);
    s.post(&format!("/containers/{id}/kill"))?.expect(204)?;
    let after = ended(s, &exec)?;
    equal!(after["Pid"], running["Pid"], "Pid after");
    equal!(s.inspect(&id)?["ExecIDs"], Value::Null, "ExecIDs after");
    Ok(())
}

fn ends(s: &Session) -> Outcome {
    let id = busy(s)?;
    let exec = make(s, &id, json!({"Cmd": ["sleep", "60"]}))?;
    detach(s, &exec)?.expect(200)?;
    s.post(&format!("/containers/{id}/kill"))?.expect(204)?;
    equal!(ended(s, &exec)?["ExitCode"], 137, "ExitCode");
    Ok(())
}

fn never_started(s: &Session) -> Outcome {
    let id = busy(s)?;
    let exec = make(s, &id, json!({"Cmd": ["true"]}))?;
    s.post(&format!("/containers/{id}/kill"))?.expect(204)?;
    s.until("the exec to go", || {
        let answer = s.get(&format!("/exec/{exec}/json"))?;
        Ok((answer.head.status == 404).then_some(()))
    })?;
    detach(s, &exec)?.expect_error(404, &format!("No such exec instance: {exec}"))?;
    Ok(())
}

fn gone(s: &Session) -> Outcome {
    let id = busy(s)?;
    let exec = make(s, &id, json!({"Cmd": ["true"]}))?;
    detach(s, &exec)?.expect(200)?;
    ended(s, &exec)?;
    s.call("DELETE", &format!("/containers/{id}?force=1"))?
        .expect(204)?;
    s.get(&format!("/exec/{exec}/json"))?
        .expect_error(404, &format!("No such exec instance: {exec}"))?;
    Ok(())
}

fn detach_keys(s: &Session) -> Outcome {
    let id = busy(s)?;
    let exec = make(s, &id, json!({"Cmd": ["true"], "DetachKeys": "ctrl-a,x"}))?;
    equal!(seen(s, &exec)?["DetachKeys"], "AXg=", "DetachKeys");
    let bad = json!({"Cmd": ["true"], "DetachKeys": "ctrl-9"});
    s.post_json(&format!("/containers/{id}/exec"), &bad)?
        .expect_text("Invalid escape keys (ctrl-9) provided")?;
    Ok(())
}

fn events(s: &Session) -> Outcome {
    let id = busy(s)?;
    let exec = make(s, &id, json!({"Cmd": ["exit", "3"]}))?;
    detach(s, &exec)?.expect(200)?;
    let told = super::events::actions(s, &id, "exec_die")?;
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    equal!(
        told,
        [
            "create",
            "start",
            "exec_create: exit 3",
            "exec_start: exit 3",
            "exec_die"
        ],
        "what was told"
    );
    Ok(())
}

fn identity(s: &Session) -> Outcome {
    let id = busy(s)?;
    let body = json!({"Cmd": ["id"], "User": "12:34", "AttachStdout": true});
    let text = attach(s, &make(s, &id, body)?)?;
    equal!(text, "12:34\n", "what id says");
    Ok(())
}
