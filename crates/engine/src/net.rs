//! A container's end of a network, as the engine keeps it, and the calls that
//! make and end one, off the async threads.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::container::plan::Plan;
use crate::container::plan::ports::Protocol;
use crate::error::{Error, Result};

/// A container's end of a network while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    /// Id of the network.
    pub(crate) network_id: String,
    /// Name of the network, `bridge`.
    pub(crate) network: String,
    /// Id of this end.
    pub(crate) endpoint_id: String,
    /// Address.
    pub(crate) address: IpAddr,
    /// Length of the network's prefix.
    pub(crate) prefix: u8,
    /// Where packets for elsewhere go.
    pub(crate) gateway: Option<IpAddr>,
    /// Hardware address.
    pub(crate) mac: String,
    /// Ports that the host publishes.
    pub(crate) ports: Vec<BoundPort>,
}

/// A port that the host publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BoundPort {
    /// Port of the container.
    pub(crate) port: u16,
    /// Transport.
    pub(crate) protocol: Protocol,
    /// Address on the host, unspecified for all.
    pub(crate) host_ip: IpAddr,
    /// Port on the host.
    pub(crate) host_port: u16,
}

/// The networks of the engine.
#[derive(Debug, Default)]
pub(crate) struct Net {}

impl Net {
    pub(crate) async fn reserve(&self, _id: &str, _plan: &Plan) -> Result<Vec<BoundPort>> {
        Ok(Vec::new())
    }
    pub(crate) async fn attach(
        &self,
        _id: &str,
        _pid: u32,
        _plan: &Plan,
        _ports: &[BoundPort],
    ) -> Result<Endpoint> {
        Err(Error::not_implemented("bridge"))
    }
    pub(crate) async fn detach(&self, _id: &str, _endpoint: &Endpoint) {}
    pub(crate) async fn release(&self, _id: &str, _ports: &[BoundPort]) {}
    pub(crate) async fn restore(&self, _endpoints: Vec<(String, Endpoint)>) -> Result<()> {
        Ok(())
    }
}
