//! `GET /containers/json`.

use serde_json::{Value, json};

use super::Level::{Must, Should};
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "running-only",
        "ContainerList: running ones, all with all=1",
        running_only,
    ),
    (
        Must,
        "one-entry",
        "ContainerList: the fields of an entry",
        entry,
    ),
    (Must, "newest-first", "ContainerList: order", order),
    (
        Must,
        "filters",
        "ContainerList: label, name, status, exited, ancestor",
        filters,
    ),
    (
        Should,
        "limit",
        "ContainerList: limit counts all, newest first",
        limit,
    ),
    (
        Must,
        "status-texts",
        "ContainerList: Created, Up, Exited",
        status,
    ),
];

fn find(list: &Value, id: &str) -> Option<Value> {
    list.as_array()?.iter().find(|c| c["Id"] == id).cloned()
}

fn running_only(s: &Session) -> Outcome {
    let idle = s.create(&["true"], json!({}))?;
    let busy = s.run(&["sleep", "60"], json!({}))?;
    let running = s.get("/containers/json")?.expect(200)?.json()?;
    ensure!(
        find(&running, &busy).is_some(),
        "the running one is not listed"
    );
    ensure!(find(&running, &idle).is_none(), "the created one is listed");
    let all = s.get("/containers/json?all=1")?.expect(200)?.json()?;
    ensure!(
        find(&all, &idle).is_some(),
        "all=1 does not list the created one"
    );
    Ok(())
}

fn entry(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60 "], json!({"Labels": {"a": "b"}}))?;
    let list = s.get("/containers/json")?.expect(200)?.json()?;
    let entry = find(&list, &id).ok_or("not listed")?;
    ensure!(
        entry["Names"][0]
            .as_str()
            .is_some_and(|n| n.starts_with('/')),
        "Names is {}",
        entry["Names"]
    );
    equal!(entry["Image"], s.target.image(), "Image");
    ensure!(
        entry["ImageID"]
            .as_str()
            .is_some_and(|i| i.starts_with("sha256:")),
        "ImageID is {}",
        entry["ImageID"]
    );
    equal!(entry["Command"], "sleep '60 '", "Command");
    ensure!(
        entry["Created"].as_i64().is_some_and(|t| t > 1_500_000_000),
        "Created is {}",
        entry["Created"]
    );
    equal!(entry["Ports"], json!([]), "Ports");
    equal!(entry["Labels"], json!({"a": "b"}), "Labels");
    equal!(entry["State"], "running", "State");
    equal!(
        entry["HostConfig"],
        json!({"NetworkMode": "none"}),
        "HostConfig"
    );
    ensure!(
        entry["NetworkSettings"]["Networks"]["none"].is_object(),
        "NetworkSettings is {}",
        entry["NetworkSettings"]
    );
    equal!(entry["Mounts"], json!([]), "Mounts");
    ensure!(entry.get("SizeRw").is_none(), "SizeRw without size=1");
    Ok(())
}

fn order(s: &Session) -> Outcome {
    let ids = [
        s.create(&["true"], json!({}))?,
        s.create(&["true"], json!({}))?,
    ];
    let list = s.get("/containers/json?all=1")?.expect(200)?.json()?;
    let at = |id: &str| {
        list.as_array()
            .and_then(|l| l.iter().position(|c| c["Id"] == id))
    };
    ensure!(at(&ids[1]) < at(&ids[0]), "older before newer");
    Ok(())
}

fn filters(s: &Session) -> Outcome {
    let label = s.name();
    let id = s.run(&["exit", "3"], json!({"Labels": {"case": label}}))?;
    s.wait(&id)?;
    let name = s.inspect(&id)?["Name"].as_str().unwrap_or("").to_owned();
    let hits = |filters: Value| -> Outcome<bool> {
        let filters = filters
            .to_string()
            .replace('"', "%22")
            .replace('{', "%7B")
            .replace('}', "%7D");
        let list = s
            .get(&format!("/containers/json?all=1&filters={filters}"))?
            .expect(200)?
            .json()?;
        Ok(find(&list, &id).is_some())
    };
    let label_is = format!("case={label}");
    for yes in [
        json!({"label": [label_is]}),
        json!({"label": ["case", label_is]}),
        json!({"status": ["exited", "running"]}),
        json!({"exited": ["3"]}),
        json!({"name": [&name[1..]]}),
        json!({"name": [format!("^{name}$")]}),
        json!({"ancestor": [s.target.image()]}),
        json!({"id": [&id[..20]]}),
    ] {
        ensure!(hits(yes.clone())?, "{yes} misses it");
    }
    for no in [
        json!({"label": ["case=other"]}),
        json!({"status": ["running"]}),
        json!({"exited": ["0"]}),
        json!({"name": ["nobodyhere"]}),
        json!({"label": [label_is], "exited": ["0"]}),
    ] {
        ensure!(!hits(no.clone())?, "{no} finds it");
    }
    Ok(())
}

fn limit(s: &Session) -> Outcome {
    s.create(&["true"], json!({}))?;
    let list = s.get("/containers/json?limit=1")?.expect(200)?.json()?;
    equal!(
        list.as_array().map(Vec::len),
        Some(1),
        "entries with limit=1"
    );
    Ok(())
}

fn status(s: &Session) -> Outcome {
    let id = s.create(&["exit", "3"], json!({}))?;
    let status = || -> Outcome<String> {
        let list = s.get("/containers/json?all=1")?.expect(200)?.json()?;
        let entry = find(&list, &id).ok_or("not listed")?;
        Ok(format!("{} {}", entry["State"], entry["Status"]).replace('"', ""))
    };
    equal!(status()?, "created Created", "before the start");
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    s.wait(&id)?;
    let text = status()?;
    ensure!(
        text.starts_with("exited Exited (3) ") && text.ends_with(" ago"),
        "after the end: {text}"
    );
    let busy = s.run(&["sleep", "60"], json!({}))?;
    let list = s.get("/containers/json")?.expect(200)?.json()?;
    let text = find(&list, &busy).ok_or("not listed")?["Status"].to_string();
    ensure!(text.starts_with("\"Up "), "while running: {text}");
    Ok(())
}
