//! Exec: create, start, inspect, resize.

use std::io::Write;

use serde_json::{Value, json};

use super::Level::{Must, Quirk};
use super::Row;
use crate::frames;
use crate::http::{Reply, Request};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "attached",
        "ExecStart: 101, frames, exit code",
        attached,
    ),
    (
        Quirk,
        "engine-headers",
        "ExecStart: the hijacked head has the engine's headers",
        engine_headers,
    ),
    (
        Must,
        "without-upgrade",
        "ExecStart: 200 and raw-stream without Upgrade",
        without_upgrade,
    ),
    (Must, "detached", "ExecStart: 200 at once, empty", detached),
    (Must, "stdin", "ExecStart: stdin and half close", stdin),
    (Must, "tty", "ExecStart: raw with a TTY", tty),
    (
        Must,
        "exit-code",
        "ExecInspect: ExitCode null, then the code",
        exit_code,
    ),
    (
        Must,
        "settings",
        "ContainerExec: Env, User, WorkingDir",
        settings,
    ),
    (
        Must,
        "no-command",
        "ContainerExec: 400 No exec command specified",
        no_command,
    ),
    (
        Must,
        "idle-container",
        "ContainerExec: 409 is not running",
        idle,
    ),
    (
        Must,
        "not-found",
        "exec: 404 for container and exec",
        not_found,
    ),
    (
        Must,
        "no-such-program",
        "ExecStart: the text in the stream, code 127 or 126",
        no_program,
    ),
    (Must, "resize", "ExecResize: 200 while it runs", resize),
    (
        Must,
        "listed-in-inspect",
        "ContainerInspect: ExecIDs while it runs",
        listed,
    ),
];

fn make(s: &Session, id: &str, more: Value) -> Outcome<String> {
    let mut body = json!({"AttachStdout": true, "AttachStderr": true});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let made = s
        .post_json(&format!("/containers/{id}/exec"), &body)?
        .expect(201)?
        .json()?;
    let exec = made["Id"].as_str().unwrap_or("").to_owned();
    equal!(exec.len(), 64, "length of the id");
    Ok(exec)
}

fn start_request(s: &Session, exec: &str, tty: bool) -> Request {
    s.request("POST", &format!("/exec/{exec}/start")).body(
        "application/json",
        json!({"Detach": false, "Tty": tty}).to_string(),
    )
}

fn start(s: &Session, exec: &str, tty: bool) -> Outcome<Reply> {
    let reply = s.open(&start_request(s, exec, tty).upgrade())?;
    equal!(
        reply.head.status_line,
        "HTTP/1.1 101 UPGRADED",
        "status line"
    );
    Ok(reply)
}

fn busy(s: &Session) -> Outcome<String> {
    s.run(&["sleep", "60"], json!({}))
}

fn ended(s: &Session, exec: &str) -> Outcome<Value> {
    s.until("the exec to end", || {
        let seen = s.get(&format!("/exec/{exec}/json"))?.expect(200)?.json()?;
        Ok((seen["Running"] == false && seen["ExitCode"].is_number()).then_some(seen))
    })
}

fn attached(s: &Session) -> Outcome {
    let exec = make(s, &busy(s)?, json!({"Cmd": ["lines", "2"]}))?;
    let mut reply = start(s, &exec, false)?;
    equal!(
        reply.head.header("Content-Type"),
        Some("application/vnd.docker.raw-stream"),
        "Content-Type"
    );
    equal!(reply.head.header("Upgrade"), Some("tcp"), "Upgrade");
    let output = frames::split(&reply.read_all()?)?;
    equal!(output.stdout, "out 1\nout 2\n", "stdout");
    equal!(output.stderr, "err 1\nerr 2\n", "stderr");
    equal!(ended(s, &exec)?["ExitCode"], 0, "ExitCode");
    Ok(())
}

fn engine_headers(s: &Session) -> Outcome {
    let exec = make(s, &busy(s)?, json!({"Cmd": ["true"]}))?;
    let reply = start(s, &exec, false)?;
    equal!(
        reply.head.header("Api-Version"),
        Some(s.target.api_range.1.as_str()),
        "Api-Version"
    );
    equal!(reply.head.header("Ostype"), Some("linux"), "Ostype");
    Ok(())
}

fn without_upgrade(s: &Session) -> Outcome {
    let exec = make(s, &busy(s)?, json!({"Cmd": ["echo", "hi"]}))?;
    let mut reply = s.open(&start_request(s, &exec, false))?;
    equal!(reply.head.status_line, "HTTP/1.1 200 OK", "status line");
    equal!(frames::split(&reply.read_all()?)?.stdout, "hi\n", "stdout");
    Ok(())
}

fn detached(s: &Session) -> Outcome {
    let exec = make(s, &busy(s)?, json!({"Cmd": ["exit", "3"]}))?;
    let answer = s
        .post_json(&format!("/exec/{exec}/start"), &json!({"Detach": true}))?
        .expect(200)?;
    ensure!(
        answer.body.is_empty(),
        "a detached start has the body {}",
        answer.text()
    );
    equal!(ended(s, &exec)?["ExitCode"], 3, "ExitCode");
    Ok(())
}

