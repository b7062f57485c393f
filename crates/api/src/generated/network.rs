// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Network.

use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::version::ApiVersion;

/// Networks and the containers in them.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Network: Send + Sync + 'static {
    /// Lists networks.
    ///
    /// `GET /networks`
    fn network_list(
        &self,
        _cx: Context,
        _query: NetworkListQuery,
    ) -> impl Future<Output = Result<Vec<types::Network>, ApiError>> + Send {
        async { Err(not_implemented(Operation::NetworkList)) }
    }

    /// Creates a network.
    ///
    /// `POST /networks/create`
    fn network_create(
        &self,
        _cx: Context,
        _body: types::NetworkCreateRequest,
    ) -> impl Future<Output = Result<types::NetworkCreateResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::NetworkCreate)) }
    }

    /// Removes networks that no container is in.
    ///
    /// `POST /networks/prune`
    fn network_prune(
        &self,
        _cx: Context,
        _query: NetworkPruneQuery,
    ) -> impl Future<Output = Result<types::NetworkPruneResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::NetworkPrune)) }
    }

    /// Removes a network that no container is in.
    ///
    /// `DELETE /networks/{id}`
    fn network_delete(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::NetworkDelete)) }
    }

    /// Tells everything about one network.
    ///
    /// `GET /networks/{id}`
    fn network_inspect(
        &self,
        _cx: Context,
        _id: String,
        _query: NetworkInspectQuery,
    ) -> impl Future<Output = Result<types::Network, ApiError>> + Send {
        async { Err(not_implemented(Operation::NetworkInspect)) }
    }

    /// Connects a container to a network.
    ///
    /// `POST /networks/{id}/connect`
    fn network_connect(
        &self,
        _cx: Context,
        _id: String,
        _body: types::NetworkConnectRequest,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::NetworkConnect)) }
    }

    /// Takes a container out of a network.
    ///
    /// `POST /networks/{id}/disconnect`
    fn network_disconnect(
        &self,
        _cx: Context,
        _id: String,
        _body: types::NetworkDisconnectRequest,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::NetworkDisconnect)) }
    }
}

/// The query of `GET /networks`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkListQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl NetworkListQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<NetworkListQuery, ApiError> {
        Ok(NetworkListQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `POST /networks/prune`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkPruneQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl NetworkPruneQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<NetworkPruneQuery, ApiError> {
        Ok(NetworkPruneQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `GET /networks/{id}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NetworkInspectQuery {
    /// `verbose`: a boolean in Go's spellings.
    pub verbose: bool,
    /// `scope`: a text.
    pub scope: Option<String>,
}

impl NetworkInspectQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(
        params: &Params<'_>,
        _version: ApiVersion,
    ) -> Result<NetworkInspectQuery, ApiError> {
        Ok(NetworkInspectQuery {
            verbose: params.strict_flag("verbose")?,
            scope: params.text("scope"),
        })
    }
}
