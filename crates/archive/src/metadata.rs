//! Owner, mode, times and attributes of entries, set on files and read from
//! them.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid, XattrFlags, chmod, chownat,
    fchmod, fchown, fgetxattr, flistxattr, fremovexattr, fsetxattr, listxattr, openat, removexattr,
    setxattr, utimensat,
};
use rustix::io::Errno;

use crate::overlay;
use crate::read::Entry;

/// The times that an entry gives to its file.
pub fn times(entry: &Entry) -> Timestamps {
    let time = Timespec {
        tv_sec: entry.mtime.0,
        tv_nsec: entry.mtime.1.into(),
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// Sets all but the times. Owner first: changing it clears set-id bits and
/// capabilities.
pub fn set_metadata(fd: &OwnedFd, entry: &Entry) -> io::Result<()> {
    fchown(
        fd,
        Some(Uid::from_raw(entry.uid)),
        Some(Gid::from_raw(entry.gid)),
    )?;
    fchmod(fd, Mode::from_raw_mode(entry.mode))?;
    set_xattrs(entry, |name, value| {
        fsetxattr(fd, name, value, XattrFlags::empty())
    })
}

/// Sets everything, times too, on what cannot be opened: a link, a device, a
/// pipe. `name` itself is never followed, whatever it has become meanwhile.
pub fn set_metadata_at(parent: &OwnedFd, name: &[u8], entry: &Entry) -> io::Result<()> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = openat(parent, name, flags, Mode::empty())?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
    chownat(
        &file,
        "",
        Some(Uid::from_raw(entry.uid)),
        Some(Gid::from_raw(entry.gid)),
        AtFlags::EMPTY_PATH,
    )?;
    if kind != FileType::Symlink {
        // Calls that take no descriptor of this kind take its magic link.
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        chmod(&path, Mode::from_raw_mode(entry.mode))?;
        set_xattrs(entry, |name, value| {
            setxattr(&path, name, value, XattrFlags::empty())
        })?;
    }
    Ok(utimensat(
        parent,
        name,
        &times(entry),
        AtFlags::SYMLINK_NOFOLLOW,
    )?)
}

/// Whether an attribute may travel in an archive. Above all overlayfs' own must
/// not come from one: they redirect lookups.
fn travels(name: &[u8]) -> bool {
    (name.starts_with(b"user.") && !name.starts_with(b"user.overlay."))
        || name == b"security.capability"
        || name.starts_with(b"system.posix_acl_")
}

fn set_xattrs(
    entry: &Entry,
    set: impl Fn(&[u8], &[u8]) -> rustix::io::Result<()>,
) -> io::Result<()> {
    for (name, value) in entry.xattrs.iter().filter(|(name, _)| travels(name)) {
        match set(name, value) {
            // As dockerd: a file system without attributes is no reason to
            // refuse an archive.
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The names of an open file's attributes.
pub(crate) fn xattr_names(file: impl AsFd) -> io::Result<Vec<Vec<u8>>> {
    let file = file.as_fd();
    let mut names = vec![0; 256];
    let length = loop {
        match flistxattr(file, &mut names[..]) {
            Ok(length) => break length,
            Err(Errno::RANGE) => names.resize(names.len() * 4, 0),
            Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        }
    };
    let names = names[..length].split(|byte| *byte == 0);
    Ok(names
        .filter(|name| !name.is_empty())
        .map(<[u8]>::to_vec)
        .collect())
}

/// Of these attributes of an open file those that an archive carries: the
/// file's capabilities and what users have set.
pub(crate) fn xattrs(file: impl AsFd, names: Vec<Vec<u8>>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let file = file.as_fd();
    let mut found = Vec::new();
    for name in names {
        if !is_carried(&name) {
            continue;
        }
        let mut value = vec![0; 256];
        loop {
            match fgetxattr(file, name.as_slice(), &mut value[..]) {
                Ok(length) => {
                    value.truncate(length);
                    found.push((name, value));
                    break;
                }
                Err(Errno::RANGE) => value.resize(value.len() * 8, 0),
                // It went away meanwhile.
                Err(_) => break,
            }
        }
    }
    found
}

/// Whether an archive carries an attribute. Lists of access rights it does not:
/// they hold ids that mean nothing elsewhere.
pub(crate) fn is_carried(name: &[u8]) -> bool {
    travels(name) && !name.starts_with(b"system.")
}

/// Takes from an open file all attributes that an archive of its layer does not
/// carry and that can be taken; `names` are those it has.
pub(crate) fn strip(file: &OwnedFd, names: &[Vec<u8>]) -> io::Result<()> {
    for name in names.iter().filter(|name| is_stray(name)) {
        gone(fremovexattr(file, name.as_slice()))?;
    }
    Ok(())
}

/// The same for what can only be opened as a place.
pub(crate) fn strip_at(place: &OwnedFd) -> io::Result<()> {
    let path = format!("/proc/self/fd/{}", place.as_raw_fd());
    let mut names = [0; 4096];
    let length = match listxattr(&path, &mut names[..]) {
        Ok(length) => length,
        Err(Errno::OPNOTSUPP) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for name in names[..length].split(|byte| *byte == 0) {
        if is_stray(name) {
            gone(removexattr(&path, name))?;
        }
    }
    Ok(())
}

/// Labels of the machine's own security modules are theirs to keep.
fn is_stray(name: &[u8]) -> bool {
    !name.is_empty()
        && !is_carried(name)
        && !name.starts_with(b"security.")
        && !overlay::hides(name)
}

fn gone(result: rustix::io::Result<()>) -> io::Result<()> {
    match result {
        Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
