//! Places where the published documents are wrong and every engine is right.
//! Listed in `corrections.yaml`, each with its reason.

use std::sync::OnceLock;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Correction {
    /// As in a finding; a leading `*` stands for any operation and parents.
    place: String,
    allows: Defect,
    reason: String,
}

/// What a document forbids by mistake.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Defect {
    /// `null` where the document says otherwise.
    NullValue,
    /// A required field that is left out.
    Missing,
    /// Another type.
    Type,
}

/// The reason, if this defect at this place is the document's mistake.
pub(super) fn excuse(place: &str, defect: Defect) -> Option<&'static str> {
    let mut those = all().iter().filter(|c| c.allows == defect);
    let found = those.find(|c| match c.place.strip_prefix('*') {
        Some(end) => place.ends_with(end),
        None => c.place == place,
    });
    found.map(|c| c.reason.as_str())
}

fn all() -> &'static [Correction] {
    static ALL: OnceLock<Vec<Correction>> = OnceLock::new();
    ALL.get_or_init(|| {
        serde_yaml_ng::from_str(include_str!("../../corrections.yaml"))
            .expect("a test reads the embedded list")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_correction_has_a_reason() {
        assert!(all().iter().all(|c| c.reason.len() > 10));
    }
}
