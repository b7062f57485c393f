//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use serde::Deserialize;
use tracing_subscriber::filter::LevelFilter;

use super::Error;
use super::file::Pool;

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
    pub(super) hosts: Vec<String>,
    /// Root directory of persistent state
    #[arg(long, value_name = "string")]
    pub(super) data_root: Option<PathBuf>,
    /// Root directory of state that a reboot may lose
    #[arg(long, value_name = "string")]
    pub(super) exec_root: Option<PathBuf>,
    /// Path of the file that holds the daemon's process id
    #[arg(short, long, value_name = "string")]
    pub(super) pidfile: Option<PathBuf>,
    /// Daemon configuration file
    #[arg(long, value_name = "string")]
    pub(super) config_file: Option<PathBuf>,
    /// Enable debug mode
    #[arg(short = 'D', long)]
    pub(super) debug: bool,
    /// Logging level: debug, info, warn, error, fatal
    #[arg(short, long, value_name = "string")]
    pub(super) log_level: Option<LogLevel>,
    /// Address and prefix of the default bridge, such as 172.20.0.1/16
    #[arg(long, value_name = "string")]
    pub(super) bip: Option<String>,
    /// Enable IPv6 networking of the default bridge
    #[arg(long)]
    pub(super) ipv6: bool,
    /// IPv6 subnet of the default bridge, such as 2001:db8:1::/64
    #[arg(long, value_name = "string")]
    pub(super) fixed_cidr_v6: Option<String>,
    /// Name of the default bridge; `none` for no default network
    #[arg(short, long, value_name = "string")]
    pub(super) bridge: Option<String>,
    /// Default address pools for networks: base=172.30.0.0/16,size=24
    #[arg(long = "default-address-pool", value_name = "pool-options", value_parser = parse_pool)]
    pub(super) default_address_pools: Vec<Pool>,
    /// Default driver for container logs
    #[arg(long, value_name = "string")]
    pub(super) log_driver: Option<String>,
    /// Default log driver options for containers
    #[arg(long = "log-opt", value_name = "map", value_parser = parse_option)]
    pub(super) log_opts: Vec<(String, String)>,
    /// Group that may use the unix socket
    #[arg(short = 'G', long, value_name = "string")]
    pub(super) group: Option<String>,
    /// Path of the default seccomp profile; `unconfined` for none
    #[arg(long, value_name = "string")]
    pub(super) seccomp_profile: Option<String>,
    /// Key=value label of the daemon
    #[arg(long = "label", value_name = "list", value_parser = parse_label)]
    pub(super) labels: Vec<String>,
    /// User and group whose subordinate ids containers get; `default` for
    /// dockremap
    #[arg(long, value_name = "string")]
    pub(super) userns_remap: Option<String>,
    /// CDI specification directories to use, later ones win; "" for none
    #[arg(long = "cdi-spec-dir", value_name = "list")]
    pub(super) cdi_spec_dirs: Vec<OsString>,
    /// Address of the embedded registry, such as 127.0.0.1:5000; none without
    #[arg(long, value_name = "address")]
    pub(super) registry: Option<SocketAddr>,
    /// Serve Registry v1 and the Hub's index at that address too
    #[arg(long)]
    pub(super) registry_v1: bool,
    /// Registry, or network of registries, that needs no TLS
    #[arg(long = "insecure-registry", value_name = "list")]
    pub(super) insecure_registries: Vec<String>,
    /// Mirror of Docker Hub, asked before it
    #[arg(long = "registry-mirror", value_name = "list")]
    pub(super) registry_mirrors: Vec<String>,
    /// Set the max concurrent downloads for each pull
    #[arg(long, value_name = "int")]
    pub(super) max_concurrent_downloads: Option<usize>,
    /// Set the max concurrent uploads for each push
    #[arg(long, value_name = "int")]
    pub(super) max_concurrent_uploads: Option<usize>,
    /// Set the max download attempts for each pull
    #[arg(long, value_name = "int")]
    pub(super) max_download_attempts: Option<u32>,
    /// Seconds that a registry may be silent
    #[arg(long, value_name = "int", hide = true)]
    pub(super) registry_patience: Option<u64>,
    /// Directory of passwd, group, subuid and subgid
    #[arg(long, value_name = "string", hide = true)]
    pub(super) accounts: Option<PathBuf>,
    /// Answer older API versions with newer fields too, as dockerd does
    #[arg(long)]
    pub(super) api_superset: bool,
    /// Print version information and quit
    #[arg(short, long, action = clap::ArgAction::Version)]
    pub(super) version: Option<bool>,
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
pub(super) fn parse_host(text: &str) -> Result<Host, Error> {
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
