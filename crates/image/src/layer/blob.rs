//! The file that keeps a layer's stream.

use std::{
    fs::File,
    io::{self, Write},
    num::NonZeroU64,
    path::Path,
};

use rustix::fs::{Advice, fadvise};

/// After so many bytes the kernel is asked to write them back.
const STEP: u64 = 4 << 20;

/// A blob that is being written. The disk gets it while it grows, since the
/// image that it belongs to will have to wait for it; and it does not stay in
/// the page cache, where nobody would read it.
pub(crate) struct Blob {
    file: File,
    written: u64,
    asked: u64,
}

impl Blob {
    /// A new file.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: File::create(path)?,
            written: 0,
            asked: 0,
        })
    }
}

impl Write for Blob {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.written += count as u64;
        if let Some(grown) = NonZeroU64::new(self.written - self.asked)
            && grown.get() >= STEP
        {
            // A mere wish.
            fadvise(&self.file, self.asked, Some(grown), Advice::DontNeed).ok();
            self.asked = self.written;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
