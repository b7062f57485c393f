//! `POST /commit`.

use serde_json::{Value, json};

use super::{event_names, look};
use crate::cases::Level::Must;
use crate::cases::{Row, events};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "image",
        "ImageCommit: comment, author, changes; what inspect says of it",
        image,
    ),
    (
        Must,
        "files",
        "ImageCommit: what the container wrote and removed",
        files,
    ),
    (
        Must,
        "body",
        "ImageCommit: a configuration in the body stands for the container's",
        body,
    ),
    (
        Must,
        "names",
        "ImageCommit: without a repo no name; a tag in the repo",
        names,
    ),
    (
        Must,
        "pause",
        "ImageCommit: paused meanwhile unless told not to; clients: pause=false, 0",
        pause,
    ),
    (
        Must,
        "empty-body",
        "ImageCommit: without a body, or with null",
        empty_body,
    ),
    (
        Must,
        "events",
        "SystemEvents: commit and tag",
        commit_events,
    ),
];

/// Commits a container, and gives the image's ID.
fn commit(s: &Session, query: &str) -> Outcome<String> {
    let made = s
        .post(&format!("/commit?container={query}"))?
        .expect(201)?
        .json()?;
    kept(s, &made)
}

fn kept(s: &Session, made: &Value) -> Outcome<String> {
    let id = made["Id"].as_str().unwrap_or_default().to_owned();
    ensure!(
        id.starts_with("sha256:") && id.len() == 71 && made.as_object().map(|o| o.len()) == Some(1),
        "the answer is {made}"
    );
    s.owns_image(&id);
    Ok(id)
}

fn image(s: &Session) -> Outcome {
    let name = s.name();
    let more = json!({
        "Env": ["A=b"],
        "Labels": {"l": "m"},
        "ExposedPorts": {"80/tcp": {}},
        "WorkingDir": "/tmp",
        "User": "1000",
    });
    let container = s.create(&["true"], more)?;
    let query = format!(
        "{container}&repo={name}&tag=t&comment=hi%20there&author=me%20%3Cme%3E\
         &changes=ENV%20C%3Dd&changes=CMD%20%5B%22y%22%5D&changes=LABEL%20n%3Do"
    );
    let id = commit(s, &query)?;
    let seen = look(s, &format!("{name}:t"))?;
    let base = look(s, &s.target.run)?;
    equal!(seen["Id"], id, "Id");
    equal!(seen["Comment"], "hi there", "Comment");
    equal!(seen["Author"], "me <me>", "Author");
    equal!(seen["Parent"], base["Id"], "Parent");
    equal!(seen["Container"], container, "Container");
    let config = &seen["Config"];
    equal!(config["Env"], json!(["A=b", "C=d"]), "Config.Env");
    equal!(config["Cmd"], json!(["y"]), "Config.Cmd");
    equal!(
        config["Labels"],
        json!({"l": "m", "n": "o"}),
        "Config.Labels"
    );
    equal!(
        config["ExposedPorts"],
        json!({"80/tcp": {}}),
        "Config.ExposedPorts"
    );
    equal!(config["WorkingDir"], "/tmp", "Config.WorkingDir");
    equal!(config["User"], "1000", "Config.User");
    let of_container = &seen["ContainerConfig"];
    equal!(of_container["Cmd"], json!(["true"]), "ContainerConfig.Cmd");
    equal!(of_container["Env"], json!(["A=b"]), "ContainerConfig.Env");
    let listed = s.get("/images/json")?.expect(200)?.json()?;
    let listed = listed.as_array().into_iter().flatten();
    let listed = listed
        .into_iter()
        .find(|i| i["Id"] == id)
        .ok_or("not listed")?;
    equal!(listed["ParentId"], base["Id"], "ParentId in the list");
    Ok(())
}

