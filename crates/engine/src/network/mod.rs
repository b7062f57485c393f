//! Networks: what clients can ask of them.
//!
//! Each has a record, and a bridge of the host where its driver makes one. Who
//! is on it stands in the records of the containers; what is kept in memory is
//! derived from those.

mod attach;
mod device;
mod endpoint;
mod live;
mod names;
mod options;
mod record;
mod resolver;
mod show;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use longshore_api::filters::Filters;
use longshore_api::types::{EndpointSettings, Network as WireNetwork, NetworkCreateRequest};

use self::options::{Addresses, Options};
use self::record::{Driver, Record};
use crate::container::actor::Command;
use crate::container::prune::until;
use crate::error::{Error, ErrorKind, IoContext, Result};
use crate::events::EventKind;
use crate::id;
use crate::shared::Shared;

pub(crate) use self::attach::{Restored, Running, already};
pub(crate) use self::endpoint::{
    Endpoint, Reservation, add_own_names, check as check_end, protocol_name,
};
pub(crate) use self::record::is_predefined;
pub(crate) use self::store::{Net, Network, Wanted};

/// How often the tables are looked for.
const WATCH: Duration = Duration::from_secs(1);

/// dockerd's words for a network of several hosts.
const NO_MANAGER: &str = "This node is not a swarm manager. Use \"docker swarm init\" or \"docker \
                          swarm join\" to connect this node to swarm and try again.";

/// The networks of an engine.
#[derive(Clone)]
pub struct Networks {
    shared: Arc<Shared>,
}

/// A network that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedNetwork {
    /// Full id.
    pub id: String,
    /// What the client should know, or empty.
    pub warning: String,
}

impl Networks {
    pub(crate) fn new(shared: Arc<Shared>) -> Networks {
        Networks { shared }
    }

    /// The networks that the filters select. Who is on them is told only if
    /// `with_containers` says so.
    pub fn list(&self, filters: &Filters, with_containers: bool) -> Result<Vec<WireNetwork>> {
        let mut selected = show::select(self.shared.network.list(), filters)?;
        selected.sort_by(|a, b| a.record.name.cmp(&b.record.name));
        let shown = selected
            .iter()
            .map(|network| show::wire(&self.shared, network, with_containers));
        Ok(shown.collect())
    }

    /// One network; of another scope than `local` there are none.
    pub fn inspect(&self, given: &str, scope: &str) -> Result<WireNetwork> {
        if !matches!(scope, "" | "local") {
            return Err(store::not_found(given));
        }
        let network = self.shared.network.find(given)?;
        Ok(show::wire(&self.shared, &network, true))
    }

    /// Makes a network.
    pub async fn create(&self, wanted: NetworkCreateRequest) -> Result<CreatedNetwork> {
        let this = self.clone();
        let made = tokio::task::spawn_blocking(move || this.create_now(wanted));
        made.await.context("network")?
    }

    fn create_now(&self, wanted: NetworkCreateRequest) -> Result<CreatedNetwork> {
        let name = wanted.name.clone();
        if is_predefined(&name) {
            return Err(Error::forbidden(format!(
                "operation is not permitted on predefined {name} network "
            )));
        }
        let net = &self.shared.network;
        let known = net
            .list()
            .into_iter()
            .find(|other| other.record.name == name);
        let warning = match known {
            None => String::new(),
            Some(_) if wanted.check_duplicate => {
                return Err(Error::conflict(format!(
                    "network with name {name} already exists"
                )));
            }
            Some(other) => format!(
                "Network with name {name} (id : {}) already exists",
                other.record.id
            ),
        };
        let network = net.create(self.record(wanted)?)?;
        self.shared.publish_of_network("create", &network, None);
        Ok(CreatedNetwork {
            id: network.record.id.clone(),
            warning,
        })
    }

