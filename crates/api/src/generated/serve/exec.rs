// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Exec`].

use crate::generated::exec::{Exec, ExecResizeQuery, ExecStartResponse};
use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::types;
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use crate::server::takeover::Upgrade;
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Exec.
    #[must_use]
    pub fn exec<T: Exec>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Exec, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Exec> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::ContainerExec => Box::pin(async move {
                let body: types::ContainerExecRequest = call.json().await?;
                let body = api.container_exec(call.context, call.name, body).await?;
                Ok(answer::json(StatusCode::CREATED, &body))
            }),
            Operation::ExecInspect => Box::pin(async move {
                let body = api.exec_inspect(call.context, call.name).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::ExecResize => Box::pin(async move {
                let query = call.query(ExecResizeQuery::decode).await?;
                api.exec_resize(call.context, call.name, query).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            Operation::ExecStart => Box::pin(async move {
                let upgrade = Upgrade::stream(&call.headers, call.version());
                let body: types::ExecStartRequest = call.json().await?;
                Ok(match api.exec_start(call.context, call.name, body).await? {
                    ExecStartResponse::Hijacked(body) => answer::hijack(body, upgrade),
                    ExecStartResponse::Empty => answer::empty(StatusCode::OK),
                })
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
