//! Layers on their way to a registry.
//!
//! A layer that came compressed goes out as it came. One that was made here is
//! compressed on its way; what that gave is remembered beside the layer, and so
//! is which repositories have it: the next push need not send it again.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::PathBuf,
};

use longshore_archive::compression::{self, Compression};
use longshore_oci::{
    digest::{ChainId, DiffId, Digest, Hasher, ImageId},
    reference::Reference,
};
use serde::{Deserialize, Serialize};

use super::{Store, disk};
use crate::{
    error::{At, Error},
    gzip, layer,
};

/// How many repositories of a layer are remembered.
const MOST_PLACES: usize = 32;

/// A layer as registries want it. Its file is open: removing the image does not
/// disturb a push.
pub struct OutgoingLayer {
    /// The layer.
    pub diff_id: DiffId,
    /// The length of its uncompressed stream in bytes.
    pub stream_size: u64,
    /// Digest and length of what goes out, as far as they are known.
    pub known: Option<(Digest, u64)>,
    /// Whether what goes out is compressed with zstd rather than with gzip.
    pub zstd: bool,
    /// Repositories, `registry/path`, that have it.
    pub places: BTreeSet<String>,
    /// Whether it goes out as it came.
    as_received: bool,
    store: Store,
    chain: ChainId,
    file: File,
}

/// `remote.json` beside a layer.
#[derive(Default, Serialize, Deserialize)]
struct Remote {
    format: u32,
    /// What compressing gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gzip: Option<(Digest, u64)>,
    #[serde(default)]
    places: BTreeSet<String>,
}

impl Remote {
    const FORMAT: u32 = 1;
}

impl Store {
    /// The layers of an image, the lowest first.
    pub fn outgoing(&self, id: &ImageId) -> Result<Vec<OutgoingLayer>, Error> {
        self.layers(id)
            .into_iter()
            .map(|(chain, record)| {
                let path = self.disk().layer(&chain).join("blob");
                let mut file = File::open(&path).at(&path)?;
                let received = record.source != record.diff_id;
                let mut head = [0; Compression::MAGIC_LEN];
                let length = compression::read_up_to(&mut file, &mut head).at(&path)?;
                io::Seek::rewind(&mut file).at(&path)?;
                let compression = Compression::detect(&head[..length]);
                let as_received =
                    received && matches!(compression, Compression::Gzip | Compression::Zstd);
                let remote = self.remote(&chain);
                let known = match as_received {
                    true => Some((record.source.clone(), file.metadata().at(&path)?.len())),
                    false => remote.gzip,
                };
                Ok(OutgoingLayer {
                    diff_id: record.diff_id.clone(),
                    stream_size: record.stream_size,
                    known,
                    zstd: as_received && compression == Compression::Zstd,
                    places: remote.places,
                    as_received,
                    store: self.clone(),
                    chain,
                    file,
                })
            })
            .collect()
    }

    /// Notes which repository a layer came from.
    pub(super) fn remember_place(&self, chain: &ChainId, place: &str) {
        self.change_remote(chain, |remote| {
            if remote.places.len() < MOST_PLACES {
                remote.places.insert(place.to_owned());
            }
        });
    }

    /// Gives an image one more name of a registry's: a digest.
    pub fn add_digest(&self, id: &ImageId, reference: &Reference) -> Result<(), Error> {
        if self.state().references.get(reference) == Some(id) {
            return Ok(());
        }
        self.change(|state| {
            if !state.images.contains_key(id) {
                return Err(Error::NoSuchImage(id.to_string()));
            }
            state.references.insert(reference.clone(), id.clone());
            Ok(())
        })
    }

    fn remote(&self, chain: &ChainId) -> Remote {
        let read = disk::read_json::<Remote>(&self.remote_path(chain));
        // It saves work, nothing else; without it the work is done again.
        read.ok()
            .flatten()
            .filter(|it| it.format == Remote::FORMAT)
            .unwrap_or_default()
    }

    fn change_remote(&self, chain: &ChainId, change: impl FnOnce(&mut Remote)) {
        let _held = self
            .inner
            .commit
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut remote = self.remote(chain);
        change(&mut remote);
        remote.format = Remote::FORMAT;
        let path = self.remote_path(chain);
        let mut aside = path.clone();
        aside.set_extension("new");
        let write = || -> io::Result<()> {
            fs::write(&aside, serde_json::to_vec(&remote)?)?;
            fs::rename(&aside, &path)
        };
        write().ok();
    }

    fn remote_path(&self, chain: &ChainId) -> PathBuf {
        self.disk().layer(chain).join("remote.json")
    }
}

impl OutgoingLayer {
    /// How much there is to read: of [`Self::write`]'s count.
    pub fn work(&self) -> u64 {
        match (&self.known, self.as_received) {
            (Some((_, size)), true) => *size,
            _ => self.stream_size,
        }
    }

    /// Whether digest and length of what goes out cannot be wrong.
    pub fn is_final(&self) -> bool {
        self.as_received
    }

    /// Writes what goes out, telling how much has been read. Returns digest and
    /// length of what was written.
    pub fn write(
        &self,
        writer: &mut dyn Write,
        on_read: &mut dyn FnMut(u64),
    ) -> io::Result<(Digest, u64)> {
        // An own position in the file, so that it can be written again.
        let file = Positioned {
            file: &self.file,
            at: 0,
        };
        let mut out = Hashing {
            inner: writer,
            hasher: Hasher::new(),
            count: 0,
        };
        if self.as_received {
            let mut file = file;
            let mut buffer = vec![0; 256 << 10];
            loop {
                let count = file.read(&mut buffer)?;
                if count == 0 {
                    break;
                }
                out.write_all(&buffer[..count])?;
                on_read(out.count);
            }
        } else {
            let file = BufReader::with_capacity(256 << 10, file);
            let mut stream = layer::decoded(file)?;
            gzip::compress(&mut stream, &mut out, on_read)?;
        }
        Ok((out.hasher.finish(), out.count))
    }

    /// Notes what was sent, and where it is now.
    pub fn remember(&self, sent: Option<(Digest, u64)>, place: &str) {
        self.store.change_remote(&self.chain, |remote| {
            if let Some(sent) = sent.filter(|_| !self.as_received) {
                remote.gzip = Some(sent);
            }
            if remote.places.len() < MOST_PLACES {
                remote.places.insert(place.to_owned());
            }
        });
    }
}

/// Reads a file that others read, too.
struct Positioned<'a> {
    file: &'a File,
    at: u64,
}

impl Read for Positioned<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = std::os::unix::fs::FileExt::read_at(self.file, buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

struct Hashing<'a> {
    inner: &'a mut dyn Write,
    hasher: Hasher,
    count: u64,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
