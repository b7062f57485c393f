//! Writes an archive into a directory of a tree, over what is there: what
//! `docker cp` does to a container.
//!
//! Refusals and their words are dockerd's, and so is the rule that what was
//! written before an error stays.

use std::io::{self, BufRead};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstatvfs, mkdirat, statat, unlinkat};
use rustix::io::Errno;

use crate::entry::{self, Directories};
use crate::pack::names;
use crate::read::{ArchiveError, ArchiveReader, Entry, Kind};
use crate::tree::{self, components};

/// Directories below one that is removed, at most; the kernel's paths have no
/// more.
const DEEPEST: usize = 2048;

/// How an archive is written.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Refuse to put a directory in place of something else, or something else
    /// in place of a directory.
    pub keep_kinds: bool,
    /// Who owns everything, instead of whom the archive names.
    pub owner: Option<(u32, u32)>,
    /// Changes owner and group of an entry to those that the tree keeps.
    pub ids: Option<crate::pack::Ids<'a>>,
}

/// Why an archive was not written, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// Nothing is at the path.
    #[error("no such directory")]
    Missing,
    /// The path is no directory.
    #[error("extraction point is not a directory")]
    NotDirectory,
    /// The path lies in a root that may not be written.
    #[error("container rootfs is marked read-only")]
    ReadOnly,
    /// The path lies in a mount below the root that may not be written.
    #[error("mounted volume is marked read-only")]
    ReadOnlyMount,
    /// The path could not be looked up.
    #[error("{0}")]
    Target(#[source] io::Error),
    /// The archive is none, or ends too early.
    #[error("Error processing tar file(exit status 1): {}", go_text(.0))]
    Archive(#[from] ArchiveError),
    /// An entry is refused, in dockerd's words.
    #[error("Error processing tar file(exit status 1): {0}")]
    Refused(String),
    /// An entry could not be written.
    #[error("Error processing tar file(exit status 1): {path}: {}", words(.source))]
    Entry {
        /// Where to.
        path: String,
        /// What the kernel said.
        source: io::Error,
    },
}

/// Writes all entries of `archive` into the directory `path` below `root`.
pub fn unpack<R: BufRead>(
    root: BorrowedFd<'_>,
    path: &[u8],
    archive: &mut ArchiveReader<R>,
    options: Options<'_>,
) -> Result<(), UnpackError> {
    let directory =
        tree::open(root, path, OFlags::PATH).map_err(|error| {
            match Errno::from_io_error(&error) {
                Some(Errno::NOENT) => UnpackError::Missing,
                Some(Errno::NOTDIR) => UnpackError::NotDirectory,
                _ => UnpackError::Target(error),
            }
        })?;
    let stat = tree::stat(&directory).map_err(UnpackError::Target)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Err(UnpackError::NotDirectory);
    }
    let mount = fstatvfs(&directory).map_err(|error| UnpackError::Target(error.into()))?;
    if mount.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        let top = tree::open(root, b"/", OFlags::PATH).and_then(|top| tree::stat(&top));
        return Err(match top {
            Ok(top) if top.st_dev != stat.st_dev => UnpackError::ReadOnlyMount,
            _ => UnpackError::ReadOnly,
        });
    }
    let mut unpacking = Unpacking {
        root,
        target: tree::spelled_out(root, path),
        options,
        parent: None,
        directories: Directories::default(),
    };
    // Where it was written to keeps its times even if the archive is cut.
    let result = unpacking.all(archive);
    unpacking.directories.settle(root);
    result
}

struct Unpacking<'a> {
    root: BorrowedFd<'a>,
    /// The directory's path from the root, without links.
    target: Vec<u8>,
    options: Options<'a>,
    /// The directory that was last written to.
    parent: Option<(Vec<u8>, Rc<OwnedFd>)>,
    directories: Directories,
}

