// Written by `cargo xtask gen`. Do not edit.

//! Every operation, its group and its path.

use crate::error::ApiError;
use crate::route::{Name, Pattern, Route};
use crate::version::ApiVersion;
use http::Method;

/// The newest version with a document.
pub const NEWEST: ApiVersion = ApiVersion::new(1, 40);
/// All versions with a document, oldest first.
pub const VERSIONS: [ApiVersion; 6] = [
    ApiVersion::new(1, 35),
    ApiVersion::new(1, 36),
    ApiVersion::new(1, 37),
    ApiVersion::new(1, 38),
    ApiVersion::new(1, 39),
    ApiVersion::new(1, 40),
];
/// A group of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// Configuration files for services of a swarm.
    Config,
    /// Containers, from their creation to their removal.
    Container,
    /// What a registry has under a name.
    Distribution,
    /// Further processes in running containers.
    Exec,
    /// Images: how they come, go and are built.
    Image,
    /// Networks and the containers in them.
    Network,
    /// Nodes of a swarm.
    Node,
    /// Plugins.
    Plugin,
    /// Secrets for services of a swarm.
    Secret,
    /// Services of a swarm.
    Service,
    /// Sessions for builds.
    Session,
    /// The swarm that this node is part of.
    Swarm,
    /// The server itself.
    System,
    /// Tasks of services of a swarm.
    Task,
    /// Volumes.
    Volume,
}

