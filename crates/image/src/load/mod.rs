//! Load: archives of whole images, as `docker save` and OCI tools write them.
//!
//! The archive is read once, as it arrives: layers are unpacked into staging on
//! the way, small files stay in memory, and no name of the archive ever becomes
//! a path on disk. Only when the stream has ended is it known what the layers
//! are for (`plan`); then all images of the archive become visible together.

mod plan;

use std::{
    collections::BTreeMap,
    io::{BufReader, Read},
};

use longshore_archive::compression::{self, Compression, read_up_to};
use longshore_archive::read::{ArchiveReader, Entry, Kind};

use crate::{error::Error, layer::StagedLayer, store::Store};
use longshore_oci::digest::{DiffId, Digest, ImageId};

/// The largest manifest or configuration, in bytes.
const LARGEST_DOCUMENT: u64 = 8 << 20;
/// All documents of one archive together, in bytes.
const LARGEST_DOCUMENTS: u64 = 64 << 20;
const MOST_ENTRIES: usize = 10_000;
/// How many links in a row a name may go through.
const MOST_LINKS: usize = 8;

/// What loading an archive does, in the order in which clients show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadEvent {
    /// A layer that was not here before has been unpacked.
    Layer {
        /// The layer.
        id: DiffId,
        /// The length of its uncompressed stream in bytes.
        size: u64,
    },
    /// A tag was taken from another image.
    Renamed {
        /// The tag in the form that users know.
        reference: String,
        /// The image that had it.
        old: ImageId,
    },
    /// An image with one of its tags.
    Loaded {
        /// The tag in the form that users know.
        reference: String,
        /// The image.
        image: ImageId,
    },
    /// An image without a tag.
    LoadedId(ImageId),
}

impl LoadEvent {
    /// The line that dockerd writes; none for a layer, which is progress.
    pub fn text(&self) -> Option<String> {
        Some(match self {
            Self::Layer { .. } => return None,
            Self::Renamed { reference, old } => format!(
                "The image {reference} already exists, renaming the old one with ID {old} to empty string\n"
            ),
            Self::Loaded { reference, .. } => format!("Loaded image: {reference}\n"),
            Self::LoadedId(image) => format!("Loaded image ID: {image}\n"),
        })
    }
}

/// Reads an archive of images, compressed or not, and stores them. Either all
/// of them become visible, or none.
pub fn load(
    store: &Store,
    reader: impl Read + Send,
    on_event: &mut dyn FnMut(LoadEvent),
) -> Result<Vec<ImageId>, Error> {
    let mut contents = Contents::receive(store, reader, on_event)?;
    let images = plan::images(&contents, store)?;
    let loaded: Vec<_> = images
        .iter()
        .map(|image| (image.id(), image.references.clone()))
        .collect();
    let published = store.publish(contents.take_layers(), images)?;
    for (image, references) in &loaded {
        for reference in references {
            let moved = published.moved.iter().find(|(tag, _)| tag == reference);
            let familiar = reference.familiar();
            if let Some((_, old)) = moved {
                on_event(LoadEvent::Renamed {
                    reference: familiar.clone(),
                    old: old.clone(),
                });
            }
            on_event(LoadEvent::Loaded {
                reference: familiar,
                image: image.clone(),
            });
        }
        if references.is_empty() {
            on_event(LoadEvent::LoadedId(image.clone()));
        }
    }
    Ok(loaded.into_iter().map(|(id, _)| id).collect())
}

/// What an archive held, by name.
struct Contents {
    files: BTreeMap<String, Content>,
    /// Where names would be, were they paths; for messages.
    place: String,
}

enum Content {
    Document(Vec<u8>),
    Layer(Box<StagedLayer>),
    /// The name that it is another name for.
    Link(String),
}

impl Contents {
    fn receive(
        store: &Store,
        reader: impl Read + Send,
        on_event: &mut dyn FnMut(LoadEvent),
    ) -> Result<Self, Error> {
        let (compression, reader) = compression::sniff(reader).map_err(Error::Stream)?;
        let decoder = compression
            .decoder(BufReader::with_capacity(256 << 10, reader))
            .map_err(Error::Stream)?;
        let mut archive = ArchiveReader::new(BufReader::with_capacity(256 << 10, decoder));
        let staging = store.disk().root.join("staging");
        let mut contents = Self {
            files: BTreeMap::new(),
            place: staging.to_string_lossy().into_owned(),
        };
        let mut budget = LARGEST_DOCUMENTS;
        while let Some(entry) = archive.next_entry().map_err(stream_error)? {
            let name = clean(&String::from_utf8_lossy(&entry.path));
            if contents.files.len() == MOST_ENTRIES {
                return Err(Error::Invalid(format!("more than {MOST_ENTRIES} files")));
            }
            if is_here(store, &entry, &name) {
                continue;
            }
            if let Some(content) = receive_entry(store, &mut archive, &entry, &name, &mut budget)? {
                if let Content::Layer(layer) = &content
                    && !store.has_diff(&layer.diff_id)
                {
                    on_event(LoadEvent::Layer {
                        id: layer.diff_id.clone(),
                        size: layer.stream_size,
                    });
                }
                contents.files.insert(name, content);
            }
        }
        // A stream that breaks off behind its archive is a broken stream.
        std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map_err(Error::Stream)?;
        Ok(contents)
    }

