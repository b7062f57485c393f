//! Builds that end too early leave nothing that nobody asked for.

use std::io::Read as _;
use std::process::Command;

use super::{begin, build, plain};
use crate::harness::{Daemon, clis, text, wait_for};

fn containers(daemon: &Daemon) -> String {
    daemon.docker(&["ps", "-aq"])
}

/// Directories of builds, and layers of containers.
fn leftovers(daemon: &Daemon) -> Vec<String> {
    let mut found = Vec::new();
    for place in ["data/builds", "data/image/containers", "data/image/staging"] {
        let entries = std::fs::read_dir(daemon.path().join(place)).into_iter();
        let names = entries.flatten().flatten().map(|entry| entry.path());
        found.extend(names.map(|path| path.display().to_string()));
    }
    found
}

pub(super) fn wait_for_nothing(daemon: &Daemon) {
    wait_for("nothing of the build to be left", || {
        (containers(daemon).is_empty() && leftovers(daemon).is_empty()).then_some(())
    });
}

#[test]
fn a_failed_step_leaves_its_container_to_look_at() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let context = plain("FROM busybox\nRUN echo why > /reason; exit 3\n", &[]);
    let answer = build(&daemon, "", &context);
    assert_eq!(answer.lines.last().unwrap()["errorDetail"]["code"], 3);
    let container = containers(&daemon);
    assert_eq!(container.lines().count(), 1, "{container}");
    let reason = daemon.path().join("reason");
    let source = format!("{container}:/reason");
    daemon.docker(&["cp", &source, reason.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&reason).unwrap(), "why\n");
    daemon.docker(&["rm", &container]);
    build(&daemon, "forcerm=1", &context);
    wait_for_nothing(&daemon);
}

#[test]
fn containers_stay_for_who_wants_them() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let context = plain("FROM busybox\nRUN echo x > /x\nENV a=b\n", &[]);
    build(&daemon, "rm=0&t=kept", &context).image();
    assert_eq!(containers(&daemon).lines().count(), 2);
    assert_eq!(daemon.docker(&["run", "--rm", "kept", "cat", "/x"]), "x");
}

#[test]
fn a_client_that_leaves_ends_the_build() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let dockerfile = "FROM busybox AS a\nRUN touch /up; sleep 1000\nFROM busybox\n\
                      COPY --from=a /up /\nRUN sleep 1001\n";
    let mut client = begin(&daemon.socket(), "", &plain(dockerfile, &[]));
    let running = wait_for("the command to run", || {
        Some(daemon.docker(&["ps", "-q"])).filter(|ids| !ids.is_empty())
    });
    assert_eq!(running.lines().count(), 1);
    // It has seen the beginning.
    client.read_exact(&mut [0; 64]).unwrap();
    drop(client);
    wait_for_nothing(&daemon);
    // So does the CLI, when it is interrupted.
    let folder = daemon.path().join("context");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("Dockerfile"), "FROM busybox\nRUN sleep 1002\n").unwrap();
    for cli in clis() {
        let mut command = daemon.docker_with(&cli, &["build", folder.to_str().unwrap()]);
        let mut child = command
            .env("DOCKER_BUILDKIT", "0")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        wait_for("the command to run", || {
            Some(daemon.docker(&["ps", "-q"])).filter(|ids| !ids.is_empty())
        });
        child.kill().unwrap();
        child.wait().unwrap();
        wait_for_nothing(&daemon);
    }
}

#[test]
fn a_killed_engine_sweeps_its_builds_at_the_next_start() {
    let mut daemon = Daemon::start();
    daemon.import_busybox();
    let kept = build(&daemon, "", &plain("FROM busybox\nRUN exit 1\n", &[]));
    assert!(kept.error().contains("returned a non-zero code: 1"));
    let failed = containers(&daemon);
    let dockerfile = "FROM busybox\nENV before=1\nRUN echo $$; sleep 1003\n";
    let client = begin(
        &daemon.socket(),
        "t=never",
        &plain(dockerfile, &[("f", "x")]),
    );
    wait_for("the command to run", || {
        (daemon.docker(&["ps", "-q"]).lines().count() == 1).then_some(())
    });
    daemon.kill();
    drop(client);
    daemon.run();
    // What was left for people stays.
    assert_eq!(containers(&daemon), failed);
    let layers = leftovers(&daemon);
    assert_eq!(layers.len(), 1, "{layers:?}");
    let sleeping = Command::new("pgrep")
        .args(["-f", "^sleep 1003"])
        .output()
        .unwrap();
    assert_eq!(text(&sleeping.stdout), "");
    // And the next build goes on as if nothing had been.
    let answer = build(
        &daemon,
        "t=now",
        &plain("FROM busybox\nENV before=1\nRUN true\n", &[]),
    );
    answer.image();
}

/// A small disk under the daemon's state; taken off when dropped.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn under(daemon: &mut Daemon, size: &str) -> Self {
        daemon.terminate();
        let place = daemon.path().join("data");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "small"])
            .arg(&place)
            .status()
            .unwrap();
        assert!(mounted.success());
        daemon.run();
        Self(place)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The daemon may still have it open.
        let mut umount = std::process::Command::new("umount");
        umount.arg("--lazy").arg(&self.0).status().unwrap();
    }
}

#[test]
fn a_full_disk_ends_the_build_and_nothing_else() {
    let mut daemon = Daemon::start();
    let _disk = SmallDisk::under(&mut daemon, "24m");
    daemon.import_busybox();
    let before = daemon.docker(&["images", "-aq"]);
    let fill = "FROM busybox\nRUN head -c 40000000 /dev/zero > /big\n";
    let answer = build(&daemon, "forcerm=1", &plain(fill, &[]));
    assert!(
        answer.error().contains("returned a non-zero code: 1"),
        "{answer:#?}"
    );
    // A context that is larger than the disk.
    let large = "x".repeat(40_000_000);
    let answer = build(
        &daemon,
        "",
        &plain("FROM busybox\nCOPY f /\n", &[("f", &large)]),
    );
    assert!(
        answer
            .error()
            .to_lowercase()
            .contains("no space left on device"),
        "{:?}",
        answer.error()
    );
    // A copy that is: the context fits, its layer does not.
    let half = "x".repeat(10_000_000);
    let twice = "FROM busybox\nCOPY f /a\nCOPY f /b\nCOPY f /c\n";
    let answer = build(&daemon, "", &plain(twice, &[("f", &half)]));
    assert!(
        answer
            .error()
            .to_lowercase()
            .contains("no space left on device"),
        "{:?}",
        answer.error()
    );
    wait_for_nothing(&daemon);
    daemon.docker(&["image", "prune", "--force"]);
    assert_eq!(daemon.docker(&["images", "-aq"]), before);
    let small = "FROM busybox\nRUN echo enough > /f; cat /f\n";
    let answer = build(&daemon, "", &plain(small, &[]));
    assert!(answer.text().contains("enough\n"), "{answer:#?}");
}
