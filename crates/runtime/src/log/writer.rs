//! Writes a container's log; lives in the shim.
//!
//! Nothing is held back: when [`LogWriter::write`] returns, every whole line is
//! in the page cache, where the daemon sees it and where it survives the death of
//! any process. Only the beginning of an unfinished line waits in memory.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

use super::{Stream, line, segment_path, segments};
use crate::channel::UnixNanos;
use crate::spec::{LogDriver, LogSpec};
use crate::time;

/// Longest text of one entry; longer lines are split, as dockerd does.
pub const MAX_TEXT: usize = 16 << 10;

/// Appends to the log of one container.
#[derive(Debug)]
pub struct LogWriter {
    spec: LogSpec,
    /// `"attrs":{…},` or nothing.
    attrs: Vec<u8>,
    segment: Option<Segment>,
    unfinished: [Vec<u8>; 2],
    out: Vec<u8>,
    lost: u64,
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
    pub fn open(spec: &LogSpec) -> io::Result<Self> {
        let segment = match spec.driver {
            LogDriver::None => None,
            LogDriver::JsonFile => Some(match segments(&spec.dir, &spec.name)?.last() {
                Some(&number) => Segment::reopen(spec, number)?,
                None => Segment::create(spec, 1)?,
            }),
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
            unfinished: [Vec::new(), Vec::new()],
            out: Vec::new(),
            lost: 0,
        })
    }

    /// Takes output of the container as it was read at `now`.
    ///
    /// Never fails: what the disk does not take is counted in [`Self::lost`],
    /// since stopping the container would hurt more.
    pub fn write(&mut self, stream: Stream, bytes: &[u8], now: UnixNanos) {
        if self.segment.is_none() {
            return;
        }
        let suffix = self.suffix(stream, now);
        let mut unfinished = std::mem::take(&mut self.unfinished[stream as usize]);
        let mut rest = bytes;
        while !rest.is_empty() {
            let room = &rest[..rest.len().min(MAX_TEXT - unfinished.len())];
            let length = match room.iter().position(|&byte| byte == b'\n') {
                Some(at) => at + 1,
                None if unfinished.len() + room.len() < MAX_TEXT => {
                    unfinished.extend_from_slice(room);
                    break;
                }
                None => split_between_characters(room, unfinished.len()),
            };
            let (part, after) = rest.split_at(length);
            if unfinished.is_empty() {
                self.entry(part, &suffix);
            } else {
                unfinished.extend_from_slice(part);
                self.entry(&unfinished, &suffix);
                unfinished.clear();
            }
            rest = after;
        }
        self.unfinished[stream as usize] = unfinished;
        self.flush();
    }

    /// Writes the last line of a stream that ended without a line feed.
    pub fn end(&mut self, stream: Stream, now: UnixNanos) {
        let unfinished = std::mem::take(&mut self.unfinished[stream as usize]);
        if !unfinished.is_empty() {
            let suffix = self.suffix(stream, now);
            self.entry(&unfinished, &suffix);
            self.flush();
        }
    }

    /// Bytes of log lines that the disk did not take.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn suffix(&self, stream: Stream, now: UnixNanos) -> Vec<u8> {
        let mut suffix = Vec::with_capacity(96 + self.attrs.len());
        suffix.extend_from_slice(b"\",\"stream\":\"");
        suffix.extend_from_slice(stream.name().as_bytes());
        suffix.extend_from_slice(b"\",");
        suffix.extend_from_slice(&self.attrs);
        suffix.extend_from_slice(b"\"time\":\"");
        suffix.extend_from_slice(time::format(now).as_bytes());
        suffix.extend_from_slice(b"\"}\n");
        suffix
    }

    fn entry(&mut self, text: &[u8], suffix: &[u8]) {
        let before = self.out.len();
        self.out.extend_from_slice(b"{\"log\":\"");
        line::escape(text, &mut self.out);
        self.out.extend_from_slice(suffix);
        let (Some(limit), Some(segment)) = (self.spec.max_size, &self.segment) else {
            return;
        };
        let filled = segment.size + before as u64;
        if filled > 0 && filled + (self.out.len() - before) as u64 > limit {
            let entry = self.out.split_off(before);
            self.flush();
            self.rotate();
            self.out = entry;
        }
    }

    fn flush(&mut self) {
        if let Some(segment) = &mut self.segment
            && !self.out.is_empty()
        {
            self.lost += segment.append(&self.out);
        }
        self.out.clear();
    }

    /// Begins a new segment. When that fails the old one grows beyond its limit,
    /// and the next line tries again.
    fn rotate(&mut self) {
        let Some(number) = self.segment.as_ref().map(|segment| segment.number + 1) else {
            return;
        };
        let Ok(next) = Segment::create(&self.spec, number) else {
            return;
        };
        self.segment = Some(next);
        let oldest_kept = (number + 1).saturating_sub(u64::from(self.spec.max_file.max(1)));
        for old in segments(&self.spec.dir, &self.spec.name).unwrap_or_default() {
            if old < oldest_kept {
                let _ = std::fs::remove_file(segment_path(&self.spec.dir, &self.spec.name, old));
            }
        }
    }
}

