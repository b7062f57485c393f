//! Ports: what the image exposes, and where the host publishes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Transport of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// As on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        }
    }
}

/// One port of a container, `80/tcp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Port {
    /// Number, 1 to 65535.
    pub(crate) number: u16,
    /// Transport.
    pub(crate) protocol: Protocol,
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.protocol.as_str())
    }
}

/// Where a port is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publish {
    /// The container's port.
    pub(crate) port: Port,
    /// Address on the host; none for all.
    pub(crate) address: Option<IpAddr>,
    /// First and last acceptable port on the host; none for any.
    pub(crate) host: Option<(u16, u16)>,
}

/// What a container exposes and publishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ports {
    /// All ports that are exposed or published.
    pub(crate) exposed: BTreeSet<Port>,
    /// Those that the host shall publish.
    pub(crate) published: Vec<Publish>,
}

/// A binding as given: address and port as texts, both may be empty.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GivenBinding<'a> {
    /// Address on the host.
    pub(crate) host_ip: &'a str,
    /// Port or range on the host.
    pub(crate) host_port: &'a str,
}

impl Ports {
    /// Reads exposed ports and bindings. `publish_all` publishes every exposed
    /// port somewhere.
    pub(crate) fn parse<'a>(
        exposed: impl IntoIterator<Item = &'a str>,
        bindings: &BTreeMap<&str, Vec<GivenBinding<'_>>>,
        publish_all: bool,
    ) -> Result<Ports> {
        let mut ports = Ports::default();
        for spec in exposed {
            ports.exposed.extend(parse_ports(spec)?);
        }
        for (spec, given) in bindings {
            for port in parse_ports(spec)? {
                ports.exposed.insert(port);
                for binding in given {
                    ports.published.push(Publish {
                        port,
                        address: parse_address(binding.host_ip)?,
                        host: parse_host_port(binding.host_port)?,
                    });
                }
                if given.is_empty() {
                    continue;
                }
            }
        }
        if publish_all {
            for port in &ports.exposed {
                if !ports
                    .published
                    .iter()
                    .any(|published| published.port == *port)
                {
                    ports.published.push(Publish {
                        port: *port,
                        address: None,
                        host: None,
                    });
                }
            }
        }
        Ok(ports)
    }
}

/// Reads `80`, `80/udp`, `80-90/tcp`.
pub(crate) fn parse_ports(spec: &str) -> Result<Vec<Port>> {
    let invalid = || Error::bad_parameter(format!("invalid port specification: \"{spec}\""));
    let (numbers, protocol) = spec.split_once('/').unwrap_or((spec, "tcp"));
    let protocol = match protocol.to_ascii_lowercase().as_str() {
        "tcp" => Protocol::Tcp,
        "udp" => Protocol::Udp,
        "sctp" => Protocol::Sctp,
        _ => return Err(invalid()),
    };
    let (first, last) = parse_range(numbers).ok_or_else(invalid)?;
    if first == 0 {
        return Err(invalid());
    }
    Ok((first..=last)
        .map(|number| Port { number, protocol })
        .collect())
}

fn parse_host_port(text: &str) -> Result<Option<(u16, u16)>> {
    if text.is_empty() {
        return Ok(None);
    }
    match parse_range(text) {
        Some((0, 0)) => Ok(None),
        Some(range) => Ok(Some(range)),
        None => Err(Error::bad_parameter(format!(
            "invalid port specification: \"{text}\""
        ))),
    }
}

fn parse_address(text: &str) -> Result<Option<IpAddr>> {
    if text.is_empty() {
        return Ok(None);
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().map(Some).map_err(|_| {
        Error::bad_parameter(format!(
            "invalid port specification: invalid IP address: {text}"
        ))
    })
}

fn parse_range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(text: &str) -> Port {
        parse_ports(text).expect(text)[0]
    }

    #[test]
    fn ranges_and_protocols() {
        assert_eq!(port("80").to_string(), "80/tcp");
        assert_eq!(port("53/UDP").to_string(), "53/udp");
        assert_eq!(parse_ports("80-82/tcp").expect("a range").len(), 3);
        for bad in ["", "0", "x", "80/x", "90-80", "70000", "80/tcp/tcp", "-1"] {
            let error = parse_ports(bad).expect_err(bad);
            assert_eq!(
                error.message,
                format!("invalid port specification: \"{bad}\"")
            );
        }
    }

    #[test]
    fn bindings_expose_and_publish() {
        let binding = GivenBinding {
            host_ip: "127.0.0.1",
            host_port: "8080",
        };
        let anywhere = GivenBinding {
            host_ip: "",
            host_port: "",
        };
        let bindings = BTreeMap::from([("80/tcp", vec![binding, anywhere]), ("81", vec![])]);
        let ports = Ports::parse(["90/udp"], &bindings, false).expect("good");
        assert_eq!(
            ports.exposed,
            BTreeSet::from([port("80"), port("81"), port("90/udp")])
        );
        assert_eq!(ports.published.len(), 2);
        assert_eq!(ports.published[0].host, Some((8080, 8080)));
        assert_eq!(ports.published[1].host, None);
        let all = Ports::parse(["90/udp"], &bindings, true).expect("good");
        assert_eq!(all.published.len(), 4);
    }

    #[test]
    fn wrong_bindings() {
        let wrong = |host_ip, host_port| {
            let binding = GivenBinding { host_ip, host_port };
            Ports::parse([], &BTreeMap::from([("80", vec![binding])]), false)
                .expect_err("refused")
                .message
        };
        assert_eq!(wrong("", "x"), "invalid port specification: \"x\"");
        assert_eq!(
            wrong("300.0.0.1", "1"),
            "invalid port specification: invalid IP address: 300.0.0.1"
        );
    }
}
