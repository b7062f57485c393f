//! A layer on its way from a registry into the store. All pulls that want the
//! same layer of the same repository share one transfer; when nobody wants it
//! any more, it stops, and what has come is kept.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use longshore_distribution::{Error as RegistryError, Repository};
use longshore_image::layer::StagedLayer;
use longshore_image::store::{DownloadError, Store};
use longshore_oci::digest::Digest;
use longshore_oci::manifest::Descriptor;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::AbortHandle;

use crate::image::transfers;

/// Pieces of the network that may wait for the unpacker.
const AHEAD: usize = 32;
/// How much longer to wait after each failure.
const PATIENCE: Duration = Duration::from_secs(5);

/// All transfers that are under way.
pub(crate) struct Downloads {
    running: Mutex<HashMap<(String, Digest), Weak<Transfer>>>,
    slots: Mutex<Arc<Semaphore>>,
    attempts: AtomicU32,
}

/// One layer on its way.
pub(crate) struct Transfer {
    step: watch::Receiver<Step>,
    layer: Mutex<Option<StagedLayer>>,
    task: Mutex<Option<AbortHandle>>,
}

/// How far a transfer is.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// It has not begun.
    New,
    /// Others are before it.
    Waiting,
    /// So many bytes are here.
    Downloading(u64),
    /// It will be tried again in so many seconds.
    Retrying(u64),
    /// All is here; the rest is being unpacked.
    Downloaded,
    /// The layer is complete.
    Complete,
    /// There will be none.
    Failed(TransferError),
}

/// Why there is no layer.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum TransferError {
    /// The registry did not give it.
    #[error(transparent)]
    Registry(RegistryError),
    /// It gave something else.
    #[error("{0}")]
    Digest(String),
    /// It could not be stored.
    #[error("failed to register layer: {0}")]
    Layer(String),
}

impl Downloads {
    /// At most `slots` at once, each tried `attempts` times.
    pub(crate) fn new(slots: usize, attempts: u32) -> Self {
        Self {
            running: Mutex::default(),
            slots: Mutex::new(transfers::slots(slots)),
            attempts: AtomicU32::new(attempts.max(1)),
        }
    }

    /// The same for transfers that begin from now on.
    pub(crate) fn resize(&self, slots: usize, attempts: u32) {
        *self.slots.lock().unwrap_or_else(PoisonError::into_inner) = transfers::slots(slots);
        self.attempts.store(attempts.max(1), Ordering::Relaxed);
    }

    /// The transfer of a layer of the repository `name`.
    pub(crate) fn join(
        &self,
        name: &str,
        layer: &Descriptor,
        repository: &Arc<Repository>,
        store: &Store,
    ) -> Arc<Transfer> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, transfer| transfer.strong_count() > 0);
        let key = (name.to_owned(), layer.digest.clone());
        if let Some(transfer) = running.get(&key).and_then(Weak::upgrade)
            && !matches!(*transfer.step.borrow(), Step::Failed(_))
            && !transfer.was_taken()
        {
            return transfer;
        }
        let (sender, step) = watch::channel(Step::New);
        let transfer = Arc::new(Transfer {
            step,
            layer: Mutex::default(),
            task: Mutex::default(),
        });
        let work = Work {
            repository: repository.clone(),
            store: store.clone(),
            digest: layer.digest.clone(),
            size: layer.size,
            attempts: self.attempts.load(Ordering::Relaxed),
            step: sender,
        };
        let slots = self.slots.lock();
        let slots = slots.unwrap_or_else(PoisonError::into_inner).clone();
        let place = Arc::downgrade(&transfer);
        let task = tokio::spawn(async move {
            let slot = match slots.clone().try_acquire_owned() {
                Ok(slot) => Ok(slot),
                Err(_) => {
                    work.step.send_replace(Step::Waiting);
                    slots.acquire_owned().await
                }
            };
            // The semaphore is never closed.
            let Ok(slot) = slot else { return };
            let result = work.run().await;
            drop(slot);
            let last = match (result, place.upgrade()) {
                (Err(error), _) => Step::Failed(error),
                (Ok(layer), Some(transfer)) => {
                    *transfer.layer() = Some(layer);
                    Step::Complete
                }
                (Ok(_), None) => return,
            };
            work.step.send_replace(last);
        });
        *transfer.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task.abort_handle());
        running.insert(key, Arc::downgrade(&transfer));
        transfer
    }
}

impl Transfer {
    /// Where to look how far it is.
    pub(crate) fn step(&self) -> watch::Receiver<Step> {
        self.step.clone()
    }

    /// The layer's diff ID once it is complete.
    pub(crate) fn diff_id(&self) -> Option<Digest> {
        self.layer().as_ref().map(|layer| layer.diff_id().clone())
    }

