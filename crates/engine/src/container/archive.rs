//! Files of a container as tar archives, in and out (`docker cp`), running or
//! not.
//!
//! Both ways go through a view of the container (`longshore_runtime::view`):
//! its root and what the engine mounted there. Reading never disturbs a
//! container. Writing to one that does not run keeps it from being started for
//! that time, so the archive is received whole before; no client is waited for
//! then.

use std::fs::File;
use std::io::{self, Read, Seek as _, Write};

use longshore_image::extract::{self, MergeError, MergeOptions};
use longshore_runtime::spec::RootfsSpec;
use longshore_runtime::view::{View, ViewRoot, ViewSpec};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, statat};

use crate::container::merged;
use crate::container::registry::Snapshot;
use crate::container::rooted::{Given, Place};
use crate::container::spec;
use crate::error::{Error, IoContext, Result};
use crate::shared::Shared;

/// What a path of a container names, as the header
/// `X-Docker-Container-Path-Stat` tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathStat {
    /// The last component as given, `.` or `/`.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// In the bits of Go's `FileMode`.
    pub mode: u32,
    /// When it was changed: seconds and nanoseconds since the epoch.
    pub changed: (i64, u32),
    /// Where a link leads in the end, absolute; else empty.
    pub link_target: String,
}

/// How an archive is put into a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PutOptions {
    /// Refuse to replace a directory by something else, and the reverse.
    pub keep_kinds: bool,
    /// Everything belongs to the container's user.
    pub own: bool,
}

/// A file or directory of a container, found and ready to be sent.
#[derive(Debug)]
pub struct Archive {
    /// What it is.
    pub stat: PathStat,
    place: Place,
    _view: View,
}

impl Archive {
    /// Writes it as a tar archive, blocking.
    pub fn write(self, out: &mut dyn Write) -> io::Result<()> {
        let name = match self.stat.name.as_str() {
            // Below the root the names begin with the slash.
            "/" => "",
            name => name,
        };
        match self.place {
            Place::Directory(directory) => merged::write_directory(&directory, name, out),
            Place::Entry {
                directory,
                name: of,
            } => merged::write_entry(&directory, of.as_ref(), name, out),
        }
    }
}

/// Refuses an empty path, in dockerd's words.
pub(crate) fn check(path: &str) -> Result<()> {
    match path {
        "" => Err(Error::bad_parameter("bad parameter: pathcannot be empty")),
        _ => Ok(()),
    }
}

/// Finds a path of a container. `given` is the container's name as the client
/// used it.
pub(crate) fn find(
    shared: &Shared,
    container: &Snapshot,
    given: &str,
    path: &str,
) -> Result<Archive> {
    let not_found = |error: io::Error| missing(error, given, path);
    let wanted = Given::parse(path);
    let view = view(shared, container, Use::Read)?;
    let place = wanted.find(view.root()).map_err(not_found)?;
    let stat = match &place {
        Place::Directory(directory) => rustix::fs::fstat(directory),
        Place::Entry { directory, name } => {
            statat(directory, name.as_str(), AtFlags::SYMLINK_NOFOLLOW)
        }
    };
    let stat = stat.map_err(|error| not_found(error.into()))?;
    let is_link = FileType::from_raw_mode(stat.st_mode) == FileType::Symlink;
    let link_target = match is_link {
        true => wanted.evaluate(view.root()).map_err(not_found)?,
        false => Vec::new(),
    };
    Ok(Archive {
        stat: PathStat {
            name: wanted.name().to_owned(),
            size: stat.st_size,
            mode: go_mode(&stat),
            changed: (
                stat.st_mtime,
                u32::try_from(stat.st_mtime_nsec).unwrap_or_default(),
            ),
            link_target: String::from_utf8_lossy(&link_target).into_owned(),
        },
        place,
        _view: view,
    })
}

/// An archive on its way into a container.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put<'a> {
    pub(crate) given: &'a str,
    pub(crate) path: &'a str,
    pub(crate) options: PutOptions,
}

