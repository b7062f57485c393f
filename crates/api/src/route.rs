//! How a path finds its operation.
//!
//! Docker's paths carry names that may hold slashes in the middle
//! (`/images/{name}/json` with `registry/team/app`), so a pattern is what
//! stands before the name and what stands behind it, and the routes are tried
//! in order: those without a name first. The table itself is generated.

use http::Method;

use crate::generated::routes::Operation;
use crate::version::ApiVersion;

/// One line of the route table.
#[derive(Clone, Debug)]
pub struct Route {
    /// What is called.
    pub operation: Operation,
    /// The request's method.
    pub method: Method,
    /// The path without the version in front.
    pub path: Pattern,
    /// The first version that has it; `None` is all of them.
    pub since: Option<ApiVersion>,
    /// The last version that has it; `None` is all of them.
    pub until: Option<ApiVersion>,
}

/// A path with at most one name in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// What stands before the name, or the whole path.
    pub prefix: &'static str,
    /// Whether there is a name, and what it may hold.
    pub name: Name,
    /// What stands behind the name.
    pub suffix: &'static str,
}

/// What a path parameter may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// There is none.
    None,
    /// At least one character, no slash.
    Segment,
    /// Anything, slashes too, even nothing.
    Greedy,
}

impl Pattern {
    /// A path without a name.
    pub const fn exact(path: &'static str) -> Pattern {
        Pattern {
            prefix: path,
            name: Name::None,
            suffix: "",
        }
    }

    /// A path with a name between `prefix` and `suffix`.
    pub const fn named(prefix: &'static str, name: Name, suffix: &'static str) -> Pattern {
        Pattern {
            prefix,
            name,
            suffix,
        }
    }

    /// The name in a path that has this shape (`""` if the pattern has none).
    pub fn find<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.prefix)?;
        match self.name {
            Name::None => rest.is_empty().then_some(""),
            Name::Segment => rest
                .strip_suffix(self.suffix)
                .filter(|name| !name.is_empty() && !name.contains('/')),
            Name::Greedy => rest.strip_suffix(self.suffix),
        }
    }
}

impl Route {
    /// Whether a version has this route.
    pub fn exists_in(&self, version: ApiVersion) -> bool {
        self.since.is_none_or(|since| since <= version)
            && self.until.is_none_or(|until| version <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greedy_names_hold_slashes() {
        let pattern = Pattern::named("/images/", Name::Greedy, "/json");
        assert_eq!(pattern.find("/images/a/b:c/json"), Some("a/b:c"));
        assert_eq!(pattern.find("/images/json/json"), Some("json"));
        assert_eq!(pattern.find("/images/json"), None);
        assert_eq!(pattern.find("/images/a/json/"), None);
        let bare = Pattern::named("/containers/", Name::Greedy, "");
        assert_eq!(bare.find("/containers/"), Some(""));
        assert_eq!(bare.find("/containers"), None);
    }

    #[test]
    fn segments_do_not() {
        let pattern = Pattern::named("/tasks/", Name::Segment, "/logs");
        assert_eq!(pattern.find("/tasks/x/logs"), Some("x"));
        assert_eq!(pattern.find("/tasks/x/y/logs"), None);
        assert_eq!(pattern.find("/tasks//logs"), None);
    }

    #[test]
    fn exact_paths_are_exact() {
        let pattern = Pattern::exact("/info");
        assert_eq!(pattern.find("/info"), Some(""));
        assert_eq!(pattern.find("/info/"), None);
        assert_eq!(pattern.find("/inf"), None);
    }
}
