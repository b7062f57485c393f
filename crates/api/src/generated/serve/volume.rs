// Written by `cargo xtask gen`. Do not edit.

//! Serves whatever implements [`Volume`].

use crate::generated::routes::{Operation, Tag, not_implemented};
use crate::generated::types;
use crate::generated::volume::{Volume, VolumeDeleteQuery, VolumeListQuery, VolumePruneQuery};
use crate::server::Router;
use crate::server::answer;
use crate::server::request::Call;
use crate::server::router::{Serve, Serving};
use http::StatusCode;
use std::sync::Arc;

impl Router {
    /// Mounts the operations of group Volume.
    #[must_use]
    pub fn volume<T: Volume>(self, api: Arc<T>) -> Router {
        self.mount(Tag::Volume, Arc::new(Mounted(api)))
    }
}

struct Mounted<T>(Arc<T>);
impl<T: Volume> Serve for Mounted<T> {
    fn serve(&self, mut call: Call) -> Serving {
        let api = Arc::clone(&self.0);
        match call.operation {
            Operation::VolumeList => Box::pin(async move {
                let query = call.query(VolumeListQuery::decode).await?;
                let body = api.volume_list(call.context, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::VolumeCreate => Box::pin(async move {
                let body: types::VolumeCreateOptions = call.json().await?;
                let body = api.volume_create(call.context, body).await?;
                Ok(answer::json(StatusCode::CREATED, &body))
            }),
            Operation::VolumePrune => Box::pin(async move {
                let query = call.query(VolumePruneQuery::decode).await?;
                let body = api.volume_prune(call.context, query).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            Operation::VolumeDelete => Box::pin(async move {
                let query = call.query(VolumeDeleteQuery::decode).await?;
                api.volume_delete(call.context, call.name, query).await?;
                Ok(answer::empty(StatusCode::NO_CONTENT))
            }),
            Operation::VolumeInspect => Box::pin(async move {
                let body = api.volume_inspect(call.context, call.name).await?;
                Ok(answer::json(StatusCode::OK, &body))
            }),
            operation => Box::pin(async move { Err(not_implemented(operation)) }),
        }
    }
}
