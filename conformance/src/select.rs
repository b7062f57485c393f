//! Which cases a run is about.

use crate::expect::glob;
use crate::judge::{Case, Level};
use crate::profile::Named;

/// What was asked for on the command line.
#[derive(clap::Args, Clone, Default)]
pub(crate) struct Selection {
    /// Only cases whose id has this text, or is of this pattern (with `*`)
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// The same, as an option
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
    /// Not these
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    skip: Vec<String>,
    /// Only cases that are so binding
    #[arg(long, value_delimiter = ',')]
    level: Vec<Level>,
    /// Only cases about what such clients call: core, compose, testcontainers,
    /// ci-runner, exec, images, build, networks, volumes
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    profile: Vec<Named>,
}

impl Selection {
    /// The cases that are meant; none is an error, since a run of nothing
    /// would look like one in which all went well.
    pub(crate) fn of(&self, mut cases: Vec<Case>) -> Result<Vec<Case>, String> {
        for pattern in self.ids.iter().chain(&self.only).chain(&self.skip) {
            if !cases.iter().any(|case| fits(pattern, &case.id)) {
                return Err(format!("no case is called {pattern:?}; see --list"));
            }
        }
        cases.retain(|case| self.wants(case));
        match cases.is_empty() {
            true => Err("no case is left to judge".to_owned()),
            false => Ok(cases),
        }
    }

    fn wants(&self, case: &Case) -> bool {
        let only: Vec<&String> = self.ids.iter().chain(&self.only).collect();
        (only.is_empty() || only.iter().any(|p| fits(p, &case.id)))
            && !self.skip.iter().any(|p| fits(p, &case.id))
            && (self.level.is_empty() || self.level.contains(&case.level))
            && (self.profile.is_empty()
                || self
                    .profile
                    .iter()
                    .any(|p| p.0.wants(&case.id, &case.operations)))
    }
}

fn fits(pattern: &str, id: &str) -> bool {
    match pattern.contains('*') {
        true => glob(pattern, id),
        false => id.contains(pattern),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &str, level: Level) -> Case {
        Case {
            id: id.to_owned(),
            level,
            source: String::new(),
            operations: Vec::new(),
            api: "1.40",
            run: Box::new(|_| Ok(())),
        }
    }

    fn chosen(selection: &Selection) -> Result<Vec<String>, String> {
        let cases = vec![
            case("container.wait.ended", Level::Must),
            case("container.wait.created", Level::Quirk),
            case("tutorial.t1.top@1.35", Level::Must),
        ];
        Ok(selection.of(cases)?.into_iter().map(|c| c.id).collect())
    }

    #[test]
    fn texts_patterns_and_levels() {
        let of = |only: &str, skip: &str, level: Option<Level>| {
            let list = |text: &str| text.split_whitespace().map(str::to_owned).collect();
            chosen(&Selection {
                only: list(only),
                skip: list(skip),
                level: level.into_iter().collect(),
                ..Selection::default()
            })
        };
        assert_eq!(of("", "", None).unwrap().len(), 3);
        assert_eq!(of("*@1.35", "", None).unwrap(), ["tutorial.t1.top@1.35"]);
        assert_eq!(
            of("container.wait", "created", None).unwrap(),
            ["container.wait.ended"]
        );
        assert_eq!(
            of("", "", Some(Level::Quirk)).unwrap(),
            ["container.wait.created"]
        );
        assert!(of("nonsense", "", None).is_err());
        assert!(of("", "gone", None).is_err());
    }
}
