//! What a person reads after a run.

use std::fmt::Write as _;
use std::io::Write as _;

use super::{Record, Report, Verdict};
use crate::evidence::Evidence;

/// Prints a text; a reader who has seen enough, as `head` has, is no error.
pub(crate) fn say(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// One failure: what was expected, what was said, and how to ask again.
pub(crate) fn details(record: &Record) -> String {
    let mut out = format!(
        "---- {} ({}, API {})\n{}\nsource: {}\n",
        record.id,
        record.level.word(),
        record.api,
        record.reason.as_deref().unwrap_or(""),
        record.source
    );
    for evidence in &record.evidence {
        let _ = writeln!(out, "{evidence}");
    }
    let mut exchanges = record.evidence.iter().filter_map(|e| match e {
        Evidence::Exchange(exchange) => Some(exchange),
        Evidence::Said(_) => None,
    });
    if let Some(last) = exchanges.next_back() {
        let _ = writeln!(out, "the last request again:\n  {}", last.curl);
    }
    out
}

/// Skips and known failures with their reasons, failures, what is left behind,
/// then the counts.
pub(crate) fn summary(report: &Report) -> String {
    let mut out = String::new();
    for status in [Verdict::Skip, Verdict::KnownFailure] {
        // One reason often holds for many cases.
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for record in report.cases.iter().filter(|r| r.status == status) {
            let reason = record.reason.as_deref().unwrap_or("");
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, ids)) => ids.push(&record.id),
                None => reasons.push((reason, vec![&record.id])),
            }
        }
        for (reason, ids) in reasons {
            let more = match ids.len() {
                1..=3 => ids.join(", "),
                many => format!("{} and {} more", ids[..2].join(", "), many - 2),
            };
            let _ = writeln!(out, "{:6} {reason}: {more}", status.word());
        }
    }
    let bad = |r: &&Record| matches!(r.status, Verdict::Fail | Verdict::Fixed);
    for record in report.cases.iter().filter(bad) {
        let _ = writeln!(out, "{:6} {}", record.status.word(), record.id);
    }
    for leak in &report.leaks {
        let _ = writeln!(out, "left behind: {leak}");
    }
    let counts = report.counts;
    let _ = writeln!(
        out,
        "{} {}: {} passed, {} failed, {} known failures, {} fixed, {} skipped; {:.0} s",
        report.target.name,
        report.target.version,
        counts.pass,
        counts.fail,
        counts.known_failure,
        counts.fixed,
        counts.skip,
        report.seconds
    );
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn reasons_are_told_once() {
        let report = sample(&[
            ("a.b", Verdict::Skip, "no curl"),
            ("a.c", Verdict::Skip, "no curl"),
            ("a.d", Verdict::Fail, "x"),
        ]);
        let text = summary(&report);
        assert!(text.contains("skip   no curl: a.b, a.c\n"), "{text}");
        assert!(text.contains("FAIL   a.d\n"));
        assert!(details(&report.cases[2]).starts_with("---- a.d (must, API 1.40)\nx\n"));
    }
}
