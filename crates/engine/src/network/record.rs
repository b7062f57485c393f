//! A network as it is kept: what a client asked for, and what was chosen.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};
use jiff::Timestamp;
use longshore_api::types::IPAM;
use longshore_network::bridge::Settings;
use longshore_network::ipam::Subnet;
use serde::{Deserialize, Serialize};

use super::options::Options;
use crate::id;

/// What makes a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Driver {
    /// A bridge of this host.
    Bridge,
    /// A link of this host that containers share, each with a hardware address.
    Macvlan,
    /// The same with the link's hardware address.
    Ipvlan,
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
            Driver::Macvlan => "macvlan",
            Driver::Ipvlan => "ipvlan",
            Driver::Host => "host",
            Driver::Null => "null",
        }
    }

    /// Whether something of this host carries its networks.
    pub(crate) fn has_device(self) -> bool {
        match self {
            Driver::Bridge | Driver::Macvlan | Driver::Ipvlan => true,
            Driver::Host | Driver::Null => false,
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
    /// The gateways of its other subnets, with their prefixes: that of IPv6.
    #[serde(default)]
    pub(crate) more: Vec<IpNet>,
    /// Whether it has IPv6.
    #[serde(default)]
    pub(crate) enable_ipv6: bool,
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
            more: Vec::new(),
            enable_ipv6: false,
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
        let own = self.subnet.map(|net| self.subnet(net.into()));
        let own = own.unwrap_or_else(|| Subnet::new(Ipv4Net::default()));
        let v6 = self.more.iter().find(|net| net.addr().is_ipv6());
        Settings {
            address: self.subnet,
            range: own.range.and_then(|range| match range {
                IpNet::V4(range) => Some(range),
                IpNet::V6(_) => None,
            }),
            reserved: (own.reserved.iter())
                .filter_map(|address| match address {
                    IpAddr::V4(address) => Some(*address),
                    IpAddr::V6(_) => None,
                })
                .collect(),
            v6: v6.map(|net| self.subnet(*net)),
            inhibit_v4: options.inhibit_v4,
            mtu: options.mtu,
            internal: self.internal,
            masquerade: options.masquerade,
            icc: options.icc,
            foreign: self.foreign,
            ..Settings::new(self.device())
        }
    }

    /// Whether containers on it have IPv6 addresses.
    pub(crate) fn has_ipv6(&self) -> bool {
        self.more.iter().any(|net| net.addr().is_ipv6())
    }

    /// All its subnets.
    pub(crate) fn subnets(&self) -> Vec<Subnet> {
        let first = self.subnet.map(IpNet::from).into_iter();
        let all = first.chain(self.more.iter().copied());
        all.map(|gateway| self.subnet(gateway)).collect()
    }

    /// What a client said of the subnet with this gateway.
    fn subnet(&self, gateway: IpNet) -> Subnet {
        let config = self.ipam.config.as_deref().unwrap_or_default();
        let part = config.iter().find(|part| {
            let subnet = part.subnet.as_deref().unwrap_or_default();
            (subnet.parse::<IpNet>()).is_ok_and(|net| net.trunc() == gateway.trunc())
        });
        let reserved = part.and_then(|part| part.auxiliary_addresses.as_ref());
        Subnet {
            gateway,
            range: part.and_then(|part| part.ip_range.as_deref()?.parse().ok()),
            reserved: (reserved.into_iter().flat_map(BTreeMap::values))
                .filter_map(|text| text.parse().ok())
                .collect(),
        }
    }

    /// Where ports are published that name no address.
    pub(crate) fn host_addresses(&self) -> Vec<IpAddr> {
        let given = self.options.get(super::options::HOST_BINDING);
        let v4 = given.and_then(|text| text.parse().ok());
        let v4 = v4.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let mut addresses = vec![v4];
        let is_everywhere = v4.is_unspecified() && self.has_ipv6();
        if is_everywhere && longshore_network::host::has_ipv6() {
            addresses.push(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        }
        addresses
    }
}

/// Whether this is the name of a network that every engine has.
pub(crate) fn is_predefined(name: &str) -> bool {
    matches!(name, "bridge" | "host" | "none" | "default")
}
