//! From create to remove.

use longshore_api::filters::Filters;
use longshore_engine::container::logs::LogQuery;
use longshore_engine::container::{Done, ListQuery, WaitCondition};

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
    ]
}

async fn runs(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    let id = lab.create("one", &["sh", "-c", "exit 7"]).await?;
    let before = containers.inspect("one", false).await?;
    let state = before.state.ok_or("no state")?;
    assert_eq!(state.status, "created");
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
    let mut text = String::new();
    let mut rest = bytes.as_slice();
    while rest.len() >= 8 {
        let length = u32::from_be_bytes([rest[4], rest[5], rest[6], rest[7]]) as usize;
        text.push_str(&String::from_utf8_lossy(&rest[8..8 + length]));
        rest = &rest[8 + length..];
    }
    Ok(text)
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
    let running = containers.list(&ListQuery::default(), &Filters::default())?;
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
