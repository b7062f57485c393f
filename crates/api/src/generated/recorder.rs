// Written by `cargo xtask gen`. Do not edit.

//! Implements every trait to note what arrived; a request for each
//! operation.

use crate::body::{ByteStream, Deferred, Hijack, JsonLines, LogStream, OneOrLines, Text};
use crate::context::Context;
use crate::error::ApiError;
use crate::generated::config::{Config, ConfigListQuery, ConfigUpdateQuery};
use crate::generated::container::{
    Container, ContainerArchiveInfoQuery, ContainerArchiveInfoResponse, ContainerArchiveQuery,
    ContainerArchiveResponse, ContainerAttachQuery, ContainerAttachWebsocketQuery,
    ContainerCreateQuery, ContainerDeleteQuery, ContainerInspectQuery, ContainerKillQuery,
    ContainerListQuery, ContainerLogsQuery, ContainerPruneQuery, ContainerRenameQuery,
    ContainerResizeQuery, ContainerRestartQuery, ContainerStartQuery, ContainerStartResponse,
    ContainerStatsQuery, ContainerStopQuery, ContainerStopResponse, ContainerTopQuery,
    ContainerWaitQuery, PutContainerArchiveQuery,
};
use crate::generated::distribution::Distribution;
use crate::generated::exec::{Exec, ExecResizeQuery, ExecStartResponse};
use crate::generated::image::{
    BuildPruneQuery, Image, ImageBuildQuery, ImageCommitQuery, ImageCreateQuery, ImageDeleteQuery,
    ImageGetAllQuery, ImageListQuery, ImageLoadQuery, ImagePruneQuery, ImagePushQuery,
    ImageSearchQuery, ImageTagQuery,
};
use crate::generated::network::{
    Network, NetworkInspectQuery, NetworkListQuery, NetworkPruneQuery,
};
use crate::generated::node::{Node, NodeDeleteQuery, NodeListQuery, NodeUpdateQuery};
use crate::generated::plugin::{
    GetPluginPrivilegesQuery, Plugin, PluginCreateQuery, PluginDeleteQuery, PluginDisableQuery,
    PluginEnableQuery, PluginListQuery, PluginPullQuery, PluginPullResponse, PluginUpgradeQuery,
    PluginUpgradeResponse,
};
use crate::generated::routes::Operation;
use crate::generated::secret::{Secret, SecretListQuery, SecretUpdateQuery};
use crate::generated::service::{
    Service, ServiceInspectQuery, ServiceListQuery, ServiceLogsQuery, ServiceUpdateQuery,
};
use crate::generated::session::Session;
use crate::generated::swarm::{Swarm, SwarmLeaveQuery, SwarmUpdateQuery};
use crate::generated::system::{System, SystemEventsQuery};
use crate::generated::task::{Task, TaskListQuery, TaskLogsQuery};
use crate::generated::types;
use crate::generated::volume::{Volume, VolumeDeleteQuery, VolumeListQuery, VolumePruneQuery};
use crate::registry_auth::{RegistryAuth, RegistryConfig};
use crate::server::Router;
use crate::server::walk::{Case, Parameter, Payload, Recorder, Seen, recorded};
use crate::version::ApiVersion;
use std::sync::Arc;

/// Mounts the recorder for every group.
pub(crate) fn mount(router: Router, recorder: &Arc<Recorder>) -> Router {
    router
        .config(Arc::clone(recorder))
        .container(Arc::clone(recorder))
        .distribution(Arc::clone(recorder))
        .exec(Arc::clone(recorder))
        .image(Arc::clone(recorder))
        .network(Arc::clone(recorder))
        .node(Arc::clone(recorder))
        .plugin(Arc::clone(recorder))
        .secret(Arc::clone(recorder))
        .service(Arc::clone(recorder))
        .session(Arc::clone(recorder))
        .swarm(Arc::clone(recorder))
        .system(Arc::clone(recorder))
        .task(Arc::clone(recorder))
        .volume(Arc::clone(recorder))
}

