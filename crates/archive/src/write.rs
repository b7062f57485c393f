//! Writes tar archives as Go's archiver does: ustar headers, and PAX records for
//! what does not fit there.

use std::io::{self, Write};

use crate::read::{Entry, Kind};

const BLOCK: usize = 512;

/// Two blocks of zeros end an archive.
const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// An archive in the making.
pub struct ArchiveWriter<W> {
    out: W,
    /// What is missing of the current entry's content and its padding.
    left: u64,
    padding: usize,
}

impl<W: Write> ArchiveWriter<W> {
    /// An archive that is written to `out`, in pieces of any size.
    pub fn new(out: W) -> Self {
        Self {
            out,
            left: 0,
            padding: 0,
        }
    }

    /// Begins an entry. Its content, `entry.size` bytes for a file, is written
    /// next with [`Write`].
    pub fn entry(&mut self, entry: &Entry) -> io::Result<()> {
        if self.left > 0 {
            return Err(io::Error::other("an entry lacks content"));
        }
        let records = records(entry);
        if !records.is_empty() {
            let mut extension = [0; BLOCK];
            text(&mut extension[..100], b"././@PaxHeader");
            fields(&mut extension, 0, 0, 0, records.len() as u64, 0);
            extension[156] = b'x';
            self.out.write_all(&seal(extension))?;
            self.out.write_all(&records)?;
            let rest = records.len().next_multiple_of(BLOCK) - records.len();
            self.out.write_all(&END[..rest])?;
        }
        let size = match entry.kind {
            Kind::File => entry.size,
            _ => 0,
        };
        let mut header = [0; BLOCK];
        text(&mut header[..100], &entry.path);
        fields(
            &mut header,
            entry.mode,
            entry.uid,
            entry.gid,
            size,
            entry.mtime.0,
        );
        header[156] = match entry.kind {
            Kind::File => b'0',
            Kind::HardLink => b'1',
            Kind::Symlink => b'2',
            Kind::CharDevice => b'3',
            Kind::BlockDevice => b'4',
            Kind::Directory => b'5',
            Kind::Fifo => b'6',
        };
        text(&mut header[157..257], &entry.link);
        octal(&mut header[329..337], entry.device.0.into());
        octal(&mut header[337..345], entry.device.1.into());
        self.out.write_all(&seal(header))?;
        self.left = size;
        let rest = size.next_multiple_of(BLOCK as u64) - size;
        self.padding = usize::try_from(rest).unwrap_or(0);
        Ok(())
    }

    /// Ends the archive and gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&END)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// The content of the current entry, no more than was announced.
impl<W: Write> Write for ArchiveWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(most)];
        let count = self.out.write(bytes)?;
        self.left -= count as u64;
        if self.left == 0 {
            self.out.write_all(&END[..self.padding])?;
            self.padding = 0;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The PAX records of what a ustar header cannot hold.
fn records(entry: &Entry) -> Vec<u8> {
    let mut records = Vec::new();
    let mut add = |key: &[u8], value: &[u8]| record(&mut records, key, value);
    if entry.path.len() > 100 {
        add(b"path", &entry.path);
    }
    if entry.link.len() > 100 {
        add(b"linkpath", &entry.link);
    }
    for (key, id) in [(b"uid", entry.uid), (b"gid", entry.gid)] {
        if id > 0o7_777_777 {
            add(key, id.to_string().as_bytes());
        }
    }
    if entry.kind == Kind::File && entry.size > 0o77_777_777_777 {
        add(b"size", entry.size.to_string().as_bytes());
    }
    if !(0..=0o77_777_777_777).contains(&entry.mtime.0) {
        add(b"mtime", entry.mtime.0.to_string().as_bytes());
    }
    for (name, value) in &entry.xattrs {
        add(&[b"SCHILY.xattr.", name.as_slice()].concat(), value);
    }
    records
}

/// `"%d %s=%s\n"`, the length counting its own digits.
fn record(records: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    records.extend(format!("{length} ").bytes());
    records.extend(key);
    records.push(b'=');
    records.extend(value);
    records.push(b'\n');
}

fn fields(header: &mut [u8; BLOCK], mode: u32, uid: u32, gid: u32, size: u64, mtime: i64) {
    octal(&mut header[100..108], mode.into());
    octal(&mut header[108..116], uid.into());
    octal(&mut header[116..124], gid.into());
    octal(&mut header[124..136], size);
    octal(&mut header[136..148], u64::try_from(mtime).unwrap_or(0));
    header[257..265].copy_from_slice(b"ustar\x0000");
}

/// As much of a text as fits.
fn text(field: &mut [u8], bytes: &[u8]) {
    let length = bytes.len().min(field.len());
    field[..length].copy_from_slice(&bytes[..length]);
}

/// Octal digits and a NUL; zero for what does not fit and is in a record.
fn octal(field: &mut [u8], number: u64) {
    let digits = field.len() - 1;
    let fits = number >> (3 * digits) == 0;
    let mut rest = if fits { number } else { 0 };
    for place in field[..digits].iter_mut().rev() {
        *place = b'0' + (rest & 7) as u8;
        rest >>= 3;
    }
}

/// Fills in the checksum.
fn seal(mut header: [u8; BLOCK]) -> [u8; BLOCK] {
    header[148..156].fill(b' ');
    let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
    octal(&mut header[148..155], sum);
    header
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::read::ArchiveReader;

    fn entry(path: &[u8], kind: Kind) -> Entry {
        Entry {
            path: path.to_vec(),
            link: Vec::new(),
            kind,
            mode: 0o4755,
            uid: 1000,
            gid: 100,
            size: 0,
            mtime: (1_700_000_000, 0),
            device: (0, 0),
            xattrs: Vec::new(),
            sparse: None,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let long = [b'n'; 300];
        let mut file = entry(b"d/f\xff", Kind::File);
        file.size = 5;
        file.xattrs = vec![(b"user.note".to_vec(), b"a=b\n\0c".to_vec())];
        let mut link = entry(&long, Kind::Symlink);
        link.link = vec![b't'; 200];
        let mut device = entry(b"dev", Kind::CharDevice);
        device.device = (10, 200);
        let mut far = entry(b"far", Kind::Directory);
        (far.uid, far.gid, far.mtime) = (u32::MAX - 1, 3_000_000, (-5, 0));
        let entries = [file, link, device, far];
        let mut archive = ArchiveWriter::new(Vec::new());
        for entry in &entries {
            archive.entry(entry).unwrap();
            archive.write_all(&b"hello"[..entry.size as usize]).unwrap();
        }
        let bytes = archive.finish().unwrap();
        assert_eq!(bytes.len() % BLOCK, 0);
        let mut reader = ArchiveReader::new(bytes.as_slice());
        for entry in &entries {
            let mut content = Vec::new();
            let found = reader.next_entry().unwrap().unwrap();
            reader.read_to_end(&mut content).unwrap();
            assert_eq!(content, &b"hello"[..entry.size as usize]);
            assert_eq!(format!("{found:?}"), format!("{entry:?}"));
        }
        assert!(reader.next_entry().unwrap().is_none());
    }

    #[test]
    fn records_count_their_own_digits() {
        for length in [1, 85, 86, 87, 88, 89, 90, 91, 984, 985, 986, 987, 9_980] {
            let mut records = Vec::new();
            record(&mut records, b"path", &vec![b'x'; length]);
            let text = String::from_utf8(records).unwrap();
            let (told, _) = text.split_once(' ').unwrap();
            assert_eq!(told.parse::<usize>().unwrap(), text.len());
        }
    }
}
