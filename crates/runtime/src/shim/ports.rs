//! Holding the host ports of a container.
//!
//! Packets reach the container by address translation and never come to these
//! sockets. They are bound so that no other program, and no other container, can
//! take the port while the container lives, and because the kernel is the one
//! place that knows: a port is taken when bind says so.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};

use crate::channel::{Failure, FailureKind};
use crate::spec::{PortReservation, Protocol};

/// The ports that are held.
#[derive(Debug, Default)]
pub(super) struct Ports {
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    port: PortReservation,
    /// None where nothing can be bound.
    #[expect(dead_code, reason = "held, not read")]
    socket: Option<OwnedFd>,
}

impl Ports {
    /// Binds all of these, which are held until this is dropped.
    pub(super) fn reserve(ports: &[PortReservation]) -> Result<Self, Failure> {
        let mut held = Self::default();
        held.change(ports)?;
        Ok(held)
    }

    /// Holds just these from now on; on failure those that it held.
    pub(super) fn change(&mut self, wanted: &[PortReservation]) -> Result<(), Failure> {
        let is_held = |port: &PortReservation| self.held.iter().any(|held| held.port == *port);
        let new = wanted.iter().filter(|port| !is_held(port));
        let new: Vec<Held> = new.map(|port| hold(*port)).collect::<Result<_, _>>()?;
        self.held.retain(|held| wanted.contains(&held.port));
        self.held.extend(new);
        Ok(())
    }

    /// Lets all of them go.
    pub(super) fn clear(&mut self) {
        self.held.clear();
    }
}

fn hold(port: PortReservation) -> Result<Held, Failure> {
    let address = SocketAddr::new(port.ip, port.port);
    match bind(address, port.protocol) {
        Ok(socket) => Ok(Held { port, socket }),
        Err(error) if error.raw_os_error() == Some(Errno::ADDRINUSE.raw_os_error()) => Err(
            Failure::new(FailureKind::PortAllocated, address.to_string()),
        ),
        Err(error) => {
            let text = format!("cannot bind {address}: {error}");
            Err(Failure::new(FailureKind::Other, text))
        }
    }
}

fn bind(address: SocketAddr, protocol: Protocol) -> io::Result<Option<OwnedFd>> {
    let kind = match protocol {
        Protocol::Tcp => SocketType::STREAM,
        Protocol::Udp => SocketType::DGRAM,
        Protocol::Sctp => return Ok(None),
    };
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = net::socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    if address.is_ipv6() {
        // The reservation of the same port on IPv4 is one of its own.
        net::sockopt::set_ipv6_v6only(&socket, true)?;
    }
    if protocol == Protocol::Tcp {
        // Old connections of a server that is gone must not keep the port;
        // listening keeps away everybody else who also says so.
        net::sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    net::bind(&socket, &address)?;
    if protocol == Protocol::Tcp {
        net::listen(&socket, 1)?;
        // Whom no rule leads into the container is refused: a connection that
        // nobody takes would wait for ever. The port stays bound, and is nobody
        // else's from here on.
        net::shutdown(&socket, net::Shutdown::Read)?;
        net::sockopt::set_socket_reuseaddr(&socket, false)?;
    }
    Ok(Some(socket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};

    fn taken(ip: std::net::IpAddr, port: u16, protocol: Protocol) -> Option<Failure> {
        Ports::reserve(&[PortReservation { ip, port, protocol }]).err()
    }

    #[test]
    fn a_port_is_held_once_per_protocol_and_family() {
        let v4 = Ipv4Addr::LOCALHOST.into();
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("any port");
        let port = free.local_addr().expect("address").port();
        let failure = taken(v4, port, Protocol::Tcp).expect("a program listens there");
        assert_eq!(failure.kind, FailureKind::PortAllocated);
        assert_eq!(failure.message, format!("127.0.0.1:{port}"));
        drop(free);

        let tcp = PortReservation {
            ip: v4,
            port,
            protocol: Protocol::Tcp,
        };
        let mut held = Ports::reserve(&[tcp]).expect("free again");
        assert!(taken(v4, port, Protocol::Tcp).is_some());
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect_err("held");
        let refused = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        refused.expect_err("nobody is there to talk to");
        UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).expect("another protocol");
        if taken(Ipv6Addr::LOCALHOST.into(), port, Protocol::Tcp).is_some() {
            TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).expect_err("no IPv6 here");
        }
        // A change keeps what stays, and fails as a whole.
        let listening = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("any port");
        let other = PortReservation {
            port: listening.local_addr().expect("address").port(),
            ..tcp
        };
        let failure = held.change(&[other]).expect_err("somebody has it");
        assert_eq!(failure.kind, FailureKind::PortAllocated);
        assert!(taken(v4, port, Protocol::Tcp).is_some(), "still held");
        drop(listening);
        held.change(&[tcp, other]).expect("both");
        held.change(&[other]).expect("one");
        assert_eq!(taken(v4, port, Protocol::Tcp), None);
        assert!(taken(v4, other.port, Protocol::Tcp).is_some());
        held.clear();
        assert_eq!(taken(v4, other.port, Protocol::Tcp), None);
    }
}
