//! Gzip on all processors.
//!
//! The stream is cut into blocks of one size, which are compressed apart from
//! each other and joined: every reader sees one ordinary member (RFC 1952).
//! What comes out depends on what goes in only, not on how many threads there
//! were, so a layer that is compressed again has the digest that a registry
//! already knows.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

/// What is compressed at once, in bytes.
const BLOCK: usize = 512 << 10;
/// Where more effort begins to cost much more time than it saves bytes.
const LEVEL: u32 = 4;
/// No flags, no time, no name, no system: nothing that tells machines apart.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty last block.
const LAST: [u8; 2] = [3, 0];
/// More threads than these wait for the disk and the network.
const MOST_THREADS: usize = 4;

/// A block on its way.
type Job = (u64, Vec<u8>);
type Done = (u64, io::Result<(Vec<u8>, Crc)>);

/// Reads to the end and writes what was read as gzip. Tells after each block
/// how many bytes were read.
pub(crate) fn compress(
    reader: &mut (dyn Read + Send),
    writer: &mut dyn Write,
    on_read: &mut dyn FnMut(u64),
) -> io::Result<()> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(MOST_THREADS);
    writer.write_all(&HEADER)?;
    let mut total = Crc::new();
    thread::scope(|scope| {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        let (finished, results) = mpsc::channel::<Done>();
        for _ in 0..threads {
            let (waiting, finished) = (waiting.clone(), finished.clone());
            scope.spawn(move || {
                loop {
                    let next = waiting
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv();
                    let Ok((number, block)) = next else { return };
                    if finished.send((number, deflate(&block))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(finished);
        let (mut sent, mut written, mut read) = (0, 0, 0);
        let mut early = BTreeMap::new();
        let mut ended = false;
        while !ended || written < sent {
            // Twice as many blocks as threads: nobody waits for the reader.
            while !ended && sent - written < 2 * threads as u64 {
                let mut block = Vec::with_capacity(BLOCK);
                reader.take(BLOCK as u64).read_to_end(&mut block)?;
                ended = block.len() < BLOCK;
                read += block.len() as u64;
                if !block.is_empty() {
                    let gone = |_| io::Error::other("the compressing threads are gone");
                    jobs.send((sent, block)).map_err(gone)?;
                    sent += 1;
                }
                on_read(read);
            }
            if written == sent {
                break;
            }
            let gone = |_| io::Error::other("the compressing threads are gone");
            let (number, result) = results.recv().map_err(gone)?;
            early.insert(number, result?);
            while let Some((bytes, crc)) = early.remove(&written) {
                total.combine(&crc);
                writer.write_all(&bytes)?;
                written += 1;
            }
        }
        Ok::<_, io::Error>(())
    })?;
    writer.write_all(&LAST)?;
    writer.write_all(&total.sum().to_le_bytes())?;
    writer.write_all(&total.amount().to_le_bytes())
}

/// One block as raw deflate that ends at a byte's border.
fn deflate(block: &[u8]) -> io::Result<(Vec<u8>, Crc)> {
    let mut crc = Crc::new();
    crc.update(block);
    let mut compress = Compress::new(Compression::new(LEVEL), false);
    let mut out = Vec::with_capacity(block.len() / 2 + 64);
    loop {
        let done = usize::try_from(compress.total_in()).unwrap_or(usize::MAX);
        let before = out.capacity() - out.len();
        let status = compress.compress_vec(&block[done..], &mut out, FlushCompress::Sync)?;
        let all_in = compress.total_in() == block.len() as u64;
        // Room that is left over says that the flush is complete.
        if all_in && out.len() < out.capacity() {
            return Ok((out, crc));
        }
        if status == Status::BufError && before > 0 && !all_in && out.len() < out.capacity() {
            return Err(io::Error::other("deflate does not go on"));
        }
        out.reserve(block.len() / 4 + 64);
    }
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
    fn one_member_that_everybody_reads() {
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
            // Not the decoder that would read several members.
            let mut decoder = flate2::read::GzDecoder::new(&packed[..]);
            decoder.read_to_end(&mut back).unwrap();
            assert!(back == data, "{} bytes", data.len());
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
