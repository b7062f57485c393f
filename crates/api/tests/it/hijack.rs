//! Connections that leave HTTP.

use futures_util::{SinkExt as _, StreamExt as _};
use longshore_api::body::{Hijack, Upgraded};
use longshore_api::container::{Container, ContainerAttachQuery, ContainerAttachWebsocketQuery};
use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::exec::{Exec, ExecStartResponse};
use longshore_api::frames::{Stream, frame};
use longshore_api::server::{Router, ServerInfo};
use longshore_api::session::Session;
use longshore_api::types::ExecStartRequest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, arc};

struct Echo;

/// Says hello at once, then everything it read, in capitals.
async fn echo(mut client: Upgraded, framed: bool) {
    let out = |text: &str| {
        if framed {
            frame(Stream::Stdout, text.as_bytes())
        } else {
            text.to_owned().into()
        }
    };
    client.write_all(&out("hello ")).await.unwrap();
    let mut input = String::new();
    client.read_to_string(&mut input).await.unwrap();
    client.write_all(&out(&input.to_uppercase())).await.unwrap();
}

impl Container for Echo {
    async fn container_attach(
        &self,
        _cx: Context,
        id: String,
        _query: ContainerAttachQuery,
    ) -> Result<Hijack, ApiError> {
        match id.as_str() {
            "tty" => Ok(Hijack::raw(|client| echo(client, false))),
            "pipes" => Ok(Hijack::multiplexed(|client| echo(client, true))),
            // Ends without having read anything.
            "short" => Ok(Hijack::raw(|mut client: Upgraded| async move {
                client.write_all(b"bye").await.unwrap();
            })),
            id => Err(ApiError::not_found(format!("No such container: {id}"))),
        }
    }

    async fn container_attach_websocket(
        &self,
        cx: Context,
        id: String,
        _query: ContainerAttachWebsocketQuery,
    ) -> Result<Hijack, ApiError> {
        match id.as_str() {
            "lines" => Ok(Hijack::multiplexed(|mut client: Upgraded| async move {
                let mut line = [0; 5];
                client.read_exact(&mut line).await.unwrap();
                client
                    .write_all(&frame(Stream::Stderr, &line))
                    .await
                    .unwrap();
            })),
            _ => {
                self.container_attach(cx, id, ContainerAttachQuery::default())
                    .await
            }
        }
    }
}

fn connect() -> Client {
    let router = Router::new(ServerInfo::default());
    Client::new(
        router
            .container(arc(Echo))
            .exec(arc(Echo))
            .session(arc(Echo)),
    )
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: tcp\r\n";

#[tokio::test]
async fn with_upgrade_the_answer_is_101() {
    let mut client = connect();
    client
        .send(format!(
            "POST /v1.40/containers/tty/attach?stream=1 HTTP/1.1\r\nHost: x\r\n{UPGRADE}\r\n"
        ))
        .await;
    assert_eq!(
        client.head().await,
        "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n\
         Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    );
    let mut hello = [0; 6];
    client.stream.read_exact(&mut hello).await.unwrap();
    client.send("and more").await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.rest().await, "AND MORE");
}

#[tokio::test]
async fn without_upgrade_it_is_200_and_raw() {
    let mut client = connect();
    client
        .send("POST /containers/pipes/attach HTTP/1.1\r\nHost: x\r\n\r\n")
        .await;
    assert_eq!(
        client.head().await,
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"
    );
    client.send("in").await;
    client.stream.shutdown().await.unwrap();
    let frames = [
        frame(Stream::Stdout, b"hello "),
        frame(Stream::Stdout, b"IN"),
    ]
    .concat();
    assert_eq!(client.rest().await.as_bytes(), frames);
}

#[tokio::test]
async fn early_bytes_are_stdin_even_behind_other_requests() {
    let mut client = connect();
    client
        .send("GET /nope HTTP/1.1\r\nHost: x\r\n\r\nPOST /containers/tty/attach HTTP/1.1\r\nHost: x\r\n\r\nearly ")
        .await;
    assert_eq!(client.response("GET").await.status(), 404);
    client.head().await;
    client.send("late").await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.rest().await, "hello EARLY LATE");
}

#[tokio::test]
async fn all_at_once_and_half_closed() {
    for body in ["", "Content-Length: 0\r\n"] {
        let mut client = connect();
        client
            .send(format!(
                "POST /containers/tty/attach HTTP/1.1\r\nHost: x\r\n{body}\r\nabc"
            ))
            .await;
        client.stream.shutdown().await.unwrap();
        client.head().await;
        assert_eq!(client.rest().await, "hello ABC");
    }
}

