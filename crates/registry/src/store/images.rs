//! What version 1 of the protocol adds: images by their id, a file each, and
//! the lists that its index was given.
//!
//! ```text
//! DATA/v1/images/<2 hex>/<id>
//!        /index/<name, ! for />
//! ```

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use longshore_oci::digest::{Digest, Hasher};
use longshore_oci::manifest::media_type;
use serde::{Deserialize, Serialize};

use super::Store;
use super::names::RepositoryName;
use super::repositories::{age, entries, remove};
use super::sink::Finished;

/// The type of a layer that is not compressed, in Docker's words.
const PLAIN_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";

/// The longest record: its JSON is bounded when it comes in.
const LONGEST: u64 = 8 * 1024 * 1024;

/// The id of an image of version 1: 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ImageId(String);

/// What is known of an image.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Its JSON, as it was sent: the checksum is over these bytes.
    pub(crate) json: String,
    pub(crate) parent: Option<ImageId>,
    /// Who brings it, while it is in no repository.
    pub(crate) owner: Option<String>,
    /// Its layer, once it is there.
    pub(crate) layer: Option<Layer>,
    /// Whether its checksum was checked; before, it is not handed out.
    pub(crate) complete: bool,
    /// The repositories that have it.
    pub(crate) repositories: BTreeSet<String>,
}

/// The layer of an image of version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layer {
    pub(crate) blob: Digest,
    pub(crate) size: u64,
    pub(crate) media_type: String,
    /// The digest of the uncompressed layer.
    pub(crate) diff_id: Digest,
    /// The digest of JSON, line feed and layer, if somebody computed it.
    pub(crate) payload: Option<Digest>,
}

impl ImageId {
    pub(crate) fn new(text: &str) -> Option<Self> {
        Digest::from_hex(text)
            .is_ok()
            .then(|| Self(text.to_owned()))
    }

    pub(crate) fn of(digest: &Digest) -> Self {
        Self(digest.hex().to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ImageId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("not an image id")
    }
}

/// An image in the list that the index was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) id: ImageId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checksum: Option<String>,
    #[serde(rename = "Tag", default, skip_serializing_if = "Option::is_none")]
    pub(crate) tag: Option<String>,
}

impl Store {
    /// What is known of an image.
    pub(crate) fn image(&self, id: &ImageId) -> io::Result<Option<Record>> {
        read_json(&self.image_path(id))
    }

    /// Writes down what is known of an image.
    pub(crate) fn set_image(&self, id: &ImageId, record: &Record) -> io::Result<()> {
        let text = serde_json::to_vec(record).map_err(io::Error::other)?;
        self.write(&self.image_path(id), &text)
    }

    /// An image and what it stands on, itself first; `None` if some of it is
    /// not known.
    pub(crate) fn ancestry(&self, id: &ImageId) -> io::Result<Option<Vec<(ImageId, Record)>>> {
        let mut chain: Vec<(ImageId, Record)> = Vec::new();
        let mut next = Some(id.clone());
        while let Some(id) = next {
            // No image stands on itself: a parent is known before its child.
            let Some(record) = self.image(&id)? else {
                return Ok(None);
            };
            next = record.parent.clone();
            chain.push((id, record));
        }
        Ok(Some(chain))
    }

    /// Makes an image one of `repository`.
    pub(crate) fn add_image_to(
        &self,
        id: &ImageId,
        record: &mut Record,
        repository: &RepositoryName,
    ) -> io::Result<()> {
        if record.repositories.insert(repository.to_string()) {
            self.set_image(id, record)?;
        }
        Ok(())
    }

    /// Takes in the layer of an image whose JSON is there. An error of the kind
    /// `InvalidData` is about the layer.
    pub(crate) fn keep_layer(
        &self,
        id: &ImageId,
        record: Record,
        finished: Finished,
    ) -> io::Result<()> {
        let layer = inspect(finished.path(), &record.json, &finished)?;
        let _kept = self.no_collection();
        self.adopt(finished.path(), &layer.blob)?;
        let layer = Some(layer);
        self.set_image(id, &Record { layer, ..record })
    }

