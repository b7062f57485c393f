//! What the daemon tells the engine at its start.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use longshore_api::types::LogConfig;
use longshore_distribution::settings::{SettingError, Settings};
use longshore_runtime::caps::CapabilitySet;
use longshore_runtime::seccomp::{self, profile::Profile};
use longshore_runtime::userns::IdMap;

use crate::error::{Error, Result};
use crate::reload::Reloadable;

/// Where the engine works and with what defaults.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// State that outlives the machine's boots, `/var/lib/longshore`.
    pub data_root: PathBuf,
    /// State of what runs, `/run/longshore`.
    pub exec_root: PathBuf,
    /// Parent of the containers' cgroups, `/longshore`.
    pub cgroup_parent: String,
    /// Device of the default bridge, `longshore0`; without one, containers that
    /// would be on it have no network.
    pub bridge: Option<String>,
    /// Address and prefix of the default bridge, `172.17.0.1/16`; none lets
    /// the engine choose.
    pub bip: Option<String>,
    /// IPv6 subnet of the default bridge, `2001:db8:1::/64`; without one its
    /// containers have no IPv6.
    pub bridge_v6: Option<String>,
    /// Where subnets of networks come from: networks, each with the prefix of
    /// its parts; none for the usual ones.
    pub address_pools: Vec<(String, u8)>,
    /// The system call filter of containers that ask for none.
    pub seccomp: DaemonSeccomp,
    /// Log driver of containers that name none, `json-file`.
    pub log_driver: String,
    /// Options of that driver.
    pub log_opts: BTreeMap<String, String>,
    /// Whose ids the containers' are, unless they say that theirs are the
    /// machine's; see [`crate::userns`].
    pub userns: Option<IdMap>,
    /// Directories of files about devices, see [`crate::cdi`]; later ones win.
    pub cdi_spec_dirs: Vec<PathBuf>,
    /// How registries are spoken to.
    pub registries: RegistryConfig,
    /// Labels of the daemon, shown in its information.
    pub labels: Vec<String>,
    /// Addresses at which everybody who reaches them is obeyed, shown as warnings
    /// in its information.
    pub open_addresses: Vec<String>,
    /// Whether the daemon logs more, shown in its information.
    pub debug: bool,
    /// Version shown to clients.
    pub version: String,
}

/// How registries are spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryConfig {
    /// Registries, `host[:port]`, and networks that need no TLS.
    pub insecure: Vec<String>,
    /// Mirrors of Docker Hub, asked first, in this order.
    pub mirrors: Vec<String>,
    /// Layers that are pulled at once.
    pub downloads: usize,
    /// Layers that are pushed at once.
    pub uploads: usize,
    /// How often a download is tried before it has failed.
    pub attempts: u32,
    /// How long a registry may be silent; none for the usual minute.
    pub patience: Option<Duration>,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        Self {
            insecure: Vec::new(),
            mirrors: Vec::new(),
            downloads: 3,
            uploads: 5,
            attempts: 5,
            patience: None,
        }
    }
}

impl RegistryConfig {
    /// The client's settings; a setting that means nothing is an error.
    pub(crate) fn settings(&self) -> Result<Settings> {
        let mut settings = Settings::default();
        let bad = |error: SettingError| Error::bad_parameter(error.to_string());
        for given in &self.insecure {
            settings.allow_insecure(given).map_err(bad)?;
        }
        for given in &self.mirrors {
            settings.add_mirror(given).map_err(bad)?;
        }
        if let Some(patience) = self.patience {
            settings.patience.stall = patience;
            settings.patience.connect = patience;
        }
        Ok(settings)
    }
}

/// The system call filter of containers that ask for none and are not
/// privileged.
#[derive(Clone, Debug, Default)]
pub enum DaemonSeccomp {
    /// The one that is compiled in.
    #[default]
    Builtin,
    /// No filter.
    Unconfined,
    /// One that the operator wrote.
    Profile {
        /// Where it was read.
        path: PathBuf,
        /// What it says.
        profile: Arc<Profile>,
    },
}

impl DaemonSeccomp {
    /// Reads what `--seccomp-profile` says: `builtin`, `unconfined`, or the path
    /// of a profile, which must be good.
    pub fn read(given: &str) -> Result<Self> {
        if matches!(given, "" | "builtin") {
            return Ok(Self::Builtin);
        }
        if given == "unconfined" {
            return Ok(Self::Unconfined);
        }
        let path = PathBuf::from(given);
        let bad = |error: &dyn std::fmt::Display| {
            Error::bad_parameter(format!("opening seccomp profile ({given}) failed: {error}"))
        };
        let text = std::fs::read_to_string(&path).map_err(|error| bad(&error))?;
        let profile = Profile::parse(&text).map_err(|error| bad(&error))?;
        seccomp::from_profile(&profile, CapabilitySet::DEFAULT).map_err(|error| bad(&error))?;
        Ok(Self::Profile {
            path,
            profile: Arc::new(profile),
        })
    }

    /// What the information about the engine calls it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Builtin => "default".to_owned(),
            Self::Unconfined => "unconfined".to_owned(),
            Self::Profile { path, .. } => path.display().to_string(),
        }
    }
}

impl EngineConfig {
    /// What of it may change later.
    pub(crate) fn reloadable(&self) -> Reloadable {
        Reloadable {
            debug: self.debug,
            labels: self.labels.clone(),
            registries: self.registries.clone(),
        }
    }

    /// The log of containers that do not choose.
    pub(crate) fn log(&self) -> LogConfig {
        LogConfig {
            r#type: self.log_driver.as_str().into(),
            config: Some(self.log_opts.clone()),
        }
    }
}
