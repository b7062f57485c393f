//! Routing, versions, headers, bodies: byte by byte.

use std::sync::Arc;

use longshore_api::server::{Responses, Router, ServerInfo};

use crate::client::{Client, arc};
use crate::engine::{Engine, connect, connect_to};

#[tokio::test]
async fn ping_has_dockerds_head() {
    let mut client = connect();
    let pong = client.call("GET", "/_ping").await;
    assert_eq!(pong.body, "OK");
    for (name, value) in [
        ("Api-Version", "1.40"),
        ("Docker-Experimental", "false"),
        ("Ostype", "linux"),
        ("Server", "Docker/0.0.0 (linux)"),
        ("Cache-Control", "no-cache, no-store, must-revalidate"),
        ("Pragma", "no-cache"),
        ("Builder-Version", "1"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", "2"),
    ] {
        assert_eq!(pong.header(name), Some(value), "{name} in {}", pong.head);
    }
    assert!(pong.header("Date").is_some());
    let head = client.call("HEAD", "/v1.24/_ping").await;
    assert_eq!(
        (head.status(), head.header("Content-Length")),
        (200, Some("0"))
    );
    assert_eq!(head.header("Builder-Version"), Some("1"));
}

#[tokio::test]
async fn versions_are_judged_after_the_path() {
    let mut client = connect();
    for (path, status, message) in [
        ("/v9.99/nope", 404, "page not found"),
        (
            "/v9.99/containers/json",
            400,
            "client version 9.99 is too new. Maximum supported API version is 1.40",
        ),
        (
            "/v1.23/containers/json",
            400,
            "client version 1.23 is too old. Minimum supported API version is 1.24, \
             please upgrade your client to a newer version",
        ),
        (
            "/v1.4/containers/json",
            400,
            "client version 1.4 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version",
        ),
        ("/v1.40", 404, "page not found"),
        ("/va/containers/json", 404, "page not found"),
    ] {
        let answer = client.call("GET", path).await;
        assert_eq!(
            (answer.status(), answer.message().as_str()),
            (status, message),
            "{path}"
        );
        assert_eq!(answer.header("Api-Version").is_some(), status == 400);
        assert_eq!(answer.header("Docker-Experimental"), None);
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
    }
    for path in [
        "/v1.24/containers/json",
        "/v1.40.0/containers/json",
        "/v1.36/containers/json",
    ] {
        assert_eq!(client.call("GET", path).await.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_not_found() {
    let mut client = connect();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/containers/json/"),
        ("POST", "/containers/json"),
        ("GET", "/images/x/insert"),
        ("HEAD", "/containers/json"),
        ("DELETE", "/_ping"),
        ("PATCH", "/containers/json"),
    ] {
        let answer = client.call(method, path).await;
        assert_eq!(answer.status(), 404, "{method} {path}");
        assert_eq!(answer.header("Server"), None);
        if method != "HEAD" {
            assert_eq!(answer.body, "{\"message\":\"page not found\"}\n");
        }
    }
    let options = client.call("OPTIONS", "/anything/at/all").await;
    assert_eq!((options.status(), options.body.as_str()), (200, ""));
}

#[tokio::test]
async fn unclean_paths_are_moved() {
    let mut client = connect();
    for (path, location) in [
        ("//containers/json?all=1", "/containers/json?all=1"),
        ("/containers/./json", "/containers/json"),
        ("/images/a%2F..%2Fb/json", "/images/b/json"),
    ] {
        let answer = client.call("GET", path).await;
        assert_eq!(
            (answer.status(), answer.header("Location")),
            (301, Some(location)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn json_answers_are_one_line() {
    let mut client = connect();
    let list = client
        .call("GET", "/v1.36/containers/json?all=True&limit=-1")
        .await;
    let start = "[{\"Id\":\"<1.36> Some(-1) true\",";
    assert!(
        list.body.starts_with(start) && list.body.ends_with("}]\n"),
        "{}",
        list.body
    );
    assert_eq!(list.header("Content-Type"), Some("application/json"));
    // Raw braces and quotes, as curl -g sends them.
    let list = client
        .call("GET", "/containers/json?filters={\"id\":[\"123\"]}")
        .await;
    assert_eq!(list.status(), 200, "{}", list.body);
    let bad = client
        .call("GET", "/containers/json?filters={\"colour\":[\"x\"]}")
        .await;
    assert_eq!(
        (bad.status(), bad.message().as_str()),
        (400, "Invalid filter 'colour'")
    );
    let bad = client.call("GET", "/containers/json?limit=ten").await;
    assert_eq!(bad.status(), 400);
    assert_eq!(bad.header("Api-Version"), Some("1.40"));
}

#[tokio::test]
async fn answers_have_the_fields_of_the_version_or_all() {
    for (responses, before) in [(Responses::Exact, false), (Responses::Superset, true)] {
        let router = Router::new(ServerInfo::default()).responses(responses);
        let mut client = Client::new(router.system(arc(Engine::default())));
        for (prefix, there) in [
            ("/v1.38", before),
            ("/v1.24", before),
            ("/v1.39", true),
            ("", true),
        ] {
            let info = client.call("GET", &format!("{prefix}/info")).await;
            assert_eq!(
                info.body.contains("ProductLicense"),
                there,
                "{prefix} {responses:?}"
            );
        }
    }
}

#[tokio::test]
async fn names_in_paths_are_greedy() {
    let mut client = connect();
    assert_eq!(
        client.call("POST", "/containers/a/b/start").await.status(),
        204
    );
    assert_eq!(
        client
            .call("POST", "/containers/a%2Fb/start")
            .await
            .status(),
        204
    );
    let answer = client.call("POST", "/containers/json/start").await;
    assert_eq!(
        (answer.status(), answer.message().as_str()),
        (404, "No such container: json")
    );
    let answer = client.call("POST", "/containers/running/start").await;
    assert_eq!((answer.status(), answer.body.as_str()), (304, ""));
    // A JSON type without a body is fine, a body is not.
    let json = "Content-Type: application/json\r\n";
    let answer = client
        .call_with("POST", "/containers/a/b/start", json, "")
        .await;
    assert_eq!(answer.status(), 204);
    let answer = client
        .call_with("POST", "/containers/a/b/start", json, "{\"a\":  1}")
        .await;
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn bodies_need_their_type() {
    let mut client = connect();
    let image = r#"{"image": "nginx"}"#;
    for (headers, body, status, message) in [
        (
            "",
            image,
            400,
            "malformed Content-Type header (): mime: no media type",
        ),
        (
            "Content-Type: text/plain\r\n",
            image,
            400,
            "unsupported Content-Type header (text/plain): must be 'application/json'",
        ),
        (
            "Content-Type: application/json\r\n",
            "{",
            400,
            "invalid JSON: unexpected end of JSON input",
        ),
        (
            "Content-Type: application/json\r\n",
            "",
            400,
            "config cannot be empty in order to create a container",
        ),
        (
            "",
            "",
            400,
            "config cannot be empty in order to create a container",
        ),
        (
            "Content-Type: application/json\r\n",
            "null",
            400,
            "config cannot be empty in order to create a container",
        ),
        (
            "Content-Type: application/json\r\n",
            r#"{"Image": 1}"#,
            400,
            "invalid JSON: json: cannot unmarshal number into Go struct field ContainerCreateRequest.Image of type string",
        ),
    ] {
        let answer = client
            .call_with("POST", "/containers/create", headers, body)
            .await;
        assert_eq!(
            (answer.status(), answer.message().as_str()),
            (status, message),
            "{headers}{body}"
        );
    }
    for (headers, body) in [
        ("Content-Type: application/json; charset=utf-8\r\n", image),
        (
            "Content-Type: Application/JSON\r\n",
            r#"{"Image": "nginx"}-X"#,
        ),
    ] {
        let answer = client
            .call_with("POST", "/containers/create?name=curl", headers, body)
            .await;
        assert_eq!(answer.status(), 201);
        let start = "{\"Id\":\"Some(\\\"curl\\\") nginx\",";
        assert!(answer.body.starts_with(start), "{}", answer.body);
    }
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let answer = client
        .call_with("POST", "/containers/create", form, image)
        .await;
    assert_eq!(answer.status(), 400);
}

#[tokio::test]
async fn a_push_needs_credentials_in_header_or_body() {
    let mut client = connect();
    let missing = "Bad parameters and missing X-Registry-Auth";
    for (headers, body, status, message) in [
        (
            "X-Registry-Auth: eyJ1c2VybmFtZSI6Im1lIn0=\r\n",
            "{",
            409,
            "me",
        ),
        ("X-Registry-Auth: nonsense!\r\n", "", 409, ""),
        ("", r#"{"username": "me"}"#, 409, "me"),
        ("", "{}", 409, ""),
        ("", "", 400, &format!("{missing}: EOF")),
        (
            "X-Registry-Auth:\r\n",
            " \n",
            400,
            &format!("{missing}: EOF"),
        ),
        (
            "",
            "{",
            400,
            &format!("{missing}: invalid JSON: unexpected end of JSON input"),
        ),
    ] {
        let answer = client
            .call_with("POST", "/images/x/push", headers, body)
            .await;
        assert_eq!(
            (answer.status(), answer.message().as_str()),
            (status, message),
            "{headers}{body}"
        );
    }
}

#[tokio::test]
async fn byte_bodies_stream_in() {
    let mut client = connect();
    client
        .send("PUT /containers/x/archive?path=/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    for _ in 0..100 {
        client.send("3e8\r\n").await;
        client.send([b'x'; 1000]).await;
        client.send("\r\n").await;
    }
    client.send("0\r\n\r\n").await;
    let answer = client.response("PUT").await;
    assert_eq!(
        (answer.status(), answer.message().as_str()),
        (409, "100000")
    );
}

#[tokio::test]
async fn what_nobody_implements_is_501() {
    let mut client = Client::new(Router::new(ServerInfo::default()).system(arc(Engine::default())));
    let answer = client.call("GET", "/containers/json").await;
    assert_eq!(answer.status(), 501);
    assert_eq!(
        answer.message(),
        "ContainerList is not implemented by this server"
    );
    assert_eq!(answer.header("Api-Version"), Some("1.40"));
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_connection_lives() {
    let mut client = connect();
    let answer = client.call("POST", "/containers/panic/start").await;
    assert_eq!(answer.status(), 500);
    assert!(answer.message().contains("panicked"));
    assert_eq!(client.call("GET", "/_ping").await.body, "OK");
}

#[tokio::test]
async fn the_head_comes_before_a_deferred_body() {
    let engine = Arc::new(Engine::default());
    let mut client = connect_to(Arc::clone(&engine));
    client
        .send("POST /containers/x/wait HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(
        head.contains("\r\nContent-Type: application/json\r\n"),
        "{head}"
    );
    engine.go.notify_one();
    let body = client.chunk().await.unwrap();
    assert!(
        body.contains("\"StatusCode\":7") && body.ends_with("}\n"),
        "{body}"
    );
    assert_eq!(client.chunk().await, None);
    assert_eq!(client.call("GET", "/_ping").await.body, "OK");
}

#[tokio::test]
async fn lines_leave_one_by_one() {
    let engine = Arc::new(Engine::default());
    let mut client = connect_to(Arc::clone(&engine));
    client
        .send("GET /containers/x/stats HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    client.head().await;
    for number in 1..=2 {
        let line = client.chunk().await.unwrap();
        let name = format!("\"name\":\"\\u003c{number}\\u003e\"");
        assert!(line.contains(&name) && line.ends_with("}\n"), "{line}");
        engine.go.notify_one();
    }
    assert_eq!(client.chunk().await, None);
}

#[tokio::test]
async fn logs_are_a_raw_stream() {
    let answer = connect().call("GET", "/containers/x/logs").await;
    assert_eq!(answer.body, "a\r\n");
    assert_eq!(
        answer.header("Content-Type"),
        Some("application/vnd.docker.raw-stream")
    );
}
