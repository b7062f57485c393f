//! Which container has which address. The table is derived from the endpoints
//! that the caller records; it has no file.

use std::collections::HashMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

use crate::error::{Error, Result};

/// The addresses of one subnet.
#[derive(Debug)]
pub(crate) struct Pool {
    /// The bridge's own address with the prefix.
    net: Ipv4Net,
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
            taken: HashMap::new(),
            last: None,
        }
    }

    /// Takes the next free address, in turn.
    pub(crate) fn take(&mut self, owner: &str) -> Result<Ipv4Addr> {
        let first = u32::from(self.net.network()) + 1;
        let end = u32::from(self.net.broadcast());
        let start = self.last.map_or(first, |last| u32::from(last) + 1);
        let found = (start..end)
            .chain(first..start)
            .map(Ipv4Addr::from)
            .find(|address| *address != self.net.addr() && !self.taken.contains_key(address))
            .ok_or_else(|| Error::AddressesExhausted(self.net.trunc().to_string()))?;
        self.last = Some(found);
        self.taken.insert(found, owner.to_owned());
        Ok(found)
    }

    /// Notes an address that an endpoint has from before.
    pub(crate) fn mark(&mut self, address: Ipv4Addr, owner: &str) {
        self.taken.insert(address, owner.to_owned());
    }

    /// Gives back all that an owner has.
    pub(crate) fn give_back(&mut self, owner: &str) {
        self.taken.retain(|_, holder| holder != owner);
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
}
