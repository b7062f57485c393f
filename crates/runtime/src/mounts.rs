//! Detached mounts: made out of sight, attached to a descriptor.
//!
//! A mount exists first as a descriptor that no path leads to. It is attached
//! to the descriptor of a directory or file that [`crate::path`] resolved, so
//! that no name is looked up a second time between check and use.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::libc;
use rustix::fs::CWD;
use rustix::mount::{
    self, FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, OpenTreeFlags,
};

use crate::spec::{Propagation, Restrictions};
use crate::sys::mount::{MountAttr, set_attributes};

/// `nosuid`.
pub(crate) const NOSUID: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOSUID;
/// `nodev`.
pub(crate) const NODEV: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NODEV;
/// `noexec`.
pub(crate) const NOEXEC: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NOEXEC;
/// `ro`.
pub(crate) const RDONLY: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_RDONLY;
/// `strictatime`.
pub(crate) const STRICTATIME: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_STRICTATIME;
/// What every kernel file system but `/dev` is mounted with.
pub(crate) const HARDENED: MountAttrFlags = NOSUID.union(NODEV).union(NOEXEC);

/// A new file system instance of type `kind`, not attached anywhere.
///
/// An option is a name and a value; one without a value is a flag. `source` is
/// what mountinfo shows.
pub(crate) fn new(
    kind: &str,
    source: &str,
    options: &[(&str, &str)],
    attributes: MountAttrFlags,
) -> io::Result<OwnedFd> {
    let context = mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC)?;
    mount::fsconfig_set_string(&context, "source", source)?;
    for (name, value) in options {
        if value.is_empty() {
            mount::fsconfig_set_flag(&context, *name)?;
        } else {
            mount::fsconfig_set_string(&context, *name, *value)?;
        }
    }
    mount::fsconfig_create(&context)?;
    finish(&context, attributes)
}

/// Makes a mount of a file system context that is fully configured.
pub(crate) fn finish(context: impl AsFd, attributes: MountAttrFlags) -> io::Result<OwnedFd> {
    Ok(mount::fsmount(
        context,
        FsMountFlags::FSMOUNT_CLOEXEC,
        attributes,
    )?)
}

/// A detached copy of the mount that holds the host's `path`, rooted there.
pub(crate) fn clone_path(path: &Path, recursive: bool) -> io::Result<OwnedFd> {
    Ok(mount::open_tree(CWD, path, clone_flags(recursive))?)
}

/// A detached copy of the mount that `place` lies in, rooted at `place`.
pub(crate) fn clone_at(place: impl AsFd, recursive: bool) -> io::Result<OwnedFd> {
    let flags = clone_flags(recursive) | OpenTreeFlags::AT_EMPTY_PATH;
    Ok(mount::open_tree(place, "", flags)?)
}

fn clone_flags(recursive: bool) -> OpenTreeFlags {
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    if recursive {
        flags | OpenTreeFlags::AT_RECURSIVE
    } else {
        flags
    }
}

/// Attaches the detached `mount` on `place`.
pub(crate) fn attach(mount: impl AsFd, place: impl AsFd) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    Ok(mount::move_mount(mount, "", place, "", flags)?)
}

/// Adds attributes to a mount.
pub(crate) fn restrict(
    mount: impl AsFd,
    recursive: bool,
    attributes: MountAttrFlags,
) -> io::Result<()> {
    set_attributes(
        mount,
        recursive,
        MountAttr::set(u64::from(attributes.bits())),
    )
}

/// The attributes of a bind mount that the kernel knows for restrictions.
pub(crate) fn attributes(restrictions: Restrictions) -> MountAttrFlags {
    let mut attributes = MountAttrFlags::empty();
    attributes.set(NOSUID, restrictions.nosuid);
    attributes.set(NODEV, restrictions.nodev);
    attributes.set(NOEXEC, restrictions.noexec);
    attributes
}

/// Decides how later mounts travel into and out of a mount.
pub(crate) fn propagate(mount: impl AsFd, propagation: Propagation) -> io::Result<()> {
    let (kind, recursive) = match propagation {
        Propagation::Private => (libc::MS_PRIVATE, false),
        Propagation::Rprivate => (libc::MS_PRIVATE, true),
        Propagation::Slave => (libc::MS_SLAVE, false),
        Propagation::Rslave => (libc::MS_SLAVE, true),
        // A copy of a shared mount is in its peer group already.
        Propagation::Shared => (libc::MS_SHARED, false),
        Propagation::Rshared => (libc::MS_SHARED, true),
    };
    set_attributes(mount, recursive, MountAttr::propagation(kind))
}

/// Mount attributes and file system options told apart in a list in the words
/// of mount(8), later words undoing earlier ones.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options<'a> {
    /// Attributes of the mount.
    pub(crate) attributes: MountAttrFlags,
    /// Options of the file system.
    pub(crate) data: Vec<(&'a str, &'a str)>,
}

impl<'a> Options<'a> {
    /// Starts from `attributes` and applies `words`; a word may hold several,
    /// separated by commas.
    pub(crate) fn parse(attributes: MountAttrFlags, words: &'a [String]) -> Self {
        let mut options = Self {
            attributes,
            data: Vec::new(),
        };
        for word in words.iter().flat_map(|words| words.split(',')) {
            options.apply(word);
        }
        options
    }

    fn apply(&mut self, word: &'a str) {
        const NODIRATIME: MountAttrFlags = MountAttrFlags::MOUNT_ATTR_NODIRATIME;
        const ATIME: MountAttrFlags = MountAttrFlags::MOUNT_ATTR__ATIME;
        match word {
            "ro" => self.attributes |= RDONLY,
            "rw" => self.attributes -= RDONLY,
            "nosuid" => self.attributes |= NOSUID,
            "suid" => self.attributes -= NOSUID,
            "nodev" => self.attributes |= NODEV,
            "dev" => self.attributes -= NODEV,
            "noexec" => self.attributes |= NOEXEC,
            "exec" => self.attributes -= NOEXEC,
            "noatime" => {
                self.attributes -= ATIME;
                self.attributes |= MountAttrFlags::MOUNT_ATTR_NOATIME;
            }
            "strictatime" => {
                self.attributes -= ATIME;
                self.attributes |= STRICTATIME;
            }
            "atime" | "relatime" | "norelatime" | "nostrictatime" => self.attributes -= ATIME,
            "nodiratime" => self.attributes |= NODIRATIME,
            "diratime" => self.attributes -= NODIRATIME,
            // Propagation makes no difference to a new file system that
            // nobody else mounts; the others are mount(8)'s own.
            "" | "defaults" | "private" | "rprivate" | "slave" | "rslave" | "shared"
            | "rshared" | "async" | "sync" => {}
            other => self.data.push(other.split_once('=').unwrap_or((other, ""))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tmpfs_words_are_told_apart() {
        let words = [
            "rw,exec".to_owned(),
            "size=64m".to_owned(),
            "mode=1777".to_owned(),
        ];
        let options = Options::parse(HARDENED, &words);
        assert_eq!(options.attributes, NOSUID | NODEV);
        assert_eq!(options.data, [("size", "64m"), ("mode", "1777")]);
    }

    #[test]
    fn the_last_access_time_word_wins() {
        let words = ["noatime,strictatime,ro,rw".to_owned()];
        let options = Options::parse(MountAttrFlags::empty(), &words);
        assert_eq!(options.attributes, STRICTATIME);
    }
}
