//! Netlink: a socket, and requests that wait for the kernel's answers.

pub(crate) mod message;

use std::io;

use netlink_sys::{Socket as Raw, SocketAddr};
use nix::sys::socket::{setsockopt, sockopt};

use message::{HEADER, Message, read_header};

/// `NLMSG_ERROR`: an error, or with 0 an acknowledgement.
const ERROR: u16 = 2;
/// `NLMSG_DONE`: the end of a dump.
const DONE: u16 = 3;

/// A datagram longer than this may not fit what a socket holds by default.
const SMALL: usize = 64 << 10;

/// An open netlink socket of the calling thread's network namespace.
#[derive(Debug)]
pub(crate) struct Socket {
    raw: Raw,
    sequence: u32,
}

impl Socket {
    /// Opens a socket of the given family, `NETLINK_ROUTE` or the like.
    pub(crate) fn open(family: isize) -> io::Result<Self> {
        let mut raw = Raw::new(family)?;
        raw.bind_auto()?;
        raw.connect(&SocketAddr::new(0, 0))?;
        Ok(Self { raw, sequence: 0 })
    }

    /// Sends one request and waits for its acknowledgement.
    pub(crate) fn request(&mut self, message: Message) -> io::Result<()> {
        self.batch(vec![message], 1)
    }

    /// Sends several messages in one datagram and waits for `acknowledged` of
    /// them. The first error is the answer.
    pub(crate) fn batch(&mut self, messages: Vec<Message>, acknowledged: usize) -> io::Result<()> {
        let mut datagram = Vec::new();
        for message in messages {
            self.sequence = self.sequence.wrapping_add(1);
            datagram.extend(message.finish(self.sequence));
        }
        self.send(&datagram)?;
        let mut left = acknowledged;
        while left > 0 {
            let (reply, _) = self.raw.recv_from_full()?;
            for (kind, body) in Replies(&reply) {
                if kind != ERROR {
                    continue;
                }
                match error_of(body) {
                    Some(0) => left = left.saturating_sub(1),
                    Some(code) => return Err(io::Error::from_raw_os_error(-code)),
                    None => return Err(io::ErrorKind::InvalidData.into()),
                }
            }
        }
        Ok(())
    }

    /// Sends one dump request; gives every answer's body.
    pub(crate) fn dump(&mut self, message: Message) -> io::Result<Vec<Vec<u8>>> {
        self.sequence = self.sequence.wrapping_add(1);
        let datagram = message.finish(self.sequence);
        self.send(&datagram)?;
        let mut found = Vec::new();
        loop {
            let (reply, _) = self.raw.recv_from_full()?;
            for (kind, body) in Replies(&reply) {
                match kind {
                    DONE => return Ok(found),
                    ERROR => {
                        return Err(match error_of(body) {
                            Some(code) if code != 0 => io::Error::from_raw_os_error(-code),
                            _ => io::ErrorKind::InvalidData.into(),
                        });
                    }
                    _ => found.push(body.to_vec()),
                }
            }
        }
    }

    /// Sends one request that has one answer, without an acknowledgement; gives
    /// the answer's body.
    pub(crate) fn ask(&mut self, message: Message) -> io::Result<Vec<u8>> {
        self.sequence = self.sequence.wrapping_add(1);
        self.send(&message.finish(self.sequence))?;
        let (reply, _) = self.raw.recv_from_full()?;
        let Some((kind, body)) = Replies(&reply).next() else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        match (kind, error_of(body)) {
            (ERROR, Some(code)) if code != 0 => Err(io::Error::from_raw_os_error(-code)),
            (ERROR | DONE, _) => Err(io::ErrorKind::InvalidData.into()),
            _ => Ok(body.to_vec()),
        }
    }

    fn send(&self, datagram: &[u8]) -> io::Result<()> {
        if datagram.len() > SMALL {
            // A transaction is one datagram, however many ports it declares.
            setsockopt(&self.raw, sockopt::SndBufForce, &datagram.len())?;
        }
        let sent = self.raw.send(datagram, 0)?;
        if sent == datagram.len() {
            Ok(())
        } else {
            Err(io::ErrorKind::WriteZero.into())
        }
    }
}

/// The messages of one datagram: type and body. What is cut short ends it.
struct Replies<'a>(&'a [u8]);

impl<'a> Iterator for Replies<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (length, kind) = read_header(self.0)?;
        let body = self.0.get(HEADER..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((kind, body))
    }
}

fn error_of(body: &[u8]) -> Option<i32> {
    let code = body.get(..4)?;
    Some(i32::from_ne_bytes(code.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_that_make_no_sense_end_the_walk() {
        for bytes in [
            &[][..],
            &[1, 2, 3],
            &[0; 16],
            &[8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            &[255, 255, 255, 255, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(Replies(bytes).count(), 0, "{bytes:?}");
        }
    }

    /// Random bytes, the same at every run.
    fn noise(seed: &mut u64, length: usize) -> Vec<u8> {
        let mut next = || {
            *seed ^= *seed << 13;
            *seed ^= *seed >> 7;
            *seed ^= *seed << 17;
            // Zero and small numbers are likelier to make lengths and types.
            let [byte, choice, ..] = seed.to_ne_bytes();
            match choice {
                0..128 => 0,
                128..224 => byte % 48,
                _ => byte,
            }
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn noise_is_walked_to_its_end() {
        let mut seed = 0x9e37_79b9_7f4a_7c15;
        let mut found = 0;
        for length in (0..200).cycle().take(20_000) {
            let bytes = noise(&mut seed, length);
            for (_, body) in Replies(&bytes) {
                assert!(body.len() < length);
                let _ = error_of(body);
                found += 1;
            }
            for (_, value) in message::attributes(&bytes, 4) {
                assert!(value.len() < length);
                found += message::attributes(value, 0).count();
            }
        }
        assert!(found > 1_000, "the noise has something to find: {found}");
    }
}
