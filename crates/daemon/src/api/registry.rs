//! What goes between registries and here: pull and push as streams of lines.

use std::future::Future;
use std::pin::Pin;

use longshore_api::body::JsonLines;
use longshore_api::error::ApiError;
use longshore_api::image::ImageCreateQuery;
use longshore_api::registry_auth::RegistryAuth;
use longshore_api::types;
use longshore_engine::error::Result;
use longshore_engine::image::progress::{Progress, ProgressLine};
use longshore_engine::image::{ImportRequest, reference};
use tokio::sync::mpsc;

use super::{Api, failed};

/// Lines that may wait for a slow client.
const WAITING: usize = 16;

type Work = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl Api {
    /// Pulls what the query names.
    pub(super) async fn pull(
        &self,
        query: ImageCreateQuery,
        auth: RegistryAuth,
    ) -> Result<JsonLines<types::CreateImageInfo>, ApiError> {
        let name = query.from_image.unwrap_or_default();
        let tag = query.tag.unwrap_or_default();
        let reference = reference(&name, &tag).map_err(failed)?;
        let images = self.engine.images();
        let (progress, told) = Progress::channel();
        let work = Box::pin(async move {
            let platform = query.platform.as_deref();
            images.pull(&reference, platform, &auth, &progress).await?;
            Ok(())
        });
        stream(work, told, create_info).await
    }

    /// Makes an image of an archive at an address and tells how that goes on.
    pub(super) async fn import_from_web(
        &self,
        request: ImportRequest,
    ) -> Result<JsonLines<types::CreateImageInfo>, ApiError> {
        let images = self.engine.images();
        let (progress, told) = Progress::channel();
        let work = Box::pin(async move { images.import_from_web(request, &progress).await });
        stream(work, told, create_info).await
    }
}

impl Api {
    /// Pushes an image, or all tags of a repository.
    pub(super) async fn push(
        &self,
        name: &str,
        tag: &str,
        auth: RegistryAuth,
    ) -> Result<JsonLines<types::PushImageInfo>, ApiError> {
        let reference = reference(name, tag).map_err(failed)?;
        let images = self.engine.images();
        let (progress, told) = Progress::channel();
        let work = Box::pin(async move { images.push(&reference, &auth, &progress).await });
        stream(work, told, |line| types::PushImageInfo {
            id: Some(line.id),
            status: Some(line.status),
            progress: line.amount.map(|amount| amount.bar()),
            progress_detail: line.amount.map(detail),
            aux: line.aux,
            ..types::PushImageInfo::default()
        })
        .await
    }
}

/// Answers with the lines that `work` tells. An error before the first line is
/// the answer itself. When the client leaves, the work ends.
pub(super) async fn stream<T: Send + 'static>(
    mut work: Work,
    mut told: mpsc::Receiver<ProgressLine>,
    encode: impl Fn(ProgressLine) -> T + Send + Sync + 'static,
) -> Result<JsonLines<T>, ApiError> {
    let mut first = None;
    let mut ended = None;
    tokio::select! {
        biased;
        line = told.recv() => first = line,
        result = &mut work => ended = Some(result),
    }
    // It may have told something in the very moment in which it ended.
    first = first.or_else(|| told.try_recv().ok());
    if first.is_none()
        && let Some(Err(error)) = ended
    {
        return Err(failed(error));
    }
    let (lines, answer) = JsonLines::channel(WAITING);
    tokio::spawn(async move {
        let telling = async {
            let mut next = first;
            loop {
                let line = match next.take() {
                    Some(line) => line,
                    None => match told.recv().await {
                        Some(line) => line,
                        None => return,
                    },
                };
                if lines.send(Ok(encode(line))).await.is_err() {
                    return;
                }
            }
        };
        let working = async {
            let result = match ended {
                Some(result) => result,
                None => work.await,
            };
            // Whoever tells is gone with the work, so the telling ends.
            result
        };
        let both = async { tokio::join!(working, telling).0 };
        tokio::select! {
            result = both => {
                if let Err(error) = result {
                    lines.send(Err(failed(error))).await.ok();
                }
            }
            () = lines.closed() => {}
        }
    });
    Ok(answer)
}

fn create_info(line: ProgressLine) -> types::CreateImageInfo {
    types::CreateImageInfo {
        id: Some(line.id).filter(|id| !id.is_empty()),
        status: Some(line.status),
        progress: line.amount.map(|amount| amount.bar()),
        progress_detail: line.amount.map(detail),
        ..types::CreateImageInfo::default()
    }
}

/// How far something is, for programs; what is not known is left out.
pub(super) fn detail(amount: longshore_engine::image::progress::Amount) -> types::ProgressDetail {
    let number = |bytes: u64| (bytes > 0).then(|| i64::try_from(bytes).unwrap_or(i64::MAX));
    types::ProgressDetail {
        current: number(amount.current),
        total: number(amount.total),
    }
}
