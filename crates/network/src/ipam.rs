//! Which container has which address. The tables are derived from the endpoints
//! that the caller records; they have no file.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::endpoint::{Endpoint, Endpoint6};
use crate::error::{Error, Result};

/// A subnet of a network, and what of it is given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// The gateway's address with the subnet's prefix.
    pub gateway: IpNet,
    /// The part of the subnet that addresses are given out of.
    pub range: Option<IpNet>,
    /// Addresses that belong to others on the network.
    pub reserved: Vec<IpAddr>,
}

impl Subnet {
    /// A subnet of which everything is given out but the gateway's address.
    pub fn new(gateway: impl Into<IpNet>) -> Self {
        Self {
            gateway: gateway.into(),
            range: None,
            reserved: Vec::new(),
        }
    }
}

/// An address with its subnet's prefix, and the gateway's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken<A, N> {
    pub(crate) address: A,
    pub(crate) gateway: N,
}

/// The addresses of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) v4: Taken<Ipv4Addr, Ipv4Net>,
    pub(crate) v6: Option<Taken<Ipv6Addr, Ipv6Net>>,
}

impl Addresses {
    /// Both with their prefixes.
    pub(crate) fn nets(&self) -> impl Iterator<Item = (IpNet, IpAddr)> {
        let v4 = Ipv4Net::new(self.v4.address, self.v4.gateway.prefix_len());
        let v4 = v4
            .ok()
            .map(|net| (net.into(), self.v4.gateway.addr().into()));
        let v6 = self.v6.and_then(|v6| {
            let net = Ipv6Net::new(v6.address, v6.gateway.prefix_len()).ok()?;
            Some((net.into(), v6.gateway.addr().into()))
        });
        v4.into_iter().chain(v6)
    }

    /// The part of an endpoint that says so.
    pub(crate) fn endpoint6(&self) -> Option<Endpoint6> {
        self.v6.map(|v6| Endpoint6 {
            address: v6.address,
            prefix: v6.gateway.prefix_len(),
            gateway: v6.gateway.addr(),
        })
    }
}

/// The addresses of a network.
#[derive(Debug)]
pub(crate) struct Space {
    pools: Vec<Pool>,
}

impl Space {
    pub(crate) fn new(subnets: impl IntoIterator<Item = Subnet>) -> Self {
        Self {
            pools: subnets.into_iter().map(Pool::new).collect(),
        }
    }

    /// Takes an address of each kind that there is, those asked for or any;
    /// all or none.
    pub(crate) fn take(
        &mut self,
        owner: &str,
        v4: Option<Ipv4Addr>,
        v6: Option<Ipv6Addr>,
    ) -> Result<Addresses> {
        let taken = self.try_take(owner, v4, v6);
        if taken.is_err() {
            self.give_back(owner);
        }
        taken
    }

    fn try_take(
        &mut self,
        owner: &str,
        v4: Option<Ipv4Addr>,
        v6: Option<Ipv6Addr>,
    ) -> Result<Addresses> {
        let first = self.take_of(owner, true, v4.map(IpAddr::from))?;
        let Some((IpAddr::V4(address), IpNet::V4(gateway))) = first else {
            return Err(Error::AddressesExhausted(String::new()));
        };
        let second = self.take_of(owner, false, v6.map(IpAddr::from))?;
        Ok(Addresses {
            v4: Taken { address, gateway },
            v6: match second {
                Some((IpAddr::V6(address), IpNet::V6(gateway))) => Some(Taken { address, gateway }),
                _ => None,
            },
        })
    }

