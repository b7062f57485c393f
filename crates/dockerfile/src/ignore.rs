//! `.dockerignore`: which files of a context are left out.
//!
//! The last pattern that matches a path, or a directory above it, decides. `*`
//! and `?` stop at slashes, `**` does not, and `!` takes a path in again.

use crate::pattern::{self, BadPattern};

/// A file of patterns that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IgnoreError {
    /// A line that no path can match.
    #[error("error parsing pattern {0:?}: syntax error in pattern")]
    Pattern(String),
    /// An exclamation mark alone.
    #[error("illegal exclusion pattern: \"!\"")]
    Exception,
}

/// The patterns of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ignore {
    rules: Vec<Rule>,
}

/// What is known of a directory, for what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Above {
    /// By rule: it matches the directory or one above.
    matched: Vec<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    exception: bool,
    kind: RuleKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum RuleKind {
    /// A name without anything special.
    Plain(Vec<u8>),
    Tokens(Vec<Token>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Char(char),
    /// `?`: one character but a slash.
    Any,
    /// `*`: characters but slashes.
    Star,
    /// `**` at the end: anything.
    Rest,
    /// `**/`: directories, or none. It takes no character: what it takes is
    /// what follows it, always [`Token::Path`].
    Directories,
    /// Anything up to a slash.
    Path,
    /// A class; its pattern.
    Class(Vec<u8>),
}

impl Ignore {
    /// Reads a `.dockerignore`.
    pub fn parse(text: &[u8]) -> Result<Self, IgnoreError> {
        let text = String::from_utf8_lossy(text);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut rules = Vec::new();
        for line in text.lines() {
            let trimmed = line.trim();
            if line.starts_with('#') || trimmed.is_empty() {
                continue;
            }
            let (exception, name) = match trimmed.strip_prefix('!') {
                Some(name) => (true, name.trim()),
                None => (false, trimmed),
            };
            if name.is_empty() {
                return Err(IgnoreError::Exception);
            }
            let path = clean(name);
            pattern::matches(path.as_bytes(), b".")
                .map_err(|BadPattern| IgnoreError::Pattern(name.to_owned()))?;
            rules.push(Rule {
                exception,
                kind: compile(&path),
            });
        }
        Ok(Self { rules })
    }

    /// Nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Some patterns take in again what others leave out: a directory that is
    /// left out has to be looked into.
    pub fn has_exceptions(&self) -> bool {
        self.rules.iter().any(|rule| rule.exception)
    }

    /// Whether a path is left out. It is relative to the context.
    ///
    /// ```
    /// use longshore_dockerfile::ignore::Ignore;
    ///
    /// let ignore = Ignore::parse(b"**/*.log\n!keep.log\n")?;
    /// assert!(ignore.is_ignored("a/b/x.log"));
    /// assert!(!ignore.is_ignored("keep.log"));
    /// # Ok::<(), longshore_dockerfile::ignore::IgnoreError>(())
    /// ```
    pub fn is_ignored(&self, path: &str) -> bool {
        let mut above = Above::default();
        let path = path.as_bytes();
        for (end, byte) in path.iter().enumerate() {
            if *byte == b'/' && end > 0 {
                above = self.judge(&path[..end], &above).1;
            }
        }
        self.judge(path, &above).0
    }

    /// Whether a path is left out, and what to know about it for what is below,
    /// given the same of the directory above. This is how to walk a context:
    /// each name is matched once.
    pub fn judge(&self, path: &[u8], above: &Above) -> (bool, Above) {
        let mut ignored = false;
        let mut matched = Vec::with_capacity(self.rules.len());
        for (index, rule) in self.rules.iter().enumerate() {
            let hit = above.matched.get(index) == Some(&true) || rule.matches(path);
            matched.push(hit);
            if hit {
                ignored = !rule.exception;
            }
        }
        (ignored, Above { matched })
    }
}

impl Rule {
    fn matches(&self, path: &[u8]) -> bool {
        match &self.kind {
            RuleKind::Plain(name) => name == path,
            RuleKind::Tokens(tokens) => run(tokens, path),
        }
    }
}

/// Go's `path.Clean`, then without the slash at the front.
fn clean(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    let rooted = path.starts_with('/');
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => drop(names.pop()),
            ".." if rooted => {}
            name => names.push(name),
        }
    }
    match names.is_empty() {
        true => ".".to_owned(),
        false => names.join("/"),
    }
}

