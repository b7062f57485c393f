//! Unpacks an archive over files that are there and in use, as `docker cp`
//! does: directories merge, everything else is replaced, a whiteout is a file
//! like any other.
//!
//! Others may change the tree meanwhile: every parent is resolved by the kernel
//! with the tree's root as the end of the world, and what is created is never
//! followed.

use std::{
    io::{BufReader, Read},
    os::fd::OwnedFd,
    path::PathBuf,
};

use rustix::fs::{AtFlags, FileType, statat};

use super::{ExtractError, Extractor, Limits, Tree, components};
use crate::{
    archive::{ArchiveReader, Entry, Kind},
    compression,
};

/// How an archive is put over what is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MergeOptions {
    /// Refuse to replace a directory by something else, and the reverse.
    pub keep_kinds: bool,
    /// User and group of everything unpacked; else the archive's.
    pub owner: Option<(u32, u32)>,
}

/// Why an archive could not be put over what is there.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// It could not be read or an entry could not be made.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// An entry's name leads out of the directory that it is for.
    #[error("\"{}\" is outside of \"{}\"", .0.display(), .1.display())]
    Outside(PathBuf, PathBuf),
    /// [`MergeOptions::keep_kinds`], and a directory is in the way.
    #[error("cannot overwrite directory \"{}\" with non-directory \"{}\"", .0.display(), .1.display())]
    Directory(PathBuf, PathBuf),
    /// [`MergeOptions::keep_kinds`], and something else is in a directory's way.
    #[error("cannot overwrite non-directory \"{}\" with directory \"{}\"", .0.display(), .1.display())]
    NoDirectory(PathBuf, PathBuf),
}

/// Unpacks a tar archive, plain or compressed, into the directory `into` of the
/// tree `root`. What was unpacked before an error stays.
pub fn merge(
    archive: impl Read + Send,
    root: OwnedFd,
    into: &[u8],
    options: MergeOptions,
) -> Result<(), MergeError> {
    let read_error = |error| MergeError::Extract(ExtractError::Archive(error));
    let (compression, archive) =
        compression::sniff(archive).map_err(|error| read_error(error.into()))?;
    let plain = compression
        .decoder(BufReader::with_capacity(BUFFER, archive))
        .map_err(|error| read_error(error.into()))?;
    let mut archive = ArchiveReader::new(BufReader::with_capacity(BUFFER, plain));
    let into = components(into);
    let mut extractor = Extractor {
        tree: Tree::in_use(root),
        limits: Limits::default(),
        entries: 0,
        size: 0,
        directories: Vec::new(),
        buffer: vec![0; BUFFER],
    };
    while let Some(mut entry) = archive.next_entry().map_err(read_error)? {
        if let Some((user, group)) = options.owner {
            (entry.uid, entry.gid) = (user, group);
        }
        place(&mut extractor, &mut archive, &entry, &into, options)?;
    }
    extractor.set_directory_times();
    Ok(())
}

const BUFFER: usize = 128 << 10;

fn place<R: Read>(
    extractor: &mut Extractor,
    archive: &mut ArchiveReader<R>,
    entry: &Entry,
    into: &[&[u8]],
    options: MergeOptions,
) -> Result<(), MergeError> {
    let shown = |bytes: &[u8]| PathBuf::from(String::from_utf8_lossy(bytes).into_owned());
    let here = || shown(&[b"/", &*into.join(&b'/')].concat());
    extractor.check_limits(entry)?;
    if leads_out(&entry.path) {
        return Err(MergeError::Outside(shown(&entry.path), here()));
    }
    let inside = components(&entry.path);
    let Some(name) = inside.last().copied() else {
        // The directory itself stays as it is.
        return Ok(());
    };
    let path = [into, &inside].concat();
    let above = &path[..path.len() - 1];
    let failed = |source| ExtractError::Entry {
        path: shown(&entry.path),
        source,
    };
    if options.keep_kinds {
        let parent = extractor.tree.parent(above).map_err(failed)?;
        if let Ok(there) = statat(&*parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            let is_directory = FileType::from_raw_mode(there.st_mode) == FileType::Directory;
            let full = || shown(&[b"/", &*path.join(&b'/')].concat());
            match (is_directory, entry.kind == Kind::Directory) {
                (true, false) => return Err(MergeError::Directory(full(), here())),
                (false, true) => return Err(MergeError::NoDirectory(full(), here())),
                _ => {}
            }
        }
    }
    let mut entry = entry.clone();
    if entry.kind == Kind::HardLink {
        // Its target is named from where the archive is unpacked.
        entry.link = [into, &components(&entry.link)].concat().join(&b'/');
    }
    let placed = extractor.entry(archive, &entry, above, name, &path);
    Ok(placed.map_err(failed)?)
}

/// Whether a name climbs above where it starts.
fn leads_out(path: &[u8]) -> bool {
    let mut depth = 0_i64;
    path.split(|byte| *byte == b'/').any(|component| {
        match component {
            b"" | b"." => {}
            b".." => depth -= 1,
            _ => depth += 1,
        }
        depth < 0
    })
}
