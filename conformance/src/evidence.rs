//! What was said in a case: requests and answers as they were, and each
//! request as a curl line that anyone can paste.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::alike;
use crate::endpoint::Endpoint;
use crate::http::{Head, Request};
use crate::schema;
use crate::session::split_version;

/// How much of a body is kept.
const KEPT: usize = 1500;

/// The socket in curl lines about an engine that lived for one run only.
const USUAL_SOCKET: &str = "/var/run/docker.sock";

/// One thing that was said.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Evidence {
    Exchange(Box<Exchange>),
    /// A command line, or what a program said.
    Said(String),
}

/// A request and what came back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Exchange {
    /// `POST /v1.40/containers/create?name=x`.
    pub(crate) asked: String,
    /// The document's operation, where one fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) operation: Option<String>,
    /// The same as a command.
    pub(crate) curl: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) sent: String,
    /// `HTTP/1.1 201 Created`; empty when nothing came.
    pub(crate) status_line: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) body: String,
    /// A JSON body without what differs from run to run; see `alike`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alike: Option<Value>,
}

impl Exchange {
    /// A request that is about to be sent.
    pub(crate) fn new(endpoint: &Endpoint, is_private: bool, request: &Request) -> Self {
        Self {
            asked: format!("{} {}", request.method, request.path),
            operation: operation(request),
            curl: curl(endpoint, is_private, request),
            sent: preview(&request.body),
            status_line: String::new(),
            headers: Vec::new(),
            body: String::new(),
            alike: None,
        }
    }

    /// Its answer is complete.
    pub(crate) fn ended(&mut self, body: &[u8], run: &str) {
        self.body = preview(body);
        self.alike = serde_json::from_slice(body).ok();
        if let Some(value) = &mut self.alike {
            alike::reduce(value, run);
        }
    }

    /// The head of its answer came.
    pub(crate) fn heard(&mut self, head: &Head) {
        self.status_line.clone_from(&head.status_line);
        self.headers.clone_from(&head.headers);
    }
}

impl Evidence {
    /// The same without what only a failure needs.
    pub(crate) fn brief(mut self) -> Self {
        if let Self::Exchange(exchange) = &mut self {
            exchange.sent.clear();
            exchange.headers.clear();
            exchange.body.clear();
            exchange.alike = None;
        }
        self
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(text) => f.write_str(text),
            Self::Exchange(exchange) => {
                write!(f, "> {} {}", exchange.asked, exchange.sent)?;
                write!(f, "\n< {}", exchange.status_line)?;
                if !exchange.body.is_empty() {
                    write!(f, "\n{}", exchange.body)?;
                }
                Ok(())
            }
        }
    }
}

fn operation(request: &Request) -> Option<String> {
    let (version, path) = split_version(&request.path);
    let version = version.unwrap_or(schema::NEWEST);
    schema::operation(version, &request.method, path).map(str::to_owned)
}

/// The beginning of a body as one line of text.
pub(crate) fn preview(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(KEPT)]).into_owned();
    let more = match body.len() {
        0..=KEPT => String::new(),
        length => format!("… ({length} bytes)"),
    };
    let text = text.trim_end().escape_debug().to_string();
    format!("{}{more}", text.replace("\\\"", "\"").replace("\\'", "'"))
}

/// The request as a command. A body that no command line takes is a file's.
fn curl(endpoint: &Endpoint, is_private: bool, request: &Request) -> String {
    let mut line = String::from("curl -i");
    let host = match endpoint {
        Endpoint::Unix(_) if is_private => {
            line.push_str(&format!(" --unix-socket {USUAL_SOCKET}"));
            "localhost"
        }
        Endpoint::Unix(path) => {
            line.push_str(&format!(
                " --unix-socket {}",
                quote(&path.to_string_lossy())
            ));
            "localhost"
        }
        Endpoint::Tcp(address) => address,
    };
    match request.method.as_str() {
        "GET" => {}
        "HEAD" => line.push_str(" -I"),
        method => line.push_str(&format!(" -X {method}")),
    }
    for (name, value) in &request.headers {
        line.push_str(&format!(" -H {}", quote(&format!("{name}: {value}"))));
    }
    if !request.body.is_empty() {
        let text = std::str::from_utf8(&request.body).ok();
        let text = text.filter(|t| t.len() <= KEPT && !t.contains('\0'));
        let body = text.map_or_else(|| "@BODY".to_owned(), quote);
        line.push_str(&format!(" --data-binary {body}"));
    }
    if request.path.contains(['[', '{']) {
        line.push_str(" -g");
    }
    line.push_str(&format!(
        " {}",
        quote(&format!("http://{host}{}", request.path))
    ));
    line
}

/// One word of a shell's.
fn quote(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    match text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_pasted() {
        let endpoint = Endpoint::Unix("/run/d.sock".into());
        let request = Request::new("POST", "/v1.40/containers/create?name=x&a=b")
            .body("application/json", "{\"Image\": \"it's\"}");
        assert_eq!(
            curl(&endpoint, false, &request),
            "curl -i --unix-socket /run/d.sock -X POST -H 'Content-Type: application/json' \
             --data-binary '{\"Image\": \"it'\\''s\"}' \
             'http://localhost/v1.40/containers/create?name=x&a=b'"
        );
        let tcp = Endpoint::Tcp("127.0.0.1:2375".into());
        assert_eq!(
            curl(&tcp, false, &Request::new("HEAD", "/_ping")),
            "curl -i -I http://127.0.0.1:2375/_ping"
        );
    }
}
