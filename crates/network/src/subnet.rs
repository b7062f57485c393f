//! Which subnet the bridge gets.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::error::{Error, Result};

/// Reads `--bip`: the bridge's own address with its prefix.
pub(crate) fn parse(text: &str) -> Result<Ipv4Net> {
    let wrong = |why| Error::Address(text.to_owned(), why);
    let net: Ipv4Net = text
        .parse()
        .map_err(|_| wrong("it must be an IPv4 address with a prefix, as 172.20.0.1/16"))?;
    if net.prefix_len() > 30 {
        return Err(wrong("the prefix leaves no address for a container"));
    }
    if net.addr() == net.network() || net.addr() == net.broadcast() {
        return Err(wrong("it must be an address of a host, not of the network"));
    }
    Ok(net)
}

/// The first default pool that nothing on this host overlaps, with the
/// gateway's address: dockerd's pools, 172.17–172.31 /16, then 192.168.0.0/20
/// upward.
pub(crate) fn choose(taken: &[Ipv4Net]) -> Result<Ipv4Net> {
    let large = (17..=31).map(|second| (Ipv4Addr::new(172, second, 0, 1), 16));
    let small = (0..16).map(|nth| (Ipv4Addr::new(192, 168, nth * 16, 1), 20));
    large
        .chain(small)
        .filter_map(|(gateway, prefix)| Ipv4Net::new(gateway, prefix).ok())
        .find(|pool| !taken.iter().any(|other| overlap(pool, other)))
        .ok_or(Error::PoolsExhausted)
}

fn overlap(one: &Ipv4Net, other: &Ipv4Net) -> bool {
    one.contains(&other.network()) || other.contains(&one.network())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(texts: &[&str]) -> Vec<Ipv4Net> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_first_free_pool_is_chosen() {
        let choose = |taken: &[&str]| choose(&nets(taken)).unwrap().to_string();
        assert_eq!(choose(&[]), "172.17.0.1/16");
        assert_eq!(choose(&["172.17.0.1/16"]), "172.18.0.1/16");
        assert_eq!(choose(&["172.17.5.0/24", "172.18.0.0/15"]), "172.20.0.1/16");
        assert_eq!(choose(&["172.16.0.0/12"]), "192.168.0.1/20");
        assert_eq!(
            choose(&["172.16.0.0/12", "192.168.0.0/24"]),
            "192.168.16.1/20"
        );
        assert!(super::choose(&nets(&["172.16.0.0/12", "192.168.0.0/16"])).is_err());
    }

    #[test]
    fn a_bridge_address_must_be_a_host_s() {
        assert!(parse("10.1.0.1/24").is_ok());
        for wrong in [
            "10.1.0.0/24",
            "10.1.0.255/24",
            "10.1.0.1",
            "10.1.0.1/31",
            "x",
            "::1/64",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
