//! From the request's target to a clean path and a version.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::version::ApiVersion;

/// The decoded path. Matching works on it, so `a%2Fb` equals `a/b`.
pub(super) fn decode(path: &str) -> Cow<'_, str> {
    if path.contains('%') {
        percent_decode_str(path).decode_utf8_lossy()
    } else {
        Cow::Borrowed(path)
    }
}

/// Where a path with `//`, `.` or `..` in it should have gone; `None` if the
/// path is clean.
pub(super) fn redirect(path: &str, query: Option<&str>) -> Option<String> {
    let dotted = path.contains("/.") && path.split('/').any(|part| part == "." || part == "..");
    if path.starts_with('/') && !path.contains("//") && !dotted {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    // What Go leaves as it is when it writes a path into a URL.
    const ESCAPED: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b'\\')
        .add(b']')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}');
    let mut location = String::new();
    for part in &parts {
        location.push('/');
        location.extend(utf8_percent_encode(part, ESCAPED));
    }
    if parts.is_empty() || path.ends_with('/') {
        location.push('/');
    }
    if let Some(query) = query {
        location.push('?');
        location.push_str(query);
    }
    Some(location)
}

/// Takes `/v1.37` off the front, if it is there and something follows.
pub(super) fn split_version(path: &str) -> (Option<ApiVersion>, &str) {
    let version_and_rest = path.strip_prefix("/v").and_then(|rest| {
        let end = rest.find('/')?;
        let version: ApiVersion = rest[..end].parse().ok()?;
        Some((version, &rest[end..]))
    });
    match version_and_rest {
        Some((version, rest)) => (Some(version), rest),
        None => (None, path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_paths_stay() {
        for path in [
            "/",
            "/info",
            "/networks/",
            "/images/a.b/.hidden/json",
            "/images/..x/json",
        ] {
            assert_eq!(redirect(path, Some("a=//")), None, "{path}");
        }
    }

    #[test]
    fn unclean_paths_are_redirected() {
        for (path, query, location) in [
            ("//info", None, "/info"),
            ("/containers//json", Some("all=1"), "/containers/json?all=1"),
            ("/a/./b/../c", None, "/a/c"),
            ("/../..", None, "/"),
            ("/a//", None, "/a/"),
            ("info", None, "/info"),
            ("//a b", None, "/a%20b"),
        ] {
            assert_eq!(redirect(path, query).as_deref(), Some(location), "{path}");
        }
    }

    #[test]
    fn versions_come_off() {
        let v = ApiVersion::new;
        assert_eq!(split_version("/v1.37/info"), (Some(v(1, 37)), "/info"));
        assert_eq!(split_version("/v1./info"), (Some(v(1, 0)), "/info"));
        assert_eq!(split_version("/v9.99/a/b"), (Some(v(9, 99)), "/a/b"));
        for path in [
            "/volumes/x",
            "/v1.37",
            "/vx/info",
            "/v/info",
            "/info",
            "/v1.37x/info",
        ] {
            assert_eq!(split_version(path), (None, path));
        }
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(decode("/images/a%2Fb/json"), "/images/a/b/json");
        assert_eq!(decode("/a%zz"), "/a%zz");
        assert!(matches!(decode("/plain"), Cow::Borrowed(_)));
    }
}
