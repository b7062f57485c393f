//! What a container changed: its layer compared with those below, without
//! reading any file.
//!
//! dockerd's rules: a name of the layer is new, or a change of what is below; a
//! whiteout or a directory that hides what is below is a deletion; a directory
//! that only holds changes and is otherwise as before is shown as changed for
//! their sake.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat, fgetxattr, openat, statat};
use rustix::io::Errno;

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is there as before, but not the same.
    Modified,
    /// It is new.
    Added,
    /// It is gone.
    Deleted,
}

/// A path that a container changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Absolute.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
}

/// The changes that `upper` makes to `lower` (topmost first), parents before
/// what is in them, names in order.
pub(crate) fn changes(upper: &PathBuf, lower: &[PathBuf]) -> io::Result<Vec<Change>> {
    let open = |path: &PathBuf| Ok(openat(rustix::fs::CWD, path, DIRECTORY, Mode::empty())?);
    let below = lower.iter().map(open).collect::<io::Result<Vec<_>>>()?;
    let mut found = Vec::new();
    walk(&open(upper)?, &below, b"", &mut found)?;
    Ok(found)
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Collects the changes of one directory. Answers whether something directly in
/// it was added or deleted.
fn walk(
    upper: &OwnedFd,
    below: &[OwnedFd],
    path: &[u8],
    found: &mut Vec<Change>,
) -> io::Result<bool> {
    let mut telling = false;
    for name in names(upper)? {
        let name = OsStr::from_bytes(&name);
        let path = [path, b"/", name.as_bytes()].concat();
        let stat = match statat(upper, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            // A container that runs may take it away meanwhile.
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(error.into()),
        };
        let mut change = |kind| {
            let path = String::from_utf8_lossy(&path).into_owned();
            found.push(Change { path, kind });
        };
        if is_whiteout(&stat) {
            change(ChangeKind::Deleted);
            telling = true;
            continue;
        }
        let before = topmost(below, name)?;
        if !is_directory(&stat) {
            match before {
                Some(_) => change(ChangeKind::Modified),
                None => {
                    change(ChangeKind::Added);
                    telling = true;
                }
            }
            continue;
        }
        let directory = match openat(upper, name, DIRECTORY, Mode::empty()) {
            Ok(directory) => directory,
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => continue,
            Err(error) => return Err(error.into()),
        };
        let place = found.len();
        let kind = match before {
            _ if is_opaque(&directory) && before.is_some() => Some(ChangeKind::Deleted),
            None => Some(ChangeKind::Added),
            Some(before) if looks_alike(&stat, &before) => None,
            Some(_) => Some(ChangeKind::Modified),
        };
        let inside = match before {
            Some(_) => merged_below(below, name)?,
            None => Vec::new(),
        };
        let told = walk(&directory, &inside, &path, found)?;
        let shown = kind.or(told.then_some(ChangeKind::Modified));
        if let Some(kind) = shown {
            let path = String::from_utf8_lossy(&path).into_owned();
            found.insert(place, Change { path, kind });
        }
        telling |= matches!(kind, Some(ChangeKind::Added | ChangeKind::Deleted));
    }
    Ok(telling)
}

fn names(directory: &OwnedFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") {
            names.push(name.to_vec());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// What the layers below show under a name.
fn topmost(below: &[OwnedFd], name: &OsStr) -> io::Result<Option<Stat>> {
    for layer in below {
        match statat(layer, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if is_whiteout(&stat) => return Ok(None),
            Ok(stat) => return Ok(Some(stat)),
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// The directories that merge under a name: down to the first that hides the
/// others, or to something else.
fn merged_below(below: &[OwnedFd], name: &OsStr) -> io::Result<Vec<OwnedFd>> {
    let mut merged = Vec::new();
    for layer in below {
        match openat(layer, name, DIRECTORY, Mode::empty()) {
            Ok(directory) => {
                let opaque = is_opaque(&directory);
                merged.push(directory);
                if opaque {
                    break;
                }
            }
            Err(Errno::NOENT) => {}
            Err(Errno::NOTDIR | Errno::LOOP) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(merged)
}

/// Making a directory's copy in the upper layer changes nothing that is seen.
fn looks_alike(now: &Stat, before: &Stat) -> bool {
    is_directory(before)
        && now.st_mode == before.st_mode
        && now.st_mtime == before.st_mtime
        && (now.st_mtime_nsec == before.st_mtime_nsec
            || now.st_mtime_nsec == 0
            || before.st_mtime_nsec == 0)
}

fn is_directory(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}

fn is_opaque(directory: impl AsFd) -> bool {
    let mut value = [0; 1];
    matches!(
        fgetxattr(directory, "trusted.overlay.opaque", &mut value[..]),
        Ok(1) if value == *b"y"
    )
}
