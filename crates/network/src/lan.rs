//! Containers on a link of the host, beside the host itself: `macvlan`, where
//! each has a hardware address of its own, and `ipvlan`, where all share the
//! link's.
//!
//! There is no bridge, no table and no published port: whoever is on the wire
//! reaches a container, but the host does not. The container's device goes with
//! its network namespace.
//!
//! A parent that is not there is made, and goes with the network: `eth0.50` is
//! the VLAN 50 of `eth0`; without any name it is a `dummy`, which leads nowhere.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::endpoint::{End, Endpoint};
use crate::error::{Error, Result, Step};
use crate::ipam::{Space, Subnet};
use crate::link::{self, Child, Links};
use crate::{host, netns, plug};

/// How containers share the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// By hardware addresses.
    Macvlan(MacvlanMode),
    /// By IP addresses.
    Ipvlan(IpvlanMode),
}

/// Whom a macvlan device reaches; the kernel's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacvlanMode {
    /// No other of the same link.
    Private = 1,
    /// Others, by a switch that sends back.
    Vepa = 2,
    /// Others, directly.
    Bridge = 4,
    /// There is no other.
    Passthru = 8,
}

/// How an ipvlan device's packets are sent; the kernel's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpvlanMode {
    /// As on a wire.
    L2 = 0,
    /// As by a router.
    L3 = 1,
    /// The same, seen by the host's rules.
    L3s = 2,
}

impl Sharing {
    /// What the kernel, and its module, calls it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Macvlan(_) => "macvlan",
            Self::Ipvlan(_) => "ipvlan",
        }
    }
}

/// What such a network shall be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How the link is shared.
    pub sharing: Sharing,
    /// The link, or what is to be made.
    pub parent: String,
    /// Whether the parent is a dummy.
    pub is_dummy: bool,
    /// Its subnets, at least one of IPv4; addresses come from the first.
    pub subnets: Vec<Subnet>,
    /// Whether packets for elsewhere have no way.
    pub internal: bool,
    /// The largest packet, in bytes.
    pub mtu: Option<u32>,
}

/// A link of the host that containers share. Its methods block for netlink.
#[derive(Debug)]
pub struct Lan {
    settings: Settings,
    /// Whether the parent is of our making.
    made: bool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    space: Space,
    endpoints: BTreeMap<String, Endpoint>,
}

impl Lan {
    /// Finds the parent, or makes it. `made` says that it was made before.
    pub fn open(settings: Settings, made: bool) -> Result<Self> {
        let mut links = Links::open().step("open a netlink socket")?;
        known(&mut links, settings.sharing.kind())?;
        let parent = settings.parent.as_str();
        let is_there = link::index(parent).is_ok();
        if !is_there {
            make_parent(&mut links, &settings)?;
        }
        let space = Space::new(settings.subnets.iter().cloned());
        Ok(Self {
            settings,
            made: made || !is_there,
            state: Mutex::new(State {
                space,
                endpoints: BTreeMap::new(),
            }),
        })
    }

    /// The link that is shared.
    pub fn parent(&self) -> &str {
        &self.settings.parent
    }

    /// Whether the parent is of our making, and goes with the network.
    pub fn has_made_parent(&self) -> bool {
        self.made
    }

    /// Gives the network namespace of a process a device. On failure nothing of
    /// it stays.
    pub fn attach(&self, owner: &str, pid: i32, end: &End) -> Result<Endpoint> {
        let addresses = {
            let mut state = self.state();
            if state.endpoints.contains_key(owner) {
                return Err(Error::Attached(owner.to_owned()));
            }
            state.space.take(owner, end.address, end.address6)?
        };
        let mac = end.mac.unwrap_or_else(|| plug::mac(addresses.v4.address));
        let made = self.plug(owner, pid, end, mac, || {
            let is_default = end.is_default && !self.settings.internal;
            plug::configure(&end.device, &addresses, is_default)
        });
        let mut state = self.state();
        match made {
            Ok(()) => {
                let mut endpoint =
                    Endpoint::new(&addresses, mac, String::new(), end.device.clone());
                if let Sharing::Ipvlan(_) = self.settings.sharing {
                    endpoint.mac.clear();
                }
                state.endpoints.insert(owner.to_owned(), endpoint.clone());
                Ok(endpoint)
            }
            Err(error) => {
                state.space.give_back(owner);
                Err(error)
            }
        }
    }

