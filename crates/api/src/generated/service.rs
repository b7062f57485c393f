// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Service.

use crate::body::LogStream;
use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::registry_auth::RegistryAuth;
use crate::scalar::Timestamp;
use crate::version::ApiVersion;

/// Services of a swarm.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Service: Send + Sync + 'static {
    /// Lists services.
    ///
    /// `GET /services`
    fn service_list(
        &self,
        _cx: Context,
        _query: ServiceListQuery,
    ) -> impl Future<Output = Result<Vec<types::Service>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ServiceList)) }
    }

    /// Creates a service.
    ///
    /// `POST /services/create`
    fn service_create(
        &self,
        _cx: Context,
        _registry_auth: RegistryAuth,
        _body: types::ServiceSpec,
    ) -> impl Future<Output = Result<types::ServiceCreateResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ServiceCreate)) }
    }

    /// Removes a service.
    ///
    /// `DELETE /services/{id}`
    fn service_delete(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ServiceDelete)) }
    }

    /// Tells everything about one service.
    ///
    /// `GET /services/{id}`
    fn service_inspect(
        &self,
        _cx: Context,
        _id: String,
        _query: ServiceInspectQuery,
    ) -> impl Future<Output = Result<types::Service, ApiError>> + Send {
        async { Err(not_implemented(Operation::ServiceInspect)) }
    }

    /// Sends what the tasks of a service have written.
    ///
    /// `GET /services/{id}/logs`
    fn service_logs(
        &self,
        _cx: Context,
        _id: String,
        _query: ServiceLogsQuery,
    ) -> impl Future<Output = Result<LogStream, ApiError>> + Send {
        async { Err(not_implemented(Operation::ServiceLogs)) }
    }

    /// Changes a service, or goes back to what it was.
    ///
    /// `POST /services/{id}/update`
    fn service_update(
        &self,
        _cx: Context,
        _id: String,
        _query: ServiceUpdateQuery,
        _registry_auth: RegistryAuth,
        _body: types::ServiceSpec,
    ) -> impl Future<Output = Result<types::ServiceUpdateResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ServiceUpdate)) }
    }
}

/// The query of `GET /services`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceListQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl ServiceListQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ServiceListQuery, ApiError> {
        Ok(ServiceListQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `GET /services/{id}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceInspectQuery {
    /// `insertDefaults`: a boolean in Go's spellings.
    pub insert_defaults: bool,
}

impl ServiceInspectQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ServiceInspectQuery, ApiError> {
        Ok(ServiceInspectQuery {
            insert_defaults: params.strict_flag("insertDefaults")?,
        })
    }
}

/// The query of `GET /services/{id}/logs`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceLogsQuery {
    /// `details`: a boolean.
    pub details: bool,
    /// `follow`: a boolean.
    pub follow: bool,
    /// `stdout`: a boolean.
    pub stdout: bool,
    /// `stderr`: a boolean.
    pub stderr: bool,
    /// `since`: a time, in seconds since the epoch with a fraction.
    pub since: Option<Timestamp>,
    /// `timestamps`: a boolean.
    pub timestamps: bool,
    /// `tail`: a text.
    pub tail: Option<String>,
}

impl ServiceLogsQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ServiceLogsQuery, ApiError> {
        Ok(ServiceLogsQuery {
            details: params.flag("details", false),
            follow: params.flag("follow", false),
            stdout: params.flag("stdout", false),
            stderr: params.flag("stderr", false),
            since: params.time("since")?,
            timestamps: params.flag("timestamps", false),
            tail: params.text("tail"),
        })
    }
}

/// The query of `POST /services/{id}/update`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceUpdateQuery {
    /// `version`: a number, which has to be there.
    pub version: i64,
    /// `registryAuthFrom`: a text.
    pub registry_auth_from: Option<String>,
    /// `rollback`: a text.
    pub rollback: Option<String>,
}

impl ServiceUpdateQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ServiceUpdateQuery, ApiError> {
        Ok(ServiceUpdateQuery {
            version: params.required_integer("version")?,
            registry_auth_from: params.text("registryAuthFrom"),
            rollback: params.text("rollback"),
        })
    }
}
