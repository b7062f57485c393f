// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Distribution`].

use crate::generated::distribution::Distribution;
use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Distribution.
    #[must_use]
    pub fn distribution<T: Distribution>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Distribution, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Distribution> Serve for Mounted<T> {
    fn serve(&self, call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::DistributionInspect => Box::pin(async move {
                let registry_auth = call.registry_auth("x-registry-auth");
                let body = api
                    .distribution_inspect(call.context, call.name, registry_auth)
                    .await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
