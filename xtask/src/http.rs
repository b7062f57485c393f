//! The smallest HTTP/1.1 client over a unix socket that these tasks need: one
//! connection kept open, JSON in and out, bodies read to their end, and
//! connections that become a stream.

use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// No answer of an engine takes longer than this in a benchmark.
const PATIENCE: Duration = Duration::from_secs(120);

/// Large enough that reading costs little beside what an engine does.
const BUFFER: usize = 256 << 10;

/// One kept-alive connection to an engine.
pub(crate) struct Client {
    stream: BufReader<UnixStream>,
}

/// The head of an answer.
struct Head {
    status: u16,
    length: usize,
    chunked: bool,
}

impl Client {
    /// Connects to the engine's socket.
    pub(crate) fn connect(socket: &Path) -> Result<Self, String> {
        let stream = UnixStream::connect(socket)
            .and_then(|stream| stream.set_read_timeout(Some(PATIENCE)).map(|()| stream))
            .map_err(|error| format!("{}: {error}", socket.display()))?;
        Ok(Self {
            stream: BufReader::with_capacity(BUFFER, stream),
        })
    }

    /// Sends one request and reads its whole answer: status and body.
    pub(crate) fn call(
        &mut self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<(u16, Vec<u8>), String> {
        let mut answer = Vec::new();
        let status = self
            .exchange(method, path, kind, body, |piece| {
                answer.extend_from_slice(piece);
            })
            .map_err(|error| format!("{method} {path}: {error}"))?;
        Ok((status, answer))
    }

    /// The same, keeping only the length of the body.
    pub(crate) fn count(&mut self, method: &str, path: &str) -> Result<(u16, usize), String> {
        let mut length = 0;
        let status = self
            .exchange(method, path, "", b"", |piece| length += piece.len())
            .map_err(|error| format!("{method} {path}: {error}"))?;
        Ok((status, length))
    }

    /// Sends a request after which the connection is the stream of a process, and
    /// returns that when the engine has agreed.
    pub(crate) fn upgrade(
        mut self,
        path: &str,
        body: &[u8],
    ) -> Result<BufReader<UnixStream>, String> {
        let more = "Connection: Upgrade\r\nUpgrade: tcp\r\n";
        let head = self
            .send("POST", path, "application/json", more, body)
            .and_then(|()| self.head())
            .map_err(|error| format!("POST {path}: {error}"))?;
        match head.status {
            101 | 200 => Ok(self.stream),
            status => Err(format!("POST {path}: {status}")),
        }
    }

    fn exchange(
        &mut self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
        take: impl FnMut(&[u8]),
    ) -> std::io::Result<u16> {
        self.send(method, path, kind, "", body)?;
        let head = self.head()?;
        self.body(&head, take)?;
        Ok(head.status)
    }

    fn send(
        &mut self,
        method: &str,
        path: &str,
        kind: &str,
        more: &str,
        body: &[u8],
    ) -> std::io::Result<()> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: bench\r\n{more}");
        if !kind.is_empty() {
            head.push_str(&format!("Content-Type: {kind}\r\n"));
        }
        head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let stream = self.stream.get_mut();
        if body.len() < BUFFER {
            // One write, so that the engine is woken once.
            return stream.write_all(&[head.as_bytes(), body].concat());
        }
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)
    }

    fn head(&mut self) -> std::io::Result<Head> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let mut head = Head {
            status: status.ok_or_else(|| std::io::Error::other("no status line"))?,
            length: 0,
            chunked: false,
        };
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            match header.split_once(':') {
                None => return Ok(head),
                Some(("content-length", value)) => head.length = value.trim().parse().unwrap_or(0),
                Some(("transfer-encoding", value)) => head.chunked = value.trim() == "chunked",
                Some(_) => {}
            }
        }
    }

    fn body(&mut self, head: &Head, mut take: impl FnMut(&[u8])) -> std::io::Result<()> {
        if !head.chunked {
            return self.piece(head.length, &mut take);
        }
        let mut line = String::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let size = usize::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
            self.piece(size, &mut take)?;
            line.clear();
            self.stream.read_line(&mut line)?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn piece(&mut self, mut left: usize, take: &mut impl FnMut(&[u8])) -> std::io::Result<()> {
        while left > 0 {
            let buffer = self.stream.fill_buf()?;
            if buffer.is_empty() {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let count = buffer.len().min(left);
            take(&buffer[..count]);
            self.stream.consume(count);
            left -= count;
        }
        Ok(())
    }
}

/// Reads a stream to its end; how many bytes came.
pub(crate) fn drain(stream: &mut BufReader<UnixStream>) -> Result<usize, String> {
    // Some engines end the stream only when the client has ended its side.
    let _ = stream.get_ref().shutdown(Shutdown::Write);
    let mut length = 0;
    loop {
        match stream.fill_buf() {
            Ok([]) => return Ok(length),
            Ok(bytes) => {
                let count = bytes.len();
                length += count;
                stream.consume(count);
            }
            Err(error) => return Err(format!("stream: {error}")),
        }
    }
}