/// Unpacks an archive, plain or compressed, into a directory of a container.
pub(crate) fn put(
    shared: &Shared,
    container: &Snapshot,
    put: Put<'_>,
    archive: impl Read + Send,
) -> Result<()> {
    let not_found = |error: io::Error| missing(error, put.given, put.path);
    let view = view(shared, container, Use::Write)?;
    let into = Given::parse(put.path)
        .evaluate(view.root())
        .map_err(not_found)?;
    let text = String::from_utf8_lossy(&into).into_owned();
    let target = crate::container::rooted::open(view.root(), &text, OFlags::PATH);
    let target = rustix::fs::fstat(target.map_err(not_found)?).context("stat")?;
    if FileType::from_raw_mode(target.st_mode) != FileType::Directory {
        return Err(Error::bad_parameter("extraction point is not a directory"));
    }
    check_writable(container, &text)?;
    let owner = match put.options.own {
        true => Some(
            view.user(&container.plan.user)
                .map_err(|error| Error::system(error.to_string()))?,
        ),
        false => None,
    };
    let root = view.root().try_clone_to_owned().context("descriptor")?;
    let options = MergeOptions {
        keep_kinds: put.options.keep_kinds,
        owner,
    };
    extract::merge(archive, root, &into, options).map_err(|error| {
        let text = format!("Error processing tar file(exit status 1): {error}");
        match error {
            MergeError::Extract(extract::ExtractError::Entry { .. }) => Error::system(text),
            _ => Error::bad_parameter(text),
        }
    })
}

/// Receives an archive that shall go into a container that does not run.
pub(crate) fn receive(shared: &Shared, mut archive: impl Read) -> Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let root = &shared.config.data_root;
    let file = rustix::fs::open(root, flags, mode).context(root.display())?;
    let mut file = File::from(file);
    io::copy(&mut archive, &mut file).context("receive the archive")?;
    file.rewind().context("receive the archive")?;
    Ok(file)
}

/// What a view is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Write,
}

fn view(shared: &Shared, container: &Snapshot, what: Use) -> Result<View> {
    let layer = || {
        let layer = shared.images.container_layer(container.id());
        layer.context("layer")
    };
    let root = match (container.state.phase.has_process(), what) {
        (true, _) => ViewRoot::Running {
            pid: i32::try_from(container.state.pid).context("process id")?,
            id: container.id().to_owned(),
        },
        (false, Use::Read) => {
            let layer = layer()?;
            let mut layers = vec![layer.upper];
            layers.extend(layer.lower);
            ViewRoot::Copy { layers }
        }
        (false, Use::Write) => {
            let layer = layer()?;
            ViewRoot::Layers(RootfsSpec {
                lower: layer.lower,
                upper: layer.upper,
                work: layer.work,
                readonly: false,
            })
        }
    };
    let files = shared.files(container.id());
    let mounts = spec::all_mounts(&container.plan, &files);
    let spec = ViewSpec { root, mounts };
    shared.zygote.view(&spec).context("look into the container")
}

/// Refuses what the container itself could not write to either.
fn check_writable(container: &Snapshot, path: &str) -> Result<()> {
    let mounts = container.plan.mounts.iter();
    let holds = |target: &std::path::Path| std::path::Path::new(path).starts_with(target);
    let innermost = mounts
        .filter(|mount| holds(&mount.target))
        .max_by_key(|mount| mount.target.components().count());
    match innermost {
        Some(mount) if mount.readonly => {
            Err(Error::forbidden("mounted volume is marked read-only"))
        }
        None if container.plan.readonly_rootfs => {
            Err(Error::forbidden("container rootfs is marked read-only"))
        }
        _ => Ok(()),
    }
}

fn missing(error: io::Error, given: &str, path: &str) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::not_found(format!(
            "Could not find the file {path} in container {given}"
        )),
        _ => Error::system(format!("lstat {path}: {error}")),
    }
}

/// Go's `FileMode` of a file: the permissions, and a bit of its own for
/// everything else.
fn go_mode(stat: &Stat) -> u32 {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory => 1 << 31,
        FileType::Symlink => 1 << 27,
        FileType::BlockDevice => 1 << 26,
        FileType::CharacterDevice => 1 << 26 | 1 << 21,
        FileType::Fifo => 1 << 25,
        FileType::Socket => 1 << 24,
        _ => 0,
    };
    let special = [(0o4000, 1 << 23), (0o2000, 1 << 22), (0o1000, 1 << 20)];
    let special = special.iter().filter(|(bit, _)| stat.st_mode & bit != 0);
    kind | special.map(|(_, go)| go).sum::<u32>() | (stat.st_mode & 0o777)
}
