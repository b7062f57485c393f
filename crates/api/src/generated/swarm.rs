// Written by `cargo xtask gen`. Do not edit.

//! The operations of group Swarm.

use crate::context::Context;
use crate::error::ApiError;
use crate::generated::routes::{Operation, not_implemented};
use crate::generated::types;
use crate::query::Params;
use crate::version::ApiVersion;

/// The swarm that this node is part of.
///
/// Every method has a body that answers 501. Implement those that you
/// serve, as `async fn`.
pub trait Swarm: Send + Sync + 'static {
    /// Tells about the swarm.
    ///
    /// `GET /swarm`
    fn swarm_inspect(
        &self,
        _cx: Context,
    ) -> impl Future<Output = Result<types::Swarm, ApiError>> + Send {
        async { Err(not_implemented(Operation::SwarmInspect)) }
    }

    /// Makes a swarm with this node as its first manager, and tells the node's id.
    ///
    /// `POST /swarm/init`
    fn swarm_init(
        &self,
        _cx: Context,
        _body: types::SwarmInitRequest,
    ) -> impl Future<Output = Result<String, ApiError>> + Send {
        async { Err(not_implemented(Operation::SwarmInit)) }
    }

    /// Joins a swarm.
    ///
    /// `POST /swarm/join`
    fn swarm_join(
        &self,
        _cx: Context,
        _body: types::SwarmJoinRequest,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::SwarmJoin)) }
    }

    /// Leaves the swarm.
    ///
    /// `POST /swarm/leave`
    fn swarm_leave(
        &self,
        _cx: Context,
        _query: SwarmLeaveQuery,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::SwarmLeave)) }
    }

    /// Unlocks this manager.
    ///
    /// `POST /swarm/unlock`
    fn swarm_unlock(
        &self,
        _cx: Context,
        _body: types::SwarmUnlockRequest,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::SwarmUnlock)) }
    }

    /// Tells the key that unlocks managers.
    ///
    /// `GET /swarm/unlockkey`
    fn swarm_unlockkey(
        &self,
        _cx: Context,
    ) -> impl Future<Output = Result<types::SwarmUnlockkeyResponse, ApiError>> + Send {
        async { Err(not_implemented(Operation::SwarmUnlockkey)) }
    }

    /// Changes the swarm's settings or its tokens.
    ///
    /// `POST /swarm/update`
    fn swarm_update(
        &self,
        _cx: Context,
        _query: SwarmUpdateQuery,
        _body: types::SwarmSpec,
    ) -> impl Future<Output = Result<(), ApiError>> + Send {
        async { Err(not_implemented(Operation::SwarmUpdate)) }
    }
}

/// The query of `POST /swarm/leave`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SwarmLeaveQuery {
    /// `force`: a boolean.
    pub force: bool,
}

impl SwarmLeaveQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<SwarmLeaveQuery, ApiError> {
        Ok(SwarmLeaveQuery {
            force: params.flag("force", false),
        })
    }
}

/// The query of `POST /swarm/update`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SwarmUpdateQuery {
    /// `version`: a number, which has to be there.
    pub version: i64,
    /// `rotateWorkerToken`: a boolean in Go's spellings.
    pub rotate_worker_token: bool,
    /// `rotateManagerToken`: a boolean in Go's spellings.
    pub rotate_manager_token: bool,
    /// `rotateManagerUnlockKey`: a boolean in Go's spellings.
    pub rotate_manager_unlock_key: bool,
}

impl SwarmUpdateQuery {
    /// Reads the parameters that the version has. A value that cannot
    /// be read is 400.
    pub fn decode(params: &Params<'_>, _version: ApiVersion) -> Result<SwarmUpdateQuery, ApiError> {
        Ok(SwarmUpdateQuery {
            version: params.required_integer("version")?,
            rotate_worker_token: params.strict_flag("rotateWorkerToken")?,
            rotate_manager_token: params.strict_flag("rotateManagerToken")?,
            rotate_manager_unlock_key: params.strict_flag("rotateManagerUnlockKey")?,
        })
    }
}
