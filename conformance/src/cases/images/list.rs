//! `GET /images/json`.

use serde_json::{Value, json};

use super::{imported, look};
use crate::cases::Level::{Must, Quirk};
use crate::cases::{Row, events::escape};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (Must, "fields", "ImageList: the fields of an entry", fields),
    (Must, "newest-first", "ImageList: the order", newest_first),
    (
        Must,
        "reference-and-dangling",
        "ImageList: filters reference, dangling",
        reference,
    ),
    (
        Must,
        "before-and-since",
        "ImageList: filters before, since",
        before_and_since,
    ),
    (Must, "label", "ImageList: filter label", label),
    (
        Must,
        "all-filters-hold",
        "podman#18412: different filters are ANDed, one filter's values ORed",
        together,
    ),
    (
        Must,
        "untagged",
        "ImageList below 1.43: <none> for what has no name",
        untagged,
    ),
    (
        Must,
        "digests",
        "ImageList: RepoDigests whether asked for or not",
        digests,
    ),
    (
        Quirk,
        "filter",
        "ImageList: the old parameter filter is a reference",
        old_filter,
    ),
];

fn list(s: &Session, filters: &Value) -> Outcome<Vec<Value>> {
    let path = format!("/images/json?filters={}", escape(filters));
    let all = s.get(&path)?.expect(200)?.json()?;
    Ok(all.as_array().cloned().unwrap_or_default())
}

fn hits(s: &Session, filters: &Value, id: &str) -> Outcome<bool> {
    Ok(list(s, filters)?.iter().any(|image| image["Id"] == id))
}

fn fields(s: &Session) -> Outcome {
    let images = s.get("/images/json")?.expect(200)?.json()?;
    let own = images.as_array().and_then(|l| {
        l.iter()
            .find(|i| i["RepoTags"] == json!([s.target.image()]))
    });
    let own = own.ok_or("the judge's image is not listed")?;
    ensure!(
        own["Id"]
            .as_str()
            .is_some_and(|i| i.starts_with("sha256:") && i.len() == 71),
        "Id is {}",
        own["Id"]
    );
    equal!(own["ParentId"], "", "ParentId");
    equal!(own["SharedSize"], -1, "SharedSize");
    equal!(own["Containers"], -1, "Containers");
    equal!(own["VirtualSize"], own["Size"], "VirtualSize");
    equal!(own["RepoDigests"], Value::Null, "RepoDigests");
    equal!(own["Labels"], Value::Null, "Labels");
    ensure!(
        own["Size"].as_i64().is_some_and(|n| n > 100_000),
        "Size is {}",
        own["Size"]
    );
    ensure!(
        own["Created"].as_i64().is_some_and(|n| n > 1_500_000_000),
        "Created is {}",
        own["Created"]
    );
    let mut keys: Vec<&String> = own
        .as_object()
        .map(|o| o.keys().collect())
        .unwrap_or_default();
    keys.sort();
    let want = [
        "Containers",
        "Created",
        "Id",
        "Labels",
        "ParentId",
        "RepoDigests",
        "RepoTags",
        "SharedSize",
        "Size",
        "VirtualSize",
    ];
    equal!(keys, want, "keys");
    Ok(())
}

fn newest_first(s: &Session) -> Outcome {
    let images = list(s, &json!({}))?;
    let times: Vec<i64> = images
        .iter()
        .filter_map(|i| i["Created"].as_i64())
        .collect();
    equal!(times.len(), images.len(), "times");
    ensure!(
        times.windows(2).all(|two| two[0] >= two[1]),
        "Created goes {times:?}"
    );
    Ok(())
}

fn reference(s: &Session) -> Outcome {
    let own = look(s, &s.target.run)?["Id"]
        .as_str()
        .unwrap_or("")
        .to_owned();
    let run = &s.target.run;
    for (pattern, want) in [
        (run.clone(), true),
        (s.target.image(), true),
        (format!("{}*:lat*", &run[..4]), true),
        (format!("{}?:latest", &run[..run.len() - 1]), true),
        (format!("{run}:other"), false),
        (run[..4].to_owned(), false),
        (format!("docker.io/library/{run}"), false),
    ] {
        let found = hits(s, &json!({"reference": [pattern]}), &own)?;
        equal!(found, want, "reference {pattern} finds it");
    }
    ensure!(
        !hits(s, &json!({"dangling": ["true"]}), &own)?,
        "dangling finds it"
    );
    ensure!(
        hits(s, &json!({"dangling": ["false"]}), &own)?,
        "dangling=false misses it"
    );
    let either = json!({"reference": ["nosuch", run]});
    ensure!(hits(s, &either, &own)?, "the second of two misses it");
    let old_form = json!({"reference": {run.as_str(): true}});
    ensure!(hits(s, &old_form, &own)?, "the old form misses it");
    Ok(())
}

