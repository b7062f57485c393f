//! `POST /images/prune`. Other cases run beside these, so each prunes what has
//! its own label.

use serde_json::{Value, json};

use super::{event_names, imported, look};
use crate::cases::Level::{Must, Quirk};
use crate::cases::{Row, events::escape};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "dangling",
        "ImagePrune: those without a name, unless asked for all",
        dangling,
    ),
    (
        Must,
        "all",
        "ImagePrune: dangling=false takes names that no container uses",
        all,
    ),
    (
        Must,
        "in-use",
        "ImagePrune: what a container uses stays, but for its other names",
        in_use,
    ),
    (Must, "until", "ImagePrune: only older ones", until),
    (Must, "nothing", "ImagePrune: null and 0", nothing),
    (
        Must,
        "space",
        "ImagePrune: the bytes that were freed",
        space,
    ),
    (Quirk, "events", "SystemEvents: untag, delete", events),
];

fn prune(s: &Session, filters: &Value) -> Outcome<Value> {
    // An engine prunes once at a time, and other cases do it too.
    s.until("its turn", || {
        let answer = s.post(&format!("/images/prune?filters={}", escape(filters)))?;
        if answer.head.status == 409 {
            answer.expect_error(409, "a prune operation is already running")?;
            return Ok(None);
        }
        Ok(Some(answer.expect(200)?.json()?))
    })
}

fn labelled(s: &Session, name: &str, label: &str) -> Outcome<String> {
    let tag = if name.is_empty() { "&tag=" } else { "" };
    imported(s, name, &format!("&changes=LABEL%20{label}%3Dx{tag}"))
}

fn dangling(s: &Session) -> Outcome {
    let label = s.name();
    let named = labelled(s, &s.name(), &label)?;
    let nameless = labelled(s, "", &label)?;
    let gone = prune(s, &json!({"label": [label]}))?;
    let deleted = gone["ImagesDeleted"].clone();
    equal!(deleted[0], json!({"Deleted": nameless}), "ImagesDeleted");
    s.get(&format!("/images/{nameless}/json"))?.expect(404)?;
    look(s, &named)?;
    let gone = prune(s, &json!({"label": [label], "dangling": ["true"]}))?;
    equal!(gone["ImagesDeleted"], Value::Null, "ImagesDeleted");
    Ok(())
}

fn all(s: &Session) -> Outcome {
    for no in ["false", "0"] {
        let (label, name) = (s.name(), s.name());
        let id = labelled(s, &name, &label)?;
        let other = json!({"label": [label], "label!": [label], "dangling": [no]});
        equal!(
            prune(s, &other)?["ImagesDeleted"],
            Value::Null,
            "ImagesDeleted with label!"
        );
        let gone = prune(s, &json!({"label": [label], "dangling": [no]}))?;
        let want = json!([{"Untagged": format!("{name}:latest")}, {"Deleted": id}]);
        let deleted = gone["ImagesDeleted"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        ensure!(
            deleted.starts_with(want.as_array().map_or(&[], Vec::as_slice)),
            "ImagesDeleted is {deleted:?}"
        );
    }
    Ok(())
}

fn in_use(s: &Session) -> Outcome {
    let (label, name) = (s.name(), s.name());
    let id = labelled(s, &name, &label)?;
    s.post(&format!("/images/{name}/tag?repo={name}&tag=b"))?
        .expect(201)?;
    s.create(&["x"], json!({"Image": name}))?;
    prune(s, &json!({"label": [label], "dangling": ["false"]}))?;
    let tags = look(s, &id)?["RepoTags"].clone();
    equal!(tags.as_array().map(Vec::len), Some(1), "names left");
    Ok(())
}

fn until(s: &Session) -> Outcome {
    let label = s.name();
    let id = labelled(s, "", &label)?;
    let before = prune(s, &json!({"label": [label], "until": ["1000000000"]}))?;
    equal!(before["ImagesDeleted"], Value::Null, "older than 2001");
    let before = prune(s, &json!({"label": [label], "until": ["1h"]}))?;
    equal!(before["ImagesDeleted"], Value::Null, "older than an hour");
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    let soon = (now.as_secs() + 60).to_string();
    let gone = prune(s, &json!({"label": [label], "until": [soon]}))?;
    equal!(
        gone["ImagesDeleted"][0],
        json!({"Deleted": id}),
        "until soon"
    );
    Ok(())
}

fn nothing(s: &Session) -> Outcome {
    let gone = prune(s, &json!({"label": [s.name()]}))?;
    equal!(
        gone,
        json!({"ImagesDeleted": null, "SpaceReclaimed": 0}),
        "what was pruned"
    );
    Ok(())
}

fn space(s: &Session) -> Outcome {
    let label = s.name();
    let id = labelled(s, "", &label)?;
    let size = look(s, &id)?["Size"].as_u64();
    ensure!(size > Some(0), "an image of {size:?} bytes");
    // Others remove images at the same moment: theirs are not counted here.
    let gone = prune(s, &json!({"label": [label]}))?;
    equal!(gone["SpaceReclaimed"].as_u64(), size, "{gone}");
    Ok(())
}

fn events(s: &Session) -> Outcome {
    let label = s.name();
    let id = labelled(s, "", &label)?;
    prune(s, &json!({"label": [label]}))?;
    s.until("the event delete", || {
        Ok((event_names(s, "delete", &id) == [id.as_str()]).then_some(()))
    })
}
