//! Patterns of the filter `reference`: shell globs as Go's `path.Match` reads
//! them. A star does not cross a slash.

/// A pattern that cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadPattern;

/// Whether `text` as a whole is what `pattern` says.
pub(super) fn matches(pattern: &str, text: &str) -> Result<bool, BadPattern> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars();
    while let Some(sign) = rest.next() {
        tokens.push(match sign {
            '*' => Token::Star,
            '?' => Token::Any,
            '[' => class(&mut rest)?,
            '\\' => Token::One(rest.next().ok_or(BadPattern)?),
            other => Token::One(other),
        });
    }
    Ok(walk(&tokens, &text.chars().collect::<Vec<_>>()))
}

enum Token {
    Star,
    Any,
    One(char),
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
}

fn class(rest: &mut std::str::Chars<'_>) -> Result<Token, BadPattern> {
    let negated = rest.as_str().starts_with('^');
    if negated {
        rest.next();
    }
    let mut ranges = Vec::new();
    loop {
        if rest.as_str().starts_with(']') && !ranges.is_empty() {
            rest.next();
            return Ok(Token::Class { negated, ranges });
        }
        let low = member(rest)?;
        let mut high = low;
        if rest.as_str().starts_with('-') {
            rest.next();
            high = member(rest)?;
        }
        ranges.push((low, high));
    }
}

fn member(rest: &mut std::str::Chars<'_>) -> Result<char, BadPattern> {
    match rest.next().ok_or(BadPattern)? {
        '-' | ']' => Err(BadPattern),
        '\\' => rest.next().ok_or(BadPattern),
        other => Ok(other),
    }
}

/// Only the last star so far may have to take more, so the work is bounded by
/// the product of the lengths.
fn walk(tokens: &[Token], text: &[char]) -> bool {
    let (mut token, mut place) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while place < text.len() || token < tokens.len() {
        let fits = match (tokens.get(token), text.get(place)) {
            (Some(Token::Star), _) => {
                star = Some((token, place));
                token += 1;
                continue;
            }
            (Some(token), Some(sign)) => token.fits(*sign),
            _ => false,
        };
        if fits {
            token += 1;
            place += 1;
            continue;
        }
        match star {
            Some((at, from)) if text.get(from).is_some_and(|sign| *sign != '/') => {
                star = Some((at, from + 1));
                (token, place) = (at + 1, from + 1);
            }
            _ => return false,
        }
    }
    true
}

impl Token {
    fn fits(&self, sign: char) -> bool {
        match self {
            Self::Star => false,
            Self::Any => sign != '/',
            Self::One(wanted) => *wanted == sign,
            Self::Class { negated, ranges } => {
                let inside = ranges
                    .iter()
                    .any(|(low, high)| (*low..=*high).contains(&sign));
                inside != *negated && sign != '/'
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, text, expected) in [
            ("busybox", "busybox", true),
            ("busy*", "busybox", true),
            ("busy*:*", "busybox:latest", true),
            ("*", "a/b", false),
            ("*/*", "a/b", true),
            ("b?sybox", "busybox", true),
            ("busybox", "busybox:latest", false),
            ("", "", true),
            ("*", "", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbY/Zc", false),
            ("[a-c]x", "bx", true),
            ("[^a-c]x", "bx", false),
            ("\\*", "*", true),
            ("[\\]]", "]", true),
        ] {
            assert_eq!(matches(glob, text), Ok(expected), "{glob} {text}");
        }
        for glob in ["[", "[]", "[a", "[-]", "a\\", "[a-]"] {
            assert_eq!(matches(glob, "a"), Err(BadPattern), "{glob}");
        }
        // Many stars do not take for ever.
        let glob = "a*".repeat(50) + "b";
        assert_eq!(matches(&glob, &"a".repeat(5000)), Ok(false));
    }
}
