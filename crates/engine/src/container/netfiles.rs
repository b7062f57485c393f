//! The three files that tell a container about the network: `/etc/hosts`,
//! `/etc/hostname` and `/etc/resolv.conf`. The container's are ordinary files
//! of the engine that are bind-mounted; an address that is known only after
//! the mount is written into the same file. They are written anew at each start,
//! so they live where a reboot may take them.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use crate::container::plan::Plan;
use crate::container::plan::namespaces::Network;
use crate::container::record::{Files, Record};
use crate::error::{IoContext, Result};

/// Name servers when the host's are on its loopback device, which a container
/// cannot reach.
const PUBLIC: [&str; 2] = ["8.8.8.8", "8.8.4.4"];

/// What goes into the files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) hostname: &'a str,
    /// Its addresses, that of its way to elsewhere first.
    pub(crate) addresses: &'a [IpAddr],
    /// Lines of the containers that it is linked to.
    pub(crate) links: &'a [String],
    /// What `host-gateway` stands for.
    pub(crate) gateway: Option<IpAddr>,
    /// Whether the engine answers for names.
    pub(crate) names: bool,
}

/// Writes all three files, in place.
pub(crate) fn write(files: &Files, content: Content<'_>) -> Result<()> {
    let put = |path: &Path, text: &str| fs::write(path, text).context(path.display());
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(files.run_dir())
        .context(files.run_dir().display())?;
    put(&files.hostname(), &format!("{}\n", content.hostname))?;
    put(&files.hosts(), &hosts(content))?;
    let of_host = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let text = match content.names {
        true => resolv_conf_of_names(content.plan, &of_host),
        false => resolv_conf(content.plan, &of_host),
    };
    put(&files.resolv_conf(), &text)
}

/// Lets a running container ask the engine for names from now on.
pub(crate) fn ask_engine(files: &Files, plan: &Plan) -> std::io::Result<()> {
    let of_host = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    // In place: the container has this very file mounted.
    fs::write(files.resolv_conf(), resolv_conf_of_names(plan, &of_host))
}

/// Names one more address of a running container, as far as it has left the
/// file as it was.
pub(crate) fn add_address(
    files: &Files,
    record: &Record,
    plan: &Plan,
    address: impl Into<IpAddr>,
) -> std::io::Result<()> {
    let path = files.hosts();
    let mut text = fs::read_to_string(&path)?;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&own_line(
        address.into(),
        &record.config.hostname,
        &plan.domainname,
    ));
    // In place: the container has this very file mounted.
    fs::write(&path, text)
}

fn hosts(content: Content<'_>) -> String {
    let mut text = if content.plan.network == Network::Host {
        fs::read_to_string("/etc/hosts").unwrap_or_default()
    } else {
        "127.0.0.1\tlocalhost\n\
         ::1\tlocalhost ip6-localhost ip6-loopback\n\
         fe00::0\tip6-localnet\n\
         ff00::0\tip6-mcastprefix\n\
         ff02::1\tip6-allnodes\n\
         ff02::2\tip6-allrouters\n"
            .to_owned()
    };
    for entry in &content.plan.extra_hosts {
        let Some((name, address)) = entry.split_once(':') else {
            continue;
        };
        match (address, content.gateway) {
            ("host-gateway", Some(gateway)) => text.push_str(&format!("{gateway}\t{name}\n")),
            ("host-gateway", None) => {}
            _ => text.push_str(&format!("{address}\t{name}\n")),
        }
    }
    for line in content.links {
        text.push_str(line);
        text.push('\n');
    }
    for address in content.addresses {
        text.push_str(&own_line(
            *address,
            content.hostname,
            &content.plan.domainname,
        ));
    }
    text
}

fn own_line(address: IpAddr, host: &str, domain: &str) -> String {
    match domain {
        "" => format!("{address}\t{host}\n"),
        _ => format!("{address}\t{host}.{domain} {host}\n"),
    }
}

/// What a file for resolvers says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resolving {
    /// Name servers.
    pub(crate) servers: Vec<String>,
    /// Search domains.
    pub(crate) search: Vec<String>,
    /// Options.
    pub(crate) options: Vec<String>,
}

