//! A container's end of a network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::ipam::Addresses;
use crate::ports::Binding;

/// What a container's end of a network shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// What the container calls it.
    pub device: String,
    /// The address that it shall have; none for any.
    pub address: Option<Ipv4Addr>,
    /// The IPv6 address that it shall have; none for any, if there are some.
    pub address6: Option<Ipv6Addr>,
    /// Hardware address; without one it gets the one that goes with its
    /// address.
    pub mac: Option<[u8; 6]>,
    /// Whether packets for elsewhere go this way.
    pub is_default: bool,
}

impl Default for End {
    fn default() -> Self {
        Self {
            device: "eth0".to_owned(),
            address: None,
            address6: None,
            mac: None,
            is_default: true,
        }
    }
}

/// A container's end of a network, as the caller records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Address in the network's subnet.
    pub address: Ipv4Addr,
    /// Length of the subnet's prefix, in bits.
    pub prefix: u8,
    /// Where packets for elsewhere go: a bridge's own address.
    pub gateway: Ipv4Addr,
    /// The same for IPv6, where the network has it.
    #[serde(default)]
    pub v6: Option<Endpoint6>,
    /// Hardware address, `02:42:` and the address's octets.
    pub mac: String,
    /// Published ports.
    pub ports: Vec<Binding>,
    /// The host's end of the veth pair; empty where there is none.
    #[serde(default)]
    pub link: String,
    /// The container's end of it.
    #[serde(default = "first_device")]
    pub device: String,
}

/// What an endpoint has of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint6 {
    /// Address in the network's subnet.
    pub address: Ipv6Addr,
    /// Length of the subnet's prefix, in bits.
    pub prefix: u8,
    /// Where packets for elsewhere go.
    pub gateway: Ipv6Addr,
}

impl Endpoint {
    pub(crate) fn new(taken: &Addresses, mac: [u8; 6], link: String, device: String) -> Self {
        Self {
            address: taken.v4.address,
            prefix: taken.v4.gateway.prefix_len(),
            gateway: taken.v4.gateway.addr(),
            v6: taken.endpoint6(),
            mac: mac.map(|byte| format!("{byte:02x}")).join(":"),
            ports: Vec::new(),
            link,
            device,
        }
    }

    /// Where packets for elsewhere go, by IPv4 and by IPv6.
    pub(crate) fn gateways(&self) -> Vec<IpAddr> {
        let v6 = self.v6.map(|v6| v6.gateway.into());
        std::iter::once(self.gateway.into()).chain(v6).collect()
    }

    /// Its addresses, that of IPv4 first.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        let v6 = self.v6.map(|v6| v6.address.into());
        std::iter::once(self.address.into()).chain(v6)
    }
}

fn first_device() -> String {
    End::default().device
}
