//! The life of a container under its shim: exit codes, records, signals.

use libtest_mimic::{Failed, Trial};
use longshore_runtime::channel::{Event, FailureKind, Phase, Reply, Request};
use longshore_runtime::recover;

use crate::fixture::Fixture;
use crate::supervised::Supervised;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("life::exit_code_and_record", exit_code_and_record),
        Trial::test("life::nothing_is_left", nothing_is_left),
        Trial::test("life::signals", signals),
        Trial::test("life::failed_start_is_recorded", failed_start_is_recorded),
        Trial::test("life::killed_before_start", killed_before_start),
        Trial::test("life::pause_and_kill", pause_and_kill),
    ]
}

fn exit_code_and_record() -> Result<(), Failed> {
    let container = Supervised::run("exit 7");
    let Event::Started { at } = container.event() else {
        return Err("expected Started".into());
    };
    let record = container.wait();
    assert_eq!((record.exit_code, record.signal), (7, None));
    assert_eq!(record.started_at, Some(at));
    assert!(record.finished_at >= at);
    assert!(!record.oom_killed);
    let stored = recover::read_exit(&container.fixture.spec.exit_path)?;
    assert_eq!(stored, Some(record), "told only after it is on disk");
    Ok(())
}

fn nothing_is_left() -> Result<(), Failed> {
    let container = Supervised::run("true");
    container.wait();
    container.wait_gone();
    let spec = &container.fixture.spec;
    assert!(!spec.run_dir.exists(), "run directory");
    assert!(recover::connect(&spec.run_dir)?.is_none());
    for hierarchy in std::fs::read_dir("/sys/fs/cgroup")? {
        let group = format!("{}/{}", spec.cgroup.parent.trim_matches('/'), spec.id);
        assert!(!hierarchy?.path().join(group).exists(), "cgroup");
    }
    Ok(())
}

fn signals() -> Result<(), Failed> {
    let container = Supervised::run("trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done");
    wait_for_log(&container, "ready");
    let term = Request::Signal {
        signal: 15,
        exec: None,
    };
    assert_eq!(container.ask(&term), Reply::Done);
    assert_eq!(container.wait().exit_code, 3);

    let container = Supervised::run("sleep 1000");
    let kill = Request::Signal {
        signal: 9,
        exec: None,
    };
    assert_eq!(container.ask(&kill), Reply::Done);
    let record = container.wait();
    assert_eq!((record.exit_code, record.signal), (137, Some(9)));
    Ok(())
}

fn failed_start_is_recorded() -> Result<(), Failed> {
    let mut fixture = Fixture::shell("");
    fixture.spec.process.args = vec!["no-such-program".into()];
    let container = Supervised::launch(fixture);
    let Reply::Refused(failure) = container.ask(&Request::Start) else {
        return Err("it was started".into());
    };
    assert_eq!(failure.kind, FailureKind::NotFound);
    assert!(
        failure
            .message
            .contains("\"no-such-program\": executable file not found in $PATH"),
        "{failure}"
    );
    let record = recover::read_exit(&container.fixture.spec.exit_path)?.expect("a record");
    assert_eq!((record.exit_code, record.started_at), (127, None));
    assert_eq!(record.error, Some(failure.clone()));
    assert_eq!(container.event(), Event::Failed(failure));
    container.wait_gone();
    Ok(())
}

fn killed_before_start() -> Result<(), Failed> {
    let container = Supervised::shell("true");
    assert_eq!(container.state().phase, Phase::Created);
    assert_eq!(container.ask(&Request::KillAll), Reply::Done);
    assert_eq!(container.wait().started_at, None);
    container.wait_gone();
    let record = recover::read_exit(&container.fixture.spec.exit_path)?;
    assert_eq!(record, None, "what never ran has no record");
    Ok(())
}

fn pause_and_kill() -> Result<(), Failed> {
    let container = Supervised::run("while :; do sleep 1; done");
    assert_eq!(container.ask(&Request::Pause), Reply::Done);
    assert!(container.state().paused);
    assert_eq!(container.ask(&Request::Resume), Reply::Done);
    assert_eq!(container.ask(&Request::Pause), Reply::Done);
    let kill = Request::Signal {
        signal: 9,
        exec: None,
    };
    assert_eq!(container.ask(&kill), Reply::Done);
    assert_eq!(container.wait().exit_code, 137, "killed although frozen");
    Ok(())
}

/// Follows the log until a line contains `text`.
pub(crate) fn wait_for_log(container: &Supervised, text: &str) {
    use longshore_runtime::log::follow::{Follower, Next};
    use longshore_runtime::log::reader::Query;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let log = container.fixture.spec.log.file.as_ref().expect("a log");
    let mut follower = Follower::open(&log.dir, &log.name, Query::default()).expect("follow");
    loop {
        match follower.next().expect("read log") {
            Next::Entry => {
                if String::from_utf8_lossy(&follower.entry().text).contains(text) {
                    return;
                }
            }
            Next::Pending => {
                let limit = Timespec {
                    tv_sec: 30,
                    tv_nsec: 0,
                };
                let mut wake = [PollFd::new(&follower, PollFlags::IN)];
                let ready = poll(&mut wake, Some(&limit)).expect("poll");
                assert_eq!(ready, 1, "{text:?} never came");
            }
            Next::End => unreachable!("nobody has finished the follower"),
        }
    }
}
