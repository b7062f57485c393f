//! `GET /containers/{id}/json` through a container's life: which values are
//! filled in when, and which are empty, null or not there.

use serde_json::{Value, json};

use super::Level::Must;
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "keys",
        "ContainerInspect: the same keys in every state",
        keys,
    ),
    (
        Must,
        "created",
        "ContainerInspect: nothing of a start before the start",
        created,
    ),
    (
        Must,
        "failed-start",
        "ContainerInspect: after a start that failed",
        failed,
    ),
    (
        Must,
        "running",
        "ContainerInspect: what a start fills in",
        running,
    ),
    (
        Must,
        "exited",
        "ContainerInspect: what stays after the end",
        exited,
    ),
    (
        Must,
        "privileged",
        "ContainerInspect: null where nothing is masked",
        privileged,
    ),
    (
        Must,
        "network-of-another",
        "ContainerInspect: NetworkMode container has no network of its own",
        network_of_another,
    ),
];

const KEYS: [&str; 23] = [
    "Id",
    "Created",
    "Path",
    "Args",
    "State",
    "Image",
    "ResolvConfPath",
    "HostnamePath",
    "HostsPath",
    "LogPath",
    "Name",
    "RestartCount",
    "Driver",
    "Platform",
    "MountLabel",
    "ProcessLabel",
    "AppArmorProfile",
    "ExecIDs",
    "HostConfig",
    "GraphDriver",
    "Mounts",
    "Config",
    "NetworkSettings",
];

/// The time of what has not happened.
const NEVER: &str = "0001-01-01T00:00:00Z";

const FILES: [&str; 3] = ["ResolvConfPath", "HostnamePath", "HostsPath"];

fn keys(s: &Session) -> Outcome {
    let id = s.create(&["sleep", "60"], json!({}))?;
    let look = || -> Outcome {
        let seen = s.inspect(&id)?;
        let mut names: Vec<&str> = seen
            .as_object()
            .into_iter()
            .flat_map(|all| all.keys().map(String::as_str))
            .collect();
        let mut expected = KEYS.to_vec();
        names.sort_unstable();
        expected.sort_unstable();
        equal!(names, expected, "keys, {}", seen["State"]["Status"]);
        let data = &seen["GraphDriver"]["Data"];
        for key in ["LowerDir", "MergedDir", "UpperDir", "WorkDir"] {
            ensure!(data[key].is_string(), "GraphDriver.Data is {data}");
        }
        Ok(())
    };
    look()?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    look()?;
    s.post(&format!("/containers/{id}/kill"))?.expect(204)?;
    s.wait(&id)?;
    look()
}

/// NetworkSettings of a container that has no network now, but for Networks.
/// dockerd goes on to name the sandbox of the last run, though it is gone: an
/// engine may as well not.
fn no_settings(seen: &Value) -> Outcome {
    let mut settings = seen["NetworkSettings"].clone();
    settings["Networks"] = json!(null);
    if seen["State"]["StartedAt"] != NEVER || seen["State"]["Error"] != "" {
        settings["SandboxID"] = "".into();
        settings["SandboxKey"] = "".into();
    }
    let empty = json!({
        "Bridge": "",
        "SandboxID": "",
        "HairpinMode": false,
        "LinkLocalIPv6Address": "",
        "LinkLocalIPv6PrefixLen": 0,
        "Ports": {},
        "SandboxKey": "",
        "SecondaryIPAddresses": null,
        "SecondaryIPv6Addresses": null,
        "EndpointID": "",
        "Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "IPAddress": "",
        "IPPrefixLen": 0,
        "IPv6Gateway": "",
        "MacAddress": "",
        "Networks": null,
    });
    equal!(settings, empty, "NetworkSettings");
    Ok(())
}

/// The container's end of the network `none`.
fn endpoint(network: &str, endpoint: &str) -> Value {
    json!({
        "IPAMConfig": null,
        "Links": null,
        "Aliases": null,
        "NetworkID": network,
        "EndpointID": endpoint,
        "Gateway": "",
        "IPAddress": "",
        "IPPrefixLen": 0,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "MacAddress": "",
        "DriverOpts": null,
    })
}

fn created(s: &Session) -> Outcome {
    let seen = s.inspect(&s.create(&["true"], json!({}))?)?;
    for file in FILES {
        equal!(seen[file], "", "{file}");
    }
    equal!(seen["LogPath"], "", "LogPath");
    no_settings(&seen)?;
    equal!(
        seen["NetworkSettings"]["Networks"],
        json!({"none": endpoint("", "")}),
        "Networks"
    );
    equal!(seen["ExecIDs"], json!(null), "ExecIDs");
    equal!(seen["RestartCount"], 0, "RestartCount");
    Ok(())
}

