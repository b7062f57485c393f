//! A container as clients see it, in full.

use std::collections::BTreeMap;
use std::path::Path;

use longshore_api::types::{
    ContainerInspectResponse, ContainerState, EndpointSettings, GraphDriverData, MountPoint,
    NetworkSettings, PortBinding,
};

use crate::container::health::Health;
use crate::container::links;
use crate::container::plan::mounts::{Mount, Source, propagation_name};
use crate::container::record::Files;
use crate::container::registry::Snapshot;
use crate::container::state::{Phase, State};
use crate::error::{IoContext, Result};
use crate::network::{add_own_names, is_predefined, protocol_name};
use crate::shared::Shared;
use crate::time::wire;
use crate::volume::options::LOCAL;

/// What the storage of layers is called; clients know it by this name.
pub(crate) const STORAGE_DRIVER: &str = "overlay2";

/// Ports as inspect shows them: exposed ones without a binding are null.
pub(crate) type PortMap = BTreeMap<String, Option<Vec<PortBinding>>>;

pub(crate) fn inspect(
    shared: &Shared,
    snapshot: &Snapshot,
    size: bool,
) -> Result<ContainerInspectResponse> {
    let (record, plan, state) = (&snapshot.record, &snapshot.plan, &snapshot.state);
    let files = network_files(shared, snapshot);
    let path = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    let file = |at: std::path::PathBuf| {
        if was_tried(state) {
            path(at)
        } else {
            String::new()
        }
    };
    let own = shared.files(&record.id);
    let log_path = plan.log.path(&record.id, own.dir());
    let log_path = log_path.filter(|_| was_tried(state));
    let log_path = log_path.map(path).unwrap_or_default();
    let (size_rw, size_root_fs) = if size {
        sizes(shared, snapshot)?
    } else {
        (None, None)
    };
    let execs = shared.execs.open(&record.id);
    let mut args = plan.args.iter().cloned();
    let mut host_config = record.host_config.clone();
    host_config.links = links::shown(&shared.registry, record);
    Ok(ContainerInspectResponse {
        id: record.id.clone(),
        created: wire(Some(record.created)),
        path: args.next().unwrap_or_default(),
        args: Some(args.collect()),
        state: Some(wire_state(state)),
        image: record.image.clone(),
        resolv_conf_path: file(files.resolv_conf()),
        hostname_path: file(files.hostname()),
        hosts_path: file(files.hosts()),
        log_path,
        name: format!("/{}", record.name),
        restart_count: i64::from(state.restart_count),
        driver: STORAGE_DRIVER.into(),
        platform: "linux".into(),
        app_armor_profile: plan.security.profile().unwrap_or_default().to_owned(),
        exec_ids: (!execs.is_empty()).then_some(execs),
        host_config: Some(host_config),
        graph_driver: graph_driver(shared, snapshot),
        size_rw,
        size_root_fs,
        mounts: Some(mount_points(&plan.mounts)),
        config: Some(record.config.clone()),
        network_settings: Some(network_settings(shared, snapshot)),
        ..ContainerInspectResponse::default()
    })
}

/// Whether anybody has tried to start it: what a start makes is shown from then
/// on, as dockerd does.
fn was_tried(state: &State) -> bool {
    state.started_at.is_some() || !state.error.is_empty()
}

/// A container that shares another's network shares these files too.
fn network_files(shared: &Shared, snapshot: &Snapshot) -> Files {
    let own = shared.files(snapshot.id());
    match snapshot.plan.network.container() {
        Some(other) => match shared.registry.get(other) {
            Ok(other) => shared.files(other.snapshot().id()),
            Err(_) => own,
        },
        None => own,
    }
}

fn wire_state(state: &State) -> ContainerState {
    ContainerState {
        status: state.phase.as_str().into(),
        running: state.phase.counts_as_running(),
        paused: state.phase == Phase::Paused,
        restarting: state.phase == Phase::Restarting,
        oom_killed: state.oom_killed,
        dead: state.phase == Phase::Dead,
        pid: i64::from(state.pid),
        exit_code: state.exit_code,
        error: state.error.clone(),
        started_at: wire(state.started_at),
        finished_at: wire(state.finished_at),
        health: state.health.as_ref().map(Health::to_wire),
    }
}

fn graph_driver(shared: &Shared, snapshot: &Snapshot) -> GraphDriverData {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let data = shared
        .images
        .container_layer(snapshot.id())
        .ok()
        .map(|layer| {
            let lower: Vec<String> = layer.lower.iter().map(|path| text(path)).collect();
            let merged = layer.upper.with_file_name("merged");
            BTreeMap::from([
                ("LowerDir".to_owned(), lower.join(":")),
                ("MergedDir".to_owned(), text(&merged)),
                ("UpperDir".to_owned(), text(&layer.upper)),
                ("WorkDir".to_owned(), text(&layer.work)),
            ])
        });
    GraphDriverData {
        name: STORAGE_DRIVER.into(),
        data: data.filter(|_| snapshot.state.phase != Phase::Dead),
    }
}

/// Bytes the container has written, and those together with its image's.
pub(crate) fn sizes(shared: &Shared, snapshot: &Snapshot) -> Result<(Option<i64>, Option<i64>)> {
    let written = match shared.images.container_size(snapshot.id()) {
        Ok(written) => written,
        // It is being removed while it is looked at.
        Err(_) if !is_whole(shared, snapshot.id()) => return Ok((None, None)),
        Err(error) => return Err(error).context("layer"),
    };
    let image = shared
        .images
        .get(&snapshot.record.image)
        .map_or(0, |image| image.size);
    let wire = |bytes: u64| i64::try_from(bytes).ok();
    Ok((wire(written), wire(written.saturating_add(image))))
}