    fn find(&self, name: &str) -> Result<&Content, Error> {
        let mut clean_name = clean(name);
        for _ in 0..MOST_LINKS {
            match self.files.get(&clean_name) {
                Some(Content::Link(target)) => clean_name = target.clone(),
                Some(content) => return Ok(content),
                None => break,
            }
        }
        Err(Error::Invalid(format!(
            "open {}/{}: no such file or directory",
            self.place,
            clean(name)
        )))
    }

    fn document(&self, name: &str) -> Result<&[u8], Error> {
        match self.find(name)? {
            Content::Document(bytes) => Ok(bytes),
            _ => Err(Error::Invalid(format!("{name} is a layer, not a document"))),
        }
    }

    /// A document that is named by its digest.
    fn blob(&self, digest: &Digest) -> Result<&[u8], Error> {
        let bytes = self.document(&blob_name(digest))?;
        match Digest::of(bytes) == *digest {
            true => Ok(bytes),
            false => Err(Error::Invalid(format!("blob {digest} has another digest"))),
        }
    }

    fn layer(&self, name: &str) -> Result<&StagedLayer, Error> {
        match self.find(name)? {
            Content::Layer(layer) => Ok(layer),
            _ => Err(Error::Invalid(format!("{name} is not a layer"))),
        }
    }

    fn take_layers(&mut self) -> Vec<StagedLayer> {
        let files = std::mem::take(&mut self.files).into_values();
        files
            .filter_map(|content| match content {
                Content::Layer(layer) => Some(*layer),
                _ => None,
            })
            .collect()
    }
}

fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}

fn receive_entry<R: Read + Send>(
    store: &Store,
    archive: &mut ArchiveReader<R>,
    entry: &Entry,
    name: &str,
    budget: &mut u64,
) -> Result<Option<Content>, Error> {
    let link = || String::from_utf8_lossy(&entry.link).into_owned();
    match entry.kind {
        Kind::File if entry.sparse.is_none() => {}
        Kind::HardLink => return Ok(Some(Content::Link(clean(&link())))),
        Kind::Symlink => {
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            return Ok(Some(Content::Link(clean(&format!("{folder}/{}", link())))));
        }
        _ => return Ok(None),
    }
    let mut head = vec![0; 512];
    let length = read_up_to(archive, &mut head).map_err(Error::Stream)?;
    head.truncate(length);
    if is_layer(&head, name) {
        let stream = head.as_slice().chain(archive);
        let layer = StagedLayer::receive(store.disk(), stream, store.limits())?;
        return Ok(Some(Content::Layer(Box::new(layer))));
    }
    if entry.size > LARGEST_DOCUMENT.min(*budget) {
        return Err(Error::Invalid(format!(
            "{name} is too large for a document"
        )));
    }
    *budget -= entry.size;
    archive.read_to_end(&mut head).map_err(Error::Stream)?;
    Ok(Some(Content::Document(head)))
}

/// Whether a file is a layer that is here already, told by its name. Whatever it
/// holds here is not looked at.
fn is_here(store: &Store, entry: &Entry, name: &str) -> bool {
    let hex = name.strip_prefix("blobs/sha256/");
    let digest = hex.and_then(|hex| Digest::from_hex(hex).ok());
    entry.kind == Kind::File && digest.is_some_and(|digest| store.has_diff(&digest))
}

/// Whether a file is a layer, told by its content: names differ between formats
/// and tell nothing in an OCI layout.
fn is_layer(head: &[u8], name: &str) -> bool {
    Compression::detect(head) != Compression::None
        || head.get(257..262) == Some(b"ustar")
        || (head.len() == 512 && head.iter().all(|byte| *byte == 0))
        || name.ends_with("layer.tar")
}

/// A name without `.`, `..` and empty parts.
fn clean(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn stream_error(error: longshore_archive::read::ArchiveError) -> Error {
    longshore_archive::layer::ExtractError::from(error).into()
}
