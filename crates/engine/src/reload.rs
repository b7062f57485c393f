//! Settings that change while the engine runs, and what is put in order when
//! the operator asks for it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use longshore_distribution::Registries;
use serde_json::json;

use crate::Engine;
use crate::config::RegistryConfig;
use crate::error::{IoContext, Result};
use crate::events::EventKind;
use crate::system::Machine;

/// What may change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloadable {
    /// Whether the daemon logs more, shown in its information.
    pub debug: bool,
    /// Labels of the daemon, shown in its information.
    pub labels: Vec<String>,
    /// How registries are spoken to.
    pub registries: RegistryConfig,
}

/// The settings in force, and what follows from them.
pub(crate) struct Live {
    pub(crate) settings: Reloadable,
    pub(crate) registries: Registries,
}

impl Live {
    /// A setting that means nothing is an error.
    pub(crate) fn new(settings: Reloadable) -> Result<Live> {
        Ok(Live {
            registries: Registries::new(settings.registries.settings()?),
            settings,
        })
    }
}

impl Engine {
    /// Takes other settings, all or, where one means nothing, none, and puts
    /// back at once what somebody else took of the network's rules. What began
    /// before ends as it began.
    pub async fn reload(&self, settings: Reloadable) -> Result<()> {
        let live = Arc::new(Live::new(settings)?);
        let shared = self.shared.clone();
        shared.transfers.resize(&live.settings.registries);
        let told = attributes(&live.settings);
        *shared.live.write().unwrap_or_else(PoisonError::into_inner) = live;
        let repair = {
            let shared = shared.clone();
            move || shared.network.redeclare()
        };
        tokio::task::spawn_blocking(repair)
            .await
            .context("networks")?;
        let events = &shared.events;
        events.publish(EventKind::Daemon, "reload", &*shared.engine_id, told);
        Ok(())
    }
}

/// The settings as the event of a reload tells them.
fn attributes(settings: &Reloadable) -> BTreeMap<String, String> {
    let registries = &settings.registries;
    let list = |list: &[String]| json!(list).to_string();
    let pairs = [
        ("debug", settings.debug.to_string()),
        ("default-runtime", "runc".to_owned()),
        ("insecure-registries", list(&registries.insecure)),
        ("labels", list(&settings.labels)),
        ("live-restore", "true".to_owned()),
        ("max-concurrent-downloads", registries.downloads.to_string()),
        ("max-concurrent-uploads", registries.uploads.to_string()),
        ("max-download-attempts", registries.attempts.to_string()),
        ("name", Machine::read().name),
        ("registry-mirrors", list(&registries.mirrors)),
    ];
    pairs
        .map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .collect()
}