    fn take_of(
        &mut self,
        owner: &str,
        is_v4: bool,
        asked: Option<IpAddr>,
    ) -> Result<Option<(IpAddr, IpNet)>> {
        let is_kind = |pool: &&mut Pool| pool.net.addr().is_ipv4() == is_v4;
        let mut pools = self.pools.iter_mut().filter(is_kind);
        match asked {
            Some(address) => {
                let mut pools = pools.filter(|pool| pool.net.contains(&address));
                let pool = pools.next().ok_or(Error::AddressOutside(address))?;
                pool.take_this(address, owner)?;
                Ok(Some((address, pool.net)))
            }
            None => {
                let Some(pool) = pools.next() else {
                    return Ok(None);
                };
                let address = pool.take(owner)?;
                Ok(Some((address, pool.net)))
            }
        }
    }

    /// Notes what an endpoint has from before.
    pub(crate) fn mark(&mut self, owner: &str, endpoint: &Endpoint) {
        for address in endpoint.addresses() {
            let mut pools = self.pools.iter_mut();
            if let Some(pool) = pools.find(|pool| pool.net.contains(&address)) {
                pool.taken.insert(address, owner.to_owned());
            }
        }
    }

    /// Gives back all that an owner has.
    pub(crate) fn give_back(&mut self, owner: &str) {
        for pool in &mut self.pools {
            pool.taken.retain(|_, holder| holder != owner);
        }
    }
}

/// The addresses of one subnet.
#[derive(Debug)]
struct Pool {
    /// The gateway's address with the prefix.
    net: IpNet,
    /// Where addresses are taken from that nobody asked for: the subnet or a
    /// part of it.
    range: IpNet,
    /// Addresses that belong to others on the network.
    reserved: HashSet<IpAddr>,
    taken: HashMap<IpAddr, String>,
    /// Where the last search ended: an address is not given again at once,
    /// since neighbours may still remember its last owner.
    last: Option<u128>,
}

impl Pool {
    fn new(subnet: Subnet) -> Self {
        let net = subnet.gateway;
        let range = subnet.range.filter(|range| net.contains(range));
        Self {
            net,
            range: range.unwrap_or(net),
            reserved: subnet.reserved.into_iter().collect(),
            taken: HashMap::new(),
            last: None,
        }
    }

    /// Takes the next free address, in turn.
    fn take(&mut self, owner: &str) -> Result<IpAddr> {
        let lowest = number(self.net.network()) + 1;
        let first = number(self.range.network()).max(lowest);
        let last = number(self.range.broadcast()).saturating_add(1);
        let end = match self.net {
            IpNet::V4(net) => last.min(u32::from(net.broadcast()).into()),
            // Nobody has a broadcast address there.
            IpNet::V6(_) => last,
        };
        let start = self.last.map_or(first, |last| last + 1);
        let found = (start..end)
            .chain(first..start)
            .find(|at| self.is_free(self.address(*at)));
        let at = found.ok_or_else(|| Error::AddressesExhausted(self.net.trunc().to_string()))?;
        self.last = Some(at);
        let address = self.address(at);
        self.taken.insert(address, owner.to_owned());
        Ok(address)
    }

    /// Takes the address that the client asks for.
    fn take_this(&mut self, address: IpAddr, owner: &str) -> Result<()> {
        let is_broadcast = address.is_ipv4() && address == self.net.broadcast();
        if address == self.net.network() || is_broadcast {
            return Err(Error::AddressTaken);
        }
        // Reserved ones are for who asks for them.
        if address == self.net.addr() || self.taken.contains_key(&address) {
            return Err(Error::AddressTaken);
        }
        self.taken.insert(address, owner.to_owned());
        Ok(())
    }

    fn is_free(&self, address: IpAddr) -> bool {
        address != self.net.addr()
            && !self.reserved.contains(&address)
            && !self.taken.contains_key(&address)
    }

