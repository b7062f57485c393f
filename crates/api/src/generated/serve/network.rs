// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Network`].

use crate::generated::network::{
    Network, NetworkInspectQuery, NetworkListQuery, NetworkPruneQuery,
};
use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::types;
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Network.
    #[must_use]
    pub fn network<T: Network>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Network, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Network> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::NetworkList => Box::pin(async move {
                let query = call.query(NetworkListQuery::decode).await?;
                let body = api.network_list(call.context, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::NetworkCreate => Box::pin(async move {
                let body: types::NetworkCreateRequest = call.json().await?;
                let body = api.network_create(call.context, body).await?;
                Ok(answer::json(StatusCode::CREATED, &body))
            }),
            Operation::NetworkPrune => Box::pin(async move {
                let query = call.query(NetworkPruneQuery::decode).await?;
                let body = api.network_prune(call.context, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::NetworkDelete => Box::pin(async move {
                api.network_delete(call.context, call.name).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::NetworkInspect => Box::pin(async move {
                let query = call.query(NetworkInspectQuery::decode).await?;
                let body = api.network_inspect(call.context, call.name, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::NetworkConnect => Box::pin(async move {
                let body: types::NetworkConnectRequest = call.json().await?;
                api.network_connect(call.context, call.name, body).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::NetworkDisconnect => Box::pin(async move {
                let body: types::NetworkDisconnectRequest = call.json().await?;
                api.network_disconnect(call.context, call.name, body)
                    .await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
