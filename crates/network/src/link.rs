//! Links, addresses and routes, by rtnetlink.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use ipnet::IpNet;

use crate::family::{self, Family, octets};
use crate::netlink::Socket;
use crate::netlink::message::{CREATE, EXCL, Message, REPLACE, attributes, text};

const NETLINK_ROUTE: isize = 0;

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
const RTM_SETLINK: u16 = 19;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_GETADDR: u16 = 22;
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_PROTINFO: u16 = 12;
const IFLA_BRPORT_MODE: u16 = 4;
const IFLA_BRPORT_ISOLATED: u16 = 33;
const IFLA_MTU: u16 = 4;
const IFLA_LINKINFO: u16 = 18;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
const IFLA_MACVLAN_MODE: u16 = 1;
const IFLA_IPVLAN_MODE: u16 = 1;
const IFLA_VLAN_ID: u16 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_BROADCAST: u16 = 4;
const IFA_FLAGS: u16 = 8;
const RTA_DST: u16 = 1;
const RTA_GATEWAY: u16 = 5;

const AF_BRIDGE: u8 = 7;
const IFF_UP: u32 = 1;
/// `IFA_F_NODAD`: nobody else has the address, so it is there at once.
const NODAD: u32 = 2;
const RT_TABLE_MAIN: u8 = 254;
const RTPROT_BOOT: u8 = 3;
const RTN_UNICAST: u8 = 1;

/// The length of `struct ifinfomsg`, before a link's attributes.
const LINK_FIXED: usize = 16;
/// The length of `struct ifaddrmsg`, before an address's attributes.
const ADDRESS_FIXED: usize = 8;
/// The length of `struct rtmsg`, before a route's attributes.
const ROUTE_FIXED: usize = 12;

/// A link as the kernel describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) index: u32,
    pub(crate) name: String,
    /// `bridge`, `veth`; empty for hardware.
    pub(crate) kind: String,
    /// The largest packet, in bytes.
    pub(crate) mtu: u32,
    /// Index of the bridge that it belongs to.
    pub(crate) master: Option<u32>,
}

/// A socket for links, addresses and routes of the thread's namespace.
pub(crate) struct Links {
    socket: Socket,
}

/// The two ends of a veth pair that is to be made.
pub(crate) struct Veth<'a> {
    /// Name of the end that stays.
    pub(crate) host: &'a str,
    /// Index of the bridge that the staying end belongs to.
    pub(crate) bridge: u32,
    /// Name of the end that goes.
    pub(crate) container: &'a str,
    /// Hardware address of the end that goes.
    pub(crate) mac: [u8; 6],
    /// The largest packet of both ends; none for the kernel's default.
    pub(crate) mtu: Option<u32>,
    /// Namespace of the end that goes.
    pub(crate) namespace: BorrowedFd<'a>,
}

/// A link on top of another that is to be made.
pub(crate) struct Child<'a> {
    /// Index of the link below.
    pub(crate) parent: u32,
    /// Its name.
    pub(crate) name: &'a str,
    /// The namespace that it goes to; none for that of the parent.
    pub(crate) namespace: Option<BorrowedFd<'a>>,
    /// Hardware address; none for the kernel's choice.
    pub(crate) mac: Option<[u8; 6]>,
    /// The largest packet; none for the parent's.
    pub(crate) mtu: Option<u32>,
    /// What it is.
    pub(crate) kind: Kind,
}

/// A kind of links on top of others, with the kernel's number of its mode.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Macvlan(u32),
    Ipvlan(u16),
    /// The number of the VLAN.
    Vlan(u16),
}

impl Links {
    /// Opens the socket.
    pub(crate) fn open() -> io::Result<Self> {
        Socket::open(NETLINK_ROUTE).map(|socket| Self { socket })
    }

