//! Turns a layer's stream into a staged layer: unpacked, hashed, and kept as a
//! blob from which the exact stream can be made again.
//!
//! The blob is the stream as it was received if that was compressed, else the
//! stream compressed with zstd at its fastest. That costs about half the layer
//! once more on disk, and buys three things that a list of headers over the
//! unpacked files cannot give: `save` and push return the very bytes whatever
//! happened to the files, a compressed layer keeps the digest its registry
//! knows, and a layer lost to a power failure can be unpacked again.
//!
//! ```text
//! source ─ blob (if compressed) ─ decoder ─┬─ archive reader ─ files
//!                                          └─ second thread: SHA-256, blob (if plain)
//! ```

mod upper;

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

use serde::{Deserialize, Serialize};

use longshore_archive::compression::{self, Compression};
use longshore_archive::layer::{self, Limits};
use longshore_archive::read::ArchiveReader;

use crate::{
    error::{At, Error},
    store::{
        disk::{Disk, Staging},
        download::Kept,
    },
};
use longshore_oci::digest::{ChainId, DiffId, Digest, Hasher};

/// How much is handed to the second thread at a time, in bytes.
const CHUNK: usize = 256 << 10;

/// Chunks that may wait for the second thread.
const AHEAD: usize = 8;

/// The record of a layer, `layer.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerRecord {
    /// The version of this record's form.
    pub(crate) format: u32,
    /// The digest of the uncompressed stream.
    pub(crate) diff_id: DiffId,
    /// The layers below.
    pub(crate) parent: Option<ChainId>,
    /// The sum of the files' lengths in bytes.
    pub(crate) size: u64,
    /// The length of the uncompressed stream in bytes.
    pub(crate) stream_size: u64,
    /// The digest of the stream as it was received.
    pub(crate) source: Digest,
    /// The boot during which it was unpacked, until that is known to be on disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unsettled: Option<String>,
}

impl LayerRecord {
    pub(crate) const FORMAT: u32 = 1;
}

/// A layer that is complete but not visible. It becomes visible with an image
/// that has it; dropped before, it is gone.
pub struct StagedLayer {
    pub(crate) diff_id: DiffId,
    pub(crate) source: Digest,
    pub(crate) size: u64,
    pub(crate) stream_size: u64,
    /// What it was downloaded as; becomes its blob.
    pub(crate) kept: Option<Kept>,
    staging: Staging,
}

impl StagedLayer {
    /// Unpacks and hashes `reader` to its end.
    pub(crate) fn receive(
        disk: &Disk,
        reader: impl Read + Send,
        limits: Limits,
    ) -> Result<Self, Error> {
        Self::take_in(disk, reader, limits, true)
    }

    /// The same for a stream that the caller writes to a file as it comes. If it
    /// is compressed, that file is to become the layer's blob; else the layer
    /// has one already.
    pub(crate) fn receive_kept(
        disk: &Disk,
        reader: impl Read + Send,
        limits: Limits,
    ) -> Result<Self, Error> {
        Self::take_in(disk, reader, limits, false)
    }

    fn take_in(
        disk: &Disk,
        reader: impl Read + Send,
        limits: Limits,
        keep: bool,
    ) -> Result<Self, Error> {
        let staging = disk.stage()?;
        let (layer, discard) = (staging.path.join("layer"), staging.path.join("discard"));
        let diff = layer.join("diff");
        fs::create_dir(&layer).at(&layer)?;
        fs::create_dir(&discard).at(&discard)?;
        fs::DirBuilder::new().mode(0o755).create(&diff).at(&diff)?;
        let blob = layer.join("blob");
        let create = || File::create(&blob).at(&blob);

        let (compression, reader) = compression::sniff(reader).map_err(Error::Stream)?;
        let received = if compression == Compression::None {
            let side = Side::Store(create()?);
            let (stream, size) = unpack(reader, side, &diff, &discard, limits)?;
            Received {
                source: stream.digest.clone(),
                stream,
                size,
            }
        } else {
            let mut tee = Tee {
                inner: reader,
                sink: keep.then(create).transpose()?.map(BufWriter::new),
                hasher: Hasher::new(),
            };
            let decoder = compression
                .decoder(BufReader::with_capacity(CHUNK, &mut tee))
                .map_err(Error::Stream)?;
            let (stream, size) = unpack(decoder, Side::Hash, &diff, &discard, limits)?;
            let source = tee.finish().at(&blob)?;
            Received {
                source,
                stream,
                size,
            }
        };
        Ok(Self {
            diff_id: received.stream.digest,
            source: received.source,
            size: received.size,
            stream_size: received.stream.size,
            kept: None,
            staging,
        })
    }

    /// The digest of its uncompressed stream.
    pub fn diff_id(&self) -> &DiffId {
        &self.diff_id
    }

    /// The sum of the lengths of its files and symbolic links in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The directory that becomes `layers/<chain>`; `layer.json` is missing.
    pub(crate) fn path(&self) -> PathBuf {
        self.staging.path.join("layer")
    }
}

