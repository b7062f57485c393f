//! Published ports: who holds which port of the host.
//!
//! The table in here keeps one daemon's containers apart. What other programs
//! hold is found by binding, and the container's shim keeps the ports bound for
//! as long as the container runs. IPv4 and IPv6 are apart: the unspecified
//! address of one does not stand for addresses of the other.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use rustix::net::sockopt::set_ipv6_v6only;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen, socket_with};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The ports that are given out when none is asked for, if the kernel does not
/// say (`net.ipv4.ip_local_port_range`).
const EPHEMERAL: RangeInclusive<u16> = 49153..=65535;

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// Its number in an IP header.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
            Self::Sctp => 132,
        }
    }
}

/// A port that is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Port of the container.
    pub port: u16,
    /// Transport.
    pub protocol: Protocol,
    /// Addresses on the host, an unspecified one for all of its kind. The port
    /// is the same on each.
    pub host_ips: Vec<IpAddr>,
    /// Ports on the host of which one is taken; none for an ephemeral one.
    pub host_ports: Option<RangeInclusive<u16>>,
}

/// A port that is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Port of the container.
    pub port: u16,
    /// Transport.
    pub protocol: Protocol,
    /// Address on the host, unspecified for all.
    pub host_ip: IpAddr,
    /// Port on the host.
    pub host_port: u16,
}

/// Who holds which port.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    held: HashMap<(Protocol, u16), Vec<(IpAddr, String)>>,
    /// The last ephemeral port given; the next search goes on behind it.
    last: u16,
}

impl Ports {
    /// Takes a port for each request, or none at all.
    pub(crate) fn take(&mut self, owner: &str, requests: &[Request]) -> Result<Vec<Binding>> {
        let mut bindings = Vec::with_capacity(requests.len());
        for request in requests {
            match self.take_one(owner, request) {
                Ok(taken) => bindings.extend(taken),
                Err(error) => {
                    self.give_back(owner, &bindings);
                    return Err(error);
                }
            }
        }
        Ok(bindings)
    }

    /// Notes ports that an endpoint has from before.
    pub(crate) fn mark(&mut self, owner: &str, bindings: &[Binding]) {
        for binding in bindings {
            self.held
                .entry((binding.protocol, binding.host_port))
                .or_default()
                .push((binding.host_ip, owner.to_owned()));
        }
    }

    /// Gives ports back.
    pub(crate) fn give_back(&mut self, owner: &str, bindings: &[Binding]) {
        for binding in bindings {
            let key = (binding.protocol, binding.host_port);
            if let Some(holders) = self.held.get_mut(&key) {
                holders.retain(|(ip, name)| name != owner || *ip != binding.host_ip);
                if holders.is_empty() {
                    self.held.remove(&key);
                }
            }
        }
    }

    fn take_one(&mut self, owner: &str, request: &Request) -> Result<Vec<Binding>> {
        let candidates: Box<dyn Iterator<Item = u16>> = match &request.host_ports {
            Some(range) => Box::new(range.clone()),
            None => {
                let range = ephemeral();
                let (first, end) = (*range.start(), *range.end());
                let next = self.last.checked_add(1).filter(|port| range.contains(port));
                let start = next.unwrap_or(first);
                Box::new((start..=end).chain(first..start))
            }
        };
        let single = (request.host_ports.as_ref()).is_some_and(|r| r.start() == r.end());
        for port in candidates {
            let of = |host_ip: &IpAddr| Binding {
                port: request.port,
                protocol: request.protocol,
                host_ip: *host_ip,
                host_port: port,
            };
            let bindings: Vec<Binding> = request.host_ips.iter().map(of).collect();
            match bindings.iter().try_for_each(|binding| self.probe(binding)) {
                Ok(()) => {
                    if request.host_ports.is_none() {
                        self.last = port;
                    }
                    self.mark(owner, &bindings);
                    return Ok(bindings);
                }
                // In a range the next one may be free; a wrong address stays
                // wrong for every port.
                Err(Error::PortAllocated { .. }) if !single => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::PortsExhausted)
    }

    fn probe(&self, binding: &Binding) -> Result<()> {
        let (ip, port) = (binding.host_ip, binding.host_port);
        let held = self.held.get(&(binding.protocol, port));
        let clashes = |other: &IpAddr| {
            let is_all = other.is_unspecified() || ip.is_unspecified();
            *other == ip || is_all && other.is_ipv4() == ip.is_ipv4()
        };
        if held.is_some_and(|holders| holders.iter().any(|(other, _)| clashes(other))) {
            return Err(Error::PortAllocated { ip, port });
        }
        probe(SocketAddr::new(ip, port), binding.protocol).map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => Error::PortAllocated { ip, port },
            _ => Error::PortUnusable { ip, port, source },
        })
    }
}

/// Binds an address, to know whether it can be had.
fn probe(address: SocketAddr, protocol: Protocol) -> io::Result<()> {
    let kind = match protocol {
        Protocol::Tcp => SocketType::STREAM,
        Protocol::Udp => SocketType::DGRAM,
        // Few kernels have sockets of it; among containers the table tells.
        Protocol::Sctp => return Ok(()),
    };
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = socket_with(family, kind, SocketFlags::CLOEXEC, None)?;
    if address.is_ipv6() {
        set_ipv6_v6only(&socket, true)?;
    }
    if protocol == Protocol::Tcp {
        // Old connections do not count, a listener does.
        rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
    }
    bind(&socket, &address)?;
    if protocol == Protocol::Tcp {
        listen(&socket, 1)?;
    }
    Ok(())
}

fn ephemeral() -> RangeInclusive<u16> {
    let text = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range");
    let text = text.unwrap_or_default();
    let mut numbers = text.split_whitespace().map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(first)), Some(Ok(last))) if first < last => first..=last,
        _ => EPHEMERAL,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn request(host_ports: Option<RangeInclusive<u16>>) -> Request {
        Request {
            port: 80,
            protocol: Protocol::Tcp,
            host_ips: vec![LOCAL],
            host_ports,
        }
    }

    #[test]
    fn a_port_is_given_once_until_it_is_back() {
        let mut ports = Ports::default();
        let first = ports.take("a", &[request(None)]).unwrap();
        let port = first[0].host_port;
        let error = ports.take("b", &[request(Some(port..=port))]).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("Bind for 127.0.0.1:{port} failed: port is already allocated")
        );
        ports.give_back("a", &first);
        assert_eq!(
            ports.take("b", &[request(Some(port..=port))]).unwrap(),
            first
        );
    }

    #[test]
    fn what_another_program_holds_is_allocated_too() {
        let other = TcpListener::bind((LOCAL, 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let mut ports = Ports::default();
        let error = ports.take("a", &[request(Some(port..=port))]).unwrap_err();
        assert!(matches!(error, Error::PortAllocated { .. }), "{error}");
    }

    #[test]
    fn all_or_nothing() {
        let other = TcpListener::bind((LOCAL, 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        let mut ports = Ports::default();
        let both = [request(None), request(Some(port..=port))];
        assert!(ports.take("a", &both).is_err());
        assert!(ports.held.is_empty());
    }

    #[test]
    fn a_range_gives_its_first_free_port() {
        let mut ports = Ports::default();
        let first = ports.take("a", &[request(None)]).unwrap()[0].host_port;
        let range = first..=first.saturating_add(50);
        let next = ports.take("b", &[request(Some(range.clone()))]).unwrap()[0].host_port;
        assert!(next > first && range.contains(&next));
    }
}
