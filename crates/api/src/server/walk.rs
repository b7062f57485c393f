//! Walks every operation of every version through the server into something
//! that notes what arrived. The requests and the notes are generated.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::{Router, Server, ServerInfo};
use crate::error::ApiError;
use crate::generated::recorder::{CASES, mount};
use crate::generated::routes::{NEWEST, Operation, VERSIONS};
use crate::version::ApiVersion;

/// Implements every trait: notes the request and answers with an error that
/// nothing else gives.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<Seen>>);

/// A request as its handler saw it.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) operation: Operation,
    pub(crate) version: ApiVersion,
    pub(crate) names: Vec<String>,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Payload,
}

/// What a request carried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Payload {
    None,
    /// Whether it read as the type's default.
    Json(bool),
    /// So many bytes.
    Bytes(usize),
}

/// A request for an operation, with a value for everything it documents.
pub(crate) struct Case {
    pub(crate) operation: Operation,
    /// The operation whose method is called.
    pub(crate) served_by: Operation,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) greedy: bool,
    pub(crate) since: Option<ApiVersion>,
    pub(crate) until: Option<ApiVersion>,
    pub(crate) query: &'static [Parameter],
    /// Name, value, and what the handler sees of it.
    pub(crate) headers: &'static [(&'static str, &'static str, &'static str)],
    pub(crate) text: &'static str,
    pub(crate) body: Payload,
}

/// A query parameter and its value.
pub(crate) struct Parameter {
    pub(crate) wire: &'static str,
    pub(crate) since: Option<ApiVersion>,
    pub(crate) until: Option<ApiVersion>,
    /// As it stands in the query.
    pub(crate) value: &'static str,
    /// As the typed query shows it.
    pub(crate) seen: &'static str,
    /// What the typed query shows without it.
    pub(crate) absent: &'static str,
    /// A value that is refused.
    pub(crate) bad: Option<&'static str>,
}

impl Recorder {
    pub(crate) fn note(&self, seen: Seen) {
        self.0.lock().unwrap().push(seen);
    }

    fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// What a recorder answers.
pub(crate) fn recorded() -> ApiError {
    ApiError::conflict("recorded")
}

fn within(version: ApiVersion, since: Option<ApiVersion>, until: Option<ApiVersion>) -> bool {
    since.is_none_or(|since| since <= version) && until.is_none_or(|until| version <= until)
}

impl Case {
    /// The name that takes the place of the one in the path.
    fn name(&self) -> Option<&'static str> {
        let name = if self.greedy { "team/app:1" } else { "app" };
        self.path.contains('{').then_some(name)
    }

    fn request(&self, prefix: &str, with_query: bool) -> String {
        let query = if with_query {
            self.query()
        } else {
            String::new()
        };
        let kind = match self.body {
            Payload::None => "",
            Payload::Json(_) => "application/json",
            Payload::Bytes(_) => "application/x-tar",
        };
        self.request_with(prefix, &query, kind, self.text)
    }

    /// The query with a value for every parameter.
    fn query(&self) -> String {
        let pair = |parameter: &Parameter| format!("{}={}", parameter.wire, parameter.value);
        let pairs: Vec<String> = self.query.iter().map(pair).collect();
        pairs.join("&")
    }

    fn request_with(&self, prefix: &str, query: &str, kind: &str, text: &str) -> String {
        let mut path = self.path.to_owned();
        if let (Some(start), Some(end), Some(name)) = (path.find('{'), path.find('}'), self.name())
        {
            path.replace_range(start..=end, name);
        }
        let mut request = format!(
            "{} {prefix}{path}?{query} HTTP/1.1\r\nHost: x\r\n",
            self.method
        );
        for (name, value, _) in self.headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        match self.operation {
            Operation::Session => request.push_str("Connection: Upgrade\r\nUpgrade: h2c\r\n"),
            Operation::ContainerAttachWebsocket => request.push_str(
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            ),
            _ => {}
        }
        if !kind.is_empty() {
            request.push_str(&format!("Content-Type: {kind}\r\n"));
        }
        if !text.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", text.len()));
        }
        format!("{request}\r\n{text}")
    }

    /// What the handler must see in that version.
    fn expected(&self, version: ApiVersion, with_query: bool) -> Seen {
        let query = self.query.iter().map(|parameter| {
            let read = with_query && within(version, parameter.since, parameter.until);
            let shown = if read {
                parameter.seen
            } else {
                parameter.absent
            };
            (parameter.wire, shown.to_owned())
        });
        let headers = self.headers.iter();
        Seen {
            operation: self.served_by,
            version,
            names: self.name().map(str::to_owned).into_iter().collect(),
            query: query.collect(),
            headers: headers
                .map(|(name, _, seen)| (*name, (*seen).to_owned()))
                .collect(),
            body: self.body,
        }
    }
}

