//! `GET /containers/{id}/attach/ws`.

use serde_json::json;

use super::Level::{Must, Quirk};
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;
use crate::websocket::{self, Message};

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "both-ways",
        "ContainerAttachWebsocket: what is sent is stdin, what comes is output",
        both_ways,
    ),
    (
        Must,
        "logs",
        "ContainerAttachWebsocket: logs=1 replays, then the end",
        logs,
    ),
    (
        Must,
        "before-start",
        "ContainerAttachWebsocket: first bytes of a container started later",
        before_start,
    ),
    (
        Quirk,
        "closes-normally",
        "ContainerAttachWebsocket: code 1000 at the end of output",
        closes,
    ),
    (
        Quirk,
        "errors-are-json",
        "ContainerAttachWebsocket: 404 before the handshake",
        errors,
    ),
];

fn both_ways(s: &Session) -> Outcome {
    let id = s.run(&["cat"], json!({"OpenStdin": true}))?;
    let mut socket = s.websocket(&format!("/containers/{id}/attach/ws?stream=1"))?;
    socket.send(b"hello\n")?;
    let mut got = Vec::new();
    while got.len() < 6 {
        match socket.receive()? {
            Message::Binary(bytes) => got.extend_from_slice(&bytes),
            other => ensure!(false, "not a binary message: {other:?}"),
        }
    }
    equal!(
        String::from_utf8_lossy(&got),
        "hello\n",
        "what cat gave back"
    );
    Ok(())
}

fn logs(s: &Session) -> Outcome {
    let id = s.run(&["lines", "2"], json!({}))?;
    s.wait(&id)?;
    let mut socket = s.websocket(&format!("/containers/{id}/attach/ws?logs=1"))?;
    let text = String::from_utf8_lossy(&socket.read_all()?).into_owned();
    for line in ["out 1", "err 1", "out 2", "err 2"] {
        equal!(text.matches(line).count(), 1, "{line} in {text:?}");
    }
    Ok(())
}

fn before_start(s: &Session) -> Outcome {
    let id = s.create(&["echo", "first"], json!({}))?;
    let mut socket = s.websocket(&format!("/containers/{id}/attach/ws?stream=1"))?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    let text = String::from_utf8_lossy(&socket.read_all()?).into_owned();
    equal!(text, "first\n", "output");
    Ok(())
}

fn closes(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let mut socket = s.websocket(&format!("/containers/{id}/attach/ws?stream=1"))?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    equal!(socket.receive()?, Message::Close(Some(1000)), "the end");
    Ok(())
}

fn errors(s: &Session) -> Outcome {
    let path = format!("/v{}/containers/nosuch/attach/ws?stream=1", s.api);
    s.exchange(&websocket::handshake(&path))?
        .expect_error(404, "No such container: nosuch")?;
    Ok(())
}
