//! The table of one bridge: what is translated, what is kept out and in.
//!
//! | chain | what it does |
//! | --- | --- |
//! | guard | nobody beyond the bridge reaches a container by its own address, and no container reaches the host's loopback |
//! | incoming, outgoing | translate published ports, for packets from elsewhere and from this host |
//! | internal | of a bridge without a way to other networks: nothing is forwarded |
//! | source | masquerades what leaves the bridge's subnet, what came back to it by a published port, and the host's loopback |
//!
//! Published ports are elements of two maps, one for ports of a single address
//! of the host and one for ports of all: a packet costs the same however many
//! there are, and so does publishing one more.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;

use crate::bridge::Settings;
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

const LOOPBACK: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);

/// The map of ports published on one address of the host.
const ON_ADDRESS: &str = "published_on_address";
const ON_ADDRESS_KEY: &[Field] = &[Field::Address, Field::Protocol, Field::Port];
/// The map of ports published on every address of the host.
const ON_ALL: &str = "published_on_all";
const ON_ALL_KEY: &[Field] = &[Field::Protocol, Field::Port];
/// The values of both: where in a container it goes.
const TARGET: &[Field] = &[Field::Address, Field::Port];

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
pub(crate) fn table(settings: &Settings, net: Ipv4Net, published: Elements) -> Table {
    let of = |map| {
        let elements = published.iter().filter(|(name, _)| *name == map);
        elements.flat_map(|(_, list)| list.clone()).collect()
    };
    let sets = [(ON_ADDRESS, ON_ADDRESS_KEY), (ON_ALL, ON_ALL_KEY)].map(|(name, key)| Set {
        name,
        key,
        value: TARGET,
        elements: of(name),
    });
    Table {
        name: name(&settings.name),
        sets: sets.into(),
        chains: chains(settings, net),
    }
}

/// The elements that publish these ports of a container with this address.
pub(crate) fn elements(container: Ipv4Addr, ports: &[Binding]) -> Elements {
    let (mut on_address, mut on_all) = (Vec::new(), Vec::new());
    for binding in ports {
        let protocol = [binding.protocol.number(), 0, 0, 0];
        let port = port_field(binding.host_port);
        let value = vec![container.octets(), port_field(binding.port)];
        match binding.host_ip {
            IpAddr::V4(address) if !address.is_unspecified() => on_address.push(Element {
                key: vec![address.octets(), protocol, port],
                value,
            }),
            // The unspecified IPv6 address covers IPv4 too, as a dual-stack
            // socket does; another one is none of this IPv4 table's.
            address if address.is_unspecified() => on_all.push(Element {
                key: vec![protocol, port],
                value,
            }),
            _ => {}
        }
    }
    let mut elements = vec![(ON_ADDRESS, on_address), (ON_ALL, on_all)];
    elements.retain(|(_, list)| !list.is_empty());
    elements
}

/// What keeps a host that was no router from being one between the links that
/// it had, although forwarding is on for the sake of containers.
pub(crate) fn unrouted(links: &[u32]) -> Table {
    let elements = links.iter().map(|index| Element {
        key: vec![index.to_ne_bytes()],
        value: Vec::new(),
    });
    Table {
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

fn chains(settings: &Settings, net: Ipv4Net) -> Vec<Chain> {
    let bridge = settings.name.clone();
    let subnet = net.trunc();
    let translations = vec![
        vec![
            Expression::ToThisHost,
            Expression::TranslateBy(ON_ADDRESS, ON_ADDRESS_KEY),
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
        Expression::Net(Side::Destination, LOOPBACK),
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
                    Expression::Net(Side::Destination, LOOPBACK),
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
            rules: incoming,
        },
        Chain {
            name: "outgoing",
            kind: "nat",
            hook: Hook::Output,
            priority: DSTNAT,
            drops: false,
            rules: translations,
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
fn source(settings: &Settings, subnet: Ipv4Net) -> Vec<Vec<Expression>> {
    let bridge = settings.name.clone();
    let mut rules = vec![
        vec![
            Expression::Net(Side::Source, subnet),
            Expression::Link(Way::Out, bridge.clone()),
            Expression::Translated,
            Expression::Masquerade,
        ],
        vec![
            Expression::Net(Side::Source, LOOPBACK),
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

/// A port as a register holds it: network byte order, then zeroes.
fn port_field(port: u16) -> [u8; 4] {
    let [high, low] = port.to_be_bytes();
    [high, low, 0, 0]
}
