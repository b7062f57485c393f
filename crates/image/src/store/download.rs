//! Layers on their way from a registry.
//!
//! What comes is written to `downloads/<hex of the digest>` and unpacked in one
//! pass. A download that breaks off leaves its file, the next one goes on where
//! it ended: the part that is here is read and hashed again, so nothing has to
//! be believed. A layer that is complete keeps its file, too, until the image
//! that wanted it is in the store; if that fails, it is not fetched again.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use longshore_oci::digest::{Digest, Hasher};

use super::{Store, disk::Disk};
use crate::{
    error::{At, Error, ErrorKind},
    layer::StagedLayer,
};

/// What nobody has asked for in this time is not kept any longer.
const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long an earlier download of the same layer may take to notice that it
/// was given up.
const HANDOVER: Duration = Duration::from_secs(2);

/// A layer's blob of which nothing, a part or all is here.
pub struct Download {
    place: Place,
    digest: Digest,
    size: u64,
    file: File,
    here: u64,
}

/// The files that are being written to.
#[derive(Default)]
pub(super) struct Places {
    busy: Mutex<BTreeSet<PathBuf>>,
    freed: Condvar,
}

/// The file of a complete download, held until its layer is in place.
pub(crate) struct Kept {
    place: Place,
    plain: bool,
}

impl Kept {
    /// Makes the file a layer's blob, unless that has one.
    pub(super) fn become_blob(&self, blob: &Path) -> Result<(), Error> {
        match self.plain {
            true => fs::remove_file(&self.place.path).at(&self.place.path),
            false => fs::rename(&self.place.path, blob).at(blob),
        }
    }
}

/// A file that is this download's alone.
struct Place {
    store: Store,
    path: PathBuf,
    /// Somebody else writes the file that would be kept.
    temporary: bool,
}

impl Place {
    fn take(store: &Store, digest: &Digest) -> Self {
        let places = &store.inner.downloads;
        let mut path = store.disk().download(digest);
        let busy = places.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut busy, _) = places
            .freed
            .wait_timeout_while(busy, HANDOVER, |busy| busy.contains(&path))
            .unwrap_or_else(PoisonError::into_inner);
        let mut number = 0;
        while !busy.insert(path.clone()) {
            number += 1;
            path = store
                .disk()
                .download(digest)
                .with_extension(number.to_string());
        }
        Self {
            store: store.clone(),
            path,
            temporary: number > 0,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.temporary {
            fs::remove_file(&self.path).ok();
        }
        let places = &self.store.inner.downloads;
        let mut busy = places.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.path);
        places.freed.notify_all();
    }
}

/// Why there is no layer.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The stream broke off; what came of it is kept.
    #[error("{0}")]
    Broken(io::Error),
    /// The bytes are not those that were asked for; they are not kept.
    #[error("filesystem layer verification failed for digest {0}")]
    Digest(Digest),
    /// They cannot be unpacked, or not be kept; they are gone, too.
    #[error(transparent)]
    Layer(#[from] Error),
}

impl Store {
    /// Begins or resumes the download of a layer of `size` bytes.
    pub fn download(&self, digest: &Digest, size: u64) -> Result<Download, Error> {
        if size > self.limits().max_bytes {
            return Err(Error::Invalid(format!(
                "layer {digest} is larger than {} bytes",
                self.limits().max_bytes
            )));
        }
        let place = Place::take(self, digest);
        let path = &place.path;
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(path).at(path)?;
        let mut here = file.metadata().at(path)?.len();
        if here > size {
            file.set_len(0).at(path)?;
            here = 0;
        }
        Ok(Download {
            digest: digest.clone(),
            size,
            file,
            here,
            place,
        })
    }

    /// Forgets what was downloaded of a layer.
    pub fn forget_download(&self, digest: &Digest) {
        fs::remove_file(self.disk().download(digest)).ok();
    }
}

impl Download {
    /// How many bytes are here: where the rest begins.
    pub fn offset(&self) -> u64 {
        self.here
    }

