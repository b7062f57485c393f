//! `GET /containers/{id}/json`: values that the engine fills in.

use serde_json::json;

use super::Level::{Must, Quirk, Should};
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "not-found",
        "ContainerInspect: 404 No such container",
        not_found,
    ),
    (
        Must,
        "by-name-and-prefix",
        "names: id, name with or without slash, unique prefix",
        lookup,
    ),
    (
        Must,
        "never-started",
        "ContainerInspect: a created container",
        created,
    ),
    (
        Must,
        "ended",
        "ContainerInspect: state after the end",
        ended,
    ),
    (
        Must,
        "configuration-is-echoed",
        "ContainerInspect: Config as given",
        echoed,
    ),
    (
        Must,
        "filled-in",
        "ContainerInspect: values when not given",
        filled_in,
    ),
    (
        Quirk,
        "empties",
        "ContainerInspect: null against [] against {}",
        empties,
    ),
    (
        Should,
        "size",
        "ContainerInspect: sizes only when asked",
        size,
    ),
    (
        Must,
        "image-is-an-id",
        "ContainerInspect: Image is the id",
        image_id,
    ),
];

fn not_found(s: &Session) -> Outcome {
    s.get("/containers/nosuchcontainer/json")?
        .expect_error(404, "No such container: nosuchcontainer")?;
    Ok(())
}

fn lookup(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let name = s.inspect(&id)?["Name"].as_str().unwrap_or("").to_owned();
    for form in [&id[..12], &name[1..], &id] {
        equal!(s.inspect(form)?["Id"], id, "found by {form}");
    }
    Ok(())
}

fn created(s: &Session) -> Outcome {
    let seen = s.inspect(&s.create(&["echo", "a b", "c"], json!({}))?)?;
    let state = &seen["State"];
    equal!(state["Status"], "created", "Status");
    for flag in ["Running", "Paused", "Restarting", "OOMKilled", "Dead"] {
        equal!(state[flag], false, "{flag}");
    }
    equal!(state["Pid"], 0, "Pid");
    equal!(state["ExitCode"], 0, "ExitCode");
    for time in ["StartedAt", "FinishedAt"] {
        equal!(state[time], "0001-01-01T00:00:00Z", "{time}");
    }
    equal!(seen["Path"], "echo", "Path");
    equal!(seen["Args"], json!(["a b", "c"]), "Args");
    equal!(seen["RestartCount"], 0, "RestartCount");
    equal!(seen["Platform"], "linux", "Platform");
    let time = seen["Created"].as_str().unwrap_or("");
    ensure!(
        time.ends_with('Z') && time.contains('T') && time.len() > 20,
        "Created is {time}"
    );
    Ok(())
}

fn ended(s: &Session) -> Outcome {
    let id = s.run(&["exit", "7"], json!({}))?;
    equal!(s.wait(&id)?, 7, "exit code");
    let state = s.inspect(&id)?["State"].clone();
    equal!(state["Status"], "exited", "Status");
    equal!(state["ExitCode"], 7, "ExitCode");
    equal!(state["Pid"], 0, "Pid");
    equal!(state["Error"], "", "Error");
    // Their order is not: dockerd notes the start of so short a life after its end.
    for time in ["StartedAt", "FinishedAt"] {
        let text = state[time].as_str().unwrap_or("0001");
        ensure!(!text.starts_with("0001"), "{time} is {text}");
    }
    Ok(())
}

fn echoed(s: &Session) -> Outcome {
    let given = json!({
        "Env": ["B=2", "A=1"], "Labels": {"k": "v"}, "WorkingDir": "/tmp", "User": "1000:2000",
        "Hostname": "hosty", "StopSignal": "SIGUSR1", "StopTimeout": 3, "Tty": true, "OpenStdin": true,
        "ExposedPorts": {"80/tcp": {}}, "Entrypoint": ["echo"],
    });
    let seen = s.inspect(&s.create(&["x"], given.clone())?)?;
    for key in [
        "Labels",
        "WorkingDir",
        "User",
        "Hostname",
        "StopSignal",
        "StopTimeout",
        "Tty",
        "OpenStdin",
        "ExposedPorts",
        "Entrypoint",
    ] {
        equal!(seen["Config"][key], given[key], "Config.{key}");
    }
    let env = seen["Config"]["Env"].to_string();
    ensure!(env.starts_with("[\"B=2\",\"A=1\""), "Config.Env is {env}");
    equal!(seen["Path"], "echo", "Path");
    Ok(())
}

