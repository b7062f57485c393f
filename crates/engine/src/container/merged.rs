//! The merged tree of a container's layers as a tar archive, read from the
//! layers themselves: it needs no mount and works whether the container runs
//! or not. What is mounted into the container is an empty directory here.
//!
//! A running container can change its layer while it is read, so every name
//! is opened below a descriptor of its directory and no link is followed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use tar::{Builder, EntryType, Header};

/// Writes the tree of `layers`, topmost first, to `out`.
pub(crate) fn write_tar(layers: &[PathBuf], out: impl Write) -> io::Result<()> {
    let roots = layers
        .iter()
        .map(|layer| open_dir(rustix::fs::CWD, layer.as_os_str()))
        .collect::<io::Result<Vec<OwnedFd>>>()?;
    let mut walk = Walk {
        tar: Builder::new(out),
        links: HashMap::new(),
    };
    walk.directory(&roots, Path::new(""))?;
    walk.tar.into_inner()?.flush()
}

struct Walk<W: Write> {
    tar: Builder<W>,
    /// First name of each file with several.
    links: HashMap<(u64, u64), PathBuf>,
}

/// The topmost layer that has a name, and for a directory those below whose
/// content shows through.
struct Found {
    layer: usize,
    stat: Stat,
    directories: Vec<OwnedFd>,
}