struct Client {
    recorder: Arc<Recorder>,
    server: Server,
    stream: UnixStream,
}

impl Client {
    fn new() -> Client {
        let recorder = Arc::default();
        let server = Server::new(mount(Router::new(ServerInfo::default()), &recorder));
        let stream = connect(&server);
        Client {
            recorder,
            server,
            stream,
        }
    }

    /// Sends a request and returns the answer's status.
    async fn call(&mut self, request: &str) -> u16 {
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let field = |name: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(name))
                .map(|value| value.trim().to_owned())
        };
        let length = field("content-length:").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![
            0;
            if request.starts_with("HEAD ") {
                0
            } else {
                length
            }
        ];
        self.stream.read_exact(&mut body).await.unwrap();
        if field("connection:").as_deref() == Some("close") {
            self.stream = connect(&self.server);
        }
        head[9..12].parse().unwrap()
    }
}

fn connect(server: &Server) -> UnixStream {
    let (near, far) = UnixStream::pair().unwrap();
    tokio::spawn(server.serve_connection(far));
    near
}

#[tokio::test]
async fn every_operation_of_every_version_arrives() {
    let mut client = Client::new();
    let oldest = [
        (Some(ApiVersion::MIN), "/v1.24".to_owned()),
        (None, String::new()),
    ];
    let documented = VERSIONS
        .iter()
        .map(|version| (Some(*version), format!("/v{version}")));
    for (version, prefix) in documented.chain(oldest) {
        let version = version.unwrap_or(NEWEST);
        for case in CASES {
            for with_query in [true, false] {
                let request = case.request(&prefix, with_query);
                let status = client.call(&request).await;
                let seen = client.recorder.take();
                if within(version, case.since, case.until) {
                    let expected = case.expected(version, with_query);
                    if !with_query && case.needs_query() {
                        assert_eq!((status, seen.len()), (400, 0), "{request}");
                    } else {
                        assert_eq!(status, 409, "{request}");
                        assert_eq!(seen, [expected], "{request}");
                    }
                } else {
                    assert_eq!((status, seen.len()), (404, 0), "{request}");
                }
            }
        }
    }
}

impl Case {
    /// Whether it cannot do without a number.
    fn needs_query(&self) -> bool {
        self.query.iter().any(|parameter| parameter.seen == "7")
    }
}

#[tokio::test]
async fn bad_queries_are_refused() {
    let mut client = Client::new();
    for case in CASES {
        for parameter in case.query {
            let Some(bad) = parameter.bad.filter(|_| parameter.until.is_none()) else {
                continue;
            };
            let query = format!("{}={bad}&{}", parameter.wire, case.query());
            let request = case.request_with("", &query, "", case.text);
            let status = client.call(&request).await;
            assert_eq!(
                (status, client.recorder.take().len()),
                (400, 0),
                "{request}"
            );
        }
        if !case.query.is_empty() {
            let request = case.request_with("", "a=%zz", "", case.text);
            assert_eq!(client.call(&request).await, 400, "{request}");
        }
    }
}

#[tokio::test]
async fn bad_bodies_are_refused() {
    let mut client = Client::new();
    for case in CASES
        .iter()
        .filter(|case| matches!(case.body, Payload::Json(_)))
    {
        for (kind, text) in [
            ("application/json", "{"),
            ("application/json", "nonsense"),
            ("application/json", "\u{0}"),
            ("application/json", "7"),
            ("application/json", "{\"a\":[[[[{}]]]"),
            ("text/plain", case.text),
            ("application/x-www-form-urlencoded", case.text),
            ("", case.text),
        ] {
            let request = case.request_with("", &case.query(), kind, text);
            let status = client.call(&request).await;
            let seen = client.recorder.take();
            assert_eq!((status, seen.len()), (400, 0), "{request}");
        }
        // What follows the value is not looked at.
        let text = format!("{}-X", case.text);
        let request =
            case.request_with("", &case.query(), "application/json; charset=utf-8", &text);
        assert_eq!(client.call(&request).await, 409, "{request}");
        client.recorder.take();
    }
}

#[test]
fn there_is_a_case_for_every_operation() {
    for operation in Operation::ALL {
        assert!(
            CASES.iter().any(|case| case.operation == operation),
            "{operation:?}"
        );
    }
}
