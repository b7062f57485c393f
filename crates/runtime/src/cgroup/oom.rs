//! Being told at the moment when a group runs out of memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd};

use rustix::event::{EventfdFlags, eventfd};

use super::dir::Dir;

/// A descriptor to be polled, for any condition: version 1 makes it readable,
/// version 2 gives it an error that goes away by reading.
#[derive(Debug)]
pub(crate) struct OomWatch {
    file: File,
    /// Kills that are known (version 2).
    seen: Option<u64>,
    /// Keeps the parameter open that the events come from (version 1).
    _source: Option<File>,
}

impl OomWatch {
    /// An event counter that the kernel writes to.
    pub(super) fn of_version_1(memory: &Dir) -> io::Result<Self> {
        let counter = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let source = memory.open_file("memory.oom_control")?;
        let order = format!("{} {}", counter.as_raw_fd(), source.as_raw_fd());
        memory.write("cgroup.event_control", &order)?;
        Ok(Self {
            file: File::from(counter),
            seen: None,
            _source: Some(source),
        })
    }

    /// The file of events itself.
    pub(super) fn of_version_2(dir: &Dir) -> io::Result<Self> {
        let mut watch = Self {
            file: dir.open_file("memory.events")?,
            seen: Some(0),
            _source: None,
        };
        watch.happened();
        Ok(watch)
    }

    /// Whether it becomes readable. The file of version 2 always is, and has
    /// an error condition instead.
    pub(crate) fn is_readable(&self) -> bool {
        self.seen.is_none()
    }

    /// Whether memory ran out since the last call.
    pub(crate) fn happened(&mut self) -> bool {
        let Some(seen) = self.seen else {
            let mut count = [0; 8];
            // Nothing to read means that nothing happened.
            return self.file.read_exact(&mut count).is_ok();
        };
        let mut text = String::new();
        if self.file.rewind().is_err() || self.file.read_to_string(&mut text).is_err() {
            return false;
        }
        let kills = text
            .lines()
            .find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok())
            .unwrap_or(seen);
        self.seen = Some(kills);
        kills > seen
    }
}

impl AsFd for OomWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
