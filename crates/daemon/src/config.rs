//! What the daemon is told: flags and `daemon.json`, one settings value out of
//! both. The names are dockerd's. A setting that stands in both places is an
//! error, as with dockerd, since nobody could say which one was meant.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use longshore_engine::cdi::DEFAULT_DIRECTORIES;
use longshore_engine::config::RegistryConfig;
use longshore_engine::reload::Reloadable;
use serde::Deserialize;
use tracing_subscriber::filter::LevelFilter;

/// Where the configuration file is looked for when no flag names one.
const DEFAULT_FILE: &str = "/etc/longshore/daemon.json";

/// The name that `--bridge` takes to mean no default network at all.
const NO_BRIDGE: &str = "none";

/// The flags, as given.
#[derive(Parser, Debug, Default)]
#[command(
    name = "longshored",
    about = "A Docker-compatible engine",
    version = crate::about::LONG_VERSION,
    disable_version_flag = true
)]
pub(crate) struct Flags {
    /// Daemon socket(s) to listen on: unix:///path, tcp://address:port
    #[arg(short = 'H', long = "host", value_name = "list")]
    hosts: Vec<String>,
    /// Root directory of persistent state
    #[arg(long, value_name = "string")]
    data_root: Option<PathBuf>,
    /// Root directory of state that a reboot may lose
    #[arg(long, value_name = "string")]
    exec_root: Option<PathBuf>,
    /// Path of the file that holds the daemon's process id
    #[arg(short, long, value_name = "string")]
    pidfile: Option<PathBuf>,
    /// Daemon configuration file
    #[arg(long, value_name = "string")]
    config_file: Option<PathBuf>,
    /// Enable debug mode
    #[arg(short = 'D', long)]
    debug: bool,
    /// Logging level: debug, info, warn, error, fatal
    #[arg(short, long, value_name = "string")]
    log_level: Option<LogLevel>,
    /// Address and prefix of the default bridge, such as 172.20.0.1/16
    #[arg(long, value_name = "string")]
    bip: Option<String>,
    /// Enable IPv6 networking of the default bridge
    #[arg(long)]
    ipv6: bool,
    /// IPv6 subnet of the default bridge, such as 2001:db8:1::/64
    #[arg(long, value_name = "string")]
    fixed_cidr_v6: Option<String>,
    /// Name of the default bridge; `none` for no default network
    #[arg(short, long, value_name = "string")]
    bridge: Option<String>,
    /// Default address pools for networks: base=172.30.0.0/16,size=24
    #[arg(long = "default-address-pool", value_name = "pool-options", value_parser = parse_pool)]
    default_address_pools: Vec<Pool>,
    /// Default driver for container logs
    #[arg(long, value_name = "string")]
    log_driver: Option<String>,
    /// Default log driver options for containers
    #[arg(long = "log-opt", value_name = "map", value_parser = parse_option)]
    log_opts: Vec<(String, String)>,
    /// Group that may use the unix socket
    #[arg(short = 'G', long, value_name = "string")]
    group: Option<String>,
    /// Path of the default seccomp profile; `unconfined` for none
    #[arg(long, value_name = "string")]
    seccomp_profile: Option<String>,
    /// Key=value label of the daemon
    #[arg(long = "label", value_name = "list", value_parser = parse_label)]
    labels: Vec<String>,
    /// User and group whose subordinate ids containers get; `default` for
    /// dockremap
    #[arg(long, value_name = "string")]
    userns_remap: Option<String>,
    /// CDI specification directories to use, later ones win; "" for none
    #[arg(long = "cdi-spec-dir", value_name = "list")]
    cdi_spec_dirs: Vec<OsString>,
    /// Address of the embedded registry, such as 127.0.0.1:5000; none without
    #[arg(long, value_name = "address")]
    registry: Option<SocketAddr>,
    /// Serve Registry v1 and the Hub's index at that address too
    #[arg(long)]
    registry_v1: bool,
    /// Registry, or network of registries, that needs no TLS
    #[arg(long = "insecure-registry", value_name = "list")]
    insecure_registries: Vec<String>,
    /// Mirror of Docker Hub, asked before it
    #[arg(long = "registry-mirror", value_name = "list")]
    registry_mirrors: Vec<String>,
    /// Set the max concurrent downloads for each pull
    #[arg(long, value_name = "int")]
    max_concurrent_downloads: Option<usize>,
    /// Set the max concurrent uploads for each push
    #[arg(long, value_name = "int")]
    max_concurrent_uploads: Option<usize>,
    /// Set the max download attempts for each pull
    #[arg(long, value_name = "int")]
    max_download_attempts: Option<u32>,
    /// Seconds that a registry may be silent
    #[arg(long, value_name = "int", hide = true)]
    registry_patience: Option<u64>,
    /// Directory of passwd, group, subuid and subgid
    #[arg(long, value_name = "string", hide = true)]
    accounts: Option<PathBuf>,
    /// Answer older API versions with newer fields too, as dockerd does
    #[arg(long)]
    api_superset: bool,
    /// Print version information and quit
    #[arg(short, long, action = clap::ArgAction::Version)]
    version: Option<bool>,
}

