//! What a run has left behind in the engine: everything under a name of the
//! run's own, except the judge's image.

use serde_json::Value;

use crate::http::{self, Request};
use crate::target::Target;

/// Where names are, per kind of thing.
const PLACES: &[(&str, &str, &str, &str)] = &[
    ("container", "/containers/json?all=1", "", "/Names"),
    ("volume", "/volumes", "/Volumes", "/Name"),
    ("network", "/networks", "", "/Name"),
    ("image", "/images/json", "", "/RepoTags"),
];

/// `container /cf12-x-0`, and so on. Asked before the judge's image goes.
pub(crate) fn find(target: &Target) -> Result<Vec<String>, String> {
    let own = target.image();
    let mut found = Vec::new();
    for (kind, path, list, name) in PLACES {
        let ask = || -> Result<Value, Box<dyn std::error::Error>> {
            let mut reply = http::send(&target.endpoint, &Request::new("GET", path))?;
            Ok(serde_json::from_slice(&reply.read_all()?)?)
        };
        let answer = ask().map_err(|e| format!("what is left behind: GET {path}: {e}"))?;
        let things = answer.pointer(list).and_then(Value::as_array);
        for names in things.into_iter().flatten().filter_map(|t| t.pointer(name)) {
            let names = match names {
                Value::Array(names) => names.iter().collect(),
                name => vec![name],
            };
            let names = names.into_iter().filter_map(Value::as_str);
            // An engine may put its own words before a name.
            let ours = names.filter(|n| n.contains(&target.run) && !n.ends_with(&own));
            found.extend(ours.map(|name| format!("{kind} {name}")));
        }
    }
    found.sort();
    Ok(found)
}
