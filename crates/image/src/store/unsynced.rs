//! Files that the index is to name and that may not have reached the disk yet.
//!
//! They are waited for together, just before the index is replaced: the file
//! system answers many such waits with one write of its journal, where one after
//! the other would cost one each.

use std::{
    collections::BTreeSet,
    fs::File,
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    thread,
};

use crate::error::{At, Error};

/// Waits at a time.
const AT_ONCE: usize = 16;

/// What is to be waited for: files and directories.
#[derive(Debug, Default)]
pub(super) struct Unsynced(Mutex<BTreeSet<PathBuf>>);

impl Unsynced {
    /// Notes what was just written.
    pub(super) fn note(&self, path: PathBuf) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path);
    }

    /// Waits until everything is on the disk.
    pub(super) fn sync(&self) -> Result<(), Error> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let paths: Vec<&PathBuf> = noted.iter().collect();
        let each = paths.len().div_ceil(AT_ONCE).max(1);
        thread::scope(|scope| {
            let some = |paths: &[&PathBuf]| paths.iter().try_for_each(|path| sync(path));
            let mut parts = paths.chunks(each);
            let first = parts.next().unwrap_or_default();
            let others: Vec<_> = parts
                .map(|paths| scope.spawn(move || some(paths)))
                .collect();
            let first = some(first);
            others.into_iter().try_fold(first?, |(), other| {
                other.join().unwrap_or_else(|_| {
                    let error = io::Error::other("a thread failed");
                    Err(error).at("sync")
                })
            })
        })?;
        // Only now: what failed is waited for again.
        noted.clear();
        Ok(())
    }
}

impl Unsynced {
    /// The same for what nobody waits for: meanwhile more can be noted. What has
    /// been written leaves the page cache.
    pub(super) fn write_out(&self) {
        let noted = {
            let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *noted)
        };
        for path in noted {
            // What fails now is tried again when the layer is settled.
            let Ok(file) = File::open(&path) else {
                continue;
            };
            if file.sync_data().is_ok() {
                rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).ok();
            }
        }
    }
}

fn sync(path: &PathBuf) -> Result<(), Error> {
    match File::open(path).and_then(|file| file.sync_all()) {
        // Removed again meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.at(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_gone_are_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let unsynced = Unsynced::default();
        for number in 0..40 {
            let path = dir.path().join(number.to_string());
            if number % 7 != 0 {
                std::fs::write(&path, "x").unwrap();
            }
            unsynced.note(path);
        }
        unsynced.note(dir.path().to_owned());
        unsynced.sync().unwrap();
        assert!(unsynced.0.lock().unwrap().is_empty());
        // A file is no directory.
        unsynced.note(dir.path().join("1/x"));
        unsynced.sync().unwrap_err();
        assert_eq!(unsynced.0.lock().unwrap().len(), 1);
    }
}
