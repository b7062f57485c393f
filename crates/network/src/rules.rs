//! The table of one bridge: what is translated, what is kept out.
//!
//! | chain | what it does |
//! | --- | --- |
//! | guard | nobody beyond the bridge reaches a container by its own address, and no container reaches the host's loopback |
//! | published, published_local | translates published ports, for packets from elsewhere and from this host |
//! | source | masquerades what leaves the bridge's subnet, what came back to it by a published port, and the host's loopback |

use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;

use crate::nft::expression::{Expression, Side, Way};
use crate::nft::{Chain, Hook};
use crate::ports::Binding;

/// Priorities of the kernel's hooks: before connection tracking, destination
/// and source translation.
const RAW: i32 = -300;
const DSTNAT: i32 = -100;
const SRCNAT: i32 = 100;

const LOOPBACK: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8);

/// The table's name for a bridge.
pub(crate) fn table(bridge: &str) -> String {
    format!("longshore-{bridge}")
}

/// The chains for a bridge with this address and these published ports, each
/// with the address of its container.
pub(crate) fn chains(bridge: &str, net: Ipv4Net, published: &[(Ipv4Addr, Binding)]) -> Vec<Chain> {
    let bridge = bridge.to_owned();
    let subnet = net.trunc();
    let translations: Vec<Vec<Expression>> = published
        .iter()
        .filter_map(|(address, binding)| translation(*address, binding))
        .collect();
    vec![
        Chain {
            name: "guard",
            kind: "filter",
            hook: Hook::Prerouting,
            priority: RAW,
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
            name: "published",
            kind: "nat",
            hook: Hook::Prerouting,
            priority: DSTNAT,
            rules: translations.clone(),
        },
        Chain {
            name: "published_local",
            kind: "nat",
            hook: Hook::Output,
            priority: DSTNAT,
            rules: translations,
        },
        Chain {
            name: "source",
            kind: "nat",
            hook: Hook::Postrouting,
            priority: SRCNAT,
            rules: vec![
                vec![
                    Expression::Net(Side::Source, subnet),
                    Expression::NotLink(Way::Out, bridge.clone()),
                    Expression::Masquerade,
                ],
                vec![
                    Expression::Net(Side::Source, subnet),
                    Expression::Link(Way::Out, bridge.clone()),
                    Expression::Translated,
                    Expression::Masquerade,
                ],
                vec![
                    Expression::Net(Side::Source, LOOPBACK),
                    Expression::Link(Way::Out, bridge),
                    Expression::Masquerade,
                ],
            ],
        },
    ]
}

fn translation(container: Ipv4Addr, binding: &Binding) -> Option<Vec<Expression>> {
    let mut rule = vec![Expression::ToThisHost];
    match binding.host_ip {
        IpAddr::V4(address) if address.is_unspecified() => {}
        IpAddr::V4(address) => {
            let only = Ipv4Net::new(address, 32).ok()?;
            rule.push(Expression::Net(Side::Destination, only));
        }
        // An unspecified IPv6 address covers IPv4 too, as a dual-stack socket
        // does; another one is none of this IPv4 table's.
        IpAddr::V6(address) if address.is_unspecified() => {}
        IpAddr::V6(_) => return None,
    }
    rule.extend([
        Expression::Protocol(binding.protocol.number()),
        Expression::Port(binding.host_port),
        Expression::Destination(container, binding.port),
    ]);
    Some(rule)
}
