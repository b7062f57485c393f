// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Container`].

use crate::generated::container::{
    Container, ContainerArchiveInfoQuery, ContainerArchiveQuery, ContainerAttachQuery,
    ContainerAttachWebsocketQuery, ContainerCreateQuery, ContainerDeleteQuery,
    ContainerInspectQuery, ContainerKillQuery, ContainerListQuery, ContainerLogsQuery,
    ContainerPruneQuery, ContainerRenameQuery, ContainerResizeQuery, ContainerRestartQuery,
    ContainerStartQuery, ContainerStartResponse, ContainerStatsQuery, ContainerStopQuery,
    ContainerStopResponse, ContainerTopQuery, ContainerWaitQuery, PutContainerArchiveQuery,
};
use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::types;
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use crate::server::takeover::Upgrade;
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Container.
    #[must_use]
    pub fn container<T: Container>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Container, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Container> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::ContainerCreate => Box::pin(async move {
                let version = call.version();
                let query = call.query(ContainerCreateQuery::decode).await?;
                let mut body: types::ContainerCreateRequest = call.json().await?;
                body.gate(version);
                let body = api.container_create(call.context, query, body).await?;
                Ok(answer::json(StatusCode::CREATED, &body))
            }),
            Operation::ContainerList => Box::pin(async move {
                let query = call.query(ContainerListQuery::decode).await?;
                let body = api.container_list(call.context, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ContainerPrune => Box::pin(async move {
                let query = call.query(ContainerPruneQuery::decode).await?;
                let body = api.container_prune(call.context, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ContainerDelete => Box::pin(async move {
                let query = call.query(ContainerDeleteQuery::decode).await?;
                api.container_delete(call.context, call.name, query).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::ContainerArchive => Box::pin(async move {
                let query = call.query(ContainerArchiveQuery::decode).await?;
                let given = api
                    .container_archive(call.context, call.name, query)
                    .await?;
                let body = given.body;
                let mut answer = answer::bytes(body, "application/x-tar");
                answer::set_text_header(
                    &mut answer,
                    "x-docker-container-path-stat",
                    &given.container_path_stat,
                );
                Ok(answer)
            }),
            Operation::ContainerArchiveInfo => Box::pin(async move {
                let query = call.query(ContainerArchiveInfoQuery::decode).await?;
                let given = api
                    .container_archive_info(call.context, call.name, query)
                    .await?;
                let mut answer = answer::empty(StatusCode::OK);
                answer::set_text_header(
                    &mut answer,
                    "x-docker-container-path-stat",
                    &given.container_path_stat,
                );
                Ok(answer)
            }),
            Operation::PutContainerArchive => Box::pin(async move {
                let query = call.query(PutContainerArchiveQuery::decode).await?;
                let body = call.bytes();
                api.put_container_archive(call.context, call.name, query, body)
                    .await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::ContainerAttach => Box::pin(async move {
                let upgrade = Upgrade::stream(&call.headers, call.version());
                let query = call.query(ContainerAttachQuery::decode).await?;
                let body = api.container_attach(call.context, call.name, query).await?;
                Ok(answer::hijack(body, upgrade))
            }),
            Operation::ContainerAttachWebsocket => Box::pin(async move {
                let upgrade = Upgrade::websocket(&call.headers)?;
                let query = call.query(ContainerAttachWebsocketQuery::decode).await?;
                let body = api
                    .container_attach_websocket(call.context, call.name, query)
                    .await?;
                Ok(answer::hijack(body, upgrade))
            }),
            Operation::ContainerChanges => Box::pin(async move {
                let body = api.container_changes(call.context, call.name).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ContainerExport => Box::pin(async move {
                let body = api.container_export(call.context, call.name).await?;
                Ok(answer::bytes(body, "application/octet-stream"))
            }),
            Operation::ContainerInspect => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let query = call.query(ContainerInspectQuery::decode).await?;
                let mut body = api
                    .container_inspect(call.context, call.name, query)
                    .await?;
                if exact {
                    body.gate(version);
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ContainerKill => Box::pin(async move {
                let query = call.query(ContainerKillQuery::decode).await?;
                api.container_kill(call.context, call.name, query).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::ContainerLogs => Box::pin(async move {
                let asked = call.version();
                let query = call.query(ContainerLogsQuery::decode).await?;
                let body = api.container_logs(call.context, call.name, query).await?;
                Ok(answer::logs(body, asked))
            }),
            Operation::ContainerPause => Box::pin(async move {
                api.container_pause(call.context, call.name).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::ContainerRename => Box::pin(async move {
                let query = call.query(ContainerRenameQuery::decode).await?;
                api.container_rename(call.context, call.name, query).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::ContainerResize => Box::pin(async move {
                let query = call.query(ContainerResizeQuery::decode).await?;
                api.container_resize(call.context, call.name, query).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::ContainerRestart => Box::pin(async move {
                let query = call.query(ContainerRestartQuery::decode).await?;
                api.container_restart(call.context, call.name, query)
                    .await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::ContainerStart => Box::pin(async move {
                call.no_body()?;
                let query = call.query(ContainerStartQuery::decode).await?;
                Ok(
                    match api.container_start(call.context, call.name, query).await? {
                        ContainerStartResponse::NoContent => answer::empty(StatusCode::NO_CONTENT),
                        ContainerStartResponse::NotModified => {
                            answer::empty(StatusCode::NOT_MODIFIED)
                        }
                    },
                )
            }),
            Operation::ContainerStats => Box::pin(async move {
                let query = call.query(ContainerStatsQuery::decode).await?;
                let body = api.container_stats(call.context, call.name, query).await?;
                Ok(answer::one_or_lines(body, |_| {}))
            }),
            Operation::ContainerStop => Box::pin(async move {
                let query = call.query(ContainerStopQuery::decode).await?;
                Ok(
                    match api.container_stop(call.context, call.name, query).await? {
                        ContainerStopResponse::NoContent => answer::empty(StatusCode::NO_CONTENT),
                        ContainerStopResponse::NotModified => {
                            answer::empty(StatusCode::NOT_MODIFIED)
                        }
                    },
                )
            }),
            Operation::ContainerTop => Box::pin(async move {
                let query = call.query(ContainerTopQuery::decode).await?;
                let body = api.container_top(call.context, call.name, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ContainerUnpause => Box::pin(async move {
                api.container_unpause(call.context, call.name).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::ContainerUpdate => Box::pin(async move {
                let version = call.version();
                let mut body: types::ContainerUpdateRequest = call.json().await?;
                body.gate(version);
                let body = api.container_update(call.context, call.name, body).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ContainerWait => Box::pin(async move {
                let query = call.query(ContainerWaitQuery::decode).await?;
                let body = api.container_wait(call.context, call.name, query).await?;
                Ok(answer::deferred(body, |_| {}))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
