//! Which subnet a bridge gets.

use std::net::Ipv4Addr;

use ipnet::{IpNet, Ipv4Net};

use crate::error::{Error, Result};

/// Reads `--bip`: the bridge's own address with its prefix.
pub fn parse(text: &str) -> Result<Ipv4Net> {
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

/// Networks out of which subnets are cut: a base and the prefix of each part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pools(Vec<(Ipv4Net, u8)>);

impl Default for Pools {
    /// dockerd's: 172.17–172.31 /16, then 192.168.0.0/20 upward.
    fn default() -> Self {
        let large = (17..=31).map(|second| (Ipv4Addr::new(172, second, 0, 0), 16, 16));
        let small = [(Ipv4Addr::new(192, 168, 0, 0), 16, 20)];
        let pool = |(base, prefix, size)| (Ipv4Net::new_assert(base, prefix), size);
        Self(large.chain(small).map(pool).collect())
    }
}

impl Pools {
    /// Pools that an operator names, each a base and the prefix of its parts;
    /// answers what is wrong with them.
    pub fn new(pools: &[(Ipv4Net, u8)]) -> std::result::Result<Self, String> {
        for (base, size) in pools {
            if *size < base.prefix_len() || *size > 30 {
                return Err(format!(
                    "invalid default address pool: {base} has no subnets with prefix /{size}"
                ));
            }
        }
        Ok(Self(
            pools
                .iter()
                .map(|(base, size)| (base.trunc(), *size))
                .collect(),
        ))
    }

    /// The first subnet that overlaps none of `taken`, with its first address,
    /// which is the gateway's.
    pub fn choose(&self, taken: &[Ipv4Net]) -> Result<Ipv4Net> {
        let subnets = self
            .0
            .iter()
            .filter_map(|(base, size)| base.subnets(*size).ok());
        subnets
            .flatten()
            .find(|subnet| {
                let mut others = taken.iter().map(|net| IpNet::from(*net));
                !others.any(|other| overlap(&IpNet::from(*subnet), &other))
            })
            .and_then(|subnet| {
                let gateway = Ipv4Addr::from(u32::from(subnet.network()) + 1);
                Ipv4Net::new(gateway, subnet.prefix_len()).ok()
            })
            .ok_or(Error::PoolsExhausted)
    }
}

/// Whether two networks have an address in common.
pub fn overlap(one: &IpNet, other: &IpNet) -> bool {
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
        let pools = Pools::default();
        let choose = |taken: &[&str]| pools.choose(&nets(taken)).unwrap().to_string();
        assert_eq!(choose(&[]), "172.17.0.1/16");
        assert_eq!(choose(&["172.17.0.1/16"]), "172.18.0.1/16");
        assert_eq!(choose(&["172.17.5.0/24", "172.18.0.0/15"]), "172.20.0.1/16");
        assert_eq!(choose(&["172.16.0.0/12"]), "192.168.0.1/20");
        assert_eq!(
            choose(&["172.16.0.0/12", "192.168.0.0/24"]),
            "192.168.16.1/20"
        );
        assert!(
            pools
                .choose(&nets(&["172.16.0.0/12", "192.168.0.0/16"]))
                .is_err()
        );
    }

    #[test]
    fn an_operator_names_pools() {
        let base = "10.30.0.0/22".parse().unwrap();
        let pools = Pools::new(&[(base, 24)]).unwrap();
        let first = pools.choose(&nets(&["10.30.0.0/24"])).unwrap();
        assert_eq!(first.to_string(), "10.30.1.1/24");
        for size in [8, 31] {
            assert!(Pools::new(&[(base, size)]).is_err());
        }
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
