//! Images: an area per operation, and what its cases share.

use serde_json::Value;

use crate::outcome::{Outcome, ensure};
use crate::session::{Answer, Session};

pub(super) mod auth;
pub(super) mod commit;
pub(super) mod delete;
pub(super) mod distribution;
pub(super) mod history;
pub(super) mod import;
pub(super) mod inspect;
pub(super) mod list;
pub(super) mod load;
pub(super) mod prune;
pub(super) mod pull;
pub(super) mod push;
pub(super) mod remote;
pub(super) mod save;
pub(super) mod search;
pub(super) mod tag;

/// A tar of small files.
pub(in crate::cases) fn layer(files: &[(&str, &str)]) -> Outcome<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(text.len() as u64);
        header.set_mtime(1_500_000_000);
        tar.append_data(&mut header, name, text.as_bytes())?;
    }
    Ok(tar.into_inner()?)
}

/// Imports a layer of one file, whose text is the name, as `name:latest`
/// unless the query has a tag; gives its ID.
pub(in crate::cases) fn imported(s: &Session, name: &str, query: &str) -> Outcome<String> {
    let tag = if query.contains("tag=") {
        ""
    } else {
        "&tag=latest"
    };
    let path = format!("/images/create?fromSrc=-&repo={name}{tag}{query}");
    // An image without a name has a layer of its own all the same.
    let text = if name.is_empty() { &s.name() } else { name };
    let body = layer(&[("file", text)])?;
    let request = s.request("POST", &path).body("application/x-tar", body);
    let text = s.exchange(&request)?.expect(200)?.text();
    ensure!(text.ends_with("\"}\r\n"), "the line ends {text:?}");
    let line: Value = serde_json::from_str(text.lines().last().unwrap_or(""))?;
    let id = line["status"].as_str().unwrap_or_default().to_owned();
    ensure!(id.starts_with("sha256:"), "status line {id:?}");
    s.owns_image(&id);
    Ok(id)
}

/// What inspect says of an image.
pub(in crate::cases) fn look(s: &Session, name: &str) -> Outcome<Value> {
    s.get(&format!("/images/{name}/json"))?.expect(200)?.json()
}

/// The lines of a progress stream.
pub(in crate::cases) fn lines(answer: &Answer) -> Outcome<Vec<Value>> {
    let lines: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(&answer.body)
        .into_iter()
        .collect();
    Ok(lines?)
}

/// The lines of a stream that must not end in an error.
pub(in crate::cases) fn fine(answer: Answer) -> Outcome<Vec<Value>> {
    let answer = answer.expect(200)?;
    let lines = lines(&answer)?;
    let failed = lines.iter().find(|line| line.get("error").is_some());
    ensure!(failed.is_none(), "{}: {failed:?}", answer.asked);
    Ok(lines)
}

/// The error that a stream ends with: `error`, and the same as `errorDetail`.
pub(in crate::cases) fn failure(answer: Answer) -> Outcome<String> {
    let answer = answer.expect(200)?;
    let lines = lines(&answer)?;
    let last = lines.last().cloned().unwrap_or_default();
    let error = last["error"].as_str().unwrap_or_default().to_owned();
    ensure!(
        !error.is_empty() && last["errorDetail"]["message"] == last["error"],
        "{}: the stream ends with {last}",
        answer.asked
    );
    Ok(error)
}

/// The texts of a field of the lines, in order, without repetitions.
pub(in crate::cases) fn texts(lines: &[Value], field: &str) -> Vec<String> {
    let texts = lines.iter().filter_map(|line| line[field].as_str());
    let mut texts: Vec<String> = texts.map(str::to_owned).collect();
    texts.dedup();
    texts
}

/// The attribute `name` of the events of an action on an image that is named
/// like this in the event.
pub(in crate::cases) fn event_names(s: &Session, action: &str, actor: &str) -> Vec<String> {
    let events = s.target.memory.of("image", actor);
    let own = events.iter().filter(|e| e["Action"] == action);
    let names = own.map(|event| {
        let wrong = event["status"] != action || event["id"] != actor;
        match event["Actor"]["Attributes"]["name"].as_str() {
            Some(name) if !wrong => name.to_owned(),
            _ => event.to_string(),
        }
    });
    names.collect()
}

/// Twelve digits of an ID, as messages have them.
pub(in crate::cases) fn short(id: &str) -> &str {
    let digits = id.strip_prefix("sha256:").unwrap_or(id);
    digits.get(..12).unwrap_or(digits)
}