impl Segment {
    /// Makes the segment and moves the log's own name to it.
    fn create(spec: &LogSpec, number: u64) -> io::Result<Self> {
        let path = segment_path(&spec.dir, &spec.name, number);
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

    fn reopen(spec: &LogSpec, number: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .append(true)
            .read(true)
            .open(segment_path(&spec.dir, &spec.name, number))?;
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

/// Makes the log's own name one of segment `number`.
fn name_newest(spec: &LogSpec, number: u64) -> io::Result<()> {
    let segment = segment_path(&spec.dir, &spec.name, number);
    let newest = spec.dir.join(&spec.name);
    if number == 1 && std::fs::hard_link(&segment, &newest).is_ok() {
        return Ok(());
    }
    let staged = spec.dir.join(format!("{}.tmp", spec.name));
    let _ = std::fs::remove_file(&staged);
    std::fs::hard_link(&segment, &staged)?;
    std::fs::rename(&staged, &newest)
}

/// Where to cut `part` so that a character is not torn, given that `before` bytes
/// of the same entry precede it. Bytes that are not UTF-8 are cut anywhere.
fn split_between_characters(part: &[u8], before: usize) -> usize {
    let tail = &part[part.len().saturating_sub(3)..];
    for (back, &byte) in tail.iter().rev().enumerate() {
        let width = match byte {
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf7 => 4,
            0x80..=0xbf => continue,
            _ => break,
        };
        let cut = part.len() - back - 1;
        if back + 1 < width && cut + before > 0 {
            return cut;
        }
        break;
    }
    part.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::line::decode;
    use std::collections::BTreeMap;
    use std::path::Path;

    fn spec(dir: &Path) -> LogSpec {
        LogSpec {
            driver: LogDriver::JsonFile,
            dir: dir.to_path_buf(),
            name: "c-json.log".into(),
            max_size: None,
            max_file: 1,
            attrs: BTreeMap::new(),
        }
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
    fn lines_are_assembled_per_stream() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = LogWriter::open(&spec(dir.path())).expect("open");
        log.write(Stream::Stdout, b"one\ntw", 1);
        log.write(Stream::Stderr, b"err", 2);
        log.write(Stream::Stdout, b"o\n", 3);
        log.end(Stream::Stdout, 4);
        log.end(Stream::Stderr, 5);
        let lines = std::fs::read_to_string(dir.path().join("c-json.log")).expect("linked");
        assert_eq!(
            lines,
            "{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:00.000000001Z\"}\n\
             {\"log\":\"two\\n\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:00.000000003Z\"}\n\
             {\"log\":\"err\",\"stream\":\"stderr\",\"time\":\"1970-01-01T00:00:00.000000005Z\"}\n"
        );
    }

    #[test]
    fn long_lines_are_split_without_loss() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = LogWriter::open(&spec(dir.path())).expect("open");
        let mut long = "€".repeat(20_000).into_bytes();
        long.push(b'\n');
        for piece in long.chunks(1000) {
            log.write(Stream::Stdout, piece, 1);
        }
        let texts = texts(&dir.path().join("c-json.log"));
        assert!(texts.iter().all(|text| text.len() <= MAX_TEXT));
        assert!(texts.len() < 10, "split in {} parts", texts.len());
        assert_eq!(texts.concat(), long, "no character was torn");
    }

    #[test]
    fn bytes_that_are_no_text_make_progress() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = LogWriter::open(&spec(dir.path())).expect("open");
        log.write(Stream::Stdout, &[0xf0; 3 * MAX_TEXT], 1);
        log.end(Stream::Stdout, 1);
        let letters: usize = texts(&dir.path().join("c-json.log"))
            .iter()
            .map(|text| String::from_utf8_lossy(text).chars().count())
            .sum();
        assert_eq!(letters, 3 * MAX_TEXT);
    }

    #[test]
    fn rotation_keeps_the_newest_segments() {
        let dir = tempfile::tempdir().expect("tempdir");
        let limited = LogSpec {
            max_size: Some(400),
            max_file: 3,
            ..spec(dir.path())
        };
        let mut log = LogWriter::open(&limited).expect("open");
        for number in 0..40 {
            log.write(Stream::Stdout, format!("{number}\n").as_bytes(), 1);
        }
        let kept = segments(dir.path(), "c-json.log").expect("list");
        assert_eq!(kept.len(), 3);
        for &number in &kept {
            let size = std::fs::metadata(segment_path(dir.path(), "c-json.log", number))
                .expect("segment")
                .len();
            assert!(size <= 400, "{size}");
        }
        let newest = texts(&dir.path().join("c-json.log"));
        assert_eq!(newest.last().map(Vec::as_slice), Some(&b"39\n"[..]));
    }

    #[test]
    fn a_torn_line_costs_only_itself() {
        let dir = tempfile::tempdir().expect("tempdir");
        let mut log = LogWriter::open(&spec(dir.path())).expect("open");
        log.write(Stream::Stdout, b"before\n", 1);
        drop(log);
        let path = dir.path().join("c-json.log");
        let mut file = OpenOptions::new().append(true).open(&path).expect("open");
        file.write_all(b"{\"log\":\"half").expect("append");
        let mut log = LogWriter::open(&spec(dir.path())).expect("reopen");
        log.write(Stream::Stdout, b"after\n", 1);
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
        log.segment.as_mut().expect("driver keeps lines").file = full;
        log.write(Stream::Stdout, b"gone\n", 1);
        assert!(log.lost() > 0);
    }

    #[test]
    fn the_none_driver_keeps_nothing() {
        let dir = tempfile::tempdir().expect("tempdir");
        let none = LogSpec {
            driver: LogDriver::None,
            ..spec(dir.path())
        };
        let mut log = LogWriter::open(&none).expect("open");
        log.write(Stream::Stdout, b"gone\n", 1);
        assert_eq!(std::fs::read_dir(dir.path()).expect("list").count(), 0);
    }
}
