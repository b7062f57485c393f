//! SIGKILL at random moments while clients create, start, exec, wait, stop and
//! remove: after each restart the engine says what the kernel says, nothing
//! that was answered is lost, and in the end nothing is left.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::census::assert_nothing_left;
use crate::harness::{Daemon, wait_for};

/// How often the daemon is killed.
const ROUNDS: usize = 200;

/// How many clients are busy meanwhile.
const CLIENTS: usize = 4;

/// A container that ends by itself, in a way that cannot be mistaken.
const SHORT: &str = r#"{"Image":"busybox","HostConfig":{"NetworkMode":"none",
    "Mounts":[{"Type":"volume","Source":"storm","Target":"/storm","VolumeOptions":
    {"DriverConfig":{"Options":{"type":"tmpfs","device":"tmpfs"}}}}]},
    "Cmd":["sh","-c","echo one; echo two; exit 5"]}"#;

/// A container that goes on until it is ended, with a published port.
const LONG: &str = r#"{"Image":"busybox","Cmd":["sleep","1000"],
    "HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1"}]}}}"#;

#[test]
fn killed_at_any_moment_nothing_is_lost_or_left() {
    let mut daemon = Daemon::with_bridge();
    daemon.import_busybox();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut ids = BTreeSet::new();
    for _ in 0..ROUNDS {
        let over = AtomicBool::new(false);
        let lives: Vec<Mutex<Life>> = (0..CLIENTS).map(|_| Mutex::default()).collect();
        let known = Mutex::new(BTreeSet::new());
        let socket = daemon.socket();
        std::thread::scope(|scope| {
            for (number, life) in lives.iter().enumerate() {
                let (socket, known, over) = (&socket, &known, &over);
                let mut dice = Dice(dice.roll());
                scope.spawn(move || {
                    let name = format!("storm{number}");
                    while !over.load(Ordering::Relaxed) {
                        one_life(socket, &name, &mut dice, life, known);
                    }
                });
            }
            // The moment of the blow is the test's subject, not a wait.
            std::thread::sleep(Duration::from_millis(2 + dice.roll() % 250));
            daemon.kill();
            over.store(true, Ordering::Relaxed);
        });
        daemon.run();
        ids.extend(known.into_inner().unwrap());
        let listed = listed(&daemon);
        ids.extend(listed.iter().map(|one| one.0.clone()));
        assert_agreed(&daemon, &listed);
        for life in lives {
            life.into_inner().unwrap().assert_kept(&daemon, &listed);
        }
    }
    for number in 0..CLIENTS {
        let name = format!("/v1.40/containers/storm{number}");
        let (status, said) = daemon.http("DELETE", &format!("{name}?force=1"), None);
        assert!(matches!(status, 204 | 404), "{status} {said}");
        let create = format!("/v1.40/containers/create?name=storm{number}");
        let (status, said) = daemon.http("POST", &create, Some(SHORT));
        assert_eq!(status, 201, "the name is free again: {said}");
    }
    let left = daemon.docker(&["ps", "-aq", "--no-trunc"]);
    let left: Vec<&str> = left.lines().collect();
    daemon.docker(&[&["rm", "-f"], &left[..]].concat());
    assert!(ids.len() > ROUNDS, "the clients were busy: {}", ids.len());
    let ids: Vec<String> = ids.into_iter().collect();
    assert_nothing_left(&daemon, &ids);
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
}

/// What a client was answered about its container. A request without an answer
/// may have had its effect or not.
#[derive(Debug, Default)]
struct Life {
    id: String,
    short: bool,
    started: bool,
    /// A removal was asked for, and perhaps answered.
    removal: Option<bool>,
}

impl Life {
    fn assert_kept(&self, daemon: &Daemon, listed: &[(String, String)]) {
        if self.id.is_empty() {
            return;
        }
        let is_there = listed.iter().any(|(id, _)| *id == self.id);
        match self.removal {
            None => assert!(is_there, "answered and lost: {self:?}"),
            Some(true) => assert!(!is_there, "removed and back: {self:?}"),
            Some(false) => {}
        }
        if self.removal.is_none() && self.started && self.short {
            self.assert_told(daemon);
        }
    }

