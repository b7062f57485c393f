//! `GET /containers/{id}/logs`.

use std::io::Read;
use std::time::Duration;

use serde_json::json;

use super::Level::{Must, Quirk, Should};
use super::Row;
use crate::frames;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "streams",
        "ContainerLogs: frames tell stdout from stderr",
        streams,
    ),
    (
        Must,
        "no-stream-chosen",
        "ContainerLogs: 400 without stdout or stderr",
        no_stream,
    ),
    (Must, "not-found", "ContainerLogs: 404", not_found),
    (Must, "tail", "ContainerLogs: tail", tail),
    (
        Quirk,
        "tail-loose",
        "ContainerLogs: all, -1 and words mean all",
        tail_loose,
    ),
    (
        Must,
        "timestamps",
        "ContainerLogs: nine digits, UTC, a space",
        timestamps,
    ),
    (Must, "since-until", "ContainerLogs: since and until", since),
    (
        Must,
        "follow-ends",
        "ContainerLogs: follow ends with the container",
        follow,
    ),
    (
        Must,
        "head-at-once",
        "ContainerLogs: the head comes with nothing to send; podman#23712",
        head_at_once,
    ),
    (
        Must,
        "tty-is-raw",
        "ContainerLogs: no frames with a TTY",
        tty,
    ),
    (
        Should,
        "survive-restart",
        "ContainerLogs: a second run adds to the first",
        second_run,
    ),
];

fn written(s: &Session, lines: &str) -> Outcome<String> {
    let id = s.run(&["lines", lines], json!({}))?;
    s.wait(&id)?;
    Ok(id)
}

fn read(s: &Session, id: &str, query: &str) -> Outcome<frames::Output> {
    let answer = s
        .get(&format!("/containers/{id}/logs?{query}"))?
        .expect(200)?;
    Ok(frames::split(&answer.body)?)
}

fn streams(s: &Session) -> Outcome {
    let id = written(s, "3")?;
    let both = read(s, &id, "stdout=1&stderr=1")?;
    equal!(both.stdout, "out 1\nout 2\nout 3\n", "stdout");
    equal!(both.stderr, "err 1\nerr 2\nerr 3\n", "stderr");
    equal!(
        read(s, &id, "stdout=1")?.stderr,
        "",
        "stderr when only stdout is asked for"
    );
    equal!(
        read(s, &id, "stderr=1")?.stdout,
        "",
        "stdout when only stderr is asked for"
    );
    Ok(())
}

fn no_stream(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    s.get(&format!("/containers/{id}/logs"))?
        .expect_error(400, "you must choose at least one stream")?;
    Ok(())
}

fn not_found(s: &Session) -> Outcome {
    s.get("/containers/nosuchcontainer/logs?stdout=1")?
        .expect_error(404, "No such container: nosuchcontainer")?;
    Ok(())
}

fn tail(s: &Session) -> Outcome {
    let id = written(s, "5")?;
    equal!(
        read(s, &id, "stdout=1&stderr=1&tail=0")?,
        frames::Output::default(),
        "tail=0"
    );
    let two = read(s, &id, "stdout=1&stderr=1&tail=2")?;
    equal!(
        two.stdout.lines().count() + two.stderr.lines().count(),
        2,
        "lines with tail=2"
    );
    ensure!(
        two.stderr.contains("err 5") || two.stdout.contains("out 5"),
        "not the last: {two:?}"
    );
    Ok(())
}

fn tail_loose(s: &Session) -> Outcome {
    let id = written(s, "3")?;
    for value in ["all", "-1", "many", ""] {
        let text = read(s, &id, &format!("stdout=1&tail={value}"))?.stdout;
        equal!(text.lines().count(), 3, "lines with tail={value}");
    }
    Ok(())
}

fn timestamps(s: &Session) -> Outcome {
    let id = written(s, "1")?;
    let text = read(s, &id, "stdout=1&timestamps=1")?.stdout;
    let (time, line) = text.split_once(' ').unwrap_or(("", ""));
    equal!(line, "out 1\n", "line");
    ensure!(
        time.len() == 30 && time.as_bytes()[19] == b'.' && time.ends_with('Z'),
        "time is {time}"
    );
    Ok(())
}

fn since(s: &Session) -> Outcome {
    let id = written(s, "2")?;
    equal!(
        read(s, &id, "stdout=1&since=0&until=0")?
            .stdout
            .lines()
            .count(),
        2,
        "lines with since=0&until=0"
    );
    equal!(
        read(s, &id, "stdout=1&since=4000000000")?.stdout,
        "",
        "lines of the future"
    );
    equal!(
        read(s, &id, "stdout=1&until=1000000000.5")?.stdout,
        "",
        "lines of the past"
    );
    equal!(
        read(s, &id, "stdout=1&since=1000000000")?
            .stdout
            .lines()
            .count(),
        2,
        "lines since long ago"
    );
    Ok(())
}

fn follow(s: &Session) -> Outcome {
    let id = s.create(&["lines", "200"], json!({}))?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    let output = read(s, &id, "stdout=1&stderr=1&follow=1")?;
    equal!(output.stdout.lines().count(), 200, "lines of stdout");
    equal!(output.stderr.lines().count(), 200, "lines of stderr");
    equal!(output.stdout.lines().last(), Some("out 200"), "last line");
    Ok(())
}

fn head_at_once(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    let mut reply =
        s.open(&s.request("GET", &format!("/containers/{id}/logs?stdout=1&follow=1")))?;
    equal!(reply.head.status, 200, "status");
    reply.stream().read_limit(Duration::from_millis(200))?;
    ensure!(
        reply.read(&mut [0; 8]).is_err(),
        "the stream ended or had bytes"
    );
    Ok(())
}

fn tty(s: &Session) -> Outcome {
    let id = s.run(&["tty"], json!({"Tty": true}))?;
    s.wait(&id)?;
    let text = s
        .get(&format!("/containers/{id}/logs?stdout=1"))?
        .expect(200)?
        .text();
    equal!(text, "a tty\r\n", "raw log");
    Ok(())
}

fn second_run(s: &Session) -> Outcome {
    let id = written(s, "1")?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    s.wait(&id)?;
    equal!(
        read(s, &id, "stdout=1")?.stdout,
        "out 1\nout 1\n",
        "both runs"
    );
    Ok(())
}