    fn plug(
        &self,
        owner: &str,
        pid: i32,
        end: &End,
        mac: [u8; 6],
        configure: impl FnOnce() -> io::Result<()> + Send,
    ) -> Result<()> {
        let namespace = netns::of_process(pid).step(format!("open the namespace of {pid}"))?;
        let parent = link::index(self.parent()).step(format!("find {}", self.parent()))?;
        let mut links = Links::open().step("open a netlink socket")?;
        let kind = self.settings.sharing.kind();
        let made = links.add_child(&Child {
            parent,
            name: &end.device,
            namespace: Some(namespace.as_fd()),
            mtu: self.settings.mtu,
            mac: matches!(self.settings.sharing, Sharing::Macvlan(_)).then_some(mac),
            kind: match self.settings.sharing {
                Sharing::Macvlan(mode) => link::Kind::Macvlan(mode as u32),
                Sharing::Ipvlan(mode) => link::Kind::Ipvlan(mode as u16),
            },
        });
        made.step(format!("make a {kind} device on {}", self.parent()))?;
        let configured = netns::inside(&namespace, configure);
        if configured.is_err() {
            take_away(pid, &end.device);
        }
        configured.step(format!("configure {} of {owner}", end.device))
    }

    /// Takes a container off whose namespace lives on.
    pub fn unplug(&self, owner: &str, pid: i32) {
        let device = {
            let state = self.state();
            state.endpoints.get(owner).map(|end| end.device.clone())
        };
        if let Some(device) = device {
            take_away(pid, &device);
        }
        self.detach(owner);
    }

    /// Makes it a container's way to elsewhere.
    pub fn take_over(&self, owner: &str, pid: i32) -> Result<Endpoint> {
        let end = self.state().endpoints.get(owner).cloned();
        let end = end.ok_or_else(|| Error::NotAttached(owner.to_owned()))?;
        if !self.settings.internal {
            plug::route(pid, &end.gateways())?;
        }
        Ok(end)
    }

    /// Takes a container off: its addresses are free again. The device goes with
    /// its namespace.
    pub fn detach(&self, owner: &str) {
        let mut state = self.state();
        state.endpoints.remove(owner);
        state.space.give_back(owner);
    }

    /// Takes over the endpoints of containers that run from before.
    pub fn restore(&self, endpoints: impl IntoIterator<Item = (String, Endpoint)>) {
        let mut state = self.state();
        for (owner, endpoint) in endpoints {
            state.space.mark(&owner, &endpoint);
            state.endpoints.insert(owner, endpoint);
        }
    }

