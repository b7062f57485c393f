//! A layer's tree under construction, which is only ever entered by descriptor.
//! A link made by an earlier entry may point anywhere, but "anywhere" ends at
//! the tree's own root, as it would in a container.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::fs::{
    AtFlags, CWD, FileType, Mode, OFlags, mkdirat, mknodat, openat, readlinkat, renameat, statat,
    unlinkat,
};
use rustix::io::Errno;

use crate::overlay::{is_whiteout, set_opaque};
use crate::tree;

/// How many links in a row may lead to a directory that does not exist yet;
/// the kernel's own limit for existing ones.
const MOST_LINKS: u32 = 40;

/// A tree under construction.
pub(super) struct Tree {
    root: OwnedFd,
    /// Replaced directories are moved here: no recursion, whatever their depth.
    discard: OwnedFd,
    discarded: u64,
    last_parent: Option<(Vec<u8>, Rc<OwnedFd>)>,
}

impl Tree {
    /// `root` must be an existing directory that nobody else can reach;
    /// `discard` one beside it on the same file system.
    pub(super) fn open(root: &std::path::Path, discard: &std::path::Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(Self {
            root: openat(CWD, root, flags, Mode::empty())?,
            discard: openat(CWD, discard, flags, Mode::empty())?,
            discarded: 0,
            last_parent: None,
        })
    }

    /// The directory that `components` name, made with mode 0755 if missing.
    /// The descriptor is `O_PATH`.
    pub(super) fn parent(&mut self, components: &[&[u8]]) -> io::Result<Rc<OwnedFd>> {
        let path = join(components);
        if let Some((last, fd)) = &self.last_parent
            && *last == path
        {
            return Ok(fd.clone());
        }
        let fd = Rc::new(self.ensure(components)?);
        self.last_parent = Some((path, fd.clone()));
        Ok(fd)
    }

    /// Opens an existing directory. Its last component is not followed.
    pub(super) fn existing(&self, components: &[&[u8]], flags: OFlags) -> io::Result<OwnedFd> {
        self.open_in_root(&join(components), flags | OFlags::DIRECTORY)
    }

    /// The root itself.
    pub(super) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// Makes `name` in `parent` a directory.
    pub(super) fn directory(&mut self, parent: &OwnedFd, name: &[u8]) -> io::Result<()> {
        match self.make_directory(parent, name)? {
            Made::Fresh | Made::Kept => {}
            Made::InPlaceOfOther => self.forget(),
        }
        Ok(())
    }

    /// Runs `make`, which creates `name` in `parent`; if something is there
    /// already, removes that and runs it again.
    pub(super) fn replace(
        &mut self,
        parent: &OwnedFd,
        name: &[u8],
        mut make: impl FnMut() -> io::Result<()>,
    ) -> io::Result<()> {
        match make() {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::EXIST) => {
                self.remove(parent, name)?;
                make()
            }
            result => result,
        }
    }

    /// Hides `name` of the layers below (overlayfs: a character device 0:0). If
    /// this layer has brought an own directory of that name, only what is below
    /// that one is hidden.
    pub(super) fn whiteout(&mut self, parent: &OwnedFd, name: &[u8]) -> io::Result<()> {
        match mknodat(parent, name, FileType::CharacterDevice, Mode::empty(), 0) {
            Err(Errno::EXIST) => {
                let stat = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
                if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                    set_opaque(&openat(parent, name, flags, Mode::empty())?)?;
                }
                Ok(())
            }
            result => Ok(result?),
        }
    }

    /// Hides all that the layers below have in `directory`.
    pub(super) fn opaque(&self, directory: &[&[u8]]) -> io::Result<()> {
        set_opaque(&self.existing(directory, OFlags::RDONLY)?)
    }

    /// Walks to a directory and makes what is missing. A link to what does not
    /// exist is followed by hand: in a container it may lead into a lower layer,
    /// so the directories that it names are made in this one.
    fn ensure(&mut self, components: &[&[u8]]) -> io::Result<OwnedFd> {
        match self.open_in_root(&join(components), OFlags::PATH | OFlags::DIRECTORY) {
            Err(error) if is_missing(&error) => {}
            result => return result,
        }
        let mut ahead: VecDeque<Vec<u8>> = components.iter().map(|name| name.to_vec()).collect();
        let mut walked: Vec<Vec<u8>> = Vec::new();
        let mut current = self.open_in_root(b"", OFlags::PATH | OFlags::DIRECTORY)?;
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            if name == b".." {
                walked.pop();
                current = self.open_in_root(&join(&walked), OFlags::PATH | OFlags::DIRECTORY)?;
                continue;
            }
            walked.push(name);
            match self.open_in_root(&join(&walked), OFlags::PATH | OFlags::DIRECTORY) {
                Ok(directory) => {
                    current = directory;
                    continue;
                }
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(error),
            }
            let name = walked.pop().unwrap_or_default();
            if let Ok(target) = readlinkat(&current, name.as_slice(), Vec::new()) {
                links += 1;
                if links > MOST_LINKS {
                    return Err(Errno::LOOP.into());
                }
                let target = target.to_bytes();
                if target.starts_with(b"/") {
                    walked.clear();
                    current = self.open_in_root(b"", OFlags::PATH | OFlags::DIRECTORY)?;
                }
                let names = target.split(|byte| *byte == b'/');
                for name in names.rev().filter(|name| !matches!(*name, b"" | b".")) {
                    ahead.push_front(name.to_vec());
                }
                continue;
            }
            let stat = statat(&current, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW);
            if stat.is_ok_and(|stat| !is_whiteout(&stat)) {
                return Err(Errno::NOTDIR.into());
            }
            self.make_directory(&current, &name)?;
            walked.push(name);
            current = self.open_in_root(&join(&walked), OFlags::PATH | OFlags::DIRECTORY)?;
        }
        Ok(current)
    }

    fn make_directory(&mut self, parent: &OwnedFd, name: &[u8]) -> io::Result<Made> {
        let mode = Mode::RWXU | Mode::RGRP | Mode::XGRP | Mode::ROTH | Mode::XOTH;
        match mkdirat(parent, name, mode) {
            Ok(()) => return Ok(Made::Fresh),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let stat = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            return Ok(Made::Kept);
        }
        unlinkat(parent, name, AtFlags::empty())?;
        mkdirat(parent, name, mode)?;
        if is_whiteout(&stat) {
            // A whiteout and a directory of one layer: new and without the old.
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            set_opaque(&openat(parent, name, flags, Mode::empty())?)?;
        }
        Ok(Made::InPlaceOfOther)
    }

    fn remove(&mut self, parent: &OwnedFd, name: &[u8]) -> io::Result<()> {
        match unlinkat(parent, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR) => {
                self.discarded += 1;
                let place = self.discarded.to_string();
                renameat(parent, name, &self.discard, place.as_str())?;
            }
            Err(error) => return Err(error.into()),
        }
        self.forget();
        Ok(())
    }

    /// What was resolved before a removal may resolve differently after it.
    fn forget(&mut self) {
        self.last_parent = None;
    }

    fn open_in_root(&self, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
        tree::open(self.root.as_fd(), path, flags)
    }
}

enum Made {
    Fresh,
    Kept,
    InPlaceOfOther,
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::NOENT | Errno::NOTDIR)
    )
}

fn join<Name: AsRef<[u8]>>(components: &[Name]) -> Vec<u8> {
    let mut path = Vec::new();
    for (index, name) in components.iter().enumerate() {
        if index > 0 {
            path.push(b'/');
        }
        path.extend_from_slice(name.as_ref());
    }
    path
}
