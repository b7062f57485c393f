//! Image references such as `busybox`, `user/app:1.2` or
//! `registry.local:5000/app@sha256:…`, with Docker's familiar short forms.
//!
//! The grammar is that of the distribution project's reference package: an
//! optional registry, path components in lower case, an optional tag and an
//! optional digest. `busybox` means `docker.io/library/busybox`; the short form
//! is what users see again ([`Reference::familiar`]).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, ParseDigestError};

const DEFAULT_DOMAIN: &str = "docker.io";
const DEFAULT_PREFIX: &str = "library/";
const DEFAULT_TAG: &str = "latest";
const LONGEST_NAME: usize = 255;
const LONGEST_TAG: usize = 128;

/// A syntactically valid, normalised reference to an image.
///
/// ```
/// use longshore_oci::reference::Reference;
///
/// let reference = Reference::parse("busybox")?.with_default_tag();
/// assert_eq!(reference.to_string(), "docker.io/library/busybox:latest");
/// assert_eq!(reference.familiar(), "busybox:latest");
/// # Ok::<(), longshore_oci::reference::ReferenceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Reference {
    domain: Box<str>,
    path: Box<str>,
    tag: Option<Box<str>>,
    digest: Option<Digest>,
}

/// Why a text is not a reference; the texts are dockerd's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The text does not follow the grammar.
    #[error("invalid reference format")]
    Format,
    /// It would, were the name in lower case.
    #[error("invalid reference format: repository name must be lowercase")]
    Uppercase,
    /// The name is longer than 255 bytes.
    #[error("repository name must not be more than 255 characters")]
    NameTooLong,
    /// The name looks like an image ID.
    #[error("invalid repository name ({0}), cannot specify 64-byte hexadecimal strings")]
    HexName(String),
    /// The tag does not follow the grammar.
    #[error("invalid tag format")]
    Tag,
    /// The digest is not one.
    #[error("{0}")]
    Digest(#[from] ParseDigestError),
    /// A digest was given where only a tag can be.
    #[error("refusing to create a tag with a digest reference")]
    TagWithDigest,
    /// The repository is named like a digest algorithm.
    #[error("refusing to create an ambiguous tag using digest algorithm as name")]
    AlgorithmName,
}

impl Reference {
    /// Parses and normalises a name as a user gives it. No tag is added.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if is_hex_id(text) {
            return Err(ReferenceError::HexName(text.to_owned()));
        }
        let (domain, remainder) = split_domain(text);
        let (rest, digest) = match remainder.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (remainder.as_str(), None),
        };
        let (path, tag) = match rest.split_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        if path.bytes().any(|byte| byte.is_ascii_uppercase()) && is_path(&path.to_ascii_lowercase())
        {
            return Err(ReferenceError::Uppercase);
        }
        if !is_domain(&domain) || !is_path(path) || tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(ReferenceError::Format);
        }
        if domain.len() + 1 + path.len() > LONGEST_NAME {
            return Err(ReferenceError::NameTooLong);
        }
        let digest = match digest {
            Some(text) if !text.contains(':') => return Err(ReferenceError::Format),
            Some(text) => Some(text.parse()?),
            None => None,
        };
        Ok(Self {
            domain: domain.into(),
            path: path.into(),
            tag: tag.map(Into::into),
            digest,
        })
    }

    /// The reference that the `repo` and `tag` parameters of tag and import
    /// name together; an empty `tag` leaves the one in `repo`, or `latest`.
    pub fn for_tag(repo: &str, tag: &str) -> Result<Self, ReferenceError> {
        let mut reference = Self::parse(repo)?;
        if !tag.is_empty() {
            if !is_tag(tag) {
                return Err(ReferenceError::Tag);
            }
            reference.tag = Some(tag.into());
        }
        if reference.digest.is_some() {
            return Err(ReferenceError::TagWithDigest);
        }
        if reference.familiar_name() == "sha256" {
            return Err(ReferenceError::AlgorithmName);
        }
        Ok(reference.with_default_tag())
    }

    /// The same with tag `latest` when it has neither tag nor digest.
    #[must_use]
    pub fn with_default_tag(mut self) -> Self {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some(DEFAULT_TAG.into());
        }
        self
    }

    /// The same name with this digest and no tag, as pulled images carry it.
    #[must_use]
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.tag = None;
        self.digest = Some(digest);
        self
    }

    /// The registry, `docker.io` when none was given.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The repository's path inside the registry, with `library/`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Registry and path.
    pub fn name(&self) -> String {
        format!("{}/{}", self.domain, self.path)
    }

    /// The tag, if there is one.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if there is one.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The name without what a user may leave out.
    pub fn familiar_name(&self) -> String {
        if *self.domain != *DEFAULT_DOMAIN {
            return self.name();
        }
        match self.path.strip_prefix(DEFAULT_PREFIX) {
            Some(path) if !path.contains('/') => path.to_owned(),
            _ => self.path.to_string(),
        }
    }

    /// The short form with tag and digest, as answers carry it.
    pub fn familiar(&self) -> String {
        self.familiar_name() + &self.suffix()
    }

    /// Whether both name the same repository.
    pub fn same_repository(&self, other: &Self) -> bool {
        self.domain == other.domain && self.path == other.path
    }

    fn suffix(&self) -> String {
        let mut suffix = String::new();
        if let Some(tag) = &self.tag {
            suffix.push(':');
            suffix.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            suffix.push('@');
            suffix.push_str(&digest.to_string());
        }
        suffix
    }
}

