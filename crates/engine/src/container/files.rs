//! The files of containers: `docker cp`, `docker diff`, `docker export`.
//!
//! What is read and written is a view of the container's root in a mount
//! namespace of its own; see `longshore_runtime::view`. It shows the volumes as
//! well, except to an export.

use std::io::{self, Read, Write};

use longshore_api::types::{ChangeKind, FilesystemChange};
use longshore_archive::changes::{self, ChangeKind as Changed};
use longshore_archive::compression;
use longshore_archive::pack;
use longshore_archive::read::ArchiveReader;
use longshore_archive::tree::Wanted;
use longshore_archive::unpack::{self, Options, UnpackError};
use longshore_runtime::fsids;
use longshore_runtime::spec::{MountKind, RootfsSpec};
use longshore_runtime::userns::IdMap;
use longshore_runtime::view::{View, ViewRoot, ViewSpec};

use super::actor::{Command, Lease};
use super::registry::Snapshot;
use super::state::Request;
use super::volumes::Visit;
use super::{Containers, allow, spec, volumes};
use crate::error::{Error, IoContext, Result};
use crate::shared::Shared;

pub use longshore_archive::tree::PathStat;

/// How an archive is written into a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtractOptions {
    /// Refuse to exchange a directory for something else, or the reverse.
    pub no_overwrite_dir_non_dir: bool,
    /// Everything belongs to the container's user, whoever the archive names.
    pub copy_uid_gid: bool,
}

/// Files of a container, ready to be written as an archive.
pub struct Packed {
    view: View,
    /// Whose ids the view shows, where they are not the container's own.
    ids: Option<IdMap>,
    /// Everything, without a path.
    wanted: Option<Wanted>,
    /// Ends when the archive is written, or nobody wants it any more.
    _visit: Option<Visit>,
}

impl Packed {
    /// Writes the archive, blocking.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let ids = |uid, gid| match &self.ids {
            Some(ids) => ids.to_container(uid, gid),
            None => (uid, gid),
        };
        match &self.wanted {
            Some(wanted) => pack::pack(self.view.root(), wanted, &ids, out),
            None => pack::pack_all(self.view.root(), &ids, out),
        }
    }
}

/// How much of a container is to be seen, and for what.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sight {
    /// Its own files, to read.
    Own,
    /// These and its volumes, to read.
    Whole,
    /// The same, to write.
    Writable,
}

impl Containers {
    /// What is at a path.
    pub async fn path_stat(&self, given: &str, path: &str) -> Result<PathStat> {
        let wanted = wanted(path)?;
        let snapshot = self.get(given)?.snapshot();
        let (shared, missing) = (self.shared.clone(), missing(path, given));
        blocking(move || {
            let (view, _) = look(&shared, &snapshot, Sight::Whole)?;
            let _visit = Visit::begin(&shared, &snapshot);
            PathStat::of(view.root(), &wanted).map_err(|error| missing(&error))
        })
        .await
    }

    /// What is at a path, and an archive of it with all below.
    pub async fn archive(&self, given: &str, path: &str) -> Result<(PathStat, Packed)> {
        let wanted = wanted(path)?;
        let snapshot = self.get(given)?.snapshot();
        let (shared, missing) = (self.shared.clone(), missing(path, given));
        blocking(move || {
            let (view, ids) = look(&shared, &snapshot, Sight::Whole)?;
            let visit = Some(Visit::begin(&shared, &snapshot));
            let stat = PathStat::of(view.root(), &wanted).map_err(|error| missing(&error))?;
            shared.publish_container(&snapshot.record, "archive-path", &[]);
            let packed = Packed {
                view,
                ids,
                wanted: Some(wanted),
                _visit: visit,
            };
            Ok((stat, packed))
        })
        .await
    }

    /// Writes an archive, compressed or not, into the directory at a path. What
    /// was written before an error stays. A container that does not run is not
    /// started meanwhile: its start waits.
    pub async fn extract(
        &self,
        given: &str,
        path: &str,
        archive: impl Read + Send + 'static,
        options: ExtractOptions,
    ) -> Result<()> {
        wanted(path)?;
        let handle = self.get(given)?;
        let lease = self
            .ask(&handle, given, |answer| Command::Lease { answer })
            .await?;
        let snapshot = handle.snapshot();
        let (shared, missing) = (self.shared.clone(), missing(path, given));
        let path = path.to_owned();
        blocking(move || {
            let _visit = Visit::begin(&shared, &snapshot);
            let written = write(&shared, &snapshot, lease, &path, archive, options);
            written.map_err(|failure| match failure {
                Failure::Engine(error) => error,
                Failure::Unpack(UnpackError::Missing) => missing(&io::ErrorKind::NotFound.into()),
                Failure::Unpack(UnpackError::Target(error)) => missing(&error),
                Failure::Unpack(error) => Error::system(error.to_string()),
            })?;
            shared.publish_container(&snapshot.record, "extract-to-dir", &[]);
            Ok(())
        })
        .await
    }

    /// What the container changed of its image's files, sorted by path.
    pub async fn changes(&self, given: &str) -> Result<Vec<FilesystemChange>> {
        let snapshot = self.get(given)?.snapshot();
        let layer = self.shared.images.container_layer(snapshot.id());
        let layer = layer.context("layer")?;
        blocking(move || {
            let changes = changes::changes(&layer.upper, &layer.lower).context("changes")?;
            Ok(changes
                .into_iter()
                .map(|change| FilesystemChange {
                    path: String::from_utf8_lossy(&change.path).into_owned(),
                    kind: match change.kind {
                        Changed::Modified => ChangeKind::Modified,
                        Changed::Added => ChangeKind::Added,
                        Changed::Deleted => ChangeKind::Deleted,
                    },
                })
                .collect())
        })
        .await
    }

