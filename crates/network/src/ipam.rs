//! Which container has which address. The table is derived from the endpoints
//! that the caller records; it has no file.

use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::error::{Error, Result};

/// The addresses of one subnet.
#[derive(Debug)]
pub(crate) struct Pool {
    /// The bridge's own address with the prefix.
    net: Ipv4Net,
    /// Where addresses are taken from that nobody asked for: the subnet or a
    /// part of it.
    range: Ipv4Net,
    /// Addresses that belong to others on the network.
    reserved: HashSet<Ipv4Addr>,
    taken: HashMap<Ipv4Addr, String>,
    /// Where the last search ended: an address is not given again at once,
    /// since neighbours may still remember its last owner.
    last: Option<Ipv4Addr>,
}

impl Pool {
    /// The pool of a bridge with this address and prefix.
    pub(crate) fn new(net: Ipv4Net) -> Self {
        Self {
            net,
            range: net,
            reserved: HashSet::new(),
            taken: HashMap::new(),
            last: None,
        }
    }

    /// Gives addresses out of a part of the subnet only, and never these.
    pub(crate) fn restrict(&mut self, range: Option<Ipv4Net>, reserved: &[Ipv4Addr]) {
        let inside = range.filter(|range| self.net.contains(range));
        self.range = inside.unwrap_or(self.net);
        self.reserved = reserved.iter().copied().collect();
    }

    /// Takes the next free address, in turn.
    pub(crate) fn take(&mut self, owner: &str) -> Result<Ipv4Addr> {
        let lowest = u32::from(self.net.network()) + 1;
        let first = u32::from(self.range.network()).max(lowest);
        let last = u32::from(self.range.broadcast()).saturating_add(1);
        let end = u32::from(self.net.broadcast()).min(last);
        let start = self.last.map_or(first, |last| u32::from(last) + 1);
        let found = (start..end)
            .chain(first..start)
            .map(Ipv4Addr::from)
            .find(|address| self.is_free(*address))
            .ok_or_else(|| Error::AddressesExhausted(self.net.trunc().to_string()))?;
        self.last = Some(found);
        self.taken.insert(found, owner.to_owned());
        Ok(found)
    }

    /// Takes the address that the client asks for.
    pub(crate) fn take_this(&mut self, address: Ipv4Addr, owner: &str) -> Result<()> {
        let is_hosts = address != self.net.network() && address != self.net.broadcast();
        if !self.net.contains(&address) || !is_hosts {
            return Err(Error::AddressOutside(address.into()));
        }
        // Reserved ones are for who asks for them.
        if address == self.net.addr() || self.taken.contains_key(&address) {
            return Err(Error::AddressTaken);
        }
        self.taken.insert(address, owner.to_owned());
        Ok(())
    }

    /// Notes an address that an endpoint has from before.
    pub(crate) fn mark(&mut self, address: Ipv4Addr, owner: &str) {
        self.taken.insert(address, owner.to_owned());
    }

    /// Gives back all that an owner has.
    pub(crate) fn give_back(&mut self, owner: &str) {
        self.taken.retain(|_, holder| holder != owner);
    }

    fn is_free(&self, address: Ipv4Addr) -> bool {
        address != self.net.addr()
            && !self.reserved.contains(&address)
            && !self.taken.contains_key(&address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_round_and_run_out() {
        let mut pool = Pool::new("10.0.0.1/29".parse().unwrap());
        let taken: Vec<String> = (0..5)
            .map(|n| pool.take(&n.to_string()).unwrap().to_string())
            .collect();
        assert_eq!(
            taken,
            ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]
        );
        assert!(matches!(pool.take("x"), Err(Error::AddressesExhausted(_))));
        pool.give_back("1");
        pool.give_back("3");
        assert_eq!(pool.take("x").unwrap().to_string(), "10.0.0.3");
        assert_eq!(pool.take("y").unwrap().to_string(), "10.0.0.5");
    }
    #[test]
    fn a_range_leaves_the_rest_to_those_who_ask() {
        let mut pool = Pool::new("10.0.0.1/24".parse().unwrap());
        let reserved = "10.0.0.64".parse().unwrap();
        pool.restrict(Some("10.0.0.64/30".parse().unwrap()), &[reserved]);
        let mut take = |owner: &str| pool.take(owner).map(|address| address.to_string());
        assert_eq!(take("a").unwrap(), "10.0.0.65");
        assert_eq!(take("b").unwrap(), "10.0.0.66");
        assert_eq!(take("c").unwrap(), "10.0.0.67");
        assert!(take("d").is_err());
        let mut ask = |text: &str| pool.take_this(text.parse().unwrap(), "e");
        ask("10.0.0.9").unwrap();
        assert!(matches!(ask("10.0.0.9"), Err(Error::AddressTaken)));
        assert!(matches!(ask("10.0.0.1"), Err(Error::AddressTaken)));
        for outside in ["10.0.1.9", "10.0.0.0", "10.0.0.255"] {
            assert!(matches!(ask(outside), Err(Error::AddressOutside(_))));
        }
    }
}
