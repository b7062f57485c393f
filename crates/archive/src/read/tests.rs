//! Reading well-formed archives of each format, and refusing broken ones.

use std::io::Read;

use super::*;

/// Reads all entries with their content.
fn read_all(bytes: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, ArchiveError> {
    let mut reader = ArchiveReader::new(bytes);
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        let mut content = Vec::new();
        reader.read_to_end(&mut content)?;
        entries.push((entry, content));
    }
    Ok(entries)
}

/// A raw block with a right checksum.
fn block(path: &str, kind: u8, size: u64) -> Block {
    let mut block = [0; BLOCK];
    block[..path.len()].copy_from_slice(path.as_bytes());
    block[100..107].copy_from_slice(b"0000644");
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[156] = kind;
    block[257..263].copy_from_slice(b"ustar\0");
    seal(block)
}

fn seal(mut block: Block) -> Block {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    block
}

fn padded(content: &[u8]) -> Vec<u8> {
    let mut content = content.to_vec();
    content.resize(content.len().next_multiple_of(BLOCK), 0);
    content
}

fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while rest + length.to_string().len() != length {
        length += 1;
    }
    format!("{length} {key}={value}\n")
}

fn pax(records: &str, entry: Block, content: &[u8]) -> Vec<u8> {
    let mut bytes = block("pax", b'x', records.len() as u64).to_vec();
    bytes.extend(padded(records.as_bytes()));
    bytes.extend(entry);
    bytes.extend(padded(content));
    bytes
}

#[test]
fn pax_records_override_the_header() {
    let records = [
        record("path", "long/name"),
        record("size", "3"),
        record("uid", "70000"),
        record("mtime", "-1.25"),
        record("SCHILY.xattr.user.a", "v"),
    ]
    .concat();
    let entries = read_all(&pax(&records, block("short", b'0', 0), b"abc")).unwrap();
    let (entry, content) = &entries[0];
    assert_eq!(entry.path, b"long/name");
    assert_eq!((entry.uid, entry.mtime), (70000, (-2, 750_000_000)));
    assert_eq!(entry.xattrs, [(b"user.a".to_vec(), b"v".to_vec())]);
    assert_eq!(content, b"abc");
    assert_eq!(entries.len(), 1);
}

#[test]
fn gnu_long_names_and_base_256_numbers() {
    let name = "d/".repeat(80) + "f";
    let mut header = block("cut", b'0', 0);
    header[108..116].copy_from_slice(&[0x80, 0, 0, 0, 0, 1, 0, 0]);
    header[136..148].fill(0xff);
    let mut bytes = block("././@LongLink", b'L', name.len() as u64 + 1).to_vec();
    bytes.extend(padded((name.clone() + "\0").as_bytes()));
    bytes.extend(seal(header));
    let entries = read_all(&bytes).unwrap();
    assert_eq!(entries[0].0.path, name.as_bytes());
    assert_eq!((entries[0].0.uid, entries[0].0.mtime.0), (65536, -1));
}

#[test]
fn sparse_maps_of_three_formats() {
    let regions = [
        Region {
            offset: 4,
            length: 3,
        },
        Region {
            offset: 1000,
            length: 2,
        },
    ];
    let mut old = block("s", b'S', 5);
    old[257..265].copy_from_slice(b"ustar  \0");
    for (index, region) in regions.iter().enumerate() {
        let start = 386 + 24 * index;
        old[start..start + 11].copy_from_slice(format!("{:011o}", region.offset).as_bytes());
        old[start + 12..start + 23].copy_from_slice(format!("{:011o}", region.length).as_bytes());
    }
    old[483..494].copy_from_slice(format!("{:011o}", 2000).as_bytes());
    let mut gnu = seal(old).to_vec();
    gnu.extend(padded(b"abcde"));

    let name = record("GNU.sparse.name", "s");
    let size = record("GNU.sparse.realsize", "2000");
    let record_map = name.clone() + &size + &record("GNU.sparse.map", "4,3,1000,2");
    let pax_01 = pax(&record_map, block("x", b'0', 5), b"abcde");

    let mut content = padded(b"2\n4\n3\n1000\n2\n");
    content.extend(b"abcde");
    let leading = name + &size + &record("GNU.sparse.major", "1");
    let pax_10 = pax(&leading, block("x", b'0', content.len() as u64), &content);

    for bytes in [gnu, pax_01, pax_10] {
        let entries = read_all(&bytes).unwrap();
        let (entry, content) = &entries[0];
        assert_eq!(entry.path, b"s");
        assert_eq!(entry.size, 2000);
        assert_eq!(entry.sparse.as_deref(), Some(&regions[..]));
        assert_eq!(content, b"abcde");
    }
}

#[test]
fn contradictions_and_damage_are_errors() {
    let entry = || block("f", b'0', 0);
    let twice = record("path", "a") + &record("path", "b");
    let overlap = record("GNU.sparse.realsize", "9") + &record("GNU.sparse.map", "4,3,2,2");
    let outside = record("GNU.sparse.realsize", "9") + &record("GNU.sparse.map", "8,5");
    let mut wrong_sum = entry();
    wrong_sum[0] ^= 1;
    let mut negative = entry();
    negative[124..136].fill(0xff);
    let broken: Vec<(&str, Vec<u8>)> = vec![
        ("duplicate key", pax(&twice, entry(), b"")),
        ("record without end", pax("9 path=a", entry(), b"")),
        ("length of zero", pax("0 path=a\n", entry(), b"")),
        (
            "huge length",
            pax("99999999999999999999 a=b\n", entry(), b""),
        ),
        ("negative size", pax(&record("size", "-1"), entry(), b"")),
        ("NUL in a name", pax(&record("path", "a\0b"), entry(), b"")),
        (
            "overlapping regions",
            pax(&overlap, block("f", b'0', 5), b"abcde"),
        ),
        (
            "regions outside",
            pax(&outside, block("f", b'0', 5), b"abcde"),
        ),
        ("wrong checksum", wrong_sum.to_vec()),
        ("negative header size", seal(negative).to_vec()),
        ("unknown kind", block("f", b'Z', 0).to_vec()),
        ("cut content", block("f", b'0', 9).to_vec()),
        ("cut header", entry()[..100].to_vec()),
        ("not a tar", b"{}".repeat(400)),
        ("huge extension", block("x", b'x', 1 << 32).to_vec()),
        (
            "one zero block inside",
            [&[0; BLOCK][..], &entry()].concat(),
        ),
    ];
    for (what, bytes) in broken {
        assert!(read_all(&bytes).is_err(), "{what}");
    }
}

#[test]
fn entries_without_content_ignore_their_size() {
    let mut bytes = block("d", b'5', 4096).to_vec();
    bytes.extend(block("l", b'2', 77));
    let entries = read_all(&bytes).unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1].0.kind, Kind::Symlink);
}
