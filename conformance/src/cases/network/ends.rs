//! `/networks`: what a container is told of its end of a network.

use serde_json::{Value, json};

use super::manage::{make, run_on, text};
use super::needs_bridge;
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "aliases",
        "NetworkConnect: a container is also known by its id and host name",
        aliases,
    ),
    (
        Must,
        "no-network",
        "NetworkDisconnect: a container without any network",
        none,
    ),
    (
        Must,
        "settings",
        "NetworkConnect: what is sent is shown",
        settings,
    ),
    (
        Quirk,
        "refused",
        "NetworkConnect, NetworkDisconnect: requests that make no sense",
        refused,
    ),
    (
        Must,
        "of-another",
        "ContainerInspect: host and domain name of a container in another's network",
        of_another,
    ),
    (
        Quirk,
        "configuration-only",
        "ContainerStart: nobody is on a network that is configuration only",
        configuration,
    ),
    (
        Must,
        "gone",
        "ContainerStart: on a network that was removed",
        gone,
    ),
];

fn networks(s: &Session, id: &str) -> Outcome<Value> {
    Ok(s.inspect(id)?["NetworkSettings"]["Networks"].clone())
}

fn connect(s: &Session, network: &str, id: &str, end: Value) -> Outcome {
    let body = json!({"Container": id, "EndpointConfig": end});
    s.post_json(&format!("/networks/{network}/connect"), &body)?
        .expect(200)?;
    Ok(())
}

fn disconnect(s: &Session, network: &str, id: &str) -> Outcome {
    let body = json!({"Container": id});
    s.post_json(&format!("/networks/{network}/disconnect"), &body)?
        .expect(200)?;
    Ok(())
}

fn aliases(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (one, two) = (make(s, json!({}))?.0, make(s, json!({}))?.0);
    let ends = json!({&one: {"Aliases": ["site"]}});
    let id = s.create(
        &["sleep", "60"],
        json!({
            "Hostname": "judge",
            "HostConfig": {"NetworkMode": one},
            "NetworkingConfig": {"EndpointsConfig": ends},
        }),
    )?;
    let short = &id[..12];
    equal!(
        networks(s, &id)?[&one]["Aliases"],
        json!(["site"]),
        "created"
    );
    connect(s, &two, &id, json!({"Aliases": ["other"]}))?;
    let own = json!(["other", short, "judge"]);
    equal!(networks(s, &id)?[&two]["Aliases"], own, "connected");
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    let seen = networks(s, &id)?;
    equal!(
        seen[&one]["Aliases"],
        json!(["site", short, "judge"]),
        "started"
    );
    equal!(seen[&two]["Aliases"], own, "started, the second");
    // Clients send what they were shown.
    disconnect(s, &two, &id)?;
    connect(s, &two, &id, json!({"Aliases": [short, "judge"]}))?;
    let seen = networks(s, &id)?;
    equal!(
        seen[&two]["Aliases"],
        json!([short, "judge"]),
        "each name once"
    );
    Ok(())
}

fn none(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (name, _) = make(s, json!({}))?;
    let id = run_on(s, &name, json!({}))?;
    disconnect(s, &name, &id)?;
    let seen = s.inspect(&id)?;
    equal!(
        seen["NetworkSettings"]["Networks"],
        json!({}),
        "Networks, running"
    );
    equal!(seen["State"]["Running"], true, "Running");
    connect(s, &name, &id, json!({}))?;
    ensure!(
        !text(&networks(s, &id)?[&name]["IPAddress"]).is_empty(),
        "no address"
    );
    Ok(())
}

fn settings(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (first, _) = make(s, json!({}))?;
    let part = json!({"Subnet": "10.233.4.0/24"});
    let (name, _) = make(s, json!({"IPAM": {"Config": [part]}}))?;
    let id = run_on(s, &first, json!({}))?;
    let other = run_on(s, &name, json!({}))?;
    let link = format!("{other}:friend");
    let end = json!({
        "IPAMConfig": {"IPv4Address": "10.233.4.44"},
        "Links": [link],
        "DriverOpts": {"some": "thing"},
    });
    connect(s, &name, &id, end)?;
    let seen = networks(s, &id)?[&name].clone();
    equal!(seen["Links"], json!([link]), "Links");
    equal!(seen["DriverOpts"], json!({"some": "thing"}), "DriverOpts");
    let asked = json!({"IPv4Address": "10.233.4.44"});
    equal!(seen["IPAMConfig"], asked, "IPAMConfig");
    equal!(seen["IPAddress"], "10.233.4.44", "IPAddress");
    Ok(())
}

fn refused(s: &Session) -> Outcome {
    let (name, _) = make(s, json!({}))?;
    for path in ["connect", "disconnect"] {
        let path = format!("/networks/{name}/{path}");
        s.post(&path)?.expect_error(400, "EOF")?;
        s.post_json(&path, &json!({}))?
            .expect_error(400, "invalid name or ID supplied: \"\"")?;
        s.post_json(&path, &json!({"Container": "nosuch"}))?
            .expect_error(404, "No such container: nosuch")?;
        s.post_json(&path, &json!("text"))?.expect_error(400, "")?;
    }
    let force = json!({"Container": "nosuch", "Force": true});
    s.post_json(&format!("/networks/{name}/disconnect"), &force)?
        .expect_error(404, "endpoint nosuch not found")?;
    Ok(())
}

fn of_another(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let names = json!({"Hostname": "judge", "Domainname": "example.test"});
    let mut body = json!({"HostConfig": {}});
    for (key, value) in names.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let first = s.run(&["sleep", "60"], body)?;
    let mode = json!({"HostConfig": {"NetworkMode": format!("container:{first}")}});
    let second = s.run(&["sleep", "60"], mode)?;
    let seen = s.inspect(&second)?["Config"].clone();
    for key in ["Hostname", "Domainname"] {
        equal!(seen[key], names[key], "{key}");
    }
    let with_links = json!({"HostConfig": {
        "NetworkMode": format!("container:{first}"),
        "Links": [format!("{first}:x")],
    }});
    let mut body = json!({"Image": s.target.image(), "Cmd": ["true"]});
    body["HostConfig"] = with_links["HostConfig"].clone();
    s.post_json("/containers/create", &body)?.expect_error(
        400,
        "conflicting options: container type network can't be used with links. This would \
         result in undefined behavior",
    )?;
    Ok(())
}

fn configuration(s: &Session) -> Outcome {
    let (name, _) = make(s, json!({"ConfigOnly": true}))?;
    let id = s.create(&["true"], json!({"HostConfig": {"NetworkMode": name}}))?;
    s.post(&format!("/containers/{id}/start"))?
        .expect_error(403, "cannot create endpoint on configuration-only network")?;
    Ok(())
}

fn gone(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (name, network) = make(s, json!({}))?;
    let id = s.create(
        &["sleep", "60"],
        json!({"HostConfig": {"NetworkMode": name}}),
    )?;
    s.call("DELETE", &format!("/networks/{name}"))?
        .expect(204)?;
    let start = format!("/containers/{id}/start");
    s.post(&start)?
        .expect_error(404, &format!("network {name} not found"))?;
    let (_, again) = make(s, json!({"Name": name}))?;
    ensure!(network != again, "the same id");
    s.post(&start)?.expect(204)?;
    equal!(
        networks(s, &id)?[&name]["NetworkID"],
        again.as_str(),
        "NetworkID"
    );
    Ok(())
}
