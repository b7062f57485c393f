// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Container.

use crate::body::{ByteStream, Deferred, Hijack, LogStream, OneOrLines};
use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::scalar::Timestamp;
use crate::version::ApiVersion;

/// Containers, from their creation to their removal.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Container: Send + Sync + 'static {
    /// Creates a container from an image without starting it.
    ///
    /// `POST /containers/create`
    fn container_create(
        &self,
        _cx: Context,
        _query: ContainerCreateQuery,
        _body: types::ContainerCreateRequest,
    ) -> impl Future<Output = Result<types::ContainerCreateResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerCreate)) }
    }

    /// Lists containers.
    ///
    /// `GET /containers/json`
    fn container_list(
        &self,
        _cx: Context,
        _query: ContainerListQuery,
    ) -> impl Future<Output = Result<Vec<types::ContainerSummary>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerList)) }
    }

    /// Removes all containers that do not run.
    ///
    /// `POST /containers/prune`
    fn container_prune(
        &self,
        _cx: Context,
        _query: ContainerPruneQuery,
    ) -> impl Future<Output = Result<types::ContainerPruneResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerPrune)) }
    }

    /// Removes a container.
    ///
    /// `DELETE /containers/{id}`
    fn container_delete(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerDeleteQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerDelete)) }
    }

    /// Sends a file or folder of a container as a tar archive.
    ///
    /// `GET /containers/{id}/archive`
    fn container_archive(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerArchiveQuery,
    ) -> impl Future<Output = Result<ContainerArchiveResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerArchive)) }
    }

    /// Describes a file or folder of a container in a header.
    ///
    /// `HEAD /containers/{id}/archive`
    fn container_archive_info(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerArchiveInfoQuery,
    ) -> impl Future<Output = Result<ContainerArchiveInfoResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerArchiveInfo)) }
    }

    /// Unpacks a tar archive, compressed or not, into a folder of a container.
    ///
    /// `PUT /containers/{id}/archive`
    fn put_container_archive(
        &self,
        _cx: Context,
        _id: String,
        _query: PutContainerArchiveQuery,
        _body: ByteStream,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::PutContainerArchive)) }
    }

    /// Connects the client with the streams of a container's first process.
    ///
    /// `POST /containers/{id}/attach`
    fn container_attach(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerAttachQuery,
    ) -> impl Future<Output = Result<Hijack, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerAttach)) }
    }

    /// Connects the client with a container's first process over a websocket.
    ///
    /// `GET /containers/{id}/attach/ws`
    fn container_attach_websocket(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerAttachWebsocketQuery,
    ) -> impl Future<Output = Result<Hijack, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerAttachWebsocket)) }
    }

    /// Lists the files that a container added, changed or deleted.
    ///
    /// `GET /containers/{id}/changes`
    fn container_changes(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<Option<Vec<types::FilesystemChange>>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerChanges)) }
    }

    /// Sends the root file system of a container as a tar archive.
    ///
    /// `GET /containers/{id}/export`
    fn container_export(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<ByteStream, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerExport)) }
    }

    /// Tells everything about one container.
    ///
    /// `GET /containers/{id}/json`
    fn container_inspect(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerInspectQuery,
    ) -> impl Future<Output = Result<types::ContainerInspectResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerInspect)) }
    }

    /// Sends a signal to the first process of a container.
    ///
    /// `POST /containers/{id}/kill`
    fn container_kill(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerKillQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerKill)) }
    }

    /// Sends what a container has written, and goes on with `follow`.
    ///
    /// `GET /containers/{id}/logs`
    fn container_logs(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerLogsQuery,
    ) -> impl Future<Output = Result<LogStream, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerLogs)) }
    }

    /// Freezes all processes of a container.
    ///
    /// `POST /containers/{id}/pause`
    fn container_pause(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerPause)) }
    }

    /// Gives a container another name.
    ///
    /// `POST /containers/{id}/rename`
    fn container_rename(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerRenameQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerRename)) }
    }

    /// Sets the size of a container's terminal.
    ///
    /// `POST /containers/{id}/resize`
    fn container_resize(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerResizeQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerResize)) }
    }

    /// Stops a container if it runs, then starts it.
    ///
    /// `POST /containers/{id}/restart`
    fn container_restart(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerRestartQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerRestart)) }
    }

    /// Starts a container that does not run.
    ///
    /// `POST /containers/{id}/start`
    fn container_start(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerStartQuery,
    ) -> impl Future<Output = Result<ContainerStartResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerStart)) }
    }

    /// Measures what a container uses, once or every second.
    ///
    /// `GET /containers/{id}/stats`
    fn container_stats(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerStatsQuery,
    ) -> impl Future<Output = Result<OneOrLines<types::ContainerStats>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerStats)) }
    }

    /// Asks a container to end, and kills it when its time is over.
    ///
    /// `POST /containers/{id}/stop`
    fn container_stop(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerStopQuery,
    ) -> impl Future<Output = Result<ContainerStopResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerStop)) }
    }

    /// Lists the processes in a running container, in the columns of `ps`.
    ///
    /// `GET /containers/{id}/top`
    fn container_top(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerTopQuery,
    ) -> impl Future<Output = Result<types::ContainerTopResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerTop)) }
    }

    /// Lets the processes of a frozen container go on.
    ///
    /// `POST /containers/{id}/unpause`
    fn container_unpause(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerUnpause)) }
    }

    /// Changes the limits and the restart policy of a container.
    ///
    /// `POST /containers/{id}/update`
    fn container_update(
        &self,
        _cx: Context,
        _id: String,
        _body: types::ContainerUpdateRequest,
    ) -> impl Future<Output = Result<types::ContainerUpdateResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerUpdate)) }
    }

    /// Waits until a container ends or is removed, and tells its exit code.
    ///
    /// `POST /containers/{id}/wait`
    fn container_wait(
        &self,
        _cx: Context,
        _id: String,
        _query: ContainerWaitQuery,
    ) -> impl Future<Output = Result<Deferred<types::ContainerWaitResponse>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerWait)) }
    }
}

