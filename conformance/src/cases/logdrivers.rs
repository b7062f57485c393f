//! Log drivers: their options' checks, what a log server receives, and reading
//! back what was sent there.

use std::net::UdpSocket;
use std::time::Duration;

use serde_json::{Value, json};

use super::Level::{Must, Quirk, Should};
use super::Row;
use crate::frames;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "none-cannot-be-read",
        "ContainerLogs: 501 with the driver none",
        none,
    ),
    (
        Must,
        "options-are-checked",
        "ContainerCreate: a log option that the driver does not have",
        options,
    ),
    (
        Should,
        "rotated-and-compressed",
        "ContainerLogs: over compressed files, json-file and local",
        rotated,
    ),
    (
        Should,
        "details",
        "ContainerLogs: labels, variables and tag, sorted and escaped",
        details,
    ),
    (
        Quirk,
        "syslog",
        "docs: syslog over UDP in RFC 5424, and docker logs from the cache",
        syslog,
    ),
    (
        Quirk,
        "gelf",
        "docs: GELF over UDP with the container's facts",
        gelf,
    ),
    (
        Quirk,
        "no-server",
        "ContainerStart: a log server that is not there",
        no_server,
    ),
];

fn with_log(kind: &str, options: Value) -> Value {
    json!({"HostConfig": {"LogConfig": {"Type": kind, "Config": options}}})
}

fn none(s: &Session) -> Outcome {
    let id = s.run(&["echo", "hi"], with_log("none", json!({})))?;
    s.wait(&id)?;
    s.get(&format!("/containers/{id}/logs?stdout=1"))?
        .expect_error(501, "configured logging driver does not support reading")?;
    Ok(())
}

fn options(s: &Session) -> Outcome {
    for (kind, key, value, text) in [
        (
            "json-file",
            "paper",
            "1",
            "unknown log opt 'paper' for json-file log driver",
        ),
        (
            "local",
            "tag",
            "x",
            "unknown log opt 'tag' for log driver local",
        ),
        (
            "json-file",
            "mode",
            "x",
            "logger: logging mode not supported: x",
        ),
        (
            "json-file",
            "max-buffer-size",
            "1m",
            "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
        ),
        (
            "syslog",
            "syslog-facility",
            "paper",
            "invalid syslog facility",
        ),
        (
            "syslog",
            "syslog-address",
            "paper",
            "syslog-address should be in form proto://address, got paper",
        ),
        (
            "gelf",
            "gelf-address",
            "udp://127.0.0.1",
            "gelf: please provide gelf-address as proto://host:port",
        ),
        ("fluentd", "fluentd-buffer-limit", "x", "invalid size: 'x'"),
    ] {
        let body = json!({
            "Image": s.target.image(),
            "Cmd": ["true"],
            "HostConfig": {"LogConfig": {"Type": kind, "Config": {key: value}}},
        });
        s.post_json("/containers/create", &body)?
            .expect_error(400, text)?;
    }
    Ok(())
}

fn rotated(s: &Session) -> Outcome {
    for kind in ["json-file", "local"] {
        let options = json!({"max-size": "4k", "max-file": "200", "compress": "true"});
        let id = s.run(&["lines", "300"], with_log(kind, options))?;
        s.wait(&id)?;
        let all = read(s, &id, "")?;
        let expected: String = (1..=300).map(|line| format!("out {line}\n")).collect();
        equal!(all, expected, "{kind}: all lines");
    }
    Ok(())
}

fn details(s: &Session) -> Outcome {
    let mut more = with_log(
        "json-file",
        json!({"labels": "b", "env": "COLOUR", "tag": "t/{{.Name}}"}),
    );
    more["Labels"] = json!({"b": "2", "c": "3"});
    more["Env"] = json!(["COLOUR=dark red"]);
    let id = s.run(&["echo", "hi"], more)?;
    s.wait(&id)?;
    let name = s.inspect(&id)?["Name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let name = name.trim_start_matches('/');
    equal!(
        read(s, &id, "&details=1")?,
        format!("COLOUR=dark+red,b=2,tag=t%2F{name} hi\n"),
        "the line"
    );
    Ok(())
}

fn syslog(s: &Session) -> Outcome {
    let (server, address) = server()?;
    let options = json!({
        "syslog-address": format!("udp://{address}"),
        "syslog-format": "rfc5424",
        "syslog-facility": "local0",
        "tag": "paper",
    });
    let id = s.run(&["echo", "hi"], with_log("syslog", options))?;
    s.wait(&id)?;
    let line = receive(&server)?;
    ensure!(line.starts_with("<134>1 "), "priority: {line}");
    ensure!(line.ends_with(" paper - hi\n"), "tag and text: {line}");
    equal!(read(s, &id, "")?, "hi\n", "what can be read");
    Ok(())
}

fn gelf(s: &Session) -> Outcome {
    let (server, address) = server()?;
    let options = json!({
        "gelf-address": format!("udp://{address}"),
        "gelf-compression-type": "none",
    });
    let id = s.run(&["echo", "hi"], with_log("gelf", options))?;
    s.wait(&id)?;
    let message: Value = serde_json::from_str(&receive(&server)?).unwrap_or_default();
    equal!(message["version"], "1.1", "version");
    equal!(message["short_message"], "hi", "text");
    equal!(message["level"], 6, "level");
    equal!(message["_container_id"], id.as_str(), "container");
    equal!(message["_tag"], &id[..12], "tag");
    Ok(())
}

fn no_server(s: &Session) -> Outcome {
    // Nobody listens on a port that no program may take without being told to.
    let options = json!({"fluentd-address": "127.0.0.1:1"});
    let id = s.create(&["true"], with_log("fluentd", options))?;
    s.post(&format!("/containers/{id}/start"))?.expect_error(
        500,
        "failed to initialize logging driver: dial tcp 127.0.0.1:1: connect: connection refused",
    )?;
    Ok(())
}

fn read(s: &Session, id: &str, more: &str) -> Outcome<String> {
    let answer = s
        .get(&format!("/containers/{id}/logs?stdout=1{more}"))?
        .expect(200)?;
    Ok(frames::split(&answer.body)?.stdout)
}

/// A log server of the judge's own: engines are judged on their machine.
fn server() -> Outcome<(UdpSocket, String)> {
    let server = UdpSocket::bind("127.0.0.1:0")?;
    server.set_read_timeout(Some(Duration::from_secs(10)))?;
    let address = server.local_addr()?.to_string();
    Ok((server, address))
}

fn receive(server: &UdpSocket) -> Outcome<String> {
    let mut buffer = [0; 4096];
    let length = server.recv(&mut buffer)?;
    Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
}
