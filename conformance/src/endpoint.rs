//! Where the engine listens, and a byte stream to it.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// How long one read may wait before the engine counts as stuck.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// An address in the form of docker's `-H`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Endpoint {
    /// `unix:///path`
    Unix(PathBuf),
    /// `tcp://host:port`
    Tcp(String),
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix://").filter(|p| p.starts_with('/')) {
            Ok(Self::Unix(path.into()))
        } else if let Some(address) = text.strip_prefix("tcp://").filter(|a| a.contains(':')) {
            Ok(Self::Tcp(address.trim_end_matches('/').to_owned()))
        } else {
            Err(format!(
                "endpoint {text:?} is neither unix:///path nor tcp://host:port"
            ))
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(address) => write!(f, "tcp://{address}"),
        }
    }
}

impl Endpoint {
    /// Opens a new connection.
    pub(crate) fn connect(&self) -> io::Result<Stream> {
        let stream = match self {
            Self::Unix(path) => Stream::Unix(UnixStream::connect(path)?),
            Self::Tcp(address) => Stream::Tcp(TcpStream::connect(address)?),
        };
        stream.read_limit(READ_LIMIT)?;
        Ok(stream)
    }
}

/// One connection, whatever it runs over.
pub(crate) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    /// Bounds every later read.
    pub(crate) fn read_limit(&self, limit: Duration) -> io::Result<()> {
        match self {
            Self::Unix(s) => s.set_read_timeout(Some(limit)),
            Self::Tcp(s) => s.set_read_timeout(Some(limit)),
        }
    }

    /// Ends the direction towards the engine; its answer may still come.
    pub(crate) fn shut_write(&self) -> io::Result<()> {
        match self {
            Self::Unix(s) => s.shutdown(Shutdown::Write),
            Self::Tcp(s) => s.shutdown(Shutdown::Write),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(s) => s.read(buffer),
            Self::Tcp(s) => s.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Unix(s) => s.write(bytes),
            Self::Tcp(s) => s.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Unix(s) => s.flush(),
            Self::Tcp(s) => s.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_and_refuses_others() {
        for good in ["unix:///run/docker.sock", "tcp://127.0.0.1:2375"] {
            assert_eq!(good.parse::<Endpoint>().unwrap().to_string(), good);
        }
        for bad in ["/run/docker.sock", "unix://run", "tcp://host", "http://x:1"] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }
}
