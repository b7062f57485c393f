//! `POST /containers/{id}/attach`: the connection itself.

use std::io::{Read as _, Write};

use serde_json::json;

use super::Level::{Must, Quirk};
use super::Row;
use crate::frames;
use crate::http::{Framing, Reply};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "upgrade",
        "attach: 101 UPGRADED when asked for",
        upgrade,
    ),
    (
        Must,
        "no-upgrade",
        "attach: 200 and raw bytes without",
        no_upgrade,
    ),
    (Quirk, "head", "attach: only the stream's own headers", head),
    (
        Must,
        "before-start",
        "attach: first bytes of a container started later",
        before_start,
    ),
    (
        Must,
        "stdin-and-half-close",
        "attach: stdin in, half close, output to the end",
        half_close,
    ),
    (Must, "tty-is-raw", "attach: raw both ways with a TTY", tty),
    (
        Must,
        "logs-replay",
        "attach: logs=1 replays and closes",
        replay,
    ),
    (
        Quirk,
        "nothing-asked",
        "attach: without a stream it ends at once",
        nothing,
    ),
    (
        Quirk,
        "end-of-input",
        "attach: the end of input lets the client go where stdin stays open",
        end_of_input,
    ),
    (
        Must,
        "detach-keys",
        "attach: the keys close the connection, their beginning is passed on",
        detach_keys,
    ),
    (Must, "not-found", "attach: 404", not_found),
];

fn open(s: &Session, id: &str, query: &str, upgrade: bool) -> Outcome<Reply> {
    let request = s.request("POST", &format!("/containers/{id}/attach?{query}"));
    s.open(&if upgrade { request.upgrade() } else { request })
}

fn upgrade(s: &Session) -> Outcome {
    let id = s.create(&["echo", "hi"], json!({}))?;
    let mut reply = open(s, &id, "stream=1&stdout=1", true)?;
    equal!(
        reply.head.status_line,
        "HTTP/1.1 101 UPGRADED",
        "status line"
    );
    equal!(
        reply.head.header("Connection"),
        Some("Upgrade"),
        "Connection"
    );
    equal!(reply.head.header("Upgrade"), Some("tcp"), "Upgrade");
    equal!(
        reply.head.header("Content-Type"),
        Some("application/vnd.docker.raw-stream"),
        "Content-Type"
    );
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    equal!(frames::split(&reply.read_all()?)?.stdout, "hi\n", "stdout");
    Ok(())
}

fn no_upgrade(s: &Session) -> Outcome {
    let id = s.create(&["echo", "hi"], json!({}))?;
    let mut reply = open(s, &id, "stream=1&stdout=1", false)?;
    equal!(reply.head.status_line, "HTTP/1.1 200 OK", "status line");
    equal!(reply.framing, Framing::Close, "framing");
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    equal!(frames::split(&reply.read_all()?)?.stdout, "hi\n", "stdout");
    Ok(())
}

fn head(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let reply = open(s, &id, "stream=1&stdout=1", true)?;
    for name in [
        "Server",
        "Api-Version",
        "Ostype",
        "Transfer-Encoding",
        "Content-Length",
    ] {
        ensure!(reply.head.header(name).is_none(), "attach has {name}");
    }
    Ok(())
}

fn before_start(s: &Session) -> Outcome {
    let id = s.create(&["lines", "50"], json!({}))?;
    let mut reply = open(s, &id, "stream=1&stdout=1&stderr=1", true)?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    let output = frames::split(&reply.read_all()?)?;
    equal!(output.stdout.lines().count(), 50, "lines of stdout");
    equal!(output.stderr.lines().count(), 50, "lines of stderr");
    Ok(())
}

fn half_close(s: &Session) -> Outcome {
    let id = s.create(
        &["cat"],
        json!({"OpenStdin": true, "StdinOnce": true, "AttachStdin": true}),
    )?;
    let mut reply = open(s, &id, "stream=1&stdin=1&stdout=1", true)?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    reply.stream().write_all(b"one\ntwo\n")?;
    reply.stream().shut_write()?;
    equal!(
        frames::split(&reply.read_all()?)?.stdout,
        "one\ntwo\n",
        "what cat gave back"
    );
    equal!(s.wait(&id)?, 0, "exit code");
    Ok(())
}

fn tty(s: &Session) -> Outcome {
    let id = s.create(&["tty"], json!({"Tty": true, "OpenStdin": true}))?;
    let mut reply = open(s, &id, "stream=1&stdin=1&stdout=1&stderr=1", true)?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    equal!(
        String::from_utf8_lossy(&reply.read_all()?),
        "a tty\r\n",
        "output"
    );
    Ok(())
}

fn replay(s: &Session) -> Outcome {
    let id = s.run(&["lines", "2"], json!({}))?;
    s.wait(&id)?;
    let mut reply = open(s, &id, "logs=1&stream=0&stdout=1", false)?;
    equal!(reply.head.status, 200, "status");
    equal!(
        frames::split(&reply.read_all()?)?.stdout,
        "out 1\nout 2\n",
        "the log"
    );
    Ok(())
}

fn nothing(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    for query in ["", "stream=1", "logs=1"] {
        equal!(
            open(s, &id, query, true)?.read_all()?,
            b"",
            "bytes for {query:?}"
        );
    }
    Ok(())
}

fn end_of_input(s: &Session) -> Outcome {
    let id = s.run(&["cat"], json!({"OpenStdin": true}))?;
    let mut reply = open(s, &id, "stream=1&stdin=1&stdout=1", true)?;
    reply.stream().shut_write()?;
    equal!(reply.read_all()?, b"", "output after the end of input");
    let state = s.inspect(&id)?;
    equal!(state["State"]["Running"], true, "the container");
    Ok(())
}

fn detach_keys(s: &Session) -> Outcome {
    let id = s.run(&["cat"], json!({"Tty": true, "OpenStdin": true}))?;
    let query = "stream=1&stdin=1&stdout=1&detachKeys=x,ctrl-y";
    let mut reply = open(s, &id, query, true)?;
    reply.stream().write_all(b"xa\n")?;
    let mut echo = [0; 4];
    reply.read_exact(&mut echo)?;
    equal!(&echo, b"xa\r\n", "the echo");
    reply.stream().write_all(b"x\x19")?;
    let rest = String::from_utf8_lossy(&reply.read_all()?).into_owned();
    ensure!(
        rest.is_empty() || rest == "xa\r\n",
        "after the keys: {rest:?}"
    );
    let state = s.inspect(&id)?;
    equal!(state["State"]["Running"], true, "the container");
    Ok(())
}

fn not_found(s: &Session) -> Outcome {
    let mut reply = open(s, "nosuchcontainer", "stream=1&stdout=1", true)?;
    equal!(reply.head.status, 404, "status");
    let text = String::from_utf8_lossy(&reply.read_all()?).into_owned();
    ensure!(
        text.contains("No such container: nosuchcontainer"),
        "body {text:?}"
    );
    Ok(())
}
