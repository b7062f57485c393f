//! Registries of a test's own: Debian's docker-registry, ours, and one that
//! lies as the test likes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use longshore_oci::digest::Digest;
use serde_json::{Value, json};

use crate::harness::{Daemon, wait_for};

/// The account of registries that want one. The hash is of `s3cret`.
pub(crate) const ACCOUNT: (&str, &str) = ("alice", "s3cret");
const HTPASSWD: &str = "alice:$2b$04$NpK4UnQl0L7.1PjhPQEZFOeMIrHncV5Uq/mBWqLPc6KFkGXQRnPgG\n";

/// A registry that ends with its value.
pub(crate) struct Registry {
    /// `127.0.0.1:port`
    pub(crate) host: String,
    _dir: tempfile::TempDir,
    process: Option<Child>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Registry {
    /// Debian's, open to everybody.
    pub(crate) fn debian() -> Self {
        Self::debian_with("", |_| String::new())
    }

    /// Debian's, for [`ACCOUNT`] only.
    pub(crate) fn debian_with_account() -> Self {
        Self::debian_with("", |dir| {
            let file = dir.join("htpasswd");
            std::fs::write(&file, HTPASSWD).unwrap();
            format!(
                "auth:\n  htpasswd:\n    realm: r\n    path: {}\n",
                file.display()
            )
        })
    }

    /// Debian's over TLS, with a certificate for 127.0.0.1 that nobody knows.
    pub(crate) fn debian_with_tls() -> Self {
        Self::debian_with("tls", |dir| {
            let output = Command::new("openssl")
                .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
                .args(["ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
                .args([
                    "-subj",
                    "/CN=test",
                    "-addext",
                    "subjectAltName=IP:127.0.0.1",
                ])
                .arg("-keyout")
                .arg(dir.join("key.pem"))
                .arg("-out")
                .arg(dir.join("cert.pem"))
                .output()
                .expect("apt-get install openssl");
            assert!(output.status.success(), "{output:?}");
            let file = |name| dir.join(name).display().to_string();
            let (cert, key) = (file("cert.pem"), file("key.pem"));
            format!("  tls:\n    certificate: {cert}\n    key: {key}\n")
        })
    }

    fn debian_with(place: &str, more: impl FnOnce(&Path) -> String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let more = more(dir.path());
        let (http, rest) = if place == "tls" {
            (more.as_str(), "")
        } else {
            ("", more.as_str())
        };
        let data = dir.path().join("data").display().to_string();
        let config = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {data}\n  delete:\n    \
             enabled: true\nhttp:\n  addr: 127.0.0.1:0\n{http}{rest}log:\n  level: info\n"
        );
        let file = dir.path().join("config.yml");
        std::fs::write(&file, config).unwrap();
        let log = dir.path().join("log");
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .expect("apt-get install docker-registry");
        let mut registry = Self {
            host: String::new(),
            _dir: dir,
            process: Some(process),
            runtime: None,
        };
        registry.host = wait_for("docker-registry's address", || {
            let text = std::fs::read_to_string(&log).ok()?;
            let (_, behind) = text.split_once("listening on ")?;
            let end = behind.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':')?;
            Some(behind[..end].to_owned())
        });
        registry
    }

    /// Ours, open to everybody.
    pub(crate) fn ours() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let config = longshore_registry::config::Config::new(dir.path().join("data"));
        let host = runtime.block_on(async {
            let registry = longshore_registry::Registry::open(config).unwrap();
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let host = listener.local_addr().unwrap().to_string();
            tokio::spawn(registry.serve(listener));
            host
        });
        Self {
            host,
            _dir: dir,
            process: None,
            runtime: Some(runtime),
        }
    }

    /// Both that are open to everybody.
    pub(crate) fn open_ones() -> [Self; 2] {
        [Self::debian(), Self::ours()]
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An image of one plain layer for each text, as a registry holds it.
#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) config: Vec<u8>,
    pub(crate) layers: Vec<Vec<u8>>,
    pub(crate) manifest: Value,
}

impl Fake {
    /// Each layer has one file of `size` bytes that nobody can compress.
    pub(crate) fn new(layers: usize, size: usize) -> Self {
        let layers: Vec<Vec<u8>> = (0..layers).map(|number| layer(number, size)).collect();
        let diff_ids: Vec<String> = layers.iter().map(|it| Digest::of(it).to_string()).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/none"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": [],
        });
        let config = serde_json::to_vec(&config).unwrap();
        let descriptors: Vec<Value> = layers
            .iter()
            .map(|it| descriptor("application/vnd.oci.image.layer.v1.tar", it))
            .collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": descriptors,
        });
        Self {
            config,
            layers,
            manifest,
        }
    }

    /// The blob with this digest.
    pub(crate) fn blob(&self, digest: &str) -> Option<&[u8]> {
        let mut all = self.layers.iter().chain([&self.config]);
        all.find(|it| Digest::of(it).to_string() == digest)
            .map(Vec::as_slice)
    }
}

