//! The default bridge and the containers on it.
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
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::conntrack::{Stale, Sweeper};
use crate::error::{Error, Result, Step};
use crate::ipam::Pool;
use crate::link::Links;
use crate::nft::Tables;
use crate::plug::{self, Names, Place};
use crate::ports::{Binding, Ports, Protocol, Request};
use crate::{host, link, rules, subnet, sysctl};

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
}

/// A bridge of this host. Its methods block for netlink, about a millisecond.
#[derive(Debug)]
pub struct Bridge {
    name: String,
    net: Ipv4Net,
    index: u32,
    names: Names,
    /// The links that this host did not route between before us; none if it was
    /// a router already.
    unrouted: Vec<u32>,
    sweeper: Sweeper,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tables: Tables,
    pool: Pool,
    ports: Ports,
    /// What the table is declared from: owner to endpoint.
    endpoints: BTreeMap<String, Endpoint>,
}

impl Bridge {
    /// Makes the bridge or takes the one of this name. `address` is the
    /// bridge's own with its prefix; without one, a bridge that has an address
    /// keeps it, a new one gets the first default pool that is free. A bridge
    /// with containers on it keeps its address in any case.
    ///
    /// Forwarding of IPv4 is switched on for the host, since no container could
    /// be reached or reach out without it. A host that was no router does not
    /// become one: between the links that it had, forwarded packets are dropped
    /// from then on, by a small table that stays as the switch does.
    pub fn open(name: &str, address: Option<&str>) -> Result<Self> {
        let wanted = address.map(subnet::parse).transpose()?;
        host::check_name(name)?;
        let mut links = Links::open().step("open a netlink socket")?;
        let mut tables = Tables::open().step("open a netlink socket")?;
        let unrouted = host::forward(&mut links, &mut tables, name)?;
        links
            .ensure_bridge(name)
            .step(format!("make the bridge {name}"))?;
        let index = link::index(name).step(format!("find the bridge {name}"))?;
        let net = host::settle_address(&mut links, name, index, wanted)?;
        // The host's own loopback may speak to published ports; the table keeps
        // containers from the host's loopback.
        sysctl::set(&format!("ipv4/conf/{name}/route_localnet"), "1")
            .step(format!("let {name} route the loopback"))?;
        sysctl::set_where_known(&format!("ipv6/conf/{name}/accept_ra"), "0")
            .step(format!("keep {name} from router advertisements"))?;
        let bridge = Self {
            name: name.to_owned(),
            net,
            index,
            names: Names::default(),
            unrouted,
            sweeper: Sweeper::start().step("start a thread")?,
            state: Mutex::new(State {
                tables,
                pool: Pool::new(net),
                ports: Ports::default(),
                endpoints: BTreeMap::new(),
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
        &self.name
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
    /// Without a hardware address of its own it gets the one that goes with its
    /// address.
    pub fn attach(
        &self,
        owner: &str,
        pid: i32,
        ports: &[Binding],
        mac: Option<[u8; 6]>,
    ) -> Result<Endpoint> {
        let address = {
            let mut state = self.state();
            if state.endpoints.contains_key(owner) {
                return Err(Error::Attached(owner.to_owned()));
            }
            state.pool.take(owner)?
        };
        let mac = mac.unwrap_or_else(|| plug::mac(address));
        let place = Place {
            bridge: self.index,
            gateway: self.net,
            address,
            mac,
            hairpin: !ports.is_empty(),
        };
        let plugged = plug::plug(&self.names, owner, pid, place);
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
        self.declare(&mut state)
    }

    /// Declares the table anew if somebody removed it. Answers whether it was
    /// gone.
    pub fn repair(&self) -> Result<bool> {
        let mut state = self.state();
        if !self.unrouted.is_empty() && !host::has_table(&mut state.tables, rules::UNROUTED)? {
            host::keep_unrouted(&mut state.tables, &self.unrouted)?;
        }
        let gone = !host::has_table(&mut state.tables, &rules::name(&self.name))?;
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
                self.name
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
        let table = rules::name(&self.name);
        let removed = (state.tables.remove(&table)).step(format!("remove the table {table}"));
        Links::open()
            .and_then(|mut links| links.delete(&self.name))
            .step(format!("remove the bridge {}", self.name))?;
        removed
    }

    /// Adds ports to the table, which is declared anew if somebody changed it.
    fn publish(&self, state: &mut State, container: Ipv4Addr, ports: &[Binding]) -> Result<()> {
        let elements = rules::elements(container, ports);
        if elements.is_empty() {
            return Ok(());
        }
        let table = rules::name(&self.name);
        if let Err(error) = state.tables.add(&table, &elements) {
            tracing::warn!(%table, %error, "declared anew, since a port could not be added");
            self.declare_with(state, elements)?;
        }
        for port in ports.iter().filter(|port| port.protocol == Protocol::Udp) {
            self.sweeper.forget(Stale::Udp(port.host_port));
        }
        Ok(())
    }

    /// Takes an endpoint's ports out of the table.
    fn unpublish(&self, state: &mut State, endpoint: &Endpoint) -> Result<()> {
        let elements = rules::elements(endpoint.address, &endpoint.ports);
        if elements.is_empty() {
            return Ok(());
        }
        let table = rules::name(&self.name);
        if let Err(error) = state.tables.take(&table, &elements) {
            tracing::warn!(%table, %error, "declared anew, since a port could not be removed");
            self.declare(state)?;
        }
        self.sweeper.forget(Stale::Container(endpoint.address));
        Ok(())
    }

    fn declare(&self, state: &mut State) -> Result<()> {
        self.declare_with(state, Vec::new())
    }

    fn declare_with(&self, state: &mut State, mut elements: rules::Elements) -> Result<()> {
        let endpoints = state.endpoints.values();
        elements.extend(endpoints.flat_map(|end| rules::elements(end.address, &end.ports)));
        let table = rules::table(&self.name, self.net, elements);
        state
            .tables
            .replace(&table)
            .step(format!("declare the nftables table {}", table.name))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is whole before the lock is let go, also in a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
