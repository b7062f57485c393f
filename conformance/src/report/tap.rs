//! TAP 13, one line per case; why in a YAML block.

use std::fmt::Write as _;

use super::{Report, Verdict};

pub(super) fn write(report: &Report) -> String {
    let mut out = format!("TAP version 13\n1..{}\n", report.cases.len());
    for (number, record) in (1..).zip(&report.cases) {
        let reason = record.reason.as_deref().unwrap_or("");
        // What stands behind # must stay on one line.
        let line = reason.replace('\n', " ").replace('#', "\\#");
        let (is_ok, directive) = match record.status {
            Verdict::Pass => ("ok", String::new()),
            Verdict::Skip => ("ok", format!(" # SKIP {line}")),
            Verdict::KnownFailure => ("not ok", format!(" # TODO {line}")),
            Verdict::Fail | Verdict::Fixed => ("not ok", String::new()),
        };
        let _ = writeln!(out, "{is_ok} {number} - {}{directive}", record.id);
        if matches!(record.status, Verdict::Fail | Verdict::Fixed) {
            let _ = writeln!(out, "  ---");
            for (key, value) in [
                ("level", record.level.word()),
                ("source", &record.source),
                ("message", reason),
            ] {
                let _ = writeln!(out, "  {key}: {}", serde_json::Value::from(value));
            }
            let _ = writeln!(out, "  ...");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn every_case_has_its_line() {
        let text = write(&sample(&[
            ("a.b", Verdict::Pass, ""),
            ("a.c", Verdict::Fail, "two\nlines"),
            ("a.d", Verdict::Skip, "no #1"),
            ("a.e", Verdict::KnownFailure, "old"),
        ]));
        assert!(text.starts_with("TAP version 13\n1..4\nok 1 - a.b\nnot ok 2 - a.c\n"));
        assert!(text.contains("message: \"two\\nlines\""));
        assert!(text.contains("ok 3 - a.d # SKIP no \\#1\nnot ok 4 - a.e # TODO old\n"));
    }
}
