//! How overlayfs writes down what a layer hides of those below it, and how
//! archives do (OCI image layer specification 1.0).
//!
//! | what is hidden | on disk | in an archive |
//! | --- | --- | --- |
//! | a name | a character device 0:0 | a file `.wh.NAME` |
//! | all that a directory had | `trusted.overlay.opaque` is `y` | a file `.wh..wh..opq` in it |
//!
//! Overlayfs also leaves notes for itself (origin, impure, nlink): they say
//! nothing to anybody else. Two of its attributes make a directory something
//! else than the files in it, `redirect` and `metacopy`. Our mounts never ask
//! for them, so where they are found nothing can be said about the layer.

use std::io;
use std::os::fd::AsFd;

use rustix::fs::{FileType, Stat, XattrFlags, fgetxattr, fsetxattr};

/// What the names of all whiteouts begin with.
pub const WHITEOUT: &[u8] = b".wh.";
/// The name that hides what a directory had.
pub const OPAQUE: &[u8] = b".wh..wh..opq";
/// What the names begin with that older storage drivers kept for themselves.
pub const RESERVED: &[u8] = b".wh..wh.";

const OPAQUE_ATTRIBUTE: &[u8] = b"trusted.overlay.opaque";

/// Whether a file is a whiteout.
pub fn is_whiteout(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice && stat.st_rdev == 0
}

/// Whether a directory hides what the layers below have in it.
pub fn is_opaque(directory: impl AsFd) -> bool {
    let mut value = [0; 2];
    fgetxattr(directory, OPAQUE_ATTRIBUTE, &mut value[..]) == Ok(1) && value[0] == b'y'
}

/// Makes a directory hide what the layers below have in it.
pub fn set_opaque(directory: impl AsFd) -> io::Result<()> {
    Ok(fsetxattr(
        directory,
        OPAQUE_ATTRIBUTE,
        b"y",
        XattrFlags::empty(),
    )?)
}

/// Whether an attribute says that a file's content or name is elsewhere.
pub(crate) fn refers(attribute: &[u8]) -> bool {
    matches!(
        attribute,
        b"trusted.overlay.redirect" | b"trusted.overlay.metacopy"
    )
}

/// Whether an attribute makes a directory opaque.
pub(crate) fn hides(attribute: &[u8]) -> bool {
    attribute == OPAQUE_ATTRIBUTE
}
