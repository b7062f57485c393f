//! Creating a container: checks in dockerd's order, the merge with the image's
//! configuration, the values that the server fills in, and then the record.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use longshore_api::scalar::{EmptyMap, StrList};
use longshore_api::types::{
    ContainerConfig, EndpointSettings, HealthConfig, HostConfig, LogConfig,
};
use longshore_image::store::Image;

use crate::config::EngineConfig;
use crate::container::actor::{Actor, Beginning};
use crate::container::plan::abilities::Abilities;
use crate::container::plan::limits::{self, Moment};
use crate::container::plan::mounts::Mount;
use crate::container::plan::namespaces::Network;
use crate::container::plan::{self, Plan, list, security};
use crate::container::record::{Files, Record};
use crate::container::registry::Registry;
use crate::container::state::State;
use crate::container::{links, volumes};
use crate::error::{Error, ErrorKind, IoContext, Result};
use crate::meta::Durability;
use crate::shared::Shared;
use crate::volume::store::Taken;
use crate::{id, names, userns};

/// What a client asks for.
#[derive(Clone, Debug, Default)]
pub struct CreateRequest {
    /// The name, or none for a default one.
    pub name: Option<String>,
    /// The container's part; none when the body was `null`.
    pub config: Option<ContainerConfig>,
    /// The host's part.
    pub host_config: Option<HostConfig>,
    /// Networks to connect to, by name.
    pub endpoints: BTreeMap<String, EndpointSettings>,
}

/// A container that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Full id.
    pub id: String,
    /// What the client should know.
    pub warnings: Vec<String>,
}

/// Size of `/dev/shm` when nobody says.
const SHM_SIZE: i64 = 64 << 20;

const MASKED_PATHS: [&str; 10] = [
    "/proc/asound",
    "/proc/acpi",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
];

const READONLY_PATHS: [&str; 5] = [
    "/proc/bus",
    "/proc/fs",
    "/proc/irq",
    "/proc/sys",
    "/proc/sysrq-trigger",
];

/// Creates a container of this id, which nobody has yet.
pub(crate) fn create(
    shared: &Arc<Shared>,
    id: String,
    request: CreateRequest,
    durability: Durability,
) -> Result<Created> {
    let Some(mut config) = request.config else {
        return Err(Error::bad_parameter(
            "Config cannot be empty in order to create a container",
        ));
    };
    let mut host = request.host_config.unwrap_or_default();
    default_log(&shared.config, &mut host.log_config);
    let can = Abilities::current();
    limits::check_early(&host, can)?;
    // Wrong settings are told before a missing image; what conflicts is what
    // the client said, not what is filled in.
    let given = Plan::parse(&config, &host)?;
    given.log.check()?;
    given.network.check(&config, &host, &given.ports)?;
    volumes::check_sources(&given.mounts)?;
    let warned = limits::check(&mut host, Moment::Create, can)?;
    if host.shm_size < 0 {
        return Err(Error::bad_parameter("SHM size can not be less than 0"));
    }
    let networks = check_endpoints(request.endpoints)?;
    let networks = match config.network_disabled {
        Some(true) => BTreeMap::new(),
        _ => first_networks(networks, &given.network),
    };
    let image = match config.image.as_str() {
        "" => None,
        name => Some(shared.images.get(name).map_err(Error::from)?),
    };
    if let Some(image) = &image {
        merge(&mut config, &image_config(image)?);
    }
    if config.entrypoint.as_ref().is_some_and(|it| it.0 == [""]) {
        config.entrypoint = Some(StrList::default());
    }
    if config.labels.is_none() {
        config.labels = Some(BTreeMap::new());
    }
    config.env = config.env.filter(|entries| !entries.is_empty());
    let has_command = [&config.entrypoint, &config.cmd]
        .into_iter()
        .flatten()
        .any(|list| list.0.iter().any(|word| !word.is_empty()));
    if !has_command {
        return Err(Error::bad_parameter("No command specified"));
    }
    let given_name = request.name.as_deref().filter(|name| !name.is_empty());
    let given_name = given_name.map(names::validate).transpose()?;
    fill_in(&mut config, &mut host, &id, &shared.registry)?;
    let mut plan = Plan::parse(&config, &host)?;
    userns::check(&plan, shared.config.userns.is_some() && !plan.userns_host)?;
    let inherited = volumes::from_others(&shared.registry, &host)?;
    // Elsewhere than on the default bridge links belong to the network.
    let links = match plan.network {
        Network::Named(_) => Vec::new(),
        _ => links::parse(&shared.registry, plan::list(&host.links.take()))?,
    };
    let name = shared.registry.reserve(given_name, &id)?;
    let mut record = Record::new(
        id.clone(),
        name,
        image
            .as_ref()
            .map(|image| image.id.to_string())
            .unwrap_or_default(),
        config,
        host,
        networks,
    );
    record.links = links;
    let files = shared.files(&id);
    let chain = image.as_ref().and_then(|image| image.chain.as_ref());
    let mut made = Vec::new();
    if let Err(error) = make(
        shared,
        &files,
        &mut record,
        chain,
        Mounting {
            parsed: &plan.mounts,
            inherited,
            made: &mut made,
            durability,
        },
    ) {
        volumes::give_up(shared, &id, &made);
        std::fs::remove_dir_all(files.dir()).ok();
        shared.images.container_remove(&id).ok();
        shared.registry.release(&id);
        return Err(error);
    }
    plan.mounts.clone_from(&record.mounts);
    // Also of those that were there before, as in dockerd.
    for taken in &made {
        shared.publish_volume("create", &taken.volume.name, &[]);
    }
    Actor::spawn(shared, record.clone(), plan, State::new(), Beginning::New);
    shared.publish_container(&record, "create", &[]);
    Ok(Created {
        id,
        warnings: warned,
    })
}

