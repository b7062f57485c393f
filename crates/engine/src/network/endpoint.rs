//! A container's end of a network: reserved before its start, made when its
//! namespace exists, recorded with its state.

use std::collections::BTreeMap;
use std::sync::Arc;

use longshore_api::types::EndpointSettings;
use longshore_network::endpoint::{End, Endpoint as Link};
use longshore_network::ports::{Binding, Protocol as LinkProtocol};
use serde::{Deserialize, Serialize};

use super::store::Network;
use crate::container::plan::namespaces;
use crate::container::record::Record;
use crate::error::{Error, Result};
use crate::id;

/// A container's end of a network while it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Endpoint {
    /// Id of the network.
    pub(crate) network_id: String,
    /// Name of the network.
    pub(crate) network: String,
    /// Id of this end.
    pub(crate) endpoint_id: String,
    /// The word for the kind of its network.
    #[serde(default)]
    pub(crate) driver: String,
    /// What it is called there, itself first.
    #[serde(default)]
    pub(crate) names: Vec<String>,
    /// What it calls others, each with what they are called.
    #[serde(default)]
    pub(crate) links: BTreeMap<String, String>,
    /// Addresses and ports, where there is a device.
    pub(crate) link: Option<Link>,
}

impl Endpoint {
    /// Published ports.
    pub(crate) fn ports(&self) -> &[Binding] {
        self.link.as_ref().map_or(&[], |link| link.ports.as_slice())
    }

    /// Whether containers are known by name on its network.
    pub(crate) fn has_names(&self) -> bool {
        self.link.is_some() && !super::record::is_predefined(&self.network)
    }
}

/// What a container holds of its networks before it is connected.
#[derive(Clone, Debug)]
pub(crate) struct Reservation {
    /// The way to elsewhere comes first.
    pub(super) ends: Vec<Pending>,
    /// Ports of the host, published by the first end.
    pub(crate) ports: Vec<Binding>,
}

impl Reservation {
    /// Whether there is a device to be connected.
    pub(crate) fn is_bridged(&self) -> bool {
        self.ends.iter().any(|end| end.network.device.is_some())
    }
}

/// An end that is to be made.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) network: Arc<Network>,
    pub(super) endpoint_id: String,
    pub(super) end: End,
    pub(super) names: Vec<String>,
    pub(super) links: BTreeMap<String, String>,
}

/// Reads what a client says of a container's end of a network.
pub(super) fn end(network: &Network, settings: &EndpointSettings) -> Result<End> {
    let record = &network.record;
    check(network, settings)?;
    let [v4, v6] = asked_addresses(settings);
    let wrong = |kind, text| Error::bad_parameter(format!("invalid {kind} address: {text}"));
    let address = match v4 {
        Some(text) => Some(text.parse().map_err(|_| wrong("IPv4", text))?),
        None => None,
    };
    let address6 = match v6 {
        Some(text) => Some(text.parse().map_err(|_| wrong("IPv6", text))?),
        None => None,
    };
    let mac = Some(settings.mac_address.as_str());
    let prefix = match super::options::Options::parse(&record.options) {
        Ok(options) => options.prefix,
        Err(_) => "eth".to_owned(),
    };
    Ok(End {
        device: prefix,
        address,
        address6,
        mac: namespaces::mac(mac)?,
        is_default: false,
    })
}

/// Refuses what this network does not have.
pub(crate) fn check(network: &Network, settings: &EndpointSettings) -> Result<()> {
    let [v4, v6] = asked_addresses(settings);
    let has_aliases = settings
        .aliases
        .as_ref()
        .is_some_and(|list| !list.is_empty());
    if network.record.is_predefined() {
        if v4.is_some() || v6.is_some() {
            return Err(Error::bad_parameter(
                "user specified IP address is supported on user defined networks only",
            ));
        }
        if has_aliases {
            return Err(Error::bad_parameter(
                "network-scoped alias is supported only for containers in user defined networks",
            ));
        }
    } else if v4.is_some() && !network.record.is_chosen
        || v6.is_some() && !network.record.has_ipv6()
    {
        return Err(Error::bad_parameter(
            "user specified IP address is supported only when connecting to networks with user \
             configured subnets",
        ));
    }
    Ok(())
}

/// The addresses that a client asks for, of IPv4 and of IPv6.
fn asked_addresses(settings: &EndpointSettings) -> [Option<&str>; 2] {
    let asked = settings.ipam_config.as_ref();
    let v4 = asked.and_then(|asked| asked.ipv4_address.as_deref());
    let v6 = asked.and_then(|asked| asked.ipv6_address.as_deref());
    [v4, v6].map(|text| text.filter(|text| !text.is_empty()))
}

/// What a container calls others on a network, each with their own name:
/// `name` and `name:alias`.
pub(super) fn links(settings: &EndpointSettings) -> BTreeMap<String, String> {
    let given = settings.links.iter().flatten();
    let split = given.map(|text| {
        let (name, alias) = text.split_once(':').unwrap_or((text, text));
        let alias = alias.rsplit('/').next().unwrap_or(alias);
        (
            alias.to_ascii_lowercase(),
            name.trim_start_matches('/').to_owned(),
        )
    });
    split.collect()
}

/// A container is also known by the beginning of its id and by its host name,
/// after what the client calls it.
pub(crate) fn add_own_names(aliases: &mut Vec<String>, record: &Record) {
    for own in [id::short(&record.id), record.config.hostname.as_str()] {
        if !own.is_empty() && !aliases.iter().any(|alias| alias == own) {
            aliases.push(own.to_owned());
        }
    }
}

/// The word of the wire for a transport.
pub(crate) fn protocol_name(protocol: LinkProtocol) -> &'static str {
    match protocol {
        LinkProtocol::Tcp => "tcp",
        LinkProtocol::Udp => "udp",
        LinkProtocol::Sctp => "sctp",
    }
}

/// The first name of a device that is free: `eth0`, `eth1`.
pub(super) fn free_device<'a>(
    prefix: &str,
    taken: impl Iterator<Item = &'a str> + Clone,
) -> String {
    let names = (0..).map(|number: u32| format!("{prefix}{number}"));
    let mut free = names.filter(|name| !taken.clone().any(|other| other == name));
    free.next().unwrap_or_else(|| prefix.to_owned())
}
