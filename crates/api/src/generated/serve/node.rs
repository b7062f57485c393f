// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Node`].

use crate::generated::node::{Node, NodeDeleteQuery, NodeListQuery, NodeUpdateQuery};
use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::types;
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Node.
    #[must_use]
    pub fn node<T: Node>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Node, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Node> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::NodeList => Box::pin(async move {
                let query = call.query(NodeListQuery::decode).await?;
                let body = api.node_list(call.context, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::NodeDelete => Box::pin(async move {
                let query = call.query(NodeDeleteQuery::decode).await?;
                api.node_delete(call.context, call.name, query).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::NodeInspect => Box::pin(async move {
                let body = api.node_inspect(call.context, call.name).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::NodeUpdate => Box::pin(async move {
                let query = call.query(NodeUpdateQuery::decode).await?;
                let body: types::NodeSpec = call.json_or_default().await?;
                api.node_update(call.context, call.name, query, body)
                    .await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
