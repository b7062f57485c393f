//! A client that shows every byte: it writes what it is given and reads heads
//! and bodies apart without understanding them.

use std::sync::Arc;

use longshore_api::server::{Router, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// One connection to a server of its own task.
pub(crate) struct Client {
    pub(crate) stream: UnixStream,
    pub(crate) server: Server,
}

/// A response taken apart.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    /// `200` of `HTTP/1.1 200 OK`.
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The value of a header whose name is written exactly so.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The text of an error body.
    pub(crate) fn message(&self) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body["message"].as_str().unwrap().to_owned()
    }
}

impl Client {
    /// Connects to a fresh server for this router.
    pub(crate) fn new(router: Router) -> Client {
        let server = Server::new(router);
        Client::of(&server)
    }

    /// Another connection to the same server.
    pub(crate) fn of(server: &Server) -> Client {
        let (stream, far) = UnixStream::pair().unwrap();
        tokio::spawn(server.serve_connection(far));
        Client {
            stream,
            server: server.clone(),
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends a request without a body and reads the answer.
    pub(crate) async fn call(&mut self, method: &str, target: &str) -> Response {
        self.send(format!("{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n"))
            .await;
        self.response(method).await
    }

    /// Sends a request with headers and a body and reads the answer.
    pub(crate) async fn call_with(
        &mut self,
        method: &str,
        target: &str,
        headers: &str,
        body: &str,
    ) -> Response {
        let length = body.len();
        self.send(format!(
            "{method} {target} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        ))
        .await;
        self.response(method).await
    }

    /// Reads up to the empty line.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    /// Reads a whole response to a request of that method.
    pub(crate) async fn response(&mut self, method: &str) -> Response {
        let mut response = Response {
            head: self.head().await,
            body: String::new(),
        };
        let length = response
            .header("Content-Length")
            .map(|l| l.parse().unwrap());
        if method == "HEAD" || matches!(response.status(), 204 | 304) {
            return response;
        }
        if let Some(length) = length {
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await.unwrap();
            response.body = String::from_utf8(body).unwrap();
        } else if response.header("Transfer-Encoding") == Some("chunked") {
            while let Some(chunk) = self.chunk().await {
                response.body.push_str(&chunk);
            }
        } else {
            self.stream
                .read_to_string(&mut response.body)
                .await
                .unwrap();
        }
        response
    }

    /// Reads one chunk of a chunked body; `None` is its end.
    pub(crate) async fn chunk(&mut self) -> Option<String> {
        let mut size = Vec::new();
        while !size.ends_with(b"\r\n") {
            size.push(self.stream.read_u8().await.unwrap());
        }
        let size = std::str::from_utf8(&size).unwrap().trim();
        let mut chunk = vec![0; usize::from_str_radix(size, 16).unwrap() + 2];
        self.stream.read_exact(&mut chunk).await.unwrap();
        assert!(chunk.ends_with(b"\r\n"));
        chunk.truncate(chunk.len() - 2);
        (!chunk.is_empty()).then(|| String::from_utf8(chunk).unwrap())
    }

    /// Everything up to the close.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.stream.read_to_string(&mut rest).await.unwrap();
        rest
    }
}

/// Shorthand for mounting.
pub(crate) fn arc<T>(value: T) -> Arc<T> {
    Arc::new(value)
}
