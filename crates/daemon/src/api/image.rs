//! Images: those that are here, and archives of them. What needs a registry or
//! a builder answers 501.

use longshore_api::body::{ByteStream, JsonLines};
use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::image::*;
use longshore_api::registry_auth::{RegistryAuth, RegistryConfig};
use longshore_api::types;
use longshore_api::version::ApiVersion;
use longshore_engine::image::{CommitRequest, ImportRequest, LoadProgress, progress};
use tokio::sync::mpsc;

use super::{Api, failed};

/// Steps of a load that may wait for a slow client.
const WAITING: usize = 16;

/// From this version on a list has no parameter `filter`.
const LIST_WITHOUT_FILTER: ApiVersion = ApiVersion::new(1, 41);

impl Image for Api {
    async fn image_build(
        &self,
        _cx: Context,
        query: ImageBuildQuery,
        auths: RegistryConfig,
        body: ByteStream,
    ) -> Result<JsonLines<types::BuildInfo>, ApiError> {
        self.build(query, auths, body).await
    }

    async fn build_prune(
        &self,
        _cx: Context,
        query: BuildPruneQuery,
    ) -> Result<types::BuildPruneResponse, ApiError> {
        let keep = u64::try_from(query.keep_storage.unwrap_or(0)).unwrap_or(0);
        let pruned = self.engine.builds().prune(keep, &query.filters).await;
        Ok(super::build::pruned(pruned.map_err(failed)?))
    }

    async fn image_list(
        &self,
        cx: Context,
        mut query: ImageListQuery,
    ) -> Result<Vec<types::ImageSummary>, ApiError> {
        // The old way of asking for a reference.
        if cx.version < LIST_WITHOUT_FILTER
            && let Some(reference) = query.filter.filter(|text| !text.is_empty())
        {
            query.filters.add("reference", reference);
        }
        let listed = self.engine.images().list(query.all, &query.filters);
        listed.map_err(failed)
    }

    async fn image_commit(
        &self,
        _cx: Context,
        query: ImageCommitQuery,
        body: types::ContainerConfig,
    ) -> Result<types::IdResponse, ApiError> {
        let request = CommitRequest {
            container: query.container.unwrap_or_default(),
            repo: query.repo.unwrap_or_default(),
            tag: query.tag.unwrap_or_default(),
            comment: query.comment.unwrap_or_default(),
            author: query.author.unwrap_or_default(),
            pause: query.pause,
            changes: query.changes,
            config: Some(body).filter(|body| *body != types::ContainerConfig::default()),
        };
        let committed = self.engine.images().commit(request).await;
        Ok(types::IdResponse {
            id: committed.map_err(failed)?,
        })
    }

    async fn image_create(
        &self,
        _cx: Context,
        query: ImageCreateQuery,
        auth: RegistryAuth,
        body: ByteStream,
    ) -> Result<JsonLines<types::CreateImageInfo>, ApiError> {
        if query.from_image.as_ref().is_some_and(|it| !it.is_empty()) {
            return self.pull(query, auth).await;
        }
        let request = ImportRequest {
            repo: query.repo.unwrap_or_default(),
            tag: query.tag.unwrap_or_default(),
            message: query.message.unwrap_or_default(),
            changes: query.changes,
            source: query.from_src.unwrap_or_default(),
            platform: query.platform,
        };
        if request.source != "-" {
            return self.import_from_web(request).await;
        }
        let images = self.engine.images();
        let id = images.import(body.blocking_reader(), request).await;
        let line = types::CreateImageInfo {
            status: Some(id.map_err(failed)?),
            ..types::CreateImageInfo::default()
        };
        Ok(JsonLines::new(futures_util::stream::iter([Ok(line)])))
    }

    async fn image_search(
        &self,
        _cx: Context,
        query: ImageSearchQuery,
        auth: RegistryAuth,
    ) -> Result<Vec<types::ImageSearchResponseItem>, ApiError> {
        let images = self.engine.images();
        let found = images
            .search(&query.term, query.limit, &query.filters, &auth)
            .await;
        found.map_err(failed)
    }

