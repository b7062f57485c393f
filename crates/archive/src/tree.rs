//! Paths below the root of a tree: opened by the kernel, which ends every way
//! at that root, and spelled out for people.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, Stat, openat2, readlinkat};
use rustix::io::Errno;

/// How many links in a row may be followed; the kernel's own limit.
const MOST_LINKS: u32 = 40;

/// Opens `path` below `root`. Links lead to places below the root, however they
/// are written; the last component is followed unless `flags` say otherwise.
pub fn open(root: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
    let path = match path {
        b"" => b".",
        path => path,
    };
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    loop {
        match openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            // A rename elsewhere on the machine raced with a `..`.
            Err(Errno::AGAIN) => {}
            result => return Ok(result?),
        }
    }
}

/// Opens `path` below `top`, following no link at all.
pub(crate) fn open_plain(top: impl AsFd, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let flags = flags | OFlags::CLOEXEC;
    loop {
        match openat2(top.as_fd(), path, flags, Mode::empty(), resolve) {
            Err(Errno::AGAIN) => {}
            result => return Ok(result?),
        }
    }
}

/// A path as a client gave it: from the root, without `.`, `..` and doubled
/// slashes, except that a last `/` or `/.` keeps its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The whole path, `/etc/`, `/etc/.`, `/`.
    pub path: Vec<u8>,
    /// The last name, as archives show it: `etc`, `.`, `/`.
    pub name: Vec<u8>,
    /// Whether a link at the end is meant itself.
    link: bool,
}

impl Wanted {
    /// Reads a path.
    pub fn new(given: &[u8]) -> Self {
        let mut path = vec![b'/'];
        let components = components(given);
        path.extend(components.join(&b'/'));
        let last = given.rsplit(|byte| *byte == b'/').next().unwrap_or(given);
        let name = match components.last() {
            _ if last == b"." => b".",
            Some(name) => *name,
            None => b"/",
        };
        let mut wanted = Self {
            name: name.to_vec(),
            path,
            link: true,
        };
        if last == b"." || last.is_empty() {
            wanted.link = false;
            if !wanted.path.ends_with(b"/") {
                wanted.path.push(b'/');
            }
            if last == b"." {
                wanted.path.push(b'.');
            }
        }
        wanted
    }

    /// Opens it, with `O_PATH`. A link at the end is opened itself, unless a
    /// slash behind it asks for the directory that it leads to.
    pub fn open(&self, root: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        let last = match self.link {
            true => OFlags::NOFOLLOW,
            false => OFlags::DIRECTORY,
        };
        open(root, &self.path, OFlags::PATH | last)
    }
}

/// The names on the way to a path, without `.`, and with `..` ending at the
/// root.
pub fn components(path: &[u8]) -> Vec<&[u8]> {
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

/// Where a path leads when all its links are followed, also where nothing is
/// there: for people to read, never to be opened.
pub fn spelled_out(root: BorrowedFd<'_>, path: &[u8]) -> Vec<u8> {
    let mut ahead: VecDeque<Vec<u8>> = path
        .split(|byte| *byte == b'/')
        .map(<[u8]>::to_vec)
        .collect();
    let mut walked: Vec<Vec<u8>> = Vec::new();
    let mut links = 0;
    while let Some(name) = ahead.pop_front() {
        match name.as_slice() {
            b"" | b"." => continue,
            b".." => {
                walked.pop();
                continue;
            }
            _ => walked.push(name),
        }
        let here = walked.join(&b'/');
        let link = open(root, &here, OFlags::PATH | OFlags::NOFOLLOW)
            .and_then(|file| Ok(readlinkat(&file, "", Vec::new())?));
        let Ok(target) = link else { continue };
        links += 1;
        if links > MOST_LINKS {
            break;
        }
        walked.pop();
        let target = target.to_bytes();
        if target.starts_with(b"/") {
            walked.clear();
        }
        for name in target.split(|byte| *byte == b'/').rev() {
            ahead.push_front(name.to_vec());
        }
    }
    [b"/".to_vec(), walked.join(&b'/')].concat()
}

/// What `X-Docker-Container-Path-Stat` tells of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStat {
    /// The last name of the path as it was given.
    pub name: Vec<u8>,
    /// The kernel's size in bytes, of a directory too.
    pub size: i64,
    /// Type and permissions as Go's `FileMode` has them.
    pub mode: u32,
    /// Seconds and nanoseconds since the epoch.
    pub mtime: (i64, u32),
    /// Where a link leads in the end; empty for anything else.
    pub link_target: Vec<u8>,
}

