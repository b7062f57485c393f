//! What a new container has mounted in the end: the mounts of others
//! (`VolumesFrom`), its own, and a volume for every path that its
//! configuration declares. New volumes begin with what the image has there.

use std::fs;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use longshore_api::types::{ContainerConfig, HostConfig};
use longshore_archive::pack;
use longshore_archive::read::ArchiveReader;
use longshore_archive::tree;
use longshore_archive::unpack::{self, Options};
use longshore_runtime::view::{ViewRoot, ViewSpec};
use rustix::fs::OFlags;

use crate::container::plan::list;
use crate::container::plan::mounts::{self, Mount, Source, VolumeMount};
use crate::container::registry::{Registry, Snapshot};
use crate::error::{Error, ErrorKind, IoContext, Result};
use crate::shared::Shared;
use crate::volume::filesystem;
use crate::volume::store::{NewVolume, Taken};

/// Refuses binds whose source must be there and is not.
pub(crate) fn check_sources(mounts: &[Mount]) -> Result<()> {
    for mount in mounts {
        if let Source::Bind {
            path,
            create: false,
            ..
        } = &mount.source
            && !path.exists()
        {
            return Err(Error::bad_parameter(format!(
                "invalid mount config for type \"bind\": bind source path does not exist: {}",
                path.display()
            )));
        }
    }
    Ok(())
}

/// The mounts of other containers that `VolumesFrom` names; of two on one
/// target the later one counts.
pub(crate) fn from_others(registry: &Registry, host: &HostConfig) -> Result<Vec<Mount>> {
    let mut found: Vec<Mount> = Vec::new();
    for spec in list(&host.volumes_from) {
        if spec.is_empty() {
            return Err(Error::bad_parameter(
                "volumes-from specification cannot be an empty string",
            ));
        }
        let (name, mode) = spec.split_once(':').unwrap_or((spec, ""));
        let readonly = mounts::parse_shared_mode(mode)?;
        // Not 404: by that a client knows a missing image.
        let other = registry.get(name).map_err(|error| Error {
            kind: ErrorKind::BadParameter,
            ..error
        })?;
        for mount in &other.snapshot().record.mounts {
            let mut mount = mount.clone();
            mount.readonly |= readonly;
            match &mut mount.source {
                Source::Bind { mode, .. } => mode.clear(),
                Source::Volume(volume) => {
                    volume.mode.clear();
                    volume.nocopy = true;
                }
                // Memory is nobody else's.
                Source::Tmpfs { .. } => continue,
            }
            found.retain(|known| known.target != mount.target);
            found.push(mount);
        }
    }
    Ok(found)
}

/// The mounts of a container with all volumes found or made, and used by it;
/// `made` gets those that it asks for itself.
/// When this fails, [`give_up`] undoes what was done.
pub(crate) fn resolve(
    shared: &Shared,
    id: &str,
    config: &ContainerConfig,
    host: &HostConfig,
    parsed: &[Mount],
    mut inherited: Vec<Mount>,
    made: &mut Vec<Taken>,
) -> Result<Vec<Mount>> {
    inherited.retain(|mount| !parsed.iter().any(|own| own.target == mount.target));
    let others = inherited.len();
    let mut all = inherited;
    all.extend_from_slice(parsed);
    for volume in all.iter_mut().skip(others).filter_map(as_volume) {
        if volume.mode.is_empty() {
            volume.mode = "z".into();
        }
    }
    for target in config.volumes.iter().flat_map(|set| &set.0) {
        let target = mounts::clean(Path::new(target));
        if all.iter().any(|mount| mount.target == target) {
            continue;
        }
        all.push(Mount {
            target,
            source: Source::Volume(VolumeMount {
                driver: host.volume_driver.clone(),
                declared: true,
                ..VolumeMount::default()
            }),
            readonly: false,
        });
    }
    for (index, mount) in all.iter_mut().enumerate() {
        let Some(volume) = as_volume(mount) else {
            continue;
        };
        let wanted = NewVolume {
            name: volume.name.clone(),
            driver: volume.driver.clone(),
            options: volume.options.take(),
            labels: volume.labels.take(),
        };
        let anonymous = volume.name.is_empty();
        let taken = shared.volumes.take(&wanted, Some(id))?;
        volume.anonymous |= anonymous;
        volume.path = shared.volumes.data(&taken.volume.name);
        volume.has_filesystem = filesystem::is_wanted(taken.volume.options.as_ref());
        volume.name.clone_from(&taken.volume.name);
        if taken.is_new || index >= others {
            made.push(taken);
        }
    }
    Ok(all)
}

