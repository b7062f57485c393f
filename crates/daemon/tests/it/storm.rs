//! SIGKILL at random moments while clients create, start, exec, stop and
//! remove: after each restart the engine and the kernel agree, and in the end
//! nothing is left.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::census::assert_nothing_left;
use crate::harness::{Daemon, clis, text};

/// How often the daemon is killed.
const ROUNDS: u64 = 6;

/// How many clients are busy meanwhile.
const CLIENTS: usize = 4;

#[test]
fn killed_at_any_moment_nothing_is_lost_or_left() {
    let mut daemon = Daemon::start();
    daemon.import_busybox();
    let ids = Mutex::new(BTreeSet::new());
    // A fixed seed, so that a failure comes again; xorshift is random enough.
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..ROUNDS {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let client = Client {
                cli: clis()[0].clone(),
                host: daemon.host(),
                config: daemon.path().join("config"),
            };
            for _ in 0..CLIENTS {
                let (client, ids, over) = (client.clone(), &ids, &over);
                scope.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        client.one_life(ids);
                    }
                });
            }
            // The moment of the blow is the test's subject, not a wait.
            std::thread::sleep(Duration::from_millis(100 + seed % 700));
            daemon.kill();
            over.store(true, Ordering::Relaxed);
        });
        daemon.run();
        let known = daemon.docker(&["ps", "-aq", "--no-trunc"]);
        ids.lock().unwrap().extend(known.lines().map(str::to_owned));
        assert_agreed(&daemon);
    }
    let left = daemon.docker(&["ps", "-aq", "--no-trunc"]);
    let left: Vec<&str> = left.lines().collect();
    if !left.is_empty() {
        daemon.docker(&[&["rm", "-f"], &left[..]].concat());
    }
    let ids: Vec<String> = ids.into_inner().unwrap().into_iter().collect();
    assert!(
        ids.len() > 5,
        "the clients did something: {} lives",
        ids.len()
    );
    assert_nothing_left(&daemon, &ids);
}

/// Every container that is said to run has a process, and can be looked into.
fn assert_agreed(daemon: &Daemon) {
    let running = daemon.docker(&["ps", "-q"]);
    for id in running.lines() {
        let pid = daemon.docker(&["inspect", "-f", "{{.State.Pid}}", id]);
        assert!(
            std::path::Path::new("/proc").join(&pid).exists(),
            "{id} is said to run as {pid}"
        );
        assert_eq!(daemon.docker(&["exec", id, "echo", "here"]), "here");
    }
}

/// Somebody who uses the engine and does not mind that it goes away.
#[derive(Clone)]
struct Client {
    cli: PathBuf,
    host: String,
    config: PathBuf,
}

impl Client {
    fn one_life(&self, ids: &Mutex<BTreeSet<String>>) {
        let Some(id) = self.docker(&["create", "--net", "none", "busybox", "sleep", "1000"]) else {
            return;
        };
        ids.lock().unwrap().insert(id.clone());
        self.docker(&["start", &id]);
        self.docker(&["exec", &id, "true"]);
        self.docker(&["stop", "-t", "0", &id]);
        self.docker(&["start", &id]);
        self.docker(&["rm", "-f", &id]);
    }

    /// What it printed, if it went well.
    fn docker(&self, args: &[&str]) -> Option<String> {
        let output = Command::new(&self.cli)
            .env("DOCKER_HOST", &self.host)
            .env("DOCKER_CONFIG", &self.config)
            .args(args)
            .stdin(Stdio::null())
            .output()
            .ok()?;
        output.status.success().then(|| text(&output.stdout))
    }
}
