//! Which namespaces a container has of its own: the `…Mode` texts.

use longshore_api::types::{ContainerConfig, HostConfig};

use super::ports::Ports;
use super::{Plan, list};
use crate::error::{Error, Result};

/// A namespace of its own, the host's, or another container's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Join {
    /// Its own.
    #[default]
    Own,
    /// The host's.
    Host,
    /// That of the container with this name or id.
    Container(String),
}

impl Join {
    /// Reads the texts that process ids and the network have in common.
    pub(crate) fn parse(mode: &str, what: &str) -> Result<Join> {
        match mode.split_once(':') {
            None if mode.is_empty() => Ok(Join::Own),
            None if mode == "host" => Ok(Join::Host),
            Some(("container", name)) if !name.is_empty() => Ok(Join::Container(name.to_owned())),
            _ => Err(Error::bad_parameter(format!(
                "invalid {} mode",
                what.to_uppercase()
            ))),
        }
    }

    /// The container whose namespace it joins.
    pub(crate) fn container(&self) -> Option<&str> {
        match self {
            Join::Container(name) => Some(name),
            _ => None,
        }
    }
}

/// How processes of different containers share memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ipc {
    /// Its own, which nobody joins.
    #[default]
    Private,
    /// Its own, which others may join.
    Shareable,
    /// Its own, without `/dev/shm`.
    None,
    /// The host's.
    Host,
    /// Another container's.
    Container(String),
}

impl Ipc {
    /// Reads the mode.
    pub(crate) fn parse(mode: &str) -> Result<Ipc> {
        match mode {
            "" | "private" => Ok(Ipc::Private),
            "shareable" => Ok(Ipc::Shareable),
            "none" => Ok(Ipc::None),
            "host" => Ok(Ipc::Host),
            _ => match mode.split_once(':') {
                Some(("container", name)) if !name.is_empty() => {
                    Ok(Ipc::Container(name.to_owned()))
                }
                _ => Err(Error::bad_parameter(format!("invalid IPC mode: {mode}"))),
            },
        }
    }

    /// The container whose namespace it joins.
    pub(crate) fn container(&self) -> Option<&str> {
        match self {
            Ipc::Container(name) => Some(name),
            _ => None,
        }
    }
}

/// The network of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Network {
    /// An end on the default bridge.
    #[default]
    Bridge,
    /// A namespace with nothing but the loopback device.
    None,
    /// The host's.
    Host,
    /// Another container's.
    Container(String),
    /// A network that somebody made.
    Named(String),
}

impl Network {
    /// Reads the mode.
    pub(crate) fn parse(mode: &str) -> Result<Network> {
        match mode {
            "" | "default" | "bridge" => Ok(Network::Bridge),
            "none" => Ok(Network::None),
            "host" => Ok(Network::Host),
            _ => match mode.split_once(':') {
                Some(("container", name)) if !name.is_empty() => {
                    Ok(Network::Container(name.to_owned()))
                }
                Some(("container", _)) => Err(Error::bad_parameter(
                    "Invalid network mode: invalid container format container:<name|id>",
                )),
                _ => Ok(Network::Named(mode.to_owned())),
            },
        }
    }

    /// The container whose namespace it joins.
    pub(crate) fn container(&self) -> Option<&str> {
        match self {
            Network::Container(name) => Some(name),
            _ => None,
        }
    }

    /// The key of the network in inspect; none when the namespace is another
    /// container's.
    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Network::Bridge => Some("bridge"),
            Network::None => Some("none"),
            Network::Host => Some("host"),
            Network::Named(name) => Some(name),
            Network::Container(_) => None,
        }
    }

    /// Whether the container has a network namespace of its own.
    pub(crate) fn is_own(&self) -> bool {
        !matches!(self, Network::Host | Network::Container(_))
    }

    /// Refuses options that mean nothing in this mode.
    pub(crate) fn check(
        &self,
        config: &ContainerConfig,
        host: &HostConfig,
        ports: &Ports,
    ) -> Result<()> {
        let conflict =
            |what: &str| Err(Error::bad_parameter(format!("conflicting options: {what}")));
        if host.uts_mode == "host" && !config.hostname.is_empty() {
            return conflict("hostname and the UTS mode");
        }
        if let Network::Container(_) = self {
            if !config.hostname.is_empty() {
                return conflict("hostname and the network mode");
            }
            if !list(&host.dns).is_empty() {
                return conflict("dns and the network mode");
            }
            if !list(&host.extra_hosts).is_empty() {
                return conflict("custom host-to-IP mapping and the network mode");
            }
            if config
                .mac_address
                .as_deref()
                .is_some_and(|mac| !mac.is_empty())
            {
                return conflict("mac-address and the network mode");
            }
            if !ports.published.is_empty() {
                return conflict("port publishing and the container type network mode");
            }
            if config
                .exposed_ports
                .as_ref()
                .is_some_and(|set| !set.0.is_empty())
            {
                return conflict("port exposing and the container type network mode");
            }
        }
        if !list(&host.links).is_empty() {
            let shared = match self {
                Network::Host => "host type networking",
                Network::Container(_) => "container type network",
                _ => "",
            };
            if !shared.is_empty() {
                return conflict(&format!(
                    "{shared} can't be used with links. This would result in \
                     undefined behavior"
                ));
            }
        }
        if *self == Network::Host && config.mac_address.as_deref().is_some_and(|m| !m.is_empty()) {
            return conflict("mac-address and the network mode");
        }
        for host in list(&host.extra_hosts) {
            check_extra_host(host)?;
        }
        Ok(())
    }
}