/// Decodes a layer's blob into the uncompressed stream.
pub(crate) fn decoded<'a>(blob: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    let (compression, reader) = compression::sniff(blob)?;
    compression.decoder(BufReader::with_capacity(CHUNK, reader))
}

struct Received {
    source: Digest,
    stream: Stream,
    size: u64,
}

/// What the second thread knows at the end.
struct Stream {
    digest: Digest,
    size: u64,
}

/// What the second thread does with the uncompressed stream.
enum Side {
    Hash,
    Store(File),
}

fn unpack(
    stream: impl Read + Send,
    side: Side,
    diff: &Path,
    discard: &Path,
    limits: Limits,
) -> Result<(Stream, u64), Error> {
    thread::scope(|scope| {
        let (sender, chunks) = mpsc::sync_channel::<Vec<u8>>(AHEAD);
        let (used, empty) = mpsc::channel();
        let worker = scope.spawn(move || side.consume(&chunks, Some(&used)));
        let result = (|| {
            let shared = Sharing {
                inner: stream,
                chunk: Vec::new(),
                consumed: 0,
                sender,
                empty,
                left: limits.max_bytes,
            };
            let mut archive = ArchiveReader::new(shared);
            let size = layer::unpack(&mut archive, diff, discard, limits)?;
            // The diff ID covers what follows the archive's end, too.
            let mut rest = archive.into_inner();
            loop {
                match rest.fill_buf().map_err(Error::Stream)?.len() {
                    0 => return Ok::<_, Error>(size),
                    count => rest.consume(count),
                }
            }
        })();
        let stream = worker
            .join()
            .unwrap_or_else(|_| Err(io::Error::other("the hashing thread failed")));
        let size = result?;
        Ok((stream.at(diff)?, size))
    })
}

impl Side {
    /// Takes in all chunks and gives them back to be filled again.
    fn consume(
        self,
        chunks: &mpsc::Receiver<Vec<u8>>,
        used: Option<&mpsc::Sender<Vec<u8>>>,
    ) -> io::Result<Stream> {
        let mut hasher = Hasher::new();
        let mut size = 0;
        let mut encoder = match self {
            Self::Hash => None,
            Self::Store(file) => {
                let mut encoder = zstd::stream::write::Encoder::new(file, 1)?;
                encoder.include_checksum(true)?;
                Some(encoder)
            }
        };
        for chunk in chunks {
            hasher.update(&chunk);
            size += chunk.len() as u64;
            if let Some(encoder) = &mut encoder {
                encoder.write_all(&chunk)?;
            }
            if let Some(used) = used {
                // Nobody fills any more.
                used.send(chunk).ok();
            }
        }
        encoder.map(|encoder| encoder.finish()).transpose()?;
        Ok(Stream {
            digest: hasher.finish(),
            size,
        })
    }
}

/// Reads in chunks, shows them to the unpacker, and then gives them to the second
/// thread: nothing is copied between the two.
struct Sharing<R> {
    inner: R,
    chunk: Vec<u8>,
    consumed: usize,
    sender: mpsc::SyncSender<Vec<u8>>,
    /// Chunks that the second thread has used.
    empty: mpsc::Receiver<Vec<u8>>,
    /// Bytes that may still come.
    left: u64,
}

impl<R: Read> BufRead for Sharing<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.consumed == self.chunk.len() {
            let mut next = self.empty.try_recv().unwrap_or_default();
            next.resize(CHUNK, 0);
            let count = compression::read_up_to(&mut self.inner, &mut next)?;
            next.truncate(count);
            self.left = self
                .left
                .checked_sub(count as u64)
                .ok_or_else(|| io::Error::other("the layer is larger than the limit"))?;
            let full = std::mem::replace(&mut self.chunk, next);
            self.consumed = 0;
            // A worker that has failed says so when it is joined.
            self.sender.send(full).ok();
        }
        Ok(&self.chunk[self.consumed..])
    }

    fn consume(&mut self, count: usize) {
        self.consumed = (self.consumed + count).min(self.chunk.len());
    }
}

impl<R: Read> Read for Sharing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut bytes = self.fill_buf()?;
        let count = bytes.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

/// Passes the received bytes on, hashes them and writes them to the blob, if
/// there is to be one.
struct Tee<R> {
    inner: R,
    sink: Option<BufWriter<File>>,
    hasher: Hasher,
}

impl<R: Read> Tee<R> {
    /// Takes in what the decoder left behind its stream's end.
    fn finish(mut self) -> io::Result<Digest> {
        io::copy(&mut self, &mut io::sink())?;
        if let Some(sink) = &mut self.sink {
            sink.flush()?;
        }
        Ok(self.hasher.finish())
    }
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        if let Some(sink) = &mut self.sink {
            sink.write_all(&buffer[..count])?;
        }
        Ok(count)
    }
}

/// The kernel's name for the present boot; none if it does not say.
pub(crate) fn this_boot() -> Option<String> {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(id.trim().to_owned())
}
