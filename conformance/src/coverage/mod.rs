//! How much of the documents a run has really exercised: counted from the
//! requests that went out and the answers that came, not from what cases claim.

mod documented;
mod table;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::http::Request;
use crate::schema;
use crate::session::split_version;

pub(crate) use table::{Aim, aim, gaps, missed, table, totals};

/// One thing that a document has. Written as one line: `1.40 ContainerWait
/// member query.condition=removed`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub(crate) version: String,
    pub(crate) operation: String,
    pub(crate) kind: Kind,
    /// A status, a parameter as `query.condition`, a field of the body as
    /// `HostConfig.Mounts[].Type`; empty for the call itself.
    pub(crate) name: String,
}

/// What kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The operation was called.
    Call,
    Success,
    /// A documented error other than the engine's own trouble.
    Error,
    /// 5xx, which no client can ask for.
    Trouble,
    Parameter,
    Field,
    /// A member of a parameter's or field's enumeration.
    Member,
}

const WORDS: &[(Kind, &str)] = &[
    (Kind::Call, "call"),
    (Kind::Success, "success"),
    (Kind::Error, "error"),
    (Kind::Trouble, "trouble"),
    (Kind::Parameter, "parameter"),
    (Kind::Field, "field"),
    (Kind::Member, "member"),
];

/// What a run has exercised so far.
#[derive(Default)]
pub(crate) struct Coverage(Mutex<BTreeSet<Item>>);

impl Coverage {
    /// Takes note of a request that was answered with this status.
    pub(crate) fn observe(&self, request: &Request, status: u16) {
        let (version, path) = split_version(&request.path);
        let version = version.unwrap_or(schema::NEWEST);
        let Some(document) = schema::document(version) else {
            return;
        };
        let Some(operation) = schema::find(document, &request.method, path) else {
            return;
        };
        let known = documented::of(version, document, operation);
        let mut seen = vec![(Kind::Call, String::new())];
        seen.extend(
            [Kind::Success, Kind::Error, Kind::Trouble].map(|kind| (kind, status.to_string())),
        );
        for (name, value) in query(path) {
            seen.push((Kind::Member, format!("query.{name}={value}")));
            seen.push((Kind::Parameter, format!("query.{name}")));
        }
        for item in known.iter().filter(|i| i.kind == Kind::Parameter) {
            let is_sent = match item.name.split_once('.') {
                Some(("path", _)) => true,
                Some(("header", name)) => {
                    let mut headers = request.headers.iter();
                    headers.any(|(sent, _)| sent.eq_ignore_ascii_case(name))
                }
                _ => false,
            };
            if is_sent {
                seen.push((Kind::Parameter, item.name.clone()));
            }
        }
        if !request.body.is_empty() {
            seen.push((Kind::Parameter, "body".to_owned()));
            if let Ok(body) = serde_json::from_slice::<Value>(&request.body) {
                documented::sent(document, operation, &body, &mut seen);
            }
        }
        let id = operation["operationId"].as_str().unwrap_or_default();
        let items = seen.into_iter().map(|(kind, name)| Item {
            version: version.to_owned(),
            operation: id.to_owned(),
            kind,
            name,
        });
        let items: Vec<Item> = items.filter(|item| known.contains(item)).collect();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(items);
    }

    /// All of it, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.iter().map(ToString::to_string).collect()
    }
}

/// The parameters of a path's query, decoded.
fn query(path: &str) -> Vec<(String, String)> {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|d| std::str::from_utf8(d).ok());
        let decoded = digits.and_then(|d| u8::from_str_radix(d, 16).ok());
        (rest, _) = match (first, decoded) {
            (b'%', Some(byte)) => (&tail[2..], bytes.push(byte)),
            _ => (tail, bytes.push(*first)),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = WORDS.iter().find(|(kind, _)| *kind == self.kind);
        let word = word.map_or("", |(_, word)| word);
        write!(f, "{} {} {word}", self.version, self.operation)?;
        match self.name.is_empty() {
            true => Ok(()),
            false => write!(f, " {}", self.name),
        }
    }
}

impl FromStr for Item {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let mut words = line.splitn(4, ' ');
        let mut next = || words.next().unwrap_or_default().to_owned();
        let (version, operation, word) = (next(), next(), next());
        let kind = WORDS.iter().find(|(_, w)| *w == word);
        let kind = kind.ok_or_else(|| format!("not an item of coverage: {line:?}"))?;
        Ok(Self {
            version,
            operation,
            kind: kind.0,
            name: next(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_counted() {
        let coverage = Coverage::default();
        let wait = Request::new(
            "POST",
            "/v1.36/containers/x/wait?condition=next%2Dexit&shoe=1",
        );
        coverage.observe(&wait, 404);
        let create = Request::new("POST", "/containers/create").body(
            "application/json",
            r#"{"Image": "x", "HostConfig": {"RestartPolicy": {"Name": "always"}, "Memory": null}}"#,
        );
        coverage.observe(&create, 418);
        let lines = coverage.lines();
        assert_eq!(
            lines,
            [
                "1.36 ContainerWait call",
                "1.36 ContainerWait error 404",
                "1.36 ContainerWait parameter path.id",
                "1.36 ContainerWait parameter query.condition",
                "1.36 ContainerWait member query.condition=next-exit",
                "1.40 ContainerCreate call",
                "1.40 ContainerCreate parameter body",
                "1.40 ContainerCreate field HostConfig",
                "1.40 ContainerCreate field HostConfig.RestartPolicy",
                "1.40 ContainerCreate field HostConfig.RestartPolicy.Name",
                "1.40 ContainerCreate field Image",
                "1.40 ContainerCreate member HostConfig.RestartPolicy.Name=always",
            ]
        );
        let read = lines[4].parse::<Item>().unwrap();
        assert_eq!(read.to_string(), lines[4]);
    }
}
