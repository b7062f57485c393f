//! A strict, bounded reader of tar archives: ustar, PAX and GNU.
//!
//! One archive has one meaning here: the PAX size wins over the header's, a
//! malformed or duplicate extension record is an error, and everything an
//! archive can make us keep in memory (names, extension records, sparse maps)
//! has a limit. Nothing is written anywhere.

mod header;
mod pax;
mod sparse;

use std::io::{self, BufRead, Read};

use header::{Block, RawHeader};
use pax::Extensions;
pub use sparse::Region;

const BLOCK: usize = 512;

/// The largest extension (PAX header, GNU long name) that is read, in bytes.
const LARGEST_EXTENSION: u64 = 1 << 20;

/// Why an archive could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The stream failed or ended inside an entry.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// A header block is damaged, or this is no tar archive at all.
    #[error("archive/tar: invalid tar header")]
    Header,
    /// An extension record is malformed or contradicts itself.
    #[error("archive/tar: invalid extension record: {0}")]
    Extension(&'static str),
    /// The archive asks for more memory than it may have.
    #[error("archive/tar: {0} exceeds the limit of {1}")]
    TooLarge(&'static str, u64),
    /// The entry is of a kind that is no file.
    #[error("unhandled tar header type {0}")]
    Kind(u8),
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file with content.
    File,
    /// Another name of an earlier entry.
    HardLink,
    /// A symbolic link.
    Symlink,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
    /// A directory.
    Directory,
    /// A named pipe.
    Fifo,
}

/// One entry of an archive, its extensions applied. Names are as found in the
/// archive: unchecked bytes without NUL.
#[derive(Debug)]
pub struct Entry {
    /// Its name.
    pub path: Vec<u8>,
    /// What a link leads to.
    pub link: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Permission bits with set-id and sticky bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Length of the file in bytes, holes included.
    pub size: u64,
    /// Seconds and nanoseconds since the epoch.
    pub mtime: (i64, u32),
    /// Major and minor number of a device.
    pub device: (u32, u32),
    /// Extended attributes: name, value.
    pub xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where the stored bytes belong, if the file has holes.
    pub sparse: Option<Vec<Region>>,
}

/// Reads an archive entry by entry. As a [`Read`] it yields the stored bytes of
/// the current entry (for a sparse file: of its regions, one after the other).
pub struct ArchiveReader<R> {
    inner: R,
    remaining: u64,
    padding: u64,
    finished: bool,
}

impl<R: Read> ArchiveReader<R> {
    /// `inner` should be buffered: headers are read in blocks of 512 bytes.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            remaining: 0,
            padding: 0,
            finished: false,
        }
    }

    /// The stream behind the archive, for what follows its end.
    pub fn into_inner(self) -> R {
        self.inner
    }

    /// Skips the rest of the current entry and reads the next one's headers.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ArchiveError> {
        let mut extensions = Extensions::default();
        let mut long_name = None;
        let mut long_link = None;
        loop {
            let Some(header) = self.next_header()? else {
                return Ok(None);
            };
            match header.kind {
                b'x' => extensions = Extensions::parse(&self.extension()?)?,
                // A global header describes the archive, not its entries.
                b'g' => drop(self.extension()?),
                b'L' => long_name = Some(self.long_text()?),
                b'K' => long_link = Some(self.long_text()?),
                // A volume label.
                b'V' => {}
                _ => {
                    return self
                        .entry(header, extensions, long_name, long_link)
                        .map(Some);
                }
            }
        }
    }

    fn entry(
        &mut self,
        header: RawHeader,
        extensions: Extensions,
        long_name: Option<Vec<u8>>,
        long_link: Option<Vec<u8>>,
    ) -> Result<Entry, ArchiveError> {
        let path = long_name.or(extensions.path).unwrap_or(header.path);
        let kind = match header.kind {
            b'0' | 0 | b'7' if header.kind == 0 && path.ends_with(b"/") => Kind::Directory,
            b'0' | 0 | b'7' | b'S' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'3' => Kind::CharDevice,
            b'4' => Kind::BlockDevice,
            b'5' => Kind::Directory,
            b'6' => Kind::Fifo,
            other => return Err(ArchiveError::Kind(other)),
        };
        let mut size = extensions.size.unwrap_or(header.size);
        if kind != Kind::File {
            // These have no content, whatever their size field says.
            size = 0;
        }
        self.set_remaining(size);
        let sparse = match (kind, extensions.sparse) {
            (Kind::File, Some(map)) => {
                let (regions, real_size) = sparse::from_pax(self, map)?;
                size = real_size;
                Some(regions)
            }
            (Kind::File, None) if header.kind == b'S' => {
                let (regions, real_size) = sparse::from_gnu(self, &header.block)?;
                size = real_size;
                Some(regions)
            }
            _ => None,
        };
        if let Some(regions) = &sparse {
            sparse::check(regions, size, self.remaining)?;
        }
        Ok(Entry {
            path: extensions.sparse_name.unwrap_or(path),
            link: long_link.or(extensions.link).unwrap_or(header.link),
            kind,
            mode: header.mode & 0o7777,
            uid: extensions.uid.unwrap_or(header.uid),
            gid: extensions.gid.unwrap_or(header.gid),
            size,
            mtime: extensions.mtime.unwrap_or((header.mtime, 0)),
            device: header.device,
            xattrs: extensions.xattrs,
            sparse,
        })
    }

    /// Reads the next header and makes its content the current one.
    fn next_header(&mut self) -> Result<Option<RawHeader>, ArchiveError> {
        if self.finished {
            return Ok(None);
        }
        self.skip_content()?;
        let Some(block) = self.block()? else {
            self.finished = true;
            return Ok(None);
        };
        if header::is_zero(&block) {
            // The end is marked by two such blocks; the second may be missing.
            self.finished = true;
            return match self.block()? {
                Some(second) if !header::is_zero(&second) => Err(ArchiveError::Header),
                _ => Ok(None),
            };
        }
        let header = RawHeader::parse(block)?;
        self.set_remaining(header.size);
        Ok(Some(header))
    }

    fn set_remaining(&mut self, size: u64) {
        self.remaining = size;
        self.padding = size.next_multiple_of(BLOCK as u64) - size;
    }

    /// One block, or `None` at the end of the stream.
    fn block(&mut self) -> Result<Option<Block>, ArchiveError> {
        let mut block = [0; BLOCK];
        match crate::compression::read_up_to(&mut self.inner, &mut block)? {
            0 => Ok(None),
            BLOCK => Ok(Some(block)),
            _ => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        }
    }

    /// The whole content of the current extension entry.
    fn extension(&mut self) -> Result<Vec<u8>, ArchiveError> {
        if self.remaining > LARGEST_EXTENSION {
            return Err(ArchiveError::TooLarge("an extension", LARGEST_EXTENSION));
        }
        let mut content = Vec::new();
        self.read_to_end(&mut content)?;
        Ok(content)
    }

    /// A GNU long name: the text up to the first NUL.
    fn long_text(&mut self) -> Result<Vec<u8>, ArchiveError> {
        let mut text = self.extension()?;
        if let Some(end) = text.iter().position(|byte| *byte == 0) {
            text.truncate(end);
        }
        Ok(text)
    }

    fn skip_content(&mut self) -> Result<(), ArchiveError> {
        let rest = self.remaining + self.padding;
        let skipped = io::copy(&mut (&mut self.inner).take(rest), &mut io::sink())?;
        // Like Go's reader, forgive a last entry whose padding is cut off.
        if skipped < self.remaining {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        self.set_remaining(0);
        Ok(())
    }
}

impl<R: Read> Read for ArchiveReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer
            .len()
            .min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let count = self.inner.read(&mut buffer[..wanted])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.remaining -= count as u64;
        Ok(count)
    }
}

/// The same bytes, without copying them out of the buffer.
impl<R: BufRead> BufRead for ArchiveReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.remaining == 0 {
            return Ok(&[]);
        }
        let buffer = self.inner.fill_buf()?;
        if buffer.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let most = usize::try_from(self.remaining).unwrap_or(usize::MAX);
        Ok(&buffer[..buffer.len().min(most)])
    }

    fn consume(&mut self, count: usize) {
        self.inner.consume(count);
        self.remaining -= count as u64;
    }
}

#[cfg(test)]
mod tests;
