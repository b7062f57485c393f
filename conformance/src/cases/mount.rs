//! What containers mount: `Binds`, `Mounts`, `Tmpfs`, `VolumesFrom`, `Volumes`,
//! and what inspect shows of them.

use serde_json::{Value, json};

use super::Level::{Must, Quirk};
use super::Row;
use super::archive::{archive, put};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::{Answer, Session};

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "inspect",
        "ContainerInspect: Mounts, in every form",
        inspect,
    ),
    (
        Must,
        "made",
        "ContainerCreate: volumes with labels and options",
        made,
    ),
    (
        Must,
        "from-others",
        "HostConfig.VolumesFrom: with and without :ro",
        from_others,
    ),
    (
        Quirk,
        "refused",
        "ContainerCreate: mounts in dockerd's words",
        refused,
    ),
    (
        Must,
        "missing-source",
        "HostConfig: Binds make it, Mounts refuse it",
        missing_source,
    ),
    (
        Must,
        "anonymous",
        "ContainerDelete: v=1 takes unnamed volumes along",
        anonymous,
    ),
    (
        Must,
        "copy-up",
        "Volumes: a new one has what the image has",
        copy_up,
    ),
    (
        Must,
        "read-only",
        "Mounts: a read-only one is not written",
        read_only,
    ),
];

/// Creates a container with this `HostConfig`.
fn post(s: &Session, mut host: Value) -> Outcome<Answer> {
    host["NetworkMode"] = "none".into();
    let body = json!({"Image": s.target.image(), "Cmd": ["true"], "HostConfig": host});
    s.post_json("/containers/create", &body)
}

/// The mounts that inspect shows, by destination.
fn mounts(s: &Session, id: &str) -> Outcome<Vec<Value>> {
    let seen = s.inspect(id)?;
    let mut mounts = seen["Mounts"].as_array().cloned().unwrap_or_default();
    mounts.sort_by_key(|mount| mount["Destination"].to_string());
    Ok(mounts)
}

fn bind(to: &str, mode: &str, writable: bool, propagation: &str) -> Value {
    json!({"Type": "bind", "Source": "/usr", "Destination": to, "Mode": mode,
           "RW": writable, "Propagation": propagation})
}

fn inspect(s: &Session) -> Outcome {
    let (one, two, three, four) = (
        s.volume_name(),
        s.volume_name(),
        s.volume_name(),
        s.volume_name(),
    );
    let host = json!({
        "Binds": ["/usr:/b1", "/usr:/b2:ro,z", "/usr:/b3:rslave", format!("{one}:/v1"),
                  format!("{two}:/v2:ro"), format!("{three}:/v3:nocopy")],
        "Mounts": [
            {"Type": "bind", "Source": "/usr", "Target": "/m1", "ReadOnly": true},
            {"Type": "bind", "Source": "/usr", "Target": "/m2",
             "BindOptions": {"Propagation": "rshared"}},
            {"Type": "volume", "Source": four, "Target": "/w1", "ReadOnly": true,
             "VolumeOptions": {"NoCopy": true}},
            {"Type": "tmpfs", "Target": "/t1",
             "TmpfsOptions": {"SizeBytes": 1048576, "Mode": 1000}},
        ],
        "Tmpfs": {"/t2": "size=64k"},
    });
    let body = json!({"Volumes": {"/anon": {}}, "HostConfig": host});
    let id = s.create(&["true"], body)?;
    let found = mounts(s, &id)?;
    let volume = |name: &str, to: &str, mode: &str, writable: bool| -> Outcome<Value> {
        let known = s.get(&format!("/volumes/{name}"))?.expect(200)?.json()?;
        Ok(
            json!({"Type": "volume", "Name": name, "Source": known["Mountpoint"],
                  "Destination": to, "Driver": "local", "Mode": mode, "RW": writable,
                  "Propagation": ""}),
        )
    };
    let made_up = found[0]["Name"].as_str().unwrap_or_default();
    equal!(made_up.len(), 64, "a name that was made up");
    let expected = [
        volume(made_up, "/anon", "", true)?,
        bind("/b1", "", true, "rprivate"),
        bind("/b2", "ro,z", false, "rprivate"),
        bind("/b3", "rslave", true, "rslave"),
        bind("/m1", "", false, "rprivate"),
        bind("/m2", "", true, "rshared"),
        json!({"Type": "tmpfs", "Source": "", "Destination": "/t1", "Mode": "", "RW": true,
               "Propagation": ""}),
        volume(&one, "/v1", "z", true)?,
        volume(&two, "/v2", "ro", false)?,
        volume(&three, "/v3", "nocopy", true)?,
        volume(&four, "/w1", "z", false)?,
    ];
    equal!(found.len(), expected.len(), "the number of mounts");
    for (found, expected) in found.iter().zip(&expected) {
        equal!(found, expected, "a mount");
    }
    let seen = s.inspect(&id)?;
    equal!(
        seen["HostConfig"]["Mounts"],
        host["Mounts"],
        "HostConfig.Mounts"
    );
    equal!(
        seen["HostConfig"]["Binds"],
        host["Binds"],
        "HostConfig.Binds"
    );
    Ok(())
}