fn compile(pattern: &str) -> RuleKind {
    let bytes = pattern.as_bytes();
    if !pattern::is_pattern(bytes) && !bytes.contains(&b'\\') {
        return RuleKind::Plain(bytes.to_vec());
    }
    let mut tokens = Vec::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = match (first, after) {
            // As in .gitignore the end takes everything.
            ('*', "*" | "*/") => {
                tokens.push(Token::Rest);
                ""
            }
            ('*', after) if after.starts_with('*') => {
                tokens.extend([Token::Directories, Token::Path]);
                after[1..].strip_prefix('/').unwrap_or(&after[1..])
            }
            ('*', after) => {
                tokens.push(Token::Star);
                after
            }
            ('?', after) => {
                tokens.push(Token::Any);
                after
            }
            ('\\', after) => {
                let escaped = after.chars().next().unwrap_or('\\');
                tokens.push(Token::Char(escaped));
                after.get(escaped.len_utf8()..).unwrap_or_default()
            }
            ('[', after) => {
                let length = class_length(rest.as_bytes());
                tokens.push(Token::Class(rest.as_bytes()[..length].to_vec()));
                after.get(length - 1..).unwrap_or_default()
            }
            (other, after) => {
                tokens.push(Token::Char(other));
                after
            }
        };
    }
    RuleKind::Tokens(tokens)
}