/// The daemon's log driver where the client names none, and its options where the
/// client has the same driver.
fn default_log(daemon: &EngineConfig, config: &mut LogConfig) {
    if config.r#type.as_str().is_empty() {
        config.r#type = daemon.log_driver.as_str().into();
    }
    let options = config.config.get_or_insert_with(BTreeMap::new);
    if config.r#type.as_str() == daemon.log_driver {
        for (key, value) in &daemon.log_opts {
            options.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// What goes into a container's mounts, the volumes taken on the way, and what
/// the record survives.
struct Mounting<'a> {
    parsed: &'a [Mount],
    inherited: Vec<Mount>,
    made: &'a mut Vec<Taken>,
    durability: Durability,
}

fn make(
    shared: &Shared,
    files: &Files,
    record: &mut Record,
    chain: Option<&longshore_oci::digest::ChainId>,
    mounting: Mounting<'_>,
) -> Result<()> {
    shared
        .images
        .container_create(&record.id, chain)
        .context("layer")?;
    files.create()?;
    record.mounts = volumes::resolve(
        shared,
        &record.id,
        &record.config,
        &record.host_config,
        mounting.parsed,
        mounting.inherited,
        mounting.made,
    )?;
    volumes::fill(shared, &record.id, &record.mounts)?;
    files.write_record_with(record, mounting.durability)
}

fn image_config(image: &Image) -> Result<ContainerConfig> {
    serde_json::to_value(&image.config.config)
        .and_then(serde_json::from_value)
        .context(format!("configuration of image {}", image.id))
}

