//! One page without anything outside of it: a matrix of operations and
//! versions, engines side by side, and every case that is not right.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Counts, Record, Report, Verdict, escape};
use crate::evidence::Evidence;
use crate::schema;

const STYLE: &str = include_str!("page.css");

/// How many requests of a case are shown, the last ones: the page stays light.
const SHOWN: usize = 5;

/// The page of one engine's report, or of several side by side.
pub(crate) fn page(reports: &[Report]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Engine API conformance</title>\n<style>\n{STYLE}</style>\n\
         <h1>Engine API conformance</h1>\n"
    );
    engines(&mut out, reports);
    let _ = writeln!(
        out,
        "<nav><a href=\"#profiles\">Profiles</a> <a href=\"#matrix\">Operations</a> <a href=\"#areas\">Areas</a> \
         <a href=\"#cases\">Deviations</a> <a href=\"#coverage\">Coverage</a></nav>"
    );
    profiles(&mut out, reports);
    matrix(&mut out, reports);
    areas(&mut out, reports);
    deviations(&mut out, reports);
    coverage(&mut out, reports);
    out.push_str("</html>\n");
    out
}

/// A card per engine.
fn engines(out: &mut String, reports: &[Report]) {
    out.push_str("<section class=\"engines\">\n");
    for report in reports {
        let (target, counts) = (&report.target, report.counts);
        let share = counts.right() as f64 * 100.0 / counts.judged().max(1) as f64;
        let _ = writeln!(
            out,
            "<article><h2>{} <small>{}</small></h2>\
             <p class=\"share\">{share:.1}%</p>\
             <meter min=\"0\" max=\"100\" value=\"{share:.1}\">{share:.1}%</meter>\
             <p>{} of {} cases right, {} failed, {} known failures, {} skipped</p>\
             <p class=\"dim\">API {} to {}, judged {}, in {:.0} s</p></article>",
            escape(&target.name),
            escape(&target.version),
            counts.right(),
            counts.judged(),
            counts.fail,
            counts.known_failure,
            counts.skip,
            escape(&target.api.0),
            escape(&target.api.1),
            escape(&target.judged.join(", ")),
            report.seconds
        );
    }
    out.push_str("</section>\n");
}

/// What kinds of clients find.
fn profiles(out: &mut String, reports: &[Report]) {
    table(out, "profiles", "Profiles", "what clients call", reports);
    for (name, profile) in crate::profile::all() {
        let title = format!("{} <small>{}</small>", escape(name), escape(&profile.says));
        let wanted = |r: &&Record| profile.wants(&r.id, &r.operations);
        let cells = reports
            .iter()
            .map(|r| Counts::of(r.cases.iter().filter(wanted)));
        row(out, &title, cells);
    }
    out.push_str("</tbody></table></div>\n");
}

