//! What broke real clients on engines that meant to be compatible: a case for
//! each complaint about containers and exec that no other table has, with the
//! place of the complaint.

use serde_json::{Value, json};

use super::Level::{Must, Should};
use super::Row;
use crate::frames;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "event-words",
        "podman#10168, #12628, #15485, #16857, #19124: die, exitCode, destroy",
        event_words,
    ),
    (
        Must,
        "attach-to-ended",
        "podman#29664: attaching leaves the state and the exit code",
        attach_to_ended,
    ),
    (
        Must,
        "networks-never-null",
        "podman#9837, #8329: Networks, Ports and Created in every state",
        networks,
    ),
    (
        Must,
        "recreate-from-inspect",
        "podman#23824, watchtower#1060: what inspect says is accepted by create",
        recreate,
    ),
    (
        Must,
        "types-of-lists",
        "podman#21601, #24910: Entrypoint is a list, StopSignal a text",
        types,
    ),
    (
        Must,
        "state-words",
        "podman#17728: State.Status is one of docker's seven words",
        state_words,
    ),
    (
        Must,
        "stats-once",
        "podman#24730, #28761, #15754, #17869: precpu, all processor time, online_cpus, id",
        stats_once,
    ),
    (
        Must,
        "stats-of-stopped",
        "podman#16225: a stopped container has stats, and a stream of them",
        stats_of_stopped,
    ),
    (
        Must,
        "network-default",
        "podman#14983, #16915, #21754: NetworkMode default and bridge; endpoint default",
        network_default,
    ),
    (
        Must,
        "health-check",
        "podman#10617, #10457, #11225: CMD-SHELL as given, Health there, NONE honoured",
        health,
    ),
    (
        Must,
        "limits-of-lists",
        "podman#5553, #7722: limit=-1 and limit=0 mean no limit",
        limits,
    ),
    (
        Must,
        "force-delete-of-missing",
        "podman#25871: force does not turn a missing container into a success",
        force_delete,
    ),
    (
        Must,
        "create-with-the-body-in-the-query",
        "dockerode: the whole body stands in the query too",
        body_in_query,
    ),
    (
        Must,
        "image-as-given",
        "clients find their containers by Config.Image and Image as they wrote them",
        image_as_given,
    ),
    (
        Should,
        "exec-that-cannot-start",
        "clients show the text in the stream: OCI runtime exec failed",
        exec_text,
    ),
];

fn events(s: &Session, id: &str, more: Value) -> Outcome<Vec<Value>> {
    let mut filters = json!({"container": [id]});
    for (key, value) in more.as_object().into_iter().flatten() {
        filters[key] = value.clone();
    }
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    let filters = filters.to_string().replace('"', "%22");
    let filters = filters.replace('{', "%7B").replace('}', "%7D");
    let until = now.as_secs() + 1;
    let answer = s.get(&format!("/events?since=1&until={until}&filters={filters}"))?;
    let events: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(&answer.body)
        .into_iter()
        .collect();
    Ok(events?)
}

fn event_words(s: &Session) -> Outcome {
    let id = s.run(&["exit", "7"], json!({}))?;
    s.wait(&id)?;
    s.call("DELETE", &format!("/containers/{id}"))?
        .expect(204)?;
    let died = events(s, &id, json!({"event": ["die"]}))?;
    equal!(died.len(), 1, "events of the filter event=die");
    equal!(died[0]["Action"], "die", "Action");
    equal!(died[0]["Actor"]["Attributes"]["exitCode"], "7", "exitCode");
    let gone = events(s, &id, json!({"event": ["destroy"]}))?;
    equal!(gone.len(), 1, "events of the filter event=destroy");
    Ok(())
}

fn attach_to_ended(s: &Session) -> Outcome {
    let id = s.run(&["exit", "9"], json!({}))?;
    s.wait(&id)?;
    let path = format!("/containers/{id}/attach?stream=1&stdout=1&stderr=1");
    // Nobody waits for what may never come.
    drop(s.open(&s.request("POST", &path).upgrade())?);
    let path = format!("/containers/{id}/attach?logs=1&stdout=1");
    s.exchange(&s.request("POST", &path))?.expect(200)?;
    let state = s.inspect(&id)?["State"].clone();
    equal!(state["Status"], "exited", "Status");
    equal!(state["ExitCode"], 9, "ExitCode");
    equal!(s.wait(&id)?, 9, "StatusCode");
    Ok(())
}

