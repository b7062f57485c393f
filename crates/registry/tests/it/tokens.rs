//! The token service, and what its tokens open.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use longshore_oci::digest::Digest;
use longshore_registry::config::{Access, TokenService};
use serde_json::{Value, json};

use crate::harness::{Served, with_accounts};

fn served(grants: &[&str], anonymous: bool) -> (tempfile::TempDir, Served) {
    let (dir, accounts) = with_accounts(grants, anonymous);
    let served = Served::with(|config| {
        config.access = Access::Token(accounts, TokenService::default());
    });
    (dir, served)
}

fn token(served: &Served, scope: &str) -> String {
    let answer = served
        .request("GET", &format!("/token?service=x&scope={scope}"))
        .basic("ann", "secret")
        .send();
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["token"].as_str().expect("a token").to_owned()
}

fn form(served: &Served, fields: &str) -> crate::client::Answer {
    served
        .request("POST", "/token")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(fields.as_bytes())
        .send()
}

#[test]
fn a_challenge_says_where_and_for_what() {
    let (_dir, served) = served(&[], false);
    let realm = format!("realm=\"http://{}/token\"", served.address);
    let base = served.get("/v2/");
    base.refused(401, "UNAUTHORIZED");
    let wanted = format!("Bearer {realm},service=\"longshore-registry\"");
    assert_eq!(base.header("www-authenticate"), wanted);
    let upload = served
        .request("POST", "/v2/a/b/blobs/uploads/?mount=x&from=c")
        .send();
    assert_eq!(
        upload.header("www-authenticate"),
        format!("{wanted},scope=\"repository:a/b:pull,push repository:c:pull\"")
    );
    let catalog = served.get("/v2/_catalog");
    let scope = format!("{wanted},scope=\"registry:catalog:*\"");
    assert_eq!(catalog.header("www-authenticate"), scope);
    let odd = served.request("GET", "/v2/").header("X", "y");
    assert_eq!(odd.basic("ann", "secret").send().status, 401);
}

#[test]
fn a_token_opens_what_it_is_for() {
    let (_dir, served) = served(&[], false);
    let pull = token(&served, "repository:a:pull");
    let push = token(&served, "repository:a:pull,push");
    let delete = token(&served, "repository:a:*");
    let catalog = token(&served, "registry:catalog:*");
    let both = token(&served, "repository:a:pull&scope=repository:b:pull");
    let none = token(&served, "");
    let digest = Digest::of(b"x");
    let upload = format!("/v2/a/blobs/uploads/?digest={digest}");
    let blob = format!("/v2/a/blobs/{digest}");
    for (method, path, good, bad) in [
        ("GET", "/v2/", vec![&none, &pull], vec![]),
        ("POST", &upload, vec![&push], vec![&pull, &none, &catalog]),
        (
            "GET",
            &blob,
            vec![&pull, &push, &both],
            vec![&none, &catalog],
        ),
        ("GET", "/v2/b/tags/list", vec![&both], vec![&pull, &delete]),
        ("GET", "/v2/_catalog", vec![&catalog], vec![&none, &delete]),
        ("DELETE", &blob, vec![&delete], vec![&pull, &push]),
    ] {
        let ask = |token: &str| {
            let request = served.request(method, path).bearer(token);
            request
                .body(if method == "POST" { b"x" } else { b"" })
                .send()
        };
        for token in bad {
            let refused = ask(token);
            refused.refused(401, "UNAUTHORIZED");
            let challenge = refused.header("www-authenticate");
            assert!(
                challenge.contains("error=\"insufficient_scope\""),
                "{challenge}"
            );
        }
        for token in good {
            let answer = ask(token);
            assert!(
                [200, 201, 202, 404].contains(&answer.status),
                "{method} {path} {answer:?}"
            );
        }
    }
}

#[test]
fn a_token_for_search_opens_search() {
    let (_dir, served) = served(&[], false);
    let search = token(&served, "registry:catalog:search");
    let pull = token(&served, "repository:a:pull");
    for (token, status) in [(&*search, 200), (&pull, 401), ("x.y.z", 401)] {
        let answer = served.request("GET", "/v1/search?q=a").bearer(token).send();
        assert_eq!(answer.status, status, "{token}");
    }
}

