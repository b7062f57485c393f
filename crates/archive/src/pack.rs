//! Makes an archive of a file or a directory with all that is below it, sorted
//! by name as dockerd's.
//!
//! What is packed may change meanwhile. Names that vanish are left out, a file
//! keeps the size it had when it was opened: one that shrinks is filled up with
//! zeros, one that grows is cut.

use std::collections::HashMap;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::vec;

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, SeekFrom, Stat, major, minor, openat, readlinkat, seek,
    statat,
};
use rustix::io::Errno;

use crate::metadata;
use crate::overlay;
use crate::read::{Entry, Kind};
use crate::tree::{self, Wanted};
use crate::write::ArchiveWriter;

/// How much of a file is read at a time, in bytes.
const CHUNK: usize = 256 << 10;

/// Directories on the way down whose descriptors are kept; those further up are
/// opened again on the way back.
const KEPT_OPEN: usize = 64;

/// The longest path that is packed, in bytes, as the kernel's own.
const LONGEST_PATH: usize = 4096;

/// Changes a file's owner and group to those that the archive shows.
pub type Ids<'a> = &'a dyn Fn(u32, u32) -> (u32, u32);

/// Writes what is at `wanted` below `root` to `out`. Entries are named after
/// the last name of the path; for `/`, `.` and the whole root see
/// [`pack_all`].
pub fn pack<W: Write>(
    root: BorrowedFd<'_>,
    wanted: &Wanted,
    ids: Ids<'_>,
    out: W,
) -> io::Result<()> {
    let top = wanted.open(root)?;
    let stat = tree::stat(&top)?;
    let mut packing = Packing::new(out, ids);
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let top = tree::open_plain(&top, b".", flags)?;
        packing.directory(&wanted.name, &top, &stat)?;
        packing.below(&top, wanted.name.clone())?;
    } else {
        // By its own name again, since content cannot be read through O_PATH.
        let names = tree::components(&wanted.path);
        let Some((last, above)) = names.split_last() else {
            return Err(Errno::ISDIR.into());
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let parent = tree::open(root, &above.join(&b'/'), flags)?;
        let stat = statat(&parent, *last, AtFlags::SYMLINK_NOFOLLOW)?;
        packing.file(&parent, last, &wanted.name, &stat)?;
    }
    packing.finish()
}

/// Writes everything below `root` to `out`, without an entry for the root
/// itself: `bin/`, `bin/sh`, ….
pub fn pack_all<W: Write>(root: BorrowedFd<'_>, ids: Ids<'_>, out: W) -> io::Result<()> {
    let top = tree::open_plain(root, b".", OFlags::RDONLY | OFlags::DIRECTORY)?;
    let mut packing = Packing::new(out, ids);
    packing.below(&top, Vec::new())?;
    packing.finish()
}

/// What happens to the files of a layer that is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerUse {
    /// They belong to a container, which may be running.
    Shared,
    /// Nobody else has them, and they become the layer's own: what the archive
    /// cannot say is taken away from them.
    Own,
}

/// Writes the layer `root`, the upper directory of an overlay, to `out`: like
/// [`pack_all`], with whiteouts as archives have them. Returns the sum of the
/// lengths of files and symbolic links in bytes.
pub fn pack_layer<W: Write>(root: BorrowedFd<'_>, usage: LayerUse, out: W) -> io::Result<u64> {
    let top = tree::open_plain(root, b".", OFlags::RDONLY | OFlags::DIRECTORY)?;
    let mut packing = Packing::new(out, &|uid, gid| (uid, gid));
    packing.layer = Some(usage);
    packing.attributes(&top)?;
    packing.below(&top, Vec::new())?;
    let size = packing.size;
    packing.finish()?;
    Ok(size)
}

struct Packing<'a, W> {
    archive: ArchiveWriter<W>,
    ids: Ids<'a>,
    /// The first name of each file with several.
    links: HashMap<(u64, u64), Vec<u8>>,
    buffer: Vec<u8>,
    /// Whether it is a layer in overlay's form.
    layer: Option<LayerUse>,
    /// The lengths of files and symbolic links so far.
    size: u64,
}

/// A directory on the way down.
struct Level {
    /// Open, unless the way down is long.
    directory: Option<OwnedFd>,
    names: vec::IntoIter<Vec<u8>>,
    /// Lengths of the directory's path below the top, and in the archive.
    path: usize,
    shown: usize,
}

impl<'a, W: Write> Packing<'a, W> {
    fn new(out: W, ids: Ids<'a>) -> Self {
        Self {
            archive: ArchiveWriter::new(out),
            ids,
            links: HashMap::new(),
            buffer: vec![0; CHUNK],
            layer: None,
            size: 0,
        }
    }

