//! A client that sends exactly what it is told to.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

/// No answer here takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request on a connection of its own.
pub(crate) struct Request {
    address: String,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(address: &str, method: &str, path: &str) -> Self {
        Self {
            address: address.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn basic(self, name: &str, password: &str) -> Self {
        use base64::Engine as _;
        let coded = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
        self.header("Authorization", &format!("Basic {coded}"))
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// Sends it whole.
    pub(crate) fn send(self) -> Answer {
        let length = self.body.len();
        let mut stream = self.begin(length);
        // Who refuses early does not read on.
        let _ = stream.write_all(&self.body);
        Answer::read(stream, &self.method).expect("an answer")
    }

    /// Sends the head, which promises `length` bytes.
    pub(crate) fn begin(&self, length: usize) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {length}\r\n",
            self.method, self.path, self.address
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).expect("a listener");
        stream
    }
}

impl Answer {
    /// Reads to the end; `None` when the connection ends without an answer.
    pub(crate) fn read(stream: TcpStream, method: &str) -> Option<Self> {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        let mut length = None;
        loop {
            line.clear();
            stream.read_line(&mut line).ok()?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ")?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse::<u64>().ok();
            }
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut body = Vec::new();
        if method != "HEAD" {
            let read = match length {
                Some(length) => stream.take(length).read_to_end(&mut body),
                None => stream.read_to_end(&mut body),
            };
            read.ok()?;
        }
        Some(Self {
            status,
            headers,
            body,
        })
    }

    /// The first header by that name, in lower case; `""` where there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The code of the first error.
    pub(crate) fn code(&self) -> String {
        let value = self.json();
        value["errors"][0]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no error in {value}"))
            .to_owned()
    }

    /// Checks status and code of a refusal.
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, &*self.code()), (status, code), "{self:?}");
    }
}
