// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Service`].

use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::service::{
    Service, ServiceInspectQuery, ServiceListQuery, ServiceLogsQuery, ServiceUpdateQuery,
};
use crate::generated::types;
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Service.
    #[must_use]
    pub fn service<T: Service>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Service, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Service> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::ServiceList => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let query = call.query(ServiceListQuery::decode).await?;
                let mut body = api.service_list(call.context, query).await?;
                if exact {
                    for item in body.iter_mut() {
                        item.gate(version);
                    }
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ServiceCreate => Box::pin(async move {
                let version = call.version();
                let registry_auth = call.registry_auth("x-registry-auth");
                let mut body: types::ServiceSpec = call.json().await?;
                body.gate(version);
                let body = api
                    .service_create(call.context, registry_auth, body)
                    .await?;
                Ok(answer::json(StatusCode::CREATED, &body))
            }),
            Operation::ServiceDelete => Box::pin(async move {
                api.service_delete(call.context, call.name).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::ServiceInspect => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let query = call.query(ServiceInspectQuery::decode).await?;
                let mut body = api.service_inspect(call.context, call.name, query).await?;
                if exact {
                    body.gate(version);
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ServiceLogs => Box::pin(async move {
                let asked = call.version();
                let query = call.query(ServiceLogsQuery::decode).await?;
                let body = api.service_logs(call.context, call.name, query).await?;
                Ok(answer::logs(body, asked))
            }),
            Operation::ServiceUpdate => Box::pin(async move {
                let version = call.version();
                let query = call.query(ServiceUpdateQuery::decode).await?;
                let registry_auth = call.registry_auth("x-registry-auth");
                let mut body: types::ServiceSpec = call.json().await?;
                body.gate(version);
                let body = api
                    .service_update(call.context, call.name, query, registry_auth, body)
                    .await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
