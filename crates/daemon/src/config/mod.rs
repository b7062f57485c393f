//! What the daemon is told: flags and `daemon.json`, one settings value out of
//! both. The names are dockerd's. A setting that stands in both places is an
//! error, as with dockerd, since nobody could say which one was meant.

mod file;
mod flags;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use longshore_engine::cdi::DEFAULT_DIRECTORIES;
use longshore_engine::config::RegistryConfig;
use longshore_engine::reload::Reloadable;

use self::file::{read, refuse_twice};
use self::flags::parse_host;
pub(crate) use self::flags::{Flags, Host, LogLevel};

/// Where the configuration file is looked for when no flag names one.
const DEFAULT_FILE: &str = "/etc/longshore/daemon.json";

/// The name that `--bridge` takes to mean no default network at all.
const NO_BRIDGE: &str = "none";

/// The settings in force.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) hosts: Vec<Host>,
    pub(crate) data_root: PathBuf,
    pub(crate) exec_root: PathBuf,
    pub(crate) pidfile: PathBuf,
    pub(crate) debug: bool,
    pub(crate) log_level: LogLevel,
    pub(crate) bip: Option<String>,
    /// The default bridge's IPv6 subnet, if it has IPv6.
    pub(crate) bridge_v6: Option<String>,
    /// `None`: containers have no default network.
    pub(crate) bridge: Option<String>,
    /// Where subnets of networks come from; none for the usual ones.
    pub(crate) address_pools: Vec<(String, u8)>,
    /// Log driver of containers that name none.
    pub(crate) log_driver: String,
    /// Options of that driver.
    pub(crate) log_opts: BTreeMap<String, String>,
    pub(crate) group: Option<String>,
    /// `builtin`, `unconfined`, or a path.
    pub(crate) seccomp_profile: String,
    /// Labels of the daemon, `key=value`.
    pub(crate) labels: Vec<String>,
    /// `default`, or `user[:group]`.
    pub(crate) userns_remap: Option<String>,
    /// Where devices are described; later ones win.
    pub(crate) cdi_spec_dirs: Vec<PathBuf>,
    /// Where the embedded registry listens, if there is to be one.
    pub(crate) registry: Option<SocketAddr>,
    /// Whether it speaks the first version of the protocol too.
    pub(crate) registry_v1: bool,
    /// How registries are spoken to.
    pub(crate) registries: RegistryConfig,
    /// Where the machine's accounts are listed.
    pub(crate) accounts: PathBuf,
    /// Whether an answer to an older version has the newer fields too.
    pub(crate) api_superset: bool,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The file cannot be read.
    #[error("unable to configure the daemon with file {path}: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("unable to configure the daemon with file {path}: {error}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// The first thing that is wrong in it, with its line.
        error: serde_json::Error,
    },
    /// A setting stands in both places.
    #[error(
        "unable to configure the daemon with file {path}: the following directives are specified \
         both as a flag and in the configuration file: {names}"
    )]
    Twice {
        /// The file.
        path: PathBuf,
        /// The settings' names.
        names: String,
    },
    /// The default bridge is to have IPv6, but no subnet is named; dockerd's words.
    #[error(
        "IPv6 is enabled for the default bridge, but no subnet is configured. Specify an IPv6 \
         subnet using --fixed-cidr-v6"
    )]
    NoSubnet,
    /// A number that means nothing.
    #[error("invalid {0}: 0")]
    Zero(&'static str),
    /// A label that has no value.
    #[error("bad attribute format: {0}")]
    Label(String),
    /// Labels that contradict each other.
    #[error("conflict labels for {0}")]
    Labels(String),
    /// A host that means nothing.
    #[error("unable to parse docker host `{0}`: {1}")]
    Host(String, &'static str),
}

impl Settings {
    /// What may change while the daemon runs.
    pub(crate) fn reloadable(&self) -> Reloadable {
        Reloadable {
            debug: self.debug,
            labels: self.labels.clone(),
            registries: self.registries.clone(),
        }
    }

    /// Addresses where the API is served to whoever reaches them.
    pub(crate) fn open_addresses(&self) -> Vec<String> {
        let addresses = self.hosts.iter().filter_map(|host| match host {
            Host::Tcp(address) => Some(address.to_string()),
            Host::Unix(_) => None,
        });
        addresses.collect()
    }

    /// Puts flags and file together.
    pub(crate) fn new(flags: Flags) -> Result<Self, Error> {
        let (path, named) = match &flags.config_file {
            Some(path) => (path.clone(), true),
            None => (PathBuf::from(DEFAULT_FILE), false),
        };
        let file = read(&path, named)?;
        refuse_twice(&flags, &file, &path)?;

        let given = if flags.hosts.is_empty() {
            file.hosts.unwrap_or_default()
        } else {
            flags.hosts
        };
        let mut hosts = given
            .iter()
            .map(|host| parse_host(host))
            .collect::<Result<Vec<_>, _>>()?;
        if hosts.is_empty() {
            hosts.push(Host::Unix(PathBuf::from("/run/longshore.sock")));
        }
        let fixed_cidr_v6 = flags.fixed_cidr_v6.or(file.fixed_cidr_v6);
        let debug = flags.debug || file.debug.unwrap_or(false);
        let level = flags.log_level.or(file.log_level);
        let bridge = flags.bridge.or(file.bridge);
        let usual = RegistryConfig::default();
        Ok(Self {
            hosts,
            data_root: (flags.data_root.or(file.data_root))
                .unwrap_or_else(|| PathBuf::from("/var/lib/longshore")),
            exec_root: (flags.exec_root.or(file.exec_root))
                .unwrap_or_else(|| PathBuf::from("/run/longshore")),
            pidfile: (flags.pidfile.or(file.pidfile))
                .unwrap_or_else(|| PathBuf::from("/run/longshore.pid")),
            debug,
            log_level: if debug {
                LogLevel::Debug
            } else {
                level.unwrap_or(LogLevel::Info)
            },
            bip: flags.bip.or(file.bip),
            bridge_v6: match flags.ipv6 || file.ipv6.unwrap_or(false) {
                true => Some(fixed_cidr_v6.ok_or(Error::NoSubnet)?),
                false => None,
            },
            bridge: match bridge.as_deref() {
                None | Some("") => Some("longshore0".to_owned()),
                Some(NO_BRIDGE) => None,
                Some(name) => Some(name.to_owned()),
            },
            address_pools: match flags.default_address_pools {
                none if none.is_empty() => file.default_address_pools.unwrap_or_default(),
                given => given,
            }
            .into_iter()
            .map(|pool| (pool.base, pool.size))
            .collect(),
            log_driver: (flags.log_driver.or(file.log_driver))
                .filter(|driver| !driver.is_empty())
                .unwrap_or_else(|| "json-file".to_owned()),
            log_opts: if flags.log_opts.is_empty() {
                file.log_opts.unwrap_or_default()
            } else {
                flags.log_opts.into_iter().collect()
            },
            group: flags.group.or(file.group),
            seccomp_profile: (flags.seccomp_profile.or(file.seccomp_profile)).unwrap_or_default(),
            labels: unlike(both_lists(flags.labels, file.labels))?,
            userns_remap: (flags.userns_remap.or(file.userns_remap))
                .filter(|given| !given.is_empty()),
            cdi_spec_dirs: Some(flags.cdi_spec_dirs)
                .filter(|given| !given.is_empty())
                .map(|given| given.into_iter().map(PathBuf::from).collect())
                .or(file.cdi_spec_dirs)
                .unwrap_or_else(|| DEFAULT_DIRECTORIES.map(PathBuf::from).to_vec())
                .into_iter()
                .filter(|directory| !directory.as_os_str().is_empty())
                .collect(),
            registry: flags.registry.or(file.registry),
            registry_v1: flags.registry_v1 || file.registry_v1.unwrap_or(false),
            registries: RegistryConfig {
                insecure: both_lists(flags.insecure_registries, file.insecure_registries),
                mirrors: both_lists(flags.registry_mirrors, file.registry_mirrors),
                downloads: at_least_one(
                    "max concurrent downloads",
                    (flags.max_concurrent_downloads).or(file.max_concurrent_downloads),
                    usual.downloads,
                )?,
                uploads: at_least_one(
                    "max concurrent uploads",
                    (flags.max_concurrent_uploads).or(file.max_concurrent_uploads),
                    usual.uploads,
                )?,
                attempts: at_least_one(
                    "max download attempts",
                    (flags.max_download_attempts).or(file.max_download_attempts),
                    usual.attempts,
                )?,
                patience: flags.registry_patience.map(Duration::from_secs),
            },
            accounts: flags.accounts.unwrap_or_else(|| PathBuf::from("/etc")),
            api_superset: flags.api_superset || file.api_superset.unwrap_or(false),
        })
    }
}

/// Refuses labels that give one key two values, and those without a value.
fn unlike(labels: Vec<String>) -> Result<Vec<String>, Error> {
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for label in &labels {
        let Some((key, value)) = label.split_once('=') else {
            return Err(Error::Label(label.clone()));
        };
        if known.insert(key, value).is_some_and(|other| other != value) {
            return Err(Error::Labels(key.to_owned()));
        }
    }
    Ok(labels)
}

fn both_lists(flags: Vec<String>, file: Option<Vec<String>>) -> Vec<String> {
    match flags.is_empty() {
        true => file.unwrap_or_default(),
        false => flags,
    }
}

/// Nothing could ever be transferred with none.
fn at_least_one<T: Default + PartialEq>(
    what: &'static str,
    given: Option<T>,
    usual: T,
) -> Result<T, Error> {
    match given {
        Some(number) if number == T::default() => Err(Error::Zero(what)),
        Some(number) => Ok(number),
        None => Ok(usual),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn host(text: &str) -> Option<String> {
        parse_host(text).ok().map(|host| match host {
            Host::Unix(path) => format!("unix {}", path.display()),
            Host::Tcp(address) => format!("tcp {address}"),
        })
    }

    #[test]
    fn hosts_are_read_as_dockerd_reads_them() {
        for (given, expected) in [
            ("unix:///run/x.sock", Some("unix /run/x.sock")),
            ("tcp://127.0.0.1:4243", Some("tcp 127.0.0.1:4243")),
            ("tcp://localhost:4243", Some("tcp 127.0.0.1:4243")),
            ("tcp://", Some("tcp 127.0.0.1:2375")),
            ("tcp://10.0.0.1", Some("tcp 10.0.0.1:2375")),
            (":2375", Some("tcp 0.0.0.0:2375")),
            ("tcp://[::1]:2375", Some("tcp [::1]:2375")),
            ("unix://relative", None),
            ("fd://", None),
            ("tcp://nonsense:port", None),
        ] {
            assert_eq!(host(given).as_deref(), expected, "{given}");
        }
    }

    #[test]
    fn a_setting_in_both_places_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"bip":"10.1.0.1/24"}"#).unwrap();
        let flags = Flags {
            config_file: Some(file.path().to_owned()),
            bip: Some("10.2.0.1/24".to_owned()),
            ..Flags::default()
        };
        let error = Settings::new(flags).unwrap_err().to_string();
        assert!(error.contains("both as a flag"), "{error}");
        assert!(error.ends_with(": bip"), "{error}");
    }

    #[test]
    fn labels_have_values_and_do_not_contradict() {
        let labelled = |labels: &[&str]| {
            let flags = Flags {
                labels: labels.iter().map(|label| (*label).to_owned()).collect(),
                ..Flags::default()
            };
            let settings = Settings::new(flags).map_err(|error| error.to_string());
            settings.map(|settings| settings.labels)
        };
        assert_eq!(labelled(&["a=b", "c="]).unwrap(), ["a=b", "c="]);
        assert_eq!(labelled(&["a"]).unwrap_err(), "bad attribute format: a");
        let conflict = labelled(&["a=b", "a=c"]).unwrap_err();
        assert_eq!(conflict, "conflict labels for a");
    }

    #[test]
    fn ipv6_of_the_default_bridge_needs_a_subnet() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"ipv6":true}"#).unwrap();
        let with = |subnet: Option<&str>| {
            Settings::new(Flags {
                config_file: Some(file.path().to_owned()),
                fixed_cidr_v6: subnet.map(str::to_owned),
                ..Flags::default()
            })
        };
        let error = with(None).unwrap_err().to_string();
        assert!(error.contains("--fixed-cidr-v6"), "{error}");
        let settings = with(Some("fd00::/64")).unwrap();
        assert_eq!(settings.bridge_v6.as_deref(), Some("fd00::/64"));
    }

    #[test]
    fn an_unknown_directive_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), r#"{"data-rot":"/x"}"#).unwrap();
        let flags = Flags {
            config_file: Some(file.path().to_owned()),
            ..Flags::default()
        };
        let error = Settings::new(flags).unwrap_err().to_string();
        assert!(error.contains("data-rot"), "{error}");
    }

    #[test]
    fn the_file_is_in_force_where_no_flag_is() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = r#"{"hosts":["unix:///a"],"debug":true,"bridge":"none"}"#;
        std::fs::write(file.path(), text).unwrap();
        let flags = Flags {
            config_file: Some(file.path().to_owned()),
            data_root: Some(PathBuf::from("/d")),
            ..Flags::default()
        };
        let settings = Settings::new(flags).unwrap();
        assert_eq!(settings.hosts, [Host::Unix(PathBuf::from("/a"))]);
        assert_eq!(settings.data_root, Path::new("/d"));
        assert_eq!(settings.log_level, LogLevel::Debug);
        assert_eq!(settings.bridge, None);
    }
}
