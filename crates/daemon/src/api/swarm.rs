//! The swarm that this node is not part of. Joining one or making one answers
//! 501; everything else answers as dockerd does outside a swarm.

use longshore_api::context::Context;
use longshore_api::error::ApiError;
use longshore_api::swarm::{Swarm, SwarmLeaveQuery, SwarmUpdateQuery};
use longshore_api::types;

use super::{Api, NO_SWARM};

impl Swarm for Api {
    async fn swarm_inspect(&self, _cx: Context) -> Result<types::Swarm, ApiError> {
        Err(ApiError::unavailable(NO_SWARM))
    }

    async fn swarm_leave(&self, _cx: Context, _query: SwarmLeaveQuery) -> Result<(), ApiError> {
        Err(ApiError::unavailable("This node is not part of a swarm"))
    }

    async fn swarm_unlock(
        &self,
        _cx: Context,
        _body: types::SwarmUnlockRequest,
    ) -> Result<(), ApiError> {
        Err(ApiError::unavailable(NO_SWARM))
    }

    async fn swarm_unlockkey(
        &self,
        _cx: Context,
    ) -> Result<types::SwarmUnlockkeyResponse, ApiError> {
        Err(ApiError::unavailable(NO_SWARM))
    }

    async fn swarm_update(
        &self,
        _cx: Context,
        _query: SwarmUpdateQuery,
        _body: types::SwarmSpec,
    ) -> Result<(), ApiError> {
        Err(ApiError::unavailable(NO_SWARM))
    }
}
