//! What one case does with the engine. Every exchange is recorded for the
//! report, every JSON answer is checked against its document, and every
//! container that the case made is gone at its end, however it ended.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::evidence::{Evidence, Exchange, preview};
use crate::http::{self, Framing, Head, Reply, Request};
use crate::outcome::{Outcome, Stop, ensure};
use crate::registry::Private;
use crate::schema;
use crate::stub::{Asked, Stub, Told};
use crate::target::Target;
use crate::websocket::{self, Socket};

/// How long a condition may take to become true.
const PATIENCE: Duration = Duration::from_secs(20);

/// A complete answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// `GET /path`, for messages.
    pub(crate) asked: String,
    pub(crate) head: Head,
    pub(crate) framing: Framing,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The answer, if it has this status.
    pub(crate) fn expect(self, status: u16) -> Outcome<Self> {
        ensure!(
            self.head.status == status,
            "{}: {} ({}), expected {status}",
            self.asked,
            self.head.status_line,
            self.text().trim()
        );
        Ok(self)
    }

    /// The answer, if it is an error with this status whose message has this text.
    pub(crate) fn expect_error(self, status: u16, text: &str) -> Outcome<Self> {
        let answer = self.expect(status)?;
        let body = answer.json()?;
        let message = body["message"].as_str().unwrap_or_default();
        ensure!(
            message.to_lowercase().contains(&text.to_lowercase()),
            "{}: message {message:?} lacks {text:?}",
            answer.asked
        );
        Ok(answer)
    }

    /// The answer, if it says that the client was wrong: 400. dockerd up to
    /// 20.10 gave such errors no class, which made them 500; only there that
    /// passes too.
    pub(crate) fn expect_mistake(self, target: &Target) -> Outcome<Self> {
        let status = match self.head.status {
            500 if target.name == "dockerd" => 500,
            _ => 400,
        };
        self.expect_error(status, "")
    }

    /// The answer, if its message has this text.
    pub(crate) fn expect_text(self, text: &str) -> Outcome<Self> {
        let status = self.head.status;
        self.expect_error(status, text)
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Outcome<Value> {
        serde_json::from_slice(&self.body)
            .map_err(|e| Stop::Fail(format!("{}: not JSON ({e}): {}", self.asked, self.text())))
    }

    /// A header's value, or "".
    pub(crate) fn header(&self, name: &str) -> &str {
        self.head.header(name).unwrap_or("")
    }
}

/// One case's conversation.
pub(crate) struct Session {
    pub(crate) target: Arc<Target>,
    /// The API version in paths.
    pub(crate) api: &'static str,
    case: String,
    evidence: RefCell<Vec<Evidence>>,
    findings: RefCell<Vec<schema::Finding>>,
    containers: RefCell<Vec<String>>,
    images: RefCell<Vec<String>>,
    volumes: RefCell<Vec<String>>,
    networks: RefCell<Vec<String>>,
    names: Cell<u32>,
}

impl Session {
    pub(crate) fn new(target: Arc<Target>, api: &'static str, case: &str) -> Self {
        Self {
            target,
            api,
            case: case.chars().filter(char::is_ascii_alphanumeric).collect(),
            evidence: RefCell::default(),
            findings: RefCell::default(),
            containers: RefCell::default(),
            images: RefCell::default(),
            volumes: RefCell::default(),
            networks: RefCell::default(),
            names: Cell::new(0),
        }
    }

    /// Sends a request as it is; only the answer's head is read.
    pub(crate) fn open(&self, request: &Request) -> Outcome<Reply> {
        self.open_at(&self.target.endpoint, request)
    }

    fn open_at(&self, endpoint: &Endpoint, request: &Request) -> Outcome<Reply> {
        let is_private = self.target.is_private;
        let mut exchange = Exchange::new(endpoint, is_private, request);
        let reply = http::send(endpoint, request);
        if let Ok(reply) = &reply {
            exchange.heard(&reply.head);
            if *endpoint == self.target.endpoint {
                self.target.coverage.observe(request, reply.head.status);
            }
        }
        self.keep(Evidence::Exchange(Box::new(exchange)));
        Ok(reply?)
    }

    /// Opens a websocket at the session's version.
    pub(crate) fn websocket(&self, path: &str) -> Outcome<Socket> {
        let path = format!("/v{}{path}", self.api);
        let request = websocket::handshake(&path);
        let endpoint = &self.target.endpoint;
        let mut exchange = Exchange::new(endpoint, self.target.is_private, &request);
        let socket = websocket::open(endpoint, &path);
        if let Ok(socket) = &socket {
            exchange.heard(socket.head());
            self.target.coverage.observe(&request, 101);
        }
        self.keep(Evidence::Exchange(Box::new(exchange)));
        Ok(socket?)
    }