fn networks(s: &Session) -> Outcome {
    let id = s.create(
        &["sleep", "60"],
        json!({"HostConfig": {"NetworkMode": "none"}}),
    )?;
    let look = |state: &str| -> Outcome {
        let seen = s.inspect(&id)?;
        equal!(seen["State"]["Status"], state, "Status");
        let settings = &seen["NetworkSettings"];
        ensure!(
            settings["Networks"]["none"].is_object() && settings["Ports"].is_object(),
            "{state}: NetworkSettings is {settings}"
        );
        let created = seen["Created"].as_str().unwrap_or_default();
        ensure!(
            created.len() > 20 && created.as_bytes()[10] == b'T' && created.ends_with('Z'),
            "{state}: Created is {created:?}"
        );
        Ok(())
    };
    look("created")?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    look("running")?;
    s.post(&format!("/containers/{id}/kill"))?.expect(204)?;
    s.wait(&id)?;
    look("exited")
}

fn recreate(s: &Session) -> Outcome {
    let id = s.run(
        &["sleep", "60"],
        json!({"HostConfig": {"NetworkMode": "none"}}),
    )?;
    let seen = s.inspect(&id)?;
    let mut body = seen["Config"].clone();
    body["HostConfig"] = seen["HostConfig"].clone();
    body["NetworkingConfig"] = json!({"EndpointsConfig": seen["NetworkSettings"]["Networks"]});
    let made = s
        .post_json("/containers/create", &body)?
        .expect(201)?
        .json()?;
    let twin = made["Id"].as_str().unwrap_or_default();
    s.post(&format!("/containers/{twin}/start"))?.expect(204)?;
    let again = s.inspect(twin)?;
    equal!(again["Config"], seen["Config"], "Config of the twin");
    equal!(
        again["HostConfig"],
        seen["HostConfig"],
        "HostConfig of the twin"
    );
    Ok(())
}

fn types(s: &Session) -> Outcome {
    let more = json!({"Entrypoint": "echo", "StopSignal": "9"});
    let config = s.inspect(&s.create(&["a"], more)?)?["Config"].clone();
    equal!(config["Entrypoint"], json!(["echo"]), "Entrypoint");
    equal!(config["StopSignal"], "9", "StopSignal");
    Ok(())
}

fn state_words(s: &Session) -> Outcome {
    let id = s.create(&["sleep", "60"], json!({}))?;
    let expect = |word: &str| -> Outcome {
        equal!(s.inspect(&id)?["State"]["Status"], word, "Status");
        let listed = s.get("/containers/json?all=1")?.expect(200)?.json()?;
        let listed = listed
            .as_array()
            .and_then(|all| all.iter().find(|c| c["Id"] == id));
        equal!(
            listed.map(|c| &c["State"]),
            Some(&json!(word)),
            "State in the list"
        );
        Ok(())
    };
    let call = |verb: &str| s.post(&format!("/containers/{id}/{verb}"))?.expect(204);
    expect("created")?;
    call("start")?;
    expect("running")?;
    call("pause")?;
    expect("paused")?;
    call("unpause")?;
    call("kill")?;
    s.wait(&id)?;
    expect("exited")
}

fn stats_once(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    let path = format!("/containers/{id}/stats?stream=0");
    let seen = s.get(&path)?.expect(200)?.json()?;
    equal!(seen["id"], id, "id");
    let number = |at: &str| seen.pointer(at).and_then(Value::as_u64).unwrap_or_default();
    let cpus = number("/cpu_stats/online_cpus");
    ensure!(cpus > 0, "online_cpus is {}", seen["cpu_stats"]);
    let (before, after) = (
        number("/precpu_stats/system_cpu_usage"),
        number("/cpu_stats/system_cpu_usage"),
    );
    ensure!(
        0 < before && before < after,
        "system_cpu_usage {before} to {after}"
    );
    // Idle time counts: two samples are about a second apart on each processor.
    let share = (after - before) as f64 / (cpus as f64 * 1e9);
    ensure!(
        (0.3..=5.0).contains(&share),
        "{share} of a second per processor"
    );
    let used = number("/precpu_stats/cpu_usage/total_usage");
    ensure!(used > 0, "precpu_stats is {}", seen["precpu_stats"]);
    ensure!(
        number("/memory_stats/limit") > 0,
        "memory_stats is {}",
        seen["memory_stats"]
    );
    Ok(())
}

fn stats_of_stopped(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let path = format!("/containers/{id}/stats");
    let once = s.get(&format!("{path}?stream=0"))?.expect(200)?.json()?;
    equal!(
        once["cpu_stats"]["cpu_usage"]["total_usage"],
        0,
        "total_usage"
    );
    let mut reply = s.open(&s.request("GET", &path))?;
    equal!(reply.head.status, 200, "status");
    let mut frames = serde_json::Deserializer::from_reader(&mut reply).into_iter::<Value>();
    for which in ["first", "second"] {
        let frame = frames.next().ok_or("the stream ended")??;
        equal!(
            frame["cpu_stats"]["cpu_usage"]["total_usage"],
            0,
            "{which} frame"
        );
    }
    drop(frames);
    s.call("DELETE", &format!("/containers/{id}"))?
        .expect(204)?;
    reply.read_all()?;
    Ok(())
}

