//! Unpacks a layer's tar stream into a directory, as overlayfs wants it.
//!
//! The stream is hostile: names, links, devices and sizes are whatever its
//! author liked. Three rules keep it inside. Parents are resolved in the tree's
//! root by the kernel; last components are created, never followed; and metadata
//! is set through the descriptor of what was just created. The directory itself
//! must be private until unpacking is over. Whiteouts become what overlayfs
//! knows ([`crate::overlay`]); of what an archive names twice the last one stays.

mod tree;

use std::io::{self, BufRead};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::entry::{self, Directories};
use crate::metadata::set_metadata;
use crate::overlay::{OPAQUE, RESERVED, WHITEOUT};
use crate::read::{ArchiveError, ArchiveReader, Entry, Kind};
use crate::tree::components;
use tree::Tree;

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
pub fn unpack<R: BufRead>(
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
    let mut unpacking = Unpacking {
        tree,
        limits,
        entries: 0,
        size: 0,
        directories: Directories::default(),
    };
    while let Some(entry) = archive.next_entry()? {
        unpacking.place(archive, &entry)?;
    }
    unpacking.directories.settle(unpacking.tree.root());
    Ok(unpacking.size)
}

struct Unpacking {
    tree: Tree,
    limits: Limits,
    entries: u64,
    size: u64,
    directories: Directories,
}

impl Unpacking {
    fn place<R: BufRead>(
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
            self.directories.note(self.tree.root(), Vec::new(), entry);
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

    fn entry<R: BufRead>(
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
                self.tree.directory(&parent, name)?;
                entry::furnish(&parent, name, entry)?;
                let root = self.tree.root();
                self.directories.note(root, path.join(&b'/'), entry);
                return Ok(());
            }
            Kind::HardLink => return self.hard_link(entry, &parent, name),
            _ => {}
        }
        self.tree
            .replace(&parent, name, || entry::make(archive, entry, &parent, name))?;
        // As dockerd, which adds up what the kernel calls the size.
        let length = match entry.kind {
            Kind::File => entry.size,
            Kind::Symlink => entry.link.len() as u64,
            _ => 0,
        };
        self.size = self.size.saturating_add(length);
        Ok(())
    }

    /// The target is looked up like a parent, so it is always in this layer.
    fn hard_link(&mut self, entry: &Entry, parent: &OwnedFd, name: &[u8]) -> io::Result<()> {
        let target = components(&entry.link);
        let Some((target_name, above)) = target.split_last() else {
            return Err(Errno::PERM.into());
        };
        let target_parent = self.tree.existing(above, OFlags::PATH)?;
        let (old, new) = ((&target_parent, *target_name), (parent, name));
        if entry::is_same_place(old, new)? {
            // A link to itself, as some archivers write; nothing to replace.
            return Ok(());
        }
        self.tree.replace(parent, name, || entry::link(old, new))
    }
}
