//! What happened, for machines: JSON with everything, and JUnit for CI.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::target::Target;

/// How one case ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Pass,
    Fail,
    Skip,
    /// Failed, as the target's list of expectations says.
    KnownFailure,
    /// Passed, although it is on that list.
    Fixed,
}

/// One case's result.
#[derive(Serialize)]
pub(crate) struct Record {
    pub(crate) case: String,
    /// What says that it must hold: an operation, a section, a tutorial.
    pub(crate) source: String,
    pub(crate) verdict: Verdict,
    /// Why it failed or was skipped.
    pub(crate) reason: Option<String>,
    /// What its documents do not know, or leave open.
    pub(crate) notes: Vec<String>,
    /// Requests and answers; only where it did not pass.
    pub(crate) transcript: Option<String>,
    pub(crate) seconds: f64,
}

impl Record {
    pub(crate) fn new(case: &str, source: &str, verdict: Verdict, took: Duration) -> Self {
        Self {
            case: case.to_owned(),
            source: source.to_owned(),
            verdict,
            reason: None,
            notes: Vec::new(),
            transcript: None,
            seconds: took.as_secs_f64(),
        }
    }
}

/// Writes everything as one JSON object.
pub(crate) fn write_json(path: &Path, target: &Target, records: &[Record]) -> Result<(), String> {
    let count = |v: Verdict| records.iter().filter(|r| r.verdict == v).count();
    let report = serde_json::json!({
        "target": {
            "name": target.name,
            "version": target.version,
            "endpoint": target.endpoint.to_string(),
            "apiRange": [target.api_range.0, target.api_range.1],
            "judgedVersions": target.versions,
        },
        "counts": {
            "pass": count(Verdict::Pass),
            "fail": count(Verdict::Fail),
            "skip": count(Verdict::Skip),
            "knownFailure": count(Verdict::KnownFailure),
            "fixed": count(Verdict::Fixed),
        },
        "cases": records,
    });
    write(path, &format!("{report:#}\n"))
}

/// Writes a JUnit document with one suite.
pub(crate) fn write_junit(path: &Path, target: &Target, records: &[Record]) -> Result<(), String> {
    write(path, &junit(&target.name, records))
}

fn junit(suite: &str, records: &[Record]) -> String {
    let failures = records.iter().filter(|r| is_failure(r.verdict)).count();
    let skipped = records
        .iter()
        .filter(|r| matches!(r.verdict, Verdict::Skip | Verdict::KnownFailure))
        .count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" skipped=\"{skipped}\">",
        escape(suite),
        records.len()
    );
    for record in records {
        let (class, name) = record.case.rsplit_once('/').unwrap_or(("", &record.case));
        let _ = write!(
            out,
            "  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            escape(class),
            escape(name),
            record.seconds
        );
        let reason = escape(record.reason.as_deref().unwrap_or(""));
        let transcript = escape(record.transcript.as_deref().unwrap_or(""));
        let _ = match record.verdict {
            Verdict::Pass => writeln!(out, "/>"),
            Verdict::Skip | Verdict::KnownFailure => {
                writeln!(out, "><skipped message=\"{reason}\"/></testcase>")
            }
            Verdict::Fail | Verdict::Fixed => writeln!(
                out,
                "><failure message=\"{reason}\">{transcript}</failure></testcase>"
            ),
        };
    }
    out.push_str("</testsuite>\n");
    out
}

/// Does this verdict fail the run?
pub(crate) fn is_failure(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Fail | Verdict::Fixed)
}

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

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junit_counts_and_escapes() {
        let mut bad = Record::new("must/a/b<c", "x", Verdict::Fail, Duration::from_millis(5));
        bad.reason = Some("\"no\" & \u{1}".to_owned());
        let skip = Record::new("must/a/d", "x", Verdict::Skip, Duration::ZERO);
        let text = junit("e", &[bad, skip]);
        assert!(text.contains("tests=\"2\" failures=\"1\" skipped=\"1\""));
        assert!(text.contains("name=\"b&lt;c\""));
        assert!(text.contains("&quot;no&quot; &amp; \u{fffd}"));
    }
}
