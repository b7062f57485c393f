//! Routing, versions, headers, bodies: byte by byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use longshore_api::body::{ByteStream, Deferred, JsonLines, LogStream, OneOrLines, Text};
use longshore_api::container::{
    Container, ContainerCreateQuery, ContainerListQuery, ContainerLogsQuery, ContainerStartQuery,
    ContainerStartResponse, ContainerStatsQuery, ContainerWaitQuery, PutContainerArchiveQuery,
};
use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::image::{Image, ImagePushQuery};
use longshore_api::registry_auth::RegistryAuth;
use longshore_api::server::{Responses, Router, ServerInfo};
use longshore_api::system::System;
use longshore_api::types::{
    ContainerCreateRequest, ContainerCreateResponse, ContainerStats, ContainerSummary,
    ContainerWaitResponse, PushImageInfo, SystemInfo,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;

use crate::client::{Client, arc};

#[derive(Default)]
pub(crate) struct Engine {
    dropped: Arc<Notify>,
    started: Arc<AtomicBool>,
    go: Arc<Notify>,
}

/// Tells when it is dropped.
struct Bell(Arc<Notify>);

impl Drop for Bell {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl System for Engine {
    async fn system_ping(&self, _cx: Context) -> Result<Text, ApiError> {
        Ok("OK".into())
    }

    async fn system_info(&self, _cx: Context) -> Result<SystemInfo, ApiError> {
        Ok(SystemInfo {
            product_license: Some("none".into()),
            ..SystemInfo::default()
        })
    }
}

impl Image for Engine {
    async fn image_push(
        &self,
        _cx: Context,
        _name: String,
        _query: ImagePushQuery,
        auth: RegistryAuth,
    ) -> Result<JsonLines<PushImageInfo>, ApiError> {
        // Shows who it was.
        Err(ApiError::conflict(auth.username))
    }
}

impl Container for Engine {
    async fn container_list(
        &self,
        cx: Context,
        query: ContainerListQuery,
    ) -> Result<Vec<ContainerSummary>, ApiError> {
        query.filters.only(&["id"])?;
        Ok(vec![ContainerSummary {
            id: format!("<{}> {:?} {}", cx.version, query.limit, query.all),
            ..ContainerSummary::default()
        }])
    }

    async fn container_create(
        &self,
        _cx: Context,
        query: ContainerCreateQuery,
        body: ContainerCreateRequest,
    ) -> Result<ContainerCreateResponse, ApiError> {
        Ok(ContainerCreateResponse {
            id: format!("{:?} {}", query.name, body.image),
            ..ContainerCreateResponse::default()
        })
    }

    async fn container_start(
        &self,
        _cx: Context,
        id: String,
        _query: ContainerStartQuery,
    ) -> Result<ContainerStartResponse, ApiError> {
        match id.as_str() {
            "panic" => panic!("a bug in a handler"),
            "wait" => {
                let _bell = Bell(Arc::clone(&self.dropped));
                self.started.store(true, Ordering::SeqCst);
                self.go.notified().await;
                Ok(ContainerStartResponse::NoContent)
            }
            "running" => Ok(ContainerStartResponse::NotModified),
            "" => Err(ApiError::bad_parameter("invalid name or ID supplied: \"\"")),
            "a/b" => Ok(ContainerStartResponse::NoContent),
            name => Err(ApiError::not_found(format!("No such container: {name}"))),
        }
    }

    async fn container_wait(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerWaitQuery,
    ) -> Result<Deferred<ContainerWaitResponse>, ApiError> {
        let (go, bell) = (Arc::clone(&self.go), Bell(Arc::clone(&self.dropped)));
        Ok(Deferred::new(async move {
            go.notified().await;
            drop(bell);
            Ok(ContainerWaitResponse {
                status_code: 7,
                ..ContainerWaitResponse::default()
            })
        }))
    }

    async fn container_logs(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerLogsQuery,
    ) -> Result<LogStream, ApiError> {
        Ok(LogStream::raw(futures_util::stream::iter([Ok(
            "a\r\n".into()
        )])))
    }

    async fn container_stats(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerStatsQuery,
    ) -> Result<OneOrLines<ContainerStats>, ApiError> {
        let (sender, lines) = JsonLines::channel(1);
        let go = Arc::clone(&self.go);
        tokio::spawn(async move {
            for number in 1..=2 {
                let sample = ContainerStats {
                    name: format!("<{number}>").into(),
                    ..ContainerStats::default()
                };
                if sender.send(Ok(sample)).await.is_err() {
                    return;
                }
                go.notified().await;
            }
        });
        Ok(OneOrLines::Lines(lines))
    }

    async fn put_container_archive(
        &self,
        _cx: Context,
        _id: String,
        _query: PutContainerArchiveQuery,
        body: ByteStream,
    ) -> Result<(), ApiError> {
        let length = body.collect().await?.len();
        Err(ApiError::conflict(length.to_string()))
    }
}

fn connect() -> Client {
    connect_to(Arc::default())
}

fn connect_to(engine: Arc<Engine>) -> Client {
    Client::new(
        Router::new(ServerInfo::default())
            .system(Arc::clone(&engine))
            .image(Arc::clone(&engine))
            .container(engine),
    )
}

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

#[tokio::test]
async fn a_client_that_leaves_cancels_its_handler() {
    for path in ["/containers/wait/start", "/containers/x/wait"] {
        let engine = Arc::new(Engine::default());
        let mut client = connect_to(Arc::clone(&engine));
        client
            .send(format!("POST {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
            .await;
        if path.ends_with("/wait") {
            client.head().await;
        } else {
            while !engine.started.load(Ordering::SeqCst) {
                tokio::task::yield_now().await;
            }
        }
        drop(client);
        tokio::time::timeout(Duration::from_secs(10), engine.dropped.notified())
            .await
            .expect("the handler is dropped");
    }
}

#[tokio::test]
async fn a_client_that_only_shuts_its_side_is_answered() {
    let engine = Arc::new(Engine::default());
    let mut client = connect_to(Arc::clone(&engine));
    client
        .send("POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        .await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.response("POST").await.status(), 201);
    assert_eq!(client.rest().await, "");
    let mut client = connect_to(Arc::clone(&engine));
    client
        .send("POST /containers/x/wait HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    client.stream.shutdown().await.unwrap();
    engine.go.notify_one();
    let answer = client.response("POST").await;
    assert!(answer.body.contains("\"StatusCode\":7"), "{answer:?}");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let mut client = connect();
    let ping = "GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n";
    let list = "GET /v1.35/containers/json HTTP/1.1\r\nHost: x\r\n\r\n";
    client.send([ping, list, ping].concat()).await;
    assert_eq!(client.response("GET").await.body, "OK");
    assert!(client.response("GET").await.body.contains("<1.35>"));
    assert_eq!(client.response("GET").await.body, "OK");
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed() {
    let mut client = connect();
    client.send("GET /_ping HTTP/1.0\r\n\r\n").await;
    let all = client.rest().await;
    assert!(
        all.starts_with("HTTP/1.0 200 OK\r\n") && all.ends_with("\r\n\r\nOK"),
        "{all}"
    );
}

#[tokio::test]
async fn tcp_is_served_too() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = connect().server;
    let serving = tokio::spawn({
        let server = server.clone();
        async move { server.serve(listener).await }
    });
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET http://v1.35/_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("OK"),
        "{answer}"
    );
    server.shutdown(Duration::from_secs(10)).await;
    serving.await.unwrap();
}

#[tokio::test]
async fn shutdown_finishes_what_runs_and_ends_what_never_would() {
    let engine = Arc::new(Engine::default());
    let mut idle = connect_to(Arc::clone(&engine));
    assert_eq!(idle.call("GET", "/_ping").await.status(), 200);
    let mut busy = Client::of(&idle.server);
    busy.send("POST /containers/wait/start HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    while !engine.started.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    let server = busy.server.clone();
    let down = tokio::spawn(async move { server.shutdown(Duration::from_secs(60)).await });
    assert_eq!(idle.rest().await, "");
    engine.go.notify_one();
    assert_eq!(busy.response("POST").await.status(), 204);
    assert_eq!(busy.rest().await, "");
    down.await.unwrap();

    let mut endless = connect_to(Arc::clone(&engine));
    endless
        .send("POST /containers/x/wait HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    endless.head().await;
    endless.server.clone().shutdown(Duration::ZERO).await;
    endless.rest().await;
}
