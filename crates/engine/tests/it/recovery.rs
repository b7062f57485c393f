//! The daemon dies and comes back.

use longshore_engine::container::actor::Done;
use longshore_engine::container::create::CreateRequest;
use longshore_engine::container::wait::WaitCondition;

use crate::lab::{Lab, Outcome, Test, request};
use crate::lifecycle::log_of;

pub(crate) fn tests() -> Vec<(&'static str, Test)> {
    vec![
        ("containers_outlive_the_daemon", |lab| {
            Box::pin(outlive(lab))
        }),
        ("restart_policies", |lab| Box::pin(restarts(lab))),
        ("auto_remove_removes_after_the_end", |lab| {
            Box::pin(auto_remove(lab))
        }),
        ("auto_remove_is_kept_over_a_crash", |lab| {
            Box::pin(auto_remove_later(lab))
        }),
        ("a_broken_record_is_put_aside", |lab| Box::pin(broken(lab))),
    ]
}

async fn outlive(_: Lab) -> Outcome {
    let dir = Lab::first_life(|lab| async move {
        lab.create(
            "long",
            &["sh", "-c", "while true; do echo tick; sleep 0.1; done"],
        )
        .await?;
        lab.create("short", &["sh", "-c", "sleep 1; exit 9"])
            .await?;
        lab.create("idle", &["true"]).await?;
        lab.engine.containers().start("long").await?;
        lab.engine.containers().start("short").await?;
        Ok(())
    })
    .await?;
    let lab = Lab::second_life(dir).await?;
    let containers = lab.engine.containers();
    let state = containers
        .inspect("long", false)
        .await?
        .state
        .ok_or("no state")?;
    assert!(state.running);
    assert!(std::fs::exists(format!("/proc/{}", state.pid))?);
    let waiting = containers.wait("short", WaitCondition::NotRunning)?;
    assert_eq!(waiting.outcome().await.exit_code, 9);
    let state = containers
        .inspect("idle", false)
        .await?
        .state
        .ok_or("no state")?;
    assert_eq!(state.status.as_str(), "created");
    assert_eq!(containers.stop("long", Some(0)).await?, Done::Now);
    assert!(log_of(&lab, "long").await?.contains("tick\n"));
    let error = lab
        .create("idle", &["true"])
        .await
        .err()
        .ok_or("the name was free")?;
    assert!(
        error
            .message()
            .is_some_and(|text| text.starts_with("Conflict."))
    );
    lab.clean().await
}

fn with_policy(name: &str, policy: &str, count: i64, command: &[&str]) -> CreateRequest {
    let mut request = request(name, command);
    let host = request.host_config.get_or_insert_default();
    host.restart_policy.name = policy.into();
    host.restart_policy.maximum_retry_count = count;
    request
}

async fn restarts(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    containers
        .create(with_policy(
            "twice",
            "on-failure",
            2,
            &["sh", "-c", "exit 3"],
        ))
        .await?;
    containers.start("twice").await?;
    // The first of its ends satisfies who waits for one.
    let ended = containers
        .wait("twice", WaitCondition::NotRunning)?
        .outcome()
        .await;
    assert_eq!(ended.exit_code, 3);
    let inspected = loop {
        let inspected = containers.inspect("twice", false).await?;
        let state = inspected.state.as_ref().ok_or("no state")?;
        if state.status.as_str() == "exited" {
            break inspected;
        }
        // Nothing tells that there is no further start.
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    assert_eq!(inspected.restart_count, 2);
    containers
        .create(with_policy("always", "always", 0, &["true"]))
        .await?;
    containers.start("always").await?;
    for _ in 0..2 {
        containers
            .wait("always", WaitCondition::NextExit)?
            .outcome()
            .await;
    }
    containers.stop("always", Some(1)).await?;
    let state = containers
        .inspect("always", false)
        .await?
        .state
        .ok_or("no state")?;
    assert_eq!(state.status.as_str(), "exited");
    Ok(())
}

async fn auto_remove(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    let mut request = request("brief", &["sh", "-c", "exit 4"]);
    request.host_config.get_or_insert_default().auto_remove = true;
    containers.create(request).await?;
    let waiting = containers.wait("brief", WaitCondition::Removed)?;
    containers.start("brief").await?;
    assert_eq!(waiting.outcome().await.exit_code, 4);
    assert!(containers.inspect("brief", false).await.is_err());
    Ok(())
}

/// It ends while no daemon is there to remove it.
async fn auto_remove_later(_: Lab) -> Outcome {
    let dir = Lab::first_life(|lab| async move {
        let mut request = request("brief", &["sh", "-c", "sleep 0.2; exit 4"]);
        request.host_config.get_or_insert_default().auto_remove = true;
        lab.engine.containers().create(request).await?;
        lab.engine.containers().start("brief").await?;
        Ok(())
    })
    .await?;
    let lab = Lab::second_life(dir).await?;
    if let Ok(waiting) = lab
        .engine
        .containers()
        .wait("brief", WaitCondition::Removed)
    {
        assert_eq!(waiting.outcome().await.exit_code, 4);
    }
    assert!(
        lab.engine
            .containers()
            .inspect("brief", false)
            .await
            .is_err()
    );
    let told = std::fs::read_to_string(lab.dir.path().join("data/events.jsonl"))?;
    for action in ["die", "destroy"] {
        let event = format!("\"action\":\"{action}\"");
        assert_eq!(told.matches(&event).count(), 1, "{told}");
    }
    lab.clean().await
}

async fn broken(_: Lab) -> Outcome {
    let dir = Lab::first_life(|lab| async move {
        let id = lab.create("bad", &["true"]).await?;
        lab.create("good", &["true"]).await?;
        let record = lab
            .dir
            .path()
            .join("data/containers")
            .join(&id)
            .join("config.json");
        Ok(std::fs::write(&record, "{")?)
    })
    .await?;
    let lab = Lab::second_life(dir).await?;
    let containers = lab.engine.containers();
    assert!(containers.inspect("good", false).await.is_ok());
    let aside = containers.quarantined();
    assert_eq!(aside.len(), 1);
    assert!(aside[0].place.join("config.json").exists());
    lab.clean().await
}