    /// The layer; whoever takes it publishes it for all.
    pub(crate) fn take(&self) -> Option<StagedLayer> {
        self.layer().take()
    }

    fn was_taken(&self) -> bool {
        matches!(*self.step.borrow(), Step::Complete) && self.layer().is_none()
    }

    fn layer(&self) -> std::sync::MutexGuard<'_, Option<StagedLayer>> {
        self.layer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task.take() {
            task.abort();
        }
    }
}

/// What the task of a transfer knows.
struct Work {
    repository: Arc<Repository>,
    store: Store,
    digest: Digest,
    size: u64,
    attempts: u32,
    step: watch::Sender<Step>,
}

impl Work {
    async fn run(&self) -> Result<StagedLayer, TransferError> {
        let (mut failures, mut resumed) = (0, false);
        loop {
            match self.whole(&mut failures, &mut resumed).await {
                // The parts did not fit together; the whole still may.
                Err(TransferError::Digest(_)) if resumed => resumed = false,
                // The same question gets the same answer.
                result => return result,
            }
        }
    }

    /// Unpacks the layer while it comes. A connection that breaks is replaced
    /// under the unpacker, which does not notice.
    async fn whole(
        &self,
        failures: &mut u32,
        resumed: &mut bool,
    ) -> Result<StagedLayer, TransferError> {
        let download = {
            let (store, digest, size) = (self.store.clone(), self.digest.clone(), self.size);
            blocking(move || store.download(&digest, size))
                .await?
                .map_err(|error| TransferError::Layer(error.to_string()))?
        };
        let mut offset = download.offset();
        let (sender, receiver) = mpsc::channel(AHEAD);
        let receiving = tokio::task::spawn_blocking(move || {
            download.receive(Pieces {
                pieces: receiver,
                piece: Bytes::new(),
            })
        });
        while offset < self.size {
            self.step.send_replace(Step::Downloading(offset));
            *resumed |= offset > 0;
            match self.feed(&mut offset, &sender).await {
                Ok(true) => {}
                // The unpacker has seen enough; it says why.
                Ok(false) => break,
                Err(error) => self.failed(failures, error).await?,
            }
        }
        drop(sender);
        if offset == self.size {
            self.step.send_replace(Step::Downloaded);
        }
        let received = receiving
            .await
            .map_err(|error| TransferError::Layer(error.to_string()))?;
        received.map_err(|error| match error {
            DownloadError::Digest(_) => TransferError::Digest(error.to_string()),
            other => TransferError::Layer(other.to_string()),
        })
    }

    /// Passes the bytes from `offset` on to the unpacker, as far as they come.
    /// False if it wants no more.
    async fn feed(
        &self,
        offset: &mut u64,
        to: &mpsc::Sender<io::Result<Bytes>>,
    ) -> Result<bool, RegistryError> {
        let mut blob = self.repository.blob(&self.digest, *offset).await?;
        // What is here already when the registry cannot begin in the middle.
        let mut known = *offset - blob.offset;
        loop {
            let next = tokio::select! {
                next = blob.body.next() => next,
                () = to.closed() => return Ok(false),
            };
            let Some(piece) = next else {
                return Err(RegistryError::Connection("unexpected EOF".to_owned()));
            };
            let mut piece = piece?;
            let skipped = known.min(piece.len() as u64);
            known -= skipped;
            piece.advance(usize::try_from(skipped).unwrap_or(usize::MAX));
            let left = self.size - *offset;
            if piece.len() as u64 > left {
                // More than was announced: the digest would be wrong anyway.
                return Err(RegistryError::TooLarge {
                    what: "a layer",
                    limit: self.size,
                });
            }
            if piece.is_empty() {
                continue;
            }
            *offset += piece.len() as u64;
            if to.send(Ok(piece)).await.is_err() {
                return Ok(false);
            }
            if *offset == self.size {
                return Ok(true);
            }
            self.step.send_replace(Step::Downloading(*offset));
        }
    }

    /// Waits before the next attempt, if there is one.
    async fn failed(&self, failures: &mut u32, error: RegistryError) -> Result<(), TransferError> {
        *failures += 1;
        if !error.is_passing() || *failures >= self.attempts {
            return Err(TransferError::Registry(error));
        }
        tracing::warn!(digest = %self.digest, %error, attempt = *failures, "download failed");
        let seconds = PATIENCE.as_secs() * u64::from(*failures);
        for left in (1..=seconds).rev() {
            self.step.send_replace(Step::Retrying(left));
            // The client is told each second that passes.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(())
    }
}

/// The pieces of the network for a thread that may wait for them.
struct Pieces {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.piece = piece?,
                None => return Ok(0),
            }
        }
        let length = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, TransferError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| TransferError::Layer(error.to_string()))
}
