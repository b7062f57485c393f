//! `POST /containers/create`: the answer and every refusal.

use serde_json::{Value, json};

use super::Level::{Must, Quirk};
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "answer",
        "ContainerCreate: 201 with Id and Warnings",
        answer,
    ),
    (
        Must,
        "name-taken",
        "ContainerCreate: 409, the words clients match on",
        name_taken,
    ),
    (
        Must,
        "bad-name",
        "ContainerCreate: 400 and the allowed characters",
        bad_name,
    ),
    (
        Must,
        "default-name",
        "names: adjective_surname when none is given",
        default_name,
    ),
    (
        Must,
        "no-such-image",
        "ContainerCreate: 404, on which the CLI pulls",
        no_image,
    ),
    (
        Must,
        "no-command",
        "ContainerCreate: 400 without any command",
        no_command,
    ),
    (
        Must,
        "bad-reference",
        "images: 400 invalid reference format",
        bad_reference,
    ),
    (
        Must,
        "restart-with-autoremove",
        "validation of the restart policy",
        restart_autoremove,
    ),
    (
        Must,
        "unknown-restart-policy",
        "validation of the restart policy",
        unknown_policy,
    ),
    (
        Must,
        "relative-working-dir",
        "validation of the working directory",
        relative_dir,
    ),
    (
        Must,
        "bad-environment",
        "validation of environment entries",
        bad_env,
    ),
    (
        Must,
        "bad-stop-signal",
        "validation of the stop signal",
        bad_signal,
    ),
    (Must, "tiny-memory", "validation of limits", tiny_memory),
    (
        Must,
        "unknown-log-driver",
        "validation of the log driver",
        log_driver,
    ),
    (
        Must,
        "missing-mount-source",
        "validation of bind mounts",
        mount_source,
    ),
    (
        Quirk,
        "cpus-and-quota",
        "validation: NanoCpus against CpuQuota",
        cpus,
    ),
];

fn answer(s: &Session) -> Outcome {
    let body = json!({"Image": s.target.image(), "HostConfig": {"NetworkMode": "none"}});
    let made = s
        .post_json("/containers/create", &body)?
        .expect(201)?
        .json()?;
    let id = made["Id"].as_str().unwrap_or("");
    ensure!(
        id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()),
        "Id is {id:?}"
    );
    equal!(made["Warnings"], json!([]), "Warnings");
    Ok(())
}

fn name_taken(s: &Session) -> Outcome {
    let name = s.name();
    let path = format!("/containers/create?name={name}");
    let body = json!({"Image": s.target.image()});
    let made = s.post_json(&path, &body)?.expect(201)?.json()?;
    let text = format!(
        "Conflict. The container name \"/{name}\" is already in use by container \"{}\". You have to remove (or rename) that container to be able to reuse that name.",
        made["Id"].as_str().unwrap_or("")
    );
    s.post_json(&path, &body)?.expect_error(409, &text)?;
    Ok(())
}

fn bad_name(s: &Session) -> Outcome {
    for name in ["a%20b", "-x", "x", "%C3%A4b"] {
        s.post_json(
            &format!("/containers/create?name={name}"),
            &json!({"Image": s.target.image()}),
        )?
        .expect_error(400, "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")?;
    }
    Ok(())
}

fn default_name(s: &Session) -> Outcome {
    let made = s
        .post_json("/containers/create", &json!({"Image": s.target.image()}))?
        .expect(201)?
        .json()?;
    let seen = s.inspect(made["Id"].as_str().unwrap_or(""))?;
    let name = seen["Name"].as_str().unwrap_or("");
    ensure!(
        name.starts_with('/') && name.contains('_'),
        "Name is {name:?}"
    );
    Ok(())
}

fn refused(s: &Session, more: Value, status: u16, text: &str) -> Outcome {
    let mut body =
        json!({"Image": s.target.image(), "Cmd": ["true"], "HostConfig": {"NetworkMode": "none"}});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    s.post_json("/containers/create", &body)?
        .expect_error(status, text)?;
    Ok(())
}

fn no_image(s: &Session) -> Outcome {
    let missing = format!("{}-missing", s.target.run);
    refused(
        s,
        json!({"Image": missing}),
        404,
        &format!("No such image: {missing}:latest"),
    )
}

fn no_command(s: &Session) -> Outcome {
    refused(
        s,
        json!({"Cmd": [], "Entrypoint": [""]}),
        400,
        "No command specified",
    )
}

fn bad_reference(s: &Session) -> Outcome {
    refused(
        s,
        json!({"Image": "UPPER"}),
        400,
        "invalid reference format",
    )
}

fn restart_autoremove(s: &Session) -> Outcome {
    let host = json!({"AutoRemove": true, "RestartPolicy": {"Name": "always"}});
    refused(
        s,
        json!({"HostConfig": host}),
        400,
        "can't create 'AutoRemove' container with restart policy",
    )
}

fn unknown_policy(s: &Session) -> Outcome {
    let host = json!({"RestartPolicy": {"Name": "sometimes"}});
    refused(
        s,
        json!({"HostConfig": host}),
        400,
        "invalid restart policy",
    )
}

fn relative_dir(s: &Session) -> Outcome {
    refused(
        s,
        json!({"WorkingDir": "x/y"}),
        400,
        "needs to be an absolute path",
    )
}

fn bad_env(s: &Session) -> Outcome {
    refused(
        s,
        json!({"Env": ["=x"]}),
        400,
        "invalid environment variable: =x",
    )
}

fn bad_signal(s: &Session) -> Outcome {
    refused(
        s,
        json!({"StopSignal": "SIGNOPE"}),
        400,
        "Invalid signal: SIGNOPE",
    )
}

fn tiny_memory(s: &Session) -> Outcome {
    refused(
        s,
        json!({"HostConfig": {"Memory": 4096}}),
        400,
        "Minimum memory limit allowed is",
    )
}

/// An engine with plugins looks for one of that name first.
fn log_driver(s: &Session) -> Outcome {
    let host = json!({"LogConfig": {"Type": "paper"}});
    let body = json!({"Image": s.target.image(), "HostConfig": host});
    let answer = s.post_json("/containers/create", &body)?.expect(400)?;
    let text = answer.text();
    let known = text.contains("no log driver named 'paper' is registered")
        || text.contains("error looking up logging plugin paper");
    ensure!(known, "message {text}");
    Ok(())
}

fn mount_source(s: &Session) -> Outcome {
    let mounts = json!([{"Type": "bind", "Source": "/no/such/place", "Target": "/x"}]);
    refused(
        s,
        json!({"HostConfig": {"Mounts": mounts}}),
        400,
        "bind source path does not exist: /no/such/place",
    )
}

fn cpus(s: &Session) -> Outcome {
    let host = json!({"NanoCpus": 500_000_000, "CpuQuota": 5000});
    refused(
        s,
        json!({"HostConfig": host}),
        400,
        "Conflicting options: Nano CPUs and CPU Quota cannot both be set",
    )
}
