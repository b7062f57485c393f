//! A registry by itself, without an engine: the second protocol in short, and
//! the first one with the Hub's index, row by row.

use super::images::remote;
use super::{Area, rows};
use crate::http::Request;
use crate::judge::Case;
use crate::outcome::Outcome;
use crate::schema;
use crate::session::{Answer, Session};

mod v1;
mod v2;

const AREAS: &[Area] = &[
    ("registry.v2", &[], v2::ROWS),
    ("registry.v1", &[], v1::ROWS),
];

/// The cases of a registry.
pub(crate) fn all() -> Vec<Case> {
    rows(AREAS, schema::NEWEST)
}

/// Asks the open registry.
fn ask(s: &Session, request: &Request) -> Outcome<Answer> {
    remote::ask(s, s.registry()?, request)
}

fn get(s: &Session, path: &str) -> Outcome<Answer> {
    ask(s, &Request::new("GET", path))
}

/// `Authorization` with a name and a password.
fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let both = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {both}")
}
