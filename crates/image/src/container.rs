//! Writable layers of containers.
//!
//! Creating one is three `mkdir`s: no copy, no mount, no sync. Removing one is a
//! rename. A layer remembers its image's chain in the name of its scratch
//! directory, so those layers stay even if the image is removed by force.
//!
//! Between image and container lies one constant layer shared by all: the
//! directories and empty files that the runtime mounts over. They also hide
//! whatever links an image may have at these places.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use crate::{
    error::{At, Error},
    store::{Store, disk::Disk},
};
use longshore_archive::size;
use longshore_oci::digest::ChainId;

/// What the name of overlayfs' scratch directory begins with.
const SCRATCH: &str = "work";

/// What overlayfs needs to assemble a container's root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerLayer {
    /// Read-only directories, the top one first: the init layer, then the image.
    pub lower: Vec<PathBuf>,
    /// The container's own files.
    pub upper: PathBuf,
    /// Overlayfs' scratch directory.
    pub work: PathBuf,
}

impl Store {
    /// Makes the writable layer of a new container on an image's layers.
    ///
    /// `id` becomes a directory name; IDs are hexadecimal, and anything that
    /// could lead elsewhere is refused.
    pub fn container_create(
        &self,
        id: &str,
        chain: Option<&ChainId>,
    ) -> Result<ContainerLayer, Error> {
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::Invalid(format!("invalid container ID {id:?}")));
        }
        {
            let mut containers = self.containers();
            if let Some(chain) = chain.filter(|chain| !self.has_layer(chain)) {
                return Err(Error::NoSuchLayer(chain.to_string()));
            }
            if containers.contains_key(id) {
                return Err(Error::Conflict(format!(
                    "container {id} has a layer already"
                )));
            }
            containers.insert(id.to_owned(), chain.cloned());
        }
        let place = self.disk().containers().join(id);
        let made = make_directories(&place, chain);
        if let Err(error) = made {
            self.container_remove(id).ok();
            return Err(error).at(place);
        }
        Ok(self.layer_of(&place, chain))
    }

    /// The writable layer of an existing container.
    pub fn container_layer(&self, id: &str) -> Result<ContainerLayer, Error> {
        let chain = self.containers().get(id).cloned();
        let chain = chain.ok_or_else(|| Error::NoSuchContainer(id.to_owned()))?;
        Ok(self.layer_of(&self.disk().containers().join(id), chain.as_ref()))
    }

    /// Takes a container's layer away; its files are unlinked in the background.
    /// If there is none, nothing happens.
    pub fn container_remove(&self, id: &str) -> Result<(), Error> {
        let chain = self.containers().get(id).cloned();
        let Some(chain) = chain else { return Ok(()) };
        let place = self.disk().containers().join(id);
        self.disk().trash.discard(&place).at(&place)?;
        self.containers().remove(id);
        // Only the layers of an image that was removed by force can be free now.
        let orphaned = chain.is_some_and(|chain| !self.is_used_by_image(&chain));
        if orphaned {
            self.sweep_layers()?;
        }
        Ok(())
    }

    /// The IDs of all containers that have a layer.
    pub fn container_ids(&self) -> Vec<String> {
        self.containers().keys().cloned().collect()
    }

    /// The sum of the lengths of the files that a container has written, in
    /// bytes; each file with several names counts once.
    pub fn container_size(&self, id: &str) -> Result<u64, Error> {
        let layer = self.container_layer(id)?;
        size::of_tree(&layer.upper).at(layer.upper)
    }

    fn layer_of(&self, place: &Path, chain: Option<&ChainId>) -> ContainerLayer {
        let mut lower = vec![self.disk().root.join("init")];
        lower.extend(chain.into_iter().flat_map(|chain| self.lower_dirs(chain)));
        ContainerLayer {
            lower,
            upper: place.join("upper"),
            work: place.join(scratch_name(chain)),
        }
    }
}

/// The name of overlayfs' scratch directory: `work`, and the chain below it.
fn scratch_name(chain: Option<&ChainId>) -> String {
    match chain {
        Some(chain) => format!("{SCRATCH}-{}", chain.hex()),
        None => SCRATCH.to_owned(),
    }
}

/// What such a name tells; none of another name.
fn chain_of(name: &str) -> Option<Option<ChainId>> {
    match name.strip_prefix(SCRATCH)? {
        "" => Some(None),
        rest => ChainId::from_hex(rest.strip_prefix('-')?).ok().map(Some),
    }
}

fn make_directories(place: &Path, chain: Option<&ChainId>) -> io::Result<()> {
    fs::create_dir(place)?;
    let upper = place.join("upper");
    fs::create_dir(&upper)?;
    // This becomes the container's root directory, whatever our umask is.
    fs::set_permissions(&upper, fs::Permissions::from_mode(0o755))?;
    fs::create_dir(place.join(scratch_name(chain)))
}

/// The containers' layers as the disk shows them. A layer whose making was
/// interrupted is none.
pub(crate) fn on_disk(disk: &Disk) -> Result<BTreeMap<String, Option<ChainId>>, Error> {
    let mut containers = BTreeMap::new();
    let directory = disk.containers();
    for entry in fs::read_dir(&directory).at(&directory)? {
        let entry = entry.at(&directory)?;
        let place = entry.path();
        let inside = fs::read_dir(&place).into_iter().flatten().flatten();
        let chain = inside
            .filter_map(|entry| entry.file_name().into_string().ok())
            .find_map(|name| chain_of(&name));
        match (entry.file_name().into_string(), chain) {
            (Ok(id), Some(chain)) => {
                containers.insert(id, chain);
            }
            _ => disk.trash.discard(&place).at(&place)?,
        }
    }
    Ok(containers)
}

/// Makes the constant layer, if it is not there yet.
pub(crate) fn make_init_layer(disk: &Disk) -> Result<(), Error> {
    let place = disk.root.join("init");
    if place.is_dir() {
        return Ok(());
    }
    let staging = disk.stage()?;
    let path = staging.path.join("init");
    let make = || -> io::Result<()> {
        for name in ["", "dev", "dev/pts", "dev/shm", "etc", "proc", "sys"] {
            let directory = path.join(name);
            fs::DirBuilder::new().mode(0o755).create(&directory)?;
            fs::set_permissions(&directory, fs::Permissions::from_mode(0o755))?;
        }
        for name in [
            ".dockerenv",
            "dev/console",
            "etc/hostname",
            "etc/hosts",
            "etc/resolv.conf",
        ] {
            let file = path.join(name);
            fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o755)
                .open(&file)?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
        }
        symlink("/proc/mounts", path.join("etc/mtab"))?;
        fs::rename(&path, &place)
    };
    make().at(&place)
}
