//! The table of one bridge: what is translated, what is kept out and in.
//!
//! | chain | what it does |
//! | --- | --- |
//! | guard | nobody beyond the bridge reaches a container by its own address, and no container reaches the host's loopback |
//! | incoming, outgoing | translate published ports, for packets from elsewhere and from this host |
//! | internal | of a bridge without a way to other networks: nothing is forwarded |
//! | source | masquerades what leaves the bridge's subnet, what came back to it by a published port, and the host's loopback |
//!
//! There is one for IPv4, and one for IPv6 where the bridge has it.
//!
//! Published ports are elements of two maps, one for ports of a single address
//! of the host and one for ports of all: a packet costs the same however many
//! there are, and so does publishing one more.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::bridge::Settings;
use crate::family::{Family, octets};
use crate::nft::expression::{Expression, Side, Way};
use crate::nft::set::{Element, Field, Set};
use crate::nft::{Chain, Hook, Table};
use crate::ports::Binding;

/// Priorities of the kernel's hooks: before connection tracking, destination
/// translation, filtering, source translation.
const RAW: i32 = -300;
const DSTNAT: i32 = -100;
const FILTER: i32 = 0;
const SRCNAT: i32 = 100;

const LOOPBACK_V4: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);
const LOOPBACK_V6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128);

/// The map of ports published on one address of the host.
const ON_ADDRESS: &str = "published_on_address";
const ON_ADDRESS_KEY: [&[Field]; 2] = [
    &[Field::Address(Family::V4), Field::Protocol, Field::Port],
    &[Field::Address(Family::V6), Field::Protocol, Field::Port],
];
/// The map of ports published on every address of the host.
const ON_ALL: &str = "published_on_all";
const ON_ALL_KEY: &[Field] = &[Field::Protocol, Field::Port];
/// The values of both: where in a container it goes.
const TARGET: [&[Field]; 2] = [
    &[Field::Address(Family::V4), Field::Port],
    &[Field::Address(Family::V6), Field::Port],
];

/// Names the table that [`unrouted`] declares.
pub(crate) const UNROUTED: &str = "longshore-unrouted";
const LINKS: &str = "links";