impl Unpacking<'_> {
    fn all<R: BufRead>(&mut self, archive: &mut ArchiveReader<R>) -> Result<(), UnpackError> {
        while let Some(mut entry) = archive.next_entry()? {
            let names = self.names(&entry)?;
            let Some((name, above)) = names.split_last() else {
                // The directory itself stays as it is.
                continue;
            };
            if let Some((uid, gid)) = self.options.owner {
                (entry.uid, entry.gid) = (uid, gid);
            }
            if let Some(ids) = self.options.ids {
                (entry.uid, entry.gid) = ids(entry.uid, entry.gid);
            }
            let path = self.place(&names);
            self.check_link(&entry, above, &path)?;
            let failed = |source| UnpackError::Entry {
                path: text(&path),
                source,
            };
            let parent = self.parent(above).map_err(failed)?;
            self.make_room(&parent, name, &entry, &path)?;
            if let Err(error) = self.write(archive, &entry, &parent, name, &path) {
                return Err(match Errno::from_io_error(&error) {
                    None if error.kind() == io::ErrorKind::UnexpectedEof => {
                        ArchiveError::Read(error).into()
                    }
                    _ => failed(error),
                });
            }
        }
        Ok(())
    }

    /// The names of an entry's path below the directory.
    fn names(&self, entry: &Entry) -> Result<Vec<Vec<u8>>, UnpackError> {
        let mut names: Vec<Vec<u8>> = Vec::new();
        let absolute = entry.path.starts_with(b"/");
        let mut up = 0;
        for component in entry.path.split(|byte| *byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." if names.pop().is_some() || absolute => {}
                b".." => up += 1,
                name => names.push(name.to_vec()),
            }
        }
        if up > 0 {
            let path = [b"../".repeat(up), names.join(&b'/')].concat();
            return Err(UnpackError::Refused(format!(
                "\"{}\" is outside of \"{}\"",
                text(&path),
                text(&self.target)
            )));
        }
        Ok(names)
    }

    /// A path below the directory, from the root.
    fn place(&self, names: &[Vec<u8>]) -> Vec<u8> {
        let mut path = self.target.clone();
        for name in names {
            crate::pack::join(&mut path, name);
        }
        path
    }

    /// As dockerd, though the kernel would keep these inside as well: a link
    /// that names a place outside of the directory is refused.
    fn check_link(&self, entry: &Entry, above: &[Vec<u8>], path: &[u8]) -> Result<(), UnpackError> {
        let escapes = |depth: usize| {
            let mut depth = depth as i64;
            entry.link.split(|byte| *byte == b'/').any(|component| {
                match component {
                    b"" | b"." => {}
                    b".." => depth -= 1,
                    _ => depth += 1,
                }
                depth < 0
            })
        };
        let top = self.target == b"/";
        let link = text(&entry.link);
        match entry.kind {
            Kind::HardLink if !top && !entry.link.starts_with(b"/") && escapes(0) => {
                let place = [self.target.as_slice(), b"/", &entry.link].concat();
                let place = [b"/".to_vec(), components(&place).join(&b'/')].concat();
                Err(UnpackError::Refused(format!(
                    "invalid hardlink \"{}\" -> \"{link}\"",
                    text(&place)
                )))
            }
            Kind::Symlink if !top && !entry.link.starts_with(b"/") && escapes(above.len()) => Err(
                UnpackError::Refused(format!("invalid symlink \"{}\" -> \"{link}\"", text(path))),
            ),
            _ => Ok(()),
        }
    }

    /// The directory of these names, made with mode 0755 where it is missing.
    fn parent(&mut self, above: &[Vec<u8>]) -> io::Result<Rc<OwnedFd>> {
        let path = self.place(above);
        if let Some((last, directory)) = &self.parent
            && *last == path
        {
            return Ok(directory.clone());
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let directory = match tree::open(self.root, &path, flags) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::NOENT) => {
                let mut directory = tree::open(self.root, &self.target, flags)?;
                for count in 1..=above.len() {
                    let (name, path) = (&above[count - 1], self.place(&above[..count]));
                    directory = match tree::open(self.root, &path, flags) {
                        Err(error) if Errno::from_io_error(&error) == Some(Errno::NOENT) => {
                            let mode = Mode::from_raw_mode(0o755);
                            match mkdirat(&directory, name.as_slice(), mode) {
                                Ok(()) => {}
                                // A link to nothing.
                                Err(Errno::EXIST) => return Err(Errno::NOTDIR.into()),
                                Err(error) => return Err(error.into()),
                            }
                            tree::open(self.root, &path, flags)?
                        }
                        other => other?,
                    };
                }
                directory
            }
            other => other?,
        };
        let directory = Rc::new(directory);
        self.parent = Some((path, directory.clone()));
        Ok(directory)
    }

    /// Takes away what is in the place of an entry, unless both are
    /// directories.
    fn make_room(
        &mut self,
        parent: &OwnedFd,
        name: &[u8],
        entry: &Entry,
        path: &[u8],
    ) -> Result<(), UnpackError> {
        let failed = |source: io::Error| UnpackError::Entry {
            path: text(path),
            source,
        };
        let old = match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => FileType::from_raw_mode(stat.st_mode) == FileType::Directory,
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(failed(error.into())),
        };
        let new = entry.kind == Kind::Directory;
        if old != new && self.options.keep_kinds {
            let (path, target) = (text(path), text(&self.target));
            return Err(UnpackError::Refused(match old {
                true => {
                    format!("cannot overwrite directory \"{path}\" with non-directory \"{target}\"")
                }
                false => {
                    format!("cannot overwrite non-directory \"{path}\" with directory \"{target}\"")
                }
            }));
        }
        if !(old && new) {
            remove(parent, name).map_err(failed)?;
            if old {
                // It may have been on the way to what was last opened.
                self.parent = None;
            }
        }
        Ok(())
    }

    fn write<R: BufRead>(
        &mut self,
        archive: &mut ArchiveReader<R>,
        entry: &Entry,
        parent: &OwnedFd,
        name: &[u8],
        path: &[u8],
    ) -> io::Result<()> {
        match entry.kind {
            Kind::Directory => {
                match mkdirat(parent, name, Mode::RWXU) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                entry::furnish(parent, name, entry)?;
                self.directories.note(self.root, path.to_vec(), entry);
                Ok(())
            }
            Kind::HardLink => {
                let link = components(&entry.link);
                let Some((last, above)) = link.split_last() else {
                    return Err(Errno::NOENT.into());
                };
                let above: Vec<Vec<u8>> = above.iter().map(|name| name.to_vec()).collect();
                let flags = OFlags::PATH | OFlags::DIRECTORY;
                let from = tree::open(self.root, &self.place(&above), flags)?;
                entry::link((&from, last), (parent, name))
            }
            _ => entry::make(archive, entry, parent, name),
        }
    }
}

