//! Networks as clients see them, and which of them a filter selects.

use std::collections::BTreeMap;
use std::sync::Arc;

use longshore_api::filters::Filters;
use longshore_api::types::{Network as WireNetwork, NetworkConfigReference, NetworkContainer};
use regex_lite::Regex;

use super::store::Network;
use crate::error::{Error, Result};
use crate::shared::Shared;
use crate::time::wire as time;

/// All of one network.
pub(super) fn wire(shared: &Shared, network: &Network, with_containers: bool) -> WireNetwork {
    let record = &network.record;
    let containers = match with_containers {
        true => containers(shared, network),
        false => BTreeMap::new(),
    };
    WireNetwork {
        name: record.name.clone(),
        id: record.id.clone(),
        created: time(Some(record.created)),
        scope: "local".to_owned(),
        driver: record.driver.as_str().to_owned(),
        enable_ipv6: record.enable_ipv6,
        ipam: record.ipam.clone(),
        internal: record.internal,
        attachable: record.attachable,
        ingress: false,
        containers: Some(containers),
        options: Some(record.options.clone()),
        labels: Some(record.labels.clone()),
        config_from: NetworkConfigReference {
            network: record.config_from.clone(),
        },
        config_only: record.config_only,
        ..WireNetwork::default()
    }
}

fn containers(shared: &Shared, network: &Network) -> BTreeMap<String, NetworkContainer> {
    let members = network.members().into_iter().filter_map(|id| {
        let snapshot = shared.registry.get(&id).ok()?.snapshot();
        let ends = &snapshot.state.endpoints;
        let end = ends
            .iter()
            .find(|end| end.network_id == network.record.id)?;
        let link = end.link.as_ref();
        let shown = NetworkContainer {
            name: snapshot.record.name.clone(),
            endpoint_id: end.endpoint_id.clone(),
            mac_address: link.map(|link| link.mac.clone()).unwrap_or_default(),
            ipv4_address: link
                .map(|link| format!("{}/{}", link.address, link.prefix))
                .unwrap_or_default(),
            ipv6_address: link
                .and_then(|link| link.v6)
                .map(|v6| format!("{}/{}", v6.address, v6.prefix))
                .unwrap_or_default(),
        };
        Some((id, shown))
    });
    members.collect()
}

/// The networks that the filters select.
pub(super) fn select(all: Vec<Arc<Network>>, filters: &Filters) -> Result<Vec<Arc<Network>>> {
    let bad = |error: longshore_api::error::ApiError| Error::bad_parameter(error.message);
    filters
        .only(&["dangling", "driver", "id", "label", "name", "scope", "type"])
        .map_err(bad)?;
    let dangling = dangling(filters)?;
    for kind in filters.values("type") {
        if !matches!(kind, "custom" | "builtin") {
            return Err(Error::bad_parameter(format!(
                "invalid filter: 'type'='{kind}'"
            )));
        }
    }
    let selected = all.into_iter().filter(|network| {
        let record = &network.record;
        let kind = match record.is_predefined() {
            true => "builtin",
            false => "custom",
        };
        let unused = !record.is_predefined() && network.members().is_empty();
        dangling.is_none_or(|wanted| wanted == unused)
            && filters.matches("driver", record.driver.as_str())
            && filters.matches_by("id", |id| record.id.starts_with(id))
            && filters.matches_labels(&record.labels)
            && filters.matches_by("name", |pattern| match Regex::new(pattern) {
                Ok(regex) => regex.is_match(&record.name),
                Err(_) => record.name.contains(pattern),
            })
            && filters.matches("scope", "local")
            && filters.matches("type", kind)
    });
    Ok(selected.collect())
}

/// Whether only those are wanted that nobody is on, or only the others.
fn dangling(filters: &Filters) -> Result<Option<bool>> {
    let values: Vec<&str> = filters.values("dangling").collect();
    match values[..] {
        [] => Ok(None),
        ["true" | "1"] => Ok(Some(true)),
        ["false" | "0"] => Ok(Some(false)),
        [_] => Err(Error::bad_parameter(
            "invalid value for filter 'dangling', must be \"true\" (or \"1\"), or \"false\" (or \
             \"0\")",
        )),
        _ => Err(Error::bad_parameter(
            "got more than one value for filter key \"dangling\"",
        )),
    }
}
