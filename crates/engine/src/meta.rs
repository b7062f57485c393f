//! Files of the metadata: the lock on the root, and records that are replaced
//! as a whole.
//!
//! A record is written under another name and renamed, so that a reader sees
//! the old one or the new one whenever the daemon is killed. `Durability`
//! says whether it must also survive a power cut: what a client configured and
//! what it last asked for does (an fsync of such a file costs about 0.3 ms on
//! a virtual disk), what was only observed does not, since nothing runs after
//! a power cut. After one, a record is whole: the new one, or the one before
//! if the directory had not reached the disk.
//!
//! A record that need not survive a power cut changes places with the one
//! before it, which stays beside it: ext4 sends a file to the disk when it is
//! renamed over another one, for 0.6 ms, and leaves it empty after a power cut
//! when it is not. What is found empty is read from the one before.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, FlockOperation, RenameFlags, flock, renameat_with};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, IoContext, Result};

/// What a record must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The death of this process.
    Process,
    /// A power cut as well.
    Power,
}

/// The exclusive lock on a data root. The kernel drops it with the process,
/// however it ends, so a stale one cannot exist.
#[derive(Debug)]
pub(crate) struct RootLock {
    _file: File,
}

impl RootLock {
    /// Takes the lock, or says which process has it.
    pub(crate) fn acquire(root: &Path) -> Result<RootLock> {
        let path = root.join("lock");
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .context(path.display())?;
        if let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if error != rustix::io::Errno::WOULDBLOCK {
                return Err(Error::system(format!("{}: {error}", path.display())));
            }
            let mut holder = String::new();
            file.read_to_string(&mut holder).context(path.display())?;
            return Err(Error::unavailable(format!(
                "{} is in use by the engine with process id {}",
                root.display(),
                holder.trim(),
            )));
        }
        file.set_len(0).context(path.display())?;
        file.rewind().context(path.display())?;
        writeln!(file, "{}", std::process::id()).context(path.display())?;
        Ok(RootLock { _file: file })
    }
}

/// Replaces the record at `path`.
pub(crate) fn write<T: Serialize>(path: &Path, record: &T, durability: Durability) -> Result<()> {
    let bytes = serde_json::to_vec(record).context(path.display())?;
    replace(path, &bytes, durability).context(path.display())
}

/// Reads the record at `path`; `None` when there is none.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    let found = match fs::read(path) {
        Ok(bytes) if bytes.is_empty() => fs::read(staging(path)),
        other => other,
    };
    let bytes = match found {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::system(format!("{}: {error}", path.display()))),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .context(path.display())
}

/// Removes the record at `path`, and the one before it.
pub(crate) fn remove(path: &Path) {
    // What stays only costs room, and is looked at again by the next engine.
    fs::remove_file(path).ok();
    fs::remove_file(staging(path)).ok();
}

/// Moves what cannot be read out of the way, to where a person finds it, and
/// returns that place.
pub(crate) fn quarantine(root: &Path, broken: &Path) -> Result<PathBuf> {
    let dir = root.join("quarantine");
    fs::create_dir_all(&dir).context(dir.display())?;
    let name = broken.file_name().unwrap_or(broken.as_os_str());
    let mut place = dir.join(name);
    let mut number = 1;
    while place.exists() {
        number += 1;
        place = dir.join(format!("{}.{number}", name.to_string_lossy()));
    }
    fs::rename(broken, &place).context(broken.display())?;
    Ok(place)
}

/// How long a record may stay away from the disk that need not be there when
/// its change is answered. A container that is gone by then costs no fsync.
const SETTLING: Duration = Duration::from_millis(200);

/// Makes a record that is written reach the disk soon, in the background.
pub(crate) fn settle(path: PathBuf) {
    tokio::spawn(async move {
        tokio::time::sleep(SETTLING).await;
        tokio::task::spawn_blocking(move || sync(&path)).await.ok();
    });
}

fn sync(path: &Path) {
    match File::open(path).and_then(|file| file.sync_all()) {
        // Removed meanwhile: there is nothing to keep.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => tracing::warn!(path = %path.display(), %error, "not yet on the disk"),
        Ok(()) => {}
    }
}

/// Where a record is written, and where the one before may stay.
fn staging(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn replace(path: &Path, bytes: &[u8], durability: Durability) -> io::Result<()> {
    let staging = staging(path);
    // Not written over: ext4 would send that to the disk at once as well.
    match fs::remove_file(&staging) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .open(&staging)?;
    file.write_all(bytes)?;
    match durability {
        Durability::Power => file.sync_all()?,
        // The first one has nothing to change places with, and not every file
        // system knows how to.
        Durability::Process => {
            if renameat_with(CWD, &staging, CWD, path, RenameFlags::EXCHANGE).is_ok() {
                return Ok(());
            }
        }
    }
    fs::rename(&staging, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_engine_is_told_who_holds_the_root() {
        let root = tempfile::tempdir().expect("a directory");
        let first = RootLock::acquire(root.path()).expect("free");
        let error = RootLock::acquire(root.path()).expect_err("held");
        assert_eq!(
            error.message,
            format!(
                "{} is in use by the engine with process id {}",
                root.path().display(),
                std::process::id()
            )
        );
        drop(first);
        RootLock::acquire(root.path()).expect("free again");
    }

    #[test]
    fn records_are_replaced_as_a_whole() {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("state.json");
        assert_eq!(read::<Vec<u32>>(&path).expect("no error"), None);
        write(&path, &vec![1, 2, 3], Durability::Power).expect("written");
        // A write that died half way leaves the old record in place.
        fs::write(path.with_extension("new"), b"[1,").expect("written");
        assert_eq!(read::<Vec<u32>>(&path).expect("read"), Some(vec![1, 2, 3]));
        write(&path, &vec![4], Durability::Process).expect("written");
        assert_eq!(read::<Vec<u32>>(&path).expect("read"), Some(vec![4]));
        write(&path, &vec![5], Durability::Process).expect("written");
        assert_eq!(read::<Vec<u32>>(&path).expect("read"), Some(vec![5]));
        // What a power cut may leave of a file that had not reached the disk.
        fs::write(&path, b"").expect("emptied");
        assert_eq!(read::<Vec<u32>>(&path).expect("read"), Some(vec![4]));
        write(&path, &vec![6], Durability::Power).expect("written");
        assert_eq!(read::<Vec<u32>>(&path).expect("read"), Some(vec![6]));
        assert!(!path.with_extension("new").exists());
    }

    #[test]
    fn broken_records_are_kept_for_a_person() {
        let root = tempfile::tempdir().expect("a directory");
        for round in 0..2 {
            let broken = root.path().join("abc");
            fs::create_dir(&broken).expect("made");
            let place = quarantine(root.path(), &broken).expect("moved");
            assert!(place.exists() && !broken.exists(), "round {round}");
        }
    }
}
