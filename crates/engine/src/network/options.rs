//! The options of the driver `bridge`, and the addresses that a client asks
//! for, in dockerd's words where they are wrong.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use longshore_api::types::{IPAM, IPAMConfig};

use crate::error::{Error, Result};

/// The device's name.
pub(crate) const NAME: &str = "com.docker.network.bridge.name";
/// Where ports are published that name no address.
pub(crate) const HOST_BINDING: &str = "com.docker.network.bridge.host_binding_ipv4";
const ICC: &str = "com.docker.network.bridge.enable_icc";
const MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";
const INHIBIT: &str = "com.docker.network.bridge.inhibit_ipv4";
const MTU: &str = "com.docker.network.driver.mtu";
const PREFIX: &str = "com.docker.network.container_iface_prefix";

/// What the driver is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// The largest packet.
    pub(crate) mtu: Option<u32>,
    /// Whether containers reach each other.
    pub(crate) icc: bool,
    /// Whether what leaves goes by the host's address.
    pub(crate) masquerade: bool,
    /// What containers call their end, without a number.
    pub(crate) prefix: String,
}

impl Options {
    /// Reads them; those of other drivers are nobody's.
    pub(crate) fn parse(given: &BTreeMap<String, String>) -> Result<Options> {
        let flag = |key: &str, default| match given.get(key).map(String::as_str) {
            None => Ok(default),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some(text) => Err(Error::system(format!(
                "failed to parse {key} value: {text} (strconv.ParseBool: parsing {text:?}: \
                 invalid syntax)"
            ))),
        };
        let mtu = match given.get(MTU).map(|text| (text, text.parse::<u32>())) {
            None | Some((_, Ok(0))) => None,
            Some((_, Ok(mtu))) => Some(mtu),
            Some((text, Err(_))) => {
                return Err(Error::system(format!(
                    "failed to parse {MTU} value: {text} (strconv.Atoi: parsing {text:?}: \
                     invalid syntax)"
                )));
            }
        };
        if let Some(text) = given.get(HOST_BINDING)
            && text.parse::<Ipv4Addr>().is_err()
        {
            return Err(Error::system(format!(
                "failed to parse {HOST_BINDING} value: {text} (nil ip)"
            )));
        }
        if flag(INHIBIT, false)? {
            return Err(Error::not_implemented(format!(
                "{INHIBIT} is not supported by this engine yet"
            )));
        }
        Ok(Options {
            mtu,
            icc: flag(ICC, true)?,
            masquerade: flag(MASQUERADE, true)?,
            prefix: match given.get(PREFIX).map(String::as_str) {
                None | Some("") => "eth".to_owned(),
                Some(prefix) => prefix.to_owned(),
            },
        })
    }
}

/// The addresses that a client asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Addresses {
    /// As shown.
    pub(crate) ipam: IPAM,
    /// The subnet with the gateway; none when the client names none.
    pub(crate) subnet: Option<Ipv4Net>,
}

impl Addresses {
    /// Reads the address management of a request.
    pub(crate) fn parse(given: Option<IPAM>) -> Result<Addresses> {
        let mut ipam = given.unwrap_or_default();
        if ipam.driver.is_empty() {
            ipam.driver = "default".to_owned();
        }
        match ipam.driver.as_str() {
            "default" => {}
            "null" => return Err(Error::system("ipv4 pool is empty")),
            other => return Err(Error::not_found(format!("plugin {other:?} not found"))),
        }
        let mut subnets = Vec::new();
        for part in ipam.config.iter().flatten() {
            let text = part.subnet.as_deref().unwrap_or_default();
            match text.parse::<IpNet>() {
                Ok(IpNet::V4(net)) => subnets.push((net.trunc(), part)),
                Ok(IpNet::V6(_)) => {
                    return Err(Error::not_implemented(
                        "IPv6 networks are not supported by this engine yet",
                    ));
                }
                Err(_) => {
                    return Err(Error::system(format!(
                        "Invalid subnet {text} : invalid CIDR address: {text}"
                    )));
                }
            }
        }
        let subnet = match subnets[..] {
            [] => None,
            [(net, part)] => Some(with_gateway(net, part)?),
            _ => {
                return Err(Error::forbidden(
                    "bridge driver doesn't support multiple subnets",
                ));
            }
        };
        ipam.config.get_or_insert_default();
        Ok(Addresses { ipam, subnet })
    }
}