fn check_extra_host(host: &str) -> Result<()> {
    match host.split_once(':') {
        Some((name, address)) if !name.is_empty() => {
            // The one word that stands for an address, filled in at the start.
            if address == "host-gateway" || address.parse::<std::net::IpAddr>().is_ok() {
                return Ok(());
            }
            Err(Error::bad_parameter(format!(
                "invalid IP address in add-host: \"{address}\""
            )))
        }
        _ => Err(Error::bad_parameter(format!(
            "bad format for add-host: \"{host}\""
        ))),
    }
}

/// Reads a hardware address, six pairs of hexadecimal digits between colons or
/// hyphens; none when it is empty.
pub(crate) fn mac(given: Option<&str>) -> Result<Option<[u8; 6]>> {
    let Some(text) = given.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let bad = || Error::bad_parameter(format!("invalid MAC address: {text}"));
    let mut mac = [0; 6];
    let mut pairs = text.split([':', '-']);
    for byte in &mut mac {
        let pair = pairs.next().filter(|pair| pair.len() == 2);
        *byte = pair
            .filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            .ok_or_else(bad)?;
    }
    if pairs.next().is_some() {
        return Err(bad());
    }
    Ok(Some(mac))
}

/// Kernel parameters must belong to a namespace that the container owns, which
/// is found out at the start.
pub(crate) fn check_sysctls(plan: &Plan) -> Result<()> {
    const IPC: [&str; 8] = [
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
    ];
    let own_ipc = matches!(plan.ipc, Ipc::Private | Ipc::Shareable | Ipc::None);
    for key in plan.sysctls.keys() {
        let plain = key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'_' | b'-'));
        // Slashes separate as well as dots.
        let dotted = key.replace('/', ".");
        let of_ipc = IPC.contains(&dotted.as_str()) || dotted.starts_with("fs.mqueue.");
        let of_network = dotted.starts_with("net.");
        let refusal = match dotted.as_str() {
            _ if !plain || key.contains("..") => "is not in a separate kernel namespace",
            _ if of_ipc && own_ipc => continue,
            _ if of_ipc => "is not allowed in the hosts ipc namespace",
            _ if of_network && plan.network.is_own() => continue,
            _ if of_network => "not allowed in host network namespace",
            "kernel.domainname" if !plan.uts_host => continue,
            "kernel.hostname" => "is not allowed as it conflicts with the OCI \"hostname\" field",
            _ => "is not in a separate kernel namespace",
        };
        return Err(Error::system(format!(
            "failed to create shim task: OCI runtime create failed: runc create failed: \
             sysctl \"{key}\" {refusal}: unknown"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn modes() {
        assert_eq!(Network::parse("default"), Ok(Network::Bridge));
        assert_eq!(
            Network::parse("container:a"),
            Ok(Network::Container("a".into()))
        );
        assert_eq!(Network::parse("mine"), Ok(Network::Named("mine".into())));
        assert!(Network::parse("container:").is_err());
        assert_eq!(Ipc::parse("shareable"), Ok(Ipc::Shareable));
        assert!(Ipc::parse("other").is_err());
        assert_eq!(Join::parse("host", "pid"), Ok(Join::Host));
        assert_eq!(
            Join::parse("other", "pid").expect_err("refused").message,
            "invalid PID mode"
        );
    }

    #[test]
    fn hardware_addresses() {
        assert_eq!(mac(None), Ok(None));
        assert_eq!(mac(Some("")), Ok(None));
        let read = Ok(Some([2, 0x42, 0xaa, 0xbb, 0xcc, 0xdd]));
        assert_eq!(mac(Some("02:42:aa:BB:cc:dd")), read);
        assert_eq!(mac(Some("02-42-aa-bb-cc-dd")), read);
        for bad in [
            "zz",
            "02:42:aa:bb:cc",
            "02:42:aa:bb:cc:dd:ee",
            "2:42:aa:bb:cc:dd",
            "+2:42:aa:bb:cc:dd",
        ] {
            assert!(mac(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_shared_network_has_no_options() {
        let network = Network::Container("a".into());
        let config = ContainerConfig {
            hostname: "h".into(),
            ..ContainerConfig::default()
        };
        let error = network
            .check(&config, &HostConfig::default(), &Ports::default())
            .expect_err("refused");
        assert_eq!(
            error.message,
            "conflicting options: hostname and the network mode"
        );
    }

    #[test]
    fn sysctls_belong_to_own_namespaces() {
        let check = |key: &str, network, ipc| {
            let mut plan =
                Plan::parse(&ContainerConfig::default(), &HostConfig::default()).unwrap();
            plan.sysctls = BTreeMap::from([(key.to_owned(), "1".to_owned())]);
            check_sysctls(&Plan {
                network,
                ipc,
                ..plan
            })
        };
        assert!(check("net.ipv4.ip_forward", Network::Bridge, Ipc::Private).is_ok());
        assert!(check("net.ipv4.ip_forward", Network::Host, Ipc::Private).is_err());
        assert!(check("kernel.shmmax", Network::Bridge, Ipc::Private).is_ok());
        assert!(check("kernel.shmmax", Network::Bridge, Ipc::Host).is_err());
        assert!(check("vm.swappiness", Network::Bridge, Ipc::Private).is_err());
        assert!(check("net.../../vm.x", Network::Bridge, Ipc::Private).is_err());
    }
}