impl PathStat {
    /// Looks at what is at `wanted`.
    pub fn of(root: BorrowedFd<'_>, wanted: &Wanted) -> io::Result<Self> {
        let file = wanted.open(root)?;
        let stat = stat(&file)?;
        let link_target = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => spelled_out(root, &wanted.path),
            _ => Vec::new(),
        };
        Ok(Self {
            name: wanted.name.clone(),
            size: stat.st_size,
            mode: go_mode(stat.st_mode),
            mtime: (
                stat.st_mtime,
                u32::try_from(stat.st_mtime_nsec).unwrap_or(0),
            ),
            link_target,
        })
    }
}

/// What the kernel knows of an open file, whatever it was opened for.
pub(crate) fn stat(file: &OwnedFd) -> io::Result<Stat> {
    Ok(rustix::fs::statat(file, "", AtFlags::EMPTY_PATH)?)
}

/// A mode of stat(2) in the bits of Go's `FileMode`.
fn go_mode(mode: u32) -> u32 {
    let kind = match FileType::from_raw_mode(mode) {
        FileType::Directory => 1 << 31,
        FileType::Symlink => 1 << 27,
        FileType::BlockDevice => 1 << 26,
        FileType::Fifo => 1 << 25,
        FileType::Socket => 1 << 24,
        FileType::CharacterDevice => 1 << 26 | 1 << 21,
        _ => 0,
    };
    let bits = [(0o4000, 1 << 23), (0o2000, 1 << 22), (0o1000, 1 << 20)];
    bits.iter()
        .filter(|(bit, _)| mode & bit != 0)
        .fold(kind | (mode & 0o777), |sum, (_, go)| sum | go)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn wanted(given: &str) -> (String, String) {
        let wanted = Wanted::new(given.as_bytes());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (text(wanted.path), text(wanted.name))
    }

    #[test]
    fn paths_are_read_as_dockerd_does() {
        for (given, path, name) in [
            ("/", "/", "/"),
            ("/.", "/.", "."),
            ("/etc", "/etc", "etc"),
            ("/etc/", "/etc/", "etc"),
            ("/etc/.", "/etc/.", "."),
            ("../../etc/passwd", "/etc/passwd", "passwd"),
            ("/d/../etc//passwd", "/etc/passwd", "passwd"),
            ("/d/..", "/", "/"),
        ] {
            assert_eq!(wanted(given), (path.into(), name.into()), "{given}");
        }
    }

    #[test]
    fn modes_are_go_s() {
        assert_eq!(go_mode(0o040_755), 2_147_484_141);
        assert_eq!(go_mode(0o100_644), 420);
        assert_eq!(go_mode(0o120_777), 134_218_239);
        assert_eq!(go_mode(0o104_755), 0o755 | 1 << 23);
        assert_eq!(go_mode(0o041_777), 0o777 | 1 << 31 | 1 << 20);
        assert_eq!(go_mode(0o020_666), 0o666 | 1 << 26 | 1 << 21);
    }

    #[test]
    fn links_are_spelled_out_below_the_root() {
        let dir = tempfile::tempdir().unwrap();
        let make = |target: &str, name: &str| symlink(target, dir.path().join(name)).unwrap();
        std::fs::create_dir(dir.path().join("d")).unwrap();
        make("busybox", "d/sh");
        make("/d", "abs");
        make("../../../../nope/x", "up");
        make("loop", "loop");
        let root = std::fs::File::open(dir.path()).unwrap();
        for (path, target) in [
            ("/d/sh", "/d/busybox"),
            ("/abs/sh", "/d/busybox"),
            ("/up", "/nope/x"),
            ("/abs", "/d"),
        ] {
            let found = spelled_out(root.as_fd(), path.as_bytes());
            assert_eq!(found, target.as_bytes(), "{path}");
        }
        assert_eq!(spelled_out(root.as_fd(), b"/loop"), b"/loop");
    }
}
