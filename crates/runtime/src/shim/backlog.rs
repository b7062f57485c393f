//! What a connection has not taken yet.
//!
//! Each connection has its own backlog, bounded in memory, so that none can hold
//! up the container or another connection. For the output of the first process it
//! spills into an unlinked file beside the log: a client slower than the container
//! (`docker run … | gzip`) still gets every byte, and only one that lies further
//! behind than [`SPILL`] is disconnected. Nothing is ever dropped from the middle.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, Mode, OFlags};

/// Bytes held in memory for one connection.
pub(super) const MEMORY: usize = 256 << 10;
/// Bytes that may be held in a file for one connection.
const SPILL: u64 = 1 << 30;
/// Bytes read back from the file at once.
const CHUNK: usize = 64 << 10;
/// Bytes of the file given back to the disk at once.
const RELEASE: u64 = 8 << 20;

/// The connection is too far behind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// Bytes on their way to one connection.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    memory: VecDeque<u8>,
    spill_dir: Option<PathBuf>,
    spill: Option<Spill>,
}

#[derive(Debug)]
struct Spill {
    file: File,
    read: u64,
    written: u64,
    /// The beginning of the file up to here has been given back to the disk.
    released: u64,
}

impl Backlog {
    /// Spill into a file in `dir` when memory is full.
    pub(super) fn spill_into(&mut self, dir: &Path) {
        self.spill_dir = Some(dir.to_path_buf());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.spill.is_none()
    }

    /// Whether memory is full. Who can stop the source does so then.
    pub(super) fn is_full(&self) -> bool {
        self.memory.len() >= MEMORY
    }

    /// Sends `head` and `body` as far as `to`, which must not block, takes them
    /// now, and keeps the rest.
    pub(super) fn send(
        &mut self,
        to: impl Write,
        head: &[u8],
        body: &[u8],
    ) -> Result<(), Overflow> {
        let mut sent = 0;
        if self.is_empty() {
            sent = write_some(to, &[IoSlice::new(head), IoSlice::new(body)]);
        }
        self.push(head.get(sent..).unwrap_or_default())?;
        self.push(
            body.get(sent.saturating_sub(head.len())..)
                .unwrap_or_default(),
        )
    }

    /// Writes as much as `to` takes now. An error means that the connection is
    /// gone. Answers whether anything moved.
    pub(super) fn flush(&mut self, mut to: impl Write) -> io::Result<bool> {
        let mut moved = false;
        loop {
            if self.memory.is_empty() && !self.refill()? {
                return Ok(moved);
            }
            let (front, back) = self.memory.as_slices();
            match to.write_vectored(&[IoSlice::new(front), IoSlice::new(back)]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.memory.drain(..count);
                    moved = true;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(moved),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Overflow> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.spill.is_none() {
            // Without a file the source stops at `is_full`, so what comes after
            // it is one last piece; twice the bound means it did not stop.
            let limit = if self.spill_dir.is_some() {
                MEMORY
            } else {
                2 * MEMORY
            };
            if self.memory.len() + bytes.len() <= limit {
                self.memory.extend(bytes);
                return Ok(());
            }
            let dir = self.spill_dir.as_deref().ok_or(Overflow)?;
            self.spill = Some(Spill::create(dir).map_err(|_| Overflow)?);
        }
        match &mut self.spill {
            Some(spill) if spill.written - spill.read + (bytes.len() as u64) <= SPILL => {
                spill.append(bytes).map_err(|_| Overflow)
            }
            _ => Err(Overflow),
        }
    }

    /// Takes the next piece from the file into memory; false when there is none.
    fn refill(&mut self) -> io::Result<bool> {
        let Some(spill) = &mut self.spill else {
            // An idle connection costs no memory.
            self.memory.shrink_to(0);
            return Ok(false);
        };
        let mut piece = vec![0; CHUNK.min((spill.written - spill.read) as usize)];
        spill.file.read_exact_at(&mut piece, spill.read)?;
        spill.read += piece.len() as u64;
        if spill.read == spill.written {
            self.spill = None;
        } else {
            spill.release();
        }
        self.memory.extend(piece);
        Ok(true)
    }
}

impl Spill {
    fn create(dir: &Path) -> io::Result<Self> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = rustix::fs::open(dir, flags, Mode::RUSR | Mode::WUSR)?;
        Ok(Self {
            file: file.into(),
            read: 0,
            written: 0,
            released: 0,
        })
    }

    /// Gives back what was read, so that a client that keeps pace a little behind
    /// does not fill the disk.
    fn release(&mut self) {
        if self.read - self.released < RELEASE {
            return;
        }
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        let length = self.read - self.released;
        // A file system that cannot do it keeps the file as it is.
        let _ = rustix::fs::fallocate(&self.file, flags, self.released, length);
        self.released = self.read;
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.written)?;
        self.written += bytes.len() as u64;
        Ok(())
    }
}

/// How many bytes were taken; errors show at the next flush.
fn write_some(mut to: impl Write, parts: &[IoSlice<'_>]) -> usize {
    to.write_vectored(parts).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_slow_reader_gets_every_byte_in_order() {
        let dir = tempfile::tempdir().expect("tempdir");
        let (to, mut from) = UnixStream::pair().expect("pair");
        to.set_nonblocking(true).expect("nonblocking");
        let mut backlog = Backlog::default();
        backlog.spill_into(dir.path());
        let body = [7_u8; 10_000];
        for number in 0..1000_u32 {
            backlog
                .send(&to, &number.to_be_bytes(), &body)
                .expect("far below the bound");
        }
        assert!(backlog.spill.is_some(), "10 MB do not fit in memory");
        for number in 0..1000_u32 {
            let mut head = [0; 4];
            let mut text = [0; 10_000];
            backlog.flush(&to).expect("flush");
            from.read_exact(&mut head).expect("head");
            backlog.flush(&to).expect("flush");
            from.read_exact(&mut text).expect("body");
            assert_eq!(u32::from_be_bytes(head), number);
            assert_eq!(text, body);
        }
        assert!(backlog.is_empty());
        assert_eq!(std::fs::read_dir(dir.path()).expect("list").count(), 0);
    }

    #[test]
    fn without_a_file_memory_is_the_bound() {
        let (to, _from) = UnixStream::pair().expect("pair");
        to.set_nonblocking(true).expect("nonblocking");
        let mut backlog = Backlog::default();
        let piece = vec![0; 64 << 10];
        let mut pushed = 0;
        while backlog.send(&to, &[], &piece).is_ok() {
            pushed += piece.len();
            assert!(pushed < 8 * MEMORY, "memory is not bounded");
        }
        assert!(backlog.is_full());
    }
}
