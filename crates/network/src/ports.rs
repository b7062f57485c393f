//! Published ports: who holds which port of the host.
//!
//! The table in here keeps one daemon's containers apart. What other programs
//! hold is found by binding, and the container's shim keeps the ports bound for
//! as long as the container runs.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::ops::RangeInclusive;

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
    /// Address on the host, unspecified for all.
    pub host_ip: IpAddr,
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
                Ok(binding) => bindings.push(binding),
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

    fn take_one(&mut self, owner: &str, request: &Request) -> Result<Binding> {
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
            let binding = Binding {
                port: request.port,
                protocol: request.protocol,
                host_ip: request.host_ip,
                host_port: port,
            };
            match self.probe(&binding) {
                Ok(()) => {
                    if request.host_ports.is_none() {
                        self.last = port;
                    }
                    self.mark(owner, &[binding]);
                    return Ok(binding);
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
        let clashes =
            |other: &IpAddr| *other == ip || other.is_unspecified() || ip.is_unspecified();
        if held.is_some_and(|holders| holders.iter().any(|(other, _)| clashes(other))) {
            return Err(Error::PortAllocated { ip, port });
        }
        let address = SocketAddr::new(ip, port);
        let bound = match binding.protocol {
            Protocol::Tcp => TcpListener::bind(address).map(drop),
            Protocol::Udp => UdpSocket::bind(address).map(drop),
            // Few kernels have sockets of it; among containers the table tells.
            Protocol::Sctp => Ok(()),
        };
        bound.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => Error::PortAllocated { ip, port },
            _ => Error::PortUnusable { ip, port, source },
        })
    }
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
    use std::net::Ipv4Addr;

    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn request(host_ports: Option<RangeInclusive<u16>>) -> Request {
        Request {
            port: 80,
            protocol: Protocol::Tcp,
            host_ip: LOCAL,
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
