//! Connections: clients that leave, several requests on one, old HTTP, the end.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::Client;
use crate::engine::{Engine, connect, connect_to};

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