/// The gateway's address with the subnet's prefix: the one asked for, or the
/// first of the range or the subnet.
fn with_gateway(net: Ipv4Net, part: &IPAMConfig) -> Result<Ipv4Net> {
    let text = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
    if net.prefix_len() > 30 {
        return Err(Error::bad_parameter(format!(
            "invalid subnet {net}: the prefix leaves no address for a container"
        )));
    }
    let range = match text(&part.ip_range) {
        None => None,
        Some(range) => Some(range.parse::<Ipv4Net>().map_err(|_| {
            Error::system(format!("invalid ip range {range} in Ipam configuration"))
        })?),
    };
    let is_inside = |address: &Ipv4Addr| {
        net.contains(address) && *address != net.network() && *address != net.broadcast()
    };
    for (name, address) in part.auxiliary_addresses.iter().flatten() {
        let outside = || {
            Error::system(format!(
                "failed to allocate secondary ip address ({name}:{address}): Requested address is \
                 out of range"
            ))
        };
        let address: Ipv4Addr = address.parse().map_err(|_| outside())?;
        if !is_inside(&address) {
            return Err(outside());
        }
    }
    let gateway = match text(&part.gateway) {
        Some(given) => {
            let Ok(IpAddr::V4(address)) = given.parse() else {
                return Err(Error::system(format!(
                    "invalid gateway address {given} in Ipam configuration"
                )));
            };
            if !is_inside(&address) {
                return Err(Error::system(format!(
                    "failed to allocate gateway ({given}): Requested address is out of range"
                )));
            }
            address
        }
        None => {
            let first = range.filter(|range| net.contains(range));
            let first = first.map_or(net.network(), |range| range.network());
            match first == net.network() {
                true => Ipv4Addr::from(u32::from(first) + 1),
                false => first,
            }
        }
    };
    Ipv4Net::new(gateway, net.prefix_len()).map_err(|error| Error::system(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(subnet: &str, change: impl FnOnce(&mut IPAMConfig)) -> Result<String> {
        let mut part = IPAMConfig {
            subnet: Some(subnet.to_owned()),
            ..IPAMConfig::default()
        };
        change(&mut part);
        let given = IPAM {
            config: Some(vec![part]),
            ..IPAM::default()
        };
        let found = Addresses::parse(Some(given))?;
        Ok(found.subnet.map(|net| net.to_string()).unwrap_or_default())
    }

    #[test]
    fn gateways() {
        assert_eq!(parse("10.5.0.9/24", |_| {}).unwrap(), "10.5.0.1/24");
        let ranged = parse("10.5.0.0/24", |part| {
            part.ip_range = Some("10.5.0.64/26".into())
        });
        assert_eq!(ranged.unwrap(), "10.5.0.64/24");
        let given = parse("10.5.0.0/24", |part| part.gateway = Some("10.5.0.7".into()));
        assert_eq!(given.unwrap(), "10.5.0.7/24");
    }

    #[test]
    fn wrong_addresses_are_told_in_dockerds_words() {
        let gateway = |text: &str| {
            let text = text.to_owned();
            parse("10.5.0.0/24", |part| part.gateway = Some(text))
                .expect_err("wrong")
                .message
        };
        assert_eq!(
            gateway("10.6.0.1"),
            "failed to allocate gateway (10.6.0.1): Requested address is out of range"
        );
        assert_eq!(
            gateway("bad"),
            "invalid gateway address bad in Ipam configuration"
        );
        assert_eq!(
            parse("foo", |_| {}).expect_err("wrong").message,
            "Invalid subnet foo : invalid CIDR address: foo"
        );
    }

    #[test]
    fn options_of_the_driver() {
        let parse = |key: &str, value: &str| {
            Options::parse(&BTreeMap::from([(key.to_owned(), value.to_owned())]))
        };
        assert!(!parse(ICC, "false").unwrap().icc);
        assert!(!parse(MASQUERADE, "0").unwrap().masquerade);
        assert_eq!(parse(MTU, "1400").unwrap().mtu, Some(1400));
        assert_eq!(
            parse(ICC, "foo").expect_err("wrong").message,
            "failed to parse com.docker.network.bridge.enable_icc value: foo (strconv.ParseBool: \
             parsing \"foo\": invalid syntax)"
        );
        assert!(parse(HOST_BINDING, "x").is_err());
        assert!(parse("other", "x").is_ok());
    }
}
