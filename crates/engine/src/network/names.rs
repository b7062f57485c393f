//! What containers are called on one network, and who has which address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The names of one network. A name leads to every container that has it.
#[derive(Debug, Default)]
pub(crate) struct Names {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    by_name: HashMap<String, Vec<Holder>>,
    by_address: HashMap<IpAddr, String>,
    of_owner: HashMap<String, (Vec<String>, Vec<IpAddr>)>,
    /// How many answers were given: of several addresses, each comes first in
    /// turn.
    turn: usize,
}

#[derive(Clone, Debug)]
struct Holder {
    owner: String,
    addresses: Vec<IpAddr>,
}

impl Names {
    /// A container has these names from now on, the first of them before the
    /// others; what it was called before is forgotten.
    pub(crate) fn set(&self, owner: &str, addresses: Vec<IpAddr>, names: Vec<String>) {
        let mut known = Vec::with_capacity(names.len());
        for name in names.iter().map(|name| name.to_ascii_lowercase()) {
            if !name.is_empty() && !known.contains(&name) {
                known.push(name);
            }
        }
        let names: Vec<String> = known;
        let mut inner = self.write();
        inner.forget(owner);
        if let Some(first) = names.first() {
            let of = |address: &IpAddr| (*address, first.clone());
            inner.by_address.extend(addresses.iter().map(of));
        }
        for name in &names {
            inner.by_name.entry(name.clone()).or_default().push(Holder {
                owner: owner.to_owned(),
                addresses: addresses.clone(),
            });
        }
        inner.of_owner.insert(owner.to_owned(), (names, addresses));
    }

    /// A container is not on the network any more.
    pub(crate) fn forget(&self, owner: &str) {
        self.write().forget(owner);
    }

    /// A container is called otherwise.
    pub(crate) fn rename(&self, owner: &str, old: &str, new: &str) {
        let known = self.read().of_owner.get(owner).cloned();
        if let Some((names, addresses)) = known {
            let (old, new) = (old.to_ascii_lowercase(), new.to_ascii_lowercase());
            let names = names.into_iter().map(|name| match name == old {
                true => new.clone(),
                false => name,
            });
            self.set(owner, addresses, names.collect());
        }
    }

    /// The addresses that a name leads to, of both kinds; none when nobody has
    /// it.
    pub(crate) fn resolve(&self, name: &str) -> Vec<IpAddr> {
        let name = name.to_ascii_lowercase();
        let inner = self.read();
        let Some(holders) = inner.by_name.get(&name) else {
            return Vec::new();
        };
        let first = inner.turn % holders.len().max(1);
        let in_turn = holders.iter().cycle().skip(first).take(holders.len());
        let addresses = in_turn.flat_map(|holder| &holder.addresses).copied();
        let (found, is_shared) = (addresses.collect(), holders.len() > 1);
        drop(inner);
        if is_shared {
            let mut inner = self.write();
            inner.turn = inner.turn.wrapping_add(1);
        }
        found
    }

    /// Who has an address.
    pub(crate) fn name_of(&self, address: IpAddr) -> Option<String> {
        self.read().by_address.get(&address).cloned()
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        // Every change is whole before the lock is let go.
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget(&mut self, owner: &str) {
        let Some((names, addresses)) = self.of_owner.remove(owner) else {
            return;
        };
        for address in addresses {
            self.by_address.remove(&address);
        }
        for name in names {
            if let Some(holders) = self.by_name.get_mut(&name) {
                holders.retain(|holder| holder.owner != owner);
                if holders.is_empty() {
                    self.by_name.remove(&name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));
    const TWO: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 3));
    const TWO6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 3));

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_shared_name_leads_to_each_in_turn() {
        let names = Names::default();
        names.set("a", vec![ONE], list(&["db1", "db"]));
        names.set("b", vec![TWO, TWO6], list(&["db2", "DB"]));
        assert_eq!(names.resolve("db1"), [ONE]);
        let (first, second) = (names.resolve("Db"), names.resolve("dB"));
        assert_eq!(first.len(), 3);
        assert_ne!(first[0], second[0]);
        names.forget("a");
        assert_eq!(names.resolve("db"), [TWO, TWO6]);
        assert!(names.resolve("db1").is_empty());
        assert_eq!(names.name_of(TWO).as_deref(), Some("db2"));
        assert_eq!(names.name_of(TWO6).as_deref(), Some("db2"));
        assert_eq!(names.name_of(ONE), None);
    }

    #[test]
    fn a_renamed_container_keeps_its_other_names() {
        let names = Names::default();
        names.set("a", vec![ONE], list(&["old", "alias"]));
        names.rename("a", "old", "new");
        assert!(names.resolve("old").is_empty());
        assert_eq!(names.resolve("new"), [ONE]);
        assert_eq!(names.resolve("alias"), [ONE]);
        assert_eq!(names.name_of(ONE).as_deref(), Some("new"));
    }
}
