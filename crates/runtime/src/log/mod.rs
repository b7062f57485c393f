//! The output of a container on disk.
//!
//! A log is a row of segments `<name>.1`, `<name>.2`, … in one directory, lines
//! of JSON in Docker's json-file format. Only the newest segment is ever written
//! to, and only at its end; once the next one exists a segment never changes
//! again. `<name>` is a hard link to the newest segment, for people and for log
//! collectors. Readers go by number, so that no rotation can lose or repeat a
//! line for them; a segment removed by `max_file` while it is being read is still
//! read to its end. A segment that is complete may become `<name>.N.gz`.
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

pub(crate) mod compress;
pub mod follow;
pub mod forward;
pub mod line;
pub mod reader;
pub(crate) mod split;
pub mod writer;

/// The two output streams of a process. With a terminal there is only the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    #[default]
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

/// A segment's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct SegmentName {
    number: u64,
    compressed: bool,
}

impl SegmentName {
    const fn plain(number: u64) -> Self {
        Self {
            number,
            compressed: false,
        }
    }

    fn of(file: &OsStr, name: &str) -> Option<Self> {
        let number = file.to_str()?.strip_prefix(name)?.strip_prefix('.')?;
        let digits = number.strip_suffix(".gz");
        let number = digits.unwrap_or(number).parse().ok()?;
        (number > 0).then_some(Self {
            number,
            compressed: digits.is_some(),
        })
    }
}

/// The segments that exist, ascending. Of one that is both plain and compressed,
/// as it is for a moment, the plain one counts.
fn segments(dir: &Path, name: &str) -> io::Result<Vec<SegmentName>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        found.extend(SegmentName::of(&entry?.file_name(), name));
    }
    found.sort_unstable();
    found.dedup_by_key(|segment| segment.number);
    Ok(found)
}

fn segment_path(dir: &Path, name: &str, segment: SegmentName) -> PathBuf {
    let SegmentName { number, compressed } = segment;
    dir.join(format!(
        "{name}.{number}{}",
        if compressed { ".gz" } else { "" }
    ))
}
