//! What the operator says about registries: mirrors, registries without TLS or
//! with a TLS that nobody vouches for, directories of certificates, patience.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use ipnet::IpNet;

use crate::url;

/// How registries are spoken to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Networks whose registries need no TLS.
    pub insecure_networks: Vec<IpNet>,
    /// Registries, `host[:port]`, that need no TLS.
    pub insecure_hosts: Vec<String>,
    /// Asked before Docker Hub, in this order.
    pub mirrors: Vec<Mirror>,
    /// Directories with a folder `host[:port]` of certificates each; the first
    /// that has one for a registry counts.
    pub certificates: Vec<PathBuf>,
    /// How long to wait.
    pub patience: Patience,
    /// What the client calls itself.
    pub user_agent: String,
}

/// A mirror of Docker Hub, `https://host[:port]/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror(pub(crate) Uri);

/// How long the client waits before it gives up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For a connection and its TLS.
    pub connect: Duration,
    /// For something to come (or to be taken): at least 1 KiB within this time.
    pub stall: Duration,
    /// For a registry to answer an upload, which it may first move elsewhere.
    pub upload: Duration,
}

/// A setting that means nothing; the text is dockerd's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(String);

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            stall: Duration::from_secs(60),
            upload: Duration::from_secs(15 * 60),
        }
    }
}

impl Default for Settings {
    /// The machine itself needs no TLS; all others do.
    fn default() -> Self {
        Self {
            insecure_networks: local_networks().to_vec(),
            insecure_hosts: Vec::new(),
            mirrors: Vec::new(),
            certificates: [
                "/etc/longshore/certs.d",
                "/etc/docker/certs.d",
                "/etc/containerd/certs.d",
            ]
            .map(PathBuf::from)
            .to_vec(),
            patience: Patience::default(),
            user_agent: concat!("longshore/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

fn local_networks() -> [IpNet; 2] {
    let v4 = ipnet::Ipv4Net::new(Ipv4Addr::new(127, 0, 0, 0), 8);
    let v6 = ipnet::Ipv6Net::new(std::net::Ipv6Addr::LOCALHOST, 128);
    match (v4, v6) {
        (Ok(v4), Ok(v6)) => [v4.into(), v6.into()],
        // Both prefixes are within their limits.
        _ => unreachable!("constant prefixes are valid"),
    }
}

impl Settings {
    /// Adds `--insecure-registry`: a network `10.0.0.0/8` or `host[:port]`.
    pub fn allow_insecure(&mut self, given: &str) -> Result<(), SettingError> {
        let wrong = |why: &str| SettingError(format!("insecure registry {given} {why}"));
        if let Ok(network) = given.parse::<IpNet>() {
            if !self.insecure_networks.contains(&network) {
                self.insecure_networks.push(network);
            }
            return Ok(());
        }
        let lower = given.to_ascii_lowercase();
        let host = lower
            .strip_prefix("http://")
            .or_else(|| lower.strip_prefix("https://"))
            .unwrap_or(&lower)
            .trim_end_matches('/');
        if host.contains("://") {
            return Err(wrong("should not contain '://'"));
        }
        let valid = !host.is_empty()
            && !host.contains(['/', '@', ' '])
            && format!("http://{host}/").parse::<Uri>().is_ok();
        if !valid {
            return Err(wrong("is not valid: invalid host"));
        }
        self.insecure_hosts.push(host.to_owned());
        Ok(())
    }

    /// Adds `--registry-mirror`.
    pub fn add_mirror(&mut self, given: &str) -> Result<(), SettingError> {
        let wrong = |why: &str| SettingError(format!("invalid mirror: {why}"));
        let uri = url::parse(given).map_err(|_| {
            if given.contains("://") && !given.starts_with("http") {
                let scheme = given.split("://").next().unwrap_or_default();
                wrong(&format!("unsupported scheme {scheme:?} in {given:?}"))
            } else {
                wrong(&format!("{given:?} is not a valid URI"))
            }
        })?;
        if url::login(&uri).is_some() {
            return Err(wrong(&format!(
                "username/password not allowed in URI {:?}",
                url::shown(&uri)
            )));
        }
        if uri.path() != "/" || uri.query().is_some() || given.contains('#') {
            return Err(wrong(&format!(
                "path, query, or fragment at end of the URI {given:?}"
            )));
        }
        self.mirrors.push(Mirror(uri));
        Ok(())
    }

    /// Whether a registry, `host[:port]`, may be spoken to without TLS.
    pub(crate) async fn is_insecure(&self, server: &str) -> bool {
        if self
            .insecure_hosts
            .iter()
            .any(|host| host.eq_ignore_ascii_case(server))
        {
            return true;
        }
        let host = split_port(server).0;
        let addresses: Vec<IpAddr> = match host.parse() {
            Ok(address) => vec![address],
            // A name that does not resolve now is judged as one that is not here.
            Err(_) => match tokio::net::lookup_host((host, 0)).await {
                Ok(found) => found.map(|it| it.ip()).collect(),
                Err(_) => Vec::new(),
            },
        };
        addresses.iter().any(|address| {
            self.insecure_networks
                .iter()
                .any(|net| net.contains(address))
        })
    }
}

impl Mirror {
    /// As `info` shows it, with a slash at its end.
    pub fn shown(&self) -> String {
        url::shown(&self.0)
    }
}

/// `host:port` as its two parts; brackets of IPv6 are taken off.
pub(crate) fn split_port(server: &str) -> (&str, Option<u16>) {
    if let Some(rest) = server.strip_prefix('[') {
        let (host, port) = rest.split_once(']').unwrap_or((rest, ""));
        return (host, port.strip_prefix(':').and_then(|it| it.parse().ok()));
    }
    match server.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => (host, port.parse().ok()),
        _ => (server, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn insecure_is_what_the_operator_says_and_the_machine_itself() {
        let mut settings = Settings::default();
        for given in ["10.1.0.0/16", "r.example:5000", "http://old.example/"] {
            settings.allow_insecure(given).unwrap();
        }
        for (server, insecure) in [
            ("127.0.0.1:5000", true),
            ("127.3.2.1", true),
            ("[::1]:5000", true),
            ("10.1.2.3:80", true),
            ("10.2.2.3", false),
            ("r.example:5000", true),
            ("r.example", false),
            ("old.example", true),
        ] {
            assert_eq!(settings.is_insecure(server).await, insecure, "{server}");
        }
        for given in ["ftp://x", "", "a/b", "x y"] {
            assert!(settings.allow_insecure(given).is_err(), "{given}");
        }
    }

    #[test]
    fn mirrors_are_plain_servers() {
        let mut settings = Settings::default();
        settings.add_mirror("https://m.example").unwrap();
        assert_eq!(settings.mirrors[0].shown(), "https://m.example/");
        for given in [
            "ftp://m",
            "m.example",
            "https://u:p@m",
            "https://m/path",
            "https://m/?q",
            "https://m/#f",
        ] {
            assert!(settings.add_mirror(given).is_err(), "{given}");
        }
    }
}
