//! Images that no engine made, and the judge's own hands on a registry.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::endpoint::Endpoint;
use crate::http::Request;
use crate::outcome::{Outcome, ensure};
use crate::session::{Answer, Session};

pub(in crate::cases) const DOCKER_MANIFEST: &str =
    "application/vnd.docker.distribution.manifest.v2+json";
pub(in crate::cases) const DOCKER_LIST: &str =
    "application/vnd.docker.distribution.manifest.list.v2+json";
pub(in crate::cases) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(in crate::cases) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// `sha256:…` of bytes.
pub(in crate::cases) fn digest(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    let digits: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("sha256:{digits}")
}

/// An image in parts.
#[derive(Clone)]
pub(in crate::cases) struct Made {
    /// The digest of the configuration.
    pub(in crate::cases) id: String,
    pub(in crate::cases) config: Vec<u8>,
    /// The layers' tars.
    pub(in crate::cases) layers: Vec<Vec<u8>>,
    /// The layers as a registry keeps them, and the media type.
    pub(in crate::cases) blobs: Vec<(Vec<u8>, &'static str)>,
    pub(in crate::cases) media_type: &'static str,
}

impl Made {
    /// For Docker's manifests, with gzip.
    pub(in crate::cases) fn docker(layers: &[&[(&str, &str)]]) -> Outcome<Self> {
        const KIND: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
        Self::new(layers, "amd64", DOCKER_MANIFEST, KIND)
    }

    /// For OCI's manifests, with gzip.
    pub(in crate::cases) fn oci(layers: &[&[(&str, &str)]]) -> Outcome<Self> {
        Self::for_architecture(layers, "amd64")
    }

    /// As [`Made::oci`], for any processor.
    pub(in crate::cases) fn for_architecture(
        layers: &[&[(&str, &str)]],
        architecture: &str,
    ) -> Outcome<Self> {
        const KIND: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
        Self::new(layers, architecture, OCI_MANIFEST, KIND)
    }