    /// Makes a small blob and others that are there `repository`'s.
    pub(crate) fn link_all(
        &self,
        repository: &RepositoryName,
        bytes: &[u8],
        others: &[Digest],
    ) -> io::Result<()> {
        let _kept = self.no_collection();
        let small = self.keep(bytes)?;
        for digest in std::iter::once(&small).chain(others) {
            self.link_blob(repository, digest)?;
        }
        Ok(())
    }

    /// What the index was told of a repository.
    pub(crate) fn listed(&self, name: &RepositoryName) -> io::Result<Option<Vec<Listed>>> {
        read_json(&self.index_path(name))
    }

    /// Writes down what the index is told.
    pub(crate) fn set_listed(&self, name: &RepositoryName, list: &[Listed]) -> io::Result<()> {
        let text = serde_json::to_vec(list).map_err(io::Error::other)?;
        self.write(&self.index_path(name), &text)
    }

    /// Forgets what the index was told.
    pub(crate) fn forget_listed(&self, name: &RepositoryName) -> io::Result<bool> {
        remove(&self.index_path(name))
    }

    /// Drops images whose layer no repository needs, and names the layers of
    /// those that are still on their way.
    pub(super) fn collect_images(
        &self,
        needed: &std::collections::HashSet<Digest>,
    ) -> io::Result<Vec<Digest>> {
        let mut young = Vec::new();
        let images = self.root.join("v1/images");
        for shard in entries(&images)? {
            for name in entries(&images.join(&shard))? {
                let Some(id) = ImageId::new(&name) else {
                    continue;
                };
                let path = self.image_path(&id);
                let layer = self.image(&id)?.and_then(|record| record.layer);
                if age(&fs::metadata(&path)?) <= self.grace {
                    young.extend(layer.map(|layer| layer.blob));
                } else if layer.is_none_or(|layer| !needed.contains(&layer.blob)) {
                    remove(&path)?;
                }
            }
        }
        Ok(young)
    }

    fn image_path(&self, id: &ImageId) -> PathBuf {
        let images = self.root.join("v1/images");
        images.join(&id.0[..2]).join(&id.0)
    }

    fn index_path(&self, name: &RepositoryName) -> PathBuf {
        let flat = name.as_str().replace('/', "!");
        self.root.join("v1/index").join(flat)
    }
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    let Some(file) = super::present(File::open(path))? else {
        return Ok(None);
    };
    let mut text = Vec::new();
    file.take(LONGEST).read_to_end(&mut text)?;
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(io::Error::other)
}

/// Reads a layer once more for the digests that version 1 and schema 2 want.
fn inspect(path: &Path, json: &str, finished: &Finished) -> io::Result<Layer> {
    let mut file = File::open(path)?;
    let mut payload = Hasher::new();
    payload.update(json.as_bytes());
    payload.update(b"\n");
    io::copy(&mut file, &mut payload)?;
    file.seek(SeekFrom::Start(0))?;
    let mut magic = Vec::new();
    (&mut file).take(6).read_to_end(&mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    let (media_type, diff_id) = match magic.as_slice() {
        [0x1f, 0x8b, ..] => {
            let mut hasher = Hasher::new();
            io::copy(&mut MultiGzDecoder::new(BufReader::new(file)), &mut hasher)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
            (media_type::DOCKER_LAYER, hasher.finish())
        }
        b"\xfd7zXZ\0" | [b'B', b'Z', b'h', ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a layer is a tar archive, compressed with gzip or not at all",
            ));
        }
        _ => (PLAIN_LAYER, finished.digest.clone()),
    };
    Ok(Layer {
        blob: finished.digest.clone(),
        size: finished.size,
        media_type: media_type.to_owned(),
        diff_id,
        payload: Some(payload.finish()),
    })
}