    /// Takes in the rest, which begins at [`Self::offset`], and makes a layer of
    /// the whole.
    pub fn receive(self, rest: impl Read + Send) -> Result<StagedLayer, DownloadError> {
        let Self {
            place,
            digest,
            size,
            file,
            here,
        } = self;
        let (store, path) = (&place.store, &place.path);
        let kept = File::open(path).at(path)?.take(here);
        let mut source = Source {
            kept,
            rest,
            file: BufWriter::with_capacity(64 << 10, file),
            left: size - here,
            broken: None,
            full: None,
        };
        let received = StagedLayer::receive_kept(store.disk(), &mut source, store.limits());
        if let Some(error) = source.broken.take() {
            source.file.flush().ok();
            return Err(DownloadError::Broken(error));
        }
        if let Some(error) = source.full.take() {
            fs::remove_file(path).ok();
            let path = path.clone();
            return Err(Error::Io {
                path,
                source: error,
            }
            .into());
        }
        let error = match received {
            Ok(mut layer) if layer.source == digest => {
                // A plain stream was compressed on its way.
                let plain = layer.source == layer.diff_id;
                layer.kept = Some(Kept { place, plain });
                return Ok(layer);
            }
            Ok(_) => DownloadError::Digest(digest),
            Err(error) if error.kind() == ErrorKind::System => error.into(),
            // Whose fault it is the digest tells: the sender's on the way, or
            // the maker's.
            Err(error) => match source.is(&digest, path) {
                Ok(true) => error.into(),
                Ok(false) => DownloadError::Digest(digest),
                Err(broken) => return Err(DownloadError::Broken(broken)),
            },
        };
        fs::remove_file(path).ok();
        Err(error)
    }
}

/// The kept part, then the rest, which is kept on the way.
struct Source<R> {
    kept: io::Take<File>,
    rest: R,
    file: BufWriter<File>,
    /// What must still come.
    left: u64,
    /// The stream ended in the middle, or failed.
    broken: Option<io::Error>,
    /// What came could not be kept.
    full: Option<io::Error>,
}

impl<R: Read> Source<R> {
    fn fail(&mut self, error: io::Error) -> io::Error {
        let again = io::Error::new(error.kind(), error.to_string());
        self.broken = Some(error);
        again
    }

    /// Takes in what the unpacker left and hashes the file as a whole.
    fn is(mut self, digest: &Digest, path: &Path) -> io::Result<bool> {
        io::copy(&mut self, &mut io::sink())?;
        self.file.flush()?;
        let mut hasher = Hasher::new();
        io::copy(&mut File::open(path)?, &mut hasher)?;
        Ok(hasher.finish() == *digest)
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.kept.read(buffer)?;
        if count > 0 || buffer.is_empty() {
            return Ok(count);
        }
        if self.left == 0 {
            return Ok(0);
        }
        let most = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let count = match self.rest.read(&mut buffer[..most]) {
            Ok(0) => return Err(self.fail(io::ErrorKind::UnexpectedEof.into())),
            Ok(count) => count,
            Err(error) => return Err(self.fail(error)),
        };
        self.left -= count as u64;
        let mut kept = self.file.write_all(&buffer[..count]);
        if self.left == 0 && kept.is_ok() {
            kept = self.file.flush();
        }
        if let Err(error) = kept {
            let again = io::Error::new(error.kind(), error.to_string());
            self.full = Some(error);
            return Err(again);
        }
        Ok(count)
    }
}

/// Drops downloads that nobody went on with.
pub(super) fn sweep(disk: &Disk) -> Result<(), Error> {
    let place = disk.root.join("downloads");
    let now = SystemTime::now();
    for entry in fs::read_dir(&place).at(&place)? {
        let entry = entry.at(&place)?;
        let changed = entry.metadata().and_then(|it| it.modified());
        let old = changed.is_ok_and(|then| now.duration_since(then).is_ok_and(|it| it > KEPT_FOR));
        if old || Digest::from_hex(&entry.file_name().to_string_lossy()).is_err() {
            fs::remove_file(entry.path()).ok();
        }
    }
    Ok(())
}
