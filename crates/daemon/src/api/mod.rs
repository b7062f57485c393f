//! The API on the engine: one file for each trait. A method decodes, calls the
//! engine, encodes; nothing else.

mod build;
mod container;
mod distribution;
mod events;
mod exec;
mod image;
mod network;
mod older;
mod plugin;
mod registry;
mod session;
mod swarm;
mod system;
mod volume;

use std::sync::Arc;

use longshore_api::error::{ApiError, ErrorKind};
use longshore_api::routes::Tag;
use longshore_api::scalar::Timestamp;
use longshore_api::server::{Router, ServerInfo};
use longshore_engine::Engine;
use longshore_engine::error::{Error, ErrorKind as Kind};

use crate::about;

/// What dockerd answers to the whole swarm family on a node outside a swarm;
/// clients list services first and go on when they read this.
const NO_SWARM: &str = "This node is not a swarm manager. Use \"docker swarm init\" or \"docker \
                        swarm join\" to connect this node to swarm and try again.";

/// The implementor of the traits.
#[derive(Clone)]
pub(crate) struct Api {
    engine: Engine,
}

/// Everything that this engine serves; what is not mounted answers 501.
pub(crate) fn router(engine: &Engine) -> Router {
    let api = Arc::new(Api {
        engine: engine.clone(),
    });
    let info = ServerInfo {
        // Clients parse `Docker/VERSION (OS)`.
        server: format!("Docker/{} (linux)", about::VERSION),
        ..ServerInfo::default()
    };
    let mut router = Router::new(info)
        .system(Arc::clone(&api))
        .container(Arc::clone(&api))
        .distribution(Arc::clone(&api))
        .exec(Arc::clone(&api))
        .image(Arc::clone(&api))
        .network(Arc::clone(&api))
        .plugin(Arc::clone(&api))
        .session(Arc::clone(&api))
        .volume(Arc::clone(&api))
        .swarm(api);
    for tag in [Tag::Node, Tag::Service, Tag::Task, Tag::Secret, Tag::Config] {
        router = router.refuse(tag, ApiError::unavailable(NO_SWARM));
    }
    router
}

/// A time of the wire as an instant; one that no clock shows is refused.
fn instant(time: Option<Timestamp>) -> Result<Option<jiff::Timestamp>, ApiError> {
    let read = |time: Timestamp| {
        jiff::Timestamp::from_nanosecond(time.unix_nanoseconds())
            .map_err(|error| ApiError::bad_parameter(error.to_string()))
    };
    time.map(read).transpose()
}

/// The engine's error as the API's: kind for kind, text for text.
fn failed(error: Error) -> ApiError {
    let kind = match error.kind {
        Kind::BadParameter => ErrorKind::BadParameter,
        Kind::Unauthorized => ErrorKind::Unauthorized,
        Kind::Forbidden => ErrorKind::Forbidden,
        Kind::NotFound => ErrorKind::NotFound,
        Kind::Conflict => ErrorKind::Conflict,
        Kind::TooManyRequests => ErrorKind::TooManyRequests,
        Kind::System => ErrorKind::System,
        Kind::NotImplemented => ErrorKind::NotImplemented,
        Kind::Unavailable => ErrorKind::Unavailable,
    };
    ApiError::new(kind, error.message)
}
