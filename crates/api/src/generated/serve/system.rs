// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`System`].

use std::sync::Arc;

use http::StatusCode;

use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::system::System;
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};

impl Router {
    /// Mounts the operations of group System.
    #[must_use]
    pub fn system<T: System>(self, api: Arc<T>) -> Router {
        self.mount(Tag::System, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);

impl<T: System> Serve for Mounted<T> {
    fn serve(&self, call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::SystemPing => Box::pin(async move {
                let answer = api.system_ping(call.context).await?;
                Ok(answer::text(StatusCode::OK, answer))
            }),
            Operation::SystemPingHead => Box::pin(async move {
                api.system_ping(call.context).await?;
                Ok(answer::empty(StatusCode::OK))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