/// Elements of the maps, by the map's name.
pub(crate) type Elements = Vec<(&'static str, Vec<Element>)>;

/// The table's name for a bridge.
pub(crate) fn name(bridge: &str) -> String {
    format!("longshore-{bridge}")
}

/// The bridge that a table of this name is for.
pub(crate) fn bridge_of(table: &str) -> Option<&str> {
    table
        .strip_prefix("longshore-")
        .filter(|_| table != UNROUTED)
}

/// The table for a bridge with this address and these published ports.
pub(crate) fn table(settings: &Settings, net: IpNet, published: Elements) -> Table {
    let family = Family::of(net.addr());
    let of = |map| {
        let elements = published.iter().filter(|(name, _)| *name == map);
        elements.flat_map(|(_, list)| list.clone()).collect()
    };
    let on_address = ON_ADDRESS_KEY[family as usize];
    let sets = [(ON_ADDRESS, on_address), (ON_ALL, ON_ALL_KEY)].map(|(name, key)| Set {
        name,
        key,
        value: TARGET[family as usize],
        elements: of(name),
    });
    Table {
        family,
        name: name(&settings.name),
        sets: sets.into(),
        chains: chains(settings, net),
    }
}

/// The elements that publish these ports of a container with this address.
pub(crate) fn elements(container: IpAddr, ports: &[Binding]) -> Elements {
    let (mut on_address, mut on_all) = (Vec::new(), Vec::new());
    let family = Family::of(container);
    for binding in ports.iter().filter(|b| Family::of(b.host_ip) == family) {
        let protocol = [binding.protocol.number(), 0, 0, 0];
        let port = port_field(binding.host_port);
        let mut value = words(container);
        value.push(port_field(binding.port));
        if binding.host_ip.is_unspecified() {
            let key = vec![protocol, port];
            on_all.push(Element { key, value });
        } else {
            let mut key = words(binding.host_ip);
            key.extend([protocol, port]);
            on_address.push(Element { key, value });
        }
    }
    let mut elements = vec![(ON_ADDRESS, on_address), (ON_ALL, on_all)];
    elements.retain(|(_, list)| !list.is_empty());
    elements
}

/// What keeps a host that was no router from being one between the links that
/// it had, although forwarding is on for the sake of containers.
pub(crate) fn unrouted(family: Family, links: &[u32]) -> Table {
    let elements = links.iter().map(|index| Element {
        key: vec![index.to_ne_bytes()],
        value: Vec::new(),
    });
    Table {
        family,
        name: UNROUTED.to_owned(),
        sets: vec![Set {
            name: LINKS,
            key: &[Field::Link],
            value: &[],
            elements: elements.collect(),
        }],
        chains: vec![Chain {
            name: "forward",
            kind: "filter",
            hook: Hook::Forward,
            priority: FILTER,
            drops: false,
            rules: vec![vec![
                Expression::LinkIn(Way::In, LINKS),
                Expression::LinkIn(Way::Out, LINKS),
                Expression::Drop,
            ]],
        }],
    }
}

fn chains(settings: &Settings, net: IpNet) -> Vec<Chain> {
    let bridge = settings.name.clone();
    let (subnet, loopback) = (net.trunc(), loopback(net));
    let on_address = ON_ADDRESS_KEY[Family::of(net.addr()) as usize];
    let translations = vec![
        vec![
            Expression::ToThisHost,
            Expression::TranslateBy(ON_ADDRESS, on_address),
        ],
        vec![
            Expression::ToThisHost,
            Expression::TranslateBy(ON_ALL, ON_ALL_KEY),
        ],
    ];
    // A neighbour may send packets for 127.0.0.1: translation comes before the
    // kernel's own check, so they must not be translated. The host's own were
    // already, when they went out.
    let mut incoming = vec![vec![
        Expression::Net(Side::Destination, loopback),
        Expression::Accept,
    ]];
    incoming.extend(translations.clone());
    let mut chains = vec![
        Chain {
            name: "guard",
            kind: "filter",
            hook: Hook::Prerouting,
            priority: RAW,
            drops: false,
            rules: vec![
                vec![
                    Expression::NotLink(Way::In, bridge.clone()),
                    Expression::NotLink(Way::In, "lo".to_owned()),
                    Expression::Net(Side::Destination, subnet),
                    Expression::NotAddress(Side::Destination, net.addr()),
                    Expression::Drop,
                ],
                vec![
                    Expression::Link(Way::In, bridge.clone()),
                    Expression::Net(Side::Destination, loopback),
                    Expression::Drop,
                ],
            ],
        },
        Chain {
            name: "incoming",
            kind: "nat",
            hook: Hook::Prerouting,
            priority: DSTNAT,
            drops: false,
            rules: incoming.clone(),
        },
        Chain {
            name: "outgoing",
            kind: "nat",
            hook: Hook::Output,
            priority: DSTNAT,
            drops: false,
            // No packet of ::1 leaves the loopback, so who holds the port has to
            // take the connection.
            rules: match net {
                IpNet::V4(_) => translations,
                IpNet::V6(_) => incoming,
            },
        },
        Chain {
            name: "source",
            kind: "nat",
            hook: Hook::Postrouting,
            priority: SRCNAT,
            drops: false,
            rules: source(settings, subnet),
        },
    ];
    if settings.internal {
        chains.push(Chain {
            name: "internal",
            kind: "filter",
            hook: Hook::Forward,
            priority: FILTER,
            drops: false,
            rules: [(Way::In, Way::Out), (Way::Out, Way::In)]
                .map(|(here, elsewhere)| {
                    vec![
                        Expression::Link(here, bridge.clone()),
                        Expression::NotLink(elsewhere, bridge.clone()),
                        Expression::Drop,
                    ]
                })
                .into(),
        });
    }
    chains
}

/// What goes by the host's address.
fn source(settings: &Settings, subnet: IpNet) -> Vec<Vec<Expression>> {
    let bridge = settings.name.clone();
    let mut rules = vec![
        vec![
            Expression::Net(Side::Source, subnet),
            Expression::Link(Way::Out, bridge.clone()),
            Expression::Translated,
            Expression::Masquerade,
        ],
        vec![
            Expression::Net(Side::Source, loopback(subnet)),
            Expression::Link(Way::Out, bridge.clone()),
            Expression::Masquerade,
        ],
    ];
    if settings.masquerade && !settings.internal {
        rules.push(vec![
            Expression::Net(Side::Source, subnet),
            Expression::NotLink(Way::Out, bridge),
            Expression::Masquerade,
        ]);
    }
    rules
}

/// The loopback addresses of the same kind.
fn loopback(net: IpNet) -> IpNet {
    match net {
        IpNet::V4(_) => LOOPBACK_V4.into(),
        IpNet::V6(_) => LOOPBACK_V6.into(),
    }
}

/// An address as registers hold it.
fn words(address: IpAddr) -> Vec<[u8; 4]> {
    let octets = octets(address);
    let (words, _) = octets.as_chunks::<4>();
    words.to_vec()
}

/// A port as a register holds it: network byte order, then zeroes.
fn port_field(port: u16) -> [u8; 4] {
    let [high, low] = port.to_be_bytes();
    [high, low, 0, 0]
}