    /// Sends a request as it is and reads all of the answer.
    pub(crate) fn exchange(&self, request: &Request) -> Outcome<Answer> {
        let answer = self.exchange_with(&self.target.endpoint, request)?;
        self.judge(&request.method, &request.path, &answer);
        self.remember(request, &answer);
        Ok(answer)
    }

    /// The same with somebody else, such as a registry.
    pub(crate) fn exchange_with(&self, endpoint: &Endpoint, request: &Request) -> Outcome<Answer> {
        let mut reply = self.open_at(endpoint, request)?;
        let answer = Answer {
            asked: format!("{} {}", request.method, request.path),
            body: reply.read_all()?,
            framing: reply.framing,
            head: reply.head,
        };
        if let Some(Evidence::Exchange(exchange)) = self.evidence.borrow_mut().last_mut() {
            exchange.ended(&answer.body, &self.target.run);
        }
        Ok(answer)
    }

    /// A request at the session's version.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &format!("/v{}{path}", self.api))
    }

    /// GET, HEAD, POST or DELETE without a body.
    pub(crate) fn call(&self, method: &str, path: &str) -> Outcome<Answer> {
        self.exchange(&self.request(method, path))
    }

    /// GET.
    pub(crate) fn get(&self, path: &str) -> Outcome<Answer> {
        self.call("GET", path)
    }

    /// POST without a body.
    pub(crate) fn post(&self, path: &str) -> Outcome<Answer> {
        self.call("POST", path)
    }

    /// POST with a JSON body.
    pub(crate) fn post_json(&self, path: &str, body: &Value) -> Outcome<Answer> {
        self.exchange(
            &self
                .request("POST", path)
                .body("application/json", body.to_string()),
        )
    }

    /// A name that nobody else uses.
    pub(crate) fn name(&self) -> String {
        let n = self.names.replace(self.names.get() + 1);
        format!("{}-{}-{n}", self.target.run, self.case)
    }

    /// Creates a container of the judge's image, without network unless
    /// `more` says otherwise, and gives its id.
    pub(crate) fn create(&self, command: &[&str], more: Value) -> Outcome<String> {
        let mut body = json!({
            "Image": self.target.image(),
            "Cmd": command,
            "HostConfig": {"NetworkMode": "none"},
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        let answer = self
            .post_json(&format!("/containers/create?name={}", self.name()), &body)?
            .expect(201)?;
        Ok(answer.json()?["Id"].as_str().unwrap_or("").to_owned())
    }

    /// Creates and starts.
    pub(crate) fn run(&self, command: &[&str], more: Value) -> Outcome<String> {
        let id = self.create(command, more)?;
        self.post(&format!("/containers/{id}/start"))?.expect(204)?;
        Ok(id)
    }

    /// Waits for the end of a container and gives its exit code.
    pub(crate) fn wait(&self, id: &str) -> Outcome<i64> {
        let answer = self.post(&format!("/containers/{id}/wait"))?.expect(200)?;
        Ok(answer.json()?["StatusCode"].as_i64().unwrap_or(-1))
    }

    /// A container's inspect answer.
    pub(crate) fn inspect(&self, id: &str) -> Outcome<Value> {
        self.get(&format!("/containers/{id}/json"))?
            .expect(200)?
            .json()
    }

    /// Repeats a question until it has an answer, or says what it waited for.
    pub(crate) fn until<T>(
        &self,
        what: &str,
        mut ask: impl FnMut() -> Outcome<Option<T>>,
    ) -> Outcome<T> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = ask()? {
                return Ok(found);
            }
            ensure!(
                Instant::now() < end,
                "waited {PATIENCE:?} in vain for {what}"
            );
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// `host:port` of a registry that everybody may push to.
    pub(crate) fn registry(&self) -> Outcome<&str> {
        let open = self.target.registries.open.as_deref();
        open.ok_or_else(|| Stop::Skip("no registry beside the engine: --registry".to_owned()))
    }

    /// A registry with a password.
    pub(crate) fn private_registry(&self) -> Outcome<&Private> {
        let private = self.target.registries.private.as_ref();
        let skip = "no registry with a password beside the engine: --private-registry";
        private.ok_or_else(|| Stop::Skip(skip.to_owned()))
    }

    /// A web server of the case's own, which the engine must be able to reach.
    pub(crate) fn stub(
        &self,
        answer: impl Fn(&Asked) -> Told + Send + Sync + 'static,
    ) -> Outcome<Stub> {
        let is_near = match &self.target.endpoint {
            Endpoint::Unix(_) => true,
            Endpoint::Tcp(address) => {
                address.starts_with("127.") || address.starts_with("localhost:")
            }
        };
        if !is_near {
            let reason = "an engine on another machine cannot reach the judge's web server";
            return Err(Stop::Skip(reason.to_owned()));
        }
        Ok(Stub::start(answer)?)
    }

    /// An image to remove at the end.
    pub(crate) fn owns_image(&self, name: &str) {
        self.images.borrow_mut().push(name.to_owned());
    }

    /// A name for a volume, which is removed at the end.
    pub(crate) fn volume_name(&self) -> String {
        let name = self.name();
        self.volumes.borrow_mut().push(name.clone());
        name
    }

    /// A name for a network, which is removed at the end.
    pub(crate) fn network_name(&self) -> String {
        let name = self.name();
        self.networks.borrow_mut().push(name.clone());
        name
    }

    /// Adds a line to what a failure shows.
    pub(crate) fn record(&self, line: String) {
        self.keep(Evidence::Said(line));
    }

    /// Records and judges an answer that came by another way, to a URL.
    pub(crate) fn hear(&self, answer: &Answer) {
        self.record(format!("< {}", answer.head.status_line));
        self.record(preview(&answer.body));
        let (method, url) = answer.asked.split_once(' ').unwrap_or(("", ""));
        let path = url.splitn(4, '/').nth(3).map(|p| format!("/{p}"));
        let request = Request::new(method, &path.unwrap_or_default());
        self.target.coverage.observe(&request, answer.head.status);
        self.judge(method, &request.path, answer);
    }

    /// Leaves the containers it made to somebody else, who removes them.
    pub(crate) fn leave_containers(&self) -> Vec<String> {
        self.containers.take()
    }

    /// Takes over what another session heard.
    pub(crate) fn adopt(&self, other: &Session) {
        self.evidence
            .borrow_mut()
            .append(&mut other.evidence.borrow_mut());
        self.findings
            .borrow_mut()
            .append(&mut other.findings.borrow_mut());
    }

    /// All that was said, for the report.
    pub(crate) fn evidence(&self) -> Vec<Evidence> {
        self.evidence.take()
    }

    /// What the documents had to say: violations, and notes.
    pub(crate) fn findings(&self) -> (Vec<String>, Vec<String>) {
        let (notes, violations): (Vec<_>, Vec<_>) = self
            .findings
            .borrow()
            .iter()
            .cloned()
            .partition(|f| f.is_note);
        let texts = |all: Vec<schema::Finding>| {
            let mut texts: Vec<String> = all.iter().map(ToString::to_string).collect();
            texts.sort();
            texts.dedup();
            texts
        };
        (texts(violations), texts(notes))
    }

    /// Checks a JSON answer against the document of the version in its path.
    pub(crate) fn judge(&self, method: &str, path: &str, answer: &Answer) {
        let is_json = answer
            .header("Content-Type")
            .starts_with("application/json");
        let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
            return;
        };
        let (version, bare) = split_version(path);
        let version = version.unwrap_or(schema::NEWEST);
        if is_json {
            let found = schema::judge(version, method, bare, answer.head.status, &body);
            self.findings.borrow_mut().extend(found);
        }
    }

    fn keep(&self, evidence: Evidence) {
        self.evidence.borrow_mut().push(evidence);
    }

    fn remember(&self, request: &Request, answer: &Answer) {
        let made = answer.head.status == 201 && request.path.contains("/containers/create");
        if let (true, Ok(body)) = (made, answer.json())
            && let Some(id) = body["Id"].as_str()
        {
            self.containers.borrow_mut().push(id.to_owned());
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let delete = |path: String| {
            // The case has its verdict; a container that it removed itself is
            // no longer there, and that is fine. Says whether something else
            // is in the way.
            let reply = http::send(&self.target.endpoint, &Request::new("DELETE", &path));
            reply.is_ok_and(|reply| reply.head.status == 409)
        };
        for id in self.containers.take() {
            delete(format!("/containers/{id}?force=1&v=1"));
        }
        // What depends on another network goes first.
        for name in self.networks.take().iter().rev() {
            delete(format!("/networks/{name}"));
        }
        for name in self.volumes.take() {
            delete(format!("/volumes/{name}?force=1"));
        }
        // An image stays as long as it has children.
        let mut images = self.images.take();
        images.reverse();
        loop {
            let count = images.len();
            images.retain(|name| delete(format!("/images/{name}?force=1")));
            if images.is_empty() || images.len() == count {
                break;
            }
        }
    }
}

/// Takes `/v1.NN` off a path.
pub(crate) fn split_version(path: &str) -> (Option<&str>, &str) {
    let split = || {
        let rest = path.strip_prefix("/v")?;
        let (version, _) = rest.split_once('/')?;
        version
            .starts_with(|c: char| c.is_ascii_digit())
            .then(|| (Some(version), &rest[version.len()..]))
    };
    split().unwrap_or((None, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_off_paths() {
        assert_eq!(split_version("/v1.40/info"), (Some("1.40"), "/info"));
        assert_eq!(split_version("/volumes"), (None, "/volumes"));
        assert_eq!(split_version("/version"), (None, "/version"));
    }
}