/// `daemon.json`; an unknown key is an error, since it is usually a typo.
#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct File {
    hosts: Option<Vec<String>>,
    data_root: Option<PathBuf>,
    exec_root: Option<PathBuf>,
    pidfile: Option<PathBuf>,
    debug: Option<bool>,
    log_level: Option<LogLevel>,
    bip: Option<String>,
    ipv6: Option<bool>,
    fixed_cidr_v6: Option<String>,
    bridge: Option<String>,
    default_address_pools: Option<Vec<Pool>>,
    log_driver: Option<String>,
    log_opts: Option<BTreeMap<String, String>>,
    group: Option<String>,
    seccomp_profile: Option<String>,
    userns_remap: Option<String>,
    labels: Option<Vec<String>>,
    cdi_spec_dirs: Option<Vec<PathBuf>>,
    insecure_registries: Option<Vec<String>>,
    registry_mirrors: Option<Vec<String>>,
    max_concurrent_downloads: Option<usize>,
    max_concurrent_uploads: Option<usize>,
    max_download_attempts: Option<u32>,
    registry: Option<SocketAddr>,
    registry_v1: Option<bool>,
    api_superset: Option<bool>,
}

/// A network that subnets are cut out of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    /// Address and prefix.
    base: String,
    /// Prefix of each subnet.
    size: u8,
}

/// How much the daemon says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// Everything, down to single requests.
    Debug,
    /// What an operator wants to read.
    Info,
    /// What may be wrong.
    Warn,
    /// What is wrong.
    Error,
    /// Only what ends the daemon.
    Fatal,
}

/// Where the daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// `unix:///path`
    Unix(PathBuf),
    /// `tcp://address:port`
    Tcp(SocketAddr),
}

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

impl LogLevel {
    /// The least important lines that are still written.
    pub(crate) fn filter(self) -> LevelFilter {
        match self {
            LogLevel::Debug => LevelFilter::DEBUG,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Error => LevelFilter::ERROR,
            LogLevel::Fatal => LevelFilter::OFF,
        }
    }
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

fn read(path: &Path, named: bool) -> Result<File, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => {
            return Ok(File::default());
        }
        Err(error) => {
            let path = path.to_owned();
            return Err(Error::Read { path, error });
        }
    };
    serde_json::from_str(&text).map_err(|error| {
        let path = path.to_owned();
        Error::Parse { path, error }
    })
}