    /// Removes what was made for it, unless containers are on it.
    pub fn close(&self) -> Result<()> {
        let is_used = !self.state().endpoints.is_empty();
        let parent = self.parent();
        if is_used || !self.made || link::index(parent).is_err() {
            return Ok(());
        }
        Links::open()
            .and_then(|mut links| links.delete(parent))
            .step(format!("remove {parent}"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is whole before the lock is let go.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The link and the number of a VLAN's name, `eth0.50`.
pub fn vlan(name: &str) -> Option<(&str, u16)> {
    let (link, number) = name.rsplit_once('.')?;
    let number = number.parse().ok()?;
    (!link.is_empty() && (1..=4094).contains(&number)).then_some((link, number))
}

/// Refuses what this kernel does not have.
fn known(links: &mut Links, kind: &'static str) -> Result<()> {
    match links.knows(kind).step(format!("look for {kind}"))? {
        true => Ok(()),
        false => Err(Error::NoModule(kind)),
    }
}

fn make_parent(links: &mut Links, settings: &Settings) -> Result<()> {
    let parent = settings.parent.as_str();
    host::check_name(parent)?;
    let made = if settings.is_dummy {
        known(links, "dummy")?;
        links.add_dummy(parent)
    } else {
        let Some((below, number)) = vlan(parent) else {
            return Err(Error::NoParent(parent.to_owned()));
        };
        let index = link::index(below).map_err(|_| Error::NoParent(below.to_owned()))?;
        known(links, "vlan")?;
        links.add_child(&Child {
            parent: index,
            name: parent,
            namespace: None,
            mtu: None,
            mac: None,
            kind: link::Kind::Vlan(number),
        })
    };
    made.step(format!("make {parent}"))
}

/// Deletes a device inside the namespace of a process.
fn take_away(pid: i32, device: &str) {
    let gone = netns::of_process(pid)
        .and_then(|namespace| netns::inside(&namespace, || Links::open()?.delete(device)));
    if let Err(error) = gone {
        tracing::debug!(device, %error, "device not deleted");
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, SocketAddr};

    use ipnet::IpNet;

    use super::*;
    use crate::bridge::tests::{Container, ask, is_kept_from, on_a_host, reaches};

    fn settings(sharing: Sharing, parent: &str) -> Settings {
        let subnet = |text: &str| Subnet::new(text.parse::<IpNet>().unwrap());
        Settings {
            sharing,
            parent: parent.to_owned(),
            is_dummy: parent.starts_with("dm-"),
            subnets: vec![subnet("10.6.0.1/24"), subnet("fd00:6::1/64")],
            internal: false,
            mtu: None,
        }
    }

    /// Whether the kernel has what a test needs; says so where it has not.
    fn has(kind: &'static str) -> bool {
        let has = Links::open().unwrap().knows(kind).unwrap();
        if !has {
            let error = known(&mut Links::open().unwrap(), kind).unwrap_err();
            assert!(error.to_string().contains(kind), "{error}");
            eprintln!("this kernel has no {kind}");
        }
        has
    }

    /// Two containers reach each other on a link of the host, the host does not.
    fn share(sharing: Sharing) {
        if !has(sharing.kind()) {
            return;
        }
        on_a_host(|| {
            Links::open().unwrap().ensure_bridge("wire").unwrap();
            let lan = Lan::open(settings(sharing, "wire"), false).unwrap();
            let (one, two) = (Container::start(), Container::start());
            let first = lan.attach("aaaa", one.pid(), &End::default()).unwrap();
            let asked = End {
                address: Some([10, 6, 0, 77].into()),
                address6: "fd00:6::77".parse().ok(),
                ..End::default()
            };
            let second = lan.attach("bbbb", two.pid(), &asked).unwrap();
            assert_eq!(first.address.to_string(), "10.6.0.2");
            one.serve(SocketAddr::from(([0; 16], 80)));
            for address in first.addresses() {
                let seen = two.inside(|| ask((address, 80)).unwrap());
                let seen: IpAddr = seen.parse().unwrap();
                assert!(second.addresses().any(|own| own == seen.to_canonical()));
                assert!(is_kept_from((address, 80)), "the host is not on it");
            }
            lan.unplug("bbbb", two.pid());
            two.inside(|| assert!(link::index("eth0").is_err()));
            let again = lan.attach("bbbb", two.pid(), &asked).unwrap();
            assert_eq!(again, second);
            assert!(two.inside(|| reaches((first.address, 80))));
            let next = Lan::open(settings(sharing, "wire"), false).unwrap();
            next.restore([("aaaa".to_owned(), first), ("bbbb".to_owned(), again)]);
            let taken = next.attach("cccc", Container::start().pid(), &asked);
            assert!(matches!(taken, Err(Error::AddressTaken)));
            next.close().unwrap();
            assert!(link::index("wire").is_ok(), "not ours");
        });
    }

    #[test]
    fn macvlan_is_beside_the_host() {
        share(Sharing::Macvlan(MacvlanMode::Bridge));
    }

    #[test]
    fn ipvlan_is_beside_the_host() {
        share(Sharing::Ipvlan(IpvlanMode::L2));
    }

    #[test]
    fn containers_may_be_kept_apart() {
        if !has("macvlan") {
            return;
        }
        on_a_host(|| {
            Links::open().unwrap().ensure_bridge("wire").unwrap();
            let private = Sharing::Macvlan(MacvlanMode::Private);
            let lan = Lan::open(settings(private, "wire"), false).unwrap();
            let (one, two) = (Container::start(), Container::start());
            let end = lan.attach("aaaa", one.pid(), &End::default()).unwrap();
            lan.attach("bbbb", two.pid(), &End::default()).unwrap();
            one.serve_tcp(80);
            assert!(two.inside(|| is_kept_from((end.address, 80))));
        });
    }

    #[test]
    fn a_parent_is_made_and_goes() {
        on_a_host(|| {
            Links::open().unwrap().ensure_bridge("wire").unwrap();
            for (parent, kind) in [("wire.50", "vlan"), ("dm-0123456789ab", "dummy")] {
                let macvlan = Sharing::Macvlan(MacvlanMode::Bridge);
                if !has("macvlan") || !has(kind) {
                    continue;
                }
                let lan = Lan::open(settings(macvlan, parent), false).unwrap();
                let one = Container::start();
                lan.attach("aaaa", one.pid(), &End::default()).unwrap();
                lan.close().unwrap();
                assert!(link::index(parent).is_ok(), "used");
                lan.unplug("aaaa", one.pid());
                lan.close().unwrap();
                assert!(link::index(parent).is_err(), "gone");
            }
            let nowhere = settings(Sharing::Macvlan(MacvlanMode::Bridge), "nosuch.5");
            if has("macvlan") {
                let error = Lan::open(nowhere, false).unwrap_err();
                assert!(matches!(error, Error::NoParent(_)), "{error}");
            }
        });
    }

    #[test]
    fn names_of_vlans() {
        assert_eq!(vlan("eth0.50"), Some(("eth0", 50)));
        assert_eq!(vlan("a.b.4094"), Some(("a.b", 4094)));
        for wrong in ["eth0", ".5", "eth0.", "eth0.0", "eth0.4095", "eth0.x"] {
            assert_eq!(vlan(wrong), None, "{wrong}");
        }
    }
}
