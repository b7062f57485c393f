//! What containers use: one sampling for each container that somebody watches,
//! shared by all who do, and none when nobody does.
//!
//! ```text
//! cgroup, /proc ─ once a second ─▶ sampler ─ newest measurement ─▶ watcher, watcher, …
//! ```

mod measure;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use longshore_api::scalar::Timestamp;
use longshore_api::types::{ContainerStats, CpuStats};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use crate::container::registry::Handle;
use crate::container::state::Phase;
use crate::shared::Shared;

/// How often a container is measured.
const INTERVAL: Duration = Duration::from_secs(1);

/// The newest measurement; none before the first.
type Newest = Option<Arc<ContainerStats>>;

/// The samplers at work, by the container's id.
#[derive(Debug, Default)]
pub(crate) struct Samplers {
    running: Mutex<HashMap<String, watch::Sender<Newest>>>,
}

/// Somebody who watches a container's measurements. Dropping it ends the
/// sampling when it was the last.
#[derive(Debug)]
pub struct Watcher {
    newest: watch::Receiver<Newest>,
    last: Option<(Timestamp, CpuStats)>,
}

impl Samplers {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<Newest>>> {
        // A map of senders is whole after every step.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Watches a container, beginning with the newest measurement.
pub(crate) fn watch(shared: &Arc<Shared>, handle: &Handle) -> Watcher {
    let id = handle.snapshot().id().to_owned();
    let mut running = shared.samplers.lock();
    let newest = match running.get(&id) {
        Some(sampler) => sampler.subscribe(),
        None => {
            let (sampler, newest) = watch::channel(None);
            running.insert(id.clone(), sampler.clone());
            tokio::spawn(sample(shared.clone(), handle.clone(), id, sampler));
            newest
        }
    };
    let mut watcher = Watcher { newest, last: None };
    // A measurement that is there already is the first.
    watcher.newest.mark_changed();
    watcher
}

/// The answer for a container that does not run: all zero.
pub(crate) fn at_rest(handle: &Handle) -> ContainerStats {
    measure::at_rest(&handle.snapshot())
}

impl Watcher {
    /// The next measurement, beside the one before it; `None` once the
    /// container is removed. The first has nothing to compare with.
    pub async fn next(&mut self) -> Option<ContainerStats> {
        let measured = loop {
            self.newest.changed().await.ok()?;
            if let Some(measured) = self.newest.borrow_and_update().clone() {
                break measured;
            }
        };
        let mut stats = (*measured).clone();
        let this = (stats.read, stats.cpu_stats.clone());
        if let Some((read, cpu)) = self.last.replace(this) {
            stats.preread = read;
            stats.precpu_stats = cpu;
        }
        Some(stats)
    }
}

/// Measures until nobody watches or the container is removed.
async fn sample(shared: Arc<Shared>, handle: Handle, id: String, sampler: watch::Sender<Newest>) {
    let mut ticks = interval(INTERVAL);
    // After a stall the next second counts, not those that were missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = handle.until(|now| now.state.phase == Phase::Removed) => break,
        }
        {
            let mut running = shared.samplers.lock();
            if sampler.receiver_count() == 0 {
                running.remove(&id);
                return;
            }
        }
        let snapshot = handle.snapshot();
        let measuring = {
            let shared = shared.clone();
            let handle = handle.clone();
            move || measure::measure(&shared, &snapshot, &handle)
        };
        // Reading a cgroup's files takes locks of the kernel.
        match tokio::task::spawn_blocking(measuring).await {
            Ok(stats) => sampler.send_replace(Some(Arc::new(stats))),
            Err(_) => break,
        };
    }
    shared.samplers.lock().remove(&id);
}
