//! Known failures of one kind of engine, `expect/<target>.yaml`: each case
//! with its reason. A listed case that passes fails the run ("fixed!"), and so
//! does an entry that names no case.

use std::path::Path;

use serde::Deserialize;

const FILES: &[(&str, &str)] = &[
    (
        "docker-registry",
        include_str!("../expect/docker-registry.yaml"),
    ),
    ("dockerd", include_str!("../expect/dockerd.yaml")),
    ("longshored", include_str!("../expect/longshored.yaml")),
];

/// The list of one target.
#[derive(Default)]
pub(crate) struct Expectations(Vec<Entry>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// A case's id, at all versions if it names none; a `*` stands for any text.
    case: String,
    reason: String,
}

impl Expectations {
    /// A list of the user's own.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|e| format!("{name}: {e}"))?;
        Self::parse(&name, &text)
    }

    /// The embedded list for a target; empty for a target without one.
    pub(crate) fn of(target: &str) -> Result<Self, String> {
        let text = FILES.iter().find(|(name, _)| *name == target);
        text.map_or(Ok(Self::default()), |(name, text)| {
            Self::parse(&format!("expect/{name}.yaml"), text)
        })
    }

    fn parse(name: &str, text: &str) -> Result<Self, String> {
        let entries: Option<Vec<Entry>> =
            serde_yaml_ng::from_str(text).map_err(|e| format!("{name}: {e}"))?;
        Ok(Self(entries.unwrap_or_default()))
    }

    /// Why this case is known to fail.
    pub(crate) fn reason(&self, case: &str) -> Option<&str> {
        let entry = self.0.iter().find(|e| e.names(case))?;
        Some(&entry.reason)
    }

    /// Entries that name none of these cases.
    pub(crate) fn stale<'a>(&'a self, cases: &'a [String]) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(|e| !cases.iter().any(|c| e.names(c)))
            .map(|e| e.case.as_str())
    }
}

impl Entry {
    fn names(&self, case: &str) -> bool {
        let bare = case.split_once('@').map_or(case, |(bare, _)| bare);
        glob(&self.case, case) || glob(&self.case, bare)
    }
}

/// Is this the text, where a `*` stands for any part of it?
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|i| rest.is_char_boundary(i) && glob(after, &rest[i..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        assert!(glob("tutorial.t1.top@*", "tutorial.t1.top@1.35"));
        assert!(!glob("tutorial.t1.top@*", "tutorial.t1.logs@1.35"));
        assert!(glob("a*", "a"));
    }

    #[test]
    fn the_embedded_lists_parse_and_have_reasons() {
        for (name, text) in FILES {
            let list = Expectations::parse(name, text).unwrap();
            assert!(list.0.iter().all(|e| e.reason.len() > 10), "{name}");
        }
    }

    #[test]
    fn an_entry_for_no_case_is_stale() {
        let list = Expectations::parse("x", "- {case: gone, reason: none}").unwrap();
        let versions = Expectations::parse("x", "- {case: a.b, reason: none}").unwrap();
        assert!(versions.reason("a.b@1.35").is_some() && versions.reason("a.bc").is_none());
        assert_eq!(
            list.stale(&["here".to_owned()]).collect::<Vec<_>>(),
            ["gone"]
        );
    }
}
