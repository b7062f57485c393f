//! A container's end of the default bridge: reserved before its start, made
//! when its namespace exists, recorded with its state.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;

use longshore_network::bridge::{Bridge, Endpoint as Link};
use longshore_network::error::Error as NetworkError;
use longshore_network::ports::{Binding, Protocol as LinkProtocol, Request};
use serde::{Deserialize, Serialize};

use crate::container::plan::Plan;
use crate::container::plan::namespaces::Network;
use crate::container::plan::ports::Protocol;
use crate::error::{Error, IoContext, Result};
use crate::id;
use crate::meta::{self, Durability};

/// A container's end of a network while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    /// Id of the network.
    pub(crate) network_id: String,
    /// Name of the network: `bridge`, `none` or `host`.
    pub(crate) network: String,
    /// Id of this end.
    pub(crate) endpoint_id: String,
    /// Addresses and ports, where there is a device.
    pub(crate) link: Option<Link>,
}

impl Endpoint {
    /// The word for the kind of its network.
    pub(crate) fn driver(&self) -> &str {
        match self.network.as_str() {
            "none" => "null",
            name => name,
        }
    }

    /// Published ports.
    pub(crate) fn ports(&self) -> &[Binding] {
        self.link.as_ref().map_or(&[], |link| link.ports.as_slice())
    }
}

/// What a container holds of its network before it is connected.
#[derive(Clone, Debug)]
pub(crate) struct Reservation {
    network: &'static str,
    endpoint_id: String,
    pub(crate) ports: Vec<Binding>,
}

impl Reservation {
    /// Whether there is a device to be connected to the bridge.
    pub(crate) fn is_bridged(&self) -> bool {
        self.network == "bridge"
    }
}

/// Ids of the networks that every engine has, made at the first start.
#[derive(Debug, Serialize, Deserialize)]
struct Ids {
    bridge: String,
    none: String,
    host: String,
}

/// The networks of the engine.
#[derive(Debug)]
pub(crate) struct Net {
    bridge: Option<Arc<Bridge>>,
    ids: Ids,
}

impl Net {
    /// Makes the default bridge, unless the engine is to have none. The ids
    /// are kept below `root`.
    pub(crate) fn open(root: &Path, bridge: Option<&str>, bip: Option<&str>) -> Result<Net> {
        let path = root.join("networks.json");
        let ids = match meta::read(&path)? {
            Some(known) => known,
            None => {
                let ids = Ids {
                    bridge: id::generate()?,
                    none: id::generate()?,
                    host: id::generate()?,
                };
                meta::write(&path, &ids, Durability::Power)?;
                ids
            }
        };
        let bridge = bridge
            .map(|name| Bridge::open(name, bip).context("default bridge"))
            .transpose()?
            .map(Arc::new);
        Ok(Net { bridge, ids })
    }

    /// The id of a network that every engine has.
    pub(crate) fn id_of(&self, name: &str) -> Option<&str> {
        match name {
            "bridge" => Some(&self.ids.bridge),
            "none" => Some(&self.ids.none),
            "host" => Some(&self.ids.host),
            _ => None,
        }
    }

    /// Takes the host's ports for a container that is about to start; none if
    /// it shares another's network.
    pub(crate) async fn reserve(
        &self,
        owner: &str,
        name: &str,
        plan: &Plan,
    ) -> Result<Option<Reservation>> {
        let network = match &plan.network {
            Network::Bridge if self.bridge.is_some() => "bridge",
            // Without a bridge its containers have no network.
            Network::Bridge | Network::None => "none",
            Network::Host => "host",
            Network::Container(_) => return Ok(None),
            Network::Named(network) => {
                return Err(Error::not_found(format!("network {network} not found")));
            }
        };
        let mut reservation = Reservation {
            network,
            endpoint_id: id::generate()?,
            ports: Vec::new(),
        };
        if let Some(bridge) = self.bridge.clone().filter(|_| network == "bridge") {
            let (owner, requests) = (owner.to_owned(), requests(plan)?);
            let taken = blocking(move || bridge.reserve(&owner, &requests)).await?;
            reservation.ports = taken.map_err(|error| {
                Error::system(format!(
                    "driver failed programming external connectivity on endpoint {name} ({}): \
                     {error}",
                    reservation.endpoint_id
                ))
            })?;
        }
        Ok(Some(reservation))
    }

