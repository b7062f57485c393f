//! Volumes on disk and who uses them.
//!
//! ```text
//! <root>/<name>/_data          what containers see
//! <root>/<name>/volume.json    labels, options, when
//! <root>/.<id>                 on its way in or out; swept at the next start
//! ```
//!
//! A volume comes and goes by one rename, so a directory under a volume's name
//! is always whole. Every decision is made under one lock: of a creation and a
//! removal that race, one is first and the other sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::mounted::{self, Mounted};
use super::options;
use crate::error::{Error, IoContext, Result};
use crate::id;
use crate::meta::{self, Durability};

/// What a volume shall be when it is not there yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewVolume {
    /// Its name; empty for one that is made up.
    pub name: String,
    /// The driver; empty for `local`, the only one.
    pub driver: String,
    /// Options of the driver: `type`, `device`, `o`.
    pub options: Option<BTreeMap<String, String>>,
    /// Labels.
    pub labels: Option<BTreeMap<String, String>>,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Volume {
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    #[serde(default)]
    pub(crate) labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) options: Option<BTreeMap<String, String>>,
    /// The container it was made for, when that gave no name.
    #[serde(default)]
    pub(crate) made_for: Option<String>,
    /// Containers that have it among their mounts.
    #[serde(skip)]
    pub(crate) users: BTreeSet<String>,
}

impl Volume {
    /// Whether its driver was told something; no options at all may be given too.
    pub(crate) fn has_options(&self) -> bool {
        self.options.as_ref().is_some_and(|map| !map.is_empty())
    }
}

/// A volume that a container now uses.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) volume: Volume,
    /// Whether it was not there before.
    pub(crate) is_new: bool,
}

/// The volumes of one data root.
#[derive(Debug)]
pub(crate) struct VolumeStore {
    root: PathBuf,
    volumes: Mutex<BTreeMap<String, Volume>>,
    pub(super) mounted: Mounted,
}

impl VolumeStore {
    /// Reads the volumes below `root`, and takes away what a killed engine left.
    pub(crate) fn open(root: PathBuf) -> Result<VolumeStore> {
        let mut volumes = BTreeMap::new();
        for entry in fs::read_dir(&root).context(root.display())? {
            let entry = entry.context(root.display())?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') {
                unlink(&entry.path());
            } else if entry.path().join("_data").is_dir() {
                let volume = read(&entry.path(), &name);
                volumes.insert(name, volume);
            }
        }
        Ok(VolumeStore {
            root,
            volumes: Mutex::new(volumes),
            mounted: Mounted::default(),
        })
    }

    /// Where the files of a volume are.
    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.root.join(name).join("_data")
    }

    /// Finds a volume or makes it. With a user it cannot be removed from then on.
    pub(crate) fn take(&self, wanted: &NewVolume, user: Option<&str>) -> Result<Taken> {
        let anonymous = wanted.name.is_empty();
        let name = match anonymous {
            true => id::generate()?,
            false => wanted.name.clone(),
        };
        options::check_driver(&name, &wanted.driver)?;
        let mut volumes = self.lock();
        let is_new = !volumes.contains_key(&name);
        if is_new {
            options::check_name(&name)?;
            options::check(&name, wanted.options.as_ref())?;
            let volume = Volume {
                name: name.clone(),
                created: Timestamp::now(),
                labels: wanted.labels.clone(),
                options: wanted.options.clone(),
                made_for: user.filter(|_| anonymous).map(str::to_owned),
                users: BTreeSet::new(),
            };
            self.make(&volume)
                .map_err(|error| error.prefixed(&format!("create {name}: ")))?;
            volumes.insert(name.clone(), volume);
        }
        let Some(volume) = volumes.get_mut(&name) else {
            return Err(no_such(&name));
        };
        volume.users.extend(user.map(str::to_owned));
        Ok(Taken {
            volume: volume.clone(),
            is_new,
        })
    }

    /// A container that was found at the start uses these.
    pub(crate) fn adopt<'a>(&self, user: &str, names: impl Iterator<Item = &'a str>) {
        let mut volumes = self.lock();
        for name in names {
            match volumes.get_mut(name) {
                Some(volume) => drop(volume.users.insert(user.to_owned())),
                None => tracing::warn!(container = user, volume = name, "its volume is gone"),
            }
        }
    }

    /// A container uses nothing any more.
    pub(crate) fn release(&self, user: &str) {
        for volume in self.lock().values_mut() {
            volume.users.remove(user);
        }
    }

    /// Volumes that were made for containers that never came to be.
    pub(crate) fn orphans(&self, is_known: impl Fn(&str) -> bool) -> Vec<String> {
        let volumes = self.lock();
        let orphans = volumes.values().filter(|volume| {
            let made_for = volume.made_for.as_deref();
            volume.users.is_empty() && made_for.is_some_and(|id| !is_known(id))
        });
        orphans.map(|volume| volume.name.clone()).collect()
    }

    pub(crate) fn get(&self, name: &str) -> Result<Volume> {
        let volume = self.lock().get(name).cloned();
        volume.ok_or_else(|| no_such(name))
    }

    /// All, by name.
    pub(crate) fn list(&self) -> Vec<Volume> {
        self.lock().values().cloned().collect()
    }

    /// Removes a volume that no container uses.
    pub(crate) fn remove(&self, name: &str) -> Result<()> {
        let mut volumes = self.lock();
        let volume = volumes.get(name).ok_or_else(|| no_such(name))?;
        if !volume.users.is_empty() {
            let users: Vec<&str> = volume.users.iter().map(String::as_str).collect();
            return Err(Error::conflict(format!(
                "remove {name}: volume is in use - [{}]",
                users.join(", ")
            )));
        }
        if !self.mounted.is_idle(name) {
            return Err(mounted::in_use(name));
        }
        let doomed = self.root.join(format!(".{}", id::generate()?));
        match fs::rename(self.root.join(name), &doomed) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).context(format!("remove {name}"));
            }
            _ => {}
        }
        volumes.remove(name);
        drop(volumes);
        unlink(&doomed);
        Ok(())
    }

    /// Puts the directory `filled` in the place of a volume's empty one, unless
    /// somebody else may look at that already; then it answers false.
    pub(crate) fn replace(&self, name: &str, user: &str, filled: &Path) -> Result<bool> {
        let volumes = self.lock();
        let alone = volumes
            .get(name)
            .is_some_and(|volume| volume.users.iter().all(|other| other == user));
        if !alone {
            return Ok(false);
        }
        match fs::rename(filled, self.data(name)) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            other => other.context(self.data(name).display()).map(|()| true),
        }
    }

    /// A directory of its own for what is to become a volume's content.
    pub(crate) fn scratch(&self) -> Result<PathBuf> {
        let path = self.root.join(format!(".{}", id::generate()?));
        fs::create_dir(&path).context(path.display())?;
        Ok(path)
    }

    fn make(&self, volume: &Volume) -> Result<()> {
        let scratch = self.scratch()?;
        let make = || {
            let data = scratch.join("_data");
            fs::DirBuilder::new()
                .mode(0o755)
                .create(&data)
                .context(data.display())?;
            meta::write(&scratch.join("volume.json"), volume, Durability::Power)?;
            let place = self.root.join(&volume.name);
            fs::rename(&scratch, &place).context(place.display())
        };
        make().inspect_err(|_| unlink(&scratch))
    }

    /// The map is valid after every statement, so a panic elsewhere does not
    /// spoil it.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Volume>> {
        self.volumes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn no_such(name: &str) -> Error {
    Error::not_found(format!("get {name}: no such volume"))
}

