//! The one resolver: paths inside a container, from a descriptor of its root.
//!
//! A path of a container is never used as a string: it is opened here once,
//! with the container's root as the end of the world, and everything after
//! works on the descriptor. Absolute links lead to the container's root, as
//! its programs expect.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{self, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// Opens `path` as the container would see it. Magic links of procfs, which
/// could lead outside, are not followed.
pub(crate) fn open_in(
    root: impl AsFd,
    path: impl AsRef<Path>,
    flags: OFlags,
) -> io::Result<OwnedFd> {
    resolve(
        root.as_fd(),
        path.as_ref(),
        flags,
        ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
    )
}

/// Opens `path` below `root`, refusing every kind of link on the way.
pub(crate) fn open_plain(
    root: impl AsFd,
    path: impl AsRef<Path>,
    flags: OFlags,
) -> io::Result<OwnedFd> {
    resolve(
        root.as_fd(),
        path.as_ref(),
        flags,
        ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS,
    )
}

/// Opens `path` of a kernel file system through a descriptor of that very
/// mount: no links, no other mount on the way, nothing above.
pub(crate) fn open_kernel(
    mount: impl AsFd,
    path: impl AsRef<Path>,
    flags: OFlags,
) -> io::Result<OwnedFd> {
    resolve(
        mount.as_fd(),
        path.as_ref(),
        flags,
        ResolveFlags::BENEATH | ResolveFlags::NO_XDEV | ResolveFlags::NO_SYMLINKS,
    )
}

fn resolve(
    root: std::os::fd::BorrowedFd<'_>,
    path: &Path,
    flags: OFlags,
    how: ResolveFlags,
) -> io::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    loop {
        match fs::openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), how) {
            // The kernel saw a rename race and asks for another look.
            Err(Errno::AGAIN) => {}
            other => return Ok(other?),
        }
    }
}

/// Opens the directory `path` inside `root`, making what is missing of it with
/// mode 0755, component by component on descriptors.
pub(crate) fn make_dir(root: impl AsFd, path: impl AsRef<Path>) -> io::Result<OwnedFd> {
    const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);
    let path = path.as_ref();
    match open_in(&root, path, DIRECTORY) {
        Err(error) if is_missing(&error) => {}
        other => return other,
    }
    let mut walked = PathBuf::from("/");
    let mut parent = open_in(&root, "/", DIRECTORY)?;
    for component in path.components() {
        let name = match component {
            Component::Normal(name) => name,
            Component::ParentDir => OsStr::new(".."),
            _ => continue,
        };
        walked.push(name);
        parent = match open_in(&root, &walked, DIRECTORY) {
            Ok(next) => next,
            Err(error) if is_missing(&error) => {
                match fs::mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                open_in(&root, &walked, DIRECTORY)?
            }
            Err(error) => return Err(error),
        };
    }
    Ok(parent)
}

/// Opens the file `path` inside `root` without following what it names,
/// making it (empty, 0644) and its directories when it is missing.
pub(crate) fn make_file(root: impl AsFd, path: impl AsRef<Path>) -> io::Result<OwnedFd> {
    let path = path.as_ref();
    match open_in(&root, path, OFlags::PATH) {
        Err(error) if is_missing(&error) => {}
        other => return other,
    }
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::IsADirectory.into());
    };
    let parent = make_dir(&root, directory)?;
    let flags = OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::WRONLY;
    drop(fs::openat(
        &parent,
        name,
        flags,
        Mode::from_raw_mode(0o644),
    )?);
    open_in(&root, path, OFlags::PATH)
}

/// A path without `.`, `..`, doubled and trailing slashes.
pub(crate) fn normal(path: impl AsRef<Path>) -> PathBuf {
    let mut normal = PathBuf::from("/");
    for part in path.as_ref().components() {
        match part {
            Component::Normal(name) => normal.push(name),
            Component::ParentDir => {
                normal.pop();
            }
            _ => {}
        }
    }
    normal
}

/// Whether nothing is there.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::NOENT.raw_os_error())
}

/// A path string that leads to what `fd` refers to, for the few system calls
/// that take no descriptor.
pub(crate) fn of_descriptor(fd: impl AsFd) -> String {
    format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn root() -> (tempfile::TempDir, OwnedFd) {
        let dir = tempfile::tempdir().expect("temporary directory");
        let fd =
            fs::open(dir.path(), OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).expect("open it");
        (dir, fd)
    }

    #[test]
    fn absolute_links_stay_inside() {
        let (dir, root) = root();
        std::fs::create_dir(dir.path().join("run")).expect("mkdir");
        std::fs::create_dir(dir.path().join("var")).expect("mkdir");
        symlink("/run", dir.path().join("var/run")).expect("symlink");
        symlink("../../../../etc", dir.path().join("up")).expect("symlink");

        make_dir(&root, "/var/run/secrets/a").expect("follows the link inside");
        assert!(dir.path().join("run/secrets/a").is_dir());
        make_dir(&root, "/up/x").expect_err("a dangling link is not replaced");
        assert!(!Path::new("/etc/x").exists());
    }

    #[test]
    fn files_are_made_where_they_are_missing() {
        let (dir, root) = root();
        make_file(&root, "/etc/deep/hosts").expect("file");
        assert!(dir.path().join("etc/deep/hosts").is_file());
        symlink("/outside", dir.path().join("link")).expect("symlink");
        make_file(&root, "/link").expect_err("a dangling link is not followed");
    }

    #[test]
    fn plain_paths_refuse_links() {
        let (dir, root) = root();
        symlink("/", dir.path().join("proc")).expect("symlink");
        let error = open_plain(&root, "/proc/self", OFlags::PATH).expect_err("link");
        assert_eq!(error.raw_os_error(), Some(Errno::LOOP.raw_os_error()));
    }
}
