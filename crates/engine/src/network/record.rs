//! A network as it is kept: what a client asked for, and what was chosen.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;
use jiff::Timestamp;
use longshore_api::types::IPAM;
use longshore_network::bridge::Settings;
use serde::{Deserialize, Serialize};

use super::options::Options;
use crate::id;

/// What makes a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Driver {
    /// A bridge of this host.
    Bridge,
    /// The host's own network.
    Host,
    /// Nothing: the loopback device only, or a configuration for others.
    Null,
}

impl Driver {
    /// Its name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Driver::Bridge => "bridge",
            Driver::Host => "host",
            Driver::Null => "null",
        }
    }
}

/// A network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Full id.
    pub(crate) id: String,
    /// Name; of several with the same one, each is found by its id.
    pub(crate) name: String,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// What makes it.
    pub(crate) driver: Driver,
    /// Its addresses, as shown.
    pub(crate) ipam: IPAM,
    /// The bridge's own address with the subnet's prefix.
    pub(crate) subnet: Option<Ipv4Net>,
    /// A client named the subnet, so that addresses of it can be asked for.
    pub(crate) is_chosen: bool,
    /// No way to other networks.
    pub(crate) internal: bool,
    /// Services' containers may be connected by hand; kept to be shown.
    pub(crate) attachable: bool,
    /// Only a configuration, which other networks take over.
    pub(crate) config_only: bool,
    /// Name of the configuration that it was made from, or empty.
    pub(crate) config_from: String,
    /// Options of the driver, as given.
    pub(crate) options: BTreeMap<String, String>,
    /// Labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// The device was there before, and stays.
    pub(crate) foreign: bool,
}

impl Record {
    /// A network that every engine has.
    pub(crate) fn predefined(name: &str, id: &str, driver: Driver, created: Timestamp) -> Record {
        Record {
            id: id.to_owned(),
            name: name.to_owned(),
            created,
            driver,
            ipam: IPAM {
                driver: "default".to_owned(),
                config: Some(Vec::new()),
                options: None,
            },
            subnet: None,
            is_chosen: false,
            internal: false,
            attachable: false,
            config_only: false,
            config_from: String::new(),
            options: BTreeMap::new(),
            labels: BTreeMap::new(),
            foreign: false,
        }
    }

    /// Whether it is one of those that every engine has.
    pub(crate) fn is_predefined(&self) -> bool {
        is_predefined(&self.name)
    }

    /// The device of a bridge.
    pub(crate) fn device(&self) -> String {
        match self.options.get(super::options::NAME) {
            Some(name) if !name.is_empty() => name.clone(),
            _ => format!("br-{}", id::short(&self.id)),
        }
    }

    /// The bridge that it is.
    pub(crate) fn bridge(&self, options: &Options) -> Settings {
        let config = self.ipam.config.as_deref().unwrap_or_default();
        let of_subnet = config.iter().find(|part| {
            let subnet = part.subnet.as_deref().unwrap_or_default();
            subnet.parse::<Ipv4Net>().is_ok()
        });
        let range = of_subnet.and_then(|part| part.ip_range.as_deref()?.parse().ok());
        let reserved = of_subnet.and_then(|part| part.auxiliary_addresses.as_ref());
        let reserved = reserved.into_iter().flat_map(BTreeMap::values);
        Settings {
            address: self.subnet,
            range,
            reserved: reserved
                .filter_map(|text| text.parse::<Ipv4Addr>().ok())
                .collect(),
            mtu: options.mtu,
            internal: self.internal,
            masquerade: options.masquerade,
            icc: options.icc,
            foreign: self.foreign,
            ..Settings::new(self.device())
        }
    }

    /// Where ports are published that name no address.
    pub(crate) fn host_address(&self) -> IpAddr {
        let given = self.options.get(super::options::HOST_BINDING);
        given
            .and_then(|text| text.parse().ok())
            .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

/// Whether this is the name of a network that every engine has.
pub(crate) fn is_predefined(name: &str) -> bool {
    matches!(name, "bridge" | "host" | "none" | "default")
}