impl Config for Recorder {
    async fn config_list(
        &self,
        cx: Context,
        query: ConfigListQuery,
    ) -> Result<Vec<types::Config>, ApiError> {
        self.note(Seen {
            operation: Operation::ConfigList,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn config_create(
        &self,
        cx: Context,
        body: types::ConfigSpec,
    ) -> Result<types::ConfigCreateResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ConfigCreate,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::Json({
                let version = cx.version;
                let mut empty = <types::ConfigSpec>::default();
                empty.gate(version);
                body == empty
            }),
        });
        Err(recorded())
    }
    async fn config_delete(&self, cx: Context, id: String) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ConfigDelete,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn config_inspect(&self, cx: Context, id: String) -> Result<types::Config, ApiError> {
        self.note(Seen {
            operation: Operation::ConfigInspect,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn config_update(
        &self,
        cx: Context,
        id: String,
        query: ConfigUpdateQuery,
        body: types::ConfigSpec,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ConfigUpdate,
            version: cx.version,
            names: vec![id],
            query: vec![("version", format!("{:?}", query.version))],
            headers: vec![],
            body: Payload::Json({
                let version = cx.version;
                let mut empty = <types::ConfigSpec>::default();
                empty.gate(version);
                body == empty
            }),
        });
        Err(recorded())
    }
}

impl Container for Recorder {
    async fn container_create(
        &self,
        cx: Context,
        query: ContainerCreateQuery,
        body: types::ContainerCreateRequest,
    ) -> Result<types::ContainerCreateResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerCreate,
            version: cx.version,
            names: vec![],
            query: vec![("name", format!("{:?}", query.name))],
            headers: vec![],
            body: Payload::Json({
                let version = cx.version;
                let mut empty = <types::ContainerCreateRequest>::default();
                empty.gate(version);
                body == empty
            }),
        });
        Err(recorded())
    }
    async fn container_list(
        &self,
        cx: Context,
        query: ContainerListQuery,
    ) -> Result<Vec<types::ContainerSummary>, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerList,
            version: cx.version,
            names: vec![],
            query: vec![
                ("all", format!("{:?}", query.all)),
                ("limit", format!("{:?}", query.limit)),
                ("size", format!("{:?}", query.size)),
                ("filters", format!("{:?}", query.filters)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_prune(
        &self,
        cx: Context,
        query: ContainerPruneQuery,
    ) -> Result<types::ContainerPruneResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerPrune,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_delete(
        &self,
        cx: Context,
        id: String,
        query: ContainerDeleteQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ContainerDelete,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("v", format!("{:?}", query.v)),
                ("force", format!("{:?}", query.force)),
                ("link", format!("{:?}", query.link)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_archive(
        &self,
        cx: Context,
        id: String,
        query: ContainerArchiveQuery,
    ) -> Result<ContainerArchiveResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerArchive,
            version: cx.version,
            names: vec![id],
            query: vec![("path", format!("{:?}", query.path))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_archive_info(
        &self,
        cx: Context,
        id: String,
        query: ContainerArchiveInfoQuery,
    ) -> Result<ContainerArchiveInfoResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerArchiveInfo,
            version: cx.version,
            names: vec![id],
            query: vec![("path", format!("{:?}", query.path))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn put_container_archive(
        &self,
        cx: Context,
        id: String,
        query: PutContainerArchiveQuery,
        body: ByteStream,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::PutContainerArchive,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("path", format!("{:?}", query.path)),
                (
                    "noOverwriteDirNonDir",
                    format!("{:?}", query.no_overwrite_dir_non_dir),
                ),
                ("copyUIDGID", format!("{:?}", query.copy_uidgid)),
            ],
            headers: vec![],
            body: Payload::Bytes(body.collect().await?.len()),
        });
        Err(recorded())
    }
    async fn container_attach(
        &self,
        cx: Context,
        id: String,
        query: ContainerAttachQuery,
    ) -> Result<Hijack, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerAttach,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("detachKeys", format!("{:?}", query.detach_keys)),
                ("logs", format!("{:?}", query.logs)),
                ("stream", format!("{:?}", query.stream)),
                ("stdin", format!("{:?}", query.stdin)),
                ("stdout", format!("{:?}", query.stdout)),
                ("stderr", format!("{:?}", query.stderr)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_attach_websocket(
        &self,
        cx: Context,
        id: String,
        query: ContainerAttachWebsocketQuery,
    ) -> Result<Hijack, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerAttachWebsocket,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("detachKeys", format!("{:?}", query.detach_keys)),
                ("logs", format!("{:?}", query.logs)),
                ("stream", format!("{:?}", query.stream)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_changes(
        &self,
        cx: Context,
        id: String,
    ) -> Result<Option<Vec<types::FilesystemChange>>, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerChanges,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_export(&self, cx: Context, id: String) -> Result<ByteStream, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerExport,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_inspect(
        &self,
        cx: Context,
        id: String,
        query: ContainerInspectQuery,
    ) -> Result<types::ContainerInspectResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerInspect,
            version: cx.version,
            names: vec![id],
            query: vec![("size", format!("{:?}", query.size))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_kill(
        &self,
        cx: Context,
        id: String,
        query: ContainerKillQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ContainerKill,
            version: cx.version,
            names: vec![id],
            query: vec![("signal", format!("{:?}", query.signal))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_logs(
        &self,
        cx: Context,
        id: String,
        query: ContainerLogsQuery,
    ) -> Result<LogStream, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerLogs,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("follow", format!("{:?}", query.follow)),
                ("stdout", format!("{:?}", query.stdout)),
                ("stderr", format!("{:?}", query.stderr)),
                ("since", format!("{:?}", query.since)),
                ("until", format!("{:?}", query.until)),
                ("timestamps", format!("{:?}", query.timestamps)),
                ("tail", format!("{:?}", query.tail)),
                ("details", format!("{:?}", query.details)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_pause(&self, cx: Context, id: String) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ContainerPause,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_rename(
        &self,
        cx: Context,
        id: String,
        query: ContainerRenameQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ContainerRename,
            version: cx.version,
            names: vec![id],
            query: vec![("name", format!("{:?}", query.name))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_resize(
        &self,
        cx: Context,
        id: String,
        query: ContainerResizeQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ContainerResize,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("h", format!("{:?}", query.h)),
                ("w", format!("{:?}", query.w)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_restart(
        &self,
        cx: Context,
        id: String,
        query: ContainerRestartQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ContainerRestart,
            version: cx.version,
            names: vec![id],
            query: vec![("t", format!("{:?}", query.t))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_start(
        &self,
        cx: Context,
        id: String,
        query: ContainerStartQuery,
    ) -> Result<ContainerStartResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerStart,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("detachKeys", format!("{:?}", query.detach_keys)),
                ("checkpoint", format!("{:?}", query.checkpoint)),
                ("checkpoint-dir", format!("{:?}", query.checkpoint_dir)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_stats(
        &self,
        cx: Context,
        id: String,
        query: ContainerStatsQuery,
    ) -> Result<OneOrLines<types::ContainerStats>, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerStats,
            version: cx.version,
            names: vec![id],
            query: vec![("stream", format!("{:?}", query.stream))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_stop(
        &self,
        cx: Context,
        id: String,
        query: ContainerStopQuery,
    ) -> Result<ContainerStopResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerStop,
            version: cx.version,
            names: vec![id],
            query: vec![("t", format!("{:?}", query.t))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_top(
        &self,
        cx: Context,
        id: String,
        query: ContainerTopQuery,
    ) -> Result<types::ContainerTopResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerTop,
            version: cx.version,
            names: vec![id],
            query: vec![("ps_args", format!("{:?}", query.ps_args))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_unpause(&self, cx: Context, id: String) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ContainerUnpause,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn container_update(
        &self,
        cx: Context,
        id: String,
        body: types::ContainerUpdateRequest,
    ) -> Result<types::ContainerUpdateResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerUpdate,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::Json({
                let version = cx.version;
                let mut empty = <types::ContainerUpdateRequest>::default();
                empty.gate(version);
                body == empty
            }),
        });
        Err(recorded())
    }
    async fn container_wait(
        &self,
        cx: Context,
        id: String,
        query: ContainerWaitQuery,
    ) -> Result<Deferred<types::ContainerWaitResponse>, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerWait,
            version: cx.version,
            names: vec![id],
            query: vec![("condition", format!("{:?}", query.condition))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
}

impl Distribution for Recorder {
    async fn distribution_inspect(
        &self,
        cx: Context,
        name: String,
        registry_auth: RegistryAuth,
    ) -> Result<types::DistributionInspect, ApiError> {
        self.note(Seen {
            operation: Operation::DistributionInspect,
            version: cx.version,
            names: vec![name],
            query: vec![],
            headers: vec![("X-Registry-Auth", registry_auth.username)],
            body: Payload::None,
        });
        Err(recorded())
    }
}

impl Exec for Recorder {
    async fn container_exec(
        &self,
        cx: Context,
        id: String,
        body: types::ContainerExecRequest,
    ) -> Result<types::IdResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ContainerExec,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::Json(body == <types::ContainerExecRequest>::default()),
        });
        Err(recorded())
    }
    async fn exec_inspect(
        &self,
        cx: Context,
        id: String,
    ) -> Result<types::ExecInspectResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ExecInspect,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn exec_resize(
        &self,
        cx: Context,
        id: String,
        query: ExecResizeQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ExecResize,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("h", format!("{:?}", query.h)),
                ("w", format!("{:?}", query.w)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn exec_start(
        &self,
        cx: Context,
        id: String,
        body: types::ExecStartRequest,
    ) -> Result<ExecStartResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ExecStart,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::Json(body == <types::ExecStartRequest>::default()),
        });
        Err(recorded())
    }
}

impl Image for Recorder {
    async fn image_build(
        &self,
        cx: Context,
        query: ImageBuildQuery,
        registry_config: RegistryConfig,
        body: ByteStream,
    ) -> Result<JsonLines<types::BuildInfo>, ApiError> {
        self.note(Seen {
            operation: Operation::ImageBuild,
            version: cx.version,
            names: vec![],
            query: vec![
                ("dockerfile", format!("{:?}", query.dockerfile)),
                ("t", format!("{:?}", query.t)),
                ("extrahosts", format!("{:?}", query.extrahosts)),
                ("remote", format!("{:?}", query.remote)),
                ("q", format!("{:?}", query.q)),
                ("nocache", format!("{:?}", query.nocache)),
                ("cachefrom", format!("{:?}", query.cachefrom)),
                ("pull", format!("{:?}", query.pull)),
                ("rm", format!("{:?}", query.rm)),
                ("forcerm", format!("{:?}", query.forcerm)),
                ("memory", format!("{:?}", query.memory)),
                ("memswap", format!("{:?}", query.memswap)),
                ("cpushares", format!("{:?}", query.cpushares)),
                ("cpusetcpus", format!("{:?}", query.cpusetcpus)),
                ("cpuperiod", format!("{:?}", query.cpuperiod)),
                ("cpuquota", format!("{:?}", query.cpuquota)),
                ("buildargs", format!("{:?}", query.buildargs)),
                ("shmsize", format!("{:?}", query.shmsize)),
                ("squash", format!("{:?}", query.squash)),
                ("labels", format!("{:?}", query.labels)),
                ("networkmode", format!("{:?}", query.networkmode)),
                ("platform", format!("{:?}", query.platform)),
                ("target", format!("{:?}", query.target)),
                ("outputs", format!("{:?}", query.outputs)),
                ("version", format!("{:?}", query.version)),
                ("securityopt", format!("{:?}", query.securityopt)),
                ("ulimits", format!("{:?}", query.ulimits)),
                ("cpusetmems", format!("{:?}", query.cpusetmems)),
                ("cgroupparent", format!("{:?}", query.cgroupparent)),
                ("isolation", format!("{:?}", query.isolation)),
                ("session", format!("{:?}", query.session)),
                ("buildid", format!("{:?}", query.buildid)),
            ],
            headers: vec![("X-Registry-Config", registry_config.0.len().to_string())],
            body: Payload::Bytes(body.collect().await?.len()),
        });
        Err(recorded())
    }
    async fn build_prune(
        &self,
        cx: Context,
        query: BuildPruneQuery,
    ) -> Result<types::BuildPruneResponse, ApiError> {
        self.note(Seen {
            operation: Operation::BuildPrune,
            version: cx.version,
            names: vec![],
            query: vec![
                ("keep-storage", format!("{:?}", query.keep_storage)),
                ("all", format!("{:?}", query.all)),
                ("filters", format!("{:?}", query.filters)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn image_commit(
        &self,
        cx: Context,
        query: ImageCommitQuery,
        body: types::ContainerConfig,
    ) -> Result<types::IdResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ImageCommit,
            version: cx.version,
            names: vec![],
            query: vec![
                ("container", format!("{:?}", query.container)),
                ("repo", format!("{:?}", query.repo)),
                ("tag", format!("{:?}", query.tag)),
                ("comment", format!("{:?}", query.comment)),
                ("author", format!("{:?}", query.author)),
                ("pause", format!("{:?}", query.pause)),
                ("changes", format!("{:?}", query.changes)),
            ],
            headers: vec![],
            body: Payload::Json(body == <types::ContainerConfig>::default()),
        });
        Err(recorded())
    }
    async fn image_create(
        &self,
        cx: Context,
        query: ImageCreateQuery,
        registry_auth: RegistryAuth,
        body: ByteStream,
    ) -> Result<JsonLines<types::CreateImageInfo>, ApiError> {
        self.note(Seen {
            operation: Operation::ImageCreate,
            version: cx.version,
            names: vec![],
            query: vec![
                ("fromImage", format!("{:?}", query.from_image)),
                ("fromSrc", format!("{:?}", query.from_src)),
                ("repo", format!("{:?}", query.repo)),
                ("tag", format!("{:?}", query.tag)),
                ("message", format!("{:?}", query.message)),
                ("changes", format!("{:?}", query.changes)),
                ("platform", format!("{:?}", query.platform)),
            ],
            headers: vec![("X-Registry-Auth", registry_auth.username)],
            body: Payload::Bytes(body.collect().await?.len()),
        });
        Err(recorded())
    }
    async fn image_get_all(
        &self,
        cx: Context,
        query: ImageGetAllQuery,
    ) -> Result<ByteStream, ApiError> {
        self.note(Seen {
            operation: Operation::ImageGetAll,
            version: cx.version,
            names: vec![],
            query: vec![("names", format!("{:?}", query.names))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn image_list(
        &self,
        cx: Context,
        query: ImageListQuery,
    ) -> Result<Vec<types::ImageSummary>, ApiError> {
        self.note(Seen {
            operation: Operation::ImageList,
            version: cx.version,
            names: vec![],
            query: vec![
                ("all", format!("{:?}", query.all)),
                ("filters", format!("{:?}", query.filters)),
                ("digests", format!("{:?}", query.digests)),
                ("filter", format!("{:?}", query.filter)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn image_load(
        &self,
        cx: Context,
        query: ImageLoadQuery,
        body: ByteStream,
    ) -> Result<JsonLines<types::BuildInfo>, ApiError> {
        self.note(Seen {
            operation: Operation::ImageLoad,
            version: cx.version,
            names: vec![],
            query: vec![("quiet", format!("{:?}", query.quiet))],
            headers: vec![],
            body: Payload::Bytes(body.collect().await?.len()),
        });
        Err(recorded())
    }
    async fn image_prune(
        &self,
        cx: Context,
        query: ImagePruneQuery,
    ) -> Result<types::ImagePruneResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ImagePrune,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn image_search(
        &self,
        cx: Context,
        query: ImageSearchQuery,
        registry_auth: RegistryAuth,
    ) -> Result<Vec<types::ImageSearchResponseItem>, ApiError> {
        self.note(Seen {
            operation: Operation::ImageSearch,
            version: cx.version,
            names: vec![],
            query: vec![
                ("term", format!("{:?}", query.term)),
                ("limit", format!("{:?}", query.limit)),
                ("filters", format!("{:?}", query.filters)),
            ],
            headers: vec![("X-Registry-Auth", registry_auth.username)],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn image_delete(
        &self,
        cx: Context,
        name: String,
        query: ImageDeleteQuery,
    ) -> Result<Vec<types::ImageDeleteResponseItem>, ApiError> {
        self.note(Seen {
            operation: Operation::ImageDelete,
            version: cx.version,
            names: vec![name],
            query: vec![
                ("force", format!("{:?}", query.force)),
                ("noprune", format!("{:?}", query.noprune)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn image_get(&self, cx: Context, name: String) -> Result<ByteStream, ApiError> {
        self.note(Seen {
            operation: Operation::ImageGet,
            version: cx.version,
            names: vec![name],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn image_history(
        &self,
        cx: Context,
        name: String,
    ) -> Result<Vec<types::ImageHistoryResponseItem>, ApiError> {
        self.note(Seen {
            operation: Operation::ImageHistory,
            version: cx.version,
            names: vec![name],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn image_inspect(
        &self,
        cx: Context,
        name: String,
    ) -> Result<types::ImageInspect, ApiError> {
        self.note(Seen {
            operation: Operation::ImageInspect,
            version: cx.version,
            names: vec![name],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn image_push(
        &self,
        cx: Context,
        name: String,
        query: ImagePushQuery,
        registry_auth: RegistryAuth,
    ) -> Result<JsonLines<types::PushImageInfo>, ApiError> {
        self.note(Seen {
            operation: Operation::ImagePush,
            version: cx.version,
            names: vec![name],
            query: vec![("tag", format!("{:?}", query.tag))],
            headers: vec![("X-Registry-Auth", registry_auth.username)],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn image_tag(
        &self,
        cx: Context,
        name: String,
        query: ImageTagQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ImageTag,
            version: cx.version,
            names: vec![name],
            query: vec![
                ("repo", format!("{:?}", query.repo)),
                ("tag", format!("{:?}", query.tag)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
}

impl Network for Recorder {
    async fn network_list(
        &self,
        cx: Context,
        query: NetworkListQuery,
    ) -> Result<Vec<types::Network>, ApiError> {
        self.note(Seen {
            operation: Operation::NetworkList,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn network_create(
        &self,
        cx: Context,
        body: types::NetworkCreateRequest,
    ) -> Result<types::NetworkCreateResponse, ApiError> {
        self.note(Seen {
            operation: Operation::NetworkCreate,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::Json(body == <types::NetworkCreateRequest>::default()),
        });
        Err(recorded())
    }
    async fn network_prune(
        &self,
        cx: Context,
        query: NetworkPruneQuery,
    ) -> Result<types::NetworkPruneResponse, ApiError> {
        self.note(Seen {
            operation: Operation::NetworkPrune,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn network_delete(&self, cx: Context, id: String) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::NetworkDelete,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn network_inspect(
        &self,
        cx: Context,
        id: String,
        query: NetworkInspectQuery,
    ) -> Result<types::Network, ApiError> {
        self.note(Seen {
            operation: Operation::NetworkInspect,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("verbose", format!("{:?}", query.verbose)),
                ("scope", format!("{:?}", query.scope)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn network_connect(
        &self,
        cx: Context,
        id: String,
        body: types::NetworkConnectRequest,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::NetworkConnect,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::Json(body == <types::NetworkConnectRequest>::default()),
        });
        Err(recorded())
    }
    async fn network_disconnect(
        &self,
        cx: Context,
        id: String,
        body: types::NetworkDisconnectRequest,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::NetworkDisconnect,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::Json(body == <types::NetworkDisconnectRequest>::default()),
        });
        Err(recorded())
    }
}

impl Node for Recorder {
    async fn node_list(
        &self,
        cx: Context,
        query: NodeListQuery,
    ) -> Result<Vec<types::Node>, ApiError> {
        self.note(Seen {
            operation: Operation::NodeList,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn node_delete(
        &self,
        cx: Context,
        id: String,
        query: NodeDeleteQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::NodeDelete,
            version: cx.version,
            names: vec![id],
            query: vec![("force", format!("{:?}", query.force))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn node_inspect(&self, cx: Context, id: String) -> Result<types::Node, ApiError> {
        self.note(Seen {
            operation: Operation::NodeInspect,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn node_update(
        &self,
        cx: Context,
        id: String,
        query: NodeUpdateQuery,
        body: types::NodeSpec,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::NodeUpdate,
            version: cx.version,
            names: vec![id],
            query: vec![("version", format!("{:?}", query.version))],
            headers: vec![],
            body: Payload::Json(body == <types::NodeSpec>::default()),
        });
        Err(recorded())
    }
}

impl Plugin for Recorder {
    async fn plugin_list(
        &self,
        cx: Context,
        query: PluginListQuery,
    ) -> Result<Vec<types::Plugin>, ApiError> {
        self.note(Seen {
            operation: Operation::PluginList,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn plugin_create(
        &self,
        cx: Context,
        query: PluginCreateQuery,
        body: ByteStream,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::PluginCreate,
            version: cx.version,
            names: vec![],
            query: vec![("name", format!("{:?}", query.name))],
            headers: vec![],
            body: Payload::Bytes(body.collect().await?.len()),
        });
        Err(recorded())
    }
    async fn get_plugin_privileges(
        &self,
        cx: Context,
        query: GetPluginPrivilegesQuery,
        registry_auth: RegistryAuth,
    ) -> Result<Vec<types::PluginPrivilege>, ApiError> {
        self.note(Seen {
            operation: Operation::GetPluginPrivileges,
            version: cx.version,
            names: vec![],
            query: vec![("remote", format!("{:?}", query.remote))],
            headers: vec![("X-Registry-Auth", registry_auth.username)],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn plugin_pull(
        &self,
        cx: Context,
        query: PluginPullQuery,
        registry_auth: RegistryAuth,
        body: Vec<types::PluginPrivilege>,
    ) -> Result<PluginPullResponse, ApiError> {
        self.note(Seen {
            operation: Operation::PluginPull,
            version: cx.version,
            names: vec![],
            query: vec![
                ("remote", format!("{:?}", query.remote)),
                ("name", format!("{:?}", query.name)),
            ],
            headers: vec![("X-Registry-Auth", registry_auth.username)],
            body: Payload::Json(body == <Vec<types::PluginPrivilege>>::default()),
        });
        Err(recorded())
    }
    async fn plugin_delete(
        &self,
        cx: Context,
        name: String,
        query: PluginDeleteQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::PluginDelete,
            version: cx.version,
            names: vec![name],
            query: vec![("force", format!("{:?}", query.force))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn plugin_disable(
        &self,
        cx: Context,
        name: String,
        query: PluginDisableQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::PluginDisable,
            version: cx.version,
            names: vec![name],
            query: vec![("force", format!("{:?}", query.force))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn plugin_enable(
        &self,
        cx: Context,
        name: String,
        query: PluginEnableQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::PluginEnable,
            version: cx.version,
            names: vec![name],
            query: vec![("timeout", format!("{:?}", query.timeout))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn plugin_inspect(&self, cx: Context, name: String) -> Result<types::Plugin, ApiError> {
        self.note(Seen {
            operation: Operation::PluginInspect,
            version: cx.version,
            names: vec![name],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn plugin_push(
        &self,
        cx: Context,
        name: String,
        registry_auth: RegistryAuth,
    ) -> Result<JsonLines<types::PushImageInfo>, ApiError> {
        self.note(Seen {
            operation: Operation::PluginPush,
            version: cx.version,
            names: vec![name],
            query: vec![],
            headers: vec![("X-Registry-Auth", registry_auth.username)],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn plugin_set(
        &self,
        cx: Context,
        name: String,
        body: Vec<String>,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::PluginSet,
            version: cx.version,
            names: vec![name],
            query: vec![],
            headers: vec![],
            body: Payload::Json(body == <Vec<String>>::default()),
        });
        Err(recorded())
    }
    async fn plugin_upgrade(
        &self,
        cx: Context,
        name: String,
        query: PluginUpgradeQuery,
        registry_auth: RegistryAuth,
        body: Vec<types::PluginPrivilege>,
    ) -> Result<PluginUpgradeResponse, ApiError> {
        self.note(Seen {
            operation: Operation::PluginUpgrade,
            version: cx.version,
            names: vec![name],
            query: vec![("remote", format!("{:?}", query.remote))],
            headers: vec![("X-Registry-Auth", registry_auth.username)],
            body: Payload::Json(body == <Vec<types::PluginPrivilege>>::default()),
        });
        Err(recorded())
    }
}

impl Secret for Recorder {
    async fn secret_list(
        &self,
        cx: Context,
        query: SecretListQuery,
    ) -> Result<Vec<types::Secret>, ApiError> {
        self.note(Seen {
            operation: Operation::SecretList,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn secret_create(
        &self,
        cx: Context,
        body: types::SecretSpec,
    ) -> Result<types::SecretCreateResponse, ApiError> {
        self.note(Seen {
            operation: Operation::SecretCreate,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::Json({
                let version = cx.version;
                let mut empty = <types::SecretSpec>::default();
                empty.gate(version);
                body == empty
            }),
        });
        Err(recorded())
    }
    async fn secret_delete(&self, cx: Context, id: String) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::SecretDelete,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn secret_inspect(&self, cx: Context, id: String) -> Result<types::Secret, ApiError> {
        self.note(Seen {
            operation: Operation::SecretInspect,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn secret_update(
        &self,
        cx: Context,
        id: String,
        query: SecretUpdateQuery,
        body: types::SecretSpec,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::SecretUpdate,
            version: cx.version,
            names: vec![id],
            query: vec![("version", format!("{:?}", query.version))],
            headers: vec![],
            body: Payload::Json({
                let version = cx.version;
                let mut empty = <types::SecretSpec>::default();
                empty.gate(version);
                body == empty
            }),
        });
        Err(recorded())
    }
}

impl Service for Recorder {
    async fn service_list(
        &self,
        cx: Context,
        query: ServiceListQuery,
    ) -> Result<Vec<types::Service>, ApiError> {
        self.note(Seen {
            operation: Operation::ServiceList,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn service_create(
        &self,
        cx: Context,
        registry_auth: RegistryAuth,
        body: types::ServiceSpec,
    ) -> Result<types::ServiceCreateResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ServiceCreate,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![("X-Registry-Auth", registry_auth.username)],
            body: Payload::Json({
                let version = cx.version;
                let mut empty = <types::ServiceSpec>::default();
                empty.gate(version);
                body == empty
            }),
        });
        Err(recorded())
    }
    async fn service_delete(&self, cx: Context, id: String) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::ServiceDelete,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn service_inspect(
        &self,
        cx: Context,
        id: String,
        query: ServiceInspectQuery,
    ) -> Result<types::Service, ApiError> {
        self.note(Seen {
            operation: Operation::ServiceInspect,
            version: cx.version,
            names: vec![id],
            query: vec![("insertDefaults", format!("{:?}", query.insert_defaults))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn service_logs(
        &self,
        cx: Context,
        id: String,
        query: ServiceLogsQuery,
    ) -> Result<LogStream, ApiError> {
        self.note(Seen {
            operation: Operation::ServiceLogs,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("details", format!("{:?}", query.details)),
                ("follow", format!("{:?}", query.follow)),
                ("stdout", format!("{:?}", query.stdout)),
                ("stderr", format!("{:?}", query.stderr)),
                ("since", format!("{:?}", query.since)),
                ("timestamps", format!("{:?}", query.timestamps)),
                ("tail", format!("{:?}", query.tail)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn service_update(
        &self,
        cx: Context,
        id: String,
        query: ServiceUpdateQuery,
        registry_auth: RegistryAuth,
        body: types::ServiceSpec,
    ) -> Result<types::ServiceUpdateResponse, ApiError> {
        self.note(Seen {
            operation: Operation::ServiceUpdate,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("version", format!("{:?}", query.version)),
                (
                    "registryAuthFrom",
                    format!("{:?}", query.registry_auth_from),
                ),
                ("rollback", format!("{:?}", query.rollback)),
            ],
            headers: vec![("X-Registry-Auth", registry_auth.username)],
            body: Payload::Json({
                let version = cx.version;
                let mut empty = <types::ServiceSpec>::default();
                empty.gate(version);
                body == empty
            }),
        });
        Err(recorded())
    }
}

impl Session for Recorder {
    async fn session(
        &self,
        cx: Context,
        docker_expose_session_uuid: Option<String>,
        docker_expose_session_name: Option<String>,
        docker_expose_session_sharedkey: Option<String>,
        docker_expose_session_grpc_method: Option<String>,
    ) -> Result<Hijack, ApiError> {
        self.note(Seen {
            operation: Operation::Session,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![
                (
                    "X-Docker-Expose-Session-Uuid",
                    format!("{:?}", docker_expose_session_uuid),
                ),
                (
                    "X-Docker-Expose-Session-Name",
                    format!("{:?}", docker_expose_session_name),
                ),
                (
                    "X-Docker-Expose-Session-Sharedkey",
                    format!("{:?}", docker_expose_session_sharedkey),
                ),
                (
                    "X-Docker-Expose-Session-Grpc-Method",
                    format!("{:?}", docker_expose_session_grpc_method),
                ),
            ],
            body: Payload::None,
        });
        Err(recorded())
    }
}

impl Swarm for Recorder {
    async fn swarm_inspect(&self, cx: Context) -> Result<types::Swarm, ApiError> {
        self.note(Seen {
            operation: Operation::SwarmInspect,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn swarm_init(
        &self,
        cx: Context,
        body: types::SwarmInitRequest,
    ) -> Result<String, ApiError> {
        self.note(Seen {
            operation: Operation::SwarmInit,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::Json({
                let version = cx.version;
                let mut empty = <types::SwarmInitRequest>::default();
                empty.gate(version);
                body == empty
            }),
        });
        Err(recorded())
    }
    async fn swarm_join(&self, cx: Context, body: types::SwarmJoinRequest) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::SwarmJoin,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::Json(body == <types::SwarmJoinRequest>::default()),
        });
        Err(recorded())
    }
    async fn swarm_leave(&self, cx: Context, query: SwarmLeaveQuery) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::SwarmLeave,
            version: cx.version,
            names: vec![],
            query: vec![("force", format!("{:?}", query.force))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn swarm_unlock(
        &self,
        cx: Context,
        body: types::SwarmUnlockRequest,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::SwarmUnlock,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::Json(body == <types::SwarmUnlockRequest>::default()),
        });
        Err(recorded())
    }
    async fn swarm_unlockkey(
        &self,
        cx: Context,
    ) -> Result<types::SwarmUnlockkeyResponse, ApiError> {
        self.note(Seen {
            operation: Operation::SwarmUnlockkey,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn swarm_update(
        &self,
        cx: Context,
        query: SwarmUpdateQuery,
        body: types::SwarmSpec,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::SwarmUpdate,
            version: cx.version,
            names: vec![],
            query: vec![
                ("version", format!("{:?}", query.version)),
                (
                    "rotateWorkerToken",
                    format!("{:?}", query.rotate_worker_token),
                ),
                (
                    "rotateManagerToken",
                    format!("{:?}", query.rotate_manager_token),
                ),
                (
                    "rotateManagerUnlockKey",
                    format!("{:?}", query.rotate_manager_unlock_key),
                ),
            ],
            headers: vec![],
            body: Payload::Json(body == <types::SwarmSpec>::default()),
        });
        Err(recorded())
    }
}

impl System for Recorder {
    async fn system_ping(&self, cx: Context) -> Result<Text, ApiError> {
        self.note(Seen {
            operation: Operation::SystemPing,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn system_auth(
        &self,
        cx: Context,
        body: types::AuthConfig,
    ) -> Result<types::SystemAuthResponse, ApiError> {
        self.note(Seen {
            operation: Operation::SystemAuth,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::Json(body == <types::AuthConfig>::default()),
        });
        Err(recorded())
    }
    async fn system_events(
        &self,
        cx: Context,
        query: SystemEventsQuery,
    ) -> Result<JsonLines<types::EventMessage>, ApiError> {
        self.note(Seen {
            operation: Operation::SystemEvents,
            version: cx.version,
            names: vec![],
            query: vec![
                ("since", format!("{:?}", query.since)),
                ("until", format!("{:?}", query.until)),
                ("filters", format!("{:?}", query.filters)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn system_info(&self, cx: Context) -> Result<types::SystemInfo, ApiError> {
        self.note(Seen {
            operation: Operation::SystemInfo,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn system_data_usage(
        &self,
        cx: Context,
    ) -> Result<types::SystemDataUsageResponse, ApiError> {
        self.note(Seen {
            operation: Operation::SystemDataUsage,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn system_version(&self, cx: Context) -> Result<types::SystemVersion, ApiError> {
        self.note(Seen {
            operation: Operation::SystemVersion,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
}

impl Task for Recorder {
    async fn task_list(
        &self,
        cx: Context,
        query: TaskListQuery,
    ) -> Result<Vec<types::Task>, ApiError> {
        self.note(Seen {
            operation: Operation::TaskList,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn task_inspect(&self, cx: Context, id: String) -> Result<types::Task, ApiError> {
        self.note(Seen {
            operation: Operation::TaskInspect,
            version: cx.version,
            names: vec![id],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn task_logs(
        &self,
        cx: Context,
        id: String,
        query: TaskLogsQuery,
    ) -> Result<LogStream, ApiError> {
        self.note(Seen {
            operation: Operation::TaskLogs,
            version: cx.version,
            names: vec![id],
            query: vec![
                ("details", format!("{:?}", query.details)),
                ("follow", format!("{:?}", query.follow)),
                ("stdout", format!("{:?}", query.stdout)),
                ("stderr", format!("{:?}", query.stderr)),
                ("since", format!("{:?}", query.since)),
                ("timestamps", format!("{:?}", query.timestamps)),
                ("tail", format!("{:?}", query.tail)),
            ],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
}

impl Volume for Recorder {
    async fn volume_list(
        &self,
        cx: Context,
        query: VolumeListQuery,
    ) -> Result<types::VolumeListResponse, ApiError> {
        self.note(Seen {
            operation: Operation::VolumeList,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn volume_create(
        &self,
        cx: Context,
        body: types::VolumeCreateOptions,
    ) -> Result<types::Volume, ApiError> {
        self.note(Seen {
            operation: Operation::VolumeCreate,
            version: cx.version,
            names: vec![],
            query: vec![],
            headers: vec![],
            body: Payload::Json(body == <types::VolumeCreateOptions>::default()),
        });
        Err(recorded())
    }
    async fn volume_prune(
        &self,
        cx: Context,
        query: VolumePruneQuery,
    ) -> Result<types::VolumePruneResponse, ApiError> {
        self.note(Seen {
            operation: Operation::VolumePrune,
            version: cx.version,
            names: vec![],
            query: vec![("filters", format!("{:?}", query.filters))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn volume_delete(
        &self,
        cx: Context,
        name: String,
        query: VolumeDeleteQuery,
    ) -> Result<(), ApiError> {
        self.note(Seen {
            operation: Operation::VolumeDelete,
            version: cx.version,
            names: vec![name],
            query: vec![("force", format!("{:?}", query.force))],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
    async fn volume_inspect(&self, cx: Context, name: String) -> Result<types::Volume, ApiError> {
        self.note(Seen {
            operation: Operation::VolumeInspect,
            version: cx.version,
            names: vec![name],
            query: vec![],
            headers: vec![],
            body: Payload::None,
        });
        Err(recorded())
    }
}

/// A request for each operation.
pub(crate) static CASES: &[Case] = &[
    Case {
        operation: Operation::ConfigList,
        served_by: Operation::ConfigList,
        method: "GET",
        path: "/configs",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ConfigCreate,
        served_by: Operation::ConfigCreate,
        method: "POST",
        path: "/configs/create",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::ConfigDelete,
        served_by: Operation::ConfigDelete,
        method: "DELETE",
        path: "/configs/{id}",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ConfigInspect,
        served_by: Operation::ConfigInspect,
        method: "GET",
        path: "/configs/{id}",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ConfigUpdate,
        served_by: Operation::ConfigUpdate,
        method: "POST",
        path: "/configs/{id}/update",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "version",
            since: None,
            until: None,
            value: "7",
            seen: "7",
            absent: "0",
            bad: Some("x"),
        }],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::ContainerCreate,
        served_by: Operation::ContainerCreate,
        method: "POST",
        path: "/containers/create",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "name",
            since: None,
            until: None,
            value: "a%20b",
            seen: "Some(\"a b\")",
            absent: "None",
            bad: None,
        }],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::ContainerList,
        served_by: Operation::ContainerList,
        method: "GET",
        path: "/containers/json",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "all",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "limit",
                since: None,
                until: None,
                value: "7",
                seen: "Some(7)",
                absent: "None",
                bad: Some("x"),
            },
            Parameter {
                wire: "size",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "filters",
                since: None,
                until: None,
                value: "%7B%22a%22:[%22b%22]%7D",
                seen: "Filters({\"a\": {\"b\"}})",
                absent: "Filters({})",
                bad: Some("x"),
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerPrune,
        served_by: Operation::ContainerPrune,
        method: "POST",
        path: "/containers/prune",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerDelete,
        served_by: Operation::ContainerDelete,
        method: "DELETE",
        path: "/containers/{id}",
        greedy: true,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "v",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "force",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "link",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerArchive,
        served_by: Operation::ContainerArchive,
        method: "GET",
        path: "/containers/{id}/archive",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "path",
            since: None,
            until: None,
            value: "a%20b",
            seen: "\"a b\"",
            absent: "\"\"",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerArchiveInfo,
        served_by: Operation::ContainerArchiveInfo,
        method: "HEAD",
        path: "/containers/{id}/archive",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "path",
            since: None,
            until: None,
            value: "a%20b",
            seen: "\"a b\"",
            absent: "\"\"",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::PutContainerArchive,
        served_by: Operation::PutContainerArchive,
        method: "PUT",
        path: "/containers/{id}/archive",
        greedy: true,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "path",
                since: None,
                until: None,
                value: "a%20b",
                seen: "\"a b\"",
                absent: "\"\"",
                bad: None,
            },
            Parameter {
                wire: "noOverwriteDirNonDir",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "copyUIDGID",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
        ],
        headers: &[],
        text: "12345",
        body: Payload::Bytes(5),
    },
    Case {
        operation: Operation::ContainerAttach,
        served_by: Operation::ContainerAttach,
        method: "POST",
        path: "/containers/{id}/attach",
        greedy: true,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "detachKeys",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "logs",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "stream",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "stdin",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "stdout",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "stderr",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerAttachWebsocket,
        served_by: Operation::ContainerAttachWebsocket,
        method: "GET",
        path: "/containers/{id}/attach/ws",
        greedy: true,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "detachKeys",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "logs",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "stream",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerChanges,
        served_by: Operation::ContainerChanges,
        method: "GET",
        path: "/containers/{id}/changes",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerExport,
        served_by: Operation::ContainerExport,
        method: "GET",
        path: "/containers/{id}/export",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerInspect,
        served_by: Operation::ContainerInspect,
        method: "GET",
        path: "/containers/{id}/json",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "size",
            since: None,
            until: None,
            value: "True",
            seen: "true",
            absent: "false",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerKill,
        served_by: Operation::ContainerKill,
        method: "POST",
        path: "/containers/{id}/kill",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "signal",
            since: None,
            until: None,
            value: "a%20b",
            seen: "Some(\"a b\")",
            absent: "None",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerLogs,
        served_by: Operation::ContainerLogs,
        method: "GET",
        path: "/containers/{id}/logs",
        greedy: true,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "follow",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "stdout",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "stderr",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "since",
                since: None,
                until: None,
                value: "1.5",
                seen: "Some(1970-01-01T00:00:01.5Z)",
                absent: "None",
                bad: Some("x"),
            },
            Parameter {
                wire: "until",
                since: None,
                until: None,
                value: "1.5",
                seen: "Some(1970-01-01T00:00:01.5Z)",
                absent: "None",
                bad: Some("x"),
            },
            Parameter {
                wire: "timestamps",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "tail",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "details",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerPause,
        served_by: Operation::ContainerPause,
        method: "POST",
        path: "/containers/{id}/pause",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerRename,
        served_by: Operation::ContainerRename,
        method: "POST",
        path: "/containers/{id}/rename",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "name",
            since: None,
            until: None,
            value: "a%20b",
            seen: "\"a b\"",
            absent: "\"\"",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerResize,
        served_by: Operation::ContainerResize,
        method: "POST",
        path: "/containers/{id}/resize",
        greedy: true,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "h",
                since: None,
                until: None,
                value: "7",
                seen: "7",
                absent: "0",
                bad: Some("x"),
            },
            Parameter {
                wire: "w",
                since: None,
                until: None,
                value: "7",
                seen: "7",
                absent: "0",
                bad: Some("x"),
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerRestart,
        served_by: Operation::ContainerRestart,
        method: "POST",
        path: "/containers/{id}/restart",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "t",
            since: None,
            until: None,
            value: "7",
            seen: "Some(7)",
            absent: "None",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerStart,
        served_by: Operation::ContainerStart,
        method: "POST",
        path: "/containers/{id}/start",
        greedy: true,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "detachKeys",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "checkpoint",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "checkpoint-dir",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerStats,
        served_by: Operation::ContainerStats,
        method: "GET",
        path: "/containers/{id}/stats",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "stream",
            since: None,
            until: None,
            value: "no",
            seen: "false",
            absent: "true",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerStop,
        served_by: Operation::ContainerStop,
        method: "POST",
        path: "/containers/{id}/stop",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "t",
            since: None,
            until: None,
            value: "7",
            seen: "Some(7)",
            absent: "None",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerTop,
        served_by: Operation::ContainerTop,
        method: "GET",
        path: "/containers/{id}/top",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "ps_args",
            since: None,
            until: None,
            value: "a%20b",
            seen: "Some(\"a b\")",
            absent: "None",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerUnpause,
        served_by: Operation::ContainerUnpause,
        method: "POST",
        path: "/containers/{id}/unpause",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerUpdate,
        served_by: Operation::ContainerUpdate,
        method: "POST",
        path: "/containers/{id}/update",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::ContainerWait,
        served_by: Operation::ContainerWait,
        method: "POST",
        path: "/containers/{id}/wait",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "condition",
            since: None,
            until: None,
            value: "a%20b",
            seen: "Some(\"a b\")",
            absent: "None",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::DistributionInspect,
        served_by: Operation::DistributionInspect,
        method: "GET",
        path: "/distribution/{name}/json",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[("X-Registry-Auth", "eyJ1c2VybmFtZSI6Im1lIn0=", "me")],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ContainerExec,
        served_by: Operation::ContainerExec,
        method: "POST",
        path: "/containers/{id}/exec",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::ExecInspect,
        served_by: Operation::ExecInspect,
        method: "GET",
        path: "/exec/{id}/json",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ExecResize,
        served_by: Operation::ExecResize,
        method: "POST",
        path: "/exec/{id}/resize",
        greedy: true,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "h",
                since: None,
                until: None,
                value: "7",
                seen: "7",
                absent: "0",
                bad: Some("x"),
            },
            Parameter {
                wire: "w",
                since: None,
                until: None,
                value: "7",
                seen: "7",
                absent: "0",
                bad: Some("x"),
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ExecStart,
        served_by: Operation::ExecStart,
        method: "POST",
        path: "/exec/{id}/start",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::ImageBuild,
        served_by: Operation::ImageBuild,
        method: "POST",
        path: "/build",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "dockerfile",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "t",
                since: None,
                until: None,
                value: "a,b",
                seen: "[\"a,b\"]",
                absent: "[]",
                bad: None,
            },
            Parameter {
                wire: "extrahosts",
                since: None,
                until: None,
                value: "a,b",
                seen: "[\"a,b\"]",
                absent: "[]",
                bad: None,
            },
            Parameter {
                wire: "remote",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "q",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "nocache",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "cachefrom",
                since: None,
                until: None,
                value: "[]",
                seen: "Some([])",
                absent: "None",
                bad: Some("%7B"),
            },
            Parameter {
                wire: "pull",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "rm",
                since: None,
                until: None,
                value: "no",
                seen: "false",
                absent: "true",
                bad: None,
            },
            Parameter {
                wire: "forcerm",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "memory",
                since: None,
                until: None,
                value: "7",
                seen: "Some(7)",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "memswap",
                since: None,
                until: None,
                value: "7",
                seen: "Some(7)",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "cpushares",
                since: None,
                until: None,
                value: "7",
                seen: "Some(7)",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "cpusetcpus",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "cpuperiod",
                since: None,
                until: None,
                value: "7",
                seen: "Some(7)",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "cpuquota",
                since: None,
                until: None,
                value: "7",
                seen: "Some(7)",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "buildargs",
                since: None,
                until: None,
                value: "%7B%7D",
                seen: "Some({})",
                absent: "None",
                bad: Some("%7B"),
            },
            Parameter {
                wire: "shmsize",
                since: None,
                until: None,
                value: "7",
                seen: "Some(7)",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "squash",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "labels",
                since: None,
                until: None,
                value: "%7B%7D",
                seen: "Some({})",
                absent: "None",
                bad: Some("%7B"),
            },
            Parameter {
                wire: "networkmode",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "platform",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "target",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "outputs",
                since: Some(ApiVersion::new(1, 40)),
                until: None,
                value: "[]",
                seen: "Some([])",
                absent: "None",
                bad: Some("%7B"),
            },
            Parameter {
                wire: "version",
                since: Some(ApiVersion::new(1, 38)),
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "securityopt",
                since: None,
                until: None,
                value: "a,b",
                seen: "[\"a,b\"]",
                absent: "[]",
                bad: None,
            },
            Parameter {
                wire: "ulimits",
                since: None,
                until: None,
                value: "[]",
                seen: "Some([])",
                absent: "None",
                bad: Some("%7B"),
            },
            Parameter {
                wire: "cpusetmems",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "cgroupparent",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "isolation",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "session",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "buildid",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
        ],
        headers: &[("X-Registry-Config", "eyJyLmV4YW1wbGUiOnt9fQ==", "1")],
        text: "12345",
        body: Payload::Bytes(5),
    },
    Case {
        operation: Operation::BuildPrune,
        served_by: Operation::BuildPrune,
        method: "POST",
        path: "/build/prune",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "keep-storage",
                since: Some(ApiVersion::new(1, 39)),
                until: None,
                value: "7",
                seen: "Some(7)",
                absent: "None",
                bad: Some("x"),
            },
            Parameter {
                wire: "all",
                since: Some(ApiVersion::new(1, 39)),
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "filters",
                since: Some(ApiVersion::new(1, 39)),
                until: None,
                value: "%7B%22a%22:[%22b%22]%7D",
                seen: "Filters({\"a\": {\"b\"}})",
                absent: "Filters({})",
                bad: Some("x"),
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ImageCommit,
        served_by: Operation::ImageCommit,
        method: "POST",
        path: "/commit",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "container",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "repo",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "tag",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "comment",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "author",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "pause",
                since: None,
                until: None,
                value: "no",
                seen: "false",
                absent: "true",
                bad: None,
            },
            Parameter {
                wire: "changes",
                since: None,
                until: None,
                value: "a,b",
                seen: "[\"a,b\"]",
                absent: "[]",
                bad: None,
            },
        ],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::ImageCreate,
        served_by: Operation::ImageCreate,
        method: "POST",
        path: "/images/create",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "fromImage",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "fromSrc",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "repo",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "tag",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "message",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "changes",
                since: None,
                until: None,
                value: "a,b",
                seen: "[\"a,b\"]",
                absent: "[]",
                bad: None,
            },
            Parameter {
                wire: "platform",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
        ],
        headers: &[("X-Registry-Auth", "eyJ1c2VybmFtZSI6Im1lIn0=", "me")],
        text: "12345",
        body: Payload::Bytes(5),
    },
    Case {
        operation: Operation::ImageGetAll,
        served_by: Operation::ImageGetAll,
        method: "GET",
        path: "/images/get",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "names",
            since: None,
            until: None,
            value: "a,b",
            seen: "[\"a,b\"]",
            absent: "[]",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ImageList,
        served_by: Operation::ImageList,
        method: "GET",
        path: "/images/json",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "all",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "filters",
                since: None,
                until: None,
                value: "%7B%22a%22:[%22b%22]%7D",
                seen: "Filters({\"a\": {\"b\"}})",
                absent: "Filters({})",
                bad: Some("x"),
            },
            Parameter {
                wire: "digests",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "filter",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ImageLoad,
        served_by: Operation::ImageLoad,
        method: "POST",
        path: "/images/load",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "quiet",
            since: None,
            until: None,
            value: "no",
            seen: "false",
            absent: "true",
            bad: None,
        }],
        headers: &[],
        text: "12345",
        body: Payload::Bytes(5),
    },
    Case {
        operation: Operation::ImagePrune,
        served_by: Operation::ImagePrune,
        method: "POST",
        path: "/images/prune",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ImageSearch,
        served_by: Operation::ImageSearch,
        method: "GET",
        path: "/images/search",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "term",
                since: None,
                until: None,
                value: "a%20b",
                seen: "\"a b\"",
                absent: "\"\"",
                bad: None,
            },
            Parameter {
                wire: "limit",
                since: None,
                until: None,
                value: "7",
                seen: "Some(7)",
                absent: "None",
                bad: Some("x"),
            },
            Parameter {
                wire: "filters",
                since: None,
                until: None,
                value: "%7B%22a%22:[%22b%22]%7D",
                seen: "Filters({\"a\": {\"b\"}})",
                absent: "Filters({})",
                bad: Some("x"),
            },
        ],
        headers: &[("X-Registry-Auth", "eyJ1c2VybmFtZSI6Im1lIn0=", "me")],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ImageDelete,
        served_by: Operation::ImageDelete,
        method: "DELETE",
        path: "/images/{name}",
        greedy: true,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "force",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "noprune",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ImageGet,
        served_by: Operation::ImageGet,
        method: "GET",
        path: "/images/{name}/get",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ImageHistory,
        served_by: Operation::ImageHistory,
        method: "GET",
        path: "/images/{name}/history",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ImageInspect,
        served_by: Operation::ImageInspect,
        method: "GET",
        path: "/images/{name}/json",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ImagePush,
        served_by: Operation::ImagePush,
        method: "POST",
        path: "/images/{name}/push",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "tag",
            since: None,
            until: None,
            value: "a%20b",
            seen: "Some(\"a b\")",
            absent: "None",
            bad: None,
        }],
        headers: &[("X-Registry-Auth", "eyJ1c2VybmFtZSI6Im1lIn0=", "me")],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ImageTag,
        served_by: Operation::ImageTag,
        method: "POST",
        path: "/images/{name}/tag",
        greedy: true,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "repo",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "tag",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::NetworkList,
        served_by: Operation::NetworkList,
        method: "GET",
        path: "/networks",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::NetworkCreate,
        served_by: Operation::NetworkCreate,
        method: "POST",
        path: "/networks/create",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::NetworkPrune,
        served_by: Operation::NetworkPrune,
        method: "POST",
        path: "/networks/prune",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::NetworkDelete,
        served_by: Operation::NetworkDelete,
        method: "DELETE",
        path: "/networks/{id}",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::NetworkInspect,
        served_by: Operation::NetworkInspect,
        method: "GET",
        path: "/networks/{id}",
        greedy: true,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "verbose",
                since: None,
                until: None,
                value: "T",
                seen: "true",
                absent: "false",
                bad: Some("x"),
            },
            Parameter {
                wire: "scope",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::NetworkConnect,
        served_by: Operation::NetworkConnect,
        method: "POST",
        path: "/networks/{id}/connect",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::NetworkDisconnect,
        served_by: Operation::NetworkDisconnect,
        method: "POST",
        path: "/networks/{id}/disconnect",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::NodeList,
        served_by: Operation::NodeList,
        method: "GET",
        path: "/nodes",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::NodeDelete,
        served_by: Operation::NodeDelete,
        method: "DELETE",
        path: "/nodes/{id}",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "force",
            since: None,
            until: None,
            value: "True",
            seen: "true",
            absent: "false",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::NodeInspect,
        served_by: Operation::NodeInspect,
        method: "GET",
        path: "/nodes/{id}",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::NodeUpdate,
        served_by: Operation::NodeUpdate,
        method: "POST",
        path: "/nodes/{id}/update",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "version",
            since: None,
            until: None,
            value: "7",
            seen: "7",
            absent: "0",
            bad: Some("x"),
        }],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::PluginList,
        served_by: Operation::PluginList,
        method: "GET",
        path: "/plugins",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::PluginCreate,
        served_by: Operation::PluginCreate,
        method: "POST",
        path: "/plugins/create",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "name",
            since: None,
            until: None,
            value: "a%20b",
            seen: "\"a b\"",
            absent: "\"\"",
            bad: None,
        }],
        headers: &[],
        text: "12345",
        body: Payload::Bytes(5),
    },
    Case {
        operation: Operation::GetPluginPrivileges,
        served_by: Operation::GetPluginPrivileges,
        method: "GET",
        path: "/plugins/privileges",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "remote",
            since: None,
            until: None,
            value: "a%20b",
            seen: "\"a b\"",
            absent: "\"\"",
            bad: None,
        }],
        headers: &[("X-Registry-Auth", "eyJ1c2VybmFtZSI6Im1lIn0=", "me")],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::PluginPull,
        served_by: Operation::PluginPull,
        method: "POST",
        path: "/plugins/pull",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "remote",
                since: None,
                until: None,
                value: "a%20b",
                seen: "\"a b\"",
                absent: "\"\"",
                bad: None,
            },
            Parameter {
                wire: "name",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
        ],
        headers: &[("X-Registry-Auth", "eyJ1c2VybmFtZSI6Im1lIn0=", "me")],
        text: "[]",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::PluginDelete,
        served_by: Operation::PluginDelete,
        method: "DELETE",
        path: "/plugins/{name}",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "force",
            since: None,
            until: None,
            value: "True",
            seen: "true",
            absent: "false",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::PluginDisable,
        served_by: Operation::PluginDisable,
        method: "POST",
        path: "/plugins/{name}/disable",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "force",
            since: None,
            until: None,
            value: "True",
            seen: "true",
            absent: "false",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::PluginEnable,
        served_by: Operation::PluginEnable,
        method: "POST",
        path: "/plugins/{name}/enable",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "timeout",
            since: None,
            until: None,
            value: "7",
            seen: "Some(7)",
            absent: "None",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::PluginInspect,
        served_by: Operation::PluginInspect,
        method: "GET",
        path: "/plugins/{name}/json",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::PluginPush,
        served_by: Operation::PluginPush,
        method: "POST",
        path: "/plugins/{name}/push",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[("X-Registry-Auth", "eyJ1c2VybmFtZSI6Im1lIn0=", "me")],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::PluginSet,
        served_by: Operation::PluginSet,
        method: "POST",
        path: "/plugins/{name}/set",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "[]",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::PluginUpgrade,
        served_by: Operation::PluginUpgrade,
        method: "POST",
        path: "/plugins/{name}/upgrade",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "remote",
            since: None,
            until: None,
            value: "a%20b",
            seen: "\"a b\"",
            absent: "\"\"",
            bad: None,
        }],
        headers: &[("X-Registry-Auth", "eyJ1c2VybmFtZSI6Im1lIn0=", "me")],
        text: "[]",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::SecretList,
        served_by: Operation::SecretList,
        method: "GET",
        path: "/secrets",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SecretCreate,
        served_by: Operation::SecretCreate,
        method: "POST",
        path: "/secrets/create",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::SecretDelete,
        served_by: Operation::SecretDelete,
        method: "DELETE",
        path: "/secrets/{id}",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SecretInspect,
        served_by: Operation::SecretInspect,
        method: "GET",
        path: "/secrets/{id}",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SecretUpdate,
        served_by: Operation::SecretUpdate,
        method: "POST",
        path: "/secrets/{id}/update",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "version",
            since: None,
            until: None,
            value: "7",
            seen: "7",
            absent: "0",
            bad: Some("x"),
        }],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::ServiceList,
        served_by: Operation::ServiceList,
        method: "GET",
        path: "/services",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ServiceCreate,
        served_by: Operation::ServiceCreate,
        method: "POST",
        path: "/services/create",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[("X-Registry-Auth", "eyJ1c2VybmFtZSI6Im1lIn0=", "me")],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::ServiceDelete,
        served_by: Operation::ServiceDelete,
        method: "DELETE",
        path: "/services/{id}",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ServiceInspect,
        served_by: Operation::ServiceInspect,
        method: "GET",
        path: "/services/{id}",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "insertDefaults",
            since: None,
            until: None,
            value: "T",
            seen: "true",
            absent: "false",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ServiceLogs,
        served_by: Operation::ServiceLogs,
        method: "GET",
        path: "/services/{id}/logs",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "details",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "follow",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "stdout",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "stderr",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "since",
                since: None,
                until: None,
                value: "1.5",
                seen: "Some(1970-01-01T00:00:01.5Z)",
                absent: "None",
                bad: Some("x"),
            },
            Parameter {
                wire: "timestamps",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "tail",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::ServiceUpdate,
        served_by: Operation::ServiceUpdate,
        method: "POST",
        path: "/services/{id}/update",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "version",
                since: None,
                until: None,
                value: "7",
                seen: "7",
                absent: "0",
                bad: Some("x"),
            },
            Parameter {
                wire: "registryAuthFrom",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
            Parameter {
                wire: "rollback",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
        ],
        headers: &[("X-Registry-Auth", "eyJ1c2VybmFtZSI6Im1lIn0=", "me")],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::Session,
        served_by: Operation::Session,
        method: "POST",
        path: "/session",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[
            (
                "X-Docker-Expose-Session-Uuid",
                "some text",
                "Some(\"some text\")",
            ),
            (
                "X-Docker-Expose-Session-Name",
                "some text",
                "Some(\"some text\")",
            ),
            (
                "X-Docker-Expose-Session-Sharedkey",
                "some text",
                "Some(\"some text\")",
            ),
            (
                "X-Docker-Expose-Session-Grpc-Method",
                "some text",
                "Some(\"some text\")",
            ),
        ],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SwarmInspect,
        served_by: Operation::SwarmInspect,
        method: "GET",
        path: "/swarm",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SwarmInit,
        served_by: Operation::SwarmInit,
        method: "POST",
        path: "/swarm/init",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::SwarmJoin,
        served_by: Operation::SwarmJoin,
        method: "POST",
        path: "/swarm/join",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::SwarmLeave,
        served_by: Operation::SwarmLeave,
        method: "POST",
        path: "/swarm/leave",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "force",
            since: None,
            until: None,
            value: "True",
            seen: "true",
            absent: "false",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SwarmUnlock,
        served_by: Operation::SwarmUnlock,
        method: "POST",
        path: "/swarm/unlock",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::SwarmUnlockkey,
        served_by: Operation::SwarmUnlockkey,
        method: "GET",
        path: "/swarm/unlockkey",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SwarmUpdate,
        served_by: Operation::SwarmUpdate,
        method: "POST",
        path: "/swarm/update",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "version",
                since: None,
                until: None,
                value: "7",
                seen: "7",
                absent: "0",
                bad: Some("x"),
            },
            Parameter {
                wire: "rotateWorkerToken",
                since: None,
                until: None,
                value: "T",
                seen: "true",
                absent: "false",
                bad: Some("x"),
            },
            Parameter {
                wire: "rotateManagerToken",
                since: None,
                until: None,
                value: "T",
                seen: "true",
                absent: "false",
                bad: Some("x"),
            },
            Parameter {
                wire: "rotateManagerUnlockKey",
                since: None,
                until: None,
                value: "T",
                seen: "true",
                absent: "false",
                bad: Some("x"),
            },
        ],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::SystemPing,
        served_by: Operation::SystemPing,
        method: "GET",
        path: "/_ping",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SystemPingHead,
        served_by: Operation::SystemPing,
        method: "HEAD",
        path: "/_ping",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SystemAuth,
        served_by: Operation::SystemAuth,
        method: "POST",
        path: "/auth",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::SystemEvents,
        served_by: Operation::SystemEvents,
        method: "GET",
        path: "/events",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "since",
                since: None,
                until: None,
                value: "1.5",
                seen: "Some(1970-01-01T00:00:01.5Z)",
                absent: "None",
                bad: Some("x"),
            },
            Parameter {
                wire: "until",
                since: None,
                until: None,
                value: "1.5",
                seen: "Some(1970-01-01T00:00:01.5Z)",
                absent: "None",
                bad: Some("x"),
            },
            Parameter {
                wire: "filters",
                since: None,
                until: None,
                value: "%7B%22a%22:[%22b%22]%7D",
                seen: "Filters({\"a\": {\"b\"}})",
                absent: "Filters({})",
                bad: Some("x"),
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SystemInfo,
        served_by: Operation::SystemInfo,
        method: "GET",
        path: "/info",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SystemDataUsage,
        served_by: Operation::SystemDataUsage,
        method: "GET",
        path: "/system/df",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::SystemVersion,
        served_by: Operation::SystemVersion,
        method: "GET",
        path: "/version",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::TaskList,
        served_by: Operation::TaskList,
        method: "GET",
        path: "/tasks",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::TaskInspect,
        served_by: Operation::TaskInspect,
        method: "GET",
        path: "/tasks/{id}",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::TaskLogs,
        served_by: Operation::TaskLogs,
        method: "GET",
        path: "/tasks/{id}/logs",
        greedy: false,
        since: None,
        until: None,
        query: &[
            Parameter {
                wire: "details",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "follow",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "stdout",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "stderr",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "since",
                since: None,
                until: None,
                value: "1.5",
                seen: "Some(1970-01-01T00:00:01.5Z)",
                absent: "None",
                bad: Some("x"),
            },
            Parameter {
                wire: "timestamps",
                since: None,
                until: None,
                value: "True",
                seen: "true",
                absent: "false",
                bad: None,
            },
            Parameter {
                wire: "tail",
                since: None,
                until: None,
                value: "a%20b",
                seen: "Some(\"a b\")",
                absent: "None",
                bad: None,
            },
        ],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::VolumeList,
        served_by: Operation::VolumeList,
        method: "GET",
        path: "/volumes",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::VolumeCreate,
        served_by: Operation::VolumeCreate,
        method: "POST",
        path: "/volumes/create",
        greedy: false,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "{}",
        body: Payload::Json(true),
    },
    Case {
        operation: Operation::VolumePrune,
        served_by: Operation::VolumePrune,
        method: "POST",
        path: "/volumes/prune",
        greedy: false,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "filters",
            since: None,
            until: None,
            value: "%7B%22a%22:[%22b%22]%7D",
            seen: "Filters({\"a\": {\"b\"}})",
            absent: "Filters({})",
            bad: Some("x"),
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::VolumeDelete,
        served_by: Operation::VolumeDelete,
        method: "DELETE",
        path: "/volumes/{name}",
        greedy: true,
        since: None,
        until: None,
        query: &[Parameter {
            wire: "force",
            since: None,
            until: None,
            value: "True",
            seen: "true",
            absent: "false",
            bad: None,
        }],
        headers: &[],
        text: "",
        body: Payload::None,
    },
    Case {
        operation: Operation::VolumeInspect,
        served_by: Operation::VolumeInspect,
        method: "GET",
        path: "/volumes/{name}",
        greedy: true,
        since: None,
        until: None,
        query: &[],
        headers: &[],
        text: "",
        body: Payload::None,
    },
];
