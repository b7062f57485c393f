//! Paths, methods and versions, before any operation is reached.

use super::Level::{Must, Quirk};
use super::Row;
use crate::http::Request;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "unknown-path",
        "routing: 404 page not found",
        unknown_path,
    ),
    (
        Must,
        "other-method",
        "routing: a known path with another method is 404",
        other_method,
    ),
    (
        Quirk,
        "unknown-path-hides-the-server",
        "routing: no engine headers on page not found",
        bare_404,
    ),
    (
        Quirk,
        "trailing-slash",
        "routing: only /networks/ has one",
        trailing_slash,
    ),
    (
        Quirk,
        "head-is-not-get",
        "routing: HEAD only for _ping and archive",
        head,
    ),
    (
        Quirk,
        "options",
        "routing: OPTIONS is 200 and empty everywhere",
        options,
    ),
    (
        Must,
        "version-too-new",
        "versions: 400 and the words clients fall back on",
        too_new,
    ),
    (
        Must,
        "version-too-old",
        "versions: 400 and the words clients fall back on",
        too_old,
    ),
    (
        Quirk,
        "version-of-unknown-path",
        "routing: the path is looked at before the version",
        version_later,
    ),
    (
        Quirk,
        "version-parts-are-numbers",
        "versions: 1.40.0 equals 1.40",
        version_parts,
    ),
    (
        Must,
        "every-announced-version",
        "versions: what is announced is served",
        announced,
    ),
    (
        Must,
        "engine-headers",
        "common headers on every known route",
        headers,
    ),
    (
        Must,
        "engine-headers-on-errors",
        "common headers, also on errors",
        error_headers,
    ),
    (
        Quirk,
        "dirty-path",
        "routing: 301 to the clean path",
        dirty_path,
    ),
];

fn unknown_path(s: &Session) -> Outcome {
    s.get("/nope")?.expect_error(404, "page not found")?;
    s.exchange(&Request::new("GET", "/nope"))?
        .expect_error(404, "page not found")?;
    Ok(())
}

fn other_method(s: &Session) -> Outcome {
    s.call("PUT", "/containers/json")?
        .expect_error(404, "page not found")?;
    s.call("DELETE", "/version")?
        .expect_error(404, "page not found")?;
    Ok(())
}

fn bare_404(s: &Session) -> Outcome {
    let answer = s.get("/nope")?.expect(404)?;
    equal!(
        answer.header("Content-Type"),
        "application/json",
        "Content-Type"
    );
    for name in ["Server", "Api-Version", "Ostype", "Docker-Experimental"] {
        ensure!(
            answer.head.header(name).is_none(),
            "page not found has {name}"
        );
    }
    Ok(())
}

fn trailing_slash(s: &Session) -> Outcome {
    s.get("/containers/json/")?
        .expect_error(404, "page not found")?;
    s.get("/version/")?.expect_error(404, "page not found")?;
    Ok(())
}

fn head(s: &Session) -> Outcome {
    s.call("HEAD", "/version")?.expect(404)?;
    s.call("HEAD", "/containers/json")?.expect(404)?;
    let ping = s.call("HEAD", "/_ping")?.expect(200)?;
    equal!(
        ping.header("Content-Length"),
        "0",
        "Content-Length of HEAD /_ping"
    );
    Ok(())
}

fn options(s: &Session) -> Outcome {
    for path in ["/containers/json", "/info"] {
        let answer = s.call("OPTIONS", path)?.expect(200)?;
        ensure!(
            answer.body.is_empty(),
            "OPTIONS has the body {}",
            answer.text()
        );
    }
    Ok(())
}

fn too_new(s: &Session) -> Outcome {
    let text = format!(
        "client version 9.99 is too new. Maximum supported API version is {}",
        s.target.api_range.1
    );
    s.exchange(&Request::new("GET", "/v9.99/info"))?
        .expect_error(400, &text)?;
    Ok(())
}

fn too_old(s: &Session) -> Outcome {
    let text = format!(
        "client version 1.0 is too old. Minimum supported API version is {}, please upgrade your client to a newer version",
        s.target.api_range.0
    );
    // Below 1.24 dockerd's errors are plain text.
    let answer = s
        .exchange(&Request::new("GET", "/v1.0/info"))?
        .expect(400)?;
    ensure!(answer.text().contains(&text), "message {}", answer.text());
    Ok(())
}

fn version_later(s: &Session) -> Outcome {
    s.exchange(&Request::new("GET", "/v9.99/nope"))?
        .expect_error(404, "page not found")?;
    Ok(())
}

fn version_parts(s: &Session) -> Outcome {
    let path = format!("/v{}.0/version", s.api);
    s.exchange(&Request::new("GET", &path))?.expect(200)?;
    Ok(())
}

fn announced(s: &Session) -> Outcome {
    for version in [&s.target.api_range.0, &s.target.api_range.1] {
        s.exchange(&Request::new("GET", &format!("/v{version}/version")))?
            .expect(200)?;
    }
    Ok(())
}

fn headers(s: &Session) -> Outcome {
    let answer = s.get("/version")?.expect(200)?;
    equal!(
        answer.header("Api-Version"),
        s.target.api_range.1,
        "Api-Version"
    );
    equal!(answer.header("Ostype"), "linux", "Ostype");
    let server = answer.header("Server");
    ensure!(
        server.ends_with(" (linux)") && server.contains('/'),
        "Server: {server}"
    );
    let experimental = answer.header("Docker-Experimental");
    ensure!(
        matches!(experimental, "true" | "false"),
        "Docker-Experimental: {experimental:?}"
    );
    Ok(())
}

fn error_headers(s: &Session) -> Outcome {
    let answer = s.get("/containers/nosuchcontainer/json")?.expect(404)?;
    equal!(
        answer.header("Api-Version"),
        s.target.api_range.1,
        "Api-Version"
    );
    equal!(
        answer.header("Content-Type"),
        "application/json",
        "Content-Type"
    );
    ensure!(
        answer.text().ends_with("}\n"),
        "an error ends with a newline: {:?}",
        answer.text()
    );
    Ok(())
}

fn dirty_path(s: &Session) -> Outcome {
    let answer = s.exchange(&Request::new("GET", "//version"))?.expect(301)?;
    equal!(answer.header("Location"), "/version", "Location");
    Ok(())
}
