// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Container.

use crate::body::{ByteStream, Deferred, Hijack, JsonLines, LogStream};
use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types::*;
use crate::query::Params;
use crate::version::ApiVersion;

/// Operations on containers.
pub trait Container: Send + Sync + 'static {
    /// Lists containers.
    ///
    /// `GET /containers/json`
    fn container_list(
        &self,
        _cx: Context,
        _query: ContainerListQuery,
    ) -> impl Future<Output = Result<Vec<ContainerSummary>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerList)) }
    }

    /// Creates a container.
    ///
    /// `POST /containers/create`
    fn container_create(
        &self,
        _cx: Context,
        _query: ContainerCreateQuery,
        _body: ContainerCreateRequest,
    ) -> impl Future<Output = Result<ContainerCreateResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerCreate)) }
    }

    /// Attach.
    ///
    /// `POST /containers/{id}/attach`
    fn container_attach(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<Hijack, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerAttach)) }
    }

    /// Attach by websocket.
    ///
    /// `GET /containers/{id}/attach/ws`
    fn container_attach_websocket(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<Hijack, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerAttachWebsocket)) }
    }

    /// Wait.
    ///
    /// `POST /containers/{id}/wait`
    fn container_wait(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<Deferred<ContainerWaitResponse>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerWait)) }
    }

    /// Start.
    ///
    /// `POST /containers/{id}/start`
    fn container_start(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<ContainerStartResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerStart)) }
    }

    /// Logs.
    ///
    /// `GET /containers/{id}/logs`
    fn container_logs(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<LogStream, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerLogs)) }
    }

    /// Stats.
    ///
    /// `GET /containers/{id}/stats`
    fn container_stats(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<JsonLines<ContainerWaitResponse>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerStats)) }
    }

    /// Put.
    ///
    /// `PUT /containers/{id}/archive`
    fn put_container_archive(
        &self,
        _cx: Context,
        _id: String,
        _body: ByteStream,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::PutContainerArchive)) }
    }
}

/// How `container_start` can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerStartResponse {
    /// 204
    NoContent,
    /// 304
    NotModified,
}

/// Query of `container_list`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerListQuery {
    /// `all`
    pub all: bool,
    /// `limit`
    pub limit: Option<i64>,
    /// `filters`
    pub filters: Filters,
}

impl ContainerListQuery {
    /// Reads the parameters that the version has.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<Self, ApiError> {
        Ok(Self {
            all: params.flag("all", false),
            limit: params.integer("limit")?,
            filters: params.filters("filters")?,
        })
    }
}

/// Query of `container_create`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerCreateQuery {
    /// `name`
    pub name: Option<String>,
}

impl ContainerCreateQuery {
    /// Reads the parameters that the version has.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<Self, ApiError> {
        Ok(Self {
            name: params.text("name"),
        })
    }
}
