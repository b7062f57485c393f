//! `daemon.json`, and what stands there and on the command line as well.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::Error;
use super::flags::{Flags, LogLevel};

/// `daemon.json`; an unknown key is an error, since it is usually a typo.
#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) hosts: Option<Vec<String>>,
    pub(super) data_root: Option<PathBuf>,
    pub(super) exec_root: Option<PathBuf>,
    pub(super) pidfile: Option<PathBuf>,
    pub(super) debug: Option<bool>,
    pub(super) log_level: Option<LogLevel>,
    pub(super) bip: Option<String>,
    pub(super) ipv6: Option<bool>,
    pub(super) fixed_cidr_v6: Option<String>,
    pub(super) bridge: Option<String>,
    pub(super) default_address_pools: Option<Vec<Pool>>,
    pub(super) log_driver: Option<String>,
    pub(super) log_opts: Option<BTreeMap<String, String>>,
    pub(super) group: Option<String>,
    pub(super) seccomp_profile: Option<String>,
    pub(super) userns_remap: Option<String>,
    pub(super) labels: Option<Vec<String>>,
    pub(super) cdi_spec_dirs: Option<Vec<PathBuf>>,
    pub(super) insecure_registries: Option<Vec<String>>,
    pub(super) registry_mirrors: Option<Vec<String>>,
    pub(super) max_concurrent_downloads: Option<usize>,
    pub(super) max_concurrent_uploads: Option<usize>,
    pub(super) max_download_attempts: Option<u32>,
    pub(super) registry: Option<SocketAddr>,
    pub(super) registry_v1: Option<bool>,
    pub(super) api_superset: Option<bool>,
}

/// A network that subnets are cut out of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pool {
    /// Address and prefix.
    pub(super) base: String,
    /// Prefix of each subnet.
    pub(super) size: u8,
}

/// Reads a file; one that nobody named need not be there.
pub(super) fn read(path: &Path, named: bool) -> Result<File, Error> {
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

/// Nobody could say which of two was meant.
pub(super) fn refuse_twice(flags: &Flags, file: &File, path: &Path) -> Result<(), Error> {
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
