//! A bridge and the containers on it.
//!
//! ```text
//! open ─▶ restore, then for each container
//!
//! reserve ─▶ attach ─▶ (the container runs) ─▶ detach
//!    └─ release, when the container did not come to run
//! ```
//! After a restart of the daemon `restore` takes the recorded endpoints over;
//! links and namespaces are as they were, and published ports go on all the
//! time: the table stays until the one that follows takes its place.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use ipnet::{IpNet, Ipv4Net};

use crate::conntrack::{Stale, Sweeper};
use crate::endpoint::{End, Endpoint};
use crate::error::{Error, Result, Step};
use crate::family::Family;
use crate::ipam::{Space, Subnet};
use crate::link::Links;
use crate::nft::{Table, Tables};
use crate::plug::{self, Names, Place};
use crate::ports::{Binding, Ports, Protocol, Request};
use crate::subnet::Pools;
use crate::{host, link, rules, subnet, sysctl};

/// What a bridge shall be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The device's name.
    pub name: String,
    /// Its own address with the subnet's prefix; without one, a bridge that
    /// has an address keeps it, a new one gets the first that is free.
    pub address: Option<Ipv4Net>,
    /// The part of the subnet that addresses are given out of.
    pub range: Option<Ipv4Net>,
    /// Addresses that are not given out.
    pub reserved: Vec<Ipv4Addr>,
    /// Where a subnet comes from when no address is given.
    pub pools: Pools,
    /// Its IPv6 subnet, where it has one.
    pub v6: Option<Subnet>,
    /// Whether the device has no IPv4 address, though containers have.
    pub inhibit_v4: bool,
    /// The largest packet, in bytes.
    pub mtu: Option<u32>,
    /// Whether it has no way to other networks.
    pub internal: bool,
    /// Whether what leaves for elsewhere goes by the host's address.
    pub masquerade: bool,
    /// Whether its containers reach each other. Where they do not, and the
    /// kernel translates bridged packets, they do not by published ports either.
    pub icc: bool,
    /// Whether the device is somebody else's, and stays.
    pub foreign: bool,
}

impl Settings {
    /// An ordinary bridge of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            address: None,
            range: None,
            reserved: Vec::new(),
            pools: Pools::default(),
            v6: None,
            inhibit_v4: false,
            mtu: None,
            internal: false,
            masquerade: true,
            icc: true,
            foreign: false,
        }
    }
}

/// A bridge of this host. Its methods block for netlink, about a millisecond.
#[derive(Debug)]
pub struct Bridge {
    settings: Settings,
    net: Ipv4Net,
    index: u32,
    names: Names,
    /// The links that this host did not route between before us; none if it was
    /// a router already.
    unrouted: Vec<(Family, Vec<u32>)>,
    /// Started when the first port is published.
    sweeper: OnceLock<Sweeper>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tables: Tables,
    space: Space,
    ports: Ports,
    /// What the table is declared from: owner to endpoint.
    endpoints: BTreeMap<String, Endpoint>,
    /// The generation of all tables when ours were last looked at.
    generation: Option<u32>,
    /// It was removed: whoever still looks after it makes nothing anew.
    is_closed: bool,
}

impl Bridge {
    /// An ordinary bridge with this address, as an operator writes it.
    pub fn open(name: &str, address: Option<&str>) -> Result<Self> {
        Self::with(Settings {
            address: address.map(subnet::parse).transpose()?,
            ..Settings::new(name)
        })
    }

