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
use crate::container::record::Files;
use crate::error::{IoContext, Result};

/// Name servers when the host's are on its loopback device, which a container
/// cannot reach.
const PUBLIC: [&str; 2] = ["8.8.8.8", "8.8.4.4"];

/// What goes into the files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) hostname: &'a str,
    pub(crate) address: Option<IpAddr>,
    /// Lines of the containers that it is linked to.
    pub(crate) links: &'a [String],
    /// What `host-gateway` stands for.
    pub(crate) gateway: Option<IpAddr>,
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
    put(&files.resolv_conf(), &resolv_conf(content.plan, &of_host))
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
    if let Some(address) = content.address {
        let (host, domain) = (content.hostname, content.plan.domainname.as_str());
        if domain.is_empty() {
            text.push_str(&format!("{address}\t{host}\n"));
        } else {
            text.push_str(&format!("{address}\t{host}.{domain} {host}\n"));
        }
    }
    text
}

/// The host's file with what the client gave instead. Servers on the host's
/// loopback device are left out unless the container shares its network.
fn resolv_conf(plan: &Plan, of_host: &str) -> String {
    let shared = plan.network == Network::Host;
    let values = |key: &str| -> Vec<String> {
        of_host
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                (words.next() == Some(key)).then(|| words.map(str::to_owned).collect::<Vec<_>>())
            })
            .flatten()
            .collect()
    };
    let given = |list: &[String], key: &str| {
        if list.is_empty() {
            values(key)
        } else {
            list.to_vec()
        }
    };
    let mut servers = given(&plan.dns, "nameserver");
    if plan.dns.is_empty() && !shared {
        servers.retain(|server| !is_loopback(server));
        if servers.is_empty() {
            servers = PUBLIC.map(str::to_owned).to_vec();
        }
    }
    let mut search = given(&plan.dns_search, "search");
    // A single dot says that there shall be no search domain.
    if search == ["."] {
        search.clear();
    }
    let options = given(&plan.dns_options, "options");
    let mut text = String::new();
    if !search.is_empty() {
        text.push_str(&format!("search {}\n", search.join(" ")));
    }
    for server in servers {
        text.push_str(&format!("nameserver {server}\n"));
    }
    if !options.is_empty() {
        text.push_str(&format!("options {}\n", options.join(" ")));
    }
    text
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
            address: Some([10, 0, 0, 2].into()),
            links: &["10.0.0.3\tdata db".to_owned()],
            gateway: Some([10, 0, 0, 254].into()),
        });
        assert!(text.starts_with("127.0.0.1\tlocalhost\n"));
        assert!(text.ends_with("10.0.0.1\tdb\n10.0.0.254\tup\n10.0.0.3\tdata db\n10.0.0.2\tweb\n"));
    }
}
