//! Layers are answered for before they are known to be on disk: what is durable
//! by then is everything that says what there is. This thread has the blobs
//! written at once. Then it waits until the kernel has written most of the files
//! back anyway, has the rest written, and notes in the layers' records that they
//! need not be unpacked again after a power failure.
//!
//! A power failure in between costs no more than what was asked for last: files
//! are made again from their blob, whose digest is checked; a layer whose blob
//! did not make it is known to be lost, and its image with it.

use std::{
    sync::{Arc, PoisonError, Weak, mpsc},
    thread,
    time::Duration,
};

use super::{Inner, State, disk};
use crate::{
    error::{At, Error},
    layer::LayerRecord,
};

/// Linux writes dirty pages back after 30 seconds; by then there is little left
/// to wait for.
const DELAY: Duration = Duration::from_secs(60);

/// Wakes the thread; it ends when the last of these is gone.
pub(super) type Wake = mpsc::Sender<()>;

/// Starts the thread for a store that is being made.
pub(super) fn start(store: Weak<Inner>, woken: mpsc::Receiver<()>) -> std::io::Result<()> {
    let work = move || {
        while woken.recv().is_ok() {
            // Waits the delay out unless the store goes; more wishes join in.
            let closed = loop {
                if let Some(store) = store.upgrade() {
                    store.blobs.write_out();
                }
                match woken.recv_timeout(DELAY) {
                    Ok(()) => {}
                    Err(mpsc::RecvTimeoutError::Timeout) => break false,
                    Err(mpsc::RecvTimeoutError::Disconnected) => break true,
                }
            };
            let Some(store) = store.upgrade().filter(|_| !closed) else {
                return;
            };
            // A layer that cannot be settled is unpacked again, nothing worse.
            settle(&store).ok();
        }
    };
    thread::Builder::new()
        .name("image-settle".to_owned())
        .spawn(work)?;
    Ok(())
}

/// Makes all layers that are visible now durable, and notes it.
pub(super) fn settle(store: &Inner) -> Result<(), Error> {
    let root = &store.disk.root;
    let seen = store
        .state
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let unsettled: Vec<_> = seen
        .layers
        .iter()
        .filter(|(_, layer)| layer.unsettled.is_some())
        .collect();
    if unsettled.is_empty() {
        return Ok(());
    }
    let directory = std::fs::File::open(root).at(root)?;
    rustix::fs::syncfs(&directory).at(root)?;
    for (chain, layer) in unsettled {
        let _held = store.commit.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = State::clone(&store.state.read().unwrap_or_else(PoisonError::into_inner));
        if !state.layers.contains_key(chain) {
            continue;
        }
        let settled = LayerRecord {
            unsettled: None,
            ..LayerRecord::clone(layer)
        };
        disk::write_json(&store.disk.layer(chain).join("layer.json"), &settled)?;
        state.layers.insert(chain.clone(), Arc::new(settled));
        *store.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{NewImage, Store};
    use longshore_oci::config::ImageConfig;

    #[test]
    fn settled_layers_say_so_on_disk() {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: needs root");
            return;
        }
        // In memory: what others have not written back yet is not waited for.
        let root = tempfile::tempdir_in("/dev/shm").unwrap();
        let store = Store::open(root.path()).unwrap();
        let image = NewImage {
            config: ImageConfig::default(),
            base: None,
            layers: vec![store.stage(std::io::empty()).unwrap()],
            parent: None,
            references: Vec::new(),
        };
        let id = store.put(image).unwrap();
        let record = || {
            let chain = store.image(&id).unwrap().chain.unwrap();
            let path = store.disk().layer(&chain).join("layer.json");
            disk::read_json::<LayerRecord>(&path).unwrap().unwrap()
        };
        assert!(record().unsettled.is_some());
        settle(&store.inner).unwrap();
        assert_eq!(record().unsettled, None);
        assert_eq!(*store.layers(&id)[0].1, record());
    }
}
