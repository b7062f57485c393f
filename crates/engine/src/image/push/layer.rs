//! One layer on its way to a registry: found there, mounted from a repository
//! that has it, or sent.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use longshore_distribution::{Repository, Started, Upload};
use longshore_image::store::OutgoingLayer;
use longshore_oci::digest::Digest;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;

use crate::error::Error;
use crate::image::progress::{Amount, PACE, Progress};
use crate::image::pull::Failure;

/// How often an upload is tried, and how much longer to wait each time.
const ATTEMPTS: u32 = 5;
const PATIENCE: u64 = 5;
/// Pieces that may wait for the network, and how large they are.
const AHEAD: usize = 8;
const PIECE: usize = 256 << 10;
/// Repositories that are asked for a mount before the layer is sent.
const MOST_MOUNTS: usize = 3;

/// Sees to it that the repository has the layer; digest and length of what it
/// has.
pub(super) async fn push(
    repository: &Arc<Repository>,
    layer: &Arc<OutgoingLayer>,
    place: &str,
    progress: &Progress,
) -> Result<(Digest, u64), Failure> {
    let id = layer.diff_id.short();
    for attempt in 1.. {
        match try_once(repository, layer, place, progress).await {
            Err(Failure::Registry(error)) if error.is_passing() && attempt < ATTEMPTS => {
                tracing::warn!(layer = id, %error, attempt, "upload failed");
                for left in (1..=PATIENCE * u64::from(attempt)).rev() {
                    let plural = if left == 1 { "" } else { "s" };
                    let text = format!("Retrying in {left} second{plural}");
                    progress.update(id, text).await;
                    // The client is told each second that passes.
                    sleep(Duration::from_secs(1)).await;
                }
            }
            Err(Failure::Registry(error)) => return Err(Failure::Registry(error.into_inner())),
            result => return result,
        }
    }
    Err(Failure::invalid("the upload was never tried"))
}

async fn try_once(
    repository: &Arc<Repository>,
    layer: &Arc<OutgoingLayer>,
    place: &str,
    progress: &Progress,
) -> Result<(Digest, u64), Failure> {
    let id = layer.diff_id.short();
    let mut upload = None;
    if let Some((digest, size)) = &layer.known {
        if repository.blob_size(digest).await?.is_some() {
            progress.update(id, "Layer already exists").await;
            layer.remember(None, place);
            return Ok((digest.clone(), *size));
        }
        for from in mounts(layer, place) {
            match repository.start_upload(Some((digest, from))).await? {
                Started::Mounted => {
                    progress.update(id, format!("Mounted from {from}")).await;
                    layer.remember(None, place);
                    return Ok((digest.clone(), *size));
                }
                Started::Upload(begun) => upload = Some(begun),
            }
        }
    }
    let upload = match upload {
        Some(upload) => upload,
        None => match repository.start_upload(None).await? {
            Started::Upload(upload) => upload,
            Started::Mounted => return Err(Failure::invalid("the registry mounted nothing")),
        },
    };
    let sent = send(repository, layer, upload, progress).await?;
    let remembered = (sent.clone(), layer.clone(), place.to_owned());
    tokio::task::spawn_blocking(move || {
        let (sent, layer, place) = remembered;
        layer.remember(Some(sent), &place);
    });
    progress.update(id, "Pushed").await;
    Ok(sent)
}

/// Other repositories of the same registry that had the layer.
fn mounts<'a>(layer: &'a OutgoingLayer, place: &str) -> impl Iterator<Item = &'a str> {
    let registry = place.split('/').next().unwrap_or_default().to_owned();
    let place = place.to_owned();
    layer
        .places
        .iter()
        .filter(move |other| **other != place)
        .filter_map(move |other| other.strip_prefix(&registry)?.strip_prefix('/'))
        .take(MOST_MOUNTS)
}

async fn send(
    repository: &Repository,
    layer: &Arc<OutgoingLayer>,
    upload: Upload,
    progress: &Progress,
) -> Result<(Digest, u64), Failure> {
    let (pieces, mut receiver) = mpsc::channel(AHEAD);
    let (count, mut counted) = watch::channel(0);
    let source = layer.clone();
    let writing = tokio::task::spawn_blocking(move || {
        let mut out = Pieces {
            to: pieces,
            piece: BytesMut::with_capacity(PIECE),
        };
        let written = source.write(&mut out, &mut |read| {
            count.send_replace(read);
        });
        let result = written.and_then(|sent| out.flush().map(|()| sent));
        if let Err(error) = &result {
            // The body must not look complete.
            let again = io::Error::new(error.kind(), error.to_string());
            out.to.blocking_send(Err(again)).ok();
        }
        result
    });
    let body = futures_util::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    let known = layer.known.clone().filter(|_| layer.is_final());
    let sending = async {
        let upload = match &known {
            Some((digest, size)) => {
                let sent = repository.upload_whole(upload, digest, *size, body).await;
                return sent.map(|()| None);
            }
            None => repository.upload_bytes(upload, body).await?,
        };
        Ok(Some(upload))
    };
    let (id, total) = (layer.diff_id.short(), layer.work());
    let telling = async {
        // It ends with the thread that counts.
        while counted.changed().await.is_ok() {
            let current = *counted.borrow_and_update();
            let amount = Amount { current, total };
            progress.amount(id, "Pushing", amount).await;
            if current < total {
                // More lines a second than this nobody can read.
                sleep(PACE).await;
            }
        }
    };
    let (upload, ()) = tokio::join!(sending, telling);
    let written = writing
        .await
        .map_err(|error| Failure::invalid(error.to_string()))?;
    let upload = match (upload, &written) {
        (Ok(upload), _) => upload,
        // A pipe that breaks is the registry's doing.
        (Err(_), Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(Failure::Here(Error::system(error.to_string())));
        }
        (Err(error), _) => return Err(error.into()),
    };
    let sent = written.map_err(|error| Failure::Here(Error::system(error.to_string())))?;
    match upload {
        Some(upload) => repository.finish_upload(upload, &sent.0).await?,
        None if known.as_ref() == Some(&sent) => {}
        None => {
            return Err(Failure::invalid(format!(
                "the blob of layer {} is damaged",
                layer.diff_id
            )));
        }
    }
    Ok(sent)
}

/// Gathers what a thread writes into pieces for the network.
struct Pieces {
    to: mpsc::Sender<io::Result<Bytes>>,
    piece: BytesMut,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, BytesMut::with_capacity(PIECE));
        self.to
            .blocking_send(Ok(piece.freeze()))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
