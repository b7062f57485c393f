//! Takes out of an answer what differs from run to run of the same engine, so
//! that answers of two engines can be laid side by side.

use serde_json::{Map, Value};

/// Numbers that mean nothing beyond their own run, by the end of their name.
const NUMBERS: &[&str] = &[
    "Pid",
    "Size",
    "Created",
    "time",
    "timeNano",
    "Port",
    "SizeRw",
    "SizeRootFs",
    "usage",
    "bytes",
];

/// From here on a number is a size or a time.
const LARGE: u64 = 100_000;

/// Replaces ids, times, addresses and names of the run by words.
pub(crate) fn reduce(value: &mut Value, run: &str) {
    match value {
        Value::String(text) => *text = scrub(text, run),
        Value::Number(number) if number.as_u64().is_none_or(|n| n >= LARGE) => {
            *value = "NUMBER".into();
        }
        Value::Array(values) => values.iter_mut().for_each(|v| reduce(v, run)),
        Value::Object(fields) => {
            let mut reduced = Map::new();
            for (name, mut field) in std::mem::take(fields) {
                match NUMBERS.iter().any(|n| name.ends_with(n)) && field.is_number() {
                    true => field = "NUMBER".into(),
                    false => reduce(&mut field, run),
                }
                reduced.insert(scrub(&name, run), field);
            }
            *fields = reduced;
        }
        _ => {}
    }
}

/// The same for one text: word by word, so that what stands around stays.
fn scrub(text: &str, run: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".:-_+".contains(c);
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (word, after) = match end {
            0 => rest.split_at(first.len_utf8()),
            end => rest.split_at(end),
        };
        out.push_str(&name(word, run));
        rest = after;
    }
    out
}

fn name(word: &str, run: &str) -> String {
    let is_id = |part: &str| {
        part.len() >= 12
            && part.chars().all(|c| c.is_ascii_hexdigit())
            && part.chars().any(|c| c.is_ascii_digit())
    };
    // A port stands behind an address.
    let host = word.rsplit_once(':').map_or(word, |(host, _)| host);
    let groups = |word: &str, separator: char, count: usize, is: fn(&str) -> bool| {
        word.split(separator).count() == count && word.split(separator).all(is)
    };
    let is_octet = |part: &str| part.parse::<u8>().is_ok();
    let is_pair = |part: &str| part.len() == 2 && u8::from_str_radix(part, 16).is_ok();
    let is_date = word.len() >= 19 && word.as_bytes()[4] == b'-' && word.as_bytes()[10] == b'T';
    if !run.is_empty() && word.contains(run) || word.starts_with("conformance-") {
        "NAME".to_owned()
    } else if is_date {
        "TIME".to_owned()
    } else if groups(host, '.', 4, is_octet) {
        "ADDRESS".to_owned()
    } else if groups(word, ':', 6, is_pair) {
        "MAC".to_owned()
    } else if word.len() >= 4 && word.chars().all(|c| c.is_ascii_digit()) {
        "NUMBER".to_owned()
    } else {
        // `ID-json.log`, `sha256:ID`, `container:ID`.
        let parts = word.split_inclusive(['-', ':', '.', '_', '+']);
        let part = |part: &str| {
            let bare = part.trim_end_matches(['-', ':', '.', '_', '+']);
            match is_id(bare) {
                true => format!("ID{}", &part[bare.len()..]),
                false => part.to_owned(),
            }
        };
        parts.map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_belongs_to_a_run_becomes_words() {
        let mut value = json!({
            "Id": "4f5c0ffee123", "Image": "sha256:00ff00ff00ff00ff", "Pid": 7,
            "Created": "2026-11-21T19:38:57.98Z", "Name": "/cf12-x-0", "IPAddress": "172.17.0.2", "From": "http://127.0.0.1:4711/x",
            "LogPath": "/tmp/conformance-AbC/data/4f5c0ffee123-json.log", "ExitCode": 3,
            "MacAddress": "02:42:ac:11:00:02", "Version": "20.10.24", "Total": 500_000
        });
        reduce(&mut value, "cf12");
        assert_eq!(
            value,
            json!({
                "Id": "ID", "Image": "sha256:ID", "Pid": "NUMBER", "Created": "TIME", "Name": "/NAME",
                "IPAddress": "ADDRESS", "From": "http://ADDRESS/x", "LogPath": "/tmp/NAME/data/ID-json.log", "ExitCode": 3,
                "MacAddress": "MAC", "Version": "20.10.24", "Total": "NUMBER"
            })
        );
    }
}
