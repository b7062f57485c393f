//! Links of the default bridge: a container (the parent) knows another one
//! (the child) by an alias, through its `/etc/hosts` and its environment.
//!
//! A parent's record holds its links by the child's id, so a renamed child
//! stays linked. `/parent/alias` is one more name of the child.

use std::collections::HashMap;
use std::fs;
use std::net::Ipv4Addr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::container::plan::list;
use crate::container::plan::namespaces::Network;
use crate::container::plan::ports::Port;
use crate::container::record::Record;
use crate::container::registry::{Registry, Snapshot};
use crate::error::{Error, ErrorKind, IoContext, Result};
use crate::id;
use crate::shared::Shared;

/// What a parent remembers of a child.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// Full id of the child.
    child: String,
    /// Its name when the link was made, to be shown once it is gone.
    name: String,
    /// The parent's word for it.
    alias: String,
}

impl Link {
    /// The parent's word for the child.
    pub(crate) fn alias(&self) -> &str {
        &self.alias
    }

    /// Full id of the child.
    pub(crate) fn child(&self) -> &str {
        &self.child
    }
}

/// What a start of the parent puts in: a line of `/etc/hosts` for each child,
/// and variables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Linked {
    pub(crate) hosts: Vec<String>,
    pub(crate) env: Vec<String>,
}

/// Reads `child` and `child:alias`; the children must exist. The same alias
/// twice means the last child.
pub(crate) fn parse(registry: &Registry, given: &[String]) -> Result<Vec<Link>> {
    let mut links: Vec<Link> = Vec::new();
    for text in given {
        let (name, alias) = split(text)?;
        let child = registry.get(name).map_err(|error| Error {
            kind: ErrorKind::BadParameter,
            message: format!("could not get container for {name}: {}", error.message),
        })?;
        let child = child.snapshot();
        if child.plan.network == Network::Host {
            return Err(Error::bad_parameter(
                "conflicting options: host type networking can't be used with links. This would \
                 result in undefined behavior",
            ));
        }
        links.retain(|known| known.alias != alias);
        links.push(Link {
            child: child.id().to_owned(),
            name: child.record.name.clone(),
            alias: alias.to_owned(),
        });
    }
    Ok(links)
}

/// Child and alias of `name`, `name:alias` or, as inspect shows them,
/// `/name:/parent/alias`.
fn split(text: &str) -> Result<(&str, &str)> {
    if text.is_empty() {
        return Err(Error::bad_parameter("empty string specified for links"));
    }
    let bad = || Error::bad_parameter(format!("bad format for links: {text}"));
    let (name, alias) = text.split_once(':').unwrap_or((text, text));
    let name = name.trim_start_matches('/');
    let alias = alias.rsplit('/').next().unwrap_or(alias);
    if name.is_empty() || alias.is_empty() || alias.contains(':') {
        return Err(bad());
    }
    Ok((name, alias))
}

/// The links as inspect shows them: `/child:/parent/alias`; none when there are
/// none.
pub(crate) fn shown(registry: &Registry, parent: &Record) -> Option<Vec<String>> {
    let links = parent.links.iter().map(|link| {
        let name = name_of(registry, link);
        format!("/{name}:/{}/{}", parent.name, link.alias)
    });
    let links: Vec<String> = links.collect();
    (!links.is_empty()).then_some(links)
}

/// All names of each child, `/parent/alias` by the child's id, sorted.
pub(crate) fn names<'a>(
    containers: impl IntoIterator<Item = &'a Arc<Snapshot>>,
) -> HashMap<String, Vec<String>> {
    let mut names: HashMap<String, Vec<String>> = HashMap::new();
    for parent in containers {
        for link in &parent.record.links {
            let name = format!("/{}/{}", parent.record.name, link.alias);
            names.entry(link.child.clone()).or_default().push(name);
        }
    }
    names.values_mut().for_each(|names| names.sort());
    names
}

