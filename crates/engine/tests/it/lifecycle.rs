//! From create to remove.

use longshore_api::filters::Filters;
use longshore_engine::container::actor::Done;
use longshore_engine::container::list::ListQuery;
use longshore_engine::container::logs::LogQuery;
use longshore_engine::container::wait::WaitCondition;
use longshore_engine::events::EventQuery;

use crate::lab::{Lab, Outcome, Test};

pub(crate) fn tests() -> Vec<(&'static str, Test)> {
    vec![
        ("a_container_runs_and_leaves_its_code", |lab| {
            Box::pin(runs(lab))
        }),
        ("output_is_in_the_log", |lab| Box::pin(logs(lab))),
        ("stop_ends_what_ignores_the_signal", |lab| {
            Box::pin(stop(lab))
        }),
        ("a_missing_program_is_the_clients_mistake", |lab| {
            Box::pin(missing(lab))
        }),
        ("events_tell_the_story_in_order", |lab| {
            Box::pin(events(lab))
        }),
        ("pause_kill_rename_and_force", |lab| Box::pin(requests(lab))),
        ("export_is_the_merged_tree", |lab| Box::pin(export(lab))),
        ("images_in_use_stay", |lab| Box::pin(images(lab))),
    ]
}

async fn runs(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    let id = lab.create("one", &["sh", "-c", "exit 7"]).await?;
    let before = containers.inspect("one", false).await?;
    let state = before.state.ok_or("no state")?;
    assert_eq!(state.status.as_str(), "created");
    let waiting = containers.wait("one", WaitCondition::NextExit)?;
    assert_eq!(containers.start("one").await?, Done::Now);
    assert_eq!(waiting.outcome().await.exit_code, 7);
    let state = containers
        .inspect(&id[..12], false)
        .await?
        .state
        .ok_or("no state")?;
    assert_eq!((state.status.as_str(), state.exit_code), ("exited", 7));
    containers.remove("one", false).await?;
    let error = containers.inspect("one", false).await.expect_err("gone");
    assert_eq!(error.message, "No such container: one");
    // Those who ask late by the full id still learn the code.
    let late = containers.wait(&id, WaitCondition::NotRunning)?;
    assert_eq!(late.outcome().await.exit_code, 7);
    Ok(())
}

/// The whole log of a container, with the frames taken off.
pub(crate) async fn log_of(lab: &Lab, name: &str) -> Result<String, libtest_mimic::Failed> {
    let query = LogQuery {
        stdout: true,
        stderr: true,
        ..LogQuery::default()
    };
    let mut logs = lab.engine.containers().logs(name, query)?;
    let mut bytes = Vec::new();
    while let Some(piece) = logs.bytes.recv().await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(unframed(&bytes))
}

/// The text in frames, however it was cut into them.
pub(crate) fn unframed(mut rest: &[u8]) -> String {
    let mut text = String::new();
    while rest.len() >= 8 {
        let length = u32::from_be_bytes([rest[4], rest[5], rest[6], rest[7]]) as usize;
        text.push_str(&String::from_utf8_lossy(&rest[8..8 + length]));
        rest = &rest[8 + length..];
    }
    text
}

async fn logs(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    lab.create("talk", &["sh", "-c", "echo out; echo err >&2; id; env"])
        .await?;
    let waiting = containers.wait("talk", WaitCondition::NextExit)?;
    containers.start("talk").await?;
    assert_eq!(waiting.outcome().await.exit_code, 0);
    let text = log_of(&lab, "talk").await?;
    assert!(text.contains("out\n") && text.contains("err\n"), "{text}");
    assert!(text.contains("uid=0"), "{text}");
    assert!(text.contains("HOSTNAME="), "{text}");
    Ok(())
}

async fn stop(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    lab.create(
        "stubborn",
        &["sh", "-c", "trap '' TERM; while true; do sleep 1; done"],
    )
    .await?;
    containers.start("stubborn").await?;
    let running = containers
        .list(&ListQuery::default(), &Filters::default())
        .await?;
    assert_eq!(running.len(), 1);
    assert_eq!(containers.start("stubborn").await?, Done::Already);
    assert_eq!(containers.stop("stubborn", Some(1)).await?, Done::Now);
    let state = containers
        .inspect("stubborn", false)
        .await?
        .state
        .ok_or("no state")?;
    assert_eq!((state.status.as_str(), state.exit_code), ("exited", 137));
    assert_eq!(containers.stop("stubborn", Some(1)).await?, Done::Already);
    Ok(())
}

async fn missing(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    lab.create("lost", &["/no/such/program"]).await?;
    let error = containers.start("lost").await.expect_err("no program");
    assert_eq!(error.kind, longshore_engine::error::ErrorKind::BadParameter);
    assert!(
        error.message.contains("no such file or directory"),
        "{error}"
    );
    let state = containers
        .inspect("lost", false)
        .await?
        .state
        .ok_or("no state")?;
    assert_eq!((state.status.as_str(), state.exit_code), ("created", 127));
    Ok(())
}

