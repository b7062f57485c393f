//! The names that requests carry into paths. None of them can be made from a
//! text that means anything to a file system.

use std::fmt;

use longshore_oci::reference::{is_path, is_tag};

/// The longest name of a repository, in bytes.
const LONGEST: usize = 255;

/// The name of a repository: lower-case components joined by slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RepositoryName(Box<str>);

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tag(Box<str>);

impl RepositoryName {
    /// Takes a text that is a repository's name.
    pub(crate) fn new(text: &str) -> Option<Self> {
        (text.len() <= LONGEST && is_path(text)).then(|| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Tag {
    /// Takes a text that is a tag.
    pub(crate) fn new(text: &str) -> Option<Self> {
        is_tag(text).then(|| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_file_system_reads_is_a_name() {
        for text in [
            "", ".", "..", "/", "a/", "/a", "a//b", "a/../b", "_tags", "a/_tags", "A", "a\0",
            "a b", "a\\b", "é",
        ] {
            assert_eq!(RepositoryName::new(text), None, "{text:?}");
        }
        assert!(RepositoryName::new(&"a".repeat(256)).is_none());
        assert!(RepositoryName::new("a/b-c/d.e__f").is_some());
        for text in ["", ".", "..", "a/b", "-a", "a b", "a\0"] {
            assert_eq!(Tag::new(text), None, "{text:?}");
        }
        assert!(Tag::new("V1.2_x-y").is_some());
    }
}
