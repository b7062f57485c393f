//! The default network, where the engine has one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;

pub(super) mod ends;
pub(super) mod find;
pub(super) mod ipam;
pub(super) mod manage;

use super::Level::Must;
use super::Row;
use crate::endpoint::Endpoint;
use crate::outcome::{Outcome, Stop, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "default-bridge",
        "ContainerInspect: addresses on the default bridge",
        bridge,
    ),
    (
        Must,
        "published-port",
        "ContainerCreate: PortBindings, reached from the host",
        published,
    ),
    (Must, "host-mode", "ContainerCreate: NetworkMode host", host),
];

fn needs_bridge(s: &Session) -> Outcome {
    if s.target.has_bridge() {
        Ok(())
    } else {
        Err(Stop::Skip(
            "the engine runs without a default bridge".to_owned(),
        ))
    }
}

fn bridge(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let id = s.run(&["sleep", "60"], json!({"HostConfig": {}}))?;
    let settings = s.inspect(&id)?["NetworkSettings"].clone();
    let own = &settings["Networks"]["bridge"];
    for key in [
        "IPAddress",
        "Gateway",
        "MacAddress",
        "NetworkID",
        "EndpointID",
    ] {
        ensure!(
            own[key].as_str().is_some_and(|t| !t.is_empty()),
            "Networks.bridge.{key} is {}",
            own[key]
        );
    }
    for key in ["IPAddress", "Gateway", "MacAddress", "IPPrefixLen"] {
        equal!(settings[key], own[key], "the legacy copy of {key}");
    }
    Ok(())
}

fn published(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let host = match &s.target.endpoint {
        Endpoint::Unix(_) => "127.0.0.1",
        Endpoint::Tcp(address) => address
            .rsplit_once(':')
            .map_or("127.0.0.1", |(host, _)| host),
    };
    let bindings = json!({"8080/tcp": [{"HostIp": "", "HostPort": ""}]});
    let more = json!({"ExposedPorts": {"8080/tcp": {}}, "HostConfig": {"PortBindings": bindings}});
    let id = s.run(&["httpd", "8080"], more)?;
    let ports = s.inspect(&id)?["NetworkSettings"]["Ports"].clone();
    let port = ports["8080/tcp"][0]["HostPort"]
        .as_str()
        .unwrap_or("")
        .to_owned();
    ensure!(!port.is_empty(), "no host port: {ports}");
    let text = s.until("the server in the container", || {
        let Ok(mut peer) = TcpStream::connect(format!("{host}:{port}")) else {
            return Ok(None);
        };
        peer.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut text = String::new();
        let asked = peer.write_all(b"GET / HTTP/1.0\r\n\r\n");
        let read = asked.and_then(|()| peer.read_to_string(&mut text));
        Ok((read.is_ok() && !text.is_empty()).then_some(text))
    })?;
    ensure!(text.ends_with("hello\n"), "the server says {text:?}");
    Ok(())
}

fn host(s: &Session) -> Outcome {
    let id = s.run(
        &["sleep", "60"],
        json!({"HostConfig": {"NetworkMode": "host"}}),
    )?;
    let seen = s.inspect(&id)?;
    ensure!(
        seen["NetworkSettings"]["Networks"]["host"].is_object(),
        "Networks is {}",
        seen["NetworkSettings"]["Networks"]
    );
    equal!(seen["NetworkSettings"]["Ports"], json!({}), "Ports");
    Ok(())
}