fn failed(s: &Session) -> Outcome {
    let id = s.create(&["nosuchprogram"], json!({}))?;
    let text = "OCI runtime create failed: runc create failed: unable to start container \
                process: exec: \"nosuchprogram\": executable file not found in $PATH: unknown";
    s.post(&format!("/containers/{id}/start"))?
        .expect_error(400, text)?;
    let seen = s.inspect(&id)?;
    let mut state = seen["State"].clone();
    let error = state["Error"].take();
    ensure!(
        error.as_str().is_some_and(|error| error.contains(text)),
        "Error is {error}"
    );
    let expected = json!({
        "Status": "created",
        "Running": false,
        "Paused": false,
        "Restarting": false,
        "OOMKilled": false,
        "Dead": false,
        "Pid": 0,
        "ExitCode": 127,
        "Error": null,
        "StartedAt": NEVER,
        "FinishedAt": NEVER,
    });
    equal!(state, expected, "State");
    no_settings(&seen)?;
    for file in FILES.iter().chain(&["LogPath"]) {
        ensure!(seen[*file] != "", "{file} is empty");
    }
    Ok(())
}

fn running(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    let seen = s.inspect(&id)?;
    for file in FILES.iter().chain(&["LogPath"]) {
        let path = seen[*file].as_str().unwrap_or_default();
        ensure!(
            path.starts_with('/') && path.contains(&id),
            "{file} is {path:?}"
        );
    }
    let state = &seen["State"];
    ensure!(state["Pid"].as_u64() > Some(1), "Pid is {}", state["Pid"]);
    equal!(state["Running"], true, "Running");
    equal!(state["FinishedAt"], NEVER, "FinishedAt");
    let settings = &seen["NetworkSettings"];
    for key in ["SandboxID", "SandboxKey"] {
        ensure!(settings[key] != "", "{key} is empty");
    }
    let own = &settings["Networks"]["none"];
    for key in ["NetworkID", "EndpointID"] {
        let length = own[key].as_str().map(str::len);
        equal!(length, Some(64), "length of {key}");
    }
    Ok(())
}

fn exited(s: &Session) -> Outcome {
    let id = s.run(&["exit", "3"], json!({}))?;
    s.wait(&id)?;
    let seen = s.inspect(&id)?;
    no_settings(&seen)?;
    let own = &seen["NetworkSettings"]["Networks"]["none"];
    let network = own["NetworkID"].as_str().unwrap_or_default();
    equal!(network.len(), 64, "length of NetworkID");
    equal!(*own, endpoint(network, ""), "Networks.none");
    let state = &seen["State"];
    equal!(state["Status"], "exited", "Status");
    equal!(state["ExitCode"], 3, "ExitCode");
    equal!(state["Pid"], 0, "Pid");
    equal!(state["Error"], "", "Error");
    // A short life may end, by dockerd's clocks, before it began.
    for time in ["StartedAt", "FinishedAt"] {
        ensure!(state[time] != NEVER, "{time} is {}", state[time]);
    }
    ensure!(seen["LogPath"] != "", "LogPath is empty");
    Ok(())
}

fn privileged(s: &Session) -> Outcome {
    let host = json!({"NetworkMode": "none", "Privileged": true});
    let seen = s.inspect(&s.create(&["true"], json!({"HostConfig": host}))?)?;
    for key in ["MaskedPaths", "ReadonlyPaths"] {
        equal!(seen["HostConfig"].get(key), Some(&json!(null)), "{key}");
    }
    equal!(
        seen["HostConfig"]["SecurityOpt"],
        json!(["label=disable"]),
        "SecurityOpt"
    );
    Ok(())
}

fn network_of_another(s: &Session) -> Outcome {
    let other = s.run(&["sleep", "60"], json!({"Hostname": "theirs"}))?;
    let host = json!({"NetworkMode": format!("container:{}", &other[..12])});
    let id = s.run(&["sleep", "60"], json!({"HostConfig": host}))?;
    let seen = s.inspect(&id)?;
    let mode = format!("container:{other}");
    equal!(seen["HostConfig"]["NetworkMode"], mode, "NetworkMode");
    equal!(seen["Config"]["Hostname"], "theirs", "Hostname");
    no_settings(&seen)?;
    equal!(seen["NetworkSettings"]["Networks"], json!({}), "Networks");
    for file in FILES {
        let path = seen[file].as_str().unwrap_or_default();
        ensure!(path.contains(&other), "{file} is {path:?}, not the other's");
    }
    Ok(())
}
