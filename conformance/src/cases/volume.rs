//! `/volumes`: what can be made, found, used and removed.

use serde_json::{Value, json};

use super::Level::{Must, Quirk};
use super::Row;
use super::events::escape;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "create",
        "VolumeCreate: what was sent is shown",
        create,
    ),
    (Must, "unnamed", "VolumeCreate: a name is made up", unnamed),
    (
        Must,
        "again",
        "VolumeCreate: a second time it is found",
        again,
    ),
    (
        Must,
        "names",
        "VolumeCreate: 400 for what is no name",
        names,
    ),
    (
        Must,
        "drivers",
        "VolumeCreate: 404 for an unknown driver",
        drivers,
    ),
    (
        Must,
        "options",
        "VolumeCreate: options of the driver local",
        options,
    ),
    (
        Quirk,
        "no-options",
        "VolumeCreate: none at all, and an empty map",
        no_options,
    ),
    (
        Must,
        "missing",
        "VolumeInspect, VolumeDelete: 404; with force 204",
        missing,
    ),
    (Must, "list", "VolumeList: filters", list),
    (
        Quirk,
        "filters",
        "VolumeList, VolumePrune: wrong filters",
        filters,
    ),
    (
        Must,
        "in-use",
        "VolumeDelete: 409 while a container has it",
        in_use,
    ),
    (
        Must,
        "prune",
        "VolumePrune: what nobody uses, by label",
        prune,
    ),
    (
        Must,
        "tmpfs",
        "VolumeCreate: type=tmpfs, mounted where it is used",
        tmpfs,
    ),
    (
        Quirk,
        "unmountable",
        "ContainerStart: what cannot be mounted",
        unmountable,
    ),
];

fn make(s: &Session, body: &Value) -> Outcome<Value> {
    s.post_json("/volumes/create", body)?.expect(201)?.json()
}

