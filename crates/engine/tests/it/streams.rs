//! Attach, exec, terminals and followed logs.

use std::time::Duration;

use libtest_mimic::Failed;
use longshore_engine::container::attach::AttachRequest;
use longshore_engine::container::logs::LogQuery;
use longshore_engine::container::wait::WaitCondition;
use longshore_engine::exec::{ExecConfig, ExecPhase};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;

use crate::lab::{Lab, Outcome, PATIENCE, Test, request};
use crate::lifecycle::unframed;

pub(crate) fn tests() -> Vec<(&'static str, Test)> {
    vec![
        ("attach_before_start_misses_nothing", |lab| {
            Box::pin(attach(lab))
        }),
        ("a_terminal_has_a_size_and_detach_keys", |lab| {
            Box::pin(terminal(lab))
        }),
        ("exec_tells_output_and_code", |lab| Box::pin(exec(lab))),
        ("exec_that_cannot_start_says_so_in_the_stream", |lab| {
            Box::pin(exec_fails(lab))
        }),
        ("followed_logs_end_with_the_container", |lab| {
            Box::pin(follow(lab))
        }),
    ]
}

fn everything() -> AttachRequest {
    AttachRequest {
        stdin: true,
        stdout: true,
        stderr: true,
        stream: true,
        ..AttachRequest::default()
    }
}

/// Reads until the text is there.
async fn read_until(client: &mut DuplexStream, wanted: &str) -> Result<String, Failed> {
    let mut seen = Vec::new();
    let reading = async {
        let mut buffer = [0; 1024];
        loop {
            let length = client.read(&mut buffer).await?;
            seen.extend_from_slice(&buffer[..length]);
            if length == 0 || String::from_utf8_lossy(&seen).contains(wanted) {
                return Ok::<_, std::io::Error>(());
            }
        }
    };
    let read = timeout(PATIENCE, reading).await;
    let text = String::from_utf8_lossy(&seen).into_owned();
    read.map_err(|_| format!("no {wanted:?} in {text:?}"))??;
    if !text.contains(wanted) {
        return Err(format!("the stream ended without {wanted:?}: {text:?}").into());
    }
    Ok(text)
}

async fn attach(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    let mut request = request("echo", &["sh", "-c", "echo first; cat; echo last >&2"]);
    let config = request.config.as_mut().ok_or("no config")?;
    config.open_stdin = true;
    config.stdin_once = true;
    containers.create(request).await?;
    let attachment = containers.attach("echo", everything()).await?;
    assert!(!attachment.tty);
    let (ours, mut client) = tokio::io::duplex(4096);
    let serving = tokio::spawn(attachment.run(ours));
    let waiting = containers.wait("echo", WaitCondition::NextExit)?;
    containers.start("echo").await?;
    client.write_all(b"middle\n").await?;
    client.shutdown().await?;
    let mut output = Vec::new();
    timeout(PATIENCE, client.read_to_end(&mut output)).await??;
    assert_eq!(unframed(&output), "first\nmiddle\nlast\n");
    serving.await?;
    assert_eq!(waiting.outcome().await.exit_code, 0);
    Ok(())
}

async fn terminal(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    let mut request = request("term", &["sh"]);
    let config = request.config.as_mut().ok_or("no config")?;
    config.open_stdin = true;
    config.tty = true;
    containers.create(request).await?;
    let attachment = containers.attach("term", everything()).await?;
    assert!(attachment.tty);
    let (ours, mut client) = tokio::io::duplex(4096);
    let serving = tokio::spawn(attachment.run(ours));
    containers.start("term").await?;
    containers.resize("term", 33, 99).await?;
    client.write_all(b"stty size; echo done$((1+1))\n").await?;
    let text = read_until(&mut client, "done2\r\n").await?;
    assert!(text.contains("33 99\r\n"), "{text:?}");
    // The keys end the client's stay and not the container.
    client.write_all(b"\x10\x11").await?;
    timeout(PATIENCE, serving).await??;
    let state = containers
        .inspect("term", false)
        .await?
        .state
        .ok_or("no state")?;
    assert!(state.running);
    Ok(())
}

