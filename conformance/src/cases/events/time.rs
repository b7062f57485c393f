//! `since` and `until`: the past, the present, and the seam between them.

use std::collections::BTreeSet;
use std::thread;

use serde_json::{Value, json};

use super::super::Level::{Must, Quirk};
use super::super::Row;
use super::{escape, heard};
use crate::http::{self, Request};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "to-the-nanosecond",
        "SystemEvents: since and until with fractions, both included",
        exact,
    ),
    (
        Must,
        "until-ends",
        "SystemEvents: a time to come ends the stream then",
        until_ends,
    ),
    (
        Must,
        "join",
        "SystemEvents: nothing is lost between since and now",
        join,
    ),
    (Quirk, "mistakes", "SystemEvents: what is no time", mistakes),
];

fn wire(nanoseconds: i64) -> String {
    let second = 1_000_000_000;
    format!("{}.{:09}", nanoseconds / second, nanoseconds % second)
}

fn exact(s: &Session) -> Outcome {
    let name = s.volume_name();
    s.post_json("/volumes/create", &json!({"Name": name}))?
        .expect(201)?;
    let event = heard(s, "volume", &name, "create")?;
    let time = event[0]["timeNano"].as_i64().unwrap_or(0);
    let filters = escape(&json!({"volume": [name]}));
    let told = |since: i64, until: i64| -> Outcome<bool> {
        let (since, until) = (wire(since), wire(until));
        let path = format!("/events?since={since}&until={until}&filters={filters}");
        Ok(!s.get(&path)?.expect(200)?.body.is_empty())
    };
    ensure!(told(time, time)?, "its very moment");
    ensure!(!told(time + 1, time + 1000)?, "the moment after");
    ensure!(!told(time - 1000, time - 1)?, "the moment before");
    ensure!(told(time - 1, time + 1)?, "around it");
    Ok(())
}

fn until_ends(s: &Session) -> Outcome {
    let name = s.volume_name();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    let end = now.as_secs() + 2;
    let filters = escape(&json!({"volume": [name]}));
    let path = format!("/events?until={end}&filters={filters}");
    let mut reply = s.open(&s.request("GET", &path))?;
    s.post_json("/volumes/create", &json!({"Name": name}))?
        .expect(201)?;
    let body = reply.read_all()?;
    let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    ensure!(now.as_secs() >= end, "it ended early");
    let event: Value = serde_json::from_slice(&body)?;
    equal!(event["Actor"]["ID"], name, "what was told before the end");
    Ok(())
}

/// Somebody makes volumes as fast as it goes; each that comes meanwhile asks for
/// all from the beginning.
fn join(s: &Session) -> Outcome {
    let names: Vec<String> = (0..48).map(|_| s.volume_name()).collect();
    let last = names.last().cloned().unwrap_or_default();
    let begin = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    let since = format!("{}.{:09}", begin.as_secs(), begin.subsec_nanos());
    // All these names, and nobody else's, begin so.
    let common = names[0].trim_end_matches(|c: char| c.is_ascii_digit());
    let filters = escape(&json!({"volume": [common], "type": ["volume"], "event": ["create"]}));
    let (endpoint, api, made) = (s.target.endpoint.clone(), s.api, names.clone());
    let writer = thread::spawn(move || -> Result<(), String> {
        for name in made {
            let path = format!("/v{api}/volumes/create");
            let body = json!({"Name": name}).to_string();
            let request = Request::new("POST", &path).body("application/json", body);
            let reply = http::send(&endpoint, &request).map_err(|error| error.to_string())?;
            if reply.head.status != 201 {
                return Err(reply.head.status_line);
            }
        }
        Ok(())
    });
    let expected: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    for reader in 0..8 {
        let path = format!("/events?since={since}&filters={filters}");
        let reply = s.open(&s.request("GET", &path))?;
        let events = serde_json::Deserializer::from_reader(reply).into_iter::<Value>();
        let mut seen = Vec::new();
        for event in events {
            seen.push(
                event?["Actor"]["ID"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            );
            if seen.last() == Some(&last) {
                break;
            }
        }
        let found: BTreeSet<&str> = seen.iter().map(String::as_str).collect();
        equal!(found, expected, "what reader {reader} has heard");
        equal!(seen.len(), names.len(), "events of reader {reader}");
    }
    let written = writer.join().map_err(|_| "the writer ended early")?;
    Ok(written?)
}

fn mistakes(s: &Session) -> Outcome {
    for query in ["since=abc", "until=abc", "since=10m", "since=1.x"] {
        s.get(&format!("/events?{query}"))?
            .expect_mistake(&s.target)?;
    }
    Ok(())
}
