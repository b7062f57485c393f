//! `/networks`: what is found, by which name and by which filter.

use serde_json::{Value, json};

use super::manage::{make, prune_of, run_on, shown, text};
use super::needs_bridge;
use crate::cases::Level::{Must, Quirk};
use crate::cases::Row;
use crate::cases::events::escape;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "inspect-queries",
        "NetworkInspect: verbose and scope",
        queries,
    ),
    (
        Must,
        "list-is-short",
        "NetworkList: without the containers",
        short,
    ),
    (
        Quirk,
        "ambiguous",
        "NetworkInspect, NetworkDelete: a name of two",
        ambiguous,
    ),
    (
        Must,
        "filters-together",
        "NetworkList: values of one filter add up, filters narrow",
        together,
    ),
    (
        Quirk,
        "filters-refused",
        "NetworkList: filters that are none",
        refused,
    ),
    (
        Must,
        "prune-filters",
        "NetworkPrune: until, label, label!, and what is none",
        prune,
    ),
    (
        Quirk,
        "odd-names",
        "NetworkCreate: names are free, with slashes too",
        odd,
    ),
];

fn names(s: &Session, filters: Value) -> Outcome<Vec<String>> {
    let path = format!("/networks?filters={}", escape(&filters));
    let listed = s.get(&path)?.expect(200)?.json()?;
    let all = listed.as_array().cloned().unwrap_or_default();
    let mut names: Vec<String> = all.iter().map(|n| text(&n["Name"]).to_owned()).collect();
    names.sort();
    Ok(names)
}

fn queries(s: &Session) -> Outcome {
    let (name, id) = make(s, json!({}))?;
    let plain = shown(s, &name)?;
    for query in ["verbose=true", "verbose=false", "scope=local", "scope="] {
        let seen = s.get(&format!("/networks/{id}?{query}"))?.expect(200)?;
        equal!(seen.json()?, plain, "{query}");
    }
    s.get(&format!("/networks/{id}?verbose=perhaps"))?
        .expect_error(400, "invalid value for verbose")?;
    for scope in ["swarm", "global"] {
        s.get(&format!("/networks/{name}?scope={scope}"))?
            .expect_error(404, &format!("network {name} not found"))?;
    }
    Ok(())
}

fn short(s: &Session) -> Outcome {
    needs_bridge(s)?;
    let (name, _) = make(s, json!({}))?;
    let id = run_on(s, &name, json!({}))?;
    let mut seen = shown(s, &name)?;
    ensure!(seen["Containers"][&id].is_object(), "inspect: {seen}");
    seen["Containers"] = json!({});
    let path = format!("/networks?filters={}", escape(&json!({"name": [name]})));
    let listed = s.get(&path)?.expect(200)?.json()?;
    equal!(listed, json!([seen]), "the list");
    Ok(())
}

fn ambiguous(s: &Session) -> Outcome {
    let (name, first) = make(s, json!({}))?;
    let again = s.post_json("/networks/create", &json!({"Name": name}))?;
    let again = again.expect(201)?.json()?;
    let second = text(&again["Id"]).to_owned();
    let message = format!("network {name} is ambiguous");
    s.get(&format!("/networks/{name}"))?
        .expect_error(400, &message)?;
    s.call("DELETE", &format!("/networks/{name}"))?
        .expect_error(400, &message)?;
    equal!(names(s, json!({"name": [name]}))?.len(), 2, "both");
    for id in [&first, &second] {
        equal!(shown(s, id)?["Id"], id.as_str(), "by id");
    }
    s.call("DELETE", &format!("/networks/{second}"))?
        .expect(204)?;
    equal!(shown(s, &name)?["Id"], first.as_str(), "one is left");
    Ok(())
}