    async fn image_inspect(
        &self,
        _cx: Context,
        name: String,
    ) -> Result<types::ImageInspect, ApiError> {
        self.engine.images().inspect(&name).map_err(failed)
    }

    async fn image_history(
        &self,
        _cx: Context,
        name: String,
    ) -> Result<Vec<types::ImageHistoryResponseItem>, ApiError> {
        self.engine.images().history(&name).map_err(failed)
    }

    async fn image_push(
        &self,
        _cx: Context,
        name: String,
        query: ImagePushQuery,
        auth: RegistryAuth,
    ) -> Result<JsonLines<types::PushImageInfo>, ApiError> {
        let tag = query.tag.unwrap_or_default();
        self.push(&name, &tag, auth).await
    }

    async fn image_tag(
        &self,
        _cx: Context,
        name: String,
        query: ImageTagQuery,
    ) -> Result<(), ApiError> {
        let repo = query.repo.unwrap_or_default();
        let tag = query.tag.unwrap_or_default();
        self.engine
            .images()
            .tag(&name, &repo, &tag)
            .await
            .map_err(failed)
    }

    async fn image_delete(
        &self,
        _cx: Context,
        name: String,
        query: ImageDeleteQuery,
    ) -> Result<Vec<types::ImageDeleteResponseItem>, ApiError> {
        let removed = self
            .engine
            .images()
            .remove(&name, query.force, query.noprune)
            .await;
        removed.map_err(failed)
    }

    async fn image_prune(
        &self,
        _cx: Context,
        query: ImagePruneQuery,
    ) -> Result<types::ImagePruneResponse, ApiError> {
        let pruned = self.engine.images().prune(&query.filters).await;
        let pruned = pruned.map_err(failed)?;
        Ok(types::ImagePruneResponse {
            images_deleted: Some(pruned.deleted).filter(|deleted| !deleted.is_empty()),
            space_reclaimed: pruned.reclaimed,
        })
    }

    async fn image_get(&self, _cx: Context, name: String) -> Result<ByteStream, ApiError> {
        self.archive(vec![name])
    }

    async fn image_get_all(
        &self,
        _cx: Context,
        query: ImageGetAllQuery,
    ) -> Result<ByteStream, ApiError> {
        self.archive(query.names)
    }

    async fn image_load(
        &self,
        _cx: Context,
        query: ImageLoadQuery,
        body: ByteStream,
    ) -> Result<JsonLines<types::BuildInfo>, ApiError> {
        let body = body.begun().await;
        let (steps, mut progress) = mpsc::channel(WAITING);
        let (lines, answer) = JsonLines::channel(WAITING);
        let images = self.engine.images();
        tokio::spawn(async move {
            let load = images.load(body.blocking_reader(), steps);
            let tell = async {
                while let Some(step) = progress.recv().await {
                    if let Some(line) = load_line(step, query.quiet) {
                        // A client that has left does not stop the load.
                        let _ = lines.send(Ok(line)).await;
                    }
                }
            };
            if let (Err(error), ()) = tokio::join!(load, tell) {
                let _ = lines.send(Err(failed(error))).await;
            }
        });
        Ok(answer)
    }
}

impl Api {
    fn archive(&self, names: Vec<String>) -> Result<ByteStream, ApiError> {
        let plan = self.engine.images().save(&names).map_err(failed)?;
        Ok(ByteStream::written_by(move |out| plan.write(out)))
    }
}

fn load_line(step: LoadProgress, quiet: bool) -> Option<types::BuildInfo> {
    match step {
        LoadProgress::Text(text) => Some(types::BuildInfo {
            stream: Some(text),
            ..types::BuildInfo::default()
        }),
        LoadProgress::Layer { .. } if quiet => None,
        LoadProgress::Layer { id, size } => Some(types::BuildInfo {
            id: Some(id),
            status: Some("Loading layer".to_owned()),
            progress: Some(progress::bar(size, size)),
            progress_detail: Some(types::ProgressDetail {
                current: Some(size.try_into().unwrap_or(i64::MAX)),
                total: Some(size.try_into().unwrap_or(i64::MAX)),
            }),
            ..types::BuildInfo::default()
        }),
    }
}
