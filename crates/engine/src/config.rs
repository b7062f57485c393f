//! What the daemon tells the engine at its start.

use std::path::PathBuf;

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
    /// Labels of the daemon, shown in its information.
    pub labels: Vec<String>,
    /// Whether the daemon logs more, shown in its information.
    pub debug: bool,
    /// Version shown to clients.
    pub version: String,
}