/// What the children give to a parent that is about to start: all of them must
/// run, on the default bridge.
pub(crate) fn resolve(registry: &Registry, parent: &Record, network: &Network) -> Result<Linked> {
    let mut linked = Linked::default();
    // Without an end on the bridge a link means nothing, as in dockerd.
    if *network != Network::Bridge {
        return Ok(linked);
    }
    for link in &parent.links {
        let name = name_of(registry, link);
        let child = registry.get(&link.child).ok().map(|child| child.snapshot());
        let Some(child) = child.filter(|child| child.state.phase.has_process()) else {
            return Err(Error::system(format!(
                "Cannot link to a non running container: /{name} AS /{}/{}",
                parent.name, link.alias
            )));
        };
        let Some(address) = address(&child) else {
            return Err(Error::system(format!(
                "Cannot link to /{name}, as it does not belong to the default network"
            )));
        };
        linked.hosts.push(hosts_line(link, &child, address));
        let place = Place {
            parent: &parent.name,
            alias: &link.alias,
            address,
        };
        let ports: Vec<Port> = child.plan.ports.exposed.iter().copied().collect();
        let env = list(&child.record.config.env);
        linked.env.extend(variables(place, &ports, env));
    }
    Ok(linked)
}

/// Tells running parents where a child is that was started again: the child's
/// line of their `/etc/hosts` gets the new address, all else stays.
pub(crate) fn tell_parents(shared: &Shared, child: &str) {
    let Ok(now) = shared.registry.get(child).map(|child| child.snapshot()) else {
        return;
    };
    let Some(address) = address(&now) else {
        return;
    };
    for parent in shared.registry.snapshots() {
        let links = parent.record.links.iter().filter(|l| l.child == child);
        if !parent.state.phase.has_process() {
            continue;
        }
        for link in links {
            let line = hosts_line(link, &now, address);
            rewrite(shared, parent.id(), link, Some(&line));
        }
    }
}

/// Takes a link out of a running parent's `/etc/hosts`.
pub(crate) fn forget(shared: &Shared, parent: &str, link: &Link) {
    rewrite(shared, parent, link, None);
}

/// Replaces the line of a link, which begins with an address and the alias. A
/// container may have changed the file as it likes: then nothing is found.
fn rewrite(shared: &Shared, parent: &str, link: &Link, line: Option<&str>) {
    let path = shared.files(parent).hosts();
    let replaced = || -> Result<()> {
        let old = fs::read_to_string(&path).context(path.display())?;
        let short = id::short(&link.child);
        let mut new = String::with_capacity(old.len());
        for kept in old.lines() {
            let mut words = kept.split_whitespace().skip(1);
            let is_it = words.next() == Some(&link.alias) && words.any(|word| word == short);
            match (is_it, line) {
                (false, _) => new.push_str(kept),
                (true, Some(line)) => new.push_str(line),
                (true, None) => continue,
            }
            new.push('\n');
        }
        if new == old {
            return Ok(());
        }
        // In place: the container has this very file mounted.
        fs::write(&path, new).context(path.display())
    };
    if let Err(error) = replaced() {
        tracing::warn!(container = parent, %error, "the hosts file was not updated");
    }
}

/// The child's name now, or at the time of the link.
fn name_of(registry: &Registry, link: &Link) -> String {
    match registry.get(&link.child) {
        Ok(child) => child.snapshot().record.name.clone(),
        Err(_) => link.name.clone(),
    }
}

/// Where a container is on the default bridge.
fn address(child: &Snapshot) -> Option<Ipv4Addr> {
    let endpoint = child.state.endpoint("bridge")?;
    Some(endpoint.link.as_ref()?.address)
}

fn hosts_line(link: &Link, child: &Snapshot, address: Ipv4Addr) -> String {
    let (alias, name) = (&link.alias, &child.record.name);
    let mut names = vec![alias.as_str()];
    let hostname = child.record.config.hostname.as_str();
    for other in [hostname, id::short(child.id()), name] {
        if !names.contains(&other) {
            names.push(other);
        }
    }
    format!("{address}\t{}", names.join(" "))
}

/// Who knows a child, by what word, and where it is.
#[derive(Clone, Copy)]
struct Place<'a> {
    parent: &'a str,
    alias: &'a str,
    address: Ipv4Addr,
}

