//! Restart policies, and what calls them off.

use serde_json::{Value, json};

use super::Level::{Must, Quirk};
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "on-failure",
        "RestartPolicy: on-failure starts again as often as allowed",
        on_failure,
    ),
    (
        Must,
        "on-failure-of-a-success",
        "RestartPolicy: on-failure leaves a success alone",
        success,
    ),
    (
        Must,
        "restarting",
        "ContainerState: between two runs, in inspect and list",
        restarting,
    ),
    (
        Must,
        "refusals",
        "exec, pause, delete: 409 between two runs",
        refusals,
    ),
    (
        Must,
        "stop-calls-it-off",
        "ContainerStop: a stopped container is not started again",
        stop,
    ),
    (
        Must,
        "kill-calls-it-off",
        "ContainerKill: neither is a killed one",
        kill,
    ),
    (
        Quirk,
        "any-signal-calls-it-off",
        "ContainerKill: any signal, where StopSignal is not set",
        any_signal,
    ),
    (
        Quirk,
        "other-signals-do-not",
        "ContainerKill: where it is set, only that one and SIGKILL",
        other_signal,
    ),
    (
        Quirk,
        "wait-sees-the-first-end",
        "ContainerWait: an end satisfies not-running although a start follows",
        wait,
    ),
    (
        Must,
        "failed-start",
        "ContainerStart: a start that fails is not repeated",
        failed_start,
    ),
];

fn policy(name: &str, count: i64) -> Value {
    json!({
        "NetworkMode": "none",
        "RestartPolicy": {"Name": name, "MaximumRetryCount": count},
    })
}

fn run(s: &Session, command: &[&str], name: &str, count: i64) -> Outcome<String> {
    s.run(command, json!({"HostConfig": policy(name, count)}))
}

fn until(s: &Session, id: &str, status: &str) -> Outcome<Value> {
    s.until(&format!("the status {status}"), || {
        let seen = s.inspect(id)?;
        Ok((seen["State"]["Status"] == status).then_some(seen))
    })
}

/// Its pauses double, so that one is soon long enough to be used.
fn in_a_pause(s: &Session) -> Outcome<(String, Value)> {
    let id = run(s, &["exit", "3"], "always", 0)?;
    s.until("the fifth run to end", || {
        let seen = s.inspect(&id)?;
        let long = seen["RestartCount"].as_i64() >= Some(5);
        Ok((long && seen["State"]["Restarting"] == true).then_some(()))
    })?;
    let seen = s.inspect(&id)?;
    Ok((id, seen))
}

fn on_failure(s: &Session) -> Outcome {
    let id = run(s, &["exit", "3"], "on-failure", 2)?;
    let seen = until(s, &id, "exited")?;
    equal!(seen["RestartCount"], 2, "RestartCount");
    equal!(seen["State"]["ExitCode"], 3, "ExitCode");
    // What is told may come after what is seen.
    s.until("three starts and ends", || {
        let told = super::events::actions(s, &id, "die")?;
        let count = |what: &str| told.iter().filter(|action| *action == what).count();
        Ok(((count("start"), count("die")) == (3, 3)).then_some(()))
    })?;
    s.post(&format!("/containers/{id}/start"))?.expect(204)?;
    let seen = s.until("a next run", || {
        let seen = s.inspect(&id)?;
        Ok((seen["RestartCount"].as_i64() >= Some(1)).then_some(seen))
    })?;
    ensure!(
        seen["RestartCount"].as_i64() <= Some(2),
        "{}",
        seen["RestartCount"]
    );
    Ok(())
}

fn success(s: &Session) -> Outcome {
    let id = run(s, &["true"], "on-failure", 0)?;
    let seen = until(s, &id, "exited")?;
    equal!(seen["RestartCount"], 0, "RestartCount");
    Ok(())
}

