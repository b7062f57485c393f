//! The expressions that our rules are made of. What a match loads is compared
//! at once, so one register is enough; address translation takes two.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::netlink::message::Message;

const NAME: u16 = 1;
const DATA: u16 = 2;

/// `NFT_REG_VERDICT` and the first two data registers.
const VERDICT: u32 = 0;
const ADDRESS: u32 = 1;
const PORT: u32 = 2;

const EQUAL: u32 = 0;
const NOT_EQUAL: u32 = 1;
/// `IFNAMSIZ`
const LINK_NAME: usize = 16;
/// `RTN_LOCAL`
const LOCAL: u32 = 2;
/// `IPS_DST_NAT`
const TRANSLATED: u32 = 1 << 5;

/// Which way a packet passes a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    In,
    Out,
}

/// Which address of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Source,
    Destination,
}

/// A condition or an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expression {
    /// The packet passes this link.
    Link(Way, String),
    /// The packet does not pass this link.
    NotLink(Way, String),
    /// The address is in the network.
    Net(Side, Ipv4Net),
    /// The address is another one.
    NotAddress(Side, Ipv4Addr),
    /// The destination is an address of this host.
    ToThisHost,
    /// The transport protocol has this number.
    Protocol(u8),
    /// The destination port.
    Port(u16),
    /// The destination was translated.
    Translated,
    /// Translate the destination.
    Destination(Ipv4Addr, u16),
    /// Translate the source to the address of the link the packet leaves by.
    Masquerade,
    /// Drop the packet.
    Drop,
}

impl Expression {
    /// The kernel's expressions, in order.
    pub(crate) fn parts(&self) -> Vec<Part> {
        match self {
            Self::Link(way, name) => link(*way, name, EQUAL),
            Self::NotLink(way, name) => link(*way, name, NOT_EQUAL),
            Self::Net(side, net) => {
                let mask = net.netmask().octets().to_vec();
                vec![
                    address(*side),
                    Part::new("bitwise", move |data| {
                        data.be32(1, ADDRESS).be32(2, ADDRESS).be32(3, 4);
                        data.nest(4, |value| {
                            value.attribute(1, &mask);
                        });
                        data.nest(5, |value| {
                            value.attribute(1, &[0; 4]);
                        });
                    }),
                    compare(EQUAL, net.network().octets().to_vec()),
                ]
            }
            Self::NotAddress(side, other) => {
                vec![address(*side), compare(NOT_EQUAL, other.octets().to_vec())]
            }
            Self::ToThisHost => vec![
                Part::new("fib", |data| {
                    // Result: the kind of the destination address.
                    data.be32(1, ADDRESS).be32(2, 3).be32(3, 2);
                }),
                compare(EQUAL, LOCAL.to_ne_bytes().to_vec()),
            ],
            Self::Protocol(number) => vec![
                Part::new("meta", |data| {
                    data.be32(1, ADDRESS).be32(2, 16);
                }),
                compare(EQUAL, vec![*number]),
            ],
            Self::Port(port) => vec![
                payload(2, 2, 2),
                compare(EQUAL, port.to_be_bytes().to_vec()),
            ],
            Self::Translated => vec![
                Part::new("ct", |data| {
                    data.be32(1, ADDRESS).be32(2, 2);
                }),
                Part::new("bitwise", |data| {
                    data.be32(1, ADDRESS).be32(2, ADDRESS).be32(3, 4);
                    data.nest(4, |value| {
                        value.attribute(1, &TRANSLATED.to_ne_bytes());
                    });
                    data.nest(5, |value| {
                        value.attribute(1, &[0; 4]);
                    });
                }),
                compare(NOT_EQUAL, vec![0; 4]),
            ],
            Self::Destination(address, port) => vec![
                load(ADDRESS, address.octets().to_vec()),
                load(PORT, port.to_be_bytes().to_vec()),
                Part::new("nat", |data| {
                    // Kind: destination; family: IPv4; the registers.
                    data.be32(1, 1).be32(2, 2).be32(3, ADDRESS).be32(5, PORT);
                }),
            ],
            Self::Masquerade => vec![Part::new("masq", |_| {})],
            Self::Drop => vec![Part::new("immediate", |data| {
                data.be32(1, VERDICT).nest(2, |value| {
                    value.nest(2, |verdict| {
                        verdict.be32(1, 0);
                    });
                });
            })],
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
    let key = match way {
        Way::In => 6,
        Way::Out => 7,
    };
    let mut padded = name.as_bytes().to_vec();
    padded.resize(LINK_NAME, 0);
    vec![
        Part::new("meta", move |data| {
            data.be32(1, ADDRESS).be32(2, key);
        }),
        compare(operator, padded),
    ]
}

fn address(side: Side) -> Part {
    match side {
        Side::Source => payload(1, 12, 4),
        Side::Destination => payload(1, 16, 4),
    }
}

/// Loads bytes of the packet: base 1 is the network header, 2 the transport's.
fn payload(base: u32, offset: u32, length: u32) -> Part {
    Part::new("payload", move |data| {
        data.be32(1, ADDRESS)
            .be32(2, base)
            .be32(3, offset)
            .be32(4, length);
    })
}

fn load(register: u32, value: Vec<u8>) -> Part {
    Part::new("immediate", move |data| {
        data.be32(1, register).nest(2, |data| {
            data.attribute(1, &value);
        });
    })
}

fn compare(operator: u32, value: Vec<u8>) -> Part {
    Part::new("cmp", move |data| {
        data.be32(1, ADDRESS).be32(2, operator).nest(3, |data| {
            data.attribute(1, &value);
        });
    })
}
