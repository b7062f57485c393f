//! GELF 1.1: over UDP compressed and in chunks, over TCP with a zero byte behind
//! each message.

use std::io::{self, Write as _};
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::socket::Socket;
use super::{Address, Gelf, GelfCompression, Record, Server};
use crate::log::{Stream, line};

/// Bytes of a datagram that passes every usual link whole.
const DATAGRAM: usize = 1420;
/// Bytes in front of a chunk.
const CHUNK_HEAD: usize = 12;
/// A message in more chunks than that is dropped by servers.
const MAX_CHUNKS: usize = 128;

pub(super) struct Sender {
    spec: Gelf,
    socket: Option<Socket>,
    /// Everything behind the level: the fields and the end.
    rest: Vec<u8>,
    messages: u64,
}

impl Sender {
    pub(super) fn connect(spec: &Gelf) -> Result<Self, String> {
        let socket = Socket::connect(&spec.address).map_err(|error| match &spec.address {
            Address::Tcp(address) => {
                format!("gelf: cannot connect to GELF endpoint: {address} {error}")
            }
            _ => error,
        })?;
        let mut rest = Vec::new();
        for (name, value) in &spec.fields {
            rest.extend_from_slice(b",\"");
            line::escape(name.as_bytes(), &mut rest);
            rest.extend_from_slice(b"\":\"");
            line::escape(value.as_bytes(), &mut rest);
            rest.push(b'"');
        }
        rest.push(b'}');
        Ok(Self {
            spec: spec.clone(),
            socket: Some(socket),
            rest,
            messages: u64::from(std::process::id()) << 32 | crate::time::now() as u64 & 0xffff_ffff,
        })
    }

    fn message(&self, record: &Record<'_>) -> Vec<u8> {
        let level = match record.stream {
            Stream::Stdout => 6,
            Stream::Stderr => 3,
        };
        let mut message = b"{\"version\":\"1.1\",\"host\":\"".to_vec();
        line::escape(self.spec.hostname.as_bytes(), &mut message);
        message.extend_from_slice(b"\",\"short_message\":\"");
        line::escape(record.text, &mut message);
        let milliseconds = record.time / 1_000_000;
        let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
        let head = format!("\",\"timestamp\":{seconds}.{rest:03},\"level\":{level}");
        message.extend_from_slice(head.as_bytes());
        message.extend_from_slice(&self.rest);
        message
    }

    fn send_tcp(&mut self, mut message: Vec<u8>) {
        message.push(0);
        for attempt in 0..=self.spec.max_reconnect {
            if attempt > 0 {
                // What the option asks for, in a process of its own.
                std::thread::sleep(Duration::from_secs(self.spec.reconnect_delay));
                self.socket = Socket::connect(&self.spec.address).ok();
            }
            if let Some(socket) = &mut self.socket
                && socket.send(&message).is_ok()
            {
                return;
            }
            self.socket = None;
        }
    }

    fn send_udp(&mut self, message: &[u8]) {
        let Ok(message) = compress(self.spec.compression, message) else {
            return;
        };
        self.messages = self.messages.wrapping_add(1);
        let Some(socket) = &mut self.socket else {
            return;
        };
        // Datagrams are not missed: nobody may be listening.
        if message.len() <= DATAGRAM {
            let _ = socket.send(&message);
            return;
        }
        let chunks: Vec<&[u8]> = message.chunks(DATAGRAM - CHUNK_HEAD).collect();
        if chunks.len() > MAX_CHUNKS {
            return;
        }
        for (number, chunk) in chunks.iter().enumerate() {
            let mut datagram = vec![0x1e, 0x0f];
            datagram.extend_from_slice(&self.messages.to_be_bytes());
            datagram.extend_from_slice(&[number as u8, chunks.len() as u8]);
            datagram.extend_from_slice(chunk);
            let _ = socket.send(&datagram);
        }
    }
}

