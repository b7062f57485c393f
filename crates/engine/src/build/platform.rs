//! Platforms as clients write them: `linux/arm64/v8`.

use crate::error::{Error, Result};

/// Refuses what is no platform, in the words of dockerd.
pub(super) fn check(given: &str) -> Result<()> {
    let wrong = |what: String| {
        let text = format!("{given:?}: {what}: invalid argument");
        Err(Error::bad_parameter(text))
    };
    let parts: Vec<&str> = given.split('/').collect();
    let is_plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    if let Some(part) = parts.iter().find(|part| !is_plain(part)) {
        return wrong(format!(
            "{part:?} is an invalid component of {given:?}: platform specifier component must \
             match \"^[A-Za-z0-9_-]+$\""
        ));
    }
    match parts.len() {
        1..=3 => Ok(()),
        _ => wrong("cannot parse platform specifier".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms() {
        for good in ["linux", "linux/amd64", "linux/arm64/v8"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["", "/", "a/b/c/d", "linux/am d64"] {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(
            check("foo/bar/x/y").expect_err("too long").message,
            "\"foo/bar/x/y\": cannot parse platform specifier: invalid argument"
        );
    }
}
