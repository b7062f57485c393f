//! Reads a container's log: from the beginning or the last lines, up to what is
//! there now. [`Follower`](super::follow::Follower) goes on from there.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::line::{self, Entry};
use super::{Stream, segment_path, segments};
use crate::channel::UnixNanos;

/// Bytes read at once.
const BLOCK: usize = 64 << 10;

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
            past_until: false,
        };
        if let Some(lines) = query.tail {
            reader.seek_to_last(lines)?;
        } else if let Some(since) = query.since {
            reader.skip_older_segments(since)?;
        }
        Ok(reader)
    }

    /// The next line, or `None` when there is none now. More may be written
    /// later, unless [`Self::past_until`].
    #[expect(
        clippy::should_implement_trait,
        reason = "None now may be a line later"
    )]
    pub fn next(&mut self) -> io::Result<Option<Entry>> {
        while !self.past_until {
            let Some(line) = self.next_line()? else {
                return Ok(None);
            };
            let Some(entry) = line::decode(&line) else {
                continue;
            };
            if self.query.until.is_some_and(|until| entry.time > until) {
                self.past_until = true;
                break;
            }
            let wanted = match entry.stream {
                Stream::Stdout => self.query.stdout,
                Stream::Stderr => self.query.stderr,
            };
            if wanted && self.query.since.is_none_or(|since| entry.time >= since) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// Whether a line later than [`Query::until`] was met: nothing more will come.
    pub fn past_until(&self) -> bool {
        self.past_until
    }

    /// The next line of any stream without its line feed.
    fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let mut number = 0;
            if let Some(segment) = &mut self.segment {
                if let Some(line) = segment.buffered_line() {
                    return Ok(Some(line));
                }
                if segment.fill()? {
                    continue;
                }
                number = segment.number;
            }
            let Some(newer) = self.newer_than(number)? else {
                return Ok(None);
            };
            // Only an end met after the next segment came to be is final.
            if let Some(segment) = &mut self.segment
                && segment.fill()?
            {
                continue;
            }
            if let Some(next) = Segment::open(&self.dir, &self.name, newer)? {
                self.segment = Some(next);
            }
        }
    }

    /// The oldest segment after number `after`.
    fn newer_than(&self, after: u64) -> io::Result<Option<u64>> {
        // Nearly always it is the very next one; a directory is not read for it.
        if after > 0 && segment_path(&self.dir, &self.name, after + 1).exists() {
            return Ok(Some(after + 1));
        }
        let numbers = match segments(&self.dir, &self.name) {
            Ok(numbers) => numbers,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(numbers.into_iter().find(|&number| number > after))
    }

    fn seek_to_last(&mut self, lines: u64) -> io::Result<()> {
        let mut wanted = lines;
        for number in segments(&self.dir, &self.name)?.into_iter().rev() {
            let Some(mut segment) = Segment::open(&self.dir, &self.name, number)? else {
                break;
            };
            let (start, found) = last_lines(&segment.file, wanted)?;
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
        for number in segments(&self.dir, &self.name)? {
            let Some(segment) = Segment::open(&self.dir, &self.name, number)? else {
                continue;
            };
            let changed = segment.file.metadata()?;
            let changed = changed.mtime() * 1_000_000_000 + changed.mtime_nsec();
            self.segment = Some(segment);
            // A second of slack: file times come from a coarser clock.
            if changed + 1_000_000_000 >= since {
                break;
            }
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Segment {
    number: u64,
    file: File,
    /// Where the next read begins.
    offset: u64,
    /// Read and not yet taken, from `taken` on.
    buffer: Vec<u8>,
    taken: usize,
    /// Bytes of `buffer` known to hold no line feed, from `taken` on.
    searched: usize,
}

impl Segment {
    /// `None` when the segment has been removed meanwhile.
    fn open(dir: &Path, name: &str, number: u64) -> io::Result<Option<Self>> {
        match File::open(segment_path(dir, name, number)) {
            Ok(file) => Ok(Some(Self {
                number,
                file,
                offset: 0,
                buffer: Vec::new(),
                taken: 0,
                searched: 0,
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn buffered_line(&mut self) -> Option<Vec<u8>> {
        let from = self.taken + self.searched;
        match self.buffer[from..].iter().position(|&byte| byte == b'\n') {
            Some(at) => {
                let line = self.buffer[self.taken..from + at].to_vec();
                self.taken = from + at + 1;
                self.searched = 0;
                Some(line)
            }
            None => {
                self.searched = self.buffer.len() - self.taken;
                None
            }
        }
    }

    /// Reads on; false at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        if self.buffer.len() > MAX_LINE {
            self.buffer.clear();
            self.searched = 0;
        }
        let have = self.buffer.len();
        self.buffer.resize(have + BLOCK, 0);
        let read = self.file.read_at(&mut self.buffer[have..], self.offset);
        let count = read.as_ref().copied().unwrap_or(0);
        self.buffer.truncate(have + count);
        self.offset += count as u64;
        read.map(|count| count > 0)
    }
}

/// Where the last `wanted` whole lines of `file` begin, and how many there are.
/// Reads backwards, block by block.
fn last_lines(file: &File, wanted: u64) -> io::Result<(u64, u64)> {
    let mut end = file.metadata()?.len();
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
    while let Some(entry) = reader.next()? {
        entries.push(entry);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::writer::LogWriter;
    use crate::spec::{LogDriver, LogSpec};
    use std::collections::BTreeMap;

    const NAME: &str = "c-json.log";

    fn log(dir: &Path, max_size: Option<u64>) -> LogWriter {
        LogWriter::open(&LogSpec {
            driver: LogDriver::JsonFile,
            dir: dir.to_path_buf(),
            name: NAME.into(),
            max_size,
            max_file: 1000,
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
            assert_eq!(reader.next().expect("read"), None);
            log.write(Stream::Stdout, format!("{number}\n").as_bytes(), 1);
            let entry = reader.next().expect("read").expect("it was written");
            assert_eq!(entry.text, format!("{number}\n").as_bytes());
        }
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