    /// Makes a bridge that is up, or takes the one that is there.
    pub(crate) fn ensure_bridge(&mut self, name: &str) -> io::Result<()> {
        let mut message = Message::request(RTM_NEWLINK, CREATE | EXCL, &link(0, IFF_UP));
        message
            .string(IFLA_IFNAME, name)
            .nest(IFLA_LINKINFO, |info| {
                info.string(IFLA_INFO_KIND, "bridge");
            });
        match self.socket.request(message) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let links = self.list()?;
                match links.iter().find(|link| link.name == name) {
                    Some(link) if link.kind == "bridge" => self.set_up(link.index),
                    _ => Err(error),
                }
            }
            result => result,
        }
    }

    /// The links of the namespace.
    pub(crate) fn list(&mut self) -> io::Result<Vec<Link>> {
        let bodies = self.socket.dump(Message::dump(RTM_GETLINK, &link(0, 0)))?;
        Ok(bodies.iter().filter_map(|body| link_of(body)).collect())
    }

    /// Makes a veth pair: one message carries pair, bridge and namespace.
    pub(crate) fn add_veth(&mut self, veth: &Veth<'_>) -> io::Result<()> {
        let mut message = Message::request(RTM_NEWLINK, CREATE | EXCL, &link(0, IFF_UP));
        message
            .string(IFLA_IFNAME, veth.host)
            .u32(IFLA_MASTER, veth.bridge);
        if let Some(mtu) = veth.mtu {
            message.u32(IFLA_MTU, mtu);
        }
        message.nest(IFLA_LINKINFO, |info| {
            info.string(IFLA_INFO_KIND, "veth");
            info.nest(IFLA_INFO_DATA, |data| {
                data.nest(VETH_INFO_PEER, |peer| {
                    peer.bytes(&link(0, 0));
                    peer.string(IFLA_IFNAME, veth.container);
                    peer.attribute(IFLA_ADDRESS, &veth.mac);
                    if let Some(mtu) = veth.mtu {
                        peer.u32(IFLA_MTU, mtu);
                    }
                    let namespace = veth.namespace.as_raw_fd();
                    peer.attribute(IFLA_NET_NS_FD, &namespace.to_ne_bytes());
                });
            });
        });
        self.socket.request(message)
    }

    /// Makes a link on top of another. One that stays in this namespace is up.
    pub(crate) fn add_child(&mut self, child: &Child<'_>) -> io::Result<()> {
        let up = match child.namespace {
            None => IFF_UP,
            Some(_) => 0,
        };
        let mut message = Message::request(RTM_NEWLINK, CREATE | EXCL, &link(0, up));
        message
            .string(IFLA_IFNAME, child.name)
            .u32(IFLA_LINK, child.parent);
        if let Some(namespace) = child.namespace {
            message.attribute(IFLA_NET_NS_FD, &namespace.as_raw_fd().to_ne_bytes());
        }
        if let Some(mac) = child.mac {
            message.attribute(IFLA_ADDRESS, &mac);
        }
        if let Some(mtu) = child.mtu {
            message.u32(IFLA_MTU, mtu);
        }
        message.nest(IFLA_LINKINFO, |info| {
            let (kind, attribute, value) = match child.kind {
                Kind::Macvlan(mode) => {
                    let mode = mode.to_ne_bytes().to_vec();
                    ("macvlan", IFLA_MACVLAN_MODE, mode)
                }
                Kind::Ipvlan(mode) => ("ipvlan", IFLA_IPVLAN_MODE, mode.to_ne_bytes().to_vec()),
                Kind::Vlan(id) => ("vlan", IFLA_VLAN_ID, id.to_ne_bytes().to_vec()),
            };
            info.string(IFLA_INFO_KIND, kind);
            info.nest(IFLA_INFO_DATA, |data| {
                data.attribute(attribute, &value);
            });
        });
        self.socket.request(message)
    }

    /// Makes a link that leads nowhere.
    pub(crate) fn add_dummy(&mut self, name: &str) -> io::Result<()> {
        let mut message = Message::request(RTM_NEWLINK, CREATE | EXCL, &link(0, IFF_UP));
        message
            .string(IFLA_IFNAME, name)
            .nest(IFLA_LINKINFO, |info| {
                info.string(IFLA_INFO_KIND, "dummy");
            });
        self.socket.request(message)
    }

    /// Whether the kernel has links of a kind. It is asked for one with a name
    /// that none can have, and looks for the kind first.
    pub(crate) fn knows(&mut self, kind: &str) -> io::Result<bool> {
        const NOT_SUPPORTED: i32 = 95;
        let mut message = Message::request(RTM_NEWLINK, CREATE | EXCL, &link(0, 0));
        message
            .string(IFLA_IFNAME, "/")
            .nest(IFLA_LINKINFO, |info| {
                info.string(IFLA_INFO_KIND, kind);
            });
        match self.socket.request(message) {
            Err(error) if error.raw_os_error() == Some(NOT_SUPPORTED) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
            _ => Ok(true),
        }
    }

    /// Lets a bridge's port send back where a packet came from, as a container
    /// needs that asks itself by the host's address.
    pub(crate) fn set_hairpin(&mut self, port: &str) -> io::Result<()> {
        self.set_port(port, IFLA_BRPORT_MODE)
    }

    /// Keeps a bridge's port from other such ports; only the bridge itself
    /// reaches it, and what comes through it from elsewhere.
    pub(crate) fn isolate(&mut self, port: &str) -> io::Result<()> {
        self.set_port(port, IFLA_BRPORT_ISOLATED)
    }

    fn set_port(&mut self, port: &str, what: u16) -> io::Result<()> {
        let mut fixed = link(index(port)?, 0);
        fixed[0] = AF_BRIDGE;
        let mut message = Message::request(RTM_SETLINK, 0, &fixed);
        message.nest(IFLA_PROTINFO, |info| {
            info.attribute(what, &[1]);
        });
        self.socket.request(message)
    }

    /// Sets the largest packet of a link.
    pub(crate) fn set_mtu(&mut self, index: u32, mtu: u32) -> io::Result<()> {
        let mut message = Message::request(RTM_NEWLINK, 0, &link(index, 0));
        message.u32(IFLA_MTU, mtu);
        self.socket.request(message)
    }

    /// Deletes a link; slow for a veth, whose namespace's end does it cheaper.
    pub(crate) fn delete(&mut self, name: &str) -> io::Result<()> {
        let message = Message::request(RTM_DELLINK, 0, &link(index(name)?, 0));
        self.socket.request(message)
    }

    /// Sets a link up.
    pub(crate) fn set_up(&mut self, index: u32) -> io::Result<()> {
        self.socket
            .request(Message::request(RTM_NEWLINK, 0, &link(index, IFF_UP)))
    }

    /// Gives a link an address; the same one twice is no error.
    pub(crate) fn add_address(&mut self, index: u32, address: IpNet) -> io::Result<()> {
        let fixed = address_fixed(index, address);
        let mut message = Message::request(RTM_NEWADDR, CREATE | EXCL, &fixed);
        message
            .attribute(IFA_LOCAL, &octets(address.addr()))
            .attribute(IFA_ADDRESS, &octets(address.addr()));
        match address {
            IpNet::V4(net) => message.attribute(IFA_BROADCAST, &net.broadcast().octets()),
            IpNet::V6(_) => message.u32(IFA_FLAGS, NODAD),
        };
        match self.socket.request(message) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            result => result,
        }
    }

    /// Takes an address from a link.
    pub(crate) fn remove_address(&mut self, index: u32, address: IpNet) -> io::Result<()> {
        let mut message = Message::request(RTM_DELADDR, 0, &address_fixed(index, address));
        message.attribute(IFA_LOCAL, &octets(address.addr()));
        self.socket.request(message)
    }

    /// Sets the default route of the namespace for the gateway's kind of
    /// packets.
    pub(crate) fn add_default_route(&mut self, gateway: IpAddr) -> io::Result<()> {
        let mut message = Message::request(RTM_NEWROUTE, CREATE | REPLACE, &default_route(gateway));
        message.attribute(RTA_GATEWAY, &octets(gateway));
        self.socket.request(message)
    }

    /// The addresses of the namespace, each with its link's index.
    pub(crate) fn addresses(&mut self, family: Family) -> io::Result<Vec<(u32, IpNet)>> {
        let mut fixed = [0; ADDRESS_FIXED];
        fixed[0] = family.number();
        let bodies = self.socket.dump(Message::dump(RTM_GETADDR, &fixed))?;
        Ok(bodies.iter().filter_map(|body| address_of(body)).collect())
    }

    /// The networks that the namespace has a route to, but the default.
    pub(crate) fn routes(&mut self, family: Family) -> io::Result<Vec<IpNet>> {
        let mut fixed = [0; ROUTE_FIXED];
        fixed[0] = family.number();
        let bodies = self.socket.dump(Message::dump(RTM_GETROUTE, &fixed))?;
        Ok(bodies.iter().filter_map(|body| route_of(body)).collect())
    }
}

