// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Swarm`].

use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::swarm::{Swarm, SwarmLeaveQuery, SwarmUpdateQuery};
use crate::generated::types;
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Swarm.
    #[must_use]
    pub fn swarm<T: Swarm>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Swarm, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Swarm> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::SwarmInspect => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let mut body = api.swarm_inspect(call.context).await?;
                if exact {
                    body.gate(version);
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::SwarmInit => Box::pin(async move {
                let version = call.version();
                let mut body: types::SwarmInitRequest = call.json().await?;
                body.gate(version);
                let body = api.swarm_init(call.context, body).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::SwarmJoin => Box::pin(async move {
                let body: types::SwarmJoinRequest = call.json().await?;
                api.swarm_join(call.context, body).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::SwarmLeave => Box::pin(async move {
                let query = call.query(SwarmLeaveQuery::decode).await?;
                api.swarm_leave(call.context, query).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::SwarmUnlock => Box::pin(async move {
                let body: types::SwarmUnlockRequest = call.json().await?;
                api.swarm_unlock(call.context, body).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::SwarmUnlockkey => Box::pin(async move {
                let body = api.swarm_unlockkey(call.context).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::SwarmUpdate => Box::pin(async move {
                let query = call.query(SwarmUpdateQuery::decode).await?;
                let body: types::SwarmSpec = call.json().await?;
                api.swarm_update(call.context, query, body).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
