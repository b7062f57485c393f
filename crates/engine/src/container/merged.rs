//! Trees of files as tar archives: the merged tree of a container's layers, read
//! from the layers themselves, so that it needs no mount and works whether the
//! container runs or not (what is mounted into it is an empty directory here),
//! or a part of what a view shows.
//!
//! Whoever runs can change the tree while it is read, so every name is opened
//! below a descriptor of its directory and no link is followed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use tar::{EntryType, Header};

use crate::container::rooted;

/// Bytes that are copied at once.
const BUFFER: usize = 256 << 10;

/// Blocks of a tar archive, in bytes.
const BLOCK: usize = 512;

/// Writes the tree of `layers`, topmost first, to `out`.
pub(crate) fn write_tar(layers: &[PathBuf], out: impl Write) -> io::Result<()> {
    let roots = layers
        .iter()
        .map(|layer| open_dir(rustix::fs::CWD, layer.as_os_str()))
        .collect::<io::Result<Vec<OwnedFd>>>()?;
    let mut walk = Walk::new(out);
    walk.directory(&roots, b"")?;
    walk.finish()
}

/// Writes a directory and all below it, under another name; below the empty
/// name all names begin with a slash.
pub(crate) fn write_directory(directory: &OwnedFd, name: &str, out: impl Write) -> io::Result<()> {
    let directory = rooted::reopen(directory)?;
    let found = Found {
        layer: 0,
        stat: rustix::fs::fstat(&directory)?,
        directories: vec![directory],
    };
    let mut walk = Walk::new(out);
    walk.tree(&found, name.as_bytes())?;
    walk.finish()
}

/// Writes what a directory has under the name `of`, under another name.
pub(crate) fn write_entry(
    directory: &OwnedFd,
    of: &OsStr,
    name: &str,
    out: impl Write,
) -> io::Result<()> {
    let directory = [rooted::reopen(directory)?];
    let found = find(&directory, of)?.ok_or(io::ErrorKind::NotFound)?;
    let mut walk = Walk::new(out);
    if found.directories.is_empty() {
        walk.entry(&directory[0], of, name.as_bytes(), &found)?;
    } else {
        walk.tree(&found, name.as_bytes())?;
    }
    walk.finish()
}

struct Walk<W: Write> {
    out: W,
    /// First name of each file with several.
    links: HashMap<(u64, u64), Vec<u8>>,
    buffer: Vec<u8>,
}

/// The topmost layer that has a name, and for a directory those below whose
/// content shows through.
struct Found {
    layer: usize,
    stat: Stat,
    directories: Vec<OwnedFd>,
}

impl<W: Write> Walk<W> {
    fn new(out: W) -> Walk<W> {
        Walk {
            out,
            links: HashMap::new(),
            buffer: vec![0; BUFFER],
        }
    }