    fn finish(self) -> io::Result<()> {
        self.archive.finish().map(drop)
    }

    /// Packs what is below `top`, whose name in the archive is `shown`. Holds
    /// no stack frame per level: depth is up to whoever made the tree.
    fn below(&mut self, top: &OwnedFd, mut shown: Vec<u8>) -> io::Result<()> {
        let mut path = Vec::new();
        let mut levels = vec![Level {
            directory: Some(top.try_clone()?),
            names: names(top)?.into_iter(),
            path: 0,
            shown: shown.len(),
        }];
        while let Some(level) = levels.last_mut() {
            path.truncate(level.path);
            shown.truncate(level.shown);
            let Some(name) = level.names.next() else {
                levels.pop();
                continue;
            };
            if level.directory.is_none() {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY;
                match tree::open_plain(top, &path, flags) {
                    Ok(directory) => level.directory = Some(directory),
                    Err(error) if vanished(&error) => {
                        levels.pop();
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            let Some(directory) = &level.directory else {
                continue;
            };
            let stat = match statat(directory, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(error.into()),
            };
            join(&mut path, &name);
            join(&mut shown, &name);
            if shown.len() > LONGEST_PATH || path.len() >= LONGEST_PATH {
                return Err(Errno::NAMETOOLONG.into());
            }
            if self.layer.is_some() && self.hidden(directory, &name, &shown, &stat)? {
                continue;
            }
            if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
                self.file(directory, &name, &shown, &stat)?;
                continue;
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            let next = match tree::open_plain(directory, &name, flags) {
                Ok(next) => next,
                Err(error) if vanished(&error) => continue,
                Err(error) => return Err(error),
            };
            self.directory(&shown, &next, &stat)?;
            let names = names(&next)?.into_iter();
            levels.push(Level {
                directory: Some(next),
                names,
                path: path.len(),
                shown: shown.len(),
            });
            if let Some(above) = levels.len().checked_sub(KEPT_OPEN) {
                levels[above].directory = None;
            }
        }
        Ok(())
    }

    fn directory(&mut self, shown: &[u8], directory: &OwnedFd, stat: &Stat) -> io::Result<()> {
        let mut entry = self.entry(shown, Kind::Directory, stat);
        if !entry.path.ends_with(b"/") {
            entry.path.push(b'/');
        }
        entry.xattrs = self.attributes(directory)?;
        self.archive.entry(&entry)?;
        if self.layer.is_some() && overlay::is_opaque(directory) {
            let name = [entry.path.as_slice(), overlay::OPAQUE].concat();
            self.whiteout(name, stat)?;
        }
        Ok(())
    }

    /// Anything that is no directory.
    fn file(&mut self, parent: &OwnedFd, name: &[u8], shown: &[u8], stat: &Stat) -> io::Result<()> {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Symlink => Kind::Symlink,
            FileType::CharacterDevice => Kind::CharDevice,
            FileType::BlockDevice => Kind::BlockDevice,
            FileType::Fifo => Kind::Fifo,
            // A socket means nothing without the process behind it.
            _ => return self.left_out(parent, name),
        };
        if self.layer == Some(LayerUse::Own) && kind != Kind::File {
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            metadata::strip_at(&openat(parent, name, flags, Mode::empty())?)?;
        }
        if stat.st_nlink > 1 {
            let inode = (stat.st_dev, stat.st_ino);
            if let Some(first) = self.links.get(&inode) {
                let mut entry = self.entry(shown, Kind::HardLink, stat);
                entry.link.clone_from(first);
                return self.archive.entry(&entry);
            }
            self.links.insert(inode, shown.to_vec());
        }
        let mut entry = self.entry(shown, kind, stat);
        match kind {
            Kind::File => return self.content(parent, name, entry),
            Kind::Symlink => match readlinkat(parent, name, Vec::new()) {
                Ok(target) => {
                    entry.link = target.into_bytes();
                    self.size = self.size.saturating_add(entry.link.len() as u64);
                }
                Err(Errno::NOENT | Errno::INVAL) => return Ok(()),
                Err(error) => return Err(error.into()),
            },
            Kind::CharDevice | Kind::BlockDevice => {
                entry.device = (major(stat.st_rdev), minor(stat.st_rdev));
            }
            _ => {}
        }
        self.archive.entry(&entry)
    }

    fn content(&mut self, parent: &OwnedFd, name: &[u8], mut entry: Entry) -> io::Result<()> {
        // Without waiting, should it be a pipe by now.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match openat(parent, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::LOOP | Errno::NXIO) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let stat = rustix::fs::fstat(&file)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Ok(());
        }
        entry.size = u64::try_from(stat.st_size).unwrap_or(0);
        entry.xattrs = self.attributes(&file)?;
        self.size = self.size.saturating_add(entry.size);
        self.archive.entry(&entry)?;
        // Blocks are counted in 512 bytes; fewer than the size needs are holes.
        let sparse = u64::try_from(stat.st_blocks).unwrap_or(0) < entry.size / 512;
        let mut place = 0;
        while place < entry.size {
            if sparse {
                let data = match seek(&file, SeekFrom::Data(place)) {
                    Ok(data) => data.min(entry.size),
                    // Nothing but a hole up to the end.
                    Err(Errno::NXIO) => entry.size,
                    Err(_) => place,
                };
                self.zeros(data - place)?;
                place = data;
            }
            let left = usize::try_from(entry.size - place).unwrap_or(usize::MAX);
            let most = left.min(CHUNK);
            if most == 0 {
                break;
            }
            let count = match rustix::io::pread(&file, &mut self.buffer[..most], place) {
                Err(Errno::INTR) => continue,
                other => other?,
            };
            if count == 0 {
                self.zeros(entry.size - place)?;
                break;
            }
            self.archive.write_all(&self.buffer[..count])?;
            place += count as u64;
        }
        Ok(())
    }

    /// Says what a layer hides; false for what is a file like any other.
    fn hidden(
        &mut self,
        parent: &OwnedFd,
        name: &[u8],
        shown: &[u8],
        stat: &Stat,
    ) -> io::Result<bool> {
        if overlay::is_whiteout(stat) {
            let above = shown.len() - name.len();
            let name = [&shown[..above], overlay::WHITEOUT, &shown[above..]].concat();
            self.whiteout(name, stat)?;
        } else if name.starts_with(overlay::WHITEOUT) {
            // In an archive the name of a whiteout can be nothing else.
            self.left_out(parent, name)?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn whiteout(&mut self, path: Vec<u8>, stat: &Stat) -> io::Result<()> {
        let mut entry = self.entry(&path, Kind::File, stat);
        (entry.mode, entry.mtime) = (0o600, (0, 0));
        self.archive.entry(&entry)
    }

    /// What no archive can hold is not in a layer either.
    fn left_out(&self, parent: &OwnedFd, name: &[u8]) -> io::Result<()> {
        if self.layer != Some(LayerUse::Own) {
            return Ok(());
        }
        let stat = tree::stat(parent)?;
        crate::unpack::remove(parent, name)?;
        let time = rustix::fs::Timespec {
            tv_sec: stat.st_mtime,
            tv_nsec: i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
        };
        let times = rustix::fs::Timestamps {
            last_access: time,
            last_modification: time,
        };
        Ok(rustix::fs::futimens(parent, &times)?)
    }

    /// The attributes that go into the archive; a layer's own files lose the
    /// others.
    fn attributes(&self, file: &OwnedFd) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let names = metadata::xattr_names(file)?;
        if self.layer.is_some() && names.iter().any(|name| overlay::refers(name)) {
            let text = "the layer refers to files of the layers below it";
            return Err(io::Error::new(io::ErrorKind::Unsupported, text));
        }
        if self.layer == Some(LayerUse::Own) {
            metadata::strip(file, &names)?;
        }
        Ok(metadata::xattrs(file, names))
    }

    fn zeros(&mut self, count: u64) -> io::Result<()> {
        self.buffer.fill(0);
        let mut left = count;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK);
            self.archive.write_all(&self.buffer[..most])?;
            left -= most as u64;
        }
        Ok(())
    }

    fn entry(&self, shown: &[u8], kind: Kind, stat: &Stat) -> Entry {
        let (uid, gid) = (self.ids)(stat.st_uid, stat.st_gid);
        Entry {
            path: shown.to_vec(),
            link: Vec::new(),
            kind,
            // With the type's bits, as Go's archiver writes it.
            mode: stat.st_mode,
            uid,
            gid,
            size: 0,
            mtime: (stat.st_mtime, 0),
            device: (0, 0),
            xattrs: Vec::new(),
            sparse: None,
        }
    }
}

/// The names in a directory, sorted.
pub(crate) fn names(directory: impl AsFd) -> io::Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            names.push(name.to_vec());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// Adds a name to a path.
pub(crate) fn join(path: &mut Vec<u8>, name: &[u8]) {
    if !path.is_empty() && !path.ends_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(name);
}

/// Whether a directory is gone, or is none any more.
fn vanished(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP)
    )
}
