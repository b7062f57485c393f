//! A container is connected to a network and taken off one: at once when it
//! runs, otherwise from its next start on.

use std::sync::Arc;

use longshore_api::types::EndpointSettings;

use super::Actor;
use crate::container::netfiles;
use crate::container::plan::namespaces::Network as Mode;
use crate::container::record::Record;
use crate::container::state::Phase;
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
        let end = match runs {
            true => {
                let shared = self.shared.clone();
                let present = &self.state.endpoints;
                let container = Running {
                    record: &self.record,
                    plan: &self.plan,
                    pid: self.state.pid,
                };
                let net = &shared.network;
                let end = net.connect(network.clone(), container, &settings, present);
                Some(end.await?)
            }
            false => None,
        };
        let kept = self.change_networks(|record| {
            record.networks.insert(name, settings);
        });
        if let Some(end) = end {
            if let Err(error) = kept {
                // It must not be on a network that its record does not name.
                self.shared.network.unplug(&self.record.id, &end).await;
                return Err(error);
            }
            self.shared
                .publish_network("connect", &self.record.id, &end);
            let asked = self.state.endpoints.iter().any(Endpoint::has_names);
            self.state.endpoints.push(end);
            self.persist(Durability::Process);
            self.name_address(asked);
        } else {
            kept?;
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
            let first = ends
                .iter()
                .position(|end| shared.network.leads_elsewhere(end));
            let gone = self.state.endpoints.remove(at);
            // Should the daemon die over it, the next one takes away what is
            // recorded nowhere.
            self.persist(Durability::Process);
            let (pid, rest) = (self.state.pid, &mut self.state.endpoints);
            let was_first = first == Some(at);
            let off = shared
                .network
                .disconnect(&id, pid, &gone, rest, was_first)
                .await;
            self.persist(Durability::Process);
            off?;
        }
        self.shared
            .publish_of_network("disconnect", network, Some(&id));
        self.show(true);
        Ok(())
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