    /// The end of an archive are two empty blocks.
    fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        self.out.flush()
    }

    /// All below a directory, under names that begin with `prefix`.
    fn directory(&mut self, layers: &[OwnedFd], prefix: &[u8]) -> io::Result<()> {
        for name in names(layers)? {
            // Names that vanish while a container runs are left out.
            let Some(found) = find(layers, &name)? else {
                continue;
            };
            let path = [prefix, name.as_bytes()].concat();
            if found.directories.is_empty() {
                self.entry(&layers[found.layer], &name, &path, &found)?;
            } else {
                self.tree(&found, &path)?;
            }
        }
        Ok(())
    }

    /// A directory itself and all below it.
    fn tree(&mut self, found: &Found, path: &[u8]) -> io::Result<()> {
        // Go's archiver marks directories with a slash; so do we.
        let name = [path, b"/"].concat();
        let attributes = match found.directories.first() {
            Some(directory) => attributes(directory)?,
            None => Vec::new(),
        };
        self.header(
            header(&found.stat, EntryType::Directory),
            &name,
            b"",
            attributes,
        )?;
        self.directory(&found.directories, &name)
    }

    /// Anything but a directory.
    fn entry(&mut self, dir: &OwnedFd, name: &OsStr, path: &[u8], found: &Found) -> io::Result<()> {
        let stat = &found.stat;
        let kind = FileType::from_raw_mode(stat.st_mode);
        if stat.st_nlink > 1 {
            let key = (stat.st_dev, stat.st_ino);
            if let Some(first) = self.links.get(&key) {
                let first = first.clone();
                return self.header(header(stat, EntryType::Link), path, &first, Vec::new());
            }
            if kind != FileType::Socket {
                self.links.insert(key, path.to_vec());
            }
        }
        match kind {
            FileType::RegularFile => self.file(dir, name, path, stat),
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(dir, name, Vec::new())?;
                let header = header(stat, EntryType::Symlink);
                self.header(header, path, target.as_bytes(), Vec::new())
            }
            FileType::CharacterDevice | FileType::BlockDevice | FileType::Fifo => {
                let mut header = header(
                    stat,
                    match kind {
                        FileType::CharacterDevice => EntryType::Char,
                        FileType::BlockDevice => EntryType::Block,
                        _ => EntryType::Fifo,
                    },
                );
                header.set_device_major(rustix::fs::major(stat.st_rdev))?;
                header.set_device_minor(rustix::fs::minor(stat.st_rdev))?;
                self.header(header, path, b"", Vec::new())
            }
            // A socket means nothing without the process behind it.
            _ => Ok(()),
        }
    }

    fn file(&mut self, dir: &OwnedFd, name: &OsStr, path: &[u8], stat: &Stat) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(dir, name, flags, Mode::empty()) {
            Ok(file) => file,
            Err(Errno::NOENT | Errno::LOOP) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let attributes = attributes(&file)?;
        let mut header = header(stat, EntryType::Regular);
        header.set_size(size(stat));
        self.header(header, path, b"", attributes)?;
        // The size stands in front of the data: a file that grows is cut there,
        // one that shrinks is filled up.
        let mut data = File::from(file).chain(io::repeat(0)).take(size(stat));
        loop {
            match data.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(count) => self.out.write_all(&self.buffer[..count])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.pad(size(stat))
    }

    /// The header of an entry; what does not fit into it goes into a header of
    /// extensions (PAX) before it.
    fn header(
        &mut self,
        mut header: Header,
        path: &[u8],
        link: &[u8],
        mut extensions: Vec<(Vec<u8>, Vec<u8>)>,
    ) -> io::Result<()> {
        let fields = header.as_old_mut();
        for (key, text, field) in [
            (b"path".as_slice(), path, &mut fields.name),
            (b"linkpath", link, &mut fields.linkname),
        ] {
            let length = text.len().min(field.len());
            field[..length].copy_from_slice(&text[..length]);
            if text.len() > field.len() {
                extensions.push((key.to_vec(), text.to_vec()));
            }
        }
        if !extensions.is_empty() {
            let mut records = Vec::new();
            for (key, value) in &extensions {
                record(&mut records, key, value);
            }
            let mut before = Header::new_ustar();
            before.set_entry_type(EntryType::XHeader);
            before.set_mode(0o644);
            before.set_size(records.len() as u64);
            let name = b"PaxHeaders.0/extensions";
            before.as_old_mut().name[..name.len()].copy_from_slice(name);
            before.set_cksum();
            self.out.write_all(before.as_bytes())?;
            self.out.write_all(&records)?;
            self.pad(records.len() as u64)?;
        }
        header.set_cksum();
        self.out.write_all(header.as_bytes())
    }

    fn pad(&mut self, length: u64) -> io::Result<()> {
        let rest = length.next_multiple_of(BLOCK as u64) - length;
        self.out.write_all(&[0; BLOCK][..rest as usize])
    }
}

/// A PAX record: its own length, the key and the value.
fn record(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    // The length counts its own digits.
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    records.extend_from_slice(length.to_string().as_bytes());
    for part in [b" ".as_slice(), key, b"=", value, b"\n"] {
        records.extend_from_slice(part);
    }
}

/// Extended attributes, as PAX has them. Those of the overlay itself stay
/// behind.
fn attributes(file: &OwnedFd) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut found = BTreeMap::new();
    for name in attribute_names(file)? {
        let kept = name == "security.capability" || name.starts_with("user.");
        if kept && let Some(value) = attribute(file, &name)? {
            found.insert(format!("SCHILY.xattr.{name}").into_bytes(), value);
        }
    }
    Ok(found.into_iter().collect())
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
        // Nothing is below the last layer.
        let opaque = index + 1 < layers.len()
            && attribute(&directory, "trusted.overlay.opaque")?.is_some_and(|v| v == b"y");
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

fn header(stat: &Stat, kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
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