/// The variables of one link: where the child's ports are, its name and its
/// own environment, all under the alias in capitals. Three ports or more in a
/// row are also given as a range.
fn variables(place: Place<'_>, ports: &[Port], env: &[String]) -> Vec<String> {
    let alias = place.alias.to_uppercase().replace('-', "_");
    let url = |port: &Port| {
        format!(
            "{}://{}:{}",
            port.protocol.as_str(),
            place.address,
            port.number
        )
    };
    let key = |port: &Port| {
        let protocol = port.protocol.as_str().to_uppercase();
        format!("{alias}_PORT_{}_{protocol}", port.number)
    };
    let mut found = Vec::new();
    // The first port is the default one, TCP before others.
    let first = ports
        .iter()
        .min_by_key(|port| (port.protocol.as_str() != "tcp", port.number));
    if let Some(port) = first {
        found.push(format!("{alias}_PORT={}", url(port)));
    }
    for run in ports.chunk_by(|a, b| b.number - a.number <= 1) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            continue;
        };
        if last.number - first.number >= 2 {
            let key = key(first);
            found.push(format!("{key}_START={}", url(first)));
            found.push(format!("{key}_ADDR={}", place.address));
            found.push(format!("{key}_PROTO={}", first.protocol.as_str()));
            found.push(format!("{key}_PORT_START={}", first.number));
            found.push(format!("{key}_END={}", url(last)));
            found.push(format!("{key}_PORT_END={}", last.number));
        }
    }
    for port in ports {
        let key = key(port);
        found.push(format!("{key}={}", url(port)));
        found.push(format!("{key}_ADDR={}", place.address));
        found.push(format!("{key}_PORT={}", port.number));
        found.push(format!("{key}_PROTO={}", port.protocol.as_str()));
    }
    found.push(format!("{alias}_NAME=/{}/{}", place.parent, place.alias));
    for (name, value) in env.iter().filter_map(|entry| entry.split_once('=')) {
        if !matches!(name, "HOME" | "PATH") {
            found.push(format!("{alias}_ENV_{name}={value}"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::plan::ports::Protocol;

    #[test]
    fn the_forms_of_a_link() {
        assert_eq!(split("db"), Ok(("db", "db")));
        assert_eq!(split("db:data"), Ok(("db", "data")));
        assert_eq!(split("/db:/web/data"), Ok(("db", "data")));
        for bad in ["", ":a", "db:", "a:b:c"] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn variables_are_those_of_dockerd() {
        let tcp = |number| Port {
            number,
            protocol: Protocol::Tcp,
        };
        let place = Place {
            parent: "web",
            alias: "the-db",
            address: Ipv4Addr::new(10, 0, 0, 3),
        };
        let env = ["A=b".to_owned(), "HOME=/x".to_owned(), "bare".to_owned()];
        let found = variables(place, &[tcp(80), tcp(81), tcp(82), tcp(90)], &env);
        assert_eq!(
            found[..7],
            [
                "THE_DB_PORT=tcp://10.0.0.3:80",
                "THE_DB_PORT_80_TCP_START=tcp://10.0.0.3:80",
                "THE_DB_PORT_80_TCP_ADDR=10.0.0.3",
                "THE_DB_PORT_80_TCP_PROTO=tcp",
                "THE_DB_PORT_80_TCP_PORT_START=80",
                "THE_DB_PORT_80_TCP_END=tcp://10.0.0.3:82",
                "THE_DB_PORT_80_TCP_PORT_END=82",
            ]
        );
        assert_eq!(
            found[found.len() - 6..],
            [
                "THE_DB_PORT_90_TCP=tcp://10.0.0.3:90",
                "THE_DB_PORT_90_TCP_ADDR=10.0.0.3",
                "THE_DB_PORT_90_TCP_PORT=90",
                "THE_DB_PORT_90_TCP_PROTO=tcp",
                "THE_DB_NAME=/web/the-db",
                "THE_DB_ENV_A=b",
            ]
        );
    }
}
