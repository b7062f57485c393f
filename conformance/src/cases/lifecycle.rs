//! Start, stop, restart, kill, rename, resize, top, export.

use serde_json::json;

use super::Level::{Must, Quirk};
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "start-twice",
        "ContainerStart: 304 without a body",
        start_twice,
    ),
    (Must, "start-unknown", "ContainerStart: 404", start_unknown),
    (
        Must,
        "start-no-such-program",
        "ContainerStart: 400 and exit code 127; podman#16056",
        no_program,
    ),
    (
        Must,
        "start-not-executable",
        "ContainerStart: 400 and exit code 126",
        not_executable,
    ),
    (
        Quirk,
        "start-with-body",
        "ContainerStart: a body is refused since 1.24",
        start_body,
    ),
    (
        Must,
        "stop-idle",
        "ContainerStop: 304 when not running",
        stop_idle,
    ),
    (
        Must,
        "stop-signal",
        "ContainerStop: StopSignal first",
        stop_signal,
    ),
    (
        Must,
        "stop-timeout",
        "ContainerStop: SIGKILL after t",
        stop_timeout,
    ),
    (
        Must,
        "restart",
        "ContainerRestart: also of a stopped one",
        restart,
    ),
    (
        Must,
        "kill-signal-forms",
        "ContainerKill: name with or without SIG, number",
        kill_forms,
    ),
    (
        Must,
        "kill-bad-signal",
        "ContainerKill: 400 Invalid signal",
        kill_bad,
    ),
    (
        Must,
        "kill-idle",
        "ContainerKill: 409 is not running; podman#7693, #10090",
        kill_idle,
    ),
    (Must, "rename", "ContainerRename", rename),
    (Must, "rename-taken", "ContainerRename: 409", rename_taken),
    (
        Must,
        "resize",
        "ContainerResize: 200; 409 when not running",
        resize,
    ),
    (
        Must,
        "top",
        "ContainerTop: titles, rows of columns, ps_args, no ps inside; podman#23981, #9803",
        top,
    ),
    (
        Must,
        "top-idle",
        "ContainerTop: 409 is not running",
        top_idle,
    ),
    (
        Must,
        "export",
        "ContainerExport: the merged tree as tar",
        export,
    ),
    (
        Must,
        "user",
        "ContainerCreate: User by number and by name",
        user,
    ),
    (
        Must,
        "environment",
        "ContainerCreate: Env, HOSTNAME, PATH, HOME",
        environment,
    ),
];

fn start_twice(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    let again = s.post(&format!("/containers/{id}/start"))?.expect(304)?;
    ensure!(again.body.is_empty(), "304 has a body");
    Ok(())
}

fn start_unknown(s: &Session) -> Outcome {
    s.post("/containers/nosuchcontainer/start")?
        .expect_error(404, "No such container: nosuchcontainer")?;
    Ok(())
}

fn failed_start(s: &Session, command: &str, text: &str, code: i64) -> Outcome {
    let id = s.create(&[command], json!({}))?;
    s.post(&format!("/containers/{id}/start"))?
        .expect_error(400, text)?;
    let state = s.inspect(&id)?["State"].clone();
    equal!(state["Status"], "created", "Status");
    equal!(state["ExitCode"], code, "ExitCode");
    ensure!(
        state["Error"].as_str().is_some_and(|e| e.contains(text)),
        "Error is {}",
        state["Error"]
    );
    Ok(())
}

fn no_program(s: &Session) -> Outcome {
    failed_start(
        s,
        "nosuchprogram",
        "executable file not found in $PATH",
        127,
    )?;
    failed_start(s, "/no/such/program", "no such file or directory", 127)
}

fn not_executable(s: &Session) -> Outcome {
    failed_start(s, "/etc/marker", "permission denied", 126)
}

fn start_body(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    s.post_json(&format!("/containers/{id}/start"), &json!({"Binds": null}))?
        .expect_error(
            400,
            "starting container with non-empty request body was deprecated",
        )?;
    Ok(())
}

fn stop_idle(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    s.post(&format!("/containers/{id}/stop"))?.expect(304)?;
    s.post("/containers/nosuchcontainer/stop")?.expect(404)?;
    Ok(())
}

fn awaits_ready(s: &Session, id: &str) -> Outcome {
    s.until("the program to say ready", || {
        let text = s
            .get(&format!("/containers/{id}/logs?stdout=1"))?
            .expect(200)?
            .text();
        Ok(text.contains("ready").then_some(()))
    })
}

fn stop_signal(s: &Session) -> Outcome {
    let id = s.run(&["trap"], json!({"StopSignal": "SIGTERM"}))?;
    awaits_ready(s, &id)?;
    s.post(&format!("/containers/{id}/stop"))?.expect(204)?;
    equal!(
        s.inspect(&id)?["State"]["ExitCode"],
        42,
        "exit code of a caught SIGTERM"
    );
    Ok(())
}

fn stop_timeout(s: &Session) -> Outcome {
    let id = s.run(&["trap"], json!({"StopSignal": "SIGUSR1"}))?;
    awaits_ready(s, &id)?;
    s.post(&format!("/containers/{id}/stop?t=1"))?.expect(204)?;
    equal!(s.inspect(&id)?["State"]["ExitCode"], 137, "exit code");
    let text = s
        .get(&format!("/containers/{id}/logs?stdout=1"))?
        .expect(200)?
        .text();
    ensure!(
        text.contains("SIGUSR1"),
        "the stop signal did not arrive: {text:?}"
    );
    Ok(())
}

