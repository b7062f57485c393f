//! Copies files from one tree into another: what `COPY` of a Dockerfile does.
//!
//! Rules are those of an archive that is written over what is there: a
//! directory stays a directory, anything else takes the place of what was
//! there, nothing at the end of a path is followed, and files with several
//! names stay one file.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, SeekFrom, Stat, Timespec, Timestamps, Uid, chownat,
    fchmod, fchown, fstat, ftruncate, futimens, linkat, mkdirat, mknodat, openat, readlinkat, seek,
    statat, symlinkat, utimensat,
};
use rustix::io::Errno;

use crate::metadata;
use crate::overlay;
use crate::pack::{join, names};
use crate::read::{Entry, Kind};
use crate::tree;
use crate::unpack::remove;

/// Directories below each other, at most; the kernel's paths have no more.
const DEEPEST: usize = 2048;

/// What the copies have instead of what the originals have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Owner and group; none leaves the originals' own.
    pub owner: Option<(u32, u32)>,
    /// Permissions of files and directories.
    pub mode: Option<u32>,
    /// The originals are a layer as overlayfs keeps it: its whiteouts take away
    /// what is there, and its opaque directories all that was in them.
    pub layer: bool,
}

/// Copies an open file to `name` in the directory `parent`.
pub fn copy_file(
    source: &OwnedFd,
    parent: &OwnedFd,
    name: &[u8],
    options: Options,
) -> io::Result<()> {
    make_room(parent, name, false)?;
    file(source, &fstat(source)?, parent, name, options)
}

/// Makes a file `name` of a text in the directory `parent`, changed now.
pub fn write_file(
    text: &[u8],
    parent: &OwnedFd,
    name: &[u8],
    mode: u32,
    owner: (u32, u32),
) -> io::Result<()> {
    make_room(parent, name, false)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let mut file = File::from(openat(parent, name, flags, Mode::RUSR | Mode::WUSR)?);
    io::Write::write_all(&mut file, text)?;
    fchown(
        &file,
        Some(Uid::from_raw(owner.0)),
        Some(Gid::from_raw(owner.1)),
    )?;
    Ok(fchmod(&file, Mode::from_raw_mode(mode))?)
}

/// Copies all that is in the directory `source` into the directory `target`,
/// which itself stays as it is.
pub fn copy_directory(source: &OwnedFd, target: &OwnedFd, options: Options) -> io::Result<()> {
    let mut copying = Copying {
        options,
        top: target,
        links: HashMap::new(),
        directories: Vec::new(),
    };
    copying.all(source)?;
    copying.finish()
}

struct Copying<'a> {
    options: Options,
    top: &'a OwnedFd,
    /// Below the top, the first copy of each file with several names.
    links: HashMap<(u64, u64), Vec<u8>>,
    /// Times are set at the end: filling a directory changes them.
    directories: Vec<(Vec<u8>, Timestamps)>,
}

