//! Layers from the upper directory of a container's overlay.
//!
//! ```text
//! copied:  upper ─ packer ─ pipe ─ what receives any stream
//! taken:   upper becomes diff/; packer ─ second thread: SHA-256, blob
//! ```
//!
//! A taken directory is not read twice and not written at all: only its stream
//! is made, once, for the digest and the blob.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::{
        fd::AsFd,
        unix::fs::{DirBuilderExt, PermissionsExt},
    },
    path::Path,
    sync::mpsc,
    thread,
};

use longshore_archive::layer::Limits;
use longshore_archive::pack::{self, LayerUse};
use longshore_oci::digest::Digest;

use super::{CHUNK, Side, StagedLayer};
use crate::{
    error::{At, Error},
    store::disk::Disk,
};

/// The uncompressed stream of a layer without entries: the two blocks that end
/// an archive.
const EMPTY: [u8; 1024] = [0; 1024];

impl StagedLayer {
    /// Copies the files of `upper`, which may be in use. None if there are none.
    pub(crate) fn copied(disk: &Disk, upper: &Path, limits: Limits) -> Result<Option<Self>, Error> {
        let root = File::open(upper).at(upper)?;
        let (reader, writer) = io::pipe().at(upper)?;
        thread::scope(|scope| {
            let packer = scope.spawn(move || {
                let out = io::BufWriter::with_capacity(CHUNK, writer);
                pack::pack_layer(root.as_fd(), LayerUse::Shared, out)
            });
            let staged = Self::receive(disk, reader, limits);
            let packed = join(packer);
            match (packed, staged) {
                // Who packs is stopped by who receives.
                (Err(error), Err(_)) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Err(error).at(upper)
                }
                (_, Err(error)) => Err(error),
                (packed, Ok(staged)) => {
                    packed.at(upper)?;
                    Ok(Some(staged).filter(|staged| !staged.is_empty()))
                }
            }
        })
    }

    /// Moves `upper`, on the store's own file system and of nobody else any
    /// more. None if there is nothing in it; then, too, it is gone.
    pub(crate) fn taken(disk: &Disk, upper: &Path) -> Result<Option<Self>, Error> {
        let staging = disk.stage()?;
        let layer = staging.path.join("layer");
        fs::DirBuilder::new()
            .mode(0o755)
            .create(&layer)
            .at(&layer)?;
        let diff = layer.join("diff");
        fs::rename(upper, &diff).at(upper)?;
        // The archive says nothing of the root itself.
        fs::set_permissions(&diff, fs::Permissions::from_mode(0o755)).at(&diff)?;
        std::os::unix::fs::chown(&diff, Some(0), Some(0)).at(&diff)?;
        let root = File::open(&diff).at(&diff)?;
        let blob = layer.join("blob");
        let side = Side::Store(File::create(&blob).at(&blob)?);
        let (stream, size) = thread::scope(|scope| {
            let (sender, chunks) = mpsc::sync_channel(8);
            let worker = scope.spawn(move || side.consume(&chunks, None));
            let mut out = Sending {
                pending: Vec::with_capacity(CHUNK),
                sender,
            };
            let size = pack::pack_layer(root.as_fd(), LayerUse::Own, &mut out);
            drop(out);
            let stream = join(worker).at(&blob)?;
            Ok::<_, Error>((stream, size.at(&diff)?))
        })?;
        let staged = Self {
            source: stream.digest.clone(),
            diff_id: stream.digest,
            size,
            stream_size: stream.size,
            kept: None,
            staging,
        };
        Ok(Some(staged).filter(|staged| !staged.is_empty()))
    }

    fn is_empty(&self) -> bool {
        self.stream_size == EMPTY.len() as u64 && self.diff_id == Digest::of(&EMPTY)
    }
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, io::Result<T>>) -> io::Result<T> {
    thread
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("a thread failed")))
}

/// Gives what is written to the second thread.
struct Sending {
    pending: Vec<u8>,
    sender: mpsc::SyncSender<Vec<u8>>,
}

impl Write for Sending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let pending = std::mem::replace(&mut self.pending, Vec::with_capacity(CHUNK));
        self.sender
            .send(pending)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
