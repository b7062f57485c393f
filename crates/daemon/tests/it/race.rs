//! Many clients, few containers: whatever they do to them at once, every answer
//! is an honest one, and in the end records, kernel and names agree.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::census::assert_nothing_left;
use crate::harness::Daemon;

const CLIENTS: u64 = 32;
const REQUESTS: usize = 40;
const NAMES: [&str; 4] = ["north", "east", "south", "west"];

/// A sleeper with a shell that ends at once when asked to.
const BODY: &str = r#"{"Image":"busybox","HostConfig":{"NetworkMode":"none"},
    "Cmd":["sh","-c","trap 'exit 7' TERM; while :; do sleep 1000 & wait; done"]}"#;

#[test]
fn clients_that_race_get_honest_answers_and_a_consistent_end() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    let ids = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (daemon, ids) = (&daemon, &ids);
            scope.spawn(move || {
                let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (client + 1) << 32);
                for _ in 0..REQUESTS {
                    request(daemon, &mut dice, ids);
                }
            });
        }
    });
    let log = daemon.log();
    assert!(!log.contains("panicked"), "{log}");
    assert_consistent(&daemon);
    for name in NAMES {
        daemon.http("DELETE", &format!("/v1.40/containers/{name}?force=1"), None);
        // A name is free as soon as its owner is gone.
        let create = format!("/v1.40/containers/create?name={name}");
        let (status, said) = daemon.http("POST", &create, Some(BODY));
        assert_eq!(status, 201, "{said}");
        let (status, said) = daemon.http("POST", &format!("/v1.40/containers/{name}/start"), None);
        assert_eq!(status, 204, "{said}");
        let id = daemon.docker(&["inspect", "-f", "{{.Id}}", name]);
        ids.lock().unwrap().insert(id);
        daemon.docker(&["rm", "-f", name]);
    }
    assert_eq!(daemon.docker(&["ps", "-aq"]), "");
    let ids: Vec<String> = ids.into_inner().unwrap().into_iter().collect();
    assert!(ids.len() > 10, "only {} lives", ids.len());
    assert_nothing_left(&daemon, &ids);
}

/// One request of a client, chosen by the dice.
fn request(daemon: &Daemon, dice: &mut Dice, ids: &Mutex<BTreeSet<String>>) {
    let name = NAMES[dice.below(NAMES.len())];
    let on = |rest: &str| format!("/v1.40/containers/{name}{rest}");
    let (method, path, body) = match dice.below(20) {
        0..3 => (
            "POST",
            format!("/v1.40/containers/create?name={name}"),
            Some(BODY.to_owned()),
        ),
        3..7 => ("POST", on("/start"), None),
        7 => ("POST", on("/stop?t=1"), None),
        8 => ("POST", on("/kill"), None),
        9 => ("POST", on("/restart?t=0"), None),
        10 => ("POST", on("/pause"), None),
        11 | 12 => ("POST", on("/unpause"), None),
        13 => ("DELETE", on("?force=1"), None),
        14 => ("DELETE", on(""), None),
        15 => ("GET", on("/json?size=1"), None),
        16 => ("GET", "/v1.40/containers/json?all=1".to_owned(), None),
        17 => ("GET", on("/top"), None),
        18 => ("GET", on("/logs?stdout=1"), None),
        _ => {
            let body = r#"{"Cmd":["true"],"AttachStdout":true}"#.to_owned();
            let (status, said) = daemon.http("POST", &on("/exec"), Some(&body));
            assert_honest("exec", status, &said);
            let Some(id) = said.split('"').nth(3).filter(|_| status == 201) else {
                return;
            };
            let start = r#"{"Detach":true}"#.to_owned();
            ("POST", format!("/v1.40/exec/{id}/start"), Some(start))
        }
    };
    let (status, said) = daemon.http(method, &path, body.as_deref());
    assert_honest(&format!("{method} {path}"), status, &said);
    if status == 201 {
        let id = said.split('"').nth(3).expect("an id").to_owned();
        ids.lock().unwrap().insert(id);
    }
}

/// What clients may be told when others were faster: that it is so already, not
/// there, or not possible now. Never that the engine is at a loss.
fn assert_honest(what: &str, status: u16, said: &str) {
    // The one state that dockerd refuses with a 500.
    let not_paused = status == 500 && said.contains("is not paused");
    assert!(
        matches!(status, 200..=299 | 304 | 404 | 409) || not_paused,
        "{what}: {status} {said}"
    );
}

/// Every container that is said to run has a living process, and no other has.
fn assert_consistent(daemon: &Daemon) {
    for id in daemon.docker(&["ps", "-aq", "--no-trunc"]).lines() {
        let format = "{{.State.Running}} {{.State.Pid}}";
        let shown = daemon.docker(&["inspect", "-f", format, id]);
        let (running, pid) = shown.split_once(' ').unwrap();
        let alive = pid != "0" && std::path::Path::new("/proc").join(pid).exists();
        assert_eq!(running == "true", alive, "{id}: {shown}");
    }
}

/// Xorshift: random enough, and the same at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}
