//! Health checks: `Healthcheck` of create, `State.Health` of inspect.

use serde_json::{Value, json};

use super::Level::{Must, Quirk};
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "becomes-healthy",
        "Health: starting, then healthy, in inspect and list",
        becomes_healthy,
    ),
    (
        Must,
        "becomes-unhealthy",
        "Health: unhealthy after Retries failures; the last five answers",
        becomes_unhealthy,
    ),
    (
        Must,
        "recovers",
        "Health: one good answer ends a streak of failures",
        recovers,
    ),
    (
        Must,
        "start-period",
        "HealthConfig.StartPeriod: failures before its end do not count",
        start_period,
    ),
    (
        Must,
        "timeout",
        "HealthConfig.Timeout: ExitCode -1 and the words of a late answer",
        timeout,
    ),
    (
        Must,
        "no-such-program",
        "Health: a probe that cannot start has failed, with the reason",
        no_program,
    ),
    (
        Must,
        "none",
        "HealthConfig.Test: NONE, or nothing, is no check",
        none,
    ),
    (Must, "filter", "ContainerList: the filter health", filter),
    (
        Quirk,
        "unhealthy-when-nobody-asks",
        "Health: unhealthy while paused and after the end",
        nobody_asks,
    ),
    (
        Quirk,
        "events",
        "SystemEvents: each probe is an exec; a change is health_status",
        events,
    ),
];

/// A fifth of a second in nanoseconds: no case waits long for an answer.
const OFTEN: i64 = 200_000_000;

fn checked(s: &Session, test: &[&str], more: Value) -> Outcome<String> {
    let mut check = json!({"Test": test, "Interval": OFTEN, "Retries": 2});
    for (key, value) in more.as_object().into_iter().flatten() {
        check[key] = value.clone();
    }
    s.run(&["sleep", "60"], json!({"Healthcheck": check}))
}

fn health(s: &Session, id: &str) -> Outcome<Value> {
    Ok(s.inspect(id)?["State"]["Health"].clone())
}

fn until(s: &Session, id: &str, status: &str) -> Outcome<Value> {
    s.until(&format!("the status {status}"), || {
        let health = health(s, id)?;
        Ok((health["Status"] == status).then_some(health))
    })
}

fn listed(s: &Session, id: &str) -> Outcome<String> {
    let list = super::select::list(s, &json!({"id": [id]}))?;
    Ok(list[0]["Status"].as_str().unwrap_or_default().to_owned())
}

fn exec(s: &Session, id: &str, command: &[&str]) -> Outcome {
    let made = s
        .post_json(&format!("/containers/{id}/exec"), &json!({"Cmd": command}))?
        .expect(201)?
        .json()?;
    let exec = made["Id"].as_str().unwrap_or_default();
    s.post_json(&format!("/exec/{exec}/start"), &json!({"Detach": true}))?
        .expect(200)?;
    Ok(())
}

fn becomes_healthy(s: &Session) -> Outcome {
    let id = checked(s, &["CMD", "echo", "fine"], json!({}))?;
    let first = health(s, &id)?;
    equal!(first["Status"], "starting", "Status at the start");
    equal!(first["Log"], json!([]), "Log at the start");
    let status = listed(s, &id)?;
    ensure!(status.ends_with("(health: starting)"), "Status {status:?}");
    let found = until(s, &id, "healthy")?;
    equal!(found["FailingStreak"], 0, "FailingStreak");
    let answer = &found["Log"][0];
    equal!(answer["ExitCode"], 0, "ExitCode");
    equal!(answer["Output"], "fine\n", "Output");
    let (start, end) = (answer["Start"].as_str(), answer["End"].as_str());
    ensure!(start < end && start.is_some(), "{start:?} to {end:?}");
    let status = listed(s, &id)?;
    ensure!(status.ends_with("(healthy)"), "Status {status:?}");
    Ok(())
}

fn becomes_unhealthy(s: &Session) -> Outcome {
    let id = checked(s, &["CMD", "exit", "3"], json!({}))?;
    let found = until(s, &id, "unhealthy")?;
    let streak = found["FailingStreak"].as_i64().unwrap_or(0);
    ensure!(streak >= 2, "FailingStreak {streak}");
    equal!(found["Log"][0]["ExitCode"], 3, "ExitCode");
    let status = listed(s, &id)?;
    ensure!(status.ends_with("(unhealthy)"), "Status {status:?}");
    s.until("six answers", || {
        let health = health(s, &id)?;
        let kept = health["Log"].as_array().map_or(0, Vec::len);
        ensure!(kept <= 5, "{kept} answers are kept");
        Ok((health["FailingStreak"].as_i64() > Some(5)).then_some(()))
    })
}

