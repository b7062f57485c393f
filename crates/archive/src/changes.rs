//! What a writable layer of overlayfs changes of the layers below it.
//!
//! The rules are those of dockerd when it compares two trees: what is new, also
//! below new directories, is added; what differs in mode, owner, size or time
//! is modified, a directory only for mode and owner; of what is gone the topmost
//! name is deleted; a directory that holds any change is modified.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, openat, statat};
use rustix::io::Errno;

use crate::overlay::{self, is_whiteout};
use crate::pack::{join, names};
use crate::tree;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// From the root, `/etc/passwd`.
    pub path: Vec<u8>,
    /// What happened.
    pub kind: ChangeKind,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is not what it was.
    Modified,
    /// It was not there.
    Added,
    /// It is not there any more.
    Deleted,
}

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// Compares the layer `upper` with those below, topmost first. Sorted by path.
///
/// The layer may be in use. What vanishes meanwhile is left out.
pub fn changes(upper: &Path, lower: &[impl AsRef<Path>]) -> io::Result<Vec<Change>> {
    let open = |path: &Path| openat(CWD, path, DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let mut comparison = Comparison {
        upper: open(upper)?,
        lower: Vec::new(),
        found: BTreeMap::new(),
    };
    for layer in lower {
        comparison.lower.push(open(layer.as_ref())?);
    }
    let mut ahead = vec![Place {
        path: Vec::new(),
        below: (0..lower.len()).collect(),
    }];
    while let Some(place) = ahead.pop() {
        comparison.directory(&place, &mut ahead)?;
    }
    let change = |(path, kind): (Vec<Vec<u8>>, ChangeKind)| Change {
        path: [b"/", path.join(&b'/').as_slice()].concat(),
        kind,
    };
    Ok(comparison.found.into_iter().map(change).collect())
}

/// A directory of the upper layer.
struct Place {
    /// Its path from the root, without a slash in front.
    path: Vec<u8>,
    /// The lower layers whose directory of that path shows through.
    below: Vec<usize>,
}

struct Comparison {
    upper: OwnedFd,
    lower: Vec<OwnedFd>,
    /// By the names on the way.
    found: BTreeMap<Vec<Vec<u8>>, ChangeKind>,
}

/// What the lower layers have under a name.
struct Old {
    stat: Stat,
    /// The layers whose directories merge, if it is one.
    below: Vec<usize>,
}

impl Comparison {
    /// Compares one directory; those in it go into `ahead`.
    fn directory(&mut self, place: &Place, ahead: &mut Vec<Place>) -> io::Result<()> {
        let here = match place.path.as_slice() {
            b"" => b".",
            path => path,
        };
        let Ok(directory) = tree::open_plain(&self.upper, here, DIRECTORY) else {
            return Ok(());
        };
        let below: Vec<(usize, OwnedFd)> = place
            .below
            .iter()
            .filter_map(|layer| {
                let opened = tree::open_plain(&self.lower[*layer], here, DIRECTORY);
                Some((*layer, opened.ok()?))
            })
            .collect();
        for name in names(&directory)? {
            let stat = match statat(&directory, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => stat,
                Err(Errno::NOENT) => continue,
                Err(error) => return Err(error.into()),
            };
            let mut path = place.path.clone();
            join(&mut path, &name);
            let old = old(&below, &name)?;
            if is_whiteout(&stat) {
                if old.is_some() {
                    self.add(&path, ChangeKind::Deleted);
                }
                continue;
            }
            match &old {
                None => self.add(&path, ChangeKind::Added),
                Some(old) if differs(&old.stat, &stat) => self.add(&path, ChangeKind::Modified),
                Some(_) => {}
            }
            let mut below = old.map(|old| old.below).unwrap_or_default();
            let is_directory = is_directory(&stat);
            if !is_directory || is_opaque(&directory, &name) {
                self.hidden(&path, &below, is_directory)?;
                below.clear();
            }
            if is_directory {
                ahead.push(Place { path, below });
            }
        }
        Ok(())
    }

    /// Tells what was in a directory that was replaced, by another one unless
    /// that is false, and is not any more.
    fn hidden(&mut self, path: &[u8], below: &[usize], replaced: bool) -> io::Result<()> {
        let mut opened = Vec::new();
        for layer in below {
            if let Ok(directory) = tree::open_plain(&self.lower[*layer], path, DIRECTORY) {
                opened.push((*layer, directory));
            }
        }
        let new = match replaced {
            true => tree::open_plain(&self.upper, path, DIRECTORY).ok(),
            false => None,
        };
        let mut gone = std::collections::BTreeSet::new();
        for (_, directory) in &opened {
            gone.extend(names(directory)?);
        }
        for name in gone {
            let there = new
                .as_ref()
                .is_some_and(|new| statat(new, name.as_slice(), AtFlags::SYMLINK_NOFOLLOW).is_ok());
            if there || old(&opened, &name)?.is_none() {
                continue;
            }
            let mut path = path.to_vec();
            join(&mut path, &name);
            self.add(&path, ChangeKind::Deleted);
        }
        Ok(())
    }

    /// Adds a change, and that it changed the directories above.
    fn add(&mut self, path: &[u8], kind: ChangeKind) {
        let names: Vec<Vec<u8>> = path.split(|b| *b == b'/').map(<[u8]>::to_vec).collect();
        for count in (1..names.len()).rev() {
            // Whatever is told of one was told of those above it.
            if self.found.contains_key(&names[..count]) {
                break;
            }
            self.found
                .insert(names[..count].to_vec(), ChangeKind::Modified);
        }
        self.found.insert(names, kind);
    }
}

/// Looks a name up as overlayfs does: the topmost layer decides, a whiteout
/// hides what is below, directories merge down to the first opaque one.
fn old(below: &[(usize, OwnedFd)], name: &[u8]) -> io::Result<Option<Old>> {
    let mut found: Option<Old> = None;
    for (layer, directory) in below {
        let stat = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(error.into()),
        };
        if is_whiteout(&stat) {
            break;
        }
        if !is_directory(&stat) {
            // Below a directory it is hidden.
            let below = Vec::new();
            return Ok(Some(found.unwrap_or(Old { stat, below })));
        }
        let below = Vec::new();
        found.get_or_insert(Old { stat, below }).below.push(*layer);
        if is_opaque(directory, name) {
            break;
        }
    }
    Ok(found)
}

