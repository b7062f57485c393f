//! Bodies, their types, query values: input that real clients and mistaken
//! ones send.

use serde_json::json;

use super::Level::{Must, Quirk, Should};
use super::Row;
use crate::outcome::{Outcome, ensure, equal};
use crate::session::Session;

pub(super) const ROWS: &[Row] = &[
    (
        Must,
        "wrong-content-type",
        "requests: create needs application/json",
        wrong_type,
    ),
    (
        Must,
        "content-type-with-charset",
        "requests: parameters of the type are ignored",
        charset,
    ),
    (
        Quirk,
        "keys-in-any-case",
        "requests: keys match case-insensitively",
        any_case,
    ),
    (
        Must,
        "unknown-keys",
        "requests: unknown keys are ignored",
        unknown_keys,
    ),
    (
        Must,
        "null-is-zero",
        "requests: null leaves the zero value",
        null_is_zero,
    ),
    (
        Quirk,
        "tail-after-json",
        "requests: what follows the JSON value is ignored",
        tail,
    ),
    (
        Must,
        "malformed-json",
        "requests: malformed JSON is a client's mistake: 400",
        malformed,
    ),
    (
        Must,
        "wrong-json-type",
        "requests: a wrong type is a client's mistake: 400",
        wrong_json,
    ),
    (
        Must,
        "null-body",
        "requests: JSON null as create body is 400",
        null_body,
    ),
    (
        Must,
        "exec-empty-body",
        "requests: exec create without body is 400",
        exec_empty,
    ),
    (
        Must,
        "command-as-string",
        "requests: Cmd accepts a string",
        string_command,
    ),
    (
        Should,
        "booleans",
        "query booleans: everything but 0, no, false, none is true",
        booleans,
    ),
    (
        Must,
        "bad-filters",
        "filters: not JSON is a client's mistake: 400",
        bad_filters,
    ),
    (
        Must,
        "unknown-filter",
        "filters: an unknown key is 400",
        unknown_filter,
    ),
    (
        Must,
        "both-filter-forms",
        "filters: map and list forms are one",
        filter_forms,
    ),
    (
        Must,
        "bad-number",
        "query integers: not a number is a client's mistake: 400",
        bad_number,
    ),
];

fn wrong_type(s: &Session) -> Outcome {
    let body = json!({"Image": s.target.image()}).to_string();
    let request = s.request("POST", "/containers/create");
    s.exchange(&request.body("application/x-www-form-urlencoded", body))?
        .expect_error(400, "application/json")?;
    Ok(())
}

fn charset(s: &Session) -> Outcome {
    let body = json!({"Image": s.target.image()}).to_string();
    let request = s.request("POST", "/containers/create");
    s.exchange(&request.body("application/json; charset=utf-8", body))?
        .expect(201)?;
    Ok(())
}

fn any_case(s: &Session) -> Outcome {
    let body =
        json!({"image": s.target.image(), "CMD": ["true"], "hostconfig": {"networkmode": "none"}});
    let made = s
        .post_json("/containers/create", &body)?
        .expect(201)?
        .json()?;
    let seen = s.inspect(made["Id"].as_str().unwrap_or(""))?;
    equal!(seen["Path"], "true", "Path");
    equal!(seen["HostConfig"]["NetworkMode"], "none", "NetworkMode");
    Ok(())
}

fn unknown_keys(s: &Session) -> Outcome {
    s.create(&["true"], json!({"Shoe": {"Size": 44}, "Name": 5}))?;
    Ok(())
}

fn null_is_zero(s: &Session) -> Outcome {
    let more =
        json!({"Env": null, "Tty": null, "Labels": null, "Entrypoint": null, "StopTimeout": null});
    let seen = s.inspect(&s.create(&["true"], more)?)?;
    equal!(seen["Config"]["Tty"], false, "Tty");
    equal!(seen["Config"]["Labels"], json!({}), "Labels");
    Ok(())
}

fn tail(s: &Session) -> Outcome {
    let body = format!("{{\"Image\": \"{}\"}}-X", s.target.image());
    let request = s
        .request("POST", "/containers/create")
        .body("application/json", body);
    s.exchange(&request)?.expect(201)?;
    Ok(())
}

fn mistake(s: &Session, body: &str) -> Outcome {
    let request = s
        .request("POST", "/containers/create")
        .body("application/json", body);
    s.exchange(&request)?.expect_mistake(&s.target)?;
    Ok(())
}

fn malformed(s: &Session) -> Outcome {
    mistake(s, "{\"Image\": ")?;
    mistake(s, "{]")
}

fn wrong_json(s: &Session) -> Outcome {
    mistake(s, "{\"Image\": 5}")?;
    mistake(s, "{\"Env\": \"a=b\"}")?;
    mistake(s, "[]")
}

fn null_body(s: &Session) -> Outcome {
    let request = s
        .request("POST", "/containers/create")
        .body("application/json", "null");
    s.exchange(&request)?
        .expect_error(400, "onfig cannot be empty in order to create a container")?;
    Ok(())
}

fn exec_empty(s: &Session) -> Outcome {
    let id = s.run(&["sleep", "60"], json!({}))?;
    s.post(&format!("/containers/{id}/exec"))?.expect(400)?;
    Ok(())
}

fn string_command(s: &Session) -> Outcome {
    let seen = s.inspect(&s.create(&[], json!({"Cmd": "true"}))?)?;
    equal!(seen["Config"]["Cmd"], json!(["true"]), "Cmd");
    Ok(())
}

fn booleans(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    let listed = |value: &str| -> Outcome<bool> {
        Ok(s.get(&format!("/containers/json?all={value}"))?
            .expect(200)?
            .text()
            .contains(&id))
    };
    for yes in ["1", "true", "True", "yes", "banana"] {
        ensure!(listed(yes)?, "all={yes} counts as false");
    }
    for no in ["0", "false", "False", "no", "none", ""] {
        ensure!(!listed(no)?, "all={no} counts as true");
    }
    Ok(())
}

fn bad_filters(s: &Session) -> Outcome {
    s.get("/containers/json?filters=nonsense")?
        .expect_mistake(&s.target)?;
    Ok(())
}

fn unknown_filter(s: &Session) -> Outcome {
    s.get("/containers/json?filters=%7B%22shoe%22%3A%5B%2244%22%5D%7D")?
        .expect_error(400, "invalid filter 'shoe'")?;
    s.get("/images/json?filters=%7B%22shoe%22%3A%5B%2244%22%5D%7D")?
        .expect_error(400, "invalid filter 'shoe'")?;
    Ok(())
}

fn filter_forms(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    for form in [
        format!("{{\"id\":[\"{id}\"]}}"),
        format!("{{\"id\":{{\"{id}\":true}}}}"),
    ] {
        let escaped = form
            .replace('"', "%22")
            .replace('{', "%7B")
            .replace('}', "%7D");
        let found = s
            .get(&format!("/containers/json?all=1&filters={escaped}"))?
            .expect(200)?
            .json()?;
        equal!(found.as_array().map(Vec::len), Some(1), "matches of {form}");
    }
    Ok(())
}

fn bad_number(s: &Session) -> Outcome {
    let id = s.create(&["true"], json!({}))?;
    s.post(&format!("/containers/{id}/stop?t=soon"))?
        .expect_mistake(&s.target)?;
    s.post(&format!("/containers/{id}/resize?h=x&w=80"))?
        .expect(400)?;
    Ok(())
}
