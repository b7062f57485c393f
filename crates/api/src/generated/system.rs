// Written by `cargo xtask gen`. Do not edit.

//! The operations of group System.

use crate::body::{JsonLines, Text};
use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::scalar::Timestamp;
use crate::version::ApiVersion;

/// The server itself.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait System: Send + Sync + 'static {
    /// Answers, so that clients see that the server is there and which version it speaks.
    ///
    /// `GET /_ping`
    fn system_ping(&self, _cx: Context) -> impl Future<Output = Result<Text, ApiError>> + Send {
        async { Err(not_implemented(Operation::SystemPing)) }
    }

    /// Checks credentials for a registry.
    ///
    /// `POST /auth`
    fn system_auth(
        &self,
        _cx: Context,
        _body: types::AuthConfig,
    ) -> impl Future<Output = Result<types::SystemAuthResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::SystemAuth)) }
    }

    /// Sends what happens, live, and what happened since a time.
    ///
    /// `GET /events`
    fn system_events(
        &self,
        _cx: Context,
        _query: SystemEventsQuery,
    ) -> impl Future<Output = Result<JsonLines<types::EventMessage>, ApiError>> + Send {
        async { Err(not_implemented(Operation::SystemEvents)) }
    }

    /// Tells about the server and the machine it runs on.
    ///
    /// `GET /info`
    fn system_info(
        &self,
        _cx: Context,
    ) -> impl Future<Output = Result<types::SystemInfo, ApiError>> + Send {
        async { Err(not_implemented(Operation::SystemInfo)) }
    }

    /// Tells how much disk space everything takes.
    ///
    /// `GET /system/df`
    fn system_data_usage(
        &self,
        _cx: Context,
    ) -> impl Future<Output = Result<types::SystemDataUsageResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::SystemDataUsage)) }
    }

    /// Tells the versions of the server and its parts.
    ///
    /// `GET /version`
    fn system_version(
        &self,
        _cx: Context,
    ) -> impl Future<Output = Result<types::SystemVersion, ApiError>> + Send {
        async { Err(not_implemented(Operation::SystemVersion)) }
    }
}

/// The query of `GET /events`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SystemEventsQuery {
    /// `since`: a time, in seconds since the epoch with a fraction.
    pub since: Option<Timestamp>,
    /// `until`: a time, in seconds since the epoch with a fraction.
    pub until: Option<Timestamp>,
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl SystemEventsQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<SystemEventsQuery, ApiError> {
        Ok(SystemEventsQuery {
            since: params.time("since")?,
            until: params.time("until")?,
            filters: params.filters("filters")?,
        })
    }
}
