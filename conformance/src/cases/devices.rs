//! Devices: those of the host, rules about them, and what is asked of drivers.

use serde_json::{Value, json};

use super::Level::{Must, Quirk, Should};
use super::Row;
use crate::frames;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "everybodys",
        "the devices that every container has",
        everybodys,
    ),
    (
        Must,
        "given",
        "HostConfig.Devices: a node elsewhere, shown as asked for",
        given,
    ),
    (
        Must,
        "permissions",
        "DeviceMapping.CgroupPermissions: letters of rwm",
        permissions,
    ),
    (
        Quirk,
        "first-stays",
        "two devices for one place: the first is there",
        first_stays,
    ),
    (
        Should,
        "missing",
        "a device that the host lacks starts nothing",
        missing,
    ),
    (
        Should,
        "rules",
        "HostConfig.DeviceCgroupRules, judged at the start",
        rules,
    ),
    (
        Should,
        "requests",
        "HostConfig.DeviceRequests without a driver",
        requests,
    ),
    (
        Should,
        "throttled",
        "HostConfig.BlkioDeviceReadBps and its like: a path that is not there",
        throttled,
    ),
    (
        Should,
        "storage-option",
        "HostConfig.StorageOpt: a name that no storage driver knows",
        storage_option,
    ),
];

/// A mapping as clients send it.
fn mapping(host: &str, inside: &str, permissions: &str) -> Value {
    json!({"PathOnHost": host, "PathInContainer": inside, "CgroupPermissions": permissions})
}

/// A container of its own that asks for this, and no network.
fn create(s: &Session, command: &[&str], host: Value) -> Outcome<String> {
    let mut all = json!({"NetworkMode": "none"});
    for (key, value) in host.as_object().into_iter().flatten() {
        all[key] = value.clone();
    }
    s.create(command, json!({"HostConfig": all}))
}

/// What a container with this writes.
fn said(s: &Session, command: &[&str], host: Value) -> Outcome<frames::Output> {
    let id = create(s, command, host)?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    s.wait(&id)?;
    let path = format!("/containers/{id}/logs?stdout=1&stderr=1");
    Ok(frames::split(&s.get(&path)?.expect(200)?.body)?)
}

/// The whole message of a start that fails with 500; it is kept.
fn refused(s: &Session, host: Value) -> Outcome<String> {
    let id = create(s, &["echo"], host)?;
    let answer = s.post(&format!("/containers/{id}/start"))?.expect(500)?;
    let message = answer.json()?["message"].as_str().unwrap_or("").to_owned();
    let state = &s.inspect(&id)?["State"];
    equal!(state["Status"], "created", "state");
    equal!(state["ExitCode"], 128, "exit code");
    equal!(state["Error"], message.as_str(), "the error that is kept");
    Ok(message)
}

fn everybodys(s: &Session) -> Outcome {
    let listed = said(s, &["ls", "/dev"], json!({}))?.stdout;
    let mut names: Vec<&str> = listed
        .split_whitespace()
        // Where the kernel shows its memory.
        .filter(|name| *name != "core")
        .collect();
    names.sort_unstable();
    let expected = "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero";
    equal!(names.join(" "), expected, "/dev");
    Ok(())
}

fn given(s: &Session) -> Outcome {
    let devices = json!([mapping("/dev/full", "/opt/deep/x", "rwm")]);
    let write = ["write", "/opt/deep/x", "a"];
    let error = said(s, &write, json!({"Devices": devices}))?.stderr;
    ensure!(error.contains("No space left on device"), "{error:?}");
    let id = create(s, &["echo"], json!({"Devices": devices}))?;
    equal!(s.inspect(&id)?["HostConfig"]["Devices"], devices, "shown");
    Ok(())
}

