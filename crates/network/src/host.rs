//! What a bridge needs of its host: a name, forwarding, an address.

use std::fs::File;

use ipnet::Ipv4Net;
use rustix::fs::{FlockOperation, flock};

use crate::error::{Error, Result, Step};
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
pub(crate) fn forward(links: &mut Links, tables: &mut Tables, bridge: &str) -> Result<Vec<u32>> {
    let setting = "ipv4/ip_forward";
    if sysctl::is(setting, "1").step("read whether IPv4 is forwarded")? {
        return Ok(Vec::new());
    }
    let links = links.list().step("list the links")?;
    let unrouted: Vec<u32> = (links.iter())
        .filter(|link| link.name != bridge)
        .map(|link| link.index)
        .collect();
    keep_unrouted(tables, &unrouted)?;
    sysctl::set(setting, "1").step("switch IPv4 forwarding on")?;
    Ok(unrouted)
}

/// Declares the table that keeps links from being routed between.
pub(crate) fn keep_unrouted(tables: &mut Tables, links: &[u32]) -> Result<()> {
    tables
        .replace(&rules::unrouted(links))
        .step(format!("declare the nftables table {}", rules::UNROUTED))
}

/// Whether a table is there.
pub(crate) fn has_table(tables: &mut Tables, table: &str) -> Result<bool> {
    tables
        .exists(table)
        .step(format!("look for the nftables table {table}"))
}

/// Gives the bridge its address, and no other.
pub(crate) fn settle_address(
    links: &mut Links,
    name: &str,
    index: u32,
    wanted: Option<Ipv4Net>,
    pools: &Pools,
) -> Result<Ipv4Net> {
    let addresses = links.addresses().step("list the addresses")?;
    let present: Vec<Ipv4Net> = (addresses.iter())
        .filter(|(at, _)| *at == index)
        .map(|(_, net)| *net)
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
            let mut taken = links.routes().step("list the routes")?;
            taken.extend(addresses.iter().map(|(_, net)| *net));
            pools.choose(&taken)?
        }
    };
    for old in present.iter().filter(|old| **old != net) {
        links
            .remove_address(index, *old)
            .step(format!("take the address {old} from {name}"))?;
    }
    links
        .add_address(index, net)
        .step(format!("give {name} the address {net}"))?;
    Ok(net)
}

/// The IPv4 networks that this host has routes to or addresses in.
pub fn networks() -> Result<Vec<Ipv4Net>> {
    let mut links = Links::open().step("open a netlink socket")?;
    let mut found = links.routes().step("list the routes")?;
    let addresses = links.addresses().step("list the addresses")?;
    found.extend(addresses.iter().map(|(_, net)| *net));
    Ok(found)
}

/// Removes the tables of bridges that are not there any more: a table is made
/// after its bridge and removed before it, so nobody is about to need them, and
/// what they keep out may be somebody else's by now.
pub fn sweep() -> Result<()> {
    let mut tables = Tables::open().step("open a netlink socket")?;
    for table in tables.list().step("list the nftables tables")? {
        let bridge = rules::bridge_of(&table);
        if let Some(bridge) = bridge.filter(|bridge| link::index(bridge).is_err()) {
            tracing::info!(table, bridge, "its bridge is gone, taken away");
            let step = format!("remove the table {table}");
            tables.remove(&table).step(step)?;
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