/// The length of the class that a well-formed pattern begins with.
fn class_length(pattern: &[u8]) -> usize {
    let mut at = 1 + usize::from(pattern.get(1) == Some(&b'^'));
    let first = at;
    while at < pattern.len() {
        match pattern[at] {
            b']' if at > first => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    pattern.len()
}

/// Goes through a path once, keeping all places of the pattern that it may be
/// at: time grows with the product of the lengths and no faster.
fn run(tokens: &[Token], path: &[u8]) -> bool {
    let mut now = vec![false; tokens.len() + 1];
    now[0] = true;
    skip_empty(tokens, &mut now);
    let mut next = vec![false; tokens.len() + 1];
    let mut rest = path;
    while !rest.is_empty() {
        let (found, length) = pattern::character(rest);
        let part = &rest[..length];
        next.fill(false);
        for (index, token) in tokens.iter().enumerate().filter(|(index, _)| now[*index]) {
            let (stays, goes) = match token {
                Token::Char(wanted) => (false, *wanted == found),
                Token::Any => (false, found != '/'),
                Token::Star => (found != '/', false),
                Token::Rest => (true, false),
                Token::Directories => (false, false),
                Token::Path => (true, found == '/'),
                Token::Class(class) => (false, pattern::matches(class, part) == Ok(true)),
            };
            next[index] |= stays;
            next[index + 1] |= goes;
        }
        if !next.contains(&true) {
            return false;
        }
        skip_empty(tokens, &mut next);
        std::mem::swap(&mut now, &mut next);
        rest = &rest[length..];
    }
    now[tokens.len()]
}

/// What may be empty lets through to what is behind it.
fn skip_empty(tokens: &[Token], places: &mut [bool]) {
    for (index, token) in tokens.iter().enumerate() {
        if places[index] {
            match token {
                Token::Star | Token::Rest => places[index + 1] = true,
                Token::Directories => {
                    places[index + 1] = true;
                    places[index + 2] = true;
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As moby's pattern matcher has them.
    #[test]
    fn single_patterns() {
        for (pattern, path, ignored) in [
            ("**", "file", true),
            ("**", "dir/file", true),
            ("**/", "file", true),
            ("**/**", "dir/file", true),
            ("dir/**", "dir/file", true),
            ("dir/**", "dir/dir2/file", true),
            ("dir/**", "dir", false),
            ("**/dir2/*", "dir/dir2/file", true),
            ("**/dir2/**", "dir/dir2/dir2/file", true),
            ("**file", "file", true),
            ("**file", "dir/file", true),
            ("**/file", "dir/dir/file", true),
            ("**/file*", "dir/dir/file.txt", true),
            ("**/file*txt", "dir/dir/file.txt", true),
            ("**/file*.txt*", "dir/dir/file.txt", true),
            ("**/**/*.txt", "dir/dir/file.txt", true),
            ("**/**/*.txt2", "dir/dir/file.txt", false),
            ("**/*.txt", "file.txt", true),
            ("a**/*.txt", "a/file.txt", true),
            ("a**/*.txt", "a/dir/file.txt", true),
            ("a[b-d]e", "ae", false),
            ("a[b-d]e", "ace", true),
            ("a[^b-d]e", "aze", true),
            ("a[^b-d]e", "ace", false),
            ("abc.def", "abcZdef", false),
            ("abc?def", "abcZdef", true),
            ("abc?def", "abc/def", false),
            ("a\\*b", "a*b", true),
            ("a\\*b", "axb", false),
            (".*", ".foo", true),
            (".*", "foo", false),
            ("**/.foo", "bar/.foo", true),
            ("*c/", "abc", true),
            ("/dir", "dir/file", true),
            ("./dir/../file", "file", true),
            ("dir", "dir/sub/file", true),
            ("dir", "directory", false),
            ("*/dir", "a/dir/x", true),
            ("*/dir", "a/b/dir", false),
            ("a+b(c|d)$", "a+b(c|d)$", true),
            ("é?*", "éè", true),
        ] {
            let ignore = Ignore::parse(pattern.as_bytes()).unwrap();
            assert_eq!(ignore.is_ignored(path), ignored, "{pattern} {path}");
        }
    }

    #[test]
    fn the_last_match_decides() {
        for (patterns, path, ignored) in [
            ("*\n!keep", "keep", false),
            ("*\n!keep", "other", true),
            ("!keep\n*", "keep", true),
            ("dir\n!dir/file", "dir/file", false),
            ("dir\n!dir/file", "dir/other", true),
            ("dir\n!dir/sub\ndir/sub/x", "dir/sub/x", true),
            ("dir\n!dir/sub\ndir/sub/x", "dir/sub/y", false),
            (
                "**/*.md\n!**/README.md\nsecret/README.md",
                "a/README.md",
                false,
            ),
            (
                "**/*.md\n!**/README.md\nsecret/README.md",
                "secret/README.md",
                true,
            ),
            ("# *\n  \n #x", "#x", true),
            ("!  keep\n*\n! keep", "keep", false),
        ] {
            let ignore = Ignore::parse(patterns.as_bytes()).unwrap();
            assert_eq!(ignore.is_ignored(path), ignored, "{patterns:?} {path}");
        }
        assert!(Ignore::parse(b"# nothing\n").unwrap().is_empty());
    }

    #[test]
    fn wrong_patterns_are_named() {
        assert_eq!(Ignore::parse(b"!").unwrap_err(), IgnoreError::Exception);
        assert_eq!(
            Ignore::parse(b"ok\na[b").unwrap_err().to_string(),
            "error parsing pattern \"a[b\": syntax error in pattern"
        );
    }

    #[test]
    fn hostile_patterns_take_no_long_time() {
        let pattern = "**/a*".repeat(300) + "x";
        let ignore = Ignore::parse(pattern.as_bytes()).unwrap();
        let path = "a/".repeat(500) + "b";
        assert!(!ignore.judge(path.as_bytes(), &Above::default()).0);
    }
}
