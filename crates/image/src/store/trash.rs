//! What is no longer visible: unlinked in the background.
//!
//! Deleting is a rename into the trash directory, so names are free at once and
//! no request waits for the disk. The worker lifts nested directories up into
//! the trash instead of descending, so depth costs neither stack nor
//! descriptors. What is left when the process ends is unlinked after the next
//! start.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

pub(crate) struct Trash {
    bin: Arc<Bin>,
    wake: Mutex<Option<mpsc::Sender<()>>>,
    worker: Mutex<Option<thread::JoinHandle<()>>>,
}

struct Bin {
    directory: PathBuf,
    next: AtomicU64,
    closing: AtomicBool,
}

impl Trash {
    /// Opens the trash and starts to empty it.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let mut next = 0;
        for entry in fs::read_dir(directory)? {
            let name = entry?.file_name();
            let number: Option<u64> = name.to_str().and_then(|name| name.parse().ok());
            next = next.max(number.map_or(0, |number| number.saturating_add(1)));
        }
        let bin = Arc::new(Bin {
            directory: directory.to_owned(),
            next: AtomicU64::new(next),
            closing: AtomicBool::new(false),
        });
        let (wake, woken) = mpsc::channel();
        let worker = thread::Builder::new()
            .name("image-trash".to_owned())
            .spawn({
                let bin = bin.clone();
                move || {
                    bin.empty();
                    while woken.recv().is_ok() {
                        // One round serves all requests that have piled up.
                        while woken.try_recv().is_ok() {}
                        bin.empty();
                    }
                }
            })?;
        Ok(Self {
            bin,
            wake: Mutex::new(Some(wake)),
            worker: Mutex::new(Some(worker)),
        })
    }

    /// Takes a file or directory away. Nothing there is fine.
    pub(crate) fn discard(&self, path: &Path) -> io::Result<()> {
        match fs::rename(path, self.bin.place()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            result => result?,
        }
        let wake = self.wake.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wake) = &*wake {
            // The worker only ends with the trash itself.
            wake.send(()).ok();
        }
        Ok(())
    }
}

impl Drop for Trash {
    fn drop(&mut self) {
        self.bin.closing.store(true, Ordering::Relaxed);
        self.wake
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let worker = self
            .worker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(worker) = worker {
            worker.join().ok();
        }
    }
}

impl Bin {
    fn place(&self) -> PathBuf {
        self.directory
            .join(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }

    /// Unlinks until nothing is left or nothing more can be unlinked; the rest
    /// waits for the next round.
    fn empty(&self) {
        while self.round().unwrap_or(0) > 0 {}
    }

    fn round(&self) -> io::Result<u64> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.directory)? {
            if self.closing.load(Ordering::Relaxed) {
                return Ok(0);
            }
            let entry = entry?;
            let result = if entry.file_type()?.is_dir() {
                self.remove_directory(&entry.path())
            } else {
                fs::remove_file(entry.path())
            };
            removed += u64::from(result.is_ok());
        }
        Ok(removed)
    }

    fn remove_directory(&self, directory: &Path) -> io::Result<()> {
        for entry in fs::read_dir(directory)? {
            if self.closing.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                fs::remove_file(entry.path())?;
            } else if fs::remove_dir(entry.path()).is_err() {
                fs::rename(entry.path(), self.place())?;
            }
        }
        fs::remove_dir(directory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn wait_until_empty(directory: &Path) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while fs::read_dir(directory).unwrap().next().is_some() {
            assert!(Instant::now() < deadline, "the trash is not emptied");
            thread::yield_now();
        }
    }

    #[test]
    fn very_deep_trees_vanish_and_links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let canary = root.path().join("canary");
        fs::create_dir(&canary).unwrap();
        fs::write(canary.join("file"), "kept").unwrap();
        let bin = root.path().join("trash");
        fs::create_dir(&bin).unwrap();
        let trash = Trash::open(&bin).unwrap();

        // Deeper than any path may be long: built from the inside out.
        let victim = root.path().join("victim");
        fs::create_dir(&victim).unwrap();
        std::os::unix::fs::symlink(&canary, victim.join("link")).unwrap();
        for _ in 0..3000 {
            let outer = root.path().join("outer");
            fs::create_dir(&outer).unwrap();
            fs::rename(&victim, outer.join("d")).unwrap();
            fs::rename(&outer, &victim).unwrap();
        }
        trash.discard(&victim).unwrap();
        trash.discard(&victim).unwrap();
        assert!(!victim.exists());
        wait_until_empty(&bin);
        assert_eq!(fs::read_to_string(canary.join("file")).unwrap(), "kept");
    }

    #[test]
    fn what_an_earlier_process_left_is_removed() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("7/a/b")).unwrap();
        fs::write(root.path().join("odd name"), "").unwrap();
        let trash = Trash::open(root.path()).unwrap();
        assert!(trash.bin.next.load(Ordering::Relaxed) >= 8);
        wait_until_empty(root.path());
    }
}
