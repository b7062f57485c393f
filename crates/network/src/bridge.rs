//! The default bridge and the containers on it.
//!
//! ```text
//! reserve ─▶ attach ─▶ (the container runs) ─▶ detach
//!    └─ release, when the container did not come to run
//! ```
//! After a restart of the daemon `restore` takes the recorded endpoints over;
//! links and namespaces are as they were, the table is declared anew.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::error::{Result, Step};
use crate::ipam::Pool;
use crate::link::{self, Links, Veth};
use crate::ports::{Binding, Ports, Request};
use crate::{netns, nft, rules, subnet, sysctl};

/// The container's end of its veth pair.
const CONTAINER_LINK: &str = "eth0";

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
}

/// A bridge of this host. Its methods block for netlink, about a millisecond.
#[derive(Debug)]
pub struct Bridge {
    name: String,
    net: Ipv4Net,
    index: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pool: Pool,
    ports: Ports,
    /// What the table is declared from: owner to endpoint.
    endpoints: BTreeMap<String, Endpoint>,
}

impl Bridge {
    /// Makes the bridge or takes the one of this name. `address` is the
    /// bridge's own with its prefix; without one, a bridge that has an address
    /// keeps it, a new one gets the first default pool that is free.
    ///
    /// Forwarding of IPv4 is switched on for the host, as dockerd does, since
    /// no container could be reached or reach out without it.
    pub fn open(name: &str, address: Option<&str>) -> Result<Self> {
        let wanted = address.map(subnet::parse).transpose()?;
        let mut links = Links::open().step("open a netlink socket")?;
        links
            .ensure_bridge(name)
            .step(format!("make the bridge {name}"))?;
        let index = link::index(name).step(format!("find the bridge {name}"))?;
        let addresses = links.addresses().step("list the addresses")?;
        let present = addresses
            .iter()
            .find(|(at, _)| *at == index)
            .map(|(_, net)| *net);
        let net = match (wanted, present) {
            (Some(net), _) | (None, Some(net)) => net,
            (None, None) => {
                let mut taken = links.routes().step("list the routes")?;
                taken.extend(addresses.iter().map(|(_, net)| *net));
                subnet::choose(&taken)?
            }
        };
        links
            .add_address(index, net)
            .step(format!("give {name} the address {net}"))?;
        sysctl::set("ipv4/ip_forward", "1").step("switch IPv4 forwarding on")?;
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
            state: Mutex::new(State {
                pool: Pool::new(net),
                ports: Ports::default(),
                endpoints: BTreeMap::new(),
            }),
        };
        bridge.declare(&bridge.state())?;
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
    pub fn attach(&self, owner: &str, pid: i32, ports: &[Binding]) -> Result<Endpoint> {
        let address = self.state().pool.take(owner)?;
        let endpoint = Endpoint {
            address,
            prefix: self.net.prefix_len(),
            gateway: self.net.addr(),
            mac: mac_text(mac(address)),
            ports: ports.to_vec(),
        };
        let connected = self.connect(owner, pid, &endpoint);
        let mut state = self.state();
        let declared = connected.and_then(|()| {
            state.endpoints.insert(owner.to_owned(), endpoint.clone());
            if ports.is_empty() {
                return Ok(());
            }
            self.declare(&state)
        });
        if let Err(error) = declared {
            state.endpoints.remove(owner);
            state.pool.give_back(owner);
            return Err(error);
        }
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
        if endpoint.ports.is_empty() {
            return Ok(());
        }
        self.declare(&state)
    }

    /// Takes over the endpoints of containers that run from before.
    pub fn restore(&self, endpoints: impl IntoIterator<Item = (String, Endpoint)>) -> Result<()> {
        let mut state = self.state();
        for (owner, endpoint) in endpoints {
            state.pool.mark(endpoint.address, &owner);
            state.ports.mark(&owner, &endpoint.ports);
            state.endpoints.insert(owner, endpoint);
        }
        self.declare(&state)
    }

    /// Declares the table anew if somebody removed it. Answers whether it was
    /// gone.
    pub fn repair(&self) -> Result<bool> {
        let state = self.state();
        let there = nft::exists(&rules::table(&self.name)).step("look for the table")?;
        if !there {
            self.declare(&state)?;
        }
        Ok(!there)
    }

    /// Removes bridge and table, unless containers are on it: those keep their
    /// network, and the next daemon finds it.
    pub fn close(&self) -> Result<()> {
        if !self.state().endpoints.is_empty() {
            return Ok(());
        }
        let table = rules::table(&self.name);
        let removed = nft::remove(&table).step(format!("remove the table {table}"));
        Links::open()
            .and_then(|mut links| links.delete(&self.name))
            .step(format!("remove the bridge {}", self.name))?;
        removed
    }

    /// Makes the pair, then addresses and routes inside the namespace.
    fn connect(&self, owner: &str, pid: i32, endpoint: &Endpoint) -> Result<()> {
        let namespace = netns::of_process(pid).step(format!("open the namespace of {pid}"))?;
        let host = host_link(owner);
        let veth = Veth {
            host: &host,
            bridge: self.index,
            container: CONTAINER_LINK,
            mac: mac(endpoint.address),
            namespace: namespace.as_fd(),
        };
        let mut links = Links::open().step("open a netlink socket")?;
        links
            .add_veth(&veth)
            .step(format!("make the veth pair {host}"))?;
        let configured = netns::inside(&namespace, || configure(endpoint)).and_then(|()| {
            if endpoint.ports.is_empty() {
                return Ok(());
            }
            links.set_hairpin(&host)
        });
        if configured.is_err() {
            // The namespace may live on without us, so the pair must not.
            let _ = links.delete(&host);
        }
        configured.step(format!("configure {CONTAINER_LINK} of {owner}"))
    }

    fn declare(&self, state: &State) -> Result<()> {
        let published: Vec<(Ipv4Addr, Binding)> = (state.endpoints.values())
            .flat_map(|end| end.ports.iter().map(|port| (end.address, *port)))
            .collect();
        let table = rules::table(&self.name);
        nft::replace(&table, &rules::chains(&self.name, self.net, &published))
            .step(format!("declare the nftables table {table}"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is whole before the lock is let go, also in a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn configure(endpoint: &Endpoint) -> io::Result<()> {
    let index = link::index(CONTAINER_LINK)?;
    // A network without IPv6 shall not get it by autoconfiguration.
    sysctl::set_where_known(&format!("ipv6/conf/{CONTAINER_LINK}/disable_ipv6"), "1")?;
    let net = Ipv4Net::new(endpoint.address, endpoint.prefix).map_err(io::Error::other)?;
    let mut links = Links::open()?;
    links.add_address(index, net)?;
    links.set_up(index)?;
    links.add_default_route(endpoint.gateway)
}

/// The host's end of a container's pair: unique by the container's id, and
/// within the 15 bytes of a link's name.
fn host_link(owner: &str) -> String {
    let short: String = owner
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(11)
        .collect();
    format!("veth{short}")
}

fn mac(address: Ipv4Addr) -> [u8; 6] {
    let [a, b, c, d] = address.octets();
    [0x02, 0x42, a, b, c, d]
}

fn mac_text(mac: [u8; 6]) -> String {
    mac.map(|octet| format!("{octet:02x}")).join(":")
}

#[cfg(test)]
mod tests;
