//! Import of a file of the web.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use longshore_distribution::{Error as WebError, Fetched, fetch};
use tokio::sync::mpsc;

use super::progress::{Amount, Progress, ProgressLine};
use super::{Images, ImportRequest};
use crate::error::{Error, ErrorKind, Result};

/// Pieces of the network that may wait for the unpacker.
const AHEAD: usize = 32;

/// Bytes after which the client is told how far it is, at most.
const STEP: u64 = 512 << 10;

impl Images {
    /// Makes an image of a tar archive at the address `request.source` and tells
    /// how far it is; the last line is the image's id.
    pub async fn import_from_web(
        &self,
        mut request: ImportRequest,
        progress: &Progress,
    ) -> Result<()> {
        // What cannot become an image need not be fetched.
        self.check_import(&request)?;
        if !request.source.contains("://") {
            request.source.insert_str(0, "http://");
        }
        let Fetched { mut body, .. } = fetch(&request.source)
            .await
            .map_err(|error| failed(&request.source, &error))?;
        let total = body.announced().unwrap_or(0);
        let text = format!("Downloading from {}", request.source);
        progress.message("", text).await;
        let (pieces, reader) = Pieces::channel();
        let feed = async {
            let (mut current, mut told) = (0, 0);
            while let Some(piece) = body.next().await {
                let piece = piece.map_err(io::Error::other);
                current += piece.as_ref().map_or(0, |piece| piece.len() as u64);
                if pieces.send(Some(piece)).await.is_err() {
                    return;
                }
                if current - told >= STEP.min(total / 100) {
                    told = current;
                    let amount = Amount { current, total };
                    progress.amount("", "Importing", amount).await;
                }
            }
            pieces.send(None).await.ok();
            if told != current {
                let total = total.max(current);
                let amount = Amount { current, total };
                progress.amount("", "Importing", amount).await;
            }
        };
        let (imported, ()) = tokio::join!(self.import(reader, request), feed);
        progress
            .tell(ProgressLine {
                status: imported?,
                ..ProgressLine::default()
            })
            .await;
        Ok(())
    }
}

/// Why an address cannot be read, in dockerd's classes.
pub(crate) fn failed(address: &str, error: &WebError) -> Error {
    let message = match error {
        WebError::Status(status) => format!("failed to GET {address} with status {status}"),
        other => other.to_string(),
    };
    let kind = match error {
        WebError::Status(status) if *status == 404 => ErrorKind::NotFound,
        WebError::Status(status) if *status == 403 => ErrorKind::Forbidden,
        WebError::Status(status) if *status == 400 => ErrorKind::BadParameter,
        _ => ErrorKind::System,
    };
    Error { kind, message }
}

/// A stream's pieces, and that it has ended: one that just stops was cut.
pub(crate) type Sender = mpsc::Sender<Option<io::Result<Bytes>>>;

/// The pieces of a stream for a thread that may wait for them.
pub(crate) struct Pieces {
    pieces: mpsc::Receiver<Option<io::Result<Bytes>>>,
    piece: Bytes,
    ended: bool,
}

impl Pieces {
    pub(crate) fn channel() -> (Sender, Self) {
        let (sender, pieces) = mpsc::channel(AHEAD);
        let reader = Self {
            pieces,
            piece: Bytes::new(),
            ended: false,
        };
        (sender, reader)
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() && !self.ended {
            match self.pieces.blocking_recv() {
                Some(Some(piece)) => self.piece = piece?,
                Some(None) => self.ended = true,
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let length = self.piece.len().min(buffer.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_just_stops_was_cut() {
        let (pieces, mut reader) = Pieces::channel();
        let piece = |text: &'static str| Some(Ok(Bytes::from_static(text.as_bytes())));
        pieces.try_send(piece("ab")).unwrap();
        pieces.try_send(piece("")).unwrap();
        pieces.try_send(piece("c")).unwrap();
        pieces.try_send(None).unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "abc");

        let (pieces, mut reader) = Pieces::channel();
        pieces.try_send(piece("ab")).unwrap();
        drop(pieces);
        let error = reader.read_to_string(&mut text).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
