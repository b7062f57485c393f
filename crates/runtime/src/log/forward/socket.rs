//! Connections to log servers, with errors worded as dockerd's are.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::time::Duration;

use super::Address;

/// How long one attempt to connect may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a machine's own syslog listens, most usual first.
const SYSLOG: [&str; 3] = ["/dev/log", "/var/run/syslog", "/var/run/log"];

/// A connection.
#[derive(Debug)]
pub(super) enum Socket {
    Unix(UnixStream),
    Unixgram(UnixDatagram),
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Socket {
    pub(super) fn connect(address: &Address) -> Result<Self, String> {
        match address {
            Address::Unix(path) => UnixStream::connect(path)
                .map(Self::Unix)
                .map_err(|error| dial("unix", &path.display().to_string(), &error)),
            Address::Unixgram(path) => unixgram(path)
                .map_err(|error| dial("unixgram", &path.display().to_string(), &error)),
            Address::Tcp(address) => tcp(address),
            Address::Udp(address) => udp(address),
            Address::LocalSyslog => local_syslog(),
        }
    }

    /// Sends one message: all of it, or an error.
    pub(super) fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            Self::Unix(socket) => socket.write_all(message),
            Self::Tcp(socket) => socket.write_all(message),
            Self::Unixgram(socket) => socket.send(message).map(drop),
            Self::Udp(socket) => socket.send(message).map(drop),
        }
    }

    /// Reads from a stream; a datagram socket has nothing to say.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(socket) => socket.read(buffer),
            Self::Tcp(socket) => socket.read(buffer),
            Self::Unixgram(_) | Self::Udp(_) => Ok(0),
        }
    }
}

fn unixgram(path: &Path) -> io::Result<Socket> {
    let socket = UnixDatagram::unbound()?;
    socket.connect(path)?;
    Ok(Socket::Unixgram(socket))
}

fn local_syslog() -> Result<Socket, String> {
    for path in SYSLOG.map(Path::new) {
        if let Ok(socket) = unixgram(path) {
            return Ok(socket);
        }
        if let Ok(socket) = UnixStream::connect(path) {
            return Ok(Socket::Unix(socket));
        }
    }
    Err("Unix syslog delivery error".into())
}

fn tcp(address: &str) -> Result<Socket, String> {
    let mut refused = format!("dial tcp: lookup {address}: no such host");
    for candidate in lookup("tcp", address)? {
        match TcpStream::connect_timeout(&candidate, PATIENCE) {
            Ok(socket) => {
                // Lines are small and should leave at once.
                let _ = socket.set_nodelay(true);
                return Ok(Socket::Tcp(socket));
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                refused = format!("dial tcp {candidate}: i/o timeout");
            }
            Err(error) => refused = dial("tcp", &candidate.to_string(), &error),
        }
    }
    Err(refused)
}

fn udp(address: &str) -> Result<Socket, String> {
    let mut refused = format!("dial udp: lookup {address}: no such host");
    for candidate in lookup("udp", address)? {
        let own: SocketAddr = match candidate {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(own).and_then(|socket| {
            socket.connect(candidate)?;
            Ok(socket)
        });
        match socket {
            Ok(socket) => return Ok(Socket::Udp(socket)),
            Err(error) => refused = dial("udp", &candidate.to_string(), &error),
        }
    }
    Err(refused)
}

fn lookup(network: &str, address: &str) -> Result<Vec<SocketAddr>, String> {
    if let Ok(address) = address.parse() {
        return Ok(vec![address]);
    }
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    address
        .to_socket_addrs()
        .map(Iterator::collect)
        .map_err(|_| format!("dial {network}: lookup {host}: no such host"))
}

fn dial(network: &str, address: &str, error: &io::Error) -> String {
    format!("dial {network} {address}: connect: {}", reason(error))
}

/// The system's text as Go has it: in small letters, without the number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_dockerds() {
        let refused = |address| Socket::connect(&address).expect_err("nobody listens");
        // The port of a socket that is gone.
        let port = UdpSocket::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .expect("a free port")
            .port();
        assert_eq!(
            refused(Address::Tcp(format!("127.0.0.1:{port}"))),
            format!("dial tcp 127.0.0.1:{port}: connect: connection refused")
        );
        assert_eq!(
            refused(Address::Unix("/nonexistent".into())),
            "dial unix /nonexistent: connect: no such file or directory"
        );
    }
}
