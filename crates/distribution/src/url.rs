//! Addresses: relative ones made absolute, odd ones made writable, secrets
//! taken out.

use http::Uri;
use http::uri::Authority;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::error::{Error, Result};

/// What must not stand in an address as it is; `%` may, being an escape.
const ODD: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What is escaped in a value of a query or form.
const VALUE: &AsciiSet = &ODD
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'=')
    .add(b'?')
    .add(b';');

/// Reads an absolute address of scheme http or https.
pub(crate) fn parse(text: &str) -> Result<Uri> {
    let text = text.split('#').next().unwrap_or_default();
    let written = utf8_percent_encode(text.trim(), ODD).to_string();
    let uri: Uri = written
        .parse()
        .map_err(|error| Error::Malformed(format!("invalid URL {text:?}: {error}")))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => {
            if uri
                .path_and_query()
                .is_some_and(|it| !it.as_str().starts_with('?'))
            {
                return Ok(uri);
            }
            let query = uri.query().map(|it| format!("?{it}")).unwrap_or_default();
            build(&uri, &format!("/{query}"))
        }
        (Some("http" | "https"), _) => Err(Error::Malformed(format!(
            "http: no Host in request URL {text:?}"
        ))),
        (scheme, _) => Err(Error::Malformed(format!(
            "unsupported protocol scheme {:?}",
            scheme.unwrap_or_default()
        ))),
    }
}

/// What `location` means where `base` was asked.
pub(crate) fn join(base: &Uri, location: &str) -> Result<Uri> {
    let location = location.split('#').next().unwrap_or_default().trim();
    if let Some(rest) = location.strip_prefix("//") {
        return parse(&format!("{}://{rest}", base.scheme_str().unwrap_or("http")));
    }
    let scheme_ends = location.find("://");
    if scheme_ends.is_some_and(|end| !location[..end].contains(['/', '?'])) {
        return parse(location);
    }
    let path = if location.starts_with('/') {
        location.to_owned()
    } else if location.starts_with('?') {
        format!("{}{location}", base.path())
    } else {
        let folder = base
            .path()
            .rfind('/')
            .map_or("/", |end| &base.path()[..=end]);
        format!("{folder}{location}")
    };
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path.as_str(), None),
    };
    let query = query.map(|it| format!("?{it}")).unwrap_or_default();
    build(base, &format!("{}{query}", without_dots(path)))
}

/// The same with one more parameter in its query.
pub(crate) fn with_parameter(uri: &Uri, key: &str, value: &str) -> Result<Uri> {
    let joint = if uri.query().is_some() { '&' } else { '?' };
    let before = uri.path_and_query().map_or("/", |it| it.as_str());
    build(uri, &format!("{before}{joint}{key}={}", escape(value)))
}

/// A value as it stands in a query or a form.
pub(crate) fn escape(value: &str) -> String {
    utf8_percent_encode(value, VALUE).to_string()
}

/// Whether two addresses are of one server.
pub(crate) fn same_server(a: &Uri, b: &Uri) -> bool {
    let port = |uri: &Uri| uri.port_u16().or(default_port(uri));
    a.scheme() == b.scheme()
        && port(a) == port(b)
        && match (a.host(), b.host()) {
            (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
            _ => false,
        }
}

pub(crate) fn default_port(uri: &Uri) -> Option<u16> {
    match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    }
}

/// Host and port without name and password.
pub(crate) fn server(uri: &Uri) -> &str {
    let authority = uri.authority().map_or("", Authority::as_str);
    authority.rsplit_once('@').map_or(authority, |(_, it)| it)
}

/// Name and password that stand in an address.
pub(crate) fn login(uri: &Uri) -> Option<(String, String)> {
    let (login, _) = uri.authority()?.as_str().rsplit_once('@')?;
    let (name, password) = login.split_once(':').unwrap_or((login, ""));
    let decode = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decode(name), decode(password)))
}

/// The address for messages: without name and password.
pub(crate) fn shown(uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("", |it| it.as_str());
    format!(
        "{}://{}{path}",
        uri.scheme_str().unwrap_or("http"),
        server(uri)
    )
}

fn build(base: &Uri, path_and_query: &str) -> Result<Uri> {
    let mut parts = base.clone().into_parts();
    let written = utf8_percent_encode(path_and_query, ODD).to_string();
    let bad = |error: &dyn std::fmt::Display| {
        Error::Malformed(format!("invalid URL {path_and_query:?}: {error}"))
    };
    parts.path_and_query = Some(written.parse().map_err(|error| bad(&error))?);
    Uri::from_parts(parts).map_err(|error| bad(&error))
}

fn without_dots(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/').skip(1) {
        match name {
            "." => {}
            ".." => drop(names.pop()),
            name => names.push(name),
        }
    }
    format!("/{}", names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_joined() {
        let base = parse("https://u:p@r.example:5000/v2/a/blobs/uploads/?x=1").unwrap();
        for (location, joined) in [
            ("/v2/b?c=d", "https://r.example:5000/v2/b?c=d"),
            ("b", "https://r.example:5000/v2/a/blobs/uploads/b"),
            ("../b", "https://r.example:5000/v2/a/blobs/b"),
            ("?n=2", "https://r.example:5000/v2/a/blobs/uploads/?n=2"),
            ("//cdn.example/x", "https://cdn.example/x"),
            ("http://cdn.example", "http://cdn.example/"),
            ("http://cdn.example/ü x#f", "http://cdn.example/%C3%BC%20x"),
        ] {
            assert_eq!(shown(&join(&base, location).unwrap()), joined, "{location}");
        }
        assert_eq!(login(&base), Some(("u".into(), "p".into())));
        for location in ["file:///etc/passwd", "gopher://x/", "http://"] {
            assert!(join(&base, location).is_err(), "{location}");
        }
    }

    #[test]
    fn a_server_is_scheme_host_and_port() {
        let server = |a, b| same_server(&parse(a).unwrap(), &parse(b).unwrap());
        assert!(server("https://a/x", "https://A:443/y"));
        assert!(!server("https://a/", "http://a/"));
        assert!(!server("https://a/", "https://a:444/"));
        assert!(!server("https://a/", "https://b.a/"));
    }
}
