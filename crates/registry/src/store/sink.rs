//! A blob on its way to the disk: hashed on one thread, written on another,
//! while the next bytes come in. At most three batches are in memory, so a disk
//! that is slow slows the client down and nothing else.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use longshore_oci::digest::{Digest, Hasher};
use tokio::task::{JoinHandle, spawn_blocking};

/// How much is hashed and written at once: enough that handing it over costs
/// nothing beside it.
const BATCH: usize = 1024 * 1024;

/// Every method may be dropped while it waits; nothing is lost or taken twice.
pub(crate) struct Sink {
    path: PathBuf,
    file: Arc<File>,
    size: u64,
    batch: Vec<Bytes>,
    batched: usize,
    hasher: Option<Hasher>,
    hashing: Option<JoinHandle<Hasher>>,
    writing: Option<JoinHandle<io::Result<()>>>,
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
            batched: 0,
            hasher: Some(Hasher::new()),
            hashing: None,
            writing: None,
        })
    }

    /// How many bytes were taken in.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Takes in the next bytes; waits while two batches are under way.
    pub(crate) async fn push(&mut self, bytes: Bytes) -> io::Result<()> {
        if self.batched >= BATCH {
            self.flush().await?;
        }
        self.size += bytes.len() as u64;
        self.batched += bytes.len();
        self.batch.push(bytes);
        Ok(())
    }

    /// Waits until everything is hashed and on the disk.
    pub(crate) async fn finish(&mut self) -> io::Result<Finished> {
        self.flush().await?;
        // The disk works while the last batch is hashed.
        self.settle_writing().await?;
        let file = Arc::clone(&self.file);
        self.writing = Some(spawn_blocking(move || file.sync_data()));
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
        let mut hasher = self.hasher.take().ok_or_else(broken)?;
        let batch: Arc<[Bytes]> = std::mem::take(&mut self.batch).into();
        self.batched = 0;
        let (file, written) = (Arc::clone(&self.file), Arc::clone(&batch));
        self.writing = Some(spawn_blocking(move || {
            written
                .iter()
                .try_for_each(|bytes| (&*file).write_all(bytes))
        }));
        self.hashing = Some(spawn_blocking(move || {
            batch.iter().for_each(|bytes| hasher.update(bytes));
            hasher
        }));
        Ok(())
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
        let Some(writing) = &mut self.writing else {
            return Ok(());
        };
        let written = writing.await;
        self.writing = None;
        let written = written.map_err(io::Error::other).flatten();
        if written.is_err() {
            // Nobody can say what is in the file: no digest comes of it.
            self.hasher = None;
        }
        written
    }
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
