//! `docker events`: nothing is lost on the way from the past to the present,
//! and every command leaves the events that dockerd has for it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::harness::{Daemon, clis};

/// Volumes that each writer makes and removes.
const ROUNDS: usize = 60;
const WRITERS: usize = 4;

/// Whom the writers tell that all is done.
const LAST: &str = "last";

/// Seconds and nanoseconds, as the CLI takes them.
fn now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{}.{:09}", now.as_secs(), now.subsec_nanos())
}

/// What a client that joins now hears of volumes since a time, up to the last.
fn listen(daemon: &Daemon, since: &str) -> Vec<String> {
    let format = "{{.TimeNano}} {{.Action}} {{.Actor.ID}}";
    let filter = "type=volume";
    let args = [
        "events", "--since", since, "--filter", filter, "--format", format,
    ];
    let mut command = daemon.docker_with(&clis()[0], &args);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut heard = Vec::new();
    for line in lines.map(Result::unwrap) {
        let is_last = line.ends_with(LAST);
        heard.push(line);
        if is_last {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    heard
}

#[test]
fn who_joins_in_a_storm_misses_nothing() {
    let daemon = Daemon::start();
    let since = now();
    let make = |name: &str| {
        let body = format!("{{\"Name\":\"{name}\"}}");
        let (status, answer) = daemon.http("POST", "/v1.40/volumes/create", Some(&body));
        assert_eq!(status, 201, "{answer}");
    };
    let heard: Vec<Vec<String>> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (daemon, make) = (&daemon, &make);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let name = format!("v{writer}-{round}");
                        make(&name);
                        let path = format!("/v1.40/volumes/{name}");
                        assert_eq!(daemon.http("DELETE", &path, None).0, 204);
                    }
                })
            })
            .collect();
        // Each starts a client, which takes its time: they come one after another.
        let readers: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| listen(&daemon, &since)))
            .collect();
        writers
            .into_iter()
            .for_each(|writer| writer.join().unwrap());
        let late = scope.spawn(|| listen(&daemon, &since));
        make(LAST);
        let readers = readers.into_iter().chain([late]);
        readers.map(|reader| reader.join().unwrap()).collect()
    });
    for reader in &heard {
        assert_eq!(reader.len(), WRITERS * ROUNDS * 2 + 1);
        assert_eq!(*reader, heard[0]);
    }
    let time = |line: &String| line.split(' ').next().unwrap().parse::<u64>().unwrap();
    assert!(heard[0].is_sorted_by_key(time), "{:?}", heard[0]);
    for writer in 0..WRITERS {
        for round in 0..ROUNDS {
            let name = format!(" v{writer}-{round}");
            let own: Vec<&str> = (heard[0].iter())
                .filter(|line| line.ends_with(&name))
                .map(|line| line.split(' ').nth(1).unwrap())
                .collect();
            assert_eq!(own, ["create", "destroy"], "{name}");
        }
    }
}

#[test]
fn times_are_taken_in_every_form() {
    let daemon = Daemon::start();
    daemon.docker(&["volume", "create", "first"]);
    let between = now();
    daemon.docker(&["volume", "create", "second"]);
    for cli in clis() {
        let told = |since: &str, until: &str| {
            let format = "{{.Actor.ID}}";
            let args = [
                "events",
                "--since",
                since,
                "--until",
                until,
                "--filter",
                "event=create",
                "--format",
                format,
            ];
            daemon.docker_of(&cli, &args).replace('\n', " ")
        };
        let end = now();
        let both = "first second";
        assert_eq!(told("0", &end), both);
        assert_eq!(told(&between, &end), "second");
        assert_eq!(told("0", &between), "first");
        assert_eq!(told("10m", &end), both);
        assert_eq!(told("2006-01-02T15:04:05Z", &end), both);
        assert_eq!(told("2006-01-02", &end), both);
        // Live until a moment that is still to come.
        assert_eq!(told("1h", "-1s"), both);
    }
}