fn files(s: &Session) -> Outcome {
    let container = s.run(&["write", "/new", "five5"], json!({}))?;
    equal!(s.wait(&container)?, 0, "exit code of write");
    let first = commit(s, &container)?;
    let base = look(s, &s.target.run)?;
    let seen = look(s, &first)?;
    let grown = |seen: &Value| Some(seen["Size"].as_i64()? - base["Size"].as_i64()?);
    equal!(grown(&seen), Some(5), "bytes more");
    let layers = |seen: &Value| {
        seen["RootFS"]["Layers"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    };
    ensure!(
        layers(&seen).starts_with(&layers(&base)) && layers(&seen).len() == 2,
        "Layers is {}",
        seen["RootFS"]
    );
    let container = s.run(&["rm", "/etc/marker"], json!({"Image": first}))?;
    equal!(s.wait(&container)?, 0, "exit code of rm");
    let second = commit(s, &container)?;
    let container = s.create(&["true"], json!({"Image": second}))?;
    let at = |path: &str| s.get(&format!("/containers/{container}/archive?path={path}"));
    ensure!(
        at("/new")?.expect(200)?.text().contains("five5"),
        "the file is empty"
    );
    at("/etc/marker")?.expect(404)?;
    at("/etc/passwd")?.expect(200)?;
    Ok(())
}

fn body(s: &Session) -> Outcome {
    let container = s.create(&["true"], json!({"Labels": {"l": "m"}}))?;
    let config = json!({"Cmd": ["z"], "Env": ["Q=r"], "Labels": {"a": "b"}, "Hostname": "h"});
    let made = s
        .post_json(&format!("/commit?container={container}"), &config)?
        .expect(201)?
        .json()?;
    let seen = look(s, &kept(s, &made)?)?["Config"].clone();
    equal!(seen["Cmd"], json!(["z"]), "Cmd");
    equal!(seen["Env"], json!(["Q=r"]), "Env");
    equal!(seen["Labels"], json!({"a": "b", "l": "m"}), "Labels");
    Ok(())
}

fn names(s: &Session) -> Outcome {
    let container = s.create(&["true"], json!({}))?;
    for (query, want) in [
        ("", None),
        ("&tag=x", None),
        ("&repo=NAME", Some("NAME:latest")),
        ("&repo=NAME:a", Some("NAME:a")),
        ("&repo=NAME:a&tag=b", Some("NAME:b")),
    ] {
        let name = s.name();
        let id = commit(s, &format!("{container}{}", query.replace("NAME", &name)))?;
        let want: Vec<String> = want.iter().map(|w| w.replace("NAME", &name)).collect();
        equal!(
            look(s, &id)?["RepoTags"],
            json!(want),
            "RepoTags of {query:?}"
        );
    }
    Ok(())
}

fn pause(s: &Session) -> Outcome {
    for (query, want) in [
        ("", true),
        ("&pause=1", true),
        ("&pause=0", false),
        ("&pause=false", false),
    ] {
        let container = s.run(&["sleep", "60"], json!({}))?;
        commit(s, &format!("{container}{query}"))?;
        let events = events::actions(s, &container, "commit")?;
        let paused = events.iter().any(|e| e == "pause");
        equal!(paused, want, "a pause event with {query:?}");
        equal!(
            s.inspect(&container)?["State"]["Status"],
            "running",
            "Status"
        );
    }
    Ok(())
}

fn empty_body(s: &Session) -> Outcome {
    let container = s.create(&["true"], json!({"Env": ["A=b"]}))?;
    let path = format!("/commit?container={container}");
    for body in [None, Some("null"), Some("{}")] {
        let mut request = s.request("POST", &path);
        if let Some(body) = body {
            request = request.body("application/json", body);
        }
        let made = s.exchange(&request)?.expect(201)?.json()?;
        let seen = look(s, &kept(s, &made)?)?;
        equal!(seen["Config"]["Env"], json!(["A=b"]), "Env with {body:?}");
        equal!(seen["Config"]["Cmd"], json!(["true"]), "Cmd with {body:?}");
    }
    Ok(())
}

fn commit_events(s: &Session) -> Outcome {
    let name = s.name();
    let container = s.create(&["true"], json!({}))?;
    let id = commit(s, &format!("{container}&repo={name}&comment=why"))?;
    events::actions(s, &container, "commit")?;
    let seen = s.target.memory.of("container", &container);
    let seen = seen.iter().find(|event| event["Action"] == "commit");
    let attributes = &seen.ok_or("no event")?["Actor"]["Attributes"];
    equal!(attributes["comment"], "why", "comment");
    equal!(attributes["imageID"], id, "imageID");
    // References as they were given, which newer engines complete.
    let given = |text: &str| text == name || text == format!("{name}:latest");
    let reference = attributes["imageRef"].as_str().unwrap_or_default();
    ensure!(given(reference), "imageRef is {reference:?}");
    let tags = event_names(s, "tag", &id);
    ensure!(
        tags.len() == 1 && given(&tags[0]),
        "names of the event tag: {tags:?}"
    );
    Ok(())
}
