//! Go's `filepath.Match`: the patterns of `COPY` and `ADD`.

/// A pattern with an open class or nothing to escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

/// Whether a text is more than a name.
pub fn is_pattern(text: &[u8]) -> bool {
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'*' | b'?' | b'[' => return true,
            _ => {}
        }
    }
    false
}

/// Whether all of `name` matches. `*` and `?` stop at slashes; a class does
/// not. Takes time in proportion to the product of the lengths at most.
///
/// ```
/// use longshore_dockerfile::pattern::matches;
///
/// assert_eq!(matches(b"*.go", b"main.go"), Ok(true));
/// assert_eq!(matches(b"*", b"src/main.go"), Ok(false));
/// ```
pub fn matches(pattern: &[u8], name: &[u8]) -> Result<bool, BadPattern> {
    check(pattern)?;
    let (mut at, mut here) = (0, 0);
    // Behind the last star, and what it covers up to now.
    let mut star = None;
    loop {
        if pattern.get(at) == Some(&b'*') {
            at += 1;
            star = Some((at, here));
            continue;
        }
        let step = match (at < pattern.len(), here < name.len()) {
            (false, false) => return Ok(true),
            (true, true) => one(&pattern[at..], &name[here..])?,
            _ => None,
        };
        if let Some((used, eaten)) = step {
            at += used;
            here += eaten;
            continue;
        }
        match star {
            // What is behind the star starts one later.
            Some((behind, covered)) if covered < name.len() && name[covered] != b'/' => {
                star = Some((behind, covered + 1));
                (at, here) = (behind, covered + 1);
            }
            _ => return Ok(false),
        }
    }
}

/// Whether a pattern is well formed.
fn check(pattern: &[u8]) -> Result<(), BadPattern> {
    let mut at = 0;
    while at < pattern.len() {
        at += match pattern[at] {
            b'[' => class(&pattern[at..], None)?.1,
            b'\\' if at + 1 == pattern.len() => return Err(BadPattern),
            b'\\' => 2,
            _ => 1,
        };
    }
    Ok(())
}

/// One element of a pattern other than `*` against the front of a name: the
/// bytes of both if they fit.
fn one(pattern: &[u8], name: &[u8]) -> Result<Option<(usize, usize)>, BadPattern> {
    let (next, length) = character(name);
    Ok(match pattern[0] {
        b'[' => {
            let (fits, used) = class(pattern, Some(next))?;
            fits.then_some((used, length))
        }
        b'?' => (name[0] != b'/').then_some((1, length)),
        b'\\' => match pattern.get(1) {
            None => return Err(BadPattern),
            Some(byte) => (*byte == name[0]).then_some((2, 1)),
        },
        byte => (byte == name[0]).then_some((1, 1)),
    })
}

/// A class at the front of a pattern: whether a character is in it, and its
/// length.
fn class(pattern: &[u8], wanted: Option<char>) -> Result<(bool, usize), BadPattern> {
    let mut at = 1;
    let negated = pattern.get(at) == Some(&b'^');
    at += usize::from(negated);
    let mut found = false;
    let mut ranges = 0;
    loop {
        if pattern.get(at) == Some(&b']') && ranges > 0 {
            return Ok((wanted.is_some() && found != negated, at + 1));
        }
        let (low, length) = bound(&pattern[at.min(pattern.len())..])?;
        at += length;
        let mut high = low;
        if pattern.get(at) == Some(&b'-') {
            let (end, length) = bound(&pattern[at + 1..])?;
            high = end;
            at += 1 + length;
        }
        found |= wanted.is_some_and(|wanted| (low..=high).contains(&wanted));
        ranges += 1;
    }
}

/// A possibly escaped character in a class.
fn bound(pattern: &[u8]) -> Result<(char, usize), BadPattern> {
    let (escaped, rest) = match pattern {
        [] | [b'-' | b']', ..] => return Err(BadPattern),
        [b'\\', rest @ ..] => (1, rest),
        rest => (0, rest),
    };
    if rest.is_empty() {
        return Err(BadPattern);
    }
    let (found, length) = character(rest);
    // The class must go on after it.
    if rest.len() == length {
        return Err(BadPattern);
    }
    Ok((found, escaped + length))
}

/// The first character and its length; a byte that is none counts as one.
pub(crate) fn character(text: &[u8]) -> (char, usize) {
    let most = text.len().min(4);
    (1..=most)
        .find_map(|length| {
            let found = std::str::from_utf8(&text[..length]).ok()?.chars().next()?;
            Some((found, length))
        })
        .unwrap_or((char::REPLACEMENT_CHARACTER, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each answer is that of Go 1.19's filepath.Match.
    #[test]
    fn patterns_match_as_in_go() {
        for (pattern, name, expected) in [
            ("abc", "abc", Ok(true)),
            ("*", "abc", Ok(true)),
            ("*c", "abc", Ok(true)),
            ("a*", "a", Ok(true)),
            ("a*", "ab/c", Ok(false)),
            ("a*/b", "abc/b", Ok(true)),
            ("a*/b", "a/c/b", Ok(false)),
            ("a*b*c*d*e*/f", "axbxcxdxe/f", Ok(true)),
            ("a*b*c*d*e*/f", "axbxcxdxexxx/f", Ok(true)),
            ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f", Ok(false)),
            ("a*b?c*x", "abxbbxdbxebxczzx", Ok(true)),
            ("a*b?c*x", "abxbbxdbxebxczzy", Ok(false)),
            ("ab[c]", "abc", Ok(true)),
            ("ab[b-d]", "abc", Ok(true)),
            ("ab[e-g]", "abc", Ok(false)),
            ("ab[^c]", "abc", Ok(false)),
            ("ab[^e-g]", "abc", Ok(true)),
            ("a\\*b", "a*b", Ok(true)),
            ("a\\*b", "ab", Ok(false)),
            ("a?b", "a☺b", Ok(true)),
            ("a[^a]b", "a☺b", Ok(true)),
            ("a???b", "a☺b", Ok(false)),
            ("[a-ζ]*", "α", Ok(true)),
            ("*[a-ζ]", "A", Ok(false)),
            ("a?b", "a/b", Ok(false)),
            ("a*b", "a/b", Ok(false)),
            ("[\\]a]", "]", Ok(true)),
            ("[\\-]", "-", Ok(true)),
            ("[x\\-]", "z", Ok(false)),
            ("[\\-x]", "a", Ok(false)),
            ("[]a]", "]", Err(BadPattern)),
            ("[-]", "-", Err(BadPattern)),
            ("[x-]", "x", Err(BadPattern)),
            ("[a-b-c]", "a", Err(BadPattern)),
            ("[", "a", Err(BadPattern)),
            ("[^", "a", Err(BadPattern)),
            ("[^bc", "a", Err(BadPattern)),
            ("a[", "a", Err(BadPattern)),
            ("a[", "ab", Err(BadPattern)),
            ("a\\", "a", Err(BadPattern)),
            ("*x", "xxx", Ok(true)),
            ("", "", Ok(true)),
            ("", "a", Ok(false)),
            ("*", "", Ok(true)),
            ("a*", "", Ok(false)),
        ] {
            let found = matches(pattern.as_bytes(), name.as_bytes());
            assert_eq!(found, expected, "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_take_no_long_time() {
        let pattern = b"*a".repeat(2000);
        let name = [b"a".repeat(50_000), b"b".to_vec()].concat();
        assert_eq!(matches(&pattern, &name), Ok(false));
    }
}