    fn new(
        layers: &[&[(&str, &str)]],
        architecture: &str,
        media_type: &'static str,
        kind: &'static str,
    ) -> Outcome<Self> {
        let layers: Vec<Vec<u8>> = layers
            .iter()
            .map(|files| super::layer(files))
            .collect::<Outcome<_>>()?;
        let ids: Vec<String> = layers.iter().map(|tar| digest(tar)).collect();
        let history: Vec<Value> = (0..layers.len())
            .map(|n| json!({"created": "2020-01-02T03:04:05Z", "created_by": format!("layer {n}")}))
            .collect();
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "created": "2020-01-02T03:04:05.000000006Z",
            "author": "the judge",
            "config": {"Cmd": ["x"], "Env": ["A=b"], "Labels": {"k": "v"}},
            "rootfs": {"type": "layers", "diff_ids": ids},
            "history": history,
        });
        let config = config.to_string().into_bytes();
        let gzip = |tar: &Vec<u8>| -> Outcome<(Vec<u8>, &'static str)> {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(tar)?;
            Ok((encoder.finish()?, kind))
        };
        let blobs = layers.iter().map(gzip).collect::<Outcome<_>>()?;
        Ok(Self {
            id: digest(&config),
            config,
            layers,
            blobs,
            media_type,
        })
    }

    /// The manifest's bytes.
    pub(in crate::cases) fn manifest(&self) -> Vec<u8> {
        let config = match self.media_type {
            DOCKER_MANIFEST => "application/vnd.docker.container.image.v1+json",
            _ => "application/vnd.oci.image.config.v1+json",
        };
        let layers: Vec<Value> = self
            .blobs
            .iter()
            .map(|(blob, kind)| {
                json!({"mediaType": kind, "digest": digest(blob), "size": blob.len()})
            })
            .collect();
        json!({
            "schemaVersion": 2,
            "mediaType": self.media_type,
            "config": {"mediaType": config, "digest": self.id, "size": self.config.len()},
            "layers": layers,
        })
        .to_string()
        .into_bytes()
    }

    /// As `docker save` writes it.
    pub(in crate::cases) fn archive(&self, name: &str) -> Outcome<Vec<u8>> {
        let config = format!("{}.json", &self.id[7..]);
        let layers: Vec<String> = (0..self.layers.len())
            .map(|n| format!("{n}/layer.tar"))
            .collect();
        let manifest = json!([{"Config": config, "RepoTags": [name], "Layers": layers}]);
        let mut files = vec![
            (config, self.config.clone()),
            (
                "manifest.json".to_owned(),
                manifest.to_string().into_bytes(),
            ),
        ];
        files.extend(layers.into_iter().zip(self.layers.clone()));
        tar_of(&files)
    }

    /// As an OCI layout, without `manifest.json`.
    pub(in crate::cases) fn layout(&self, name: &str) -> Outcome<Vec<u8>> {
        let manifest = self.manifest();
        let index = json!({
            "schemaVersion": 2,
            "manifests": [{
                "mediaType": self.media_type,
                "digest": digest(&manifest),
                "size": manifest.len(),
                "annotations": {
                    "io.containerd.image.name": format!("docker.io/library/{name}"),
                    "org.opencontainers.image.ref.name": name.split(':').nth(1),
                },
            }],
        });
        let blob = |bytes: &[u8]| {
            (
                format!("blobs/sha256/{}", &digest(bytes)[7..]),
                bytes.to_vec(),
            )
        };
        let mut files = vec![
            (
                "oci-layout".to_owned(),
                br#"{"imageLayoutVersion": "1.0.0"}"#.to_vec(),
            ),
            ("index.json".to_owned(), index.to_string().into_bytes()),
            blob(&manifest),
            blob(&self.config),
        ];
        files.extend(self.blobs.iter().map(|(bytes, _)| blob(bytes)));
        tar_of(&files)
    }

    /// Brings it into a registry and gives the manifest's digest.
    pub(in crate::cases) fn put(
        &self,
        s: &Session,
        registry: &str,
        repository: &str,
        tag: &str,
    ) -> Outcome<String> {
        put_blob(s, registry, repository, &self.config)?;
        for (blob, _) in &self.blobs {
            put_blob(s, registry, repository, blob)?;
        }
        let manifest = self.manifest();
        put_manifest(s, registry, repository, tag, self.media_type, &manifest)
    }

    /// What an index says of it.
    pub(in crate::cases) fn descriptor(&self, architecture: &str) -> Value {
        let manifest = self.manifest();
        json!({
            "mediaType": self.media_type,
            "digest": digest(&manifest),
            "size": manifest.len(),
            "platform": {"architecture": architecture, "os": "linux"},
        })
    }
}

/// An index, or a list, of some manifests.
pub(in crate::cases) fn index(media_type: &str, manifests: &[Value]) -> Vec<u8> {
    json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests})
        .to_string()
        .into_bytes()
}

fn tar_of(files: &[(String, Vec<u8>)]) -> Outcome<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, content.as_slice())?;
    }
    Ok(tar.into_inner()?)
}

/// Asks a registry, not the engine.
pub(in crate::cases) fn ask(s: &Session, registry: &str, request: &Request) -> Outcome<Answer> {
    s.exchange_with(&Endpoint::Tcp(registry.to_owned()), request)
}

pub(in crate::cases) fn put_blob(
    s: &Session,
    registry: &str,
    repository: &str,
    blob: &[u8],
) -> Outcome<String> {
    let path = format!("/v2/{repository}/blobs/uploads/");
    let begun = ask(s, registry, &Request::new("POST", &path))?.expect(202)?;
    let place = begun.header("Location").to_owned();
    let place = match place
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]))
    {
        Some(path) => path.to_owned(),
        None => place,
    };
    let digest = digest(blob);
    let join = if place.contains('?') { '&' } else { '?' };
    let request = Request::new("PUT", &format!("{place}{join}digest={digest}"));
    let request = request.body("application/octet-stream", blob);
    ask(s, registry, &request)?.expect(201)?;
    Ok(digest)
}

pub(in crate::cases) fn put_manifest(
    s: &Session,
    registry: &str,
    repository: &str,
    tag: &str,
    media_type: &str,
    manifest: &[u8],
) -> Outcome<String> {
    let request = Request::new("PUT", &format!("/v2/{repository}/manifests/{tag}"));
    let answer = ask(s, registry, &request.body(media_type, manifest))?.expect(201)?;
    let digest = digest(manifest);
    let said = answer.header("Docker-Content-Digest");
    ensure!(said == digest, "Docker-Content-Digest is {said:?}");
    Ok(digest)
}
