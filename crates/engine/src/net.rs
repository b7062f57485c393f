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
    /// Name of the network, `bridge`.
    pub(crate) network: String,
    /// Id of this end.
    pub(crate) endpoint_id: String,
    /// Addresses and ports.
    pub(crate) link: Link,
}

/// What a container holds of the network before it is connected.
#[derive(Clone, Debug)]
pub(crate) struct Reservation {
    endpoint_id: String,
    pub(crate) ports: Vec<Binding>,
}

/// The networks of the engine.
#[derive(Debug)]
pub(crate) struct Net {
    bridge: Option<Arc<Bridge>>,
    network_id: String,
}

impl Net {
    /// Makes the default bridge, unless the engine is to have none. The id of
    /// its network is kept below `root`.
    pub(crate) fn open(root: &Path, bridge: Option<&str>, bip: Option<&str>) -> Result<Net> {
        let path = root.join("bridge-id");
        let network_id = match meta::read(&path)? {
            Some(known) => known,
            None => {
                let id = id::generate()?;
                meta::write(&path, &id, Durability::Power)?;
                id
            }
        };
        let bridge = bridge
            .map(|name| Bridge::open(name, bip).context("default bridge"))
            .transpose()?
            .map(Arc::new);
        Ok(Net { bridge, network_id })
    }

    /// Takes the host's ports for a container that is about to start; none if
    /// it will not be on the bridge.
    pub(crate) async fn reserve(
        &self,
        owner: &str,
        name: &str,
        plan: &Plan,
    ) -> Result<Option<Reservation>> {
        if let Network::Named(network) = &plan.network {
            return Err(Error::not_found(format!("network {network} not found")));
        }
        let Some(bridge) = self
            .bridge
            .clone()
            .filter(|_| plan.network == Network::Bridge)
        else {
            return Ok(None);
        };
        let requests = requests(plan)?;
        let endpoint_id = id::generate()?;
        let owner = owner.to_owned();
        let taken = blocking(move || bridge.reserve(&owner, &requests)).await?;
        let ports = taken.map_err(|error| {
            Error::system(format!(
                "driver failed programming external connectivity on endpoint {name} \
                 ({endpoint_id}): {error}"
            ))
        })?;
        Ok(Some(Reservation { endpoint_id, ports }))
    }

    /// Connects the namespace of a process with what was reserved.
    pub(crate) async fn attach(
        &self,
        owner: &str,
        pid: u32,
        reservation: &Reservation,
    ) -> Result<Endpoint> {
        let bridge = self.bridge.clone();
        let bridge = bridge.ok_or_else(|| Error::system("there is no default bridge"))?;
        let (owner, ports) = (owner.to_owned(), reservation.ports.clone());
        let pid = i32::try_from(pid).context("process id")?;
        let link = blocking(move || bridge.attach(&owner, pid, &ports)).await?;
        Ok(Endpoint {
            network_id: self.network_id.clone(),
            network: "bridge".into(),
            endpoint_id: reservation.endpoint_id.clone(),
            link: link.map_err(network_error)?,
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
            .map(|(owner, endpoint)| (owner, endpoint.link));
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