fn restarting(s: &Session) -> Outcome {
    let (id, seen) = in_a_pause(s)?;
    let state = &seen["State"];
    equal!(state["Status"], "restarting", "Status");
    equal!(state["Running"], true, "Running");
    equal!(state["Restarting"], true, "Restarting");
    equal!(state["Pid"], 0, "Pid");
    equal!(state["ExitCode"], 3, "ExitCode");
    let found = super::select::list(s, &json!({"id": [id], "status": ["restarting"]}))?;
    let status = found[0]["Status"].as_str().unwrap_or_default();
    ensure!(
        status.starts_with("Restarting (3) ") && status.ends_with(" ago"),
        "Status {status:?}"
    );
    Ok(())
}

fn refusals(s: &Session) -> Outcome {
    let (id, _) = in_a_pause(s)?;
    let restarting = "is restarting, wait until the container is running";
    let exec = json!({"Cmd": ["true"]});
    s.post_json(&format!("/containers/{id}/exec"), &exec)?
        .expect_error(409, restarting)?;
    s.post(&format!("/containers/{id}/pause"))?
        .expect_error(409, restarting)?;
    s.call("DELETE", &format!("/containers/{id}"))?
        .expect_error(
            409,
            &format!("You cannot remove a restarting container {id}"),
        )?;
    s.post(&format!("/containers/{id}/start"))?.expect(304)?;
    Ok(())
}

fn stop(s: &Session) -> Outcome {
    let (id, _) = in_a_pause(s)?;
    s.post(&format!("/containers/{id}/stop"))?.expect(204)?;
    equal!(s.inspect(&id)?["State"]["Status"], "exited", "Status");
    s.post(&format!("/containers/{id}/stop"))?.expect(304)?;
    let id = run(s, &["sleep", "60"], "always", 0)?;
    s.post(&format!("/containers/{id}/stop?t=0"))?.expect(204)?;
    let seen = s.inspect(&id)?;
    equal!(seen["State"]["Status"], "exited", "Status");
    equal!(seen["RestartCount"], 0, "RestartCount");
    Ok(())
}

fn kill(s: &Session) -> Outcome {
    for name in ["always", "unless-stopped", "on-failure"] {
        let id = run(s, &["sleep", "60"], name, 0)?;
        s.post(&format!("/containers/{id}/kill"))?.expect(204)?;
        let seen = s.inspect(&id)?;
        equal!(seen["State"]["Status"], "exited", "Status with {name}");
        equal!(seen["RestartCount"], 0, "RestartCount with {name}");
    }
    Ok(())
}

/// Ends, without a signal of the judge, soon after one that it ignores. The
/// first process of a container ignores what it has no handler for.
const SOON: [&str; 2] = ["sleep", "1"];

fn any_signal(s: &Session) -> Outcome {
    let id = run(s, &SOON, "always", 0)?;
    s.post(&format!("/containers/{id}/kill?signal=HUP"))?
        .expect(204)?;
    let seen = until(s, &id, "exited")?;
    equal!(seen["RestartCount"], 0, "RestartCount");
    Ok(())
}

fn other_signal(s: &Session) -> Outcome {
    let more = json!({"HostConfig": policy("always", 0), "StopSignal": "SIGINT"});
    let id = s.run(&SOON, more)?;
    s.post(&format!("/containers/{id}/kill?signal=HUP"))?
        .expect(204)?;
    s.until("a next run", || {
        let seen = s.inspect(&id)?;
        Ok((seen["RestartCount"].as_i64() >= Some(1)).then_some(()))
    })
}

fn wait(s: &Session) -> Outcome {
    let id = run(s, &["sleep", "1"], "always", 0)?;
    equal!(s.wait(&id)?, 0, "StatusCode");
    let seen = s.inspect(&id)?;
    equal!(seen["State"]["Running"], true, "Running, by the policy");
    Ok(())
}

fn failed_start(s: &Session) -> Outcome {
    let id = s.create(
        &["nosuchprogram"],
        json!({"HostConfig": policy("always", 0)}),
    )?;
    s.post(&format!("/containers/{id}/start"))?
        .expect_error(400, "executable file not found in $PATH")?;
    let seen = s.inspect(&id)?;
    equal!(seen["State"]["Status"], "created", "Status");
    equal!(seen["State"]["ExitCode"], 127, "ExitCode");
    equal!(seen["RestartCount"], 0, "RestartCount");
    Ok(())
}
