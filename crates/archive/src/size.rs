//! How many bytes the files of a tree have.

use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, openat2, statat};

/// The sum of the lengths of all files below `root`, in bytes. A file with
/// several names counts once, directories count nothing, and what is mounted
/// below belongs to somebody else.
///
/// Walks by descriptor: whoever writes to the tree may exchange directories for
/// links meanwhile. What vanishes under way does not count.
pub fn of_tree(root: &Path) -> io::Result<u64> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let root = rustix::fs::open(root, flags, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    let mut counted = HashSet::new();
    let mut size = 0_u64;
    let mut ahead: Vec<Vec<u8>> = vec![b".".to_vec()];
    while let Some(path) = ahead.pop() {
        let opened = openat2(&root, path.as_slice(), flags, Mode::empty(), resolve);
        let Ok(directory) = opened else { continue };
        for entry in Dir::read_from(&directory)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name == b"." || name == b".." {
                continue;
            }
            if let Some(child) = count(&directory, &name, &mut counted, &mut size) {
                let mut path = path.clone();
                path.push(b'/');
                path.extend(child);
                ahead.push(path);
            }
        }
    }
    Ok(size)
}

/// Adds a file's length, or returns the name of a directory.
fn count<'a>(
    directory: &OwnedFd,
    name: &'a [u8],
    counted: &mut HashSet<u64>,
    size: &mut u64,
) -> Option<&'a [u8]> {
    let stat = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        return Some(name);
    }
    if stat.st_nlink == 1 || counted.insert(stat.st_ino) {
        *size = size.saturating_add(u64::try_from(stat.st_size).unwrap_or(0));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_once_and_links_and_directories_do_not_lead_away() {
        let dir = tempfile::tempdir().expect("a directory");
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("a/b")).expect("made");
        std::fs::write(at("a/one"), [0; 100]).expect("written");
        std::fs::hard_link(at("a/one"), at("a/b/two")).expect("linked");
        std::fs::write(at("a/b/three"), [0; 7]).expect("written");
        // Its own length is that of its text.
        std::os::unix::fs::symlink("/usr", at("a/out")).expect("linked");
        assert_eq!(of_tree(dir.path()).expect("walked"), 111);
        assert!(of_tree(&at("nowhere")).is_err());
    }
}
