//! What happened is told once, whenever the daemon dies: between the state and
//! the event, or before either.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;
use longshore_engine::container::wait::WaitCondition;
use longshore_engine::exec::{ExecConfig, ExecPhase};

use crate::lab::{Lab, Outcome, Test};

pub(crate) fn tests() -> Vec<(&'static str, Test)> {
    vec![
        ("events_survive_the_daemons_death", |lab| {
            Box::pin(events(lab))
        }),
        ("execs_are_known_to_the_next_daemon", |lab| {
            Box::pin(execs(lab))
        }),
        ("a_start_that_nobody_noted_is_one", |lab| {
            Box::pin(unnoted(lab))
        }),
    ]
}

/// The kept events of containers: what, to which, and its exec or exit code.
fn told(dir: &Path) -> Result<Vec<String>, Failed> {
    let mut told = Vec::new();
    for line in fs::read_to_string(dir.join("data/events.jsonl"))?.lines() {
        let event: serde_json::Value = serde_json::from_str(line)?;
        if event["kind"] == "container" {
            let more = &event["attributes"];
            told.push(format!(
                "{} {} {} {}",
                event["actor"], event["action"], more["execID"], more["exitCode"]
            ));
        }
    }
    Ok(told)
}

fn sleep(seconds: &str) -> ExecConfig {
    ExecConfig {
        command: vec!["sleep".into(), seconds.into()],
        ..ExecConfig::default()
    }
}

/// Creates and starts containers, ends, renames and freezes them.
async fn live(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    let execs = lab.engine.exec();
    lab.create("short", &["sh", "-c", "exit 7"]).await?;
    containers.start("short").await?;
    let ended = containers.wait("short", WaitCondition::NotRunning)?;
    ended.outcome().await;
    containers.rename("short", "brief").await?;
    lab.create("long", &["sleep", "1000"]).await?;
    containers.start("long").await?;
    let exec = execs.create("long", sleep("0"))?;
    execs.start(&exec, false, None)?.detach().await?;
    while !matches!(execs.inspect(&exec)?.phase, ExecPhase::Ended { .. }) {
        // It is told by another way than it was asked for.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let exec = execs.create("long", sleep("1000"))?;
    execs.start(&exec, false, None)?.detach().await?;
    containers.pause("long").await?;
    Ok(())
}

async fn events(_: Lab) -> Outcome {
    let dir = Lab::first_life(live).await?;
    let expected = told(dir.path())?;
    assert_eq!(expected.len(), 12, "{expected:#?}");
    // A daemon that finds all of it told has nothing to add.
    let dir = Lab::next_life(dir, |_| async { Ok(()) }).await?;
    assert_eq!(told(dir.path())?, expected);
    // One that finds any number of the last events missing adds these.
    let path = dir.path().join("data/events.jsonl");
    let text = fs::read_to_string(&path)?;
    let lines: Vec<&str> = text.lines().collect();
    // The old name of what was renamed is known by what was told under it.
    let created = lines.iter().position(|line| line.contains("\"create\""));
    let few = created.ok_or("nothing was created")? + 1;
    let mut dir = dir;
    for kept in [lines.len() - 1, lines.len() - 3, lines.len() / 2, few] {
        fs::write(&path, lines[..kept].join("\n") + "\n")?;
        dir = Lab::next_life(dir, |_| async { Ok(()) }).await?;
        let mut found = told(dir.path())?;
        let mut sorted = expected.clone();
        found.sort();
        sorted.sort();
        assert_eq!(found, sorted, "of {} lines {kept} were left", lines.len());
    }
    // The daemon died after it had taken the record away.
    let id = expected[0].split('"').nth(1).ok_or("no id")?.to_owned();
    let trash = dir.path().join("data/trash");
    fs::create_dir_all(&trash)?;
    fs::rename(
        dir.path().join("data/containers").join(&id),
        trash.join(&id),
    )?;
    let lab = Lab::second_life(dir.clone()).await?;
    let destroyed = told(dir.path())?;
    assert_eq!(
        destroyed.last(),
        Some(&format!("\"{id}\" \"destroy\" null null"))
    );
    lab.clean().await
}

async fn execs(_: Lab) -> Outcome {
    let (to, from) = tokio::sync::oneshot::channel();
    let dir = Lab::first_life(|lab| async move {
        let containers = lab.engine.containers();
        let execs = lab.engine.exec();
        lab.create("host", &["sleep", "1000"]).await?;
        containers.start("host").await?;
        let waiting = execs.create("host", sleep("1"))?;
        let running = execs.create("host", sleep("1000"))?;
        execs.start(&running, false, None)?.detach().await?;
        let ending = execs.create(
            "host",
            ExecConfig {
                command: ["sh", "-c", "sleep 0.3; exit 6"].map(String::from).to_vec(),
                ..ExecConfig::default()
            },
        )?;
        execs.start(&ending, false, None)?.detach().await?;
        to.send([waiting, running, ending]).map_err(|_| "nobody")?;
        Ok(())
    })
    .await?;
    let [waiting, running, ending] = from.await?;
    let lab = Lab::second_life(dir).await?;
    let execs = lab.engine.exec();
    assert_eq!(execs.inspect(&waiting)?.phase, ExecPhase::Created);
    assert_eq!(execs.inspect(&waiting)?.config, sleep("1"));
    let found = execs.inspect(&running)?.phase;
    assert!(
        matches!(found, ExecPhase::Running(pid) if pid > 0),
        "{found:?}"
    );
    let code = loop {
        match execs.inspect(&ending)?.phase {
            ExecPhase::Ended { exit_code, .. } => break exit_code,
            // It ends by itself, sooner or later than the daemon came back.
            _ => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
        }
    };
    assert_eq!(code, 6);
    execs.start(&waiting, false, None)?.detach().await?;
    let ids = lab.engine.containers().inspect("host", false).await?;
    assert_eq!(ids.exec_ids.map(|ids| ids.len()), Some(2));
    lab.engine.containers().stop("host", Some(0)).await?;
    let found = execs.inspect(&running)?.phase;
    assert!(
        matches!(found, ExecPhase::Ended { exit_code: 137, .. }),
        "{found:?}"
    );
    lab.clean().await
}

/// The daemon died after the shim had started the container and before it had
/// noted it; the container has ended since, and the shim with it.
async fn unnoted(_: Lab) -> Outcome {
    let dir = Lab::first_life(|lab| async move {
        let id = lab.create("quick", &["sh", "-c", "exit 5"]).await?;
        let state = lab.dir.path().join("data/containers").join(id);
        lab.engine.containers().start("quick").await?;
        let ended = lab
            .engine
            .containers()
            .wait("quick", WaitCondition::NotRunning)?;
        ended.outcome().await;
        // As it was before the start.
        Ok(fs::remove_file(state.join("state.json"))?)
    })
    .await?;
    let lab = Lab::second_life(dir).await?;
    let ended = lab
        .engine
        .containers()
        .wait("quick", WaitCondition::NotRunning)?;
    assert_eq!(ended.outcome().await.exit_code, 5);
    let found = lab.engine.containers().inspect("quick", false).await?;
    let state = found.state.ok_or("no state")?;
    assert_eq!(state.status.as_str(), "exited");
    lab.clean().await
}
