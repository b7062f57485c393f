//! Writes a container's log to disk; lives in the shim.
//!
//! Nothing is held back: when [`LogWriter::flush`] returns, every line is in the
//! page cache, where the daemon sees it and where it survives the death of any
//! process.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use super::reader::Position;
use super::{SegmentName, Stream, line, segment_path, segments};
use crate::channel::UnixNanos;
use crate::spec::LogFile;
use crate::time;

/// Appends to the log of one container.
#[derive(Debug)]
pub struct LogWriter {
    spec: LogFile,
    /// `"attrs":{…},` or nothing.
    attrs: Vec<u8>,
    segment: Segment,
    /// Whole lines that are not written yet.
    out: Vec<u8>,
    suffix: Suffix,
    lost: u64,
    /// There may be complete segments that are not compressed.
    to_compress: bool,
}

/// What follows the text of every line of one read.
#[derive(Debug, Default)]
struct Suffix {
    of: Option<(Stream, UnixNanos)>,
    bytes: Vec<u8>,
}

#[derive(Debug)]
struct Segment {
    number: u64,
    file: File,
    size: u64,
    /// A write stopped within a line: the next one begins with a line feed, so
    /// that readers skip the torn line only.
    torn: bool,
}

impl LogWriter {
    /// Opens the log for appending, making its first segment when there is none.
    pub fn open(spec: &LogFile) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&spec.dir)?;
        let segment = match segments(&spec.dir, &spec.name)?.last() {
            Some(newest) if !newest.compressed => Segment::reopen(spec, newest.number)?,
            Some(newest) => Segment::create(spec, newest.number + 1)?,
            None => Segment::create(spec, 1)?,
        };
        let mut attrs = Vec::new();
        if !spec.attrs.is_empty() {
            attrs.extend_from_slice(b"\"attrs\":");
            serde_json::to_writer(&mut attrs, &spec.attrs)?;
            attrs.push(b',');
        }
        Ok(Self {
            spec: spec.clone(),
            attrs,
            segment,
            out: Vec::new(),
            suffix: Suffix::default(),
            lost: 0,
            to_compress: spec.compress,
        })
    }

    /// Takes a line, or a part of one, as it was read at `now`.
    pub fn write(&mut self, stream: Stream, text: &[u8], now: UnixNanos) {
        if self.suffix.of != Some((stream, now)) {
            self.suffix.make(stream, now, &self.attrs);
        }
        let before = self.out.len();
        self.out.extend_from_slice(b"{\"log\":\"");
        line::escape(text, &mut self.out);
        self.out.extend_from_slice(&self.suffix.bytes);
        let Some(limit) = self.spec.max_size else {
            return;
        };
        let filled = self.segment.size + before as u64;
        if filled > 0 && filled + (self.out.len() - before) as u64 > limit {
            let entry = self.out.split_off(before);
            self.flush();
            self.rotate();
            self.out = entry;
        }
    }

    /// Writes what was taken.
    ///
    /// Never fails: what the disk does not take is counted in [`Self::lost`],
    /// since stopping the container would hurt more.
    pub fn flush(&mut self) {
        if self.out.is_empty() {
            return;
        }
        self.lost += self.segment.append(&self.out);
        self.out.clear();
    }

    /// Gives back the memory that a flood of lines took.
    pub(crate) fn rest(&mut self) {
        if self.out.is_empty() {
            self.out = Vec::new();
        }
    }

    /// The place behind everything that was written.
    pub fn end(&self) -> Position {
        Position {
            segment: self.segment.number,
            size: self.segment.size,
        }
    }

    /// Bytes of log lines that the disk did not take.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// The complete segments that are to be compressed, for
    /// [`compress`](super::compress::compress); each is named once.
    pub(crate) fn take_complete(&mut self) -> Vec<PathBuf> {
        if !std::mem::take(&mut self.to_compress) {
            return Vec::new();
        }
        let found = segments(&self.spec.dir, &self.spec.name).unwrap_or_default();
        found
            .into_iter()
            .filter(|segment| !segment.compressed && segment.number < self.segment.number)
            .map(|segment| segment_path(&self.spec.dir, &self.spec.name, segment))
            .collect()
    }

    /// Begins a new segment. When that fails the old one grows beyond its limit,
    /// and the next line tries again.
    fn rotate(&mut self) {
        let number = self.segment.number + 1;
        let Ok(next) = Segment::create(&self.spec, number) else {
            return;
        };
        self.segment = next;
        let oldest_kept = (number + 1).saturating_sub(u64::from(self.spec.max_file.max(1)));
        for old in segments(&self.spec.dir, &self.spec.name).unwrap_or_default() {
            if old.number < oldest_kept {
                for compressed in [false, true] {
                    let name = SegmentName { compressed, ..old };
                    let path = segment_path(&self.spec.dir, &self.spec.name, name);
                    let _ = std::fs::remove_file(path);
                }
            }
        }
        self.to_compress = self.spec.compress;
    }
}