fn made(s: &Session) -> Outcome {
    let name = s.volume_name();
    let options = json!({"type": "tmpfs", "device": "tmpfs", "o": "size=1m"});
    let mount = json!({"Type": "volume", "Source": name, "Target": "/x", "VolumeOptions": {
        "Labels": {"a": "b"}, "DriverConfig": {"Name": "local", "Options": options}}});
    post(s, json!({"Mounts": [mount]}))?.expect(201)?;
    let known = s.get(&format!("/volumes/{name}"))?.expect(200)?.json()?;
    equal!(known["Labels"], json!({"a": "b"}), "Labels");
    equal!(known["Options"], options, "Options");
    Ok(())
}

fn from_others(s: &Session) -> Outcome {
    let name = s.volume_name();
    let host = json!({"NetworkMode": "none", "Binds": [
        format!("{name}:/v1"), "/usr:/b1:rslave", "/usr:/b2:ro"]});
    let base = s.create(
        &["true"],
        json!({"Volumes": {"/anon": {}}, "HostConfig": host}),
    )?;
    let theirs = mounts(s, &base)?;
    for (mode, writable) in [("", true), (":rw", true), (":ro", false), (":z", true)] {
        let body = json!({"HostConfig": {"VolumesFrom": [format!("{base}{mode}")]}});
        let id = s.create(&["true"], body)?;
        let found = mounts(s, &id)?;
        let mut expected = theirs.clone();
        for mount in &mut expected {
            mount["Mode"] = "".into();
            mount["RW"] = json!(writable && mount["RW"] == true);
        }
        equal!(found, expected, "with {mode:?}");
    }
    for spec in [
        "nosuchcontainer".to_owned(),
        String::new(),
        format!("{base}:odd"),
    ] {
        let text = match spec.as_str() {
            "" => "volumes-from specification cannot be an empty string",
            "nosuchcontainer" => "No such container: nosuchcontainer",
            _ => "invalid mode: odd",
        };
        post(s, json!({"VolumesFrom": [spec]}))?.expect_error(400, text)?;
    }
    Ok(())
}

fn refused(s: &Session) -> Outcome {
    let typed =
        |kind: &str, text: &str| format!("invalid mount config for type \"{kind}\": {text}");
    let relative = |path: &str| format!("invalid mount path: '{path}' mount path must be absolute");
    let mounts = [
        (
            json!({"Type": "bind", "Source": "rel", "Target": "/x"}),
            typed("bind", &relative("rel")),
        ),
        (
            json!({"Type": "bind", "Source": "/usr", "Target": "x"}),
            typed("bind", &relative("x")),
        ),
        (
            json!({"Type": "bind", "Source": "/usr", "Target": ""}),
            typed("bind", "field Target must not be empty"),
        ),
        (
            json!({"Type": "bind", "Target": "/x"}),
            typed("bind", "field Source must not be empty"),
        ),
        (
            json!({"Type": "bind", "Source": "/usr", "Target": "/x", "VolumeOptions": {}}),
            typed("bind", "field VolumeOptions must not be specified"),
        ),
        (
            json!({"Type": "bind", "Source": "/usr", "Target": "/x",
                   "BindOptions": {"Propagation": "odd"}}),
            typed("bind", "invalid propagation mode: odd"),
        ),
        (
            json!({"Type": "volume", "Source": "vv", "Target": "/"}),
            typed("volume", "invalid specification: destination can't be '/'"),
        ),
        (
            json!({"Type": "volume", "Source": "vv", "Target": "/x", "BindOptions": {}}),
            typed("volume", "field BindOptions must not be specified"),
        ),
        (
            json!({"Type": "tmpfs", "Source": "vv", "Target": "/x"}),
            typed("tmpfs", "field Source must not be specified"),
        ),
        (
            json!({"Type": "odd", "Source": "vv", "Target": "/x"}),
            typed("odd", "mount type unknown"),
        ),
    ];
    for (mount, text) in mounts {
        post(s, json!({"Mounts": [mount]}))?.expect_error(400, &text)?;
    }
    let duplicate = "Duplicate mount point: /x";
    for host in [
        json!({"Binds": ["/usr:/x", "/usr:/x"]}),
        json!({"Binds": ["/usr:/x"], "Tmpfs": {"/x": ""}}),
        json!({"Binds": ["/usr:/x"], "Mounts": [{"Type": "tmpfs", "Target": "/x"}]}),
    ] {
        post(s, host)?.expect_error(400, duplicate)?;
    }
    let binds = [
        (
            "/usr:x",
            format!(
                "invalid volume specification: '/usr:x': {}",
                typed("bind", &relative("x"))
            ),
        ),
        ("/usr:/x:odd", "invalid mode: odd".into()),
        ("vv:/x:ro,rw", "invalid mode: ro,rw".into()),
        (":/x", "invalid volume specification: ':/x'".into()),
        (
            "/usr:/x:nocopy",
            format!(
                "invalid volume specification: '/usr:/x:nocopy': {}",
                typed("bind", "field VolumeOptions must not be specified")
            ),
        ),
        (
            "vv:/x:rshared",
            format!(
                "invalid volume specification: 'vv:/x:rshared': {}",
                typed("volume", "field BindOptions must not be specified")
            ),
        ),
        (
            "vv:/",
            format!(
                "invalid volume specification: 'vv:/': {}",
                typed("volume", "invalid specification: destination can't be '/'")
            ),
        ),
    ];
    for (bind, text) in binds {
        let answer = post(s, json!({"Binds": [bind]}))?;
        answer.expect_mistake(&s.target)?.expect_text(&text)?;
    }
    Ok(())
}