/// Fills the volumes that are empty with what the image has at their targets.
pub(crate) fn fill(shared: &Shared, id: &str, mounts: &[Mount]) -> Result<()> {
    let wanting: Vec<(&Path, &VolumeMount)> = mounts
        .iter()
        .filter_map(|mount| match &mount.source {
            Source::Volume(volume)
                if !volume.nocopy && (volume.has_filesystem || is_empty(&volume.path)) =>
            {
                Some((mount.target.as_path(), volume))
            }
            _ => None,
        })
        .collect();
    if wanting.is_empty() {
        return Ok(());
    }
    let layer = shared.images.container_layer(id).context("layer")?;
    let mut layers = vec![layer.upper];
    layers.extend(layer.lower);
    let view = shared.zygote.view(&ViewSpec {
        root: ViewRoot::Copy { layers },
        mounts: Vec::new(),
    });
    let view = view.context("look into the image")?;
    for (target, volume) in wanting {
        // Links of the image end at its own root.
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match tree::open(view.root(), target.as_os_str().as_bytes(), flags) {
            Ok(content) => {
                let own = volume.has_filesystem;
                let _held = own.then(|| shared.volumes.hold(&volume.name)).transpose()?;
                if is_empty(&volume.path) {
                    copy_up(shared, id, volume, content).map_err(|error| {
                        error.prefixed(&format!("fill volume {}: ", volume.name))
                    })?;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(Error::system(match volume.declared {
                    true => format!(
                        "cannot mount volume over existing file, file exists {}",
                        target.display()
                    ),
                    false => format!("source {} is not directory", target.display()),
                }));
            }
            Err(error) => return Err(error).context(target.display()),
        }
    }
    Ok(())
}

/// Takes back what [`resolve`] did for a container that does not come to be.
pub(crate) fn give_up(shared: &Shared, id: &str, made: &[Taken]) {
    shared.volumes.release(id);
    for taken in made.iter().filter(|taken| taken.is_new) {
        // Somebody else may use it by now.
        shared.volumes.remove(&taken.volume.name).ok();
    }
}

/// The container is gone: its volumes have one user less, and those without a
/// name go with it if the client says so.
pub(crate) fn let_go(shared: &Shared, id: &str, mounts: &[Mount], remove: bool) {
    shared.volumes.release(id);
    if !remove {
        return;
    }
    for volume in volumes(mounts).filter(|volume| volume.anonymous) {
        match shared.remove_volume(&volume.name) {
            Err(error) if error.kind == ErrorKind::System => {
                tracing::warn!(volume = volume.name, %error, "not removed");
            }
            // Gone before, or shared with others.
            _ => {}
        }
    }
}

/// The volumes among mounts.
pub(crate) fn volumes(mounts: &[Mount]) -> impl Iterator<Item = &VolumeMount> {
    mounts.iter().filter_map(|mount| match &mount.source {
        Source::Volume(volume) => Some(volume),
        _ => None,
    })
}

fn as_volume(mount: &mut Mount) -> Option<&mut VolumeMount> {
    match &mut mount.source {
        Source::Volume(volume) => Some(volume),
        _ => None,
    }
}

/// Tells that a container that starts mounts its volumes.
pub(crate) fn publish_mounted(shared: &Shared, id: &str, mounts: &[Mount]) {
    for mount in mounts {
        if let Source::Volume(volume) = &mount.source {
            let more = [
                ("container", id),
                ("destination", &mount.target.to_string_lossy()),
                ("propagation", ""),
                ("read/write", if mount.readonly { "false" } else { "true" }),
            ];
            shared.publish_volume("mount", &volume.name, &more);
        }
    }
}

/// Tells that a container that ended has them no more.
pub(crate) fn publish_unmounted(shared: &Shared, id: &str, mounts: &[Mount]) {
    for volume in volumes(mounts) {
        shared.publish_volume("unmount", &volume.name, &[("container", id)]);
    }
}

/// Somebody looks into a container's volumes, as long as this is kept.
pub(crate) struct Visit {
    shared: Arc<Shared>,
    snapshot: Arc<Snapshot>,
}

impl Visit {
    /// Tells that they are mounted for it; the end tells that they no more are.
    pub(crate) fn begin(shared: &Arc<Shared>, snapshot: &Arc<Snapshot>) -> Visit {
        publish_mounted(shared, snapshot.id(), &snapshot.record.mounts);
        Visit {
            shared: shared.clone(),
            snapshot: snapshot.clone(),
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        publish_unmounted(
            &self.shared,
            self.snapshot.id(),
            &self.snapshot.record.mounts,
        );
    }
}

/// Mounts, for a container, the volumes that have file systems of their own.
pub(crate) async fn mount(shared: &Shared, id: &str, mounts: &[Mount]) -> Result<()> {
    let names = with_filesystems(mounts);
    if names.is_empty() {
        return Ok(());
    }
    let (store, id) = (shared.volumes.clone(), id.to_owned());
    let work = move || names.iter().try_for_each(|name| store.mount(name, &id));
    tokio::task::spawn_blocking(work).await.context("volumes")?
}

/// The container has ended, or never began: unmounts what it was the last to
/// use.
pub(crate) async fn unmount(shared: &Shared, id: &str, mounts: &[Mount]) {
    let names = with_filesystems(mounts);
    if names.is_empty() {
        return;
    }
    let (store, id) = (shared.volumes.clone(), id.to_owned());
    let work = move || names.iter().for_each(|name| store.unmount(name, &id));
    tokio::task::spawn_blocking(work).await.ok();
}

/// Volumes with file systems of their own.
pub(crate) fn with_filesystems(mounts: &[Mount]) -> Vec<String> {
    let volumes = volumes(mounts).filter(|volume| volume.has_filesystem);
    volumes.map(|volume| volume.name.clone()).collect()
}

fn is_empty(directory: &Path) -> bool {
    fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none())
}

/// Copies a directory of an image into an empty volume. Where nobody else can
/// see the volume, it is filled aside and renamed, so that a copy which is cut
/// short leaves it empty.
fn copy_up(shared: &Shared, id: &str, volume: &VolumeMount, content: OwnedFd) -> Result<()> {
    let status = rustix::fs::fstat(&content).context("stat")?;
    let place = &volume.path;
    if !volume.has_filesystem {
        let scratch = shared.volumes.scratch()?;
        let filled = copy(&content, &scratch)
            .and_then(|()| like(&scratch, &status))
            .and_then(|()| shared.volumes.replace(&volume.name, id, &scratch));
        if !matches!(filled, Ok(true)) {
            fs::remove_dir_all(&scratch).ok();
        }
        if filled? {
            return Ok(());
        }
    }
    copy(&content, place)?;
    like(place, &status)
}

/// The bytes go through a pipe as a tar archive: owners, modes, times, links
/// and extended attributes are kept.
fn copy(content: &OwnedFd, into: &Path) -> Result<()> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = rustix::fs::open(into, flags, rustix::fs::Mode::empty()).context(into.display())?;
    let (reader, writer) = io::pipe().context("pipe")?;
    std::thread::scope(|scope| {
        // Both sides keep the ids that are on the disk.
        let writing =
            scope.spawn(move || pack::pack_all(content.as_fd(), &|uid, gid| (uid, gid), writer));
        let mut archive = ArchiveReader::new(io::BufReader::with_capacity(256 << 10, reader));
        let merged = unpack::unpack(root.as_fd(), b"/", &mut archive, Options::default());
        drop(archive);
        let written = writing.join();
        // A reader that gave up is why the writer did.
        merged.context("write")?;
        match written {
            Ok(written) => written.context("read"),
            Err(_) => Err(Error::system("the copy ended early")),
        }
    })
}

/// Gives a directory the owner and mode of another.
fn like(directory: &Path, status: &rustix::fs::Stat) -> Result<()> {
    let done = || -> io::Result<()> {
        std::os::unix::fs::chown(directory, Some(status.st_uid), Some(status.st_gid))?;
        let mode = fs::Permissions::from_mode(status.st_mode & 0o7777);
        fs::set_permissions(directory, mode)
    };
    done().context(directory.display())
}