/// Removes a file, or a directory with all that is below it. Nothing is
/// followed; what comes meanwhile makes it fail.
pub(crate) fn remove(parent: &OwnedFd, name: &[u8]) -> io::Result<()> {
    match unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR) => {}
        Err(error) => return Err(error.into()),
    }
    // Paths below the parent, each after its own parent.
    let mut ahead = vec![name.to_vec()];
    let mut emptied = Vec::new();
    while let Some(path) = ahead.pop() {
        if path.split(|byte| *byte == b'/').count() > DEEPEST {
            return Err(Errno::NAMETOOLONG.into());
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let directory = tree::open_plain(parent, &path, flags)?;
        for name in names(&directory)? {
            match unlinkat(&directory, name.as_slice(), AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(Errno::ISDIR) => {
                    let mut path = path.clone();
                    crate::pack::join(&mut path, &name);
                    ahead.push(path);
                }
                Err(error) => return Err(error.into()),
            }
        }
        emptied.push(path);
    }
    for path in emptied.iter().rev() {
        let (above, last) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(slash) => (&path[..slash], &path[slash + 1..]),
            None => (&b"."[..], path.as_slice()),
        };
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        let directory = tree::open_plain(parent, above, flags)?;
        unlinkat(&directory, last, AtFlags::REMOVEDIR)?;
    }
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Go's words for the end of a stream that has more to come.
fn go_text(error: &ArchiveError) -> String {
    match error {
        ArchiveError::Read(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            "unexpected EOF".into()
        }
        other => other.to_string(),
    }
}

/// The kernel's words without the number that the standard library appends.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}
