//! Unpacks a layer's tar stream into a directory, as overlayfs wants it.
//!
//! The stream is hostile: names, links, devices and sizes are whatever its
//! author liked. Three rules keep it inside. Parents are resolved in the tree's
//! root by the kernel (`tree`); last components are created, never followed;
//! and metadata is set through the descriptor of what was just created. The
//! directory itself must be private until extraction is over.
//!
//! Whiteouts (OCI image layer specification 1.0) become what overlayfs knows:
//! `.wh.NAME` a character device 0:0, `.wh..wh..opq` an extended attribute.

mod tree;

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{
        AtFlags, FileType, Mode, OFlags, Timestamps, futimens, linkat, makedev, mknodat, openat,
        symlinkat,
    },
    io::Errno,
};

use longshore_archive::metadata::{set_metadata, set_metadata_at, times};
use longshore_archive::read::{ArchiveError, ArchiveReader, Entry, Kind};
use tree::Tree;

/// The prefix of whiteouts, and the name that hides a whole directory.
const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
const RESERVED: &[u8] = b".wh..wh.";

/// What one layer may take at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The number of its entries.
    pub max_entries: u64,
    /// The length of its uncompressed stream in bytes.
    pub max_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_entries: 2_000_000,
            max_bytes: 256 << 30,
        }
    }
}