fn restart(s: &Session) -> Outcome {
    let id = s.create(&["sleep", "60"], json!({}))?;
    for _ in 0..2 {
        s.post(&format!("/containers/{id}/restart?t=1"))?
            .expect(204)?;
        equal!(
            s.inspect(&id)?["State"]["Running"],
            true,
            "Running after a restart"
        );
    }
    s.post("/containers/nosuchcontainer/restart")?.expect(404)?;
    Ok(())
}

fn kill_forms(s: &Session) -> Outcome {
    let id = s.run(&["trap"], json!({}))?;
    awaits_ready(s, &id)?;
    for (n, signal) in ["SIGHUP", "hup", "1"].iter().enumerate() {
        s.post(&format!("/containers/{id}/kill?signal={signal}"))?
            .expect(204)?;
        s.until("the signal to be seen", || {
            let text = s
                .get(&format!("/containers/{id}/logs?stdout=1"))?
                .expect(200)?
                .text();
            Ok((text.matches("SIGHUP").count() > n).then_some(()))
        })?;
    }
    equal!(s.inspect(&id)?["State"]["Running"], true, "Running");
    Ok(())
}

fn kill_bad(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    s.post(&format!("/containers/{id}/kill?signal=nope"))?
        .expect_error(400, "Invalid signal: nope")?;
    Ok(())
}

fn kill_idle(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    s.post(&format!("/containers/{id}/kill"))?.expect_error(
        409,
        &format!("Cannot kill container: {id}: Container {id} is not running"),
    )?;
    s.post("/containers/nosuchcontainer/kill")?
        .expect_error(404, "No such container: nosuchcontainer")?;
    Ok(())
}

fn rename(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let (old, new) = (
        s.inspect(&id)?["Name"].as_str().unwrap_or("")[1..].to_owned(),
        s.name(),
    );
    s.post(&format!("/containers/{old}/rename?name={new}"))?
        .expect(204)?;
    equal!(s.inspect(&new)?["Id"], id, "the container of the new name");
    s.get(&format!("/containers/{old}/json"))?.expect(404)?;
    s.post(&format!("/containers/{id}/rename?name="))?
        .expect_error(400, "Neither old nor new names may be empty")?;
    Ok(())
}

fn rename_taken(s: &Session) -> Outcome {
    let (one, two) = (
        s.create(&["true"], json!({}))?,
        s.create(&["true"], json!({}))?,
    );
    let name = s.inspect(&two)?["Name"].as_str().unwrap_or("")[1..].to_owned();
    s.post(&format!("/containers/{one}/rename?name={name}"))?
        .expect_error(
            409,
            &format!("Conflict. The container name \"/{name}\" is already in use by container"),
        )?;
    Ok(())
}

fn resize(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({"Tty": true}))?;
    let answer = s
        .post(&format!("/containers/{id}/resize?h=30&w=100"))?
        .expect(200)?;
    ensure!(answer.body.is_empty(), "resize has a body");
    let idle = s.create(&["true"], json!({}))?;
    s.post(&format!("/containers/{idle}/resize?h=30&w=100"))?
        .expect_error(409, "is not running")?;
    Ok(())
}

fn top(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    let body = s
        .get(&format!("/containers/{id}/top"))?
        .expect(200)?
        .json()?;
    equal!(
        body["Titles"],
        json!(["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]),
        "Titles"
    );
    equal!(
        body["Processes"].as_array().map(Vec::len),
        Some(1),
        "processes"
    );
    equal!(body["Processes"][0][7], "sleep 60", "CMD");
    let pid = s.inspect(&id)?["State"]["Pid"].to_string();
    equal!(body["Processes"][0][1], pid, "PID, as the host sees it");
    let body = s
        .get(&format!("/containers/{id}/top?ps_args=aux"))?
        .expect(200)?
        .json()?;
    equal!(body["Titles"][0], "USER", "first title of aux");
    Ok(())
}

fn top_idle(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    s.get(&format!("/containers/{id}/top"))?
        .expect_error(409, &format!("Container {id} is not running"))?;
    Ok(())
}

fn export(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let answer = s.get(&format!("/containers/{id}/export"))?.expect(200)?;
    let mut names = Vec::new();
    for entry in tar::Archive::new(answer.body.as_slice()).entries()? {
        names.push(
            entry?
                .path()?
                .display()
                .to_string()
                .trim_end_matches('/')
                .to_owned(),
        );
    }
    for name in ["bin/probe", "bin/sleep", "etc/marker", "tmp"] {
        ensure!(
            names.iter().any(|n| n == name),
            "{name} is not in the tar: {}",
            names.join(" ")
        );
    }
    s.get("/containers/nosuchcontainer/export")?.expect(404)?;
    Ok(())
}

fn output(s: &Session, id: &str) -> Outcome<String> {
    s.wait(id)?;
    let answer = s
        .get(&format!("/containers/{id}/logs?stdout=1"))?
        .expect(200)?;
    Ok(crate::frames::split(&answer.body)?.stdout)
}

fn user(s: &Session) -> Outcome {
    for (user, want) in [
        ("", "0:0\n"),
        ("1000", "1000:2000\n"),
        ("learner", "1000:2000\n"),
        ("5:6", "5:6\n"),
        ("learner:0", "1000:0\n"),
    ] {
        let id = s.run(&["id"], json!({"User": user}))?;
        equal!(output(s, &id)?, want, "ids of user {user:?}");
    }
    Ok(())
}

fn environment(s: &Session) -> Outcome {
    let id = s.run(&["env"], json!({"Env": ["A=b c"], "Hostname": "hosty"}))?;
    let text = output(s, &id)?;
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    for line in ["A=b c", "HOSTNAME=hosty", path, "HOME=/"] {
        ensure!(
            text.lines().any(|l| l.starts_with(line)),
            "{line} is not in {text:?}"
        );
    }
    Ok(())
}
