//! The expressions that our rules are made of. What a match loads is compared
//! at once, so one register is enough; a look-up's key and value take three.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::set::Field;
use crate::family::{Family, octets};
use crate::netlink::message::Message;
use crate::ports::Protocol;

const NAME: u16 = 1;
const DATA: u16 = 2;

/// `NFT_REG_VERDICT`
const VERDICT: u32 = 0;
/// `NFT_REG32_00`: the first of the registers of four bytes, which follow each
/// other as the fields of a key do.
const FIRST: u32 = 8;
/// Verdicts: `NF_DROP`, `NF_ACCEPT`.
pub(super) const DROP: u32 = 0;
pub(super) const ACCEPT: u32 = 1;

const EQUAL: u32 = 0;
const NOT_EQUAL: u32 = 1;
/// `IFNAMSIZ`
const LINK_NAME: usize = 16;
/// `RTN_LOCAL`
const LOCAL: u32 = 2;
/// `NFT_META_L4PROTO`
const TRANSPORT_PROTOCOL: u32 = 16;
/// `IPS_DST_NAT`
const TRANSLATED: u32 = 1 << 5;

/// `NFT_PAYLOAD_NETWORK_HEADER`, `NFT_PAYLOAD_TRANSPORT_HEADER`
const NETWORK: u32 = 1;
const TRANSPORT: u32 = 2;

/// Which way a packet passes a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    In,
    Out,
}

impl Way {
    /// `NFT_META_IIF`, `NFT_META_OIF`
    fn index(self) -> u32 {
        match self {
            Self::In => 4,
            Self::Out => 5,
        }
    }

    /// `NFT_META_IIFNAME`, `NFT_META_OIFNAME`
    fn name(self) -> u32 {
        match self {
            Self::In => 6,
            Self::Out => 7,
        }
    }
}

/// Which address of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Destination,
}

impl Field {
    /// Loads this field of a packet.
    fn load(self, register: u32) -> Part {
        match self {
            Self::Address(family) => address(register, family, Side::Destination),
            Self::Protocol => meta(register, TRANSPORT_PROTOCOL),
            Self::Port => payload(register, TRANSPORT, 2, 2),
            Self::Link => meta(register, Way::In.index()),
        }
    }
}

/// A condition or an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    /// The packet passes this link.
    Link(Way, String),
    /// The packet does not pass this link.
    NotLink(Way, String),
    /// The address is in the network.
    Net(Side, IpNet),
    /// The address is another one.
    NotAddress(Side, IpAddr),
    /// The destination is an address of this host.
    ToThisHost,
    /// The destination was translated.
    Translated,
    /// The link that the packet passes is in this set.
    LinkIn(Way, &'static str),
    /// Translate the destination to what the map has for these fields of the
    /// packet, if it has them.
    TranslateBy(&'static str, &'static [Field]),
    /// The packet goes to this port of a transport.
    Transport(Protocol, u16),
    /// Translate the destination to this address and port.
    TranslateTo(Ipv4Addr, u16),
    /// Translate the source to the address of the link the packet leaves by.
    Masquerade,
    /// Ask no further rule of this chain.
    Accept,
    /// Drop the packet.
    Drop,
}