fn permissions(s: &Session) -> Outcome {
    for (letters, command) in [
        ("r", &["write", "/dev/x", "a"] as &[&str]),
        ("w", &["cat", "/dev/x"]),
        ("m", &["cat", "/dev/x"]),
    ] {
        let devices = json!([mapping("/dev/kmsg", "/dev/x", letters)]);
        let error = said(s, command, json!({"Devices": devices}))?.stderr;
        ensure!(
            error.contains("Operation not permitted"),
            "{letters}: {error:?}"
        );
    }
    let none = json!([mapping("/dev/full", "/dev/x", "")]);
    let message = refused(s, json!({"Devices": none}))?;
    ensure!(message.contains("cannot be empty"), "{message:?}");
    Ok(())
}

fn first_stays(s: &Session) -> Outcome {
    let full = mapping("/dev/full", "/dev/x", "rwm");
    let empty = mapping("/dev/null", "/dev/x", "rwm");
    for (devices, fails) in [(json!([full, empty]), true), (json!([empty, full]), false)] {
        let host = json!({"Devices": devices});
        let error = said(s, &["write", "/dev/x", "a"], host)?.stderr;
        let full = error.contains("No space left on device");
        equal!(full, fails, "{devices}: {error:?}");
    }
    Ok(())
}

fn missing(s: &Session) -> Outcome {
    for (path, reason) in [
        ("/dev/no-such-device", "no such file or directory"),
        ("/etc/passwd", "not a device node"),
        ("/etc/passwd/device", "not a directory"),
        ("", "no such file or directory"),
    ] {
        let devices = json!([mapping(path, "/dev/x", "rwm")]);
        let expected = format!(
            "error gathering device information while adding custom device \"{path}\": {reason}"
        );
        equal!(refused(s, json!({"Devices": devices}))?, expected, "{path}");
    }
    Ok(())
}

fn rules(s: &Session) -> Outcome {
    let good = json!(["c 1:11 r", "a *:* rwm", "b 7:* rm"]);
    let id = create(s, &["echo"], json!({"DeviceCgroupRules": good}))?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    let shown = &s.inspect(&id)?["HostConfig"]["DeviceCgroupRules"];
    equal!(*shown, good, "shown");
    for bad in [
        "",
        "c 1:3",
        "x 1:3 r",
        "c 1 r",
        "c 1:3 x",
        "c 1:3 rwmr",
        "c  1:3 r",
        "c 1:3 r ",
    ] {
        let message = refused(s, json!({"DeviceCgroupRules": ["c 1:3 r", bad]}))?;
        let expected = format!("invalid device cgroup rule format: '{bad}'");
        equal!(message, expected, "{bad:?}");
    }
    Ok(())
}

fn requests(s: &Session) -> Outcome {
    for (request, words) in [
        (
            json!({"Count": -1, "Capabilities": [["gpu"]]}),
            "\"\" with capabilities: [[gpu]]",
        ),
        (
            json!({"Driver": "no-such", "DeviceIDs": ["0"], "Capabilities": [["a", "b"], ["c"]]}),
            "\"no-such\" with capabilities: [[a b] [c]]",
        ),
        (json!({}), "\"\" with capabilities: []"),
    ] {
        let expected = format!("could not select device driver {words}");
        let message = refused(s, json!({"DeviceRequests": [request]}))?;
        equal!(message, expected, "{request}");
    }
    Ok(())
}

fn throttled(s: &Session) -> Outcome {
    for field in [
        "BlkioDeviceReadBps",
        "BlkioDeviceWriteBps",
        "BlkioDeviceReadIOps",
        "BlkioDeviceWriteIOps",
    ] {
        let rates = json!([{"Path": "/dev/no-such-device", "Rate": 1 << 20}]);
        let message = refused(s, json!({field: rates}))?;
        let expected = "stat /dev/no-such-device: no such file or directory";
        equal!(message, expected, "{field}");
    }
    Ok(())
}

fn storage_option(s: &Session) -> Outcome {
    let host = json!({"NetworkMode": "none", "StorageOpt": {"colour": "blue"}});
    let body = json!({"Image": s.target.image(), "Cmd": ["echo"], "HostConfig": host});
    s.post_json(&format!("/containers/create?name={}", s.name()), &body)?
        .expect_error(500, "Unknown option colour")?;
    Ok(())
}
