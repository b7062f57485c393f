//! The output of a container on disk.
//!
//! A log is a row of segments `<name>.1`, `<name>.2`, … in one directory, lines
//! of JSON in Docker's json-file format. Only the newest segment is ever written
//! to, and only at its end; once the next one exists a segment never changes
//! again. `<name>` is a hard link to the newest segment, for people and for log
//! collectors. Readers go by number, so that no rotation can lose or repeat a
//! line for them; a segment removed by `max_file` while it is being read is still
//! read to its end.
//!
//! The shim writes ([`LogWriter`]), the daemon reads ([`Reader`], [`Follower`])
//! without asking it.
//!
//! [`LogWriter`]: writer::LogWriter
//! [`Reader`]: reader::Reader
//! [`Follower`]: follow::Follower

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

pub mod follow;
pub mod line;
pub mod reader;
pub mod writer;

/// The two output streams of a process. With a terminal there is only the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    /// The stream's name in a log line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// Numbers of the segments that exist, ascending.
fn segments(dir: &Path, name: &str) -> io::Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        if let Some(number) = segment_number(&entry?.file_name(), name) {
            found.push(number);
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn segment_number(file: &OsStr, name: &str) -> Option<u64> {
    let digits = file.to_str()?.strip_prefix(name)?.strip_prefix('.')?;
    digits.parse().ok().filter(|number| *number > 0)
}

fn segment_path(dir: &Path, name: &str, number: u64) -> PathBuf {
    dir.join(format!("{name}.{number}"))
}
