//! What survives what: daemons, zygotes and shims that are killed, disks and
//! readers that cannot keep up.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use longshore_runtime::channel::{Event, Message, Phase, Reply, Request, receive};
use longshore_runtime::log::follow::{Follower, Next};
use longshore_runtime::log::reader::{Query, read_all};
use longshore_runtime::recover;
use longshore_runtime::spec::{ContainerSpec, LogFile, PortReservation, Protocol};
use longshore_runtime::zygote::Zygote;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::StatVfsMountFlags;
use rustix::process::{Pid, Signal, kill_process};

use crate::fixture::Fixture;
use crate::life::wait_for_log;
use crate::supervised::{ALL, Supervised, ask, event, log_file, read_to_end};

/// First argument of this program when it is to be a daemon that dies.
pub(crate) const DAEMON_ROLE: &str = "in-the-role-of-a-daemon";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("survival::of_the_daemon", of_the_daemon),
        Trial::test("survival::of_the_daemons_binary", of_the_daemons_binary),
        Trial::test(
            "survival::a_dead_zygote_is_noticed",
            a_dead_zygote_is_noticed,
        ),
        Trial::test(
            "survival::a_dead_shim_takes_its_container_along",
            a_dead_shim,
        ),
        Trial::test("survival::log_without_gap_over_rotations", log_without_gap),
        Trial::test("survival::ports_are_held", ports_are_held),
        Trial::test("survival::many_containers", many_containers),
    ]
}

/// Launches and starts the container whose specification comes on standard
/// input, then waits to be killed.
pub(crate) fn daemon() -> std::process::ExitCode {
    let zygote = Zygote::fork().expect("start the zygote");
    let spec: ContainerSpec = serde_json::from_reader(std::io::stdin()).expect("a specification");
    let watch = zygote.launch(&spec).expect("launch");
    assert!(matches!(event(&watch), Event::Created { .. }));
    assert_eq!(ask(&watch, &Request::Start), Reply::Done);
    println!("{}", zygote.pid());
    loop {
        std::thread::park();
    }
}

