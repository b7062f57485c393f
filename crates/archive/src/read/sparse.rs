//! Maps of sparse files: GNU's own header format and PAX formats 0.1 and 1.0.

use std::io::{self, Read};

use super::{
    ArchiveError, ArchiveReader, BLOCK,
    header::{self, Block},
    pax::{SparseMap, decimal},
};

/// The most regions a file may have.
const MOST_REGIONS: u64 = 1 << 18;

const BAD: ArchiveError = ArchiveError::Extension("bad sparse map");

/// A run of stored bytes and its place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// Where they belong, in bytes.
    pub offset: u64,
    /// How many they are.
    pub length: u64,
}

/// The map of an old GNU entry: four regions in the header, more in the blocks
/// that follow it. Returns it with the file's real size.
pub(super) fn from_gnu<R: Read>(
    reader: &mut ArchiveReader<R>,
    block: &Block,
) -> Result<(Vec<Region>, u64), ArchiveError> {
    let mut regions = Vec::new();
    push_regions(&mut regions, &block[386..482])?;
    let real_size = header::unsigned(&block[483..495])?;
    let mut extended = block[482] != 0;
    while extended {
        let next = reader
            .block()?
            .ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        push_regions(&mut regions, &next[..504])?;
        extended = next[504] != 0;
    }
    Ok((regions, real_size))
}

/// The map of a PAX entry, read from its record or from its first blocks.
pub(super) fn from_pax<R: Read>(
    reader: &mut ArchiveReader<R>,
    sparse: SparseMap,
) -> Result<(Vec<Region>, u64), ArchiveError> {
    let real_size = sparse.real_size.ok_or(BAD)?;
    let numbers = match (sparse.major, sparse.map) {
        (0, Some(map)) => map
            .split(|byte| *byte == b',')
            .map(decimal)
            .collect::<Result<Vec<_>, _>>()?,
        (1, _) => leading_numbers(reader)?,
        _ => return Err(BAD),
    };
    if numbers.len() % 2 != 0 || numbers.len() as u64 > 2 * MOST_REGIONS {
        return Err(BAD);
    }
    let regions = numbers
        .chunks_exact(2)
        .map(|pair| Region {
            offset: pair[0],
            length: pair[1],
        })
        .collect();
    Ok((regions, real_size))
}

/// Regions must ascend, stay inside the file and use up the stored bytes.
pub(super) fn check(regions: &[Region], size: u64, stored: u64) -> Result<(), ArchiveError> {
    let mut end = 0_u64;
    let mut sum = 0_u64;
    for region in regions {
        if region.offset < end {
            return Err(BAD);
        }
        end = region.offset.checked_add(region.length).ok_or(BAD)?;
        sum += region.length;
    }
    if end > size || sum != stored {
        return Err(BAD);
    }
    Ok(())
}

fn push_regions(regions: &mut Vec<Region>, fields: &[u8]) -> Result<(), ArchiveError> {
    for field in fields.chunks_exact(24) {
        if field[0] == 0 {
            break;
        }
        if regions.len() as u64 == MOST_REGIONS {
            return Err(ArchiveError::TooLarge("a sparse map", MOST_REGIONS));
        }
        regions.push(Region {
            offset: header::unsigned(&field[..12])?,
            length: header::unsigned(&field[12..])?,
        });
    }
    Ok(())
}

/// Format 1.0: a count, then pairs, each number on its own line, the whole
/// padded to a block.
fn leading_numbers<R: Read>(reader: &mut ArchiveReader<R>) -> Result<Vec<u64>, ArchiveError> {
    let mut numbers = Vec::new();
    let mut line = Vec::new();
    let mut count = None;
    loop {
        let mut block = [0; BLOCK];
        reader.read_exact(&mut block)?;
        for byte in block {
            if count.is_some_and(|count| numbers.len() as u64 == count) {
                break;
            }
            if byte != b'\n' {
                line.push(byte);
                if line.len() > 20 {
                    return Err(BAD);
                }
                continue;
            }
            let number = decimal(&line)?;
            line.clear();
            match count {
                Some(_) => numbers.push(number),
                None if number > MOST_REGIONS => {
                    return Err(ArchiveError::TooLarge("a sparse map", MOST_REGIONS));
                }
                None => count = Some(2 * number),
            }
        }
        if count.is_some_and(|count| numbers.len() as u64 == count) {
            return Ok(numbers);
        }
    }
}
