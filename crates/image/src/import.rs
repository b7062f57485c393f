//! Import: a root file system as a tar stream becomes an image of one layer.

use std::io::Read;

use jiff::Timestamp;

use crate::{
    error::Error,
    store::{Publication, Store},
};
use longshore_oci::{
    config::{HistoryEntry, ImageConfig, RootFs, RunConfig, host_architecture},
    digest::ImageId,
    reference::Reference,
};

/// What an imported image is, besides its files.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Its tag; without one the image is dangling.
    pub reference: Option<Reference>,
    /// The comment; if empty, `Imported from` the source.
    pub message: String,
    /// Where the stream comes from: `-` or a URL.
    pub source: String,
    /// What it runs.
    pub config: RunConfig,
    /// The engine's version, for the image's record.
    pub docker_version: String,
}

/// Reads a tar stream, compressed or not, to its end and stores it as an image.
pub fn import(
    store: &Store,
    reader: impl Read + Send,
    options: ImportOptions,
) -> Result<ImageId, Error> {
    let layer = store.stage(reader)?;
    let created = Some(Timestamp::now());
    let comment = match options.message.is_empty() {
        true => format!("Imported from {}", options.source),
        false => options.message,
    };
    let config = ImageConfig {
        architecture: host_architecture().to_owned(),
        os: "linux".to_owned(),
        created,
        comment: comment.clone(),
        config: options.config,
        docker_version: options.docker_version,
        history: vec![HistoryEntry {
            created,
            comment,
            ..HistoryEntry::default()
        }],
        rootfs: RootFs {
            diff_ids: vec![layer.diff_id.clone()],
            ..RootFs::default()
        },
        ..ImageConfig::default()
    };
    let publication = Publication::of(config, None, options.reference.into_iter().collect())?;
    let id = publication.id();
    store.publish(vec![layer], vec![publication])?;
    Ok(id)
}
