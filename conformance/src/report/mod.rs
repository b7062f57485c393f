//! What happened, for people and machines. A file's name says its form: `.json`
//! has everything, `.xml` is JUnit, `.tap`, `.html` a page, `.svg` a badge.

mod badge;
mod html;
mod junit;
mod markdown;
mod tap;
mod text;

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::judge::Level;
use crate::target::Target;

pub(crate) use html::page;
pub(crate) use markdown::table;
pub(crate) use text::{details, say, summary};

/// How one case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Pass,
    Fail,
    Skip,
    /// Failed, as the target's list of known failures says.
    KnownFailure,
    /// Passed, although it is on that list.
    Fixed,
}

/// One case's result.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) level: Level,
    /// The API version in its requests.
    pub(crate) api: String,
    /// What says that it must hold: an operation, a section, a tutorial.
    pub(crate) source: String,
    /// The operations that it is about.
    pub(crate) operations: Vec<String>,
    pub(crate) status: Verdict,
    /// Why it failed, with what was expected, or why it was skipped.
    pub(crate) reason: Option<String>,
    /// What its documents do not know, or leave open.
    pub(crate) notes: Vec<String>,
    /// Requests and answers; of a case that passed, only the curl lines.
    pub(crate) evidence: Vec<Evidence>,
    pub(crate) seconds: f64,
}

/// A whole run.
#[derive(Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) target: Subject,
    pub(crate) counts: Counts,
    pub(crate) seconds: f64,
    pub(crate) cases: Vec<Record>,
    /// What the run made and could not remove.
    #[serde(default)]
    pub(crate) leaks: Vec<String>,
    /// What was exercised of the documents, a line per item.
    #[serde(default)]
    pub(crate) coverage: Vec<String>,
}

/// Who was judged.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) endpoint: String,
    /// Oldest and newest version that it announces.
    pub(crate) api: (String, String),
    /// The versions that were judged.
    pub(crate) judged: Vec<String>,
}

/// How many cases ended how.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Counts {
    pub(crate) pass: usize,
    pub(crate) fail: usize,
    pub(crate) skip: usize,
    pub(crate) known_failure: usize,
    pub(crate) fixed: usize,
}

impl Verdict {
    /// Does it fail the run? A skip does where none is allowed.
    pub(crate) fn is_deviation(self, is_strict: bool) -> bool {
        match self {
            Self::Fail | Self::Fixed => true,
            Self::Skip => is_strict,
            Self::Pass | Self::KnownFailure => false,
        }
    }

    /// The word for people.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "FAIL",
            Self::Skip => "skip",
            Self::KnownFailure => "known",
            Self::Fixed => "FIXED",
        }
    }
}

impl Counts {
    /// Counts them.
    pub(crate) fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut counts = Self::default();
        for record in records {
            *match record.status {
                Verdict::Pass => &mut counts.pass,
                Verdict::Fail => &mut counts.fail,
                Verdict::Skip => &mut counts.skip,
                Verdict::KnownFailure => &mut counts.known_failure,
                Verdict::Fixed => &mut counts.fixed,
            } += 1;
        }
        counts
    }

    /// All that gave an answer; a skip is none.
    pub(crate) fn judged(self) -> usize {
        self.pass + self.fail + self.known_failure + self.fixed
    }

    /// How many of those the engine does right.
    pub(crate) fn right(self) -> usize {
        self.pass + self.fixed
    }
}

impl Report {
    /// What is known when all cases are through.
    pub(crate) fn new(target: &Target, mut cases: Vec<Record>, took: Duration) -> Self {
        cases.sort_by(|a, b| a.id.cmp(&b.id));
        Self {
            target: Subject {
                name: target.name.clone(),
                version: target.version.clone(),
                endpoint: target.endpoint.to_string(),
                api: target.api_range.clone(),
                judged: target.versions.iter().map(|v| (*v).to_owned()).collect(),
            },
            counts: Counts::of(&cases),
            seconds: took.as_secs_f64(),
            cases,
            leaks: Vec::new(),
            coverage: target.coverage.lines(),
        }
    }

    /// Reads what `--report FILE.json` wrote.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        serde_json::from_slice(&text)
            .map_err(|e| format!("{} is no report of ours: {e}", path.display()))
    }

    /// Writes it in the form that the file's name asks for.
    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let text = match form(path)? {
            Form::Json => {
                let text = serde_json::to_string_pretty(self).map_err(|e| e.to_string())?;
                format!("{text}\n")
            }
            Form::Junit => junit::write(self),
            Form::Tap => tap::write(self),
            Form::Html => html::page(std::slice::from_ref(self)),
            Form::Badge => badge::write(self),
        };
        std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
    }
}

enum Form {
    Json,
    Junit,
    Tap,
    Html,
    Badge,
}

fn form(path: &Path) -> Result<Form, String> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => Ok(Form::Json),
        Some("xml") => Ok(Form::Junit),
        Some("tap") => Ok(Form::Tap),
        Some("html") => Ok(Form::Html),
        Some("svg") => Ok(Form::Badge),
        _ => Err(format!(
            "{}: the end of a report's name says its form: .json, .xml (JUnit), .tap, .html or .svg",
            path.display()
        )),
    }
}

/// The path of a report, if its form is known: told before the run, not after.
pub(crate) fn path(text: &str) -> Result<std::path::PathBuf, String> {
    let path = std::path::PathBuf::from(text);
    form(&path).map(|_| path)
}

/// Text as XML and HTML take it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no way to write most control characters.
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A report of a few cases.
#[cfg(test)]
fn sample(cases: &[(&str, Verdict, &str)]) -> Report {
    let record = |(id, status, reason): &(&str, Verdict, &str)| Record {
        id: (*id).to_owned(),
        level: Level::Must,
        api: "1.40".to_owned(),
        source: "ContainerWait: x".to_owned(),
        operations: vec!["ContainerWait".to_owned()],
        status: *status,
        reason: (!reason.is_empty()).then(|| (*reason).to_owned()),
        notes: Vec::new(),
        evidence: Vec::new(),
        seconds: 0.005,
    };
    let cases: Vec<Record> = cases.iter().map(record).collect();
    Report {
        target: Subject {
            name: "dockerd".to_owned(),
            version: "20.10.24".to_owned(),
            endpoint: "unix:///x".to_owned(),
            api: ("1.12".to_owned(), "1.41".to_owned()),
            judged: vec!["1.40".to_owned()],
        },
        counts: Counts::of(&cases),
        seconds: 1.0,
        cases,
        leaks: Vec::new(),
        coverage: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skip_is_neither_right_nor_wrong() {
        let report = sample(&[
            ("a.b", Verdict::Pass, ""),
            ("a.c", Verdict::Skip, "no curl"),
            ("a.d", Verdict::KnownFailure, "old"),
        ]);
        assert_eq!((report.counts.right(), report.counts.judged()), (1, 2));
        assert!(Verdict::Skip.is_deviation(true) && !Verdict::Skip.is_deviation(false));
    }

    #[test]
    fn what_is_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("r.json");
        sample(&[("a.b", Verdict::Fail, "why")])
            .write(&file)
            .unwrap();
        let read = Report::read(&file).unwrap();
        assert_eq!(read.cases[0].reason.as_deref(), Some("why"));
        assert!(path("r.doc").is_err());
    }
}