impl Tag {
    /// All groups.
    pub const ALL: [Tag; 15] = [
        Tag::Config,
        Tag::Container,
        Tag::Distribution,
        Tag::Exec,
        Tag::Image,
        Tag::Network,
        Tag::Node,
        Tag::Plugin,
        Tag::Secret,
        Tag::Service,
        Tag::Session,
        Tag::Swarm,
        Tag::System,
        Tag::Task,
        Tag::Volume,
    ];
}

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `GET /configs`
    ConfigList,
    /// `POST /configs/create`
    ConfigCreate,
    /// `DELETE /configs/{id}`
    ConfigDelete,
    /// `GET /configs/{id}`
    ConfigInspect,
    /// `POST /configs/{id}/update`
    ConfigUpdate,
    /// `POST /containers/create`
    ContainerCreate,
    /// `GET /containers/json`
    ContainerList,
    /// `POST /containers/prune`
    ContainerPrune,
    /// `DELETE /containers/{id}`
    ContainerDelete,
    /// `GET /containers/{id}/archive`
    ContainerArchive,
    /// `HEAD /containers/{id}/archive`
    ContainerArchiveInfo,
    /// `PUT /containers/{id}/archive`
    PutContainerArchive,
    /// `POST /containers/{id}/attach`
    ContainerAttach,
    /// `GET /containers/{id}/attach/ws`
    ContainerAttachWebsocket,
    /// `GET /containers/{id}/changes`
    ContainerChanges,
    /// `GET /containers/{id}/export`
    ContainerExport,
    /// `GET /containers/{id}/json`
    ContainerInspect,
    /// `POST /containers/{id}/kill`
    ContainerKill,
    /// `GET /containers/{id}/logs`
    ContainerLogs,
    /// `POST /containers/{id}/pause`
    ContainerPause,
    /// `POST /containers/{id}/rename`
    ContainerRename,
    /// `POST /containers/{id}/resize`
    ContainerResize,
    /// `POST /containers/{id}/restart`
    ContainerRestart,
    /// `POST /containers/{id}/start`
    ContainerStart,
    /// `GET /containers/{id}/stats`
    ContainerStats,
    /// `POST /containers/{id}/stop`
    ContainerStop,
    /// `GET /containers/{id}/top`
    ContainerTop,
    /// `POST /containers/{id}/unpause`
    ContainerUnpause,
    /// `POST /containers/{id}/update`
    ContainerUpdate,
    /// `POST /containers/{id}/wait`
    ContainerWait,
    /// `GET /distribution/{name}/json`
    DistributionInspect,
    /// `POST /containers/{id}/exec`
    ContainerExec,
    /// `GET /exec/{id}/json`
    ExecInspect,
    /// `POST /exec/{id}/resize`
    ExecResize,
    /// `POST /exec/{id}/start`
    ExecStart,
    /// `POST /build`
    ImageBuild,
    /// `POST /build/prune`
    BuildPrune,
    /// `POST /commit`
    ImageCommit,
    /// `POST /images/create`
    ImageCreate,
    /// `GET /images/get`
    ImageGetAll,
    /// `GET /images/json`
    ImageList,
    /// `POST /images/load`
    ImageLoad,
    /// `POST /images/prune`
    ImagePrune,
    /// `GET /images/search`
    ImageSearch,
    /// `DELETE /images/{name}`
    ImageDelete,
    /// `GET /images/{name}/get`
    ImageGet,
    /// `GET /images/{name}/history`
    ImageHistory,
    /// `GET /images/{name}/json`
    ImageInspect,
    /// `POST /images/{name}/push`
    ImagePush,
    /// `POST /images/{name}/tag`
    ImageTag,
    /// `GET /networks`
    NetworkList,
    /// `POST /networks/create`
    NetworkCreate,
    /// `POST /networks/prune`
    NetworkPrune,
    /// `DELETE /networks/{id}`
    NetworkDelete,
    /// `GET /networks/{id}`
    NetworkInspect,
    /// `POST /networks/{id}/connect`
    NetworkConnect,
    /// `POST /networks/{id}/disconnect`
    NetworkDisconnect,
    /// `GET /nodes`
    NodeList,
    /// `DELETE /nodes/{id}`
    NodeDelete,
    /// `GET /nodes/{id}`
    NodeInspect,
    /// `POST /nodes/{id}/update`
    NodeUpdate,
    /// `GET /plugins`
    PluginList,
    /// `POST /plugins/create`
    PluginCreate,
    /// `GET /plugins/privileges`
    GetPluginPrivileges,
    /// `POST /plugins/pull`
    PluginPull,
    /// `DELETE /plugins/{name}`
    PluginDelete,
    /// `POST /plugins/{name}/disable`
    PluginDisable,
    /// `POST /plugins/{name}/enable`
    PluginEnable,
    /// `GET /plugins/{name}/json`
    PluginInspect,
    /// `POST /plugins/{name}/push`
    PluginPush,
    /// `POST /plugins/{name}/set`
    PluginSet,
    /// `POST /plugins/{name}/upgrade`
    PluginUpgrade,
    /// `GET /secrets`
    SecretList,
    /// `POST /secrets/create`
    SecretCreate,
    /// `DELETE /secrets/{id}`
    SecretDelete,
    /// `GET /secrets/{id}`
    SecretInspect,
    /// `POST /secrets/{id}/update`
    SecretUpdate,
    /// `GET /services`
    ServiceList,
    /// `POST /services/create`
    ServiceCreate,
    /// `DELETE /services/{id}`
    ServiceDelete,
    /// `GET /services/{id}`
    ServiceInspect,
    /// `GET /services/{id}/logs`
    ServiceLogs,
    /// `POST /services/{id}/update`
    ServiceUpdate,
    /// `POST /session`
    Session,
    /// `GET /swarm`
    SwarmInspect,
    /// `POST /swarm/init`
    SwarmInit,
    /// `POST /swarm/join`
    SwarmJoin,
    /// `POST /swarm/leave`
    SwarmLeave,
    /// `POST /swarm/unlock`
    SwarmUnlock,
    /// `GET /swarm/unlockkey`
    SwarmUnlockkey,
    /// `POST /swarm/update`
    SwarmUpdate,
    /// `GET /_ping`
    SystemPing,
    /// `HEAD /_ping`
    SystemPingHead,
    /// `POST /auth`
    SystemAuth,
    /// `GET /events`
    SystemEvents,
    /// `GET /info`
    SystemInfo,
    /// `GET /system/df`
    SystemDataUsage,
    /// `GET /version`
    SystemVersion,
    /// `GET /tasks`
    TaskList,
    /// `GET /tasks/{id}`
    TaskInspect,
    /// `GET /tasks/{id}/logs`
    TaskLogs,
    /// `GET /volumes`
    VolumeList,
    /// `POST /volumes/create`
    VolumeCreate,
    /// `POST /volumes/prune`
    VolumePrune,
    /// `DELETE /volumes/{name}`
    VolumeDelete,
    /// `GET /volumes/{name}`
    VolumeInspect,
}

