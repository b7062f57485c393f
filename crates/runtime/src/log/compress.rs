//! Compresses segments that are complete, in a process of its own: the shim has
//! output to read meanwhile.

use std::ffi::OsString;
use std::fs::{File, FileTimes, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat};
use rustix::io::Errno;

use crate::path;

/// Turns `segment` into `segment.gz`, which has the same modification time.
/// Readers find one or the other at any moment.
pub(crate) fn compress(segment: &Path) -> io::Result<()> {
    let mut plain = File::open(segment)?;
    let dir = segment.parent().unwrap_or(Path::new("."));
    let mut encoder = GzEncoder::new(unnamed(dir)?, Compression::fast());
    io::copy(&mut plain, &mut encoder)?;
    let out = encoder.finish()?;
    out.set_permissions(Permissions::from_mode(0o640))?;
    out.set_times(FileTimes::new().set_modified(plain.metadata()?.modified()?))?;
    let mut name = OsString::from(segment);
    name.push(".gz");
    match linkat(
        CWD,
        path::of_descriptor(&out),
        CWD,
        &name,
        AtFlags::SYMLINK_FOLLOW,
    ) {
        // Another process was faster.
        Ok(()) | Err(Errno::EXIST) => std::fs::remove_file(segment),
        Err(error) => Err(error.into()),
    }
}

/// The text of a compressed segment, as an unnamed file in `dir`. What cannot be
/// decompressed is missing at its end.
pub(crate) fn decompress(compressed: File, dir: &Path) -> io::Result<File> {
    let mut file = unnamed(dir)?;
    match io::copy(&mut GzDecoder::new(compressed), &mut file) {
        Err(error)
            if !matches!(
                error.kind(),
                io::ErrorKind::InvalidData
                    | io::ErrorKind::InvalidInput
                    | io::ErrorKind::UnexpectedEof
            ) =>
        {
            Err(error)
        }
        _ => Ok(file),
    }
}

fn unnamed(dir: &Path) -> io::Result<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    Ok(rustix::fs::open(dir, flags, Mode::RUSR | Mode::WUSR)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Seek as _};

    #[test]
    fn there_and_back() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("log.1");
        std::fs::write(&path, "line\n".repeat(10_000)).expect("write");
        let modified = std::fs::metadata(&path)
            .and_then(|m| m.modified())
            .expect("time");
        compress(&path).expect("compress");
        assert!(!path.exists());
        let compressed = File::open(dir.path().join("log.1.gz")).expect("made");
        let found = compressed.metadata().expect("metadata");
        assert_eq!(found.modified().expect("time"), modified);
        assert!(found.len() < 5000);
        let mut text = String::new();
        let mut plain = decompress(compressed, dir.path()).expect("decompress");
        plain.rewind().expect("seek");
        plain.read_to_string(&mut text).expect("read");
        assert_eq!(text, "line\n".repeat(10_000));
    }

    #[test]
    fn the_beginning_of_a_broken_one_is_read() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("log.1.gz");
        std::fs::write(&path, b"not gzip at all").expect("write");
        let file = File::open(&path).expect("open");
        decompress(file, dir.path()).expect("empty rather than an error");
    }
}