/// The answer of `GET /containers/{id}/archive`: headers and body.
#[derive(Debug)]
pub struct ContainerArchiveResponse {
    /// The header `X-Docker-Container-Path-Stat`.
    pub container_path_stat: String,
    /// The body.
    pub body: ByteStream,
}

/// The answer of `HEAD /containers/{id}/archive`: headers and body.
#[derive(Debug)]
pub struct ContainerArchiveInfoResponse {
    /// The header `X-Docker-Container-Path-Stat`.
    pub container_path_stat: String,
}

/// How `POST /containers/{id}/start` can succeed.
#[derive(Debug)]
pub enum ContainerStartResponse {
    /// Status 204.
    NoContent,
    /// Status 304.
    NotModified,
}

/// How `POST /containers/{id}/stop` can succeed.
#[derive(Debug)]
pub enum ContainerStopResponse {
    /// Status 204.
    NoContent,
    /// Status 304.
    NotModified,
}

/// The query of `POST /containers/create`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerCreateQuery {
    /// `name`: a text.
    pub name: Option<String>,
}

impl ContainerCreateQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerCreateQuery, ApiError> {
        Ok(ContainerCreateQuery {
            name: params.text("name"),
        })
    }
}

/// The query of `GET /containers/json`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerListQuery {
    /// `all`: a boolean.
    pub all: bool,
    /// `limit`: a number.
    pub limit: Option<i64>,
    /// `size`: a boolean.
    pub size: bool,
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl ContainerListQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerListQuery, ApiError> {
        Ok(ContainerListQuery {
            all: params.flag("all", false),
            limit: params.integer("limit")?,
            size: params.flag("size", false),
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `POST /containers/prune`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerPruneQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl ContainerPruneQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerPruneQuery, ApiError> {
        Ok(ContainerPruneQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `DELETE /containers/{id}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerDeleteQuery {
    /// `v`: a boolean.
    pub v: bool,
    /// `force`: a boolean.
    pub force: bool,
    /// `link`: a boolean.
    pub link: bool,
}

impl ContainerDeleteQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerDeleteQuery, ApiError> {
        Ok(ContainerDeleteQuery {
            v: params.flag("v", false),
            force: params.flag("force", false),
            link: params.flag("link", false),
        })
    }
}

/// The query of `GET /containers/{id}/archive`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerArchiveQuery {
    /// `path`: a text, empty when absent.
    pub path: String,
}

impl ContainerArchiveQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerArchiveQuery, ApiError> {
        Ok(ContainerArchiveQuery {
            path: params.required_text("path"),
        })
    }
}

/// The query of `HEAD /containers/{id}/archive`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerArchiveInfoQuery {
    /// `path`: a text, empty when absent.
    pub path: String,
}

impl ContainerArchiveInfoQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerArchiveInfoQuery, ApiError> {
        Ok(ContainerArchiveInfoQuery {
            path: params.required_text("path"),
        })
    }
}

/// The query of `PUT /containers/{id}/archive`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PutContainerArchiveQuery {
    /// `path`: a text, empty when absent.
    pub path: String,
    /// `noOverwriteDirNonDir`: a boolean.
    pub no_overwrite_dir_non_dir: bool,
    /// `copyUIDGID`: a boolean.
    pub copy_uidgid: bool,
}

impl PutContainerArchiveQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<PutContainerArchiveQuery, ApiError> {
        Ok(PutContainerArchiveQuery {
            path: params.required_text("path"),
            no_overwrite_dir_non_dir: params.flag("noOverwriteDirNonDir", false),
            copy_uidgid: params.flag("copyUIDGID", false),
        })
    }
}

/// The query of `POST /containers/{id}/attach`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerAttachQuery {
    /// `detachKeys`: a text.
    pub detach_keys: Option<String>,
    /// `logs`: a boolean.
    pub logs: bool,
    /// `stream`: a boolean.
    pub stream: bool,
    /// `stdin`: a boolean.
    pub stdin: bool,
    /// `stdout`: a boolean.
    pub stdout: bool,
    /// `stderr`: a boolean.
    pub stderr: bool,
}

impl ContainerAttachQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerAttachQuery, ApiError> {
        Ok(ContainerAttachQuery {
            detach_keys: params.text("detachKeys"),
            logs: params.flag("logs", false),
            stream: params.flag("stream", false),
            stdin: params.flag("stdin", false),
            stdout: params.flag("stdout", false),
            stderr: params.flag("stderr", false),
        })
    }
}

/// The query of `GET /containers/{id}/attach/ws`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerAttachWebsocketQuery {
    /// `detachKeys`: a text.
    pub detach_keys: Option<String>,
    /// `logs`: a boolean.
    pub logs: bool,
    /// `stream`: a boolean.
    pub stream: bool,
}

impl ContainerAttachWebsocketQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerAttachWebsocketQuery, ApiError> {
        Ok(ContainerAttachWebsocketQuery {
            detach_keys: params.text("detachKeys"),
            logs: params.flag("logs", false),
            stream: params.flag("stream", false),
        })
    }
}

/// The query of `GET /containers/{id}/json`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerInspectQuery {
    /// `size`: a boolean.
    pub size: bool,
}

impl ContainerInspectQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerInspectQuery, ApiError> {
        Ok(ContainerInspectQuery {
            size: params.flag("size", false),
        })
    }
}

/// The query of `POST /containers/{id}/kill`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerKillQuery {
    /// `signal`: a text.
    pub signal: Option<String>,
}

impl ContainerKillQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerKillQuery, ApiError> {
        Ok(ContainerKillQuery {
            signal: params.text("signal"),
        })
    }
}

/// The query of `GET /containers/{id}/logs`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerLogsQuery {
    /// `follow`: a boolean.
    pub follow: bool,
    /// `stdout`: a boolean.
    pub stdout: bool,
    /// `stderr`: a boolean.
    pub stderr: bool,
    /// `since`: a time, in seconds since the epoch with a fraction.
    pub since: Option<Timestamp>,
    /// `until`: a time, in seconds since the epoch with a fraction.
    pub until: Option<Timestamp>,
    /// `timestamps`: a boolean.
    pub timestamps: bool,
    /// `tail`: a text.
    pub tail: Option<String>,
    /// `details`: a boolean.
    pub details: bool,
}

impl ContainerLogsQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerLogsQuery, ApiError> {
        Ok(ContainerLogsQuery {
            follow: params.flag("follow", false),
            stdout: params.flag("stdout", false),
            stderr: params.flag("stderr", false),
            since: params.time("since")?,
            until: params.time("until")?,
            timestamps: params.flag("timestamps", false),
            tail: params.text("tail"),
            details: params.flag("details", false),
        })
    }
}

/// The query of `POST /containers/{id}/rename`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerRenameQuery {
    /// `name`: a text, empty when absent.
    pub name: String,
}

impl ContainerRenameQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerRenameQuery, ApiError> {
        Ok(ContainerRenameQuery {
            name: params.required_text("name"),
        })
    }
}

/// The query of `POST /containers/{id}/resize`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerResizeQuery {
    /// `h`: a number, which has to be there.
    pub h: i64,
    /// `w`: a number, which has to be there.
    pub w: i64,
}

impl ContainerResizeQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerResizeQuery, ApiError> {
        Ok(ContainerResizeQuery {
            h: params.required_integer("h")?,
            w: params.required_integer("w")?,
        })
    }
}

/// The query of `POST /containers/{id}/restart`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerRestartQuery {
    /// `t`: a number.
    pub t: Option<i64>,
}

impl ContainerRestartQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerRestartQuery, ApiError> {
        Ok(ContainerRestartQuery {
            t: params.integer("t")?,
        })
    }
}

/// The query of `POST /containers/{id}/start`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerStartQuery {
    /// `detachKeys`: a text.
    pub detach_keys: Option<String>,
    /// `checkpoint`: a text.
    pub checkpoint: Option<String>,
    /// `checkpoint-dir`: a text.
    pub checkpoint_dir: Option<String>,
}

impl ContainerStartQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerStartQuery, ApiError> {
        Ok(ContainerStartQuery {
            detach_keys: params.text("detachKeys"),
            checkpoint: params.text("checkpoint"),
            checkpoint_dir: params.text("checkpoint-dir"),
        })
    }
}

/// The query of `GET /containers/{id}/stats`.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerStatsQuery {
    /// `stream`: a boolean, true when absent.
    pub stream: bool,
}

impl Default for ContainerStatsQuery {
    fn default() -> ContainerStatsQuery {
        ContainerStatsQuery { stream: true }
    }
}

impl ContainerStatsQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerStatsQuery, ApiError> {
        Ok(ContainerStatsQuery {
            stream: params.flag("stream", true),
        })
    }
}

/// The query of `POST /containers/{id}/stop`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerStopQuery {
    /// `t`: a number.
    pub t: Option<i64>,
}

impl ContainerStopQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerStopQuery, ApiError> {
        Ok(ContainerStopQuery {
            t: params.integer("t")?,
        })
    }
}

/// The query of `GET /containers/{id}/top`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerTopQuery {
    /// `ps_args`: a text.
    pub ps_args: Option<String>,
}

impl ContainerTopQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerTopQuery, ApiError> {
        Ok(ContainerTopQuery {
            ps_args: params.text("ps_args"),
        })
    }
}

/// The query of `POST /containers/{id}/wait`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ContainerWaitQuery {
    /// `condition`: a text.
    pub condition: Option<String>,
}

impl ContainerWaitQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ContainerWaitQuery, ApiError> {
        Ok(ContainerWaitQuery {
            condition: params.text("condition"),
        })
    }
}
