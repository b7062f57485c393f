// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Secret`].

use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::secret::{Secret, SecretListQuery, SecretUpdateQuery};
use crate::generated::types;
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Secret.
    #[must_use]
    pub fn secret<T: Secret>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Secret, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Secret> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::SecretList => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let query = call.query(SecretListQuery::decode).await?;
                let mut body = api.secret_list(call.context, query).await?;
                if exact {
                    for item in body.iter_mut() {
                        item.gate(version);
                    }
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::SecretCreate => Box::pin(async move {
                let version = call.version();
                let mut body: types::SecretSpec = call.json_or_default().await?;
                body.gate(version);
                let body = api.secret_create(call.context, body).await?;
                Ok(answer::json(StatusCode::CREATED, &body))
            }),
            Operation::SecretDelete => Box::pin(async move {
                api.secret_delete(call.context, call.name).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::SecretInspect => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let mut body = api.secret_inspect(call.context, call.name).await?;
                if exact {
                    body.gate(version);
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::SecretUpdate => Box::pin(async move {
                let version = call.version();
                let query = call.query(SecretUpdateQuery::decode).await?;
                let mut body: types::SecretSpec = call.json_or_default().await?;
                body.gate(version);
                api.secret_update(call.context, call.name, query, body)
                    .await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
