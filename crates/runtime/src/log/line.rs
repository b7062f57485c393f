//! One line of a log: bytes to JSON and back.
//!
//! ```json
//! {"log":"text\n","stream":"stdout","attrs":{"k":"v"},"time":"2020-01-02T03:04:05.1Z"}
//! ```
//!
//! `attrs` is there only when not empty. Text is UTF-8 with the escapes that Go's
//! encoder makes (dockerd's files look the same); a byte that is not UTF-8 becomes
//! U+FFFD, since JSON has no way to hold it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Stream;
use crate::channel::UnixNanos;
use crate::time;

/// A line, or a part of one that is longer than 16 KiB.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Where it was written.
    pub stream: Stream,
    /// When the shim read it.
    pub time: UnixNanos,
    /// The text, with its line feed when the line is whole.
    pub text: Vec<u8>,
    /// Extra attributes of the log driver.
    pub attrs: BTreeMap<String, String>,
}

/// Appends `text` as the inside of a JSON string.
pub(crate) fn escape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    loop {
        let (run, special) = rest.split_at(plain_length(rest));
        out.extend_from_slice(run);
        rest = special;
        // Special bytes often come in rows.
        while let Some((&first, after)) = rest.split_first()
            && !PLAIN[usize::from(first)]
        {
            if first.is_ascii() {
                escape_ascii(first, out);
                rest = after;
                continue;
            }
            let length = rest.iter().position(u8::is_ascii).unwrap_or(rest.len());
            let (unicode, after) = rest.split_at(length);
            escape_unicode(unicode, out);
            rest = after;
        }
        if rest.is_empty() {
            return;
        }
    }
}

/// Reads the line without its line feed into `entry`; false when it is not a line
/// of a log, such as one torn by a full disk.
pub(crate) fn decode_into(line: &[u8], entry: &mut Entry) -> bool {
    if decode_usual(line, entry).is_some() {
        return true;
    }
    match decode_any(line) {
        Some(found) => *entry = found,
        None => return false,
    }
    true
}

/// How many bytes at the beginning stand for themselves.
fn plain_length(text: &[u8]) -> usize {
    let (words, _) = text.as_chunks::<8>();
    let plain = words
        .iter()
        .take_while(|word| is_plain(u64::from_ne_bytes(**word)))
        .count();
    let special = text[plain * 8..]
        .iter()
        .position(|&byte| !PLAIN[usize::from(byte)]);
    special.map_or(text.len(), |at| plain * 8 + at)
}

/// Whether none of eight bytes is special, without looking at each: subtracting
/// sets the highest bit of a byte that was smaller than what was subtracted.
fn is_plain(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHEST: u64 = 0x80 * ONES;
    let below = |word: u64, byte: u64| word.wrapping_sub(byte * ONES) & !word;
    let equal = |word: u64, byte: u64| below(word ^ (byte * ONES), 1);
    // `<` and `>` differ in one bit, and so do `"` and `&`.
    let special = word
        | below(word, 0x20)
        | equal(word, 0x5c)
        | equal(word | (0x02 * ONES), 0x3e)
        | equal(word | (0x04 * ONES), 0x26);
    special & HIGHEST == 0
}

/// Bytes that stand for themselves in a JSON string.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x80 {
        plain[byte] = !matches!(byte as u8, b'"' | b'\\' | b'<' | b'>' | b'&');
        byte += 1;
    }
    plain
};

fn escape_ascii(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => {
            out.extend_from_slice(b"\\u00");
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
    }
}