fn refuse_twice(flags: &Flags, file: &File, path: &Path) -> Result<(), Error> {
    let both = [
        ("hosts", !flags.hosts.is_empty() && file.hosts.is_some()),
        (
            "data-root",
            flags.data_root.is_some() && file.data_root.is_some(),
        ),
        (
            "exec-root",
            flags.exec_root.is_some() && file.exec_root.is_some(),
        ),
        ("pidfile", flags.pidfile.is_some() && file.pidfile.is_some()),
        ("debug", flags.debug && file.debug.is_some()),
        (
            "log-level",
            flags.log_level.is_some() && file.log_level.is_some(),
        ),
        ("bip", flags.bip.is_some() && file.bip.is_some()),
        ("ipv6", flags.ipv6 && file.ipv6.is_some()),
        (
            "fixed-cidr-v6",
            flags.fixed_cidr_v6.is_some() && file.fixed_cidr_v6.is_some(),
        ),
        ("bridge", flags.bridge.is_some() && file.bridge.is_some()),
        (
            "default-address-pools",
            !flags.default_address_pools.is_empty() && file.default_address_pools.is_some(),
        ),
        (
            "log-driver",
            flags.log_driver.is_some() && file.log_driver.is_some(),
        ),
        (
            "log-opts",
            !flags.log_opts.is_empty() && file.log_opts.is_some(),
        ),
        ("group", flags.group.is_some() && file.group.is_some()),
        (
            "seccomp-profile",
            flags.seccomp_profile.is_some() && file.seccomp_profile.is_some(),
        ),
        (
            "userns-remap",
            flags.userns_remap.is_some() && file.userns_remap.is_some(),
        ),
        ("labels", !flags.labels.is_empty() && file.labels.is_some()),
        (
            "cdi-spec-dirs",
            !flags.cdi_spec_dirs.is_empty() && file.cdi_spec_dirs.is_some(),
        ),
        (
            "registry",
            flags.registry.is_some() && file.registry.is_some(),
        ),
        (
            "registry-v1",
            flags.registry_v1 && file.registry_v1.is_some(),
        ),
        (
            "insecure-registries",
            !flags.insecure_registries.is_empty() && file.insecure_registries.is_some(),
        ),
        (
            "registry-mirrors",
            !flags.registry_mirrors.is_empty() && file.registry_mirrors.is_some(),
        ),
        (
            "max-concurrent-downloads",
            flags.max_concurrent_downloads.is_some() && file.max_concurrent_downloads.is_some(),
        ),
        (
            "max-concurrent-uploads",
            flags.max_concurrent_uploads.is_some() && file.max_concurrent_uploads.is_some(),
        ),
        (
            "max-download-attempts",
            flags.max_download_attempts.is_some() && file.max_download_attempts.is_some(),
        ),
        (
            "api-superset",
            flags.api_superset && file.api_superset.is_some(),
        ),
    ];
    let names: Vec<&str> = both.iter().filter(|(_, b)| *b).map(|(n, _)| *n).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::Twice {
        path: path.to_owned(),
        names: names.join(", "),
    })
}

/// Reads one `--label`.
fn parse_label(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((key, _)) if !key.is_empty() => Ok(text.to_owned()),
        _ => Err(format!("bad attribute format: {text}")),
    }
}

/// Reads one `--log-opt`.
fn parse_option(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text}: not of the form key=value"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Reads one `--default-address-pool`.
fn parse_pool(text: &str) -> Result<Pool, String> {
    let wrong = || format!("{text}: not of the form base=address/prefix,size=prefix");
    let (mut base, mut size) = (None, None);
    for part in text.split(',') {
        match part.split_once('=') {
            Some(("base", value)) => base = Some(value.to_owned()),
            Some(("size", value)) => size = Some(value.parse().map_err(|_| wrong())?),
            _ => return Err(wrong()),
        }
    }
    match (base, size) {
        (Some(base), Some(size)) => Ok(Pool { base, size }),
        _ => Err(wrong()),
    }
}

/// Reads one `--host`. A bare address means TCP, as with dockerd; names are
/// not looked up, a daemon listens on addresses.
fn parse_host(text: &str) -> Result<Host, Error> {
    let wrong = |why| Error::Host(text.to_owned(), why);
    if let Some(path) = text.strip_prefix("unix://") {
        if !path.starts_with('/') {
            return Err(wrong("a unix socket needs an absolute path"));
        }
        return Ok(Host::Unix(PathBuf::from(path)));
    }
    let address = match text.split_once("://") {
        Some(("tcp", address)) => address,
        Some(_) => return Err(wrong("the scheme is neither unix nor tcp")),
        None => text,
    };
    let address = match address {
        "" => "127.0.0.1:2375".to_owned(),
        port if port.starts_with(':') => format!("0.0.0.0{port}"),
        named => named.replacen("localhost:", "127.0.0.1:", 1),
    };
    let address = address.trim_end_matches('/');
    address
        .parse()
        .or_else(|_| address.parse().map(|ip| SocketAddr::new(ip, 2375)))
        .map(Host::Tcp)
        .map_err(|_| wrong("not an address and port"))
}

#[cfg(test)]
mod tests {
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