fn stdin(s: &Session) -> Outcome {
    let exec = make(s, &busy(s)?, json!({"Cmd": ["cat"], "AttachStdin": true}))?;
    let mut reply = start(s, &exec, false)?;
    reply.stream().write_all(b"to and fro\n")?;
    reply.stream().shut_write()?;
    equal!(
        frames::split(&reply.read_all()?)?.stdout,
        "to and fro\n",
        "what cat gave back"
    );
    Ok(())
}

fn tty(s: &Session) -> Outcome {
    let exec = make(
        s,
        &busy(s)?,
        json!({"Cmd": ["tty"], "Tty": true, "AttachStdin": true}),
    )?;
    let mut reply = start(s, &exec, true)?;
    equal!(
        String::from_utf8_lossy(&reply.read_all()?),
        "a tty\r\n",
        "output"
    );
    Ok(())
}

fn exit_code(s: &Session) -> Outcome {
    let id = busy(s)?;
    let exec = make(s, &id, json!({"Cmd": ["exit", "4"]}))?;
    let before = s.get(&format!("/exec/{exec}/json"))?.expect(200)?.json()?;
    equal!(before["ExitCode"], json!(null), "ExitCode before the start");
    equal!(before["Running"], false, "Running before the start");
    equal!(before["ContainerID"], id, "ContainerID");
    equal!(before["ProcessConfig"]["entrypoint"], "exit", "entrypoint");
    equal!(
        before["ProcessConfig"]["arguments"],
        json!(["4"]),
        "arguments"
    );
    start(s, &exec, false)?.read_all()?;
    equal!(ended(s, &exec)?["ExitCode"], 4, "ExitCode");
    Ok(())
}

fn settings(s: &Session) -> Outcome {
    let id = busy(s)?;
    let run = |more: Value| -> Outcome<String> {
        let exec = make(s, &id, more)?;
        Ok(frames::split(&start(s, &exec, false)?.read_all()?)?.stdout)
    };
    ensure!(
        run(json!({"Cmd": ["env"], "Env": ["X=y"]}))?.contains("X=y\n"),
        "Env is not there"
    );
    equal!(
        run(json!({"Cmd": ["id"], "User": "learner"}))?,
        "1000:2000\n",
        "ids"
    );
    equal!(
        run(json!({"Cmd": ["ls"], "WorkingDir": "/etc"}))?.contains("marker"),
        true,
        "WorkingDir"
    );
    Ok(())
}

fn no_command(s: &Session) -> Outcome {
    let id = busy(s)?;
    s.post_json(&format!("/containers/{id}/exec"), &json!({}))?
        .expect_error(400, "No exec command specified")?;
    Ok(())
}

fn idle(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    s.post_json(&format!("/containers/{id}/exec"), &json!({"Cmd": ["true"]}))?
        .expect_error(409, &format!("Container {id} is not running"))?;
    Ok(())
}

fn not_found(s: &Session) -> Outcome {
    s.post_json(
        "/containers/nosuchcontainer/exec",
        &json!({"Cmd": ["true"]}),
    )?
    .expect_error(404, "No such container")?;
    s.post_json("/exec/nosuchexec/start", &json!({"Detach": true}))?
        .expect_error(404, "No such exec instance")?;
    s.get("/exec/nosuchexec/json")?
        .expect_error(404, "No such exec instance")?;
    Ok(())
}

fn no_program(s: &Session) -> Outcome {
    let exec = make(s, &busy(s)?, json!({"Cmd": ["nosuchprogram"]}))?;
    let text = String::from_utf8_lossy(&start(s, &exec, false)?.read_all()?).into_owned();
    ensure!(
        text.contains("executable file not found in $PATH"),
        "stream {text:?}"
    );
    ensure!(text.ends_with("\r\n"), "stream {text:?} has no line end");
    let code = ended(s, &exec)?["ExitCode"].clone();
    ensure!(code == 126 || code == 127, "ExitCode is {code}");
    Ok(())
}

fn resize(s: &Session) -> Outcome {
    let exec = make(s, &busy(s)?, json!({"Cmd": ["sleep", "60"], "Tty": true}))?;
    let _reply = start(s, &exec, true)?;
    s.post(&format!("/exec/{exec}/resize?h=20&w=70"))?
        .expect(200)?;
    s.post(&format!("/exec/{exec}/resize?h=x&w=70"))?
        .expect(400)?;
    Ok(())
}

fn listed(s: &Session) -> Outcome {
    let id = busy(s)?;
    let exec = make(s, &id, json!({"Cmd": ["sleep", "60"]}))?;
    s.post_json(&format!("/exec/{exec}/start"), &json!({"Detach": true}))?
        .expect(200)?;
    equal!(s.inspect(&id)?["ExecIDs"], json!([exec]), "ExecIDs");
    Ok(())
}