    fn address(&self, number: u128) -> IpAddr {
        match self.net {
            IpNet::V4(_) => Ipv4Addr::from(u32::try_from(number).unwrap_or(u32::MAX)).into(),
            IpNet::V6(_) => Ipv6Addr::from(number).into(),
        }
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u32::from(address).into(),
        IpAddr::V6(address) => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(gateways: &[&str]) -> Space {
        let subnet = |text: &&str| Subnet::new(text.parse::<IpNet>().unwrap());
        Space::new(gateways.iter().map(subnet))
    }

    fn any(space: &mut Space, owner: &str) -> Result<String> {
        let taken = space.take(owner, None, None)?;
        Ok(taken.v4.address.to_string())
    }

    #[test]
    fn addresses_go_round_and_run_out() {
        let mut space = space(&["10.0.0.1/29"]);
        let taken: Vec<String> = (0..5)
            .map(|n| any(&mut space, &n.to_string()).unwrap())
            .collect();
        assert_eq!(
            taken,
            ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]
        );
        let error = any(&mut space, "x").unwrap_err();
        assert!(matches!(error, Error::AddressesExhausted(_)));
        space.give_back("1");
        space.give_back("3");
        assert_eq!(any(&mut space, "x").unwrap(), "10.0.0.3");
        assert_eq!(any(&mut space, "y").unwrap(), "10.0.0.5");
    }

    #[test]
    fn a_range_leaves_the_rest_to_those_who_ask() {
        let mut space = Space::new([Subnet {
            range: Some("10.0.0.64/30".parse().unwrap()),
            reserved: vec!["10.0.0.64".parse().unwrap()],
            ..Subnet::new("10.0.0.1/24".parse::<IpNet>().unwrap())
        }]);
        assert_eq!(any(&mut space, "a").unwrap(), "10.0.0.65");
        assert_eq!(any(&mut space, "b").unwrap(), "10.0.0.66");
        assert_eq!(any(&mut space, "c").unwrap(), "10.0.0.67");
        assert!(any(&mut space, "d").is_err());
        let mut ask = |text: &str| space.take("e", Some(text.parse().unwrap()), None);
        ask("10.0.0.9").unwrap();
        for taken in ["10.0.0.65", "10.0.0.1", "10.0.0.0", "10.0.0.255"] {
            assert!(matches!(ask(taken), Err(Error::AddressTaken)), "{taken}");
        }
        assert!(matches!(ask("10.0.1.9"), Err(Error::AddressOutside(_))));
    }

    #[test]
    fn both_kinds_are_had_or_none() {
        let mut space = space(&["10.0.0.1/24", "fd00::1/64"]);
        let taken = space.take("a", None, None).unwrap();
        assert_eq!(taken.v6.unwrap().address.to_string(), "fd00::2");
        let asked = "fd00::2".parse().ok();
        assert!(matches!(
            space.take("b", None, asked),
            Err(Error::AddressTaken)
        ));
        // What it had of the other kind is free again.
        let first = Ipv4Addr::new(10, 0, 0, 3);
        let asked = "fd00::ffff:ffff".parse().ok();
        let taken = space.take("c", Some(first), asked).unwrap();
        assert_eq!(taken.v6.unwrap().gateway.to_string(), "fd00::1/64");
        let outside = "fd01::2".parse().ok();
        let error = space.take("d", None, outside).unwrap_err();
        assert!(matches!(error, Error::AddressOutside(_)), "{error}");
    }

    #[test]
    fn of_several_subnets_the_first_gives_and_each_is_asked() {
        let mut space = space(&["10.0.0.1/24", "10.1.0.1/24"]);
        assert_eq!(any(&mut space, "a").unwrap(), "10.0.0.2");
        let second = Some(Ipv4Addr::new(10, 1, 0, 7));
        let taken = space.take("b", second, None).unwrap();
        assert_eq!(taken.v4.gateway.to_string(), "10.1.0.1/24");
    }

    #[test]
    fn a_vast_subnet_costs_no_more() {
        let mut space = space(&["10.0.0.1/24", "fd00::1/8"]);
        for number in 0..100u32 {
            let taken = space.take(&number.to_string(), None, None).unwrap();
            let expected: Ipv6Addr = (u128::from(0xfd00u16) << 112 | u128::from(number + 2)).into();
            assert_eq!(taken.v6.unwrap().address, expected);
        }
    }
}