impl Copying<'_> {
    /// Holds descriptors of the two directories in work only, however deep the
    /// tree is.
    fn all(&mut self, source: &OwnedFd) -> io::Result<()> {
        let mut ahead = vec![Vec::new()];
        while let Some(path) = ahead.pop() {
            if path.split(|byte| *byte == b'/').count() > DEEPEST {
                return Err(Errno::NAMETOOLONG.into());
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            let here: &[u8] = if path.is_empty() { b"." } else { &path };
            let from = tree::open_plain(source, here, flags)?;
            let to = tree::open_plain(self.top, here, flags)?;
            for name in names(&from)? {
                let stat = match statat(&from, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => stat,
                    Err(Errno::NOENT) => continue,
                    Err(error) => return Err(error.into()),
                };
                if self.options.layer && overlay::is_whiteout(&stat) {
                    remove(&to, &name)?;
                    continue;
                }
                let mut path = path.clone();
                join(&mut path, &name);
                if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                    self.directory(&from, &to, &name, &stat)?;
                    self.directories.push((path.clone(), times(&stat)));
                    ahead.push(path);
                } else {
                    self.other(&from, &to, &name, path, &stat)?;
                }
            }
        }
        Ok(())
    }

    fn directory(&self, from: &OwnedFd, to: &OwnedFd, name: &[u8], stat: &Stat) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let from = tree::open_plain(from, name, flags)?;
        let alone = self.options.layer && overlay::is_opaque(&from);
        make_room(to, name, !alone)?;
        match mkdirat(to, name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let to = tree::open_plain(to, name, flags)?;
        let mut entry = entry(stat, Kind::Directory, self.options);
        entry.xattrs = metadata::xattrs(&from, metadata::xattr_names(&from)?);
        metadata::set_metadata(&to, &entry)
    }

    fn other(
        &mut self,
        from: &OwnedFd,
        to: &OwnedFd,
        name: &[u8],
        path: Vec<u8>,
        stat: &Stat,
    ) -> io::Result<()> {
        make_room(to, name, false)?;
        if stat.st_nlink > 1 {
            let inode = (stat.st_dev, stat.st_ino);
            if let Some(first) = self.links.get(&inode) {
                let first = tree::open_plain(self.top, first, OFlags::PATH | OFlags::NOFOLLOW)?;
                return Ok(linkat(&first, "", to, name, AtFlags::EMPTY_PATH)?);
            }
            self.links.insert(inode, path);
        }
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let source = openat(from, name, flags, Mode::empty())?;
                return file(&source, &fstat(&source)?, to, name, self.options);
            }
            FileType::Symlink => {
                let target = readlinkat(from, name, Vec::new())?;
                symlinkat(target, to, name)?;
                let (uid, gid) = self.options.owner.unwrap_or((stat.st_uid, stat.st_gid));
                chownat(
                    to,
                    name,
                    Some(Uid::from_raw(uid)),
                    Some(Gid::from_raw(gid)),
                    AtFlags::SYMLINK_NOFOLLOW,
                )?;
                return Ok(utimensat(
                    to,
                    name,
                    &times(stat),
                    AtFlags::SYMLINK_NOFOLLOW,
                )?);
            }
            FileType::CharacterDevice => Kind::CharDevice,
            FileType::BlockDevice => Kind::BlockDevice,
            FileType::Fifo => Kind::Fifo,
            // A socket means nothing without the process behind it.
            _ => return Ok(()),
        };
        let file_type = FileType::from_raw_mode(stat.st_mode);
        let mode = Mode::RUSR | Mode::WUSR;
        mknodat(to, name, file_type, mode, stat.st_rdev)?;
        metadata::set_metadata_at(to, name, &entry(stat, kind, self.options))
    }

    fn finish(&self) -> io::Result<()> {
        for (path, times) in self.directories.iter().rev() {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY;
            futimens(&tree::open_plain(self.top, path, flags)?, times)?;
        }
        Ok(())
    }
}

/// Takes away what is in the place of a copy, unless both are directories.
fn make_room(parent: &OwnedFd, name: &[u8], directory: bool) -> io::Result<()> {
    let old = match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => FileType::from_raw_mode(stat.st_mode) == FileType::Directory,
        Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    match old && directory {
        true => Ok(()),
        false => remove(parent, name),
    }
}

fn file(
    source: &OwnedFd,
    stat: &Stat,
    parent: &OwnedFd,
    name: &[u8],
    options: Options,
) -> io::Result<()> {
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let target = openat(parent, name, flags, Mode::RUSR | Mode::WUSR)?;
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    let target = content(source, stat, target, size)?;
    let mut entry = entry(stat, Kind::File, options);
    // A new owner does not get what the old one's set-id bits would give.
    if options.owner.is_some() {
        entry.mode &= !0o6000;
    }
    entry.xattrs = metadata::xattrs(source, metadata::xattr_names(source)?);
    metadata::set_metadata(&target, &entry)?;
    Ok(futimens(&target, &times(stat))?)
}

/// Copies bytes; the kernel shares them where the file system can. Holes stay
/// holes.
fn content(source: &OwnedFd, stat: &Stat, target: OwnedFd, size: u64) -> io::Result<OwnedFd> {
    let mut from = File::from(source.try_clone()?);
    let mut to = File::from(target);
    let sparse = u64::try_from(stat.st_blocks).unwrap_or(0) < size / 512;
    if !sparse {
        seek(&from, SeekFrom::Start(0))?;
        io::copy(&mut from, &mut to)?;
        return Ok(to.into());
    }
    let mut place = 0;
    while place < size {
        let data = match seek(&from, SeekFrom::Data(place)) {
            Ok(data) => data,
            // Nothing but a hole up to the end.
            Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        let end = seek(&from, SeekFrom::Hole(data))?;
        seek(&from, SeekFrom::Start(data))?;
        seek(&to, SeekFrom::Start(data))?;
        let mut part = io::Read::take(&mut from, end - data);
        io::copy(&mut part, &mut to)?;
        place = end;
    }
    ftruncate(&to, size)?;
    Ok(to.into())
}

fn entry(stat: &Stat, kind: Kind, options: Options) -> Entry {
    let (uid, gid) = options.owner.unwrap_or((stat.st_uid, stat.st_gid));
    Entry {
        path: Vec::new(),
        link: Vec::new(),
        kind,
        mode: options.mode.unwrap_or(stat.st_mode) & 0o7777,
        uid,
        gid,
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

fn times(stat: &Stat) -> Timestamps {
    let time = Timespec {
        tv_sec: stat.st_mtime,
        tv_nsec: i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}
