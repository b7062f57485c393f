// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Session.

use crate::body::Hijack;
use crate::context::Context;
use crate::error::ApiError;
use crate::generated::routes::{Operation, not_implemented};

/// Sessions for builds.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Session: Send + Sync + 'static {
    /// Turns the connection into one over which the server calls the client.
    ///
    /// `POST /session`
    fn session(
        &self,
        _cx: Context,
        _docker_expose_session_uuid: Option<String>,
        _docker_expose_session_name: Option<String>,
        _docker_expose_session_sharedkey: Option<String>,
        _docker_expose_session_grpc_method: Option<String>,
    ) -> impl Future<Output = Result<Hijack, ApiError>> + Send {
        async { Err(not_implemented(Operation::Session)) }
    }
}
