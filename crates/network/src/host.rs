//! What a bridge needs of its host: a name, forwarding, an address.

use std::fs::File;

use ipnet::{IpNet, Ipv4Net};
use rustix::fs::{FlockOperation, flock};

use crate::error::{Error, Result, Step};
use crate::family::Family;
use crate::link::{self, Links};
use crate::nft::Tables;
use crate::subnet::Pools;
use crate::{rules, sysctl};

/// The longest name of a link, in bytes.
pub(crate) const NAME_LENGTH: usize = 15;

/// A link's name is also a file's name, where its settings are.
pub fn check_name(name: &str) -> Result<()> {
    let wrong = |byte: u8| byte == b'/' || byte == b':' || !byte.is_ascii_graphic();
    if name.is_empty()
        || name.len() > NAME_LENGTH
        || name == "."
        || name == ".."
        || name.bytes().any(wrong)
    {
        return Err(Error::Name(name.to_owned()));
    }
    Ok(())
}

/// Switches forwarding on. Answers the links that it is not meant for.
pub(crate) fn forward(
    links: &mut Links,
    tables: &mut Tables,
    bridge: &str,
    family: Family,
) -> Result<Vec<u32>> {
    let (setting, what) = match family {
        Family::V4 => ("ipv4/ip_forward", "IPv4"),
        Family::V6 => ("ipv6/conf/all/forwarding", "IPv6"),
    };
    if sysctl::is(setting, "1").step(format!("read whether {what} is forwarded"))? {
        return Ok(Vec::new());
    }
    let links = links.list().step("list the links")?;
    let others = links.iter().filter(|link| link.name != bridge);
    if family == Family::V6 {
        for link in others.clone() {
            keep_listening(&link.name);
        }
    }
    let unrouted: Vec<u32> = others.map(|link| link.index).collect();
    keep_unrouted(tables, family, &unrouted)?;
    sysctl::set(setting, "1").step(format!("switch {what} forwarding on"))?;
    Ok(unrouted)
}

/// A host that forwards hears no routers any more, and would lose the addresses
/// and routes that it has from them, unless its links are told otherwise.
fn keep_listening(link: &str) {
    let setting = format!("ipv6/conf/{link}/accept_ra");
    if sysctl::is(&setting, "1").unwrap_or(false)
        && let Err(error) = sysctl::set(&setting, "2")
    {
        tracing::warn!(link, %error, "it may lose what routers tell it");
    }
}

/// Declares the table that keeps links from being routed between.
pub(crate) fn keep_unrouted(tables: &mut Tables, family: Family, links: &[u32]) -> Result<()> {
    tables
        .replace(&rules::unrouted(family, links))
        .step(format!("declare the nftables table {}", rules::UNROUTED))
}

/// Gives the bridge its address, and no other.
pub(crate) fn settle_address(
    links: &mut Links,
    name: &str,
    index: u32,
    wanted: Option<Ipv4Net>,
    pools: &Pools,
) -> Result<Ipv4Net> {
    let addresses = links.addresses(Family::V4).step("list the addresses")?;
    let present: Vec<Ipv4Net> = (addresses.iter())
        .filter(|(at, _)| *at == index)
        .filter_map(|(_, net)| v4(*net))
        .collect();
    let net = match (wanted, present.first()) {
        (Some(net), Some(kept)) if !present.contains(&net) && occupied(links, index)? => {
            tracing::warn!(
                bridge = name, address = %kept, wanted = %net,
                "the address stays as long as containers use it"
            );
            *kept
        }
        (Some(net), _) => net,
        (None, Some(net)) => *net,
        (None, None) => {
            let mut taken = links.routes(Family::V4).step("list the routes")?;
            taken.extend(addresses.iter().map(|(_, net)| *net));
            let taken: Vec<Ipv4Net> = taken.into_iter().filter_map(v4).collect();
            pools.choose(&taken)?
        }
    };
    for old in present.iter().filter(|old| **old != net) {
        links
            .remove_address(index, (*old).into())
            .step(format!("take the address {old} from {name}"))?;
    }
    add_address(links, name, index, net.into())?;
    Ok(net)
}

/// Gives a device an address.
pub(crate) fn add_address(links: &mut Links, name: &str, index: u32, net: IpNet) -> Result<()> {
    links
        .add_address(index, net)
        .step(format!("give {name} the address {net}"))
}

fn v4(net: IpNet) -> Option<Ipv4Net> {
    match net {
        IpNet::V4(net) => Some(net),
        IpNet::V6(_) => None,
    }
}

/// Whether this host has IPv6: programs can listen on its loopback address.
pub fn has_ipv6() -> bool {
    std::net::UdpSocket::bind((std::net::Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// The IPv4 networks that this host has routes to or addresses in.
pub fn networks() -> Result<Vec<Ipv4Net>> {
    let mut links = Links::open().step("open a netlink socket")?;
    let mut found = links.routes(Family::V4).step("list the routes")?;
    let addresses = links.addresses(Family::V4).step("list the addresses")?;
    found.extend(addresses.iter().map(|(_, net)| *net));
    Ok(found.into_iter().filter_map(v4).collect())
}

/// Removes the tables of bridges that are not there any more: a table is made
/// after its bridge and removed before it, so nobody is about to need them, and
/// what they keep out may be somebody else's by now.
pub fn sweep() -> Result<()> {
    let mut tables = Tables::open().step("open a netlink socket")?;
    for family in Family::BOTH {
        for table in tables.list(family).step("list the nftables tables")? {
            let bridge = rules::bridge_of(&table);
            if let Some(bridge) = bridge.filter(|bridge| link::index(bridge).is_err()) {
                tracing::info!(table, bridge, "its bridge is gone, taken away");
                let step = format!("remove the table {table}");
                tables.remove(family, &table).step(step)?;
            }
        }
    }
    Ok(())
}

/// The right to choose a subnet of this host, one daemon at a time: who has it
/// sees the networks of all others, and is seen when it has given it back.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held, not read")] File);

/// Waits for the turn. The namespace's own file is what is locked, so no name
/// must be agreed on, and the kernel gives the turn back whoever dies.
pub fn turn() -> Result<Turn> {
    let taken = File::open("/proc/thread-self/ns/net").and_then(|namespace| {
        flock(&namespace, FlockOperation::LockExclusive)?;
        Ok(Turn(namespace))
    });
    taken.step("wait for other daemons to choose their subnets")
}

/// Whether any link belongs to a bridge.
fn occupied(links: &mut Links, bridge: u32) -> Result<bool> {
    let links = links.list().step("list the links")?;
    Ok(links.iter().any(|link| link.master == Some(bridge)))
}
