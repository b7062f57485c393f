//! A container that lies in wait for the execs that come into it.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use longshore_runtime::caps::{Capability, CapabilitySet};
use longshore_runtime::channel::{ExecRequest, Reply, Request};
use longshore_runtime::spec::{ProcessSpec, Seccomp};

use crate::fixture::Fixture;
use crate::supervised::{ALL, Supervised, ask};

trials!(
    an_exec_has_its_streams_and_nothing_else,
    working_directories_that_lead_out,
    working_directories_that_vanish,
    a_directory_of_its_own_in_procfs,
    terminals_that_are_none,
    account_files_that_block,
);

fn shell(container: &Fixture, script: &str) -> ProcessSpec {
    ProcessSpec {
        args: ["sh", "-c", script].map(str::to_owned).to_vec(),
        ..container.spec.process.clone()
    }
}

/// Of several at once, each with pipes of its own.
fn an_exec_has_its_streams_and_nothing_else() {
    for tty in [false, true] {
        let fixture = Fixture::shell("sleep 100");
        let process = ProcessSpec {
            tty,
            ..shell(&fixture, "ls /proc/self/fd; tty; readlink /proc/self/cwd")
        };
        let outcome = fixture.exec_process(process);
        // The fourth is the directory being listed.
        let terminal = if tty { "/dev/pts/0" } else { "not a tty" };
        let said: Vec<_> = outcome.stdout.split_whitespace().collect();
        let expected = format!("0 1 2 3 {terminal} /");
        assert_eq!(said.join(" "), expected, "{outcome:#?}");
    }
}

fn working_directories_that_lead_out() {
    let fixture = Fixture::shell("sleep 100");
    let mark = fixture.dir.path().join("mark");
    fs::write(&mark, "").expect("write");
    let image = fixture.dir.path().join("image");
    for (name, target) in [
        ("climbs", "../../../../../../../.."),
        ("root", "/proc/1/root/.."),
        ("parent", "/proc/self/root/../.."),
        ("cwd", "/proc/1/cwd/../.."),
    ] {
        symlink(target, image.join(name)).expect("symlink");
    }
    let script = format!("pwd; ls .{0} ../../../../../../..{0}", mark.display());
    for cwd in [
        "/climbs",
        "/climbs/climbs",
        "/root",
        "/parent",
        "/cwd",
        "/proc/1/root",
        "/proc/self/cwd",
        "/proc/self/ns",
        "/dev/fd/3",
        "/../../..",
    ] {
        let process = ProcessSpec {
            cwd: cwd.into(),
            ..shell(&fixture, &script)
        };
        let outcome = fixture.exec_process(process);
        // Refused, or somewhere inside.
        assert!(!outcome.stdout.contains("mark"), "{cwd}: {outcome:#?}");
        let inside = outcome.stdout.starts_with('/');
        assert!(outcome.error.is_some() || inside, "{cwd}: {outcome:#?}");
    }
}

/// What a process finds below its own entry of procfs is its own.
fn a_directory_of_its_own_in_procfs() {
    let fixture = Fixture::shell("sleep 100");
    let process = ProcessSpec {
        cwd: "/proc/self/net".into(),
        ..shell(&fixture, "pwd; cat ../comm")
    };
    let said = fixture.exec_process(process).stdout;
    assert!(
        said.ends_with("/net\nsh\n") || said.ends_with("/net\ncat\n"),
        "{said}"
    );
}

/// Launches what is allowed to do nearly everything, and waits until it is
/// ready.
fn in_wait(script: &str) -> Supervised {
    let mut fixture = Fixture::shell(&format!("{script}; echo ready; sleep 1000"));
    let admin: Capability = "SYS_ADMIN".parse().expect("a name");
    fixture.spec.process.capabilities = CapabilitySet::DEFAULT.with(admin);
    fixture.spec.seccomp = Seccomp::Unconfined;
    let container = Supervised::launch(fixture);
    container.start();
    let begin = Instant::now();
    while !container.log().contains("ready") {
        assert!(begin.elapsed() < Duration::from_secs(10), "it is not ready");
        // The shim writes the log when it has read the line.
        std::thread::sleep(Duration::from_millis(5));
    }
    container
}

/// What becomes of an exec.
fn exec(container: &Supervised, process: ProcessSpec) -> Reply {
    let request = Request::Exec(Box::new(ExecRequest {
        id: "one".into(),
        process,
        streams: ALL,
    }));
    ask(&container.connect(), &request)
}

fn assert_refused(reply: &Reply, why: &str) {
    match reply {
        Reply::Refused(failure) => assert!(failure.message.contains(why), "{failure:?}"),
        other => panic!("{other:?}"),
    }
}

fn working_directories_that_vanish() {
    // Deleted, and out of reach below a mount that was moved away.
    let container = in_wait(
        "mkdir /gone /there /there/in; mount -t tmpfs none /there; mkdir /there/in; cd /there/in; \
         umount -l /there; rmdir /gone",
    );
    for cwd in ["/gone", "/proc/1/cwd", "/proc/1/cwd/.."] {
        let process = ProcessSpec {
            cwd: cwd.into(),
            ..shell(&container.fixture, "pwd")
        };
        assert_refused(&exec(&container, process), "chdir to cwd");
    }
}

fn terminals_that_are_none() {
    for script in [
        "umount /dev/pts; rmdir /dev/pts; ln -s /tmp /dev/pts",
        "mount -t tmpfs none /dev/pts; mknod /dev/pts/ptmx p",
        "umount /dev/pts",
    ] {
        let container = in_wait(script);
        let process = ProcessSpec {
            tty: true,
            ..shell(&container.fixture, "true")
        };
        assert_refused(&exec(&container, process), "make console");
    }
}

/// Nobody but the exec itself waits for what the container makes of its files.
fn account_files_that_block() {
    let container =
        in_wait("rm /etc/passwd /etc/group; mknod /etc/passwd p; ln -s /proc/kmsg /etc/group");
    for user in ["web", ":log"] {
        let process = ProcessSpec {
            user: user.into(),
            ..shell(&container.fixture, "true")
        };
        let begin = Instant::now();
        assert_refused(&exec(&container, process), "unable to find");
        assert!(begin.elapsed() < Duration::from_secs(5), "it waited");
    }
    let process = ProcessSpec {
        user: "1000".into(),
        ..shell(&container.fixture, "true")
    };
    assert!(matches!(
        exec(&container, process),
        Reply::ExecStarted { .. }
    ));
}
