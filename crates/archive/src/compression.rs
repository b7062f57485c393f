//! Compressed streams, recognised by their first bytes and decoded in process.
//!
//! No external program is ever run: a decompressor found by name could be one
//! that an image brought along. Memory is bounded for every format.

use std::io::{self, BufRead, Read};

/// Window and dictionary limit of the decoders, in bytes: what `zstd --ultra
/// -22` and `xz -9` need, and no more.
const LARGEST_WINDOW: u32 = 128 << 20;

/// How a stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// It is not.
    None,
    /// RFC 1952.
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard, RFC 8878.
    Zstd,
}

impl Compression {
    /// The number of leading bytes that decide.
    pub const MAGIC_LEN: usize = 6;

    /// Recognises a format by the first [`Self::MAGIC_LEN`] bytes (fewer if the
    /// stream is shorter).
    pub fn detect(head: &[u8]) -> Self {
        const MAGICS: [(&[u8], Compression); 4] = [
            (&[0x1f, 0x8b, 0x08], Compression::Gzip),
            (b"BZh", Compression::Bzip2),
            (&[0xfd, b'7', b'z', b'X', b'Z', 0], Compression::Xz),
            (&[0x28, 0xb5, 0x2f, 0xfd], Compression::Zstd),
        ];
        MAGICS
            .iter()
            .find(|(magic, _)| head.starts_with(magic))
            .map_or(Self::None, |(_, compression)| *compression)
    }

    /// Wraps `reader` so that it yields the uncompressed bytes.
    pub fn decoder<'a>(
        self,
        reader: impl BufRead + Send + 'a,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match self {
            Self::None => Box::new(reader),
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(reader)),
            Self::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(
                reader,
                true,
                LARGEST_WINDOW / 1024,
            )),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(reader)?;
                decoder.window_log_max(LARGEST_WINDOW.ilog2())?;
                Box::new(decoder)
            }
        })
    }
}

/// A stream whose first bytes were looked at.
pub type Sniffed<R> = io::Chain<io::Cursor<Vec<u8>>, R>;

/// Recognises the compression of a stream and gives it back from its beginning.
pub fn sniff<R: Read>(mut reader: R) -> io::Result<(Compression, Sniffed<R>)> {
    let mut head = vec![0; Compression::MAGIC_LEN];
    let length = read_up_to(&mut reader, &mut head)?;
    head.truncate(length);
    Ok((
        Compression::detect(&head),
        io::Cursor::new(head).chain(reader),
    ))
}

/// Reads until `buffer` is full or the stream ends; the number of bytes read.
pub fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn decode(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        Compression::detect(bytes)
            .decoder(bytes)?
            .read_to_end(&mut out)?;
        Ok(out)
    }

    fn samples(text: &[u8]) -> [(Compression, Vec<u8>); 4] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).unwrap();
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(text).unwrap();
        let options = lzma_rust2::XzOptions::with_preset(1);
        let mut xz = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
        xz.write_all(text).unwrap();
        [
            (Compression::Gzip, gzip.finish().unwrap()),
            (Compression::Bzip2, bzip2.finish().unwrap()),
            (Compression::Xz, xz.finish().unwrap()),
            (Compression::Zstd, zstd::encode_all(text, 1).unwrap()),
        ]
    }

    #[test]
    fn each_format_is_recognised_and_decoded_also_when_concatenated() {
        let text = b"longshore ".repeat(1000);
        for (compression, bytes) in samples(&text) {
            assert_eq!(Compression::detect(&bytes), compression);
            assert_eq!(decode(&bytes).unwrap(), text);
            assert_eq!(
                decode(&bytes.repeat(2)).unwrap(),
                text.repeat(2),
                "{compression:?}"
            );
        }
        assert_eq!(decode(b"plain").unwrap(), b"plain");
    }

    #[test]
    fn a_cut_or_damaged_stream_is_an_error() {
        let text: Vec<u8> = (0..40_000_u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect();
        for (compression, bytes) in samples(&text) {
            assert!(
                decode(&bytes[..bytes.len() / 2]).is_err(),
                "{compression:?} cut"
            );
            let mut damaged = bytes.clone();
            damaged[bytes.len() / 2] ^= 0x55;
            let result = decode(&damaged);
            // zstd carries no checksum unless asked to; the layer's diff ID is
            // what catches damage there.
            assert!(
                result.is_err() || result.unwrap() != text,
                "{compression:?} damaged"
            );
        }
    }
}
