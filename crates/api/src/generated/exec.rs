// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Exec.

use crate::body::Hijack;
use crate::context::Context;
use crate::error::ApiError;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::version::ApiVersion;

/// Further processes in running containers.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Exec: Send + Sync + 'static {
    /// Prepares a further process in a running container.
    ///
    /// `POST /containers/{id}/exec`
    fn container_exec(
        &self,
        _cx: Context,
        _id: String,
        _body: types::ContainerExecRequest,
    ) -> impl Future<Output = Result<types::IdResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ContainerExec)) }
    }

    /// Tells everything about a further process.
    ///
    /// `GET /exec/{id}/json`
    fn exec_inspect(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<types::ExecInspectResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ExecInspect)) }
    }

    /// Sets the size of the terminal of a further process.
    ///
    /// `POST /exec/{id}/resize`
    fn exec_resize(
        &self,
        _cx: Context,
        _id: String,
        _query: ExecResizeQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ExecResize)) }
    }

    /// Starts a prepared process, attached to the client unless detached.
    ///
    /// `POST /exec/{id}/start`
    fn exec_start(
        &self,
        _cx: Context,
        _id: String,
        _body: types::ExecStartRequest,
    ) -> impl Future<Output = Result<ExecStartResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ExecStart)) }
    }
}

/// How `POST /exec/{id}/start` can succeed.
#[derive(Debug)]
pub enum ExecStartResponse {
    /// The connection leaves HTTP.
    Hijacked(Hijack),
    /// Status 200.
    Empty,
}

/// The query of `POST /exec/{id}/resize`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExecResizeQuery {
    /// `h`: a number, which has to be there.
    pub h: i64,
    /// `w`: a number, which has to be there.
    pub w: i64,
}

impl ExecResizeQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ExecResizeQuery, ApiError> {
        Ok(ExecResizeQuery {
            h: params.required_integer("h")?,
            w: params.required_integer("w")?,
        })
    }
}