    /// Makes the bridge or takes the one of this name. A bridge with containers
    /// on it keeps its address in any case.
    ///
    /// Forwarding is switched on for the host, since no container could be
    /// reached or reach out without it. A host that was no router does not
    /// become one: between the links that it had, forwarded packets are dropped
    /// from then on, by a small table that stays as the switch does.
    pub fn with(settings: Settings) -> Result<Self> {
        let name = settings.name.as_str();
        host::check_name(name)?;
        let mut links = Links::open().step("open a netlink socket")?;
        let mut tables = Tables::open().step("open a netlink socket")?;
        let families = Family::BOTH;
        let wanted = families
            .iter()
            .filter(|family| **family == Family::V4 || settings.v6.is_some());
        let mut unrouted = Vec::new();
        for family in wanted {
            let off = host::forward(&mut links, &mut tables, name, *family)?;
            if !off.is_empty() {
                unrouted.push((*family, off));
            }
        }
        links
            .ensure_bridge(name)
            .step(format!("make the bridge {name}"))?;
        let index = link::index(name).step(format!("find the bridge {name}"))?;
        let (wanted, pools) = (settings.address, &settings.pools);
        let net = match wanted {
            Some(net) if settings.inhibit_v4 => net,
            _ => host::settle_address(&mut links, name, index, wanted, pools)?,
        };
        if let Some(mtu) = settings.mtu {
            let step = format!("set the size of packets on {name} to {mtu}");
            links.set_mtu(index, mtu).step(step)?;
        }
        // The host's own loopback may speak to published ports; the table keeps
        // containers from the host's loopback.
        sysctl::set(&format!("ipv4/conf/{name}/route_localnet"), "1")
            .step(format!("let {name} route the loopback"))?;
        sysctl::set_where_known(&format!("ipv6/conf/{name}/accept_ra"), "0")
            .step(format!("keep {name} from router advertisements"))?;
        if let Some(subnet) = &settings.v6 {
            sysctl::set(&format!("ipv6/conf/{name}/disable_ipv6"), "0")
                .step(format!("let {name} have IPv6"))?;
            host::add_address(&mut links, name, index, subnet.gateway)?;
        }
        let own = Subnet {
            gateway: net.into(),
            range: settings.range.map(IpNet::from),
            reserved: (settings.reserved.iter().copied())
                .map(IpAddr::from)
                .collect(),
        };
        let space = Space::new([own].into_iter().chain(settings.v6.clone()));
        let bridge = Self {
            settings,
            net,
            index,
            names: Names::default(),
            unrouted,
            sweeper: OnceLock::new(),
            state: Mutex::new(State {
                tables,
                space,
                ports: Ports::default(),
                endpoints: BTreeMap::new(),
                generation: None,
                is_closed: false,
            }),
        };
        // A table from before serves containers from before until `restore`.
        bridge.repair()?;
        for warning in bridge.warnings()? {
            tracing::warn!("{warning}");
        }
        Ok(bridge)
    }

    /// The device's name.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Whether its device is there.
    pub fn exists(&self) -> bool {
        Self::is_device(self.name())
    }

    /// Whether there is a device of this name.
    pub fn is_device(name: &str) -> bool {
        link::index(name).is_ok()
    }

    /// The bridge's own address with the subnet's prefix.
    pub fn address(&self) -> Ipv4Net {
        self.net
    }

    /// Takes the published ports of a container that is about to start, or none
    /// of them.
    pub fn reserve(&self, owner: &str, requests: &[Request]) -> Result<Vec<Binding>> {
        self.state().ports.take(owner, requests)
    }

    /// Gives back ports that were reserved but not attached.
    pub fn release(&self, owner: &str, ports: &[Binding]) {
        self.state().ports.give_back(owner, ports);
    }

    /// Puts the network namespace of a process on the bridge, with the ports
    /// that were reserved. On failure nothing of it stays but the reservation.
    pub fn attach(&self, owner: &str, pid: i32, ports: &[Binding], end: &End) -> Result<Endpoint> {
        let addresses = {
            let mut state = self.state();
            if state.endpoints.contains_key(owner) {
                return Err(Error::Attached(owner.to_owned()));
            }
            state.space.take(owner, end.address, end.address6)?
        };
        let place = Place {
            device: end.device.clone(),
            bridge: self.index,
            addresses,
            mac: end.mac.unwrap_or_else(|| plug::mac(addresses.v4.address)),
            hairpin: !ports.is_empty(),
            isolated: !self.settings.icc,
            is_default: end.is_default && !self.settings.internal,
            mtu: self.settings.mtu,
        };
        let plugged = plug::plug(&self.names, owner, pid, &place);
        let mut state = self.state();
        let published = plugged.and_then(|link| {
            let device = place.device.clone();
            let mut endpoint = Endpoint::new(&addresses, place.mac, link, device);
            let published = self.publish(&mut state, &endpoint, ports);
            if published.is_err() {
                plug::unplug(&endpoint.link);
            }
            endpoint.ports = ports.to_vec();
            published.map(|()| endpoint)
        });
        match &published {
            Ok(endpoint) => {
                state.endpoints.insert(owner.to_owned(), endpoint.clone());
            }
            Err(_) => state.space.give_back(owner),
        }
        published
    }

    /// Takes a container off whose namespace lives on.
    pub fn unplug(&self, owner: &str) -> Result<()> {
        let link = self
            .state()
            .endpoints
            .get(owner)
            .map(|end| end.link.clone());
        if let Some(link) = link {
            plug::unplug(&link);
        }
        self.detach(owner)
    }

