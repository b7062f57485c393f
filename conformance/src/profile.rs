//! What kinds of clients need of an engine: `profiles.yaml`.

use std::str::FromStr;
use std::sync::OnceLock;

use indexmap::IndexMap;
use serde::Deserialize;

const TABLE: &str = include_str!("../profiles.yaml");

/// A kind of client.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// One line about it.
    pub(crate) says: String,
    /// What it calls.
    pub(crate) operations: Vec<String>,
}

/// A profile's name on the command line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named(pub(crate) &'static Profile);

/// All of them, in the table's order.
pub(crate) fn all() -> &'static IndexMap<String, Profile> {
    static ALL: OnceLock<IndexMap<String, Profile>> = OnceLock::new();
    ALL.get_or_init(|| serde_yaml_ng::from_str(TABLE).expect("a test reads the embedded table"))
}

impl Profile {
    /// Is a case about these operations of its business?
    pub(crate) fn wants(&self, id: &str, operations: &[String]) -> bool {
        operations.iter().any(|o| self.operations.contains(o))
            || operations.is_empty() && id.starts_with("http.")
    }
}

impl FromStr for Named {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || all().keys().map(String::as_str).collect::<Vec<_>>();
        let profile = all().get(name);
        profile
            .map(Named)
            .ok_or_else(|| format!("the profiles are {}", known().join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn profiles_name_operations() {
        for (name, profile) in all() {
            assert!(!profile.says.is_empty() && !profile.operations.is_empty());
            for operation in &profile.operations {
                assert!(schema::is_operation(operation), "{name}: {operation}");
            }
        }
        let exec: Named = "exec".parse().unwrap();
        assert!(exec.0.wants("exec.ends", &["ExecStart".to_owned()]));
        assert!(exec.0.wants("http.routing.options", &[]));
        assert!(
            !exec
                .0
                .wants("container.wait.ended", &["ContainerWait".to_owned()])
        );
        let error = "docker".parse::<Named>().unwrap_err();
        assert!(error.contains("testcontainers"));
    }
}
