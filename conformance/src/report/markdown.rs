//! A short table for a README: engines beside each other, by kind of client.

use std::fmt::Write as _;

use super::{Counts, Report};
use crate::judge::Level;
use crate::profile;

/// The table: cases right of cases judged.
pub(crate) fn table(reports: &[Report]) -> String {
    let mut out = String::from("| |");
    for report in reports {
        let target = &report.target;
        let _ = write!(out, " {} {} |", target.name, target.version);
    }
    out.push_str("\n|---|");
    out.push_str(&"---:|".repeat(reports.len()));
    out.push('\n');
    let mut row = |title: &str, of: &dyn Fn(&Report) -> Counts| {
        let _ = write!(out, "| {title} |");
        for report in reports {
            let counts = of(report);
            let skipped = match counts.skip {
                0 => String::new(),
                some => format!(", {some} skipped"),
            };
            let _ = write!(out, " {}/{}{skipped} |", counts.right(), counts.judged());
        }
        out.push('\n');
    };
    row("all cases", &|report| report.counts);
    for (title, level) in [
        ("must: the documents", Level::Must),
        ("should: what clients rely on", Level::Should),
        ("quirk: what dockerd does", Level::Quirk),
    ] {
        row(title, &|report| {
            Counts::of(report.cases.iter().filter(|case| case.level == level))
        });
    }
    for (name, profile) in profile::all() {
        row(&format!("profile `{name}`"), &|report| {
            let cases = report.cases.iter();
            Counts::of(cases.filter(|case| profile.wants(&case.id, &case.operations)))
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Verdict, sample};
    use super::*;

    #[test]
    fn engines_are_columns() {
        let one = sample(&[("a.b", Verdict::Pass, ""), ("a.c", Verdict::Skip, "x")]);
        let two = sample(&[("a.b", Verdict::Fail, "x")]);
        let text = table(&[one, two]);
        assert!(
            text.contains("| all cases | 1/1, 1 skipped | 0/1 |\n"),
            "{text}"
        );
        assert!(text.contains("| profile `core` | 1/1, 1 skipped | 0/1 |\n"));
    }
}