    /// Publishes what another bridge published of a container until now, and
    /// makes this one its way to elsewhere.
    pub fn take_over(&self, owner: &str, pid: i32, ports: &[Binding]) -> Result<Endpoint> {
        if !self.settings.internal {
            let gateways: Vec<IpAddr> = self.nets().map(|net| net.addr()).collect();
            plug::route(pid, &gateways)?;
        }
        let mut state = self.state();
        let Some(mut endpoint) = state.endpoints.get(owner).cloned() else {
            return Err(Error::NotAttached(owner.to_owned()));
        };
        // Those that were reserved here are marked already.
        state.ports.give_back(owner, ports);
        state.ports.mark(owner, ports);
        self.publish(&mut state, &endpoint, ports)?;
        if !ports.is_empty() {
            let hairpin = Links::open().and_then(|mut links| links.set_hairpin(&endpoint.link));
            hairpin.step(format!("configure {}", endpoint.link))?;
        }
        endpoint.ports = ports.to_vec();
        state.endpoints.insert(owner.to_owned(), endpoint.clone());
        Ok(endpoint)
    }

    /// Another bridge publishes a container's ports from now on: here they are
    /// free again. Answers what is left of the endpoint.
    pub fn hand_over(&self, owner: &str) -> Result<Option<Endpoint>> {
        let mut state = self.state();
        let Some(endpoint) = state.endpoints.get_mut(owner) else {
            return Ok(None);
        };
        let before = endpoint.clone();
        endpoint.ports.clear();
        let left = endpoint.clone();
        state.ports.give_back(owner, &before.ports);
        self.unpublish(&mut state, &before)?;
        Ok(Some(left))
    }

    /// Takes a container off: its address and ports are free again and its
    /// rules go. The link goes with the container's namespace.
    pub fn detach(&self, owner: &str) -> Result<()> {
        let mut state = self.state();
        let Some(endpoint) = state.endpoints.remove(owner) else {
            return Ok(());
        };
        state.space.give_back(owner);
        state.ports.give_back(owner, &endpoint.ports);
        self.unpublish(&mut state, &endpoint)
    }

    /// Takes over the endpoints of containers that run from before, and drops
    /// what the table still has of others. To be called once after [`open`],
    /// also without endpoints.
    ///
    /// [`open`]: Self::open
    pub fn restore(&self, endpoints: impl IntoIterator<Item = (String, Endpoint)>) -> Result<()> {
        let mut state = self.state();
        for (owner, endpoint) in endpoints {
            state.space.mark(&owner, &endpoint);
            state.ports.mark(&owner, &endpoint.ports);
            state.endpoints.insert(owner, endpoint);
        }
        self.sweep(&state)?;
        self.declare(&mut state)
    }

    /// Takes away the pairs that nobody recorded: their maker died over them.
    fn sweep(&self, state: &State) -> Result<()> {
        let mut links = Links::open().step("open a netlink socket")?;
        let known = |name: &str| state.endpoints.values().any(|end| end.link == name);
        let ports = links.list().step("list the links")?.into_iter();
        let ports = ports.filter(|link| link.master == Some(self.index));
        for port in ports.filter(|port| Names::is_ours(&port.name) && !known(&port.name)) {
            tracing::info!(link = port.name, "belongs to nobody, taken away");
            plug::unplug(&port.name);
        }
        Ok(())
    }

    /// Declares the tables anew if somebody removed them or rules of theirs.
    /// Answers whether something was gone. Costs next to nothing as long as
    /// nobody changes any table.
    pub fn repair(&self) -> Result<bool> {
        let mut state = self.state();
        if state.is_closed {
            return Ok(false);
        }
        let now = state.tables.generation();
        let now = now.step("ask for the generation of nftables")?;
        if state.generation == Some(now) {
            return Ok(false);
        }
        for (family, links) in &self.unrouted {
            let table = rules::unrouted(*family, links);
            if !self.is_whole(&mut state, &table)? {
                host::keep_unrouted(&mut state.tables, *family, links)?;
            }
        }
        let mut is_whole = true;
        for net in self.nets() {
            let table = rules::table(&self.settings, net, Vec::new());
            is_whole &= self.is_whole(&mut state, &table)?;
        }
        if !is_whole {
            self.declare(&mut state)?;
        }
        state.generation = Some(now);
        Ok(!is_whole)
    }

    fn is_whole(&self, state: &mut State, table: &Table) -> Result<bool> {
        let found = state.tables.is_whole(table);
        found.step(format!("look at the nftables table {}", table.name))
    }

    /// Declares everything anew, whether or not something is missing.
    pub fn redeclare(&self) -> Result<()> {
        let mut state = self.state();
        match state.is_closed {
            true => Ok(()),
            false => self.declare(&mut state),
        }
    }

