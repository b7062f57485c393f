// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Config.

use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::version::ApiVersion;

/// Configuration files for services of a swarm.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Config: Send + Sync + 'static {
    /// Lists configs.
    ///
    /// `GET /configs`
    fn config_list(
        &self,
        _cx: Context,
        _query: ConfigListQuery,
    ) -> impl Future<Output = Result<Vec<types::Config>, ApiError>> + Send {
        async { Err(not_implemented(Operation::ConfigList)) }
    }

    /// Creates a config.
    ///
    /// `POST /configs/create`
    fn config_create(
        &self,
        _cx: Context,
        _body: types::ConfigSpec,
    ) -> impl Future<Output = Result<types::ConfigCreateResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::ConfigCreate)) }
    }

    /// Removes a config.
    ///
    /// `DELETE /configs/{id}`
    fn config_delete(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ConfigDelete)) }
    }

    /// Tells everything about one config.
    ///
    /// `GET /configs/{id}`
    fn config_inspect(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<types::Config, ApiError>> + Send {
        async { Err(not_implemented(Operation::ConfigInspect)) }
    }

    /// Changes the labels of a config.
    ///
    /// `POST /configs/{id}/update`
    fn config_update(
        &self,
        _cx: Context,
        _id: String,
        _query: ConfigUpdateQuery,
        _body: types::ConfigSpec,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::ConfigUpdate)) }
    }
}

/// The query of `GET /configs`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigListQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl ConfigListQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<ConfigListQuery, ApiError> {
        Ok(ConfigListQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `POST /configs/{id}/update`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigUpdateQuery {
    /// `version`: a number, which has to be there.
    pub version: i64,
}

impl ConfigUpdateQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<ConfigUpdateQuery, ApiError> {
        Ok(ConfigUpdateQuery {
            version: params.required_integer("version")?,
        })
    }
}