/// Fills what the client left open from the image's configuration.
pub(crate) fn merge(config: &mut ContainerConfig, image: &ContainerConfig) {
    merge_set(&mut config.exposed_ports, &image.exposed_ports);
    merge_set(&mut config.volumes, &image.volumes);
    if let Some(of_image) = &image.env {
        let own = config.env.get_or_insert_with(Vec::new);
        let name = |entry: &str| entry.split('=').next().unwrap_or_default().to_owned();
        let known: BTreeSet<String> = own.iter().map(|entry| name(entry)).collect();
        own.extend(
            of_image
                .iter()
                .filter(|entry| !known.contains(&name(entry)))
                .cloned(),
        );
    }
    if let Some(of_image) = &image.labels {
        let own = config.labels.get_or_insert_with(BTreeMap::new);
        for (key, value) in of_image {
            own.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    let is_empty = |list: &Option<StrList>| list.as_ref().is_none_or(|list| list.0.is_empty());
    if is_empty(&config.entrypoint) {
        // An empty list means no entry point at all and keeps the command.
        if is_empty(&config.cmd) {
            config.cmd.clone_from(&image.cmd);
        }
        if config.entrypoint.is_none() {
            config.entrypoint.clone_from(&image.entrypoint);
        }
    }
    for (own, of_image) in [
        (&mut config.user, &image.user),
        (&mut config.working_dir, &image.working_dir),
    ] {
        if own.is_empty() {
            own.clone_from(of_image);
        }
    }
    if config.stop_signal.as_deref().is_none_or(str::is_empty) {
        config.stop_signal.clone_from(&image.stop_signal);
    }
    if let Some(of_image) = &image.healthcheck {
        match &mut config.healthcheck {
            Some(own) => merge_health(own, of_image),
            None => config.healthcheck = Some(of_image.clone()),
        }
    }
}

fn merge_set(own: &mut Option<EmptyMap>, of_image: &Option<EmptyMap>) {
    match own {
        Some(set) if !set.0.is_empty() => {
            set.0
                .extend(of_image.iter().flat_map(|set| set.0.iter().cloned()));
        }
        _ => own.clone_from(of_image),
    }
}

fn merge_health(own: &mut HealthConfig, of_image: &HealthConfig) {
    if own.test.as_ref().is_none_or(Vec::is_empty) {
        own.test.clone_from(&of_image.test);
    }
    for (own, of_image) in [
        (&mut own.interval, of_image.interval),
        (&mut own.timeout, of_image.timeout),
        (&mut own.start_period, of_image.start_period),
    ] {
        if own.is_none_or(|value| value.0 == 0) {
            *own = of_image;
        }
    }
    if own.retries.is_none_or(|value| value == 0) {
        own.retries = of_image.retries;
    }
}

/// The values that clients see although they did not send them.
fn fill_in(
    config: &mut ContainerConfig,
    host: &mut HostConfig,
    id: &str,
    registry: &Registry,
) -> Result<()> {
    for mode in [&mut host.pid_mode, &mut host.ipc_mode] {
        if let Some(name) = mode.strip_prefix("container:") {
            // Not 404: by that a client knows a missing image.
            let other = registry.get(name).map_err(|error| Error {
                kind: ErrorKind::BadParameter,
                ..error
            })?;
            *mode = format!("container:{}", other.snapshot().id());
        }
    }
    // Whose network it is may come later; the start needs it.
    let network = host.network_mode.strip_prefix("container:");
    let network = network.and_then(|name| registry.get(name).ok());
    let network = network.map(|other| other.snapshot());
    if let Some(other) = &network {
        host.network_mode = format!("container:{}", other.id());
    }
    let default = |text: &mut String, value: &str| {
        if text.is_empty() {
            *text = value.to_owned();
        }
    };
    default(&mut host.network_mode, "default");
    default(&mut host.ipc_mode, "private");
    if host.runtime.as_deref().is_none_or(str::is_empty) {
        host.runtime = Some("runc".into());
    }
    if host.shm_size == 0 {
        host.shm_size = SHM_SIZE;
    }
    if host.memory > 0 && host.memory_swap == 0 {
        host.memory_swap = host.memory.saturating_mul(2);
    }
    host.oom_kill_disable.get_or_insert(false);
    host.kernel_memory_tcp.get_or_insert(0);
    // What the request's version lacks, a later one may ask for.
    host.device_requests = host.device_requests.take().into();
    host.pids_limit = host.pids_limit.filter(|limit| *limit > 0);
    host.memory_swappiness = host.memory_swappiness.filter(|value| *value >= 0);
    let outside = host.privileged || host.pid_mode == "host" || host.ipc_mode == "host";
    if let Some(label) = security::implied(list(&host.security_opt), outside) {
        host.security_opt.get_or_insert_default().push(label);
    }
    if host.privileged {
        *host.masked_paths = None;
        *host.readonly_paths = None;
    } else {
        let owned = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        host.masked_paths
            .get_or_insert_with(|| owned(&MASKED_PATHS));
        host.readonly_paths
            .get_or_insert_with(|| owned(&READONLY_PATHS));
    }
    if config.working_dir.starts_with('/') {
        let clean = plan::mounts::clean(Path::new(&config.working_dir));
        config.working_dir = clean.to_string_lossy().into_owned();
    }
    if config.hostname.is_empty() {
        config.hostname = match &network {
            Some(other) => {
                config
                    .domainname
                    .clone_from(&other.record.config.domainname);
                other.record.config.hostname.clone()
            }
            None if host.network_mode == "host" => host_name(),
            None => id::short(id).to_owned(),
        };
    }
    Ok(())
}

/// The machine's own name.
pub(crate) fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned()
}

/// The networks that a container is on from the beginning: what the client
/// names, or that of the mode.
fn first_networks(
    mut given: BTreeMap<String, EndpointSettings>,
    mode: &Network,
) -> BTreeMap<String, EndpointSettings> {
    match mode.key() {
        Some(key) if given.is_empty() => {
            given.insert(key.to_owned(), EndpointSettings::default());
            given
        }
        Some(_) => given,
        None => BTreeMap::new(),
    }
}

fn check_endpoints(
    endpoints: BTreeMap<String, EndpointSettings>,
) -> Result<BTreeMap<String, EndpointSettings>> {
    if endpoints.len() > 1 {
        let names: Vec<&str> = endpoints.keys().map(String::as_str).collect();
        return Err(Error::bad_parameter(format!(
            "Container cannot be connected to network endpoints: {}",
            names.join(", ")
        )));
    }
    let mut checked = BTreeMap::new();
    for (name, settings) in endpoints {
        let name = if name == "default" {
            "bridge".to_owned()
        } else {
            name
        };
        let asks_for_address = settings.ipam_config.as_ref().is_some_and(|ipam| {
            [&ipam.ipv4_address, &ipam.ipv6_address]
                .into_iter()
                .flatten()
                .any(|text| !text.is_empty())
        });
        if asks_for_address && matches!(name.as_str(), "bridge" | "host" | "none") {
            return Err(Error::bad_parameter(
                "user specified IP address is supported on user defined networks only",
            ));
        }
        let has_aliases = settings
            .aliases
            .as_ref()
            .is_some_and(|list| !list.is_empty());
        if has_aliases && name == "bridge" {
            return Err(Error::bad_parameter(
                "network-scoped alias is supported only for containers in user defined networks",
            ));
        }
        checked.insert(name, settings);
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Option<StrList> {
        Some(list.iter().copied().collect())
    }

    fn image() -> ContainerConfig {
        ContainerConfig {
            entrypoint: words(&["/entry"]),
            cmd: words(&["serve"]),
            env: Some(vec!["A=image".into(), "B=image".into()]),
            user: "www".into(),
            ..ContainerConfig::default()
        }
    }

    /// Entry point and command after the merge.
    fn merged(entrypoint: Option<StrList>, cmd: Option<StrList>) -> (Vec<String>, Vec<String>) {
        let mut config = ContainerConfig {
            entrypoint,
            cmd,
            ..ContainerConfig::default()
        };
        merge(&mut config, &image());
        let list = |list: Option<StrList>| list.unwrap_or_default().0;
        (list(config.entrypoint), list(config.cmd))
    }

    #[test]
    fn commands_merge_as_in_dockerd() {
        let owned = |e: &[&str], c: &[&str]| {
            let list = |l: &[&str]| l.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
            (list(e), list(c))
        };
        assert_eq!(merged(None, None), owned(&["/entry"], &["serve"]));
        assert_eq!(merged(None, words(&["x"])), owned(&["/entry"], &["x"]));
        assert_eq!(merged(words(&["/own"]), None), owned(&["/own"], &[]));
        assert_eq!(merged(words(&[]), None), owned(&[], &["serve"]));
        assert_eq!(merged(words(&[""]), None), owned(&[""], &[]));
    }

    #[test]
    fn the_clients_environment_comes_first_and_wins() {
        let mut config = ContainerConfig {
            env: Some(vec!["B=own".into(), "C=own".into()]),
            ..ContainerConfig::default()
        };
        merge(&mut config, &image());
        let expected: Vec<String> = ["B=own", "C=own", "A=image"].map(str::to_owned).to_vec();
        assert_eq!(config.env, Some(expected));
        assert_eq!(config.user, "www");
    }

    #[test]
    fn sets_unite_or_are_the_images() {
        let set = |list: &[&str]| Some(list.iter().copied().collect::<EmptyMap>());
        let mut own = set(&["80/tcp"]);
        merge_set(&mut own, &set(&["90/tcp"]));
        assert_eq!(own, set(&["80/tcp", "90/tcp"]));
        let mut own = set(&[]);
        merge_set(&mut own, &None);
        assert_eq!(own, None);
    }
}