    /// What others have set up on this host that cuts containers off from the
    /// outside, a sentence each. Ours to tell, not to change.
    pub fn warnings(&self) -> Result<Vec<String>> {
        let chains = self.state().tables.forward_droppers();
        let chains = chains.step("list the nftables chains")?;
        let warn = |chain| {
            format!(
                "the nftables chain {chain} drops forwarded packets: containers on {0} are cut \
                 off from other hosts, unless a rule there accepts what comes from and goes to {0}",
                self.settings.name
            )
        };
        Ok(chains.into_iter().map(warn).collect())
    }

    /// Removes bridge and table, unless containers are on it: those keep their
    /// network, and the next daemon finds it.
    pub fn close(&self) -> Result<()> {
        let mut state = self.state();
        if !state.endpoints.is_empty() {
            return Ok(());
        }
        let table = rules::name(&self.settings.name);
        let mut removed = Ok(());
        for family in Family::BOTH {
            let gone = state.tables.remove(family, &table);
            removed = removed.and(gone.step(format!("remove the table {table}")));
        }
        let name = self.name();
        // One that somebody removed by hand is gone as well.
        if !self.settings.foreign && self.exists() {
            Links::open()
                .and_then(|mut links| links.delete(name))
                .step(format!("remove the bridge {name}"))?;
        }
        state.is_closed = removed.is_ok();
        removed
    }

    /// Its own addresses, with their subnets' prefixes.
    fn nets(&self) -> impl Iterator<Item = IpNet> {
        let v6 = self.settings.v6.as_ref().map(|subnet| subnet.gateway);
        std::iter::once(self.net.into()).chain(v6)
    }

    /// Adds ports to the tables, which are declared anew if somebody changed
    /// them.
    fn publish(&self, state: &mut State, end: &Endpoint, ports: &[Binding]) -> Result<()> {
        let table = rules::name(&self.settings.name);
        for address in end.addresses() {
            let elements = rules::elements(address, ports);
            if elements.is_empty() {
                continue;
            }
            if let Err(error) = state.tables.add(Family::of(address), &table, &elements) {
                tracing::warn!(%table, %error, "declared anew, since a port could not be added");
                let end = Endpoint {
                    ports: ports.to_vec(),
                    ..end.clone()
                };
                self.declare_with(state, Some(&end))?;
                break;
            }
        }
        for port in ports.iter().filter(|port| port.protocol == Protocol::Udp) {
            self.forget(Stale::Udp(port.host_port));
        }
        Ok(())
    }

    /// Takes an endpoint's ports out of the tables.
    fn unpublish(&self, state: &mut State, endpoint: &Endpoint) -> Result<()> {
        let table = rules::name(&self.settings.name);
        for address in endpoint.addresses() {
            let elements = rules::elements(address, &endpoint.ports);
            if elements.is_empty() {
                continue;
            }
            if let Err(error) = state.tables.take(Family::of(address), &table, &elements) {
                tracing::warn!(%table, %error, "declared anew, since a port could not be removed");
                self.declare(state)?;
                break;
            }
        }
        if !endpoint.ports.is_empty() {
            for address in endpoint.addresses() {
                self.forget(Stale::Container(address));
            }
        }
        Ok(())
    }

    fn declare(&self, state: &mut State) -> Result<()> {
        self.declare_with(state, None)
    }

    fn declare_with(&self, state: &mut State, more: Option<&Endpoint>) -> Result<()> {
        for net in self.nets() {
            let family = Family::of(net.addr());
            let ends = state.endpoints.values().chain(more);
            let elements = ends.flat_map(|end| {
                let mut addresses = end.addresses();
                let own = addresses.find(|address| Family::of(*address) == family);
                own.map(|address| rules::elements(address, &end.ports))
                    .unwrap_or_default()
            });
            let table = rules::table(&self.settings, net, elements.collect());
            state
                .tables
                .replace(&table)
                .step(format!("declare the nftables table {}", table.name))?;
        }
        Ok(())
    }

    /// Has connections forgotten that lead nowhere.
    fn forget(&self, stale: Stale) {
        if self.sweeper.get().is_none() {
            match Sweeper::start() {
                Ok(sweeper) => drop(self.sweeper.set(sweeper)),
                Err(error) => tracing::warn!(%error, "nobody looks for stale connections"),
            }
        }
        if let Some(sweeper) = self.sweeper.get() {
            sweeper.forget(stale);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is whole before the lock is let go, also in a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests;