fn is_whole(shared: &Shared, id: &str) -> bool {
    let gone = |phase| matches!(phase, Phase::Removing | Phase::Removed | Phase::Dead);
    let now = shared.registry.get(id).map(|now| now.snapshot());
    now.is_ok_and(|now| !gone(now.state.phase))
}

/// What is mounted, in the order of the targets. A tmpfs of `Tmpfs` is shown
/// among the host's configuration only.
pub(crate) fn mount_points(mounts: &[Mount]) -> Vec<MountPoint> {
    let mut points: Vec<MountPoint> = mounts.iter().filter_map(mount_point).collect();
    points.sort_by(|a, b| a.destination.cmp(&b.destination));
    points
}

fn mount_point(mount: &Mount) -> Option<MountPoint> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let point = MountPoint {
        destination: text(&mount.target),
        rw: !mount.readonly,
        ..MountPoint::default()
    };
    match &mount.source {
        Source::Bind {
            path,
            propagation,
            mode,
            ..
        } => Some(MountPoint {
            r#type: Some("bind".into()),
            source: text(path),
            mode: mode.clone(),
            propagation: propagation_name(*propagation).into(),
            ..point
        }),
        Source::Volume(volume) => Some(MountPoint {
            r#type: Some("volume".into()),
            name: Some(volume.name.clone()),
            source: text(&volume.path),
            driver: Some(LOCAL.into()),
            mode: volume.mode.clone(),
            ..point
        }),
        Source::Tmpfs { shown, .. } => shown.then(|| MountPoint {
            r#type: Some("tmpfs".into()),
            ..point
        }),
    }
}

fn network_settings(shared: &Shared, snapshot: &Snapshot) -> NetworkSettings {
    let state = &snapshot.state;
    let bridge = state.endpoint("bridge");
    let link = bridge.and_then(|endpoint| endpoint.link.as_ref());
    let v6 = link.and_then(|link| link.v6);
    let shares = snapshot.plan.network.container().is_some();
    let sandbox = if state.phase.has_process() && !shares {
        snapshot.id().to_owned()
    } else {
        String::new()
    };
    let key = match sandbox.as_str() {
        "" => String::new(),
        _ => format!("/proc/{}/ns/net", state.pid),
    };
    NetworkSettings {
        sandbox_id: sandbox,
        sandbox_key: key,
        ports: Some(ports(shared, snapshot)),
        endpoint_id: bridge.map(|e| e.endpoint_id.clone()).unwrap_or_default(),
        gateway: link.map(|l| l.gateway.to_string()).unwrap_or_default(),
        ip_address: link.map(|l| l.address.to_string()).unwrap_or_default(),
        ip_prefix_len: link.map_or(0, |l| i64::from(l.prefix)),
        ipv6_gateway: v6.map(|v6| v6.gateway.to_string()).unwrap_or_default(),
        global_ipv6_address: v6.map(|v6| v6.address.to_string()).unwrap_or_default(),
        global_ipv6_prefix_len: v6.map_or(0, |v6| i64::from(v6.prefix)),
        mac_address: link.map(|l| l.mac.clone()).unwrap_or_default(),
        networks: Some(networks(shared, snapshot)),
        ..NetworkSettings::default()
    }
}

/// The ports of a container that runs; nothing otherwise.
fn ports(shared: &Shared, snapshot: &Snapshot) -> PortMap {
    let mut map = PortMap::new();
    let plan = &snapshot.plan;
    let state = &snapshot.state;
    if !state.phase.has_process() || !shared.network.publishes(&state.endpoints) {
        return map;
    }
    for port in &plan.ports.exposed {
        map.insert(port.to_string(), None);
    }
    for bound in snapshot.state.published() {
        let key = format!("{}/{}", bound.port, protocol_name(bound.protocol));
        let bindings = map.entry(key).or_default().get_or_insert_with(Vec::new);
        bindings.push(PortBinding {
            host_ip: bound.host_ip.to_string(),
            host_port: bound.host_port.to_string(),
        });
    }
    map
}

/// The networks by name, with what is known of the container's end.
pub(crate) fn networks(shared: &Shared, snapshot: &Snapshot) -> BTreeMap<String, EndpointSettings> {
    let state = &snapshot.state;
    let known = snapshot.record.networks.iter().map(|(name, settings)| {
        let mut settings = settings.clone();
        // The network stays known when the container has ended.
        if was_tried(state) {
            settings.network_id = shared.network.id_of(name).unwrap_or_default();
            if !is_predefined(name) {
                let aliases = settings.aliases.get_or_insert_default();
                add_own_names(aliases, &snapshot.record);
            }
        }
        if let Some(endpoint) = state.endpoint(name) {
            settings.network_id.clone_from(&endpoint.network_id);
            settings.endpoint_id.clone_from(&endpoint.endpoint_id);
            if let Some(link) = &endpoint.link {
                settings.gateway = link.gateway.to_string();
                settings.ip_address = link.address.to_string();
                settings.ip_prefix_len = i64::from(link.prefix);
                settings.mac_address.clone_from(&link.mac);
                if let Some(v6) = link.v6 {
                    settings.ipv6_gateway = v6.gateway.to_string();
                    settings.global_ipv6_address = v6.address.to_string();
                    settings.global_ipv6_prefix_len = i64::from(v6.prefix);
                }
            }
        }
        (name.clone(), settings)
    });
    known.collect()
}
