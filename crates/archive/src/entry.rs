//! Makes the files that entries of an archive describe, one by one: what
//! unpacking into a container and unpacking a layer have in common. Where an
//! entry belongs, and what becomes of what is there, is theirs to say.
//!
//! The parent is a descriptor, the last component is created and never followed,
//! and what is set on a file is set through a descriptor of that very file.

use std::fs::File;
use std::io::{self, BufRead, Seek as _, SeekFrom, Write as _};
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, Timestamps, fstat, futimens, linkat, makedev, mknodat, openat,
    symlinkat,
};
use rustix::io::Errno;

use crate::metadata::{set_metadata, set_metadata_at, times};
use crate::read::{ArchiveReader, Entry, Kind};
use crate::tree;

/// Zeros that fill this many bytes need not be written: they become a hole.
const PAGE: usize = 4096;

/// How many bytes of directories' paths are remembered at most.
const REMEMBERED: usize = 32 << 20;

/// Makes `name` in `parent` what `entry` says, unless that is a directory or a
/// hard link. If anything is there, this is `EEXIST` and nothing was read.
pub(crate) fn make<R: BufRead>(
    archive: &mut ArchiveReader<R>,
    entry: &Entry,
    parent: &OwnedFd,
    name: &[u8],
) -> io::Result<()> {
    let mode = Mode::RUSR | Mode::WUSR;
    let kind = match entry.kind {
        Kind::File => return file(archive, entry, parent, name),
        Kind::Symlink => {
            symlinkat(entry.link.as_slice(), parent, name)?;
            return set_metadata_at(parent, name, entry);
        }
        Kind::CharDevice => FileType::CharacterDevice,
        Kind::BlockDevice => FileType::BlockDevice,
        Kind::Fifo => FileType::Fifo,
        Kind::Directory | Kind::HardLink => return Err(Errno::INVAL.into()),
    };
    let device = match kind {
        FileType::Fifo => 0,
        _ => makedev(entry.device.0, entry.device.1),
    };
    mknodat(parent, name, kind, mode, device)?;
    set_metadata_at(parent, name, entry)
}

/// Gives the file `old` one more name; what `old` leads to is not followed.
pub(crate) fn link(old: (&OwnedFd, &[u8]), new: (&OwnedFd, &[u8])) -> io::Result<()> {
    Ok(linkat(old.0, old.1, new.0, new.1, AtFlags::empty())?)
}

/// Whether two names are the same one of the same directory.
pub(crate) fn is_same_place(a: (&OwnedFd, &[u8]), b: (&OwnedFd, &[u8])) -> io::Result<bool> {
    if a.1 != b.1 {
        return Ok(false);
    }
    let (a, b) = (fstat(a.0)?, fstat(b.0)?);
    Ok((a.st_dev, a.st_ino) == (b.st_dev, b.st_ino))
}

/// Opens the directory `name` of `parent` and sets everything but its times.
pub(crate) fn furnish(parent: &OwnedFd, name: &[u8], entry: &Entry) -> io::Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    set_metadata(&openat(parent, name, flags, Mode::empty())?, entry)
}

fn file<R: BufRead>(
    archive: &mut ArchiveReader<R>,
    entry: &Entry,
    parent: &OwnedFd,
    name: &[u8],
) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = openat(parent, name, flags, Mode::RUSR | Mode::WUSR)?;
    let mut file = File::from(file);
    let has_holes = match &entry.sparse {
        None => copy(archive, &mut file, entry.size)?,
        Some(regions) => {
            for region in regions {
                file.seek(SeekFrom::Start(region.offset))?;
                copy(archive, &mut file, region.length)?;
            }
            true
        }
    };
    if has_holes {
        file.set_len(entry.size)?;
    }
    let file = OwnedFd::from(file);
    set_metadata(&file, entry)?;
    Ok(futimens(&file, &times(entry))?)
}

/// Copies `length` bytes to where `to` stands; says whether zeros were left out.
fn copy(from: &mut impl BufRead, to: &mut File, length: u64) -> io::Result<bool> {
    let mut left = length;
    let mut has_holes = false;
    while left > 0 {
        let bytes = from.fill_buf()?;
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(most)];
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if bytes.len() >= PAGE && is_zero(bytes) {
            to.seek_relative(i64::try_from(bytes.len()).unwrap_or(i64::MAX))?;
            has_holes = true;
        } else {
            to.write_all(bytes)?;
        }
        let count = bytes.len();
        from.consume(count);
        left -= count as u64;
    }
    Ok(has_holes)
}

fn is_zero(bytes: &[u8]) -> bool {
    // Most files say so with their first bytes.
    let mut pieces = bytes.chunks(64);
    pieces.all(|piece| piece.iter().fold(0, |all, byte| all | byte) == 0)
}

/// Directories whose times are set at the end: filling them changes these.
#[derive(Default)]
pub(crate) struct Directories {
    noted: Vec<(Vec<u8>, Timestamps)>,
    length: usize,
}

impl Directories {
    /// Remembers the directory at `path` from `root`. When there are too many,
    /// those before get their times now.
    pub(crate) fn note(&mut self, root: BorrowedFd<'_>, path: Vec<u8>, entry: &Entry) {
        let length = path.len() + size_of::<(Vec<u8>, Timestamps)>();
        if self.length + length > REMEMBERED {
            self.settle(root);
        }
        self.length += length;
        self.noted.push((path, times(entry)));
    }

    /// Sets the times. A directory that was replaced meanwhile keeps those it
    /// has.
    pub(crate) fn settle(&mut self, root: BorrowedFd<'_>) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        for (path, times) in self.noted.drain(..).rev() {
            if let Ok(directory) = tree::open(root, &path, flags) {
                futimens(&directory, &times).ok();
            }
        }
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn zeros_become_holes_and_stay_zeros() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let size = 1 << 20;
        let mut content = vec![0; size];
        content[0] = 1;
        content[300_000] = 2;
        let mut file = File::create(&path).unwrap();
        let mut reader = io::BufReader::with_capacity(16 << 10, content.as_slice());
        assert!(copy(&mut reader, &mut file, size as u64).unwrap());
        file.set_len(size as u64).unwrap();
        drop(file);
        assert_eq!(std::fs::read(&path).unwrap(), content);
        assert!(std::fs::metadata(&path).unwrap().blocks() * 512 < size as u64 / 4);
        let mut file = File::create(&path).unwrap();
        let mut short = &content[..10];
        copy(&mut short, &mut file, 11).unwrap_err();
    }
}
