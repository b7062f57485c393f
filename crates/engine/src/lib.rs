//! The domain: containers, exec, images and events, and their state.
//!
//! [`Engine`] is the way in; each area hands out a small handle with async
//! methods. What clients configured is kept and shown in the types of the API;
//! everything that is decided is decided on parsed forms. Nothing here knows
//! HTTP or API versions.

pub mod build;
pub mod cdi;
pub mod config;
pub mod container;
pub mod error;
pub mod events;
pub mod exec;
pub mod id;
pub mod image;
mod meta;
mod names;
pub mod network;
pub mod recover;
pub mod reload;
mod shared;
pub mod system;
pub mod time;
mod usage;
pub mod userns;
pub mod volume;
mod wording;

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::{Arc, RwLock};

use longshore_image::store::Store;
use longshore_runtime::zygote::Zygote;

use crate::build::Builds;
use crate::config::EngineConfig;
use crate::container::Containers;
use crate::container::plan::log::LogPlan;
use crate::container::prune::Pruning;
use crate::container::registry::Registry;
use crate::error::{IoContext, Result};
use crate::events::{EventQuery, EventStream, Events};
use crate::exec::{ExecArea, Execs};
use crate::image::Images;
use crate::image::transfers::Transfers;
use crate::meta::RootLock;
use crate::network::{Net, Networks, Wanted};
use crate::recover::Recovered;
use crate::reload::Live;
use crate::shared::Shared;
use crate::system::System;
use crate::volume::Volumes;
use crate::volume::store::VolumeStore;

/// One engine on one data root.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

impl Engine {
    /// Opens the data root, which no other engine may hold, and brings back
    /// every container. Must be called inside a tokio runtime.
    pub async fn open(config: EngineConfig, zygote: Arc<Zygote>) -> Result<(Engine, Recovered)> {
        LogPlan::parse(&config.log())?;
        directory(&config.data_root, 0o710)?;
        let lock = RootLock::acquire(&config.data_root)?;
        directory(&config.data_root.join("containers"), 0o710)?;
        directory(&config.data_root.join("trash"), 0o700)?;
        directory(&config.data_root.join("build-results"), 0o700)?;
        directory(&config.exec_root.join("containers"), 0o700)?;
        directory(&config.data_root.join("volumes"), 0o711)?;
        let volumes = VolumeStore::open(config.data_root.join("volumes"))?;
        let images = Store::open(&config.data_root.join("image"))?;
        let events = Events::open(&config.data_root.join("events.jsonl"))?;
        let network = Net::open(
            &config.data_root,
            Wanted {
                bridge: config.bridge.as_deref(),
                bip: config.bip.as_deref(),
                v6: config.bridge_v6.as_deref(),
                pools: &config.address_pools,
            },
        )?;
        let shared = Arc::new(Shared {
            zygote,
            images,
            live: RwLock::new(Arc::new(Live::new(config.reloadable())?)),
            transfers: Transfers::new(&config.registries),
            volumes: Arc::new(volumes),
            network,
            events: Arc::new(events),
            registry: Registry::default(),
            execs: Execs::new(config.exec_root.join("execs")),
            samplers: crate::container::stats::Samplers::default(),
            pruning: Pruning::default(),
            walks: usage::Walks::default(),
            pruning_images: image::Pruning::default(),
            held_images: image::held::Held::default(),
            engine_id: engine_id(&config.data_root)?,
            config,
            _lock: lock,
        });
        let recovered = recover::recover(&shared).await?;
        network::watch(&shared);
        Ok((Engine { shared }, recovered))
    }

    /// Leaves the machine as it should be between two daemons: containers go
    /// on, a bridge without containers goes.
    pub async fn close(&self) -> Result<()> {
        let shared = self.shared.clone();
        let close = move || shared.network.close();
        tokio::task::spawn_blocking(close)
            .await
            .context("networks")?
    }

    /// The networks.
    pub fn networks(&self) -> Networks {
        Networks::new(self.shared.clone())
    }

    /// The containers.
    pub fn containers(&self) -> Containers {
        Containers::new(self.shared.clone())
    }

    /// The images.
    pub fn images(&self) -> Images {
        Images::new(self.shared.clone())
    }

    /// The builder.
    pub fn builds(&self) -> Builds {
        Builds::new(self.shared.clone())
    }

    /// The volumes.
    pub fn volumes(&self) -> Volumes {
        Volumes::new(self.shared.clone())
    }

    /// The engine and the machine.
    pub fn system(&self) -> System {
        System::new(self.shared.clone())
    }

    /// Listens to what happens.
    pub fn events(&self, query: EventQuery) -> Result<EventStream> {
        EventStream::new(&self.shared.events, query)
    }

    /// Processes run in containers besides the first.
    pub fn exec(&self) -> ExecArea {
        ExecArea::new(self.shared.clone())
    }
}

/// The id of this root, the same at every start.
fn engine_id(root: &Path) -> Result<String> {
    let path = root.join("engine-id");
    if let Some(known) = meta::read(&path)? {
        return Ok(known);
    }
    let id = id::generate()?;
    meta::write(&path, &id, meta::Durability::Power)?;
    Ok(id)
}

fn directory(path: &Path, mode: u32) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .context(path.display())?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).context(path.display())
}