fn descriptor(kind: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": kind, "size": bytes.len(), "digest": Digest::of(bytes).to_string()})
}

fn layer(number: usize, size: usize) -> Vec<u8> {
    let mut noise = number as u64 * 7 + 1;
    let content: Vec<u8> = (0..size)
        .map(|_| {
            noise = noise
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (noise >> 33) as u8
        })
        .collect();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, format!("file{number}"), &content[..])
        .unwrap();
    tar.into_inner().unwrap()
}

/// A request as the liar saw it; names of headers in lower case.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
}

/// What the liar answers.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) manner: Manner,
}

/// How the body goes out.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Manner {
    /// All of it, with its length.
    Whole,
    /// Its length is announced, and so many bytes come.
    Cut(usize),
    /// So many bytes come, then nothing, until the client leaves.
    Stuck(usize),
    /// Over and over again, without a length.
    Endless,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            manner: Manner::Whole,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn in_manner(mut self, manner: Manner) -> Self {
        self.manner = manner;
        self
    }
}

/// An HTTP server that answers as it is told, and remembers what it was asked.
pub(crate) struct Liar {
    pub(crate) host: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Liar {
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (log, answer) = (seen.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (log.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { host, seen }
    }

    /// One that serves an image truly but for what `lie` has an answer to.
    pub(crate) fn with(
        fake: Fake,
        lie: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        Self::start(move |request| lie(request).unwrap_or_else(|| truth(&fake, request)))
    }

    /// What it was asked so far.
    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

/// What an honest registry answers.
fn truth(fake: &Fake, request: &Request) -> Reply {
    let path = request.path.as_str();
    if path == "/v2/" {
        return Reply::new(200, "{}");
    }
    if path.contains("/manifests/") {
        let kind = fake.manifest["mediaType"].as_str().unwrap_or_default();
        let body = serde_json::to_vec(&fake.manifest).unwrap();
        return Reply::new(200, body).header("Content-Type", kind);
    }
    let digest = path.rsplit('/').next().unwrap_or_default();
    let Some(blob) = fake.blob(digest) else {
        return Reply::new(404, r#"{"errors":[{"code":"BLOB_UNKNOWN"}]}"#);
    };
    let from = request.headers.get("range").and_then(|range| {
        let from = range.strip_prefix("bytes=")?.strip_suffix('-')?;
        from.parse::<usize>().ok()
    });
    match from {
        Some(from) => Reply::new(206, &blob[from..]).header(
            "Content-Range",
            format!("bytes {from}-{}/{}", blob.len() - 1, blob.len()),
        ),
        None => Reply::new(200, blob),
    }
}

fn serve(stream: TcpStream, log: &Mutex<Vec<Request>>, answer: &dyn Fn(&Request) -> Reply) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        log.lock().unwrap().push(request.clone());
        let reply = answer(&request);
        let mut head = format!("HTTP/1.1 {} X\r\n", reply.status);
        for (name, value) in &reply.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if reply.manner != Manner::Endless {
            head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
        }
        head.push_str("\r\n");
        let stream = reader.get_mut();
        // A client that has left is none of the server's business.
        let body = if request.method == "HEAD" {
            &[]
        } else {
            &reply.body[..]
        };
        let sent = stream
            .write_all(head.as_bytes())
            .and_then(|()| match reply.manner {
                Manner::Whole => stream.write_all(body),
                Manner::Cut(count) | Manner::Stuck(count) => stream.write_all(&body[..count]),
                Manner::Endless => loop {
                    stream.write_all(body)?;
                },
            });
        match reply.manner {
            Manner::Whole if sent.is_ok() => {}
            Manner::Stuck(_) => {
                // Returns when the client has left.
                stream.read_exact(&mut [0]).ok();
                return;
            }
            _ => return,
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|it| it.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        headers,
    })
}

/// The lines of a pull by the API: status and lines.
pub(crate) fn pull(daemon: &Daemon, name: &str, tag: &str) -> (u16, Vec<Value>) {
    let path = format!("/v1.40/images/create?fromImage={name}&tag={tag}");
    let (status, body) = daemon.http("POST", &path, None);
    // Without the marks of chunks.
    let lines = body
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    (status, lines.filter(Value::is_object).collect())
}

/// What went wrong, wherever the answer says it.
pub(crate) fn error_of(lines: &[Value]) -> String {
    let last = lines.last().cloned().unwrap_or_default();
    let text = last["error"].as_str().or(last["message"].as_str());
    text.unwrap_or_default().to_owned()
}