/// A directory whose record is lost is a volume all the same: it holds
/// somebody's data.
fn read(path: &Path, name: &str) -> Volume {
    let record: Result<Option<Volume>> = meta::read(&path.join("volume.json"));
    let known = record
        .inspect_err(|error| tracing::error!(volume = name, %error, "broken record ignored"))
        .ok()
        .flatten();
    let created = || {
        let changed = fs::metadata(path).and_then(|metadata| metadata.modified());
        changed
            .ok()
            .and_then(|time| Timestamp::try_from(time).ok())
            .unwrap_or_default()
    };
    let volume = known.unwrap_or_else(|| Volume {
        name: String::new(),
        created: created(),
        labels: None,
        options: None,
        made_for: None,
        users: BTreeSet::new(),
    });
    Volume {
        name: name.to_owned(),
        ..volume
    }
}

fn unlink(path: &Path) {
    if !path.exists() {
        return;
    }
    // What is still mounted there stays whole.
    let unmounted = mounted::detach_below(path);
    let removed = unmounted.and_then(|_| fs::remove_dir_all(path).context(path.display()));
    if let Err(error) = removed {
        tracing::warn!(path = %path.display(), %error, "left for the next start");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> NewVolume {
        NewVolume {
            name: name.into(),
            ..NewVolume::default()
        }
    }

    #[test]
    fn who_uses_a_volume_keeps_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = VolumeStore::open(dir.path().to_owned()).expect("opened");
        assert!(
            store
                .take(&named("data"), Some("one"))
                .expect("made")
                .is_new
        );
        assert!(
            !store
                .take(&named("data"), Some("two"))
                .expect("found")
                .is_new
        );
        let text = store.remove("data").expect_err("in use").message;
        assert_eq!(text, "remove data: volume is in use - [one, two]");
        store.release("one");
        store.release("two");
        store.remove("data").expect("removed");
        assert_eq!(
            store.get("data").expect_err("gone").message,
            "get data: no such volume"
        );
        assert_eq!(fs::read_dir(dir.path()).expect("root").count(), 0);
    }

    #[test]
    fn what_a_killed_engine_left_is_swept_and_the_rest_is_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().to_owned();
        let store = VolumeStore::open(root.clone()).expect("opened");
        let mut wanted = named("kept");
        wanted.labels = Some(BTreeMap::from([("a".into(), "b".into())]));
        let kept = store.take(&wanted, None).expect("made").volume;
        let orphan = store.take(&named(""), Some("never")).expect("made").volume;
        // Killed between directory and record, and in the middle of a removal.
        fs::create_dir_all(root.join(".aa/_data")).expect("half made");
        fs::create_dir_all(root.join(".bb/_data/x")).expect("half removed");
        // Its record is lost, its data is not.
        fs::create_dir_all(root.join("bare/_data/x")).expect("no record");
        let store = VolumeStore::open(root.clone()).expect("opened again");
        assert_eq!(store.get("kept").expect("kept"), kept);
        assert!(store.get("bare").is_ok());
        assert!(!root.join(".aa").exists() && !root.join(".bb").exists());
        assert_eq!(store.orphans(|id| id != "never"), [orphan.name]);
        assert!(store.orphans(|_| true).is_empty());
    }

    #[test]
    fn creations_and_removals_that_race_end_consistent() {
        let dir = tempfile::tempdir().expect("a directory");
        let store = VolumeStore::open(dir.path().to_owned()).expect("opened");
        std::thread::scope(|scope| {
            for user in ["one", "two", "three", "four"] {
                let store = &store;
                scope.spawn(move || {
                    for _ in 0..25 {
                        store.take(&named("shared"), Some(user)).expect("taken");
                        assert!(store.data("shared").is_dir());
                        store.release(user);
                        store.remove("shared").ok();
                    }
                });
            }
        });
        let left = fs::read_dir(dir.path()).expect("root").count();
        assert_eq!(left, store.list().len());
    }
}
