//! Where a build works: a directory of its own, with the names of the containers
//! that it has at the moment. What a dead engine leaves of a build is found by
//! it and taken away at the next start.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::error::{IoContext, Result};
use crate::id;
use crate::shared::Shared;

/// The directory of one build. It goes with this.
#[derive(Debug)]
pub(super) struct Place {
    dir: PathBuf,
}

impl Place {
    /// Makes the directory of a new build below that of all builds.
    pub(super) fn new(shared: &Shared) -> Result<Place> {
        let dir = shared.builds_dir().join(id::short(&id::generate()?));
        let place = Place { dir };
        let dirs = [
            place.containers(),
            place.context(),
            place.nothing(),
            place.downloads(),
        ];
        for dir in dirs {
            fs::create_dir_all(&dir).context(dir.display())?;
        }
        Ok(place)
    }

    /// Where the context's files are.
    pub(super) fn context(&self) -> PathBuf {
        self.dir.join("context")
    }

    /// A directory without files: those of an image that has none.
    pub(super) fn nothing(&self) -> PathBuf {
        self.dir.join("nothing")
    }

    /// Where files of the web are.
    pub(super) fn downloads(&self) -> PathBuf {
        self.dir.join("downloads")
    }

    /// Notes a container before it is made: it belongs to this build.
    pub(super) fn note_container(&self, id: &str) -> Result<()> {
        let note = self.containers().join(id);
        File::create(&note).context(note.display()).map(drop)
    }

    /// A container is gone, or left for people to look at.
    pub(super) fn forget_container(&self, id: &str) {
        // One that was never made has no note.
        fs::remove_file(self.containers().join(id)).ok();
    }

    fn containers(&self) -> PathBuf {
        self.dir.join("containers")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let dir = std::mem::take(&mut self.dir);
        match tokio::runtime::Handle::try_current() {
            // A context may be large.
            Ok(runtime) => drop(runtime.spawn_blocking(move || remove(&dir))),
            Err(_) => remove(&dir),
        }
    }
}

/// Takes away what builds of an earlier engine left; their containers are to be
/// erased by the caller, who gets their ids. Directories of builds go then.
pub(crate) fn leftovers(shared: &Shared) -> Vec<String> {
    let entries = |dir: &Path| fs::read_dir(dir).into_iter().flatten().flatten();
    let mut containers = Vec::new();
    for build in entries(&shared.builds_dir()) {
        for note in entries(&build.path().join("containers")) {
            containers.extend(
                note.file_name()
                    .into_string()
                    .ok()
                    .filter(|id| id::is_full(id)),
            );
        }
    }
    containers
}

/// Removes the directories of builds of an earlier engine.
pub(crate) fn sweep(shared: &Shared) -> Result<()> {
    let dir = shared.builds_dir();
    remove(&dir);
    fs::create_dir_all(&dir).context(dir.display())?;
    longshore_image::spread(&dir);
    Ok(())
}

fn remove(dir: &Path) {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(path = %dir.display(), %error, "left for the next start");
        }
        _ => {}
    }
}
