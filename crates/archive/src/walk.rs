//! What is in a tree: looked up by a path, listed, and read file by file.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use rustix::io::Errno;

use crate::metadata;
use crate::pack::{join, names};
use crate::read::{Entry, Kind};
use crate::tree;

/// Something in a tree that was looked up, links followed.
#[derive(Debug)]
pub enum Found {
    /// A directory, opened.
    Directory(OwnedFd),
    /// A file, opened for reading.
    File(OwnedFd),
    /// A device, a pipe or a socket: nothing with a content of its own.
    Special,
}

/// Looks up `path` below `root`; links are followed and lead to places below
/// the root.
pub fn find(root: BorrowedFd<'_>, path: &[u8]) -> io::Result<Found> {
    let place = tree::open(root, path, OFlags::PATH)?;
    let kind = FileType::from_raw_mode(tree::stat(&place)?.st_mode);
    // Again for reading, without waiting should it be a pipe by now.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    match kind {
        FileType::Directory => {
            tree::open(root, path, flags | OFlags::DIRECTORY).map(Found::Directory)
        }
        FileType::RegularFile => {
            let file = tree::open(root, path, flags)?;
            match FileType::from_raw_mode(fstat(&file)?.st_mode) {
                FileType::RegularFile => Ok(Found::File(file)),
                _ => Ok(Found::Special),
            }
        }
        _ => Ok(Found::Special),
    }
}

/// The names in the directory `path` below `root`, sorted, and whether each is
/// a directory itself. No name on the way may be a link.
pub fn list(root: BorrowedFd<'_>, path: &[u8]) -> io::Result<Vec<(Vec<u8>, bool)>> {
    let path = match path {
        b"" => b".",
        path => path,
    };
    let directory = tree::open_plain(root, path, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let mut list = Vec::new();
    for name in names(&directory)? {
        match statat(&directory, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => {
                let kind = FileType::from_raw_mode(stat.st_mode);
                list.push((name, kind == FileType::Directory));
            }
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(list)
}

/// Removes the file, link or directory with all below it at `path` below
/// `root`. Links on the way lead to places below the root.
pub fn remove(root: BorrowedFd<'_>, path: &[u8]) -> io::Result<()> {
    let names = tree::components(path);
    let Some((last, above)) = names.split_last() else {
        return Err(Errno::BUSY.into());
    };
    let parent = tree::open(root, &above.join(&b'/'), OFlags::PATH | OFlags::DIRECTORY)?;
    crate::unpack::remove(&parent, last)
}

/// Says who is visited and lets his content be read.
pub type Visitor<'a> = &'a mut dyn FnMut(&Entry, &mut dyn Read) -> io::Result<()>;

/// Shows a file as an archive would name it `shown`.
pub fn file(file: &OwnedFd, shown: &[u8], visit: Visitor<'_>) -> io::Result<()> {
    let stat = fstat(file)?;
    let mut entry = entry(shown.to_vec(), Kind::File, &stat);
    entry.size = u64::try_from(stat.st_size).unwrap_or(0);
    entry.xattrs = metadata::xattrs(file, metadata::xattr_names(file)?);
    let mut content = File::from(file.try_clone()?);
    rustix::fs::seek(&content, rustix::fs::SeekFrom::Start(0))?;
    visit(&entry, &mut content)
}

/// Shows a directory itself, as an archive would name it `shown`.
pub fn directory(directory: &OwnedFd, shown: &[u8], visit: Visitor<'_>) -> io::Result<()> {
    let mut entry = entry([shown, b"/"].concat(), Kind::Directory, &fstat(directory)?);
    entry.xattrs = metadata::xattrs(directory, metadata::xattr_names(directory)?);
    visit(&entry, &mut io::empty())
}

/// Shows all that is below a directory, each directory before what is in it.
/// `shown` is the name of the directory itself in an archive; it is not shown.
pub fn below(top: &OwnedFd, shown: &[u8], visit: Visitor<'_>) -> io::Result<()> {
    let mut ahead = vec![Vec::new()];
    while let Some(path) = ahead.pop() {
        let here: &[u8] = if path.is_empty() { b"." } else { &path };
        let directory = tree::open_plain(top, here, OFlags::RDONLY | OFlags::DIRECTORY)?;
        for name in names(&directory)? {
            let stat = match statat(&directory, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(error.into()),
            };
            let mut path = path.clone();
            join(&mut path, &name);
            let mut place = shown.to_vec();
            join(&mut place, &path);
            let mut nothing = io::empty();
            let kind = match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => {
                    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK;
                    let flags = flags | OFlags::CLOEXEC;
                    let source = openat(&directory, name.as_slice(), flags, Mode::empty())?;
                    file(&source, &place, visit)?;
                    continue;
                }
                FileType::Directory => {
                    place.push(b'/');
                    let mut entry = entry(place, Kind::Directory, &stat);
                    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
                    let child = tree::open_plain(&directory, &name, flags)?;
                    entry.xattrs = metadata::xattrs(&child, metadata::xattr_names(&child)?);
                    visit(&entry, &mut nothing)?;
                    ahead.push(path);
                    continue;
                }
                FileType::Symlink => Kind::Symlink,
                FileType::CharacterDevice => Kind::CharDevice,
                FileType::BlockDevice => Kind::BlockDevice,
                FileType::Fifo => Kind::Fifo,
                _ => continue,
            };
            let mut entry = entry(place, kind, &stat);
            match kind {
                Kind::Symlink => {
                    entry.link = readlinkat(&directory, name.as_slice(), Vec::new())?.into_bytes();
                }
                Kind::CharDevice | Kind::BlockDevice => {
                    let device = stat.st_rdev;
                    entry.device = (rustix::fs::major(device), rustix::fs::minor(device));
                }
                _ => {}
            }
            visit(&entry, &mut nothing)?;
        }
    }
    Ok(())
}

/// Modes keep the bits of the kind, as Go's archiver writes them.
fn entry(path: Vec<u8>, kind: Kind, stat: &Stat) -> Entry {
    Entry {
        path,
        link: Vec::new(),
        kind,
        mode: stat.st_mode,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: 0,
        mtime: (
            stat.st_mtime,
            u32::try_from(stat.st_mtime_nsec).unwrap_or(0),
        ),
        device: (0, 0),
        xattrs: Vec::new(),
        sparse: None,
    }
}
