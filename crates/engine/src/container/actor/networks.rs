//! A container is connected to a network and taken off one: at once when it
//! runs, otherwise from its next start on.

use std::sync::Arc;

use longshore_api::types::EndpointSettings;
use longshore_network::ports::Binding;
use longshore_runtime::channel;

use super::Actor;
use crate::container::plan::namespaces::Network as Mode;
use crate::container::record::Record;
use crate::container::state::Phase;
use crate::container::{netfiles, spec};
use crate::error::{Error, IoContext, Result};
use crate::meta::Durability;
use crate::network::{Endpoint, Network, Running, add_own_names, already, check_end};

impl Actor {
    pub(super) async fn on_connect(
        &mut self,
        network: Arc<Network>,
        mut settings: EndpointSettings,
    ) -> Result<()> {
        self.refuse_if_going()?;
        self.check_company(&network)?;
        check_end(&network, &settings)?;
        let name = network.record.name.clone();
        let runs = self.state.phase.has_process();
        if runs && self.record.networks.contains_key(&name) {
            return Err(already(&self.record.name, &network));
        }
        if network.has_names() {
            add_own_names(settings.aliases.get_or_insert_default(), &self.record);
        }
        if !runs {
            self.change_networks(|record| {
                record.networks.insert(name, settings);
            })?;
            self.show(true);
            return Ok(());
        }
        let shared = self.shared.clone();
        let (record, plan) = (self.record.clone(), self.plan.clone());
        let container = Running {
            record: &record,
            plan: &plan,
            pid: self.state.pid,
        };
        let asked = self.state.endpoints.iter().any(Endpoint::has_names);
        let held = self.published();
        let mut ends = self.state.endpoints.clone();
        let net = &shared.network;
        net.connect(network, container, &settings, &mut ends)
            .await?;
        let end = ends.last().cloned();
        // It may end while its shim is asked, and all of these with it.
        self.state.endpoints = ends;
        let settled = match self.hold(&held).await {
            Ok(()) => self.change_networks(|record| {
                record.networks.insert(name, settings);
            }),
            Err(error) => Err(error),
        };
        let runs = self.state.phase.has_process();
        if let Err(error) = settled {
            if runs {
                // It must not be on a network that its record does not name.
                let ends = &mut self.state.endpoints;
                net.disconnect_last(container, ends).await;
                self.persist(Durability::Process);
            }
            return Err(error);
        }
        if let Some(end) = end.filter(|_| runs) {
            self.persist(Durability::Process);
            shared.publish_network("connect", &self.record.id, &end);
            self.name_address(asked);
        }
        self.show(true);
        Ok(())
    }

    pub(super) async fn on_disconnect(&mut self, network: &Arc<Network>) -> Result<()> {
        self.refuse_if_going()?;
        let (id, name) = (self.record.id.clone(), network.record.name.clone());
        let runs = self.state.phase.has_process();
        if runs && self.plan.network == Mode::Host && name == "host" {
            return Err(host_is_shared());
        }
        if !self.record.networks.contains_key(&name) {
            let article = match runs {
                true => "",
                false => "the ",
            };
            return Err(Error::system(format!(
                "container {id} is not connected to {article}network {name}"
            )));
        }
        self.change_networks(|record| {
            record.networks.remove(&name);
        })?;
        let ends = &self.state.endpoints;
        let at = ends
            .iter()
            .position(|end| end.network_id == network.record.id);
        if let Some(at) = at.filter(|_| runs) {
            let shared = self.shared.clone();
            let (record, plan) = (self.record.clone(), self.plan.clone());
            let container = Running {
                record: &record,
                plan: &plan,
                pid: self.state.pid,
            };
            let held = self.published();
            let ends = &mut self.state.endpoints;
            let off = shared.network.disconnect(container, ends, at).await;
            self.persist(Durability::Process);
            if let Err(error) = self.hold(&held).await {
                tracing::warn!(container = %id, %error, "its ports are not held");
            }
            off?;
            // The driver's and the daemon's.
            self.shared
                .publish_of_network("disconnect", network, Some(&id));
        }
        self.shared
            .publish_of_network("disconnect", network, Some(&id));
        self.show(true);
        Ok(())
    }

    /// Ports of the host that lead to it.
    fn published(&self) -> Vec<Binding> {
        self.state.published().copied().collect()
    }

    /// Has its shim hold its ports, if they are others than before.
    async fn hold(&mut self, before: &[Binding]) -> Result<()> {
        let ports = self.published();
        if ports == before {
            return Ok(());
        }
        let request = channel::Request::Ports(spec::reservations(&ports));
        match self.ask(&request).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::system(format!(
                "driver failed programming external connectivity on endpoint {}: Bind for {} \
                 failed: port is already allocated",
                self.record.name, error.message
            ))),
        }
    }

    /// Those that ask for it find it by its new name.
    pub(super) fn tell_name(&mut self, old: &str) {
        let (id, name) = (&self.record.id, &self.record.name);
        let net = &self.shared.network;
        net.rename(id, &self.state.endpoints, old, name);
        let ends = self.state.endpoints.iter_mut();
        for known in ends.filter_map(|end| end.names.first_mut()) {
            known.clone_from(name);
        }
        if !self.state.endpoints.is_empty() {
            self.persist(Durability::Process);
        }
    }

    /// A container that is going is not changed any more.
    fn refuse_if_going(&self) -> Result<()> {
        match self.state.phase {
            Phase::Removing | Phase::Removed | Phase::Dead => Err(Error::conflict(format!(
                "Container {} is marked for removal and cannot be connected or disconnected to \
                 the network",
                self.record.id
            ))),
            _ => Ok(()),
        }
    }

    /// Which networks go together.
    fn check_company(&self, network: &Network) -> Result<()> {
        let private = || {
            Error::bad_parameter(
                "container cannot be connected to multiple networks with one of the networks in \
                 private (none) mode",
            )
        };
        let name = network.record.name.as_str();
        if matches!(self.plan.network, Mode::Container(_) | Mode::Host) {
            return Err(Error::bad_parameter(
                "container sharing network namespace with another container or host cannot be \
                 connected to any other network",
            ));
        }
        if name == "host" {
            return Err(host_is_shared());
        }
        let others = self.record.networks.keys().filter(|other| *other != name);
        for other in others {
            if name == "none" || other == "none" {
                return Err(private());
            }
        }
        Ok(())
    }

    fn change_networks(&mut self, change: impl FnOnce(&mut Record)) -> Result<()> {
        let mut record = Record::clone(&self.record);
        change(&mut record);
        self.files.write_record(&record)?;
        self.record = Arc::new(record);
        Ok(())
    }

    /// The container's own files say where it is now. What it has made of them
    /// itself stays.
    fn name_address(&self, asked: bool) {
        let Some(end) = self.state.endpoints.last() else {
            return;
        };
        if let Some(link) = &end.link {
            for address in link.addresses() {
                let named = netfiles::add_address(&self.files, &self.record, &self.plan, address);
                if let Err(error) = named.context("hosts") {
                    tracing::warn!(container = %self.record.id, %error, "its address is not named");
                }
            }
        }
        if end.has_names() && !asked {
            let asks = netfiles::ask_engine(&self.files, &self.plan);
            if let Err(error) = asks.context("resolv.conf") {
                tracing::warn!(container = %self.record.id, %error, "it asks elsewhere for names");
            }
        }
    }
}

fn host_is_shared() -> Error {
    Error::bad_parameter(
        "container cannot be disconnected from host network or connected to host network",
    )
}