fn network_default(s: &Session) -> Outcome {
    for mode in ["default", "bridge"] {
        let host = json!({"NetworkMode": mode});
        let seen = s.inspect(&s.create(&["true"], json!({"HostConfig": host}))?)?;
        equal!(seen["HostConfig"]["NetworkMode"], mode, "NetworkMode");
        let networks = &seen["NetworkSettings"]["Networks"];
        ensure!(
            networks["bridge"].is_object(),
            "{mode}: Networks is {networks}"
        );
    }
    let more = json!({
        "HostConfig": {"NetworkMode": "default"},
        "NetworkingConfig": {"EndpointsConfig": {"default": {}}},
    });
    s.create(&["true"], more)?;
    Ok(())
}

fn health(s: &Session) -> Outcome {
    let check = json!({"Test": ["CMD-SHELL", "true"], "Interval": 60_000_000_000_u64});
    let id = s.run(&["sleep", "60"], json!({"Healthcheck": check}))?;
    let seen = s.inspect(&id)?;
    equal!(seen["Config"]["Healthcheck"], check, "Healthcheck");
    equal!(
        seen["State"]["Health"]["Status"],
        "starting",
        "Health.Status"
    );
    equal!(seen["State"]["Health"]["FailingStreak"], 0, "FailingStreak");
    let none = json!({"Healthcheck": {"Test": ["NONE"]}});
    let seen = s.inspect(&s.run(&["sleep", "60"], none)?)?;
    equal!(seen["State"].get("Health"), None, "Health with NONE");
    Ok(())
}

fn limits(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    for limit in ["-1", "0"] {
        let answer = s
            .get(&format!("/containers/json?limit={limit}"))?
            .expect(200)?;
        ensure!(
            answer.text().contains(&id),
            "limit={limit} hides the container"
        );
    }
    Ok(())
}

fn force_delete(s: &Session) -> Outcome {
    s.call("DELETE", "/containers/nosuchcontainer?force=1")?
        .expect_error(404, "No such container: nosuchcontainer")?;
    Ok(())
}

fn body_in_query(s: &Session) -> Outcome {
    let name = s.name();
    let path = format!(
        "/containers/create?name={name}&Image=x&Cmd=%5B%22a%22%5D&HostConfig=%7B%7D&Tty=true"
    );
    let body = json!({"Image": s.target.image(), "Cmd": ["true"], "name": name});
    let made = s.post_json(&path, &body)?.expect(201)?.json()?;
    let seen = s.inspect(made["Id"].as_str().unwrap_or_default())?;
    equal!(seen["Name"], format!("/{name}"), "Name");
    equal!(seen["Config"]["Tty"], false, "Tty");
    equal!(seen["Path"], "true", "Path");
    Ok(())
}

fn image_as_given(s: &Session) -> Outcome {
    let bare = s.target.run.clone();
    let id = s.create(&["true"], json!({"Image": bare}))?;
    let seen = s.inspect(&id)?;
    equal!(seen["Config"]["Image"], bare, "Config.Image");
    let image = seen["Image"].as_str().unwrap_or_default();
    ensure!(image.starts_with("sha256:"), "Image is {image}");
    let listed = s.get("/containers/json?all=1")?.expect(200)?.json()?;
    let listed = listed
        .as_array()
        .and_then(|all| all.iter().find(|c| c["Id"] == id));
    let listed = listed.ok_or("not listed")?;
    equal!(listed["Image"], bare, "Image in the list");
    equal!(listed["ImageID"], image, "ImageID in the list");
    Ok(())
}

fn exec_text(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    let body = json!({"Cmd": ["nosuchprogram"], "AttachStdout": true});
    let path = format!("/containers/{id}/exec");
    let made = s.post_json(&path, &body)?.expect(201)?.json()?;
    let exec = made["Id"].as_str().unwrap_or_default();
    let request = s
        .request("POST", &format!("/exec/{exec}/start"))
        .body("application/json", "{}");
    let output = frames::split(&s.exchange(&request)?.body)?.stdout;
    ensure!(
        output.starts_with("OCI runtime exec failed: exec failed: ")
            && output.contains("exec: \"nosuchprogram\": executable file not found in $PATH")
            && output.ends_with("\r\n"),
        "output {output:?}"
    );
    Ok(())
}
