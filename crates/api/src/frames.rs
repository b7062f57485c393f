//! The framing that carries several output streams over one connection: eight
//! bytes of header (stream, three zeros, length in big endian), then the
//! payload.

use bytes::{BufMut, Bytes, BytesMut};

/// Length of a frame's header in bytes.
pub const HEADER: usize = 8;

/// Which stream a frame belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Stream {
    /// Readers accept it and write it nowhere.
    Stdin = 0,
    /// Standard output of the process.
    Stdout = 1,
    /// Standard error of the process.
    Stderr = 2,
    /// An error of the server itself; readers stop with its text.
    System = 3,
}

/// The header of a frame with `length` bytes of payload.
pub const fn header(stream: Stream, length: u32) -> [u8; HEADER] {
    let [a, b, c, d] = length.to_be_bytes();
    [stream as u8, 0, 0, 0, a, b, c, d]
}

/// Appends one frame. A payload beyond 4 GiB becomes several frames.
pub fn write(out: &mut BytesMut, stream: Stream, mut payload: &[u8]) {
    loop {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let (now, later) = payload.split_at(length as usize);
        out.reserve(HEADER + now.len());
        out.put_slice(&header(stream, length));
        out.put_slice(now);
        payload = later;
        if payload.is_empty() {
            return;
        }
    }
}

/// One frame as bytes.
pub fn frame(stream: Stream, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(HEADER + payload.len());
    write(&mut out, stream, payload);
    out.freeze()
}

/// The byte in front of a frame names no stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownStream(pub u8);

impl std::fmt::Display for UnknownStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unrecognized stream: {}", self.0)
    }
}

impl std::error::Error for UnknownStream {}

/// Takes frames apart, however the bytes were split on the way.
///
/// ```
/// use longshore_api::frames::{Decoder, Stream, frame};
/// let bytes = frame(Stream::Stdout, b"hello");
/// let mut decoder = Decoder::default();
/// let mut input = &bytes[..];
/// let piece = decoder.next(&mut input).unwrap();
/// assert_eq!(piece, Some((Stream::Stdout, &b"hello"[..])));
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    header: [u8; HEADER],
    /// How many bytes of the header are here.
    filled: usize,
    /// How many bytes of the payload are still to come.
    left: usize,
}

impl Decoder {
    /// The next piece of payload, cut off the front of `input`; `None` when
    /// the input is used up. A frame may come in several pieces; an empty
    /// frame comes as none.
    pub fn next<'a>(
        &mut self,
        input: &mut &'a [u8],
    ) -> Result<Option<(Stream, &'a [u8])>, UnknownStream> {
        while !input.is_empty() {
            if self.left > 0 {
                let (piece, rest) = input.split_at(self.left.min(input.len()));
                *input = rest;
                self.left -= piece.len();
                return Ok(Some((self.stream()?, piece)));
            }
            let (part, rest) = input.split_at((HEADER - self.filled).min(input.len()));
            self.header[self.filled..self.filled + part.len()].copy_from_slice(part);
            self.filled += part.len();
            *input = rest;
            if self.filled == HEADER {
                self.filled = 0;
                self.stream()?;
                let [_, _, _, _, length @ ..] = self.header;
                self.left = u32::from_be_bytes(length) as usize;
            }
        }
        Ok(None)
    }

    fn stream(&self) -> Result<Stream, UnknownStream> {
        match self.header[0] {
            0 => Ok(Stream::Stdin),
            1 => Ok(Stream::Stdout),
            2 => Ok(Stream::Stderr),
            3 => Ok(Stream::System),
            other => Err(UnknownStream(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_stream_and_big_endian_length() {
        assert_eq!(
            header(Stream::Stderr, 0x0102_0304),
            [2, 0, 0, 0, 1, 2, 3, 4]
        );
        assert_eq!(&frame(Stream::Stdout, b"ab")[..], b"\x01\0\0\0\0\0\0\x02ab");
        assert_eq!(&frame(Stream::Stdin, b"")[..], b"\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn split_anywhere_reads_the_same() {
        let mut bytes = BytesMut::new();
        write(&mut bytes, Stream::Stdout, b"hello ");
        write(&mut bytes, Stream::Stderr, b"");
        write(&mut bytes, Stream::Stdout, b"world");
        write(&mut bytes, Stream::Stderr, b"oops");
        for size in 1..=bytes.len() {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut decoder = Decoder::default();
            for mut chunk in bytes.chunks(size) {
                while let Some((stream, piece)) = decoder.next(&mut chunk).unwrap() {
                    match stream {
                        Stream::Stdout => out.extend_from_slice(piece),
                        Stream::Stderr => err.extend_from_slice(piece),
                        other => panic!("unexpected {other:?}"),
                    }
                }
            }
            assert_eq!(
                (&out[..], &err[..]),
                (&b"hello world"[..], &b"oops"[..]),
                "{size}"
            );
        }
    }

    #[test]
    fn unknown_stream_is_an_error() {
        let mut decoder = Decoder::default();
        assert_eq!(
            decoder.next(&mut &b"\x07\0\0\0\0\0\0\x01x"[..]),
            Err(UnknownStream(7))
        );
    }
}