impl<W: Write> Walk<W> {
    fn directory(&mut self, layers: &[OwnedFd], path: &Path) -> io::Result<()> {
        for name in names(layers)? {
            // Names that vanish while a container runs are left out.
            let Some(found) = find(layers, &name)? else {
                continue;
            };
            let path = path.join(&name);
            self.entry(&layers[found.layer], &name, &path, &found)?;
            if !found.directories.is_empty() {
                self.directory(&found.directories, &path)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, dir: &OwnedFd, name: &OsStr, path: &Path, found: &Found) -> io::Result<()> {
        let stat = &found.stat;
        let kind = FileType::from_raw_mode(stat.st_mode);
        let mut header = header(stat);
        if stat.st_nlink > 1 && kind != FileType::Directory {
            if let Some(first) = self.links.get(&(stat.st_dev, stat.st_ino)) {
                header.set_entry_type(EntryType::Link);
                return self.tar.append_link(&mut header, path, first);
            }
            self.links
                .insert((stat.st_dev, stat.st_ino), path.to_owned());
        }
        match kind {
            FileType::Directory => {
                if let Some(directory) = found.directories.first() {
                    self.attributes(directory)?;
                }
                header.set_entry_type(EntryType::Directory);
                // Go's archiver marks directories with a slash; so do we.
                self.tar
                    .append_data(&mut header, path.join(""), io::empty())
            }
            FileType::RegularFile => {
                let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
                let file = match rustix::fs::openat(dir, name, flags, Mode::empty()) {
                    Ok(file) => file,
                    Err(Errno::NOENT | Errno::LOOP) => return Ok(()),
                    Err(error) => return Err(error.into()),
                };
                self.attributes(&file)?;
                header.set_entry_type(EntryType::Regular);
                header.set_size(size(stat));
                // The size stands in front of the data: a file that grows is
                // cut there, one that shrinks is filled up.
                let data = File::from(file).chain(io::repeat(0)).take(size(stat));
                self.tar.append_data(&mut header, path, data)
            }
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(dir, name, Vec::new())?;
                header.set_entry_type(EntryType::Symlink);
                let target = OsString::from_vec(target.into_bytes());
                self.tar.append_link(&mut header, path, Path::new(&target))
            }
            FileType::CharacterDevice | FileType::BlockDevice | FileType::Fifo => {
                header.set_entry_type(match kind {
                    FileType::CharacterDevice => EntryType::Char,
                    FileType::BlockDevice => EntryType::Block,
                    _ => EntryType::Fifo,
                });
                header.set_device_major(rustix::fs::major(stat.st_rdev))?;
                header.set_device_minor(rustix::fs::minor(stat.st_rdev))?;
                self.tar.append_data(&mut header, path, io::empty())
            }
            // A socket means nothing without the process behind it.
            _ => Ok(()),
        }
    }

    /// Extended attributes go into a header of their own before the entry.
    /// Those of the overlay itself stay behind.
    fn attributes(&mut self, file: &OwnedFd) -> io::Result<()> {
        let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for name in attribute_names(file)? {
            let kept = name == "security.capability" || name.starts_with("user.");
            if kept && let Some(value) = attribute(file, &name)? {
                found.insert(format!("SCHILY.xattr.{name}"), value);
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        self.tar
            .append_pax_extensions(found.iter().map(|(k, v)| (k.as_str(), v.as_slice())))
    }
}

/// All names of a directory over its layers, sorted.
fn names(layers: &[OwnedFd]) -> io::Result<BTreeSet<OsString>> {
    let mut names = BTreeSet::new();
    for layer in layers {
        for entry in Dir::read_from(layer)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.insert(OsString::from_vec(name.to_vec()));
            }
        }
    }
    Ok(names)
}

/// Looks a name up as overlayfs does: the topmost layer decides, a whiteout
/// hides what is below, directories merge down to the first opaque one.
fn find(layers: &[OwnedFd], name: &OsStr) -> io::Result<Option<Found>> {
    let mut found: Option<Found> = None;
    for (index, layer) in layers.iter().enumerate() {
        let stat = match rustix::fs::statat(layer, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => continue,
            Err(error) => return Err(error.into()),
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind == FileType::CharacterDevice && stat.st_rdev == 0 {
            break;
        }
        if kind != FileType::Directory {
            // A file below a directory is hidden by it.
            return Ok(Some(found.unwrap_or(Found {
                layer: index,
                stat,
                directories: Vec::new(),
            })));
        }
        let directory = open_dir(layer.as_fd(), name)?;
        let opaque = attribute(&directory, "trusted.overlay.opaque")?.is_some_and(|v| v == b"y");
        found
            .get_or_insert_with(|| Found {
                layer: index,
                stat,
                directories: Vec::new(),
            })
            .directories
            .push(directory);
        if opaque {
            break;
        }
    }
    Ok(found)
}

fn header(stat: &Stat) -> Header {
    let mut header = Header::new_gnu();
    header.set_mode(stat.st_mode & 0o7777);
    header.set_uid(u64::from(stat.st_uid));
    header.set_gid(u64::from(stat.st_gid));
    header.set_mtime(u64::try_from(stat.st_mtime).unwrap_or(0));
    header.set_size(0);
    header
}

fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

fn open_dir(at: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(at, name, flags, Mode::empty())?)
}

fn attribute_names(file: &OwnedFd) -> io::Result<Vec<String>> {
    let mut buffer = vec![0; 4096];
    let length = loop {
        match rustix::fs::flistxattr(file, &mut buffer[..]) {
            Ok(length) => break length,
            Err(Errno::RANGE) => buffer.resize(buffer.len() * 4, 0),
            Err(Errno::NOTSUP) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
    };
    Ok(buffer[..length]
        .split(|byte| *byte == 0)
        .filter_map(|name| std::str::from_utf8(name).ok())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect())
}

fn attribute(file: &OwnedFd, name: &str) -> io::Result<Option<Vec<u8>>> {
    let mut buffer = vec![0; 1024];
    loop {
        match rustix::fs::fgetxattr(file, name, &mut buffer[..]) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(Some(buffer));
            }
            Err(Errno::RANGE) => buffer.resize(buffer.len() * 8, 0),
            Err(Errno::NODATA | Errno::NOTSUP | Errno::PERM) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    /// Name, type and content (or link target) of every entry.
    fn listing(layers: &[PathBuf]) -> Vec<(String, EntryType, String)> {
        let mut tar = Vec::new();
        write_tar(layers, &mut tar).expect("written");
        let mut archive = tar::Archive::new(tar.as_slice());
        archive
            .entries()
            .expect("entries")
            .map(|entry| {
                let mut entry = entry.expect("an entry");
                let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                let kind = entry.header().entry_type();
                let mut content = String::new();
                entry.read_to_string(&mut content).expect("text");
                if let Some(target) = entry.link_name_bytes() {
                    content = String::from_utf8_lossy(&target).into_owned();
                }
                (path, kind, content)
            })
            .collect()
    }

    #[test]
    fn layers_merge_as_in_an_overlay() {
        let root = tempfile::tempdir().expect("a directory");
        let (upper, lower) = (root.path().join("upper"), root.path().join("lower"));
        for layer in [&upper, &lower] {
            fs::create_dir_all(layer.join("etc")).expect("made");
        }
        fs::write(lower.join("etc/old"), "old").expect("written");
        fs::write(lower.join("etc/both"), "below").expect("written");
        fs::write(upper.join("etc/both"), "above").expect("written");
        fs::hard_link(upper.join("etc/both"), upper.join("etc/link")).expect("linked");
        symlink("/etc/passwd", upper.join("etc/sym")).expect("linked");
        fs::set_permissions(upper.join("etc"), fs::Permissions::from_mode(0o711)).expect("set");
        let found = listing(&[upper, lower]);
        let expected = [
            ("etc/", EntryType::Directory, ""),
            ("etc/both", EntryType::Regular, "above"),
            ("etc/link", EntryType::Link, "etc/both"),
            ("etc/old", EntryType::Regular, "old"),
            ("etc/sym", EntryType::Symlink, "/etc/passwd"),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(path, kind, content)| (path.to_owned(), kind, content.to_owned()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn whiteouts_and_opaque_directories_hide_what_is_below() {
        let root = tempfile::tempdir().expect("a directory");
        if fs::metadata("/proc/self").expect("proc").uid() != 0 {
            eprintln!("skipped: needs root");
            return;
        }
        let (upper, lower) = (root.path().join("upper"), root.path().join("lower"));
        for dir in ["gone", "kept"] {
            fs::create_dir_all(lower.join(dir)).expect("made");
            fs::write(lower.join(dir).join("file"), dir).expect("written");
        }
        fs::create_dir_all(upper.join("kept")).expect("made");
        let dir = open_dir(rustix::fs::CWD, upper.as_os_str()).expect("opened");
        rustix::fs::mknodat(&dir, "gone", FileType::CharacterDevice, Mode::empty(), 0)
            .expect("a whiteout");
        let names = |layers: &[PathBuf]| -> Vec<String> {
            listing(layers).into_iter().map(|(path, ..)| path).collect()
        };
        let layers = [upper.clone(), lower];
        assert_eq!(names(&layers), ["kept/", "kept/file"]);
        rustix::fs::setxattr(
            upper.join("kept"),
            "trusted.overlay.opaque",
            b"y",
            rustix::fs::XattrFlags::empty(),
        )
        .expect("set");
        assert_eq!(names(&layers), ["kept/"]);
    }
}
