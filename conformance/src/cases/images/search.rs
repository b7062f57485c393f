//! `GET /images/search`: asks the search of the first registry protocol, which
//! the judge's own web server speaks here.

use serde_json::{Value, json};

use crate::cases::Level::{Must, Quirk};
use crate::cases::{Row, events::escape};
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;
use crate::stub::{Stub, Told};

pub(in crate::cases) const ROWS: &[Row] = &[
    (
        Must,
        "results",
        "ImageSearch: what the registry found",
        results,
    ),
    (
        Must,
        "filters",
        "ImageSearch: stars, is-official, is-automated",
        filters,
    ),
    (
        Must,
        "limit",
        "ImageSearch: limit 1 to 100, 25 by default",
        limit,
    ),
    (
        Must,
        "what-is-asked",
        "Registry v1: _ping, then search with Basic authentication",
        asked,
    ),
    (
        Must,
        "no-search",
        "ImageSearch: a registry that has none is 500",
        no_search,
    ),
    (
        Quirk,
        "bad-filters",
        "ImageSearch: only true and false, numbers, known names",
        bad_filters,
    ),
];

fn hub(s: &Session) -> Outcome<Stub> {
    s.stub(|asked| {
        let results = json!([
            {"name": "a/x", "description": "all of it", "star_count": 3,
             "is_official": true, "is_automated": false},
            {"name": "b/x", "description": "", "star_count": 0,
             "is_official": false, "is_automated": true},
        ]);
        let found = json!({"num_results": 2, "query": "x", "results": results});
        let path = asked.path.split('?').next().unwrap_or_default();
        match path {
            "/v1/_ping" => Told::new(200, "application/json", "true")
                .header("X-Docker-Registry-Standalone", "true"),
            "/v1/search" => Told::new(200, "application/json", found.to_string()),
            _ => Told::missing(),
        }
    })
}

fn search(s: &Session, query: &str) -> Outcome<Value> {
    s.get(&format!("/images/search?term={query}"))?
        .expect(200)?
        .json()
}

fn results(s: &Session) -> Outcome {
    let hub = hub(s)?;
    let found = search(s, &format!("{}/x", hub.address))?;
    let want = json!([
        {"star_count": 3, "is_official": true, "name": "a/x", "is_automated": false,
         "description": "all of it"},
        {"star_count": 0, "is_official": false, "name": "b/x", "is_automated": true,
         "description": ""},
    ]);
    equal!(found, want, "results");
    Ok(())
}

fn filters(s: &Session) -> Outcome {
    let hub = hub(s)?;
    for (filters, want) in [
        (json!({"stars": ["2"]}), &["a/x"][..]),
        (json!({"stars": ["0"]}), &["a/x", "b/x"]),
        (json!({"stars": ["4"]}), &[]),
        (json!({"is-official": ["true"]}), &["a/x"]),
        (json!({"is-official": ["false"]}), &["b/x"]),
        (json!({"is-automated": ["true"]}), &["b/x"]),
        (json!({"is-automated": ["false"]}), &["a/x"]),
    ] {
        let query = format!("{}/x&filters={}", hub.address, escape(&filters));
        let found = search(s, &query)?;
        let names: Vec<&Value> = found
            .as_array()
            .into_iter()
            .flatten()
            .map(|f| &f["name"])
            .collect();
        equal!(names, want, "{filters}");
    }
    Ok(())
}

fn limit(s: &Session) -> Outcome {
    let hub = hub(s)?;
    for limit in ["0", "101", "-1"] {
        s.get(&format!(
            "/images/search?term={}/x&limit={limit}",
            hub.address
        ))?
        .expect_error(
            400,
            &format!("Limit {limit} is outside the range of [1, 100]"),
        )?;
    }
    s.get(&format!("/images/search?term={}/x&limit=a", hub.address))?
        .expect_mistake(&s.target)?;
    for (limit, want) in [("&limit=7", "n=7"), ("&limit=", "n=25"), ("", "n=25")] {
        search(s, &format!("{}/x{limit}", hub.address))?;
        let last = hub.asked().last().map(|a| a.path.clone());
        ensure!(
            last.as_deref().is_some_and(|path| path.contains(want)),
            "{limit:?} asks {last:?}"
        );
    }
    Ok(())
}

fn asked(s: &Session) -> Outcome {
    let hub = hub(s)?;
    let path = format!("/images/search?term={}/some/thing", hub.address);
    let auth = super::push::credentials("me", "secret");
    let request = s.request("GET", &path).header("X-Registry-Auth", &auth);
    s.exchange(&request)?.expect(200)?;
    let asked = hub.asked();
    equal!(asked[0].path, "/v1/_ping", "the first question");
    let last = asked.last().ok_or("nothing was asked")?;
    let question = last.path.replace("%2F", "/");
    equal!(
        question,
        "/v1/search?q=some/thing&n=25",
        "the last question"
    );
    equal!(
        last.header("Authorization"),
        Some("Basic bWU6c2VjcmV0"),
        "Authorization"
    );
    Ok(())
}

fn no_search(s: &Session) -> Outcome {
    let stub = s.stub(|_| Told::missing())?;
    s.get(&format!("/images/search?term={}/x", stub.address))?
        .expect_error(500, "Unexpected status code 404")?;
    s.get("/images/search?term=127.0.0.1:1/x")?
        .expect_error(500, "connection refused")?;
    Ok(())
}

fn bad_filters(s: &Session) -> Outcome {
    for (filters, text) in [
        (r#"{"nosuch":["x"]}"#, "Invalid filter 'nosuch'"),
        (r#"{"stars":["x"]}"#, "Invalid filter 'stars=x'"),
        (r#"{"is-official":["1"]}"#, "Invalid filter 'is-official="),
        (r#"{"is-automated":["x"]}"#, "Invalid filter 'is-automated="),
    ] {
        let filters: Value = serde_json::from_str(filters)?;
        let path = format!(
            "/images/search?term=127.0.0.1:1/x&filters={}",
            escape(&filters)
        );
        s.get(&path)?.expect_error(400, text)?;
    }
    Ok(())
}
