//! The 512-byte header block (POSIX.1-1988 ustar, with GNU's extensions).

use super::{ArchiveError, BLOCK};

pub(super) type Block = [u8; BLOCK];

/// The fields of one header block, numbers decoded, names cut at NUL.
pub(super) struct RawHeader {
    pub(super) path: Vec<u8>,
    pub(super) link: Vec<u8>,
    pub(super) kind: u8,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) size: u64,
    pub(super) mtime: i64,
    pub(super) device: (u32, u32),
    pub(super) block: Block,
}

impl RawHeader {
    pub(super) fn parse(block: Block) -> Result<Self, ArchiveError> {
        if number(&block[148..156])? != checksum(&block) {
            return Err(ArchiveError::Header);
        }
        let mut path = text(&block[..100]).to_vec();
        // GNU uses the same bytes for times; its magic ends in spaces.
        let prefix = text(&block[345..500]);
        if &block[257..263] == b"ustar\0" && !prefix.is_empty() {
            path = [prefix, b"/", &path].concat();
        }
        Ok(Self {
            path,
            link: text(&block[157..257]).to_vec(),
            kind: block[156],
            mode: u32::try_from(number(&block[100..108])? & 0o7777)
                .map_err(|_| ArchiveError::Header)?,
            uid: id(&block[108..116])?,
            gid: id(&block[116..124])?,
            size: unsigned(&block[124..136])?,
            mtime: number(&block[136..148])?,
            device: if matches!(block[156], b'3' | b'4') {
                (id(&block[329..337])?, id(&block[337..345])?)
            } else {
                (0, 0)
            },
            block,
        })
    }
}

pub(super) fn is_zero(block: &Block) -> bool {
    block.iter().all(|byte| *byte == 0)
}

/// A number that cannot be negative.
pub(super) fn unsigned(field: &[u8]) -> Result<u64, ArchiveError> {
    u64::try_from(number(field)?).map_err(|_| ArchiveError::Header)
}

fn id(field: &[u8]) -> Result<u32, ArchiveError> {
    u32::try_from(number(field)?).map_err(|_| ArchiveError::Header)
}

fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    &field[..end.unwrap_or(field.len())]
}

/// Octal digits between spaces and NULs, or GNU's base 256.
fn number(field: &[u8]) -> Result<i64, ArchiveError> {
    if field[0] & 0x80 != 0 {
        return base_256(field);
    }
    let is_blank = |byte: &u8| matches!(byte, b' ' | 0);
    let Some(start) = field.iter().position(|byte| !is_blank(byte)) else {
        return Ok(0);
    };
    let digits = &field[start..];
    let end = digits.iter().position(is_blank).unwrap_or(digits.len());
    digits[..end]
        .iter()
        .try_fold(0_i64, |sum, byte| match byte {
            b'0'..=b'7' => Ok(sum << 3 | i64::from(byte - b'0')),
            _ => Err(ArchiveError::Header),
        })
}

/// Two's complement, big-endian, the top bit being the marker.
fn base_256(field: &[u8]) -> Result<i64, ArchiveError> {
    let negative = field[0] & 0x40 != 0;
    let first = if negative { field[0] } else { field[0] & 0x7f };
    let mut sum: i128 = if negative { -1 } else { 0 };
    for (index, byte) in field.iter().enumerate() {
        let byte = if index == 0 { first } else { *byte };
        sum = sum << 8 | i128::from(byte);
    }
    i64::try_from(sum).map_err(|_| ArchiveError::Header)
}

/// The sum of all bytes, the checksum field itself taken as spaces.
fn checksum(block: &Block) -> i64 {
    let sum: i64 = block.iter().map(|byte| i64::from(*byte)).sum();
    let own: i64 = block[148..156].iter().map(|byte| i64::from(*byte)).sum();
    sum - own + 8 * i64::from(b' ')
}