impl Operation {
    /// All operations.
    pub const ALL: [Operation; 106] = [
        Operation::ConfigList,
        Operation::ConfigCreate,
        Operation::ConfigDelete,
        Operation::ConfigInspect,
        Operation::ConfigUpdate,
        Operation::ContainerCreate,
        Operation::ContainerList,
        Operation::ContainerPrune,
        Operation::ContainerDelete,
        Operation::ContainerArchive,
        Operation::ContainerArchiveInfo,
        Operation::PutContainerArchive,
        Operation::ContainerAttach,
        Operation::ContainerAttachWebsocket,
        Operation::ContainerChanges,
        Operation::ContainerExport,
        Operation::ContainerInspect,
        Operation::ContainerKill,
        Operation::ContainerLogs,
        Operation::ContainerPause,
        Operation::ContainerRename,
        Operation::ContainerResize,
        Operation::ContainerRestart,
        Operation::ContainerStart,
        Operation::ContainerStats,
        Operation::ContainerStop,
        Operation::ContainerTop,
        Operation::ContainerUnpause,
        Operation::ContainerUpdate,
        Operation::ContainerWait,
        Operation::DistributionInspect,
        Operation::ContainerExec,
        Operation::ExecInspect,
        Operation::ExecResize,
        Operation::ExecStart,
        Operation::ImageBuild,
        Operation::BuildPrune,
        Operation::ImageCommit,
        Operation::ImageCreate,
        Operation::ImageGetAll,
        Operation::ImageList,
        Operation::ImageLoad,
        Operation::ImagePrune,
        Operation::ImageSearch,
        Operation::ImageDelete,
        Operation::ImageGet,
        Operation::ImageHistory,
        Operation::ImageInspect,
        Operation::ImagePush,
        Operation::ImageTag,
        Operation::NetworkList,
        Operation::NetworkCreate,
        Operation::NetworkPrune,
        Operation::NetworkDelete,
        Operation::NetworkInspect,
        Operation::NetworkConnect,
        Operation::NetworkDisconnect,
        Operation::NodeList,
        Operation::NodeDelete,
        Operation::NodeInspect,
        Operation::NodeUpdate,
        Operation::PluginList,
        Operation::PluginCreate,
        Operation::GetPluginPrivileges,
        Operation::PluginPull,
        Operation::PluginDelete,
        Operation::PluginDisable,
        Operation::PluginEnable,
        Operation::PluginInspect,
        Operation::PluginPush,
        Operation::PluginSet,
        Operation::PluginUpgrade,
        Operation::SecretList,
        Operation::SecretCreate,
        Operation::SecretDelete,
        Operation::SecretInspect,
        Operation::SecretUpdate,
        Operation::ServiceList,
        Operation::ServiceCreate,
        Operation::ServiceDelete,
        Operation::ServiceInspect,
        Operation::ServiceLogs,
        Operation::ServiceUpdate,
        Operation::Session,
        Operation::SwarmInspect,
        Operation::SwarmInit,
        Operation::SwarmJoin,
        Operation::SwarmLeave,
        Operation::SwarmUnlock,
        Operation::SwarmUnlockkey,
        Operation::SwarmUpdate,
        Operation::SystemPing,
        Operation::SystemPingHead,
        Operation::SystemAuth,
        Operation::SystemEvents,
        Operation::SystemInfo,
        Operation::SystemDataUsage,
        Operation::SystemVersion,
        Operation::TaskList,
        Operation::TaskInspect,
        Operation::TaskLogs,
        Operation::VolumeList,
        Operation::VolumeCreate,
        Operation::VolumePrune,
        Operation::VolumeDelete,
        Operation::VolumeInspect,
    ];
    /// The document's name for it.
    pub const fn id(self) -> &'static str {
        match self {
            Operation::ConfigList => "ConfigList",
            Operation::ConfigCreate => "ConfigCreate",
            Operation::ConfigDelete => "ConfigDelete",
            Operation::ConfigInspect => "ConfigInspect",
            Operation::ConfigUpdate => "ConfigUpdate",
            Operation::ContainerCreate => "ContainerCreate",
            Operation::ContainerList => "ContainerList",
            Operation::ContainerPrune => "ContainerPrune",
            Operation::ContainerDelete => "ContainerDelete",
            Operation::ContainerArchive => "ContainerArchive",
            Operation::ContainerArchiveInfo => "ContainerArchiveInfo",
            Operation::PutContainerArchive => "PutContainerArchive",
            Operation::ContainerAttach => "ContainerAttach",
            Operation::ContainerAttachWebsocket => "ContainerAttachWebsocket",
            Operation::ContainerChanges => "ContainerChanges",
            Operation::ContainerExport => "ContainerExport",
            Operation::ContainerInspect => "ContainerInspect",
            Operation::ContainerKill => "ContainerKill",
            Operation::ContainerLogs => "ContainerLogs",
            Operation::ContainerPause => "ContainerPause",
            Operation::ContainerRename => "ContainerRename",
            Operation::ContainerResize => "ContainerResize",
            Operation::ContainerRestart => "ContainerRestart",
            Operation::ContainerStart => "ContainerStart",
            Operation::ContainerStats => "ContainerStats",
            Operation::ContainerStop => "ContainerStop",
            Operation::ContainerTop => "ContainerTop",
            Operation::ContainerUnpause => "ContainerUnpause",
            Operation::ContainerUpdate => "ContainerUpdate",
            Operation::ContainerWait => "ContainerWait",
            Operation::DistributionInspect => "DistributionInspect",
            Operation::ContainerExec => "ContainerExec",
            Operation::ExecInspect => "ExecInspect",
            Operation::ExecResize => "ExecResize",
            Operation::ExecStart => "ExecStart",
            Operation::ImageBuild => "ImageBuild",
            Operation::BuildPrune => "BuildPrune",
            Operation::ImageCommit => "ImageCommit",
            Operation::ImageCreate => "ImageCreate",
            Operation::ImageGetAll => "ImageGetAll",
            Operation::ImageList => "ImageList",
            Operation::ImageLoad => "ImageLoad",
            Operation::ImagePrune => "ImagePrune",
            Operation::ImageSearch => "ImageSearch",
            Operation::ImageDelete => "ImageDelete",
            Operation::ImageGet => "ImageGet",
            Operation::ImageHistory => "ImageHistory",
            Operation::ImageInspect => "ImageInspect",
            Operation::ImagePush => "ImagePush",
            Operation::ImageTag => "ImageTag",
            Operation::NetworkList => "NetworkList",
            Operation::NetworkCreate => "NetworkCreate",
            Operation::NetworkPrune => "NetworkPrune",
            Operation::NetworkDelete => "NetworkDelete",
            Operation::NetworkInspect => "NetworkInspect",
            Operation::NetworkConnect => "NetworkConnect",
            Operation::NetworkDisconnect => "NetworkDisconnect",
            Operation::NodeList => "NodeList",
            Operation::NodeDelete => "NodeDelete",
            Operation::NodeInspect => "NodeInspect",
            Operation::NodeUpdate => "NodeUpdate",
            Operation::PluginList => "PluginList",
            Operation::PluginCreate => "PluginCreate",
            Operation::GetPluginPrivileges => "GetPluginPrivileges",
            Operation::PluginPull => "PluginPull",
            Operation::PluginDelete => "PluginDelete",
            Operation::PluginDisable => "PluginDisable",
            Operation::PluginEnable => "PluginEnable",
            Operation::PluginInspect => "PluginInspect",
            Operation::PluginPush => "PluginPush",
            Operation::PluginSet => "PluginSet",
            Operation::PluginUpgrade => "PluginUpgrade",
            Operation::SecretList => "SecretList",
            Operation::SecretCreate => "SecretCreate",
            Operation::SecretDelete => "SecretDelete",
            Operation::SecretInspect => "SecretInspect",
            Operation::SecretUpdate => "SecretUpdate",
            Operation::ServiceList => "ServiceList",
            Operation::ServiceCreate => "ServiceCreate",
            Operation::ServiceDelete => "ServiceDelete",
            Operation::ServiceInspect => "ServiceInspect",
            Operation::ServiceLogs => "ServiceLogs",
            Operation::ServiceUpdate => "ServiceUpdate",
            Operation::Session => "Session",
            Operation::SwarmInspect => "SwarmInspect",
            Operation::SwarmInit => "SwarmInit",
            Operation::SwarmJoin => "SwarmJoin",
            Operation::SwarmLeave => "SwarmLeave",
            Operation::SwarmUnlock => "SwarmUnlock",
            Operation::SwarmUnlockkey => "SwarmUnlockkey",
            Operation::SwarmUpdate => "SwarmUpdate",
            Operation::SystemPing => "SystemPing",
            Operation::SystemPingHead => "SystemPingHead",
            Operation::SystemAuth => "SystemAuth",
            Operation::SystemEvents => "SystemEvents",
            Operation::SystemInfo => "SystemInfo",
            Operation::SystemDataUsage => "SystemDataUsage",
            Operation::SystemVersion => "SystemVersion",
            Operation::TaskList => "TaskList",
            Operation::TaskInspect => "TaskInspect",
            Operation::TaskLogs => "TaskLogs",
            Operation::VolumeList => "VolumeList",
            Operation::VolumeCreate => "VolumeCreate",
            Operation::VolumePrune => "VolumePrune",
            Operation::VolumeDelete => "VolumeDelete",
            Operation::VolumeInspect => "VolumeInspect",
        }
    }

    /// The group it belongs to.
    pub const fn tag(self) -> Tag {
        match self {
            Operation::ConfigList
            | Operation::ConfigCreate
            | Operation::ConfigDelete
            | Operation::ConfigInspect
            | Operation::ConfigUpdate => Tag::Config,
            Operation::ContainerCreate
            | Operation::ContainerList
            | Operation::ContainerPrune
            | Operation::ContainerDelete
            | Operation::ContainerArchive
            | Operation::ContainerArchiveInfo
            | Operation::PutContainerArchive
            | Operation::ContainerAttach
            | Operation::ContainerAttachWebsocket
            | Operation::ContainerChanges
            | Operation::ContainerExport
            | Operation::ContainerInspect
            | Operation::ContainerKill
            | Operation::ContainerLogs
            | Operation::ContainerPause
            | Operation::ContainerRename
            | Operation::ContainerResize
            | Operation::ContainerRestart
            | Operation::ContainerStart
            | Operation::ContainerStats
            | Operation::ContainerStop
            | Operation::ContainerTop
            | Operation::ContainerUnpause
            | Operation::ContainerUpdate
            | Operation::ContainerWait => Tag::Container,
            Operation::DistributionInspect => Tag::Distribution,
            Operation::ContainerExec
            | Operation::ExecInspect
            | Operation::ExecResize
            | Operation::ExecStart => Tag::Exec,
            Operation::ImageBuild
            | Operation::BuildPrune
            | Operation::ImageCommit
            | Operation::ImageCreate
            | Operation::ImageGetAll
            | Operation::ImageList
            | Operation::ImageLoad
            | Operation::ImagePrune
            | Operation::ImageSearch
            | Operation::ImageDelete
            | Operation::ImageGet
            | Operation::ImageHistory
            | Operation::ImageInspect
            | Operation::ImagePush
            | Operation::ImageTag => Tag::Image,
            Operation::NetworkList
            | Operation::NetworkCreate
            | Operation::NetworkPrune
            | Operation::NetworkDelete
            | Operation::NetworkInspect
            | Operation::NetworkConnect
            | Operation::NetworkDisconnect => Tag::Network,
            Operation::NodeList
            | Operation::NodeDelete
            | Operation::NodeInspect
            | Operation::NodeUpdate => Tag::Node,
            Operation::PluginList
            | Operation::PluginCreate
            | Operation::GetPluginPrivileges
            | Operation::PluginPull
            | Operation::PluginDelete
            | Operation::PluginDisable
            | Operation::PluginEnable
            | Operation::PluginInspect
            | Operation::PluginPush
            | Operation::PluginSet
            | Operation::PluginUpgrade => Tag::Plugin,
            Operation::SecretList
            | Operation::SecretCreate
            | Operation::SecretDelete
            | Operation::SecretInspect
            | Operation::SecretUpdate => Tag::Secret,
            Operation::ServiceList
            | Operation::ServiceCreate
            | Operation::ServiceDelete
            | Operation::ServiceInspect
            | Operation::ServiceLogs
            | Operation::ServiceUpdate => Tag::Service,
            Operation::Session => Tag::Session,
            Operation::SwarmInspect
            | Operation::SwarmInit
            | Operation::SwarmJoin
            | Operation::SwarmLeave
            | Operation::SwarmUnlock
            | Operation::SwarmUnlockkey
            | Operation::SwarmUpdate => Tag::Swarm,
            Operation::SystemPing
            | Operation::SystemPingHead
            | Operation::SystemAuth
            | Operation::SystemEvents
            | Operation::SystemInfo
            | Operation::SystemDataUsage
            | Operation::SystemVersion => Tag::System,
            Operation::TaskList | Operation::TaskInspect | Operation::TaskLogs => Tag::Task,
            Operation::VolumeList
            | Operation::VolumeCreate
            | Operation::VolumePrune
            | Operation::VolumeDelete
            | Operation::VolumeInspect => Tag::Volume,
        }
    }
}