/// Why a layer could not be unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// The stream is no valid archive, or it ended early.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// An entry could not be created.
    #[error("{path}: {source}", path = path.display())]
    Entry {
        /// The entry's name in the archive.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The name of a whiteout names nothing that could be hidden.
    #[error("{}: invalid whiteout", .0.display())]
    Whiteout(PathBuf),
    /// The archive has more entries than [`Limits::max_entries`].
    #[error("the layer has more than {0} entries")]
    TooManyEntries(u64),
    /// A file is larger than [`Limits::max_bytes`], holes included.
    #[error("{path} is larger than {limit} bytes", path = path.display())]
    TooLarge {
        /// The entry's name in the archive.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
}

/// Unpacks the archive into the empty directory `root`, using the empty
/// directory `discard` beside it for what later entries replace. Returns the
/// sum of the lengths of files and symbolic links in bytes.
///
/// The archive's end may come before the stream's; the caller reads on.
pub(crate) fn extract<R: Read>(
    archive: &mut ArchiveReader<R>,
    root: &Path,
    discard: &Path,
    limits: Limits,
) -> Result<u64, ExtractError> {
    let root_error = |source| ExtractError::Entry {
        path: root.to_owned(),
        source,
    };
    let tree = Tree::open(root, discard).map_err(root_error)?;
    let mut extractor = Extractor {
        tree,
        limits,
        entries: 0,
        size: 0,
        directories: Vec::new(),
        buffer: vec![0; 128 << 10],
    };
    while let Some(entry) = archive.next_entry()? {
        extractor.place(archive, &entry)?;
    }
    extractor.set_directory_times();
    Ok(extractor.size)
}

struct Extractor {
    tree: Tree,
    limits: Limits,
    entries: u64,
    size: u64,
    /// Directories whose times are set at the end: filling them changes these.
    directories: Vec<(Vec<u8>, Timestamps)>,
    buffer: Vec<u8>,
}

impl Extractor {
    fn place<R: Read>(
        &mut self,
        archive: &mut ArchiveReader<R>,
        entry: &Entry,
    ) -> Result<(), ExtractError> {
        let path = || PathBuf::from(String::from_utf8_lossy(&entry.path).into_owned());
        self.entries += 1;
        if self.entries > self.limits.max_entries {
            return Err(ExtractError::TooManyEntries(self.limits.max_entries));
        }
        if entry.size > self.limits.max_bytes {
            return Err(ExtractError::TooLarge {
                path: path(),
                limit: self.limits.max_bytes,
            });
        }
        let components = components(&entry.path);
        let result = match components.split_last() {
            None => self.root(entry),
            Some((name, above)) if name.starts_with(WHITEOUT) => {
                let hidden = &name[WHITEOUT.len()..];
                if matches!(hidden, b"" | b"." | b"..") {
                    return Err(ExtractError::Whiteout(path()));
                }
                self.whiteout(above, name, hidden)
            }
            Some((name, above)) => self.entry(archive, entry, above, name, &components),
        };
        result.map_err(|source| ExtractError::Entry {
            path: path(),
            source,
        })
    }

    /// The entry of the layer's own root directory.
    fn root(&mut self, entry: &Entry) -> io::Result<()> {
        if entry.kind == Kind::Directory {
            let root = self.tree.existing(&[], OFlags::RDONLY)?;
            set_metadata(&root, entry)?;
            self.directories.push((Vec::new(), times(entry)));
        }
        Ok(())
    }

    fn whiteout(&mut self, above: &[&[u8]], name: &[u8], hidden: &[u8]) -> io::Result<()> {
        let parent = self.tree.parent(above)?;
        if name == OPAQUE {
            self.tree.opaque(above)
        } else if name.starts_with(RESERVED) {
            // Bookkeeping of aufs, which old engines left in layers.
            Ok(())
        } else {
            self.tree.whiteout(&parent, hidden)
        }
    }

    fn entry<R: Read>(
        &mut self,
        archive: &mut ArchiveReader<R>,
        entry: &Entry,
        above: &[&[u8]],
        name: &[u8],
        path: &[&[u8]],
    ) -> io::Result<()> {
        let parent = self.tree.parent(above)?;
        match entry.kind {
            Kind::Directory => {
                let directory = self.tree.directory(&parent, name)?;
                set_metadata(&directory, entry)?;
                self.directories.push((path.join(&b'/'), times(entry)));
            }
            Kind::File => self.file(archive, entry, &parent, name)?,
            Kind::HardLink => self.hard_link(entry, &parent, name)?,
            Kind::Symlink => {
                let link = entry.link.as_slice();
                self.tree
                    .replace(&parent, name, || symlinkat(link, &*parent, name))?;
                set_metadata_at(&parent, name, entry)?;
                // As dockerd, which adds up what the kernel calls the size.
                self.size = self.size.saturating_add(link.len() as u64);
            }
            Kind::CharDevice => self.node(entry, FileType::CharacterDevice, &parent, name)?,
            Kind::BlockDevice => self.node(entry, FileType::BlockDevice, &parent, name)?,
            Kind::Fifo => self.node(entry, FileType::Fifo, &parent, name)?,
        }
        Ok(())
    }

    fn file<R: Read>(
        &mut self,
        archive: &mut ArchiveReader<R>,
        entry: &Entry,
        parent: &OwnedFd,
        name: &[u8],
    ) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        let file = self
            .tree
            .replace(parent, name, || openat(parent, name, flags, mode))?;
        let mut file = File::from(file);
        match &entry.sparse {
            None => self.copy(archive, &mut file, entry.size)?,
            Some(regions) => {
                for region in regions {
                    file.seek(SeekFrom::Start(region.offset))?;
                    self.copy(archive, &mut file, region.length)?;
                }
                file.set_len(entry.size)?;
            }
        }
        let file = OwnedFd::from(file);
        set_metadata(&file, entry)?;
        futimens(&file, &times(entry))?;
        self.size = self.size.saturating_add(entry.size);
        Ok(())
    }

    fn copy(&mut self, from: &mut impl Read, to: &mut File, length: u64) -> io::Result<()> {
        let mut left = length;
        while left > 0 {
            let most = self
                .buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = from.read(&mut self.buffer[..most])?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            to.write_all(&self.buffer[..count])?;
            left -= count as u64;
        }
        Ok(())
    }

    /// The target is looked up like a parent, so it is always in this layer.
    fn hard_link(&mut self, entry: &Entry, parent: &OwnedFd, name: &[u8]) -> io::Result<()> {
        let target = components(&entry.link);
        let Some((target_name, above)) = target.split_last() else {
            return Err(Errno::PERM.into());
        };
        let target_parent = self.tree.existing(above, OFlags::PATH)?;
        if same_place(&target_parent, target_name, parent, name)? {
            // A link to itself, as some archivers write; nothing to replace.
            return Ok(());
        }
        self.tree.replace(parent, name, || {
            linkat(&target_parent, *target_name, parent, name, AtFlags::empty())
        })
    }

    fn node(
        &mut self,
        entry: &Entry,
        kind: FileType,
        parent: &OwnedFd,
        name: &[u8],
    ) -> io::Result<()> {
        let device = makedev(entry.device.0, entry.device.1);
        let mode = Mode::RUSR | Mode::WUSR;
        self.tree
            .replace(parent, name, || mknodat(parent, name, kind, mode, device))?;
        set_metadata_at(parent, name, entry)
    }

    /// A directory that was replaced meanwhile keeps the times it has.
    fn set_directory_times(&self) {
        for (path, times) in self.directories.iter().rev() {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW;
            if let Ok(directory) = self.tree.existing(&components(path), flags) {
                futimens(&directory, times).ok();
            }
        }
    }
}

/// The names on the way to a path, without `.`, and with `..` ending at the
/// root.
fn components(path: &[u8]) -> Vec<&[u8]> {
    let mut components = Vec::new();
    for component in path.split(|byte| *byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => drop(components.pop()),
            name => components.push(name),
        }
    }
    components
}

fn same_place(a: &OwnedFd, a_name: &[u8], b: &OwnedFd, b_name: &[u8]) -> io::Result<bool> {
    if a_name != b_name {
        return Ok(false);
    }
    let (a, b) = (rustix::fs::fstat(a)?, rustix::fs::fstat(b)?);
    Ok((a.st_dev, a.st_ino) == (b.st_dev, b.st_ino))
}
