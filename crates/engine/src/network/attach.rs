//! Containers come to networks and go, with their starts and ends.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::future::join_all;
use longshore_api::types::EndpointSettings;
use longshore_network::endpoint::End;
use longshore_network::error::Error as NetworkError;
use longshore_network::ports::{Binding, Protocol as LinkProtocol, Request};

use super::endpoint::{self, Endpoint, Pending, Reservation};
use super::live;
use super::resolver::{Seen, Upstream};
use super::store::{Net, Network, network_error};
use crate::container::plan::Plan;
use crate::container::plan::namespaces::Network as Mode;
use crate::container::plan::ports::Protocol;
use crate::container::record::Record;
use crate::error::{Error, IoContext, Result};
use crate::id;

impl Net {
    /// Finds the networks of a container that is about to start, and takes its
    /// ports of the host; none if it shares another's network.
    pub(crate) async fn reserve(
        &self,
        record: &Record,
        plan: &Plan,
    ) -> Result<Option<Reservation>> {
        if let Mode::Container(_) = plan.network {
            return Ok(None);
        }
        let mut ends = Vec::with_capacity(record.networks.len());
        for (key, settings) in &record.networks {
            let network = match key.as_str() {
                // Without a bridge its containers have no network.
                "bridge" if !self.has_bridge() => self.find("none")?,
                _ => self.find(key)?,
            };
            let mut pending = pending(network, record, settings)?;
            if plan.network.key() == Some(key) {
                pending.end.mac = plan.mac.or(pending.end.mac);
            }
            ends.push(pending);
        }
        // The way to elsewhere comes first.
        ends.sort_by_key(|end| (end.network.device.is_none(), live::rank(&end.network)));
        let mut reservation = Reservation {
            ends,
            ports: Vec::new(),
        };
        let first = reservation.ends.first();
        let first = first.filter(|end| end.network.leads_elsewhere());
        if let Some(first) = first
            && let Some(bridge) = first.network.bridge()
        {
            let (owner, requests) = (record.id.clone(), requests(plan, &first.network)?);
            let taken = blocking(move || bridge.reserve(&owner, &requests)).await?;
            let id = &first.endpoint_id;
            reservation.ports = taken.map_err(|error| not_published(&record.name, id, &error))?;
        }
        Ok(Some(reservation))
    }

    /// Connects the namespace of a process with what was reserved: all or
    /// nothing.
    pub(crate) async fn attach(
        &self,
        owner: &str,
        pid: u32,
        reservation: &Reservation,
        plan: &Plan,
    ) -> Result<Vec<Endpoint>> {
        let mut made: Vec<Endpoint> = Vec::with_capacity(reservation.ends.len());
        for (number, pending) in reservation.ends.iter().enumerate() {
            let mut pending = pending.clone();
            pending.end.is_default = number == 0;
            let ports = match number {
                0 => reservation.ports.as_slice(),
                _ => &[],
            };
            match join(owner, pid, pending, ports, &made).await {
                Ok(endpoint) => made.push(endpoint),
                Err(error) => {
                    self.detach(owner, &made).await;
                    return Err(error);
                }
            }
        }
        if let Err(error) = self.answer(owner, pid, &made, Upstream::of(plan)).await {
            self.detach(owner, &made).await;
            return Err(error);
        }
        Ok(made)
    }

    /// Answers a container that asks for names, if there are any on its
    /// networks.
    pub(crate) async fn answer(
        &self,
        owner: &str,
        pid: u32,
        endpoints: &[Endpoint],
        upstream: Upstream,
    ) -> Result<()> {
        if !endpoints.iter().any(Endpoint::has_names) {
            return Ok(());
        }
        let pid = i32::try_from(pid).context("process id")?;
        let sockets = blocking(move || longshore_network::resolver::open(pid)).await?;
        let sockets = sockets.map_err(network_error)?;
        let seen = endpoints.iter().filter_map(|end| self.seen(end));
        self.resolvers
            .serve(owner, sockets, seen.collect(), upstream)
    }

