//! A blob on its way to the disk: hashed on one thread, written on another,
//! while the next bytes come in. Two batches are in memory, in buffers that are
//! used again and again, so a disk that is slow slows its client down and
//! nothing else, and no blob costs the machine fresh memory.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use longshore_oci::digest::{Digest, Hasher};
use tokio::task::{JoinHandle, spawn_blocking};

/// How much is hashed and written at once: enough that handing it over costs
/// nothing beside it.
const BATCH: usize = 1024 * 1024;

/// How much is written with one call. Larger pieces take large pages, which a
/// virtual machine may have to get from its host first.
const PIECE: usize = 32 * 1024;

/// How much is written before the disk is asked to begin: at the end there is
/// little left to wait for.
const AHEAD: u64 = 32 * 1024 * 1024;

/// Every method may be dropped while it waits; nothing is lost or taken twice.
pub(crate) struct Sink {
    path: PathBuf,
    file: Arc<File>,
    size: u64,
    /// The next batch.
    batch: Vec<u8>,
    /// The batch that is hashed and written.
    under_way: Arc<Vec<u8>>,
    hasher: Option<Hasher>,
    hashing: Option<JoinHandle<Hasher>>,
    writing: Option<JoinHandle<io::Result<()>>>,
    /// What the disk was asked to begin with, and where that ends.
    syncing: Option<JoinHandle<io::Result<()>>>,
    synced: u64,
}

/// A file with its digest; its bytes are on the disk. Dropped, it is removed.
pub(crate) struct Finished {
    path: PathBuf,
    /// What the bytes hash to.
    pub(crate) digest: Digest,
    /// How many they are.
    pub(crate) size: u64,
}

impl Sink {
    /// Makes an empty file.
    pub(crate) fn create(path: PathBuf) -> io::Result<Self> {
        Ok(Self {
            file: Arc::new(File::create_new(&path)?),
            path,
            size: 0,
            batch: Vec::new(),
            under_way: Arc::default(),
            hasher: Some(Hasher::new()),
            hashing: None,
            writing: None,
            syncing: None,
            synced: 0,
        })
    }

    /// How many bytes were taken in.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes in the next bytes; waits while a batch is full and another under
    /// way.
    pub(crate) async fn push(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.batch.len() >= BATCH {
                self.flush().await?;
            }
            let fits = bytes.len().min(BATCH - self.batch.len());
            self.batch.extend_from_slice(&bytes[..fits]);
            self.size += fits as u64;
            bytes = &bytes[fits..];
        }
        Ok(())
    }

    /// Waits until everything is hashed and on the disk.
    pub(crate) async fn finish(&mut self) -> io::Result<Finished> {
        self.flush().await?;
        // The disk works while the last batch is hashed.
        self.settle_writing().await?;
        if self.synced < self.size {
            settled(&mut self.syncing).await?;
            self.sync();
        }
        settled(&mut self.syncing).await?;
        self.settle().await?;
        let hasher = self.hasher.take().ok_or_else(broken)?;
        Ok(Finished {
            // From here on the file is that of what is returned.
            path: std::mem::take(&mut self.path),
            digest: hasher.finish(),
            size: self.size,
        })
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.settle().await?;
        if self.batch.is_empty() {
            return Ok(());
        }
        if self.size - self.synced >= AHEAD
            && self.syncing.as_ref().is_none_or(JoinHandle::is_finished)
        {
            settled(&mut self.syncing).await?;
            self.sync();
        }
        let mut hasher = self.hasher.take().ok_or_else(broken)?;
        // Nobody else holds it once it is settled.
        let mut empty = std::mem::take(&mut self.under_way);
        let mut empty = Arc::get_mut(&mut empty)
            .map(std::mem::take)
            .unwrap_or_default();
        empty.clear();
        let batch = Arc::new(std::mem::replace(&mut self.batch, empty));
        self.under_way = Arc::clone(&batch);
        let (file, written) = (Arc::clone(&self.file), Arc::clone(&batch));
        self.writing = Some(spawn_blocking(move || {
            written
                .chunks(PIECE)
                .try_for_each(|piece| (&*file).write_all(piece))
        }));
        self.hashing = Some(spawn_blocking(move || {
            hasher.update(&batch);
            hasher
        }));
        Ok(())
    }

    /// Asks the disk to begin with what was written.
    fn sync(&mut self) {
        let file = Arc::clone(&self.file);
        self.synced = self.size - self.batch.len() as u64;
        self.syncing = Some(spawn_blocking(move || file.sync_data()));
    }

    /// Waits for what is under way.
    async fn settle(&mut self) -> io::Result<()> {
        if let Some(hashing) = &mut self.hashing {
            let hasher = hashing.await;
            self.hashing = None;
            self.hasher = Some(hasher.map_err(io::Error::other)?);
        }
        self.settle_writing().await
    }

    async fn settle_writing(&mut self) -> io::Result<()> {
        let written = settled(&mut self.writing).await;
        if written.is_err() {
            // Nobody can say what is in the file: no digest comes of it.
            self.hasher = None;
        }
        written
    }
}

/// Waits for work that may be under way.
async fn settled(work: &mut Option<JoinHandle<io::Result<()>>>) -> io::Result<()> {
    let Some(handle) = work else {
        return Ok(());
    };
    let done = handle.await;
    *work = None;
    done.map_err(io::Error::other).flatten()
}

impl Drop for Sink {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

impl Finished {
    /// Where the file is, until it is renamed.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Finished {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    if !path.as_os_str().is_empty() {
        // It is renamed when all went well; else the next start sweeps it too.
        let _ = std::fs::remove_file(path);
    }
}

fn broken() -> io::Error {
    io::Error::other("an earlier part of this upload could not be written")
}