fn together(s: &Session) -> Outcome {
    let label = s.name();
    let (one, id) = make(s, json!({"Labels": {&label: "1"}}))?;
    let (two, _) = make(s, json!({"Labels": {&label: "2"}}))?;
    let mut both = vec![one.clone(), two.clone()];
    both.sort();
    let (only, nothing) = (vec![one.clone()], Vec::new());
    for (more, found) in [
        (json!({"name": [one, two]}), &both),
        (json!({"driver": ["host", "bridge"]}), &both),
        (json!({"type": ["custom", "builtin"]}), &both),
        (json!({"dangling": ["1"]}), &both),
        (json!({"id": [id[..12]]}), &only),
        (json!({"label": [label, format!("{label}=1")]}), &only),
        (json!({"name": [format!("^{one}$")]}), &only),
        (json!({"name": ["("]}), &nothing),
        (json!({"driver": ["bri"]}), &nothing),
        (json!({"scope": ["global"]}), &nothing),
        (json!({"type": ["builtin"]}), &nothing),
        (json!({"dangling": ["false"]}), &nothing),
    ] {
        let mut filters = json!({"label": [label]});
        for (key, value) in more.as_object().into_iter().flatten() {
            filters[key] = value.clone();
        }
        equal!(names(s, filters)?, *found, "{more}");
    }
    // The older form of the same.
    let old = json!({"label": {&label: true}});
    equal!(names(s, old)?, both, "as an object");
    Ok(())
}

fn refused(s: &Session) -> Outcome {
    for (filters, message) in [
        (json!({"type": ["foo"]}), "invalid filter: 'type'='foo'"),
        (json!({"is-task": ["1"]}), "Invalid filter 'is-task'"),
        (
            json!({"dangling": ["foo"]}),
            "invalid value for filter 'dangling', must be \"true\" (or \"1\"), or \"false\" (or \
             \"0\")",
        ),
        (
            json!({"dangling": ["true", "false"]}),
            "got more than one value for filter key \"dangling\"",
        ),
    ] {
        s.get(&format!("/networks?filters={}", escape(&filters)))?
            .expect_text(message)?;
    }
    s.get("/networks?filters=foo")?.expect_mistake(&s.target)?;
    Ok(())
}

fn prune(s: &Session) -> Outcome {
    let label = s.name();
    let (one, _) = make(s, json!({"Labels": {&label: "1"}}))?;
    let (two, _) = make(s, json!({"Labels": {&label: "1", "keep": "me"}}))?;
    let prune = |filters: Value| prune_of(s, &filters);
    let nothing = json!({"NetworksDeleted": null});
    for filters in [
        json!({"label": [label], "until": ["1h"]}),
        json!({"label": [format!("{label}=2")]}),
    ] {
        equal!(
            prune(filters.clone())?.expect(200)?.json()?,
            nothing,
            "{filters}"
        );
    }
    let rest = json!({"label": [label], "label!": ["keep"]});
    let pruned = prune(rest)?.expect(200)?.json()?;
    equal!(
        pruned,
        json!({"NetworksDeleted": [one]}),
        "without the other"
    );
    shown(s, &two)?;
    for (filters, message) in [
        (json!({"name": ["x"]}), "Invalid filter 'name'"),
        (json!({"dangling": ["1"]}), "Invalid filter 'dangling'"),
        (
            json!({"until": ["foo"]}),
            "failed to parse value as time or duration: \"foo\"",
        ),
        (
            json!({"until": ["1h", "2h"]}),
            "more than one until filter specified",
        ),
    ] {
        prune(filters)?.expect_text(message)?;
    }
    Ok(())
}

fn odd(s: &Session) -> Outcome {
    let name = s.name();
    for (odd, path) in [
        (format!("{name}/x y"), format!("{name}%2Fx%20y")),
        (format!("{name}ü"), format!("{name}%C3%BC")),
        (format!("container:{name}"), format!("container:{name}")),
    ] {
        s.post_json("/networks/create", &json!({"Name": odd}))?
            .expect(201)?;
        equal!(shown(s, &path)?["Name"], odd.as_str(), "Name");
        s.call("DELETE", &format!("/networks/{path}"))?
            .expect(204)?;
    }
    for name in ["default", "bridge", "none", "host"] {
        s.post_json("/networks/create", &json!({"Name": name}))?
            .expect_error(
                403,
                &format!("operation is not permitted on predefined {name} network "),
            )?;
    }
    s.post_json("/networks/create", &json!({"Name": " "}))?
        .expect_error(500, "invalid name:  ")?;
    Ok(())
}