/// Every route, by the first part of its path; within it in the order
/// in which they are tried.
pub static ROUTES: [Route; 106] = [
    Route {
        operation: Operation::SystemPing,
        method: Method::GET,
        path: Pattern::exact("/_ping"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SystemPingHead,
        method: Method::HEAD,
        path: Pattern::exact("/_ping"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SystemAuth,
        method: Method::POST,
        path: Pattern::exact("/auth"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageBuild,
        method: Method::POST,
        path: Pattern::exact("/build"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::BuildPrune,
        method: Method::POST,
        path: Pattern::exact("/build/prune"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageCommit,
        method: Method::POST,
        path: Pattern::exact("/commit"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ConfigList,
        method: Method::GET,
        path: Pattern::exact("/configs"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ConfigCreate,
        method: Method::POST,
        path: Pattern::exact("/configs/create"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ConfigUpdate,
        method: Method::POST,
        path: Pattern::named("/configs/", Name::Segment, "/update"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ConfigDelete,
        method: Method::DELETE,
        path: Pattern::named("/configs/", Name::Segment, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ConfigInspect,
        method: Method::GET,
        path: Pattern::named("/configs/", Name::Segment, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerCreate,
        method: Method::POST,
        path: Pattern::exact("/containers/create"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerList,
        method: Method::GET,
        path: Pattern::exact("/containers/json"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerPrune,
        method: Method::POST,
        path: Pattern::exact("/containers/prune"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerAttachWebsocket,
        method: Method::GET,
        path: Pattern::named("/containers/", Name::Greedy, "/attach/ws"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerArchive,
        method: Method::GET,
        path: Pattern::named("/containers/", Name::Greedy, "/archive"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerArchiveInfo,
        method: Method::HEAD,
        path: Pattern::named("/containers/", Name::Greedy, "/archive"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::PutContainerArchive,
        method: Method::PUT,
        path: Pattern::named("/containers/", Name::Greedy, "/archive"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerChanges,
        method: Method::GET,
        path: Pattern::named("/containers/", Name::Greedy, "/changes"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerRestart,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/restart"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerUnpause,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/unpause"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerAttach,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/attach"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerExport,
        method: Method::GET,
        path: Pattern::named("/containers/", Name::Greedy, "/export"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerRename,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/rename"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerResize,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/resize"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerUpdate,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/update"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerPause,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/pause"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerStart,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/start"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerStats,
        method: Method::GET,
        path: Pattern::named("/containers/", Name::Greedy, "/stats"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerInspect,
        method: Method::GET,
        path: Pattern::named("/containers/", Name::Greedy, "/json"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerKill,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/kill"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerLogs,
        method: Method::GET,
        path: Pattern::named("/containers/", Name::Greedy, "/logs"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerStop,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/stop"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerWait,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/wait"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerExec,
        method: Method::POST,
        path: Pattern::named("/containers/", Name::Greedy, "/exec"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerTop,
        method: Method::GET,
        path: Pattern::named("/containers/", Name::Greedy, "/top"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ContainerDelete,
        method: Method::DELETE,
        path: Pattern::named("/containers/", Name::Greedy, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::DistributionInspect,
        method: Method::GET,
        path: Pattern::named("/distribution/", Name::Greedy, "/json"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SystemEvents,
        method: Method::GET,
        path: Pattern::exact("/events"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ExecResize,
        method: Method::POST,
        path: Pattern::named("/exec/", Name::Greedy, "/resize"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ExecStart,
        method: Method::POST,
        path: Pattern::named("/exec/", Name::Greedy, "/start"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ExecInspect,
        method: Method::GET,
        path: Pattern::named("/exec/", Name::Greedy, "/json"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageCreate,
        method: Method::POST,
        path: Pattern::exact("/images/create"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageGetAll,
        method: Method::GET,
        path: Pattern::exact("/images/get"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageList,
        method: Method::GET,
        path: Pattern::exact("/images/json"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageLoad,
        method: Method::POST,
        path: Pattern::exact("/images/load"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImagePrune,
        method: Method::POST,
        path: Pattern::exact("/images/prune"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageSearch,
        method: Method::GET,
        path: Pattern::exact("/images/search"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageHistory,
        method: Method::GET,
        path: Pattern::named("/images/", Name::Greedy, "/history"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageInspect,
        method: Method::GET,
        path: Pattern::named("/images/", Name::Greedy, "/json"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImagePush,
        method: Method::POST,
        path: Pattern::named("/images/", Name::Greedy, "/push"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageGet,
        method: Method::GET,
        path: Pattern::named("/images/", Name::Greedy, "/get"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageTag,
        method: Method::POST,
        path: Pattern::named("/images/", Name::Greedy, "/tag"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ImageDelete,
        method: Method::DELETE,
        path: Pattern::named("/images/", Name::Greedy, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SystemInfo,
        method: Method::GET,
        path: Pattern::exact("/info"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::NetworkList,
        method: Method::GET,
        path: Pattern::exact("/networks"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::NetworkCreate,
        method: Method::POST,
        path: Pattern::exact("/networks/create"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::NetworkPrune,
        method: Method::POST,
        path: Pattern::exact("/networks/prune"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::NetworkDisconnect,
        method: Method::POST,
        path: Pattern::named("/networks/", Name::Greedy, "/disconnect"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::NetworkConnect,
        method: Method::POST,
        path: Pattern::named("/networks/", Name::Greedy, "/connect"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::NetworkDelete,
        method: Method::DELETE,
        path: Pattern::named("/networks/", Name::Greedy, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::NetworkInspect,
        method: Method::GET,
        path: Pattern::named("/networks/", Name::Greedy, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::NodeList,
        method: Method::GET,
        path: Pattern::exact("/nodes"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::NodeUpdate,
        method: Method::POST,
        path: Pattern::named("/nodes/", Name::Segment, "/update"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::NodeDelete,
        method: Method::DELETE,
        path: Pattern::named("/nodes/", Name::Segment, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::NodeInspect,
        method: Method::GET,
        path: Pattern::named("/nodes/", Name::Segment, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::PluginList,
        method: Method::GET,
        path: Pattern::exact("/plugins"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::PluginCreate,
        method: Method::POST,
        path: Pattern::exact("/plugins/create"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::GetPluginPrivileges,
        method: Method::GET,
        path: Pattern::exact("/plugins/privileges"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::PluginPull,
        method: Method::POST,
        path: Pattern::exact("/plugins/pull"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::PluginDisable,
        method: Method::POST,
        path: Pattern::named("/plugins/", Name::Greedy, "/disable"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::PluginUpgrade,
        method: Method::POST,
        path: Pattern::named("/plugins/", Name::Greedy, "/upgrade"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::PluginEnable,
        method: Method::POST,
        path: Pattern::named("/plugins/", Name::Greedy, "/enable"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::PluginInspect,
        method: Method::GET,
        path: Pattern::named("/plugins/", Name::Greedy, "/json"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::PluginPush,
        method: Method::POST,
        path: Pattern::named("/plugins/", Name::Greedy, "/push"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::PluginSet,
        method: Method::POST,
        path: Pattern::named("/plugins/", Name::Greedy, "/set"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::PluginDelete,
        method: Method::DELETE,
        path: Pattern::named("/plugins/", Name::Greedy, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SecretList,
        method: Method::GET,
        path: Pattern::exact("/secrets"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SecretCreate,
        method: Method::POST,
        path: Pattern::exact("/secrets/create"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SecretUpdate,
        method: Method::POST,
        path: Pattern::named("/secrets/", Name::Segment, "/update"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SecretDelete,
        method: Method::DELETE,
        path: Pattern::named("/secrets/", Name::Segment, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SecretInspect,
        method: Method::GET,
        path: Pattern::named("/secrets/", Name::Segment, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ServiceList,
        method: Method::GET,
        path: Pattern::exact("/services"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ServiceCreate,
        method: Method::POST,
        path: Pattern::exact("/services/create"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ServiceUpdate,
        method: Method::POST,
        path: Pattern::named("/services/", Name::Segment, "/update"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ServiceLogs,
        method: Method::GET,
        path: Pattern::named("/services/", Name::Segment, "/logs"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ServiceDelete,
        method: Method::DELETE,
        path: Pattern::named("/services/", Name::Segment, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::ServiceInspect,
        method: Method::GET,
        path: Pattern::named("/services/", Name::Segment, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::Session,
        method: Method::POST,
        path: Pattern::exact("/session"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SwarmInspect,
        method: Method::GET,
        path: Pattern::exact("/swarm"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SwarmInit,
        method: Method::POST,
        path: Pattern::exact("/swarm/init"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SwarmJoin,
        method: Method::POST,
        path: Pattern::exact("/swarm/join"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SwarmLeave,
        method: Method::POST,
        path: Pattern::exact("/swarm/leave"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SwarmUnlock,
        method: Method::POST,
        path: Pattern::exact("/swarm/unlock"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SwarmUnlockkey,
        method: Method::GET,
        path: Pattern::exact("/swarm/unlockkey"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SwarmUpdate,
        method: Method::POST,
        path: Pattern::exact("/swarm/update"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SystemDataUsage,
        method: Method::GET,
        path: Pattern::exact("/system/df"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::TaskList,
        method: Method::GET,
        path: Pattern::exact("/tasks"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::TaskLogs,
        method: Method::GET,
        path: Pattern::named("/tasks/", Name::Segment, "/logs"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::TaskInspect,
        method: Method::GET,
        path: Pattern::named("/tasks/", Name::Segment, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::SystemVersion,
        method: Method::GET,
        path: Pattern::exact("/version"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::VolumeList,
        method: Method::GET,
        path: Pattern::exact("/volumes"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::VolumeCreate,
        method: Method::POST,
        path: Pattern::exact("/volumes/create"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::VolumePrune,
        method: Method::POST,
        path: Pattern::exact("/volumes/prune"),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::VolumeDelete,
        method: Method::DELETE,
        path: Pattern::named("/volumes/", Name::Greedy, ""),
        since: None,
        until: None,
    },
    Route {
        operation: Operation::VolumeInspect,
        method: Method::GET,
        path: Pattern::named("/volumes/", Name::Greedy, ""),
        since: None,
        until: None,
    },
];
/// The route of a path, and the name in it.
pub fn find<'p>(method: &Method, path: &'p str) -> Option<(&'static Route, &'p str)> {
    let first = path.strip_prefix('/')?.split('/').next()?;
    let candidates = match first {
        "_ping" => &ROUTES[0..2],
        "auth" => &ROUTES[2..3],
        "build" => &ROUTES[3..5],
        "commit" => &ROUTES[5..6],
        "configs" => &ROUTES[6..11],
        "containers" => &ROUTES[11..37],
        "distribution" => &ROUTES[37..38],
        "events" => &ROUTES[38..39],
        "exec" => &ROUTES[39..42],
        "images" => &ROUTES[42..54],
        "info" => &ROUTES[54..55],
        "networks" => &ROUTES[55..62],
        "nodes" => &ROUTES[62..66],
        "plugins" => &ROUTES[66..77],
        "secrets" => &ROUTES[77..82],
        "services" => &ROUTES[82..88],
        "session" => &ROUTES[88..89],
        "swarm" => &ROUTES[89..96],
        "system" => &ROUTES[96..97],
        "tasks" => &ROUTES[97..100],
        "version" => &ROUTES[100..101],
        "volumes" => &ROUTES[101..106],
        _ => return None,
    };
    candidates
        .iter()
        .filter(|route| route.method == *method)
        .find_map(|route| Some((route, route.path.find(path)?)))
}

/// The answer of an operation that nobody implements.
pub(crate) fn not_implemented(operation: Operation) -> ApiError {
    ApiError::not_implemented(format!(
        "{} is not implemented by this server",
        operation.id()
    ))
}