fn differs(old: &Stat, new: &Stat) -> bool {
    let content = |stat: &Stat| (stat.st_size, stat.st_mtime, stat.st_mtime_nsec);
    (old.st_mode, old.st_uid, old.st_gid, old.st_rdev)
        != (new.st_mode, new.st_uid, new.st_gid, new.st_rdev)
        || (!is_directory(new) && content(old) != content(new))
}

fn is_directory(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

fn is_opaque(parent: &OwnedFd, name: &[u8]) -> bool {
    tree::open_plain(parent, name, DIRECTORY).is_ok_and(overlay::is_opaque)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn changes_are_told_with_all_that_holds_them() {
        let dir = tempfile::tempdir().unwrap();
        let (upper, lower) = (dir.path().join("upper"), dir.path().join("lower"));
        for layer in [&upper, &lower] {
            fs::create_dir_all(layer.join("etc/sub")).unwrap();
            fs::create_dir_all(layer.join("same")).unwrap();
            fs::create_dir_all(layer.join("open")).unwrap();
        }
        fs::write(lower.join("etc/sub/passwd"), "x").unwrap();
        fs::write(upper.join("etc/sub/passwd"), "longer").unwrap();
        fs::set_permissions(upper.join("open"), fs::Permissions::from_mode(0o777)).unwrap();
        fs::create_dir(upper.join("new")).unwrap();
        fs::write(upper.join("new/file"), "x").unwrap();
        fs::create_dir_all(lower.join("was/deep")).unwrap();
        fs::write(upper.join("was"), "a file now").unwrap();
        let told: Vec<(String, ChangeKind)> = changes(&upper, &[&lower])
            .unwrap()
            .into_iter()
            .map(|change| (String::from_utf8(change.path).unwrap(), change.kind))
            .collect();
        use ChangeKind::{Added, Deleted, Modified};
        let expected = [
            ("/etc", Modified),
            ("/etc/sub", Modified),
            ("/etc/sub/passwd", Modified),
            ("/new", Added),
            ("/new/file", Added),
            ("/open", Modified),
            ("/was", Modified),
            ("/was/deep", Deleted),
        ]
        .map(|(path, kind)| (path.to_owned(), kind));
        assert_eq!(told, expected);
        let below: [&Path; 0] = [];
        assert_eq!(changes(&upper, &below).unwrap().len(), 8);
    }
}
