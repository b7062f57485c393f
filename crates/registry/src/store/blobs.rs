//! Content, by its digest: manifests, configurations, layers.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use longshore_oci::digest::Digest;

use super::{Store, place, present};

impl Store {
    /// The length of a blob, if it is there.
    pub(crate) fn blob_size(&self, digest: &Digest) -> io::Result<Option<u64>> {
        Ok(present(fs::metadata(self.blob_path(digest)))?.map(|found| found.len()))
    }

    /// A blob to read, with its length.
    pub(crate) fn open_blob(&self, digest: &Digest) -> io::Result<Option<(File, u64)>> {
        let Some(file) = present(File::open(self.blob_path(digest)))? else {
            return Ok(None);
        };
        let size = file.metadata()?.len();
        Ok(Some((file, size)))
    }

    /// A small blob, whole; `limit` is the longest that will do.
    pub(crate) fn read_blob(&self, digest: &Digest, limit: u64) -> io::Result<Option<Vec<u8>>> {
        use std::io::Read as _;
        let Some((file, size)) = self.open_blob(digest)? else {
            return Ok(None);
        };
        if size > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("{digest} has {size} bytes, more than {limit}"),
            ));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Keeps bytes that are in memory.
    pub(super) fn keep(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest::of(bytes);
        let path = self.blob_path(&digest);
        if !path.exists() {
            self.write(&path, bytes)?;
        }
        Ok(digest)
    }

    /// Takes over a file whose digest was computed and whose bytes are on the
    /// disk.
    pub(super) fn adopt(&self, aside: &Path, digest: &Digest) -> io::Result<()> {
        let path = self.blob_path(digest);
        if path.exists() {
            return fs::remove_file(aside);
        }
        place(aside, &path)
    }

    pub(super) fn blobs_path(&self) -> PathBuf {
        self.root.join("blobs")
    }

    pub(super) fn blob_path(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        self.blobs_path().join(&hex[..2]).join(hex)
    }
}