impl Expression {
    /// The kernel's expressions in a table for these packets, in order.
    pub(crate) fn parts(&self, family: Family) -> Vec<Part> {
        match self {
            Self::Link(way, name) => link(*way, name, EQUAL),
            Self::NotLink(way, name) => link(*way, name, NOT_EQUAL),
            Self::Net(side, net) => {
                let mask = octets(net.netmask());
                vec![
                    address(FIRST, family, *side),
                    Part::new("bitwise", move |data| {
                        data.be32(1, FIRST).be32(2, FIRST);
                        data.be32(3, family.length());
                        data.nest(4, |value| {
                            value.attribute(1, &mask);
                        });
                        data.nest(5, |value| {
                            value.attribute(1, &vec![0; mask.len()]);
                        });
                    }),
                    compare(EQUAL, octets(net.network())),
                ]
            }
            Self::NotAddress(side, other) => {
                vec![
                    address(FIRST, family, *side),
                    compare(NOT_EQUAL, octets(*other)),
                ]
            }
            Self::ToThisHost => vec![
                Part::new("fib", |data| {
                    // Result: the kind of the destination address.
                    data.be32(1, FIRST).be32(2, 3).be32(3, 2);
                }),
                compare(EQUAL, LOCAL.to_ne_bytes().to_vec()),
            ],
            Self::Translated => vec![
                Part::new("ct", |data| {
                    data.be32(1, FIRST).be32(2, 2);
                }),
                Part::new("bitwise", |data| {
                    data.be32(1, FIRST).be32(2, FIRST).be32(3, 4);
                    data.nest(4, |value| {
                        value.attribute(1, &TRANSLATED.to_ne_bytes());
                    });
                    data.nest(5, |value| {
                        value.attribute(1, &[0; 4]);
                    });
                }),
                compare(NOT_EQUAL, vec![0; 4]),
            ],
            Self::LinkIn(way, set) => vec![
                meta(FIRST, way.index()),
                Part::new("lookup", |data| {
                    data.string(1, set).be32(2, FIRST);
                }),
            ],
            Self::TranslateBy(map, fields) => {
                let mut register = FIRST;
                let mut parts = Vec::new();
                for field in *fields {
                    parts.push(field.load(register));
                    register += field.words();
                }
                parts.push(Part::new("lookup", |data| {
                    data.string(1, map).be32(2, FIRST).be32(3, FIRST);
                }));
                parts.push(translate(family));
                parts
            }
            Self::Transport(protocol, port) => vec![
                meta(FIRST, TRANSPORT_PROTOCOL),
                compare(EQUAL, vec![protocol.number()]),
                payload(FIRST, TRANSPORT, 2, 2),
                compare(EQUAL, port.to_be_bytes().to_vec()),
            ],
            Self::TranslateTo(address, port) => vec![
                value(FIRST, address.octets().to_vec()),
                value(FIRST + 1, port.to_be_bytes().to_vec()),
                translate(Family::V4),
            ],
            Self::Masquerade => vec![Part::new("masq", |_| {})],
            Self::Accept => vec![verdict(ACCEPT)],
            Self::Drop => vec![verdict(DROP)],
        }
    }
}

/// One expression of the kernel.
pub(crate) struct Part {
    name: &'static str,
    data: Box<dyn FnOnce(&mut Message)>,
}

impl Part {
    fn new(name: &'static str, data: impl FnOnce(&mut Message) + 'static) -> Self {
        Self {
            name,
            data: Box::new(data),
        }
    }

    /// Writes name and data into an open list element.
    pub(crate) fn fill(self, element: &mut Message) {
        element.string(NAME, self.name);
        element.nest(DATA, |data| (self.data)(data));
    }
}

fn link(way: Way, name: &str, operator: u32) -> Vec<Part> {
    let mut padded = name.as_bytes().to_vec();
    padded.resize(LINK_NAME, 0);
    vec![meta(FIRST, way.name()), compare(operator, padded)]
}

fn address(register: u32, family: Family, side: Side) -> Part {
    let offset = match (family, side) {
        (Family::V4, Side::Source) => 12,
        (Family::V4, Side::Destination) => 16,
        (Family::V6, Side::Source) => 8,
        (Family::V6, Side::Destination) => 24,
    };
    payload(register, NETWORK, offset, family.length())
}

/// Translates the destination to the address and port in the registers.
fn translate(family: Family) -> Part {
    Part::new("nat", move |data| {
        let port = FIRST + family.length() / 4;
        // Kind: destination; family; where address and port are.
        data.be32(1, 1).be32(2, u32::from(family.number()));
        data.be32(3, FIRST).be32(5, port);
    })
}

/// Loads bytes of the packet, counted from a header.
fn payload(register: u32, header: u32, offset: u32, length: u32) -> Part {
    Part::new("payload", move |data| {
        data.be32(1, register)
            .be32(2, header)
            .be32(3, offset)
            .be32(4, length);
    })
}

/// Loads what the kernel knows of a packet besides its bytes.
fn meta(register: u32, key: u32) -> Part {
    Part::new("meta", move |data| {
        data.be32(1, register).be32(2, key);
    })
}

/// Loads a value.
fn value(register: u32, bytes: Vec<u8>) -> Part {
    Part::new("immediate", move |data| {
        data.be32(1, register).nest(2, |value| {
            value.attribute(1, &bytes);
        });
    })
}

fn verdict(code: u32) -> Part {
    Part::new("immediate", move |data| {
        data.be32(1, VERDICT).nest(2, |value| {
            value.nest(2, |verdict| {
                verdict.be32(1, code);
            });
        });
    })
}

fn compare(operator: u32, value: Vec<u8>) -> Part {
    Part::new("cmp", move |data| {
        data.be32(1, FIRST).be32(2, operator).nest(3, |data| {
            data.attribute(1, &value);
        });
    })
}
