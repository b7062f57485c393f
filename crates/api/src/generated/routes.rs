// Written by `cargo xtask gen`. Do not edit.

//! Operations and routes.
#![allow(missing_docs)]

use http::Method;

use crate::error::ApiError;
use crate::route::{Name, Pattern, Route};
use crate::version::ApiVersion;

/// The newest version.
pub const NEWEST: ApiVersion = ApiVersion::new(1, 40);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    Container,
    System,
}

impl Tag {
    pub const ALL: [Tag; 2] = [Tag::Container, Tag::System];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    ContainerList,
    ContainerCreate,
    ContainerAttach,
    ContainerAttachWebsocket,
    ContainerWait,
    ContainerStart,
    ContainerLogs,
    ContainerStats,
    PutContainerArchive,
    SystemPing,
    SystemPingHead,
}

impl Operation {
    pub fn id(self) -> &'static str {
        match self {
            Operation::ContainerList => "ContainerList",
            _ => "x",
        }
    }
    pub fn tag(self) -> Tag {
        match self {
            Operation::SystemPing | Operation::SystemPingHead => Tag::System,
            _ => Tag::Container,
        }
    }
}

pub(crate) fn not_implemented(operation: Operation) -> ApiError {
    ApiError::not_implemented(format!(
        "{} is not implemented by this server",
        operation.id()
    ))
}

pub static ROUTES: [Route; 11] = [
    route(Operation::SystemPing, Method::GET, Pattern::exact("/_ping")),
    route(
        Operation::SystemPingHead,
        Method::HEAD,
        Pattern::exact("/_ping"),
    ),
    route(
        Operation::ContainerList,
        Method::GET,
        Pattern::exact("/containers/json"),
    ),
    route(
        Operation::ContainerCreate,
        Method::POST,
        Pattern::exact("/containers/create"),
    ),
    route(
        Operation::ContainerAttachWebsocket,
        Method::GET,
        Pattern::named("/containers/", Name::Greedy, "/attach/ws"),
    ),
    route(
        Operation::ContainerAttach,
        Method::POST,
        Pattern::named("/containers/", Name::Greedy, "/attach"),
    ),
    route(
        Operation::ContainerWait,
        Method::POST,
        Pattern::named("/containers/", Name::Greedy, "/wait"),
    ),
    route(
        Operation::ContainerStart,
        Method::POST,
        Pattern::named("/containers/", Name::Greedy, "/start"),
    ),
    route(
        Operation::ContainerLogs,
        Method::GET,
        Pattern::named("/containers/", Name::Greedy, "/logs"),
    ),
    route(
        Operation::ContainerStats,
        Method::GET,
        Pattern::named("/containers/", Name::Greedy, "/stats"),
    ),
    route(
        Operation::PutContainerArchive,
        Method::PUT,
        Pattern::named("/containers/", Name::Greedy, "/archive"),
    ),
];

const fn route(operation: Operation, method: Method, path: Pattern) -> Route {
    Route {
        operation,
        method,
        path,
        since: None,
        until: None,
    }
}

pub fn find<'p>(method: &Method, path: &'p str) -> Option<(&'static Route, &'p str)> {
    let first = path.strip_prefix('/')?.split('/').next()?;
    let candidates = match first {
        "_ping" => &ROUTES[0..2],
        "containers" => &ROUTES[2..11],
        _ => return None,
    };
    candidates
        .iter()
        .filter(|route| route.method == *method)
        .find_map(|route| Some((route, route.path.find(path)?)))
}
