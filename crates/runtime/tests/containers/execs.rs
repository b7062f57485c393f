//! Execs and their shim: who waits for whom, and what is known afterwards.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use longshore_runtime::channel::{
    self, Event, ExecRequest, Message, Phase, Reply, Request, Streams, UnixNanos,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::supervised::{Supervised, ask, read_to_end};

const OUTPUT: Streams = Streams {
    stdin: false,
    stdout: true,
    stderr: true,
    from_log: false,
    raw: true,
};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("execs::one_on_its_way_holds_up_nobody", on_its_way),
        Trial::test("execs::the_exit_record_has_them", recorded),
        Trial::test("execs::one_that_dies_at_its_birth_is_buried", buried),
    ]
}

/// The file that freezes a process's cgroup, and the words for it.
fn freezer(pid: i32) -> Result<(PathBuf, [&'static str; 2]), Failed> {
    let text = fs::read_to_string(format!("/proc/{pid}/cgroup"))?;
    let path = |line: &str| line.rsplit(':').next().unwrap_or_default().to_owned();
    if let Some(line) = text.lines().find(|line| line.contains(":freezer:")) {
        let file = format!("/sys/fs/cgroup/freezer{}/freezer.state", path(line));
        return Ok((file.into(), ["FROZEN", "THAWED"]));
    }
    let line = text.lines().find(|line| line.starts_with("0::"));
    let file = format!(
        "/sys/fs/cgroup{}/cgroup.freeze",
        path(line.ok_or("no cgroup")?)
    );
    Ok((file.into(), ["1", "0"]))
}

fn on_its_way() -> Result<(), Failed> {
    let container = Supervised::run("sleep 1000");
    let (freezer, [frozen, thawed]) = freezer(container.pid)?;
    fs::write(&freezer, frozen)?;
    let socket = container.connect();
    let mut process = container.fixture.spec.process.clone();
    process.args = ["sh", "-c", "echo here"].map(str::to_owned).to_vec();
    let request = ExecRequest {
        id: "slow".into(),
        process,
        streams: OUTPUT,
    };
    channel::send(&socket, &Request::Exec(Box::new(request)))?;
    // The next in line is answered although the exec cannot get ready.
    let begin = Instant::now();
    let state = container.state();
    assert!(begin.elapsed() < Duration::from_secs(5), "the shim waited");
    assert_eq!(state.phase, Phase::Running);
    assert!(state.execs.is_empty(), "{:?}", state.execs);
    fs::write(&freezer, thawed)?;
    let Some(Message::Reply(Reply::ExecStarted { pid })) = channel::receive(&socket)? else {
        return Err("it did not start".into());
    };
    assert!(pid > 0);
    assert_eq!(read_to_end(&socket), b"here\n");
    Ok(())
}

fn recorded() -> Result<(), Failed> {
    let container = Supervised::run("sleep 1000");
    let started_at: UnixNanos = container.state().started_at.ok_or("not started")?;
    let stream = container.exec("short", "exit 3", false, OUTPUT);
    assert_eq!(read_to_end(&stream), b"");
    let _long = container.exec("long", "sleep 1000", false, OUTPUT);
    let kill = Request::Signal {
        signal: 9,
        exec: None,
    };
    assert_eq!(ask(&container.connect(), &kill), Reply::Done);
    let record = container.wait();
    let ends: Vec<_> = record
        .execs
        .iter()
        .map(|exec| (exec.id.as_str(), exec.exit_code))
        .collect();
    assert_eq!(ends, [("short", Some(3)), ("long", Some(137))]);
    assert!(record.execs.iter().all(|exec| exec.started_at > started_at));
    Ok(())
}

/// A container ends although an exec is just being born in it, at whatever
/// moment: the kernel lets nobody see the end of a first process before all who
/// died in its pid namespace have been waited for.
fn buried() -> Result<(), Failed> {
    for round in 0..80 {
        let container = Supervised::run("sleep 1000");
        let socket = container.connect();
        let mut process = container.fixture.spec.process.clone();
        process.args = vec!["true".to_owned()];
        let request = ExecRequest {
            id: "newborn".into(),
            process,
            streams: OUTPUT,
        };
        let init = Pid::from_raw(container.pid).ok_or("no pid")?;
        channel::send(&socket, &Request::Exec(Box::new(request)))?;
        let moment = Instant::now() + Duration::from_micros(round * 50);
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        kill_process(init, Signal::KILL)?;
        while !matches!(container.event(), Event::Exited(_)) {}
    }
    Ok(())
}
