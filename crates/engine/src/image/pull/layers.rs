//! The layers of one image: fetched side by side, told in order.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use longshore_distribution::Repository;
use longshore_oci::config::ImageConfig;
use longshore_oci::manifest::Descriptor;
use tokio::time::{Instant, sleep_until};

use super::transfer::{Step, Transfer};
use super::wording::Failure;
use crate::error::Error;
use crate::image::Images;
use crate::image::progress::{Amount, PACE, Progress};

impl Images {
    /// Fetches the layers that are not here. They stay aside until they are
    /// taken and published.
    pub(super) async fn fetch_layers(
        &self,
        repository: &Arc<Repository>,
        name: &str,
        layers: &[Descriptor],
        config: &ImageConfig,
        progress: &Progress,
    ) -> Result<Vec<Arc<Transfer>>, Failure> {
        let store = &self.shared.images;
        let present = store.present_layers(&config.rootfs.diff_ids);
        let mut missing: Vec<(usize, Arc<Transfer>)> = Vec::new();
        for (index, (layer, present)) in layers.iter().zip(present).enumerate() {
            let id = layer.digest.short();
            if present {
                progress.update(id, "Already exists").await;
                continue;
            }
            progress.update(id, "Pulling fs layer").await;
            let transfers = &self.shared.transfers.downloads;
            missing.push((index, transfers.join(name, layer, repository, store)));
        }
        let mut following: FuturesUnordered<_> = missing
            .iter()
            .enumerate()
            .map(|(order, (index, transfer))| async move {
                let result = follow(transfer, &layers[*index], progress).await;
                (order, result)
            })
            .collect();
        let mut complete = vec![false; missing.len()];
        let mut next = 0;
        while let Some((order, result)) = following.next().await {
            result?;
            let (index, transfer) = &missing[order];
            let expected = &config.rootfs.diff_ids[*index];
            // None: another pull has taken it, and has checked it as well.
            if let Some(actual) = transfer.diff_id()
                && actual != *expected
            {
                store.forget_download(&layers[*index].digest);
                return Err(Failure::invalid(format!(
                    "layers from manifest don't match image configuration: layer {} is \
                     {actual}, expected {expected}",
                    layers[*index].digest
                )));
            }
            complete[order] = true;
            while next < complete.len() && complete[next] {
                let layer = &layers[missing[next].0];
                let all = Amount {
                    current: layer.size,
                    total: layer.size,
                };
                let id = layer.digest.short();
                progress.amount(id, "Extracting", all).await;
                progress.update(id, "Pull complete").await;
                next += 1;
            }
        }
        drop(following);
        Ok(missing.into_iter().map(|(_, transfer)| transfer).collect())
    }
}

/// Tells how far a transfer is until it ends.
async fn follow(
    transfer: &Transfer,
    layer: &Descriptor,
    progress: &Progress,
) -> Result<(), Failure> {
    let id = layer.digest.short();
    let mut steps = transfer.step();
    let mut told = Instant::now() - PACE;
    let mut downloaded = false;
    loop {
        let step = steps.borrow_and_update().clone();
        match step {
            Step::New => {}
            Step::Waiting => progress.update(id, "Waiting").await,
            Step::Downloading(current) => {
                let amount = Amount {
                    current,
                    total: layer.size,
                };
                progress.amount(id, "Downloading", amount).await;
                told = Instant::now();
            }
            Step::Retrying(seconds) => {
                let plural = if seconds == 1 { "" } else { "s" };
                let text = format!("Retrying in {seconds} second{plural}");
                progress.update(id, text).await;
            }
            Step::Downloaded if !downloaded => {
                downloaded = true;
                progress.update(id, "Verifying Checksum").await;
                progress.update(id, "Download complete").await;
            }
            Step::Downloaded => {}
            Step::Complete => {
                if !downloaded {
                    progress.update(id, "Verifying Checksum").await;
                    progress.update(id, "Download complete").await;
                }
                return Ok(());
            }
            Step::Failed(error) => return Err(error.into()),
        }
        if steps.changed().await.is_err() {
            return Err(Failure::Here(Error::system("the download was given up")));
        }
        // Steps in between are nobody's loss.
        if matches!(*steps.borrow(), Step::Downloading(_)) {
            let due = told + PACE;
            tokio::select! {
                () = sleep_until(due) => {}
                _ = steps.wait_for(|step| !matches!(step, Step::Downloading(_))) => {}
            }
        }
    }
}