    /// Reads what a client asks for, in the order of dockerd's checks.
    fn record(&self, wanted: NetworkCreateRequest) -> Result<Record> {
        let names_addresses = wanted.ipam.as_ref().is_some_and(|ipam| {
            let has_options = ipam.options.as_ref().is_some_and(|map| !map.is_empty());
            has_options || ipam.config.as_ref().is_some_and(|list| !list.is_empty())
        });
        let mut addresses = Addresses::parse(&wanted.name, wanted.ipam)?;
        if wanted.name.trim().is_empty() {
            return Err(Error::system(format!("invalid name: {}", wanted.name)));
        }
        let driver = driver(&wanted.driver)?;
        if wanted.ingress {
            return Err(Error::forbidden(
                "Ingress network can only be global scope network",
            ));
        }
        match wanted.scope.as_str() {
            "" | "local" => {}
            "swarm" => {
                return Err(Error::forbidden(
                    "cannot create a swarm scoped network when swarm is not active",
                ));
            }
            _ => return Err(Error::system(NO_MANAGER)),
        }
        let mut options = wanted.options.unwrap_or_default();
        let mut labels = wanted.labels.unwrap_or_default();
        let config_from = wanted
            .config_from
            .map(|from| from.network)
            .unwrap_or_default();
        if wanted.config_only && (wanted.internal || wanted.attachable) {
            return Err(Error::forbidden(
                "configuration network can only contain network specific fields. Network \
                 operator fields like [ ingress | internal | attachable | scope ] are not \
                 supported.",
            ));
        }
        if !config_from.is_empty() {
            if wanted.config_only {
                return Err(Error::forbidden(
                    "a configuration network cannot depend on another configuration network",
                ));
            }
            if names_addresses || !labels.is_empty() {
                return Err(Error::forbidden(
                    "user specified configurations are not supported if the network depends on a \
                     configuration network",
                ));
            }
            if !options.is_empty() {
                return Err(Error::forbidden(
                    "network driver options are not supported if the network depends on a \
                     configuration network",
                ));
            }
            let from = self
                .shared
                .network
                .list()
                .into_iter()
                .find(|other| other.record.config_only && other.record.name == config_from);
            let Some(from) = from else {
                return Err(Error::not_found(format!(
                    "configuration network {config_from:?} does not exist"
                )));
            };
            addresses = Addresses::parse(&wanted.name, Some(from.record.ipam.clone()))?;
            options.clone_from(&from.record.options);
            labels.clone_from(&from.record.labels);
        }
        Options::parse(&options)?;
        if !wanted.config_only {
            addresses.enable_ipv6(wanted.enable_ipv6)?;
        }
        if driver == Driver::Bridge {
            addresses.only_one_each()?;
        }
        Ok(Record {
            id: id::generate()?,
            name: wanted.name,
            created: Timestamp::now(),
            driver: match wanted.config_only {
                true => Driver::Null,
                false => driver,
            },
            is_chosen: addresses.subnet.is_some(),
            subnet: addresses.subnet.filter(|_| !wanted.config_only),
            more: match wanted.config_only {
                true => Vec::new(),
                false => addresses.more,
            },
            enable_ipv6: wanted.enable_ipv6,
            ipam: addresses.ipam,
            internal: wanted.internal,
            attachable: wanted.attachable,
            config_only: wanted.config_only,
            config_from,
            options,
            labels,
            foreign: false,
        })
    }

    /// Removes a network that nobody is on.
    pub async fn remove(&self, given: &str) -> Result<()> {
        let network = self.shared.network.find(given)?;
        if network.record.is_predefined() {
            return Err(Error::forbidden(format!(
                "{} is a pre-defined network and cannot be removed",
                network.record.name
            )));
        }
        let this = self.clone();
        let remove = move || {
            this.shared.network.remove(&network)?;
            // dockerd tells of a configuration's beginning only.
            if !network.record.config_only {
                this.shared.publish_of_network("destroy", &network, None);
            }
            Ok(())
        };
        tokio::task::spawn_blocking(remove)
            .await
            .context("network")?
    }

