//! `/` of a container: an overlay in its own mount namespace, and the change
//! of root to it. The host never sees the mount.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags};
use rustix::fs::{self, CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{self, FsOpenFlags, MountAttrFlags};
use rustix::process;

use crate::error::{CreateError, Step};
use crate::mounts;
use crate::path;
use crate::spec::{Propagation, RootfsSpec};

/// Strings longer than this are refused by fsconfig(2).
const LONGEST_OPTION: usize = 255;

/// Mounts the layers of `spec` and attaches them on the host's directory
/// `place`, in the mount namespace of the calling process, which must not
/// propagate to the host. Returns the root of the new mount.
///
/// Without lower layers the upper directory itself becomes the root.
pub(crate) fn mount(spec: &RootfsSpec, place: &Path) -> Result<OwnedFd, CreateError> {
    let tree = if spec.lower.is_empty() {
        let tree = mounts::clone_path(&spec.upper, false)
            .step(|| format!("clone mount of \"{}\"", spec.upper.display()))?;
        mounts::propagate(&tree, Propagation::Private).step(|| "make root private")?;
        Some(tree)
    } else {
        detached_overlay(spec).step(|| format!("mount overlay on \"{}\"", spec.upper.display()))?
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let Some(tree) = tree else {
        classic_overlay(spec, place)
            .step(|| format!("mount overlay on \"{}\"", place.display()))?;
        return fs::open(place, flags, Mode::empty())
            .step(|| format!("open root \"{}\"", place.display()));
    };
    let target = fs::open(place, flags, Mode::empty())
        .step(|| format!("open mount point of root \"{}\"", place.display()))?;
    mounts::attach(&tree, &target).step(|| format!("attach root on \"{}\"", place.display()))?;
    Ok(tree)
}

/// The overlay as a detached mount, or `None` when this kernel's overlay takes
/// no single layers (before Linux 6.8).
fn detached_overlay(spec: &RootfsSpec) -> io::Result<Option<OwnedFd>> {
    if !kernel_is_at_least(6, 8) {
        return Ok(None);
    }
    let context = mount::fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    mount::fsconfig_set_string(&context, "source", "overlay")?;
    // Descriptors of layers with long names; needed until the mount is made.
    let mut open = Vec::new();
    for (number, layer) in spec.lower.iter().enumerate() {
        let layer = option_path(layer, &mut open)?;
        match mount::fsconfig_set_string(&context, "lowerdir+", layer.as_os_str().as_bytes()) {
            Err(Errno::INVAL) if number == 0 => return Ok(None),
            other => other?,
        }
    }
    for (option, directory) in [("upperdir", &spec.upper), ("workdir", &spec.work)] {
        let directory = option_path(directory, &mut open)?;
        mount::fsconfig_set_string(&context, option, directory.as_os_str().as_bytes())?;
    }
    // Two containers may share layers; an index would claim them for one.
    mount::fsconfig_set_string(&context, "index", "off")?;
    // A layer may be moved out from under its container: it must refer to none
    // of those below, whatever the kernel's defaults are.
    mount::fsconfig_set_string(&context, "redirect_dir", "nofollow")?;
    mount::fsconfig_set_string(&context, "metacopy", "off")?;
    mount::fsconfig_create(&context)?;
    mounts::finish(&context, MountAttrFlags::empty()).map(Some)
}

/// Whether the running kernel has this version or a later one. Asked, because
/// an older one takes any option and complains in its log about all at once.
fn kernel_is_at_least(major: u32, minor: u32) -> bool {
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy();
    let mut numbers = release
        .split(|letter: char| !letter.is_ascii_digit())
        .map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(major), Some(minor))
}

/// A path for an option: itself, or when too long one through a descriptor.
fn option_path(path: &Path, open: &mut Vec<OwnedFd>) -> io::Result<PathBuf> {
    if path.as_os_str().len() <= LONGEST_OPTION {
        return Ok(path.to_owned());
    }
    through_descriptor(path, open)
}

fn through_descriptor(path: &Path, open: &mut Vec<OwnedFd>) -> io::Result<PathBuf> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = fs::open(path, flags, Mode::empty())?;
    let short = path::of_descriptor(&directory);
    open.push(directory);
    Ok(PathBuf::from(short))
}

/// The overlay by mount(2), for kernels before 6.8: all layers in one page of
/// options, which short paths through descriptors make room in.
fn classic_overlay(spec: &RootfsSpec, place: &Path) -> io::Result<()> {
    let mut open = Vec::new();
    let mut options = String::from("lowerdir=");
    for (number, layer) in spec.lower.iter().enumerate() {
        if number > 0 {
            options.push(':');
        }
        options.push_str(&through_descriptor(layer, &mut open)?.to_string_lossy());
    }
    for (option, directory) in [("upperdir", &spec.upper), ("workdir", &spec.work)] {
        let directory = through_descriptor(directory, &mut open)?;
        options.push_str(&format!(",{option}={}", directory.display()));
    }
    options.push_str(",index=off,redirect_dir=nofollow,metacopy=off");
    nix::mount::mount(
        Some("overlay"),
        place,
        Some("overlay"),
        MsFlags::empty(),
        Some(options.as_str()),
    )?;
    Ok(())
}

/// Cuts the mount namespace of the calling process off from the host's: what
/// is mounted from now on stays inside.
pub(crate) fn cut_off_from_host() -> io::Result<()> {
    let root = fs::openat(CWD, "/", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
    mounts::propagate(&root, Propagation::Rslave)
}

/// Makes `root` the root of the mount namespace, lets go of everything the
/// host had mounted, and goes to `/`.
pub(crate) fn enter(root: impl AsFd) -> io::Result<()> {
    process::fchdir(root)?;
    // The old root ends up on top of the new one, from where it is detached
    // without ever having a name inside.
    process::pivot_root(".", ".")?;
    nix::mount::umount2(".", MntFlags::MNT_DETACH)?;
    process::chdir("/")?;
    Ok(())
}
