//! `mount_setattr(2)`, the call of the new mount API that `rustix` lacks.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use nix::libc;

/// Changes to the attributes of a mount.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct MountAttr {
    /// `MOUNT_ATTR_*` bits to set.
    pub(crate) set: u64,
    /// `MOUNT_ATTR_*` bits to clear.
    pub(crate) clear: u64,
    /// `MS_PRIVATE`, `MS_SLAVE`, `MS_SHARED`, `MS_UNBINDABLE`, or 0 to keep.
    pub(crate) propagation: u64,
    userns_fd: u64,
}

impl MountAttr {
    /// Sets the given `MOUNT_ATTR_*` bits and changes nothing else.
    pub(crate) fn set(bits: u64) -> Self {
        Self {
            set: bits,
            ..Self::default()
        }
    }

    /// Sets the bits of an idmapped mount, which shows ids through the user
    /// namespace `user`.
    pub(crate) fn shift(bits: u64, user: BorrowedFd<'_>) -> Self {
        Self {
            set: bits,
            userns_fd: user.as_raw_fd() as u64,
            ..Self::default()
        }
    }

    /// Changes how mount events travel and nothing else.
    pub(crate) fn propagation(kind: u64) -> Self {
        Self {
            propagation: kind,
            ..Self::default()
        }
    }
}

/// Applies `attr` to the mount that `mount` is the root of, and with
/// `recursive` to all below it.
pub(crate) fn set_attributes(mount: impl AsFd, recursive: bool, attr: MountAttr) -> io::Result<()> {
    let mut flags = libc::AT_EMPTY_PATH;
    if recursive {
        flags |= libc::AT_RECURSIVE;
    }
    // SAFETY: the path is an empty NUL-terminated string and `attr` has the
    // kernel's layout and the size passed.
    super::check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_fd().as_raw_fd(),
            c"".as_ptr(),
            flags,
            &raw const attr,
            std::mem::size_of::<MountAttr>(),
        )
    })?;
    Ok(())
}
