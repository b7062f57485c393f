//! An HTTP/1.1 client that hides nothing: status line, headers in order,
//! framing and every byte can be looked at. One connection per request.

use std::io::{self, BufRead, BufReader, Read, Write};

use crate::endpoint::{Endpoint, Stream};

/// A request as it will be written.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A request without a body.
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body and its type.
    pub(crate) fn body(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut request = self.header("Content-Type", content_type);
        request.body = body.into();
        request
    }

    /// Asks for the connection itself, as docker's clients do.
    pub(crate) fn upgrade(self) -> Self {
        self.header("Connection", "Upgrade")
            .header("Upgrade", "tcp")
    }

    fn encode(&self) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: conformance\r\n",
            self.method, self.path
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() || self.method == "POST" || self.method == "PUT" {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// How the end of a body is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Framing {
    /// No body by rule: HEAD, 1xx, 204, 304.
    None,
    /// `Content-Length`.
    Length,
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// Until the connection closes.
    Close,
    /// Not HTTP any more.
    Upgraded,
}

/// The status line and headers.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) status_line: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    /// The first header of this name, in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.as_str())
    }

    /// Reads one head; errors name what is not HTTP.
    pub(crate) fn read(reader: &mut impl BufRead) -> io::Result<Self> {
        let status_line = line(reader)?;
        let status = status_line
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| bad(format!("not a status line: {status_line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let text = line(reader)?;
            if text.is_empty() {
                break;
            }
            let (name, value) = text
                .split_once(':')
                .ok_or_else(|| bad(format!("not a header: {text:?}")))?;
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Self {
            status,
            status_line,
            headers,
        })
    }
}

/// An answer whose body has not been read yet. Reading it gives the body
/// without its framing.
pub(crate) struct Reply {
    pub(crate) head: Head,
    pub(crate) framing: Framing,
    connection: BufReader<Stream>,
    /// What is left of the body or of the current chunk.
    left: u64,
    ended: bool,
}

/// Sends a request and reads the head of its answer.
pub(crate) fn send(endpoint: &Endpoint, request: &Request) -> io::Result<Reply> {
    send_bytes(endpoint, &request.encode(), request.method == "HEAD")
}

/// Sends bytes as they are and reads the head of the answer.
pub(crate) fn send_bytes(endpoint: &Endpoint, bytes: &[u8], is_head: bool) -> io::Result<Reply> {
    let mut stream = endpoint.connect()?;
    // An engine may refuse a request before it has read all of it; what it
    // says then matters more than the failed write.
    let written = stream.write_all(bytes);
    let mut connection = BufReader::new(stream);
    let head = Head::read(&mut connection).map_err(|e| written.err().unwrap_or(e))?;
    let length = head.header("Content-Length").and_then(|v| v.parse().ok());
    let framing = match head.status {
        101 => Framing::Upgraded,
        _ if is_head => Framing::None,
        100..=199 | 204 | 304 => Framing::None,
        _ if head.header("Transfer-Encoding") == Some("chunked") => Framing::Chunked,
        _ if length.is_some() => Framing::Length,
        _ => Framing::Close,
    };
    Ok(Reply {
        ended: framing == Framing::None,
        left: length.filter(|_| framing == Framing::Length).unwrap_or(0),
        head,
        framing,
        connection,
    })
}

impl Reply {
    /// The connection, to write to (hijacked) or to bound its reads.
    pub(crate) fn stream(&mut self) -> &mut Stream {
        self.connection.get_mut()
    }

    /// The whole body.
    pub(crate) fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        self.read_to_end(&mut body)?;
        Ok(body)
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let size = line(&mut self.connection)?;
        self.left = u64::from_str_radix(size.trim(), 16)
            .map_err(|_| bad(format!("not a chunk size: {size:?}")))?;
        if self.left == 0 {
            line(&mut self.connection)?;
            self.ended = true;
        }
        Ok(())
    }
}

impl Read for Reply {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        if matches!(self.framing, Framing::Close | Framing::Upgraded) {
            return self.connection.read(buffer);
        }
        if self.left == 0 && self.framing == Framing::Chunked {
            self.next_chunk()?;
        }
        if self.left == 0 {
            self.ended = true;
            return Ok(0);
        }
        let want = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let got = self.connection.read(&mut buffer[..want])?;
        if got == 0 {
            return Err(bad("the connection ended inside the body".to_owned()));
        }
        self.left -= got as u64;
        if self.left == 0 && self.framing == Framing::Chunked {
            line(&mut self.connection)?;
        }
        Ok(got)
    }
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.take(64 * 1024).read_until(b'\n', &mut bytes)?;
    if bytes.pop() != Some(b'\n') {
        return Err(bad("the connection ended inside a line".to_owned()));
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map_err(|_| bad("a line that is not UTF-8".to_owned()))
}

fn bad(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::thread;

    fn answer(text: &'static str) -> Reply {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let server = thread::spawn(move || {
            let (mut peer, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            assert!(peer.read(&mut request).unwrap() > 0);
            peer.write_all(text.as_bytes()).unwrap();
        });
        let reply = send(&Endpoint::Unix(path), &Request::new("GET", "/")).unwrap();
        server.join().unwrap();
        reply
    }

    #[test]
    fn chunks_are_joined() {
        let mut reply = answer(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        );
        assert_eq!(reply.framing, Framing::Chunked);
        assert_eq!(reply.read_all().unwrap(), b"abcde");
    }

    #[test]
    fn a_body_cut_short_is_an_error() {
        let mut reply = answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
        assert!(reply.read_all().is_err());
    }

    #[test]
    fn without_a_length_the_close_ends_the_body() {
        let mut reply = answer("HTTP/1.1 200 OK\r\nX-A: b\r\n\r\nabc");
        assert_eq!(reply.head.header("x-a"), Some("b"));
        assert_eq!(reply.read_all().unwrap(), b"abc");
    }
}
