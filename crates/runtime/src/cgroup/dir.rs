//! One directory of a cgroup file system, held by descriptor.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::fs::{self, Mode, OFlags};
use rustix::io::Errno;

use crate::error::{CreateError, Step};

/// A directory, whose files are the group's parameters.
#[derive(Debug)]
pub(super) struct Dir {
    path: PathBuf,
    fd: OwnedFd,
    /// While changes may be taken back: parameters with their former values,
    /// in the order they were set.
    former: Mutex<Option<Vec<(String, String)>>>,
}

impl Dir {
    /// Opens `path`, making it when it is missing.
    pub(super) fn make(path: PathBuf) -> io::Result<Self> {
        match fs::mkdir(&path, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(Errno::EXIST) => Self::open(path),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens `path`, which must be there.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = fs::open(&path, flags, Mode::empty())?;
        Ok(Self {
            path,
            fd,
            former: Mutex::new(None),
        })
    }

    /// Makes `path` below the mount point `root`, with everything above it.
    pub(super) fn make_below(root: &Path, path: &Path) -> Result<Self, CreateError> {
        let whole = root.join(path);
        match Self::make(whole.clone()) {
            Err(error) if crate::path::is_missing(&error) => {
                let mut above = root.to_owned();
                let parts = path.parent().into_iter().flat_map(Path::components);
                for part in parts {
                    above.push(part);
                    Self::make(above.clone())
                        .step(|| format!("mkdir cgroup \"{}\"", above.display()))?;
                }
                Self::make(whole)
            }
            other => other,
        }
        .step(|| format!("mkdir cgroup \"{}\"", root.join(path).display()))
    }

    /// Where the directory is on the host.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The directory above.
    pub(super) fn parent(&self) -> io::Result<Self> {
        let path = self.path.parent().ok_or(io::ErrorKind::NotFound)?;
        Self::open(path.to_owned())
    }

    /// Sets a parameter with one write.
    pub(super) fn write(&self, name: &str, value: &str) -> io::Result<()> {
        File::from(self.open_to_write(name)?).write_all(value.as_bytes())
    }

    /// A parameter opened for writing.
    pub(super) fn open_to_write(&self, name: &str) -> io::Result<OwnedFd> {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        Ok(fs::openat(&self.fd, name, flags, Mode::empty())?)
    }

    /// Sets a parameter that the user asked for.
    pub(super) fn set(&self, name: &str, value: impl ToString) -> Result<(), CreateError> {
        let value = value.to_string();
        let mut former = self.former();
        if let Some(former) = former.as_mut()
            && let Ok(before) = self.read(name)
        {
            former.push((name.to_owned(), before.trim().to_owned()));
        }
        self.write(name, &value).step(|| {
            format!(
                "failed to write \"{value}\" to \"{}\"",
                self.path.join(name).display()
            )
        })
    }

    /// Remembers from now on what parameters were before they are set.
    pub(super) fn begin(&self) {
        *self.former() = Some(Vec::new());
    }

    /// Ends what [`Dir::begin`] began; with `undo` everything set meanwhile
    /// gets its former value, the last first.
    pub(super) fn end(&self, undo: bool) {
        let former = self.former().take();
        for (name, value) in former.into_iter().flatten().rev().filter(|_| undo) {
            // It had this value a moment ago.
            let _ = self.write(&name, &value);
        }
    }

    fn former(&self) -> MutexGuard<'_, Option<Vec<(String, String)>>> {
        self.former.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets a parameter when the user asked for it.
    pub(super) fn set_if(
        &self,
        name: &str,
        value: Option<impl ToString>,
    ) -> Result<(), CreateError> {
        value.map_or(Ok(()), |value| self.set(name, value))
    }

    /// The text of a parameter.
    pub(super) fn read(&self, name: &str) -> io::Result<String> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = fs::openat(&self.fd, name, flags, Mode::empty())?;
        let mut text = String::new();
        File::from(file).read_to_string(&mut text)?;
        Ok(text)
    }

    /// A parameter opened for reading, to be kept.
    pub(super) fn open_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        Ok(File::from(fs::openat(
            &self.fd,
            name,
            flags,
            Mode::empty(),
        )?))
    }

    /// The number that a parameter is, or none when it is missing or a word.
    pub(super) fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.read(name).ok()?.trim().parse().ok()
    }

    /// The number after `key` in a file of `key value` lines.
    pub(super) fn keyed<T: FromStr>(&self, name: &str, key: &str) -> Option<T> {
        let text = self.read(name).ok()?;
        text.lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(' '))?
            .trim()
            .parse()
            .ok()
    }

    /// The processes in this directory.
    pub(super) fn pids(&self) -> io::Result<Vec<i32>> {
        let text = self.read("cgroup.procs")?;
        Ok(text.lines().filter_map(|line| line.parse().ok()).collect())
    }

    /// Removes the directory and those that a program in it made below. It is
    /// fine when it is gone already.
    pub(super) fn remove(&self) -> io::Result<()> {
        remove_tree(&self.path)
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::rmdir(path) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::BUSY | Errno::NOTEMPTY) => {}
        Err(error) => return Err(error.into()),
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    match fs::rmdir(path) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