fn missing_source(s: &Session) -> Outcome {
    // Nothing makes it: the container is not started.
    let source = format!("/nosuch-{}", s.name());
    let mount = json!({"Type": "bind", "Source": source, "Target": "/x"});
    let text = format!(
        "invalid mount config for type \"bind\": bind source path does not exist: {source}"
    );
    post(s, json!({"Mounts": [mount]}))?.expect_error(400, &text)?;
    post(s, json!({"Binds": [format!("{source}:/x")]}))?.expect(201)?;
    Ok(())
}

fn anonymous(s: &Session) -> Outcome {
    let named = s.volume_name();
    let host = json!({"NetworkMode": "none", "Binds": [format!("{named}:/n")],
                      "Mounts": [{"Type": "volume", "Target": "/m"}]});
    let body = json!({"Volumes": {"/anon": {}}, "HostConfig": host});
    let id = s.create(&["true"], body)?;
    let volumes: Vec<String> = mounts(s, &id)?
        .iter()
        .filter_map(|mount| Some(mount["Name"].as_str()?.to_owned()))
        .collect();
    equal!(volumes.len(), 3, "volumes");
    s.call("DELETE", &format!("/containers/{id}?v=1"))?
        .expect(204)?;
    for volume in volumes {
        let status = if volume == named { 200 } else { 404 };
        s.get(&format!("/volumes/{volume}"))?.expect(status)?;
    }
    Ok(())
}

fn copy_up(s: &Session) -> Outcome {
    let (full, bare) = (s.volume_name(), s.volume_name());
    let binds = json!([format!("{full}:/bin"), format!("{bare}:/etc:nocopy")]);
    let host = json!({"HostConfig": {"NetworkMode": "none", "Binds": binds}});
    let id = s.run(&["ls", "/bin"], host)?;
    equal!(s.wait(&id)?, 0, "ls of what the image has");
    // An existing volume is taken as it is.
    let host = json!({"HostConfig": {"NetworkMode": "none", "Binds": [format!("{full}:/x")]}});
    let id = s.run(&["rm", "/x/ls"], host.clone())?;
    equal!(s.wait(&id)?, 0, "the files are in the volume");
    let id = s.run(&["cat", "/x/ls"], host)?;
    ensure!(s.wait(&id)? != 0, "what was removed is there again");
    Ok(())
}

fn read_only(s: &Session) -> Outcome {
    let (one, two) = (s.volume_name(), s.volume_name());
    let host = json!({"NetworkMode": "none", "Binds": [format!("{one}:/one:ro")], "Mounts": [
        {"Type": "volume", "Source": two, "Target": "/two", "ReadOnly": true},
        {"Type": "tmpfs", "Target": "/three", "ReadOnly": true}]});
    for place in ["/one", "/two", "/three"] {
        let id = s.run(
            &["touch", &format!("{place}/f")],
            json!({"HostConfig": host}),
        )?;
        equal!(s.wait(&id)?, 1, "touch below {place}");
    }
    // Nor is it by an archive.
    let id = s.create(&["true"], json!({"HostConfig": host}))?;
    let files = archive(&[])?;
    ensure!(
        put(s, &id, "path=/one", files)?.head.status != 200,
        "an archive was written into a read-only volume"
    );
    Ok(())
}