    /// Removes all networks that nobody is on; answers their names.
    pub async fn prune(&self, filters: &Filters) -> Result<Vec<String>> {
        filters
            .only(&["until", "label", "label!"])
            .map_err(|error| Error::bad_parameter(error.message))?;
        let until = until(filters)?;
        let mut pruned = Vec::new();
        for network in self.shared.network.list() {
            let record = &network.record;
            let is_kept = record.is_predefined()
                || record.config_only
                || until.is_some_and(|until| record.created > until)
                || !filters.matches_labels(&record.labels)
                || !network.members().is_empty();
            if is_kept {
                continue;
            }
            match self.remove(&record.id).await {
                Ok(()) => pruned.push(record.name.clone()),
                // Somebody was faster, or uses it by now.
                Err(error) => tracing::debug!(network = record.name, %error, "not pruned"),
            }
        }
        let reclaimed = BTreeMap::from([("reclaimed".to_owned(), "0".to_owned())]);
        let events = &self.shared.events;
        events.publish(EventKind::Network, "prune", "", reclaimed);
        Ok(pruned)
    }

    /// Connects a container to a network: at once, or from its next start on.
    pub async fn connect(
        &self,
        given: &str,
        container: &str,
        settings: EndpointSettings,
    ) -> Result<()> {
        let handle = self.shared.registry.get(container)?;
        let network = self.shared.network.find(given)?;
        let settings = Box::new(settings);
        let command = |answer| Command::Connect {
            network,
            settings,
            answer,
        };
        handle.ask(container, command).await
    }

    /// Takes a container off a network.
    pub async fn disconnect(&self, given: &str, container: &str, force: bool) -> Result<()> {
        let network = self.shared.network.find(given)?;
        let handle = self.shared.registry.get(container).map_err(|error| {
            let is_gone = force && error.kind == ErrorKind::NotFound;
            match is_gone {
                true => Error::not_found(format!("endpoint {container} not found")),
                false => error,
            }
        })?;
        let command = |answer| Command::Disconnect { network, answer };
        handle.ask(container, command).await
    }
}

impl Shared {
    /// Tells what happened to a network, and to which container on it.
    pub(crate) fn publish_of_network(
        &self,
        action: &str,
        network: &Network,
        container: Option<&str>,
    ) {
        let record = &network.record;
        let mut attributes = BTreeMap::from([
            ("name".to_owned(), record.name.clone()),
            ("type".to_owned(), record.driver.as_str().to_owned()),
        ]);
        if let Some(container) = container {
            attributes.insert("container".to_owned(), container.to_owned());
        }
        self.events
            .publish(EventKind::Network, action, record.id.clone(), attributes);
    }
}

/// Puts back, for as long as the engine is there, what somebody else removes of
/// the tables. The kernel tells of every change of any table; looking once a
/// second whether ours are there costs less than reading all that.
pub(crate) fn watch(shared: &Arc<Shared>) {
    let shared = Arc::downgrade(shared);
    tokio::spawn(async move {
        while let Some(shared) = shared.upgrade() {
            let look = move || shared.network.repair();
            if tokio::task::spawn_blocking(look).await.is_err() {
                return;
            }
            // So often is soon enough, and seldom enough to cost nothing.
            tokio::time::sleep(WATCH).await;
        }
    });
}

fn driver(name: &str) -> Result<Driver> {
    match name {
        "" | "default" | "bridge" => Ok(Driver::Bridge),
        "host" | "null" => Err(Error::forbidden(format!(
            "only one instance of {name:?} network is allowed"
        ))),
        "overlay" => Err(Error::system(NO_MANAGER)),
        "macvlan" => Ok(Driver::Macvlan),
        "ipvlan" => Ok(Driver::Ipvlan),
        _ => Err(Error::not_found(format!("plugin {name:?} not found"))),
    }
}
