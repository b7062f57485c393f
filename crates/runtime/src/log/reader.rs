//! Reads a container's log: from the beginning or the last lines, up to what is
//! there now. [`Follower`](super::follow::Follower) goes on from there.

use std::cmp::Ordering;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::line::{self, Entry};
use super::{SegmentName, Stream, compress, segment_path, segments};
use crate::channel::UnixNanos;

/// Bytes read at once.
const BLOCK: usize = 128 << 10;

/// A line longer than this is not one of ours; it is skipped rather than held.
const MAX_LINE: usize = 1 << 20;

/// Which lines are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Lines of standard output.
    pub stdout: bool,
    /// Lines of standard error.
    pub stderr: bool,
    /// Only lines of this time or later.
    pub since: Option<UnixNanos>,
    /// Only lines of this time or earlier; the first later one ends the reading.
    pub until: Option<UnixNanos>,
    /// Only this many of the last lines that are there when reading begins,
    /// counted over both streams and before `since` and `until` are applied.
    pub tail: Option<u64>,
    /// Only lines before this.
    pub end: Option<Position>,
}

/// A place between two lines of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Number of the segment.
    pub segment: u64,
    /// Bytes of the segment before the place.
    pub size: u64,
}

impl Position {
    /// The present end of a log; `None` of one that does not exist.
    pub fn end_of(dir: &Path, name: &str) -> io::Result<Option<Self>> {
        let found = match segments(dir, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let Some(&newest) = found.last() else {
            return Ok(None);
        };
        Ok(Some(Self {
            segment: newest.number,
            // A compressed one is complete, whatever its size is.
            size: match newest.compressed {
                true => u64::MAX,
                false => std::fs::metadata(segment_path(dir, name, newest))?.len(),
            },
        }))
    }
}

impl Default for Query {
    /// Everything.
    fn default() -> Self {
        Self {
            stdout: true,
            stderr: true,
            since: None,
            until: None,
            tail: None,
            end: None,
        }
    }
}

/// A position in a log, moving forward.
#[derive(Debug)]
pub struct Reader {
    dir: PathBuf,
    name: String,
    query: Query,
    segment: Option<Segment>,
    entry: Entry,
    past_until: bool,
}

impl Reader {
    /// Starts reading the log called `name` in `dir`. A log that does not exist
    /// yet is empty.
    pub fn open(dir: &Path, name: &str, query: Query) -> io::Result<Self> {
        let mut reader = Self {
            dir: dir.to_path_buf(),
            name: name.to_owned(),
            query,
            segment: None,
            entry: Entry::default(),
            past_until: false,
        };
        if let Some(lines) = query.tail {
            reader.seek_to_last(lines)?;
        } else if let Some(since) = query.since {
            reader.skip_older_segments(since)?;
        }
        Ok(reader)
    }

