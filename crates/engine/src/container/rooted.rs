//! Paths of a container as its clients name them, resolved below a descriptor
//! of its root.
//!
//! dockerd's rules: `..` is taken off by the text, links on the way are
//! followed, the last component is not, unless the path ends in `/` or `/.`.
//! The kernel resolves (`openat2(2)`), with the root as the end of the world
//! and without procfs's links, so nothing that a container puts in the way
//! leads out, and nothing is looked up twice.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use rustix::fs::{Mode, OFlags, ResolveFlags, openat, openat2, readlinkat};
use rustix::io::Errno;

/// Links that are followed at most, as the kernel does.
const MOST_LINKS: usize = 40;

/// A path that a client gave: absolute and clean, and what it ended in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    components: Vec<String>,
    end: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Nothing: the last component itself is meant.
    Plain,
    /// A slash: what the last component leads to.
    Slash,
    /// `/.`: the same, under the name `.`.
    Dot,
}

impl Given {
    /// Reads a path, absolute or from the root on.
    pub(crate) fn parse(path: &str) -> Given {
        let mut components: Vec<String> = Vec::new();
        for component in path.split('/') {
            match component {
                "" | "." => {}
                ".." => drop(components.pop()),
                name => components.push(name.to_owned()),
            }
        }
        let end = match path.rsplit('/').next() {
            Some(".") => End::Dot,
            Some("") if !components.is_empty() => End::Slash,
            _ => End::Plain,
        };
        Given { components, end }
    }

    /// What an archive of it is named after: the last component, `.` or `/`.
    pub(crate) fn name(&self) -> &str {
        match (self.end, self.components.last()) {
            (End::Dot, _) => ".",
            (_, Some(name)) => name,
            (_, None) => "/",
        }
    }

    /// Finds it below `root`.
    pub(crate) fn find(&self, root: BorrowedFd<'_>) -> io::Result<Place> {
        let path = OFlags::PATH | OFlags::DIRECTORY;
        match (self.end, self.components.split_last()) {
            (End::Plain, Some((name, above))) => Ok(Place::Entry {
                directory: open(root, above.join("/"), path)?,
                name: name.clone(),
            }),
            _ => Ok(Place::Directory(open(
                root,
                self.components.join("/"),
                path,
            )?)),
        }
    }

    /// Where it leads when every link is followed, as text. What does not exist
    /// is taken as it stands.
    pub(crate) fn evaluate(&self, root: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
        let mut ahead: VecDeque<Vec<u8>> = self
            .components
            .iter()
            .map(|name| name.clone().into_bytes())
            .collect();
        let mut walked: Vec<Vec<u8>> = Vec::new();
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            if name == b".." {
                walked.pop();
                continue;
            }
            walked.push(name);
            let flags = OFlags::PATH | OFlags::NOFOLLOW;
            let target = open(root, OsStr::from_bytes(&walked.join(&b'/')), flags)
                .and_then(|there| Ok(readlinkat(&there, "", Vec::new())?));
            let Ok(target) = target else { continue };
            links += 1;
            if links > MOST_LINKS {
                return Err(Errno::LOOP.into());
            }
            let target = target.into_bytes();
            match target.first() {
                Some(b'/') => walked.clear(),
                _ => drop(walked.pop()),
            }
            let names = target.split(|byte| *byte == b'/').rev();
            for name in names.filter(|name| !matches!(*name, b"" | b".")) {
                ahead.push_front(name.to_vec());
            }
        }
        Ok([b"/".as_slice(), &walked.join(&b'/')].concat())
    }
}

/// Where a path leads.
#[derive(Debug)]
pub(crate) enum Place {
    /// A directory, opened with `O_PATH`.
    Directory(OwnedFd),
    /// A name in a directory; nothing may be there.
    Entry {
        /// Opened with `O_PATH`.
        directory: OwnedFd,
        /// One component.
        name: String,
    },
}

/// Opens `path` below `root`.
pub(crate) fn open(
    root: BorrowedFd<'_>,
    path: impl AsRef<OsStr>,
    flags: OFlags,
) -> io::Result<OwnedFd> {
    let how = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let path = match path.as_ref() {
        path if path.is_empty() => OsStr::new("."),
        path => path,
    };
    loop {
        match openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), how) {
            // The kernel saw a rename race and asks for another look.
            Err(Errno::AGAIN) => {}
            other => return Ok(other?),
        }
    }
}

/// Opens a directory again, now for reading.
pub(crate) fn reopen(directory: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(openat(directory, ".", flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::fs::symlink;

    use super::*;

    fn name_and_end(path: &str) -> (String, String, End) {
        let given = Given::parse(path);
        let text = format!("/{}", given.components.join("/"));
        (text, given.name().to_owned(), given.end)
    }

    #[test]
    fn what_a_path_means() {
        let table = [
            ("/a/b", "/a/b", "b", End::Plain),
            ("a/b", "/a/b", "b", End::Plain),
            ("/a/b/", "/a/b", "b", End::Slash),
            ("/a/b/.", "/a/b", ".", End::Dot),
            ("/", "/", "/", End::Plain),
            ("/.", "/", ".", End::Dot),
            ("/a/../../b", "/b", "b", End::Plain),
        ];
        for (path, text, name, end) in table {
            let expected = (text.to_owned(), name.to_owned(), end);
            assert_eq!(name_and_end(path), expected, "{path}");
        }
    }

    #[test]
    fn links_end_at_the_root() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::create_dir_all(dir.path().join("d/e")).expect("mkdir");
        symlink("/d", dir.path().join("l")).expect("link");
        symlink("../../../../etc/passwd", dir.path().join("d/up")).expect("link");
        symlink("loop", dir.path().join("loop")).expect("link");
        let root = std::fs::File::open(dir.path()).expect("open");
        let leads = |path: &str| {
            let found = Given::parse(path).evaluate(root.as_fd());
            found.map(|path| String::from_utf8_lossy(&path).into_owned())
        };
        assert_eq!(leads("/l/e").expect("found"), "/d/e");
        assert_eq!(leads("/l/up").expect("found"), "/etc/passwd");
        assert_eq!(leads("/l/new/x").expect("found"), "/d/new/x");
        assert!(leads("/loop").is_err());
        let found = Given::parse("/l/.").find(root.as_fd()).expect("found");
        assert!(matches!(found, Place::Directory(_)));
        let missing = Given::parse("/nosuch/x").find(root.as_fd());
        let missing = missing.expect_err("not there");
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