impl Resolving {
    /// What a host's file says.
    pub(crate) fn of_host(text: &str) -> Resolving {
        let values = |key: &str| -> Vec<String> {
            let values = text.lines().filter_map(|line| {
                let mut words = line.split_whitespace();
                (words.next() == Some(key)).then(|| words.map(str::to_owned).collect::<Vec<_>>())
            });
            values.flatten().collect()
        };
        Resolving {
            servers: values("nameserver"),
            search: values("search"),
            options: values("options"),
        }
    }

    /// What the host's file says, with what the client gave instead.
    fn of(plan: &Plan, of_host: &str) -> Resolving {
        let mut resolving = Resolving::of_host(of_host);
        for (known, given) in [
            (&mut resolving.servers, &plan.dns),
            (&mut resolving.search, &plan.dns_search),
            (&mut resolving.options, &plan.dns_options),
        ] {
            if !given.is_empty() {
                known.clone_from(given);
            }
        }
        // A single dot says that there shall be no search domain.
        if resolving.search == ["."] {
            resolving.search.clear();
        }
        resolving
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if !self.search.is_empty() {
            text.push_str(&format!("search {}\n", self.search.join(" ")));
        }
        for server in &self.servers {
            text.push_str(&format!("nameserver {server}\n"));
        }
        if !self.options.is_empty() {
            text.push_str(&format!("options {}\n", self.options.join(" ")));
        }
        text
    }
}

/// The file of a container that asks name servers itself. Servers on the host's
/// loopback device are left out unless the container shares its network.
fn resolv_conf(plan: &Plan, of_host: &str) -> String {
    let mut resolving = Resolving::of(plan, of_host);
    if plan.dns.is_empty() && plan.network != Network::Host {
        resolving.servers.retain(|server| !is_loopback(server));
        if resolving.servers.is_empty() {
            resolving.servers = PUBLIC.map(str::to_owned).to_vec();
        }
    }
    resolving.text()
}

/// The file of a container that asks the engine, which knows the names of
/// others and asks name servers for the rest.
fn resolv_conf_of_names(plan: &Plan, of_host: &str) -> String {
    let mut resolving = Resolving::of(plan, of_host);
    resolving.servers = vec![longshore_network::resolver::ADDRESS.to_string()];
    // A name without a dot may be a container's: it is asked for as it is.
    if !resolving
        .options
        .iter()
        .any(|option| option.starts_with("ndots:"))
    {
        resolving.options.push("ndots:0".to_owned());
    }
    resolving.text()
}

fn is_loopback(server: &str) -> bool {
    let bare = server.split('%').next().unwrap_or(server);
    bare.parse::<IpAddr>()
        .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use longshore_api::types::{ContainerConfig, HostConfig};

    use super::*;

    fn plan(change: impl FnOnce(&mut HostConfig)) -> Plan {
        let mut host = HostConfig::default();
        change(&mut host);
        Plan::parse(&ContainerConfig::default(), &host).expect("a plan")
    }

    #[test]
    fn loopback_name_servers_do_not_reach_a_container() {
        let of_host = "# made by hand\nsearch a b\nnameserver 127.0.0.53\noptions ndots:2\n";
        assert_eq!(
            resolv_conf(&plan(|_| {}), of_host),
            "search a b\nnameserver 8.8.8.8\nnameserver 8.8.4.4\noptions ndots:2\n"
        );
        let host = plan(|host| host.network_mode = "host".into());
        assert!(resolv_conf(&host, of_host).contains("nameserver 127.0.0.53\n"));
        let own = plan(|host| {
            host.dns = Some(vec!["1.2.3.4".into()]);
            host.dns_search = Some(vec![".".into()]);
        });
        assert_eq!(
            resolv_conf(&own, of_host),
            "nameserver 1.2.3.4\noptions ndots:2\n"
        );
    }

    #[test]
    fn hosts_name_the_container_and_what_the_client_gave() {
        let plan = plan(|host| {
            host.extra_hosts = Some(vec!["db:10.0.0.1".into(), "up:host-gateway".into()]);
        });
        let text = hosts(Content {
            plan: &plan,
            hostname: "web",
            addresses: &[[10, 0, 0, 2].into()],
            links: &["10.0.0.3\tdata db".to_owned()],
            gateway: Some([10, 0, 0, 254].into()),
            names: false,
        });
        assert!(text.starts_with("127.0.0.1\tlocalhost\n"));
        assert!(text.ends_with("10.0.0.1\tdb\n10.0.0.254\tup\n10.0.0.3\tdata db\n10.0.0.2\tweb\n"));
    }
}