fn of_the_daemon() -> Result<(), Failed> {
    let mut fixture = Fixture::shell(
        "trap stop=1 TERM; i=0; while [ -z \"$stop\" ]; do echo $i; i=$((i+1)); done; \
         echo last $i; exit 23",
    );
    fixture.spec.log.file = Some(log_file(&fixture.spec.log.scratch));
    let mut daemon = Command::new(std::env::current_exe()?)
        .arg(DAEMON_ROLE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    serde_json::to_writer(daemon.stdin.take().expect("piped"), &fixture.spec)?;
    let mut said = String::new();
    let mut stdout = std::io::BufReader::new(daemon.stdout.take().expect("piped"));
    std::io::BufRead::read_line(&mut stdout, &mut said)?;
    let zygote: i32 = said.trim().parse()?;
    daemon.kill()?;
    daemon.wait()?;
    // The next daemon finds the container running; the zygote has ended by itself.
    let mut container = Supervised::adopt(fixture);
    wait_until(|| is_dead(zygote));
    let state = container.state();
    assert_eq!(state.phase, Phase::Running);
    let shim_file = recover::read_state(&container.fixture.spec.run_dir)?.expect("a state file");
    assert_eq!(
        (shim_file.pid, shim_file.shim_pid),
        (state.pid, state.shim_pid)
    );

    // Nobody is connected while it ends. What it writes says that its trap is set.
    wait_for_log(&container, "0");
    let spec = container.fixture.spec.clone();
    container.abandon();
    let init = Pid::from_raw(state.pid).expect("a pid");
    kill_process(init, Signal::TERM)?;
    wait_until(|| recover::read_exit(&spec.exit_path).is_ok_and(|record| record.is_some()));
    let record = recover::read_exit(&spec.exit_path)?.expect("a record");
    assert_eq!(record.exit_code, 23);
    wait_until(|| !spec.run_dir.exists());

    let log = spec.log.file.expect("a log");
    let entries = read_all(&log.dir, &log.name, Query::default())?;
    let (last, lines) = entries.split_last().expect("lines");
    for (number, line) in lines.iter().enumerate() {
        assert_eq!(line.text, format!("{number}\n").as_bytes());
    }
    assert_eq!(last.text, format!("last {}\n", lines.len()).as_bytes());
    Ok(())
}

/// What runs as the container's init before execve, and as its shim, lies on a
/// read-only mount for whoever reaches it through procfs, also when it is no
/// longer running and therefore no longer busy.
fn of_the_daemons_binary() -> Result<(), Failed> {
    let container = Supervised::shell("true");
    let state = container.state();
    for pid in [state.pid, state.shim_pid] {
        let program = std::fs::File::open(format!("/proc/{pid}/exe"))?;
        let mount = rustix::fs::fstatvfs(&program)?;
        assert!(mount.f_flag.contains(StatVfsMountFlags::RDONLY), "{pid}");
    }
    Ok(())
}

fn a_dead_zygote_is_noticed() -> Result<(), Failed> {
    let zygote = Zygote::fork()?;
    kill(zygote.pid() as i32);
    let fixture = Fixture::shell("true");
    wait_until(|| match zygote.launch(&fixture.spec) {
        Err(_) => true,
        // It was still in the queue of the dying: the connection ends unheard.
        Ok(socket) => matches!(receive::<Message>(&socket), Ok(None) | Err(_)),
    });
    wait_until(|| zygote.launch(&fixture.spec).is_err());
    Ok(())
}

fn a_dead_shim() -> Result<(), Failed> {
    let container = Supervised::run("echo up; sleep 1000");
    wait_for_log(&container, "up");
    let exec = container.exec("e", "echo up; sleep 1000", false, ALL);
    let mut up = [0; 3];
    (&exec).read_exact(&mut up)?;
    kill(container.state().shim_pid);
    assert_eq!(read_to_end(&exec), b"", "the connection ends");
    wait_until(|| is_dead(container.pid));
    let spec = &container.fixture.spec;
    assert!(recover::connect(&spec.run_dir)?.is_none());
    assert!(recover::read_exit(&spec.exit_path)?.is_none());
    assert!(spec.run_dir.exists());
    recover::sweep(&spec.run_dir, Duration::from_secs(10))?;
    assert!(!spec.run_dir.exists());
    recover::sweep(&spec.run_dir, Duration::from_secs(10))?;
    Ok(())
}

fn log_without_gap() -> Result<(), Failed> {
    let mut fixture = Fixture::shell("i=0; while [ $i -lt 50000 ]; do echo $i; i=$((i+1)); done");
    fixture.spec.log.file = Some(LogFile {
        max_size: Some(50_000),
        max_file: u32::MAX,
        compress: true,
        ..log_file(&fixture.spec.log.scratch)
    });
    let container = Supervised::launch(fixture);
    let log = container.fixture.spec.log.file.as_ref().expect("a log");
    let mut follower = Follower::open(&log.dir, &log.name, Query::default())?;
    let following = std::thread::spawn(move || {
        for number in 0..50_000 {
            loop {
                match follower.next().expect("read log") {
                    Next::Entry => break,
                    Next::Pending => {
                        let limit = Timespec {
                            tv_sec: 30,
                            tv_nsec: 0,
                        };
                        let mut wake = [PollFd::new(&follower, PollFlags::IN)];
                        assert_eq!(poll(&mut wake, Some(&limit)).expect("poll"), 1);
                    }
                    Next::End => unreachable!("nobody has finished the follower"),
                }
            }
            let text = &follower.entry().text;
            assert_eq!(*text, format!("{number}\n").as_bytes());
        }
        follower.finish();
        assert_eq!(follower.next().expect("read log"), Next::End);
    });
    container.start();
    assert_eq!(container.wait().exit_code, 0);
    following.join().expect("followed to the end");
    // Told only after everything is in the log.
    let expected: String = (0..50_000).map(|number| format!("{number}\n")).collect();
    assert_eq!(container.log(), expected);
    Ok(())
}

fn ports_are_held() -> Result<(), Failed> {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0))?;
    let address = free.local_addr()?;
    drop(free);
    let with_port = |script: &str| {
        let mut fixture = Fixture::shell(script);
        fixture.spec.ports = vec![PortReservation {
            ip: address.ip(),
            port: address.port(),
            protocol: Protocol::Tcp,
        }];
        fixture
    };
    let first = Supervised::launch(with_port("sleep 1000"));
    first.start();
    let Err(failure) = Supervised::try_launch(with_port("true")) else {
        return Err("two containers have one port".into());
    };
    assert_eq!(failure.message, address.to_string());
    assert_eq!(first.ask(&Request::KillAll), Reply::Done);
    first.wait();
    // Free as soon as the end is known.
    std::net::TcpListener::bind(address)?;
    Ok(())
}

fn many_containers() -> Result<(), Failed> {
    let containers: Vec<_> = (0..20)
        .map(|number| Supervised::run(&format!("echo {number}; exit {number}")))
        .collect();
    for (number, container) in containers.iter().enumerate() {
        assert_eq!(container.wait().exit_code, number as i32);
        assert_eq!(container.log(), format!("{number}\n"));
    }
    containers.iter().for_each(Supervised::wait_gone);
    Ok(())
}

/// Whether the process is gone, or a zombie that its parent has yet to bury.
fn is_dead(pid: i32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat
            .rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('Z')),
        Err(_) => true,
    }
}

fn kill(pid: i32) {
    let pid = Pid::from_raw(pid).expect("a pid");
    kill_process(pid, Signal::KILL).expect("kill");
}

/// Looks again and again, for things that no descriptor announces.
fn wait_until(mut condition: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(std::time::Instant::now() < deadline, "waited in vain");
        std::thread::sleep(Duration::from_millis(5));
    }
}
