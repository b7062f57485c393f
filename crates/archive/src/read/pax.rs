//! PAX extension records (POSIX.1-2001): `"%d %s=%s\n"`, length first.

use std::collections::BTreeSet;

use super::ArchiveError;

/// What the records of one extended header say about the next entry.
#[derive(Default)]
pub(super) struct Extensions {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    pub(super) mtime: Option<(i64, u32)>,
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) sparse: Option<SparseMap>,
    pub(super) sparse_name: Option<Vec<u8>>,
}

/// GNU's sparse formats inside PAX.
#[derive(Default)]
pub(super) struct SparseMap {
    /// Format 1.0 keeps its map in front of the content.
    pub(super) major: u64,
    /// Format 0.1 keeps it in a record.
    pub(super) map: Option<Vec<u8>>,
    pub(super) real_size: Option<u64>,
}

impl Extensions {
    pub(super) fn parse(mut records: &[u8]) -> Result<Self, ArchiveError> {
        let mut extensions = Self::default();
        let mut seen = BTreeSet::new();
        while !records.is_empty() {
            let (key, value, rest) = split_record(records)?;
            if !seen.insert(key) {
                return Err(ArchiveError::Extension("duplicate key"));
            }
            extensions.apply(key, value)?;
            records = rest;
        }
        Ok(extensions)
    }

    fn apply(&mut self, key: &[u8], value: &[u8]) -> Result<(), ArchiveError> {
        if value.is_empty() && !key.starts_with(XATTR) {
            return Ok(());
        }
        match key {
            b"path" => self.path = Some(name(value)?),
            b"linkpath" => self.link = Some(name(value)?),
            b"size" => self.size = Some(decimal(value)?),
            b"uid" => self.uid = Some(id(value)?),
            b"gid" => self.gid = Some(id(value)?),
            b"mtime" => self.mtime = Some(time(value)?),
            b"GNU.sparse.name" => self.sparse_name = Some(name(value)?),
            b"GNU.sparse.major" => self.sparse().major = decimal(value)?,
            b"GNU.sparse.map" => self.sparse().map = Some(value.to_vec()),
            b"GNU.sparse.size" | b"GNU.sparse.realsize" => {
                self.sparse().real_size = Some(decimal(value)?);
            }
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => {
                return Err(ArchiveError::Extension(
                    "GNU sparse format 0.0 is not supported",
                ));
            }
            _ => {
                if let Some(name) = key.strip_prefix(XATTR) {
                    if name.is_empty() || name.contains(&0) {
                        return Err(ArchiveError::Extension("bad attribute name"));
                    }
                    self.xattrs.push((name.to_vec(), value.to_vec()));
                }
            }
        }
        Ok(())
    }

    fn sparse(&mut self) -> &mut SparseMap {
        self.sparse.get_or_insert_default()
    }
}

const XATTR: &[u8] = b"SCHILY.xattr.";

/// Key, value and the remaining records.
type Split<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// Splits off the first record.
fn split_record(records: &[u8]) -> Result<Split<'_>, ArchiveError> {
    const MALFORMED: ArchiveError = ArchiveError::Extension("malformed record");
    let space = records
        .iter()
        .position(|byte| *byte == b' ')
        .ok_or(MALFORMED)?;
    let length = usize::try_from(decimal(&records[..space])?).map_err(|_| MALFORMED)?;
    if length <= space + 1 || length > records.len() || records[length - 1] != b'\n' {
        return Err(MALFORMED);
    }
    let record = &records[space + 1..length - 1];
    let equals = record
        .iter()
        .position(|byte| *byte == b'=')
        .ok_or(MALFORMED)?;
    if equals == 0 {
        return Err(MALFORMED);
    }
    Ok((&record[..equals], &record[equals + 1..], &records[length..]))
}

fn name(value: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    if value.contains(&0) {
        return Err(ArchiveError::Extension("NUL in a name"));
    }
    Ok(value.to_vec())
}

pub(super) fn decimal(text: &[u8]) -> Result<u64, ArchiveError> {
    const BAD: ArchiveError = ArchiveError::Extension("bad number");
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return Err(BAD);
    }
    let text = std::str::from_utf8(text).map_err(|_| BAD)?;
    let number: i64 = text.parse().map_err(|_| BAD)?;
    u64::try_from(number).map_err(|_| BAD)
}

fn id(text: &[u8]) -> Result<u32, ArchiveError> {
    u32::try_from(decimal(text)?).map_err(|_| ArchiveError::Extension("bad user or group"))
}

/// Seconds with an optional fraction, possibly before the epoch.
fn time(text: &[u8]) -> Result<(i64, u32), ArchiveError> {
    const BAD: ArchiveError = ArchiveError::Extension("bad time");
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let dot = text.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match dot {
        Some(dot) => (&text[..dot], &text[dot + 1..]),
        None => (text, &b""[..]),
    };
    let seconds = i64::try_from(decimal(whole)?).map_err(|_| BAD)?;
    if !fraction.iter().all(u8::is_ascii_digit) {
        return Err(BAD);
    }
    let nanos = (0..9).fold(0_u32, |sum, index| {
        sum * 10
            + fraction
                .get(index)
                .map_or(0, |digit| u32::from(digit - b'0'))
    });
    Ok(match (negative, nanos) {
        (false, _) => (seconds, nanos),
        (true, 0) => (-seconds, 0),
        (true, _) => (-seconds - 1, 1_000_000_000 - nanos),
    })
}