/// The index of a link of the thread's namespace.
pub(crate) fn index(name: &str) -> io::Result<u32> {
    rustix::net::netdevice::name_to_index(
        rustix::net::socket(
            rustix::net::AddressFamily::INET,
            rustix::net::SocketType::DGRAM,
            None,
        )?,
        name,
    )
    .map_err(io::Error::from)
}

/// `struct ifinfomsg`: the link's index and the flags that are to change.
fn link(index: u32, flags: u32) -> [u8; LINK_FIXED] {
    let mut fixed = [0; LINK_FIXED];
    fixed[4..8].copy_from_slice(&index.to_ne_bytes());
    fixed[8..12].copy_from_slice(&flags.to_ne_bytes());
    fixed[12..16].copy_from_slice(&flags.to_ne_bytes());
    fixed
}

/// `struct ifaddrmsg`: the link and the prefix.
fn address_fixed(index: u32, address: IpNet) -> [u8; ADDRESS_FIXED] {
    let [a, b, c, d] = index.to_ne_bytes();
    let family = Family::of(address.addr()).number();
    [family, address.prefix_len(), 0, 0, a, b, c, d]
}

/// `struct rtmsg` of a default route.
fn default_route(gateway: IpAddr) -> [u8; ROUTE_FIXED] {
    let mut fixed = [0; ROUTE_FIXED];
    fixed[0] = Family::of(gateway).number();
    fixed[4..8].copy_from_slice(&[RT_TABLE_MAIN, RTPROT_BOOT, 0, RTN_UNICAST]);
    fixed
}

