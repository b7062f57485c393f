//! Who has the volumes mounted that have a file system of their own. The first
//! holder mounts it on the volume's directory, the last one unmounts it.
//!
//! Nothing of this is on disk: the machine's mount table says what is mounted,
//! and the containers that run say for whom. What a killed engine left mounted
//! for nobody is unmounted by the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use longshore_runtime::hostmount;

use super::filesystem;
use super::store::VolumeStore;
use crate::error::{Error, IoContext, Result};
use crate::id;

/// Holders by volume. Each volume has a lock of its own, so that a server that
/// does not answer is waited for by those who want its volume only.
#[derive(Debug, Default)]
pub(super) struct Mounted(Mutex<BTreeMap<String, Arc<Mutex<BTreeSet<String>>>>>);

impl Mounted {
    fn holders(&self, name: &str) -> Arc<Mutex<BTreeSet<String>>> {
        lock(&self.0).entry(name.to_owned()).or_default().clone()
    }

    /// Whether nobody has a volume mounted, or is about to.
    pub(super) fn is_idle(&self, name: &str) -> bool {
        let holders = lock(&self.0).get(name).cloned();
        holders.is_none_or(|holders| holders.try_lock().is_ok_and(|holders| holders.is_empty()))
    }
}

/// A volume that stays mounted as long as this is kept.
pub(crate) struct Held<'a> {
    store: &'a VolumeStore,
    name: String,
    holder: String,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.store.unmount(&self.name, &self.holder);
    }
}

impl VolumeStore {
    /// Sees to it that a volume is mounted for a holder. Does nothing where the
    /// volume is a plain directory. Blocking.
    pub(crate) fn mount(&self, name: &str, holder: &str) -> Result<()> {
        let holders = self.mounted.holders(name);
        let mut holders = lock(&holders);
        // Asked with the lock: from here on it cannot be removed.
        let options = self.get(name)?.options;
        if !filesystem::is_wanted(options.as_ref()) {
            return Ok(());
        }
        if holders.is_empty() {
            filesystem::mount(options.as_ref(), &self.data(name))?;
        }
        holders.insert(holder.to_owned());
        Ok(())
    }

    /// A holder needs a volume no more. Blocking.
    pub(crate) fn unmount(&self, name: &str, holder: &str) {
        let holders = self.mounted.holders(name);
        let mut holders = lock(&holders);
        if holders.remove(holder) && holders.is_empty() {
            let place = self.data(name);
            if let Err(error) = hostmount::detach(&place) {
                tracing::warn!(volume = name, %error, "not unmounted");
            }
        }
    }

    /// Has a volume mounted for a while. Blocking.
    pub(crate) fn hold(&self, name: &str) -> Result<Held<'_>> {
        let holder = id::generate()?;
        self.mount(name, &holder)?;
        let name = name.to_owned();
        Ok(Held {
            store: self,
            name,
            holder,
        })
    }

    /// A container that was found running has a volume mounted.
    pub(crate) fn adopt_mount(&self, name: &str, holder: &str) {
        let is_wanted =
            |volume: super::store::Volume| filesystem::is_wanted(volume.options.as_ref());
        if self.get(name).is_ok_and(is_wanted) {
            lock(&self.mounted.holders(name)).insert(holder.to_owned());
        }
    }

    /// Unmounts what nobody holds; answers how many there were. For the start,
    /// before anything is mounted anew.
    pub(crate) fn sweep_mounts(&self) -> Result<usize> {
        let mut swept = 0;
        for volume in self.list() {
            let place = self.data(&volume.name);
            if self.mounted.is_idle(&volume.name) && detach_below(&place)? {
                swept += 1;
            }
        }
        Ok(swept)
    }
}

/// Unmounts everything at and below a directory; answers whether there was
/// something. Before a directory is removed: what is mounted there is not ours.
pub(super) fn detach_below(top: &Path) -> Result<bool> {
    let places = hostmount::mounted_below(top).context(top.display())?;
    for place in &places {
        hostmount::detach(place).context(place.display())?;
    }
    Ok(!places.is_empty())
}

/// Refuses to remove a volume that somebody has mounted.
pub(super) fn in_use(name: &str) -> Error {
    Error::conflict(format!("remove {name}: volume has active mounts"))
}

/// A panic elsewhere leaves the sets valid.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