    pub(super) fn seen(&self, end: &Endpoint) -> Option<Seen> {
        Some(Seen {
            network: self.by_id(&end.network_id)?,
            links: end.links.clone(),
        })
    }

    /// Takes a container off, whose namespace goes. What cannot be undone now is
    /// undone when the tables are declared next.
    pub(crate) async fn detach(&self, owner: &str, endpoints: &[Endpoint]) {
        self.resolvers.end(owner);
        let ids = endpoints.iter().map(|end| end.network_id.as_str());
        let networks = ids.filter_map(|id| self.by_id(id)).collect();
        leave(owner, networks).await;
    }

    /// As [`Net::detach`], wherever it may be: its start was broken off.
    pub(crate) async fn detach_everywhere(&self, owner: &str) {
        self.resolvers.end(owner);
        leave(owner, self.list()).await;
    }

    /// Gives back what was reserved and not connected.
    pub(crate) fn release(&self, owner: &str, reservation: Option<&Reservation>) {
        let Some(reservation) = reservation else {
            return;
        };
        let first = reservation.ends.first();
        if let Some(bridge) = first.and_then(|end| end.network.bridge()) {
            bridge.release(owner, &reservation.ports);
        }
    }

    /// A running container is called otherwise.
    pub(crate) fn rename(&self, owner: &str, endpoints: &[Endpoint], old: &str, new: &str) {
        for network in endpoints
            .iter()
            .filter_map(|end| self.by_id(&end.network_id))
        {
            network.names.rename(owner, old, new);
        }
    }

    /// Takes over what containers hold that run from before.
    pub(crate) async fn restore(&self, found: &[Restored]) -> Result<()> {
        for network in self.list() {
            let mut links = Vec::new();
            for Restored {
                owner, endpoints, ..
            } in found
            {
                let own = endpoints
                    .iter()
                    .find(|end| end.network_id == network.record.id);
                let Some(own) = own else { continue };
                network.join(owner)?;
                if let Some(link) = &own.link {
                    if network.has_names() {
                        network
                            .names
                            .set(owner, link.addresses().collect(), own.names.clone());
                    }
                    links.push((owner.clone(), link.clone()));
                }
            }
            if let Some(device) = network.device.clone() {
                let restored = blocking(move || device.restore(links)).await?;
                restored.map_err(network_error)?;
            }
        }
        // All at once: each waits for the kernel, and all want to be answered.
        let answers = found.iter().map(|container| async {
            let upstream = Upstream::of(&container.plan);
            let (owner, ends) = (&container.owner, &container.endpoints);
            if let Err(error) = self.answer(owner, container.pid, ends, upstream).await {
                tracing::warn!(container = owner, %error, "its questions for names stay open");
            }
        });
        join_all(answers).await;
        Ok(())
    }
}

/// A container that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running<'a> {
    pub(crate) record: &'a Record,
    pub(crate) plan: &'a Plan,
    pub(crate) pid: u32,
}

/// A container that runs from before.
#[derive(Clone, Debug)]
pub(crate) struct Restored {
    /// Its full id.
    pub(crate) owner: String,
    pub(crate) pid: u32,
    pub(crate) plan: Plan,
    pub(crate) endpoints: Vec<Endpoint>,
}

/// dockerd's words for ports that cannot be had.
pub(super) fn failed_publishing(container: &str, end: &Endpoint, error: &NetworkError) -> Error {
    not_published(container, &end.endpoint_id, error)
}

fn not_published(container: &str, endpoint: &str, error: &NetworkError) -> Error {
    Error::system(format!(
        "driver failed programming external connectivity on endpoint {container} ({endpoint}): \
         {error}"
    ))
}

/// dockerd's words for a second connection.
pub(crate) fn already(container: &str, network: &Network) -> Error {
    Error::forbidden(format!(
        "endpoint with name {container} already exists in network {}",
        network.record.name
    ))
}

