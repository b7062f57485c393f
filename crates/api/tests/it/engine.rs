//! An engine made to be asked: its answers show what arrived.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use longshore_api::body::{ByteStream, Deferred, JsonLines, LogStream, OneOrLines, Text};
use longshore_api::container::{
    Container, ContainerCreateQuery, ContainerListQuery, ContainerLogsQuery, ContainerStartQuery,
    ContainerStartResponse, ContainerStatsQuery, ContainerWaitQuery, PutContainerArchiveQuery,
};
use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::image::{Image, ImagePushQuery};
use longshore_api::registry_auth::RegistryAuth;
use longshore_api::server::{Router, ServerInfo};
use longshore_api::system::System;
use longshore_api::types::{
    ContainerCreateRequest, ContainerCreateResponse, ContainerStats, ContainerSummary,
    ContainerWaitResponse, PushImageInfo, SystemInfo,
};
use tokio::sync::Notify;

use crate::client::Client;

#[derive(Default)]
pub(crate) struct Engine {
    pub(crate) dropped: Arc<Notify>,
    pub(crate) started: Arc<AtomicBool>,
    pub(crate) go: Arc<Notify>,
}

/// Tells when it is dropped.
struct Bell(Arc<Notify>);

impl Drop for Bell {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl System for Engine {
    async fn system_ping(&self, _cx: Context) -> Result<Text, ApiError> {
        Ok("OK".into())
    }

    async fn system_info(&self, _cx: Context) -> Result<SystemInfo, ApiError> {
        Ok(SystemInfo {
            product_license: Some("none".into()),
            ..SystemInfo::default()
        })
    }
}

impl Image for Engine {
    async fn image_push(
        &self,
        _cx: Context,
        _name: String,
        _query: ImagePushQuery,
        auth: RegistryAuth,
    ) -> Result<JsonLines<PushImageInfo>, ApiError> {
        // Shows who it was.
        Err(ApiError::conflict(auth.username))
    }
}

impl Container for Engine {
    async fn container_list(
        &self,
        cx: Context,
        query: ContainerListQuery,
    ) -> Result<Vec<ContainerSummary>, ApiError> {
        query.filters.only(&["id"])?;
        Ok(vec![ContainerSummary {
            id: format!("<{}> {:?} {}", cx.version, query.limit, query.all),
            ..ContainerSummary::default()
        }])
    }

    async fn container_create(
        &self,
        _cx: Context,
        query: ContainerCreateQuery,
        body: ContainerCreateRequest,
    ) -> Result<ContainerCreateResponse, ApiError> {
        Ok(ContainerCreateResponse {
            id: format!("{:?} {}", query.name, body.image),
            ..ContainerCreateResponse::default()
        })
    }

    async fn container_start(
        &self,
        _cx: Context,
        id: String,
        _query: ContainerStartQuery,
    ) -> Result<ContainerStartResponse, ApiError> {
        match id.as_str() {
            "panic" => panic!("a bug in a handler"),
            "wait" => {
                let _bell = Bell(Arc::clone(&self.dropped));
                self.started.store(true, Ordering::SeqCst);
                self.go.notified().await;
                Ok(ContainerStartResponse::NoContent)
            }
            "running" => Ok(ContainerStartResponse::NotModified),
            "" => Err(ApiError::bad_parameter("invalid name or ID supplied: \"\"")),
            "a/b" => Ok(ContainerStartResponse::NoContent),
            name => Err(ApiError::not_found(format!("No such container: {name}"))),
        }
    }

    async fn container_wait(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerWaitQuery,
    ) -> Result<Deferred<ContainerWaitResponse>, ApiError> {
        let (go, bell) = (Arc::clone(&self.go), Bell(Arc::clone(&self.dropped)));
        Ok(Deferred::new(async move {
            go.notified().await;
            drop(bell);
            Ok(ContainerWaitResponse {
                status_code: 7,
                ..ContainerWaitResponse::default()
            })
        }))
    }

    async fn container_logs(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerLogsQuery,
    ) -> Result<LogStream, ApiError> {
        Ok(LogStream::raw(futures_util::stream::iter([Ok(
            "a\r\n".into()
        )])))
    }

    async fn container_stats(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerStatsQuery,
    ) -> Result<OneOrLines<ContainerStats>, ApiError> {
        let (sender, lines) = JsonLines::channel(1);
        let go = Arc::clone(&self.go);
        tokio::spawn(async move {
            for number in 1..=2 {
                let sample = ContainerStats {
                    name: format!("<{number}>").into(),
                    ..ContainerStats::default()
                };
                if sender.send(Ok(sample)).await.is_err() {
                    return;
                }
                go.notified().await;
            }
        });
        Ok(OneOrLines::Lines(lines))
    }

    async fn put_container_archive(
        &self,
        _cx: Context,
        _id: String,
        _query: PutContainerArchiveQuery,
        body: ByteStream,
    ) -> Result<(), ApiError> {
        let length = body.collect().await?.len();
        Err(ApiError::conflict(length.to_string()))
    }
}

pub(crate) fn connect() -> Client {
    connect_to(Arc::default())
}

pub(crate) fn connect_to(engine: Arc<Engine>) -> Client {
    Client::new(
        Router::new(ServerInfo::default())
            .system(Arc::clone(&engine))
            .image(Arc::clone(&engine))
            .container(engine),
    )
}
