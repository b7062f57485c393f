//! The client's side of a websocket (RFC 6455): the handshake, messages out,
//! messages in. What the engine does wrong is an error that says so.

use std::io::{self, Read, Write};

use crate::endpoint::Endpoint;
use crate::http::{self, Head, Reply, Request};

/// The RFC's own example of a key and of what the server must make of it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// An open websocket.
pub(crate) struct Socket {
    reply: Reply,
    is_closed: bool,
}

/// What came in: a message, or the end.
#[derive(Debug, PartialEq)]
pub(crate) enum Message {
    Text(String),
    Binary(Vec<u8>),
    /// A close frame with its code (1005 when it has none), or the connection's
    /// end without one.
    Close(Option<u16>),
}

/// The request that asks for a websocket.
pub(crate) fn handshake(path: &str) -> Request {
    Request::new("GET", path)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Origin", "http://conformance")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", KEY)
}

/// Opens a websocket; a refusal is an error with the answer's status line.
pub(crate) fn open(endpoint: &Endpoint, path: &str) -> io::Result<Socket> {
    let reply = http::send(endpoint, &handshake(path))?;
    if reply.head.status != 101 {
        return Err(bad(format!("no websocket: {}", reply.head.status_line)));
    }
    match reply.head.header("Sec-WebSocket-Accept") {
        Some(ACCEPT) => Ok(Socket {
            reply,
            is_closed: false,
        }),
        other => Err(bad(format!("Sec-WebSocket-Accept is {other:?}"))),
    }
}

impl Socket {
    /// The head of the answer to the handshake.
    pub(crate) fn head(&self) -> &Head {
        &self.reply.head
    }

    /// Sends one binary message.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.frame(BINARY, bytes)
    }

    /// The next message; pings are answered on the way.
    pub(crate) fn receive(&mut self) -> io::Result<Message> {
        let mut message = Vec::new();
        let mut kind = 0;
        loop {
            let Some((is_last, code, payload)) = self.read_frame()? else {
                self.is_closed = true;
                return Ok(Message::Close(None));
            };
            match code {
                PING => self.frame(PONG, &payload)?,
                PONG => {}
                CLOSE => {
                    self.is_closed = true;
                    let code = payload
                        .first_chunk()
                        .map_or(1005, |c| u16::from_be_bytes(*c));
                    return Ok(Message::Close(Some(code)));
                }
                0 | TEXT | BINARY => {
                    kind = if code == 0 { kind } else { code };
                    message.extend_from_slice(&payload);
                    if is_last && kind == TEXT {
                        return String::from_utf8(message)
                            .map(Message::Text)
                            .map_err(|_| bad("a text message that is not UTF-8".to_owned()));
                    } else if is_last {
                        return Ok(Message::Binary(message));
                    }
                }
                other => return Err(bad(format!("unknown frame type {other}"))),
            }
        }
    }

    /// The contents of all messages up to the end.
    pub(crate) fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        while !self.is_closed {
            match self.receive()? {
                Message::Text(text) => all.extend_from_slice(text.as_bytes()),
                Message::Binary(bytes) => all.extend_from_slice(&bytes),
                Message::Close(_) => {}
            }
        }
        Ok(all)
    }

    fn read_frame(&mut self) -> io::Result<Option<(bool, u8, Vec<u8>)>> {
        let mut head = [0; 2];
        if self.reply.read(&mut head[..1])? == 0 {
            return Ok(None);
        }
        self.reply.read_exact(&mut head[1..])?;
        if head[1] & 0x80 != 0 {
            return Err(bad("a masked frame from the server".to_owned()));
        }
        let length = match head[1] {
            126 => {
                let mut bytes = [0; 2];
                self.reply.read_exact(&mut bytes)?;
                u64::from(u16::from_be_bytes(bytes))
            }
            127 => {
                let mut bytes = [0; 8];
                self.reply.read_exact(&mut bytes)?;
                u64::from_be_bytes(bytes)
            }
            short => u64::from(short),
        };
        let mut payload = Vec::new();
        Read::by_ref(&mut self.reply)
            .take(length)
            .read_to_end(&mut payload)?;
        if payload.len() as u64 != length {
            return Err(bad("the connection ended inside a frame".to_owned()));
        }
        Ok(Some((head[0] & 0x80 != 0, head[0] & 0x0f, payload)))
    }

    fn frame(&mut self, code: u8, payload: &[u8]) -> io::Result<()> {
        let mut frame = vec![0x80 | code];
        match payload.len() {
            short @ 0..=125 => frame.push(0x80 | short as u8),
            middle @ 126..=0xffff => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&(middle as u16).to_be_bytes());
            }
            long => {
                frame.push(0x80 | 127);
                frame.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        // Clients must mask; a mask of zeros is one.
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(payload);
        self.reply.stream().write_all(&frame)
    }
}

fn bad(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::thread;

    #[test]
    fn pieces_are_joined_and_pings_answered() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let server = thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            let mut buffer = [0; 4096];
            assert!(peer.read(&mut buffer).unwrap() > 0);
            let head = format!("HTTP/1.1 101 X\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n");
            peer.write_all(head.as_bytes()).unwrap();
            peer.write_all(b"\x02\x02ab\x89\x01p\x80\x01c\x88\x02\x03\xe8")
                .unwrap();
            let count = peer.read(&mut buffer).unwrap();
            buffer[..count].to_vec()
        });
        let mut socket = open(&Endpoint::Unix(path), "/").unwrap();
        assert_eq!(socket.receive().unwrap(), Message::Binary(b"abc".to_vec()));
        assert_eq!(socket.receive().unwrap(), Message::Close(Some(1000)));
        assert_eq!(server.join().unwrap(), b"\x8a\x81\0\0\0\0p");
    }
}
