//! Directories in a tree that nobody else changes meanwhile.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{Gid, Mode, OFlags, Uid, fchmod, fchown, mkdirat};
use rustix::io::Errno;

use crate::tree::{components, open_plain, spelled_out};

/// The mode of a directory that nobody says anything about.
const MODE: Mode = Mode::from_raw_mode(0o755);

/// Opens the directory that `path` leads to below `root`, making what is missing
/// of it, also where a link leads to nothing. Whoever runs this owns what is
/// made.
pub fn directories(root: BorrowedFd<'_>, path: &[u8]) -> io::Result<OwnedFd> {
    Ok(directories_of(root, path, None)?.0)
}

/// Like [`directories`], with an owner and a group for what is made; tells
/// whether the directory itself was.
pub fn directories_of(
    root: BorrowedFd<'_>,
    path: &[u8],
    owner: Option<(u32, u32)>,
) -> io::Result<(OwnedFd, bool)> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY;
    let mut is_new = false;
    let path = spelled_out(root, path);
    let mut here = open_plain(root, b".", flags)?;
    for name in components(&path) {
        here = match open_plain(&here, name, flags) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                match mkdirat(&here, name, MODE) {
                    Ok(()) => is_new = true,
                    Err(Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                let made = open_plain(&here, name, flags)?;
                // The process's mask may have taken something away.
                fchmod(&made, MODE)?;
                if let Some((uid, gid)) = owner {
                    fchown(&made, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
                }
                made
            }
            other => {
                is_new = false;
                other?
            }
        };
    }
    Ok((here, is_new))
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn links_lead_to_places_below_the_root() {
        let dir = tempfile::tempdir().unwrap();
        let root = std::fs::File::open(dir.path()).unwrap();
        symlink("/run", dir.path().join("var-run")).unwrap();
        symlink("../../nowhere", dir.path().join("up")).unwrap();
        for path in ["/var-run/a/b", "/var-run/../../c/", "up/d", ""] {
            directories(root.as_fd(), path.as_bytes()).unwrap();
        }
        for path in ["run/a/b", "c", "nowhere/d"] {
            let made = dir.path().join(path).symlink_metadata().unwrap();
            assert!(made.is_dir(), "{path}");
            assert_eq!(made.permissions().mode() & 0o7777, 0o755, "{path}");
        }
        std::fs::write(dir.path().join("file"), "").unwrap();
        assert!(directories(root.as_fd(), b"/file/x").is_err());
    }
}
