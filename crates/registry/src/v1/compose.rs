//! What version 1 pushed becomes a manifest of schema 2.

use longshore_oci::digest::Digest;
use longshore_oci::manifest::{Descriptor, Manifest, media_type};
use serde_json::{Map, Value, json};

use super::error::{Refusal, Result};
use crate::store::images::{ImageId, Record};

/// The annotation that tells which image of version 1 a manifest was.
pub(super) const ID: &str = "longshore.v1.image";

/// Members of an image's JSON that its configuration does not have.
const OF_V1: [&str; 6] = ["id", "parent", "parent_id", "layer_id", "Size", "throwaway"];

/// An image, ready to be kept.
pub(super) struct Composed {
    pub(super) config: Vec<u8>,
    pub(super) manifest: Vec<u8>,
    pub(super) layers: Vec<Digest>,
}

/// Puts an image and what it stands on together; `chain` begins with itself.
pub(super) fn compose(chain: &[(ImageId, Record)]) -> Result<Composed> {
    let Some((id, top)) = chain.first() else {
        return Err(Refusal::image());
    };
    let mut layers = Vec::new();
    let mut diff_ids = Vec::new();
    let mut history = Vec::new();
    for (_, record) in chain.iter().rev() {
        let layer = match &record.layer {
            Some(layer) if record.complete => layer,
            _ => return Err(Refusal::bad("Image is being uploaded, retry later")),
        };
        layers.push(descriptor(&layer.media_type, layer.size, &layer.blob));
        diff_ids.push(layer.diff_id.clone());
        history.push(step(&object(&record.json)?));
    }
    let mut config = object(&top.json)?;
    for key in OF_V1 {
        config.remove(key);
    }
    for (key, usual) in [("architecture", "amd64"), ("os", "linux")] {
        config.entry(key).or_insert_with(|| usual.into());
    }
    config.insert("history".to_owned(), history.into());
    config.insert(
        "rootfs".to_owned(),
        json!({ "type": "layers", "diff_ids": diff_ids }),
    );
    let config = Value::Object(config).to_string().into_bytes();
    let blobs = layers.iter().map(|layer| layer.digest.clone()).collect();
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(media_type::DOCKER_MANIFEST.to_owned()),
        artifact_type: None,
        config: descriptor(
            media_type::DOCKER_CONFIG,
            config.len() as u64,
            &Digest::of(&config),
        ),
        layers,
        subject: None,
        annotations: [(ID.to_owned(), id.as_str().to_owned())].into(),
    };
    let manifest = serde_json::to_vec(&manifest).map_err(std::io::Error::other)?;
    Ok(Composed {
        config,
        manifest,
        layers: blobs,
    })
}

fn object(json: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(json).map_err(|_| Refusal::bad("Invalid JSON"))
}

fn descriptor(media_type: &str, size: u64, digest: &Digest) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        size,
        digest: digest.clone(),
        urls: Vec::new(),
        platform: None,
        artifact_type: None,
        annotations: Default::default(),
    }
}

/// The line of history that an image's JSON tells.
fn step(json: &Map<String, Value>) -> Value {
    let mut step = Map::new();
    for key in ["created", "author", "comment"] {
        if let Some(value) = json.get(key).filter(|value| value.is_string()) {
            step.insert(key.to_owned(), value.clone());
        }
    }
    let command: Vec<&str> = json
        .get("container_config")
        .and_then(|config| config["Cmd"].as_array())
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !command.is_empty() {
        step.insert("created_by".to_owned(), command.join(" ").into());
    }
    Value::Object(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::images::Layer;

    fn record(json: Value, layer: Option<&[u8]>) -> Record {
        Record {
            json: json.to_string(),
            parent: None,
            owner: None,
            layer: layer.map(|bytes| Layer {
                blob: Digest::of(bytes),
                size: bytes.len() as u64,
                media_type: media_type::DOCKER_LAYER.to_owned(),
                diff_id: Digest::of(bytes),
                payload: None,
            }),
            complete: true,
            repositories: Default::default(),
        }
    }

    #[test]
    fn a_chain_becomes_a_configuration_and_a_manifest() {
        let id = |text: &[u8]| ImageId::of(&Digest::of(text));
        let chain = [
            (
                id(b"top"),
                record(
                    json!({ "id": "x", "parent": "y", "os": "linux", "config": { "Cmd": ["sh"] },
                        "container_config": { "Cmd": ["/bin/sh", "-c", "true"] } }),
                    Some(b"two"),
                ),
            ),
            (id(b"base"), record(json!({ "author": "me" }), Some(b"one"))),
        ];
        let composed = compose(&chain).ok().expect("an image");
        let config: Value = serde_json::from_slice(&composed.config).unwrap();
        assert_eq!(
            config["rootfs"]["diff_ids"],
            json!([Digest::of(b"one"), Digest::of(b"two")])
        );
        assert_eq!(
            config["history"],
            json!([{ "author": "me" }, { "created_by": "/bin/sh -c true" }])
        );
        assert_eq!(config["config"]["Cmd"], json!(["sh"]));
        assert!(config.get("id").is_none() && config.get("parent").is_none());
        let manifest: Manifest = serde_json::from_slice(&composed.manifest).unwrap();
        assert_eq!(manifest.layers.len(), 2);
        assert_eq!(manifest.layers[0].digest, Digest::of(b"one"));
        assert_eq!(manifest.config.digest, Digest::of(&composed.config));
    }

    #[test]
    fn a_chain_with_a_gap_is_none() {
        let id = ImageId::of(&Digest::of(b"top"));
        assert!(compose(&[(id, record(json!({}), None))]).is_err());
        assert!(compose(&[]).is_err());
    }
}