/// Splits off the registry: the first component, if it looks like a host.
fn split_domain(text: &str) -> (String, String) {
    let (domain, remainder) = match text.split_once('/') {
        Some((first, rest))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.bytes().any(|byte| byte.is_ascii_uppercase()) =>
        {
            (first, rest)
        }
        _ => (DEFAULT_DOMAIN, text),
    };
    let domain = if domain == "index.docker.io" {
        DEFAULT_DOMAIN
    } else {
        domain
    };
    let end = remainder.find([':', '@']).unwrap_or(remainder.len());
    if domain == DEFAULT_DOMAIN && !remainder[..end].contains('/') {
        (domain.to_owned(), format!("{DEFAULT_PREFIX}{remainder}"))
    } else {
        (domain.to_owned(), remainder.to_owned())
    }
}

fn is_hex_id(text: &str) -> bool {
    Digest::from_hex(text).is_ok()
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (domain, None),
    };
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.split('.').all(is_label)
        && port
            .is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a text is a repository's path inside its registry.
pub fn is_path(path: &str) -> bool {
    path.split('/').all(is_component)
}

/// Runs of lower-case letters and digits, joined by `.`, `_`, `__` or dashes.
fn is_component(component: &str) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = component.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    if !is_alphanumeric(first) || !is_alphanumeric(last) {
        return false;
    }
    component
        .split(|character: char| character.is_ascii_lowercase() || character.is_ascii_digit())
        .all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
        })
}

/// Whether a text is a tag.
pub fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= LONGEST_TAG
        && tag.bytes().next().is_some_and(is_word)
        && tag
            .bytes()
            .all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.domain, self.path, self.suffix())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::parse(text)
    }
}

impl From<Reference> for String {
    fn from(reference: Reference) -> Self {
        reference.to_string()
    }
}

impl TryFrom<String> for Reference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_and_shortened_again() {
        let digest = Digest::of(b"x");
        for (text, canonical, familiar) in [
            ("busybox", "docker.io/library/busybox", "busybox"),
            ("busybox:1", "docker.io/library/busybox:1", "busybox:1"),
            ("docker.io/busybox", "docker.io/library/busybox", "busybox"),
            (
                "index.docker.io/library/busybox",
                "docker.io/library/busybox",
                "busybox",
            ),
            (
                "user/app:v1.2-x_y",
                "docker.io/user/app:v1.2-x_y",
                "user/app:v1.2-x_y",
            ),
            ("library/a/b", "docker.io/library/a/b", "library/a/b"),
            ("localhost/app", "localhost/app", "localhost/app"),
            (
                "r.local:5000/a/b:t",
                "r.local:5000/a/b:t",
                "r.local:5000/a/b:t",
            ),
            (
                "a__b.c-d---e",
                "docker.io/library/a__b.c-d---e",
                "a__b.c-d---e",
            ),
        ] {
            let reference = Reference::parse(text).unwrap();
            assert_eq!(reference.to_string(), canonical);
            assert_eq!(reference.familiar(), familiar);
            assert_eq!(Reference::parse(canonical).unwrap(), reference);
        }
        let pinned = Reference::parse(&format!("x:t@{digest}")).unwrap();
        assert_eq!(pinned.tag(), Some("t"));
        assert_eq!(pinned.digest(), Some(&digest));
        assert_eq!(pinned.clone().with_default_tag(), pinned);
    }

    #[test]
    fn what_is_no_reference_is_refused_in_dockerd_s_words() {
        use ReferenceError::{Format, HexName, Uppercase};
        let hex = "a".repeat(64);
        let long_tag = format!("x:{}", "t".repeat(129));
        let long_name = "n".repeat(250);
        for (text, error) in [
            ("", Format),
            ("Busybox", Uppercase),
            ("user/App:x", Uppercase),
            ("-x", Format),
            ("x-", Format),
            ("a..b", Format),
            ("a___b", Format),
            ("a//b", Format),
            ("/a", Format),
            ("a/", Format),
            ("a:", Format),
            ("a:b:c", Format),
            ("a b", Format),
            ("../../etc", Format),
            ("x@", Format),
            ("x@sha256", Format),
            (&long_tag, Format),
            (&hex, HexName(hex.clone())),
            (&long_name, ReferenceError::NameTooLong),
            (
                "x@sha256:12",
                ReferenceError::Digest(ParseDigestError::Length),
            ),
        ] {
            assert_eq!(Reference::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn repo_and_tag_parameters_make_one_tag() {
        let tag = |repo, tag| Reference::for_tag(repo, tag).map(|it| it.familiar());
        assert_eq!(tag("x", ""), Ok("x:latest".into()));
        assert_eq!(tag("x:1", ""), Ok("x:1".into()));
        assert_eq!(tag("x:1", "2"), Ok("x:2".into()));
        assert_eq!(tag("x", "a b"), Err(ReferenceError::Tag));
        assert_eq!(tag("sha256", "1"), Err(ReferenceError::AlgorithmName));
        let pinned = format!("x@{}", Digest::of(b""));
        assert_eq!(tag(&pinned, ""), Err(ReferenceError::TagWithDigest));
    }
}