/// Operations by engines and versions. A cell counts the cases about the
/// operation at the version; a dot says that it was only called on the way.
fn matrix(out: &mut String, reports: &[Report]) {
    let operations: BTreeSet<&str> = reports
        .iter()
        .flat_map(|r| &r.cases)
        .flat_map(|c| c.operations.iter().map(String::as_str))
        .collect();
    let cells: Vec<BTreeMap<(&str, &str), Vec<&Record>>> = reports
        .iter()
        .map(|report| {
            let mut cells: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for case in &report.cases {
                for operation in &case.operations {
                    let key = (operation.as_str(), case.api.as_str());
                    cells.entry(key).or_default().push(case);
                }
            }
            cells
        })
        .collect();
    let called: Vec<BTreeSet<&str>> = reports
        .iter()
        .map(|r| r.coverage.iter().map(String::as_str).collect())
        .collect();
    out.push_str(
        "<h2 id=\"matrix\">Operations</h2>\n\
         <p class=\"dim\">Cases about an operation at an API version: right of judged. \
         A dot: called on the way, its answers checked against the document.</p>\n\
         <div class=\"scroll\"><table class=\"matrix\"><thead>\n",
    );
    if reports.len() > 1 {
        out.push_str("<tr><th></th>");
        for report in reports {
            let _ = write!(
                out,
                "<th class=\"first\" colspan=\"{}\">{}</th>",
                report.target.judged.len(),
                escape(&report.target.name)
            );
        }
        out.push_str("</tr>\n");
    }
    out.push_str("<tr><th class=\"name\">operation</th>");
    for report in reports {
        for (index, version) in report.target.judged.iter().enumerate() {
            let class = if index == 0 { " class=\"first\"" } else { "" };
            let _ = write!(out, "<th{class}>{version}</th>");
        }
    }
    out.push_str("</tr></thead><tbody>\n");
    let columns: usize = reports.iter().map(|r| r.target.judged.len()).sum();
    let mut group = "";
    for (tag, operation) in grouped(&operations) {
        if tag != group {
            group = tag;
            let _ = writeln!(
                out,
                "<tr class=\"group\"><th class=\"name\">{tag}</th><td colspan=\"{columns}\"></td></tr>"
            );
        }
        let _ = write!(out, "<tr><th class=\"name\">{operation}</th>");
        for ((report, cells), called) in reports.iter().zip(&cells).zip(&called) {
            for (index, version) in report.target.judged.iter().enumerate() {
                let cases = cells.get(&(operation, version.as_str()));
                let counts = Counts::of(cases.into_iter().flatten().copied());
                let line = format!("{version} {operation} call");
                let (class, text) = match (counts.right(), counts.judged()) {
                    (_, 0) if counts.skip > 0 => ("skip", "skip".to_owned()),
                    (_, 0) if called.contains(line.as_str()) => ("called", "·".to_owned()),
                    (_, 0) => ("none", String::new()),
                    (right, all) if right == all => ("good", all.to_string()),
                    (0, all) => ("bad", format!("0/{all}")),
                    (right, all) => ("part", format!("{right}/{all}")),
                };
                let first = if index == 0 { " first" } else { "" };
                let _ = write!(out, "<td class=\"{class}{first}\">{text}</td>");
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

/// The operations with their tags, in the order of the tags.
fn grouped<'a>(operations: &BTreeSet<&'a str>) -> Vec<(&'static str, &'a str)> {
    let tags: BTreeMap<&str, &'static str> = schema::document(schema::NEWEST)
        .into_iter()
        .flat_map(schema::operations)
        .filter_map(|o| Some((o["operationId"].as_str()?, o["tags"][0].as_str()?)))
        .collect();
    let mut all: Vec<_> = operations
        .iter()
        .map(|o| (tags.get(o).copied().unwrap_or("Other"), *o))
        .collect();
    all.sort_unstable();
    all
}

/// The same by the areas of the cases.
fn areas(out: &mut String, reports: &[Report]) {
    let area = |id: &str| {
        let bare = id.split_once('@').map_or(id, |(bare, _)| bare);
        bare.rsplit_once('.')
            .map_or("", |(area, _)| area)
            .to_owned()
    };
    let mut rows: BTreeMap<String, Vec<Vec<&Record>>> = BTreeMap::new();
    for (index, report) in reports.iter().enumerate() {
        for case in &report.cases {
            let row = rows.entry(area(&case.id)).or_default();
            row.resize(reports.len(), Vec::new());
            row[index].push(case);
        }
    }
    table(out, "areas", "Areas", "area", reports);
    for (area, cells) in rows {
        row(out, &escape(&area), cells.into_iter().map(Counts::of));
    }
    out.push_str("</tbody></table></div>\n");
}

/// Begins a table with a column per engine.
fn table(out: &mut String, anchor: &str, title: &str, first: &str, reports: &[Report]) {
    let _ = write!(
        out,
        "<h2 id=\"{anchor}\">{title}</h2>\n<div class=\"scroll\"><table class=\"matrix\">\
         <thead><tr><th class=\"name\">{first}</th>"
    );
    for report in reports {
        let _ = write!(out, "<th>{}</th>", escape(&report.target.name));
    }
    out.push_str("</tr></thead><tbody>\n");
}

/// A row of it.
fn row(out: &mut String, title: &str, cells: impl Iterator<Item = Counts>) {
    let _ = write!(out, "<tr><th class=\"name\">{title}</th>");
    for counts in cells {
        let class = match (counts.right(), counts.judged()) {
            (_, 0) => "skip",
            (right, all) if right == all => "good",
            (0, _) => "bad",
            _ => "part",
        };
        let skips = match counts.skip {
            0 => String::new(),
            some => format!(", {some} skipped"),
        };
        let _ = write!(
            out,
            "<td class=\"{class}\">{}/{}{skips}</td>",
            counts.right(),
            counts.judged()
        );
    }
    out.push_str("</tr>\n");
}

/// Everything that is not right, or was not judged, with the reason.
fn deviations(out: &mut String, reports: &[Report]) {
    out.push_str("<h2 id=\"cases\">Deviations</h2>\n");
    for report in reports {
        let _ = writeln!(
            out,
            "<h3>{} {}</h3>",
            escape(&report.target.name),
            escape(&report.target.version)
        );
        let mut is_clean = true;
        for status in [
            Verdict::Fail,
            Verdict::Fixed,
            Verdict::KnownFailure,
            Verdict::Skip,
        ] {
            for case in report.cases.iter().filter(|c| c.status == status) {
                is_clean = false;
                deviation(out, case);
            }
        }
        for leak in &report.leaks {
            is_clean = false;
            let _ = writeln!(
                out,
                "<p><b class=\"bad\">left behind</b> {}</p>",
                escape(leak)
            );
        }
        if is_clean {
            out.push_str("<p>None: every case that was judged is right.</p>\n");
        }
    }
}

fn deviation(out: &mut String, case: &Record) {
    let reason = case.reason.as_deref().unwrap_or("");
    let first = reason.lines().next().unwrap_or("");
    let class = match case.status {
        Verdict::Fail => "bad",
        Verdict::Fixed | Verdict::KnownFailure => "part",
        _ => "skip",
    };
    let _ = write!(
        out,
        "<details><summary><b class=\"{class}\">{}</b> <code>{}</code> <span>{}</span></summary>\
         <p class=\"dim\">{} · API {} · {}</p><pre>{}</pre>",
        case.status.word(),
        escape(&case.id),
        escape(first),
        case.level.word(),
        escape(&case.api),
        escape(&case.source),
        escape(reason)
    );
    if !matches!(case.status, Verdict::Skip) {
        let left_out = case.evidence.len().saturating_sub(SHOWN);
        if left_out > 0 {
            let _ = write!(
                out,
                "<p class=\"dim\">{left_out} earlier ones in the JSON report</p>"
            );
        }
        for evidence in &case.evidence[left_out..] {
            let _ = write!(out, "<pre>{}</pre>", escape(&told(evidence)));
        }
    }
    out.push_str("</details>\n");
}

fn told(evidence: &Evidence) -> String {
    match evidence {
        Evidence::Said(text) => text.clone(),
        Evidence::Exchange(e) => format!("$ {}\n{}\n{}", e.curl, e.status_line, e.body),
    }
}

/// What the runs have exercised of the documents, all taken together.
fn coverage(out: &mut String, reports: &[Report]) {
    let lines = reports.iter().flat_map(|r| &r.coverage);
    let seen: BTreeSet<crate::coverage::Item> = lines.filter_map(|l| l.parse().ok()).collect();
    let _ = write!(
        out,
        "<h2 id=\"coverage\">Coverage</h2>\n<p class=\"dim\">What these runs exercised of the \
         documents, without swarm and plugins; counted from requests that went out and \
         answers that came.</p>\n<div class=\"scroll\"><table class=\"matrix\"><thead><tr>\
         <th class=\"name\"></th><th>at any version</th><th>at each version</th></tr></thead><tbody>\n"
    );
    for (title, any, each) in crate::coverage::totals(&seen, false) {
        let _ = writeln!(
            out,
            "<tr><th class=\"name\">{title}</th><td>{any}</td><td>{each}</td></tr>"
        );
    }
    out.push_str("</tbody></table></div>\n");
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn engines_stand_side_by_side_and_texts_are_escaped() {
        let good = sample(&[("a.b", Verdict::Pass, "")]);
        let bad = sample(&[("a.b", Verdict::Fail, "<x> & y")]);
        let page = page(&[good, bad]);
        let row = "<th class=\"name\">ContainerWait</th>\
                   <td class=\"good first\">1</td><td class=\"bad first\">0/1</td>";
        assert!(page.contains(row), "{page}");
        assert!(page.contains("&lt;x&gt; &amp; y"));
        assert!(page.contains("None: every case that was judged is right."));
        for outside in ["http://", "https://", "<script", "src="] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
