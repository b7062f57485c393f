// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Container`].

use std::sync::Arc;

use http::StatusCode;

use crate::generated::container::*;
use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::types::*;
use crate::server::Router;
use crate::server::answer::{self, Lines};
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use crate::server::takeover::Upgrade;

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
            Operation::ContainerList => Box::pin(async move {
                let query = call.query(ContainerListQuery::decode).await?;
                let answer = api.container_list(call.context, query).await?;
                Ok(answer::json(StatusCode::OK, &answer))
            }),
            Operation::ContainerCreate => Box::pin(async move {
                let query = call.query(ContainerCreateQuery::decode).await?;
                let body: ContainerCreateRequest = call.json().await?;
                let answer = api.container_create(call.context, query, body).await?;
                Ok(answer::json(StatusCode::CREATED, &answer))
            }),
            Operation::ContainerAttach => Box::pin(async move {
                let upgrade = Upgrade::stream(&call.headers, call.version());
                let answer = api.container_attach(call.context, call.name).await?;
                Ok(answer::hijack(answer, upgrade))
            }),
            Operation::ContainerAttachWebsocket => Box::pin(async move {
                let upgrade = Upgrade::websocket(&call.headers)?;
                let answer = api
                    .container_attach_websocket(call.context, call.name)
                    .await?;
                Ok(answer::hijack(answer, upgrade))
            }),
            Operation::ContainerWait => Box::pin(async move {
                let answer = api.container_wait(call.context, call.name).await?;
                Ok(answer::deferred(answer, |_| {}))
            }),
            Operation::ContainerStart => Box::pin(async move {
                call.no_body()?;
                Ok(match api.container_start(call.context, call.name).await? {
                    ContainerStartResponse::NoContent => answer::empty(StatusCode::NO_CONTENT),
                    ContainerStartResponse::NotModified => answer::empty(StatusCode::NOT_MODIFIED),
                })
            }),
            Operation::ContainerLogs => Box::pin(async move {
                let version = call.version();
                let answer = api.container_logs(call.context, call.name).await?;
                Ok(answer::logs(answer, version))
            }),
            Operation::ContainerStats => Box::pin(async move {
                let answer = api.container_stats(call.context, call.name).await?;
                Ok(answer::lines(answer, Lines::Plain, |_| {}))
            }),
            Operation::PutContainerArchive => Box::pin(async move {
                let body = call.bytes();
                api.put_container_archive(call.context, call.name, body)
                    .await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
