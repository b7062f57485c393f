// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Config`].

use crate::generated::config::{Config, ConfigListQuery, ConfigUpdateQuery};
use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::types;
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Config.
    #[must_use]
    pub fn config<T: Config>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Config, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Config> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::ConfigList => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let query = call.query(ConfigListQuery::decode).await?;
                let mut body = api.config_list(call.context, query).await?;
                if exact {
                    for item in body.iter_mut() {
                        item.gate(version);
                    }
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ConfigCreate => Box::pin(async move {
                let version = call.version();
                let mut body: types::ConfigSpec = call.json_or_default().await?;
                body.gate(version);
                let body = api.config_create(call.context, body).await?;
                Ok(answer::json(StatusCode::CREATED, &body))
            }),
            Operation::ConfigDelete => Box::pin(async move {
                api.config_delete(call.context, call.name).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::ConfigInspect => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let mut body = api.config_inspect(call.context, call.name).await?;
                if exact {
                    body.gate(version);
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ConfigUpdate => Box::pin(async move {
                let version = call.version();
                let query = call.query(ConfigUpdateQuery::decode).await?;
                let mut body: types::ConfigSpec = call.json_or_default().await?;
                body.gate(version);
                api.config_update(call.context, call.name, query, body)
                    .await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
