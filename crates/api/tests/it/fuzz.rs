//! Random bytes, the same ones every time: nothing may panic or hang.

use std::time::Duration;

use longshore_api::decode;
use longshore_api::filters::Filters;
use longshore_api::frames::Decoder;
use longshore_api::query::Params;
use longshore_api::registry_auth::RegistryAuth;
use longshore_api::scalar::Timestamp;
use longshore_api::server::{Router, Server, ServerInfo};
use longshore_api::types::ContainerCreateRequest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::arc;
use crate::engine::Engine;

/// A generator that needs no seed from outside (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// Words of a grammar in a random order, with a random byte here and there.
    fn text(&mut self, words: &[&str], length: usize) -> Vec<u8> {
        let mut text = Vec::new();
        for _ in 0..self.below(length) {
            if self.below(8) == 0 {
                text.push(self.next() as u8);
            } else {
                text.extend_from_slice(words[self.below(words.len())].as_bytes());
            }
        }
        text
    }
}

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\u",
    "d800",
    "null",
    "true",
    "1",
    "-",
    "1e999",
    ".5",
    "\"Image\"",
    "\"hostconfig\"",
    "\"Memory\"",
    "\"ExposedPorts\"",
    "\"Cmd\"",
    "{}",
    "[]",
    " ",
];

#[test]
fn decoders_survive_anything() {
    let mut random = Random(0x5eed_1234_5678_9abc);
    for _ in 0..20_000 {
        let bytes = random.text(JSON, 24);
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = decode::from_slice::<ContainerCreateRequest>(&bytes) {
            assert_eq!(error.status().as_u16(), 400);
        }
        if let Err(error) = Filters::parse(&text) {
            assert_eq!(error.message, "invalid filter");
        }
        let bytes = random.text(
            &["a=", "&", "%", "2", "F", "+", "limit=", "=", "since=", "1."],
            16,
        );
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(params) = Params::parse(&text) {
            let _ = (
                params.integer("limit"),
                params.time("since"),
                params.strict_flag("a"),
            );
        }
        let _ = text.parse::<Timestamp>();
        let _ = RegistryAuth::from_header(&text);
        let mut input = &bytes[..];
        let mut decoder = Decoder::default();
        while let Ok(Some((_, piece))) = decoder.next(&mut input) {
            assert!(!piece.is_empty());
        }
    }
}

#[tokio::test]
async fn the_server_survives_anything() {
    const HTTP: &[&str] = &[
        "GET ",
        "POST ",
        "PUT ",
        "HEAD ",
        "DELETE ",
        "OPTIONS ",
        "/",
        "/v1.40",
        "/v",
        "1.",
        "..",
        "//",
        "/containers/",
        "json",
        "/images/",
        "/attach",
        "/start",
        "x",
        "%2F",
        "%",
        "?",
        "a=1&",
        "{\"",
        " HTTP/1.1\r\n",
        " HTTP/1.0\r\n",
        "Host: x\r\n",
        "\r\n",
        "Content-Length: 3\r\n",
        "abc",
        "Transfer-Encoding: chunked\r\n",
        "3\r\n",
        "0\r\n\r\n",
        "Content-Type: application/json\r\n",
        "Upgrade: tcp\r\n",
        "Connection: Upgrade\r\n",
        "Expect: 100-continue\r\n",
    ];
    let engine = arc(Engine::default());
    let router = Router::new(ServerInfo::default())
        .system(engine.clone())
        .container(engine);
    let server = Server::new(router);
    let mut random = Random(0x0dd_ba11);
    for _ in 0..3_000 {
        let (mut client, far) = tokio::net::UnixStream::pair().unwrap();
        let served = tokio::spawn(server.serve_connection(far));
        let bytes = random.text(HTTP, 20);
        // The server may have closed before it read all.
        let _ = client.write_all(&bytes).await;
        let _ = client.shutdown().await;
        let mut answers = Vec::new();
        let read = client.read_to_end(&mut answers);
        let ended = tokio::time::timeout(Duration::from_secs(20), read).await;
        assert!(
            ended.is_ok(),
            "no end to {:?}",
            String::from_utf8_lossy(&bytes)
        );
        drop(client);
        served.await.expect("a connection does not panic");
    }
}
