//! Events of what is no container: volumes, networks, images, prunes.

use serde_json::{Value, json};

use super::super::Level::{Must, Quirk};
use super::super::Row;
use super::super::images::imported;
use super::{attributes, escape, find, heard};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (Must, "volume", "SystemEvents: create, destroy", volume),
    (
        Quirk,
        "volume-found",
        "SystemEvents: create also where it was there before",
        volume_found,
    ),
    (
        Must,
        "network",
        "SystemEvents: create, connect, disconnect, destroy",
        network,
    ),
    (
        Must,
        "image",
        "SystemEvents: import, tag, save, untag, delete, load",
        image,
    ),
    (
        Must,
        "prune",
        "SystemEvents: prune, with what it gained",
        prune,
    ),
];

/// Only events of containers and images repeat what older clients read.
fn is_plain(event: &Value) -> Outcome {
    for key in ["status", "id", "from"] {
        equal!(event.get(key), None, "{key} of {}", event["Action"]);
    }
    equal!(event["scope"], "local", "scope");
    Ok(())
}

fn names(events: &[Value]) -> Vec<&str> {
    let names = events.iter().map(|event| event["Action"].as_str());
    names.map(Option::unwrap_or_default).collect()
}

fn volume(s: &Session) -> Outcome {
    let name = s.volume_name();
    let body = json!({"Name": name, "Labels": {"a": "b"}});
    s.post_json("/volumes/create", &body)?.expect(201)?;
    s.call("DELETE", &format!("/volumes/{name}"))?.expect(204)?;
    let events = heard(s, "volume", &name, "destroy")?;
    equal!(names(&events), ["create", "destroy"], "actions");
    for event in &events {
        is_plain(event)?;
        equal!(*attributes(event), json!({"driver": "local"}), "attributes");
    }
    Ok(())
}

fn volume_found(s: &Session) -> Outcome {
    let name = s.volume_name();
    let body = json!({"Name": name});
    s.post_json("/volumes/create", &body)?.expect(201)?;
    s.post_json("/volumes/create", &body)?.expect(201)?;
    let host = json!({"NetworkMode": "none", "Binds": [format!("{name}:/v")]});
    let id = s.create(&["true"], json!({"HostConfig": host}))?;
    s.call("DELETE", &format!("/containers/{id}"))?
        .expect(204)?;
    s.call("DELETE", &format!("/volumes/{name}"))?.expect(204)?;
    let events = heard(s, "volume", &name, "destroy")?;
    let expected = ["create", "create", "create", "destroy"];
    equal!(names(&events), expected, "actions");
    Ok(())
}

fn network(s: &Session) -> Outcome {
    let name = s.network_name();
    let body = json!({"Name": name, "Labels": {"a": "b"}});
    let made = s
        .post_json("/networks/create", &body)?
        .expect(201)?
        .json()?;
    let network = made["Id"].as_str().unwrap_or_default();
    let host = json!({"HostConfig": {"NetworkMode": name}});
    let id = s.run(&["sleep", "60"], host)?;
    s.call("DELETE", &format!("/containers/{id}?force=1"))?
        .expect(204)?;
    s.call("DELETE", &format!("/networks/{name}"))?
        .expect(204)?;
    let events = heard(s, "network", network, "destroy")?;
    let expected = ["create", "connect", "disconnect", "destroy"];
    equal!(names(&events), expected, "actions");
    for (event, has_container) in events.iter().zip([false, true, true, false]) {
        is_plain(event)?;
        let mut expected = json!({"name": name, "type": "bridge"});
        if has_container {
            expected["container"] = id.clone().into();
        }
        equal!(*attributes(event), expected, "attributes");
    }
    Ok(())
}

fn image(s: &Session) -> Outcome {
    let (name, other) = (s.name(), s.name());
    let id = imported(s, &name, "&changes=LABEL%20k=v")?;
    s.post(&format!("/images/{id}/tag?repo={other}&tag=x"))?
        .expect(201)?;
    let archive = s.get(&format!("/images/{id}/get"))?.expect(200)?;
    s.call("DELETE", &format!("/images/{other}:x"))?
        .expect(200)?;
    s.call("DELETE", &format!("/images/{name}"))?.expect(200)?;
    let load = s
        .request("POST", "/images/load")
        .body("application/x-tar", archive.body);
    s.exchange(&load)?.expect(200)?;
    let events = heard(s, "image", &id, "load")?;
    let expected = [
        ("tag", format!("{name}:latest"), true),
        ("import", id.clone(), true),
        ("tag", format!("{other}:x"), true),
        ("save", id.clone(), true),
        ("untag", id.clone(), true),
        ("untag", id.clone(), true),
        ("delete", id.clone(), false),
        ("load", id.clone(), true),
    ];
    let expected_names: Vec<&str> = expected.iter().map(|(action, ..)| *action).collect();
    equal!(names(&events), expected_names, "actions");
    for (event, (action, name, has_labels)) in events.iter().zip(&expected) {
        equal!(event["status"], *action, "{action}: status");
        equal!(event["id"], id, "{action}: id");
        equal!(event.get("from"), None, "{action}: from");
        equal!(attributes(event)["name"], *name, "{action}: name");
        if *has_labels {
            equal!(attributes(event)["k"], "v", "{action}: label");
        }
    }
    Ok(())
}

fn prune(s: &Session) -> Outcome {
    let nobody = escape(&json!({"label": [s.name()]}));
    let paths = [
        ("container", format!("/containers/prune?filters={nobody}")),
        ("image", format!("/images/prune?filters={nobody}")),
        ("network", format!("/networks/prune?filters={nobody}")),
        ("volume", format!("/volumes/prune?filters={nobody}")),
    ];
    for (kind, path) in paths {
        let before = s.target.memory.of(kind, "").len();
        // Others prune as well, one at a time.
        s.until("its turn", || {
            let answer = s.post(&path)?;
            Ok((answer.head.status != 409).then_some(answer))
        })?
        .expect(200)?;
        let events = s.until(kind, || {
            let events = s.target.memory.of(kind, "");
            Ok((events.len() > before).then_some(events))
        })?;
        let event = find(&events, "prune")?;
        let gained = attributes(event)["reclaimed"].as_str().unwrap_or_default();
        ensure!(gained.parse::<u64>().is_ok(), "{kind}: {event}");
    }
    Ok(())
}