async fn exec(lab: Lab) -> Outcome {
    lab.create("host", &["sleep", "60"]).await?;
    let (containers, execs) = (lab.engine.containers(), lab.engine.exec());
    let config = |command: &[&str]| ExecConfig {
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        env: vec!["WHO=me".into()],
        attach_stdin: true,
        attach_stdout: true,
        attach_stderr: true,
        ..ExecConfig::default()
    };
    let early = execs
        .create("host", config(&["true"]))
        .expect_err("not running");
    assert!(early.message.ends_with("is not running"), "{early}");
    containers.start("host").await?;
    let id = execs.create("host", config(&["sh", "-c", "cat; echo $WHO; exit 5"]))?;
    assert_eq!(execs.inspect(&id)?.phase, ExecPhase::Created);
    let session = execs.start(&id, false, None)?;
    let (ours, mut client) = tokio::io::duplex(4096);
    let serving = tokio::spawn(session.run(ours));
    client.write_all(b"in\n").await?;
    client.shutdown().await?;
    let mut output = Vec::new();
    timeout(PATIENCE, client.read_to_end(&mut output)).await??;
    assert_eq!(unframed(&output), "in\nme\n");
    serving.await?;
    let ended = matches!(
        execs.inspect(&id)?.phase,
        ExecPhase::Ended { exit_code: 5, .. }
    );
    assert!(ended, "{:?}", execs.inspect(&id)?.phase);
    let again = execs.start(&id, false, None)?.detach().await;
    let again = again.err().ok_or("it started twice")?;
    assert_eq!(
        again.message,
        format!("Error: Exec command {id} has already run")
    );
    // Without a client.
    let id = execs.create("host", config(&["sleep", "30"]))?;
    execs.start(&id, false, None)?.detach().await?;
    assert!(matches!(execs.inspect(&id)?.phase, ExecPhase::Running(pid) if pid > 0));
    let shown = containers.inspect("host", false).await?.exec_ids;
    assert_eq!(shown, Some(vec![id]));
    let table = containers.top("host", "-eo pid,args").await?;
    let commands: Vec<&str> = table.rows.iter().map(|row| row[1].as_str()).collect();
    assert!(
        commands.contains(&"sleep 60") && commands.contains(&"sleep 30"),
        "{commands:?}"
    );
    Ok(())
}

async fn exec_fails(lab: Lab) -> Outcome {
    lab.create("host", &["sleep", "60"]).await?;
    lab.engine.containers().start("host").await?;
    let execs = lab.engine.exec();
    let config = ExecConfig {
        command: vec!["nothing-here".into()],
        attach_stdout: true,
        ..ExecConfig::default()
    };
    let id = execs.create("host", config.clone())?;
    let (ours, mut client) = tokio::io::duplex(4096);
    let serving = tokio::spawn(execs.start(&id, true, None)?.run(ours));
    let mut output = String::new();
    timeout(PATIENCE, client.read_to_string(&mut output)).await??;
    assert!(
        output.starts_with("OCI runtime exec failed: exec failed: "),
        "{output:?}"
    );
    assert!(output.ends_with("\r\n"), "{output:?}");
    serving.await?;
    let ended = matches!(
        execs.inspect(&id)?.phase,
        ExecPhase::Ended { exit_code: 126, .. }
    );
    assert!(ended, "{:?}", execs.inspect(&id)?.phase);
    let id = execs.create("host", config)?;
    let error = execs
        .start(&id, true, None)?
        .detach()
        .await
        .expect_err("no program");
    assert_eq!(error.kind, longshore_engine::error::ErrorKind::BadParameter);
    Ok(())
}

async fn follow(lab: Lab) -> Outcome {
    let containers = lab.engine.containers();
    lab.create(
        "talk",
        &[
            "sh",
            "-c",
            "for i in 1 2 3; do echo line$i; sleep 0.2; done",
        ],
    )
    .await?;
    containers.start("talk").await?;
    let query = LogQuery {
        follow: true,
        stdout: true,
        stderr: true,
        ..LogQuery::default()
    };
    let mut logs = containers.logs("talk", query)?;
    let mut text = String::new();
    let reading = async {
        while let Some(bytes) = logs.bytes.recv().await {
            text.push_str(&String::from_utf8_lossy(&bytes?));
        }
        Ok::<_, longshore_engine::error::Error>(())
    };
    timeout(Duration::from_secs(10), reading).await??;
    for line in ["line1\n", "line2\n", "line3\n"] {
        assert!(text.contains(line), "{text:?}");
    }
    Ok(())
}
