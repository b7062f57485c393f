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

/// Binds all of `ports`. The sockets hold them until they are dropped.
pub(super) fn reserve(ports: &[PortReservation]) -> Result<Vec<OwnedFd>, Failure> {
    let mut held = Vec::new();
    for port in ports {
        let address = SocketAddr::new(port.ip, port.port);
        match bind(address, port.protocol) {
            Ok(socket) => held.extend(socket),
            Err(error) if error.raw_os_error() == Some(Errno::ADDRINUSE.raw_os_error()) => {
                return Err(Failure::new(
                    FailureKind::PortAllocated,
                    address.to_string(),
                ));
            }
            Err(error) => {
                let text = format!("cannot bind {address}: {error}");
                return Err(Failure::new(FailureKind::Other, text));
            }
        }
    }
    Ok(held)
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
    }
    Ok(Some(socket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};

    fn taken(ip: std::net::IpAddr, port: u16, protocol: Protocol) -> Option<Failure> {
        reserve(&[PortReservation { ip, port, protocol }]).err()
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
        let held = reserve(&[tcp]).expect("free again");
        assert!(taken(v4, port, Protocol::Tcp).is_some());
        TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).expect_err("held");
        UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).expect("another protocol");
        if taken(Ipv6Addr::LOCALHOST.into(), port, Protocol::Tcp).is_some() {
            TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).expect_err("no IPv6 here");
        }
        drop(held);
        assert_eq!(taken(v4, port, Protocol::Tcp), None);
    }
}
