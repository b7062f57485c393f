//! Gzip on all processors.
//!
//! The stream is cut into blocks of one size, and each becomes a member of its
//! own (RFC 1952, section 2.2; other engines' layers that can be read in pieces
//! are made so, too). What comes out depends on what goes in only, not on how
//! many threads there were, so a layer that is compressed again has the digest
//! that a registry already knows.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use libdeflater::{CompressionLvl, Compressor};

/// What is compressed at once, in bytes.
const BLOCK: usize = 512 << 10;
/// Finds nearly what zlib's default finds, in half the time.
const LEVEL: i32 = 1;
/// More threads than these wait for the disk and the network.
const MOST_THREADS: usize = 4;

/// A block on its way: its number in the stream, its bytes, and room for what
/// becomes of them. Both buffers come back and are used again.
struct Block {
    number: u64,
    plain: Vec<u8>,
    packed: Vec<u8>,
}

/// Reads to the end and writes what was read as gzip. Tells after each block
/// how many bytes were read.
pub(crate) fn compress(
    reader: &mut (dyn Read + Send),
    writer: &mut dyn Write,
    on_read: &mut dyn FnMut(u64),
) -> io::Result<()> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(MOST_THREADS);
    thread::scope(|scope| {
        let (jobs, waiting) = mpsc::channel::<Block>();
        let waiting = Arc::new(Mutex::new(waiting));
        let (finished, results) = mpsc::channel::<io::Result<Block>>();
        for _ in 0..threads {
            let (waiting, finished) = (waiting.clone(), finished.clone());
            scope.spawn(move || {
                let level = CompressionLvl::new(LEVEL).unwrap_or_default();
                let mut compressor = Compressor::new(level);
                loop {
                    let next = waiting
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv();
                    let Ok(block) = next else { return };
                    if finished.send(member(&mut compressor, block)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(finished);
        let gone = || io::Error::other("the compressing threads are gone");
        // One more than threads: nobody waits for the reader.
        let mut spare: Vec<Block> = (0..=threads).map(|_| Block::room()).collect();
        let (mut sent, mut written, mut read) = (0, 0, 0);
        let mut early = BTreeMap::new();
        let mut ended = false;
        loop {
            while !ended && let Some(mut block) = spare.pop() {
                block.plain.clear();
                reader.take(BLOCK as u64).read_to_end(&mut block.plain)?;
                ended = block.plain.len() < BLOCK;
                read += block.plain.len() as u64;
                // An empty stream is an empty member.
                if !block.plain.is_empty() || sent == 0 {
                    block.number = sent;
                    jobs.send(block).map_err(|_| gone())?;
                    sent += 1;
                }
                on_read(read);
            }
            if ended && written == sent {
                return Ok(());
            }
            let block = results.recv().map_err(|_| gone())??;
            early.insert(block.number, block);
            while let Some(block) = early.remove(&written) {
                writer.write_all(&block.packed)?;
                written += 1;
                spare.push(block);
            }
        }
    })
}

impl Block {
    fn room() -> Self {
        Self {
            number: 0,
            plain: Vec::with_capacity(BLOCK),
            packed: Vec::new(),
        }
    }
}

/// One block as a member; libdeflate's header names neither time nor file.
fn member(compressor: &mut Compressor, mut block: Block) -> io::Result<Block> {
    let bound = compressor.gzip_compress_bound(block.plain.len());
    block.packed.resize(bound, 0);
    let length = compressor
        .gzip_compress(&block.plain, &mut block.packed)
        .map_err(|error| io::Error::other(format!("gzip: {error}")))?;
    block.packed.truncate(length);
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut read = 0;
        compress(&mut &*data, &mut out, &mut |count| read = count).unwrap();
        assert_eq!(read, data.len() as u64);
        out
    }

    #[test]
    fn members_that_everybody_reads() {
        let noise: Vec<u8> = (0..3 * BLOCK as u32 + 7)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        let text = b"longshore ".repeat(BLOCK / 5);
        for data in [
            &b""[..],
            b"x",
            &noise,
            &noise[..BLOCK],
            &noise[..2 * BLOCK],
            &text,
        ] {
            let packed = gzip(data);
            let mut back = Vec::new();
            let mut decoder = flate2::read::MultiGzDecoder::new(&packed[..]);
            decoder.read_to_end(&mut back).unwrap();
            assert!(back == data, "{} bytes", data.len());
            // No flags, no time: nothing that tells machines apart.
            assert_eq!(packed[..8], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0]);
            assert_eq!(gzip(data), packed);
        }
        assert!(gzip(&text).len() < text.len() / 20);
    }

    #[test]
    fn a_reader_s_error_is_the_error() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        let error = compress(&mut Broken, &mut io::sink(), &mut |_| {}).unwrap_err();
        assert_eq!(error.to_string(), "gone");
    }
}