async fn events(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    let filters = Filters::parse(r#"{"type":["container"]}"#)?;
    let mut stream = lab.engine.events(EventQuery {
        filters,
        ..EventQuery::default()
    })?;
    lab.create("one", &["sleep", "60"]).await?;
    containers.start("one").await?;
    containers.stop("one", Some(0)).await?;
    containers.restart("one", Some(0)).await?;
    containers.kill("one", "").await?;
    containers.remove("one", false).await?;
    let mut story = Vec::new();
    while story.last().map(String::as_str) != Some("destroy") {
        let event = stream.next().await.ok_or("the stream ended")?;
        assert_eq!(event.attributes["name"], "one");
        assert_eq!(event.attributes["image"], "box");
        assert_eq!(event.attributes["made"], "here");
        let detail = event
            .attributes
            .get("signal")
            .or(event.attributes.get("exitCode"));
        story.push(match detail {
            Some(detail) => format!("{} {detail}", event.action),
            None => event.action.clone(),
        });
    }
    let expected = [
        "create", "start", "kill 15", "kill 9", "die 137", "stop", "start", "restart", "kill 9",
        "die 137", "destroy",
    ];
    assert_eq!(story, expected);
    Ok(())
}

async fn requests(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    let id = lab.create("one", &["sleep", "60"]).await?;
    let text = |error: Option<longshore_engine::error::Error>| {
        error.map(|error| error.message).unwrap_or_default()
    };
    assert_eq!(
        text(containers.kill("one", "").await.err()),
        format!("Cannot kill container: one: Container {id} is not running")
    );
    containers.start("one").await?;
    containers.pause("one").await?;
    let state = containers
        .inspect("one", false)
        .await?
        .state
        .ok_or("no state")?;
    assert!(state.paused && state.running);
    assert_eq!(
        text(containers.start("one").await.err()),
        "cannot start a paused container, try unpause instead"
    );
    containers.unpause("one").await?;
    containers.kill("one", "SIGCONT").await?;
    assert_eq!(
        text(containers.kill("one", "SIGNO").await.err()),
        "Invalid signal: SIGNO"
    );
    containers.rename("one", "two").await?;
    assert_eq!(containers.inspect("two", false).await?.name, "/two");
    assert_eq!(
        text(containers.inspect("one", false).await.err()),
        "No such container: one"
    );
    lab.create("one", &["true"]).await?;
    assert!(
        text(containers.rename("one", "two").await.err())
            .starts_with("Error when allocating new name: Conflict.")
    );
    assert_eq!(
        text(containers.remove("two", false).await.err()),
        format!(
            "You cannot remove a running container {id}. Stop the container before attempting \
             removal or force remove"
        )
    );
    // A frozen container is removed by force as well.
    containers.pause("two").await?;
    containers.remove("two", true).await?;
    assert_eq!(
        text(containers.inspect(&id, false).await.err()),
        format!("No such container: {id}")
    );
    Ok(())
}

async fn export(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    lab.create("files", &["sh", "-c", "echo new > /made; exec sleep 60"])
        .await?;
    let waiting = |path: &'static str| {
        let containers = containers.clone();
        async move {
            let deadline = tokio::time::Instant::now() + crate::lab::PATIENCE;
            loop {
                let export = containers.export("files").await?;
                let mut tar = Vec::new();
                export.write(&mut tar)?;
                let mut archive = tar::Archive::new(tar.as_slice());
                let mut names = Vec::new();
                for entry in archive.entries()? {
                    names.push(entry?.path()?.to_string_lossy().into_owned());
                }
                if names.iter().any(|name| name == path) || tokio::time::Instant::now() > deadline {
                    return Ok::<_, libtest_mimic::Failed>(names);
                }
                tokio::task::yield_now().await;
            }
        }
    };
    containers.start("files").await?;
    let running = waiting("made").await?;
    for name in ["made", "bin/busybox", ".dockerenv"] {
        assert!(
            running.iter().any(|found| found == name),
            "{name} in {running:?}"
        );
    }
    containers.kill("files", "").await?;
    assert_eq!(waiting("made").await?, running);
    Ok(())
}

async fn images(lab: Lab) -> Outcome {
    let images = lab.engine.images();
    lab.create("user", &["true"]).await?;
    let error = images
        .remove("box", false, false)
        .await
        .expect_err("in use");
    assert_eq!(error.kind, longshore_engine::error::ErrorKind::Conflict);
    assert!(
        error
            .message
            .starts_with("conflict: unable to remove repository reference \"box\"")
    );
    images.tag("box", "other", "v1").await?;
    let tags = images.inspect("other:v1")?.repo_tags.ok_or("no tags")?;
    assert_eq!(tags, ["box:latest", "other:v1"]);
    assert_eq!(images.list(false, &Filters::default())?.len(), 1);
    let globbed = Filters::parse(r#"{"reference":["ot*"]}"#)?;
    assert_eq!(images.list(false, &globbed)?.len(), 1);
    let error = lab.engine.containers();
    let mut missing = crate::lab::request("none", &["true"]);
    missing.config.get_or_insert_default().image = "nothing".into();
    let error = error.create(missing).await.expect_err("no image");
    assert_eq!(error.message, "No such image: nothing:latest");
    assert_eq!(error.kind, longshore_engine::error::ErrorKind::NotFound);
    Ok(())
}