fn link_of(body: &[u8]) -> Option<Link> {
    let number = |bytes: &[u8]| Some(u32::from_ne_bytes(bytes.try_into().ok()?));
    let mut found = Link {
        index: number(body.get(4..8)?)?,
        name: String::new(),
        kind: String::new(),
        mtu: 0,
        master: None,
    };
    for (attribute, value) in attributes(body, LINK_FIXED) {
        match attribute {
            IFLA_IFNAME => found.name = text(value),
            IFLA_MTU => found.mtu = number(value).unwrap_or_default(),
            IFLA_MASTER => found.master = number(value),
            IFLA_LINKINFO => {
                let kind = attributes(value, 0).find(|(kind, _)| *kind == IFLA_INFO_KIND);
                found.kind = kind.map(|(_, value)| text(value)).unwrap_or_default();
            }
            _ => {}
        }
    }
    (!found.name.is_empty()).then_some(found)
}

fn address_of(body: &[u8]) -> Option<(u32, IpNet)> {
    let prefix = *body.get(1)?;
    let index = u32::from_ne_bytes(body.get(4..8)?.try_into().ok()?);
    let found = |wanted| attributes(body, ADDRESS_FIXED).find(|(kind, _)| *kind == wanted);
    // IPv6 has no other end to be told apart from.
    let (_, local) = found(IFA_LOCAL).or_else(|| found(IFA_ADDRESS))?;
    Some((index, IpNet::new(family::address(local)?, prefix).ok()?))
}

fn route_of(body: &[u8]) -> Option<IpNet> {
    let prefix = *body.get(1)?;
    let (_, destination) = attributes(body, ROUTE_FIXED).find(|(kind, _)| *kind == RTA_DST)?;
    IpNet::new(family::address(destination)?, prefix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_off_answers_are_left_out() {
        for length in 0..24 {
            let body = vec![2u8; length];
            assert_eq!(address_of(&body), None);
            assert_eq!(route_of(&body), None);
            assert_eq!(link_of(&body), None);
        }
    }
}