fn filled_in(s: &Session) -> Outcome {
    let body = json!({"Image": s.target.image()});
    let made = s
        .post_json("/containers/create", &body)?
        .expect(201)?
        .json()?;
    let id = made["Id"].as_str().unwrap_or("").to_owned();
    let seen = s.inspect(&id)?;
    let (config, host) = (&seen["Config"], &seen["HostConfig"]);
    equal!(config["Hostname"], &id[..12], "Hostname");
    equal!(config["Image"], s.target.image(), "Config.Image");
    equal!(config["Labels"], json!({}), "Labels");
    equal!(config["Cmd"], json!(["sleep", "600"]), "Cmd of the image");
    equal!(host["ShmSize"], 67_108_864, "ShmSize");
    equal!(host["IpcMode"], "private", "IpcMode");
    equal!(
        host["LogConfig"],
        json!({"Type": "json-file", "Config": {}}),
        "LogConfig"
    );
    equal!(
        host["RestartPolicy"],
        json!({"Name": "", "MaximumRetryCount": 0}),
        "RestartPolicy"
    );
    equal!(host["ConsoleSize"], json!([0, 0]), "ConsoleSize");
    ensure!(
        matches!(host["NetworkMode"].as_str(), Some("default" | "bridge")),
        "NetworkMode is {}",
        host["NetworkMode"]
    );
    ensure!(
        host["MaskedPaths"].to_string().contains("/proc/kcore"),
        "MaskedPaths is {}",
        host["MaskedPaths"]
    );
    ensure!(
        host["ReadonlyPaths"].to_string().contains("/proc/sys"),
        "ReadonlyPaths is {}",
        host["ReadonlyPaths"]
    );
    Ok(())
}

fn empties(s: &Session) -> Outcome {
    let body = json!({"Image": s.target.image()});
    let made = s
        .post_json("/containers/create", &body)?
        .expect(201)?
        .json()?;
    let seen = s.inspect(made["Id"].as_str().unwrap_or(""))?;
    for key in [
        "Binds",
        "VolumesFrom",
        "CapAdd",
        "CapDrop",
        "ExtraHosts",
        "Links",
        "SecurityOpt",
        "PortBindings",
    ] {
        equal!(
            seen["HostConfig"].get(key),
            Some(&json!(null)),
            "HostConfig.{key}"
        );
    }
    for key in ["Entrypoint", "OnBuild", "Volumes"] {
        equal!(seen["Config"].get(key), Some(&json!(null)), "Config.{key}");
    }
    for key in [
        "Healthcheck",
        "StopSignal",
        "StopTimeout",
        "Shell",
        "ExposedPorts",
    ] {
        equal!(seen["Config"].get(key), None, "Config.{key}");
    }
    equal!(seen["Mounts"], json!([]), "Mounts");
    equal!(seen["ExecIDs"], json!(null), "ExecIDs");
    equal!(
        seen["NetworkSettings"]["Ports"],
        json!({}),
        "NetworkSettings.Ports"
    );
    Ok(())
}

fn size(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    ensure!(
        s.inspect(&id)?.get("SizeRootFs").is_none(),
        "SizeRootFs without size=1"
    );
    let seen = s
        .get(&format!("/containers/{id}/json?size=1"))?
        .expect(200)?
        .json()?;
    ensure!(
        seen["SizeRootFs"].as_i64().is_some_and(|n| n > 0),
        "SizeRootFs is {}",
        seen["SizeRootFs"]
    );
    Ok(())
}

fn image_id(s: &Session) -> Outcome {
    let image = s
        .get(&format!("/images/{}/json", s.target.image()))?
        .expect(200)?
        .json()?;
    let seen = s.inspect(&s.create(&["true"], json!({}))?)?;
    equal!(seen["Image"], image["Id"], "Image");
    Ok(())
}