fn before_and_since(s: &Session) -> Outcome {
    let (first, second) = (s.name(), s.name());
    let one = imported(s, &first, "")?;
    let two = imported(s, &second, "")?;
    for (filter, of, older, newer) in [
        ("before", &second, true, false),
        ("before", &two, true, false),
        ("since", &first, false, true),
        ("before", &first, false, false),
        ("since", &second, false, false),
    ] {
        let filters = json!({filter: [of]});
        equal!(hits(s, &filters, &one)?, older, "{filter} {of}: the older");
        equal!(hits(s, &filters, &two)?, newer, "{filter} {of}: the newer");
    }
    Ok(())
}

fn label(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "&changes=LABEL%20one%3Da%20two%3D")?;
    for (value, want) in [
        ("one", true),
        ("one=a", true),
        ("two", true),
        ("two=", true),
        ("one=b", false),
        ("three", false),
        ("on", false),
    ] {
        let filters = json!({"label": [value], "reference": [name]});
        equal!(hits(s, &filters, &id)?, want, "label {value} finds it");
    }
    let listed = list(s, &json!({"reference": [name]}))?;
    equal!(
        listed[0]["Labels"],
        json!({"one": "a", "two": ""}),
        "Labels"
    );
    Ok(())
}

fn together(s: &Session) -> Outcome {
    let name = s.name();
    let id = imported(s, &name, "&changes=LABEL%20one%3Da%20two%3Db")?;
    let both = json!({"label": ["one=a", "two=b"], "reference": [name]});
    ensure!(hits(s, &both, &id)?, "both labels");
    let wrong = json!({"label": ["one=a", "three"], "reference": [name]});
    ensure!(!hits(s, &wrong, &id)?, "one label of two is not there");
    let other = json!({"label": ["one=a"], "reference": ["nosuch"]});
    ensure!(!hits(s, &other, &id)?, "the reference does not match");
    Ok(())
}

fn untagged(s: &Session) -> Outcome {
    let label = s.name();
    let change = format!("&tag=&changes=LABEL%20{label}%3Dx");
    let id = imported(s, "", &change)?;
    let listed = list(s, &json!({"dangling": ["true"], "label": [label]}))?;
    equal!(listed.len(), 1, "dangling images with the label");
    equal!(listed[0]["Id"], id, "Id");
    equal!(listed[0]["RepoTags"], json!(["<none>:<none>"]), "RepoTags");
    equal!(
        listed[0]["RepoDigests"],
        json!(["<none>@<none>"]),
        "RepoDigests"
    );
    let seen = look(s, &id)?;
    equal!(seen["RepoTags"], json!([]), "RepoTags of inspect");
    equal!(seen["RepoDigests"], json!([]), "RepoDigests of inspect");
    Ok(())
}

fn digests(s: &Session) -> Outcome {
    let name = format!("{}/{}", s.registry()?, s.name());
    let id = imported(s, &name, "")?;
    let digest = super::push::pushed(s, &format!("{name}:latest"))?;
    for query in ["", "?digests=1", "?digests=0"] {
        let all = s
            .get(&format!("/images/json{query}"))?
            .expect(200)?
            .json()?;
        let all = all.as_array().cloned().unwrap_or_default();
        let own = all.iter().find(|i| i["Id"] == id).ok_or("not listed")?;
        equal!(
            own["RepoDigests"],
            json!([format!("{name}@{digest}")]),
            "RepoDigests of {query:?}"
        );
        equal!(
            own["RepoTags"],
            json!([format!("{name}:latest")]),
            "RepoTags"
        );
    }
    Ok(())
}

fn old_filter(s: &Session) -> Outcome {
    let path = format!("/images/json?filter={}", s.target.run);
    let all = s.get(&path)?.expect(200)?.json()?;
    equal!(all.as_array().map(Vec::len), Some(1), "images");
    equal!(all[0]["RepoTags"], json!([s.target.image()]), "RepoTags");
    Ok(())
}