/// A body with a name of its own that is removed at the end.
fn named(s: &Session, more: Value) -> Value {
    let mut body = json!({"Name": s.volume_name()});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    body
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn create(s: &Session) -> Outcome {
    let body = named(s, json!({"Driver": "local", "Labels": {"a": "b"}}));
    let made = make(s, &body)?;
    equal!(made["Name"], body["Name"], "Name");
    equal!(made["Driver"], "local", "Driver");
    equal!(made["Scope"], "local", "Scope");
    equal!(made["Labels"], json!({"a": "b"}), "Labels");
    equal!(made["Options"], Value::Null, "Options");
    let place = text(&made["Mountpoint"]);
    let end = format!("/volumes/{}/_data", text(&body["Name"]));
    ensure!(place.ends_with(&end), "Mountpoint: {place}");
    ensure!(text(&made["CreatedAt"]).contains('T'), "CreatedAt");
    let path = format!("/volumes/{}", text(&body["Name"]));
    equal!(s.get(&path)?.expect(200)?.json()?, made, "inspect");
    s.call("DELETE", &path)?.expect(204)?;
    s.get(&path)?.expect(404)?;
    Ok(())
}

fn unnamed(s: &Session) -> Outcome {
    let made = make(s, &json!({}))?;
    let name = text(&made["Name"]);
    s.call("DELETE", &format!("/volumes/{name}"))?.expect(204)?;
    let is_id = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure!(is_id, "Name: {name}");
    equal!(made["Labels"], Value::Null, "Labels");
    Ok(())
}

fn again(s: &Session) -> Outcome {
    let mut body = named(s, json!({"Labels": {"a": "b"}}));
    let made = make(s, &body)?;
    body["Labels"] = json!({"c": "d"});
    equal!(make(s, &body)?, made, "the second answer");
    Ok(())
}

fn names(s: &Session) -> Outcome {
    let short = json!({"Name": "a"});
    s.post_json("/volumes/create", &short)?.expect_error(
        400,
        "create a: volume name is too short, names should be at least two alphanumeric characters",
    )?;
    for name in ["a/b", "/tmp", ".a", "a b", "..", "-x"] {
        let text = format!(
            "create {name}: \"{name}\" includes invalid characters for a local volume name, only \
             \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, \
             use absolute path"
        );
        s.post_json("/volumes/create", &json!({"Name": name}))?
            .expect_error(400, &text)?;
    }
    Ok(())
}

fn drivers(s: &Session) -> Outcome {
    let body = named(s, json!({"Driver": "nosuchdriver"}));
    s.post_json("/volumes/create", &body)?
        .expect_error(404, "error looking up volume plugin nosuchdriver")?;
    Ok(())
}

fn options(s: &Session) -> Outcome {
    let table = [
        (json!({"foo": "x"}), "invalid option: \"foo\""),
        (json!({"DEVICE": "x"}), "invalid option: \"DEVICE\""),
        (
            json!({"type": "tmpfs"}),
            "missing required option: \"device\"",
        ),
        (json!({"o": "bind"}), "missing required option: \"device\""),
        (json!({"device": "x"}), "missing required option: \"type\""),
        (
            json!({"size": "10m"}),
            "quota size requested but no quota support",
        ),
    ];
    for (options, text) in table {
        let body = named(s, json!({"DriverOpts": options}));
        let text = format!("create {}: {text}", self::text(&body["Name"]));
        s.post_json("/volumes/create", &body)?
            .expect_error(400, &text)?;
    }
    let good = [
        json!({"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}),
        json!({"type": "nfs", "device": ":/srv", "o": "addr=127.0.0.1"}),
        json!({"type": "none", "device": "/nosuch", "o": "bind"}),
        json!({"type": "", "device": ""}),
    ];
    for options in good {
        let made = make(s, &named(s, json!({"DriverOpts": options})))?;
        equal!(made["Options"], options, "Options");
    }
    Ok(())
}

fn no_options(s: &Session) -> Outcome {
    let made = make(s, &named(s, json!({"DriverOpts": {}, "Labels": {}})))?;
    equal!(made["Options"], json!({}), "Options");
    equal!(made["Labels"], json!({}), "Labels");
    let made = make(s, &named(s, json!({"DriverOpts": null, "Labels": null})))?;
    equal!(made["Options"], Value::Null, "Options");
    equal!(made["Labels"], Value::Null, "Labels");
    Ok(())
}

fn missing(s: &Session) -> Outcome {
    let text = "get nosuchvolume: no such volume";
    s.get("/volumes/nosuchvolume")?.expect_error(404, text)?;
    s.call("DELETE", "/volumes/nosuchvolume")?
        .expect_error(404, text)?;
    s.call("DELETE", "/volumes/nosuchvolume?force=1")?
        .expect(204)?;
    Ok(())
}

fn list(s: &Session) -> Outcome {
    let (label, name) = (s.name(), s.volume_name());
    let used = s.volume_name();
    for volume in [&name, &used] {
        make(s, &json!({"Name": volume, "Labels": {&label: "x"}}))?;
    }
    s.create(
        &["true"],
        json!({"HostConfig": {"Binds": [format!("{used}:/x")]}}),
    )?;
    let labelled = format!("{label}=x");
    let table = [
        (json!({"label": [label]}), vec![&name, &used]),
        (json!({"label": [labelled]}), vec![&name, &used]),
        (json!({"label": [format!("{label}=y")]}), vec![]),
        (json!({"label": [label], "dangling": ["true"]}), vec![&name]),
        (json!({"label": [label], "dangling": ["0"]}), vec![&used]),
        (json!({"label": [label], "name": [name]}), vec![&name]),
        (json!({"name": [format!("^{name}$")]}), vec![&name]),
        (
            json!({"label": [label], "driver": ["local"]}),
            vec![&name, &used],
        ),
        (json!({"label": [label], "driver": ["other"]}), vec![]),
    ];
    for (filters, expected) in table {
        let answer = s.get(&format!("/volumes?filters={}", escape(&filters)))?;
        let answer = answer.expect(200)?.json()?;
        let volumes = answer["Volumes"].as_array().cloned().unwrap_or_default();
        let mut found: Vec<&str> = volumes.iter().map(|volume| text(&volume["Name"])).collect();
        found.sort_unstable();
        equal!(found, expected, "{filters}");
        equal!(answer["Warnings"], Value::Null, "Warnings");
    }
    Ok(())
}

fn filters(s: &Session) -> Outcome {
    let table = [
        ("GET", "/volumes", json!({"x": ["y"]}), "Invalid filter 'x'"),
        (
            "GET",
            "/volumes",
            json!({"label!": ["y"]}),
            "Invalid filter 'label!'",
        ),
        (
            "GET",
            "/volumes",
            json!({"dangling": ["odd"]}),
            "Invalid filter 'dangling=[odd]'",
        ),
        (
            "POST",
            "/volumes/prune",
            json!({"x": ["y"]}),
            "Invalid filter 'x'",
        ),
        (
            "POST",
            "/volumes/prune",
            json!({"until": ["1h"]}),
            "Invalid filter 'until'",
        ),
        (
            "POST",
            "/containers/prune",
            json!({"x": ["y"]}),
            "Invalid filter 'x'",
        ),
        (
            "GET",
            "/containers/json",
            json!({"x": ["y"]}),
            "Invalid filter 'x'",
        ),
        (
            "GET",
            "/containers/json",
            json!({"status": ["odd"]}),
            "Invalid filter 'status=odd'",
        ),
        (
            "GET",
            "/containers/json",
            json!({"is-task": ["odd"]}),
            "Invalid filter 'is-task=[odd]'",
        ),
        (
            "GET",
            "/images/json",
            json!({"x": ["y"]}),
            "Invalid filter 'x'",
        ),
    ];
    for (method, path, filters, text) in table {
        let path = format!("{path}?filters={}", escape(&filters));
        // Others prune as well, one at a time.
        let answer = s.until("its turn", || {
            let answer = s.call(method, &path)?;
            Ok((answer.head.status != 409).then_some(answer))
        })?;
        let message = answer.expect(400)?.json()?;
        equal!(message["message"], text, "{method} {path}");
    }
    Ok(())
}

fn in_use(s: &Session) -> Outcome {
    let volume = s.volume_name();
    let id = s.create(
        &["true"],
        json!({"HostConfig": {"Binds": [format!("{volume}:/x")]}}),
    )?;
    let path = format!("/volumes/{volume}");
    for query in ["", "?force=1"] {
        let text = format!("remove {volume}: volume is in use - [{id}]");
        s.call("DELETE", &format!("{path}{query}"))?
            .expect_error(409, &text)?;
    }
    s.call("DELETE", &format!("/containers/{id}?v=1"))?
        .expect(204)?;
    // It has a name: it stays.
    s.get(&path)?.expect(200)?;
    s.call("DELETE", &path)?.expect(204)?;
    Ok(())
}

fn prune(s: &Session) -> Outcome {
    let (label, free, used) = (s.name(), s.volume_name(), s.volume_name());
    let with_options = s.volume_name();
    for volume in [&free, &used] {
        make(s, &json!({"Name": volume, "Labels": {&label: "x"}}))?;
    }
    let options = json!({"type": "tmpfs", "device": "tmpfs"});
    let labels = json!({&label: "x"});
    make(
        s,
        &json!({"Name": with_options, "Labels": labels, "DriverOpts": options}),
    )?;
    s.create(
        &["true"],
        json!({"HostConfig": {"Binds": [format!("{used}:/x")]}}),
    )?;
    let prune = |filters: Value| {
        s.until("its turn", || {
            let answer = s.post(&format!("/volumes/prune?filters={}", escape(&filters)))?;
            Ok((answer.head.status != 409).then_some(answer))
        })?
        .expect(200)?
        .json()
    };
    let none = prune(json!({"label": [s.name()]}))?;
    equal!(
        none,
        json!({"VolumesDeleted": [], "SpaceReclaimed": 0}),
        "nothing"
    );
    let some = prune(json!({"label": [label]}))?;
    equal!(some["VolumesDeleted"], json!([free]), "VolumesDeleted");
    s.get(&format!("/volumes/{used}"))?.expect(200)?;
    s.get(&format!("/volumes/{with_options}"))?.expect(200)?;
    Ok(())
}

fn tmpfs(s: &Session) -> Outcome {
    let options = json!({"type": "tmpfs", "device": "tmpfs", "o": "size=1m"});
    let body = named(s, json!({"DriverOpts": options}));
    make(s, &body)?;
    let bind = format!("{}:/x", text(&body["Name"]));
    let host = json!({"HostConfig": {"NetworkMode": "none", "Binds": [bind]}});
    let id = s.run(&["sleep", "60"], host.clone())?;
    // Two containers share it, and once nobody has it, its content is gone.
    let writer = s.run(&["write", "/x/f", "there"], host.clone())?;
    equal!(s.wait(&writer)?, 0, "write");
    let reader = s.run(&["cat", "/x/f"], host.clone())?;
    equal!(s.wait(&reader)?, 0, "cat");
    s.post(&format!("/containers/{id}/kill"))?.expect(204)?;
    s.wait(&id)?;
    // When it is unmounted the containers' ends were told already.
    s.until("the memory to be let go of", || {
        let reader = s.run(&["cat", "/x/f"], host.clone())?;
        Ok((s.wait(&reader)? != 0).then_some(()))
    })
}

fn unmountable(s: &Session) -> Outcome {
    let nowhere = json!({"type": "none", "device": "/no/such", "o": "bind"});
    let unknown = json!({"type": "nosuchfs", "device": "x"});
    let odd = json!({"type": "tmpfs", "device": "tmpfs", "o": "bogus=3"});
    let nameless = json!({"type": "nfs", "device": ":/", "o": "addr=nosuch.invalid"});
    let failed = "failed to mount local volume: mount";
    let table = [
        (
            nowhere,
            format!("{failed} /no/such:@, flags: 0x1000: no such file or directory"),
        ),
        (unknown, format!("{failed} x:@: no such device")),
        (
            odd,
            format!("{failed} tmpfs:@, data: bogus=3: invalid argument"),
        ),
        (
            nameless,
            "error resolving passed in network volume address: lookup nosuch.invalid".into(),
        ),
    ];
    for (options, text) in table {
        let made = make(s, &named(s, json!({"DriverOpts": options})))?;
        let place = self::text(&made["Mountpoint"]);
        let bind = format!("{}:/x:nocopy", self::text(&made["Name"]));
        let id = s.create(&["true"], json!({"HostConfig": {"Binds": [bind]}}))?;
        let text = format!("error while mounting volume '{place}': {text}");
        s.post(&format!("/containers/{id}/start"))?
            .expect_error(500, &text.replace('@', place))?;
        let state = s.inspect(&id)?["State"].clone();
        equal!(state["Status"], "created", "Status");
        equal!(state["ExitCode"], 128, "ExitCode");
    }
    Ok(())
}
