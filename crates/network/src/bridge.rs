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
use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::conntrack::{Stale, Sweeper};
use crate::error::{Error, Result, Step};
use crate::ipam::Pool;
use crate::link::Links;
use crate::nft::Tables;
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
            mtu: None,
            internal: false,
            masquerade: true,
            icc: true,
            foreign: false,
        }
    }
}

/// What a container's end of a bridge shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// What the container calls it.
    pub device: String,
    /// The address that it shall have; none for any.
    pub address: Option<Ipv4Addr>,
    /// Hardware address; without one it gets the one that goes with its
    /// address.
    pub mac: Option<[u8; 6]>,
    /// Whether packets for elsewhere go this way.
    pub is_default: bool,
}

impl Default for End {
    fn default() -> Self {
        Self {
            device: "eth0".to_owned(),
            address: None,
            mac: None,
            is_default: true,
        }
    }
}

/// A container's end of the bridge, as the caller records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Address in the bridge's subnet.
    pub address: Ipv4Addr,
    /// Length of the subnet's prefix, in bits.
    pub prefix: u8,
    /// The bridge's own address, where packets for elsewhere go.
    pub gateway: Ipv4Addr,
    /// Hardware address, `02:42:` and the address's octets.
    pub mac: String,
    /// Published ports.
    pub ports: Vec<Binding>,
    /// The host's end of the veth pair.
    #[serde(default)]
    pub link: String,
    /// The container's end of it.
    #[serde(default = "first_device")]
    pub device: String,
}

