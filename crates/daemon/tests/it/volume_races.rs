//! Many clients on few volumes: whoever comes first wins, nobody is told
//! nonsense, and in the end what is told is what is there.

use std::collections::BTreeSet;
use std::fs;
use std::thread;

use serde_json::Value;

use crate::harness::Daemon;

const CLIENTS: usize = 12;
const ROUNDS: usize = 25;
const NAMES: [&str; 3] = ["one", "two", "three"];

/// What a client may be told, and nothing else.
const FINE: [u16; 6] = [200, 201, 204, 304, 404, 409];

fn listed(daemon: &Daemon) -> Vec<Value> {
    let (status, body) = daemon.http("GET", "/v1.40/volumes", None);
    assert_eq!(status, 200, "{body}");
    let list: Value = serde_json::from_str(&body).unwrap();
    list["Volumes"].as_array().unwrap().clone()
}

/// Names of directories below the store's root; what is on its way out begins
/// with a dot.
fn on_disk(daemon: &Daemon) -> BTreeSet<String> {
    let entries = fs::read_dir(daemon.path().join("data/volumes")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with('.')).collect()
}

#[test]
fn creations_removals_and_prunes_that_race_end_consistent() {
    let daemon = Daemon::start();
    daemon.import_busybox();
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let daemon = &daemon;
            scope.spawn(move || {
                let ask = |method: &str, path: &str, body: Option<&str>| {
                    let (status, answer) = daemon.http(method, &format!("/v1.40{path}"), body);
                    assert!(FINE.contains(&status), "{method} {path}: {status} {answer}");
                    status
                };
                for round in 0..ROUNDS {
                    let name = NAMES[(client + round) % NAMES.len()];
                    match client % 4 {
                        0 => {
                            let body = format!("{{\"Name\":\"{name}\"}}");
                            assert_eq!(ask("POST", "/volumes/create", Some(&body)), 201);
                        }
                        1 => drop(ask("DELETE", &format!("/volumes/{name}"), None)),
                        2 => {
                            // A container has what it was created with until it goes.
                            let own = format!("user-{client}-{round}");
                            let body = format!(
                                "{{\"Image\":\"busybox\",\"HostConfig\":{{\"NetworkMode\":\"none\",\
                                 \"Binds\":[\"{name}:/data\"]}}}}"
                            );
                            let path = format!("/containers/create?name={own}");
                            assert_eq!(ask("POST", &path, Some(&body)), 201);
                            assert_eq!(ask("GET", &format!("/volumes/{name}"), None), 200);
                            assert_eq!(ask("DELETE", &format!("/volumes/{name}"), None), 409);
                            let path = format!("/containers/{own}?v=1");
                            assert_eq!(ask("DELETE", &path, None), 204);
                        }
                        _ => drop(ask("POST", "/volumes/prune", None)),
                    }
                }
            });
        }
    });
    let names = |list: Vec<Value>| -> BTreeSet<String> {
        let names = list.iter().map(|volume| volume["Name"].as_str().unwrap());
        names.map(str::to_owned).collect()
    };
    assert_eq!(names(listed(&daemon)), on_disk(&daemon));
    // Nobody uses any of them any more.
    let (status, body) = daemon.http("POST", "/v1.40/volumes/prune", None);
    assert_eq!(status, 200, "{body}");
    assert!(listed(&daemon).is_empty());
    assert!(on_disk(&daemon).is_empty());
}
