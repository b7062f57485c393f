//! Where two engines differ: in their verdicts, and in what they answered to
//! the same question of the same case.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::evidence::{Evidence, Exchange};
use crate::report::{Record, Report};
use crate::session::split_version;

/// How much of a value is shown.
const SHOWN: usize = 60;

/// One place where answers differ, and how often.
type Differences = BTreeMap<(String, String), Difference>;

struct Difference {
    /// What A and B have there, the first time.
    values: (String, String),
    count: usize,
    case: String,
}

/// The differences for a reader: verdicts by case, then answers by operation.
pub(crate) fn text(a: &Report, b: &Report) -> String {
    let (first, second) = (&a.target, &b.target);
    let mut out = format!(
        "A: {} {}\nB: {} {}\n\nVerdicts:\n",
        first.name, first.version, second.name, second.version
    );
    let of_b: BTreeMap<&str, &Record> = b.cases.iter().map(|c| (c.id.as_str(), c)).collect();
    let mut differences = Differences::new();
    let (mut common, mut compared) = (0, 0);
    for case in &a.cases {
        let Some(other) = of_b.get(case.id.as_str()) else {
            continue;
        };
        common += 1;
        if case.status != other.status {
            let reason = other.reason.as_ref().or(case.reason.as_ref());
            let reason = reason.and_then(|r| r.lines().next()).unwrap_or("");
            let _ = writeln!(
                out,
                "{:6} {:6} {}: {}",
                case.status.word(),
                other.status.word(),
                case.id,
                shorten(reason, 120)
            );
        }
        compared += compare_cases(case, other, &mut differences);
    }
    let only = (a.cases.len() - common, b.cases.len() - common);
    let _ = writeln!(
        out,
        "{common} cases in both, {} only in A, {} only in B\n\nAnswers:",
        only.0, only.1
    );
    for ((operation, place), difference) in &differences {
        let _ = writeln!(
            out,
            "{operation} {place}: {} | {} ({} times, first in {})",
            difference.values.0, difference.values.1, difference.count, difference.case
        );
    }
    let _ = writeln!(
        out,
        "{} differences in {compared} pairs of answers{}",
        differences.len(),
        match compared {
            0 => "; run both with --evidence to compare answers",
            _ => "",
        }
    );
    out
}

/// Compares the answers to the same questions; how many there were.
fn compare_cases(a: &Record, b: &Record, differences: &mut Differences) -> usize {
    let (of_a, of_b) = (questions(a), questions(b));
    let mut compared = 0;
    for (question, answer) in &of_a {
        let Some(other) = of_b.get(question) else {
            continue;
        };
        let operation = answer.operation.as_deref().unwrap_or(question);
        let mut tell = |place: &str, values: (String, String)| {
            let key = (operation.to_owned(), place.to_owned());
            let entry = differences.entry(key).or_insert_with(|| Difference {
                values,
                count: 0,
                case: a.id.clone(),
            });
            entry.count += 1;
        };
        compared += 1;
        let status = |e: &Exchange| e.status_line.split(' ').nth(1).unwrap_or("").to_owned();
        if status(answer) != status(other) {
            tell("status", (status(answer), status(other)));
        } else if let (Some(one), Some(two)) = (&answer.alike, &other.alike) {
            compare("", one, two, &mut tell);
        }
    }
    compared
}

/// The last exchange of each question: what was asked until it held counts as
/// it was in the end. Ids and names in paths are the engine's own.
fn questions(case: &Record) -> BTreeMap<String, &Exchange> {
    let mut questions = BTreeMap::new();
    for evidence in &case.evidence {
        if let Evidence::Exchange(exchange) = evidence
            && exchange.alike.is_some()
        {
            let (method, path) = exchange.asked.split_once(' ').unwrap_or(("", ""));
            let path = split_version(path).1;
            let question = match &exchange.operation {
                Some(operation) => {
                    let query = path.split_once('?').map_or("", |(_, q)| q);
                    let names: Vec<&str> = query
                        .split('&')
                        .map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name))
                        .collect();
                    format!("{operation} {}", names.join("&"))
                }
                None => format!("{method} {path}"),
            };
            questions.insert(question, exchange.as_ref());
        }
    }
    questions
}

/// Tells where two values differ. What lists have depends on what else goes on
/// in the engine: of them only the first elements are compared, in their shape.
fn compare(place: &str, a: &Value, b: &Value, tell: &mut impl FnMut(&str, (String, String))) {
    match (a, b) {
        (Value::Object(fields), Value::Object(others)) => {
            for (name, field) in fields {
                let place = format!("{place}.{name}");
                match others.get(name) {
                    Some(other) => compare(&place, field, other, tell),
                    None => tell(&place, (show(field), "absent".to_owned())),
                }
            }
            for (name, other) in others.iter().filter(|(n, _)| !fields.contains_key(*n)) {
                tell(
                    &format!("{place}.{name}"),
                    ("absent".to_owned(), show(other)),
                );
            }
        }
        (Value::Array(values), Value::Array(others)) => {
            let is_flat = |values: &[Value]| !values.iter().any(Value::is_object);
            if is_flat(values) && is_flat(others) {
                if a != b {
                    tell(place, (show(a), show(b)));
                }
            } else if let (Some(value), Some(other)) = (values.first(), others.first()) {
                compare(&format!("{place}[]"), &shape(value), &shape(other), tell);
            }
        }
        (a, b) if a != b => tell(place, (show(a), show(b))),
        _ => {}
    }
}

/// A value with kinds instead of scalars.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, field)| (name.clone(), shape(field)));
            Value::Object(fields.collect())
        }
        Value::Array(values) => Value::Array(values.iter().take(1).map(shape).collect()),
        Value::Null => Value::Null,
        Value::Bool(_) => "a boolean".into(),
        Value::Number(_) => "a number".into(),
        Value::String(text) if text == "NUMBER" => "a number".into(),
        Value::String(_) => "a text".into(),
    }
}

fn show(value: &Value) -> String {
    shorten(&value.to_string(), SHOWN)
}

fn shorten(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_differ_by_place() {
        let a = json!({"Id": "ID", "Ports": null, "Cmd": ["x"], "List": [{"a": 1}]});
        let b = json!({"Id": "ID", "Ports": {}, "Cmd": ["y"], "List": [{"a": 2}, {}], "New": 1});
        let mut told = Vec::new();
        compare("", &a, &b, &mut |place, values| {
            told.push(format!("{place}: {} | {}", values.0, values.1));
        });
        assert_eq!(
            told,
            [
                ".Ports: null | {}",
                ".Cmd: [\"x\"] | [\"y\"]",
                ".New: absent | 1"
            ]
        );
    }
}
