//! Networks of a running container: one more, one less, and which of them is
//! its way to elsewhere.
//!
//! That one has its default route and publishes its ports. Which it is follows
//! from the networks alone, as in dockerd: of those that lead elsewhere one with
//! IPv6 before one without, then by name. So it may change with each that comes
//! or goes, and the ports move along.

use std::sync::Arc;

use longshore_api::types::EndpointSettings;
use longshore_network::ports::Binding;

use super::attach::{Running, already, blocking, failed_publishing, join, pending, requests};
use super::device;
use super::endpoint::Endpoint;
use super::resolver::Upstream;
use super::store::{Net, Network, network_error};
use crate::error::{IoContext, Result};

impl Net {
    /// Connects a running container to one more network. The new end is the last
    /// of `ends`; on failure those are as they were.
    pub(crate) async fn connect(
        &self,
        network: Arc<Network>,
        container: Running<'_>,
        settings: &EndpointSettings,
        ends: &mut Vec<Endpoint>,
    ) -> Result<()> {
        let Running { record, pid, .. } = container;
        let is_on = |end: &Endpoint| end.network_id == network.record.id;
        if ends.iter().any(is_on) {
            return Err(already(&record.name, &network));
        }
        let mut pending = pending(network, record, settings)?;
        pending.end.is_default = false;
        let leader = self.leader(ends);
        let end = join(&record.id, pid, pending, &[], ends).await?;
        ends.push(end);
        let led = self.lead(container, ends, leader).await;
        let connected = match led {
            Ok(()) => self.answer_more(container, ends).await,
            Err(error) => Err(error),
        };
        if let Err(error) = connected {
            // It is as if it had never been.
            self.disconnect_last(container, ends).await;
            return Err(error);
        }
        Ok(())
    }

    /// Lets a container ask for the names of its newest network.
    async fn answer_more(&self, container: Running<'_>, ends: &[Endpoint]) -> Result<()> {
        let Running { record, plan, pid } = container;
        let newest = ends.last().filter(|end| end.link.is_some());
        let Some(seen) = newest.and_then(|end| self.seen(end)) else {
            return Ok(());
        };
        let asks = self
            .resolvers
            .change(&record.id, |networks| networks.push(seen));
        match asks {
            true => Ok(()),
            false => self.answer(&record.id, pid, ends, Upstream::of(plan)).await,
        }
    }

    /// Takes a running container off its newest network, which it shall not be
    /// on.
    pub(crate) async fn disconnect_last(&self, container: Running<'_>, ends: &mut Vec<Endpoint>) {
        let last = ends.len().saturating_sub(1);
        if let Err(error) = self.disconnect(container, ends, last).await {
            tracing::warn!(container = container.record.id, %error, "not taken off the network");
        }
    }

    /// Takes a running container off the network of its end number `at`.
    pub(crate) async fn disconnect(
        &self,
        container: Running<'_>,
        ends: &mut Vec<Endpoint>,
        at: usize,
    ) -> Result<()> {
        if at >= ends.len() {
            return Ok(());
        }
        let owner = container.record.id.as_str();
        let leader = self.leader(ends);
        let gone = ends.remove(at);
        if let Some(network) = self.by_id(&gone.network_id) {
            if let Some(device) = network.device.clone() {
                let (owner, pid) = (owner.to_owned(), process(container.pid)?);
                let unplugged = blocking(move || device.unplug(&owner, pid)).await?;
                unplugged.map_err(network_error)?;
            }
            network.leave(owner);
        }
        self.resolvers.change(owner, |networks| {
            networks.retain(|seen| seen.network.record.id != gone.network_id);
        });
        match leader {
            Some(leader) if leader == at => {
                // Its ports are free by now; the next one takes the same.
                self.succeed(container, ends, gone.ports()).await
            }
            _ => Ok(()),
        }
    }

    /// Which end is the way to elsewhere.
    pub(crate) fn leader(&self, ends: &[Endpoint]) -> Option<usize> {
        let leads = ends.iter().enumerate().filter_map(|(number, end)| {
            let network = self.by_id(&end.network_id)?;
            let is_way = end.link.is_some() && network.leads_elsewhere();
            is_way.then(|| (rank(&network), number))
        });
        leads.min().map(|(_, number)| number)
    }

    /// Whether ports can be published for a container with these ends.
    pub(crate) fn publishes(&self, ends: &[Endpoint]) -> bool {
        let leader = self.leader(ends).and_then(|leader| ends.get(leader));
        let network = leader.and_then(|end| self.by_id(&end.network_id));
        network.is_some_and(|network| network.bridge().is_some())
    }

    /// Makes the end that should be the way to elsewhere just that, if it is
    /// another than before.
    async fn lead(
        &self,
        container: Running<'_>,
        ends: &mut [Endpoint],
        before: Option<usize>,
    ) -> Result<()> {
        if self.leader(ends) == before {
            return Ok(());
        }
        let mut ports = Vec::new();
        if let Some(before) = before
            && let Some(device) = self.device_of(&ends[before])
        {
            ports = ends[before].ports().to_vec();
            let owner = container.record.id.clone();
            let handed = blocking(move || device.hand_over(&owner)).await?;
            if let Some(link) = handed.map_err(network_error)? {
                ends[before].link = Some(link);
            }
        }
        self.succeed(container, ends, &ports).await
    }

    /// The end that leads now takes the ports, or chooses them.
    async fn succeed(
        &self,
        container: Running<'_>,
        ends: &mut [Endpoint],
        ports: &[Binding],
    ) -> Result<()> {
        let Some(leader) = self.leader(ends) else {
            return Ok(());
        };
        let end = &mut ends[leader];
        let Some(network) = self.by_id(&end.network_id) else {
            return Ok(());
        };
        let Some(device) = network.device.clone() else {
            return Ok(());
        };
        let (owner, pid) = (container.record.id.clone(), process(container.pid)?);
        let mut ports = ports.to_vec();
        if let Some(bridge) = device.bridge().cloned() {
            let wanted = requests(container.plan, &network)?;
            let (owner, held) = (owner.clone(), ports.clone());
            let taken = blocking(move || match held.is_empty() {
                true => bridge.reserve(&owner, &wanted),
                false => Ok(held),
            });
            let name = &container.record.name;
            ports = (taken.await?).map_err(|error| failed_publishing(name, end, &error))?;
        }
        let link = blocking(move || device.take_over(&owner, pid, &ports)).await?;
        end.link = Some(link.map_err(network_error)?);
        Ok(())
    }

    fn device_of(&self, end: &Endpoint) -> Option<device::Device> {
        self.by_id(&end.network_id)?.device.clone()
    }
}

/// The order of ways to elsewhere; the least is the best.
pub(super) fn rank(network: &Network) -> (bool, bool, String) {
    let record = &network.record;
    (
        !network.leads_elsewhere(),
        !record.has_ipv6(),
        record.name.clone(),
    )
}

fn process(pid: u32) -> Result<i32> {
    i32::try_from(pid).context("process id")
}