fn first_device() -> String {
    End::default().device
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
    unrouted: Vec<u32>,
    /// Started when the first port is published.
    sweeper: OnceLock<Sweeper>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tables: Tables,
    pool: Pool,
    ports: Ports,
    /// What the table is declared from: owner to endpoint.
    endpoints: BTreeMap<String, Endpoint>,
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
    /// Forwarding of IPv4 is switched on for the host, since no container could
    /// be reached or reach out without it. A host that was no router does not
    /// become one: between the links that it had, forwarded packets are dropped
    /// from then on, by a small table that stays as the switch does.
    pub fn with(settings: Settings) -> Result<Self> {
        let name = settings.name.as_str();
        host::check_name(name)?;
        let mut links = Links::open().step("open a netlink socket")?;
        let mut tables = Tables::open().step("open a netlink socket")?;
        let unrouted = host::forward(&mut links, &mut tables, name)?;
        links
            .ensure_bridge(name)
            .step(format!("make the bridge {name}"))?;
        let index = link::index(name).step(format!("find the bridge {name}"))?;
        let (wanted, pools) = (settings.address, &settings.pools);
        let net = host::settle_address(&mut links, name, index, wanted, pools)?;
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
        let mut pool = Pool::new(net);
        pool.restrict(settings.range, &settings.reserved);
        let bridge = Self {
            settings,
            net,
            index,
            names: Names::default(),
            unrouted,
            sweeper: OnceLock::new(),
            state: Mutex::new(State {
                tables,
                pool,
                ports: Ports::default(),
                endpoints: BTreeMap::new(),
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
        let address = {
            let mut state = self.state();
            if state.endpoints.contains_key(owner) {
                return Err(Error::Attached(owner.to_owned()));
            }
            match end.address {
                Some(address) => {
                    state.pool.take_this(address, owner)?;
                    address
                }
                None => state.pool.take(owner)?,
            }
        };
        let mac = end.mac.unwrap_or_else(|| plug::mac(address));
        let place = Place {
            device: end.device.clone(),
            bridge: self.index,
            gateway: self.net,
            address,
            mac,
            hairpin: !ports.is_empty(),
            isolated: !self.settings.icc,
            is_default: end.is_default && !self.settings.internal,
            mtu: self.settings.mtu,
        };
        let plugged = plug::plug(&self.names, owner, pid, &place);
        let mut state = self.state();
        let published = plugged.and_then(|link| {
            let published = self.publish(&mut state, address, ports);
            if published.is_err() {
                plug::unplug(&link);
            }
            published.map(|()| link)
        });
        match published {
            Ok(link) => {
                let endpoint = Endpoint {
                    address,
                    prefix: self.net.prefix_len(),
                    gateway: self.net.addr(),
                    mac: mac.map(|byte| format!("{byte:02x}")).join(":"),
                    ports: ports.to_vec(),
                    link,
                    device: place.device,
                };
                state.endpoints.insert(owner.to_owned(), endpoint.clone());
                Ok(endpoint)
            }
            Err(error) => {
                state.pool.give_back(owner);
                Err(error)
            }
        }
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
            plug::route(pid, self.net.addr())?;
        }
        let mut state = self.state();
        let Some(mut endpoint) = state.endpoints.get(owner).cloned() else {
            return Err(Error::NotAttached(owner.to_owned()));
        };
        state.ports.mark(owner, ports);
        self.publish(&mut state, endpoint.address, ports)?;
        if !ports.is_empty() {
            let hairpin = Links::open().and_then(|mut links| links.set_hairpin(&endpoint.link));
            hairpin.step(format!("configure {}", endpoint.link))?;
        }
        endpoint.ports = ports.to_vec();
        state.endpoints.insert(owner.to_owned(), endpoint.clone());
        Ok(endpoint)
    }

    /// Takes a container off: its address and ports are free again and its
    /// rules go. The link goes with the container's namespace.
    pub fn detach(&self, owner: &str) -> Result<()> {
        let mut state = self.state();
        let Some(endpoint) = state.endpoints.remove(owner) else {
            return Ok(());
        };
        state.pool.give_back(owner);
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
            state.pool.mark(endpoint.address, &owner);
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

    /// Declares the table anew if somebody removed it. Answers whether it was
    /// gone.
    pub fn repair(&self) -> Result<bool> {
        let mut state = self.state();
        if state.is_closed {
            return Ok(false);
        }
        if !self.unrouted.is_empty() && !host::has_table(&mut state.tables, rules::UNROUTED)? {
            host::keep_unrouted(&mut state.tables, &self.unrouted)?;
        }
        let gone = !host::has_table(&mut state.tables, &rules::name(&self.settings.name))?;
        if gone {
            self.declare(&mut state)?;
        }
        Ok(gone)
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
        let removed = (state.tables.remove(&table)).step(format!("remove the table {table}"));
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

    /// Adds ports to the table, which is declared anew if somebody changed it.
    fn publish(&self, state: &mut State, container: Ipv4Addr, ports: &[Binding]) -> Result<()> {
        let elements = rules::elements(container, ports);
        if elements.is_empty() {
            return Ok(());
        }
        let table = rules::name(&self.settings.name);
        if let Err(error) = state.tables.add(&table, &elements) {
            tracing::warn!(%table, %error, "declared anew, since a port could not be added");
            self.declare_with(state, elements)?;
        }
        for port in ports.iter().filter(|port| port.protocol == Protocol::Udp) {
            self.forget(Stale::Udp(port.host_port));
        }
        Ok(())
    }

    /// Takes an endpoint's ports out of the table.
    fn unpublish(&self, state: &mut State, endpoint: &Endpoint) -> Result<()> {
        let elements = rules::elements(endpoint.address, &endpoint.ports);
        if elements.is_empty() {
            return Ok(());
        }
        let table = rules::name(&self.settings.name);
        if let Err(error) = state.tables.take(&table, &elements) {
            tracing::warn!(%table, %error, "declared anew, since a port could not be removed");
            self.declare(state)?;
        }
        self.forget(Stale::Container(endpoint.address));
        Ok(())
    }

    fn declare(&self, state: &mut State) -> Result<()> {
        self.declare_with(state, Vec::new())
    }

    fn declare_with(&self, state: &mut State, mut elements: rules::Elements) -> Result<()> {
        let endpoints = state.endpoints.values();
        elements.extend(endpoints.flat_map(|end| rules::elements(end.address, &end.ports)));
        let table = rules::table(&self.settings, self.net, elements);
        state
            .tables
            .replace(&table)
            .step(format!("declare the nftables table {}", table.name))
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
mod tests;