    /// It ran, so it ended with its code, its output is in the log, and the
    /// events say so.
    fn assert_told(&self, daemon: &Daemon) {
        let on = |rest: &str| format!("/v1.40/containers/{}{rest}", self.id);
        let (_, said) = daemon.http("POST", &on("/wait"), None);
        assert!(said.contains("\"StatusCode\":5"), "{self:?}: {said}");
        let (_, log) = daemon.http("GET", &on("/logs?stdout=1"), None);
        let words: Vec<&str> = log.split(|c: char| !c.is_ascii_lowercase()).collect();
        assert!(words.contains(&"one") && words.contains(&"two"), "{log:?}");
        let events = format!(
            "/v1.40/events?since=1&until=0&filters={{\"container\":[\"{}\"]}}",
            self.id
        );
        let until = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let events = events.replace(
            "until=0",
            &format!("until={}", until.unwrap().as_secs() + 1),
        );
        let events = events
            .replace('"', "%22")
            .replace('{', "%7B")
            .replace('}', "%7D");
        let mut said = String::new();
        // `die` is told soon after the end is known.
        wait_for("the events of a life", || {
            said = daemon
                .http("GET", &events.replace("[", "%5B").replace("]", "%5D"), None)
                .1;
            let all = ["create", "start", "die"];
            let told = |action: &&str| said.contains(&format!("\"Action\":\"{action}\""));
            all.iter().all(told).then_some(())
        });
        assert!(said.contains("\"exitCode\":\"5\""), "{said}");
        for action in ["create", "start", "die"] {
            let count = said.matches(&format!("\"Action\":\"{action}\"")).count();
            assert_eq!(count, 1, "{action}: {said}");
        }
    }
}

/// All containers with the words for their states.
fn listed(daemon: &Daemon) -> Vec<(String, String)> {
    let (status, said) = daemon.http("GET", "/v1.40/containers/json?all=1", None);
    assert_eq!(status, 200, "{said}");
    let all: Value = serde_json::from_str(&said).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = all.as_array().unwrap().iter();
    all.map(|one| (text(&one["Id"]), text(&one["State"])))
        .collect()
}

/// What is said to run has a process in its cgroup, what does not has none.
fn assert_agreed(daemon: &Daemon, listed: &[(String, String)]) {
    for (id, _) in listed {
        let (_, said) = daemon.http("GET", &format!("/v1.40/containers/{id}/json"), None);
        let Ok(shown) = serde_json::from_str::<Value>(&said) else {
            continue;
        };
        let state = &shown["State"];
        let pid = state["Pid"].as_i64().unwrap_or(0);
        let cgroup = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        if state["Running"] == true && !cgroup.contains(id.as_str()) {
            // It may have ended just now, which its shim tells in a moment.
            wait_for("the end of a container without a process", || {
                let (_, said) = daemon.http("GET", &format!("/v1.40/containers/{id}/json"), None);
                said.contains("\"Running\":false").then_some(())
            });
        }
        if state["Running"] == false {
            wait_for("the last process of a container that has ended", || {
                let pids = Path::new("/sys/fs/cgroup/pids/longshore")
                    .join(id)
                    .join("cgroup.procs");
                let left = std::fs::read_to_string(pids).unwrap_or_default();
                left.is_empty().then_some(())
            });
        }
    }
}

/// From create to remove, as far as the engine answers.
fn one_life(
    socket: &Path,
    name: &str,
    dice: &mut Dice,
    life: &Mutex<Life>,
    known: &Mutex<BTreeSet<String>>,
) -> Option<()> {
    let ask = |method: &str, path: &str, body: Option<&str>| {
        crate::harness::http(socket, method, path, body)
    };
    let path = format!("/v1.40/containers/{name}");
    // What the life before may have left.
    life.lock().unwrap().removal = Some(false);
    let (status, _) = ask("DELETE", &format!("{path}?force=1"), None)?;
    assert!(matches!(status, 204 | 404), "{status}");
    let short = dice.roll().is_multiple_of(2);
    let body = if short { SHORT } else { LONG };
    let create = format!("/v1.40/containers/create?name={name}");
    let (status, said) = ask("POST", &create, Some(body))?;
    assert_eq!(status, 201, "{said}");
    let id = said.split('"').nth(3)?.to_owned();
    known.lock().unwrap().insert(id.clone());
    *life.lock().unwrap() = Life {
        id,
        short,
        ..Life::default()
    };
    let (status, said) = ask("POST", &format!("{path}/start"), None)?;
    assert_eq!(status, 204, "{said}");
    life.lock().unwrap().started = true;
    if short {
        let (_, said) = ask("POST", &format!("{path}/wait"), None)?;
        assert!(
            said.is_empty() || said.contains("\"StatusCode\":5"),
            "{said}"
        );
    } else {
        let exec = r#"{"Cmd":["true"],"AttachStdout":true}"#;
        let (status, said) = ask("POST", &format!("{path}/exec"), Some(exec))?;
        assert_eq!(status, 201, "{said}");
        let exec = said.split('"').nth(3)?;
        ask(
            "POST",
            &format!("/v1.40/exec/{exec}/start"),
            Some(r#"{"Detach":false}"#),
        )?;
        let (status, said) = ask("POST", &format!("{path}/stop?t=0"), None)?;
        assert_eq!(status, 204, "{said}");
    }
    if dice.roll().is_multiple_of(4) {
        // Left for the next life to remove, so that a blow may come to it.
        return Some(());
    }
    life.lock().unwrap().removal = Some(false);
    let (status, said) = ask("DELETE", &path, None)?;
    assert_eq!(status, 204, "{said}");
    life.lock().unwrap().removal = Some(true);
    Some(())
}

/// Xorshift: random enough, and the same at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
