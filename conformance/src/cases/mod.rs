//! Cases beyond the tutorials, a table per area. Each states its level and the
//! operation or behaviour that it rests on.

use crate::judge::Case;
use crate::outcome::Outcome;
use crate::session::Session;

mod routing;

/// How binding a case is: the document says so; clients rely on it; or dockerd
/// does it and the document is silent.
#[derive(Clone, Copy)]
enum Level {
    Must,
    Should,
    Quirk,
}

/// A row of a table: level, name, source, what to do.
type Row = (Level, &'static str, &'static str, fn(&Session) -> Outcome);

const AREAS: &[(&str, &[Row])] = &[("routing", routing::ROWS)];

/// All rows as cases at the newest judged version.
pub(crate) fn all(versions: &[&'static str]) -> Vec<Case> {
    let Some(api) = versions.last().copied() else {
        return Vec::new();
    };
    let mut cases = Vec::new();
    for (area, rows) in AREAS {
        for (level, name, source, run) in *rows {
            let level = match level {
                Level::Must => "must",
                Level::Should => "should",
                Level::Quirk => "quirk",
            };
            cases.push(Case {
                name: format!("{level}/{area}/{name}"),
                source: (*source).to_owned(),
                api,
                run: Box::new(*run),
            });
        }
    }
    cases
}