#[test]
fn the_service_wants_name_and_password() {
    let (_dir, served) = served(&["ann:team/*:pull,push"], false);
    let get = |name: &str, password: &str, query: &str| {
        served
            .request("GET", &format!("/token?{query}"))
            .basic(name, password)
            .send()
    };
    get("ann", "wrong", "").refused(401, "UNAUTHORIZED");
    assert_eq!(served.get("/token?scope=repository:a:pull").status, 401);
    let query =
        "scope=repository:team/x:pull,push,delete%20repository:other:pull&offline_token=true";
    let answer = get("ann", "secret", query).json();
    assert_eq!(answer["token"], answer["access_token"]);
    assert_eq!(answer["expires_in"], 300);
    assert!(
        answer["issued_at"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z'))
    );
    // What is not allowed is left out.
    assert_eq!(answer["scope"], "repository:team/x:pull,push");
    let refresh = answer["refresh_token"]
        .as_str()
        .expect("asked for")
        .to_owned();

    let fields = format!(
        "grant_type=refresh_token&refresh_token={refresh}&service=s&client_id=c&scope=repository:team/x:pull"
    );
    let refreshed = form(&served, &fields);
    assert_eq!(refreshed.status, 200, "{refreshed:?}");
    let access = refreshed.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let tags = served
        .request("GET", "/v2/team/x/tags/list")
        .bearer(&access)
        .send();
    tags.refused(404, "NAME_UNKNOWN");
    // One kind does not do for the other.
    assert_eq!(
        served.request("GET", "/v2/").bearer(&refresh).send().status,
        401
    );
    let swapped = format!("grant_type=refresh_token&refresh_token={access}");
    assert_eq!(form(&served, &swapped).status, 401);

    let password = "grant_type=password&username=ann&password=secret&access_type=offline";
    let answer = form(&served, password).json();
    assert!(answer["refresh_token"].is_string(), "{answer}");
    for (fields, status) in [
        ("grant_type=password&username=ann&password=wrong", 401),
        ("grant_type=password&username=ann", 400),
        ("grant_type=refresh_token&refresh_token=x", 401),
        ("grant_type=client_credentials", 400),
        ("", 400),
    ] {
        assert_eq!(form(&served, fields).status, status, "{fields}");
    }
    assert_eq!(served.request("DELETE", "/token").send().status, 405);
}

#[test]
fn a_new_password_ends_what_the_old_one_opened() {
    let (dir, served) = served(&[], false);
    let answer = form(
        &served,
        "grant_type=password&username=ann&password=secret&access_type=offline",
    );
    let refresh = answer.json()["refresh_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let fields = format!("grant_type=refresh_token&refresh_token={refresh}");
    assert_eq!(form(&served, &fields).status, 200);
    let hash = bcrypt::hash("changed", 4).expect("a hash");
    std::fs::write(
        dir.path().join("htpasswd"),
        format!("# another length\nann:{hash}\n"),
    )
    .expect("a file");
    assert_eq!(form(&served, &fields).status, 401);
}

#[test]
fn a_token_that_brings_its_key_is_refused() {
    let (_dir, served) = served(&[], false);
    let good = token(&served, "repository:a:pull");
    let parts: Vec<&str> = good.split('.').collect();
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).expect("base64")).expect("JSON");
    assert_eq!(claims["sub"], "ann");
    assert_eq!(
        claims["access"],
        json!([{ "type": "repository", "name": "a", "actions": ["pull"] }])
    );
    let code = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut more = claims.clone();
    more["access"][0]["actions"] = json!(["*"]);
    for head in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256", "typ": "JWT", "jwk": { "kty": "oct", "k": "" } }),
        json!({ "alg": "RS256", "x5c": ["x"] }),
        json!({ "alg": "HS256", "typ": "JWT" }),
    ] {
        for signature in ["", parts[2]] {
            let forged = format!("{}.{}.{signature}", code(&head), code(&more));
            let answer = served.request("GET", "/v2/").bearer(&forged).send();
            answer.refused(401, "UNAUTHORIZED");
            let challenge = answer.header("www-authenticate");
            assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        }
    }
    // Another registry's token, though it has the same name.
    let (_other_dir, other) = self::served(&[], false);
    let foreign = token(&other, "repository:a:pull");
    assert_eq!(
        served.request("GET", "/v2/").bearer(&foreign).send().status,
        401
    );
}

#[test]
fn a_token_is_good_for_its_time() {
    let (_dir, accounts) = with_accounts(&[], false);
    let served = Served::with(|config| {
        let service = TokenService {
            // Longer past than clocks may differ.
            lifetime: Duration::ZERO,
            realm: Some("https://tokens.example/t".to_owned()),
            ..TokenService::default()
        };
        config.access = Access::Token(accounts, service);
    });
    let base = served.get("/v2/");
    assert!(
        base.header("www-authenticate")
            .starts_with("Bearer realm=\"https://tokens.example/t\"")
    );
    let answer = served
        .request("GET", "/token")
        .basic("ann", "secret")
        .send();
    assert_eq!(answer.json()["expires_in"], 0);
}

#[test]
fn a_host_that_is_none_stands_in_no_challenge() {
    let (_dir, served) = served(&[], false);
    let stream = {
        use std::io::Write as _;
        let mut stream = std::net::TcpStream::connect(&served.address).expect("a listener");
        stream
            .write_all(b"GET /v2/ HTTP/1.1\r\nHost: x\",evil=\"y\r\nConnection: close\r\n\r\n")
            .expect("a listener");
        stream
    };
    let answer = crate::client::Answer::read(stream, "GET").expect("an answer");
    assert!(
        !answer.header("www-authenticate").contains("evil"),
        "{answer:?}"
    );
}

#[test]
fn pulling_needs_no_name_where_that_is_allowed() {
    let (_dir, served) = served(&[], true);
    let answer = served.get("/token?scope=repository:a:pull,push");
    assert_eq!(answer.json()["scope"], "repository:a:pull");
    let token = answer.json()["token"].as_str().expect("a token").to_owned();
    let tags = served
        .request("GET", "/v2/a/tags/list")
        .bearer(&token)
        .send();
    tags.refused(404, "NAME_UNKNOWN");
    let push = served
        .request("POST", "/v2/a/blobs/uploads/")
        .bearer(&token)
        .send();
    push.refused(401, "UNAUTHORIZED");
}
