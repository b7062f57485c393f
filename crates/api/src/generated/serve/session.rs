// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Session`].

use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::session::Session;
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use crate::server::takeover::Upgrade;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Session.
    #[must_use]
    pub fn session<T: Session>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Session, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Session> Serve for Mounted<T> {
    fn serve(&self, call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::Session => Box::pin(async move {
                let upgrade = Upgrade::h2c(&call.headers)?;
                let docker_expose_session_uuid = call
                    .header("x-docker-expose-session-uuid")
                    .map(str::to_owned);
                let docker_expose_session_name = call
                    .header("x-docker-expose-session-name")
                    .map(str::to_owned);
                let docker_expose_session_sharedkey = call
                    .header("x-docker-expose-session-sharedkey")
                    .map(str::to_owned);
                let docker_expose_session_grpc_method = call
                    .header("x-docker-expose-session-grpc-method")
                    .map(str::to_owned);
                let body = api
                    .session(
                        call.context,
                        docker_expose_session_uuid,
                        docker_expose_session_name,
                        docker_expose_session_sharedkey,
                        docker_expose_session_grpc_method,
                    )
                    .await?;
                Ok(answer::hijack(body, upgrade))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