    /// Connects the namespace of a process with what was reserved.
    pub(crate) async fn attach(
        &self,
        owner: &str,
        pid: u32,
        reservation: &Reservation,
        mac: Option<[u8; 6]>,
    ) -> Result<Endpoint> {
        let bridge = self.bridge.clone().filter(|_| reservation.is_bridged());
        let link = match bridge {
            None => None,
            Some(bridge) => {
                let (owner, ports) = (owner.to_owned(), reservation.ports.clone());
                let pid = i32::try_from(pid).context("process id")?;
                let link = blocking(move || bridge.attach(&owner, pid, &ports, mac)).await?;
                Some(link.map_err(network_error)?)
            }
        };
        Ok(Endpoint {
            network_id: self
                .id_of(reservation.network)
                .unwrap_or_default()
                .to_owned(),
            network: reservation.network.to_owned(),
            endpoint_id: reservation.endpoint_id.clone(),
            link,
        })
    }

    /// Takes a container off. What cannot be undone now is undone when the
    /// table is declared next.
    pub(crate) async fn detach(&self, owner: &str) {
        let Some(bridge) = self.bridge.clone() else {
            return;
        };
        let container = owner.to_owned();
        if let Ok(Err(error)) = blocking(move || bridge.detach(&container)).await {
            tracing::warn!(container = owner, %error, "network not cleaned up");
        }
    }

    /// Gives back what was reserved and not connected.
    pub(crate) fn release(&self, owner: &str, reservation: Option<&Reservation>) {
        if let (Some(bridge), Some(reservation)) = (&self.bridge, reservation) {
            bridge.release(owner, &reservation.ports);
        }
    }

    /// Takes over what containers hold that run from before.
    pub(crate) async fn restore(&self, endpoints: Vec<(String, Endpoint)>) -> Result<()> {
        let Some(bridge) = self.bridge.clone() else {
            return Ok(());
        };
        let links = endpoints
            .into_iter()
            .filter_map(|(owner, endpoint)| Some((owner, endpoint.link?)));
        let links: Vec<(String, Link)> = links.collect();
        blocking(move || bridge.restore(links))
            .await?
            .map_err(network_error)
    }

    /// Removes the bridge if nobody is on it.
    pub(crate) async fn close(&self) -> Result<()> {
        let Some(bridge) = self.bridge.clone() else {
            return Ok(());
        };
        blocking(move || bridge.close())
            .await?
            .map_err(network_error)
    }
}

fn requests(plan: &Plan) -> Result<Vec<Request>> {
    plan.ports
        .published
        .iter()
        .map(|publish| {
            Ok(Request {
                port: publish.port.number,
                protocol: match publish.port.protocol {
                    Protocol::Tcp => LinkProtocol::Tcp,
                    Protocol::Udp => LinkProtocol::Udp,
                    Protocol::Sctp => {
                        return Err(Error::not_implemented(
                            "publishing SCTP ports is not supported by this engine yet",
                        ));
                    }
                },
                host_ip: publish.address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
                host_ports: publish.host.map(|(first, last)| first..=last),
            })
        })
        .collect()
}

fn network_error(error: NetworkError) -> Error {
    match error {
        NetworkError::Address(..) => Error::bad_parameter(error.to_string()),
        _ => Error::system(error.to_string()),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> longshore_network::error::Result<T> + Send + 'static,
) -> Result<longshore_network::error::Result<T>> {
    tokio::task::spawn_blocking(work).await.context("network")
}

/// The word of the wire for a transport.
pub(crate) fn protocol_name(protocol: LinkProtocol) -> &'static str {
    match protocol {
        LinkProtocol::Tcp => "tcp",
        LinkProtocol::Udp => "udp",
    }
}
