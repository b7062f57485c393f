//! The options of the driver `bridge`, and the addresses that a client asks
//! for, in dockerd's words where they are wrong.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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
/// Of addresses, as dockerd says it.
const IN_USE: &str = "Address already in use";
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
    /// Whether the bridge has no IPv4 address.
    pub(crate) inhibit_v4: bool,
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
        Ok(Options {
            mtu,
            icc: flag(ICC, true)?,
            masquerade: flag(MASQUERADE, true)?,
            inhibit_v4: flag(INHIBIT, false)?,
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
    /// The first IPv4 subnet with its gateway; none when the client names none.
    pub(crate) subnet: Option<Ipv4Net>,
    /// The other subnets with their gateways.
    pub(crate) more: Vec<IpNet>,
}

impl Addresses {
    /// Reads the address management of a request for the network `network`.
    pub(crate) fn parse(network: &str, given: Option<IPAM>) -> Result<Addresses> {
        let mut ipam = given.unwrap_or_default();
        if ipam.driver.is_empty() {
            ipam.driver = "default".to_owned();
        }
        match ipam.driver.as_str() {
            "default" => {}
            "null" => return Err(Error::system("ipv4 pool is empty")),
            other => return Err(Error::not_found(format!("plugin {other:?} not found"))),
        }
        let (mut subnet, mut more) = (None, Vec::new());
        for part in ipam.config.iter().flatten() {
            let text = part.subnet.as_deref().unwrap_or_default();
            let Ok(net) = text.parse::<IpNet>() else {
                return Err(Error::system(format!(
                    "Invalid subnet {text} : invalid CIDR address: {text}"
                )));
            };
            match with_gateway(network, net.trunc(), part)? {
                IpNet::V4(net) if subnet.is_none() => subnet = Some(net),
                net => more.push(net),
            }
        }
        ipam.config.get_or_insert_default();
        Ok(Addresses { ipam, subnet, more })
    }

    /// Leaves IPv6 out, or refuses to do without.
    pub(crate) fn enable_ipv6(&mut self, enabled: bool) -> Result<()> {
        let is_v6 = |net: &IpNet| net.addr().is_ipv6();
        match enabled {
            true if !self.more.iter().any(is_v6) => Err(Error::not_found(
                "could not find an available, non-overlapping IPv6 address pool among the \
                 defaults to assign to the network",
            )),
            true => Ok(()),
            false => {
                self.more.retain(|net| !is_v6(net));
                Ok(())
            }
        }
    }

    /// A bridge has one subnet of each kind.
    pub(crate) fn only_one_each(&self) -> Result<()> {
        let v6 = self.more.iter().filter(|net| net.addr().is_ipv6()).count();
        if v6 > 1 || v6 < self.more.len() {
            return Err(Error::forbidden(
                "bridge driver doesn't support multiple subnets",
            ));
        }
        Ok(())
    }
}

/// The gateway's address with the subnet's prefix: the one asked for, or the
/// first of the range or the subnet.
fn with_gateway(network: &str, net: IpNet, part: &IPAMConfig) -> Result<IpNet> {
    let text = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
    let given = text(&part.gateway);
    let impossible = |why: &str| {
        let given = given.as_deref().unwrap_or_default();
        Error::system(format!("failed to allocate gateway ({given}): {why}"))
    };
    let range = match text(&part.ip_range) {
        None => None,
        Some(range) => Some(parse_range(net, &range)?),
    };
    if net.prefix_len() + 2 > net.max_prefix_len() {
        return Err(impossible("No available addresses on this pool"));
    }
    let gateway = match &given {
        Some(text) => {
            let Ok(address) = text.parse() else {
                return Err(Error::system(format!(
                    "invalid gateway address {text} in Ipam configuration"
                )));
            };
            if !net.contains(&address) {
                return Err(impossible("Requested address is out of range"));
            }
            if is_nobodys(net, address) {
                return Err(impossible(IN_USE));
            }
            address
        }
        None => {
            let first = range.filter(|range| net.contains(range));
            let first = first.map_or(net.network(), |range| range.network());
            match first == net.network() {
                true => next(first),
                false => first,
            }
        }
    };
    check_others(network, net, gateway, part)?;
    IpNet::new(gateway, net.prefix_len()).map_err(|error| Error::system(error.to_string()))
}

fn parse_range(net: IpNet, text: &str) -> Result<IpNet> {
    let range = text.parse::<IpNet>().ok();
    let range = range.filter(|range| range.addr().is_ipv4() == net.addr().is_ipv4());
    range.ok_or_else(|| {
        Error::system(format!(
            "failed to parse pool request for address space \"LocalDefault\" pool \"{net}\" subpool \
             {text:?}: Invalid Address SubPool"
        ))
    })
}

/// Addresses that belong to others must be in the subnet, each once.
fn check_others(network: &str, net: IpNet, gateway: IpAddr, part: &IPAMConfig) -> Result<()> {
    let mut taken = vec![gateway];
    for (name, text) in part.auxiliary_addresses.iter().flatten() {
        let Ok(address) = text.parse() else {
            return Err(Error::system(format!(
                "non parsable secondary ip address ({name}:{text}) passed for network {network}"
            )));
        };
        if !net.contains(&address) {
            return Err(Error::forbidden(format!(
                "auxiliary address: ({name}:{text}) must belong to the master pool: {net}"
            )));
        }
        if is_nobodys(net, address) || taken.contains(&address) {
            return Err(Error::system(format!(
                "failed to allocate secondary ip address ({name}:{text}): {IN_USE}"
            )));
        }
        taken.push(address);
    }
    Ok(())
}

/// Whether an address is that of the subnet itself, or of all in it.
fn is_nobodys(net: IpNet, address: IpAddr) -> bool {
    address == net.network() || address.is_ipv4() && address == net.broadcast()
}

/// The gateway of the default bridge's IPv6 subnet, which an operator names.
pub(super) fn first_of(subnet: &str) -> Result<IpNet> {
    match subnet.parse::<IpNet>() {
        Ok(net @ IpNet::V6(_)) => with_gateway(subnet, net.trunc(), &IPAMConfig::default()),
        _ => Err(Error::bad_parameter(format!(
            "default bridge: invalid IPv6 subnet {subnet}"
        ))),
    }
}

fn next(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from(u32::from(address).wrapping_add(1)).into(),
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address).wrapping_add(1)).into(),
    }
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
        let found = Addresses::parse("net", Some(given))?;
        let nets = found.subnet.map(IpNet::from).into_iter();
        let nets: Vec<String> = nets.chain(found.more).map(|net| net.to_string()).collect();
        Ok(nets.join(" "))
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
        assert_eq!(parse("fd00::5/64", |_| {}).unwrap(), "fd00::1/64");
        let ranged = parse("fd00::/64", |part| {
            part.ip_range = Some("fd00::1000/116".into());
        });
        assert_eq!(ranged.unwrap(), "fd00::1000/64");
    }

    #[test]
    fn ipv6_is_asked_for_and_given() {
        let addresses = |subnets: &[&str]| {
            let part = |subnet: &&str| IPAMConfig {
                subnet: Some((*subnet).to_owned()),
                ..IPAMConfig::default()
            };
            Addresses::parse(
                "net",
                Some(IPAM {
                    config: Some(subnets.iter().map(part).collect()),
                    ..IPAM::default()
                }),
            )
            .unwrap()
        };
        let mut both = addresses(&["10.5.0.0/24", "fd00::/64"]);
        both.enable_ipv6(true).unwrap();
        both.only_one_each().unwrap();
        assert_eq!(both.more.len(), 1);
        both.enable_ipv6(false).unwrap();
        assert!(both.more.is_empty(), "given, but not wanted");
        let error = addresses(&["10.5.0.0/24"]).enable_ipv6(true);
        assert!(
            error
                .expect_err("none")
                .message
                .contains("IPv6 address pool")
        );
        for several in [["10.5.0.0/24", "10.6.0.0/24"], ["fd00::/64", "fd01::/64"]] {
            assert!(addresses(&several).only_one_each().is_err());
        }
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
            gateway("fd00::1"),
            "failed to allocate gateway (fd00::1): Requested address is out of range"
        );
        assert_eq!(
            gateway("10.5.0.255"),
            "failed to allocate gateway (10.5.0.255): Address already in use"
        );
        assert_eq!(
            gateway("bad"),
            "invalid gateway address bad in Ipam configuration"
        );
        let other = |text: &str| {
            let others = BTreeMap::from([("a".to_owned(), text.to_owned())]);
            parse("10.5.0.0/24", |part| {
                part.auxiliary_addresses = Some(others);
            })
        };
        assert!(other("10.5.0.2").is_ok());
        for (text, words) in [
            (
                "bad",
                "non parsable secondary ip address (a:bad) passed for network net",
            ),
            (
                "10.6.0.1",
                "auxiliary address: (a:10.6.0.1) must belong to the master pool: 10.5.0.0/24",
            ),
            (
                "10.5.0.1",
                "failed to allocate secondary ip address (a:10.5.0.1): Address already in use",
            ),
        ] {
            assert_eq!(other(text).expect_err("wrong").message, words);
        }
        let small = parse("10.5.0.0/31", |_| {});
        assert_eq!(
            small.expect_err("wrong").message,
            "failed to allocate gateway (): No available addresses on this pool"
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