impl Suffix {
    fn make(&mut self, stream: Stream, now: UnixNanos, attrs: &[u8]) {
        self.of = Some((stream, now));
        self.bytes.clear();
        self.bytes.extend_from_slice(b"\",\"stream\":\"");
        self.bytes.extend_from_slice(stream.name().as_bytes());
        self.bytes.extend_from_slice(b"\",");
        self.bytes.extend_from_slice(attrs);
        self.bytes.extend_from_slice(b"\"time\":\"");
        self.bytes.extend_from_slice(time::format(now).as_bytes());
        self.bytes.extend_from_slice(b"\"}\n");
    }
}

impl Segment {
    /// Makes the segment and moves the log's own name to it.
    fn create(spec: &LogFile, number: u64) -> io::Result<Self> {
        let path = plain_path(spec, number);
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o640)
            .open(&path)?;
        // Readers count the segment from now on, so it must be written to even
        // if the name, which only people use, cannot be moved to it.
        let _ = name_newest(spec, number);
        Ok(Self {
            number,
            file,
            size: 0,
            torn: false,
        })
    }

    fn reopen(spec: &LogFile, number: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .append(true)
            .read(true)
            .open(plain_path(spec, number))?;
        let segment = file.metadata()?;
        let size = segment.len();
        // A shim that was killed while it rotated may not have come to it.
        let newest = std::fs::metadata(spec.dir.join(&spec.name));
        if !newest.is_ok_and(|newest| newest.ino() == segment.ino()) {
            let _ = name_newest(spec, number);
        }
        let mut last = [b'\n'];
        if size > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        Ok(Self {
            number,
            file,
            size,
            torn: last != *b"\n",
        })
    }

    /// Appends whole lines; answers how many bytes were not written.
    fn append(&mut self, lines: &[u8]) -> u64 {
        if self.torn {
            match self.file.write_all(b"\n") {
                Ok(()) => self.torn = false,
                Err(_) => return lines.len() as u64,
            }
        }
        let mut rest = lines;
        while !rest.is_empty() {
            match self.file.write(rest) {
                Ok(0) => break,
                Ok(n) => {
                    self.size += n as u64;
                    self.torn = rest[n - 1] != b'\n';
                    rest = &rest[n..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        rest.len() as u64
    }
}

fn plain_path(spec: &LogFile, number: u64) -> PathBuf {
    segment_path(&spec.dir, &spec.name, SegmentName::plain(number))
}

/// Makes the log's own name one of segment `number`.
fn name_newest(spec: &LogFile, number: u64) -> io::Result<()> {
    let segment = plain_path(spec, number);
    let newest = spec.dir.join(&spec.name);
    if number == 1 && std::fs::hard_link(&segment, &newest).is_ok() {
        return Ok(());
    }
    let staged = spec.dir.join(format!("{}.tmp", spec.name));
    let _ = std::fs::remove_file(&staged);
    std::fs::hard_link(&segment, &staged)?;
    std::fs::rename(&staged, &newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::line::decode;
    use std::collections::BTreeMap;
    use std::path::Path;

    fn spec(dir: &Path) -> LogFile {
        LogFile {
            dir: dir.to_path_buf(),
            name: "c-json.log".into(),
            max_size: None,
            max_file: 1,
            compress: false,
            attrs: BTreeMap::new(),
        }
    }

    fn write(log: &mut LogWriter, text: &[u8]) {
        log.write(Stream::Stdout, text, 1);
        log.flush();
    }

    fn texts(path: &Path) -> Vec<Vec<u8>> {
        std::fs::read(path)
            .expect("log exists")
            .split_inclusive(|&byte| byte == b'\n')
            .filter_map(|line| decode(line.strip_suffix(b"\n")?))
            .map(|entry| entry.text)
            .collect()
    }

    #[test]
    fn lines_have_stream_attributes_and_time() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = LogWriter::open(&LogFile {
            attrs: BTreeMap::from([("k".into(), "v".into())]),
            ..spec(dir.path())
        })
        .expect("open");
        log.write(Stream::Stdout, b"one\n", 1);
        log.write(Stream::Stderr, b"err", 1);
        log.write(Stream::Stdout, b"two\n", 3);
        log.flush();
        let lines = std::fs::read_to_string(dir.path().join("c-json.log")).expect("linked");
        let line = |text: &str, stream: &str, nano: u8| {
            format!(
                "{{\"log\":\"{text}\",\"stream\":\"{stream}\",\"attrs\":{{\"k\":\"v\"}},\
                 \"time\":\"1970-01-01T00:00:00.00000000{nano}Z\"}}\n"
            )
        };
        let expected = [
            line("one\\n", "stdout", 1),
            line("err", "stderr", 1),
            line("two\\n", "stdout", 3),
        ];
        assert_eq!(lines, expected.concat());
    }

    #[test]
    fn rotation_keeps_the_newest_segments() {
        let dir = tempfile::tempdir().expect("tempdir");
        let limited = LogFile {
            max_size: Some(400),
            max_file: 3,
            ..spec(dir.path())
        };
        let mut log = LogWriter::open(&limited).expect("open");
        for number in 0..40 {
            write(&mut log, format!("{number}\n").as_bytes());
        }
        let kept = segments(dir.path(), "c-json.log").expect("list");
        assert_eq!(kept.len(), 3);
        for &segment in &kept {
            let size = std::fs::metadata(segment_path(dir.path(), "c-json.log", segment))
                .expect("segment")
                .len();
            assert!(size <= 400, "{size}");
        }
        let newest = texts(&dir.path().join("c-json.log"));
        assert_eq!(newest.last().map(Vec::as_slice), Some(&b"39\n"[..]));
        assert_eq!(log.take_complete(), Vec::<PathBuf>::new(), "not asked for");
    }

    #[test]
    fn a_torn_line_costs_only_itself() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = LogWriter::open(&spec(dir.path())).expect("open");
        write(&mut log, b"before\n");
        drop(log);
        let path = dir.path().join("c-json.log");
        let mut file = OpenOptions::new().append(true).open(&path).expect("open");
        file.write_all(b"{\"log\":\"half").expect("append");
        let mut log = LogWriter::open(&spec(dir.path())).expect("reopen");
        write(&mut log, b"after\n");
        assert_eq!(texts(&path), [b"before\n".to_vec(), b"after\n".to_vec()]);
    }

    #[test]
    fn a_full_disk_is_counted_and_survived() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = LogWriter::open(&spec(dir.path())).expect("open");
        let full = OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("device");
        log.segment.file = full;
        write(&mut log, b"gone\n");
        assert!(log.lost() > 0);
    }
}