fn recovers(s: &Session) -> Outcome {
    let id = checked(s, &["CMD", "ls", "/ok"], json!({}))?;
    until(s, &id, "unhealthy")?;
    exec(s, &id, &["mkdir", "/ok"])?;
    let found = until(s, &id, "healthy")?;
    equal!(found["FailingStreak"], 0, "FailingStreak");
    Ok(())
}

fn start_period(s: &Session) -> Outcome {
    let long = json!({"StartPeriod": 3600 * 1_000_000_000_i64, "Retries": 1});
    let id = checked(s, &["CMD", "false"], long)?;
    s.until("three answers", || {
        let health = health(s, &id)?;
        equal!(health["Status"], "starting", "Status");
        equal!(health["FailingStreak"], 0, "FailingStreak");
        Ok((health["Log"].as_array().map_or(0, Vec::len) >= 3).then_some(()))
    })
}

fn timeout(s: &Session) -> Outcome {
    let short = json!({"Timeout": 500_000_000, "Retries": 1});
    let id = checked(s, &["CMD", "sleep", "30"], short)?;
    let answer = until(s, &id, "unhealthy")?["Log"][0].clone();
    equal!(answer["ExitCode"], -1, "ExitCode");
    equal!(
        answer["Output"],
        "Health check exceeded timeout (500ms)",
        "Output"
    );
    Ok(())
}

fn no_program(s: &Session) -> Outcome {
    let id = checked(s, &["CMD", "nosuchprogram"], json!({"Retries": 1}))?;
    let answer = until(s, &id, "unhealthy")?["Log"][0].clone();
    equal!(answer["ExitCode"], -1, "ExitCode");
    let words = answer["Output"].as_str().unwrap_or_default();
    ensure!(
        words.contains("executable file not found in $PATH"),
        "Output {words:?}"
    );
    Ok(())
}

fn none(s: &Session) -> Outcome {
    for test in [&["NONE"][..], &[]] {
        let id = checked(s, test, json!({}))?;
        let state = s.inspect(&id)?["State"].clone();
        equal!(state.get("Health"), None, "Health of {test:?}");
        let status = listed(s, &id)?;
        ensure!(!status.contains("health"), "Status {status:?}");
    }
    Ok(())
}

fn filter(s: &Session) -> Outcome {
    let good = checked(s, &["CMD", "true"], json!({}))?;
    let plain = s.run(&["sleep", "60"], json!({}))?;
    until(s, &good, "healthy")?;
    let listed = |health: &str, id: &str| -> Outcome<usize> {
        let list = super::select::list(s, &json!({"health": [health], "id": [id]}))?;
        Ok(list.as_array().map_or(0, Vec::len))
    };
    equal!(listed("healthy", &good)?, 1, "healthy");
    equal!(listed("starting", &good)?, 0, "starting");
    equal!(listed("none", &plain)?, 1, "none");
    equal!(listed("none", &good)?, 0, "none of one with a check");
    super::select::ask(s, &json!({"health": ["odd"]}))?
        .expect_error(400, "Unrecognised filter value for health: odd")?;
    Ok(())
}

fn nobody_asks(s: &Session) -> Outcome {
    let id = checked(s, &["CMD", "true"], json!({}))?;
    until(s, &id, "healthy")?;
    s.post(&format!("/containers/{id}/pause"))?.expect(204)?;
    equal!(health(s, &id)?["Status"], "unhealthy", "Status when paused");
    let status = listed(s, &id)?;
    ensure!(status.ends_with("(Paused)"), "Status {status:?}");
    s.post(&format!("/containers/{id}/unpause"))?.expect(204)?;
    until(s, &id, "healthy")?;
    s.post(&format!("/containers/{id}/kill"))?.expect(204)?;
    let ended = health(s, &id)?;
    equal!(ended["Status"], "unhealthy", "Status after the end");
    ensure!(ended["Log"] != json!([]), "the answers are gone");
    Ok(())
}

fn events(s: &Session) -> Outcome {
    let id = checked(s, &["CMD", "echo", "fine"], json!({}))?;
    until(s, &id, "healthy")?;
    let told = super::events::actions(s, &id, "health_status: healthy")?;
    let after = told.iter().skip_while(|action| *action != "start").skip(1);
    let first: Vec<&str> = after.take(4).map(String::as_str).collect();
    equal!(
        first,
        [
            "exec_create: echo fine",
            "exec_start: echo fine",
            "exec_die",
            "health_status: healthy"
        ],
        "what was told of the first probe"
    );
    Ok(())
}
