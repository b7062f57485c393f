//! Files of the store: where they are, and how they change atomically.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::{Serialize, de::DeserializeOwned};

use super::trash::Trash;
use crate::{
    error::{At, Error},
    spread,
};
use longshore_oci::digest::{ChainId, Digest, ImageId};

/// Kept free so that the index can be replaced, and hence images be deleted,
/// when the disk is full.
const RESERVE: u64 = 1 << 20;

/// The directories under the root.
pub(crate) struct Disk {
    pub(crate) root: PathBuf,
    pub(crate) trash: Arc<Trash>,
    staged: AtomicU64,
}

/// A private directory for what is not yet visible; goes to the trash unless
/// its content was moved away.
pub(crate) struct Staging {
    pub(crate) path: PathBuf,
    trash: Arc<Trash>,
}

impl Disk {
    /// Makes the directories that are missing and opens the trash.
    pub(crate) fn open(root: &Path) -> Result<Self, Error> {
        for name in [
            "",
            "configs",
            "layers",
            "containers",
            "downloads",
            "staging",
            "trash",
            "quarantine",
        ] {
            let path = root.join(name);
            // Layers may hold set-uid programs; nobody but root walks in here.
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&path)
                .at(&path)?;
        }
        for name in ["containers", "downloads", "staging"] {
            spread(&root.join(name));
        }
        let bin = root.join("trash");
        let disk = Self {
            root: root.to_owned(),
            trash: Arc::new(Trash::open(&bin).at(&bin)?),
            staged: AtomicU64::new(0),
        };
        let staging = root.join("staging");
        for entry in fs::read_dir(&staging).at(&staging)? {
            let path = entry.at(&staging)?.path();
            disk.trash.discard(&path).at(&path)?;
        }
        disk.refill_reserve();
        Ok(disk)
    }

    pub(crate) fn index(&self) -> PathBuf {
        self.root.join("index.json")
    }

    pub(crate) fn previous_index(&self) -> PathBuf {
        self.root.join("index.json.previous")
    }

    pub(crate) fn config(&self, id: &ImageId) -> PathBuf {
        self.root.join("configs").join(id.hex())
    }

    pub(crate) fn layer(&self, chain: &ChainId) -> PathBuf {
        self.root.join("layers").join(chain.hex())
    }

    /// What has come so far of a layer that is being downloaded.
    pub(crate) fn download(&self, digest: &Digest) -> PathBuf {
        self.root.join("downloads").join(digest.hex())
    }

    pub(crate) fn containers(&self) -> PathBuf {
        self.root.join("containers")
    }

    /// A new, empty staging directory.
    pub(crate) fn stage(&self) -> Result<Staging, Error> {
        let number = self.staged.fetch_add(1, Ordering::Relaxed);
        // Of names that come back ext4 would make the same place.
        let name = format!("{}-{number}", std::process::id());
        let path = self.root.join("staging").join(name);
        fs::create_dir(&path).at(&path)?;
        Ok(Staging {
            path,
            trash: self.trash.clone(),
        })
    }

    /// Replaces the index; the one before stays readable beside it.
    pub(crate) fn replace_index(&self, index: &impl Serialize) -> Result<(), Error> {
        let (path, previous) = (self.index(), self.previous_index());
        let link = previous.with_extension("new");
        fs::remove_file(&link).ok();
        match fs::hard_link(&path, &link) {
            Ok(()) => fs::rename(&link, &previous).at(&previous)?,
            // After a start without a usable index the older one stays.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).at(&link),
        }
        match write_json(&path, index) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::StorageFull => {
                fs::remove_file(self.reserve()).ok();
                write_json(&path, index)
            }
            result => result,
        }
    }

    /// Called when space may have become free.
    pub(crate) fn refill_reserve(&self) {
        let path = self.reserve();
        if path.exists() {
            return;
        }
        let fill = || -> io::Result<()> {
            let file = File::create(&path)?;
            rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, RESERVE)?;
            Ok(())
        };
        if fill().is_err() {
            // Without room for a reserve there is none; half of one is no use.
            fs::remove_file(&path).ok();
        }
    }

    fn reserve(&self) -> PathBuf {
        self.root.join("reserve")
    }

    /// Keeps a record that could not be used, with the reason beside it.
    pub(crate) fn quarantine(&self, name: &str, subject: &str, reason: &str, file: Option<&Path>) {
        let place = self.root.join("quarantine");
        if let Some(file) = file {
            fs::rename(file, place.join(name)).ok();
        }
        let note = serde_json::json!({ "format": 1, "subject": subject, "reason": reason });
        // Failing to keep a note must not keep the rest from starting.
        write_json(&place.join(format!("{name}.reason.json")), &note).ok();
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.trash.discard(&self.path).ok();
    }
}

/// Reads a JSON record; `None` if there is no such file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).at(path),
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(io::Error::from)
            .at(path),
    }
}

/// Replaces a JSON record atomically and durably.
pub(crate) fn write_json(path: &Path, record: &impl Serialize) -> Result<(), Error> {
    let bytes = serde_json::to_vec(record)
        .map_err(io::Error::from)
        .at(path)?;
    write_durably(path, &bytes)
}

/// Writes a file that is not there yet, as a whole; it need not be on the disk
/// when this returns.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace(path, bytes, false)
}

/// Writes beside `path`, syncs, renames, syncs the directory.
pub(crate) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace(path, bytes, true)?;
    sync_directory(path.parent().unwrap_or(Path::new("/")))
}

fn replace(path: &Path, bytes: &[u8], durable: bool) -> Result<(), Error> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let write = || {
        let mut file = File::create(&temporary)?;
        file.write_all(bytes)?;
        if durable {
            file.sync_all()?;
        }
        fs::rename(&temporary, path)
    };
    write().map_err(|error| {
        fs::remove_file(&temporary).ok();
        Error::Io {
            path: path.to_owned(),
            source: error,
        }
    })
}

/// Makes renames in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> Result<(), Error> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .at(path)
}
