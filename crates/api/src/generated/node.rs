// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Node.

use crate::context::Context;
use crate::error::ApiError;
use crate::filters::Filters;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::version::ApiVersion;

/// Nodes of a swarm.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Node: Send + Sync + 'static {
    /// Lists the nodes of the swarm.
    ///
    /// `GET /nodes`
    fn node_list(
        &self,
        _cx: Context,
        _query: NodeListQuery,
    ) -> impl Future<Output = Result<Vec<types::Node>, ApiError>> + Send {
        async { Err(not_implemented(Operation::NodeList)) }
    }

    /// Removes a node from the swarm.
    ///
    /// `DELETE /nodes/{id}`
    fn node_delete(
        &self,
        _cx: Context,
        _id: String,
        _query: NodeDeleteQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::NodeDelete)) }
    }

    /// Tells everything about one node.
    ///
    /// `GET /nodes/{id}`
    fn node_inspect(
        &self,
        _cx: Context,
        _id: String,
    ) -> impl Future<Output = Result<types::Node, ApiError>> + Send {
        async { Err(not_implemented(Operation::NodeInspect)) }
    }

    /// Changes the role, the availability or the labels of a node.
    ///
    /// `POST /nodes/{id}/update`
    fn node_update(
        &self,
        _cx: Context,
        _id: String,
        _query: NodeUpdateQuery,
        _body: types::NodeSpec,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::NodeUpdate)) }
    }
}

/// The query of `GET /nodes`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeListQuery {
    /// `filters`: which ones are meant.
    pub filters: Filters,
}

impl NodeListQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<NodeListQuery, ApiError> {
        Ok(NodeListQuery {
            filters: params.filters("filters")?,
        })
    }
}

/// The query of `DELETE /nodes/{id}`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeDeleteQuery {
    /// `force`: a boolean.
    pub force: bool,
}

impl NodeDeleteQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<NodeDeleteQuery, ApiError> {
        Ok(NodeDeleteQuery {
            force: params.flag("force", false),
        })
    }
}

/// The query of `POST /nodes/{id}/update`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeUpdateQuery {
    /// `version`: a number, which has to be there.
    pub version: i64,
}

impl NodeUpdateQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<NodeUpdateQuery, ApiError> {
        Ok(NodeUpdateQuery {
            version: params.required_integer("version")?,
        })
    }
}
