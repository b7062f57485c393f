// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`System`].

use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::system::{System, SystemEventsQuery};
use crate::generated::types;
use crate::server::Router;
use crate::server::answer::{self, Lines};
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group System.
    #[must_use]
    pub fn system<T: System>(self, api: Arc<T>) -> Router {
        self.mount(Tag::System, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: System> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::SystemPing => Box::pin(async move {
                let body = api.system_ping(call.context).await?;
                Ok(answer::text(StatusCode::OK, body))
            }),
            Operation::SystemPingHead => Box::pin(async move {
                api.system_ping(call.context).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::SystemAuth => Box::pin(async move {
                let body: types::AuthConfig = call.json_or_default().await?;
                let body = api.system_auth(call.context, body).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::SystemEvents => Box::pin(async move {
                let query = call.query(SystemEventsQuery::decode).await?;
                let body = api.system_events(call.context, query).await?;
                Ok(answer::lines(body, Lines::Plain, |_| {}))
            }),
            Operation::SystemInfo => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let mut body = api.system_info(call.context).await?;
                if exact {
                    body.gate(version);
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::SystemDataUsage => Box::pin(async move {
                let version = call.version();
                let exact = call.exact;
                let mut body = api.system_data_usage(call.context).await?;
                if exact {
                    body.gate(version);
                }
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::SystemVersion => Box::pin(async move {
                let body = api.system_version(call.context).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