    /// All files of a container, without those of its volumes.
    pub async fn export(&self, given: &str) -> Result<Packed> {
        let snapshot = self.get(given)?.snapshot();
        allow(&snapshot, Request::Export, given)?;
        let shared = self.shared.clone();
        blocking(move || {
            let (view, ids) = look(&shared, &snapshot, Sight::Own)?;
            shared.publish_container(&snapshot.record, "export", &[]);
            Ok(Packed {
                view,
                ids,
                wanted: None,
                _visit: None,
            })
        })
        .await
    }
}

/// Where an extraction went wrong.
enum Failure {
    Engine(Error),
    Unpack(UnpackError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

fn write(
    shared: &Shared,
    snapshot: &Snapshot,
    lease: Option<Lease>,
    path: &str,
    archive: impl Read + Send,
    options: ExtractOptions,
) -> Result<(), Failure> {
    let (view, ids) = look(shared, snapshot, Sight::Writable)?;
    let user = snapshot.record.config.user.as_str();
    let owner = match options.copy_uid_gid && !user.is_empty() {
        true => Some(view.user(user).context("user")?),
        false => None,
    };
    let to_machine = |uid, gid| match &ids {
        Some(ids) => ids.to_machine(uid, gid),
        None => (uid, gid),
    };
    let broken = |error| Failure::Unpack(UnpackError::Archive(error));
    let (compression, archive) =
        compression::sniff(archive).map_err(|error| broken(error.into()))?;
    let archive = io::BufReader::with_capacity(256 << 10, archive);
    let decoded = compression
        .decoder(archive)
        .map_err(|error| broken(error.into()))?;
    let mut archive = ArchiveReader::new(io::BufReader::with_capacity(256 << 10, decoded));
    let mut unpack = || {
        let options = Options {
            keep_kinds: options.no_overwrite_dir_non_dir,
            owner,
            ids: Some(&to_machine),
        };
        unpack::unpack(view.root(), path.as_bytes(), &mut archive, options)
    };
    let unpacked = match &ids {
        Some(ids) => fsids::as_root_of(ids, unpack).context("user namespace")?,
        None => unpack(),
    };
    // A start that waits must find the layer unmounted.
    drop(view);
    drop(lease);
    unpacked.map_err(Failure::Unpack)?;
    // What follows the archive's end means nothing, but the client sends it.
    io::copy(&mut archive.into_inner(), &mut io::sink()).ok();
    Ok(())
}

/// Opens a container's files; the second value tells whose ids they show, where
/// these are not the container's own. Blocking.
fn look(shared: &Shared, snapshot: &Snapshot, sight: Sight) -> Result<(View, Option<IdMap>)> {
    let (record, plan) = (&snapshot.record, &snapshot.plan);
    let running = snapshot.state.phase.has_process();
    let layer = shared.images.container_layer(&record.id).context("layer")?;
    let mut mounts = Vec::new();
    if sight != Sight::Own {
        mounts = spec::all_mounts(plan, &shared.files(&record.id));
        // Of a container that never ran, or of before the last boot, there are
        // none of the files that each start makes anew.
        mounts.retain(|mount| match &mount.kind {
            MountKind::Bind { source, .. } => running || source.exists(),
            MountKind::Tmpfs { .. } => false,
        });
    }
    let root = if running {
        ViewRoot::Running {
            pid: i32::try_from(snapshot.state.pid).context("process id")?,
            id: record.id.clone(),
        }
    } else if sight == Sight::Writable {
        ViewRoot::Layers(RootfsSpec {
            lower: layer.lower,
            upper: layer.upper,
            work: layer.work,
            readonly: plan.readonly_rootfs,
        })
    } else {
        let mut layers = vec![layer.upper];
        layers.extend(layer.lower);
        ViewRoot::Copy { layers }
    };
    // The view keeps what is mounted when it is made.
    let names = match running || sight == Sight::Own {
        true => Vec::new(),
        false => volumes::with_filesystems(&plan.mounts),
    };
    let held: Result<Vec<_>> = names.iter().map(|name| shared.volumes.hold(name)).collect();
    let _held = held?;
    let view = shared
        .zygote
        .view(&ViewSpec { root, mounts })
        .context("look at the container's files")?;
    // Layers at rest have the container's own ids.
    let shifted = running && !plan.userns_host;
    Ok((view, shared.config.userns.clone().filter(|_| shifted)))
}

fn wanted(path: &str) -> Result<Wanted> {
    if path.is_empty() {
        return Err(Error::bad_parameter("bad parameter: pathcannot be empty"));
    }
    Ok(Wanted::new(path.as_bytes()))
}

/// Names the file that an error is about, in dockerd's words.
fn missing(path: &str, given: &str) -> impl Fn(&io::Error) -> Error + use<> {
    let (path, given) = (path.to_owned(), given.to_owned());
    move |error| match error.kind() {
        io::ErrorKind::NotFound => Error::not_found(format!(
            "Could not find the file {path} in container {given}"
        )),
        io::ErrorKind::NotADirectory => Error::system(format!("lstat {path}: not a directory")),
        _ => Error::system(format!("lstat {path}: {error}")),
    }
}

/// Runs what waits for disk, or for a client, on a thread that may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("files")?
}