impl Server for Sender {
    fn send(&mut self, record: &Record<'_>) {
        if record.text.is_empty() {
            return;
        }
        let message = self.message(record);
        match self.spec.address {
            Address::Tcp(_) => self.send_tcp(message),
            _ => self.send_udp(&message),
        }
    }
}

fn compress(how: GelfCompression, message: &[u8]) -> io::Result<Vec<u8>> {
    let level = |level: Option<u32>| level.map_or(Compression::fast(), Compression::new);
    match how {
        GelfCompression::None => Ok(message.to_vec()),
        GelfCompression::Gzip(chosen) => {
            let mut encoder = GzEncoder::new(Vec::new(), level(chosen));
            encoder.write_all(message)?;
            encoder.finish()
        }
        GelfCompression::Zlib(chosen) => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level(chosen));
            encoder.write_all(message)?;
            encoder.finish()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::net::{TcpListener, UdpSocket};

    fn record(text: &[u8]) -> Record<'_> {
        Record {
            stream: Stream::Stdout,
            time: 1_795_254_554_307_500_000,
            part: 0,
            last: true,
            text,
        }
    }

    fn spec(address: Address, compression: GelfCompression) -> Gelf {
        Gelf {
            address,
            compression,
            max_reconnect: 3,
            reconnect_delay: 0,
            hostname: "vm".into(),
            fields: BTreeMap::from([("_tag".to_owned(), "a\"b".to_owned())]),
        }
    }

    const SHORT: &str = r#"{"version":"1.1","host":"vm","short_message":"hi","timestamp":1795254554.307,"level":6,"_tag":"a\"b"}"#;

    #[test]
    fn datagrams_plain_compressed_and_in_chunks() {
        let server = UdpSocket::bind("127.0.0.1:0").expect("socket");
        let address = Address::Udp(server.local_addr().expect("address").to_string());
        let mut datagram = [0; 2000];
        let mut receive = || {
            let length = server.recv(&mut datagram).expect("a datagram");
            datagram[..length].to_vec()
        };
        let plain = spec(address.clone(), GelfCompression::None);
        let mut sender = Sender::connect(&plain).expect("connect");
        sender.send(&record(b""));
        sender.send(&record(b"hi"));
        assert_eq!(receive(), SHORT.as_bytes());
        sender.send(&record(&[b'x'; 3000]));
        let chunks = [receive(), receive(), receive()];
        let mut whole = Vec::new();
        for (number, chunk) in chunks.iter().enumerate() {
            assert_eq!(chunk[..2], [0x1e, 0x0f]);
            assert_eq!(chunk[2..10], chunks[0][2..10]);
            assert_eq!(chunk[10..12], [number as u8, 3]);
            whole.extend_from_slice(&chunk[12..]);
        }
        assert_eq!(whole.len(), SHORT.len() - 2 + 3000);

        let gzip = spec(address, GelfCompression::Gzip(Some(9)));
        let mut sender = Sender::connect(&gzip).expect("connect");
        sender.send(&record(b"hi"));
        let mut text = String::new();
        flate2::read::GzDecoder::new(&receive()[..])
            .read_to_string(&mut text)
            .expect("gzip");
        assert_eq!(text, SHORT);
    }

    #[test]
    fn a_lost_connection_is_made_again() {
        let server = TcpListener::bind("127.0.0.1:0").expect("socket");
        let address = Address::Tcp(server.local_addr().expect("address").to_string());
        let mut sender = Sender::connect(&spec(address, GelfCompression::None)).expect("connect");
        drop(server.accept().expect("the first connection"));
        let receiving = std::thread::spawn(move || {
            let (stream, _) = server.accept().expect("the second connection");
            let mut message = Vec::new();
            BufReader::new(stream)
                .read_until(0, &mut message)
                .expect("a message");
            message
        });
        // The kernel takes some before it learns that nobody reads.
        while !receiving.is_finished() {
            sender.send(&record(b"hi"));
            std::thread::yield_now();
        }
        let message = receiving.join().expect("received");
        assert_eq!(message, [SHORT.as_bytes(), b"\0"].concat());
    }
}
