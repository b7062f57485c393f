//! The list of containers.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use longshore_api::filters::Filters;
use longshore_api::scalar::UnixSeconds;
use longshore_api::types::{ContainerSummary, Port};

use crate::container::filter::Filter;
use crate::container::record::Record;
use crate::container::registry::Snapshot;
use crate::container::{inspect, links};
use crate::error::Result;
use crate::network::protocol_name;
use crate::shared::Shared;
use crate::wording::command_line;

/// Which containers, and how much of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// Also those that do not run.
    pub all: bool,
    /// Only so many, the newest; none or less than 1 is no limit.
    pub limit: Option<i64>,
    /// Measure their files.
    pub size: bool,
}

/// Those that a query selects, newest first, without their sizes.
pub(crate) fn list(
    shared: &Shared,
    query: &ListQuery,
    filters: &Filters,
) -> Result<Vec<ContainerSummary>> {
    let mut all = shared.registry.snapshots();
    all.sort_by_key(|one| Reverse(one.record.created));
    let aliases = links::names(&all);
    let filter = Filter::parse(filters, &all, shared)?;
    let limit = usize::try_from(query.limit.unwrap_or(0)).unwrap_or(0);
    let idle_too = query.all || limit > 0 || filter.names_a_state();
    let mut images = ImageNames {
        shared,
        known: HashMap::new(),
    };
    Ok(all
        .iter()
        .filter(|snapshot| idle_too || snapshot.state.phase.counts_as_running())
        .filter(|snapshot| filter.matches(snapshot))
        .take(if limit > 0 { limit } else { usize::MAX })
        .map(|snapshot| {
            let names = aliases.get(snapshot.id());
            let mut summary = summary(shared, snapshot, names.map_or(&[], Vec::as_slice));
            summary.image = images.shown(&snapshot.record);
            summary
        })
        .collect())
}

/// What names mean now, each looked up once for a whole list.
struct ImageNames<'a> {
    shared: &'a Shared,
    known: HashMap<&'a str, Option<String>>,
}

impl<'a> ImageNames<'a> {
    /// The name the client gave, unless it means another image by now.
    fn shown(&mut self, record: &'a Record) -> String {
        let name = record.config.image.as_str();
        let id = self.known.entry(name).or_insert_with(|| {
            let image = self.shared.images.get(name).ok()?;
            Some(image.id.to_string())
        });
        match id {
            Some(id) if *id == record.image => name.to_owned(),
            None if record.image.is_empty() => name.to_owned(),
            _ => record.image.clone(),
        }
    }
}

/// One container in short, without the name of its image and its sizes.
fn summary(shared: &Shared, snapshot: &Arc<Snapshot>, aliases: &[String]) -> ContainerSummary {
    let (record, plan, state) = (&snapshot.record, &snapshot.plan, &snapshot.state);
    let mut args = plan.args.iter().cloned();
    let path = args.next().unwrap_or_default();
    let args: Vec<String> = args.collect();
    let mut names = vec![format!("/{}", record.name)];
    names.extend_from_slice(aliases);
    let mut summary = ContainerSummary {
        id: record.id.clone(),
        names: Some(names),
        image_id: record.image.clone(),
        command: command_line(&path, &args),
        created: UnixSeconds(record.created.as_second()),
        ports: Some(ports(shared, snapshot)),
        labels: record.config.labels.clone(),
        state: state.phase.as_str().into(),
        status: state.status(),
        mounts: Some(inspect::mount_points(&plan.mounts)),
        ..ContainerSummary::default()
    };
    summary.host_config.network_mode = Some(record.host_config.network_mode.clone());
    summary.network_settings = Some(longshore_api::types::ContainerSummaryNetworkSettings {
        networks: Some(inspect::networks(shared, snapshot)),
    });
    summary
}

fn ports(shared: &Shared, snapshot: &Snapshot) -> Vec<Port> {
    let plan = &snapshot.plan;
    let state = &snapshot.state;
    if !state.phase.has_process() || !shared.network.publishes(&state.endpoints) {
        return Vec::new();
    }
    let bound: Vec<_> = snapshot.state.published().collect();
    let mut ports = Vec::new();
    for port in &plan.ports.exposed {
        let mut published = bound
            .iter()
            .filter(|bound| {
                bound.port == port.number && protocol_name(bound.protocol) == port.protocol.as_str()
            })
            .peekable();
        if published.peek().is_none() {
            ports.push(Port {
                private_port: port.number,
                r#type: port.protocol.as_str().into(),
                ..Port::default()
            });
        }
        for bound in published {
            ports.push(Port {
                ip: Some(bound.host_ip.to_string()),
                private_port: port.number,
                public_port: Some(bound.host_port),
                r#type: port.protocol.as_str().into(),
            });
        }
    }
    ports
}