    /// Moves to the next line, which [`Self::entry`] is then; false when there is
    /// none now. More may be written later, unless [`Self::past_until`].
    pub fn advance(&mut self) -> io::Result<bool> {
        while !self.past_until {
            if !self.find_line()? {
                return Ok(false);
            }
            let Some(segment) = &mut self.segment else {
                return Ok(false);
            };
            if !line::decode_into(segment.take_line(), &mut self.entry) {
                continue;
            }
            let entry = &self.entry;
            if self.query.until.is_some_and(|until| entry.time > until) {
                self.past_until = true;
                break;
            }
            let wanted = match entry.stream {
                Stream::Stdout => self.query.stdout,
                Stream::Stderr => self.query.stderr,
            };
            if wanted && self.query.since.is_none_or(|since| entry.time >= since) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The line that [`Self::advance`] found.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Whether a line later than [`Query::until`] was met: nothing more will come.
    pub fn past_until(&self) -> bool {
        self.past_until
    }

    /// Moves to a segment that has a whole line in its buffer; false when there is
    /// none now.
    fn find_line(&mut self) -> io::Result<bool> {
        loop {
            let mut number = 0;
            if let Some(segment) = &mut self.segment {
                if segment.has_line() || segment.fill()? {
                    if segment.has_line() {
                        return Ok(true);
                    }
                    continue;
                }
                number = segment.number;
            }
            let Some(newer) = self.newer_than(number)? else {
                return Ok(false);
            };
            // Only an end met after the next segment came to be is final.
            if let Some(segment) = &mut self.segment
                && segment.fill()?
            {
                continue;
            }
            if let Some(next) = self.open_segment(newer)? {
                self.segment = Some(next);
            }
        }
    }

    fn open_segment(&self, number: u64) -> io::Result<Option<Segment>> {
        let mut segment = Segment::open(&self.dir, &self.name, number)?;
        if let (Some(segment), Some(end)) = (&mut segment, self.query.end) {
            segment.limit = match number.cmp(&end.segment) {
                Ordering::Less => u64::MAX,
                Ordering::Equal => end.size,
                Ordering::Greater => 0,
            };
        }
        Ok(segment)
    }

    /// The oldest segment after number `after`.
    fn newer_than(&self, after: u64) -> io::Result<Option<u64>> {
        // Nearly always it is the very next one; a directory is not read for it.
        let next = SegmentName::plain(after + 1);
        let ends = self.query.end.is_some_and(|end| end.segment <= after);
        if ends {
            return Ok(None);
        }
        if after > 0 && segment_path(&self.dir, &self.name, next).exists() {
            return Ok(Some(after + 1));
        }
        let found = match segments(&self.dir, &self.name) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut numbers = found.into_iter().map(|segment| segment.number);
        let last = self.query.end.map_or(u64::MAX, |end| end.segment);
        Ok(numbers
            .find(|&number| number > after)
            .filter(|number| *number <= last))
    }

    fn seek_to_last(&mut self, lines: u64) -> io::Result<()> {
        let mut wanted = lines;
        for name in self.segments()?.into_iter().rev() {
            let Some(mut segment) = self.open_segment(name.number)? else {
                break;
            };
            let (start, found) = last_lines(&segment, wanted)?;
            segment.offset = start;
            self.segment = Some(segment);
            wanted -= found;
            if wanted == 0 {
                break;
            }
        }
        Ok(())
    }

    fn skip_older_segments(&mut self, since: UnixNanos) -> io::Result<()> {
        for name in self.segments()? {
            let path = segment_path(&self.dir, &self.name, name);
            let Ok(changed) = std::fs::metadata(path) else {
                continue;
            };
            let changed = changed.mtime() * 1_000_000_000 + changed.mtime_nsec();
            // A second of slack: file times come from a coarser clock.
            if changed + 1_000_000_000 >= since
                && let Some(segment) = self.open_segment(name.number)?
            {
                self.segment = Some(segment);
                return Ok(());
            }
        }
        // The newest is read whatever its time is: it may still grow.
        self.seek_to_last(0)
    }

    fn segments(&self) -> io::Result<Vec<SegmentName>> {
        match segments(&self.dir, &self.name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            other => other,
        }
    }
}

#[derive(Debug)]
struct Segment {
    number: u64,
    file: File,
    /// Where the next read begins.
    offset: u64,
    /// Where the last one ends.
    limit: u64,
    /// Bytes that were read; those of `taken..filled` are still to be taken.
    buffer: Vec<u8>,
    taken: usize,
    filled: usize,
    /// The first line feed after `taken`, where it is known.
    line_feed: Option<usize>,
    /// Bytes of `buffer` known to hold no line feed, from `taken` on.
    searched: usize,
}

impl Segment {
    /// `None` when the segment has been removed meanwhile.
    fn open(dir: &Path, name: &str, number: u64) -> io::Result<Option<Self>> {
        let plain = SegmentName::plain(number);
        let compressed = SegmentName {
            compressed: true,
            number,
        };
        let file = if let Some(plain) = open(dir, name, plain)? {
            plain
        } else if let Some(compressed) = open(dir, name, compressed)? {
            compress::decompress(compressed, dir)?
        } else {
            return Ok(None);
        };
        Ok(Some(Self {
            number,
            file,
            offset: 0,
            limit: u64::MAX,
            buffer: Vec::new(),
            taken: 0,
            filled: 0,
            line_feed: None,
            searched: 0,
        }))
    }

    fn has_line(&mut self) -> bool {
        if self.line_feed.is_none() {
            let from = self.taken + self.searched;
            let found = memchr::memchr(b'\n', &self.buffer[from..self.filled]);
            self.line_feed = found.map(|at| from + at);
            self.searched = self.filled - self.taken;
        }
        self.line_feed.is_some()
    }

    /// The line that [`Self::has_line`] found, without its line feed.
    fn take_line(&mut self) -> &[u8] {
        let end = self.line_feed.take().unwrap_or(self.taken);
        let line = self.taken..end;
        self.taken = (end + 1).min(self.filled);
        self.searched = 0;
        &self.buffer[line]
    }

    /// Reads on; false at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.taken..self.filled, 0);
        self.filled -= self.taken;
        self.taken = 0;
        if self.filled > MAX_LINE {
            self.filled = 0;
            self.searched = 0;
        }
        if self.buffer.len() < self.filled + BLOCK {
            self.buffer.resize(self.filled + BLOCK, 0);
        }
        let left = usize::try_from(self.limit.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let room = left.min(self.buffer.len() - self.filled);
        if room == 0 {
            return Ok(false);
        }
        let space = &mut self.buffer[self.filled..][..room];
        let mut count = self.file.read_at(space, self.offset)?;
        if count == 0 && self.file.metadata()?.len() < self.offset {
            // Somebody has emptied it; what is written from now on is new.
            self.filled = 0;
            self.searched = 0;
            self.offset = 0;
            count = self.file.read_at(&mut self.buffer, 0)?;
        }
        self.filled += count;
        self.offset += count as u64;
        Ok(count > 0)
    }
}

fn open(dir: &Path, name: &str, segment: SegmentName) -> io::Result<Option<File>> {
    match File::open(segment_path(dir, name, segment)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the last `wanted` whole lines of `segment` begin, and how many there are.
/// Reads backwards, block by block.
fn last_lines(segment: &Segment, wanted: u64) -> io::Result<(u64, u64)> {
    let file = &segment.file;
    let mut end = file.metadata()?.len().min(segment.limit);
    let mut block = vec![0; BLOCK];
    let mut feeds = 0;
    let mut after_last = 0;
    while end > 0 {
        let start = end.saturating_sub(BLOCK as u64);
        let bytes = &mut block[..(end - start) as usize];
        file.read_exact_at(bytes, start)?;
        for (at, _) in bytes
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, byte)| **byte == b'\n')
        {
            let next_line = start + at as u64 + 1;
            if feeds == 0 {
                after_last = next_line;
            }
            if feeds == wanted {
                return Ok((next_line, wanted));
            }
            feeds += 1;
        }
        end = start;
    }
    // The file holds `feeds` lines, no more than wanted.
    Ok(if wanted == 0 {
        (after_last, 0)
    } else {
        (0, feeds)
    })
}

/// Reads all of a log that nobody writes to any more.
pub fn read_all(dir: &Path, name: &str, query: Query) -> io::Result<Vec<Entry>> {
    let mut reader = Reader::open(dir, name, query)?;
    let mut entries = Vec::new();
    while reader.advance()? {
        entries.push(reader.entry().clone());
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::writer::LogWriter;
    use crate::spec::LogFile;
    use std::collections::BTreeMap;

    const NAME: &str = "c-json.log";

    fn log(dir: &Path, max_size: Option<u64>) -> LogWriter {
        LogWriter::open(&LogFile {
            dir: dir.to_path_buf(),
            name: NAME.into(),
            max_size,
            max_file: 1000,
            compress: false,
            attrs: BTreeMap::new(),
        })
        .expect("open log")
    }

    /// 100 lines, `0` to `99`, at times 0 to 99, odd ones on standard error.
    fn hundred(dir: &Path, max_size: Option<u64>) -> LogWriter {
        let mut log = log(dir, max_size);
        for number in 0..100 {
            let stream = [Stream::Stdout, Stream::Stderr][number % 2];
            log.write(stream, format!("{number}\n").as_bytes(), number as i64);
        }
        log.flush();
        log
    }

    fn numbers(dir: &Path, query: Query) -> Vec<u64> {
        read_all(dir, NAME, query)
            .expect("read")
            .iter()
            .map(|entry| {
                let text = std::str::from_utf8(&entry.text).expect("text");
                text.trim_end().parse().expect("number")
            })
            .collect()
    }

    #[test]
    fn queries_over_one_and_many_segments() {
        for max_size in [None, Some(300), Some(1)] {
            let dir = tempfile::tempdir().expect("tempdir");
            let _log = hundred(dir.path(), max_size);
            let check = |query: Query, expected: Vec<u64>| {
                assert_eq!(
                    numbers(dir.path(), query),
                    expected,
                    "{query:?} {max_size:?}"
                );
            };
            let all = Query::default();
            check(all, (0..100).collect());
            check(
                Query {
                    stderr: false,
                    ..all
                },
                (0..100).step_by(2).collect(),
            );
            for tail in [0, 1, 7, 99, 100, 1000] {
                let from = 100 - tail.min(100);
                check(
                    Query {
                        tail: Some(tail),
                        ..all
                    },
                    (from..100).collect(),
                );
            }
            check(
                Query {
                    since: Some(90),
                    ..all
                },
                (90..100).collect(),
            );
            check(
                Query {
                    until: Some(9),
                    ..all
                },
                (0..10).collect(),
            );
            check(
                Query {
                    tail: Some(10),
                    until: Some(95),
                    stdout: false,
                    ..all
                },
                vec![91, 93, 95],
            );
        }
    }

    #[test]
    fn tail_reads_backwards_over_block_borders() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = log(dir.path(), None);
        for number in 0..20_000 {
            log.write(Stream::Stdout, format!("{number}\n").as_bytes(), 1);
        }
        log.flush();
        for tail in [1, 1000, 5000, 19_999] {
            let query = Query {
                tail: Some(tail),
                ..Query::default()
            };
            assert_eq!(
                numbers(dir.path(), query),
                ((20_000 - tail)..20_000).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn reading_goes_on_where_it_stopped() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = log(dir.path(), Some(200));
        let mut reader = Reader::open(dir.path(), NAME, Query::default()).expect("open");
        for number in 0..50 {
            assert!(!reader.advance().expect("read"));
            log.write(Stream::Stdout, format!("{number}\n").as_bytes(), 1);
            log.flush();
            assert!(reader.advance().expect("read"), "it was written");
            assert_eq!(reader.entry().text, format!("{number}\n").as_bytes());
        }
    }

    #[test]
    fn compressed_segments_are_read_as_any_other() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = hundred(dir.path(), Some(300));
        let complete = segments(dir.path(), NAME).expect("list");
        for name in &complete[..complete.len() - 1] {
            compress::compress(&segment_path(dir.path(), NAME, *name)).expect("compress");
        }
        log.write(Stream::Stdout, b"100\n", 100);
        log.flush();
        let all = Query::default();
        assert_eq!(numbers(dir.path(), all), (0..=100).collect::<Vec<_>>());
        let tail = Query {
            tail: Some(50),
            ..all
        };
        assert_eq!(numbers(dir.path(), tail), (51..=100).collect::<Vec<_>>());
    }

    #[test]
    fn reading_ends_at_a_position() {
        for max_size in [None, Some(300)] {
            let dir = tempfile::tempdir().expect("tempdir");
            let mut log = hundred(dir.path(), max_size);
            let end = Position::end_of(dir.path(), NAME).expect("list");
            assert_eq!(end, Some(log.end()));
            for number in 100..200 {
                log.write(Stream::Stdout, format!("{number}\n").as_bytes(), number);
            }
            log.flush();
            let all = Query {
                end,
                ..Query::default()
            };
            assert_eq!(numbers(dir.path(), all), (0..100).collect::<Vec<_>>());
            let tail = Query {
                tail: Some(10),
                ..all
            };
            assert_eq!(numbers(dir.path(), tail), (90..100).collect::<Vec<_>>());
        }
    }

    #[test]
    fn lines_after_an_emptied_file_are_found() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = hundred(dir.path(), None);
        let mut reader = Reader::open(dir.path(), NAME, Query::default()).expect("open");
        while reader.advance().expect("read") {}
        File::options()
            .write(true)
            .truncate(true)
            .open(dir.path().join(NAME))
            .expect("empty it");
        log.write(Stream::Stdout, b"new\n", 1);
        log.flush();
        assert!(reader.advance().expect("read"));
        assert_eq!(reader.entry().text, b"new\n");
    }

    #[test]
    fn a_log_that_does_not_exist_is_empty() {
        let dir = tempfile::tempdir().expect("tempdir");
        let gone = dir.path().join("gone");
        assert_eq!(read_all(&gone, NAME, Query::default()).expect("empty"), []);
        let query = Query {
            tail: Some(3),
            ..Query::default()
        };
        assert_eq!(read_all(dir.path(), NAME, query).expect("empty"), []);
    }
}