#[tokio::test]
async fn output_survives_input_that_nobody_reads() {
    let mut client = connect();
    client
        .send("POST /containers/short/attach HTTP/1.1\r\nHost: x\r\n\r\nnever read")
        .await;
    client.head().await;
    assert_eq!(client.rest().await, "bye");
}

#[tokio::test]
async fn errors_of_attach_are_bare_text() {
    let mut client = connect();
    client
        .send(format!(
            "POST /containers/nope/attach HTTP/1.1\r\nHost: x\r\n{UPGRADE}\r\n"
        ))
        .await;
    let answer = client.response("POST").await;
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.body, "No such container: nope\r\n");
    assert_eq!(
        answer.header("Content-Type"),
        Some("application/vnd.docker.raw-stream")
    );
    assert_eq!(answer.header("Server"), None);
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn websockets_carry_bare_output() {
    let client = connect();
    let (mut socket, response) =
        tokio_tungstenite::client_async("ws://x/containers/lines/attach/ws", client.stream)
            .await
            .unwrap();
    assert_eq!(response.status(), 101);
    socket.send(Message::Binary("12345".into())).await.unwrap();
    let mut output = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        match message {
            Message::Binary(bytes) => output.extend_from_slice(&bytes),
            Message::Close(_) => break,
            other => panic!("unexpected {other:?}"),
        }
    }
    assert_eq!(output, b"12345");
}

#[tokio::test]
async fn websockets_need_their_handshake() {
    let answer = connect().call("GET", "/containers/tty/attach/ws").await;
    assert_eq!(answer.status(), 400);
    assert!(answer.message().contains("websocket"));
}

impl Exec for Echo {
    async fn exec_start(
        &self,
        _cx: Context,
        id: String,
        body: ExecStartRequest,
    ) -> Result<ExecStartResponse, ApiError> {
        if id == "nope" {
            return Err(ApiError::not_found("No such exec instance: nope"));
        }
        Ok(if body.detach {
            ExecStartResponse::Empty
        } else {
            ExecStartResponse::Hijacked(Hijack::raw(|client| echo(client, false)))
        })
    }
}

fn exec_start(id: &str, headers: &str, body: &str) -> String {
    format!(
        "POST /v1.40/exec/{id}/start HTTP/1.1\r\nHost: x\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn exec_has_a_body_and_the_common_headers() {
    let mut client = connect();
    let request = exec_start("x", UPGRADE, r#"{"Detach":false,"Tty":true}"#);
    client.send(request + "stdin").await;
    client.stream.shutdown().await.unwrap();
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 101 UPGRADED\r\n"), "{head}");
    for header in [
        "Api-Version: 1.40",
        "Ostype: linux",
        "Docker-Experimental: false",
        "Server: ",
    ] {
        assert!(head.contains(&format!("\r\n{header}")), "{head}");
    }
    assert_eq!(client.rest().await, "hello STDIN");
}

#[tokio::test]
async fn exec_without_upgrade_is_raw_too() {
    let mut client = connect();
    client.send(exec_start("x", "", "{}") + "stdin").await;
    client.stream.shutdown().await.unwrap();
    let head = client.head().await;
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n"),
        "{head}"
    );
    assert_eq!(client.rest().await, "hello STDIN");
}

#[tokio::test]
async fn detached_and_failed_execs_stay_http() {
    let mut client = connect();
    client
        .send(exec_start("x", UPGRADE, r#"{"Detach":true}"#))
        .await;
    let answer = client.response("POST").await;
    assert_eq!((answer.status(), answer.body.as_str()), (200, ""));
    client.send(exec_start("nope", UPGRADE, "{}")).await;
    let answer = client.response("POST").await;
    assert_eq!(
        (answer.status(), answer.message().as_str()),
        (404, "No such exec instance: nope")
    );
    client.send(exec_start("x", UPGRADE, "{")).await;
    assert_eq!(client.response("POST").await.status(), 400);
}

impl Session for Echo {
    async fn session(
        &self,
        _cx: Context,
        uuid: Option<String>,
        name: Option<String>,
        _key: Option<String>,
        _methods: Option<String>,
    ) -> Result<Hijack, ApiError> {
        let hello = format!("{uuid:?} {name:?}");
        Ok(Hijack::raw(|mut client: Upgraded| async move {
            client.write_all(hello.as_bytes()).await.unwrap();
        }))
    }
}

#[tokio::test]
async fn sessions_become_http_2() {
    let mut client = connect();
    client
        .send("POST /session HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nX-Docker-Expose-Session-Uuid: u\r\n\r\n")
        .await;
    assert_eq!(
        client.head().await,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    );
    assert_eq!(client.rest().await, "Some(\"u\") None");
    let answer = connect().call("POST", "/session").await;
    assert_eq!(
        (answer.status(), answer.message().as_str()),
        (400, "no upgrade proto in request")
    );
}
