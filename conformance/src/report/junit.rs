//! JUnit XML: one suite, a class per area.

use std::fmt::Write as _;

use super::{Report, Verdict, escape};

pub(super) fn write(report: &Report) -> String {
    let counts = report.counts;
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.1}\">",
        escape(&report.target.name),
        report.cases.len(),
        counts.fail + counts.fixed,
        counts.skip + counts.known_failure,
        report.seconds
    );
    for record in &report.cases {
        let (class, name) = record.id.rsplit_once('.').unwrap_or(("", &record.id));
        // A version's dot is no border.
        let (class, name) = match record.id.rsplit_once('@') {
            Some((bare, _)) => bare
                .rsplit_once('.')
                .map_or((class, name), |(c, _)| (c, &record.id[c.len() + 1..])),
            None => (class, name),
        };
        let _ = write!(
            out,
            "  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            escape(class),
            escape(name),
            record.seconds
        );
        let reason = escape(record.reason.as_deref().unwrap_or(""));
        let _ = match record.status {
            Verdict::Pass => writeln!(out, "/>"),
            Verdict::Skip | Verdict::KnownFailure => {
                writeln!(out, "><skipped message=\"{reason}\"/></testcase>")
            }
            Verdict::Fail | Verdict::Fixed => {
                let said: Vec<String> = record.evidence.iter().map(ToString::to_string).collect();
                let said = escape(&said.join("\n"));
                writeln!(
                    out,
                    "><failure message=\"{reason}\">{said}</failure></testcase>"
                )
            }
        };
    }
    out.push_str("</testsuite>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn it_counts_and_escapes() {
        let text = write(&sample(&[
            ("a.b.top@1.35", Verdict::Fail, "\"no\" & \u{1}"),
            ("a.b.d", Verdict::Skip, "why"),
        ]));
        assert!(text.contains("tests=\"2\" failures=\"1\" skipped=\"1\""));
        assert!(text.contains("classname=\"a.b\" name=\"top@1.35\""));
        assert!(text.contains("&quot;no&quot; &amp; \u{fffd}"));
    }
}