pub(super) fn pending(
    network: Arc<Network>,
    record: &Record,
    settings: &EndpointSettings,
) -> Result<Pending> {
    if network.record.config_only {
        return Err(Error::forbidden(
            "cannot create endpoint on configuration-only network",
        ));
    }
    if network.record.driver.has_device() && network.device.is_none() {
        return Err(Error::system(format!(
            "network {} has no device, since it could not be made",
            network.record.name
        )));
    }
    let mut names = vec![record.name.clone()];
    names.extend(settings.aliases.iter().flatten().cloned());
    endpoint::add_own_names(&mut names, record);
    Ok(Pending {
        end: endpoint::end(&network, settings)?,
        endpoint_id: id::generate()?,
        names,
        links: endpoint::links(settings),
        network,
    })
}

/// Makes one end.
pub(super) async fn join(
    owner: &str,
    pid: u32,
    pending: Pending,
    ports: &[Binding],
    present: &[Endpoint],
) -> Result<Endpoint> {
    let Pending {
        network,
        endpoint_id,
        end,
        names,
        links,
    } = pending;
    network.join(owner)?;
    let link = match network.device.clone() {
        None => None,
        Some(device) => {
            let taken = present
                .iter()
                .filter_map(|end| Some(end.link.as_ref()?.device.as_str()));
            let end = End {
                device: endpoint::free_device(&end.device, taken),
                ..end
            };
            let (container, ports) = (owner.to_owned(), ports.to_vec());
            let pid = i32::try_from(pid).context("process id")?;
            let made = blocking(move || device.attach(&container, pid, &ports, &end)).await;
            match made.and_then(|made| made.map_err(network_error)) {
                Ok(link) => Some(link),
                Err(error) => {
                    network.leave(owner);
                    return Err(error);
                }
            }
        }
    };
    if let Some(link) = &link
        && network.has_names()
    {
        network
            .names
            .set(owner, link.addresses().collect(), names.clone());
    }
    Ok(Endpoint {
        network_id: network.record.id.clone(),
        network: network.record.name.clone(),
        endpoint_id,
        driver: network.record.driver.as_str().to_owned(),
        names,
        links,
        link,
    })
}

async fn leave(owner: &str, networks: Vec<Arc<Network>>) {
    for network in networks {
        network.leave(owner);
        let Some(device) = network.device.clone() else {
            continue;
        };
        let container = owner.to_owned();
        if let Ok(Err(error)) = blocking(move || device.detach(&container)).await {
            tracing::warn!(container = owner, %error, "network not cleaned up");
        }
    }
}

pub(super) fn requests(plan: &Plan, network: &Network) -> Result<Vec<Request>> {
    let anywhere = network.record.host_addresses();
    plan.ports
        .published
        .iter()
        .map(|publish| {
            check_address(publish.address, network)?;
            Ok(Request {
                port: publish.port.number,
                protocol: match publish.port.protocol {
                    Protocol::Tcp => LinkProtocol::Tcp,
                    Protocol::Udp => LinkProtocol::Udp,
                    Protocol::Sctp => LinkProtocol::Sctp,
                },
                host_ips: (publish.address).map_or_else(|| anywhere.clone(), |one| vec![one]),
                host_ports: publish.host.map(|(first, last)| first..=last),
            })
        })
        .collect()
}

/// Refuses an address by which a container cannot be reached: what comes by IPv6
/// is led to IPv6 only, and what comes by the loopback never leaves it.
fn check_address(address: Option<IpAddr>, network: &Network) -> Result<()> {
    let Some(IpAddr::V6(address)) = address else {
        return Ok(());
    };
    let why = match address.is_loopback() {
        true => "the IPv6 loopback address leads nowhere else",
        false if network.record.has_ipv6() => return Ok(()),
        false => "the container has no IPv6 address",
    };
    Err(Error::bad_parameter(format!(
        "cannot publish a port on {address}: {why} (network {})",
        network.record.name
    )))
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> longshore_network::error::Result<T> + Send + 'static,
) -> Result<longshore_network::error::Result<T>> {
    tokio::task::spawn_blocking(work).await.context("network")
}
