//! What a registry keeps, on disk, and how it changes.
//!
//! ```text
//! DATA/lock                                   held by the one who has it open
//!      tmp/                                   what is being written; swept at the start
//!      uploads/<uuid>                         a blob on its way in; swept at the start
//!      blobs/<2 hex>/<64 hex>                 content, by its SHA-256
//!      repositories/<name>/_layers/<hex>      this repository has that blob
//!                         /_manifests/<hex>   … that manifest; its media type
//!                         /_tags/<tag>        a digest
//!                         /_referrers/<subject hex>/<hex>
//!      v1/                                    see [`images`]
//! ```
//!
//! A name becomes visible by a rename, after what it points to: content first,
//! then the link, then the tag. So dying between two steps leaves garbage at
//! most, and never something half. What is written is on the disk before the
//! client hears of it.
//!
//! Everything here blocks, and is called where that is allowed; an upload alone
//! ([`upload`]) is written while it comes in.

pub(crate) mod blobs;
pub(crate) mod gc;
pub(crate) mod images;
pub(crate) mod names;
pub(crate) mod repositories;
pub(crate) mod sink;
pub(crate) mod upload;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};

use upload::Uploads;

/// An open store.
pub(crate) struct Store {
    root: PathBuf,
    uploads: Uploads,
    grace: Duration,
    /// Held shared by what makes or checks references, alone by the collection.
    references: RwLock<()>,
    _lock: File,
}

impl Store {
    /// Opens the store in `root`, made if it is missing, and drops what an
    /// earlier process left unfinished.
    pub(crate) fn open(root: &Path, grace: Duration) -> io::Result<Self> {
        for directory in ["blobs", "repositories"] {
            fs::create_dir_all(root.join(directory))?;
        }
        let lock = File::create(root.join("lock"))?;
        lock.try_lock().map_err(|_| {
            io::Error::new(
                io::ErrorKind::ResourceBusy,
                format!("{} is in use by another registry", root.display()),
            )
        })?;
        for directory in ["tmp", "uploads"] {
            let path = root.join(directory);
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => fs::create_dir(&path)?,
            }
        }
        Ok(Self {
            root: root.to_owned(),
            uploads: Uploads::new(root.join("uploads")),
            grace,
            references: RwLock::new(()),
            _lock: lock,
        })
    }

    /// The blobs that are on their way in.
    pub(crate) fn uploads(&self) -> &Uploads {
        &self.uploads
    }

    /// While it is held, no collection takes anything away.
    fn no_collection(&self) -> RwLockReadGuard<'_, ()> {
        self.references
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn collection(&self) -> RwLockWriteGuard<'_, ()> {
        self.references
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a file whole, or not at all.
    pub(crate) fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let aside = self.root.join("tmp").join(unique()?);
        let written = File::create(&aside).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_data()
        });
        let placed = written.and_then(|()| place(&aside, path));
        if placed.is_err() {
            // The sweep at the next start would find it too.
            let _ = fs::remove_file(&aside);
        }
        placed
    }
}

/// Renames `aside` to `path`, whose directory is made, and makes that last.
fn place(aside: &Path, path: &Path) -> io::Result<()> {
    let directory = parent(path)?;
    make_directory(directory)?;
    fs::rename(aside, path)?;
    sync_directory(directory)
}

/// Makes a directory and those above it, to last.
fn make_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let above = parent(path)?;
    make_directory(above)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_directory(above),
    }
}

fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_data()
}

fn parent(path: &Path) -> io::Result<&Path> {
    path.parent()
        .ok_or_else(|| io::Error::other("a path without a directory"))
}

/// 32 random hexadecimal digits in the shape of a UUID.
pub(crate) fn unique() -> io::Result<String> {
    let mut random = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut random)
        .map_err(|_| io::Error::other("the system gives no random numbers"))?;
    // Version 4, variant 1.
    random[6] = random[6] & 0x0f | 0x40;
    random[8] = random[8] & 0x3f | 0x80;
    let mut text = String::with_capacity(36);
    for (index, byte) in random.iter().enumerate() {
        if [4, 6, 8, 10].contains(&index) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    Ok(text)
}

/// `Ok(None)` where there is nothing by that name.
fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