fn escape_unicode(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.utf8_chunks() {
        let mut valid = chunk.valid();
        // JavaScript ends a line at these two, so Go escapes them.
        while let Some(at) = valid.find(['\u{2028}', '\u{2029}']) {
            out.extend_from_slice(&valid.as_bytes()[..at]);
            out.extend_from_slice(if valid[at..].starts_with('\u{2028}') {
                b"\\u2028"
            } else {
                b"\\u2029"
            });
            valid = &valid[at + 3..];
        }
        out.extend_from_slice(valid.as_bytes());
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
}

/// Decodes exactly what the writer makes when there are no attributes, several
/// times faster than a general parser.
fn decode_usual(line: &[u8], entry: &mut Entry) -> Option<()> {
    let mut rest = line.strip_prefix(b"{\"log\":\"")?;
    let text = &mut entry.text;
    text.clear();
    loop {
        let at = memchr::memchr2(b'"', b'\\', rest)?;
        text.extend_from_slice(&rest[..at]);
        let stop = rest[at];
        rest = &rest[at + 1..];
        if stop == b'"' {
            break;
        }
        let (&kind, after) = rest.split_first()?;
        rest = after;
        match kind {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'"' | b'\\' | b'/' => text.push(kind),
            b'u' => {
                let digits = std::str::from_utf8(rest.get(..4)?).ok()?;
                // A lone surrogate is left to the general parser to refuse.
                let letter = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
                text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[4..];
            }
            _ => return None,
        }
    }
    let rest = rest.strip_prefix(b",\"stream\":\"std")?;
    let (stream, rest) = if let Some(rest) = rest.strip_prefix(b"out\",\"time\":\"") {
        (Stream::Stdout, rest)
    } else {
        (Stream::Stderr, rest.strip_prefix(b"err\",\"time\":\"")?)
    };
    let time = std::str::from_utf8(rest.strip_suffix(b"\"}")?).ok()?;
    entry.stream = stream;
    entry.time = time::parse(time)?;
    entry.attrs.clear();
    Some(())
}

fn decode_any(line: &[u8]) -> Option<Entry> {
    #[derive(Deserialize)]
    struct Line {
        log: String,
        stream: String,
        #[serde(default)]
        attrs: BTreeMap<String, String>,
        time: String,
    }
    let line: Line = serde_json::from_slice(line).ok()?;
    Some(Entry {
        stream: match line.stream.as_str() {
            "stdout" => Stream::Stdout,
            "stderr" => Stream::Stderr,
            _ => return None,
        },
        time: time::parse(&line.time)?,
        text: line.log.into_bytes(),
        attrs: line.attrs,
    })
}

/// As [`decode_into`], for tests.
#[cfg(test)]
pub(crate) fn decode(line: &[u8]) -> Option<Entry> {
    let mut entry = Entry::default();
    decode_into(line, &mut entry).then_some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &[u8]) -> String {
        let mut out = Vec::new();
        escape(text, &mut out);
        String::from_utf8(out).expect("escaped text is UTF-8")
    }

    #[test]
    fn escapes_are_those_of_go() {
        let cases: [(&[u8], &str); 8] = [
            (b"plain", "plain"),
            (b"a\"b\\c\n\r\t", "a\\\"b\\\\c\\n\\r\\t"),
            (b"\x00\x1b[1m", "\\u0000\\u001b[1m"),
            (b"<a>&", "\\u003ca\\u003e\\u0026"),
            ("grün €".as_bytes(), "grün €"),
            (b"\xff\xfea", "\\ufffd\\ufffda"),
            ("\u{2028}x\u{2029}".as_bytes(), "\\u2028x\\u2029"),
            (b"", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn every_byte_decodes_to_what_a_json_parser_reads() {
        let all: Vec<u8> = (0..=255).collect();
        let line = format!(
            "{{\"log\":\"{}\",\"stream\":\"stderr\",\"time\":\"1970-01-01T00:00:01Z\"}}",
            escaped(&all)
        );
        let mut quick = Entry::default();
        decode_usual(line.as_bytes(), &mut quick).expect("the writer's own form");
        let general = decode_any(line.as_bytes()).expect("JSON");
        assert_eq!(quick, general);
        assert_eq!(quick.time, 1_000_000_000);
        assert_eq!(quick.stream, Stream::Stderr);
    }

    #[test]
    fn eight_bytes_are_plain_if_each_is() {
        for byte in 0..=255_u8 {
            for place in 0..8 {
                let mut word = *b"~ !#[]a0";
                word[place] = byte;
                assert_eq!(
                    is_plain(u64::from_ne_bytes(word)),
                    PLAIN[usize::from(byte)],
                    "{byte:#x} at {place}"
                );
            }
        }
    }

    #[test]
    fn other_writers_lines_are_read() {
        let line = br#"{"stream":"stdout","log":"\ud83d\ude00\n","attrs":{"tag":"x"},"time":"1970-01-01T00:00:00Z"}"#;
        let entry = decode(line).expect("JSON");
        assert_eq!(entry.text, "😀\n".as_bytes());
        assert_eq!(entry.attrs["tag"], "x");
    }

    #[test]
    fn torn_lines_are_not_entries() {
        for line in [&b"{\"log\":\"abc"[..], b"", b"\"}", b"{}"] {
            assert_eq!(decode(line), None);
        }
    }
}
