//! A container's end of a network, as the engine keeps it, and the calls that
//! make and end one, off the async threads.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::container::plan::ports::Protocol;

/// A container's end of a network while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Id of the network.
    pub network_id: String,
    /// Name of the network, `bridge`.
    pub network: String,
    /// Id of this end.
    pub endpoint_id: String,
    /// Address.
    pub address: IpAddr,
    /// Length of the network's prefix.
    pub prefix: u8,
    /// Where packets for elsewhere go.
    pub gateway: Option<IpAddr>,
    /// Hardware address.
    pub mac: String,
    /// Ports that the host publishes.
    pub ports: Vec<BoundPort>,
}

/// A port that the host publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoundPort {
    /// Port of the container.
    pub port: u16,
    /// Transport.
    pub protocol: Protocol,
    /// Address on the host, unspecified for all.
    pub host_ip: IpAddr,
    /// Port on the host.
    pub host_port: u16,
}
