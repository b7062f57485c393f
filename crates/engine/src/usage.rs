//! How much of the disk everything takes.
//!
//! Sizes of layers stand in their records. What may change is walked: the files
//! that containers have written, and volumes; a few trees at a time, however
//! many clients ask.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use longshore_api::filters::Filters;
use longshore_api::types::{
    BuildCache, ContainerSummary, ImageSummary, SystemDataUsageResponse, Volume, VolumeUsageData,
};
use longshore_archive::size;
use longshore_image::store::Image;
use longshore_oci::digest::{ChainId, chain_ids};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::build::is_cache_only;
use crate::container::{Containers, ListQuery, inspect};
use crate::error::{Error, IoContext, Result};
use crate::image::Images;
use crate::shared::Shared;
use crate::system::System;
use crate::time::wire;
use crate::volume::Volumes;

/// How many trees are walked at once: enough to keep a disk busy, few enough to
/// leave it to others.
const WALKS: usize = 4;

/// Lets a few walks go on at once.
#[derive(Debug)]
pub(crate) struct Walks(Semaphore);

impl Default for Walks {
    fn default() -> Walks {
        Walks(Semaphore::new(WALKS))
    }
}

impl Walks {
    async fn run<T: Send + 'static>(&self, walk: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let turn = self.0.acquire().await;
        let _turn = turn.map_err(|_| Error::unavailable("the engine is closing"))?;
        tokio::task::spawn_blocking(walk).await.context("walk")
    }
}

impl System {
    /// How much disk space images, containers, volumes and the builder take.
    pub async fn disk_usage(&self) -> Result<SystemDataUsageResponse> {
        let shared = &self.shared;
        let all = ListQuery {
            all: true,
            size: true,
            ..ListQuery::default()
        };
        let (containers, none) = (Containers::new(shared.clone()), Filters::default());
        let (containers, volumes) =
            tokio::try_join!(containers.list(&all, &none), volumes(shared))?;
        let sizes = shared.images.layer_sizes();
        let cache = build_cache(shared);
        Ok(SystemDataUsageResponse {
            layers_size: bytes(sizes.values().copied().fold(0, u64::saturating_add)),
            images: Some(images(shared, &sizes, &containers)?),
            containers: Some(containers),
            volumes: Some(volumes),
            builder_size: cache.iter().map(|item| item.size).sum(),
            build_cache: Some(cache).filter(|cache| !cache.is_empty()).into(),
        })
    }
}

/// Adds to containers of a list what they have written, and that together with
/// their images. One that is removed meanwhile stays as it is.
pub(crate) async fn measure(shared: &Arc<Shared>, listed: &mut [ContainerSummary]) -> Result<()> {
    let mut walks = JoinSet::new();
    for (index, summary) in listed.iter().enumerate() {
        let Ok(handle) = shared.registry.get(&summary.id) else {
            continue;
        };
        let (own, snapshot) = (shared.clone(), handle.snapshot());
        let shared = shared.clone();
        walks.spawn(async move {
            let walked = shared.walks.run(move || inspect::sizes(&own, &snapshot));
            (index, walked.await)
        });
    }
    while let Some(walked) = walks.join_next().await {
        let (index, sizes) = walked.context("walk")?;
        let (written, whole) = sizes??;
        if let Some(summary) = listed.get_mut(index) {
            summary.size_rw = written.filter(|bytes| *bytes != 0);
            summary.size_root_fs = whole.filter(|bytes| *bytes != 0);
        }
    }
    Ok(())
}

/// The images of the usual list, with the layers that others among them have
/// as well, and the containers made of them.
fn images(
    shared: &Arc<Shared>,
    sizes: &BTreeMap<ChainId, u64>,
    containers: &[ContainerSummary],
) -> Result<Vec<ImageSummary>> {
    let mut listed = Images::new(shared.clone()).list(false, &Filters::default())?;
    let chains: Vec<Vec<ChainId>> = (listed.iter())
        .map(|summary| {
            let image = shared.images.get(&summary.id).ok();
            image.map_or(Vec::new(), |image| chain_ids(&image.config.rootfs.diff_ids))
        })
        .collect();
    let mut users: BTreeMap<&ChainId, u32> = BTreeMap::new();
    for chain in chains.iter().flatten() {
        *users.entry(chain).or_default() += 1;
    }
    let mut made: BTreeMap<&str, i64> = BTreeMap::new();
    for container in containers {
        *made.entry(&container.image_id).or_default() += 1;
    }
    for (summary, chain) in listed.iter_mut().zip(&chains) {
        let common = chain.iter().filter(|chain| users[*chain] > 1);
        let common = common.map(|chain| sizes.get(chain).copied().unwrap_or(0));
        summary.shared_size = bytes(common.fold(0, u64::saturating_add));
        summary.containers = made.get(summary.id.as_str()).copied().unwrap_or(0);
    }
    Ok(listed)
}

/// The volumes whose files are here, measured. What is mounted elsewhere from is
/// left out: its server may not answer.
async fn volumes(shared: &Arc<Shared>) -> Result<Vec<Volume>> {
    let own = Volumes::new(shared.clone());
    let mut walks = JoinSet::new();
    let mut found = Vec::new();
    let volumes = shared.volumes.list().into_iter();
    let plain = volumes.filter(|volume| !volume.has_options());
    for (index, volume) in plain.enumerate() {
        found.push(own.wire(&volume));
        found[index].usage_data = Some(VolumeUsageData {
            size: -1,
            ref_count: i64::try_from(volume.users.len()).unwrap_or(i64::MAX),
        });
        let (shared, place) = (shared.clone(), shared.volumes.data(&volume.name));
        walks.spawn(async move {
            let walked = shared.walks.run(move || size_of(&place));
            (index, walked.await)
        });
    }
    while let Some(walked) = walks.join_next().await {
        let (index, size) = walked.context("walk")?;
        let size = size?;
        if let Some(usage) = found.get_mut(index).and_then(|it| it.usage_data.as_mut()) {
            usage.size = size;
        }
    }
    Ok(found)
}

/// The bytes below a place; -1 where that cannot be told.
fn size_of(place: &Path) -> i64 {
    let walked = size::of_tree(place);
    walked
        .inspect_err(|error| tracing::debug!(place = %place.display(), %error, "not measured"))
        .map_or(-1, bytes)
}

/// What emptying the builder's cache would take away. These are images too, so
/// their layers are counted among all layers as well: they are called shared.
fn build_cache(shared: &Arc<Shared>) -> Vec<BuildCache> {
    let own = |image: &Image| {
        let parent = image.parent.as_ref().and_then(|id| shared.images.image(id));
        let below = parent.map_or(0, |parent| parent.size);
        bytes(image.size.saturating_sub(below))
    };
    let images = shared.images.list().into_iter();
    let cached = images.filter(|image| is_cache_only(shared, image));
    let items = cached.map(|image| BuildCache {
        id: image.id.to_string(),
        parent: image
            .parent
            .as_ref()
            .map_or(String::new(), ToString::to_string),
        r#type: "regular".into(),
        description: (image.config.history.last())
            .map_or(String::new(), |step| step.created_by.clone()),
        shared: true,
        size: own(&image),
        created_at: wire(image.config.created),
        ..BuildCache::default()
    });
    items.collect()
}

fn bytes(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
