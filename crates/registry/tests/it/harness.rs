//! A registry in this process, on a port of its own.

use std::io::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use longshore_oci::digest::Digest;
use longshore_registry::Registry;
use longshore_registry::config::{Accounts, Config};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::client::{Answer, Request};

pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(crate) const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A served registry; it ends when dropped, its content with it.
pub(crate) struct Served {
    pub(crate) address: String,
    pub(crate) registry: Registry,
    data: tempfile::TempDir,
    serving: JoinHandle<std::io::Result<()>>,
}

/// The threads of all registries here.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Runtime::new().expect("threads"))
}

impl Served {
    /// An open one.
    pub(crate) fn open() -> Self {
        Self::with(|_| {})
    }

    /// One with other settings.
    pub(crate) fn with(settings: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let mut config = Config::new(data.path().join("data"));
        settings(&mut config);
        let registry = Registry::open(config).expect("a registry");
        let listener = runtime()
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let serving = runtime().spawn(registry.clone().serve(listener));
        Self {
            address,
            registry,
            data,
            serving,
        }
    }

    /// Where everything is kept.
    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.data.path().join("data")
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(&self.address, method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    /// Pushes a blob with one request.
    pub(crate) fn push_blob(&self, repository: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let answer = self.request("POST", &path).body(bytes).send();
        assert_eq!(answer.status, 201, "{answer:?}");
        digest
    }

    pub(crate) fn put_manifest(
        &self,
        repository: &str,
        reference: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> Answer {
        self.request("PUT", &format!("/v2/{repository}/manifests/{reference}"))
            .header("Content-Type", media_type)
            .body(bytes)
            .send()
    }

    /// Pushes an image of one small layer, and returns its manifest.
    pub(crate) fn push_image(&self, repository: &str, reference: &str, seed: &str) -> Vec<u8> {
        let config = self.push_blob(repository, format!("{{\"seed\":\"{seed}\"}}").as_bytes());
        let layer = self.push_blob(repository, seed.as_bytes());
        let manifest = image(&config, seed.len() + 11, &layer, seed.len());
        let bytes = serde_json::to_vec(&manifest).expect("JSON");
        let answer = self.put_manifest(repository, reference, OCI_MANIFEST, &bytes);
        assert_eq!(answer.status, 201, "{answer:?}");
        bytes
    }

    /// How many files there are below a part of the data directory.
    pub(crate) fn files(&self, part: &str) -> usize {
        count(&self.data().join(part))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Accounts `ann` and `bob`, both with the password `secret`.
pub(crate) fn with_accounts(
    grants: &[&str],
    anonymous_pull: bool,
) -> (tempfile::TempDir, Accounts) {
    let dir = tempfile::tempdir().expect("a directory");
    let htpasswd = dir.path().join("htpasswd");
    // The lowest cost: these are no secrets.
    let hash = bcrypt::hash("secret", 4).expect("a hash");
    std::fs::write(&htpasswd, format!("ann:{hash}\nbob:{hash}\n")).expect("a file");
    let grants = grants.iter().map(|grant| grant.parse().expect("a grant"));
    let accounts = Accounts {
        htpasswd,
        anonymous_pull,
        grants: grants.collect(),
    };
    (dir, accounts)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

/// A manifest of one layer.
pub(crate) fn image(config: &Digest, config_size: usize, layer: &Digest, size: usize) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": { "mediaType": OCI_CONFIG, "size": config_size, "digest": config },
        "layers": [{ "mediaType": OCI_LAYER, "size": size, "digest": layer }],
    })
}

fn count(path: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(path) else {
        return 0;
    };
    entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| if path.is_dir() { count(&path) } else { 1 })
        .sum()
}
