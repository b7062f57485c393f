//! What a server wants to see before it answers: `WWW-Authenticate`, RFC 9110
//! section 11.6.1.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// Challenges and parameters that are read; the rest is nobody's wish.
const MOST: usize = 16;

/// One challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// In lower case: `basic`, `bearer`.
    pub(crate) scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// All challenges of an answer.
    pub(crate) fn of(headers: &HeaderMap) -> Vec<Self> {
        let mut challenges = Vec::new();
        for value in headers.get_all(WWW_AUTHENTICATE) {
            if let Ok(text) = std::str::from_utf8(value.as_bytes()) {
                read(text, &mut challenges);
            }
        }
        challenges
    }

    /// A parameter, empty if there is none.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }
}

fn read(text: &str, challenges: &mut Vec<Challenge>) {
    let mut rest = text;
    while challenges.len() < MOST {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let Some((word, behind)) = token(rest) else {
            return;
        };
        if let Some(value) = behind.trim_start().strip_prefix('=')
            && let Some(challenge) = challenges.last_mut()
        {
            let Some((value, behind)) = quoted(value.trim_start()) else {
                return;
            };
            if challenge.parameters.len() < MOST {
                challenge
                    .parameters
                    .push((word.to_ascii_lowercase(), value));
            }
            rest = behind;
        } else {
            challenges.push(Challenge {
                scheme: word.to_ascii_lowercase(),
                parameters: Vec::new(),
            });
            rest = behind;
        }
    }
}

fn token(text: &str) -> Option<(&str, &str)> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let end = text
        .bytes()
        .position(|byte| !is_word(byte))
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// A token or a quoted string.
fn quoted(text: &str) -> Option<(String, &str)> {
    let Some(inner) = text.strip_prefix('"') else {
        return token(text).map(|(value, rest)| (value.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &inner[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&'static str]) -> Vec<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    #[test]
    fn challenges_are_read() {
        let found = of(&[
            r#"Bearer realm="https://a/t?x=1",service="a b",scope="repository:x:pull,push""#,
            r#"Basic realm="with \"quotes\"", charset=UTF-8"#,
        ]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].scheme, "bearer");
        assert_eq!(found[0].parameter("realm"), "https://a/t?x=1");
        assert_eq!(found[0].parameter("scope"), "repository:x:pull,push");
        assert_eq!(found[1].parameter("realm"), "with \"quotes\"");
        assert_eq!(found[1].parameter("charset"), "UTF-8");
        let found = of(&[r#"Basic realm=x, Bearer realm="y""#]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].parameter("realm"), "y");
    }

    #[test]
    fn nonsense_is_no_challenge_and_no_harm() {
        for value in [
            "",
            ",,,",
            "=",
            "\"",
            "Bearer realm=\"open",
            "Bearer =",
            "a=b",
        ] {
            assert!(of(&[value]).len() <= 1, "{value}");
        }
        let many: &'static str = "Basic, ".repeat(1000).leak();
        assert_eq!(of(&[many]).len(), MOST);
    }
}
