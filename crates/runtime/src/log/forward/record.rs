//! A line on its way from the shim to the forwarder.

use std::io;

use super::{Stream, UnixNanos};
use crate::log::split::{MAX_TEXT, Piece};

/// Bytes in front of the text.
pub(crate) const HEAD: usize = 20;

/// A line, or a part of one, without its line feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) stream: Stream,
    pub(super) time: UnixNanos,
    /// Which part of its line, from 1; 0 is a whole line.
    pub(super) part: u32,
    /// Whether the line ends here.
    pub(super) last: bool,
    pub(super) text: &'a [u8],
}

/// All but the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    stream: Stream,
    time: UnixNanos,
    part: u32,
    last: bool,
    pub(super) length: usize,
}

/// Appends a piece of a stream.
pub(crate) fn encode(stream: Stream, piece: Piece<'_>, time: UnixNanos, to: &mut impl Extend<u8>) {
    let last = piece.is_last();
    let text = &piece.text[..piece.text.len() - usize::from(last)];
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&(text.len() as u32).to_le_bytes());
    head[4..8].copy_from_slice(&piece.part.to_le_bytes());
    head[8..16].copy_from_slice(&time.to_le_bytes());
    head[16] = stream as u8;
    head[17] = u8::from(last);
    to.extend(head);
    to.extend(text.iter().copied());
}

impl Head {
    pub(super) fn decode(bytes: [u8; HEAD]) -> io::Result<Self> {
        let [a, b, c, d, e, f, g, h, time @ .., stream, last, _, _] = bytes;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        if length > MAX_TEXT {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Self {
            stream: [Stream::Stdout, Stream::Stderr][usize::from(stream & 1)],
            time: UnixNanos::from_le_bytes(time),
            part: u32::from_le_bytes([e, f, g, h]),
            last: last != 0,
            length,
        })
    }

    pub(super) fn with_text(self, text: &[u8]) -> Record<'_> {
        Record {
            stream: self.stream,
            time: self.time,
            part: self.part,
            last: self.last,
            text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let mut bytes = Vec::new();
        let piece = Piece {
            text: b"end\n",
            part: 3,
        };
        encode(Stream::Stderr, piece, -5, &mut bytes);
        let (head, text) = bytes.split_first_chunk().expect("a head");
        let head = Head::decode(*head).expect("valid");
        assert_eq!(head.length, text.len());
        let expected = Record {
            stream: Stream::Stderr,
            time: -5,
            part: 3,
            last: true,
            text: b"end",
        };
        assert_eq!(head.with_text(text), expected);
    }
}
